"""Normalise characters: NFC, ligatures as single letters, letter-spaced words joined, bullets readable."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from statistics import median

from pagetune.extract.spacing import has_space
from pagetune.extract.word_boxes import Word

#: Ligatures that NFC keeps, although a search for "fi" does not find them.
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
#: Invisible characters: zero-width spaces and joiners, the byte order mark, soft hyphens, control characters.
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, *range(0x09), *range(0x0E, 0x20)])
#: No-break and typographic spaces, which become a plain space.
_SPACES = dict.fromkeys([0x00A0, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x3000], " ")
_TRANSLATION = _LIGATURES | _INVISIBLE | _SPACES
_RARE = re.compile("[" + "".join(map(re.escape, map(chr, _TRANSLATION))) + "]")

#: A symbol font's bullet at the start of a line: a private-use character, or the yen sign that Mac Roman has there.
_BULLET = re.compile(r"^(?:[\ue000-\uf8ff]|¥(?= \D))\s*")
#: Single syllables with spaces between them, up to the end of the line or a colon: "목 차", "발 의 자 : ".
_SPACED_SYLLABLES = re.compile(r"^(?:[가-힣] )+[가-힣](?=\s*[:：]|$)")
#: Lists of words of one syllable each: days of the week, sizes and ranks, sexes, yes and no, parties, directions.
_ONE_SYLLABLE_WORDS = re.compile(
    r"[월화수목금토일 ]+|[상중하 ]+|[대중소 ]+|[남여 ]+|[유무 ]+|[갑을병정 ]+|[동서남북 ]+"
)
_ends_line = attrgetter("ends_line")


def clean_line(text: str) -> str:
    """Return a line in NFC, without ligatures and invisible characters, with plain spaces and • for bullets.

    A letter-spaced beginning is joined as by `close_syllables`.
    """
    if _RARE.search(text):  # faster than translating every line
        text = text.translate(_TRANSLATION)
    text = unicodedata.normalize("NFC", text).strip()
    return close_syllables(_BULLET.sub("• ", text))


def close_syllables(text: str) -> str:
    """Join the syllables of a letter-spaced beginning: "성 명" becomes "성명", while "월 화 수" stays."""
    found = _SPACED_SYLLABLES.match(text)
    if found is None or _ONE_SYLLABLE_WORDS.fullmatch(found.group()):
        return text
    closed = found.group().replace(" ", "")
    if len(closed) == 2 and found.end() == len(text) and not _is_word(closed):
        return text  # "두 번"
    return closed + text[found.end() :]


@lru_cache(maxsize=1000)
def _is_word(text: str) -> bool:
    """Return whether the syllables are one word, or a compound with few spaces: "비고", but not "두번" or "할수"."""
    spaces = sum(has_space(text[:place], text[place:]) for place in range(1, len(text)))
    return spaces <= (len(text) - 1) / 3


def join_spaced_letters(line: list[Word]) -> str:
    """Join the words of a line with spaces, and the letters of letter-spaced words without.

    Where each word of the line is one character, only wide gaps become spaces. In other lines, Hangul syllables that
    stand by themselves are one word if they make one and their gaps are alike, and wide or many. The values of a form
    do not count as letters, and what is between them is joined by itself.
    """
    if any(map(_ends_line, line)):
        return " ".join(_labels_and_values(line))
    lengths = [len(word.text) for word in line]
    if (1, 1) not in pairwise(lengths):
        return " ".join([word.text for word in line])
    if len(line) > 2 and max(lengths) == 1:
        return _close_line(line)
    return " ".join(_close_run(run) for run in _runs(line))


def _close_line(line: list[Word]) -> str:
    """Join the characters of a line in which each is a word, with spaces at the gaps that are wider than most."""
    spaced = " ".join(word.text for word in line)
    gaps = [right.x0 - left.x1 for left, right in pairwise(line)]
    in_columns = max(gaps) > 6 * max(word.size for word in line)
    if in_columns or _ONE_SYLLABLE_WORDS.fullmatch(spaced) or not any(word.text.isalpha() for word in line):
        return spaced
    wide = 1.6 * median(gaps)
    spaces = [" " if gap > wide else "" for gap in gaps]
    return line[0].text + "".join(space + word.text for space, word in zip(spaces, line[1:], strict=True))


def _labels_and_values(line: list[Word]) -> Iterator[str]:
    start = 0
    for end, word in enumerate(line):
        if word.ends_line:
            yield from filter(None, [close_syllables(join_spaced_letters(line[start:end])), word.text])
            start = end + 1
    if start < len(line):
        yield close_syllables(join_spaced_letters(line[start:]))


def _runs(line: list[Word]) -> list[list[Word]]:
    """Split a line into runs of Hangul syllables that stand by themselves with like gaps, and single words."""
    runs = [[line[0]]]
    for left, right in pairwise(line):
        gap, run = right.x0 - left.x1, runs[-1]
        usual = run[1].x0 - run[0].x1 if len(run) > 1 else gap
        alike = 0.67 * usual < gap < 1.5 * usual and gap < 6 * left.size
        if alike and _is_syllable(left.text) and _is_syllable(right.text):
            run.append(right)
        else:
            runs.append([right])
    return runs


def _is_syllable(text: str) -> bool:
    return len(text) == 1 and "가" <= text <= "힣"


#: Gaps at least this wide, in font sizes, are not those between words of a sentence. Where syllables are fewer than
#: MANY, their gaps must be that wide.
WIDE_GAP, MANY = 0.6, 4


def _close_run(run: list[Word]) -> str:
    spaced, closed = " ".join(word.text for word in run), "".join(word.text for word in run)
    if len(run) == 1 or _ONE_SYLLABLE_WORDS.fullmatch(spaced):
        return spaced
    wide = len(run) >= MANY or run[1].x0 - run[0].x1 > WIDE_GAP * run[0].size
    return closed if wide and _is_word(closed) else spaced
