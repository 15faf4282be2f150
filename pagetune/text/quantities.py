"""The quantities of a text, however they are written: 90분 is 1시간 30분, 14일 is 2주, 1.5kg is 1,500g.

A quantity has a value in one unit of its kind, and what it is about: a bound (이상, within), a rate (월, per person).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from pagetune.text.claims import DIGITS, scaled
from pagetune.text.english_numbers import english_in_digits
from pagetune.text.korean import is_korean
from pagetune.text.notation import nfc, plain
from pagetune.text.numerals import few_in_digits
from pagetune.text.readable import readable

SECOND, MONTH, CLOCK, PERCENT = "second", "month", "clock", "%"
#: Units and what one of them is in the unit of its kind.
_TIME = {
    **dict.fromkeys(("초", "second", "seconds", "sec", "s"), (1, SECOND)),
    **dict.fromkeys(("분", "minute", "minutes", "min", "mins"), (60, SECOND)),
    **dict.fromkeys(("시간", "hour", "hours", "hr", "hrs"), (3600, SECOND)),
    **dict.fromkeys(("일간", "일", "day", "days"), (86_400, SECOND)),
    **dict.fromkeys(("주일", "주간", "주", "week", "weeks"), (604_800, SECOND)),
    **dict.fromkeys(("개월", "달", "month", "months"), (1, MONTH)),
    **dict.fromkeys(("분기", "quarter", "quarters"), (3, MONTH)),
    **dict.fromkeys(("년", "year", "years"), (12, MONTH)),
}
_SAME = {
    **dict.fromkeys(("원", "krw", "won"), "원"),
    **dict.fromkeys(("달러", "usd", "dollars", "dollar"), "달러"),
    **dict.fromkeys(("유로", "eur", "euro", "euros"), "유로"),
    **dict.fromkeys(("%", "퍼센트", "프로", "percent", "per cent", "％"), PERCENT),
    **dict.fromkeys(("명", "인", "사람", "people", "persons", "person"), "명"),
    **dict.fromkeys(("회", "번", "차례", "times", "time"), "회"),
    **dict.fromkeys(("개", "가지", "items", "item"), "개"),
    **dict.fromkeys(("세", "살", "years old"), "세"),
    **dict.fromkeys(("쪽", "페이지", "pages", "page"), "쪽"),
    **dict.fromkeys(("박", "nights", "night"), "박"),
    **dict.fromkeys(("영업일", "business days", "business day", "working days", "working day"), "영업일"),
    **dict.fromkeys(("번째", "째"), "째"),
    **dict.fromkeys(("도", "℃"), "도"),
    **{
        name: name
        for name in (
            "건",
            "권",
            "층",
            "호",
            "점",
            "배",
            "자",
            "학점",
            "개사",
            "가구",
            "조",
            "항",
            "포인트",
            "시",
            "월",
            "년도",
            "대",
            "장",
            "마리",
            "잔",
            "병",
            "줄",
            "벌",
            "곳",
            "석",
            "좌석",
            "칸",
            "통",
            "상자",
            "팀",
            "과목",
            "문항",
            "글자",
        )
    },
}
#: Names of physical units as pint spells them.
_PHYSICAL = {
    "밀리그램": "mg", "킬로그램": "kg", "그램": "g", "톤": "t", "밀리미터": "mm", "센티미터": "cm", "킬로미터": "km",
    "미터": "m", "밀리리터": "mL", "리터": "L", "씨씨": "cc", "제곱미터": "m**2", "평방미터": "m**2",
    "킬로와트": "kW", "와트": "W", "킬로헤르츠": "kHz", "메가헤르츠": "MHz", "기가헤르츠": "GHz", "기가바이트": "GB",
    "메가바이트": "MB", "테라바이트": "TB", "mg": "mg", "kg": "kg", "g": "g", "t": "t", "mm": "mm", "cm": "cm",
    "km": "km", "m": "m", "ml": "mL", "l": "L", "cc": "cc", "m2": "m**2", "m²": "m**2", "㎡": "m**2", "kw": "kW",
    "w": "W", "khz": "kHz", "mhz": "MHz", "ghz": "GHz", "hz": "Hz", "kb": "kB", "mb": "MB", "gb": "GB", "tb": "TB",
    "ms": "ms", "metres": "m", "meters": "m", "metre": "m", "meter": "m", "㎥": "m**3", "m3": "m**3",
    "입방미터": "m**3", "세제곱미터": "m**3", "mah": "mA*hour", "ah": "A*hour", "ha": "hectare", "헥타르": "hectare",
    "kwh": "kW*hour", "wh": "W*hour", "gib": "GiB", "mib": "MiB", "kib": "KiB", "bytes": "byte", "kilometres": "km",
    "kilometers": "km", "kilograms": "kg", "kilo": "kg", "kilos": "kg", "grams": "g", "litres": "L", "liters": "L",
}  # fmt: skip
_SHARES = {
    "ppm": (Fraction(1, 10_000), PERCENT),
    "bp": (Fraction(1, 100), "포인트"),
    "ppb": (Fraction(1, 10_000_000), PERCENT),
}
#: A megabyte is 1,000 or 1,024 kilobytes, and nobody says which.
_BITS, _BINARY = "bit", {Fraction(1024, 1000) ** power for power in range(1, 5)}
_NAMES = sorted([*_TIME, *_SAME, *_PHYSICAL, *_SHARES], key=len, reverse=True)
_KNOWN = {*_NAMES, ""}
_UNIT = "|".join(rf"{re.escape(name)}s?(?![A-Za-z])" if name[-1].isascii() else re.escape(name) for name in _NAMES)
#: The unit of a number before an English noun that is not a unit: 150 free pages.
ANY, _NOUN = "*", re.compile(r"\s(?!(?:to|and|or|of|in|by|per|at|for|on|is|are|was|it|the|but)\b)[a-z]{3,}")
_SCALE = r"(?:[십백천만억]|조(?=\s?원)){1,3}(?![가-힣](?<![원명개회건권부달유년]))"
_NUMBER = re.compile(
    rf"(?<![\d.A-Za-z_-])((?<![\w)])[-−])?({DIGITS})\s?({_SCALE})?((?:\s?{DIGITS}\s?{_SCALE})*)((?<=[십백천만억])\d{{1,30}})?"
    rf"(?:[\s-]?({_UNIT}))?(?![\d])",
    re.IGNORECASE,
)
_PART = re.compile(rf"({DIGITS})\s?({_SCALE})")


@dataclass(frozen=True)
class Quantity:
    """`value` in `unit`, which is "" where the text names none. `start` and `end` count in `as_read` of the text."""

    value: Fraction
    unit: str
    bound: str = ""
    per: str = ""
    start: int = 0
    end: int = 0
    #: The value in the unit that is written, and the whole as it is written.
    number: Fraction = Fraction(0)
    written: str = ""

    def is_like(self, other: "Quantity") -> bool:
        """Tell whether both have the same value and unit, whatever they are about. An English noun is any unit."""
        if (self.value, self.unit) == (other.value, other.unit):
            return True
        if self.unit == other.unit == _BITS and self.value and other.value:
            return max(self.value, other.value) / min(self.value, other.value) in _BINARY
        if self.unit == other.unit and self.per != other.per and self._rate() is not None:
            return self._rate() == other._rate()
        return ANY in (self.unit, other.unit) and self.number == other.number

    def _rate(self) -> tuple[Fraction, str] | None:
        """Return what it is in a second or a month, None where it is not a rate of time."""
        if self.per not in _TIME:
            return None
        factor, unit = _TIME[self.per]
        return self.value / factor, unit


@lru_cache(maxsize=4096)
def as_read(text: str) -> str:
    """Return `text` with every number in digits, its dates and times in one form, in which quantities are found."""
    text = readable(nfc(text))
    text = text if is_korean(text) else english_in_digits(text)
    for pattern, replacement in _BEFORE:
        text = pattern.sub(replacement, text)
    text = few_in_digits(plain(text))
    for pattern, replacement in _AFTER:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the quantities of `text` in order."""
    text = as_read(text)
    found = list(_merged(text, list(_in_ranges(text, list(_single(text))))))
    return tuple(
        replace(one, bound=_bound(text, one), per=_per(text, one), written=text[one.start : one.end]) for one in found
    )


