"""Run every rule over every document, and prove each pair on its page; a pair that fails is rejected with a reason."""

import re
from collections import defaultdict
from collections.abc import Collection
from functools import partial

from pagetune.build_qa.context import TitledDraft, with_context
from pagetune.build_qa.draft import Draft, Rule, to_document
from pagetune.build_qa.instructing import Orders, find_orders
from pagetune.build_qa.law.provisions import provision_drafts, without_asked_articles
from pagetune.build_qa.law.statutes import article_drafts, definition_drafts
from pagetune.build_qa.pairs import pair_from_page
from pagetune.build_qa.reversed_pairs import reversed_drafts
from pagetune.build_qa.tables.implications import follows
from pagetune.build_qa.tables.questions import table_drafts
from pagetune.build_qa.texts.faq import faq_drafts
from pagetune.build_qa.texts.prose import prose_drafts
from pagetune.build_qa.texts.value_sentences import value_drafts
from pagetune.records import Implication, Page, Pair, Rejected
from pagetune.text.evidence import not_proven

#: A place that somebody will fill in: ○○○ 회사, 대표자 : ), 출자비율 : %.
_TO_FILL_IN = re.compile(r"[○◯ㅇ△□◇]{2,}|[:：]\s*[%)]|_{3,}|\(\s*\)")


def build_pairs(
    pages: list[Page], article_characters: int, implications: Collection[Implication] = ()
) -> tuple[list[Pair], list[Rejected]]:
    """Return pairs and rejected pairs in page order; together they are everything that the rules found."""
    by_place = {(page.doc_id, page.page_number): page for page in pages}
    orders = {doc_id: find_orders(to_document(own)) for doc_id, own in readable_pages(pages).items()}

    def prove(titled: TitledDraft) -> Pair | Rejected:
        return _prove_draft(titled.draft, by_place[titled.doc_id, titled.draft.page_number], orders[titled.doc_id])

    drafts = with_context(_drafts(pages, article_characters, implications))
    proven = [prove(titled) for titled in drafts]
    stated = [(titled, pair) for titled, pair in zip(drafts, proven, strict=True) if isinstance(pair, Pair)]
    proven += map(prove, with_context(reversed_drafts(stated, pages)))
    order = {place: index for index, place in enumerate(by_place)}
    proven.sort(key=lambda row: order[row.doc_id, row.page_number or 0])
    return [row for row in proven if isinstance(row, Pair)], [row for row in proven if isinstance(row, Rejected)]


def _drafts(pages: list[Page], article_characters: int, implications: Collection[Implication]) -> list[TitledDraft]:
    rules: tuple[Rule, ...] = (
        faq_drafts,
        definition_drafts,
        partial(article_drafts, max_characters=article_characters),
        provision_drafts,
        value_drafts,
        prose_drafts,
        partial(table_drafts, implications=implications),
    )
    drafts: list[TitledDraft] = []
    for doc_id, document_pages in readable_pages(pages).items():
        document = to_document(document_pages)
        found = without_asked_articles([draft for rule in rules for draft in rule(document)])
        in_order = sorted(found, key=lambda draft: draft.page_number)
        drafts += [TitledDraft(doc_id, document.title, draft) for draft in in_order]
    return drafts


def readable_pages(pages: list[Page]) -> dict[str, list[Page]]:
    """Group the pages that were not quarantined by document."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.status == "ok":
            by_document[page.doc_id].append(page)
    return by_document


def _prove_draft(draft: Draft, page: Page, orders: Orders) -> Pair | Rejected:
    pair = pair_from_page(page, draft.place, draft.kind, draft.instruction, draft.output, draft.context, draft.topic)
    pair = pair.model_copy(update={"second": draft.second, "reverses": draft.reverses, "computed": draft.computed})
    order = orders.spoil(page.page_number, draft.place)
    if order:
        return Rejected.of(pair, "instructs_the_model", order)
    if draft.reason is None and _TO_FILL_IN.search(pair.output):
        return Rejected.of(pair, "to_fill_in")
    missing = None if draft.reason else _missing(pair)
    reason = draft.reason or ("not_in_evidence" if missing else None)
    if reason is None and not (pair.instruction and pair.output):
        reason = "too_short"
    return Rejected.of(pair, reason, missing) if reason else pair


def _missing(pair: Pair) -> str | None:
    """Return what the evidence does not support in an answer, or None where all of it stands there or follows."""
    if pair.computed is None:
        return not_proven(pair.output, pair.whole_evidence)
    return None if follows(pair.computed, pair.evidence or "", pair.output) else pair.output
