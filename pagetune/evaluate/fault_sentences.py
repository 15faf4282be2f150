"""What a verdict follows from, in sentences for a reader."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pagetune.evaluate.messages import Message, listed, noted

#: Faults without a name or number in them, each as a predicate.
_WHOLE = {
    "denies it": Message("denies what the reference states"),
    "does not deny it": Message("does not deny what the reference denies"),
    "reverses the condition": Message("reverses the condition of the reference"),
    "has another order": Message("has the items in another order"),
    "names alternatives": Message("names an alternative that the reference does not have"),
    "names another one": Message("names somebody or something else"),
    "speaks of something else": Message("shares too few words with the reference"),
    "does not say yes": Message("does not say yes, as the reference does"),
    "does not say no": Message("does not say no, as the reference does"),
    "says yes": Message("says yes where the reference says no"),
    "says no": Message("says no where the reference says yes"),
    "takes its answer back": Message("takes itself back"),
    "takes a part of it back": Message("takes a part of itself back"),
    "leaves it open": Message("leaves it open"),
    "says yes and no": Message("says yes and no"),
    "contradicts the evidence": Message("contradicts the evidence"),
}
_BOUNDS = {
    "min": Message("at least"),
    "max": Message("at most"),
    "over": Message("more than"),
    "under": Message("less than"),
    "before": Message("before"),
    "after": Message("after"),
}
_RATES = {
    "second": Message("second"),
    "minute": Message("minute"),
    "hour": Message("hour"),
    "day": Message("day"),
    "week": Message("week"),
    "month": Message("month"),
    "year": Message("year"),
    "person": Message("person"),
    "case": Message("case"),
    "household": Message("household"),
    "night": Message("night"),
    "term": Message("term"),
    "item": Message("item"),
    "page": Message("page"),
    "class": Message("class"),
}
#: Faults that name words, by how they are written.
_NAMING = (
    (r"gives another number for (?P<what>.+)", noted("gives another number for “{what}”")),
    (r"gives (?P<what>.+) the number of another", noted("gives “{what}” the number of another")),
    (r"exchanges (?P<one>.+) and (?P<other>.+)", noted("exchanges “{one}” and “{other}”")),
    (r"has (?P<one>.+) before (?P<other>.+)", noted("has “{one}” before “{other}”")),
    (r"says (?P<said>.+), not (?P<held>.+)", noted("says “{said}”, not “{held}”")),
)
_RATE = re.compile(r"(.+) per (\w+), not per (\w+)")
_BOUND = re.compile(r"(.+): (\w+), not (\w+)")
_OTHER_SIDE = re.compile(r"takes the other side: (.+)", re.DOTALL)
#: Faults that one sentence lists.
_LISTED = ("lacks ", "states ")
#: How many claims a sentence names, and how long each may be.
_NAMED, _LONGEST = 5, 60


@dataclass(frozen=True)
class Reason:
    """What a verdict follows from: its faults, which are empty for a right answer, the claims of the reference that the
    answer states, the other words of the reference that it has, and what nothing supports."""

    faults: Sequence[str]
    stated: Sequence[str]
    shared: Sequence[str]
    invented: Sequence[str]


def sentences_for(reason: Reason, prediction: str, reference: str) -> Iterator[Message]:
    """Yield why an answer is wrong or right, and what it invents."""
    first, *more = [*_phrases(reason.faults, prediction, reference)] or [_agreement(reason.stated, reason.shared)]
    yield Message("The answer {does}.", does=first)
    yield from (Message("It {does}.", does=phrase) for phrase in more)
    if reason.invented:
        form = "It adds {claims}, found in neither question, reference nor page."
        yield Message(form, claims=_quoted(reason.invented))


def _agreement(stated: Sequence[str], shared: Sequence[str]) -> Message:
    if stated:
        return Message(
            "states what the reference states, {claims}, and contradicts none of it",
            claims=_quoted(stated),
        )
    if shared:
        return Message("has these words of the reference, {words}, and contradicts none of it", words=_quoted(shared))
    return Message("affirms and denies the same as the reference")


def _phrases(faults: Sequence[str], prediction: str, reference: str) -> Iterator[Message]:
    """Yield each fault as a predicate; what the answer lacks is one of them, and so is what it states instead."""
    missing, rivals = ([fault.removeprefix(verb) for fault in faults if fault.startswith(verb)] for verb in _LISTED)
    if missing:
        yield Message("lacks {claims}", claims=_quoted(missing))
    if rivals:
        yield Message("states {claims}, which the reference does not", claims=_quoted(rivals))
    yield from (_phrase(fault, prediction, reference) for fault in faults if not fault.startswith(_LISTED))


def _phrase(fault: str, prediction: str, reference: str) -> Message:
    if fault in _WHOLE:
        return _WHOLE[fault]
    if found := _RATE.fullmatch(fault):
        said, held = (_RATES[rate] for rate in found.group(2, 3))
        return Message("states {what} per {said}, and the reference per {held}", what=found[1], said=said, held=held)
    if found := _BOUND.fullmatch(fault):
        said, held = (_BOUNDS[bound] for bound in found.group(2, 3))
        return Message("says “{said}” of {what}, and the reference “{held}”", said=said, what=found[1], held=held)
    if found := _OTHER_SIDE.fullmatch(fault):
        return _opposite(found[1], prediction, reference)
    form, named = next((form, found) for way, form in _NAMING if (found := re.fullmatch(way, fault, re.DOTALL)))
    return Message(form, **named.groupdict())


def _opposite(side: str, prediction: str, reference: str) -> Message:
    held, said = (re.search(side, text, re.IGNORECASE) for text in (reference, prediction))
    if held:
        return Message("says the opposite of “{held}”", held=held[0])
    return Message("says “{said}”, the opposite", said=said[0] if said else "")


def _quoted(parts: Sequence[str]) -> Message:
    """Return the different parts as “A”, “B” and “C”, with a count of those that are too many."""
    different = list(dict.fromkeys(" ".join(part.split()) for part in parts))
    named = [f"“{part if len(part) <= _LONGEST else part[: _LONGEST - 1] + '…'}”" for part in different[:_NAMED]]
    if len(different) > _NAMED:
        named.append(Message("{count} more", count=len(different) - _NAMED))
    return listed(named)
