"""Pairs by a language model: it writes questions, then one answer to each, which is proven on the page like any other.

Every passage has its quota, so that the last page is asked about like the first.
"""

import asyncio
import unicodedata
from dataclasses import dataclass

from pagetune.build_qa.answer_kinds import fault_of_claim
from pagetune.build_qa.draft import Document, to_document
from pagetune.build_qa.pairs import pair_from_page
from pagetune.build_qa.passages import Passage, passages
from pagetune.build_qa.round_trip import reproduce
from pagetune.build_qa.rules import readable_pages
from pagetune.build_qa.soundness import fault_of_answer, fault_of_question, without_number
from pagetune.build_qa.surroundings import Claim
from pagetune.ledger import Ledger
from pagetune.llm.client import Client, Messages, RequestFailed, gather
from pagetune.llm.engine import open_client
from pagetune.llm.escaping import as_written
from pagetune.llm.prompt_files import language_of, render
from pagetune.llm.schemas import Answered, QuestionList
from pagetune.params import Llm, Qa
from pagetune.records import Page, Pair, Reason, Rejected
from pagetune.text.claims import normal_form
from pagetune.text.evidence import find_evidence
from pagetune.text.refusal import abstains


@dataclass(frozen=True)
class Source:
    page: Page
    document: Document


@dataclass(frozen=True)
class Question:
    passage: Passage
    text: str


def generate_pairs(pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger) -> tuple[list[Pair], Client]:
    """Return the pairs in page order, and the client with its counts."""
    return asyncio.run(_generate(pages, qa, llm, ledger))


async def _generate(pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger) -> tuple[list[Pair], Client]:
    client = open_client(llm, "build_qa", "pair")
    documents = [to_document(own) for own in readable_pages(pages).values()]
    found = [passage for document in documents for passage in passages(document, qa.passage_characters)]
    sources = {
        (page.doc_id, page.page_number): Source(page, document) for document in documents for page in document.pages
    }
    client.meter.expect(sum(not passage.order for passage in found), open_others=True)
    try:
        results = await gather(_ask_about(client, passage, qa, sources) for passage in found)
    finally:
        await client.close()
    without_questions = [row for row in results if isinstance(row, Rejected)]
    ledger.add("passages", len(found), len(found) - len(without_questions), without_questions)
    answered = [row for rows in results if isinstance(rows, list) for row in rows]
    pairs = [row for row in answered if isinstance(row, Pair)]
    ledger.add("questions", len(answered), len(pairs), [row for row in answered if isinstance(row, Rejected)])
    return pairs, client


async def _ask_about(
    client: Client, passage: Passage, qa: Qa, sources: dict[tuple[str, int], Source]
) -> Rejected | list[Pair | Rejected]:
    if passage.order:
        return _reject(passage, "instructs_the_model", detail=passage.order)
    questions = await _request_questions(client, passage, qa)
    if isinstance(questions, Rejected):
        client.meter.follow(0)
        return questions
    written = [as_written(question, _shown(passage)) for question in questions]
    chosen, surplus = choose_questions(written, quota(passage, qa))
    client.meter.follow(len(chosen))
    source = sources[passage.doc_id, passage.page_number]
    answered = await gather(_answer(client, Question(passage, text), source, qa) for text in chosen)
    client.meter.made(sum(isinstance(row, Pair) for row in answered))
    return answered + [_reject(passage, reason, text) for text, reason in surplus]


def choose_questions(questions: list[str], count: int) -> tuple[list[str], list[tuple[str, Reason]]]:
    """Return the first `count` different questions, and the others with the reason why each is not asked."""
    chosen: dict[str, str] = {}
    surplus: list[tuple[str, Reason]] = []
    for question in questions:
        text = without_number(unicodedata.normalize("NFC", " ".join(question.split())))
        form = normal_form(text)
        fault = None if not form or form in chosen else fault_of_question(text)
        if fault:
            surplus.append((question, fault[0]))
        elif form and form not in chosen and len(chosen) < count:
            chosen[form] = text
        else:
            surplus.append((question, "duplicate" if form in chosen else "over_quota" if form else "too_short"))
    return list(chosen.values()), surplus


def quota(passage: Passage, qa: Qa) -> int:
    """Return how many questions the passage gets at most."""
    return min(qa.max_questions_per_passage, -(-len(passage.text) // qa.characters_per_question))


async def _request_questions(client: Client, passage: Passage, qa: Qa) -> list[str] | Rejected:
    messages = _messages("questions", passage, count=quota(passage, qa))
    try:
        written = await client.ask(messages, QuestionList)
    except RequestFailed as error:
        return _reject(passage, "request_failed", detail=str(error))
    if written is None:
        return _reject(passage, "unreadable_answer")
    return written.questions or _reject(passage, "unanswered")


def _messages(task: str, passage: Passage, **values: object) -> Messages:
    own = {"title": passage.title, "section": passage.section, "passage": passage.text}
    return render(task, language_of(passage.text), **own, **values)


async def _answer(client: Client, question: Question, source: Source, qa: Qa) -> Pair | Rejected:
    pair = await _request_answer(client, question, source)
    if isinstance(pair, Rejected) or not qa.round_trip:
        return pair
    return await reproduce(client, pair, source.page, source.document)


async def _request_answer(client: Client, question: Question, source: Source) -> Pair | Rejected:
    messages = _messages("answer", question.passage, question=question.text)
    try:
        written = await client.ask(messages, Answered)
    except RequestFailed as error:
        return _reject(question.passage, "request_failed", question.text, detail=str(error))
    if written is None:
        return _reject(question.passage, "unreadable_answer", question.text)
    shown = _shown(question.passage)
    answer = unicodedata.normalize("NFC", " ".join(as_written(written.answer, shown).split()))
    return _prove_answer(question, answer, as_written(written.evidence, shown), source)


def _shown(passage: Passage) -> str:
    """Return all of a document that the requests about a passage show."""
    return "\n".join([passage.title, passage.section, passage.text])


def _prove_answer(question: Question, answer: str, evidence: str, source: Source) -> Pair | Rejected:
    if not answer:
        return _reject(question.passage, "unanswered", question.text)
    place = find_evidence(evidence, source.page)
    if place is None:
        reason: Reason = "refusal" if abstains(answer) else "evidence_not_on_page"
        return _reject(question.passage, reason, question.text, answer, evidence[:200])
    claim = Claim(question.text, answer, place, source.page, source.document)
    if fault := fault_of_answer(question.text, answer, claim.evidence) or fault_of_claim(claim):
        return _reject(question.passage, fault[0], question.text, answer, fault[1])
    return pair_from_page(source.page, place, "llm", question.text, answer)


def _reject(
    passage: Passage, reason: Reason, question: str = "", answer: str = "", detail: str | None = None
) -> Rejected:
    return Rejected(
        reason=reason,
        doc_id=passage.doc_id,
        page_number=passage.page_number,
        instruction=question,
        output=answer,
        detail=detail or passage.section or None,
    )
