"""Run every rule over every document, and prove each pair on its page; what does not hold is rejected with a reason."""

import hashlib
from collections import defaultdict
from functools import partial

from pagetune.build_qa.context import Titled, with_context
from pagetune.build_qa.draft import Draft, Rule, to_document
from pagetune.build_qa.evidence import not_proven, quote
from pagetune.build_qa.faq import faq_pairs
from pagetune.build_qa.key_values import sentence_pairs, table_pairs
from pagetune.build_qa.statutes import article_pairs, definition_pairs
from pagetune.records import Page, Pair, Rejected


def build_pairs(pages: list[Page], article_characters: int) -> tuple[list[Pair], list[Rejected]]:
    """Pairs and rejected pairs in the order of the pages; together they are all that the rules found."""
    by_place = {(page.doc_id, page.page_number): page for page in pages}
    pairs: list[Pair] = []
    rejected: list[Rejected] = []
    for doc_id, _, draft in with_context(_drafts(pages, article_characters)):
        found = _prove(draft, by_place[doc_id, draft.page_number])
        if isinstance(found, Pair):
            pairs.append(found)
        else:
            rejected.append(found)
    return pairs, rejected


def _drafts(pages: list[Page], article_characters: int) -> list[Titled]:
    rules: tuple[Rule, ...] = (
        faq_pairs,
        definition_pairs,
        partial(article_pairs, max_characters=article_characters),
        sentence_pairs,
        table_pairs,
    )
    drafts: list[Titled] = []
    for doc_id, document_pages in readable(pages).items():
        document = to_document(document_pages)
        found = sorted((draft for rule in rules for draft in rule(document)), key=lambda draft: draft.page_number)
        drafts += [(doc_id, document.title, draft) for draft in found]
    return drafts


def readable(pages: list[Page]) -> dict[str, list[Page]]:
    """The pages that were not set aside, by document."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.status == "ok":
            by_document[page.doc_id].append(page)
    return by_document


def _prove(draft: Draft, page: Page) -> Pair | Rejected:
    pair = _pair(draft, page)
    missing = None if draft.reason else not_proven(pair.output, pair.evidence or "")
    reason = draft.reason or ("not_in_evidence" if missing else None)
    if reason is None and not (pair.instruction and pair.output):
        reason = "too_short"
    return Rejected.of(pair, reason, missing) if reason else pair


def _pair(draft: Draft, page: Page) -> Pair:
    return Pair.original(
        make_id(page.doc_id, str(page.page_number), draft.instruction, draft.output),
        draft.instruction,
        draft.output,
        draft.kind,
        page.doc_id,
        page_number=page.page_number,
        evidence=quote(page, draft.place),
        place=draft.place,
        context=draft.context,
        topic=draft.topic,
    )


def make_id(*parts: str) -> str:
    """12 hex digits that name a pair by its content, the same on every machine."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]
