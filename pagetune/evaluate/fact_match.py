"""What an answer states as fact, and whether another text states the same: shared words cannot tell."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from pagetune.evaluate.proper_names import lacking, names_in
from pagetune.evaluate.shared_words import same_words
from pagetune.text.claims import claims
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme, morphemes
from pagetune.text.negation import Polarity, polarity
from pagetune.text.notation import nfc, plain
from pagetune.text.units import Number, missing, same_unit, written

#: Pairs of opposites: two texts may not state one side each.
_OPPOSITES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (r"이상|초과|최소|적어도|at least|more than", r"이하|미만|이내|최대|at most|up to|less than"),
        (
            r"\d\s?[가-힣%]{0,3}\s?(?:이후|후|뒤)|\bafter\b",
            r"\d\s?[가-힣%]{0,3}\s?(?:이전|이내|전까지|전에|전$)|\bbefore\b",
        ),
        (r"\d\s?[가-힣]{0,3}부터", r"\d\s?[가-힣]{0,3}까지"),
        (r"할인", r"할증"),
        (r"증가|인상|상승|increas", r"감소|인하|하락|decreas"),
        (r"유료|유상", r"무료|무상|공짜"),
        (r"유효", r"무효"),
        (r"^(?:네|예|yes)\b", r"^(?:아니요|아니오|no)\b"),
    )
)
_WEEKDAY = re.compile(r"[월화수목금토일]요일|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day", re.IGNORECASE)
_CODE = re.compile(r"[\d@]")
_UNIT_TAGS = {"NNB", "NNG", "SL", "SW"}


@dataclass(frozen=True)
class Facts:
    """Numbers with their units, joined numbers such as 02-555-0143, codes (with digits, or an @), weekdays, proper
    names, what it denies, and for each pair of `_OPPOSITES` which side it takes."""

    numbers: frozenset[Number]
    joined: frozenset[str]
    codes: frozenset[str]
    days: frozenset[str]
    names: frozenset[str]
    polarity: Polarity
    sides: tuple[tuple[bool, bool], ...]

    @property
    def counted(self) -> bool:
        """Tell whether the text states anything that has to be the same to the letter."""
        return bool(self.numbers or self.joined or self.codes)

    def denies(self, other: "Facts") -> bool:
        """Tell whether the text denies anything, compared with the other."""
        return self.polarity.denials(other.polarity) > 0


def facts(text: str) -> Facts:
    """Return what `text` states."""
    text = plain(nfc(text))
    found = morphemes(text) if is_korean(text) else []
    claimed = claims(text)
    codes = {code for code in claimed.codes if _CODE.search(code)}
    words = (claimed.codes - codes) if found else set()
    return Facts(
        numbers=_numbers(claimed.numbers, found),
        joined=claimed.joined,
        codes=frozenset(codes),
        days=frozenset(day.lower() for day in _WEEKDAY.findall(text)),
        names=names_in(text, found) | words,
        polarity=polarity(text),
        sides=tuple((bool(one.search(text)), bool(other.search(text))) for one, other in _OPPOSITES),
    )


def fact_match(prediction: str, reference: str, question: str = "") -> float:
    """Return 1 if the prediction states just the reference's facts, else 0; it may repeat what the question states.

    Numbers with units, dates, amounts, codes and the negation have to be the same; a name may be left out or added,
    but not exchanged. Where the reference has no number or code, the two have to share half of the words that are not
    in the question.
    """
    said, held, asked = facts(prediction), facts(reference), facts(question)
    same = _states(said, held) and not _adds(said, held, asked) and not _contradicts(said, held)
    same = same and not _exchanged(said, prediction, held, f"{reference}\n{question}")
    return float(same and (held.counted or same_words(prediction, reference, question)))


def _states(said: Facts, held: Facts) -> bool:
    """Tell whether `said` has all that `held` has."""
    return (
        not missing(held.numbers, said.numbers)
        and said.joined >= held.joined
        and said.codes >= held.codes
        and said.denies(held) >= held.denies(said)
    )


def _adds(said: Facts, held: Facts, asked: Facts) -> bool:
    """Tell whether `said` states anything that neither the reference nor the question states."""
    return (
        bool(missing(said.numbers, held.numbers | asked.numbers))
        or not said.joined <= held.joined | asked.joined
        or not said.codes <= held.codes | asked.codes
        or (said.denies(held) and not (held.denies(said) or asked.denies(said)))
    )


def _contradicts(said: Facts, held: Facts) -> bool:
    """Tell whether the texts take opposite sides, reverse a condition, or name different weekdays."""
    other_days = bool(said.days and held.days and said.days != held.days)
    return (
        other_days
        or said.polarity.reverses(held.polarity)
        or any(
            mine != theirs and all(sum(sides) == 1 for sides in (mine, theirs))
            for mine, theirs in zip(said.sides, held.sides, strict=True)
        )
    )


def invented(answer: str, support: str) -> list[str]:
    """Return the numbers, dates, codes and names of `answer` that `support` does not hold, sorted."""
    said, held = facts(answer), facts(support)
    numbers = {written(number) for number in missing(said.numbers, held.numbers)}
    tokens = (said.joined | said.codes | said.days) - (held.joined | held.codes | held.days)
    return sorted(numbers | tokens | lacking(said.names, support))


def _numbers(claimed: Iterable[Number], found: list[Morpheme]) -> frozenset[Number]:
    """Return the numbers with the noun right behind each where Kiwi finds one; `claims` only knows common units."""
    units: dict[Fraction, set[str]] = {}
    for number, noun in pairwise(found):
        near = noun.tag in _UNIT_TAGS if noun.start == number.end else _is_unit_apart(number, noun)
        if number.tag == "SN" and near and (value := _value(number.form)) is not None:
            units.setdefault(value, set()).add(noun.form)
    return frozenset((value, same_unit(name)) for value, unit in claimed for name in units.get(value, {unit}))


def _is_unit_apart(number: Morpheme, noun: Morpheme) -> bool:
    return noun.start == number.end + 1 and (noun.tag == "NNB" or noun.form == "영업일")


def _value(form: str) -> Fraction | None:
    try:
        return Fraction(form.replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def _exchanged(said: Facts, prediction: str, held: Facts, reference: str) -> bool:
    """Tell whether each text has a name that the other lacks."""
    return bool(lacking(said.names, reference) and lacking(held.names, prediction))
