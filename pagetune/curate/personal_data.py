"""Find and mask numbers that belong to a person: resident registration, payment cards, mobile telephones.

Offices have other prefixes (02, 1588), so their numbers stay. Names are not detected.
"""

import re
from collections import Counter
from typing import Literal

from pagetune.records import Pair, Rejected

#: All of these numbers end in one, and most texts have none: a quick first test.
_LONG_NUMBER = re.compile(r"\d{4}")
#: What may separate the groups of a number.
_GAP = r"\s?[-‐‑–—−－.·_]?\s?"
#: A 법인등록번호, which has the same form as a resident number.
_COMPANY = re.compile(r"법인\s?(?:등록)?\s?번호\s?[:：]?\s?[\d\-–]+")
#: Date of birth, then the digit for sex and century (5 to 8 for foreigners), then six more.
_RESIDENT = re.compile(
    rf"(?<!\d)\d{{2}}(?:[0０][1-9１-９]|[1１][0-2０-２])(?:[0０][1-9１-９]|[12１２]\d|[3３][01０１]){_GAP}[1-8１-８]\d{{6}}(?!\d)"
)
_CARD = re.compile(
    rf"(?<![\d-])(?:\d{{4}}{_GAP}){{3}}\d{{4}}(?![\d-])|(?<!\d)3[47]\d{{2}}{_GAP}\d{{6}}{_GAP}\d{{5}}(?!\d)"
)
#: 010, with or without the country code; the older prefixes only where the groups are separated.
_MOBILE = re.compile(
    rf"(?<![\d-])(?:\+82{_GAP}\(?[0０]?\)?|82[-‐‑–—]|\(?[0０])(?:[1１][0０]\)?{_GAP}\d{{3,4}}{_GAP}\d{{4}}"
    rf"|[1１][16789１６７８９]\)?[-‐‑–—−－. ]\d{{3,4}}[-‐‑–—−－. ]\d{{4}})(?!\d)"
)


def find_personal_data(text: str) -> dict[str, list[str]]:
    """Return the numbers in `text` by kind: resident_number, card_number, mobile_number."""
    if not _LONG_NUMBER.search(text):
        return {}
    residents = [
        number for number in _matches(_RESIDENT, _COMPANY.sub(_spaces_for, text)) if _is_resident_number(number, text)
    ]
    cards = [number for number in _matches(_CARD, text) if _passes_luhn(number)]
    found = {"resident_number": residents, "card_number": cards, "mobile_number": _matches(_MOBILE, text)}
    return {kind: numbers for kind, numbers in found.items() if numbers}


def _spaces_for(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _is_resident_number(number: str, text: str) -> bool:
    """Tell whether it has separators, or the text says whose it is: thirteen bare digits may be a product code."""
    return not number.isdigit() or "주민" in text or "외국인등록" in text


def _matches(pattern: re.Pattern[str], text: str) -> list[str]:
    return [found.group() for found in pattern.finditer(text)]


def _passes_luhn(number: str) -> bool:
    """Check the last digit as ISO/IEC 7812 has it. One number in ten passes by chance."""
    digits = [int(sign) for sign in reversed(number) if sign.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mask(text: str) -> str:
    """Replace each digit of such numbers by *."""
    for numbers in find_personal_data(text).values():
        for number in numbers:
            text = text.replace(number, re.sub(r"\d", "*", number))
    return text


def without_personal_data(
    pairs: list[Pair], what: Literal["drop", "mask", "keep"]
) -> tuple[list[Pair], list[Rejected], Counter[str]]:
    """Return the pairs that are kept, those that are not (masked too), and how many pairs had each kind of number."""
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    counts: Counter[str] = Counter()
    for pair in pairs:
        kinds = find_personal_data("\n".join([pair.asked, pair.output, pair.whole_evidence, *pair.references]))
        counts.update(kinds.keys())
        if not kinds or what == "keep":
            kept.append(pair)
        elif what == "mask":
            kept.append(_mask_pair(pair))
        else:
            rejected.append(Rejected.of(_mask_pair(pair), "personal_data", ", ".join(kinds)))
    return kept, rejected, counts


def _mask_pair(pair: Pair) -> Pair:
    """Mask all texts of a pair. The masked evidence then differs from the text at its place."""
    texts = {name: getattr(pair, name) for name in ("instruction", "output", "evidence", "topic")}
    masked: dict[str, object] = {name: mask(text) for name, text in texts.items() if text}
    turns = [turn.model_copy(update={"content": mask(turn.content)}) for turn in pair.turns]
    references = [mask(text) for text in pair.references]
    second = pair.second and pair.second.model_copy(update={"text": mask(pair.second.text)})
    return pair.model_copy(update=masked | {"references": references, "turns": turns, "second": second})
