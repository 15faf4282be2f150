"""The words of a text that say what it is about: stems, without particles, endings and words that any text has."""

import re
from functools import lru_cache

from pagetune.text.disguise import without_invisible
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.synonyms import stem, synonyms

_TAGS = {"NNG", "NNP", "XR", "SL", "SH", "VV", "VA"}
#: Words that say nothing of what a text is about, and those by which one asks.
_LIGHT = {
    "하", "되", "있", "없", "수", "것", "때", "이", "그", "저", "바", "등", "및", "경우", "해당", "관련",
    "다음", "위하", "통하", "대하", "따르", "관하", "주", "모두", "각각", "같", "어떻", "어떠", "이렇", "그렇",
    "말하", "알", "무엇", "어디", "언제", "누구", "얼마", "무슨", "어느", "정도", "설명", "내용", "질문", "답",
    "답변", "의미", "뜻", "뭣", "가지", "종류", "필요", "가능", "받", "나오", "말", "알리", "중", "가운데",
    "며칠", "얼마나", "동안", "내", "문의",
}  # fmt: skip
_ENGLISH_WORD = re.compile(r"[a-z][a-z'’-]*")
_POSSESSIVE = re.compile(r"['’]s\b|(?<=s)['’](?!\w)")
_ENGLISH_LIGHT = re.compile(
    r"an?|the|of|to|in|on|at|for|from|by|with|and|or|as|into|than|is|are|was|were|be|been|being|its?|this|that"
    r"|these|those"
    r"|s|t|you|your|we|our|us|they|their|them|s?he|his|her|him|i|my|me|one|can|could|do|does|did|done|will"
    r"|would|have|has|had"
    r"|not|no|there|here|which|what|when|where|who|whose|whom|how|why|if|it|must|may|might|shall|should|each"
    r"|every|per|yes"
    r"|any|all|such|so|also|then|please|but|since|because|while|about|much|many|long|kind|type|mean|meaning"
    r"|describe|explain"
    r"|list|name|state|tell|give|define|according|following|first|only|more|most"
)


#: Letters of a Korean stem from which its noun is a word by itself.
_LONG = 2


@lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """Return the content words of a Korean or English text."""
    text = without_invisible(text)
    if not is_korean(text):
        english = _ENGLISH_WORD.findall(_POSSESSIVE.sub("", text.lower()))
        return frozenset(stem(word) for word in english if not _ENGLISH_LIGHT.fullmatch(word))
    return frozenset(one.form for one in morphemes(text) if one.tag in _TAGS and one.form not in _LIGHT)


def has_word(text: str, word: str) -> bool:
    """Tell whether a text has a content word or one that means the same; Korean also inside of another word."""
    own = content_words(text)
    if word in own or not synonyms(word).isdisjoint(own):
        return True
    if not is_korean(word):
        return False
    letters = "".join(text.lower().split())
    bare = word[:-1] if len(word) > _LONG and word.endswith(("하", "되")) else word  # 부적절하다 says what 부적절 says
    return len(word) > 1 and bare in letters
