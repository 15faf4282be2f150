"""What an answer states as fact, and whether another text states the same: what no count of shared words can say."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

from pagetune.claims import claims, normal_form, unsupported
from pagetune.korean import is_korean
from pagetune.tokens import CharacterTokenizer, Morpheme, f1, morphemes, nfc

ABSTENTIONS = Path(__file__).with_name("abstentions.txt")
#: An answer longer than this says more than that it does not know.
_MAX_ABSTENTION = 100
#: Of the characters, without spaces, that two texts without any number or code have to share (F1) to say the same.
_SAME_WORDS = 0.5

Number = tuple[Fraction, str]

#: Of Kiwi's morphemes. 아니요 is an answer of its own; the prefixes make 미지급 of 지급.
_NEGATIVE = {
    ("않", "VX"), ("안", "MAG"), ("못", "MAG"), ("못하", "VX"), ("아니", "MAG"), ("아니", "VCN"), ("아니", "IC"),
    ("아니요", "IC"), ("아니오", "IC"), ("없", "VA"), ("없이", "MAG"), ("말", "VX"), ("불가", "NNG"), ("금지", "NNG"),
    ("미", "XPN"), ("불", "XPN"), ("비", "XPN"),
}  # fmt: skip
#: What may stand between two that cancel out: 하지 않을 수 없다, 하지 않으면 안 된다, 없지 않다.
_BETWEEN = {"을", "ᆯ", "ᆫ", "수", "는", "가", "도", "으면", "면", "지", "하"}
_ENGLISH_NEGATION = re.compile(
    r"\b(?:not|never|none|nobody|nothing|cannot|without)\b|\bno\b(?!\.?\s?\d)|n['’]t\b", re.I
)

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_MONTH = re.compile(rf"\b(?:({_MONTHS})|(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)")
_NUMERALS = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMERAL = re.compile(rf"\b({'|'.join(_NUMERALS)})\b", re.I)
#: Behind the first word of a sentence and not a code, which has digits or further capitals.
_ENGLISH_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]{2,}\b")
_UNIT_TAGS = {"NNB", "NNG", "SL", "SW"}
_SAME_UNIT = {
    "와트": "w", "킬로와트": "kw", "미터": "m", "센티미터": "cm", "밀리미터": "mm", "킬로미터": "km", "그램": "g",
    "킬로그램": "kg", "리터": "l", "밀리리터": "ml", "프로": "%", "주일": "주", "주간": "주", "달러": "$",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """Numbers with their units, joined numbers such as 02-555-0143, codes, proper names, and whether it says no."""

    numbers: frozenset[Number]
    joined: frozenset[str]
    codes: frozenset[str]
    names: frozenset[str]
    negated: bool

    @property
    def counted(self) -> bool:
        """Whether there is anything that can be told apart to the letter."""
        return bool(self.numbers or self.joined or self.codes)


def facts(text: str) -> Facts:
    text = nfc(text)
    found = morphemes(text) if is_korean(text) else []
    claimed = claims(_english_in_digits(text))
    units = _units(text, found)
    numbers = {(value, _same(unit or units.get(value, ""))) for value, unit in claimed.numbers}
    return Facts(frozenset(numbers), claimed.joined, claimed.codes, _names(text, found), _negated(text, found))


def fact_match(prediction: str, reference: str) -> float:
    """1 if the prediction states just the reference's facts, else 0.

    Numbers with units, dates, amounts, codes and the negation have to be the same; a name may be left out or added,
    not exchanged. Where the reference has no number or code, half of the characters have to be shared as well.
    """
    said, held = facts(prediction), facts(reference)
    same = (
        _agree(said.numbers, held.numbers)
        and (said.joined, said.codes, said.negated) == (held.joined, held.codes, held.negated)
        and not _exchanged(said, prediction, held, reference)
    )
    return float(same and (held.counted or _shared_characters(prediction, reference) >= _SAME_WORDS))


def invented(answer: str, support: str) -> list[str]:
    """The numbers, dates, codes and names of `answer` that `support` does not hold, sorted."""
    answer, support = nfc(answer), nfc(support)
    strange = [name for name in facts(answer).names if not _named(name, support)]
    return sorted({*unsupported(_english_in_digits(answer), _english_in_digits(support)), *strange})


def abstains(answer: str) -> bool:
    """Whether the answer says that it does not know, by one of the phrases of abstentions.txt."""
    said = normal_form(nfc(answer))
    return len(answer) <= _MAX_ABSTENTION and any(phrase in said for phrase in abstentions())


@cache
def abstentions() -> tuple[str, ...]:
    lines = ABSTENTIONS.read_text(encoding="utf-8").splitlines()
    return tuple(normal_form(nfc(line)) for line in lines if line and not line.startswith("#"))


def _english_in_digits(text: str) -> str:
    """March is the third 월, and four is 4; so dates and counts compare across both languages."""
    text = _MONTH.sub(lambda found: f"{_month(found)}월", text)
    return _NUMERAL.sub(lambda found: str(_NUMERALS.index(found[1].lower()) + 2), text)


def _month(found: re.Match[str]) -> int:
    names = [name[:3] for name in _MONTHS.split("|")]
    return names.index(found.group()[:3]) + 1


def _units(text: str, found: list[Morpheme]) -> dict[Fraction, str]:
    """What Kiwi finds to be the noun right behind each number: claims knows the common ones alone."""
    units = {}
    for number, noun in pairwise(found):
        gap = noun.start - number.end
        near = noun.tag in _UNIT_TAGS if gap == 0 else gap == 1 and noun.tag == "NNB"
        if number.tag == "SN" and near and (value := _value(number.form)) is not None:
            units[value] = noun.form
    return units


def _value(form: str) -> Fraction | None:
    try:
        return Fraction(form.replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def _same(unit: str) -> str:
    return _SAME_UNIT.get(unit, unit)


def _agree(said: frozenset[Number], held: frozenset[Number]) -> bool:
    return all(_among(number, held) for number in said) and all(_among(number, said) for number in held)


def _among(number: Number, others: frozenset[Number]) -> bool:
    """With the same value, and a unit that does not gainsay: none at all, or the start of the other (3일, 3일이내)."""
    value, unit = number
    return any(value == other and (unit.startswith(name) or name.startswith(unit)) for other, name in others)


def _names(text: str, found: list[Morpheme]) -> frozenset[str]:
    korean = {token.form for token in found if token.tag == "NNP" and len(token.form) > 1 and is_korean(token.form)}
    english = {name.group() for name in _ENGLISH_NAME.finditer(text)} if not is_korean(text) else set()
    return frozenset(korean | {name.lower() for name in english if not _MONTH.match(name)})


def _exchanged(said: Facts, prediction: str, held: Facts, reference: str) -> bool:
    """Whether one text lacks a name of the other and has one of its own instead."""
    added = any(not _named(name, reference) for name in said.names)
    missing = any(not _named(name, prediction) for name in held.names)
    return added and missing


def _named(name: str, text: str) -> bool:
    """By its first two syllables where it is Korean: 서울시 is 서울특별시, and 대전광역시 is not 대구광역시."""
    return (name[:2] if is_korean(name) else name) in re.sub(r"\s", "", text.lower())


def _negated(text: str, found: list[Morpheme]) -> bool:
    if not found:
        return _ENGLISH_NEGATION.search(text) is not None
    places = [place for place in range(len(found)) if _denies(found, place)]
    cancelled = sum(
        all(token.form in _BETWEEN for token in found[first + 1 : second]) for first, second in pairwise(places)
    )
    return len(places) > 2 * cancelled


def _denies(found: list[Morpheme], place: int) -> bool:
    """하나밖에 없다 says that there is one."""
    only = place > 0 and found[place - 1].form == "밖에"
    return (found[place].form, found[place].tag) in _NEGATIVE and not only


def _shared_characters(prediction: str, reference: str) -> float:
    characters = CharacterTokenizer()
    return f1(characters.tokenize(prediction), characters.tokenize(reference))
