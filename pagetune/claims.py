"""What a text claims, so that two texts can be compared: its numbers with their units, its codes, its bare letters."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pagetune.korean import is_korean

_LETTERS = re.compile(r"[^\W_]+")
_SCALES = {"십": 10, "백": 100, "천": 1000, "만": 10_000, "억": 10**8, "조": 10**12}
#: 5, 1,600, 1.5, then 천만 (of 5천만), then the unit. 조 after a number is an article, before 원 ten to the twelfth.
_NUMBER = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(\.\d+)?"
    r"\s?((?:[십백천만억]|조(?=\s?원)){1,3}(?=$|[^가-힣]|[원명개회권건부달유]))?"
    r"\s?(개월|개소|개사|개|년|월|일|시간|시|분|초|원|명|인|권|층|호|회|조|항|퍼센트|%|도|배|세|건|달러|유로|km|kg|cm|mm|m|g)?"
)
#: Numbers that are one thing: telephone and account numbers, versions, times, ranges of articles are not.
_JOINED = re.compile(r"(?<![\w])[+]?\d+(?:[-/:]\d+)+")
_DATE = re.compile(r"(?:\d{4}|\d{2})[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}|\d{1,2}:\d{2}")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[._@/+&-][A-Za-z0-9]+)*|\d+[A-Za-z][A-Za-z0-9]*")
_SAME_UNIT = {"퍼센트": "%", "인": "명"}


@dataclass(frozen=True)
class Claims:
    """`numbers` are (value, unit or ""); `joined` numbers such as 02-555-0143; `codes` such as NB-700, lower case."""

    numbers: frozenset[tuple[Fraction, str]]
    joined: frozenset[str]
    codes: frozenset[str]


@lru_cache(maxsize=4096)  # the wordings of a fact follow each other, with one answer
def normal_form(text: str) -> str:
    """What two texts share that differ only in case, white space and punctuation."""
    return "".join(_LETTERS.findall(text.lower()))


def claims(text: str) -> Claims:
    """Dates and times count as the numbers that they are made of, whichever signs divide them."""
    joined = [found.group() for found in _JOINED.finditer(text) if not _DATE.fullmatch(found.group())]
    rest = _JOINED.sub(lambda found: found.group() if _DATE.fullmatch(found.group()) else " ", text)
    codes = {found.group() for found in _CODE.finditer(rest) if _is_code(found.group(), is_korean(text))}
    for code in sorted(codes, key=len, reverse=True):
        rest = rest.replace(code, " ")
    numbers = {_number(found) for found in _NUMBER.finditer(_divided(rest))}
    return Claims(frozenset(numbers), frozenset(joined), frozenset(code.lower() for code in codes))


def _divided(text: str) -> str:
    """The numbers of dates apart: 2024.9.15 is no 2024.9."""
    return _DATE.sub(lambda found: re.sub(r"[-/:.]", " ", found.group()), text)


def _number(found: re.Match[str]) -> tuple[Fraction, str]:
    whole, decimals, scale, unit = found.groups()
    value = Fraction(whole.replace(",", "") + (decimals or ""))
    for sign in scale or "":
        value *= _SCALES[sign]
    return value, _SAME_UNIT.get(unit, unit or "")


def _is_code(token: str, in_korean: bool) -> bool:
    """Between Hangul every Latin word is a name or a code; in English those with digits or two capitals are."""
    return in_korean or any(map(str.isdigit, token)) or sum(map(str.isupper, token)) >= 2 or "@" in token


def unsupported(answer: str, evidence: str) -> list[str]:
    """What `answer` claims and `evidence` does not hold, sorted; a unit may be absent there, but not another."""
    if _stands_whole(answer, evidence):
        return []
    said, held = claims(answer), claims(evidence)
    lower = evidence.lower()
    values = {value for value, unit in held.numbers if not unit}
    strange = [number for number in said.numbers - held.numbers if not _bare(number, held, values)]
    missing = [_say(number) for number in strange]
    missing += [joined for joined in said.joined if not _stands(joined, lower)]
    missing += [code for code in said.codes if not _stands(code, lower)]
    return sorted(missing)


def _stands_whole(answer: str, evidence: str) -> bool:
    """Whether all of `answer` is there, however it is spaced: 5원 is not in 15원, nor 3 in 3.5."""
    letters = r"\s*".join(map(re.escape, "".join(answer.split())))
    pattern = rf"(?<![A-Za-z0-9])(?<!\d[.,]){letters}(?![A-Za-z0-9])(?![.,]\d)"
    return re.search(pattern, evidence) is not None


def _bare(number: tuple[Fraction, str], held: Claims, without_unit: set[Fraction]) -> bool:
    """Whether the value stands without a unit on one of the two sides."""
    value, unit = number
    return value in without_unit or (not unit and any(value == other for other, _ in held.numbers))


def _stands(token: str, lower: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(token)}(?![a-z0-9])", lower) is not None


def _say(number: tuple[Fraction, str]) -> str:
    value, unit = number
    return f"{float(value):.12g}{unit}"
