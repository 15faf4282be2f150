"""Join the lines of a paragraph: decide whether a line broke at a space or inside a word."""

import re

from pagetune.extract.spacing import has_space

_HANGUL = re.compile("[가-힣]")
#: A line that is a whole number by itself, such as a telephone number in a cell.
_WHOLE_NUMBER = re.compile(r"[\d\s.,:~()-]*\d\)?")
#: A dash or wave between two numbers, dates or words, at the end of a line or at the start of the next.
_DASHES = "-–—~∼～〜"
_DASHED = re.compile(r"\S[-–—]\n[^\s\-–—]|\S[~∼～〜]\n\d|\d\n[-–—~∼～〜]\d|\S\n[~∼～〜]\S|\w\n[–—]\w")
#: An address of the Web or of mail that a line broke: next to a sign, or before one that English has only after words.
#: Each has one of these; to look for them first is far faster.
_IN_ADDRESSES = ("@", "http", "www.")
_ADDRESS = re.compile(
    r"https?(:/?/?\n[\w/]|\n://)"
    r"|(https?:/|www\.)\S*([/._?=&#%~-]\n[a-z\d/?&=#%~_-]|\n[/._?=&#%~-]\S|\S\n[\w-]*[/._?=&#%][a-zA-Z\d/])"
    r"|[\w.+-]+(@\n[\w-]+\.|\n@[\w-]+\.[a-z])|[\w.+-]+@[\w.-]*(\.\n[a-z]|\n\.[a-z])|[\w.+-]+@[\w-]+\n[\w-]*\.[a-z]",
    re.ASCII,
)


def join_lines(lines: list[str], evidence: str = "") -> str:
    """Join the lines into one text.

    `evidence` is text of the same document, with the same line breaks: how it writes the same characters inside a line
    counts for how they are joined. A space at the end of a line is ignored, because word processors leave one inside
    broken words too.
    """
    joined = ""
    for line in filter(None, (line.strip() for line in lines)):
        joined = _join(joined, line, evidence) if joined else line
    return joined


def _join(left: str, right: str, evidence: str) -> str:
    around = f"{left[-80:]}\n{right[:80]}"
    if any(sign in around for sign in _IN_ADDRESSES) and _ADDRESS.search(around):
        return left + right
    if left[-1] == "-" and re.match("[A-Za-z]", left[-2:]) and right[0].islower():
        return left + right if _keeps_its_hyphen(left, right, evidence) else left[:-1] + right
    is_dashed = any(dash in around for dash in _DASHES) and _DASHED.search(around)
    space = False if is_dashed else _rule(left, right)
    if space is None:
        space = has_space(left, right, evidence)
    return f"{left} {right}" if space else left + right


def _rule(left: str, right: str) -> bool | None:
    """Return whether a space belongs here by the rules for numbers and signs, or None if they do not say."""
    if _WHOLE_NUMBER.fullmatch(left) and _WHOLE_NUMBER.fullmatch(right):
        return True  # two telephone numbers in a cell
    if (one := _one_number(left, right)) is not None:
        return not one
    if "①" <= left[-1] <= "⑳" or re.match(r"\s[·ㆍ]", left[-2:]):
        return True
    if left[-1] in "·ㆍ([{“‘「『《〈" or (right[0].isdigit() and re.search(r"(^|\s)제$|\d조의$", left)):
        return False
    if _HANGUL.search(left[-1]) and right[0] in ".,)]:;!?%”’」』》〉~·ㆍ":
        return False
    if left[-1] in ".,:;!?" or not _HANGUL.search(left[-1] + right[0]):
        return True
    return None


def _one_number(left: str, right: str) -> bool | None:
    """Return whether a number, date or telephone number was broken here, or None unless digits are on both sides.

    Digits that meet without punctuation are one number in Korean, where a counter follows each number, and two numbers
    in other languages.
    """
    if not re.search(r"\d[-.,]?$", left[-2:]) or not re.match(r"[-.,]?\d", right):
        return None
    if "-" in (left[-1], right[0]) or right[0] in ".,":
        return True
    if left[-1] == ",":
        return re.match(r"\d{3}(?!\d)", right) is not None and re.search(r"(?<!\d)\d{1,3},$", left) is not None
    if left[-1] == ".":
        return re.search(r"(?<![\d.])0\.$", left) is not None
    return _HANGUL.search(left + right) is not None


def _keeps_its_hyphen(left: str, right: str, evidence: str) -> bool:
    """Return whether the document writes the word with its hyphen elsewhere, such as "self-contained"."""
    return re.split(r"[\s(]", left)[-1] + re.split(r"\W", right)[0] in evidence
