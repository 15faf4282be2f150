"""What a verdict follows from, in sentences for a reader."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WORDINGS = {
    "denies it": "denies what the reference states",
    "does not deny it": "does not deny what the reference denies",
    "reverses the condition": "reverses the condition of the reference",
    "has another order": "has the items in another order",
    "names alternatives": "names an alternative that the reference does not have",
    "names another one": "names somebody or something else",
    "speaks of something else": "shares too few words with the reference",
    "does not say yes": "does not say yes, as the reference does",
    "does not say no": "does not say no, as the reference does",
    "says yes": "says yes where the reference says no",
    "says no": "says no where the reference says yes",
}
_BOUNDS = {
    "min": "at least", "max": "at most", "over": "more than", "under": "less than",
}  # fmt: skip
_BOUND = re.compile(r"(.+): (\w+), not (\w+)")
_RATE = re.compile(r"(.+) per (\w+), not per (\w+)")
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


def sentences_for(reason: Reason, prediction: str, reference: str) -> Iterator[str]:
    """Yield why an answer is wrong or right, and what it invents."""
    first, *more = [*_phrases(reason.faults, prediction, reference)] or [_agreement(reason.stated, reason.shared)]
    yield f"The answer {first}."
    yield from (f"It {phrase}." for phrase in more)
    if reason.invented:
        yield f"It adds {_listed(reason.invented)}, found in neither question, reference nor page."


def _agreement(stated: Sequence[str], shared: Sequence[str]) -> str:
    if stated:
        return f"states what the reference states, {_listed(stated)}, and contradicts none of it"
    if shared:
        return f"has these words of the reference, {_listed(shared)}, and contradicts none of it"
    return "affirms and denies the same as the reference"


def _phrases(faults: Sequence[str], prediction: str, reference: str) -> Iterator[str]:
    """Yield each fault as a predicate; what the answer lacks is one of them, and so is what it states instead."""
    missing, rivals = ([fault.removeprefix(verb) for fault in faults if fault.startswith(verb)] for verb in _LISTED)
    if missing:
        yield f"lacks {_listed(missing)}"
    if rivals:
        yield f"states {_listed(rivals)}, which the reference does not"
    yield from (_phrase(fault, prediction, reference) for fault in faults if not fault.startswith(_LISTED))


def _phrase(fault: str, prediction: str, reference: str) -> str:
    if found := _RATE.fullmatch(fault):
        return f"states {found[1]} per {found[2]}, and the reference per {found[3]}"
    if found := _BOUND.fullmatch(fault):
        bounds = [_BOUNDS.get(bound, bound) for bound in found.group(2, 3)]
        return f"says “{bounds[0]}” of {found[1]}, and the reference “{bounds[1]}”"
    if found := _OTHER_SIDE.fullmatch(fault):
        held, said = (re.search(found[1], text, re.IGNORECASE) for text in (reference, prediction))
        return f"says the opposite of “{held[0]}”" if held else f"says “{said[0] if said else ''}”, the opposite"
    return _WORDINGS.get(fault, fault)


def _listed(parts: Sequence[str]) -> str:
    """Return the different parts as “A”, “B” and “C”, with a count of those that are too many."""
    different = list(dict.fromkeys(" ".join(part.split()) for part in parts))
    named = [f"“{part if len(part) <= _LONGEST else part[: _LONGEST - 1] + '…'}”" for part in different[:_NAMED]]
    if len(different) > _NAMED:
        named.append(f"{len(different) - _NAMED} more")
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
