"""How a spoken or typed question ends: polite, among friends, clipped, or as a request."""

from random import Random

from pagetune.curate.speech.words import Word, joined, predicate, says_something, written
from pagetune.text.korean import has_final_consonant

#: Endings of verbs and adjectives as Kiwi joins them, and what follows.
_OF_VERBS = (
    ("어요", "EF", "?"),
    ("어요", "EF", ""),
    ("나요", "EF", ""),
    ("죠", "EF", "?"),
    ("어", "EF", "?"),
    ("어", "EF", ""),
    ("지", "EF", "?"),
    ("냐", "EF", ""),
    ("음", "ETN", "?"),
    ("음", "ETN", ""),
    ("는지", "EC", " 알려주세요"),
    ("는지", "EC", " 궁금해요"),
    ("는지", "EC", " 좀 알려줘"),
)
#: Endings after a noun: behind a consonant, behind a vowel.
_OF_NOUNS = (
    ("이에요?", "예요?"),
    ("이에요", "예요"),
    ("인가요", "인가요"),
    ("이죠?", "죠?"),
    ("이야?", "야?"),
    ("이야", "야"),
    ("이지?", "지?"),
    ("임?", "임?"),
    ("인지 알려주세요", "인지 알려주세요"),
    ("인지 좀 알려줘", "인지 좀 알려줘"),
    ("", ""),
    ("?", "?"),
)
#: Particles of what a verb is done to or by: 무엇을, 누가.
_OBJECTS = ("을", "를", "이", "가")
#: Question words as they are spoken, by how they are written.
_SPOKEN = {"무엇": "뭐"}


def ended(words: list[Word], random: Random) -> str | None:
    """Return the question with an ending of speech; None where its own ending is not known."""
    parts = predicate(words)
    if parts is None:
        return None
    front, verb = parts
    return _verb(front, verb, random) if verb else _noun(front, random)


def _noun(words: list[Word], random: Random) -> str:
    *front, last = words
    noun = _SPOKEN.get(last.text, last.text)
    ending = random.choice(_OF_NOUNS)[0 if has_final_consonant(noun) else 1]
    return " ".join(filter(None, [written(front), (noun + ending).replace("뭐인", "뭔")]))


def _verb(front: list[Word], verb: list[tuple[str, str]], random: Random) -> str:
    form, tag, after = random.choice(_OF_VERBS)
    return " ".join(filter(None, [written(front), joined([*verb, (form, tag)]) + after]))


def without_predicate(words: list[Word]) -> str | None:
    """Return what one types into a search box: the question without its verb; None where half of it would be lost.

    A verb that says more than 하다 and 있다 is what is asked for, and so is any where the answer is yes or no. 수,
    것 and 지 belong to the verb.
    """
    parts = predicate(words)
    if parts is None or not parts[0] or not parts[0][-1].is_noun:
        return None
    front, verb = parts
    if says_something(verb) or (len(front) > 1 and front[-2].describes_the_next and not front[-2].asks):
        return None
    asks = any(word.asks for word in front)
    return None if front[-1].particle in _OBJECTS or not asks else written(front)
