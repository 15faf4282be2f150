"""The pages that no pair comes from, each with the reason, and the documents that give none at all."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from pagetune.build_qa.texts.outline import CONTENTS
from pagetune.language import Remark, tr
from pagetune.records import Page, Pair, SilentPage, WhySilent
from pagetune.text.sentences import ends_sentence

#: A page with fewer characters, in its text and its tables, is expected to give nothing.
MIN_CHARACTERS = 400
#: The share of a page's letters that makes it one of a kind.
_MOST = 0.5
_REFERENCE = re.compile(r"\[\d{1,3}\]\s|\bpp?\.\s?\d|\bdoi\b|arXiv|et al\.|\(\d{4}\)\.", re.IGNORECASE)
_FORMULA = re.compile(r"[=∑∏∫√±≤≥∈θλσμα-ωΑ-Ω{}\\]")
#: What makes a document give pairs, by why its pages give none.
_HELPS: dict[WhySilent, str] = {
    "contents": Remark("its pages are tables of contents: add the documents themselves"),
    "references": Remark("a language model as author (qa.generator: rules+llm)"),
    "formulas": Remark("your own rows (docs/own-rows.md)"),
    "table": Remark("captions and headers in its tables, or a language model as author (qa.generator: rules+llm)"),
    "other_language": Remark("a language model as author (qa.generator: rules+llm); the rules read Korean and English"),
    "fragments": Remark("a language model as author (qa.generator: rules+llm), or your own rows (docs/own-rows.md)"),
    "no_sure_question": Remark("a language model as author (qa.generator: rules+llm)"),
}
#: Why pages were quarantined that OCR may read.
_FOR_OCR = {"needs_ocr", "poor_ocr", "unreadable_font"}


def silent_pages(pages: Iterable[Page], pairs: Iterable[Pair]) -> list[SilentPage]:
    """Return the readable pages with enough text that no pair comes from, in order."""
    speaking = {(pair.doc_id, page_number) for pair in pairs for page_number, _ in pair.places}
    return [
        SilentPage(doc_id=page.doc_id, page_number=page.page_number, characters=_size(page), why=_why(page))
        for page in pages
        if page.status == "ok" and _size(page) >= MIN_CHARACTERS and (page.doc_id, page.page_number) not in speaking
    ]


def page_counts(pages: Sequence[Page], silent: Sequence[SilentPage]) -> dict[str, object]:
    """Count the pages with enough text, and those of them that give nothing, by reason."""
    enough = sum(page.status == "ok" and _size(page) >= MIN_CHARACTERS for page in pages)
    return {"pages": enough, "silent": len(silent), "why": dict(sorted(Counter(page.why for page in silent).items()))}


def silent_documents(pages: Sequence[Page], pairs: Sequence[Pair], silent: Sequence[SilentPage]) -> list[str]:
    """Return a line about each document that gives no pair: how many pages it has, and what would help."""
    speaking = {pair.doc_id for pair in pairs}
    own: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        own[page.doc_id].append(page)
    return [
        tr(
            "{doc_id} gives no pair ({pages}). What would help: {advice}.",
            doc_id=doc_id,
            pages=tr("1 page") if len(found) == 1 else tr("{count} pages", count=len(found)),
            advice=tr(_what_helps(doc_id, found, silent)),
        )
        for doc_id, found in own.items()
        if doc_id not in speaking
    ]


def _what_helps(doc_id: str, pages: Sequence[Page], silent: Sequence[SilentPage]) -> str:
    if any(page.reason in _FOR_OCR for page in pages):
        return Remark("OCR (extract.ocr: auto)")
    if all(page.status == "quarantined" for page in pages):
        return Remark("a file whose text can be read")
    reasons = Counter(page.why for page in silent if page.doc_id == doc_id)
    return _HELPS[reasons.most_common(1)[0][0]] if reasons else Remark("more text; no page has 400 characters")


def _why(page: Page) -> WhySilent:
    """Return why a page may give nothing, by what most of its letters are."""
    lines = page.text.split("\n")
    letters = len(re.findall(r"[^\W\d_]", page.text))
    if _share(lines, lambda line: CONTENTS.search(line) is not None) > _MOST or CONTENTS.search(page.text[:200]):
        return "contents"
    if len(page.text) < _size(page) * (1 - _MOST):
        return "table"
    if len(re.findall(r"[가-힣A-Za-z]", page.text)) < letters * _MOST or _is_other_latin(page.text):
        return "other_language"
    if _share(lines, lambda line: _REFERENCE.search(line) is not None) > _MOST:
        return "references"
    if len(_FORMULA.findall(page.text)) > letters / 20:
        return "formulas"
    return "no_sure_question" if _share(lines, ends_sentence) > _MOST else "fragments"


def _is_other_latin(text: str) -> bool:
    """Tell whether a text in Latin letters is not English: it has accents, or no English word that every text has."""
    if re.search("[가-힣]", text):
        return False
    return len(re.findall(r"\b(?:the|and|of|to|is|in|for)\b", text.lower())) < len(text.split()) / 25


def _share(lines: list[str], test: Callable[[str], bool]) -> float:
    """Return the share of the letters that stands in lines for which `test` holds."""
    total = sum(map(len, lines))
    return sum(len(line) for line in lines if test(line)) / total if total else 0.0


def _size(page: Page) -> int:
    return len(page.text) + sum(len(cell) for table in page.tables for row in table.rows for cell in row)
