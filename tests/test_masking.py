"""No key, token or password is printed or written, whatever a server or a library says."""

import base64
import html
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from conftest import ROOT, edit_params, run
from llm_server import Body, Fault, Server, passage_of, serving, task_of
from report_inputs import prediction
from test_llm_stage import page_of

from pagetune import masking
from pagetune.errors import UserError
from pagetune.evaluate.assess import Case, assess
from pagetune.jsonl import write_records
from pagetune.masking import mask, remember, remember_url, repeats_secret, without_credentials
from pagetune.params import load_params
from pagetune.records import BadFile, Rejected

KEY = 'sk-proj/Abc+42="9x'


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the environment of each test, and forget what it gave."""
    monkeypatch.setattr(masking, "_remembered", set())
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    masking._of_environment.cache_clear()
    yield
    masking._of_environment.cache_clear()


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote_plus(quote_plus(KEY)),
        json.dumps(KEY)[1:-1],
        json.dumps(json.dumps(KEY))[3:-3],
        KEY.replace("/", "\\/"),
        "".join(f"\\u{ord(letter):04x}" for letter in KEY),
        html.escape(KEY),
        KEY.upper(),
        base64_of(f"user:{KEY}"),
        base64_of(f":{KEY}"),
        base64.urlsafe_b64encode(f"someone:{KEY}:more".encode()).decode(),
        KEY.encode().hex(),
    ],
)
def test_a_key_is_masked_in_every_spelling(form: str) -> None:
    said = f"401: Bearer {form} is unknown"
    masked = mask(said)
    assert masked.startswith("401: Bearer ")
    assert masked.endswith(" is unknown")
    assert "***" in masked
    assert form[4:-6] not in masked
    assert repeats_secret(said)


@pytest.mark.parametrize("name", ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "GITHUB_PAT", "my_api_key"])
def test_the_name_of_a_variable_says_that_it_is_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hf_Value0123")
    masking._of_environment.cache_clear()
    assert mask("with hf_Value0123") == "with ***"


def test_the_password_of_a_proxy_and_the_hubs_saved_token_are_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("hf_Saved0123\n", encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%40ssw0rd9@proxy:3128")
    masking._of_environment.cache_clear()
    assert mask("hf_Saved0123, p@ssw0rd9, p%40ssw0rd9") == "***, ***, ***"


def test_what_an_address_holds_is_masked() -> None:
    said = mask("http://me:pw@host/v1?model=m&api_key=k1&x=1, https://hf_tok@host and ssh://git@host")
    assert said == "http://***@host/v1?model=m&api_key=***&x=1, https://***@host and ssh://git@host"
    remember_url("http://me:Secret-99@host/v1?key=Query-99")
    assert mask("Secret-99 Query-99") == "*** ***"


def test_an_address_without_its_key_is_the_same_server() -> None:
    assert without_credentials("http://me:pw@host:80/v1?key=1&x=2") == "http://host:80/v1?x=2"
    assert without_credentials("http://localhost:8000/v1") == "http://localhost:8000/v1"


def test_a_short_password_is_masked_only_where_the_text_says_that_it_is_one() -> None:
    remember(["1234", "서울"])
    assert mask("page 1234 of 12345 about 서울특별시") == "page 1234 of 12345 about 서울특별시"
    assert mask("wrong password: 1234") == "wrong password: ***"
    assert mask("암호가 서울입니다, '1234'도 아닙니다") == "암호가 ***입니다, '***'도 아닙니다"


def test_a_reply_may_hold_a_word_of_the_document_that_is_also_a_password() -> None:
    remember(["1234", "서울", "production", "20260101", "금융보안원교육센터"])
    assert not repeats_secret("서울 금융보안원교육센터, production 20260101, 1234, password 1234")


@pytest.mark.parametrize("value", ["none", "EMPTY", "true", ""])
def test_a_placeholder_masks_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", value)
    masking._of_environment.cache_clear()
    assert mask(f"key: {value} is true, none is empty") == f"key: {value} is true, none is empty"


def test_errors_and_records_are_masked_wherever_they_go() -> None:
    assert str(UserError(f"refused ({KEY})")) == "refused (***)"
    assert BadFile(file="a.pdf", reason="broken_file", seen=KEY).seen == "***"
    row = {"reason": "request_failed", "doc_id": "d", "page_number": 1, "instruction": "", "output": ""}
    assert Rejected.model_validate(row | {"detail": f"no {KEY}"}).detail == "no ***"


def test_what_a_stage_prints_is_masked_also_where_it_crashes() -> None:
    program = """
import logging, os, sys, warnings
from pagetune.errors import run_stage
key = os.environ["OPENAI_API_KEY"]
def main():
    print("out", key)
    print("err", key, file=sys.stderr)
    warnings.warn(f"warned {key}")
    logging.basicConfig(level="INFO")
    logging.info("logged %s", key)
    raise RuntimeError(f"raised {key}")
