"""Pairs from tables and from sentences of the form `X의 Y는 Z입니다`."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Draft, Paragraph
from pagetune.build_qa.evidence import row_place
from pagetune.records import Kind, Place, Table
from pagetune.text.korean import has_final_consonant, interrogative, is_korean, with_particle

#: Headers that name nothing. In a two-column table with such headers the first column holds the keys.
_GENERIC_HEADERS = {"항목", "구분", "내용", "값", "설명", "비고", "item", "value", "details", "description"}
_FACT = re.compile(r"([^,.]{2,30}의 [^,.]{1,30}?)([은는]) ([^?!]{2,100}?)(?:입니다|이다)\.$")
#: Keys that need no subject, because they say by themselves what kind of thing is asked for.
_BARE_KEYS = (
    "대표전화|전화번호|팩스번호?|이메일|누리집|홈페이지|주소|소재지|영업시간|운영시간|진료시간|개관시간|접수기간|신청기간|"
    "교육기간|이용료|수강료|연회비|참가비|문의처|담당 부서|시행일|마감일|정원"
)
_BARE_FACT = re.compile(rf"((?:[가-힣]{{2,8}} )?(?:{_BARE_KEYS}))([은는]) ([^?!]{{2,100}}?)(?:입니다|이다)\.$")
#: What stands around the name of a table in its caption.
_AROUND_CAPTION = re.compile(
    r"^[■□▶▷◆◇○●◎•※☞ㅇ]\s*|^[\[<〈《【]?\s*(?:표|별표|서식|Table)\s*[\d-]+[.:)]?\s*|^\d{1,2}[.)]\s+|^[\[<〈《【]\s*|\s*[\]>〉》】]$"
)
#: What a cell says of a table that stands in it.
_POINTER = re.compile(r"\[표 \d+\]")
#: A shorter name may be in any table.
MIN_NAME_CHARACTERS = 4
#: Values, which a header row does not have: telephone numbers, amounts, dates.
_VALUE = re.compile(r"\d{2,}-\d{3,}|\d{1,3}(?:,\d{3})+|(?<!\d)\d{1,12}\s?[만천]?\s?원$|\d{4}[-./]\d{1,2}|@")
#: Captions and subjects that any document may have.
_GENERIC = re.compile(
    "개요|현황|일반 현황|기본 정보|연락처|문의처|문의|안내|요약|표|별표|붙임|"
    "센터|회사|당사|본사|당행|본점|은행|기관|기구|학교|병원|도서관|보건소|박물관|본관|본원|서비스|제품|상품|과정|교육|수업|"
    "사업|행사|대회|시설|고객센터|콜센터|홈페이지|누리집|담당 부서|사무국|사무실|위원회|협회|재단|조합|공단|카드|보험|"
    "계좌"
)
#: Words at the end of a title that say what kind of document it is.
_DOCUMENT_WORDS = (
    r"(?:\s*(?:자주 묻는 질문|이용 문답|질의응답|문답|FAQ|Q&A|이용 안내서?|사용 안내서|교육 안내|안내서|안내문|안내|"
    r"공고문?|이용규정|운영규정|규정|규칙|지침|매뉴얼|사용 설명서|설명서|약관|보고서|모음집?))+$"
)
#: A second clause: 직원은 3명, 5만원이고 심화 과정의 수강료. In 변화하는 환경 and 넓은 방 there is none.
_ADNOMINAL = r"(?<![하되받있없많넓높같지오가보내주나르쓰드리만적작좁깊크맞쉽][은는])"
_SECOND_CLAUSE = re.compile(rf"[가-힣][은는]{_ADNOMINAL} |[가-힣](?:이고|이며|이지만|지만|으나),? ")
#: Words that cannot be asked for.
_NOT_A_KEY = re.compile(r"(?:경우|대부분|것)$")
#: Openings that refer back to an earlier sentence, or to a figure.
_REFERS_BACK = re.compile(
    r"만약|[\[<「(]|(이|그|저|해당|위|아래|본|이들|그들|또한|그리고|다만|따라서)(의)?\s|이것|그것|여기|거기"
)


def sentence_drafts(document: Document) -> Iterator[Draft]:
    for paragraph in document.paragraphs:
        for sentence in _whole_sentences(paragraph):
            match = _FACT.match(sentence.text) or _BARE_FACT.match(sentence.text)
            if match and not _REFERS_BACK.match(sentence.text) and _particle_fits(*match.group(1, 2)):
                topic, answer = _with_owner(match.group(1), document.title), match.group(3)
                draft = _topic_draft(
                    "key_value", sentence.page_number, topic, answer, sentence.place(), sentence.section
                )
                yield draft if _is_one_clause(match) else replace(draft, reason="two_clauses")


def _is_one_clause(match: re.Match[str]) -> bool:
    """Tell whether the sentence has one subject, one key and one answer."""
    topic, _, answer = match.groups()
    return not (_SECOND_CLAUSE.search(f"{topic} ") or _SECOND_CLAUSE.search(answer) or _NOT_A_KEY.search(topic))


def _with_owner(topic: str, title: str) -> str:
    """Name the owner in a topic that any document could have: 센터의 주소 -> 금융보안교육센터의 주소."""
    owner = re.sub(_DOCUMENT_WORDS, "", title).strip() or title
    subject, _, key = topic.rpartition("의 ")
    if not subject:
        return f"{owner}의 {topic}"
    if not _GENERIC.fullmatch(subject):
        return topic
    return f"{owner}의 {key}" if owner.endswith(subject) else f"{title}에서 {topic}"


def _whole_sentences(paragraph: Paragraph) -> list[Paragraph]:
    """Split a paragraph into sentences, and drop the rest of a sentence from the page before."""
    sentences = paragraph.split(SENTENCE_GAP)
    return sentences[1:] if paragraph.is_fragment else sentences


def _particle_fits(topic: str, particle: str) -> bool:
    """Tell whether 은 follows a consonant or 는 a vowel; otherwise the syllable belongs to a word."""
    return has_final_consonant(topic) == (particle == "은")


def table_drafts(document: Document) -> Iterator[Draft]:
    for page in document.pages:
        for number, table in enumerate(page.tables):
            places = [row_place(page, number, row) for row in range(len(table.rows))]
            if not places:
                continue
            table = table.model_copy(update={"caption": _plain_caption(table.caption)})
            if table.layout == "form":
                yield from _form_drafts(table, page.page_number, places, document.title)
            elif table.layout == "turned":
                yield from _turned_drafts(table, page.page_number, places, document.title)
            elif not _has_names(table):
                yield Draft("table", page.page_number, table.caption, "", places[0], reason="unnamed_table")
            elif _is_key_value(table):
                yield from _key_value_drafts(table, page.page_number, places, document.title)
            else:
                yield from _wide_table_drafts(table, page.page_number, places, document.title)


def _plain_caption(caption: str) -> str:
    """Return a caption without its bullet, number and brackets: "표 3. 이용 요금" and "<이용 요금>" are "이용 요금"."""
    return _AROUND_CAPTION.sub("", caption).strip()


def _form_drafts(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """Ask for each value of a form by its label."""
    for number, place in enumerate(places):
        for label, value in _labels_and_values(table, number):
            if _names_a_thing(label) and _has_value(value):
                yield _topic_draft("key_value", page_number, _topic(_owner(table, title), label), value, place)


def _labels_and_values(table: Table, number: int) -> Iterator[tuple[str, str]]:
    """Yield the labels and values of a form's row. Before a label there may be the heading of several rows."""
    row = table.rows[number]
    merged = [(number, column) in table.filled and text == row[column - 1] for column, text in enumerate(row)]
    cells = [text for text, is_copy in zip(row, merged, strict=True) if not is_copy]
    if len(cells) == 3:
        cells = cells[1:]
    if len(cells) % 2 == 0:
        yield from zip(cells[::2], cells[1::2], strict=True)


