"""What a page's text is worth, as numbers, and why a page is set aside."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from operator import eq

from pagetune.params import Extract
from pagetune.records import Reason

#: How a font without a table to Unicode comes out of pdfminer.
_CID = re.compile(r"\(cid:\d+\)")
#: Letters, each drawn twice, as a cheap bold: "HHeelllloo".
_DOUBLED = re.compile(r"(?:([^\W\d_])\1){3,}")
#: ASCII, Hangul and the signs that Korean text is set with; nothing here is ever wrong.
_ORDINARY = re.compile(r"[ -~\s가-힣·ㆍ“”‘’…–—「」『』【】〔〕〈〉《》①-⑳○●•※→]*")
_HANGUL = re.compile("[가-힣]+")
#: Latin-1 signs and accented letters, which Korean read in the wrong encoding is made of: "¾È³çÇÏ¼¼¿ä".
_LATIN_1 = range(0xA1, 0x100)
#: Of these, what Korean text holds too.
_SIGNS = frozenset("·×÷°±²³")
#: A letter of a font's own; one at a word's beginning is a bullet.
_PRIVATE_USE = re.compile("(?<=\\S)[\ue000-\uf8ff]")
#: A page with more letters than this and no space in it was not read as words.
_WORDS_FROM = 60
#: The share of letters that are no good from which on a page is read again by pdfplumber.
DOUBTFUL = 0.005
#: An image that covers so much of a page is the page.
PICTURE = 0.8


@dataclass(frozen=True)
class Letters:
    """What the letters of a page are: `count` without spaces, the others as shares of it from 0 to 1.

    `unreadable` are `(cid:7)`, U+FFFD and control characters, `private_use` letters of a font's own, `garbled` such as
    no text is made of: signs that stand for nothing, more than two scripts mixed, Korean in the wrong encoding.
    `spaces` counts them against all characters.
    """

    count: int
    hangul: float
    han: float
    unreadable: float
    private_use: float
    garbled: float
    spaces: float
    doubled: float

    @property
    def bad(self) -> float:
        return self.unreadable + self.private_use + self.garbled + self.doubled

    @property
    def doubtful(self) -> bool:
        """Worth a second opinion."""
        return self.bad > DOUBTFUL or self.runs_together(0.02)

    def runs_together(self, min_spaces: float) -> bool:
        """Whether words are not told apart; Chinese and Japanese never are."""
        return self.count > _WORDS_FROM and self.spaces < min_spaces and self.han < 0.3


def measure(text: str) -> Letters:
    """`text` as it was read, before anything is cleaned away."""
    hangul = sum(map(len, _HANGUL.findall(text)))
    if _ORDINARY.fullmatch(text) and "(cid:" not in text:  # most pages, and by far the faster way
        total = len("".join(text.split()))
        share = 1 / max(1, total)
        return Letters(
            total, share * hangul, 0, 0, 0, 0, (len(text) - total) / max(1, len(text)), share * _doubled(text)
        )
    counts = Counter(_CID.sub("\ufffd", text))
    spaces = sum(counts.pop(space, 0) for space in " \n\r\t\u00a0")
    total = counts.total()
    categories = {character: unicodedata.category(character) for character in counts}
    share = 1 / max(1, total)
    return Letters(
        count=total,
        hangul=share * hangul,
        han=share * sum(count for character, count in counts.items() if _script(character) == "Han"),
        unreadable=share * (counts["\ufffd"] + _of_category(counts, categories, "Cc")),
        private_use=share * len(_PRIVATE_USE.findall(text)),
        garbled=share * _garbled(counts, categories),
        spaces=spaces / max(1, total + spaces),
        doubled=share * _doubled(text),
    )


def _doubled(text: str) -> int:
    """Letters in words of which each letter stands twice."""
    if sum(map(eq, text, text[1:])) < 0.03 * len(text):  # looking for them takes far longer
        return 0
    return sum(len(found.group()) for found in _DOUBLED.finditer(text))


def _of_category(counts: Counter[str], categories: dict[str, str], *wanted: str) -> int:
    return sum(count for character, count in counts.items() if categories[character] in wanted)


def _garbled(counts: Counter[str], categories: dict[str, str]) -> int:
    """Letters of no script of the page's two main ones, unassigned ones, and Latin-1 where it outweighs ASCII."""
    letters = {character: count for character, count in counts.items() if categories[character][0] == "L"}
    scripts: Counter[str] = Counter()
    for character, count in letters.items():
        scripts[_script(character)] += count
    main = {script for script, _ in scripts.most_common(2)} | {"Latin", "Hangul", "Han"}
    foreign = sum(count for script, count in scripts.items() if script not in main)
    latin_1 = sum(
        count for character, count in counts.items() if ord(character) in _LATIN_1 and character not in _SIGNS
    )
    ascii_letters = sum(count for character, count in letters.items() if character.isascii())
    wrongly_encoded = latin_1 if latin_1 > max(10, ascii_letters) else 0
    return foreign + wrongly_encoded + _of_category(counts, categories, "Cn", "Cs")


def _script(character: str) -> str:
    """The script as the first word of the character's name tells it; what reads like one text counts as one."""
    if character.isascii() or character < "\u0250":
        return "Latin"
    if "가" <= character <= "힣" or "\u1100" <= character <= "\u11ff" or "\u3130" <= character <= "\u318f":
        return "Hangul"
    if "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff":
        return "Han"
    if unicodedata.decomposition(character):
        return "Latin"  # ligatures, superscripts, letters in circles
    return unicodedata.name(character, "?").split()[0].title()


def why_set_aside(
    letters: Letters, characters: int, unmapped_share: float, image_share: float, params: Extract
) -> Reason | None:
    """The first reason for which a page is not used, None for a good one. `characters` counts what is left to read."""
    if characters < params.min_characters:
        return "needs_ocr" if image_share >= params.min_image_share else "no_text"
    if image_share >= PICTURE and characters < params.min_characters_on_picture:
        return "needs_ocr"
    if letters.unreadable + letters.private_use > params.max_unreadable_ratio or unmapped_share > 0.5:
        return "unreadable_font"
    if letters.garbled + letters.doubled > params.max_garbled_ratio:
        return "garbled"
    if letters.runs_together(params.min_space_ratio):
        return "garbled"
    return None
