"""Join the lines of a paragraph: is there a space where the line broke, or did it break inside a word?"""

import re
import warnings
from functools import cache

from kiwipiepy import Kiwi

_HANGUL = re.compile("[가-힣]")
#: Counters and units, which Korean writes hard against the number before them.
_COUNTER = re.compile(
    "년|개월|월|일|주일|주|시간|시|분|초|명|인|세|살|개|원|만|억|천|백|건|층|호|회|차|조|항|번|권|장|점|대|종|쪽|부|배|도|퍼센트|포인트"
    "|밀리|센티|킬로|메가|기가|테라|미터|그램|리터|볼트|와트|암페어|헤르츠|바이트|비트|칼로리|톤|평|달러|유로|엔|위안"
)
#: Nothing but a number that could stand by itself.
_WHOLE_NUMBER = re.compile(r"[\d\s.,:~()-]*\d\)?")
_ENDS_WORD = re.compile(r"[.,:;!?)\]”’」』>%]$")


@cache
def kiwi() -> Kiwi:
    """Without its dictionaries of names and typing errors: half the memory, and no break is judged otherwise.

    Without threads of its own too, which a forked process would wait for in vain; this is what it warns of.
    """
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Kiwi(num_workers=0, load_default_dict=False, load_typo_dict=False, load_multi_dict=False)


def join_lines(lines: list[str], evidence: str = "") -> str:
    """The lines as one text.

    `evidence` is text of the same document, a line a line: what it writes with or without a space within a line is so
    written at a break too. Other breaks are judged by rule, and between two Hangul letters by Kiwi. (A space drawn at
    a line's end tells nothing: word processors leave it inside broken words too.)
    """
    joined = ""
    for line in filter(None, (line.strip() for line in lines)):
        joined = _join(joined, line, evidence) if joined else line
    return joined


def _join(left: str, right: str, evidence: str) -> str:
    if re.search(r"[A-Za-z]-$", left) and right[0].islower():
        return left + right if _keeps_its_hyphen(left, right, evidence) else left[:-1] + right
    if _WHOLE_NUMBER.fullmatch(left) and _WHOLE_NUMBER.fullmatch(right):
        return f"{left} {right}"  # two telephone numbers in a cell
    if re.search(r"\d[-.,]?$", left) and re.match(r"[-.,]?\d", right):
        return left + right  # a number, a date or a telephone number broken in two
    if left[-1].isdigit() and _COUNTER.match(right):
        return left + right
    if _HANGUL.search(left[-1]) and right[0] in ".,)]:;!?%”’」』~·ㆍ":
        return left + right
    if _ENDS_WORD.search(left) or not (_HANGUL.search(left[-1]) or _HANGUL.search(right[0])):
        return f"{left} {right}"
    space = _seen_with_space(left, right, evidence)
    return _glue(left, right) if space is None else f"{left} {right}" if space else left + right


def _keeps_its_hyphen(left: str, right: str, evidence: str) -> bool:
    """ "self-" and "contained": whether the document writes "self-contained" elsewhere."""
    return re.split(r"[\s(]", left)[-1] + re.split(r"\W", right)[0] in evidence


def _seen_with_space(left: str, right: str, evidence: str) -> bool | None:
    """How the document writes these letters within its lines; None where it does not, or both ways."""
    tail, head = re.split(r"[\s(“‘「『\"']", left)[-1], re.split(r"\W", right)[0]
    if len(tail + head) > 2 and f" {tail}{head}" in evidence and f"{tail} {head}" not in evidence:
        return False
    for before, after in ((2, 2), (2, 1), (1, 2)):
        first, second = left[-before:], right[:after]
        if len(first + second) < before + after or " " in first + second:
            continue
        apart, together = evidence.count(f"{first} {second}"), evidence.count(first + second)
        if max(apart, together) >= MIN_SEEN and min(apart, together) == 0:
            return apart > 0
    return None


#: How often three or four letters must be written one way, and never the other, to decide a break.
MIN_SEEN = 2
#: Characters on either side of the break that Kiwi gets to see; more changes nothing and costs time.
CONTEXT = 14


def _glue(left: str, right: str) -> str:
    """As `Kiwi.glue` decides it, which needs threads: the more likely reading of the two."""
    before, after = left[-CONTEXT:], right[:CONTEXT]
    apart, together = _score(f"{before} {after}"), _score(before + after)
    return f"{left} {right}" if apart >= together or left[-1].isascii() else left + right


def _score(text: str) -> float:
    """The log probability of the likeliest reading."""
    return float(kiwi().analyze(text)[0][1])
