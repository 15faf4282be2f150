"""`/v1` of `pagetune serve`, asked by the official client of the OpenAI protocol and by two others."""

import asyncio
import json
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from conftest import ROOT, copy_of, make_tiny_seq2seq
from huggingface_hub import InferenceClient
from openai import OpenAI
from pydantic import BaseModel
from test_serve import JSON, LOOPBACK, Slow, answer_to, served

from pagetune.commands.adapters import OWN
from pagetune.commands.api import routes
from pagetune.commands.api.models import models_of, own_name
from pagetune.commands.api.routes import KEY
from pagetune.commands.ask import Asker
from pagetune.commands.gate import Gate
from pagetune.errors import UserError
from pagetune.jsonl import write_records
from pagetune.model.manifest import read_manifest
from pagetune.model.template import TEMPLATE, TemplateRecord
from pagetune.params import load_params
from pagetune.records import Page

QUESTION = "서울 센터의 주소는?"
CHAT = "/v1/chat/completions"


def client_of(url: str, key: str = "none") -> OpenAI:
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=60)


def ask(client: OpenAI, model: str, question: str = QUESTION, **more: Any) -> Any:
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}], **more)


def text_of(chunks: list[Any]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def pages(*texts: str) -> list[Page]:
    kinds: Any = {"source_sha256": "", "tables": [], "quality": {}, "status": "ok", "reason": None}
    return [Page(doc_id="안내", page_number=number, text=text, **kinds) for number, text in enumerate(texts, 1)]


# A real model: a tiny base with two adapters.


def make_adapter(folder: Path, base: Any, seed: int) -> None:
    """Write an adapter that makes the base answer otherwise."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
    get_peft_model(base, config).save_pretrained(str(folder))
    shutil.copy(TEMPLATE, folder / "template.json")


@pytest.fixture(scope="module")
def project(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of a tiny model with two adapters, as the current folder."""
    from transformers import AutoModelForCausalLM

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("projects") / "guide"
        folder.mkdir()
        patch.chdir(folder)
        shutil.copytree(copy_of(tmp_path_factory, tiny_base), "models/base")
        shutil.copy(ROOT / "params.yaml", folder)
        TEMPLATE.parent.mkdir(parents=True)
        record = TemplateRecord.for_base("Q: {instruction}\nA:", read_manifest())
        TEMPLATE.write_text(record.model_dump_json(), encoding="utf-8")
        for seed, name in enumerate(("models/adapter", "other")):
            make_adapter(Path(name), AutoModelForCausalLM.from_pretrained("models/base"), seed)
        write_records(Path("data/pages.jsonl"), pages("도서관은 밤 열 시에 닫습니다."))
        yield folder


@pytest.fixture(scope="module")
def asker(project: Path) -> Asker:
    return Asker(tuned=True, others={"other_0": Path("other")})


@pytest.fixture(scope="module")
def guide(project: Path, asker: Asker) -> Iterator[OpenAI]:
    models, _ = models_of(Path(), ["rank-2.v1=other"])
    with served(asker, Gate.read(load_params()), models) as url:
        yield client_of(url)


def test_the_models_are_the_project_its_adapters_and_the_base(guide: OpenAI) -> None:
    assert [model.id for model in guide.models.list()] == ["guide", "rank-2.v1", "base"]
    assert guide.models.retrieve("rank-2.v1").object == "model"
    with pytest.raises(openai.NotFoundError, match=r"no model 'gpt/4', but guide, rank-2\.v1, base") as refused:
        guide.models.retrieve("gpt/4")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        ask(guide, "gpt-4")


def test_the_base_answers_a_program_as_it_answers_ask(guide: OpenAI, asker: Asker) -> None:
    completion = ask(guide, "base")
    answer = asker.answer(QUESTION, base=True)
    assert completion.choices[0].message.content == answer.text
    assert completion.choices[0].finish_reason == ("stop" if answer.stopped else "length")
    assert completion.usage.prompt_tokens == len(asker.tokenizer(asker.prompt(QUESTION))["input_ids"])
    assert 0 < completion.usage.completion_tokens <= asker.params.predict.max_new_tokens
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert "pagetune" not in completion.model_extra  # the base has not read the pages


def test_a_stream_has_the_role_the_same_text_how_it_ended_and_the_usage(guide: OpenAI) -> None:
    whole = ask(guide, "base")
    chunks = list(ask(guide, "base", stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert text_of(chunks) == whole.choices[0].message.content
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason] == [
        whole.choices[0].finish_reason
    ]
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    without = list(ask(guide, "base", stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in without)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_has_no_more_tokens_than_wanted_or_than_the_project_allows(
    guide: OpenAI, asker: Asker, name: str
) -> None:
    short = ask(guide, "base", **{name: 2})
    assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (2, "length")
    assert text_of(list(ask(guide, "base", stream=True, **{name: 2}))) == short.choices[0].message.content
    assert ask(guide, "base", **{name: 10**6}).usage == ask(guide, "base").usage


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_page_states_is_not_shown_to_programs_either(guide: OpenAI, stream: bool) -> None:
    sent = ask(guide, "guide", stream=stream, max_tokens=5)
    chunks = list(sent) if stream else [sent]
    assert (text_of(chunks) if stream else sent.choices[0].message.content) == "문서에서 찾을 수 없습니다."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].model_extra["pagetune"]["verdict"] != "supported"
    assert "no page states" in chunks[-1].model_extra["pagetune"]["note"]


def test_each_adapter_answers_as_it_does_alone(asker: Asker, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asker, adapter: str | None) -> str:
        return list(asked.grow(asked.prompt(QUESTION), adapter, 20))[-1][0].text

    both = {adapter: answer(asker, adapter) for adapter in (OWN, "other_0", None)}
    again = {adapter: answer(asker, adapter) for adapter in (None, "other_0", OWN)}
    assert both == again
    assert len(set(both.values())) == 3
    monkeypatch.setattr("pagetune.commands.ask.ADAPTER", Path("other"))
    assert answer(Asker(tuned=True), OWN) == both["other_0"]


def test_messages_that_do_not_fit_are_refused_with_their_length(guide: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"The messages have \d+ tokens") as refused:
        ask(guide, "guide", "주소? " * 20_000)
    assert refused.value.code == "context_length_exceeded"


def test_questions_at_once_get_the_answers_that_they_get_one_by_one(guide: OpenAI) -> None:
    wanted = [(model, word) for model in ("base", "guide", "rank-2.v1") for word in ("서울", "전화?", "요금?")]

    def answer(model: str, word: str) -> str:
        return str(ask(guide, model, word, max_tokens=12).choices[0].message.content)

    alone = [answer(*one) for one in wanted]
    with ThreadPoolExecutor(len(wanted)) as people:
        assert list(people.map(lambda one: answer(*one), wanted)) == alone


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["other"], "is not NAME=FOLDER"),
        (["a b=other"], "is not NAME=FOLDER"),
        (["base=other"], "two models would be called 'base'"),
        (["guide=other"], "two models would be called 'guide'"),
        (["a=other", "a=other"], "two models would be called 'a'"),
        (["a=models/base"], "holds no adapter"),
        (["a=nowhere"], "nowhere holds no adapter"),
    ],
)
def test_an_adapter_that_cannot_be_one_is_named(project: Path, given: list[str], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        models_of(Path(), given)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"base_model_name_or_path": "somebody/else"}, "was trained on another base"),
        ({"target_modules": ["no_such_layer"]}, "does not go onto this project's base"),
        ({"r": 4}, "does not go onto this project's base"),
        (None, "cannot be read"),
    ],
)
def test_an_adapter_of_another_base_is_refused_in_one_line(
    project: Path, tmp_path: Path, change: dict[str, Any] | None, problem: str
) -> None:
    folder = shutil.copytree("other", tmp_path / "adapter")
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | change) if change else "{")
    with pytest.raises(UserError, match=problem) as refused:
        Asker(tuned=True, others={"other_0": folder})
    assert "\n" not in str(refused.value)