def _turned_drafts(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """Ask for the value of each row's label in each column, which the first row names."""
    for row, place in zip(table.rows[1:], places[1:], strict=True):
        for name, value in zip(table.rows[0][1:], row[1:], strict=True):
            if _names_a_thing(name) and _names_a_thing(row[0]) and _has_value(value):
                subject = _with_table_name(name, table.caption or title)
                yield _topic_draft("table", page_number, _topic(subject, row[0]), value, place)


def _owner(table: Table, title: str) -> str:
    """Return what a table's labels belong to. A caption that any document could have gets the title before it."""
    if not table.caption:
        return title
    return f"{title} {table.caption}" if _GENERIC.fullmatch(table.caption) else table.caption


def _has_names(table: Table) -> bool:
    """Tell whether the table can be asked about: a key-value table by its caption, any other by its headers.

    Headers must be there, differ from each other, and not be values.
    """
    header = table.rows[0]
    if _is_key_value(table):
        return bool(table.caption)
    has_values = any(_VALUE.search(cell) for cell in header[1:])
    return len(header) >= 2 and all(header) and len(set(header)) == len(header) and not has_values


def _is_key_value(table: Table) -> bool:
    header = table.rows[0]
    return len(header) == 2 and {cell.lower() for cell in header} <= _GENERIC_HEADERS


def _key_value_drafts(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """Ask for `{caption}의 {key}` row by row."""
    for place, row in zip(places[1:], table.rows[1:], strict=True):
        if _has_value(row[0]) and _has_value(row[1]):
            yield _topic_draft("key_value", page_number, _topic(_owner(table, title), row[0]), row[1], place)


def _wide_table_drafts(table: Table, page_number: int, places: list[Place], title: str) -> Iterator[Draft]:
    """Ask for `{first column}의 {header}` for every other cell of a table with a header row."""
    for place, row in zip(places[1:], table.rows[1:], strict=True):
        for name, value in zip(table.rows[0][1:], row[1:], strict=False):
            if _names_a_thing(row[0]) and _has_value(value):
                subject = _with_table_name(row[0], table.caption or title)
                yield _topic_draft("table", page_number, _topic(subject, name), value, place)


def _with_table_name(name: str, table_name: str) -> str:
    """Name the table before a short name such as 일반 or 금융, which any table may have; 입문 과정 is long enough."""
    if len(re.sub(r"[\W_]", "", name)) >= MIN_NAME_CHARACTERS:
        return name
    return f"{table_name}에서 {name}" if is_korean(table_name) else f"{table_name}, {name}"


def _has_value(cell: str) -> bool:
    """Tell whether a cell has a value. A dash or another table is not one; a circle is, and means yes."""
    return re.search(r"\w|[○●◎×✓✔]", cell) is not None and not _POINTER.search(cell)


def _names_a_thing(cell: str) -> bool:
    """Tell whether a cell has a letter. A row's number does not name anything."""
    return re.search(r"[^\W\d_]", cell) is not None


def _topic(subject: str, key: str) -> str:
    return f"{subject}의 {key}" if is_korean(subject + key) else f"{subject}: {key}"


def _topic_draft(kind: Kind, page_number: int, topic: str, answer: str, place: Place, section: str = "") -> Draft:
    question = f"{with_particle(topic, '은/는')} {interrogative(topic)}인가요?" if is_korean(topic) else f"{topic}?"
    return Draft(kind, page_number, question, answer, place, section, topic)
