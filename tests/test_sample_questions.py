"""The questions about the sample documents that no template wrote, in data/questions."""

import re
from collections import Counter
from functools import cache
from typing import Literal, TypeVar

import pytest
from conftest import ROOT
from pydantic import BaseModel, ConfigDict, Field

from pagetune.build_qa.rules import build_pairs
from pagetune.curate.heldout import hash_fraction
from pagetune.curate.question_patterns import all_wordings
from pagetune.curate.questions import read_questions
from pagetune.evaluate.answers import is_exact
from pagetune.extract.pages import read_documents
from pagetune.params import Params, load_params
from pagetune.records import Page, Pair
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words
from pagetune.text.evidence import find_evidence, not_proven
from pagetune.text.fact_match import fact_match
from pagetune.text.korean import is_korean

FOLDER = ROOT / "data/questions"
PARAMS: Params = load_params(ROOT / "params.yaml")
#: No page is asked about more often than this by recall_spoken.jsonl.
MOST_PER_PAGE = 4
#: Two questions that share this much of their words, numbers and codes ask for the same.
ALIKE = 0.85


class Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=6)
    references: list[str]
    doc_id: str


class Answerable(Question):
    references: list[str] = Field(min_length=1)
    page_number: int
    evidence: list[str] = Field(min_length=1)


class Spoken(Answerable):
    pair_id: str
    #: `register` is a method of pydantic's.
    speech: Literal["polite", "casual", "keywords"] = Field(alias="register")
    changes: list[Literal["synonym", "indirect", "short_name", "spacing", "spelling", "slang"]] = Field(min_length=1)


class Gold(Answerable):
    tag: Literal["fact", "condition", "procedure", "reason", "table", "comparison"]


class Unanswerable(Question):
    answerable: Literal[False] | None = None
    tag: Literal["attribute", "subject", "year", "branch", "premise", "near_miss"]
    why: str = Field(min_length=12)


class Retention(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=6)
    references: list[str] = Field(min_length=1)
    language: Literal["ko", "en"]
    tag: Literal["knowledge", "arithmetic", "instruction"]
    check: Literal["fact", "exact"]
    general: Literal[True]


Row = TypeVar("Row", bound=BaseModel)


def read(name: str, kind: type[Row]) -> list[Row]:
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [kind.model_validate_json(line) for line in lines]


SPOKEN = read("recall_spoken", Spoken)
GOLD = read("gold", Gold)
UNANSWERABLE = read("unanswerable", Unanswerable)
RETENTION = read("retention", Retention)
ANSWERABLE: list[Answerable] = [*SPOKEN, *GOLD]
EVERYTHING: list[Question] = [*ANSWERABLE, *UNANSWERABLE]


@cache
def pages() -> dict[tuple[str, int], Page]:
    found = [page for page in read_documents(ROOT / "data/raw", PARAMS.extract) if isinstance(page, Page)]
    return {(page.doc_id, page.page_number): page for page in found}


@cache
def pairs() -> list[Pair]:
    """Return the pairs that the rules make of the samples."""
    return build_pairs(list(pages().values()), PARAMS.qa.article_characters)[0]


def test_there_are_enough_of_each_kind_and_about_every_document() -> None:
    assert (len(SPOKEN), len(GOLD), len(UNANSWERABLE)) >= (80, 60, 60)
    documents = {page.doc_id for page in pages().values()}
    assert {row.doc_id for row in GOLD} == {row.doc_id for row in UNANSWERABLE} == documents
    assert max(Counter((row.doc_id, row.page_number) for row in SPOKEN).values()) <= MOST_PER_PAGE
    assert min(Counter(row.tag for row in GOLD).values()) >= 5
    assert min(Counter(row.tag for row in UNANSWERABLE).values()) >= 5


def test_no_question_stands_twice() -> None:
    asked = Counter(normal_form(row.question) for row in [*EVERYTHING, *RETENTION])
    assert [question for question, times in asked.items() if times > 1] == []


def test_a_question_is_in_the_language_of_its_document() -> None:
    assert [row.question for row in EVERYTHING if is_korean(row.question) == (row.doc_id == "tablet_faq")] == []


@pytest.mark.parametrize("row", ANSWERABLE, ids=lambda row: row.question)
def test_the_evidence_stands_on_the_page_and_proves_each_reference(row: Answerable) -> None:
    page = pages()[row.doc_id, row.page_number]
    assert [text for text in row.evidence if find_evidence(text, page) is None] == []
    evidence = "\n".join(row.evidence)
    assert [(text, lacking) for text in row.references if (lacking := not_proven(text, evidence))] == []


@pytest.mark.parametrize("row", ANSWERABLE, ids=lambda row: row.question)
def test_a_reference_that_is_given_as_the_answer_is_right(row: Answerable) -> None:
    wrong = [text for text in row.references if not is_right(text, row)]
    assert wrong == []