def _single(text: str) -> Iterator[tuple[Quantity, str]]:
    """Yield each number with its unit, and the unit as it is written."""
    for found in _NUMBER.finditer(text):
        sign, first, scale, more, last, name = found.groups()
        value = scaled(first, scale) + sum(scaled(*part.groups()) for part in _PART.finditer(more)) + int(last or 0)
        value, name = (-value if sign else value), (name or "").lower()
        name = name if name in _KNOWN else name.removesuffix("s")
        factor, unit = _unit(value, name, text[: found.start()])
        end = found.start() + len(found[0].rstrip())
        if not unit and _NOUN.match(text[end:]):
            unit = ANY
        yield Quantity(value * factor, unit, start=found.start(), end=end, number=value), name


def _in_ranges(text: str, found: list[tuple[Quantity, str]]) -> Iterator[tuple[Quantity, str]]:
    """Yield 2~8℃ as 2℃ and 8℃."""
    for place, (one, name) in enumerate(found):
        after, unit = found[place + 1] if place + 1 < len(found) else (one, "")
        if not one.unit and unit and re.fullmatch(r"\s?[~∼-]\s?", text[one.end : after.start]):
            factor, kind = _unit(one.number, unit, text[: one.start])
            yield replace(one, value=one.number * factor, unit=kind), unit
        else:
            yield one, name


