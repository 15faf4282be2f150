"""Join the lines of a paragraph: is there a space where the line broke, or did it break inside a word?"""

import re
from functools import cache

from kiwipiepy import Kiwi

_HANGUL = re.compile("[가-힣]")
#: Counters and units, which Korean writes hard against the number before them.
_COUNTER = re.compile(
    "년|개월|월|일|주일|주|시간|시|분|초|명|인|세|살|개|원|만|억|천|백|건|층|호|회|차|조|항|번|권|장|점|대|종|쪽|부|배|도|퍼센트|미터|킬로|밀리"
)
#: Nothing but a number that could stand by itself.
_WHOLE_NUMBER = re.compile(r"[\d\s.,:~()-]*\d\)?")
_ENDS_WORD = re.compile(r"[.,:;!?)\]”’」』>%]$")


@cache
def kiwi() -> Kiwi:
    return Kiwi()


def join_lines(lines: list[str]) -> str:
    """The lines as one text. Korean breaks are judged by Kiwi's `glue`, the others by rule."""
    joined = ""
    for line in filter(None, (line.strip() for line in lines)):
        joined = _join(joined, line) if joined else line
    return joined


def _join(left: str, right: str) -> str:
    if re.search(r"[A-Za-z]-$", left) and right[0].islower():
        return left[:-1] + right  # hyphenated at the line's end
    if _WHOLE_NUMBER.fullmatch(left) and _WHOLE_NUMBER.fullmatch(right):
        return f"{left} {right}"  # two telephone numbers in a cell
    if re.search(r"\d[-.,]?$", left) and re.match(r"[-.,]?\d", right):
        return left + right  # a number, a date or a telephone number broken in two
    if left[-1].isdigit() and _COUNTER.match(right):
        return left + right
    if _HANGUL.search(left[-1]) and right[0] in ".,)]:;!?%”’」』~·":
        return left + right
    if _ENDS_WORD.search(left) or not (_HANGUL.search(left[-1]) or _HANGUL.search(right[0])):
        return f"{left} {right}"
    return _glue(left, right)


#: Characters on either side of the break that Kiwi gets to see; more changes nothing and costs time.
CONTEXT = 40


def _glue(left: str, right: str) -> str:
    spaces: list[bool]
    _, spaces = kiwi().glue([left[-CONTEXT:], right[:CONTEXT]], return_space_insertions=True)
    return f"{left} {right}" if spaces[0] else left + right
