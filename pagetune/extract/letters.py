"""Normalise characters: NFC, ligatures as single letters, letter-spaced words joined, bullets readable."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

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
#: Words of two syllables that forms and headings write with a space inside; other such pairs are mostly two words.
_TWO_SYLLABLE_WORDS = re.compile(
    "목차|총칙|부칙|별표|서식|부록|요약|서론|본론|결론|차례|순서|성명|주소|전화|이름|직위|직급|소속|담당|수신|발신|참조"
    "|제목|번호|서명|날짜|일시|장소|대상|기간|시간|구분|항목|내용|비고|합계|소계|금액|수량|단가|단위|품명|규격|비율|인원"
    "|요금|계좌|은행|위치|방법|사유|근거|조건|결과|평가|점수|등급|국적|성별|연락|유형|종류|용도|면적|상호|대표"
)
#: Lists of words of one syllable each: days of the week, sizes and ranks, sexes, yes and no.
_ONE_SYLLABLE_WORDS = re.compile(r"[월화수목금토일 ]+|[상중하 ]+|[대중소 ]+|[남여 ]+|[유무 ]+")


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
    if len(closed) == 2 and found.end() == len(text) and not _TWO_SYLLABLE_WORDS.fullmatch(closed):
        return text  # "두 번"
    return closed + text[found.end() :]


def join_spaced_letters(line: list[Word]) -> str:
    """Join the words of a line with spaces. Where each word is one character, only wide gaps become spaces.

    The values of a form do not count as letters, and what is between them is joined by itself.
    """
    if any(word.ends_line for word in line):
        return " ".join(_labels_and_values(line))
    spaced = " ".join(word.text for word in line)
    if len(line) < 3 or any(len(word.text) > 1 for word in line) or not any(word.text.isalpha() for word in line):
        return spaced
    gaps = [right.x0 - left.x1 for left, right in pairwise(line)]
    if max(gaps) > 6 * max(word.size for word in line):
        return spaced  # columns of a table
    if _ONE_SYLLABLE_WORDS.fullmatch(spaced):
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
