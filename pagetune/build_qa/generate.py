"""Pairs by a language model: questions first, then one answer each, proven on the page like any other.

Every passage has its quota, so that the last page is asked about like the first.
"""

import asyncio
import unicodedata
from dataclasses import dataclass

from pagetune.build_qa.draft import to_document
from pagetune.build_qa.evidence import find_evidence, not_proven, quote
from pagetune.build_qa.passages import Passage, passages
from pagetune.build_qa.rules import make_id, readable
from pagetune.ledger import Ledger
from pagetune.llm.client import Client, Messages, RequestFailed, gather
from pagetune.llm.prompt_files import language_of, render
from pagetune.llm.schemas import Answered, QuestionList
from pagetune.params import Llm, Qa
from pagetune.records import Page, Pair, Place, Reason, Rejected
from pagetune.text.claims import normal_form


@dataclass(frozen=True)
class Asked:
    passage: Passage
    question: str


def generate_pairs(pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger) -> tuple[list[Pair], Client]:
    """Pairs in the order of the pages, and the client with what it counted."""
    return asyncio.run(_generate(pages, qa, llm, ledger))


async def _generate(pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger) -> tuple[list[Pair], Client]:
    client = Client(llm, "build_qa")
    documents = [to_document(own) for own in readable(pages).values()]
    found = [passage for document in documents for passage in passages(document, qa.passage_characters)]
    by_place = {(page.doc_id, page.page_number): page for page in pages}
    client.expected = len(found)
    try:
        results = await gather(_ask_about(client, passage, qa, by_place) for passage in found)
    finally:
        await client.close()
    silent = [row for row in results if isinstance(row, Rejected)]
    ledger.add("passages", len(found), len(found) - len(silent), silent)
    answered = [row for rows in results if isinstance(rows, list) for row in rows]
    pairs = [row for row in answered if isinstance(row, Pair)]
    ledger.add("questions", len(answered), len(pairs), [row for row in answered if isinstance(row, Rejected)])
    return pairs, client


async def _ask_about(
    client: Client, passage: Passage, qa: Qa, pages: dict[tuple[str, int], Page]
) -> Rejected | list[Pair | Rejected]:
    questions = await _questions(client, passage, qa)
    if isinstance(questions, Rejected):
        return questions
    asked, surplus = choose_questions(questions, quota(passage, qa))
    client.expected += len(asked)
    page = pages[passage.doc_id, passage.page_number]
    answered = await gather(_answer(client, Asked(passage, question), page) for question in asked)
    return answered + [_reject(passage, reason, question) for question, reason in surplus]


def choose_questions(questions: list[str], count: int) -> tuple[list[str], list[tuple[str, Reason]]]:
    """The first so many that differ, and the others, each with why it is not asked."""
    chosen: dict[str, str] = {}
    surplus: list[tuple[str, Reason]] = []
    for question in questions:
        form = normal_form(question)
        if form and form not in chosen and len(chosen) < count:
            chosen[form] = unicodedata.normalize("NFC", " ".join(question.split()))
        else:
            surplus.append((question, "duplicate" if form in chosen else "over_quota" if form else "too_short"))
    return list(chosen.values()), surplus


def quota(passage: Passage, qa: Qa) -> int:
    """How many questions a passage gets at most."""
    return min(qa.max_questions_per_passage, -(-len(passage.text) // qa.characters_per_question))


async def _questions(client: Client, passage: Passage, qa: Qa) -> list[str] | Rejected:
    messages = _render("questions", passage, count=quota(passage, qa))
    try:
        answer = await client.ask(messages, QuestionList)
    except RequestFailed as error:
        return _reject(passage, "request_failed", detail=str(error))
    if answer is None:
        return _reject(passage, "unreadable_answer")
    return answer.questions or _reject(passage, "unanswered")


def _render(task: str, passage: Passage, **values: object) -> Messages:
    own = {"title": passage.title, "section": passage.section, "passage": passage.text}
    return render(task, language_of(passage.text), **own, **values)


async def _answer(client: Client, asked: Asked, page: Page) -> Pair | Rejected:
    passage = asked.passage
    messages = _render("answer", passage, question=asked.question)
    try:
        answer = await client.ask(messages, Answered)
    except RequestFailed as error:
        return _reject(passage, "request_failed", asked.question, detail=str(error))
    if answer is None:
        return _reject(passage, "unreadable_answer", asked.question)
    output = unicodedata.normalize("NFC", " ".join(answer.answer.split()))
    return _prove(asked, output, answer.evidence, page)


def _prove(asked: Asked, output: str, evidence: str, page: Page) -> Pair | Rejected:
    if not output:
        return _reject(asked.passage, "unanswered", asked.question)
    place = find_evidence(evidence, page)
    if place is None:
        return _reject(asked.passage, "evidence_not_on_page", asked.question, output, evidence[:200])
    missing = not_proven(output, quote(page, place))
    if missing:
        return _reject(asked.passage, "not_in_evidence", asked.question, output, missing)
    return _pair(asked, output, place, page)


def _pair(asked: Asked, output: str, place: Place, page: Page) -> Pair:
    return Pair.original(
        make_id(page.doc_id, str(page.page_number), asked.question, output),
        asked.question,
        output,
        "llm",
        page.doc_id,
        page_number=page.page_number,
        evidence=quote(page, place),
        place=place,
    )


def _reject(
    passage: Passage, reason: Reason, question: str = "", output: str = "", detail: str | None = None
) -> Rejected:
    return Rejected(
        reason=reason,
        doc_id=passage.doc_id,
        page_number=passage.page_number,
        instruction=question,
        output=output,
        detail=detail or passage.section or None,
    )
