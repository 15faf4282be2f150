"""An English question as people speak and type it: in lower case, clipped, in keywords, with a greeting."""

import re
from collections.abc import Callable
from random import Random

#: Words that a search box does without, in lower case: May, US and IT are names.
_SMALL = re.compile(
    r"a|an|and|are|at|be|been|by|can|could|did|do|does|for|from|had|has|have|i|if|in|is|it|may|me|must|my|of|on|or|our|"
    r"shall|should|that|the|their|there|these|this|those|to|us|was|we|were|what|when|where|which|who|whom|whose|why|will|"
    r"with|would|you|your|I"
)
_ARTICLES = frozenset(("a", "an", "the"))
_SHORT = (
    (r"\bwhat is\b", "what's"),
    (r"\bwhere is\b", "where's"),
    (r"\bwho is\b", "who's"),
    (r"\bwhen is\b", "when's"),
    (r"\bcannot\b", "can't"),
    (r"\b(do|does|did|is|are|was|were|would|could|should) not\b", r"\1n't"),
    (r"\bdo you have to\b", "do i need to"),
    (r"\bmust i\b", "do i have to"),
    (r"\bin order to\b", "to"),
    (r"\bobtain\b", "get"),
    (r"\breceive\b", "get"),
    (r"\bpurchase\b", "buy"),
    (r"\brequire\b", "need"),
    (r"\brequired\b", "needed"),
    (r"\bpermitted\b", "allowed"),
    (r"\bcommence\b", "start"),
    (r"\bterminate\b", "end"),
    (r"\bassistance\b", "help"),
    (r"\badditional\b", "extra"),
    (r"\bprior to\b", "before"),
    (r"\bmaximum\b", "max"),
    (r"\bminimum\b", "min"),
    (r"\btelephone\b", "phone"),
    (r"\bapproximately\b", "about"),
)
_LEADS = ("hi, ", "hey, ", "quick question: ", "just wondering, ", "sorry, ", "can you tell me: ")
_TAILS = ("", "", "", " please", " thanks", " pls")


def draw(question: str, is_told_apart: Callable[[list[str]], bool], random: Random) -> str | None:
    """Return one wording of an English question, or None where what is left could mean another fact."""
    first, *others = question.rstrip("?. ").split() or [""]
    words = [first.lower() if _SMALL.fullmatch(first.lower()) and not _is_acronym(first) else first, *others]
    way = random.choice(("whole", "whole", "short", "keywords"))
    if way == "keywords":
        words = [word for word in words if not _SMALL.fullmatch(word)]
        return _lower(" ".join(words)) if len(words) > 1 and is_told_apart(words) else None
    if way == "short":
        words = [word for word in words if word not in _ARTICLES]
    said = _shorter(" ".join(words))
    said = _lower(said) if random.random() < 0.6 else said[:1].upper() + said[1:]
    if random.random() < 0.3:
        said = random.choice(_LEADS) + said
    return said + random.choice(_TAILS) + random.choice(("?", ""))


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _lower(text: str) -> str:
    """Return the text in lower case, but for names that would be other words then: US, IT, WHO."""
    return re.sub(r"\w+", lambda found: found[0] if _is_small_name(found[0]) else found[0].lower(), text)


def _is_small_name(word: str) -> bool:
    return _is_acronym(word) and _SMALL.fullmatch(word.lower()) is not None


def _shorter(text: str) -> str:
    """Return the text with short forms; what has a capital letter is a name (Minimum Wage Act)."""
    for pattern, short in _SHORT:
        text = re.sub(pattern, short, text)
    return text
