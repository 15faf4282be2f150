"""Whether an answer stands in the part of its evidence that is about what the question asks.

평일은 9시, 주말은 10시: the sentence has the words of both questions, and each answer belongs to one of them. Parts are
compared only where they are parallel: they give values of one unit, have topics of their own, or state conditions.
"""

import re
from collections.abc import Iterator

from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean
from pagetune.text.negation import polarity
from pagetune.text.notation import plain
from pagetune.text.numerals import in_digits

#: What divides a sentence or a cell into clauses, items and sentences. A comma between digits is part of a number.
_PART_END = re.compile(
    r"(?:(?<=[가-힣]며)|(?<=[가-힣]고)|(?<=[가-힣]나)|(?<=지만)|(?<=는데)|(?<=은데)|(?<=인데)|(?<=반면)"
    r"|(?<=반면에)|(?<=이자)),?\s"
    r"|,(?!\d{3}(?!\d))\s?|;\s?|\s\|\s|\n|(?<=[가-힣)\]\"'”’]{2}[.!?])\s+|(?<=[a-z0-9)\]\"'”’][.!?])\s+(?=[A-Z])"
    r"|\s(?:[•○●▪◦※▶□■]|[①-⑳])\s?"
    r"|\s/\s|\s및\s(?=\S+[은는]\s)|(?:,?\s)\b(?:but|while|whereas|and|or)\b\s",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|(?<=[가-힣)\]\"'”’]{2}[.!?])\s+|(?<=[a-z0-9)\]\"'”’][.!?])\s+(?=[A-Z])|\s(?=[①-⑳])")
