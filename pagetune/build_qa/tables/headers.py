"""What the headers and labels of a table say: what is told, of what, and in which unit."""

import re

from pagetune.build_qa.tables.cells import has_letters, is_number, is_row_number, plain_name
from pagetune.build_qa.tables.units import UNIT
from pagetune.records import Table

#: Headers and labels that only say that something is named or told.
GENERIC = re.compile(
    r"(?:세부|주요|상세)?\s?(?:항\s?목|구\s?분|분\s?류|내\s?용|설\s?명|종\s?류|유\s?형)명?|값|item|value|details?|description|category|type|name|",
    re.IGNORECASE,
)
#: A year, a month, a day of the week: a header that names one of a series.
OF_SERIES = re.compile(
    r"(?:(?:19|20)\d{2}|['‘’]\d{2}|\d{2,4}년)(?:년|\.\d{1,2})?(?!\d).*|\d{1,2}(?:월|일|주|차|개월|년|분기|학년|회|급|등급|단계).*|제\d+(?:기|차|회|분기)|[월화수목금토일]요일.*|평일|주말|.*공휴일"
)
ACCOUNTS = re.compile(r"과목|계정|지표|항목")
REMARKS = re.compile(r"비\s?고|참\s?고|기\s?타|remarks?|notes?", re.IGNORECASE)
#: Nouns that say what is told of something, and therefore are keys: 금액, 담당자, 장점, 보안성.
KEY = re.compile(
    r"(?:금액|요금|비용|가격|단가|수수료|수강료|이용료|보증금|예산|매출액?|점수|배점|비율|비중|율|률|개수|건수|인원|정원|수량|면적|규모|크기|무게|중량|용량|길이|높이|"
    r"전압|전원|두께|폭|(?<![요평휴])일자?|날짜|기간|시간|시기|기한|[연년]도|주소|위치|장소|소재지|강의실|번호|전화|연락처|이메일|전자우편|팩스|홈페이지|담당자?|책임자|대표자?|성명|이름|명칭|"
    r"소속|직위|직급|부서|기관|회사|업체|대상|자격|조건|요건|방법|절차|방식|기준|목적|성격|근거|사유|원인|효과|내용|설명|정의|의미|역할|업무|특징|장점|단점|성|등급|순위|상태|"
    r"결과|여부|주기|횟수|빈도|단위|규격|사양|재질|색상|제조사|원산지|서류|준비물|형식|표현식|과목|제목|대책|조치|처리기준|영향|예시|주의사항|"
    r"이익|이익률|자산|부채|자본|소득|수입|지출|손실|생산량|판매량|사용량|배출량|[가-힣]액)$"
)
#: Two rows of headers in one, of which the second names the parts of the first.
_PART_BEHIND = re.compile(
    r"^((?:\S+\s)?\S*(?:비|금액|요금|비용|가격|단가|료|액|건수|인원|수량|등급|비율|면적|기간|시간))(\([^)]*\))?\s(\S.*)$"
)
#: Headers over names that are numbers.
NUMBERS_NAME = re.compile(r"(?:코드|호실|룸|연도|년도|회차|차수|기수|등급|학년|호봉|급수|동)$")
#: Headers over days, and days that name rows of a history: 2018.12.
DAYS_NAME = re.compile(r"(?:일자|날짜|일시|시기|연월일?|년월일?|기간)$")
DAY = re.compile(r"(?:19|20)\d{2}\s?[.년/-]\s?\d{1,2}(?!\d*\s?분기).{0,20}")
#: Values, which a header row does not have: telephone numbers, amounts, dates.
_VALUE = re.compile(r"\d{2,}-\d{3,}|\d{1,3}(?:,\d{3})+|(?<!\d)\d{1,12}\s?[만천]?\s?원$|\d{4}[-./]\d{1,2}[-./]|@")
#: The points that a header adds up to, or that it is an example.
_BEHIND_HEADER = re.compile(r"\s?\((?:\d[\d,.]*(?:점|%|명|개)?|예시|예|안)\)$")
_MAX_HEADER_CHARACTERS = 40
#: ‘24.1Q, ’24.1분기, '24년.
_SHORT_YEAR = re.compile(r"['‘’`](\d{2})(?:년?[.\s]\s?([1-4])\s?(?:Q|/4분기|분기)|년)")
_ITEM_NUMBER = re.compile(r"[①-⑳]|\(?\d{1,2}[.)]\s")