def _unit(value: Fraction, name: str, before: str) -> tuple[Fraction, str]:
    """Return what one of a unit is in the unit of its kind.

    A year of four digits is a date, and so is a day behind a month.
    """
    if name in ("년", "years", "year") and 1900 <= value <= 2100:
        return Fraction(1), "year"
    if name == "일" and re.search(r"\d월\s?$", before):
        return Fraction(1), "day of a month"
    if name == "시":
        return Fraction(60), CLOCK
    if name in _TIME:
        factor, unit = _TIME[name]
        return Fraction(factor), unit
    if name in _SHARES:
        return _SHARES[name]
    if name in _PHYSICAL:
        return _physical(_PHYSICAL[name])
    return Fraction(1), _SAME.get(name, name)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()


@cache
def _physical(name: str) -> tuple[Fraction, str]:
    base = _registry().Quantity(1, name).to_base_units()
    return Fraction(base.magnitude).limit_denominator(10**12), str(base.units)


def _merged(text: str, found: list[tuple[Quantity, str]]) -> Iterator[Quantity]:
    """Yield the quantities with 1시간 30분 as one, and so 1년 6개월, 5km 300m and 14시 30분."""
    waiting: Quantity | None = None
    for one, name in found:
        gap = text[waiting.end : one.start] if waiting else "x"
        clock = waiting is not None and waiting.unit == CLOCK and name == "분"
        same = (
            waiting is not None
            and one.unit == waiting.unit
            and one.unit not in ("", CLOCK, "원")
            and one.value < waiting.value
        )
        if waiting and not gap.strip() and (clock or (same and not _is_counter(one.unit))):
            value = waiting.value + (one.value / 60 if clock else one.value)
            waiting = replace(waiting, value=value, end=one.end)
            continue
        if waiting:
            yield waiting
        waiting = replace(one, value=one.value % (24 * 60)) if one.unit == CLOCK else one
    if waiting:
        yield waiting


def _is_counter(unit: str) -> bool:
    return unit in _SAME.values()


