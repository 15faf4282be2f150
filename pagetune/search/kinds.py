"""Which number a question asks for, by its words: 몇 명, 며칠 전, 얼마, how long."""

import re
from collections.abc import Iterable

from pagetune.text.fact_match import facts
from pagetune.text.quantities import ANY, CLOCK, MONTH, PERCENT, SECOND, Quantity, as_read, quantities

_TIMES = frozenset({SECOND, MONTH, "영업일"})
_DATES = _TIMES | {CLOCK, "year", "day of a month", "월", "학기", "째"}
_MONEY, _DAY = frozenset({"원", "달러", "유로"}), 86_400
#: What may be said in percent.
_SHARED = _MONEY | {"점"}
#: What is counted behind 몇. 몇 번 may be a telephone number, and 몇 개 whatever has a counter of its own.
_COUNTED, _ANYTHING = re.compile(r"(?<![가-힣])몇\s?([가-힣%]{1,4})"), {"회", "개", "", ANY}
_KINDS = (
    (re.compile(r"며칠|얼마\s?(?:동안|만에)|얼마나\s?(?:오래|걸)|\bhow (?:long|soon)\b", re.IGNORECASE), _TIMES),
    (re.compile(r"(?<![가-힣])언제(?!든|나\s|라도)|^\W*when\b|\bwhat (?:date|day|time)\b", re.IGNORECASE), _DATES),
    (
        re.compile(
            r"얼마(?:나|를|가|에)?\s?(?:예|에|인|입|이|죠|야|냐|드|들|내|나와|나오|줘|주|받|해|하|있어야|되|돼|\?|$)"
            r"|\bhow much (?:is|are|does|do|will|would|must)\b",
            re.IGNORECASE,
        ),
        _MONEY,
    ),
)
#: A time before or after something that is asked for: 며칠 전에, 몇 시간 뒤에.
_SIDE = re.compile(
    r"(?:며칠|몇\s?[가-힣]{1,3})\s?(?:(전|앞)|(후|뒤))(?:[에까부]|\W|$)|\bhow (?:long|many \w+) (?:(before)|(after))\b"
)
_WHEN = re.compile(r"(?<![가-힣])언제(?!든|나\s|라도)|^\W*when\b", re.IGNORECASE)


#: A length of time that is asked for in a unit of one size: 3시간 does not answer 몇 분.
_IN_UNIT = re.compile(r"몇\s?(초|분|시간|개월|년)(?!\s?[월일])")


def is_in_asked_unit(question: str, text: str) -> bool:
    """Tell whether a text has a time in the unit in which the question asks for one, if it does."""
    found = _IN_UNIT.search(question)
    return found is None or re.search(rf"\d\s?{found[1]}", as_read(text)) is not None


def asked_units(question: str) -> frozenset[str]:
    """Return the units of which a question asks for a number; nothing where it does not say."""
    found: set[str] = set()
    for word in _COUNTED.findall(question):
        units = {one.unit for one in quantities(f"3{word}")}
        if units & _ANYTHING:
            return frozenset()
        found |= units
    for pattern, kinds in _KINDS:
        found |= kinds if pattern.search(question) else set()
    return frozenset(found | _TIMES if "며칠" in question else found)


def of_the_kind(question: str, stated: Iterable[Quantity]) -> list[Quantity]:
    """Return the numbers that can be what a question asks for: of its units, and on the side of an event that it names.

    When something is or ends is said by a date, or by a time before or after something: 3일 전까지, but not 3일.
    """
    wanted, side = asked_units(question), _SIDE.search(question)
    fits = [one for one in stated if one.unit in wanted]
    if "며칠" in question:
        fits = [one for one in fits if one.unit != SECOND or one.value >= _DAY]
    if side:
        bound = "before" if side[1] or side[3] else "after"
        return [one for one in fits if one.bound in (bound, "") or one.unit not in _TIMES]
    if _WHEN.search(question):
        return [one for one in fits if one.bound or one.unit not in _TIMES]
    return fits


def is_another_kind(question: str, answer: str) -> bool:
    """Tell whether an answer has numbers with units, and none that can be what the question asks for. A price or a
    score may be a share, and a date joined by hyphens."""
    wanted, said = asked_units(question), facts(answer)
    units = {one.unit for one in said.quantities}
    if (
        not wanted
        or said.days
        or units & {"", ANY}
        or (units and said.joined)
        or (PERCENT in units and wanted & _SHARED)
    ):
        return False
    if not units:
        return bool(said.joined) and not wanted & _DATES
    return not of_the_kind(question, said.quantities)
