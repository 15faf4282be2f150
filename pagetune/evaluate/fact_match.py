"""What an answer states as fact, and whether another text states the same: what no count of shared words can say."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

from pagetune.evaluate.proper_names import lacking, names_in
from pagetune.evaluate.shared_words import same_words
from pagetune.evaluate.tokenizers import Morpheme, morphemes, nfc
from pagetune.text.claims import claims, normal_form
from pagetune.text.korean import is_korean
from pagetune.text.notation import plain

ABSTENTIONS = Path(__file__).parents[1] / "text/abstentions.txt"
#: What one cannot do without an identity card says nothing about who answers.
_CONDITION = re.compile(r"[가-힣]면(?=[\s,])")
#: An answer longer than this says more than that it does not know.
_MAX_ABSTENTION = 100

Number = tuple[Fraction, str]

#: Of Kiwi's morphemes; the prefixes make 미지급 of 지급.
_NEGATIVE = {
    ("않", "VX"), ("안", "MAG"), ("못", "MAG"), ("못하", "VX"), ("아니", "MAG"), ("아니", "VCN"), ("없", "VA"),
    ("아니요", "IC"), ("아니오", "IC"),
    ("없이", "MAG"), ("말", "VX"), ("불가", "NNG"), ("금지", "NNG"), ("미", "XPN"), ("불", "XPN"), ("비", "XPN"),
    ("부", "XPN"),
}  # fmt: skip
#: What may stand between two that cancel out: 하지 않을 수 없다, 하지 않으면 안 된다, 없지 않다, 금지되지 않는다.
_BETWEEN = {"을", "ᆯ", "ᆫ", "수", "는", "가", "도", "으면", "면", "지", "하", "되"}
_ENGLISH_NEGATION = re.compile(
    r"\b(?:not|never|none|nobody|nothing|cannot|without|impossible|unable|invalid|prohibited|forbidden)\b"
    r"|\bno\b(?!\.?\s?\d)|n['’]t\b",
    re.IGNORECASE,
)
#: What gainsays what; of each pair the two texts may not state one side each.
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
_SAME_UNIT = {
    "와트": "w", "킬로와트": "kw", "미터": "m", "센티미터": "cm", "밀리미터": "mm", "킬로미터": "km", "그램": "g",
    "킬로그램": "kg", "리터": "l", "밀리리터": "ml", "프로": "%", "퍼센트": "%", "주일": "주", "주간": "주",
    "달러": "$", "usd": "$", "krw": "원", "won": "원", "인": "명", "사람": "명", "번": "회", "차례": "회", "달": "개월",
    "일간": "일",
}  # fmt: skip
#: Behind a unit, and no part of it.
_BOUND = re.compile(r"(?<=.)(?:이내|이상|이하|미만|초과|정도|가량|이전|이후|까지|부터|째|씩)$")


@dataclass(frozen=True)
class Facts:
    """Numbers with their units, joined numbers such as 02-555-0143, codes (with digits, or an @), weekdays, proper
    names, whether it says no, and for each pair of `_OPPOSITES` which side it takes."""

    numbers: frozenset[Number]
    joined: frozenset[str]
    codes: frozenset[str]
    days: frozenset[str]
    names: frozenset[str]
    negated: bool
    sides: tuple[tuple[bool, bool], ...]

    @property
    def counted(self) -> bool:
        """Whether there is anything that can be told apart to the letter."""
        return bool(self.numbers or self.joined or self.codes)


def facts(text: str) -> Facts:
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
        negated=_negated(text, found),
        sides=tuple((bool(one.search(text)), bool(other.search(text))) for one, other in _OPPOSITES),
    )


def fact_match(prediction: str, reference: str, question: str = "") -> float:
    """1 if the prediction states just the reference's facts, else 0; what the question states may be said again.

    Numbers with units, dates, amounts, codes and the negation have to be the same; a name may be left out or added,
    not exchanged. Where the reference has no number or code, half of the words that the question lacks are shared.
    """
    said, held, asked = facts(prediction), facts(reference), facts(question)
    same = _states(said, held) and not _adds(said, held, asked) and not _gainsays(said, held)
    same = same and not _exchanged(said, prediction, held, f"{reference}\n{question}")
    return float(same and (held.counted or same_words(prediction, reference, question)))


def _states(said: Facts, held: Facts) -> bool:
    return (
        not _missing(held.numbers, said.numbers)
        and said.joined >= held.joined
        and said.codes >= held.codes
        and said.negated >= held.negated
    )


def _adds(said: Facts, held: Facts, asked: Facts) -> bool:
    """Whether anything is stated that neither the reference nor the question states."""
    return (
        bool(_missing(said.numbers, held.numbers | asked.numbers))
        or not said.joined <= held.joined | asked.joined
        or not said.codes <= held.codes | asked.codes
        or (said.negated and not (held.negated or asked.negated))
    )


def _gainsays(said: Facts, held: Facts) -> bool:
    """Whether one text takes one side only of a pair of opposites, and the other text the other; or another weekday."""
    other_days = bool(said.days and held.days and said.days != held.days)
    return other_days or any(
        mine != theirs and all(sum(sides) == 1 for sides in (mine, theirs))
        for mine, theirs in zip(said.sides, held.sides, strict=True)
    )


def invented(answer: str, support: str) -> list[str]:
    """The numbers, dates, codes and names of `answer` that `support` does not hold, sorted."""
    said, held = facts(answer), facts(support)
    numbers = {_say(number) for number in _missing(said.numbers, held.numbers)}
    tokens = (said.joined | said.codes | said.days) - (held.joined | held.codes | held.days)
    return sorted(numbers | tokens | lacking(said.names, support))


def _say(number: Number) -> str:
    value, unit = number
    return f"{value.numerator if value.denominator == 1 else float(value)}{unit}"


def abstains(answer: str) -> bool:
    """Whether a sentence of the answer begins or ends with one of the phrases of abstentions.txt."""
    answer = nfc(answer)
    sentences = [normal_form(part) for part in re.split(r"[.!?。\n]+", answer) if not _CONDITION.search(part)]
    return len(answer) <= _MAX_ABSTENTION and any(
        sentence.startswith(abstentions()) or sentence.endswith(abstentions()) for sentence in sentences
    )


@cache
def abstentions() -> tuple[str, ...]:
    lines = ABSTENTIONS.read_text(encoding="utf-8").splitlines()
    return tuple(normal_form(nfc(line)) for line in lines if line and not line.startswith("#"))


def _numbers(claimed: Iterable[Number], found: list[Morpheme]) -> frozenset[Number]:
    """With the noun right behind each where Kiwi finds one: claims knows the common units alone."""
    units: dict[Fraction, set[str]] = {}
    for number, noun in pairwise(found):
        near = noun.tag in _UNIT_TAGS if noun.start == number.end else _is_unit_apart(number, noun)
        if number.tag == "SN" and near and (value := _value(number.form)) is not None:
            units.setdefault(value, set()).add(noun.form)
    return frozenset((value, _same(name)) for value, unit in claimed for name in units.get(value, {unit}))


def _is_unit_apart(number: Morpheme, noun: Morpheme) -> bool:
    return noun.start == number.end + 1 and (noun.tag == "NNB" or noun.form == "영업일")


def _value(form: str) -> Fraction | None:
    try:
        return Fraction(form.replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return None


def _same(unit: str) -> str:
    unit = _BOUND.sub("", unit)
    return _SAME_UNIT.get(unit, unit)


def _missing(numbers: frozenset[Number], others: frozenset[Number]) -> list[Number]:
    """Those without one of the same value and unit; one of the two may have no unit."""
    units: dict[Fraction, set[str]] = {}
    for value, unit in others:
        units.setdefault(value, set()).add(unit)
    return [
        (value, unit)
        for value, unit in numbers
        if not (found := units.get(value)) or (unit and "" not in found and unit not in found)
    ]


def _exchanged(said: Facts, prediction: str, held: Facts, reference: str) -> bool:
    """Whether one text lacks a name of the other and has one of its own instead."""
    return bool(lacking(said.names, reference) and lacking(held.names, prediction))


def _negated(text: str, found: list[Morpheme]) -> bool:
    if not found:
        return _ENGLISH_NEGATION.search(text) is not None
    places = [place for place in range(len(found)) if _denies(found, place)]
    cancelled = sum(
        all(token.form in _BETWEEN for token in found[first + 1 : second]) for first, second in pairwise(places)
    )
    return len(places) > 2 * cancelled


def _denies(found: list[Morpheme], place: int) -> bool:
    """Not in 하나밖에 없다 (there is one), 뿐만 아니라 (as well), 아니면 (or), and 하고 말았다 (in the end)."""
    token, before = found[place], found[place - 1].form if place else ""
    after = found[place + 1].form if place + 1 < len(found) else ""
    if (token.form, token.tag) not in _NEGATIVE or before == "밖에":
        return False
    if token.form == "아니":
        return before not in ("뿐", "만") and after != "면"
    return not (token.form == "말" and before == "고")
