"""A Korean question as words: what each is called, the particle behind it, and the morphemes of its verb."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pagetune.text.korean import TWO_FORMS, with_particle
from pagetune.text.morphemes import Morpheme, kiwi, morphemes
from pagetune.text.notation import nfc

#: Particles that come in two forms, by either form.
_TWO_FORMS = {form: pair for pair in TWO_FORMS for form in pair.split("/")}
#: Morphemes that a word is about; the rest is grammar.
_CONTENT = {"NNG", "NNP", "NR", "XR", "SN", "SL", "SH", "VV", "VA", "MAG"}
#: Verbs that every question may have.
_PALE = {"하", "되", "있", "없", "이", "그렇", "어떻", "어떠하", "따르", "대하", "관하", "관련", "내용", "경우", "뜻"}

#: What makes a question one.
_ASKS = re.compile(
    r"(?:얼마|얼만|언제|어디|어느|어떤|어떻|누구|누가|무엇|무슨|뭐|뭘|왜|며칠|몇)|^(?:동안|[가-힣]{1,3}(?:까지|부터))$"
)
#: What opens a quote or a bracket, and what closes it.
_SPANS = (
    ("“", "”"),
    ("‘", "’"),
    ("「", "」"),
    ("｢", "｣"),
    ("『", "』"),
    ("《", "》"),
    ("〈", "〉"),
    ("(", ")"),
    ("[", "]"),
    ("<", ">"),
    ('"', '"'),
    ("'", "'"),
)
#: A word: what stands in quotes or brackets is a part of it, with its spaces.
_WORD = re.compile(
    "(?:" + "|".join(rf"{re.escape(a)}[^{re.escape(a + b)}]*{re.escape(b)}" for a, b in _SPANS) + r"|\S)+"
)
#: What joins two words, or goes with the one before it, so that neither stays without the other.
_JOINS = re.compile(
    r"^(?:또는|및|혹은|그리고|내지|외|이외|이상|이하|미만|초과|이내|이전|이후|전|후|때|시|중|내|간|당|별|등|제외|포함)$|[,·]$"
)


@dataclass(frozen=True)
class Word:
    """`stem` and `particle` are the word's letters; `found` are its morphemes in order."""

    stem: str
    particle: str
    found: tuple[Morpheme, ...]

    @property
    def text(self) -> str:
        return self.stem + self.particle

    @property
    def content(self) -> frozenset[str]:
        """Return what tells the word from others."""
        return frozenset(part.form for part in self.found if part.tag in _CONTENT) - _PALE

    @property
    def is_noun(self) -> bool:
        """Tell whether the word is a noun, or several, with or without a particle."""
        return all(part.tag[0] in "NJXS" and part.tag not in ("XSV", "XSA") for part in self.found)

    @property
    def describes_the_next(self) -> bool:
        """Tell whether the word says of what kind the next one is: 잃어버린, 쓸, 몇."""
        return self.text == "몇" or (bool(self.found) and self.found[-1].tag in ("ETM", "MM"))

    @property
    def is_name(self) -> bool:
        """Tell whether the word holds a title, a quote or a bracket, which stay as they are written."""
        return any(letter in span for span in _SPANS for letter in self.text)

    @property
    def asks(self) -> bool:
        return bool(_ASKS.search(self.text))

    @property
    def has_number(self) -> bool:
        return bool(re.search(r"\d", self.text))

    @property
    def has_object_particle(self) -> bool:
        return self.particle in ("을", "를")

    @property
    def joins_another(self) -> bool:
        """Tell whether the word needs its neighbours: 또는, 및, 금융회사와, 이내."""
        return bool(_JOINS.search(self.text)) or any(part.tag in ("JC", "MAJ", "NNB") for part in self.found)

    def called(self, stem: str) -> "Word":
        """Return the word with another stem, and the form of its particle that goes with it."""
        first = next((part.form for part in self.found if part.tag.startswith("J")), "")
        pair = _TWO_FORMS.get(first) if self.particle.startswith(first) else None
        particle = with_particle(stem, pair)[len(stem) :] + self.particle[len(first) :] if pair else self.particle
        return replace(self, stem=stem, particle=particle)


def parse(question: str) -> list[Word]:
    """Return the words of a question, which spaces divide."""
    return list(_parsed(nfc(question)))


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> tuple[Word, ...]:
    found = morphemes(text)
    return tuple(_word(match, found) for match in _WORD.finditer(text))


def _word(match: re.Match[str], found: Iterable[Morpheme]) -> Word:
    own = tuple(part for part in found if match.start() <= part.start < match.end())
    end = match.end()
    for part in reversed(own):
        if not part.tag.startswith("J"):
            break
        end = part.start
    cut = end - match.start()
    return Word(match[0][:cut], match[0][cut:], own) if cut else Word(match[0], "", own)


def joined(found: Iterable[tuple[str, str]]) -> str:
    """Return morphemes (form, tag) as one inflected word."""
    return str(kiwi().join(list(found)))


def has_whole_spans(text: str) -> bool:
    """Tell whether every quote and bracket that is opened is closed too."""
    return all(
        text.count(opening) % 2 == 0 if opening == closing else text.count(opening) == text.count(closing)
        for opening, closing in _SPANS
    )


def written(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


def predicate(words: list[Word]) -> tuple[list[Word], list[tuple[str, str]]] | None:
    """Return what stands before the last word's ending, and the morphemes of the verb or adjective that takes it.

    얼마인가요? is the noun 얼마 and no morphemes. None for a question that ends in neither.
    """
    if not words:
        return None
    *front, last = words
    found = [(part.form, part.tag) for part in last.found if not part.tag.startswith("S") or part.tag in ("SN", "SL")]
    while found and found[-1] == ("요", "JX"):
        found.pop()
    if not found or found[-1][1] != "EF":
        return None
    found.pop()
    if found and found[-1][1] == "VCP":
        noun = _before(last, "VCP")
        return ([*front, noun], []) if noun else None
    return (front, found) if found else None


def says_something(found: Iterable[tuple[str, str]]) -> bool:
    """Tell whether the morphemes of a verb say more than that something is or is done."""
    return any(tag in _CONTENT and form not in _PALE for form, tag in found)


def _before(word: Word, tag: str) -> Word | None:
    """Return the part of a word before its morpheme of this tag."""
    at = next(index for index, part in enumerate(word.found) if part.tag == tag)
    length = word.found[at].start - word.found[0].start
    if at == 0 or length <= 0:
        return None
    # A vowel that the noun ends in may have swallowed the verb: 어딘가요.
    return Word(word.text[:length], "", word.found[:at])


def without_genitive(word: Word) -> Word:
    return replace(word, particle="") if word.particle == "의" else word


def drop_particles(words: Iterable[Word], droppable: frozenset[str]) -> Iterator[Word]:
    """Yield the words without the particles that speech leaves out."""
    for word in words:
        # Without its particle, the pronoun 이를 would be the word for a tooth.
        left_out = word.particle in droppable and not word.asks and len(word.stem) > 1
        yield replace(word, particle="") if left_out else word
