"""What is printed is in the language of the locale, and what is written is the same in every locale."""

import ast
import json
import os
import pickle
import re
import shutil
import string
from pathlib import Path

import messages
import pytest
from conftest import ROOT, run

from pagetune import language
from pagetune.errors import UserError
from pagetune.language import Remark, retell, tr

#: Particles that depend on the last letter before them, which a value does not have in the catalogue.
_PARTICLE = re.compile(
    r"(?<![}%])\}[\"'`’”]*(?:을|를|이|가|은|는|와|과|로|으로|라|이라|이나|나|이며|이고|란|이란)(?=[\s.,(]|$)"
)


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")


def places(text: str) -> set[tuple[str, str | None, str | None]]:
    """Return the names of a text's values, with how they are shown."""
    return {(name, spec, how) for _, name, spec, how in string.Formatter().parse(text) if name is not None}


def values_of(call: ast.Call) -> set[str]:
    return {keyword.arg or "**" for keyword in call.keywords}


# The catalogue.


def test_every_message_has_a_korean_text_and_the_catalogue_no_other_one() -> None:
    known = messages.read_catalogue()
    assert known.keys() == messages.in_source().keys(), "run `make messages`"
    assert [message for message, korean in known.items() if not korean] == []


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    catalogue = messages.updated()
    assert messages.PO.read_bytes() == messages.po(catalogue), "run `make messages`"
    assert messages.MO.read_bytes() == messages.mo(catalogue), "run `make messages`"


def test_both_languages_have_the_same_values() -> None:
    takes_values = {call.args[0].value for _, call in messages.calls() if call.keywords and _is_text(call)}
    known = messages.read_catalogue()
    assert {one: known[one] for one in takes_values if places(one) != places(known[one])} == {}


def test_korean_has_no_particle_that_would_change_with_the_value() -> None:
    assert [text for text in messages.read_catalogue().values() if _PARTICLE.search(text)] == []


def _is_text(call: ast.Call) -> bool:
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def test_no_message_is_an_f_string_which_the_catalogue_could_not_have() -> None:
    wrong = (ast.JoinedStr, ast.BinOp)
    assert [
        (path, call.lineno) for path, call in messages.calls() if call.args and isinstance(call.args[0], wrong)
    ] == []


def test_each_call_gives_the_values_that_its_message_has() -> None:
    wrong = []
    for path, call in messages.calls():
        given = values_of(call)
        if (
            given
            and "**" not in given
            and _is_text(call)
            and {name for name, _, _ in places(call.args[0].value)} != given
        ):
            wrong.append((path, call.lineno))
    assert wrong == []


# The language.


def test_a_message_is_said_in_the_language_of_the_locale(korean: None) -> None:
    error = UserError("{path} is not UTF-8 (byte {byte}). Save it as UTF-8.", path="a.json", byte=3)
    assert str(error) == "a.json: UTF-8이 아닙니다(3번째 바이트). UTF-8로 저장하세요."
    os.environ["LC_ALL"] = "C.UTF-8"
    assert tr("{path} has no rows. {advice}", path="{b}", advice="c") == "{b} has no rows. c"


def test_what_the_catalogue_lacks_stays_as_it_is(korean: None) -> None:
    assert (tr("{not} a message"), tr(""), tr("nobody says {what}", what=1)) == ("{not} a message", "", "nobody says 1")


def test_a_remark_is_english_in_a_file_and_in_the_locales_language_within_a_message(korean: None) -> None:
    remark = Remark("at most {bound}", bound=3)
    assert json.dumps({"why": remark}) == '{"why": "at most 3"}'
    assert str(pickle.loads(pickle.dumps(remark))) == "at most 3"  # noqa: S301
    assert tr("why: {reason}", reason=remark) == "이유: 3 이하의"


def test_a_message_from_a_file_is_told_again_in_the_locales_language(korean: None) -> None:
    assert (
        retell("own.csv:4: 'answer' should be a text, got None")
        == "own.csv:4: 'answer' 값은 글이어야 합니다. 받은 값: None"
    )
    picture = Remark(
        "a picture ({suffix}), which is not read. Put it into a PDF, whose pages extract.ocr: auto reads", suffix=".png"
    )
    assert retell(str(picture)) == picture.said()
    old = Remark(
        "{what}, which is not read. Open it in {program}, and save it as {suffix}",
        what="a .doc file",
        program="Word",
        suffix=".docx",
    )
    assert retell(str(old)) == ".doc 파일: 읽지 않는 형식입니다. Word에서 열어 .docx 형식으로 저장하세요"
    assert retell("Permission denied") == "Permission denied"


def test_the_catalogue_is_in_the_package() -> None:
    assert language.CATALOGUES.is_relative_to(ROOT / "pagetune")
    assert messages.MO.is_relative_to(language.CATALOGUES)


# The stages.


def test_a_stage_writes_the_same_bytes_in_every_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages about bad files and rows go into files, too."""
    written = {}
    for locale in ("C.UTF-8", "ko_KR.UTF-8"):
        monkeypatch.setenv("LC_ALL", locale)
        project = _project(tmp_path / locale)
        said = ""
        for stage in ("extract", "build_qa", "curate"):
            done = run(project, "python", "-m", f"stages.{stage}", warm=False)
            said += done.stdout + done.stderr
        assert ("그림 파일(.png)이라 읽지 않습니다" in said) == locale.startswith("ko")
        assert ("값은 글이어야 합니다" in said) == locale.startswith("ko")
        files = [
            path for folder in ("data", "metrics") for path in sorted((project / folder).rglob("*")) if path.is_file()
        ]
        written[locale] = {path.relative_to(project): path.read_bytes() for path in files}
    assert written["C.UTF-8"] == written["ko_KR.UTF-8"]


def _project(folder: Path) -> Path:
    """A project with a document, a picture that is not read, and own rows of which one is bad."""
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    for name in ("pagetune", "stages", "params.yaml"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "data" / "raw" / "library_faq.pdf", raw)
    (raw / "picture.png").write_bytes(b"\x89PNG")
    (raw / "own.csv").write_text("question,answer\n창구는 몇 시에 여나요?,9시에 엽니다.\n주차는?,\n", encoding="utf-8")
    return folder