_BOUNDS = tuple(
    (name, re.compile(rf"^\s?(?:{after})") if after else None, re.compile(rf"(?i)(?:{before})\s?$") if before else None)
    for name, after, before in (
        ("before", r"(?:이전|전(?![가-힣]{3})|앞)|\w{0,9}\s?(?:before|prior to|ahead|in advance)\b", r""),
        ("after", r"(?:이후|후|뒤|[이가]?\s?(?:지나|지난|경과))|(?:after|later)\b", r"\bafter"),
        (
            "over",
            r"(?:을|를|이|가)?\s?(?:초과|넘|보다\s?(?:많|크|길|높))",
            r"(?<!no )(?<!not )\b(?:more than|over|exceed(?:s|ing)?|above)",
        ),
        ("under", r"(?:미만|보다\s?(?:적|작|짧|낮))", r"(?<!no )(?<!not )\b(?:less than|under|below|fewer than)"),
        (
            "min",
            r"(?:이상|or more|or above|부터|[~∼]|-\s?\d)",
            r"최소한?|적어도|\b(?:at least|minimum(?: of)?|not? (?:less|fewer|earlier) than|from|since|opens? at)",
        ),
        (
            "max",
            r"(?:이하|이내|안에|안으로|안쪽|내에|내로|까지|or less|or fewer)",
            r"최대한?|많아야|늦어도|\d[^\d\s]{0,2}\s?[~∼-]"
            r"|\b(?:at most|not? (?:more|later) than|not (?:to )?exceed(?:ing)?"
            r"|up to|within|maximum(?: of)?|until|till|by|to|closes? at)",
        ),
    )
)


def _bound(text: str, one: Quantity) -> str:
    after, before = text[one.end : one.end + 16], text[max(0, one.start - 18) : one.start]
    behind = next((name for name, pattern, _ in _BOUNDS if pattern and pattern.search(after)), "")
    ahead = next((name for name, _, pattern in _BOUNDS if pattern and pattern.search(before)), "")
    if behind in ("before", "after") and not (ahead == "max" and behind == "after"):
        return behind
    return ahead or behind


_RATES = {
    "second": "초|second", "minute": "분|minute", "hour": "시간|hour", "day": "일|하루|매일|day|daily",
    "week": "주|매주|week|weekly", "month": "월|매월|매달|달|개월|월간|month|monthly",
    "year": "연|연간|매년|년|해|year|annum|annually|yearly|annual", "person": "인|명|사람|person|head|people",
    "case": "건|case", "household": "가구|세대|household", "night": "박|night", "term": "학기|term|semester",
    "item": "개|item", "page": "쪽|페이지|장|page", "class": "학급|반|class",
}  # fmt: skip
_RATE_OF = {word: name for name, words in _RATES.items() for word in words.split("|")}
_RATE_WORD = "|".join(sorted(_RATE_OF, key=len, reverse=True))
_LEFT_RATE = re.compile(
    rf"(?:(?<![가-힣\d.,])(?:1\s?)?({_RATE_WORD})\s?당"
    r"|(?<![가-힣\d])(월|매월|매달|연|연간|매년|일|하루|매일|주|매주|월간)"
    rf"|(?<![\d.,])1({_RATE_WORD})(?:에|마다)?)"
    r"\s?(?:약|최대|최소|각)?\s?$"
)
_RIGHT_RATE = re.compile(
    rf"(?i)^\s?(?:/\s?|(?:\w+\s){{0,2}}?(?:per|a|an|each|every)\s)({_RATE_WORD})\b"
    r"|^\s(?:\w+\s)?(annually|yearly|monthly|weekly|daily)\b"
)
#: Times are themselves what a rate is by.
_NO_RATE = {SECOND, MONTH, CLOCK, "year", "day of a month", "월", "세", "영업일"}


def _per(text: str, one: Quantity) -> str:
    if one.unit in _NO_RATE:
        return ""
    left = _LEFT_RATE.search(text[max(0, one.start - 12) : one.start])
    right = _RIGHT_RATE.search(text[one.end : one.end + 30])
    found = next((name for match in (left, right) if match for name in match.groups() if name), "")
    return _RATE_OF.get(found.lower().removeprefix("1"), "")


def _clock(found: re.Match[str]) -> str:
    half, hour = found[1], int(found[2])
    if half in ("오후", "저녁", "밤", "낮") and hour < 12 and not (half == "밤" and hour < 5):
        hour += 12
    elif (half in ("밤", "새벽", "오전") and hour == 12) or hour == 24:
        hour = 0
    return f"{hour}시"


