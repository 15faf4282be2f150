"""Answers that give a part of a value: one end of a range, or a limit without the word that makes it one."""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.claims import DIGITS, claims

_BOUND = (
    r"(?:under|over|below|above|exceed(?:s|ing)?|(?:more|less|fewer|greater|higher|lower) than|at (?:most"
    r"|least)|up to|no (?:more|less|later) than|maximum|minimum"
    r"|within|max\.?|min\.?)"
)
_KOREAN_BOUND = r"(?:미만|초과|이상|이하|넘|이내|까지|부터|최대|최소|최고|최저|한도|안에|내에|내외|전에|전까지)"
#: What asks for one end, or has the bound itself.
_ASKS_FOR_END = re.compile(
    rf"{_KOREAN_BOUND}|언제|시작|끝|종료|상한|하한|여나요|닫나요|열|문을|\b(?:{_BOUND}|start|end|open|close"
    rf"|begin|from|until|till|by|when|limit|first|last|earliest|latest)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"\b(?:between|from|ranging)\b[^.]{{0,12}}?({DIGITS})[^.\d]{{0,12}}?\b(?:to|and)\b[^.\d]{{0,6}}?({DIGITS})"
    rf"|({DIGITS})[^\s\d]{{0,3}}\s?[~∼]\s?({DIGITS})",
    re.IGNORECASE,
)


def part_of_a_value(claim: Claim) -> str | None:
    """Return the answer where its number is an end of a range, or has a bound in the evidence that it leaves out."""
    numbers = claims(claim.answer).numbers
    if len(numbers) > 1 or _ASKS_FOR_END.search(claim.question) or claim.place.table is not None:
        return None
    digits = re.search(DIGITS, claim.answer)
    if digits is None:
        return _word_with_bound(claim)
    return claim.answer[:100] if _is_an_end(claim, digits[0]) or _lacks_its_bound(claim, digits[0]) else None


def _is_an_end(claim: Claim, digits: str) -> bool:
    ends = [[one for one in found.groups() if one] for found in _BETWEEN.finditer(claim.evidence)]
    alone = re.sub(_BETWEEN, " ", claim.evidence)
    is_end = any(digits in pair and not all(one in claim.answer for one in pair) for pair in ends)
    return is_end and re.search(rf"(?<![\d.,]){re.escape(digits)}(?![\d])", alone) is None


def _lacks_its_bound(claim: Claim, digits: str) -> bool:
    """Tell whether the evidence always has a bound beside the number, and the answer has none."""
    if re.search(rf"{_KOREAN_BOUND}|\b{_BOUND}\b", claim.answer, re.IGNORECASE):
        return False
    number = rf"(?<![\d.,]){re.escape(digits)}(?![\d])"
    bounded = (
        rf"\b{_BOUND}\s(?:[a-z]+\s)?[$€₩]?{number}|(?:최대|최소|최고|최저)\s?{number}"
        rf"|{number}\s?[가-힣%\s]{{0,6}}?(?:미만|초과|이상|이하|을 넘|를 넘)"
    )
    places = len(re.findall(number, claim.evidence))
    return 0 < places <= len(re.findall(bounded, claim.evidence, re.IGNORECASE))


def _word_with_bound(claim: Claim) -> str | None:
    """Return an amount in words (ten USD) before which the evidence has a bound."""
    words = re.escape(claim.answer.strip(" ."))
    return claim.answer[:100] if re.search(rf"\b{_BOUND}\s{words}", claim.evidence, re.IGNORECASE) else None
