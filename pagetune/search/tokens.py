"""The tokens by which a search compares texts: stems, numbers with their units, codes, and pairs of Hangul letters.

Kiwi's morphemes find a word in any of its forms, and the pairs of letters what Kiwi does not know or cuts otherwise in
another place: names, compounds, misspelt words.
"""

import re
from collections.abc import Iterable

from pagetune.text.claims import claims
from pagetune.text.morphemes import learn_morphemes, morphemes
from pagetune.text.notation import plain
from pagetune.text.synonyms import stem
from pagetune.text.units import written

#: Kiwi's tags of words that say what a text is about.
_TAGS = {"NNG", "NNP", "NR", "XR", "VV", "VA", "MAG", "SH"}
_LATIN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_HANGUL = re.compile("[가-힣]+")
#: Marks a pair of letters, which may also be a word.
_PAIR = "~"


def learn(texts: Iterable[str]) -> None:
    """Analyse the morphemes of many texts at once, which `tokens` then looks up."""
    learn_morphemes(plain(text) for text in texts if _HANGUL.search(text))


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, in any order, and as often as it has them."""
    return [*_words(text), *_letter_pairs(text)]


def _words(text: str) -> list[str]:
    text = plain(text)
    said = claims(text)
    korean = morphemes(text) if _HANGUL.search(text) else []
    own = [one.form for one in korean if one.tag.partition("-")[0] in _TAGS]
    others = [stem(word) for word in _LATIN.findall(text.lower()) if not _HANGUL.search(word)]
    return [*own, *others, *map(written, said.numbers), *said.joined, *said.codes]


def _letter_pairs(text: str) -> list[str]:
    letters = "".join(_HANGUL.findall(text))
    return [_PAIR + letters[start : start + 2] for start in range(len(letters) - 1)]
