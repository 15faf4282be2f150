"""Pairs by a language model: quotas, proof and the judge. The model is a program behind a real HTTP server."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from llm_server import Body, Fault, Reply, passage_of, reading_model, serving, task_of
from test_build_qa import page

from pagetune.build_qa.asking.plan import quota
from pagetune.build_qa.draft import to_document
from pagetune.build_qa.generate import generate_pairs
from pagetune.build_qa.judge import judge_pairs, source_of
from pagetune.build_qa.passages import passages
from pagetune.build_qa.rules import build_pairs
from pagetune.ledger import Ledger
from pagetune.params import Params, Qa, load_params
from pagetune.records import Judgement, Page, Pair, Table
from pagetune.text.evidence import quote

PARAMS: Params = load_params(ROOT / "params.yaml")
TEXT = page("센터 안내", "1. 위치", "센터의 주소는 서울 종로 12번지입니다.", "2. 요금", "입장료는 9,000원입니다.")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))


#: Shows each passage once; tests/test_asking_plan.py has the rounds.
ONCE = PARAMS.qa.model_copy(update={"rounds": 1})


def generated(reply: Reply, *pages: Page, qa: Qa = ONCE, **changes: Any) -> tuple[list[Pair], Ledger]:
    ledger = Ledger()
    with serving(reply) as server:
        llm = PARAMS.llm.model_copy(update={"base_url": server.base_url, "model": "m", "max_retries": 0} | changes)
        pairs, _ = generate_pairs(list(pages), qa, llm, ledger)
    return pairs, ledger


def answering(answer: str, evidence: str) -> Reply:
    def reply(body: Body, times: int) -> str:
        said = {"answer": answer, "evidence": evidence}
        return (
            '{"questions": ["얼마인가요?"]}' if task_of(body) == "questions" else json.dumps(said, ensure_ascii=False)
        )

    return reply


def test_a_model_that_reads_gives_pairs_with_proof() -> None:
    pairs, ledger = generated(reading_model, TEXT)
    assert [(pair.kind, pair.output) for pair in pairs] == [
        ("llm", "센터의 주소는 서울 종로 12번지입니다."),
        ("llm", "입장료는 9,000원입니다."),
    ]
    assert all(pair.place and pair.evidence == quote(TEXT, pair.place) for pair in pairs)
    assert ledger.metrics()["rejected"] == {}


@pytest.mark.parametrize(
    ("answer", "evidence", "reason", "detail"),
    [
        ("9,000원", "입장료는 구천 원입니다.", "evidence_not_on_page", "입장료는 구천 원입니다."),
        ("8,000원", "입장료는 9,000원입니다.", "not_in_evidence", "8000원"),
        ("KB카드로 9,000원", "입장료는 9,000원입니다.", "not_in_evidence", "kb"),
        ("9,000원", "", "evidence_not_on_page", "2. 요금"),
        ("", "", "unanswered", "2. 요금"),
    ],
)
def test_what_is_not_proven_is_rejected_with_what_was_seen(
    answer: str, evidence: str, reason: str, detail: str
) -> None:
    text = page("센터 안내", "2. 요금", "입장료는 9,000원입니다.")
    pairs, ledger = generated(answering(answer, evidence), text)
    assert pairs == []
    assert [(row.reason, row.detail) for row in ledger.rejected] == [(reason, detail)]


@pytest.mark.parametrize(
    ("answer", "evidence", "proven"),
    [
        ("2일", "2일", False),
        ("12일", "12일", True),
        ("50,000원", "50,000원", False),
        ("부산입니다", "접수는", False),
        ("네, 받습니다.", "접수는 12일까지", False),
        ("12일", "‘접수는 12일까지’", True),
        ("12일입니다.", "접수는 12일까지", True),
    ],
)
def test_evidence_is_no_piece_of_a_number_and_shares_a_word(answer: str, evidence: str, proven: bool) -> None:
    text = page("안내", "접수", "'접수는 12일까지'입니다. 참가비는 150,000원입니다.")
    pairs, _ = generated(answering(answer, evidence), text)
    assert bool(pairs) == proven


def test_evidence_may_be_spaced_otherwise_and_comes_back_as_the_page_has_it() -> None:
    (pair,), _ = generated(
        answering("9000원", "입장료는  9,000 원입니다."), page("안내", "요금", "입장료는 9,000원입니다.")
    )
    assert (pair.evidence, pair.output) == ("입장료는 9,000원입니다.", "9000원")


def test_what_cannot_be_read_is_rejected_by_passage_or_by_question() -> None:
    pairs, ledger = generated(lambda body, times: "<think>hmm", TEXT)
    assert (pairs, [row.reason for row in ledger.rejected]) == ([], ["unreadable_answer"] * 2)
    reply: Reply = lambda body, times: '{"questions": ["뭐?"]}' if task_of(body) == "questions" else "no"  # noqa: E731
    _, ledger = generated(reply, TEXT)
    assert ledger.metrics()["steps"] == {
        "passages": {"in": 2, "out": 2, "rejected": {}},
        "questions": {"in": 2, "out": 0, "rejected": {"unreadable_answer": 2}},
    }


def test_a_request_without_an_answer_is_skipped_where_the_user_says_so() -> None:
    def fail_one(body: Body, times: int) -> str | Fault:
        fails = "9,000원" in passage_of(body) and task_of(body) != "round_trip"
        return Fault(500) if fails else reading_model(body, times)

    pairs, ledger = generated(fail_one, TEXT, on_failed_request="skip")
    assert len(pairs) == 1
    assert [row.reason for row in ledger.rejected] == ["request_failed"]


def test_the_same_question_twice_is_one_and_more_than_the_quota_are_cut() -> None:
    many = json.dumps(
        {"questions": ["얼마인가요?", "얼마 인가요", "", "언제인가요?", "누구인가요?"]}, ensure_ascii=False
    )
    ledger = Ledger()
    with serving(lambda body, times: many if task_of(body) == "questions" else "{}") as server:
        llm = PARAMS.llm.model_copy(update={"base_url": server.base_url, "model": "m"})
        qa = ONCE.model_copy(update={"characters_per_question": 10})
        generate_pairs([page("안내", "요금", "입장료는 9,000원입니다.")], qa, llm, ledger)
    asked = [(row.instruction, row.reason) for row in ledger.rejected]
    assert asked[:2] == [("얼마인가요?", "unreadable_answer"), ("언제인가요?", "unreadable_answer")]
    assert asked[2:] == [("얼마 인가요", "duplicate"), ("", "too_short"), ("누구인가요?", "over_quota")]


def test_the_last_page_is_asked_about_like_the_first() -> None:
    pages = [page("안내", f"{n}번 창구의 위치는 {n}층이고 담당자는 {n}번 직원입니다.", number=n) for n in range(1, 31)]
    pairs, _ = generated(reading_model, *pages)
    assert Counter(pair.page_number for pair in pairs) == dict.fromkeys(range(1, 31), 1)


def test_an_english_page_is_asked_about_in_english() -> None:
    seen: list[str] = []

    def reply(body: Body, times: int) -> str:
        seen.append(body["messages"][0]["content"][:5])
        return reading_model(body, times)

    generated(reply, page("Guide", "The store opens at 9 o'clock on Monday."), TEXT)
    assert set(seen) == {"You w", "You a", "당신은 문", "당신은 주", "당신은 글"}


PARAGRAPHS = st.lists(st.text("가나다라 .", min_size=1, max_size=300).filter(str.strip), min_size=1, max_size=20)


@given(PARAGRAPHS, st.integers(100, 2000))
def test_every_paragraph_is_in_one_passage_and_every_passage_has_a_quota(lines: list[str], length: int) -> None:
    lines = [f"{' '.join(line.split())}다." for line in lines]
    found = list(passages(to_document([page(*lines)]), length))
    assert " ".join(passage.text for passage in found).split() == " ".join(lines).split()
    assert all(1 <= quota(passage, PARAMS.qa) <= PARAMS.qa.max_questions_per_passage for passage in found)
    longest = max(map(len, lines))
    assert all(len(passage.text) <= length + longest for passage in found)


def test_a_long_paragraph_is_shown_in_sentences() -> None:
    text = "".join(f"{n}번 창구는 {n}층에 있습니다. " for n in range(200)).strip()
    found = list(passages(to_document([page("안내", text)]), 500))
    assert max(len(passage.text) for passage in found) <= 550
    assert " ".join(passage.text for passage in found).split() == f"안내 {text}".split()


def test_a_table_is_shown_row_by_row_below_its_header() -> None:
    rows = [["과정", "요금"], *([f"과정 {n}", f"{n}만 원"] for n in range(60))]
    found = list(passages(to_document([page("안내", tables=(Table(caption="요금표", rows=rows),))]), 300))
    tables = [passage for passage in found if passage.section == "요금표"]
    assert len(tables) > 1
    assert all(passage.text.startswith("과정 | 요금\n") for passage in tables)
    assert sum(len(passage.text.split("\n")) - 1 for passage in tables) == 60


def judged(reply: Reply, *pages: Page) -> tuple[list[Pair], Ledger]:
    ledger = Ledger()
    pairs, _ = build_pairs(list(pages), 200)
    with serving(reply) as server:
        llm = PARAMS.llm.model_copy(update={"base_url": server.base_url, "model": "m", "max_retries": 0})
        kept, _ = judge_pairs(pairs, list(pages), PARAMS.qa, llm, ledger)
    return kept, ledger


def test_the_judge_sees_question_answer_and_source() -> None:
    seen: list[str] = []

    def reply(body: Body, times: int) -> str:
        seen.append(body["messages"][1]["content"])
        return '{"faithfulness": 5, "clarity": 4}'

    (pair,), _ = judged(reply, page("안내", "한빛관의 주소는 서울 종로입니다. 누구나 올 수 있습니다."))
    assert pair.judgement == Judgement(faithfulness=5, clarity=4)
    for part in ("한빛관의 주소는 어디인가요?", "답: 서울 종로", "누구나 올 수 있습니다."):
        assert part in seen[0]


@pytest.mark.parametrize(
    ("grades", "reason"),
    [
        ('{"faithfulness": 3, "clarity": 5}', "unfaithful"),
        ('{"faithfulness": 5, "clarity": 2}', "unclear"),
        ("good", "unreadable_answer"),
    ],
)
def test_the_judge_rejects_what_is_below(grades: str, reason: str) -> None:
    kept, ledger = judged(lambda body, times: grades, page("안내", "한빛관의 주소는 서울 종로입니다."))
    assert kept == []
    assert [row.reason for row in ledger.rejected] == [reason]


def test_the_source_of_a_row_is_its_table() -> None:
    text = page(
        "안내", tables=(Table(caption="요금표", rows=[["과정", "요금"], ["입문", "9만 원"], ["심화", "8만 원"]]),)
    )
    (first, *_), _ = build_pairs([text], 200)
    assert source_of(first, text) == "요금표\n과정 | 요금\n입문 | 9만 원"