def _half_of_both(found: re.Match[str]) -> str:
    """Return 1:30 to 2pm with its half of the day twice."""
    one, other, half = int(found[1]) % 12, int(found[3]) % 12, found[5].lower()
    first = half if one < other or (one == other and half == "a") else ("a" if half == "p" else "p")
    return f"{found[1]}{found[2] or ':00'} {first}m to {found[3]}{found[4] or ':00'} {half}m"


def _share(found: re.Match[str], of: int, part: int) -> str:
    return f"{float(100 * Fraction(int(found[part]), int(found[of]) or 1)):.10g}%"


def _slash(found: re.Match[str]) -> str:
    """Return 1/3 as a share, and 9/15 as a date."""
    one, other = int(found[1]), int(found[2])
    if one < other <= 10:
        return _share(found, 2, 1)
    return f"{one}월 {other}일" if one <= 12 and other <= 31 else found[0]


def _celsius(found: re.Match[str]) -> str:
    return f"{round((float((found[1] or found[2]).replace('−', '-')) - 32) * 5 / 9)}℃"


_BEFORE = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"['‘’](\d{2})\.\s?(?=\d{1,2}\.)", r"20\1. "),
        (r"['‘’](\d{2})년", r"20\1년"),
        (r"(?i)[₩￦]\s?(\d[\d,.]*\d|\d)|\b(?:krw|won)\s?(\d[\d,.]*\d|\d)", lambda f: f"{f[1] or f[2]}원"),
        (r"(?i)(?:us)?\$\s?(\d[\d,]*(?:\.\d+)?)|\busd\s?(\d[\d,]*(?:\.\d+)?)", lambda f: f"{f[1] or f[2]}달러"),
        (r"(?i)\b(\d+)\s?cents?\b", lambda f: f"{int(f[1]) / 100:g}달러"),
        (r"(\d+)\s?분의\s?(\d+)", lambda found: _share(found, 1, 2)),
        (r"(?<![\d/.])(\d{1,2})/(\d{1,2})(?![\d/])", _slash),
        (r"절반|반값|(?i:\bhalf\b(?! an? )(?: of)?)", "50%"),
        (
            r"(?i)화씨\s?([-−]?\d{1,4}(?:\.\d{1,4})?)\s?도"
            r"|(?<![\d.])([-−]?\d{1,4}(?:\.\d{1,4})?)\s?(?:°\s?F\b|℉|degrees? fahrenheit\b)",
            _celsius,
        ),
        (r"정오|(?i:\b(?:at )?(?:noon|midday)\b)", "12시"),
        (r"자정|(?i:\bmidnight\b)", "0시"),
        (r"하룻밤", "1박"),
        (r"(?<![가-힣])반\s?시간", "30분"),
        (r"(?<!\d)(\d)백\s?(\d{1,2})\s?(?=만)", lambda found: f"{100 * int(found[1]) + int(found[2])}"),
        (r"(?i)\b(\d+) (or (?:more|fewer|less)) ([a-z]+)", r"\1 \3 \2"),
        (r"(?i)\b(\d{1,2})(:\d{2})?\s?(?:-|–|to)\s?(\d{1,2})(:\d{2})?\s?([ap])\.?m\b\.?", _half_of_both),
        (r"격주(?:마다|로)?", "2주마다"),
        (r"하루\s?걸러(?:\s?하루)?", "2일마다"),
        (r"격월(?:마다|로)?(?!간)", "2개월마다"),
        (r"(?<![가-힣])1인\s(?=1?\d)", "1인당 "),
        (r"(?<!\d)(\d)할(?:\s?(\d)푼)?(?![가-힣](?<![입이의을은]))", lambda found: f"{found[1]}{found[2] or 0}%"),
        (r"(?<=[\d한두세네]) ?매(?=$|[^가-힣]|를|까지|씩|입|이|만|의|이내|이하)", "장"),
        (r"분기(?:마다|별로?|에)|(?i:\bquarterly\b)", "3개월마다"),
        (
            r"(?:요금|비용|수수료|배송비|회비|입장료|이용료|사용료|수강료)[은는이가도]?\s?없[가-힣]*|(?<![가-힣])(?:무료|공짜|무상|면제)"
            r"|(?i:\bfree of charge\b|\bfor free\b|\bat no (?:extra )?c(?:ost|harge)\b|\bno (?:charge|fee)s?\b"
            r"|\b(?:is|are) waived\b)",
            " 0원",
        ),
    )
)
_AFTER = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(오후|저녁|밤|낮|오전|새벽|아침)\s?(\d{1,2})시", _clock),
        (r"()(?<!\d)(24)시(?!간)", _clock),
        (r"(\d\s?(?:시간|일|주|개월|달|년))에\s?1(?:회|번)", r"\1마다"),
        (r"마다\s?1(?:회|번)", "마다"),
        (r"(\d{1,2})시\s?반(?![가-힣](?<!입|이|에|까|부))", r"\1시 30분"),
        (r"(\d)시간\s?반(?![가-힣](?<!입|이|에|동|까|을))", r"\1시간 30분"),
        (r"(\d)년\s?반(?![가-힣](?<!입|이|에|동|까|을))", r"\1년 6개월"),
        (r"영업일\s?(?:기준(?:으로)?|로)\s?(\d+)일", r"\1영업일"),
        (r"(?<=\d)\s(?=(?:퍼센트|프로)(?:입|$|[^가-힣]))", ""),
    )
)


