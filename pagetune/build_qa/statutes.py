"""Pairs from regulations: articles (제N조(제목) …) and definitions ("X"란 … 말한다)."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.korean import with_particle
from pagetune.records import Reason
from pagetune.sentences import ends_sentence

_ARTICLE = re.compile(r"(제\d+조(?:의\d+)?)\s?\(([^)]+)\)\s*(.*)")
_CHAPTER = re.compile(r"제\d+[장절편] |부칙")
_DEFINITION = re.compile(
    r"[\"“]([^\"”]{1,30})[\"”]\s?(?:이란|란|이라 함은|라 함은)\s+((?:(?!다\.).)+?말(?:한다|합니다)\.)"
)
_COLON_DEFINITION = re.compile(r"(?:[가-하]|\d+)[.)]\s*([^:：]{1,30})\s?[:：]\s*(.+?말(?:한다|합니다)\.)")
_AMENDMENT = re.compile(r"\s*<(?:개정|신설|본조신설|전문개정)[^>]*>|\s*\[(?:본조신설|전문개정|제목개정)[^\]]*\]")
#: Heads that point at something else instead of naming a thing.
_POINTS_ELSEWHERE = re.compile(r"(\s자|것|사항|경우)$")


def article_pairs(document: Document) -> Iterator[Draft]:
    paragraphs = document.paragraphs
    for index, paragraph in enumerate(paragraphs):
        match = _ARTICLE.match(paragraph.text)
        if match:
            rest, goes_on = _rest_of_article(paragraphs, index)
            yield _article(document.title, match, rest, paragraph.page_number, goes_on)


def _rest_of_article(paragraphs: list[Paragraph], start: int) -> tuple[list[str], bool]:
    """The article's further paragraphs on its page, and whether it goes on overleaf."""
    texts: list[str] = []
    for paragraph in paragraphs[start + 1 :]:
        if _ARTICLE.match(paragraph.text) or _CHAPTER.match(paragraph.text):
            break
        if paragraph.page_number != paragraphs[start].page_number:
            return texts, True
        texts.append(paragraph.text)
    return texts, False


def _article(title: str, match: re.Match[str], rest: list[str], page_number: int, goes_on: bool) -> Draft:
    number, name, first = match.groups()
    evidence = " ".join([match.group(0), *rest])
    topic = f"{title} {number}({name})"
    return Draft(
        kind="article",
        page_number=page_number,
        instruction=f"{topic}의 내용은 무엇인가요?",
        output=_AMENDMENT.sub("", " ".join([first, *rest])).strip(),
        evidence=evidence,
        topic=topic,
        reason=_why_not(first, rest) or ("unfinished" if goes_on else None),
    )


def _why_not(first: str, rest: list[str]) -> Reason | None:
    if first.startswith("삭제") or not first:
        return "repealed"
    whole = " ".join([first, *rest])
    if re.search("다음 각 호|다음 각 목|다음과 같다", whole):
        return "refers_elsewhere"  # the list that follows is asked for item by item, or not at all
    return None if ends_sentence(_AMENDMENT.sub("", whole)) else "unfinished"


def definition_pairs(document: Document) -> Iterator[Draft]:
    for paragraph in document.paragraphs:
        colon = _COLON_DEFINITION.match(paragraph.text)
        for match in [colon] if colon else _DEFINITION.finditer(paragraph.text):
            yield _definition(match, paragraph.page_number)


def _definition(match: re.Match[str], page_number: int) -> Draft:
    term, meaning = match.group(1).strip(), _AMENDMENT.sub("", match.group(2)).strip()
    elsewhere = _POINTS_ELSEWHERE.search(term) or "다음 각 호" in meaning
    return Draft(
        kind="definition",
        page_number=page_number,
        instruction=f"{with_particle(term, '이란/란')} 무엇인가요?",
        output=meaning,
        evidence=match.group(0),
        topic=f"{term}의 뜻",
        reason="refers_elsewhere" if elsewhere else None,
    )
