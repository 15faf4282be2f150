"""What the cells of a table hold: a value, a mark, a total, a place to fill in, or a name."""

import re

#: Letters that a name needs to be understood without the name of its table; a shorter one may be in any table.
MIN_NAME_CHARACTERS = 4
#: A longer label is a sentence, and cannot be the subject of another.
MAX_LABEL_CHARACTERS = 50

_NO_VALUE = re.compile(
    r"(?:자료|정보|내용)\s?없음|해당\s?(?:사항|없음|무).*|(?:추후|별도)\s?(?:공지|협의|통보).*|미정|생략|상동|좌동|이하\s?여백|n/?a|tbd|none",
    re.IGNORECASE,
)
#: The units of what somebody will fill in: "년 월 일", "원".
_UNITS_ALONE = re.compile(r"[\s년월일시분초원명개건회%()~～∼:./-]*")
#: A place to fill in: a label without its value ("성명:"), brackets to tick or to sign in, letters that stand for
#: others ("○○시", "20XX"), lines to write on.
_TO_FILL_IN = re.compile(
    r"[:：]\s*(?:$|\(인\)|[가-힣]+\s?[:：])|\(\s*\)"
    r"|[(（]\s*(?:인|서명|날인|서명 또는 인)\s*[)）]"
    r"|[○◯ㅇ△□◇]{2,}|(?<![A-Za-z])[OX]{2,}(?![A-Za-z])|[☐□]|_{3,}|\*{2,}|(?<!\d)0{4,}(?!\d)|^\d{2}\s?\.\s?\.|홍\s?길동"
)
#: What a cell says of a table that stands in it.
_POINTER = re.compile(r"\[표 \d+\]")
_YES = re.compile(r"[○◯●◎⃝√✓✔☑■OoVvYyＯ]|yes|예")
_NO = re.compile(r"[×✕✖ＸXxNn]|no|아니[요오]", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:소|합|총|누)\s*계|계|총\s*합계?|(?:전체|연간|총)\s*(?:합계|계)|평\s*균|(?:sub|grand)?\s*totals?|sum|average",
    re.IGNORECASE,
)
_ROW_NUMBER = re.compile(r"번\s*호|연\s*번|순\s*번|순\s*서|순\s*위|no\.?|#|seq\.?|순", re.IGNORECASE)
#: A bullet, a number or a letter before a name or a value.
_BULLET = re.compile(r"^(?![-–]\s?[\d.])(?:[-–•·ㆍ‧∙∘․○◯❍◦●▪■□▶▷☞⇒→*※]|[oㅇ](?=\s))\s*")
_NUMBERING = re.compile(
    r"^(?:\d{1,2}(?:[.-]\d{1,2})+\.?\s+|\d{1,2}[.)]\s*(?!\d)|[가-하][.)]\s+|[①-⑳]\s*|[A-Z][.)]\s+|[IVXⅠ-Ⅻ]+[.\s]\s*|\(\d{1,2}\)\s*)"
)
#: Marks of a footnote, of the points of a group ("기능성 (19)"), or a bullet of the next cell, behind a name.
_BEHIND = re.compile(r"(?:(?<=[가-힣A-Za-z)])\d{1,2}\)|(?<=[가-힣])주\)|\*+|\s[oㅇ]|\s?\(\d{1,3}(?:점|%)?\))$")
_NUMBERED = re.compile(r"(\d{1,2}(?:[.-]\d{1,2})+)\.?\s+(\S.*)", re.DOTALL)
_NUMBER = r"[-−–+△▲▽▼]?\s?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.))(?:\.\d+)?"
_NUMBER_OR_RANGE = re.compile(rf"{_NUMBER}(?:\s?[~∼-]\s?{_NUMBER})?")
#: The items of a list that a cell holds in one line.
_ITEM_GAP = re.compile(r"\s+(?=[-–•·ㆍ∘○◦▪☞]\s?[^\s\d]|[oㅇ]\s\S)")
#: A word whose letters are set apart: "사 업 명".
_SPACED_OUT = re.compile(r"(?:[가-힣]\s){1,5}[가-힣]")
#: The bullets of a list whose items have lists of their own, and the bullets of those.
_TOP_ITEM = re.compile(r"(?:^|\s)(?:[○◯❍□■▣◎]|[oㅇ](?=\s))\s*(?=[^\s])")
_SUB_ITEM = re.compile(r"\s[-–]\s?(?=[^\s\d])")
_MAX_TITLE = 25
_CLAUSE_END = re.compile(r"(?:[가-힣]다|함|음|됨|것|며|고|여|[.,:])$")
_NUMBER_BEFORE = re.compile(r"^\d{1,2}[.)]\s+(?=[가-힣])")
_FOOTNOTE = re.compile(r"(?<=[가-힣])\d{1,2}\)$")
_ITEMS_OF_SEVERAL_ROWS = re.compile(r"(?<!\S)(?:\d{1,2}|[가-하])[.)]\s[^\s\d].*(?<!\S)(?:\d{1,2}|[가-하])[.)]\s[^\s\d]")


