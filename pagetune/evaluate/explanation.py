"""Why fact match calls an answer right or wrong: word by word in both texts, and in a sentence.

The verdict and its faults are those of `fact_match.judge`; what is marked here follows from them, and never differs.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from pagetune.evaluate.fault_sentences import Reason, sentences_for
from pagetune.evaluate.messages import Message
from pagetune.evaluate.raw_places import Place, places_in
from pagetune.evaluate.scoring import Scored, rouge
from pagetune.text.claims import claims
from pagetune.text.fact_match import Facts, Verdict, facts, judge
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import polarity
from pagetune.text.notation import nfc, plain
from pagetune.text.proper_names import lacking
from pagetune.text.quantities import Quantity, as_read
from pagetune.text.readable import readable
from pagetune.text.shared_words import speaks_of, words
from pagetune.text.tokenizers import Tokenizer

#: What a word is to the verdict, the strongest first: a word with several claims gets the first of their marks. For an
#: `alike` word the other text has one of like meaning. A `spare` word of the reference is missing without consequence,
#: and "" is a word that is not compared.
Mark = Literal["contradicts", "lacks", "invented", "has", "agrees", "asked", "supported", "alike", "spare", ""]
_STRONGEST: tuple[Mark, ...] = (
    "contradicts", "lacks", "invented", "has", "agrees", "asked", "supported", "alike", "spare",
)  # fmt: skip
#: Characters of an answer that are marked. What goes on after that repeats itself, and comparing it takes minutes.
_EXPLAINED = 1500
_WORD = re.compile(r"\s+|\S+")
_ENGLISH_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
#: Faults that name words of both texts.
_NAMING = re.compile(
    r"gives another number for (.+)|gives (.+) the number of another|exchanges (.+) and (.+)|has (.+) before (.+)"
)
_OTHER_SIDE = "takes the other side: "


class Span(NamedTuple):
    """A stretch of the text, as it is written there. The spans of a text put together are the text."""

    text: str
    mark: Mark


@dataclass(frozen=True)
class Explanation:
    """`reference` and `prediction` are the two texts in spans; `sentences` say what the verdict follows from."""

    right: bool
    sentences: tuple[Message, ...]
    reference: tuple[Span, ...]
    prediction: tuple[Span, ...]


class _Claim(NamedTuple):
    """Something that has to be the same to the letter, at `place` in the raw text. `key` is its name in `Facts` and in
    the faults of a verdict."""

    place: Place
    kind: Literal["quantity", "joined", "code", "day", "name"]
    key: str
    quantity: Quantity | None = None


class _Marked(NamedTuple):
    place: Place
    mark: Mark


#: Marks of content words, each with what tells whether a word has it; the first one counts.
_Ways = tuple[tuple[Mark, Callable[[str], bool]], ...]


def explain(row: Scored, tokenizer: Tokenizer) -> Explanation:
    """Explain the verdict on an answer by the first reference that it matches, else by the one with the best
    ROUGE-L."""
    prediction, references, question = row.prediction, row.references, row.question
    verdicts = [judge(prediction, reference, question, row.evidence) for reference in references]
    chosen = next((place for place, verdict in enumerate(verdicts) if verdict.right), None)
    if chosen is None:
        alike = [rouge(prediction, reference, tokenizer)["rougeL"] for reference in references]
        chosen = alike.index(max(alike))
    others = [reference for place, reference in enumerate(references) if place != chosen]
    return _explain(prediction, references[chosen], question, [row.evidence, row.page, *others], verdicts[chosen])


def _explain(prediction: str, reference: str, question: str, support: Sequence[str], verdict: Verdict) -> Explanation:
    prediction, rest = prediction[:_EXPLAINED], prediction[_EXPLAINED:]
    held = _marked_reference(reference, prediction, question, verdict)
    said = _marked_prediction(prediction, reference, question, support, verdict)
    reason = Reason(
        faults=_as_written(verdict.faults, prediction, reference),
        stated=[reference[slice(*one.place)] for one in held.claims if one.mark == "has"],
        shared=[_whole_word(reference, one.place) for one in held.words if one.mark == "has"],
        invented=[prediction[slice(*one.place)] for one in said.claims if one.mark == "invented"],
    )
    sentences = tuple(sentences_for(reason, prediction, reference))
    return Explanation(verdict.right, sentences, _spans(reference, held), (*_spans(prediction, said), *_unmarked(rest)))


def _unmarked(rest: str) -> tuple[Span, ...]:
    return (Span(rest, ""),) if rest else ()


def _as_written(faults: Sequence[str], prediction: str, reference: str) -> list[str]:
    """Return the faults with what is lacking or competing as the texts write it: 3분의 1, not 33.33333333%."""
    known = {f"lacks {one.key}": f"lacks {reference[slice(*one.place)]}" for one in _claims(reference)}
    known |= {f"states {one.key}": f"states {prediction[slice(*one.place)]}" for one in _claims(prediction)}
    return [known.get(fault, fault) for fault in faults]


def _whole_word(text: str, place: Place) -> str:
    """Return the word around a morpheme, without the punctuation around it."""
    around = (found.group() for found in _WORD.finditer(text) if found.start() <= place[0] < found.end())
    return next(around, "").strip(" .,;:!?\"'()“”‘’*|")


class _Marks(NamedTuple):
    """The marks of a text's claims, and those of its other words, which count where a word has no claim."""

    claims: list[_Marked]
    words: list[_Marked]