def is_right(answer: str, row: Answerable) -> bool:
    evidence = "\n".join(row.evidence)
    return any(fact_match(answer, reference, row.question, evidence) for reference in row.references)


def test_recall_spoken_asks_about_facts_that_are_trained() -> None:
    """A pair changes its id with its question or its answer. Where a rule words one otherwise, name the new id."""
    by_id = {pair.pair_id: pair for pair in pairs()}
    for row in SPOKEN:
        there = [pair.pair_id for pair in pairs() if pair.evidence in row.evidence and pair.doc_id == row.doc_id]
        pair = by_id.get(row.pair_id)
        assert pair, f"{row.question}: no pair {row.pair_id}; with its evidence there are {there}"
        assert (pair.doc_id, pair.page_number, [pair.evidence]) == (row.doc_id, row.page_number, row.evidence)
        assert not [text for text in row.references if not_proven(text, pair.output)], row.question
    heldout = PARAMS.curate.heldout_fraction
    assert all(hash_fraction(PARAMS.seed, "heldout", row.doc_id, "") >= heldout for row in SPOKEN)


def test_no_question_is_worded_by_a_rule_or_a_pattern() -> None:
    written = {normal_form(text) for pair in pairs() for text in all_wordings(pair).values()}
    assert len(written) > 3000
    assert [row.question for row in EVERYTHING if normal_form(row.question) in written] == []


@cache
def words_of(question: str) -> frozenset[object]:
    claimed = claims(question)
    return frozenset({*content_words(question), *claimed.numbers, *claimed.joined, *claimed.codes})


def answered_nearly(question: str) -> list[str]:
    """Return the questions that the pages answer and that ask nearly the same, in whatever order and endings."""
    own = words_of(question)
    known = {row.question for row in ANSWERABLE} | {pair.instruction for pair in pairs()}
    return [text for text in known if len(own & words_of(text)) >= ALIKE * len(own | words_of(text))]


def test_no_page_answers_a_question_that_cannot_be_answered() -> None:
    nearly = {row.question: answered_nearly(row.question) for row in UNANSWERABLE}
    assert {question: texts for question, texts in nearly.items() if texts} == {}


@pytest.mark.parametrize(
    "question",
    [
        "한빛저축은행 영업점은 모두 몇 곳이나 있나요?",
        "NB-700 본체는 무게가 얼마나 되나요?",
        "대상포진 주사를 보건소에서 맞으면 얼마인가요?",
        "How many devices may share a LumaNote account?",
    ],
)
def test_an_answerable_question_among_the_unanswerable_is_found(question: str) -> None:
    assert answered_nearly(question)


def test_every_question_is_asked_with_its_evidence() -> None:
    asked = read_questions(list(pages().values()), [], FOLDER)
    assert (asked.rejected, asked.unread, asked.unproven) == ([], [], [])
    assert len(asked.questions) == len(EVERYTHING) + len(RETENTION)
    by_text = {question.instruction: question for question in asked.questions}
    assert all(len(by_text[row.question].places) == len(row.evidence) for row in ANSWERABLE)
    assert not any(by_text[row.question].answerable for row in UNANSWERABLE)


def test_what_a_page_says_instead_is_on_a_page_of_the_document() -> None:
    instead = [row for row in UNANSWERABLE if row.references]
    assert len(instead) >= 3
    for row in instead:
        text = "\n".join(page.text for page in pages().values() if page.doc_id == row.doc_id)
        assert [said for said in row.references if not_proven(said, text)] == [], row.question


def test_retention_asks_as_much_of_each_kind_in_both_languages() -> None:
    counts = Counter((row.tag, row.language) for row in RETENTION)
    assert len(RETENTION) == 120
    assert all(counts[tag, "ko"] == counts[tag, "en"] for tag, _ in counts)
    assert [row.question for row in RETENTION if is_korean(row.question) != (row.language == "ko")] == []


def is_right_in_general(answer: str, row: Retention) -> bool:
    if row.check == "exact":
        return is_exact(answer, row.references)
    return any(fact_match(answer, reference, row.question) for reference in row.references)


@pytest.mark.parametrize("row", RETENTION, ids=lambda row: row.question)
def test_a_machine_tells_a_reference_from_the_answers_to_other_questions(row: Retention) -> None:
    assert all(is_right_in_general(text, row) for text in row.references)
    own = {digits_of(text) for text in row.references}
    others = [text for other in RETENTION if other.language == row.language for text in other.references]
    assert [text for text in others if digits_of(text) not in own and is_right_in_general(text, row)] == []


def digits_of(text: str) -> str:
    """Return the number of an answer, so that 60 and 60 dollars are one, or its letters where it has none."""
    return re.sub(r"\D", "", text) or normal_form(text)
