"""Reads words.yaml: refusals, names, words of one kind, and attributes, by language."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from pagetune.params.yaml_file import read_yaml
from pagetune.text.korean import is_korean

WORDS = Path(__file__).with_name("words.yaml")
Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
#: What a question of the one other language contains; a question of a third language has none of it.
_ENGLISH = re.compile(r"\b(?:what|which|who|when|where|how|why|is|are|does|do|can|the)\b", re.IGNORECASE)


class Attribute(NamedTuple):
    """What is asked of a subject, how the question ends, and by which words a page may state it."""

    name: str
    ending: str
    words: tuple[str, ...]


class Asking(NamedTuple):
    """A question about a subject, and the words of which a page that may answer it has one."""

    question: str
    words: tuple[str, ...]


class Topics(NamedTuple):
    """The attributes of the subjects that end in a match of `subject`, and the questions that people ask about them.

    `named` tells that a subject with such an end is one thing's proper name.
    """

    subject: re.Pattern[str]
    attributes: list[Attribute]
    questions: list[Asking]
    named: bool


def _head(topics: Topics, subject: str) -> str:
    """Return the end of a subject by which it is one of these, which has a name of two letters before it, or nothing.

    A word of its own (회의실) is one too, unless it has to be a name: 은행 alone is any.
    """
    found = next((one for one in topics.subject.finditer(subject) if one.end() == len(subject)), None)
    if found is None:
        return ""
    before = subject[: found.start()].split(" ")[-1]
    is_apart = not before and (found.start() > 0 or not topics.named)
    return found.group() if is_apart or len(before) > 1 else ""


@dataclass(frozen=True)
class Words:
    refusals: list[str]
    names: list[str]
    kinds: list[list[str]]
    topics: list[Topics]
    #: What people ask about anything that documents are about.
    anything: list[Asking]
    endings: list[str]
    question: str
    topic: str

    def siblings(self, text: str) -> tuple[str, list[str]]:
        """Return the longest word of a list that `text` begins with, and the others of its list."""
        found = ((word, own) for own in self.kinds for word in own if text.lower().startswith(word.lower()))
        word, own = max(found, key=lambda pair: len(pair[0]), default=("", []))
        return word, [other for other in own if other != word]

    def topics_of(self, subject: str, alone: bool = False) -> Topics | None:
        """Return the attributes that suit a subject; `alone` takes the bare end of a name (교육장)."""
        if alone:
            return next((topics for topics in self.topics if topics.subject.fullmatch(subject)), None)
        return next((topics for topics in self.topics if _head(topics, subject)), None)

    def institution_in(self, name: str) -> str:
        """Return the end by which a name is an institution's, or nothing."""
        return next((head for topics in self.topics if topics.named and (head := _head(topics, name))), "")

    def is_institution(self, name: str) -> bool:
        return bool(self.institution_in(name))


def language_of_question(question: str) -> Language | None:
    """Return "ko" or "en", and None for a question in a third language, which nothing here can be made in."""
    if is_korean(question):
        return "ko"
    return "en" if question.isascii() and _ENGLISH.search(question) else None


@cache
def words_of(language: Language) -> Words:
    own = read_yaml(WORDS, "safe")[language]
    topics = [
        Topics(
            re.compile(f"(?:{topic['subject']})$"),
            list(_attributes(topic["asked"])),
            [Asking(question, tuple(stated)) for question, stated in topic["questions"].items()],
            topic["named"],
        )
        for topic in own["attributes"]
    ]
    anything = [Asking(question, tuple(stated)) for question, stated in own["anything"].items()]
    plain = {name: own[name] for name in ("refusals", "names", "kinds", "endings", "question", "topic")}
    return Words(topics=topics, anything=anything, **plain)


def _attributes(asked: dict[str, list[str]]) -> Iterator[Attribute]:
    for ending, names in asked.items():
        for name in names:
            first, *others = name.split("/")
            yield Attribute(first, ending, (first, *others))
