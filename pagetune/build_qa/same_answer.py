"""Whether two answers to one question agree in their facts: one of them may say more, but nothing else."""

import re
from itertools import pairwise

from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import contradict
from pagetune.text.proper_names import lacking, names_in
from pagetune.text.quantities import Quantity, as_read, quantities
from pagetune.text.units import missing

#: The share of an answer's own words that another one has to have: of a few words, which may be names of things, more.
_SHARE, _SHARE_OF_FEW, _FEW = 0.6, 0.75, 4
#: The same where a number or a code agrees too.
_SHARE_BESIDE_NUMBERS = 0.4
_YES = re.compile(r"\W*(?:네|예|yes)(?![가-힣A-Za-z])[\s,.!]*", re.IGNORECASE)
_NO = re.compile(r"\W*(?:아니요|아니오|아닙니다|no)(?![가-힣A-Za-z])[\s,.!]*", re.IGNORECASE)
_DAY = re.compile(
    r"[월화수목금토일]요일|\b(?i:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"
)
#: What divides the items of a list, and how many make one.
_BETWEEN_ITEMS = re.compile(r"\s*[,;·ㆍ、|\n]\s*(?!\d{3}\b)|\s(?:및|and|or|또는)\s|(?<=[가-힣])[와과]\s")
_LIST = 3
#: Ends a sentence, or a clause that may say the opposite of the next one.
_CLAUSE_END = re.compile(
    r"(?<=[.!?;])\s+|\n|(?<=며)\s|(?<=고)\s|(?<=나)\s|(?<=만)\s|,?\s(?=(?:but|while|whereas)\b)|(?<=,)\s"
)
_LOW, _HIGH = {"min", "over", "after"}, {"max", "under", "before"}


def agrees(first: str, second: str, question: str) -> bool:
    """Tell whether two answers to a question agree in numbers, codes, names, denial and, beside these, in their words.

    The shorter one's facts have to be in the longer one, in any order and in other words or units.
    """
    one, other = (" ".join(as_read(text).split()) for text in (first, second))
    if not one or not other:
        return False
    if one.casefold().rstrip(".") == other.casefold().rstrip("."):
        return True
    sides = _side(one), _side(other)
    if any(sides):
        return _agree_on_yes_or_no(one, other, sides, question)
    return _one_holds_the_other(one, other, question)


def _side(answer: str) -> str:
    """Return yes or no where the answer begins with it."""
    return "yes" if _YES.match(answer) else "no" if _NO.match(answer) else ""


def _agree_on_yes_or_no(one: str, other: str, sides: tuple[str, str], question: str) -> bool:
    rests = [(_YES if side == "yes" else _NO).sub("", text, count=1) if side else text
             for text, side in zip((one, other), sides, strict=True)]  # fmt: skip
    if all(sides):
        numbers = [quantities(rest) for rest in rests]
        return sides[0] == sides[1] and (not all(numbers) or _one_holds_the_other(rests[0], rests[1], question))
    side, statement = (sides[0], other) if sides[0] else (sides[1], one)
    if any(rest != text and rest for rest, text in zip(rests, (one, other), strict=True)):
        return _one_holds_the_other(rests[0], rests[1], question)
    speaks_of_it = any(has_word(statement, word) for word in content_words(question))
    return speaks_of_it and (side == "no") == contradict(question, statement)


def _one_holds_the_other(one: str, other: str, question: str) -> bool:
    return any(
        _holds(long, short, question) and not contradict(short, _part_about(long, short))
        for short, long in ((one, other), (other, one))
    )


def _holds(long: str, short: str, question: str) -> bool:
    """Tell whether the long answer has all facts of the short one, and enough of its words."""
    if not _has_numbers(long, short) or not _has_names(long, short):
        return False
    items = [item for item in _BETWEEN_ITEMS.split(short) if content_words(item)]
    if len(items) >= _LIST and len(short) < 40 * len(items):
        return all(normal_form(item) in normal_form(long) or _shares_words(long, item, "", 0.5) for item in items)
    counted = claims(short) != claims("")
    own = _own_words(short, question)
    if not own:
        return counted or " ".join(short.split()).casefold() in long.casefold()
    share = _SHARE_BESIDE_NUMBERS if counted else _SHARE_OF_FEW if len(own) <= _FEW else _SHARE
    return _shares_words(long, short, question, share)


def _own_words(text: str, question: str) -> frozenset[str]:
    """Return the content words that the question does not have; all where it has them all."""
    words = content_words(text)
    return frozenset(word for word in words if not has_word(question, word)) or words


def _shares_words(long: str, short: str, question: str, share: float) -> bool:
    own = _own_words(short, question)
    return sum(has_word(long, word) for word in own) >= share * len(own)


def _has_numbers(long: str, short: str) -> bool:
    """Tell whether all numbers and codes of the short answer are in the long one, in any unit, none with an opposite
    bound: 3일 이내 is not 3일 이후."""
    said, held = claims(short), claims(long)
    if any(token not in long.lower() for token in said.joined | said.codes):
        return False
    amounts = quantities(long)
    like = [[other for other in amounts if one.is_like(other)] for one in quantities(short)]
    if missing(said.numbers, held.numbers) and not (like and all(like)):
        return False
    return not any(
        found and all(_opposed(one, other) for other in found)
        for one, found in zip(quantities(short), like, strict=True)
    )


def _opposed(one: Quantity, other: Quantity) -> bool:
    return any(one.bound in low and other.bound in high for low, high in ((_LOW, _HIGH), (_HIGH, _LOW)))


def _has_names(long: str, short: str) -> bool:
    """Tell whether the long answer has the weekdays and the proper names of the short one."""
    days = {day.lower()[:3] for day in _DAY.findall(short)}
    names = names_in(short, morphemes(short) if is_korean(short) else [])
    return days <= {day.lower()[:3] for day in _DAY.findall(long)} and not lacking(names, long)


def _part_about(long: str, short: str) -> str:
    """Return the clauses of the long answer that speak of what the short one says: another may deny something else."""
    cuts = [0, *(found.end() for found in _CLAUSE_END.finditer(long)), len(long)]
    clauses = [long[start:end] for start, end in pairwise(cuts) if long[start:end].strip()]
    said, words = claims(short), content_words(short)
    shares = [
        len(claims(part).numbers & said.numbers) + sum(has_word(part, word) for word in words) for part in clauses
    ]
    return " ".join(part for part, share in zip(clauses, shares, strict=True) if 2 * share > max(shares)) or long
