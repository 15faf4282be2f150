"""Numbers in a column that can be compared: their values, and the words for more and less of what the column tells."""

import re
from dataclasses import dataclass
from fractions import Fraction

from pagetune.build_qa.reversed_questions import in_lower_case
from pagetune.text.quantities import as_read, quantities

#: Keys whose numbers can be compared, with the words for the largest and the smallest. What only orders things, such as
#: a rank, a year or a number of a room, is not among them.
_MORE_AND_LESS = tuple(
    (re.compile(f"(?:{keys})$"), most, least)
    for keys, most, least in (
        (
            r"요금|가격|단가|수수료|수강료|이용료|연회비|월회비|회비|응시료|사용료|입장료|관람료|대여료|주차료|보험료|참가비|교육비",
            "비싼",
            "싼",
        ),
        (r"한도|보증금|(?:금|[가-힣])액|배상금", "큰", "작은"),
        (r"예산|사업비|연구비|인건비|소득|급여|수당|이익|수입|지출|자산|부채", "많은", "적은"),
        (
            r"과태료|위약금|벌금|인원|정원|건수|횟수|수량|개수|명수|[가-힣](?![점지계파변])[가-힣]\s?수|판매량|생산량|사용량|배출량|발생량|나이|연령",
            "많은",
            "적은",
        ),
        (
            r"(?:소요|교육|상영|충전|대기|이동|비행|검사|진료|수업|작업|운전)\s?시간|(?:[가-힣]{2}\s?)?기간|길이|(?:주행|제동|이동|비행|운행)\s?거리",
            "긴",
            "짧은",
        ),
        (r"면적|넓이", "넓은", "좁은"),
        (r"무게|중량", "무거운", "가벼운"),
        (r"두께", "두꺼운", "얇은"),
        (r"용량|크기|규모|지름|안지름", "큰", "작은"),
        (r"거리", "먼", "가까운"),
        (r"속도", "빠른", "느린"),
        (
            r"비용|비율|비중|구성비|[가-힣](?:율|률)|점수|지수|계수|주파수|배점|평점|높이|온도|전력|전압|농도",
            "높은",
            "낮은",
        ),
    )
)
_ENGLISH = tuple(
    (re.compile(rf"\b(?:{keys})$", re.IGNORECASE), most, least)
    for keys, most, least in (
        (r"prices?|fees?|costs?|charges?|rates?|scores?|temperature|height|salary|budget", "highest", "lowest"),
        (r"area|size|capacity|amount|population|revenue", "largest", "smallest"),
        (r"duration|length|time", "longest", "shortest"),
        (r"weight", "greatest", "smallest"),
    )
)
#: A sign of money before a number, and a unit behind it.
_NUMBER = re.compile(r"([$€£₩]?)\s?([-−]?\d[\d,]*(?:\.\d+)?)\s?([^\s\d]*(?: [a-z]+)?)")
_SHARE = re.compile(r"(?:비중|구성비|점유율|\bshare)$", re.IGNORECASE)
#: What shares add up to, in percent, however they are rounded.
_ALL = range(98, 103)
#: A time of day is not a length of time: 9 am.
_CLOCK = re.compile(r"\d\s?(?:[ap]\.?m\b|o.clock)", re.IGNORECASE)
_WON = re.compile(r"[\d,.\s십백천만억]+원")


@dataclass(frozen=True)
class Measure:
    """The value of a cell in one unit of its kind, and how it is written: sign, digits behind the point, unit."""

    value: Fraction
    kind: str
    number: Fraction
    sign: str
    decimals: int
    unit: str


def measure_of(cell: str, unit: str = "") -> Measure | None:
    """Return what a cell measures, None where it is more or less than one number. `unit` is the header's."""
    text = cell.strip() + unit
    if _CLOCK.search(text):
        return None
    found, read = quantities(text), as_read(text)
    if len(found) != 1 or (found[0].start, found[0].end) != (0, len(read)) or not re.search(r"\d", cell):
        return None
    one = found[0]
    if _WON.fullmatch(text):
        return Measure(one.value, one.unit, one.value, "", 0, "원") if one.value.denominator == 1 else None
    written = _NUMBER.fullmatch(text)
    if written is None or one.bound or one.per:
        return None
    number = Fraction(written[2].replace(",", "").replace("−", "-"))
    return Measure(one.value, one.unit, number, written[1], len(written[2].partition(".")[2]), written[3])


def more_and_less(key: str) -> tuple[str, str] | None:
    """Return the words for the largest and the smallest of what a column tells, None where it cannot be compared."""
    return next(((most, least) for keys, most, least in (*_MORE_AND_LESS, *_ENGLISH) if keys.search(key)), None)


def difference(one: Measure, other: Measure) -> str | None:
    """Return the difference in the unit of the cells, with a space before a Latin one: 120km, 300km -> 180 km.

    None where they have different units or are the same.
    """
    same = (one.kind, one.sign, one.unit) == (other.kind, other.sign, other.unit)
    amount = abs(one.number - other.number)
    if not same or not amount:
        return None
    unit = {"%": "%p", "퍼센트": "퍼센트포인트"}.get(one.unit, one.unit)
    space = " " if re.match("[a-z]", unit) else ""
    return f"{one.sign}{float(amount):,.{max(one.decimals, other.decimals)}f}{space}{unit}"


def are_shares_of_a_part(key: str, measures: list[Measure]) -> bool:
    """Tell whether a column has the shares of some rows only, such as the ten largest holdings of a fund."""
    return _SHARE.search(key) is not None and not _ALL.start <= sum(one.number for one in measures) < _ALL.stop


def english_difference(key: str, one: str, other: str) -> str:
    return f"what is the difference in {in_lower_case(key)} between {one} and {other}?"
