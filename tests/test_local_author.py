"""llm.engine: local: a model that the stage loads writes the replies, many at once, held to their schema."""

import asyncio
import shutil
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, build_once, real_model
from pydantic import BaseModel
from tiny_author import make_tiny_author

from pagetune.errors import UserError
from pagetune.llm.client import Client, gather
from pagetune.llm.engine import open_client
from pagetune.llm.local import author, requests
from pagetune.llm.local.prefixes import shared_beginnings
from pagetune.llm.local.reply import Writing, repeats_itself
from pagetune.llm.local.rows import Rows
from pagetune.llm.prompt_files import render
from pagetune.llm.schemas import Answered, Assessed, Graded, Reread
from pagetune.params import Llm, load_params

PASSAGE = "금융보안교육센터의 주소는 서울특별시 영등포구 의사당대로 143입니다. " * 3
QUESTIONS = ["주소는 어디인가요?", "센터의 이름은 무엇인가요?", "누가 있나요?", "몇 시에 여나요?", "요금은?"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_once(tmp_path_factory, "author", make_tiny_author)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))
    author._find_author.cache_clear()
    yield tmp_path / "cache"
    author._find_author.cache_clear()


def params_of(model: Path | str | None, **changes: Any) -> Llm:
    own = {"engine": "local", "model": model and str(model), "max_tokens": 48, "temperature": 0.0, "precision": "fp32"}
    return load_params(ROOT / "params.yaml").llm.model_copy(update=own | changes)


def answers_to(questions: list[str], params: Llm, schema: type[BaseModel] = Answered) -> tuple[list[str], Client]:
    """Ask about one passage, and return the texts of the replies, readable or not."""

    async def run() -> tuple[list[str], Client]:
        client = open_client(params, "test", "pair")
        requests = [
            render(
                "answer", "ko", title="안내", section="", passage=PASSAGE, question=question, style=None, examples=[]
            )
            for question in questions
        ]
        try:
            replies = await gather(client._reply(messages, schema) for messages in requests)
        finally:
            await client.close()
        return [reply.text for reply in replies], client

    return asyncio.run(run())


def test_a_model_of_random_weights_writes_what_the_schema_asks_for(folder: Path) -> None:
    texts, _ = answers_to(QUESTIONS, params_of(folder), Graded)
    assert len(texts) == len(QUESTIONS)
    assert all(1 <= Graded.model_validate_json(text).faithfulness <= 5 for text in texts)


def test_the_last_word_of_a_verdict_is_one_of_the_three(folder: Path) -> None:
    texts, _ = answers_to(QUESTIONS, params_of(folder, temperature=1.5, max_tokens=400), Assessed)
    complete = [text for text in texts if text.endswith("}")]
    assert complete
    assert all(Assessed.model_validate_json(text) for text in complete)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_any_number_of_rows_gives_the_same_replies(
    folder: Path, temperature: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for rows in (1, 2, 5):
        monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / f"rows{rows}"))
        monkeypatch.setattr(requests, "_ROWS_ON_CPU", rows)
        found.append(answers_to(QUESTIONS, params_of(folder, temperature=temperature))[0])
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) > 1


def test_transformers_writes_the_same_where_pagetune_cannot(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = answers_to(QUESTIONS, params_of(folder))
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(requests, "why_no_rows", lambda *_: "it is a test")
    assert answers_to(QUESTIONS, params_of(folder))[0] == own


def test_a_passage_that_several_questions_share_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = Rows.forward

    def counting(self: Any, ids: Any, *rest: Any) -> Any:
        read.append(ids.numel())
        return plain(self, ids, *rest)

    monkeypatch.setattr(Rows, "forward", counting)
    _, client = answers_to(QUESTIONS, params_of(folder))
    # The first pass reads what the prompts share; with each prompt read whole it would be five times as much.
    assert sum(read[:2]) < client.meter.input_tokens / 2


def test_beginnings_leave_a_token_of_every_prompt() -> None:
    passage = list(range(100))
    prompts = sorted([[*passage, 7, 8], [*passage, 7], [*passage, 9, 9, 9], [*range(200, 300)], [500]])
    beginnings, own = shared_beginnings(prompts)
    for prompt, at in zip(prompts, own, strict=True):
        assert prompt[: len(beginnings[at])] == beginnings[at]
        assert len(beginnings[at]) < len(prompt)
    assert len(beginnings) == 3


def test_without_llguidance_replies_are_written_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "llguidance", None)
    texts, _ = answers_to(QUESTIONS[:2], params_of(folder), Graded)
    assert len(texts) == 2
    assert "replies are not held to JSON while they are written: llguidance is not installed" in capsys.readouterr().out


