"""Run every rule over every document; what does not hold is rejected with a reason."""

import hashlib
import re
from collections import defaultdict

from pagetune.build_qa.draft import Draft, Rule, to_document
from pagetune.build_qa.facts import sentence_pairs, table_pairs
from pagetune.build_qa.faq import faq_pairs
from pagetune.build_qa.statutes import article_pairs, definition_pairs
from pagetune.params import Qa
from pagetune.records import Page, Pair, Reason, Rejected

RULES: tuple[Rule, ...] = (faq_pairs, definition_pairs, article_pairs, sentence_pairs, table_pairs)


def build_pairs(pages: list[Page], params: Qa) -> tuple[list[Pair], list[Rejected]]:
    """Pairs and rejected pairs in the order of the pages; together they are all that the rules found."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.status == "ok":
            by_document[page.doc_id].append(page)
    pairs: list[Pair] = []
    rejected: list[Rejected] = []
    for doc_id, document_pages in by_document.items():
        document = to_document(document_pages)
        for draft in sorted((d for rule in RULES for d in rule(document)), key=lambda d: d.page_number):
            reason = draft.reason or _why_not(draft, document_pages, params)
            if reason:
                rejected.append(_reject(draft, doc_id, reason))
            else:
                pairs.append(_accept(draft, doc_id))
    return pairs, rejected


def _why_not(draft: Draft, pages: list[Page], params: Qa) -> Reason | None:
    if len(draft.output) < params.min_answer_characters or not draft.instruction:
        return "too_short"
    if len(draft.output) > params.max_answer_characters or len(draft.instruction) > params.max_question_characters:
        return "too_long"
    page = next(page for page in pages if page.page_number == draft.page_number)
    return None if stands_on_page(draft.evidence, page) else "evidence_not_on_page"


def stands_on_page(evidence: str, page: Page) -> bool:
    """Whether `evidence` is in the page's text, or is cells of one table row joined by " | ". White space is folded."""
    rows = ["|".join(row) for table in page.tables for row in table.rows]
    return _fold(evidence) in _fold(page.text) or any(_fold(evidence) in _fold(row) for row in rows)


def _fold(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _accept(draft: Draft, doc_id: str) -> Pair:
    return Pair(
        pair_id=make_id(doc_id, str(draft.page_number), draft.instruction, draft.output),
        instruction=draft.instruction,
        output=draft.output,
        kind=draft.kind,
        doc_id=doc_id,
        page_number=draft.page_number,
        evidence=draft.evidence,
        topic=draft.topic,
        template="original",
        parent_id=None,
        references=[],
    )


def _reject(draft: Draft, doc_id: str, reason: Reason) -> Rejected:
    return Rejected(
        reason=reason,
        doc_id=doc_id,
        page_number=draft.page_number,
        instruction=draft.instruction,
        output=draft.output,
    )


def make_id(*parts: str) -> str:
    """12 hex digits that name a pair by its content, the same on every machine."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]
