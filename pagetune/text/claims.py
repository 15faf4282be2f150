"""What a text claims, so that two texts can be compared: its numbers with their units, its codes, its letters."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pagetune.text.korean import is_korean
from pagetune.text.numerals import SCALES, few_in_digits, in_digits
from pagetune.text.units import LATIN_UNIT, LONG_UNIT, Number, missing, same_unit, written

_LETTERS = re.compile(r"[^\W_]+")
_SCALE = r"(?:(?:[십백천만억]|조(?=\s?원)){1,3}(?=$|[^가-힣]|[원명개회권건부달유]))"
#: 5, 1,600 or 1.5. Nobody states a number with more digits.
DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,9}(?![\d,])|\d{1,30})(?:\.\d{1,30})?"
_UNIT = (
    rf"{LONG_UNIT}|[번달](?=입니다|이[다며고에]|이내|이상|이하|까지|부터|씩)|인분|개월|개소|개사|개|년|월|일|시간|시|분|초|원|명|인|권|층|호|회|조|항|%|도|배|세|건|유로"
    r"|(?!(?:to|and|or|of|in|by|per|a|at|for|on|is|are)\b)[A-Za-z]+|(?![은는이가을를의에로와과도만부까])[가-힣](?![가-힣])|[점주장대평곳]"
)
#: A number and its Latin unit with a space between them.
_APART = re.compile(rf"(?<![\w.,-])({DIGITS})\s(?={LATIN_UNIT})")
#: 3만 5천 is one number, and so is 1천500.
_NUMBER = re.compile(
    rf"(?<![\d.])((?<![\w)])[-−])?({DIGITS})\s?({_SCALE})?((?:\s?{DIGITS}\s?{_SCALE})*)((?<=[십백천만억])\d{{1,30}})?"
    rf"\s?({_UNIT})?"
)
_PART = re.compile(rf"({DIGITS})\s?({_SCALE})")
#: Numbers that are one thing, such as telephone and account numbers.
_JOINED = re.compile(r"(?<![\w])[+]?\d+(?:[-/:]\d+)+")
#: Dates, times and short ranges look like joined numbers and are not.
_DATE = re.compile(
    r"(?:\d{4}|\d{2})[-/.]\s?\d{1,2}[-/.]\s?\d{1,2}|\d{1,2}:\d{2}(?:-\d{1,2}:\d{2})?|[1-9]\d{0,2}-[1-9]\d{0,2}"
)
_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]*(?:[._@/+&-][A-Za-z0-9]+)*|(?<!\d)\d+[A-Za-z]+\d\w*")
_AFTERNOON = re.compile(r"오후\s?(\d{1,2})(\s?시|:\d{2})")
_MORNING = re.compile(r"오전\s?(\d{1,2})(\s?시|:\d{2})")
_HALF_OF_DAY = re.compile(r"오전|오후")


@dataclass(frozen=True)
class Claims:
    """`numbers` are (value, unit or ""); `joined` numbers such as 02-555-0143; `codes` such as NB-700, lower case."""

    numbers: frozenset[Number]
    joined: frozenset[str]
    codes: frozenset[str]


@lru_cache(maxsize=4096)  # the wordings of a fact follow each other, with one answer
def normal_form(text: str) -> str:
    """Return what is the same in texts that differ only in case, white space and punctuation."""
    return "".join(_LETTERS.findall(text.lower()))


@lru_cache(maxsize=16384)  # the sentences of a page are compared with many answers
def claims(text: str) -> Claims:
    """Return what `text` claims.

    Dates, times and ranges count as the numbers that they are made of, whichever signs divide them. 두 시간 is 2시간,
    오후 2시 is 14시, and 오전 and 오후 without an hour count as codes.
    """
    text = _APART.sub(r"\1", few_in_digits(in_digits(_by_24_hours(text))))
    halves = set(_HALF_OF_DAY.findall(text))
    joined = [found.group() for found in _JOINED.finditer(text) if not _DATE.fullmatch(found.group())]
    rest = _JOINED.sub(lambda found: found.group() if _DATE.fullmatch(found.group()) else " ", text)
    in_korean = is_korean(text)
    codes = {found.group() for found in _CODE.finditer(rest) if _is_code(found.group(), in_korean)}
    rest = _CODE.sub(lambda found: " " if found.group() in codes else found.group(), rest)
    numbers = {_number(found) for found in _NUMBER.finditer(_divided(rest))}
    return Claims(frozenset(numbers), frozenset(joined), frozenset({code.lower() for code in codes} | halves))


def _by_24_hours(text: str) -> str:
    """Return `text` with the times of the day by 24 hours where it gives them by 12."""
    text = _AFTERNOON.sub(lambda found: f"{int(found[1]) % 12 + 12}{found[2]}", text)
    return _MORNING.sub(lambda found: f"{found[1]}{found[2]}", text)


def _divided(text: str) -> str:
    """Return `text` with the numbers of its dates divided by spaces: 2024.9.15 does not hold the number 2024.9."""
    return _DATE.sub(lambda found: re.sub(r"[-/:.]", " ", found.group()), text)


def _number(found: re.Match[str]) -> Number:
    sign, first, scale, more, last, unit = found.groups()
    value = scaled(first, scale) + sum(scaled(*part.groups()) for part in _PART.finditer(more)) + int(last or 0)
    return -value if sign else value, same_unit(unit or "")


def scaled(digits: str, scale: str | None) -> Fraction:
    """Return 3.5 with the scale 만 as 35,000."""
    value = Fraction(digits.replace(",", ""))
    for sign in scale or "":
        value *= SCALES[sign]
    return value


def _is_code(token: str, in_korean: bool) -> bool:
    """Tell whether a Latin word is a code. In Korean every one is; in English it has a digit, two capitals or an @."""
    return in_korean or any(map(str.isdigit, token)) or sum(map(str.isupper, token)) >= 2 or "@" in token


def unsupported(answer: str, evidence: str) -> list[str]:
    """Return what `answer` claims and `evidence` does not, sorted. A unit may be missing in either, but not differ."""
    if holds_whole(evidence, answer):
        return []
    said, held = claims(answer), claims(evidence)
    lower = evidence.lower()
    strange = [written(number) for number in missing(said.numbers, held.numbers)]
    return sorted(strange + [token for token in said.joined | said.codes if not _holds(lower, token)])


def holds_whole(evidence: str, answer: str) -> bool:
    """Tell whether the evidence has all of the answer in it, however it is spaced.

    5원 is not in 15원, nor 3 in 3.5, nor 555 in 02-555.
    """
    pattern = whole(r"\s*".join(map(re.escape, "".join(answer.split()))))
    return re.search(pattern, evidence) is not None


def whole(pattern: str) -> str:
    """Return a regular expression for `pattern` that neither begins nor ends inside a number, a code or an address.

    A number that is negative in the text is found only with its minus.
    """
    unsigned = r"(?:(?!\d)|(?<![\s(][-−])(?<!\A[-−]))"
    return rf"(?<![A-Za-z0-9])(?<![A-Za-z0-9][-@._,]){unsigned}(?:{pattern})(?![A-Za-z0-9])(?![-@._,][A-Za-z0-9])"


def _holds(lower: str, token: str) -> bool:
    return re.search(whole(re.escape(token)), lower) is not None
