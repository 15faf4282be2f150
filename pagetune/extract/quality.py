"""Measure the quality of a page's text, and decide why a page is set aside."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from pagetune.params import Extract
from pagetune.records import Reason

#: What pdfminer returns for a glyph whose font does not map it to Unicode.
_CID = re.compile(r"\(cid:\d+\)")
#: Letters that are each drawn twice to look bold: "HHeelllloo".
_DOUBLED = re.compile(r"(?:([^\W\d_])\1){3,}")
_DATE_FORMAT = re.compile("[YMDHS]+", re.IGNORECASE)
#: ASCII, Hangul and the punctuation of Korean text; text of these characters can only be doubled or lack spaces.
_ORDINARY = re.compile(r"[ -~\s가-힣·ㆍ“”‘’…–—「」『』【】〔〕〈〉《》①-⑳○●•※→]*")
#: An accented letter after Hangul, without an ASCII letter beside it: "ö출하ñ야", but not "카페café". Wrong tables of
#: letters, such as those with flipped bits, give these. Before Hangul it may be meant, as in "ä처럼", on a page with
#: other words of such a language.
_MIXED = re.compile("(?<=[가-힣])[À-ÖØ-öø-ÿ]+(?![A-Za-zÀ-ÿ])")
_MIXED_START = re.compile("(?<![A-Za-zÀ-ÿ])[À-ÖØ-öø-ÿ]+(?=[가-힣]{2})")
_ACCENTED_WORD = re.compile("[A-Za-z][À-ÖØ-öø-ÿ]|[À-ÖØ-öø-ÿ][A-Za-z]")
#: Symbols and accented letters of Latin-1, as which Korean in the wrong encoding is read: "¾È³çÇÏ¼¼¿ä".
_LATIN_1 = range(0xA1, 0x100)
#: Symbols of Latin-1 that correct Korean text contains too.
_SYMBOLS = frozenset("·×÷°±²³")
#: A private-use character, which only its font defines; one at the beginning of a word is a bullet.
_PRIVATE_USE = re.compile("(?<=\\S)[\ue000-\uf8ff]")
#: Neighbouring characters without a meaning: U+FFFD, which `(cid:7)` becomes, control and private-use characters.
_MEANINGLESS = re.compile("[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]+")
_ALL_PRIVATE = re.compile("[\ue000-\uf8ff]+")
#: A word of ordinary letters: a gap in it is a letter, while one beside a digit or a single letter is a formula's.
_WORD_BEFORE, _WORD_AFTER = re.compile(r"[^\W\d_]{2}$"), re.compile(r"[^\W\d_]{2}")
#: Signs of a formula, which are looked for at most this many characters away.
_FORMULA, _FORMULA_WITHIN = re.compile(r"[=×÷±√∑∫∞≤≥≒≠∙<>{}^]|[-+*/] ?[\d(]|[\d)] ?[-+*/]"), 12
#: A symbol, such as an arrow, is at most this many times the same character.
_MAX_SYMBOL = 3
#: If at least this share of a page is meaningless, it is not formulas that are.
_MOSTLY_MEANINGLESS = 0.2
#: A page with more characters than this should have spaces.
_MIN_CHARACTERS_FOR_SPACES = 60
#: A page with more than this share of bad characters is read again with pdfplumber.
DOUBTFUL = 0.005
#: Images that cover this share of a page are the page itself, and its text is a stamp or a footer.
FULL_PAGE_IMAGE = 0.8


@dataclass(frozen=True)
class TextQuality:
    """Counts of the characters of a text, as it was read from a page.

    `count` is their number without spaces. `spaces` is the share of spaces among all characters, the other fields are
    shares of `count`, all from 0 to 1: `unreadable` of `(cid:7)`, U+FFFD and control characters; `private_use` of
    characters that only their font defines; `garbled` of unassigned characters, scripts beyond the two most frequent,
    and Korean in the wrong encoding; `doubled` of letters in words that have each letter twice. `mixed` is the number
    of Latin-1 letters in Hangul words. `holes` is the share of unreadable and private-use characters that stand for
    letters, and not for the glyphs of a formula or for symbols.
    """

    count: int
    hangul: float
    han: float
    unreadable: float
    private_use: float
    garbled: float
    spaces: float
    doubled: float
    mixed: int = 0
    holes: float = 0.0

    @property
    def bad(self) -> float:
        return self.unreadable + self.private_use + self.garbled + self.doubled + self.mixed / max(1, self.count)

    @property
    def doubtful(self) -> bool:
        """Return whether the page should be read again with pdfplumber."""
        return self.bad > DOUBTFUL or self.mixed > 0 or self.runs_together(0.02)

    def is_garbled(self, params: Extract) -> bool:
        """Return whether letters are wrong, drawn twice or without spaces between words."""
        wrong = self.mixed > 0 or self.garbled + self.doubled > params.max_garbled_ratio
        return wrong or self.runs_together(params.min_space_ratio)

    def runs_together(self, min_spaces: float) -> bool:
        """Return whether the spaces between words are missing; Chinese and Japanese have none."""
        return self.count > _MIN_CHARACTERS_FOR_SPACES and self.spaces < min_spaces and self.han < 0.3


def measure(text: str) -> TextQuality:
    """Measure `text` as it was read, before it is cleaned."""
    codes = _codes(text)
    hangul = int(np.count_nonzero((codes >= ord("가")) & (codes <= ord("힣"))))
    if _ORDINARY.fullmatch(text) and "(cid:" not in text:  # true for most pages, and far faster
        total = len("".join(text.split()))
        share = 1 / max(1, total)
        spaces = (len(text) - total) / max(1, len(text))
        return TextQuality(total, share * hangul, 0, 0, 0, 0, spaces, share * _doubled(text))
    text = _CID.sub("\ufffd", text)
    counts = Counter(text)
    spaces = sum(counts.pop(space, 0) for space in " \n\r\t\u00a0")
    total = counts.total()
    categories = {character: unicodedata.category(character) for character in counts}
    share = 1 / max(1, total)
    return TextQuality(
        count=total,
        hangul=share * hangul,
        han=share * sum(count for character, count in counts.items() if _script(character) == "Han"),
        unreadable=share * (counts["\ufffd"] + _of_category(counts, categories, "Cc")),
        private_use=share * len(_PRIVATE_USE.findall(text)),
        garbled=share * _garbled(counts, categories),
        spaces=spaces / max(1, total + spaces),
        doubled=share * _doubled(text),
        mixed=_mixed(text),
        holes=share * _holes(text),
    )


def _codes(text: str) -> Any:
    """Return the codes of a text's characters, which numpy counts far faster than Python: (n,)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _mixed(text: str) -> int:
    return len(_MIXED.findall(text)) + (0 if _ACCENTED_WORD.search(text) else len(_MIXED_START.findall(text)))


