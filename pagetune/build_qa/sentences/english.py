"""Questions about English sentences of a few plain forms: X is a Y, X includes Y, X must be done by then."""

import re
from typing import NamedTuple


class EnglishAsked(NamedTuple):
    """A question about a sentence and its answer."""

    question: str
    answer: str


#: A subject of at most six words, without what points elsewhere and without a verb.
_WORD = r"[A-Za-z][\w'’/-]*"
_SUBJECT = rf"(?P<subject>{_WORD}(?: {_WORD}){{0,5}})"
_IS = re.compile(rf"{_SUBJECT}(?: \([A-Z][\w -]{{1,20}}\))? (?P<be>is|are) (?P<what>(?:an?|the|one of) .{{15,250}})\.$")
_MODAL = re.compile(
    rf"{_SUBJECT} (?P<modal>cannot|can not|may not|must not|can|may) be (?P<done>[a-z]+(?:ed|en|t|de|wn|ld)\b.*)\.$"
)
_BY_WHEN = re.compile(
    rf"{_SUBJECT} (?P<modal>must|should|shall) be (?P<done>[a-z]+(?:ed|en|t)\b[^.]*?) "
    r"(?P<how>by|within|before|no later than) (?P<when>(?:[A-Z]\w+day|\d|the end of|noon|midnight)[^.]*)\.$"
)
_USED_FOR = re.compile(rf"{_SUBJECT} (?P<be>is|are) (?P<done>used|designed|intended) (?P<how>to|for) .{{10,200}}\.$")
_VERBS = "include|require|provide|offer|contain|support|produce|generate|measure|accept|prevent|protect"
_NO_OBJECT = r"(?!(?:in|on|for|to|that|by|with|is|are)\b)"
_DOES = re.compile(rf"{_SUBJECT} (?P<verb>(?:{_VERBS})(?P<third>s?)|consists? of) {_NO_OBJECT}.{{10,200}}\.$")
_CAN_DO = re.compile(rf"{_SUBJECT} can (?P<verb>{_VERBS}) {_NO_OBJECT}.{{10,200}}\.$")
#: Words in a subject that are understood only by what was said before, or that are verbs.
_POINTS = re.compile(
    r"\b(?:"
    r"this|that|these|those|it|its|they|their|we|our|us|he|she|his|her|you|your|i|my|there|here|such|which|who|"
    r"what|another|other|others|same|former|latter|above|below|following|figure|fig|table|section|appendix|"
    r"equation|one|first|second|third|next|last|final|result|results|reason|goal|idea|example|number|rest|is|"
    r"are|was|were|has|have|had|be|been|if|when|while|as|although|since|because|and|or|but|for|in|on|at|to|"
    r"from|with|by|all|both|each|some|many|most|any|no|not|only|thus|hence|however|then|also|note|let|please|"
    r"know|given|using|step|case|task|method|approach|paper|work|section|data|value|output|input"
    r")\b",
    re.IGNORECASE,
)
_POINTS_INSIDE = re.compile(
    r", but |\b(?:above|below|aforementioned|Fig\.|Figure|Table|Section|§|Eq\.|Appendix|\(\d+\)|our)\b|[=∈≤≥{}]"
)


def ask_english(sentence: str, title: str) -> EnglishAsked | None:
    """Return a question about a sentence, None where it has another form or points elsewhere.

    `title` is put before a question about what a document may speak of in its own way.
    """
    if not sentence[:1].isupper() or _POINTS_INSIDE.search(sentence) or len(sentence) > 320:
        return None
    for pattern, make in _FORMS:
        match = pattern.match(sentence)
        if match and not _POINTS.search(_bare(match["subject"])):
            return make(match, title)
    return None


def _bare(subject: str) -> str:
    return re.sub(r"^(?:An?|The) ", "", subject)


def _inside(subject: str) -> str:
    """Return a subject as it stands inside a sentence: its first word in lower case where that is a common word."""
    first, _, rest = subject.partition(" ")
    is_common = first in ("A", "An", "The") or re.fullmatch(r"[A-Z][a-z]+s", first)
    return (
        f"{first.lower()} {rest}".strip() if is_common and not (rest[:1].isupper() and first.endswith("s")) else subject
    )


def _what_is(match: re.Match[str], title: str) -> EnglishAsked:
    question = f"What {match['be']} {_inside(match['subject'])}?"
    return EnglishAsked(_according(question, title if match["subject"].startswith("The ") else ""), match[0])


def _used_for(match: re.Match[str], title: str) -> EnglishAsked:
    by = {"used": "used for", "designed": f"designed {match['how']}", "intended": f"intended {match['how']}"}
    done = by[match["done"]] + (" do" if match["how"] == "to" and match["done"] != "used" else "")
    return EnglishAsked(_according(f"What {match['be']} {_inside(match['subject'])} {done}?", title), match[0])


def _does(match: re.Match[str], title: str) -> EnglishAsked:
    verb = re.sub(r"^consists? of$", "consist of", match["verb"])
    is_third = bool(match["third"]) or match["verb"].startswith("consists")
    verb = verb.removesuffix("s") if match["third"] else verb
    question = f"What {'does' if is_third else 'do'} {_inside(match['subject'])} {verb}?"
    return EnglishAsked(_according(question, title), match[0])


def _can_do(match: re.Match[str], title: str) -> EnglishAsked:
    return EnglishAsked(_according(f"What can {_inside(match['subject'])} {match['verb']}?", title), match[0])


def _by_when(match: re.Match[str], title: str) -> EnglishAsked:
    asked = {"within": "Within what time", "before": "Before when"}.get(match["how"], "By when")
    question = f"{asked} {match['modal']} {_inside(match['subject'])} be {match['done']}?"
    return EnglishAsked(_according(question, title), match[0])


def _can(match: re.Match[str], title: str) -> EnglishAsked:
    denies = match["modal"] in ("cannot", "can not", "may not", "must not")
    modal = "may" if match["modal"].startswith(("may", "must")) else "can"
    question = f"{modal.capitalize()} {_inside(match['subject'])} be {match['done']}?"
    answer = f"{'No' if denies else 'Yes'}, {_inside(match['subject'])} {match[0][match.end('subject') + 1 :]}"
    return EnglishAsked(_according(question, title), answer)


def _according(question: str, title: str) -> str:
    return f"According to {title}, {question[0].lower()}{question[1:]}" if title else question


_FORMS = (
    (_IS, _what_is),
    (_USED_FOR, _used_for),
    (_BY_WHEN, _by_when),
    (_MODAL, _can),
    (_CAN_DO, _can_do),
    (_DOES, _does),
)
