"""A Korean sentence as clauses: its words with their part in it, what it is about, and whether it must or may be."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Literal

from pagetune.build_qa.sentences.words import Word
from pagetune.text.morphemes import morphemes

Mood = Literal["must", "may", "must_not", "cannot", "plain"]
#: What makes a case something else than a condition: …하는 경우 외에는, …하는 경우를 제외하고.
_EXCEPT = re.compile(r"(?:(?:외|이외|등|밖)(?:[에의를은는으]|$)|및|또는|제외|한정|한하|따라|따른|따르)")
_SETS = re.compile(r"[가-힣]로 (?:한다|합니다|하며|하고|하되)$")


@dataclass(frozen=True)
class Clause:
    """A main clause. `text` has its subject, which another clause may have lent it, and no mark at its end."""

    text: str

    @cached_property
    def words(self) -> list[Word]:
        return list(_words(self.text))

    @cached_property
    def topic(self) -> int | None:
        """Return the index of the last word of the topic (…은/는), before any condition's end is passed."""
        return next(
            (n for n, word in enumerate(self.words[:-1]) if word.role == "topic" and not word.is_condition), None
        )

    @property
    def topic_end(self) -> int:
        """Return where the topic with its particle ends, or 0."""
        return 0 if self.topic is None else self.words[self.topic].end

    @property
    def topic_noun(self) -> str:
        """Return the topic without its particle, or ""."""
        return "" if self.topic is None else self.text[: self.words[self.topic].body[-1].start]

    @cached_property
    def mood(self) -> Mood:
        return _mood_and_stem(self)[0]

    @cached_property
    def predicate(self) -> int:
        """Return the index of the word that has the stem of the predicate."""
        return _mood_and_stem(self)[1]

    @property
    def is_copula(self) -> bool:
        """Tell whether the clause says what something is: …이다, …으로 한다."""
        return any(m.tag == "VCP" for word in self.words[-1:] for m in word.body) or _SETS.search(self.text) is not None

    @property
    def predicate_start(self) -> int:
        return self.words[self.predicate].start

    @cached_property
    def conditions(self) -> list[int]:
        """Return the indexes of the words that end a condition, before the predicate."""
        words = self.words
        return [n for n in range(self.predicate) if words[n].is_condition and not _EXCEPT.match(words[n + 1].text)]

    def own_words(self) -> Iterator[int]:
        """Yield the indexes of the words that certainly belong to the predicate, the last first.

        They are those between it and the word before that ends another clause, or the topic.
        """
        for n in range(self.predicate - 1, -1, -1):
            if self.words[n].role in ("connective", "adnominal", "topic", "other") or self.words[n].is_condition:
                return
            yield n


def _words(text: str) -> Iterator[Word]:
    """Yield the words. A letter that is two in lower case, which would move the others, is read as another one."""
    found = morphemes("".join(letter if len(letter.lower()) == 1 else "x" for letter in text))
    for match in re.finditer(r"\S+", text):
        own = tuple(m for m in found if match.start() <= m.start < match.end())
        yield Word(match.group(), match.start(), match.end(), own)


def _mood_and_stem(clause: Clause) -> tuple[Mood, int]:
    """Return the mood, and the index of the word with the stem, which the auxiliary words follow."""
    words = clause.words
    if words[-1].asks_for_action:
        return "must_not" if words[-1].first_form == "말" else "must", _plain_stem(words)
    for n in range(len(words) - 1, max(len(words) - 5, -1), -1):
        rest = [m for word in words[n:] for m in word.body]
        mood = _mood([f"{m.form}/{m.tag.partition('-')[0]}" for m in rest])
        if mood and words[n].body and not words[n].body[0].tag.startswith(("VX", "NNB")):
            return mood, n
    return "plain", _plain_stem(words)


