"""A Korean question as words: what each is called, the particle behind it, and the morphemes of its verb."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pagetune.text.korean import with_particle
from pagetune.text.morphemes import Morpheme, kiwi, morphemes
from pagetune.text.notation import nfc

#: Particles that come in two forms, by either form.
_TWO_FORMS = {form: pair for pair in ("은/는", "이/가", "을/를", "과/와", "으로/로") for form in pair.split("/")}
#: Morphemes that a word is about; the rest is grammar.
_CONTENT = {"NNG", "NNP", "NR", "XR", "SN", "SL", "SH", "VV", "VA", "MAG"}
#: Verbs that every question may have.
_PALE = {"하", "되", "있", "없", "이", "그렇", "어떻", "어떠하", "따르", "대하", "관하", "관련", "내용", "경우", "뜻"}

#: What makes a question one.
_ASKS = re.compile(
    r"(?:얼마|얼만|언제|어디|어느|어떤|어떻|누구|누가|무엇|무슨|뭐|뭘|왜|며칠|몇)|^(?:동안|[가-힣]{1,3}(?:까지|부터))$"
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
    def may_be_left_out(self) -> bool:
        """Tell whether a question is still one without the word, and has the same numbers."""
        return self.is_noun and not _ASKS.search(self.text) and not re.search(r"\d", self.text)

    @property
    def describes_the_next(self) -> bool:
        """Tell whether the word says of what kind the next one is: 잃어버린, 쓸, 몇."""
        return self.text == "몇" or (bool(self.found) and self.found[-1].tag in ("ETM", "MM"))

    def called(self, stem: str) -> "Word":
        """Return the word with another stem, and the form of its particle that goes with it."""
        pair = _TWO_FORMS.get(self.particle)
        particle = with_particle(stem, pair)[len(stem) :] if pair else self.particle
        return replace(self, stem=stem, particle=particle)


def parse(question: str) -> list[Word]:
    """Return the words of a question, which spaces divide."""
    return list(_parsed(nfc(question)))


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> tuple[Word, ...]:
    found = morphemes(text)
    return tuple(_word(match, found) for match in re.finditer(r"\S+", text))


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


def _before(word: Word, tag: str) -> Word | None:
    """Return the part of a word before its morpheme of this tag."""
    at = next(index for index, part in enumerate(word.found) if part.tag == tag)
    length = word.found[at].start - word.found[0].start
    if at == 0 or length <= 0:
        return None
    # A vowel that the noun ends in may have swallowed the verb: 어딘가요.
    return Word(word.text[:length], "", word.found[:at])


def drop_particles(words: Iterable[Word], droppable: frozenset[str]) -> Iterator[Word]:
    """Yield the words without the particles that speech leaves out."""
    for word in words:
        left_out = word.particle in droppable and not _ASKS.search(word.text)
        yield replace(word, particle="") if left_out else word