def has_value(cell: str) -> bool:
    """Tell whether a cell answers anything: not a dash, a mark, 해당 없음, a place to fill in, or another table."""
    text = cell.strip()
    return (
        re.search(r"[^\W_]", text) is not None
        and not _NO_VALUE.fullmatch(text)
        and not _UNITS_ALONE.fullmatch(text)
        and not is_to_fill_in(text)
        and not _POINTER.search(text)
    )


def is_to_fill_in(cell: str) -> bool:
    """Tell whether somebody will write into a cell: "성명:", "(인)", "○○시"."""
    return _TO_FILL_IN.search(cell) is not None


def has_letters(cell: str) -> bool:
    """Tell whether a cell has a letter; a number alone does not name anything."""
    return re.search(r"[^\W\d_]", cell) is not None


def is_name(cell: str) -> bool:
    """Tell whether a cell can name a row or a column."""
    is_short = len(cell) <= MAX_LABEL_CHARACTERS and not is_list_of_rows(cell)
    return has_letters(cell) and is_short and not is_to_fill_in(cell) and not _POINTER.search(cell)


def is_list_of_rows(cell: str) -> bool:
    """Tell whether a cell has the names of several rows: "1. 보고 2. 기밀보안"."""
    return _ITEMS_OF_SEVERAL_ROWS.search(cell) is not None


def is_total(cell: str) -> bool:
    return _TOTAL.fullmatch(cell.strip()) is not None


def is_row_number(header: str) -> bool:
    return _ROW_NUMBER.fullmatch(header.strip()) is not None


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, or a range of numbers, without a unit."""
    return re.search(r"\d", cell) is not None and _NUMBER_OR_RANGE.fullmatch(cell.strip()) is not None


def says_yes(cell: str) -> bool:
    return _YES.fullmatch(cell.strip()) is not None


def says_no(cell: str) -> bool:
    return _NO.fullmatch(cell.strip()) is not None


def plain_name(cell: str) -> str:
    """Return a name without what surrounds it: "1. 일반현황" is 일반현황, and "기능성 (19)" is 기능성."""
    text, before = re.sub(r"\s[oㅇ](?=\s)", "", " ".join(cell.split())), ""
    while text != before:
        before = text
        text = _BEHIND.sub("", _NUMBERING.sub("", _BULLET.sub("", text))).strip()
    text = re.sub(r"(?<=[가-힣])[.]$", "", text or " ".join(cell.split()))
    return text.replace(" ", "") if _SPACED_OUT.fullmatch(text) else text


def plain_value(cell: str) -> str:
    """Return a value without the bullet before it; the items of a list get a line each."""
    items = [item for item in _ITEM_GAP.split(cell.strip()) if item]
    if len(items) > 1 and all(_BULLET.match(item) for item in items):
        return "\n".join(f"- {_BULLET.sub('', item)}" for item in items)
    if len(items) > 1 or is_list_of_rows(cell):
        return cell.strip()
    return _FOOTNOTE.sub("", _NUMBER_BEFORE.sub("", _BULLET.sub("", cell.strip())))


def titled_items(cell: str) -> list[tuple[str, str]]:
    """Return the items of a list whose items all have a title and sub-items: "○ 접수 - 창구에서 받음 ○ 심사 - …"."""
    parts = [_SUB_ITEM.split(item.strip(), maxsplit=1) for item in _TOP_ITEM.split(cell.strip()) if item.strip()]
    titles = [part[0].strip(" :") for part in parts if len(part) == 2]
    are_short = all(2 <= len(title) <= _MAX_TITLE and not _CLAUSE_END.search(title) for title in titles)
    if len(titles) < max(len(parts), 2) or not are_short:
        return []
    return [(title, f"- {part[1].strip()}") for title, part in zip(titles, parts, strict=True)]


def numbered(cell: str) -> tuple[str, str] | None:
    """Return the number of several levels that a cell begins with, and the rest: "1.2 교육", but not "2. 교육"."""
    found = _NUMBERED.fullmatch(cell.strip())
    return (found[1], found[2].strip()) if found else None


def letters(text: str) -> str:
    """Return the letters and digits of a name, by which two names are compared."""
    return re.sub(r"[\W_]", "", text).lower()