def test_a_project_is_called_by_its_folder(tmp_path: Path) -> None:
    names = {name: own_name(tmp_path / name) for name in ("회사 문서", "v1.2", "base", "a/b (2)")}
    assert names == {"회사 문서": "회사-문서", "v1.2": "v1.2", "base": "tuned", "a/b (2)": "b-2"}


def test_a_model_with_an_encoder_answers_programs_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("models/base").mkdir(parents=True)
    make_tiny_seq2seq(Path("models/base"), steps=2)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    TEMPLATE.parent.mkdir(parents=True)
    TEMPLATE.write_text(TemplateRecord.for_base("{instruction}", read_manifest()).model_dump_json(), encoding="utf-8")
    alone = Asker(tuned=False)
    with served(alone, Gate([], "show")) as url:
        client = client_of(url)
        sent = ask(client, "base", "서울 02-555", max_tokens=6)
        assert text_of(list(ask(client, "base", "서울 02-555", max_tokens=6, stream=True))) == (
            sent.choices[0].message.content
        )
        assert alone.answer("서울 02-555").text.startswith(sent.choices[0].message.content)
        assert sent.usage.prompt_tokens == len(alone.tokenizer("서울 02-555")["input_ids"])
        with pytest.raises(openai.BadRequestError, match=r"tokens, and model\.base takes at most"):
            ask(client, "base", "서울 " * 5000)


