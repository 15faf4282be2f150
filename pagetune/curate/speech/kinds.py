"""What kind of answer a fact has, and how people ask for each kind (asking.txt)."""

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from pagetune.records import Pair
from pagetune.text.korean import with_particle

_FILE = Path(__file__).with_name("asking.txt")
#: The last noun of an attribute, the form that an answer has to have for it, and the attributes that a question may
#: leave out, because the thing with a question word says them: "도서관 몇 시에 열어요?". The first that fits counts.
_DAY = r"(?:\d{1,2}월(?:\s?\d{1,2}일)?|\d{4}[.-]\s?\d{1,2}[.-]|\d{4}년)"
_CLOCK = r"\d{1,2}(?:시|:\d\d)"
_SPAN = r"\d\s?(?:초|분|시간|일|일간|주|주일|주간|개월|달|년|년간|영업일)(?:\s?(?:이내|이상|이하|정도|간|내외))?$"
_NO_SENTENCE = r"^(?!.*(?:다|요|오|음|함)\.?$)(?=.*[가-힣])(?!.*@).{1,60}$"
_NAME = r"^[가-힣]{2,5}(?:\s[가-힣]{1,5})?$"
_OFFICE = r"(?:과|팀|부|실|처|국|센터|본부|담당관|사무소|위원회)(?:\s?\([^)]*\))?$"
_AMOUNT = r"(?:^|\s)\d[\d,]*(?:\.\d+)?(?:\s?[십백천만억])*(?:\s?\d[\d,]*\s?[천만])*\s?\(?원\)?(?:\s?\([^)]*\))?$"
_PRICE = (
    r"(?:이용|기본|참가|수강|입장|관람|대여|사용)?\s?(?:요금|가격|비용|값)|"
    r"(?:이용|입장|관람|수강|대여|사용|응시|대관|수업|주차)료|참가비"
)


class _Kind(NamedTuple):
    name: str
    attribute: str
    answer: str
    unsaid: str = r"(?!)"


_KINDS = (
    _Kind("fax", r"팩스(?:\s?번호)?", r"\d-\d", r".*"),
    _Kind("email", r"(?:이?메일|전자\s?우편)(?:\s?주소)?", r"@\S+\.", r".*"),
    _Kind("website", r"(?:홈페이지|누리집|웹\s?사이트|사이트)(?:\s?주소)?", r"[A-Za-z0-9-]\.[A-Za-z]{2,}", r".*"),
    _Kind(
        "phone",
        r"(?:전화(?:\s?번호)?|연락처|대표\s?번호)",
        r"\d-\d|^\d{3,5}$",
        r"(?:대표\s?|문의\s?)?(?:전화(?:\s?번호)?|연락처|번호)",
    ),
    _Kind("address", r"(?:주소|소재지)", _NO_SENTENCE, r"주소|소재지"),
    _Kind(
        "opening_hours",
        r"(?:운영|이용|진료|영업|개방|개관|관람)\s?시간",
        rf"^(?:\D{{0,8}}){_CLOCK}.*(?:부터|~|∼|-|–).*{_CLOCK}",
        r"(?:운영|이용|진료|영업|개방|개관|관람)\s?시간",
    ),
    _Kind("deadline", r"(?:기한|마감일?|마감\s?일시|시한)", _DAY, r"(?:접수|신청)?\s?(?:기한|마감일?|마감\s?일시)"),
    _Kind("period", r"(?:기간|일정)", rf"{_DAY}.*(?:부터|~|∼|-|–).*\d"),
    _Kind(
        "duration",
        r"(?:소요|처리|배송|심사|제작|발급|조리|충전|세탁)\s?(?:기간|시간|일수)",
        _SPAN,
        r"소요\s?(?:기간|시간|일수)",
    ),
    _Kind("span", r"(?:기간|시간|일수|임기|연한|기한|주기)", _SPAN),
    _Kind(
        "venue",
        r"(?:강의실|교육장|시험장|행사장|개최\s?장소)",
        _NO_SENTENCE,
        r"강의실|교육장|시험장|행사장|개최\s?장소",
    ),
    _Kind("place", r"(?:위치|장소)", _NO_SENTENCE, r"위치"),
    _Kind("person", r"(?:담당자|책임자|센터장|대표자?|원장|소장|관장|강사)", _NAME),
    _Kind("department", r"(?:부서|담당\s?팀)", _OFFICE, r"(?:담당|소관)\s?(?:부서|팀)"),
    _Kind("colour", r"(?:색상|색깔|컬러|(?<![가-힣])색)", _NO_SENTENCE, r"(?:제품\s?)?(?:색상|색깔|색|컬러)"),
    _Kind("cause", r"(?:원인|이유|까닭)", r"", r"원인|이유|까닭"),
    _Kind("method", r"(?:방법|절차)", r"", r"방법"),
    _Kind("documents", r"서류", r"", r"(?:필요|구비|제출)\s?서류"),
    _Kind("supplies", r"준비물", r"", r"준비물"),
    _Kind("definition", r"뜻", r"", r".*"),
    _Kind("model", r"모델(?:명|\s?이름)?", _NO_SENTENCE, r"모델(?:명|\s?이름)?"),
    _Kind("other", r"(?:번호|코드|이름|수단|대상)", r""),
    _Kind("money", r"", _AMOUNT, _PRICE),
    _Kind("percent", r"", r"\d\s?(?:퍼센트|%|프로)$", r"(?:할인|적립|출석|합격)?\s?(?:율|률|비율)"),
    _Kind("temperature", r"온도", r"\d\s?(?:도|℃)$", r"온도"),
    _Kind("weight", r"(?:무게|중량)", r"\d\s?(?:킬로그램|kg|그램|g)$", r"무게|중량"),
    _Kind("length", r"(?:길이|크기|폭|너비|높이|두께|깊이|지름|거리)", r"\d\s?(?:미터|센티미터|밀리미터|cm|mm|m|km)$"),
    _Kind(
        "time_of_day",
        r"(?:시각|시간|일시)",
        rf"^(?:오전|오후|낮|밤)?\s?{_CLOCK}(?:\s?\d{{1,2}}분|\s?반)?$",
        r"시각|시간",
    ),
    _Kind(
        "date",
        r"(?:일|날|일자|날짜|일시|일정|시기|연도|년도|시점|예정)",
        rf"{_DAY}|^(?:매월|매달)?\s?\d{{1,2}}일$",
        r"날짜|일시|일자",
    ),
    _Kind(
        "count",
        r"(?<!주기)",
        r"^(?:\D*\s)?\d[\d,]*\s?(?:명|인|개|권|대|회|번|건|곳|석|쪽|가지|마리|층|문항|학점|과목|병|팀|세대|가구|장|벌|편|종|점)$",
        r"정원|수용\s?인원|모집\s?인원",
    ),
)
#: An attribute that says how many there may be.
_LIMIT = re.compile(r"(?:정원|한도|수용\s?인원|모집\s?인원|최대.*|상한)$")
#: Question words that name a unit, and how the answer spells it.
_UNITS = (("킬로|키로", "킬로|kg"), ("센티|센치", "센티|cm"), ("미터", r"\d\s?(?:미터|m$)"), ("며칠", r"\d\s?일"))
#: Kinds that share their question words.
_FAMILIES = {
    "deadline": "date",
    "period": "date",
    "time_of_day": "date",
    "opening_hours": "date",
    "venue": "place",
    "address": "place",
    "department": "place",
    "span": "duration",
    "percent": "count",
    "supplies": "documents",
}
_UNIT = re.compile(r"\d\s?([가-힣]{1,4})$")


