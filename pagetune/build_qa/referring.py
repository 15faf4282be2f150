"""Answers that send their reader to another provision, and definitions that only give a name."""

import re

from pagetune.build_qa.law.references import PROVISION
from pagetune.build_qa.subjects import is_generic
from pagetune.build_qa.surroundings import Claim
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean

_REFERENCE = re.compile(
    rf"(?:(?:같은|동|이)?\s?(?:법률?|영|령|시행령|시행규칙|규칙|규정)\s?)?{PROVISION}(?:\s?(?:본문|단서|전단"
    rf"|후단|각\s?호))?|제\d+[항호](?:의\d+)?|(?:같은|동|이)\s?[조항호]"
    r"|[<〈＜\[［【(]?\s?(?:별표|별지|붙임|별첨|부록"
    r"|서식)\s?(?:제?\s?\d+\s?(?:호)?\s?(?:의\d+)?\s?(?:서식)?)?\s?[>〉＞\]］】)]?|(?:대통령|총리"
    r"|[가-힣]{2,12}부)령(?=으로|에|이|$|\s)"
    r"|\b(?:section|article|appendix|annex|schedule|table|figure|chapter|paragraph)\s\(?[\dA-Z]+(?:\.\d+)*\)?",
    re.IGNORECASE,
)
_ASKS_FOR_REFERENCE = re.compile(
    r"무엇으로|무엇에|어디에|어떤\s?(?:법|규정|조|별표|서식|기준|령|영|규칙)|어느\s?(?:법|규정|조|별표)"
    r"|무슨\s?(?:법|규정|조)|근거|몇\s?조|서식|별표|별지|누가|법령|준용|무엇을 따"
    r"|\b(?:which|what) (?:section|article|law|act|table|figure|appendix|rule|regulation)\b|\bwhere\b",
    re.IGNORECASE,
)
#: Words by which one text points at another.
_POINTING = frozenset(
    [
        "따르",
        "의하",
        "정하",
        "규정",
        "준용",
        "같",
        "다음",
        "참조",
        "참고",
        "고시",
        "위임",
        "해당",
        "관하",
        "규칙",
        "사항",
        "기준",
        "요건",
        "내용",
        "방법",
        "절차",
        "필요",
        "범위",
        "항",
        "호",
        "조",
        "목",
        "각호",
        "부터",
        "까지",
        "법",
        "영",
        "호서식",
        "서식",
        "바",
        "구체",
        "세부",
        "정해지",
        "말하",
        "있",
        "하",
        "되",
        "see",
        "refer",
        "set",
        "describ",
        "specifi",
        "provid",
        "forth",
        "follow",
        "accord",
        "list",
        "given",
    ]
)
_ASKS_WHAT_IT_MEANS = re.compile(
    r"(?:이란|란)\s?(?:무엇|뭐|어떤|\?|$)|(?:무엇을|어떤 것을|무슨 뜻을?)\s?(?:의미|뜻|말)|(?:뜻|의미"
    r"|정의)(?:은|는|이|가|를)?\s?(?:무엇|뭐|어떻|\?|설명|$)|정의되"
    r"|^\W*what (?:is|are) (?:an? )?[^?]{1,40}\?|\bdefin|\bmean"
)
#: What gives a name for later: (이하 “본허가”라 한다), (hereinafter "the Bank").
_NAMED = re.compile(
    r"\((?:이하"
    r"|hereinafter(?: referred to as)?)\s?(?:이 [조항장편]에서(?:는)?\s?)?"
    r"[“\"'‘「]\s?(?:the )?([^”\"'’」]{1,40})[”\"'’」][^()]*\)",
    re.IGNORECASE,
)


def only_refers(claim: Claim) -> str | None:
    """Return an answer that, without its references to other provisions, says no more than its question, or None."""
    rest = _REFERENCE.sub("그것" if is_korean(claim.answer) else "it", claim.answer)
    is_yes_or_no = re.match(r"\W*(?:네|예|아니요|아니오|yes|no)\b", claim.answer, re.IGNORECASE)
    if rest == claim.answer or is_yes_or_no or _ASKS_FOR_REFERENCE.search(claim.question):
        return None
    added = {word for word in content_words(rest) if word not in _POINTING and not is_generic(word)}
    return claim.answer[:100] if all(has_word(claim.question, word) for word in added) else None


def defines_nothing(claim: Claim) -> str | None:
    """Return an answer to what a term means where the evidence only gives that name to something else."""
    for found in _NAMED.finditer(claim.evidence):
        term = normal_form(found[1])
        if term not in normal_form(claim.question) or not _ASKS_WHAT_IT_MEANS.search(claim.question):
            continue
        named = normal_form(claim.evidence[: found.start()])
        meaning = normal_form(
            re.sub(
                r"(?:입니다|이다|을 말한다|를 말한다|을 말합니다|를 말합니다)?\W*$", "", _without_topic(claim.answer)
            )
        )
        if not meaning or not named.endswith(meaning) or only_refers(claim) or _is_cited(meaning):
            return claim.answer[:100]
    return None


def _without_topic(answer: str) -> str:
    """Return an answer without what it is about: 본허가는 …."""
    return re.sub(r"^\W*[^\s]{1,20}(?:은|는|이란|란)\W\s?", "", answer, count=1)


def _is_cited(meaning: str) -> bool:
    """Tell whether a meaning is only a provision's: 제28조제1항에 따른 허가."""
    return (
        re.match(
            r"제\d+조(?:의\d+)?(?:제\d+항)?(?:제\d+호)?(?:에따른|에의한|의규정에의한|의|에따라)[가-힣]{1,6}$", meaning
        )
        is not None
    )
