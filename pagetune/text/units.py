"""Numbers with their units, and the units that have several spellings."""

import re
from fractions import Fraction
from functools import lru_cache

#: A value and its unit, or "" where it has none.
Number = tuple[Fraction, str]

_SAME = {
    "와트": "w", "킬로와트": "kw", "미터": "m", "센티미터": "cm", "밀리미터": "mm", "킬로미터": "km", "그램": "g",
    "킬로그램": "kg", "리터": "l", "밀리리터": "ml", "프로": "%", "퍼센트": "%", "percent": "%", "달러": "$",
    "usd": "$", "krw": "원", "won": "원", "인": "명", "사람": "명", "번": "회", "차례": "회", "달": "개월",
    "주일": "주", "주간": "주", "일간": "일", "min": "minute", "hr": "hour",
}  # fmt: skip
#: What follows a unit and is not part of it.
_BOUND = re.compile(r"(?<=.)(?:이내|이상|이하|미만|초과|정도|가량|이전|이후|까지|부터|째|씩)$")
#: The plural of days, but not the s of ms.
_PLURAL = re.compile(r"(?<=[a-z]{2})s$")

_KOREAN = sorted((unit for unit in _SAME if not unit.isascii() and len(unit) > 1), key=len, reverse=True)
#: A Korean unit of two syllables or more, right behind its number; 5프로그램 is not one.
LONG_UNIT = rf"(?:{'|'.join(_KOREAN)})(?<!프로(?=[그젝세필모토듀]))"
#: Latin units that Korean texts also write apart from the number; other Latin words there are names.
LATIN_UNIT = r"(?i:k?w|[cmk]?m|k?g|m?l|usd|krw|won)(?![A-Za-z0-9])"


@lru_cache(maxsize=4096)
def same_unit(unit: str) -> str:
    """Return the one spelling that stands for `unit`: kg for 킬로그램, 명 for 인이내, day for days."""
    unit = _PLURAL.sub("", _BOUND.sub("", unit.lower()))
    return _SAME.get(unit, unit)


def missing(numbers: frozenset[Number], others: frozenset[Number]) -> list[Number]:
    """Return the numbers without one of the same value and unit among `others`; either may lack its unit."""
    units: dict[Fraction, set[str]] = {}
    for value, unit in others:
        units.setdefault(value, set()).add(unit)
    return [
        (value, unit)
        for value, unit in numbers
        if not (found := units.get(value)) or (unit and "" not in found and unit not in found)
    ]


def written(number: Number) -> str:
    """Return the number as a message shows it: 1.5kg."""
    value, unit = number
    return f"{value.numerator if value.denominator == 1 else float(value)}{unit}"
