"""Pairs from tables and from sentences of the form `X의 Y는 Z입니다`."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.build_qa.evidence import row_place
from pagetune.records import Kind, Place, Table
from pagetune.text.korean import has_final_consonant, interrogative, is_korean, with_particle

#: Headers of a two-column table that say nothing: what is asked for stands in the first column.
_GENERIC_HEADERS = {"항목", "구분", "내용", "값", "설명", "비고", "item", "value", "details", "description"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_FACT = re.compile(r"([^,.]{2,30}의 [^,.]{1,30}?)([은는]) ([^?!]{2,100}?)(?:입니다|이다)\.$")
#: Without a subject, for keys that say by themselves what kind of thing is asked for.
_BARE_KEYS = (
    "대표전화|전화번호|팩스번호?|이메일|누리집|홈페이지|주소|소재지|영업시간|운영시간|진료시간|개관시간|접수기간|신청기간|"
    "교육기간|이용료|수강료|연회비|참가비|문의처|담당 부서|시행일|마감일|정원"
)
_BARE_FACT = re.compile(rf"((?:[가-힣]{{2,8}} )?(?:{_BARE_KEYS}))([은는]) ([^?!]{{2,100}}?)(?:입니다|이다)\.$")
#: A shorter name is one of many.
MIN_NAME_CHARACTERS = 4
#: What stands in a header row that is none: telephone numbers, amounts, dates.
_VALUE = re.compile(r"\d{2,}-\d{3,}|\d{1,3}(?:,\d{3})+|(?<!\d)\d{1,12}\s?[만천]?\s?원$|\d{4}[-./]\d{1,2}|@")
#: Any document may have or speak of these.
_GENERIC = re.compile(
    "개요|현황|일반 현황|기본 정보|연락처|문의처|문의|안내|요약|표|별표|붙임|"
    "센터|회사|당사|본사|당행|본점|은행|기관|기구|학교|병원|도서관|보건소|박물관|본관|본원|서비스|제품|상품|과정|교육|수업|"
    "사업|행사|대회|시설|고객센터|콜센터|홈페이지|누리집|담당 부서|사무국|사무실|위원회|협회|재단|조합|공단|카드|보험|"
    "계좌"
)
#: The end of a title that says what kind of document it is.
_DOCUMENT_WORDS = (
    r"(?:\s*(?:자주 묻는 질문|이용 문답|질의응답|문답|FAQ|Q&A|이용 안내서?|사용 안내서|교육 안내|안내서|안내문|안내|"
    r"공고문?|이용규정|운영규정|규정|규칙|지침|매뉴얼|사용 설명서|설명서|약관|보고서|모음집?))+$"
)
#: Another clause inside: 직원은 3명, 5만원이고 심화 과정의 수강료. 변화하는 환경 and 넓은 방 are none.
_ADNOMINAL = r"(?<![하되받있없많넓높같지오가보내주나르쓰드리만적작좁깊크맞쉽][은는])"
_SECOND_CLAUSE = re.compile(rf"[가-힣][은는]{_ADNOMINAL} |[가-힣](?:이고|이며|이지만|지만|으나),? ")
#: Keys that ask for nothing, and openings that lean on something else.
_NO_KEY = re.compile(r"(?:경우|대부분|것)$")
_LEANS_BACK = re.compile(
    r"만약|[\[<「(]|(이|그|저|해당|위|아래|본|이들|그들|또한|그리고|다만|따라서)(의)?\s|이것|그것|여기|거기"
)


def sentence_pairs(document: Document) -> Iterator[Draft]:
    for paragraph in document.paragraphs:
        for start, sentence in _whole_sentences(paragraph):
            match = _FACT.match(sentence) or _BARE_FACT.match(sentence)
            if match and not _LEANS_BACK.match(sentence) and _particle_fits(*match.group(1, 2)):
                topic = in_full(match.group(1), document.title)
                place = paragraph.place(start, start + len(sentence))
                draft = _fact("key_value", paragraph.page_number, topic, match.group(3), place, paragraph.section)
                yield draft if _is_one_clause(match) else replace(draft, reason="two_clauses")


def _is_one_clause(match: re.Match[str]) -> bool:
    """One subject, one key, one answer."""
    topic, _, answer = match.groups()
    return not (_SECOND_CLAUSE.search(f"{topic} ") or _SECOND_CLAUSE.search(answer) or _NO_KEY.search(topic))


def in_full(topic: str, title: str) -> str:
    """A topic that any document could mean, with whose it is: 센터의 주소 -> 금융보안교육센터의 주소."""
    owner = re.sub(_DOCUMENT_WORDS, "", title).strip() or title
    subject, _, key = topic.rpartition("의 ")
    if not subject:
        return f"{owner}의 {topic}"
    if not _GENERIC.fullmatch(subject):
        return topic
    return f"{owner}의 {key}" if owner.endswith(subject) else f"{title}에서 {topic}"


def _whole_sentences(paragraph: Paragraph) -> list[tuple[int, str]]:
    """Each with where it starts; the rest of a sentence from the page before is none."""
    starts = [0, *(found.end() for found in _SENTENCE_END.finditer(paragraph.text))]
    ends = [*(found.start() for found in _SENTENCE_END.finditer(paragraph.text)), len(paragraph.text)]
    sentences = [(start, paragraph.text[start:end]) for start, end in zip(starts, ends, strict=True)]
    return sentences[1:] if paragraph.is_fragment else sentences


def _particle_fits(topic: str, particle: str) -> bool:
    """은 after a consonant, 는 after a vowel; otherwise the syllable belongs to a word."""
    return has_final_consonant(topic) == (particle == "은")


def table_pairs(document: Document) -> Iterator[Draft]:
    for page in document.pages:
        for number, table in enumerate(page.tables):
            places = [row_place(page, number, row) for row in range(len(table.rows))]
            if not places:
                continue
            if not _has_names(table):
                yield Draft("table", page.page_number, table.caption, "", places[0], reason="unnamed_table")
            elif _is_key_value(table):
                yield from _two_columns(table, page.page_number, places, document.title)
            else:
                yield from _wide(table, page.page_number, places, document.title)


def _has_names(table: Table) -> bool:
    """A key-value table is asked about by its caption, another by its headers, which must differ and be no values."""
    header = table.rows[0]
    if _is_key_value(table):
        return bool(table.caption)
    values = any(_VALUE.search(cell) for cell in header[1:])
    return len(header) >= 2 and all(header) and len(set(header)) == len(header) and not values


def _is_key_value(table: Table) -> bool:
    header = table.rows[0]
    return len(header) == 2 and {cell.lower() for cell in header} <= _GENERIC_HEADERS


def _two_columns(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """`{caption}의 {key}`; a caption that any document could have comes with the title."""
    caption = f"{title} {table.caption}" if _GENERIC.fullmatch(table.caption) else table.caption
    for place, row in zip(places[1:], table.rows[1:], strict=True):
        if _says(row[0]) and _says(row[1]):
            yield _fact("key_value", page_number, _topic(caption, row[0]), row[1], place)


def _wide(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """`{first column}의 {header}` for every other cell of a table with a header row."""
    for place, row in zip(places[1:], table.rows[1:], strict=True):
        for name, value in zip(table.rows[0][1:], row[1:], strict=False):
            if _names_a_thing(row[0]) and _says(value):
                subject = _in_table(row[0], table.caption or title)
                yield _fact("table", page_number, _topic(subject, name), value, place)


def _in_table(name: str, table_name: str) -> str:
    """일반 or 금융 may stand in any table, and names its own; 입문 과정 does not."""
    if len(re.sub(r"[\W_]", "", name)) >= MIN_NAME_CHARACTERS:
        return name
    return f"{table_name}에서 {name}" if is_korean(table_name) else f"{table_name}, {name}"


def _says(cell: str) -> bool:
    """A dash says nothing; a circle says yes."""
    return re.search(r"\w|[○●◎×✓✔]", cell) is not None


def _names_a_thing(cell: str) -> bool:
    """A row's number names nothing."""
    return re.search(r"[^\W\d_]", cell) is not None


def _topic(subject: str, key: str) -> str:
    return f"{subject}의 {key}" if is_korean(subject + key) else f"{subject}: {key}"


def _fact(kind: Kind, page_number: int, topic: str, answer: str, place: Place, section: str = "") -> Draft:
    question = f"{with_particle(topic, '은/는')} {interrogative(topic)}인가요?" if is_korean(topic) else f"{topic}?"
    return Draft(kind, page_number, question, answer, place, section, topic)