_BRACKETED = re.compile(r"[【《]\s?([^】》]{2,30}?)\s?[】》]")
_TELEPHONE = re.compile(r"(?<![\d-])\d{2,4}-\d{3,4}(?:-\d{4})?(?![\d-])")
#: An answer that is a number, perhaps with its unit.
_VALUE = re.compile(r"\W*\d[\d,.]*\s?\S{0,10}(?:\s?[-~]\s?\d[\d,.]*\S{0,6})?\W*")
_ITEM = re.compile(r"\s*(?:[-–•·○●▪◦*※▶□■]|[①-⑳]|\d{1,2}[.)]|[가나다라마바사아자차][.)])\s?\S")
_TOPIC = re.compile(
    r"^\W*((?:[^\s,.;:]+\s){0,5}?[^\s,.;:]*[^\s,.;:은는])(?:은|는|에는|에서는|에게는|으로는|의\s?경우(?:에는"
    r"|에)?|이|가)(?=\s|[-−\d])"
)
_LABEL = re.compile(r"^\W*([^:：\d]{1,30}?)\s?[:：]\s")
_ENGLISH_TOPIC = re.compile(
    r"^\W*((?:[\w'’-]+\s){1,6}?)(?:is|are|was|were|has|have|costs?|takes?|opens?|closes?|must|can|may|will"
    r"|shall|should|needs?|gets?|receives?|pays?)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"(?:경우|때|시|[가-힣]면|하에서|한하여)(?:에는|에|는|은)?(?=[\s:：,]|$)|\b(?:if|when|unless|in case of"
    r"|for|with|without|on|during)\b",
    re.IGNORECASE,
)
#: The case that is left over.
_ELSE = re.compile(
    r"^\W*(?:그\s?(?:외|밖)(?:에|의)?|아니면|아닌\s경우|아닐\s(?:경우|때)|그렇지\s?(?:않|아니)\S*|나머지|기타"
    r"|이외|otherwise|else|(?:all )?others?\b|if not)",
    re.IGNORECASE,
)
_RESPECTIVELY = re.compile(r"(?<![가-힣])각각|\brespectively\b", re.IGNORECASE)
_AND = re.compile(r"\s?[,、ㆍ·/]\s?(?:and\s|및\s)?|\s(?:및|and|또는|or)\s|(?<=[가-힣\w])(?:와|과|이고|이며|하고)\s")
#: The share and the number of the words an answer adds by which it is found, though it is in other words.
_NEARLY, _FEW = 0.8, 3
#: By how many words of the question another item of a list has to be nearer to it.
_NEARER = 2


def of_another_part(question: str, answer: str, text: str) -> str | None:
    """Return the part of `text` in which the answer stands if it is about another thing than the question, or None."""
    if _RESPECTIVELY.search(text) and (other := _of_another_in_order(question, answer, text)):
        return other
    found = _below_another_heading(question, answer, text) or _behind_another_name(question, answer, text)
    found = found or _of_another_sentence(question, answer, text)
    return found or _of_another(question, answer, _parts(_PART_END, text))


def _below_another_heading(question: str, answer: str, text: str) -> str | None:
    """Return the heading in brackets above the answer, where the question names another one: 【참고 법규】."""
    at = text.find(re.split(r"[;,\n]", answer.strip())[0].strip(" •-"))
    found = [(one.start(), normal_form(one[1])) for one in _BRACKETED.finditer(text)]
    above = [name for start, name in found if start < at]
    named = {name for _, name in found if name in normal_form(question)}
    own = above[-1] if above else ""
    return (own or text)[:100] if at >= 0 and named and own not in named else None


def _behind_another_name(question: str, answer: str, text: str) -> str | None:
    """Return what stands before the answer, a telephone number, where what the question names stands before another."""
    found = list(_TELEPHONE.finditer(text))
    own = [number for number, one in enumerate(found) if one[0] == answer.strip()]
    if len(own) != 1 or len(found) == 1:
        return None
    starts = [0, *(one.end() for one in found)]
    names = [text[start : one.start()] for start, one in zip(starts, found, strict=False)]
    scores = [_score(question, name, names) for name in names]
    return names[own[0]].strip(" ,")[:100] if max(scores) > scores[own[0]] else None


def _of_another_sentence(question: str, answer: str, text: str) -> str | None:
    """Return the sentence or the item of the answer where another one is the one that is asked about."""
    sentences = _parts(_SENTENCE_END, text)
    own = [number for number, part in enumerate(sentences) if _stands_in(answer, part)]
    if len(own) == 1 and len(sentences) > 1 and _VALUE.fullmatch(answer):
        words = content_words(question)
        mine, *others = [
            sum(has_word(part, word) for word in words)
            for part in [sentences[own[0]], *(one for number, one in enumerate(sentences) if number != own[0])]
        ]
        if max(others) >= mine + _FEW:
            return sentences[own[0]][:100]
    return _of_another(question, answer, sentences)


def _of_another(question: str, answer: str, parts: list[str]) -> str | None:
    own = [number for number, part in enumerate(parts) if _stands_in(answer, part)] or _most_of(question, answer, parts)
    if len(own) != 1 or len(parts) == 1:
        return None
    place = own[0]
    if _ELSE.match(parts[place]) and _negates(question):
        return None
    if _is_the_other_case(question, parts, place):
        return parts[place][:100]
    mine = _score(question, parts[place], parts)
    for other, part in enumerate(parts):
        if other == place:
            continue
        theirs = _score(question, part, parts)
        if theirs > mine and _are_parallel(parts[place], part, question, answer):
            return parts[place][:100]
        if theirs == mine and theirs and _contradicts_condition(question, parts[place], part):
            return parts[place][:100]
    return None


def _most_of(question: str, answer: str, parts: list[str]) -> list[int]:
    """Return the one part that has nearly all words that an answer in other words adds to its question."""
    said = content_words(answer)
    added = {word for word in said if not has_word(question, word)}
    if sum(_is_said(part, answer) for part in parts) > 1:
        return []
    found = [
        number
        for number, part in enumerate(parts)
        if sum(has_word(part, word) for word in added) >= _NEARLY * len(added)
    ]
    return found if len(added) >= _FEW else []


def _is_said(part: str, answer: str) -> bool:
    """Tell whether an answer has half of the words of a part: it may state several parts."""
    words = content_words(part)
    return bool(words) and sum(has_word(answer, word) for word in words) * 2 >= len(words)


def _parts(ends: re.Pattern[str], text: str) -> list[str]:
    """Return the clauses and items of a text; what has no word of its own belongs to the one before it."""
    found: list[str] = []
    for piece in ends.split(text):
        if not piece or not normal_form(piece):
            continue
        if found and not content_words(piece) and not _ELSE.match(piece):
            found[-1] += ", " + piece.strip()
        else:
            found.append(piece.strip())
    return found


def _stands_in(answer: str, part: str) -> bool:
    """Tell whether a part has all of the answer, neither inside of a number nor of a word."""
    letters = [re.escape(letter) for letter in answer.strip(" .!?\"'“”‘’") if not letter.isspace()]
    pattern = r"\s*".join(letters)
    return bool(letters) and re.search(rf"(?<![\w.,-]){pattern}(?![\dA-Za-z])", part) is not None


def _score(question: str, part: str, parts: list[str]) -> int:
    """Count the words and numbers of the question that this part has and not all parts have."""
    return sum(_has(part, word) for word in _words(question) if not all(_has(one, word) for one in parts))


def _words(question: str) -> set[str]:
    numbers = set(re.findall(r"\d+(?:[.,]\d+)*", question))
    raw = set(re.findall(r"모두|전부|부분적|일부|전체|all|both|only|none|first|second", question.lower()))
    return set(content_words(question)) | numbers | raw


def _has(part: str, word: str) -> bool:
    if word[0].isdigit():
        return re.search(rf"(?<![\d.,]){re.escape(word)}(?![\d]|[.,]\d)", part) is not None
    return has_word(part, word) or (len(word) == 1 and word in content_words(part))


def _are_parallel(own: str, other: str, question: str, answer: str) -> bool:
    """Tell whether two parts say the like of different things, of which the question names the other one's."""
    if _ITEM.match(own) and _ITEM.match(other) and _is_nearer(question, own, other):
        return True
    units = {unit for _, unit in claims(in_digits(answer)).numbers}
    if units and units & {unit for _, unit in claims(in_digits(other)).numbers}:
        return True
    mine, theirs = _topic(own), _topic(other)
    if mine and theirs:
        named = content_words(mine) - content_words(answer)
        return bool(named) and named.isdisjoint(content_words(question)) and _is_asked(question, theirs)
    return bool(_CONDITION.search(own.split(answer.strip())[0]) and _CONDITION.search(other))


def _is_nearer(question: str, own: str, other: str) -> bool:
    words = content_words(question)
    theirs, mine = (sum(has_word(part, word) for word in words) for part in (other, own))
    return theirs >= mine + _NEARER and theirs * 2 > len(words)


def _is_asked(question: str, topic: str) -> bool:
    words = content_words(topic)
    return bool(words) and sum(has_word(question, word) for word in words) * 2 > len(words)


def _topic(part: str) -> str:
    """Return what a part is about: the noun before its first particle of a topic, its label, or its subject."""
    found = _LABEL.match(part) or (_TOPIC if is_korean(part) else _ENGLISH_TOPIC).match(part)
    return found[1] if found else ""


def _is_the_other_case(question: str, parts: list[str], place: int) -> bool:
    """Tell whether the question is about what is left over (아니면) and the answer about the case before it."""
    if place + 1 >= len(parts) or not _ELSE.match(parts[place + 1]) or _ELSE.match(parts[place]):
        return False
    return _negates(question) and not _negates(parts[place])


def _contradicts_condition(question: str, own: str, other: str) -> bool:
    """Tell whether only the other one of two conditions denies, or affirms, as the question does."""
    if not (_CONDITION.search(own) and _CONDITION.search(other)):
        return False
    return _negates(own) != _negates(question) == _negates(other)


def _negates(text: str) -> bool:
    held = polarity(plain(text))
    return (
        held.denied > 0
        or held.conditions[1] > 0
        or re.search(r"아니(?:면|라면|ㄴ)|아닌|외의|이외|\bnon-?|\bother than\b", text) is not None
    )


def _of_another_in_order(question: str, answer: str, text: str) -> str | None:
    """Return the thing to whose place in its list the answer's place belongs: A와 B는 각각 3일과 5일."""
    for names, values in _lists(text):
        asked = [number for number, name in enumerate(names) if _is_named(question, name, names)]
        number = re.search(r"\d[\d.,]*", answer)
        stands = [place for place, value in enumerate(values) if _stands_in(number[0] if number else answer, value)]
        if len(names) == len(values) and len(asked) == 1 == len(stands) and asked != stands:
            return names[stands[0]]
    return None


def _is_named(question: str, name: str, names: list[str]) -> bool:
    """Tell whether the question has the words by which a name differs from the other names."""
    own = content_words(name) - frozenset[str]().union(*(content_words(one) for one in names if one != name))
    return bool(own) and all(has_word(question, word) for word in own)


def _lists(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the names and the values of each sentence that says 각각 or respectively."""
    for sentence in re.split(r"(?<=[^\d\s][.!?])\s+|\n", text):
        found = _RESPECTIVELY.search(sentence)
        if not found:
            continue
        if is_korean(sentence):
            yield _listed(sentence[: found.start()]), _listed(sentence[found.end() :])
        elif number := re.search(r"\d", sentence):
            values = [one for one in _listed(sentence[number.start() : found.start()]) if re.search(r"\d", one)]
            yield _listed(sentence[: number.start()])[-len(values) :], values


def _listed(text: str) -> list[str]:
    return [one for one in _AND.split(text) if normal_form(one)]
