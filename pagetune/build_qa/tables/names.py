"""What a table is called: the document, and the caption or the heading that names it."""

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from pagetune.build_qa.draft import Document, Paragraph, is_heading
from pagetune.build_qa.naming import is_clause, subject_of
from pagetune.build_qa.tables.cells import MIN_NAME_CHARACTERS, letters, plain_name
from pagetune.build_qa.tables.units import units_of
from pagetune.records import Table

#: What stands around the name of a table in its caption.
_AROUND_CAPTION = re.compile(
    r"^\[[^\]\d]{1,4}\d?\]\s*(?=\S)|^[\[<〈《【]?\s*(?:표|별표|서식|별지|Table|Tableau)\s*[\d-]+\s*[.:)\]>〉》】]?\s*|^[\[<〈《【]\s*|\s*[\]>〉》】]$|^[■▸‣]\s*"
    r"|^(?:별첨|붙임|별지|참고)\s*\d*[.:]?\s+|\s*\((?:단위|예시|안|관련)[^)]*\)$|\s*[(（][^()]*관련\)$"
)
#: The name once more in English: 성능 요구사항(Performance Requirement).
_IN_ENGLISH = re.compile(r"(?<=[가-힣])\s?[(（](?=\S+ )[A-Z][A-Za-z&/,.\s-]+[)）]$")
_LAST_BRACKET = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]$")
#: A sentence that ends in the line above a caption: "신청하세요. <이용 요금>".
_SENTENCE_BEFORE = re.compile(r"^.*[가-힣][.]\s+(?=\S)")
_SENTENCE = re.compile(r"(?:니다|시오|세요|한다|된다)(?:[.]|$)|(?:니다|시오)\s")
#: Captions and headings that any document may have.
_GENERIC = re.compile(
    "(?:일반|기본)?(?:개요|현황|정보|사항)|연락처|문의처|문의|안내|요약|표|별표|붙임|참고|예시|비고|목록|내역|기타|주요내용|내용|"
    "그림|이력|개정이력|단위.*"
)
#: A caption that only announces the data of the document's subject: 펀드개요, 사업 현황.
_OVERVIEW = re.compile(r"(?:개요|일반\s?현황|기본\s?정보|현황|안내|요약)표?$")
#: Titles that only say what kind of document this is.
_KIND_OF_DOCUMENT = re.compile(
    r"(?:제안\s?요청서|보도\s?자료|입찰\s?공고(?:문|서)?|공고문?|보통약관|약관|회의록|보고서|안내문?|계획서|과업\s?(?:지시|내용)서|명세서|설명서|규정|지침|"
    r"월간\s?보고서|목차|서식|참고|붙임|Chapt?[ei]r?e?|Table of Contents)\s*(?:\([^)]*\)|\d+)?"
)
#: Lines above a title: approvals, addresses on the web, numbers of a file, dates.
_NOT_A_TITLE = re.compile(
    r"심사필|www\.|https?:|@|제\s?\d{4}[-–]\d+\s?호|^[\s\d년월일.,()~-]*(?:기준|현재)?\)?$|^Official|Page \d"
    r"|^(?:표|그림|별표)\s*\d|^\d{1,2}[.)]\s|^[<\[].*[>\]]$"
    r"|^[(\[]\s*\d+\s*[)\]]"
)
#: The first label of a table that tells of its document, wherever it stands: who is in charge, when it was published.
_OF_DOCUMENT = re.compile(r"(?:담\s?당\s?(?:부\s?서|자|과)|보도\s?(?:시점|일시)|배포\s?(?:일시|일)|문의처?|작성자?)$")
MAX_CAPTION_CHARACTERS = 60
#: A heading does not end like a clause.
_CLAUSE = re.compile(r"(?:[가-힣]다|세요|[까어아해]요|있음|없음|됨|[가-힣]함|것)$|[:：,]$")
#: A heading further above is likely to be another part's.
MAX_PAGES_BETWEEN = 3


@dataclass(frozen=True)
class TableName:
    """`owner` is what the document is about, `caption` what the table is called; either is empty if not known.

    `section` is the heading under which the table is, for telling questions apart. `opens` says that the table is on
    one of the first two pages, where a document tells of itself.
    """

    owner: str
    caption: str
    section: str = ""
    opens: bool = False
    is_english: bool = False

    @property
    def is_overview(self) -> bool:
        """Tell whether the caption only announces the owner's own data: 사업 개요."""
        return _OVERVIEW.search(self.caption) is not None


def plain_caption(caption: str) -> str:
    """Return a caption without bullet, number and brackets: "표 3. 이용 요금" and "<이용 요금>" are "이용 요금"."""
    text, before = plain_name(_SENTENCE_BEFORE.sub("", caption)), ""
    while text != before:
        before = text
        text = plain_name(_AROUND_CAPTION.sub("", text)) if text else ""
        text = _IN_ENGLISH.sub("", _LAST_BRACKET.sub("", text) if units_of(text) else text)
    return text


def usable_caption(caption: str) -> str:
    """Return the plain caption, or "" where it does not tell the table from those of other documents."""
    text = plain_caption(caption)
    fits = len(letters(text)) >= 2 and len(text) <= MAX_CAPTION_CHARACTERS and re.search(r"[^\W\d_]{2}", text)
    is_name = (
        fits and not _SENTENCE.search(text) and not _GENERIC.fullmatch(letters(text)) and not _NOT_A_TITLE.search(text)
    )
    return text if is_name and not _KIND_OF_DOCUMENT.fullmatch(text) and not is_clause(text) else ""


