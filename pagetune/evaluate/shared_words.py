"""Whether two texts say the same, as far as their words can tell."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pagetune.evaluate.tokenizers import CharacterTokenizer, f1
from pagetune.text.english_numbers import english_in_digits
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import kiwi, morphemes
from pagetune.text.negation import NEGATIVE
from pagetune.text.notation import plain
from pagetune.text.numerals import in_digits
from pagetune.text.synonyms import stem, synonyms

#: The share of the reference's new words from which on two texts say the same.
_SHARED = 0.5
#: The same where one of many stretches of a long answer has to have them.
_SHARED_OF_MANY = 0.75
#: Words of the reference beside those of the question that a question answered by yes or no may have.
_FEW = 2
#: Kiwi's similarity from which on a verb and a noun mean the same deed: 기르다 and 양성 have 0.63.
_ALIKE = 0.5
#: The mean likeness of the reference's words, and the share of them that has to be there letter for letter, from which
#: on a text of three words or more says the same in other words. Two nouns alone can be siblings (월요일, 화요일).
_LIKENESS, _LETTER_FOR_LETTER, _MANY = 0.6, 0.2, 3
#: Kiwi's tags of nouns and of predicates; numbers and counters are quantities.
_NOUNS, _PREDICATES = {"NNG", "NNP", "XR", "SL", "SH"}, {"VV", "VA", "MAG"}
#: Content words that say little.
_LIGHT = {
    "하", "되", "있", "수", "것", "때", "그", "또", "이", "바", "경우", "해당", "관련", "다음", "위하", "통하",
    "대하", "따르", "주", "모두", "각각", "및", "등", "말씀", "안내", "문서", "내용", "질문", "답", "답변", "동안",
    "오전", "오후", "저녁", "밤", "낮", "새벽", "아침", "시간", "기간", "사람", "하루", "정도", "이내", "이상",
    "이하", "미만", "초과", "이후", "이전", "최대", "최소", "영업", "영업일", "까지", "시", "금액", "날짜", "시각",
    "장소", "방법", "수량", "비용", "요금", "가격", "횟수",
}  # fmt: skip
#: Words that only say yes or no, which polarity compares.
_POLAR = {form for form, _ in NEGATIVE} | {"가능", "네", "예", "그렇", "그러하", "맞", "필요", "의무", "필수"}
_YES_OR_NO = re.compile(
    r"(?<![가-힣])[네예](?![가-힣])|아니[요오]|가능|불가|없|않|수 있|됩니다|된다|돼요|그렇|맞습니다"
    r"|\b(?:yes|no|not|can|cannot|can't|allowed|permitted|may)\b",
    re.IGNORECASE,
)
#: Words that ask for more than yes or no.
_ASKS_FOR_MORE = re.compile(
    r"누구|누가|무엇|무슨|뭐|뭘|뭔|어디|언제|얼마|몇|어떻게|왜|어떤|어느|며칠|어때|어떠|알려|말해|말씀|설명"
    r"|[은는이가]\?$|[?]?$(?<![까요죠지]\?)",
    re.IGNORECASE,
)
_ENGLISH_YES_OR_NO = re.compile(
    r"\s*(?:can|could|may|must|is|are|was|were|do|does|did|will|would|should|has|have|need)\b", re.IGNORECASE
)
SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n+")
_LISTED = re.compile(r"[,/·ㆍ]")
_ENGLISH_WORD = re.compile(r"[a-z][a-z'’-]*")
_ENGLISH_LIGHT = re.compile(
    r"an?|the|of|to|in|on|at|for|from|by|with|and|or|as|into|than|is|are|was|were|be|been|its?|this|that|these"
    r"|those|s|t|you|your|we|our|they|their|them|s?he|his|her|i|my|me|can|could|do|does|did|will|would|have|has|had|not|no"
    r"|there|here|which|what|when|where|who|whose|how|why|if|it|must|may|shall|should|each|every|per|yes|any|all|such|so"
    r"|also|then|so|thus|please|but|since|because|while|than|after|before|most|least|seconds?|minutes?|hours?|days?|weeks?|months?|years?|percent|half|quarters?|thirds?|times?|once|twice"
    r"|dozen|noon|midnight|fortnight|daily|weekly|monthly|yearly|annually|dollars?|euros?|pounds?|won|kilos?|litres?|liters?"
    r"|maximum|minimum|more|less|about|up|to|only|just"
)


def says_the_same(prediction: str, reference: str, question: str, evidence: str, counted: bool) -> bool:
    """Tell whether the prediction has enough of the reference's words, those of the question aside.

    Where the reference is `counted` by quantities and codes, which are compared elsewhere, the prediction only may not
    speak of nothing that reference, question or evidence speak of.
    """
    said, held, asked = (words(text) for text in (prediction, reference, question))
    new, parts = [word for word in held if word not in asked], _stretches(prediction, reference)
    if counted and len(parts) > 1 and new:
        return any(_has_enough(new, words(part), part, _SHARED) for part in parts)
    if counted:
        return _speaks_of_it(prediction, reference, question, evidence)
    if _asks_yes_or_no(question) and len(set(new)) <= _FEW and any(_covers(words(part), asked) for part in parts):
        return True
    if not new and _YES_OR_NO.search(reference):
        return _YES_OR_NO.search(prediction) is not None or bool(set(said) & set(asked))
    if not said or not held:
        characters = CharacterTokenizer()
        return f1(characters.tokenize(prediction), characters.tokenize(reference)) >= _SHARED
    wanted = list(dict.fromkeys(new or held))
    if _exchanges_a_noun(said, wanted, prediction, f"{reference}{question}{evidence}", reference):
        return False
    share = _SHARED if len(parts) == 1 else _SHARED_OF_MANY
    return any(_has_enough(wanted, words(part), part, share) for part in parts)


def _speaks_of_it(prediction: str, reference: str, question: str, evidence: str) -> bool:
    """Tell whether a word of the prediction is known, if it has more than a few; numbers in words are quantities."""
    held = words(reference)
    known = {*held, *words(question), *words(evidence)}
    said = words(prediction if is_korean(prediction) else in_digits(english_in_digits(prediction)))
    few = len(said) < (2 if held else 4)
    return not known or few or any(_is_in(word, known, f"{reference}{question}{evidence}") for word in said)


def _stretches(prediction: str, reference: str) -> list[str]:
    """Return the prediction, or, where it goes on and on, each stretch of a few more sentences than the reference has:
    words that are spread over a page say nothing together."""
    sentences, some = ([part for part in SENTENCE.split(text) if part.strip()] for text in (prediction, reference))
    length = len(some) + 2
    if len(sentences) <= 2 * length:
        return [prediction]
    return [" ".join(sentences[start : start + length]) for start in range(len(sentences) - length + 1)]


def _has_enough(wanted: list[str], said: tuple[str, ...], prediction: str, share: float) -> bool:
    """Tell whether this share of the wanted words is there, at least half of these letter for letter; or whether nearly
    all of them have made room for one of like meaning."""
    whole = sum(_is_part(word, said, prediction) for word in wanted)
    alike = sum(_is_in(word, set(said), prediction) for word in wanted)
    if whole > 0 and alike >= share * len(wanted) and 2 * whole >= alike:
        return True
    if share > _SHARED or len(wanted) < _MANY or whole < _LETTER_FOR_LETTER * len(wanted):
        return False
    likeness = [1.0 if _is_part(word, said, prediction) else _likeness(word, said) for word in wanted]
    return sum(likeness) >= _LIKENESS * len(wanted)


def _likeness(word: str, others: tuple[str, ...]) -> float:
    """Return how much the most similar of the others means what the word does, from 0 to 1."""
    near = [_similarity(one, two) for other in set(others) for one in _senses(word) for two in _senses(other)]
    return max(near, default=0.0)


def _asks_yes_or_no(question: str) -> bool:
    if is_korean(question):
        return not _ASKS_FOR_MORE.search(question)
    return _ENGLISH_YES_OR_NO.match(question) is not None


def _covers(said: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    return bool(asked) and sum(word in said for word in asked) >= _SHARED * len(asked)


def _exchanges_a_noun(said: tuple[str, ...], wanted: list[str], prediction: str, known: str, reference: str) -> bool:
    """Tell whether a noun of the reference has made room for one that neither reference, question nor evidence has, or
    whether the prediction is nothing but a list that has such nouns."""
    mine, theirs = _nouns(prediction), _nouns(reference)
    missing = [noun for noun in theirs if not _is_part(noun, mine, prediction) and _is_any_part(noun, wanted)]
    strange = [noun for noun in mine if not _is_part(noun, words(known), known)]
    listed = len(_LISTED.findall(prediction)) > len(_LISTED.findall(reference))
    if missing or not strange:
        return len(missing) == 1 == len(strange) and len(wanted) < 6
    return (len(strange) > 1 and _is_list(prediction)) or (listed and _is_list(prediction, "입니다"))


def _is_list(text: str, but: str = "") -> bool:
    """Tell whether a Korean text is nothing but nouns, the ending `but` aside."""
    text = text.strip().rstrip(".").removesuffix(but) if but else text
    return is_korean(text) and not any(token.tag[0] in "VEJX" for token in morphemes(plain(text)))


def has_item(text: str, item: str) -> bool:
    """Tell whether a text has an item of a list: a noun of it as a whole, or all of its words."""
    close = re.sub(r"\s", "", text.lower())
    nouns, own = _nouns(item), words(item)
    return any(noun in close for noun in nouns) or all(word in words(text) or word in close for word in own)


def speaks_of(text: str, word: str) -> bool:
    """Tell whether a text has this lemma, or another word for it."""
    return _is_in(word if is_korean(word) else stem(word), set(words(text)), "") or (
        is_korean(word) and len(word) > 1 and word in text.replace(" ", "")
    )


def _is_any_part(noun: str, wanted: list[str]) -> bool:
    return any(word in noun for word in wanted)


@lru_cache(maxsize=8192)
def _nouns(text: str) -> tuple[str, ...]:
    """Return the nouns of a text, those that are written as one word as one: 주민센터. In English, the stems."""
    if not is_korean(text):
        return words(text)
    nouns: list[list[Any]] = []
    for token in morphemes(plain(text)):
        is_noun = (
            token.tag in _NOUNS
            or token.tag in ("XSN", "XPN")
            or (token.tag == "MM" and nouns and nouns[-1][2] == token.start)
        )
        if not is_noun or (token.form in _LIGHT | _POLAR):
            continue
        if nouns and nouns[-1][2] == token.start:
            nouns[-1] = [nouns[-1][0] + token.form, nouns[-1][1], token.end]
        else:
            nouns.append([token.form, token.start, token.end])
    return tuple(dict.fromkeys(noun for noun, _, _ in nouns if len(noun) > 1))


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[str, ...]:
    """Return the content words of a text, as lemmas in Korean and stems in English."""
    if is_korean(text):
        found = [token for token in morphemes(plain(text)) if token.tag.partition("-")[0] in _NOUNS | _PREDICATES]
        return tuple(token.form for token in found if token.form not in _LIGHT | _POLAR)
    return tuple(stem(word) for word in _ENGLISH_WORD.findall(text.lower()) if not _ENGLISH_LIGHT.fullmatch(word))


def _is_part(word: str, others: tuple[str, ...], text: str) -> bool:
    """Tell whether a text has the word as it is or as a part of another one, or a synonym of it."""
    if word in others or word in re.sub(r"\s", "", text.lower()):
        return True
    return not synonyms(word).isdisjoint(others)


def _is_in(word: str, others: set[str], text: str) -> bool:
    """Tell whether a text has the word, as a part of another one, or as the same deed in another word class."""
    if word in others or (len(word) > 1 and is_korean(word) and word in text.replace(" ", "")):
        return True
    if not synonyms(word).isdisjoint(others):
        return True
    return is_korean(word) and any(_alike(word, other) for other in others if is_korean(other))


@lru_cache(maxsize=100_000)
def _alike(one: str, other: str) -> bool:
    """Tell whether a verb and a noun, or two verbs, mean the same by the embedding of Kiwi's language model.

    Two nouns are not compared: 월요일 and 화요일 are alike too.
    """
    pairs = [(a, b) for a in _senses(one) for b in _senses(other) if {a[1], b[1]} != {"NNG"}]
    return any(_similarity(a, b) >= _ALIKE for a, b in pairs)


def _similarity(one: tuple[str, str], other: tuple[str, str]) -> float:
    return float(kiwi().morpheme_similarity(one, other))


@lru_cache(maxsize=100_000)
def _senses(form: str) -> tuple[tuple[str, str], ...]:
    """Return the morphemes that Kiwi's model knows of this form, as (form, tag)."""
    known = []
    for tag in ("NNG", "VV", "VA"):
        try:
            kiwi().morpheme_similarity((form, tag), (form, tag))
        except ValueError:
            continue
        known.append((form, tag))
    return tuple(known)


def share_of(wanted: Iterable[str], text: str) -> float:
    """Return the share of these words that a text has, as parts of other words and as synonyms too; 1 of none."""
    own = (*words(text), *map(stem, _ENGLISH_WORD.findall(text.lower())))  # also inside of addresses
    all_wanted = list(dict.fromkeys(wanted))
    return sum(_is_part(word, own, text) for word in all_wanted) / len(all_wanted) if all_wanted else 1.0
