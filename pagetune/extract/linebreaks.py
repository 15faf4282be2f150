"""Join the lines of a paragraph: decide whether a line broke at a space or inside a word."""

import re
import warnings
from functools import cache

from kiwipiepy import Kiwi

_HANGUL = re.compile("[가-힣]")
#: Counters and units, which Korean writes without a space after a number.
_COUNTER = re.compile(
    "년|개월|월|일|주일|주|시간|시|분|초|명|인|세|살|개|원|만|억|천|백|건|층|호|회|차|조|항|번|권|장|점|대|종|쪽|부|배|도|퍼센트|포인트"
    "|밀리|센티|킬로|메가|기가|테라|미터|그램|리터|볼트|와트|암페어|헤르츠|바이트|비트|칼로리|톤|평|달러|유로|엔|위안"
)
#: A line that is a whole number by itself, such as a telephone number in a cell.
_WHOLE_NUMBER = re.compile(r"[\d\s.,:~()-]*\d\)?")
_ENDS_WORD = re.compile(r"[.,:;!?)\]”’」』>%]$")


@cache
def kiwi() -> Kiwi:
    """Return Kiwi without its dictionaries of names and typing errors, and without threads of its own.

    Without the dictionaries it takes half the memory and judges every break the same. A forked process would wait
    forever for the threads. The warning that is silenced says that `num_workers=0` once meant something else.
    """
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return Kiwi(num_workers=0, load_default_dict=False, load_typo_dict=False, load_multi_dict=False)


def join_lines(lines: list[str], evidence: str = "") -> str:
    """Join the lines into one text.

    `evidence` is text of the same document, with the same line breaks: where it writes the same characters inside a
    line with a space, or without one, they are joined in the same way. Other breaks are decided by rules and, next to
    Hangul, by Kiwi. A space at the end of a line is ignored, because word processors leave one inside broken words too.
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
    if (one := _one_number(left, right)) is not None:
        return left + right if one else f"{left} {right}"
    if left[-1].isdigit() and _COUNTER.match(right):
        return left + right
    if left[-1] in "·ㆍ" or (re.search(r"(^|\s)제$", left) and right[0].isdigit()):
        return left + right
    if "①" <= left[-1] <= "⑳":
        return f"{left} {right}"
    if _HANGUL.search(left[-1]) and right[0] in ".,)]:;!?%”’」』~·ㆍ":
        return left + right
    if _ENDS_WORD.search(left) or not (_HANGUL.search(left[-1]) or _HANGUL.search(right[0])):
        return f"{left} {right}"
    space = _known_ending(left, right)
    if space is None:
        space = _seen_with_space(left, right, evidence)
    return _glue(left, right) if space is None else f"{left} {right}" if space else left + right


#: Particles and endings, which follow a noun or stem without a space.
_BOUND = re.compile(
    "을|를|은|는|가|의|에|로|와|과|도|에서|으로|부터|까지|에게|으로써|로써|로서|으로서"
    "|이다|이며|이고|입니다|습니다|니다|하다|되어|되며|다|며|고|라|란|이란|이나"
)
#: Endings after which a word is complete, whatever follows.
_FINAL = ("를", "및", "또는", "에게", "하고", "되는", "되어", "부터", "있는", "대한", "위한", "따른", "관한", "것을")


def _one_number(left: str, right: str) -> bool | None:
    """Return whether a number, date or telephone number was broken here, or None unless digits are on both sides.

    Digits that meet without punctuation are one number in Korean, where a counter follows each number, and two numbers
    in other languages.
    """
    if not re.search(r"\d[-.,]?$", left) or not re.match(r"[-.,]?\d", right):
        return None
    if "-" in (left[-1], right[0]) or right[0] in ".,":
        return True
    if left[-1] == ",":
        return re.match(r"\d{3}(?!\d)", right) is not None and re.search(r"(?<!\d)\d{1,3},$", left) is not None
    if left[-1] == ".":
        return re.search(r"(?<![\d.])0\.$", left) is not None
    return _HANGUL.search(left + right) is not None


def _known_ending(left: str, right: str) -> bool | None:
    """Return False before a line that begins with a particle, True after a word that has ended, and None otherwise."""
    if _BOUND.fullmatch(right.split(maxsplit=1)[0].rstrip(".,)")):
        return False
    tail = left.rpartition(" ")[2]
    return True if tail.endswith(_FINAL) and len(tail) > 1 else None


def _keeps_its_hyphen(left: str, right: str, evidence: str) -> bool:
    """Return whether the document writes the word with its hyphen elsewhere, such as "self-contained"."""
    return re.split(r"[\s(]", left)[-1] + re.split(r"\W", right)[0] in evidence


def _seen_with_space(left: str, right: str, evidence: str) -> bool | None:
    """Return whether the document writes these characters with a space inside its lines; None if never or both ways."""
    for before, after in ((2, 2), (2, 1), (1, 2)):
        first, second = left[-before:], right[:after]
        if len(first + second) < before + after or " " in first + second:
            continue
        apart, together = f"{first} {second}" in evidence, first + second in evidence
        if apart != together:
            return apart
    return None


#: How many characters on either side of the break Kiwi analyses; more take longer and change nothing.
CONTEXT = 8
#: Tags of morphemes that follow a word without a space: particles, endings, suffixes, 이다.
_BOUND_TAGS = ("J", "E", "XS", "VCP")


def _glue(left: str, right: str) -> str:
    """Join without a space if Kiwi finds one morpheme across the break, or a bound morpheme after it.

    `Kiwi.glue` analyses the text both ways and takes the likelier, which takes twice as long and is not right more
    often.
    """
    before, after = left[-CONTEXT:], right[:CONTEXT]
    tokens, _ = kiwi().analyze(before + after)[0]
    reaching = [token for token in tokens if token.start + token.len > len(before)]
    joined = reaching and (reaching[0].start < len(before) or reaching[0].tag.startswith(_BOUND_TAGS))
    return left + right if joined else f"{left} {right}"