def _holes(text: str) -> int:
    """Return how many characters without a meaning stand for letters."""
    runs = list(_MEANINGLESS.finditer(text))
    total = sum(len(run.group()) for run in runs)
    if total >= _MOSTLY_MEANINGLESS * max(1, len(text)):
        return total
    return sum(len(run.group()) for run in runs if _is_hole(text, *run.span()))


def _is_hole(text: str, start: int, end: int) -> bool:
    """Return whether the characters from `start` to `end` are in a word, or a word themselves, outside a formula.

    A font of private-use characters has no other letters, so that those in a word of another font are its symbols, or
    the digits and signs of a word processor's equation.
    """
    run, before, after = (
        text[start:end],
        text[max(0, start - _FORMULA_WITHIN) : start],
        text[end : end + _FORMULA_WITHIN],
    )
    if _WORD_BEFORE.search(before) or _WORD_AFTER.match(after):
        return not _ALL_PRIVATE.fullmatch(run)
    is_symbol = len(run) == 1 or (len(run) <= _MAX_SYMBOL and len(set(run)) == 1 and run[0] != "\ufffd")
    return not is_symbol and not _FORMULA.search(before) and not _FORMULA.search(after)


def _doubled(text: str) -> int:
    """Return the number of letters in words that have each letter twice."""
    codes = _codes(text)
    if np.count_nonzero(codes[1:] == codes[:-1]) < 0.03 * len(text):  # the search below takes far longer
        return 0
    return sum(len(found.group()) for found in _DOUBLED.finditer(text) if not _DATE_FORMAT.fullmatch(found.group()))


def _of_category(counts: Counter[str], categories: dict[str, str], *wanted: str) -> int:
    return sum(count for character, count in counts.items() if categories[character] in wanted)


def _garbled(counts: Counter[str], categories: dict[str, str]) -> int:
    """Count unassigned characters, letters outside the main scripts, and Latin-1 where it outnumbers ASCII letters.

    The main scripts are Latin, Hangul, Han and the two most frequent on the page.
    """
    letters = {character: count for character, count in counts.items() if categories[character][0] == "L"}
    scripts: Counter[str] = Counter()
    for character, count in letters.items():
        scripts[_script(character)] += count
    main = {script for script, _ in scripts.most_common(2)} | {"Latin", "Hangul", "Han"}
    foreign = sum(count for script, count in scripts.items() if script not in main)
    latin_1 = sum(
        count for character, count in counts.items() if ord(character) in _LATIN_1 and character not in _SYMBOLS
    )
    ascii_letters = sum(count for character, count in letters.items() if character.isascii())
    wrongly_encoded = latin_1 if latin_1 > max(10, ascii_letters) else 0
    return foreign + wrongly_encoded + _of_category(counts, categories, "Cn", "Cs")


@cache
def _script(character: str) -> str:
    """Return the script, which is the first word of the character's Unicode name.

    Han includes Japanese kana, and Latin includes ligatures, superscripts and letters in circles, because one text
    contains them together.
    """
    if character.isascii() or character < "\u0250":
        return "Latin"
    if "가" <= character <= "힣" or "\u1100" <= character <= "\u11ff" or "\u3130" <= character <= "\u318f":
        return "Hangul"
    if "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff":
        return "Han"
    if unicodedata.decomposition(character):
        return "Latin"
    return unicodedata.name(character, "?").split()[0].title()


def why_set_aside(
    quality: TextQuality, characters: int, unmapped_share: float, image_share: float, params: Extract
) -> Reason | None:
    """Return the first reason that applies for setting the page aside, or None if the page can be used.

    `characters` is the length of the page's text and tables after headers are removed.
    """
    if characters < params.min_characters:
        return "needs_ocr" if image_share >= params.min_image_share else "no_text"
    if image_share >= FULL_PAGE_IMAGE and characters < params.min_characters_on_picture:
        return "needs_ocr"
    if quality.holes > params.max_unreadable_ratio or unmapped_share > 0.5:
        return "unreadable_font"
    return "garbled" if quality.is_garbled(params) else None
