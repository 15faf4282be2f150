"""How a question about a value ends, and the answer with its unit."""

import re

from pagetune.build_qa.tables.cells import is_number
from pagetune.build_qa.tables.facts import Fact
from pagetune.build_qa.tables.headers import OF_SERIES, is_key
from pagetune.text.korean import interrogative

#: What a number of these is asked by.
_COUNTED = (
    "명|개국|개소|개사|개|건|회|대|권|점|층|호|시간|분|초|주|개월|학점|쪽|등급|급|위|배|곳|팀|종|가지|차|학년|석|면|매|부|세|실|인|년|월|단계|가구|필지|"
    "그루|마리|통|병|박스|세트|교시"
)
_COUNT = re.compile(rf"(?:약|총|최대|최소)?\s?\d[\d,.]*\s?({_COUNTED})")
_DAYS = re.compile(r"(?:약|총|최대)?\s?\d+\s?일")
_DATE = re.compile(r"(?:19|20)\d{2}\s?[.년/-]\s?\d{1,2}|\d{1,2}월\s?\d{1,2}일")
_CLOCK = re.compile(r"\d{1,2}:\d{2}|(?:오전|오후)?\s?\d{1,2}시(?:\s?\d{1,2}분|\s?반)?")
_MONEY = re.compile(r"\d\s?[십백천만억조]*\s?(?:원|달러|유로)|[$₩€]\s?\d")
#: The end of a sentence that says what somebody does or must do.
_TELLS = re.compile(r"[을를] .*[가-힣](?:한다|않는다|할 것|하여야 함|해야 함)\.?$", re.DOTALL)
_TELEPHONE = re.compile(r"\+?\d[\d()-]{6,}\d")
_ASKED_UNIT = re.compile(r"몇 (점|명|건|회|개|세대|가구)인가요[?]$")
_DEPARTMENT = re.compile(r"[가-힣 ]+(?:부|과|팀|실|국|센터|처)")
#: How a key is asked, by its ending, and what the value has to be for it.
_ENDINGS = (
    (r"(?:배점|점수|평점)", "몇 점인가요", re.compile(r"\d[\d.,]*점?")),
    (r"등급", "몇 등급인가요", re.compile(r"\d")),
    (r"(?:개수|수량|갯수)", "몇 개인가요", re.compile(r"\d[\d,]*")),
    (r"건수", "몇 건인가요", re.compile(r"\d[\d,]*")),
    (
        r"(?:인원|정원|명수|(?:인원|학생|직원|회원|환자|이용자|신청자|교원|교사|종업원|주민)\s?수|[가-힣]학생 수)",
        "몇 명인가요",
        re.compile(r"\d[\d,]*"),
    ),
    (r"세대\s?수", "몇 세대인가요", re.compile(r"\d[\d,]*")),
    (r"가구\s?수", "몇 가구인가요", re.compile(r"\d[\d,]*")),
    (r"횟수", "몇 회인가요", re.compile(r"\d[\d,]*")),
    (r"(?:번호|전화|팩스|연락처|TEL|FAX)", "몇 번인가요", re.compile(rf"{_TELEPHONE.pattern}|\d{{2,}}")),
    (r"(?:시간|일시|시각|일정)", "언제인가요", re.compile(r".*\d{1,2}(?::\d{2}|시).*|\d{4}\.?\s?[년.-]?\s?\d{1,2}.*")),
    (r"(?:참석자|참가자|출연자|대상자|위원)", "누구인가요", re.compile(".{2,60}")),
    (
        r"(?:담당자|책임자|대표자?|센터장|운용역|성명|강사|발표자|위원장|팀장|작성자|관리자|의장|저자|발명자|출원인|교수|"
        r"간호사|의사|교사|약사|기사|담당|교장|교감|국장|과장|부장|차장|소장|원장|조장|반장|감독|코치|간사|실장|진행자)",
        "누구인가요",
        re.compile(r"[^\d]{2,20}"),
    ),
    (
        r"(?:기관|회사|업체|부서|소속|제조사|공급업체|발주처|제출처|접수처|판매처|발간처|발행처|구입처|주최|주관|위치|장소|주소|소재지|강의실|교육장|원산지|출발지|도착지|목적지|"
        r"대상지|사업지|출생지|집결지|근무[지처])",
        "어디인가요",
        re.compile(r".*[가-힣A-Za-z].*"),
    ),
    (r"(?:문의|문의처)", "어디인가요", re.compile(".+", re.DOTALL)),
    (r"(?:[개갯]수|건수|횟수|수량)", "어떻게 되나요", re.compile(r"[^\d].*", re.DOTALL)),
    (r"(?:방법|방식|절차|조건|처리기준|상태|여부)", "어떻게 되나요", re.compile(".+", re.DOTALL)),
    (r"(?:(?<![구작조특생])성|외관|냄새|색상|성상|맛|날씨)", "어떤가요", re.compile(r"[^\d].{2,}", re.DOTALL)),
)
_PLACES = re.compile(
    r"(?:부서|팀|기관|회사|업체|지점|센터|교육장|보건지소|진료실|학교|병원|장소|시설|지역|도서관|매장|영업소|사업장|강의실|학과|"
    r"대리점|대여소|보건소|사무소|주유소|충전소|정류소|출장소|정류장|주차장|점포)$"
)
_PERSONS = re.compile(r"(?:성명|이름|담당자|직원|위원|강사|팀장|대표자?|선수|교수)$")