@cache
def patterns() -> dict[str, list[str]]:
    """Return the patterns of each kind: {x} is what is asked about, {a} the attribute, {unit} what is counted."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(":", 1) for line in lines if line and not line.startswith("#")]
    return {kind: [pattern.strip() for pattern in listed.split(" | ")] for kind, listed in pairs}


def kind_of(attribute: str, answer: str) -> str:
    """Return the kind of an answer, such as money or phone; other where the form of the answer does not confirm it."""
    answer = answer.strip().rstrip(".")
    return next(
        (kind.name for kind in _KINDS if re.search(f"{kind.attribute}$", attribute) and re.search(kind.answer, answer)),
        "other",
    )


def family(kind: str) -> str:
    """Return the kind that stands for all that are asked for with the same words: 언제 for dates and deadlines."""
    return _FAMILIES.get(kind, kind)


def names_itself(kind: str, attribute: str) -> bool:
    """Tell whether a question of this kind says which attribute it asks for: 정원, but not 직원 수."""
    return any(known.name == kind and re.fullmatch(known.unsaid, attribute) for known in _KINDS)


def thing_and_kind(pair: Pair) -> tuple[str, str, str] | None:
    """Return what a pair is about, its attribute and the kind of its answer, as the topic names them; None without."""
    thing, genitive, attribute = (pair.topic or "").rpartition("의 ")
    if not genitive or pair.kind == "article":
        return None
    return thing, attribute, kind_of(attribute, pair.output)


def draw_pattern(kind: str, attribute: str, answer: str, random: Random, names_attribute: bool) -> str | None:
    """Draw a pattern for a kind of answer. Return None where it should name the attribute and does not, or asks for a
    unit or a limit that the answer lacks.
    """
    pattern = random.choice(patterns()[kind])
    if names_attribute and "{a" not in pattern:
        return None
    if "{unit}" in pattern and not _unit(answer):
        return None
    if kind == "count" and "까지" in pattern and not _LIMIT.search(attribute):
        return None
    unlike = any(re.search(asked, pattern) and not re.search(unit, answer) for asked, unit in _UNITS)
    return None if unlike else pattern


def _unit(answer: str) -> str:
    found = _UNIT.search(answer.rstrip("."))
    return found[1] if found else ""


def fill(pattern: str, thing: str, attribute: str, answer: str) -> str:
    """Return a pattern as a question, with the particles that its words take."""
    parts = {"x": thing, "a": attribute, "unit": _unit(answer)}
    return re.sub(r"{(\w+)(?::([^}]+))?}", lambda found: _filled(parts[found[1]], found[2]), pattern)


def _filled(text: str, particles: str | None) -> str:
    return with_particle(text, particles) if particles else text