def test_nothing_is_asked_twice_and_no_weights_are_loaded_for_the_cache(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, _ = answers_to(QUESTIONS, params_of(folder), Graded)
    author._find_author.cache_clear()
    monkeypatch.setattr(author, "load_base", lambda *_: pytest.fail("the weights were loaded"))
    moved = shutil.copytree(folder, tmp_path / "moved")
    again, client = answers_to(QUESTIONS, params_of(moved), Graded)
    assert again == first
    assert client.meter.from_cache == client.meter.requests == len(QUESTIONS)


def test_other_weights_answer_for_themselves(folder: Path, tmp_path: Path) -> None:
    answers_to(QUESTIONS[:1], params_of(folder), Graded)
    other = shutil.copytree(folder, tmp_path / "other")
    settings = other / "generation_config.json"
    settings.write_text(settings.read_text(encoding="utf-8").replace("}", ' ,"top_k": 3}'), encoding="utf-8")
    _, client = answers_to(QUESTIONS[:1], params_of(other), Graded)
    assert client.meter.from_cache == 0


def test_one_stage_loads_its_model_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Any] = []
    plain = author.load_base
    monkeypatch.setattr(author, "load_base", lambda *given: loads.append(given) or plain(*given))
    answers_to(QUESTIONS[:1], params_of(folder), Graded)
    answers_to(QUESTIONS[:1], params_of(folder, temperature=0.5), Graded)
    assert len(loads) == 1


def test_what_is_asked_later_is_written_too(folder: Path) -> None:
    """A reply leads to the next request, as questions lead to answers."""

    async def chain(client: Client, count: int) -> int:
        for number in range(count):
            messages = render("judge", "ko", source=PASSAGE, question=f"{number}번?", answer=str(count))
            assert await client.ask(messages, Graded)
        return count

    async def run() -> list[int]:
        client = open_client(params_of(folder), "test", "pair")
        waiting: list[Awaitable[int]] = [chain(client, count) for count in (1, 2, 3)]
        try:
            return await gather(waiting)
        finally:
            await client.close()

    assert asyncio.run(run()) == [1, 2, 3]


def test_a_reply_that_repeats_itself_is_cut() -> None:
    sentence = [5, 6, 7, 8, 9]
    assert not repeats_itself([*range(200, 280), *sentence * 3, 1])
    assert repeats_itself([1, 2, 3, *sentence * 40][:112])
    assert not repeats_itself(list(range(512)))
    writing = Writing([1], "seed", 2000, ends=[0])
    while not writing.ended:
        writing.add(4)
    assert writing.cut
    assert len(writing.ids) < 150


def test_a_reply_that_needs_more_room_is_written_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_TOKENS", 4)
    texts, _ = answers_to(QUESTIONS[:2], params_of(folder), Graded)
    assert all(Graded.model_validate_json(text) for text in texts)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (None, "llm.model is null. Set it to the hub id or the folder of an instruct model."),
        ("builtin", "llm.model is builtin, which cannot follow requests. Set"),
        ("/nowhere/model", "llm.model is /nowhere/model, and there is no such folder. Correct the path."),
        ("models/qwen3.gguf", "a GGUF file, and llm.engine: local reads *.safetensors."),
    ],
)
def test_a_name_that_cannot_be_loaded_is_one_line(model: str | None, said: str) -> None:
    with pytest.raises(UserError) as error:
        answers_to(QUESTIONS[:1], params_of(model))
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert "model.base" not in str(error.value)


def test_a_base_model_without_a_chat_is_refused(tmp_path: Path) -> None:
    plain = make_tiny_author(tmp_path / "plain", template=None)
    with pytest.raises(UserError, match=r"has no chat template .* Set the instruct or chat version"):
        answers_to(QUESTIONS[:1], params_of(plain))


def test_broken_files_are_named_as_those_of_the_author(folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"^params.yaml: llm.model is .*model.safetensors is empty"):
        answers_to(QUESTIONS[:1], params_of(broken))


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(author, "WEIGHT_BYTES", dict.fromkeys(author.WEIGHT_BYTES, 10.0**9))
    with pytest.raises(UserError, match=r"needs about .* GiB in fp32, and .* has .* GiB free. Set llm.precision: 4bit"):
        answers_to(QUESTIONS[:1], params_of(folder))


def test_a_request_beyond_the_window_is_one_line_or_skipped(tmp_path: Path) -> None:
    short = make_tiny_author(tmp_path / "short", window=128)
    with pytest.raises(UserError, match=r"a request has \d+ tokens, and llm.model reads 128. Lower qa.passage_chara"):
        answers_to(QUESTIONS[:1], params_of(short))


@pytest.mark.parametrize(
    ("schema", "advice"),
    [(Reread, "Set qa.round_trip: false, or"), (Graded, "Set qa.judge: none, or"), (Assessed, "Set llm.on_failed_req")],
)
def test_what_shortens_a_request_beyond_the_window_is_named(
    schema: type[BaseModel], advice: str, tmp_path: Path
) -> None:
    short = make_tiny_author(tmp_path / "short", window=128)
    with pytest.raises(UserError, match=rf"llm.model reads 128. {advice}"):
        answers_to(QUESTIONS[:1], params_of(short), schema)


def test_fp16_without_a_gpu_is_refused_in_terms_of_the_author(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(author, "this_gpu", lambda: None)
    with pytest.raises(UserError, match=r"^params.yaml: llm.precision: fp16 needs a GPU"):
        answers_to(QUESTIONS[:1], params_of(folder, precision="fp16"))


def test_a_real_model_answers_in_form(tmp_path: Path) -> None:
    params = params_of(real_model("smollm2"), max_tokens=64)
    texts, _ = answers_to(QUESTIONS[:2], params, Graded)
    assert all(Graded.model_validate_json(text) for text in texts)
