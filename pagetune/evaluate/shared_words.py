"""Whether two texts say the same, as far as their words can tell."""

import re
from functools import cache, lru_cache
from typing import Any

from pagetune.evaluate.tokenizers import CharacterTokenizer, f1
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import NEGATIVE

#: The F1 of content words from which on two texts say the same.
_SHARED = 0.5
#: Kiwi's tags of content words: nouns, verbs, adjectives, adverbs, roots, Latin, Chinese and numbers.
_CONTENT_TAGS = {"NNG", "NNP", "NR", "VV", "VA", "MAG", "XR", "SL", "SH", "SN"}
#: Content words that say little.
_LIGHT = {"하", "되", "있", "수", "것", "때", "그", "또"}
#: Words that only say yes or no, which `facts` compares.
_POLAR = {form for form, _ in NEGATIVE} | {"가능", "네", "예"}
_YES_OR_NO = re.compile(
    r"(?<![가-힣])[네예](?![가-힣])|아니[요오]|가능|불가|없|않|수 있|됩니다|된다|돼요"
    r"|\b(?:yes|no|not|can|cannot|can't)\b",
    re.IGNORECASE,
)
_ENGLISH_WORD = re.compile(r"[a-z][a-z'’-]*")
_ENGLISH_LIGHT = re.compile(
    r"an?|the|of|to|in|on|at|for|from|by|with|and|or|as|into|than|is|are|was|were|be|been|its?|this|that|these|those|s|t"
    r"|you|your|we|our|they|their|s?he|his|her|i|my|me|can|could|do|does|did|will|would|have|has|had|not|no|there|here"
    r"|which|what|when|where|who|whose|how|why|if"
)


def same_words(prediction: str, reference: str, question: str) -> bool:
    """Tell whether the texts share half of their content words."""
    return _shared(prediction, reference, question) >= _SHARED


def _shared(prediction: str, reference: str, question: str) -> float:
    """Return the F1 of content words without those of the question, since to repeat it is not to answer it.

    It is 1 where both texts only say yes or no, whichever it is, and counts characters where one has no words (○).
    """
    said, held, asked = (_words(text) for text in (prediction, reference, question))
    new = [word for word in held if word not in asked]
    if not new and _YES_OR_NO.search(reference):
        return float(_YES_OR_NO.search(prediction) is not None)
    if said and new:
        return f1([word for word in said if word not in asked], new)
    if said and held:
        return f1(said, held)
    characters = CharacterTokenizer()
    return f1(characters.tokenize(prediction), characters.tokenize(reference))


def _words(text: str) -> list[str]:
    if is_korean(text):
        found = [token.form for token in morphemes(text) if token.tag in _CONTENT_TAGS]
        return [form for form in found if form not in _LIGHT | _POLAR]
    return [_stem(word) for word in _ENGLISH_WORD.findall(text.lower()) if not _ENGLISH_LIGHT.fullmatch(word)]


@cache
def _stemmer() -> Any:
    from nltk.stem.porter import PorterStemmer

    return PorterStemmer()


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """Stem as rouge-score does."""
    return str(_stemmer().stem(word)) if len(word) > 3 else word