# A stand-in for the model: who is answered, and what is refused.


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Slow("네", 0)) as found:
        yield found


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "stand-in", "messages": [{"role": "user", "content": "?"}]} | more


def messages(*content: Any, role: str = "user") -> dict[str, Any]:
    return asked(messages=[{"role": role, "content": one} for one in content])


WRONG = [
    (asked(n=2), "n"),
    (asked(tools=[{"type": "function", "function": {"name": "f"}}]), "tools"),
    (asked(tool_choice="required"), "tool_choice"),
    (asked(functions=[{"name": "f"}]), "functions"),
    (asked(response_format={"type": "json_object"}), "response_format"),
    (asked(logprobs=True), "logprobs"),
    (asked(logit_bias={"50256": -100}), "logit_bias"),
    (asked(modalities=["text", "audio"]), "modalities"),
    (messages([{"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}]), "messages"),
    (messages([{"type": "text"}]), "messages"),
    (messages("?", role="tool"), "messages"),
    (messages("?", role="assistant"), "messages"),
    (messages("?", role="system"), "messages"),
    (messages(" "), "messages"),
    (messages(None), "messages"),
    (messages(7), "messages"),
    (messages(), "messages"),
    (asked(messages="?"), "messages"),
    (asked(messages=["?"]), "messages"),
    ({"model": "stand-in"}, "messages"),
    ({"messages": []}, "model"),
    (asked(model=None), "model"),
    (asked(max_tokens=0), "max_tokens"),
    (asked(max_tokens="many"), "max_tokens"),
    (asked(max_completion_tokens=-1), "max_completion_tokens"),
    (asked(temperature=3), "temperature"),
    (asked(temperature="hot"), "temperature"),
    (asked(stream="yes"), "stream"),
    (asked(stop=["a", "b", "c", "d", "e"]), "stop"),
    (asked(stop=""), "stop"),
    ([], None),
    ("?", None),
]


@pytest.mark.parametrize(("body", "param"), WRONG, ids=[json.dumps(body)[:70] for body, _ in WRONG])
def test_what_cannot_be_done_is_a_bad_request_that_names_its_key(url: str, body: Any, param: str | None) -> None:
    sent = httpx.post(url + CHAT, json=body)
    assert sent.status_code == 400, sent.text
    error = sent.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert set(error) == {"message", "type", "param", "code"}
    assert "\n" not in error["message"]


@pytest.mark.parametrize(
    "body", ["", "{", '{"model": NaN}', "[" * 100_000, '{"model": "\\ud800"}', '{"model": "\\u0000"}']
)
def test_a_body_that_is_not_json_is_a_bad_request(url: str, body: str) -> None:
    sent = httpx.post(url + CHAT, headers=JSON, content=body)
    assert (sent.status_code, sent.json()["error"]["type"]) == (400, "invalid_request_error")


def test_what_makes_no_difference_to_a_greedy_answer_is_ignored(url: str) -> None:
    more = {"temperature": 0.7, "top_p": 0.9, "seed": 1, "presence_penalty": 1, "frequency_penalty": 0.5, "user": "kim"}
    null = dict.fromkeys(
        ("tools", "n", "stop", "max_tokens", "logprobs", "response_format", "stream", "stream_options")
    )
    harmless = {"n": 1, "tools": [], "tool_choice": "none", "logprobs": False, "response_format": {"type": "text"}}
    own = {"top_k": 5, "path": "x", "meta": {"path": "y"}, "metadata": {"meta": "z"}}
    for options in (more, null, harmless, own):
        sent = httpx.post(url + CHAT, json=asked(**options))
        assert sent.json()["choices"][0]["message"]["content"] == "네 ?", options


def test_other_paths_methods_kinds_and_sizes_have_their_status_in_openais_form(url: str) -> None:
    big = b"x" * 2_000_000
    sent = {
        404: [httpx.get(f"{url}/v1/embeddings"), httpx.post(f"{url}/v1/completions", json={}), httpx.get(f"{url}/v1/")],
        405: [httpx.get(url + CHAT), httpx.delete(f"{url}/v1/models")],
        413: [httpx.post(url + CHAT, content=body) for body in (big, iter([big[:600_000], big]))],
        415: [httpx.post(url + CHAT, content="{}", headers={"Content-Type": "text/plain"})],
        403: [httpx.post(url + CHAT, json=asked(), headers={"Origin": "https://evil.example"})],
    }
    for status, responses in sent.items():
        for response in responses:
            assert (response.status_code, list(response.json())) == (status, ["error"])
            assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
            assert response.headers["x-content-type-options"] == "nosniff"
            assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/", "/config", "/nowhere", "/v1/models", "/gradio_api/upload", "/assets/x.js"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_large_body_is_refused_on_every_path(url: str, path: str, announced: bool) -> None:
    body = b"x" * 1_100_000
    assert httpx.request("PUT", url + path, content=body if announced else iter([body])).status_code == 413


def test_a_key_in_the_environment_has_to_be_sent(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "열쇠-7")
    right = {"Authorization": "Bearer 열쇠-7".encode()}
    assert httpx.post(url + CHAT, json=asked(), headers=right).status_code == 200
    monkeypatch.setenv(KEY, "key-7")
    assert [model.id for model in client_of(url, "key-7").models.list()] == ["stand-in", "base"]
    for key in ("key-8", "none"):
        with pytest.raises(openai.AuthenticationError) as refused:
            ask(client_of(url, key), "stand-in")
        assert refused.value.code == "invalid_api_key"
        assert "key-7" not in str(refused.value)
    assert httpx.get(f"{url}/v1/models").status_code == 401


def test_earlier_turns_and_system_texts_reach_the_model(url: str) -> None:
    said: list[Any] = [
        {"role": "system", "content": "짧게"},
        {"role": "user", "content": "주소?"},
        {"role": "assistant", "content": "서울"},
        {"role": "user", "content": [{"type": "text", "text": "그럼"}, {"type": "text", "text": "전화는"}]},
        {"role": "user", "content": "몇 번?"},
    ]
    completion = client_of(url).chat.completions.create(model="stand-in", messages=said)
    heard = "네 system: 짧게 | user: 주소? | assistant: 서울 | 그럼\n전화는\n\n몇 번?"
    assert completion.choices[0].message.content == heard


@pytest.mark.parametrize(
    "question", ['👩‍👩‍👧 가각ㄱ 漢字 \u2028\r\n{"a": 1}', "</s> data: [DONE]\n\ndata: x", "é e\u0301 ‮"]
)
def test_any_text_arrives_as_it_was_sent(url: str, question: str) -> None:
    client = client_of(url)
    assert ask(client, "base", question).choices[0].message.content == f"네 {question}"
    assert text_of(list(ask(client, "base", question, stream=True))) == f"네 {question}"


@pytest.mark.parametrize("stop", ["넷", ["셋 넷", "다섯"], [" 넷", "없음"], "없음", " 셋"])
def test_an_answer_ends_before_a_stop_sequence(stop: Any) -> None:
    with served(Slow("하나 둘 셋 넷 다섯", 0)) as url:
        client = client_of(url)
        whole = "하나 둘 셋 넷 다섯 ?"
        ends = [whole.find(one) for one in ([stop] if isinstance(stop, str) else stop) if one in whole]
        expected = whole[: min(ends, default=None)]
        sent = ask(client, "stand-in", "?", stop=stop)
        assert (sent.choices[0].message.content, sent.choices[0].finish_reason) == (expected, "stop")
        assert text_of(list(ask(client, "stand-in", "?", stop=stop, stream=True))) == expected


def test_an_answer_that_a_page_states_names_the_page() -> None:
    """A stream shows nothing of it before it was looked up."""
    text = "누리 센터의 대표 전화는 02-555-0101입니다."
    with served(Slow("02-555-0101", 0), Gate(pages("도서관 안내", text), "refuse")) as url:
        sent = httpx.post(url + CHAT, json=asked(messages=[{"role": "user", "content": "누리 센터의 대표 전화는?"}]))
    assert sent.json()["pagetune"] == {
        "verdict": "supported",
        "note": None,
        "source": {"doc_id": "안내", "page_number": 2, "text": text},
    }


def test_the_page_and_programs_share_one_line() -> None:
    asker = Slow("하나 둘", 0.02)
    with served(asker) as url, ThreadPoolExecutor(12) as people:
        page = [people.submit(answer_to, url, f"쪽 {number}") for number in range(4)]
        programs = [people.submit(ask, client_of(url), "stand-in", f"질문 {number}") for number in range(8)]
        assert [one.result() for one in page] == [f"하나 둘 쪽 {number}" for number in range(4)]
        assert [one.result().choices[0].message.content for one in programs] == [f"하나 둘 질문 {n}" for n in range(8)]
    assert asker.most_at_once == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_program_that_has_gone_is_not_waited_for(stream: bool) -> None:
    """Each answer would take ten seconds: the one under way stops at its next word, and the others are never begun."""
    asker = Slow(" ".join(["하나"] * 100), 0.1)
    with served(asker) as url:
        gone = [send_only(url, asked(stream=stream, messages=[{"role": "user", "content": f"{n}"}])) for n in range(5)]
        until = time.monotonic() + 20
        while not asker.asked and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        for connection in gone:
            connection.close()
        began = time.monotonic()
        with ask(client_of(url), "stand-in", "나도?", stream=True) as live:
            next(chunk for chunk in live if chunk.choices and chunk.choices[0].delta.content)
            waited = time.monotonic() - began
    assert waited < 3
    assert (len(asker.asked), asker.asked[-1]) == (2, "나도?")


def send_only(url: str, body: dict[str, Any]) -> socket.socket:
    """Send a request and return the connection without reading from it."""
    content = json.dumps(body).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection = socket.create_connection((LOOPBACK, httpx.URL(url).port), timeout=10)
    connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
    return connection


def test_a_full_line_is_a_server_error_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_WAITING", 1)
    with served(Slow(" ".join(["하나"] * 100), 0.1)) as url:
        client = client_of(url)
        with ask(client, "stand-in", stream=True) as first:
            next(chunk for chunk in first if chunk.choices[0].delta.content)
            with pytest.raises(openai.InternalServerError, match="1 questions are waiting already") as refused:
                ask(client, "stand-in")
            assert refused.value.status_code == 503
        later = ask(client.with_options(max_retries=5), "stand-in", max_tokens=1)
        assert later.choices[0].message.content == "하나"


def test_a_model_that_fails_is_a_server_error_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    class Broken(Slow):
        def grow(self, prompt: str, adapter: str | None, max_new_tokens: int) -> Any:
            yield from list(super().grow(prompt, adapter, max_new_tokens))[:1]
            raise RuntimeError("out of\nmemory")

    with served(Broken("네 네", 0)) as url:
        with pytest.raises(openai.InternalServerError, match="RuntimeError: out of memory"):
            ask(client_of(url), "stand-in")
        with pytest.raises(openai.APIError, match="RuntimeError: out of memory"):
            list(ask(client_of(url), "stand-in", stream=True))
    assert capfd.readouterr().err == "serve: a question failed: RuntimeError: out of memory\n" * 2


# Clients by others.


def test_the_client_of_the_hub_reads_answers_streams_and_errors(url: str) -> None:
    client = InferenceClient(base_url=f"{url}/v1", timeout=30)
    said = [{"role": "user", "content": "주소?"}]
    whole = client.chat.completions.create(model="stand-in", messages=said, max_tokens=5)
    assert whole.choices[0].message.content == "네 주소?"
    chunks = list(client.chat.completions.create(model="stand-in", messages=said, stream=True))
    assert text_of(chunks) == "네 주소?"
    with pytest.raises(Exception, match="404"):
        client.chat.completions.create(model="nobody", messages=said)


class Reply(BaseModel):
    answer: str


def test_the_client_of_build_qa_finds_the_server_and_reads_its_replies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It asks for a JSON schema first, which is refused, and goes on without."""
    from pagetune.llm.client import Client

    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path))
    with served(Slow('{"answer": "서울"}', 0)) as url:
        params = load_params(ROOT / "params.yaml").llm
        mine = params.model_copy(update={"base_url": f"{url}/v1", "model": "stand-in", "engine": "server"})

        async def reply() -> Reply | None:
            client = Client(mine, "build_qa", "page")
            try:
                return await client.ask([{"role": "user", "content": "주소?"}], Reply)
            finally:
                await client.close()

        assert asyncio.run(reply()) == Reply(answer="서울")