run_stage("test", main)
"""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == "out ***\n"
    for line in ("err ***", "warned ***", "logged ***", "RuntimeError: raised ***"):
        assert line in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_a_masked_stream_is_otherwise_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    masking.mask_output()
    once = sys.stdout
    masking.mask_output()
    assert sys.stdout is once
    assert sys.stdout.isatty() is False
    print(KEY, "서울", flush=True)
    assert sys.stdout.getvalue() == "*** 서울\n"  # type: ignore[attr-defined]


# A server that repeats the key that it was sent.


def repeats_in_content(body: Body, key: str) -> str | Fault:
    if task_of(body) == "questions":
        return json.dumps({"questions": [f"{key}는 무엇인가요?", "몇 번 창구인가요?"]}, ensure_ascii=False)
    said = passage_of(body).splitlines()
    fields = {"answer": f"{key}입니다", "evidence": said[-1] if said else key, "reason": key, "verdict": "right"}
    return json.dumps(fields | {"paraphrases": [f"{key}를 알려 주세요", "담당자가 누구죠?"]}, ensure_ascii=False)


ECHOES: dict[str, Callable[[Body, str], str | Fault]] = {
    "json error": lambda body, key: Fault(400, json.dumps({"error": {"message": f"bad key {key}", "param": key}})),
    "text error": lambda body, key: Fault(500, f"Authorization: Bearer {key} {quote(key, safe='')} " + "x" * 400),
    "cut off": lambda body, key: Fault(422, json.dumps({"error": {"message": "x" * 250 + f" {key}"}})),
    "basic": lambda body, key: Fault(400, json.dumps({"error": {"message": base64_of(f"user:{key}")}})),
    "status text": lambda body, key: Fault(503, status_text=f"No {key}"),
    "header": lambda body, key: Fault(409, headers={"X-Key": key, "x-request-id": key}),
    "redirect": lambda body, key: Fault(302, headers={"Location": f"/v1/{quote(key, safe='')}?key={quote(key)}"}),
    "not a completion": lambda body, key: Fault(200, json.dumps({"key": key})),
    "content": repeats_in_content,
}


def echo(name: str) -> Callable[[Server], None]:
    def use(server: Server) -> None:
        server.reply = lambda body, times: ECHOES[name](body, server.headers[-1]["authorization"].split()[1])

    return use


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(lambda body, times: "{}") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "data/raw").mkdir(parents=True)
    for name in ("pagetune", "stages"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit_params(folder, {"llm.base_url": server.base_url, "llm.model": "m", "llm.max_retries": 0})
    write_records(folder / "data/pages.jsonl", [page_of(number) for number in (1, 2)])
    (folder / "data/review.jsonl").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("PAGETUNE_CACHE", str(folder / "cache"))
    return folder


def run_in(project: Path, stage: str) -> str:
    done = run(project, "python", "-m", f"stages.{stage}", check=False)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def assert_secret(project: Path, said: str) -> None:
    """Look for the key in what was printed and in every file, in the spellings that the echoes use."""
    files = [path for path in project.rglob("*") if path.is_file() and "pagetune" not in path.parts[-3:]]
    texts = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in files} | {"printed": said}
    for form in (KEY, KEY[:12], quote(KEY, safe="")[:12], json.dumps(KEY)[1:-1], base64_of(f"user:{KEY}")[8:]):
        assert [name for name, text in texts.items() if form in text] == []


@pytest.mark.parametrize(
    ("name", "on_failed", "rejected"),
    [("cut off", "skip", '"request_failed"'), ("content", "stop", '"unreadable_answer"'), ("text error", "stop", "")],
)
def test_build_qa_writes_no_key_that_the_server_repeats(
    name: str, on_failed: str, rejected: str, project: Path, server: Server
) -> None:
    edit_params(project, {"qa.generator": "rules+llm", "llm.on_failed_request": on_failed})
    echo(name)(server)
    assert_secret(project, run_in(project, "build_qa"))
    if rejected:
        assert rejected in (project / "data/qa_rejected.jsonl").read_text(encoding="utf-8")


def test_curate_writes_no_key_that_the_server_repeats(project: Path, server: Server) -> None:
    run_in(project, "build_qa")
    edit_params(project, {"curate.paraphrase_method": "llm", "llm.on_failed_request": "skip"})
    echo("cut off")(server)
    assert_secret(project, run_in(project, "curate"))
    assert "request_failed" in (project / "data/splits/rejected.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ECHOES)
def test_no_opinion_of_a_judge_has_the_key(name: str, server: Server, project: Path) -> None:
    echo(name)(server)
    fast = {"base_url": server.base_url, "model": "m", "max_retries": 0, "on_failed_request": "skip"}
    llm = load_params(ROOT / "params.yaml").llm.model_copy(update=fast)
    rows = [prediction("1", "주차 요금은?", "3만 원", "9만 원")]
    try:
        opinions, _ = assess({"base": rows, "tuned": rows}, [Case("주차 요금은?", ("3만 원",), "")], llm)
        said = json.dumps([asdict(opinion) for opinion in opinions["tuned"]], ensure_ascii=False)
    except UserError as error:  # an address that is wrong stops even a run that skips what fails
        said = str(error)
    assert_secret(project, said)


def test_a_key_in_the_address_is_not_repeated(project: Path, server: Server) -> None:
    url = server.base_url.replace("://", "://me:Pass-word-9@") + "?key=Query-key-9"
    edit_params(project, {"qa.generator": "llm", "llm.base_url": url})
    server.reply = lambda body, times: Fault(400, '{"error": {"message": "no Pass-word-9, Query-key-9"}}')
    said = run_in(project, "build_qa")
    assert "http://***@127.0.0.1" in said
    assert not {secret for secret in ("Pass-word-9", "Query-key-9") if secret in said}
