"""`python -m pagetune ask`, `chat` and `doctor`, used as a person would: the chat in a pseudo-terminal."""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import edit_params, run

from pagetune.commands import doctor
from pagetune.commands.ask import Asker, shown_source
from pagetune.commands.gate import Checked, Gate
from pagetune.commands.sources import Sources, as_html, source_lines
from pagetune.errors import UserError
from pagetune.jsonl import read_json, read_records, write_json
from pagetune.model.manifest import read_manifest
from pagetune.params import load_params
from pagetune.predict.answers import Answer
from pagetune.records import Page, Pair
from pagetune.train import backend, distributed
from pagetune.train.backend import Trained, why_peft

QUESTION = "금융보안교육센터의 주소?"
PAGETUNE = (sys.executable, "-m", "pagetune")


@pytest.fixture(scope="module")
def folder(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the finished pipeline, for tests that break something in it."""
    target = tmp_path_factory.mktemp("asked") / "copy"
    shutil.copytree(pipeline, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "cache"))
    return target


@pytest.fixture(scope="module")
def asker(pipeline: Path) -> Iterator[Asker]:
    here = Path.cwd()
    os.chdir(pipeline)
    yield Asker(tuned=True)
    os.chdir(here)


# Asking.


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("question", [QUESTION, "교육 시간은?", "What is the fee?", "가"])
def test_the_streamed_answer_ends_as_the_whole_one(asker: Asker, question: str, base: bool) -> None:
    grown = list(asker.stream(question, base))
    assert grown[-1] == asker.answer(question, base)
    assert all("�" not in answer.text for answer in grown[:-1])
    assert [len(answer.text) for answer in grown[:-1]] == sorted(len(answer.text) for answer in grown[:-1])


def test_the_base_below_the_adapter_answers_as_the_base_alone(asker: Asker) -> None:
    alone = Asker(tuned=False)
    for question in (QUESTION, "교육 시간은?"):
        assert asker.answer(question, base=True) == alone.answer(question)


def test_the_tuned_model_answers_as_predict_recorded(asker: Asker, pipeline: Path) -> None:
    from pagetune.evaluate.controls import instruction_of
    from pagetune.jsonl import read_records
    from pagetune.records import Prediction

    rows = read_records(pipeline / "data/predictions/tuned.jsonl", Prediction)[:5]
    for row in rows:
        assert asker.answer(instruction_of(row.prompt, asker.template.template)).text == row.prediction


def test_an_empty_question_is_refused(asker: Asker) -> None:
    with pytest.raises(UserError, match="the question is empty"):
        asker.answer("  ")


def test_ask_shows_the_page_that_is_about_the_question(pipeline: Path) -> None:
    said = run(pipeline, *PAGETUNE, "ask", "--show-source", QUESTION).stdout
    assert ": training_notice, page 1\n" in said
    assert "금융보안교육센터의 주소는 서울특별시 영등포구 의사당대로 143 금융투자빌딩 12층입니다." in said


@pytest.mark.parametrize("unsupported", ["refuse", "warn"])
def test_ask_does_not_pass_what_no_page_states_off_as_an_answer(folder: Path, asker: Asker, unsupported: str) -> None:
    edit_params(folder, {"ask.unsupported": unsupported})
    done = run(folder, *PAGETUNE, "ask", QUESTION)
    edit_params(folder, {"ask.unsupported": "show"})
    shown = {"refuse": "문서에서 찾을 수 없습니다.", "warn": asker.answer(QUESTION).text}
    assert done.stdout == f"{shown[unsupported]}\n"
    assert ("page" in done.stderr, "Traceback" in done.stderr) == (True, False)


def test_what_the_base_says_is_not_looked_up(folder: Path, asker: Asker) -> None:
    edit_params(folder, {"ask.unsupported": "refuse"})
    done = run(folder, *PAGETUNE, "ask", "--base", QUESTION)
    edit_params(folder, {"ask.unsupported": "show"})
    assert done.stdout == f"{asker.answer(QUESTION, base=True).text}\n"


@pytest.mark.parametrize("command", ["ask", "predict", "export", "serve"])
def test_another_template_than_the_trained_one_is_refused_by_the_part_that_differs(folder: Path, command: str) -> None:
    asked = folder / "data/prompts/template.json"
    kept = asked.read_bytes()
    record = read_json(asked)
    from pagetune.model.template import TemplateRecord

    other = TemplateRecord.of(
        "질문: {instruction}\n답: ", record["eos_token"], record["bos_token"], record["special_tokens"]
    )
    write_json(asked, other.model_dump())
    words = {"ask": [*PAGETUNE, "ask", QUESTION], "serve": [*PAGETUNE, "serve", "--port", "0"]}
    done = run(folder, *words.get(command, [sys.executable, "-m", f"stages.{command}"]), check=False)
    asked.write_bytes(kept)
    assert done.returncode == 1
    assert "template is 'Q: {instruction}\\nA:', but '질문: " in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_adapter_that_is_not_there_is_named_in_one_line(folder: Path) -> None:
    (folder / "models/adapter").rename(folder / "models/gone")
    done = run(folder, *PAGETUNE, "ask", QUESTION, check=False)
    of_base = run(folder, *PAGETUNE, "ask", "--base", QUESTION)
    (folder / "models/gone").rename(folder / "models/adapter")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "models/adapter" in done.stderr
    assert of_base.stdout.strip()


# The chat, in a pseudo-terminal.


def _listen_to_ctrl_c() -> None:
    """Handle Ctrl-C as in a terminal; a child of tests that run in the background of a shell would ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A command whose input and output are a terminal."""

    def __init__(self, folder: Path, *command: str, language: str = "C.UTF-8") -> None:
        ours, theirs = pty.openpty()
        environment = os.environ | {"PYTHONPATH": str(folder), "LC_ALL": language, "TERM": "xterm", "COLUMNS": "200"}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_listen_to_ctrl_c,
        )
        os.close(theirs)
        self.end, self.bytes = ours, b""

    def type(self, line: str) -> None:
        self.bytes = b""
        os.write(self.end, f"{line}\n".encode())

    def until(self, words: str, seconds: float = 240) -> str:
        """Return what appeared, as soon as `words` are in it."""
        ends = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < ends, f"{words!r} did not appear: {self.seen!r}"
            self.read()
        return self.seen

    def read(self) -> None:
        if select.select([self.end], [], [], 0.2)[0]:
            try:
                self.bytes += os.read(self.end, 65536)
            except OSError:  # the other end is closed
                time.sleep(0.1)

    @property
    def seen(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.bytes.decode(errors="replace"))

    def ended(self) -> int:
        """Wait for the end and return the exit status; `seen` then has the whole output."""
        status = self.process.wait(timeout=240)
        with contextlib.suppress(OSError):  # the end
            while said := os.read(self.end, 65536):
                self.bytes += said
        return status


@pytest.fixture
def terminal(pipeline: Path) -> Iterator[Terminal]:
    opened = Terminal(pipeline, *PAGETUNE, "chat")
    opened.until("tuned >")
    yield opened
    opened.process.kill()
    opened.process.wait()
    os.close(opened.end)


def test_a_chat_answers_shows_the_source_and_changes_to_the_base(terminal: Terminal, asker: Asker) -> None:
    terminal.type(QUESTION)
    assert asker.answer(QUESTION).text.split("\n")[0] in terminal.until("tuned >")
    terminal.type("/source")
    terminal.until("tuned >")
    terminal.type(QUESTION)
    assert ": training_notice, page 1" in terminal.until("tuned >")
    terminal.type("/base")
    terminal.until("base >")
    terminal.type(QUESTION)
    assert asker.answer(QUESTION, base=True).text.split("\n")[0] in terminal.until("base >")
    terminal.type("/unknown")
    assert "/quit: end" in terminal.until("base >")
    terminal.type("/quit")
    assert terminal.ended() == 0


def test_the_end_of_the_input_ends_the_chat(terminal: Terminal) -> None:
    time.sleep(1)  # what is typed while readline takes over the terminal is lost
    os.write(terminal.end, b"\x04")
    assert terminal.ended() == 0


def test_ctrl_c_at_the_prompt_ends_the_chat_without_a_traceback(terminal: Terminal) -> None:
    time.sleep(1)  # readline would notice one that comes just before it starts to wait only with the next key
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 0
    assert "Traceback" not in terminal.seen


def test_the_chat_speaks_korean_in_a_korean_locale(pipeline: Path) -> None:
    terminal = Terminal(pipeline, *PAGETUNE, "chat", language="ko_KR.UTF-8")
    assert "질문마다 따로 답합니다" in terminal.until("튜닝 후 >")
    terminal.type("/quit")
    assert terminal.ended() == 0
    os.close(terminal.end)


# The page that an answer was learned from.


def pair(question: str, answer: str, page: int = 1, evidence: str | None = None) -> Pair:
    return Pair.original("1", question, answer, "user", "문서", page_number=page, evidence=evidence)


def test_the_words_that_few_questions_have_decide() -> None:
    asked = [pair(f"금융보안교육센터의 {what}?", "답", page) for page, what in enumerate(("정원", "주소", "전화"), 1)]
    found = Sources([*asked, pair("금융보안교육센터의 주소는 어디에서 볼 수 있나요?", "누리집", 9)], [])
    for page, what in enumerate(("정원", "주소", "전화"), 1):
        source = found.of(f"{what}, 금융보안교육센터의")
        assert source is not None
        assert source.pair.page_number == page


@pytest.mark.parametrize("name", ["recall", "validation"])
def test_a_question_that_was_not_trained_finds_the_page_of_its_fact(pipeline: Path, name: str) -> None:
    splits = pipeline / "data/splits"
    sources = Sources(read_records(splits / "train.jsonl", Pair), [])
    asked = read_records(splits / f"{name}.jsonl", Pair)
    found = [sources.of(one.instruction) for one in asked]
    right = sum(
        source is not None and (source.pair.doc_id, source.pair.page_number) == (one.doc_id, one.page_number)
        for source, one in zip(found, asked, strict=True)
    )
    assert right / len(asked) > 0.9


def test_a_question_unlike_any_that_was_trained_has_no_source() -> None:
    sources = Sources([pair("보일러의 무게는?", "3킬로그램")], [])
    assert sources.of("대출 한도 조회 방법을 알려 주세요") is None
    assert sources.of("?") is None
    assert source_lines(None) == ["source: no trained question is like this one"]
    assert Sources([], []).of("무엇?") is None


def test_what_the_base_says_is_not_looked_up_to_show_a_source_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object) -> None:
        raise AssertionError("the base's answer is looked up")

    monkeypatch.setattr(Gate, "support", look_up)
    monkeypatch.setattr(Sources, "read", lambda: Sources([pair("보일러의 무게는?", "3킬로그램")], []))
    said = Answer("5톤", stopped=True)
    (line,) = shown_source(Gate([], "warn"), "보일러의 무게는?", said, Checked.unseen(said.text), base=True)
    assert "trained question '보일러의 무게는?'" in line


def test_evidence_that_stands_in_a_table_is_marked_above_the_page() -> None:
    page = Page.model_validate(
        {
            "doc_id": "문서",
            "source_sha256": "",
            "page_number": 1,
            "text": "글",
            "tables": [],
            "quality": {},
            "status": "ok",
            "reason": None,
        }
    )
    source = Sources([pair("무게는?", "3", evidence="무게 | 3")], [page]).of("무게는?")
    assert as_html(source, page).endswith("<pre><mark>무게 | 3</mark>\n\n글</pre>")


# The doctor and the help.


def test_the_doctor_says_which_backend_trains_and_why_not_the_other(pipeline: Path) -> None:
    done = run(pipeline, *PAGETUNE, "doctor")
    said = " ".join(done.stdout.split())
    parameters = read_manifest(pipeline / "models/base").parameters
    reason = why_peft(load_params(pipeline / "params.yaml"), 1, model=Trained(parameters))
    assert (f"peft will train, not unsloth: {reason}" if reason else "✓ train.backend unsloth will train") in said
    for what in ("Python", "torch", "memory", "disk", "Korean font", "Tesseract", "GGUF"):
        assert what in said


def test_the_doctor_counts_the_gpus_as_the_training_does(pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pipeline)
    for problem in ("why_no_unsloth", "_why_not_installed"):
        monkeypatch.setattr(backend, problem, lambda: None)
    monkeypatch.setattr(backend, "SMALL", 0)
    for gpus, says in ((1, "unsloth will train"), (2, "peft will train, not unsloth: there are several processes")):
        monkeypatch.setattr(distributed, "_count_gpus", lambda count=gpus: count)
        (found,) = doctor._backend()
        assert found.seen.startswith(says)


def test_the_doctor_fails_where_dvc_is_not_on_the_path(pipeline: Path, tmp_path: Path) -> None:
    environment = {"PATH": "/nowhere", "PYTHONPATH": str(pipeline), "HOME": str(tmp_path)}
    done = subprocess.run(
        [*PAGETUNE, "doctor"], cwd=pipeline, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "doctor: the pipeline cannot run without git, dvc." in done.stdout


def test_the_doctor_names_what_is_broken_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = {finding.what: finding for finding in doctor.examine()}
    assert found["gpus"].mark == "bad"
    assert "torch" in found["gpus"].seen
    assert {"Python", "git", "Tesseract"} <= found.keys()


@pytest.mark.parametrize(
    ("files", "mark"), [(["DejaVuSans.ttf"], "note"), (["DejaVuSans.ttf", "NanumGothic.ttf"], "ok")]
)
def test_a_font_that_was_just_installed_is_seen(
    files: list[str], mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(tmp_path / file) for file in files])
    font, _ = doctor._reading()
    assert font.mark == mark


def test_a_version_that_is_not_the_tested_one_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_pins", lambda: {"torch": "0.0.1", "no-such-package": "1.0"})
    noted, missing = doctor._versions()
    assert (noted.mark, "tested with 0.0.1" in noted.seen) == ("note", True)
    assert (missing.mark, missing.seen) == ("bad", "not installed; tested with 1.0")


def test_the_pins_that_the_doctor_checks_are_in_the_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    from conftest import ROOT

    monkeypatch.chdir(ROOT)
    assert set(doctor._pins()) == set(doctor.PINNED)


@pytest.mark.parametrize("command", ["ask", "chat", "serve", "doctor", "plan", "score", "sweep", "results", "preset"])
def test_every_command_has_help_with_an_example_in_both_languages(command: str) -> None:
    from conftest import ROOT

    for language, word in (("en_US.UTF-8", "Examples"), ("ko_KR.UTF-8", "예")):
        environment = os.environ | {"LC_ALL": language, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
        done = subprocess.run(
            [*PAGETUNE, command, "--help"], env=environment, capture_output=True, text=True, check=True
        )
        assert f"{word}:" in done.stdout
        assert f"python -m pagetune {command}" in done.stdout.split(f"{word}:")[1]


#: Prints each argument and option whose help has no Korean in it.
NOT_KOREAN = """
import re, typer.main
from pagetune.__main__ import app
for command in typer.main.get_command(app).commands.values():
    for option in command.params:
        if not re.search("[가-힣]", option.help or ""):
            print(command.name, option.name)
"""


def test_every_option_has_its_help_in_korean_too() -> None:
    from conftest import ROOT

    for language in ("ko_KR.UTF-8", "en_US.UTF-8"):
        environment = os.environ | {"LC_ALL": language, "PYTHONPATH": str(ROOT)}
        found = subprocess.run(
            [sys.executable, "-c", NOT_KOREAN], env=environment, capture_output=True, text=True, check=True
        ).stdout
        assert bool(found) == (language == "en_US.UTF-8")