def _marked_reference(reference: str, prediction: str, question: str, verdict: Verdict) -> _Marks:
    said, asked, faults = facts(prediction), facts(question), verdict.faults
    own = [_Marked(one.place, _mark_held(one, said, asked, faults)) for one in _claims(reference)]
    missing: Mark = "lacks" if "speaks of something else" in faults else "spare"
    ways: _Ways = (("has", _holder(prediction)), ("asked", set(words(question)).__contains__))
    others = [
        _Marked(place, _first(ways, word) or ("alike" if speaks_of(readable(prediction), word) else missing))
        for place, word in _content_words(reference)
    ]
    return _Marks([*own, *_marked_by_faults(reference, faults, "does not deny it"), *_items(reference, faults)], others)


def _holder(text: str) -> Callable[[str], bool]:
    """Return whether `text` has a word letter for letter, as a word of its own or within another one."""
    clean = readable(text)
    own, close = set(words(clean)), re.sub(r"\s", "", clean.lower())
    return lambda word: word in own or (len(word) > 1 and is_korean(word) and word in close)


def _first(ways: _Ways, word: str) -> Mark:
    return next((mark for mark, holds in ways if holds(word)), "")


def _mark_held(one: _Claim, said: Facts, asked: Facts, faults: Sequence[str]) -> Mark:
    """Return what the answer makes of a claim of the reference."""
    if f"lacks {one.key}" in faults:
        return "contradicts" if _has_rival(one, said, faults) else "lacks"
    if any(fault.startswith((f"{one.key}: ", f"{one.key} per ")) for fault in faults):
        return "contradicts"
    if _states(said, one):
        return "has"
    if one.kind == "name" and {"names another one", "speaks of something else"} & set(faults):
        return "lacks"
    return "asked" if _states(asked, one) else "spare"


def _has_rival(one: _Claim, said: Facts, faults: Sequence[str]) -> bool:
    """Tell whether the answer states another quantity of the same unit, or another day or number, in its place."""
    if one.quantity is not None:
        like = [other.written for other in said.quantities if other.unit == one.quantity.unit]
    else:
        like = [*(said.days if one.kind == "day" else said.joined)]
    return any(f"states {other}" in faults for other in like)


def _marked_prediction(
    prediction: str, reference: str, question: str, support: Sequence[str], verdict: Verdict
) -> _Marks:
    held, faults = facts(reference), verdict.faults
    known = [facts(text) for text in (question, *support) if text]
    own = [_Marked(one.place, _mark_said(one, held, known, faults)) for one in _claims(prediction)]
    in_support = {word for text in (question, *support) for word in words(readable(text))}
    ways: _Ways = (("agrees", _holder(reference)), ("supported", in_support.__contains__))
    others = [
        _Marked(place, _first(ways, word) or ("alike" if speaks_of(readable(reference), word) else ""))
        for place, word in _content_words(prediction)
    ]
    return _Marks([*own, *_marked_by_faults(prediction, faults, "denies it")], others)


def _mark_said(one: _Claim, held: Facts, known: Sequence[Facts], faults: Sequence[str]) -> Mark:
    """Return what a claim of the answer is to the reference, the question and the page."""
    if f"states {one.key}" in faults:
        return "contradicts"
    if one.quantity is not None:
        like = [other.written for other in held.quantities if one.quantity.is_like(other)]
        if any(fault.startswith((f"{name}: ", f"{name} per ")) for name in like for fault in faults):
            return "contradicts"
    if _states(held, one):
        return "agrees"
    if any(_states(text, one) for text in known):
        return "supported"
    return "contradicts" if one.kind == "name" and "names another one" in faults else "invented"


def _states(text: Facts, one: _Claim) -> bool:
    if one.quantity is not None:
        return any(one.quantity.is_like(other) for other in text.quantities)
    if one.kind == "joined":
        return one.key in text.joined
    if one.kind == "day":
        return one.key in text.days
    return one.key in text.text.lower() if one.kind == "code" else not lacking([one.key], text.text)