#: The endings behind the stem, or none: 하/VX ᆫ다/EF.
_ENDS = re.compile(r"(?: \S+/(?:EF|EC|EP|ETN))+$")
_MOODS: tuple[tuple[Mood, re.Pattern[str]], ...] = (
    (
        "must_not",
        re.compile(r"어서/EC (?:는/JX )?(?:아니/MAG|안/MAG) 되/V\S+$|어서/EC (?:는/JX )?(?:안되|아니되)/V\S+$"),
    ),
    ("must_not", re.compile(r"면/EC (?:아니/MAG|안/MAG) 되/V\S+$|면/EC (?:안되|아니되)/V\S+$")),
    ("must", re.compile(r"어야/EC (?:만/JX )?[하되]/V\S+$")),
    ("may", re.compile(r"[ᆯ을]/ETM 수/NNB (?:도/JX |는/JX )?있/V\S+$")),
    ("cannot", re.compile(r"[ᆯ을]/ETM 수/NNB (?:도/JX |는/JX |가/JKS )?없/V\S+$")),
    ("must", re.compile(r"[ᆯ을]/ETM 것/NNB$")),
)


def _mood(tail: list[str]) -> Mood | None:
    joined = _ENDS.sub("", " ".join(tail))
    return next((mood for mood, pattern in _MOODS if pattern.search(joined)), None)


def _plain_stem(words: list[Word]) -> int:
    """Return the index of the last word that is not an auxiliary."""
    n = len(words) - 1
    while n > 0 and words[n].body and words[n].body[0].tag.startswith("VX"):
        n -= 1
    return max(n, 0)


def clauses(sentence: str) -> list[Clause]:
    """Split a sentence without its full stop into its main clauses; each gets the topic, if it has no subject."""
    whole = Clause(sentence)
    cut = _where_to_split(whole)
    if cut is None:
        return [whole]
    left = Clause(whole.text[: whole.words[cut].end].rstrip(","))
    rest = whole.text[whole.words[cut].end :].strip()
    if not rest:
        return [left]
    right = Clause(rest)
    if right.topic is None:
        if any(word.role == "subject" for word in right.words) or left.topic is None or left.is_copula:
            return [left]
        rest = f"{_lent(left, right)} {rest}"
    elif _cases(left) and not right.conditions:
        return [left]  # the next clause may hold in that case only, whose subject is another one
    return [left, *clauses(rest)]


#: A condition that says nothing without the clause before it.
_IF_NEEDED = re.compile(r"(?:^|\s)필요(?:하면|한 (?:경우|때)\S*),?\s")


def _cases(clause: Clause) -> list[int]:
    """Return where the cases end in which a clause holds: …한 경우에는, …할 때에는."""
    return [clause.words[n].end for n in clause.conditions if clause.words[n].first_form in ("경우", "때")]


def _lent(left: Clause, right: Clause) -> str:
    """Return what a clause gives the next one: its topic, and its condition where that one has none of its own."""
    own = [n for n in right.conditions if not _IF_NEEDED.search(right.text)]
    cases = _cases(left)
    if own:
        before = [end for end in cases if end < left.topic_end]
        return left.text[before[-1] if before else 0 : left.topic_end].strip()
    return left.text[: max([left.topic_end, *cases])].rstrip(",")


def _where_to_split(clause: Clause) -> int | None:
    """Return the index of the word that ends the first main clause, or None where that is in doubt."""
    words = clause.words
    if clause.topic is None:
        return None
    for n in range(clause.topic + 1, len(words) - 1):
        if words[n].joins and _is_main(clause, n):
            return n
    return None


def _is_parallel_attribute(following: list[Word]) -> bool:
    """Tell whether a copula before these words belongs to a noun, as theirs does: 2조원 이상이고, 300명 이상인 회사."""
    own = takewhile(lambda word: word.role != "topic", following)
    return any([m.tag for m in word.body[-2:]] == ["VCP", "ETM"] for word in own)


def _is_main(clause: Clause, n: int) -> bool:
    """Tell whether the clause that word `n` ends is a main one: it has its own must or may, or nothing follows it."""
    words = clause.words
    left = Clause(clause.text[: words[n].end].rstrip(","))
    following = words[n + 1 :]
    if left.mood != "plain" or left.is_copula:
        return not (left.is_copula and _is_parallel_attribute(following))
    if any(word.role == "topic" for word in following):
        own_subject = any(word.role == "subject" for word in words[(clause.topic or 0) + 1 : n])
        until = next(index for index in range(n + 1, len(words)) if words[index].role == "topic")
        embedded = any(word.role in ("subject", "adnominal") for word in words[n + 1 : until])
        return not (own_subject and embedded)
    return clause.mood == "plain" and not any(word.embeds for word in following)
