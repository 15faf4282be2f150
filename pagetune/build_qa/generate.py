"""Pairs by a language model: it writes questions, then one answer to each, which is proven on the page like any other.

Every passage has its quota, so that the last page is asked about like the first. What no pair rests on after that is
shown again (`asking/plan.py` says what is asked when).
"""

import asyncio
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pagetune.build_qa.answer_kinds import fault_of_claim
from pagetune.build_qa.asking.choice import Chooser
from pagetune.build_qa.asking.compared import Side
from pagetune.build_qa.asking.examples import load_examples
from pagetune.build_qa.asking.plan import Asked, Asking
from pagetune.build_qa.asking.requests import request_comparison, request_questions
from pagetune.build_qa.asking.rounds import Rounds
from pagetune.build_qa.asking.wishes import Wishes
from pagetune.build_qa.draft import Document, to_document
from pagetune.build_qa.instructing import Orders, find_orders, without_orders
from pagetune.build_qa.pairs import pair_from_page
from pagetune.build_qa.passages import Passage, passages
from pagetune.build_qa.round_trip import reproduce
from pagetune.build_qa.rules import readable_pages
from pagetune.build_qa.soundness import fault_of_answer
from pagetune.build_qa.surroundings import Claim
from pagetune.language import Remark
from pagetune.ledger import Ledger
from pagetune.llm.client import Client, RequestFailed, gather
from pagetune.llm.engine import open_client
from pagetune.llm.escaping import as_written
from pagetune.llm.schemas import Answered
from pagetune.params import Llm, Qa
from pagetune.records import Page, Pair, QuestionType, Reason, Rejected
from pagetune.text.evidence import find_evidence, whole_text
from pagetune.text.refusal import abstains


class Source(NamedTuple):
    page: Page
    document: Document
    #: The page as a round trip shows it: without what is set aside because of an order to a language model.
    shown: Page


@dataclass(frozen=True)
class Question:
    passage: Passage
    text: str
    wishes: Wishes


Sources = dict[tuple[str, int], Source]


def generate_pairs(
    pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger, by_rules: Sequence[Pair] = ()
) -> tuple[list[Pair], Client]:
    """Return the pairs in page order, and the client with its counts. What `by_rules` rest on is not shown again."""
    return asyncio.run(_generate(pages, qa, llm, ledger, by_rules))


async def _generate(
    pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger, by_rules: Sequence[Pair]
) -> tuple[list[Pair], Client]:
    wishes = Wishes(qa.style, load_examples(qa))
    client = open_client(llm, "build_qa", Remark("pair"))
    documents = [to_document(own) for own in readable_pages(pages).values()]
    sources = {(one.page.doc_id, one.page.page_number): one for document in documents for one in _sources(document, qa)}
    rounds = Rounds([list(passages(document, qa.passage_characters)) for document in documents], qa, by_rules)
    chooser = Chooser(qa, wishes.examples)
    try:
        while askings := rounds.next():
            client.meter.expect(sum(one.passage.order is None for one in askings), open_others=True)
            rounds.add(await gather(_ask_about(client, asking, chooser, wishes, sources) for asking in askings))
    finally:
        await client.close()
    return rounds.close(ledger), client


def _sources(document: Document, qa: Qa) -> Iterator[Source]:
    orders = find_orders(document) if qa.round_trip else Orders(None, [])
    yield from (Source(page, document, without_orders(page, orders)) for page in document.pages)


async def _ask_about(client: Client, asking: Asking, chooser: Chooser, wishes: Wishes, sources: Sources) -> Asked:
    passage = asking.passage
    if passage.order:
        return Asked(asking, (), _reject(passage, "instructs_the_model", detail=passage.order))
    written = await request_questions(client, asking, wishes)
    if isinstance(written, tuple):
        client.meter.follow(0)
        return Asked(asking, (), _reject(passage, written[0], detail=written[1]))
    source = sources[passage.doc_id, passage.page_number]
    choice = chooser.choose(written, asking, whole_text(source.page))
    client.meter.follow(len(choice.chosen))
    answered = await gather(
        _answer_one(client, asking, Question(passage, text, wishes), kind, sources, chooser.qa)
        for text, kind in choice.chosen
    )
    surplus = [_reject(passage, one.reason, one.text, detail=one.detail) for one in choice.surplus]
    return Asked(asking, tuple(choice.chosen), [*answered, *surplus])


async def _answer_one(
    client: Client, asking: Asking, question: Question, kind: QuestionType, sources: Sources, qa: Qa
) -> Pair | Rejected:
    passage = question.passage
    if asking.beside is None:
        row = await _answer(client, question, sources[passage.doc_id, passage.page_number], qa)
    else:
        both = [Side(own, *sources[own.doc_id, own.page_number][:2]) for own in (passage, asking.beside)]
        compared = await request_comparison(client, question.text, (both[0], both[1]), question.wishes)
        client.meter.lead_on(0)
        row = compared if isinstance(compared, Pair) else _reject(passage, compared.reason, *compared.texts)
    client.meter.made(isinstance(row, Pair))
    return row.model_copy(update={"question_type": kind}) if isinstance(row, Pair) else row


async def _answer(client: Client, question: Question, source: Source, qa: Qa) -> Pair | Rejected:
    pair = await _request_answer(client, question, source)
    checked = isinstance(pair, Pair) and qa.round_trip
    client.meter.lead_on(int(checked))
    if isinstance(pair, Rejected) or not checked:
        return pair
    return await reproduce(client, pair, source.shown, source.document)


async def _request_answer(client: Client, question: Question, source: Source) -> Pair | Rejected:
    messages = question.wishes.messages("answer", question.passage, question=question.text)
    try:
        written = await client.ask(messages, Answered)
    except RequestFailed as error:
        return _reject(question.passage, "request_failed", question.text, detail=str(error))
    if written is None:
        return _reject(question.passage, "unreadable_answer", question.text)
    shown = question.passage.shown
    answer = unicodedata.normalize("NFC", " ".join(as_written(written.answer, shown).split()))
    return _prove_answer(question, answer, as_written(written.evidence, shown), source)


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