@lru_cache(maxsize=4096)
def _claims(text: str) -> tuple[_Claim, ...]:
    """Return the claims of a text with their places in it."""
    read, own = as_read(text), facts(text)
    raw_place = places_in(text, read)
    found = [_Claim(raw_place(one.start, one.end), "quantity", one.written, one) for one in own.quantities]
    for token in claims(read).joined:
        key = next(iter(facts(token).joined), token)
        found += [_Claim(raw_place(*at), "joined", key) for at in _occurrences(token, read) if key in own.joined]
    found += [_Claim(raw_place(*at), "code", key) for key in sorted(own.codes) for at in _occurrences(key, read)]
    found += [_Claim(raw_place(*at), "day", key) for key in sorted(own.days) for at in _weekdays(key, read)]
    found += [_Claim(raw_place(*at), "name", key) for key in sorted(own.names) for at in _occurrences(key, read)]
    return tuple(sorted(found, key=lambda one: one.place))


def _occurrences(part: str, text: str) -> Iterator[Place]:
    """Yield where `part` stands in `text` in any case, and not as a part of a Latin word or a number."""
    end = "(?![A-Za-z0-9])" if part.isascii() else ""
    for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(part)}{end}", text, re.IGNORECASE):
        yield found.span()


def _weekdays(day: str, text: str) -> Iterator[Place]:
    """Yield where a weekday stands, which `Facts` names by its first three letters."""
    for found in re.finditer(rf"(?<![A-Za-z]){day}(?:[a-z]*days?)?(?![a-z])", text, re.IGNORECASE):
        yield found.span()


@lru_cache(maxsize=4096)
def _content_words(text: str) -> tuple[tuple[Place, str], ...]:
    """Return the places of the words that are compared, with their lemmas or stems."""
    clean = readable(text)
    own = set(words(clean))
    if not is_korean(clean):
        found = ((one.span(), words(one.group())) for one in _ENGLISH_WORD.finditer(text))
        return tuple((place, stems[0]) for place, stems in found if stems and stems[0] in own)
    read = nfc(plain(clean))
    raw_place = places_in(text, read)
    return tuple((raw_place(one.start, one.end), one.form) for one in morphemes(read) if one.form in own)


def _marked_by_faults(text: str, faults: Sequence[str], denial: str) -> Iterator[_Marked]:
    """Yield what faults about whole sentences point to: what denies, the other side, a yes or no, exchanged words."""
    for fault in faults:
        if fault == denial:
            yield from (_Marked(place, "contradicts") for place in _places(text, _denies))
        elif fault.startswith(_OTHER_SIDE):
            side = re.compile(fault.removeprefix(_OTHER_SIDE), re.IGNORECASE)
            yield from (_Marked(found.span(), "contradicts") for found in side.finditer(text))
        elif named := _NAMING.fullmatch(fault):
            parts = [part for part in named.groups() if part]
            yield from (_Marked(place, "contradicts") for part in parts for place in _occurrences(part, text))
        elif fault in ("says yes", "says no", "does not say yes", "does not say no"):
            yield from (_Marked(found.span(), "contradicts") for found in re.finditer(r"\A\s*\S+", text))


def _denies(word: str) -> bool:
    denied = polarity(plain(word))
    return bool(denied.denied or denied.predicated)


def _places(text: str, holds: Callable[[str], bool]) -> Iterator[Place]:
    """Yield the places of the words, divided by white space, for which `holds` is true."""
    return (found.span() for found in _WORD.finditer(text) if found.group().strip() and holds(found.group()))


def _items(reference: str, faults: Sequence[str]) -> Iterator[_Marked]:
    """Yield the items of a list that the answer leaves out; those with digits are quantities."""
    items = [fault.removeprefix("lacks ") for fault in faults if re.fullmatch(r"lacks \D+", fault)]
    return (_Marked(place, "lacks") for item in items for place in _occurrences(item, reference))


def _spans(text: str, marks: _Marks) -> tuple[Span, ...]:
    """Return `text` cut into spans; neighbouring words with the same mark are one span, with the space between."""
    spans: list[Span] = []
    for found in _WORD.finditer(text):
        mark = _mark_at(found.span(), marks) if found.group().strip() else ""
        if spans and spans[-1].mark == mark:
            spans[-1] = Span(spans[-1].text + found.group(), mark)
        elif len(spans) > 1 and mark and spans[-1].text == " " and spans[-2].mark == mark:
            spans[-2:] = [Span(f"{spans[-2].text} {found.group()}", mark)]
        else:
            spans.append(Span(found.group(), mark))
    return tuple(spans)


def _mark_at(place: Place, marks: _Marks) -> Mark:
    """Return the strongest mark of the claims in a word, else that of its content words."""
    for tier in marks:
        found = {one.mark for one in tier if one.place[0] < place[1] and one.place[1] > place[0]}
        if found:
            return next((mark for mark in _STRONGEST if mark in found), "")
    return ""
