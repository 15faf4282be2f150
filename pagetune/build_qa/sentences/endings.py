"""The last word of a Korean clause as a question's (하나요, 인가요) or a statement's (한다, 합니다)."""

import re

from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.words import Word
from pagetune.text.morphemes import Morpheme, kiwi

_ENDINGS = ("EF", "EC", "ETN", "ETM")
#: Verbs whose statement ends like an adjective's, and whose question like a verb's: 있다, 있나요.
_LIKE_ADJECTIVES = ("있", "없", "계시")
_PRESENT = "나요"
_ADJECTIVE = "ᆫ가요"
#: Written forms that nobody says, and the ones that people say.
_SPOKEN = (
    (re.compile(r"(?<=[가-힣])하여야"), "해야"),
    (re.compile(r"\b하여야"), "해야"),
    (re.compile(r"하여서는"), "해서는"),
    (re.compile(r"아니\s?되나요"), "안 되나요"),
    (re.compile(r"아니하여야"), "않아야"),
    (re.compile(r"아니하나요"), "않나요"),
    (re.compile(r"아니하면"), "않으면"),
    (re.compile(r"아니하였"), "않았"),
    (re.compile(r"아니하([고거])"), r"않\1"),
    (re.compile(r"아니하며"), "않으며"),
    (re.compile(r"갖을"), "가질"),
    (re.compile(r"(?<=야)하나요"), " 하나요"),
    (re.compile(r"아니할"), "않을"),
    (re.compile(r"아니한"), "않은"),
    (re.compile(r"아니하는"), "않는"),
    (re.compile(r"아니하도록"), "않도록"),
)


def as_question(clause: Clause) -> str:
    """Return the clause as a question without its mark: 제출하여야 한다 -> 제출해야 하나요."""
    last = clause.words[-1]
    ending = _question_ending(clause)
    if ending is None:
        return ""
    if last.asks_for_action:
        return spoken(clause.text[: last.start] + _with_ending(_plain(last), "어야") + " 하나요")
    return spoken(clause.text[: last.start] + _with_ending(last, ending))


def as_statement(clause: Clause, polite: bool) -> str:
    """Return the clause as a sentence: 부담하며 -> 부담한다. or 부담합니다."""
    last = clause.words[-1]
    stem = _stem(last)
    if not stem:
        return ""
    if last.body[-1].tag == "EF" and not is_note(last):
        return clause.text + "."
    if polite:
        ending = "습니다" if _has_coda(stem) and stem[-1].form[-1] != "ᆯ" else "ᆸ니다"
    elif _is_adjective(clause) or stem[-1].tag == "EP" or stem[-1].form in _LIKE_ADJECTIVES:
        ending = "다"
    else:
        ending = "는다" if _has_coda(stem) else "ᆫ다"
    return clause.text[: last.start] + _with_ending(last, ending) + "."


def is_note(word: Word) -> bool:
    """Tell whether the word ends as in notes: 제출함, 담당임."""
    return bool(word.body) and word.body[-1].form in ("ᆷ", "음") and word.body[-1].tag in ("EF", "ETN")


def from_requirement(text: str) -> str:
    """Return a requirement as a sentence: 기록을 관리할 것 -> 기록을 관리하여야 한다."""
    clause = Clause(re.sub(r"아니할$", "않을", re.sub(r"\s것\.?$", "", text)))
    last = clause.words[-1] if clause.words else None
    if last is None or not last.body or last.body[-1].form not in ("ᆯ", "을") or not _stem(last):
        return text
    must = _with_ending(last, "어야")
    return f"{clause.text[: last.start]}{re.sub('(?:해|하아)야$', '하여야', must)} 한다."


def with_stem(clause: Clause, index: int, ending: str) -> str:
    """Return the clause up to word `index`, which gets another ending: 누설해서는 -> 누설해도."""
    word = clause.words[index]
    found = [n for n, m in enumerate(word.body) if m.tag == "EC"]
    verb = word._replace(tokens=word.body[: found[-1] + 1]) if found else word
    return clause.text[: word.start] + _with_ending(verb, ending) if _stem(verb) else ""


def spoken(text: str) -> str:
    """Return `text` with the forms that people say: 하여야 -> 해야, 아니한 -> 않은."""
    for pattern, said in _SPOKEN:
        text = pattern.sub(said, text)
    return text


def _has_coda(stem: list[Morpheme]) -> bool:
    last = kiwi().join([(m.form, m.tag) for m in stem[-1:]])[-1:]
    return "가" <= last <= "힣" and (ord(last) - ord("가")) % 28 not in (0, 8)


def _stem(word: Word) -> list[Morpheme]:
    """Return the morphemes of the last verb of the word, without its ending: from the verb or its suffix on."""
    body = list(word.body)
    if not body or body[-1].tag not in _ENDINGS:
        return []
    body = body[:-1]
    first = len(body)
    while first and body[first - 1].tag.startswith(("V", "XSV", "XSA", "EP")):
        first -= 1
    return body[first:]


def _with_ending(word: Word, ending: str) -> str:
    stem = _stem(word)
    if ending == "ᆯ" and _has_coda(stem):
        ending = "을"
    said = kiwi().join([*((m.form, m.tag) for m in stem), (ending, _tag(ending))])
    return word.text[: max(stem[0].start - word.start, 0)] + str(said)


def _plain(word: Word) -> Word:
    """Return the word without 시, which is polite to whom one speaks to."""
    return word._replace(tokens=tuple(m for m in word.tokens if m.tag != "EP"))


def _tag(ending: str) -> str:
    if ending in ("ᆯ", "을"):
        return "ETM"
    return "EC" if ending[0] in "어지" else "EF"


def _question_ending(clause: Clause) -> str | None:
    stem = _stem(clause.words[-1])
    if not stem:
        return None
    return _ADJECTIVE if _is_adjective(clause) else _PRESENT


def _is_adjective(clause: Clause) -> bool:
    stem = _stem(clause.words[-1])
    last = stem[-1]
    if last.tag == "EP" and last.form not in ("시", "으시"):
        return False
    if last.tag.startswith("VX") and last.form in ("않", "아니하", "못하"):
        tags = [m.tag for word in clause.words[-2:] for m in word.body if m.tag.startswith(("V", "XS"))]
        return bool(tags) and tags[0].startswith(("VA", "XSA"))
    return last.tag.startswith(("VA", "XSA", "VCP", "VCN")) and last.form not in _LIKE_ADJECTIVES
