"""Everyday words in the place of a document's own: 대여료 -> 빌리는 돈, 분실하면 -> 잃어버리면 (synonyms.txt)."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random

from pagetune.curate.speech.words import Word, joined, parse, without_genitive
from pagetune.text.morphemes import kiwi

_FILE = Path(__file__).with_name("synonyms.txt")
#: Particles behind the term of a definition.
_TERM = ("이란", "란", "이라", "라")
#: Endings that join a verb to another: 위반하여.
_HOW = {("어", "EC"), ("아", "EC")}
#: Morphemes by (form, tag).
Forms = tuple[tuple[str, str], ...]


@cache
def nouns() -> dict[str, list[str]]:
    """Return the everyday words for each noun."""
    return {word: others for word, others in _entries() if not word.endswith("다")}


@cache
def verbs() -> dict[Forms, list[Forms]]:
    """Return the everyday verbs for each verb, as their morphemes without 다."""
    found: dict[Forms, list[Forms]] = {}
    for word, others in _entries():
        if word.endswith("다"):
            stems = [_stem(other) for other in others if other.endswith("다")]
            found.setdefault(_stem(word), []).extend(stems)
    return found


def _entries() -> Iterable[tuple[str, list[str]]]:
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        word, colon, others = line.partition(":")
        if colon and not line.startswith("#"):
            yield word.strip(), [other.strip() for other in others.split(",") if other.strip()]


def _stem(word: str) -> Forms:
    """Return the morphemes of a verb without its ending.

    Alone, 보다 is read as a particle, 자다 as a cry and 적다 as few; a question ending shows that they are verbs.
    """
    alone = tuple((token.form, token.tag) for token in kiwi().tokenize(word))[:-1]
    whole = ((word.removesuffix("다"), "VV"),)
    asked = tuple((token.form, token.tag) for token in kiwi().tokenize(f"{word.removesuffix('다')}나요?"))
    is_one_verb = asked[:1] == whole or not alone or (len(alone) == 1 and not alone[0][1].startswith("V"))
    return whole if is_one_verb else alone


def everyday(words: list[Word], random: Random, share: float) -> list[Word]:
    """Return the words with this share of those that have an everyday word replaced by it.

    A noun is replaced where it stands alone or last: what describes another noun has a sense of its own there
    (개인 회원), and so has what follows a number (1분기), stands in quotes or is the term of a definition (이용자란).
    """
    said: list[Word] = []
    index = 0
    while index < len(words):
        count, others = _replaced(words, index, random, share)
        if any(" " in other.stem for other in others) and said:
            others = [] if " " in said[-1].stem else others
            said[-1] = without_genitive(said[-1]) if others else said[-1]
        said += others or words[index : index + count]
        index += count
    return said


def _replaced(words: list[Word], index: int, random: Random, share: float) -> tuple[int, list[Word]]:
    """Return how many words from this place on are said with others, and those."""
    word = words[index]
    if random.random() >= share or word.is_name:
        return 1, []
    if not word.is_noun:
        return 1, _verb(word, random, any(earlier.has_object_particle for earlier in words[:index]))
    for count in (3, 2, 1):
        run = words[index : index + count]
        if len(run) == count and _stands_alone(words, index, count) and (others := _noun(run, random)):
            return count, others
    return 1, []


def _stands_alone(words: list[Word], index: int, count: int) -> bool:
    """Tell whether these words are a noun of their own, or the last of a compound without a number."""
    *inner, last = words[index : index + count]
    before, after = words[index - 1 : index], words[index + count : index + count + 1]
    if any(word.particle or word.is_name for word in inner) or last.particle in _TERM or last.joins_another:
        return False
    if not last.particle and after and after[0].is_noun and not after[0].asks:
        return False
    return not any(word.has_number or (word.joins_another and not word.particle) for word in before)


def _noun(run: list[Word], random: Random) -> list[Word]:
    """Return the nouns of a run, which are written with or without spaces, as people say them."""
    last = run[-1]
    name = " ".join([*(word.text for word in run[:-1]), last.stem])
    others = nouns().get(name) or (nouns().get(name.replace(" ", "")) if len(run) > 1 else None)
    return [last.called(random.choice(others))] if others else []


def _verb(word: Word, random: Random, has_object: bool) -> list[Word]:
    """Return the verb that people use, as its other one is inflected; it may be several words.

    A part of a verb (재위탁하다) has another sense, and so has 위반하여, which says how. 돈 넣다 takes no other object.
    """
    forms = tuple((part.form, part.tag) for part in word.found if not part.tag.startswith("S"))
    for length in range(min(3, len(forms)), 0, -1):
        others = [other for other in verbs().get(forms[:length], []) if _fits(other, forms[:length], forms[length:])]
        others = [other for other in others if not (has_object and _has_object(other))]
        if others and not _says_how(forms[length:]):
            text = joined([*random.choice(others), *forms[length:]])
            said = parse(text + ("?" if word.text.endswith("?") else ""))
            # Alone, 이어도 is an island: what is read as a noun could not be told from one later.
            return [] if said[-1].is_noun else said
    return []


def _has_object(verb: Forms) -> bool:
    return verb[0][1] == "NNG" and len(verb) > 1 and verb[1][1] not in ("XSV", "XSA")


def _fits(other: Forms, verb: Forms, ending: Forms) -> bool:
    """Tell whether a verb takes the ending of another: 있다 has no 있은, and an adjective no 는."""
    has_past = ending[:1] == (("ᆫ", "ETM"),) and other[-1][0] in ("있", "없")
    return _is_adjective(other) == _is_adjective(verb) and not has_past


def _is_adjective(forms: Forms) -> bool:
    return bool(forms) and forms[-1][1].startswith(("VA", "XSA"))


def _says_how(ending: Forms) -> bool:
    return len(ending) == 1 and ending[0] in _HOW