def scales(unit: str) -> bool:
    return re.match(r"[십백]?[천만억]|십억|백만|조", unit) is not None


def is_said(unit: str) -> bool:
    """Tell whether one asks with a unit that scales its number: 몇 억 달러, but not 몇 천원 (some thousands)."""
    return re.match(r"억|백억|조", unit) is not None


def ending(fact: Fact, key: str) -> str:
    """Return how a Korean question ends, by the value that answers it and the key that it asks for."""
    if is_number(fact.value) and is_said(fact.unit):
        return f"몇 {fact.unit}인가요"
    value = fact.value.strip() + (fact.unit if is_number(fact.value) and not scales(fact.unit) else "")
    if count := _COUNT.fullmatch(value):
        return f"몇 {count[1]}인가요"
    if _DAYS.fullmatch(value):
        return "며칠인가요"
    if _CLOCK.fullmatch(value):
        return "몇 시인가요"
    if key.endswith("담당") and _DEPARTMENT.fullmatch(value):
        return "어디인가요"
    for pattern, words, fits in _ENDINGS:
        if re.search(rf"{pattern}$", key) and fits.fullmatch(value):
            return words
    return _ending_by_value(key, value)


def _ending_by_value(key: str, value: str) -> str:
    """Return the ending for a key that none of the known ones is like."""
    if _DATE.match(value) and len(value) <= 40:
        return "언제인가요"
    if _TELLS.search(value) and not is_key(key):
        return "어떻게 하나요"
    words, has_digit = interrogative(key), any(map(str.isdigit, value))
    if (
        is_number(value.removesuffix("%"))
        or _MONEY.match(value)
        or re.fullmatch(r"[-+−]?\d[\d,.]*\s?\D{1,4}", value)
        or key.endswith("평점")
    ):
        return "얼마인가요"
    if words == "얼마" and not has_digit and not re.search("무료|전액|면제|없", value):
        return "어떻게 되나요"
    if (words == "몇 명" and not has_digit) or OF_SERIES.fullmatch(key):
        return "어떻게 되나요"
    return f"{words}인가요" if has_digit or len(value) <= 30 else "무엇인가요"


def answer_of(fact: Fact, value: str, question: str = "") -> str:
    """Return the answer: the value with the unit of the header or of the question, unless that scales the number."""
    if value == "없음":
        return "아니요, 없습니다."
    if is_number(value) and fact.unit and not scales(fact.unit):
        return f"${value}" if fact.unit == "$" else value + fact.unit
    if is_number(value) and not fact.unit and (asked := _ASKED_UNIT.search(question)):
        return value + asked[1]
    return f"{value}합니다." if re.search(r"[을를] ?(?:의미|지칭|뜻)$", value) else value


def asks_for(kind: str) -> str:
    words = interrogative(kind)
    if words in ("언제", "누구", "어디"):
        return f"{words}인가요"
    return "어디인가요" if _PLACES.search(kind) else "누구인가요" if _PERSONS.search(kind) else "무엇인가요"