def table_names(document: Document) -> dict[tuple[int, int], TableName]:
    """Return the name of each table by page number and index. A table that continues has the first part's name."""
    whole = TableName(subject_of(document.name, document.pages), "", is_english=_is_english(document))
    by_page: dict[int, list[Paragraph]] = defaultdict(list)
    for paragraph in document.paragraphs:
        by_page[paragraph.page_number].append(paragraph)
    names: dict[tuple[int, int], TableName] = {}
    last, header, above = whole, [""], (0, "")
    for page in document.pages:
        paragraphs = by_page[page.page_number]
        parts = [p for p in paragraphs if _names_a_part(p)]
        near = above[1] if page.page_number - above[0] <= MAX_PAGES_BETWEEN else ""
        headings = _headings(paragraphs, page.tables, near)
        for number, table in enumerate(page.tables):
            goes_on = table.continues or (not parts and number == 0 and table.rows[:1] == [header])
            last = _name(table, headings[number], last, goes_on)
            opens = page.page_number <= document.pages[0].page_number + 1
            names[page.page_number, number] = last = replace(last, opens=opens)
            header = table.rows[0] if table.rows else [""]
        above = (page.page_number, parts[-1].text) if parts else above
    return names


def _name(table: Table, heading: str, last: TableName, goes_on: bool) -> TableName:
    """Name a table by its caption or heading; without a caption, one in a cell or that goes on is named as before."""
    if table.inside is not None:
        return replace(last, caption=usable_caption(table.caption) or last.caption)
    if goes_on and not table.caption:
        return last
    if not table.caption and table.rows and _OF_DOCUMENT.match(table.rows[0][0]):
        heading = ""
    caption = usable_caption(table.caption) or usable_caption(heading)
    return replace(last, caption=caption, section=plain_caption(heading))


def _is_english(document: Document) -> bool:
    """Tell whether a document is in English, by its commonest words."""
    words = [word for p in document.paragraphs[:300] for word in p.text.lower().split()[:50]]
    common = sum(word in ("the", "of", "and", "to", "in", "is", "for") for word in words)
    return not words or common * 20 > len(words) or all(p.text.isascii() for p in document.paragraphs)


def _headings(paragraphs: list[Paragraph], tables: list[Table], above: str) -> list[str]:
    """Return the heading of each table of a page. `above` is the last heading of the pages before.

    A page's text does not say where its tables were, but the captions do, and a heading that no text follows has a
    table below it. A table between two captions of which this says nothing has the heading above both, if there is one.
    """
    captions = [_caption_index(paragraphs, table) for table in tables]
    found = []
    for number, own in enumerate(captions):
        if own is not None:
            found.append(_heading_above(paragraphs, own, above))
            continue
        start = max((index for index in captions[:number] if index is not None), default=-1) + 1
        end = min((index for index in captions[number + 1 :] if index is not None), default=len(paragraphs))
        is_only = sum(index is None for index in captions) == 1
        found.append(_heading_between(paragraphs, start, end, above, is_only))
    return found


def _caption_index(paragraphs: list[Paragraph], table: Table) -> int | None:
    wanted = letters(table.caption)
    return next((i for i, p in enumerate(paragraphs) if wanted and letters(p.text) == wanted), None)


def _heading_above(paragraphs: list[Paragraph], index: int, above: str) -> str:
    """Return the last heading before paragraph `index`."""
    return next((p.text for p in reversed(paragraphs[:index]) if _names_a_part(p)), above)


def _heading_between(paragraphs: list[Paragraph], start: int, end: int, above: str, is_only: bool) -> str:
    """Return the heading of a table that is somewhere between two paragraphs, or "" where it may be one of several.

    `is_only` says that no other table of the page is without a caption.
    """
    between = paragraphs[start:end]
    headings = [p for p in between if _names_a_part(p)]
    if headings and between[-1] is headings[-1] and is_only:
        return headings[-1].text
    if not headings:
        return _heading_above(paragraphs, start, above)
    only_first = all(p in headings for p in between[: len(headings)])
    return headings[-1].text if only_first else ""


def _names_a_part(paragraph: Paragraph) -> bool:
    """Tell whether a paragraph is a heading that can name a table: "2. 물리적 망분리", "① 두 대를 쓰는 방식"."""
    text = paragraph.text.strip()
    name = plain_caption(text)
    numbered = re.match(r"[①-⑳]\s|[가-하][.)]\s|\(?\d{1,2}[.)]\s|[■□❍○]\s", text) is not None and is_heading(name)
    return (
        (paragraph.is_heading or numbered)
        and len(letters(name)) >= MIN_NAME_CHARACTERS
        and len(name) <= MAX_CAPTION_CHARACTERS
        and re.search(r"[가-힣]{2}|[A-Za-z]{3}", name) is not None
        and not re.match(r"[(\[※*–☞]|\d+\s*(?:[.,:/-]\s*\d|[년월일%])", name)
        and not _CLAUSE.search(name)
        and not _NOT_A_TITLE.search(name)
    )
