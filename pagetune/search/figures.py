"""Whether a passage is about the numbers and codes of a question: another year, another product, or a case of its own.

A bound of the passage covers the numbers that meet it: what is paid "만 14세 미만" holds for "만 13세 학생".
"""

import re
from collections.abc import Iterable
from fractions import Fraction

from pagetune.text.claims import claims
from pagetune.text.content_words import has_word
from pagetune.text.quantities import MONTH, SECOND, Quantity, quantities
from pagetune.text.units import missing

#: A month by which 한 달 and 30일 are the same.
_MONTH_SECONDS = 30 * 86_400
#: What tells the codes of one series from others: nb of nb-700, e of e2.
_SERIES = re.compile(r"[a-z]+")


def lacks_figures(question: str, text: str, stated: str, document: Iterable[str]) -> bool:
    """Tell whether a number or code of the question is missing from the text, and nothing there stands for it.

    `stated` is what of the text states the answer, whose bounds count, and `document` the text of its pages.

    A code that stands elsewhere in the document, its product, need not be repeated where no other code like it is.
    """
    asked, held = claims(question), claims(text)
    codes = [code for code in asked.joined | asked.codes if not _has_code(text, code)]
    if codes and not _are_its_products(codes, " ".join(held.joined | held.codes), "\n".join(document).lower()):
        return True
    if not missing(asked.numbers, held.numbers):
        return False
    # 한 번, 한 달에: a one that is written as a word says for how much something holds.
    counted = [one for one in quantities(question) if one.number != 1 or "1" in question]
    known, bounds = quantities(text), quantities(stated)
    return any(
        not any(_is_same(other, one) for other in known) and not any(_covers(other, one) for other in bounds)
        for one in counted
    )


def _are_its_products(codes: list[str], own: str, document: str) -> bool:
    return all(
        code.removesuffix("s") in document and not set(_SERIES.findall(code)) & set(_SERIES.findall(own))
        for code in codes
    )


def _has_code(text: str, code: str) -> bool:
    return has_word(text, code) or code.removesuffix("s") in text.lower()


def _is_same(stated: Quantity, asked: Quantity) -> bool:
    return stated.is_like(asked) or (asked.unit != "" and _in_seconds(stated) == _in_seconds(asked))


def _covers(stated: Quantity, asked: Quantity) -> bool:
    """Tell whether a number of a passage is a bound that the one of the question meets."""
    held, value = _in_seconds(stated), _in_seconds(asked)
    return (held[1] == value[1] != "") and {
        "min": value[0] >= held[0],
        "over": value[0] > held[0],
        "after": value[0] >= held[0],
        "max": value[0] <= held[0],
        "under": value[0] < held[0],
        "before": value[0] <= held[0],
    }.get(stated.bound, False)


def _in_seconds(one: Quantity) -> tuple[Fraction, str]:
    return (one.value * _MONTH_SECONDS, SECOND) if one.unit == MONTH else (one.value, one.unit)