def is_key(cell: str) -> bool:
    """Tell whether a cell says what is told: 금액, 담당자, but not 5일."""
    return KEY.search(plain_name(cell)) is not None and not any(map(str.isdigit, cell))


def is_value(cell: str) -> bool:
    return _VALUE.search(cell) is not None


def has_header(table: Table) -> bool:
    """Tell whether the first row can be a header: its cells are there, differ from each other, and are not values."""
    header = table.rows[0]
    filled = set(table.filled)
    own = [cell for column, cell in enumerate(header) if (0, column) not in filled or table.continues]
    named = [cell for cell in own[1:] if cell]
    goes_down = len(table.rows) > 1 and (1, 0) in filled and table.rows[1][0] == header[0]
    if sum(_ITEM_NUMBER.match(cell) is not None for row in table.rows[:2] for cell in row) > len(header):
        return False  # The items of a list in rows: ① … ② … ③ ….
    return (
        len(own) >= 2
        and len(named) == len(own) - 1
        and len(set(own)) == len(own)
        and not goes_down
        and not any(is_value(cell) or len(cell) > _MAX_HEADER_CHARACTERS for cell in header[1:])
        and any(has_letters(cell) or OF_SERIES.fullmatch(cell) for cell in named)
    )


def is_key_value(table: Table) -> bool:
    """Tell whether a table has two columns whose headers name nothing, so that the first column holds the keys."""
    header = table.rows[0]
    return len(header) == 2 and all(GENERIC.fullmatch(cell.strip()) for cell in header) and any(header)


def spelled_out(header: list[str]) -> list[str]:
    """Return a header with days of the week in full, where it has three or more, and 서울 숙박비 for 숙박비 서울."""
    days = [cell.strip() for cell in header if re.fullmatch("[월화수목금토일]", cell.strip())]
    header = [f"{cell.strip()}요일" if len(days) > 2 and cell.strip() in days else cell for cell in header]
    return [_PART_BEHIND.sub(r"\3 \1\2", cell) if not KEY.search(cell.strip()) else cell for cell in header]


def tells(header: str) -> bool:
    """Tell whether a header announces values even where they look like names: 담당자, 배점, 금액."""
    endings = (
        "금액|요금|비용|배점|점수|담당자?|전화|번호|기간|일자|시간|주소|내용|설명|기준|역할|대책|영향|방법|비율|율"
    )
    return re.search(rf"(?:{endings})(?:\(.*\))?$", header.strip()) is not None


def in_full(name: str) -> str:
    """Return a quarter or a year in full: ‘24.1Q is 2024년 1분기, and '23년 is 2023년."""
    return _SHORT_YEAR.sub(lambda found: f"20{found[1]}년" + (f" {found[2]}분기" if found[2] else ""), name)


def can_be_asked(header: list[str], column: int) -> bool:
    """Tell whether a column's header is a key: it is one of a kind, and neither a remark nor a row number."""
    name = header[column].strip()
    return (
        (has_letters(name) or OF_SERIES.fullmatch(name) is not None)
        and header.count(header[column]) == 1
        and not REMARKS.fullmatch(name)
        and "?" not in name
        and not is_row_number(name)
    )


def key_and_unit(header: str, value: str) -> tuple[str, str]:
    """Split "금액(천원)" into 금액 and 천원, where the value is a number; the sum in "배점 (5)" is neither."""
    name = in_full(_BEHIND_HEADER.sub("", header.strip()))
    found = UNIT.search(name)
    if found and (is_number(value) or re.search("[가-힣]", name[: found.start()])):
        return plain_name(UNIT.sub("", name)), found[1] if is_number(value) else ""
    return plain_name(name), ""


def kind_of(header: str) -> str:
    """Return what the named things are: 종목 for 종목명; "" for 구분."""
    name = re.sub(r"(?<=[가-힣]{2})(?:명|구분|이름|명칭)$", "", plain_name(header)).strip()
    return "" if GENERIC.fullmatch(name) or name in ("이름", "성명", "명칭") or re.search(r"[,/(]", name) else name