#: How often something is done: 1년에 4번, 3개월마다 1회, 연 4회, four times a year, every three months.
_TIMES = r"(?P<count>\d{1,4})\s?(?:회|번|차례)"
_MANY = r"(?<![\d월])(?<!월 )(?P<many>\d{1,3})"
_HOW_OFTEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_MANY}\s?(?P<period>일|주|개월|달|년)에\s?{_TIMES}",
        rf"{_MANY}\s?(?P<period>일|주|개월|달|년)\s?(?:마다|간격으로)(?:\s?{_TIMES})?",
        rf"(?<![가-힣\d])(?<![\d째] )(?:매|한\s)?(?P<period>일|주|월|달|년|연)\s?{_TIMES}",
        r"(?<![가-힣])매(?P<period>일|주|월|달|년)(?![가-힣]*\s?\d)",
        r"\b(?P<period>dai|week|month|year|annual)ly\b",
        r"(?<!\d)(?P<count>\d{1,4})\stimes?\s(?:a|an|per|each|every)\s(?P<period>day|week|month|year)",
        r"(?:(?<!\d)(?P<count>\d{1,4})\stimes?\s)?(?:every|each)\s(?:(?P<many>\d{1,3})\s)?(?P<period>day|week|month|year)s?",
        r"(?<!\d)(?P<many>\d{1,3})[\s-](?P<period>day|week|month|year)\sintervals?",
    )
)


@dataclass(frozen=True)
class Rhythm:
    """How many seconds or months (`unit`) lie between two times of what is done again and again."""

    value: Fraction
    unit: str
    start: int
    end: int

    def holds(self, one: Quantity) -> bool:
        return self.start <= one.start and one.end <= self.end


@lru_cache(maxsize=4096)
def rhythms(text: str) -> tuple[Rhythm, ...]:
    """Return how often the text says that something is done; `start` and `end` count as those of a quantity do."""
    return tuple(_rhythm(found) for pattern in _HOW_OFTEN for found in pattern.finditer(as_read(text)))


def _rhythm(found: re.Match[str]) -> Rhythm:
    parts = found.groupdict()
    period = parts["period"].lower()
    factor, unit = _TIME[{"월": "개월", "연": "년", "dai": "day", "annual": "year"}.get(period, period)]
    every = Fraction(factor * int(parts.get("many") or 1), max(1, int(parts.get("count") or 1)))
    return Rhythm(every, unit, *found.span())
