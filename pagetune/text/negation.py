"""What a text denies: by Kiwi's morphemes where it is Korean, by its words where it is English.

Only a denial of the claim itself counts. A negated condition (신청하지 않으면) does not deny the claim behind it, and a
prefix that is part of a word (비회원, 불이익) denies only where that word is the predicate (비공개입니다).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme, morphemes
from pagetune.text.notation import plain

#: Morphemes that deny, as Kiwi's (form, tag).
NEGATIVE = {
    ("않", "VX"), ("않", "VV"), ("아니하", "VX"), ("안", "MAG"), ("못", "MAG"), ("못하", "VX"), ("아니", "MAG"),
    ("아니", "VCN"), ("없", "VA"), ("없이", "MAG"), ("아니요", "IC"), ("아니오", "IC"), ("말", "VX"), ("불가", "NNG"),
    ("금지", "NNG"),
}  # fmt: skip
#: Prefixes that make 미지급 of 지급. 불가능 denies wherever it is, as 할 수 없다 does.
_PREFIXES = {"미", "불", "비", "부"}
#: Nouns that with 없이 mean "in any case", as 빠짐없이 does, which is one morpheme.
_IN_ANY_CASE = {"지체", "관계", "상관", "예외", "빠짐", "틀림", "변함", "어김", "차질", "끊임"}
#: What is between two denials that cancel out: 하지 않을 수 없다, 없지 않다, 금지되지 않는다.
_BETWEEN = {"을", "ᆯ", "ᆫ", "수", "는", "가", "도", "지", "하", "되"}
_NOUN_TAGS = {"NNG", "XR", "XSN"}
#: Tags of what belongs to the predicate that a denial is in.
_PREDICATE_TAGS = _NOUN_TAGS | {"XSV", "XSA", "VV", "VA", "VX", "VCP", "EP", "ETM"}
#: Morphemes from a denial to the end of its predicate at most.
_PREDICATE_LENGTH = 8
#: Connective endings that make a condition; 려면 states a purpose.
_IF = re.compile(r"(?<!려)면$|더라도$|^[어아여]도$")
#: Verbs that make a permission or a duty of what would be a condition: 쓰면 됩니다, 쓰지 않아도 됩니다, 쓰면 안 됩니다.
_PERMITS = {"되", "좋", "괜찮", "무방"}
#: Tags behind 경우 where it is not a condition but what the sentence is about: 없는 경우가, 없는 경우입니다.
_TOPIC_TAGS = {"VCP", "JKS", "JKC", "JKO", "JKG"}

#: Verbs and nouns that say nothing of what is denied.
_GENERAL = {"하", "되", "있", "이", "가능", "필요", "그렇", "말", "때", "사실", "맞"}
#: The word behind an English denial.
_ENGLISH_DENIED = re.compile(
    r"(?:\b(?:not|never|cannot|without|no)|n['’]t)\s+(?:(?:be|been|have|an?|the|any|yet)\s+)*([a-z]+)?", re.IGNORECASE
)

_ENGLISH_NEGATION = re.compile(
    r"\b(?:not|never|none|nobody|nothing|cannot|without|impossible|unable|invalid|prohibited|forbidden)\b"
    r"|\bno\b(?!\.?\s?\d)|n['’]t\b",
    re.IGNORECASE,
)
#: Idioms that deny nothing, and pairs of denials that cancel out.
_ENGLISH_HARMLESS = re.compile(
    r"\bnot only\b|\bno (?:doubt|matter)\b|\bwithout (?:fail|exception|delay)\b"
    r"|(?:\bnot|n['’]t) (?:impossible|invalid|prohibited|forbidden|unable|without)\b",
    re.IGNORECASE,
)
_ENGLISH_CONDITION = re.compile(r"\b(?:if|unless|in case)\b[^,.;:!?]*", re.IGNORECASE)
#: Every denial holds one of these; a text without them needs no morphemes.
_MARK = re.compile(rf"[않안못없말마맙불비미부금]|아[녀-닣]|\bunless\b|{_ENGLISH_NEGATION.pattern}", re.IGNORECASE)


class _Denial(NamedTuple):
    """The places of the first and the last morpheme of what denies."""

    first: int
    last: int


@dataclass(frozen=True)
class Polarity:
    """What a text denies.

    `denied` counts the claims that are denied, double negations cancelled. `conditions` counts those that are affirmed
    (하면) and those that are negated (하지 않으면). `prefixed` are the nouns with a negative prefix (회원 in 비회원),
    `predicated` those among them that are predicates, and `nouns` the nouns without such a prefix.
    """

    denied: int
    conditions: tuple[int, int]
    prefixed: frozenset[str] = frozenset()
    predicated: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    #: What is denied, as lemmas: 환불 of 환불되지 않습니다. "" is the sentence as a whole: 안 됩니다, 아닙니다.
    words: frozenset[str] = frozenset()

    def denials(self, other: "Polarity") -> int:
        """Count what this text denies, compared with `other`.

        A noun with a prefix counts where the other text has it without one (비회원 and 회원, 비공개 and 공개하지 않음).
        It does not count where both texts have the prefix. Where the other lacks the noun, it counts as a predicate.
        """
        own = self.prefixed - other.prefixed
        return self.denied + sum(noun in self.predicated or noun in other.nouns for noun in own)

    def reverses(self, other: "Polarity") -> bool:
        """Tell whether one text affirms a condition (하면) where the other negates one (하지 않으면)."""
        affirmed, negated = (mine - theirs for mine, theirs in zip(self.conditions, other.conditions, strict=True))
        return affirmed * negated < 0


@lru_cache(maxsize=4096)  # a reference is compared with the answers of several models
def polarity(text: str) -> Polarity:
    """Return what `text` denies; `text` is as `notation.plain` writes it."""
    return _korean(morphemes(text)) if is_korean(text) else _english(text)


def contradict(one: str, other: str) -> bool:
    """Tell whether one text denies what the other states, or has the opposite condition."""
    if one == other or not (_MARK.search(one) or _MARK.search(other)):
        return False
    left, right = polarity(plain(one)), polarity(plain(other))
    return left.denials(right) != right.denials(left) or left.reverses(right)


def _english(text: str) -> Polarity:
    text = _ENGLISH_HARMLESS.sub("", text)
    clauses = [clause.lower() for clause in _ENGLISH_CONDITION.findall(text)]
    negative = [_ENGLISH_NEGATION.search(clause) is not None for clause in clauses]
    negated = sum(no or clause.startswith("unless") for no, clause in zip(negative, clauses, strict=True))
    denied = len(_ENGLISH_NEGATION.findall(text)) - sum(negative)
    words = frozenset(found[1] or "" for found in _ENGLISH_DENIED.finditer(_ENGLISH_CONDITION.sub("", text.lower())))
    return Polarity(denied, (len(clauses) - negated, negated), words=words or frozenset({""}))


def _korean(found: Sequence[Morpheme]) -> Polarity:
    denials = list(_denials(found))
    conditions = {denial: _condition_behind(found, denial.last) for denial in _uncancelled(found, denials)}
    claims = [denial.first for denial, condition in conditions.items() if condition is None]
    negated = {condition for condition in conditions.values() if condition is not None}
    prefixes = {place for place in range(len(found)) if _has_prefix(found, place)}
    own = prefixes - ({denial.first for denial in denials} - set(claims))
    affirmed = [place for place in range(len(found)) if _is_condition(found, place) and place not in negated]
    return Polarity(
        denied=len(set(claims) - prefixes),
        conditions=(len(affirmed), len(negated)),
        prefixed=frozenset(found[place + 1].form for place in own),
        predicated=frozenset(found[place + 1].form for place in prefixes & set(claims)),
        nouns=frozenset(token.form for i, token in enumerate(found) if token.tag == "NNG" and i - 1 not in prefixes),
        words=frozenset(_denied_word(found, place) for place in claims),
    )


def _denied_word(found: Sequence[Morpheme], place: int) -> str:
    """Return the lemma that the denial at `place` is about, or "" where that is the sentence as a whole."""
    ahead = found[place].form in ("안", "못") or _has_prefix(found, place)
    places = range(place + 1, len(found)) if ahead else range(place - 1, -1, -1)
    for at in places:
        tag = _tag_at(found, at)
        if tag in ("SN", "NR", "NNB", "SF", "JKB") and found[at].form not in ("수", "것", "바", "적"):
            return ""
        if tag in ("NNG", "NNP", "XR", "VV", "VA"):
            return "" if found[at].form in _GENERAL else found[at].form
    return ""


def _denials(found: Sequence[Morpheme]) -> Iterator[_Denial]:
    for place, token in enumerate(found):
        if _form_at(found, place + 1) == "가능" and token.form == "불":
            yield _Denial(place, place + 1)
        elif (token.form, token.tag) in NEGATIVE and not _is_idiom(found, place):
            yield _Denial(place, place)
        elif _has_prefix(found, place) and (last := _end_of_predicate(found, place + 1)) is not None:
            yield _Denial(place, last)


def _is_idiom(found: Sequence[Morpheme], place: int) -> bool:
    """Tell whether a negative morpheme denies nothing.

    하나밖에 없다 (there is one), 뿐만 아니라 (as well), 전화 아니면 (or), 하고 말았다 (in the end), 못 3개 (3 nails),
    예외 없이 (in any case), 어쩔 수 없이 (of necessity), 불가분 (inseparable).
    """
    form, before, after = (_form_at(found, at) for at in (place, place - 1, place + 1))
    if form == "아니":
        is_contrast = after in ("라", "어라") and _tag_at(found, place + 1) == "EC"  # 포털이 아니라 학사정보시스템에서
        return is_contrast or before in ("뿐", "만") or (after == "면" and _tag_at(found, place - 1) != "JKC")
    if form in ("없", "없이"):
        unavoidable = [_form_at(found, at) for at in range(place - 3, place)] == ["어쩌", "ᆯ", "수"]
        return before == "밖에" or unavoidable or (form == "없이" and before in _IN_ANY_CASE)
    if form == "불가":
        return _tag_at(found, place + 1) == "XSN"
    if (
        form in ("안", "못")
        and place
        and found[place - 1].end == found[place].start
        and _tag_at(found, place - 1) == "NNG"
    ):
        return True  # a part of the noun: 점안
    return (form in ("안", "못") and _tag_at(found, place + 1) == "SN") or (form == "말" and before == "고")


def _has_prefix(found: Sequence[Morpheme], place: int) -> bool:
    """Tell whether a negative prefix of a noun is there: 비고 (remarks) is a word, although Kiwi parts it."""
    token, noun = found[place], _form_at(found, place + 1)
    is_prefix = token.tag == "XPN" and token.form in _PREFIXES
    return is_prefix and _tag_at(found, place + 1) in ("NNG", "XR") and len(noun) > 1 and noun != "가능"


def _end_of_predicate(found: Sequence[Morpheme], place: int) -> int | None:
    """Return the place of the last noun of those from `place` on where they are the predicate; else None.

    A predicate is what precedes 하다, 되다, 이다, a mark or the end of the text, or is a condition: 비공개입니다,
    (미포함), 미제출 시.
    """
    while _tag_at(found, place + 1) in _NOUN_TAGS and not _is_condition(found, place + 1):
        place += 1
    after = _tag_at(found, place + 1)
    if _condition_behind(found, place) is not None or after in ("", "SF", "SP", "SSC", "SS", "SE", "SO", "SW"):
        return place
    ending = next((at for at in range(place + 2, len(found)) if _tag_at(found, at) != "EP"), len(found))
    return place if after in ("XSV", "XSA", "VCP") and _tag_at(found, ending) != "ETM" else None


def _uncancelled(found: Sequence[Morpheme], denials: list[_Denial]) -> Iterator[_Denial]:
    waiting: _Denial | None = None
    for denial in denials:
        if waiting and _cancel(found, waiting, denial):
            waiting = None
            continue
        if waiting:
            yield waiting
        waiting = denial
    if waiting:
        yield waiting


def _cancel(found: Sequence[Morpheme], one: _Denial, other: _Denial) -> bool:
    between = found[one.last + 1 : other.first]
    if between and between[-1].form.endswith("면"):  # 하지 않으면 안 된다
        is_duty = found[other.first].form in ("안", "아니") and _form_at(found, other.last + 1) == "되"
        return is_duty and all(_tag(token) in _PREDICATE_TAGS for token in between[:-1])
    forms = {token.form for token in between}
    return forms <= _BETWEEN and bool(forms & {"지", "수"})


def _condition_behind(found: Sequence[Morpheme], place: int) -> int | None:
    """Return the place of what makes a condition of the predicate that goes on behind `place`, or None."""
    for at in range(place + 1, min(place + 1 + _PREDICATE_LENGTH, len(found))):
        if _is_condition(found, at):
            return at
        if _tag_at(found, at) not in _PREDICATE_TAGS and _form_at(found, at) != "게":
            return None
    return None


def _is_condition(found: Sequence[Morpheme], place: int) -> bool:
    """Tell whether a condition ends here: 하면, 하더라도, 하는 경우에는, 할 때, 미제출 시, 사정이 없는 한."""
    form, tag, before = found[place].form, _tag_at(found, place), _tag_at(found, place - 1)
    if tag == "EC":
        at = place + 2 if _form_at(found, place + 1) in ("안", "아니", "못") else place + 1
        return _IF.search(form) is not None and _form_at(found, at) not in _PERMITS
    is_noun = form in ("경우", "때", "한", "시") and before == "ETM"
    is_noun = is_noun or (form == "시" and tag == "NNB" and before in _NOUN_TAGS)
    return is_noun and _tag_at(found, place + 1) not in _TOPIC_TAGS and _form_at(found, place + 1) != "도"


def _tag(token: Morpheme) -> str:
    """Return the tag without what Kiwi adds for irregular verbs (VV-R)."""
    return token.tag.partition("-")[0]


def _tag_at(found: Sequence[Morpheme], place: int) -> str:
    return _tag(found[place]) if 0 <= place < len(found) else ""


def _form_at(found: Sequence[Morpheme], place: int) -> str:
    return found[place].form if 0 <= place < len(found) else ""
