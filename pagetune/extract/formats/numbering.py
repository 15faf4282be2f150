"""Write the numbers of lists and headings that a word processor counts by itself: 3, ③, 다, III, c."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

#: The names of number formats in HWPX, in the order of their codes in HWP 5 (table 41 of its specification).
FORMATS = (
    "DIGIT", "CIRCLED_DIGIT", "ROMAN_CAPITAL", "ROMAN_SMALL", "LATIN_CAPITAL", "LATIN_SMALL", "CIRCLED_LATIN_CAPITAL",
    "CIRCLED_LATIN_SMALL", "HANGUL_SYLLABLE", "CIRCLED_HANGUL_SYLLABLE", "HANGUL_JAMO", "CIRCLED_HANGUL_JAMO",
    "HANGUL_PHONETIC", "IDEOGRAPH", "CIRCLED_IDEOGRAPH", "DECAGON_CIRCLE", "DECAGON_CIRCLE_HANJA",
)  # fmt: skip
_SYLLABLES, _JAMO = "가나다라마바사아자차카타파하", "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"
_ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
          (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip
_PLACE = re.compile(r"\^(\d+|n|N)")


def _roman(number: int) -> str:
    written = ""
    for value, letters in _ROMAN:
        written += letters * (number // value)
        number %= value
    return written


def _letter(letters: str) -> Callable[[int], str]:
    """Return what repeats letters as word processors do: z, aa, bb."""
    return lambda number: letters[(number - 1) % len(letters)] * ((number - 1) // len(letters) + 1)


def _circled(first: str, count: int, plain: Callable[[int], str]) -> Callable[[int], str]:
    """Return what writes the first numbers as single characters, from `first` on, and the others in brackets."""
    return lambda number: chr(ord(first) + number - 1) if number <= count else f"({plain(number)})"


def _circled_digit(number: int) -> str:
    for first, start, end in ("①", 1, 20), ("㉑", 21, 35), ("㊱", 36, 50):
        if start <= number <= end:
            return chr(ord(first) + number - start)
    return f"({number})"


def _spoken(digits: str, tens: str) -> Callable[[int], str]:
    """Return what writes numbers below 100 in words: 십이, 十二."""

    def write(number: int) -> str:
        if not 0 < number < 100:
            return str(number)
        ten, one = divmod(number, 10)
        return (digits[ten - 1] if ten > 1 else "") + (tens if ten else "") + (digits[one - 1] if one else "")

    return write


_LATIN = "abcdefghijklmnopqrstuvwxyz"
_WRITERS: dict[str, Callable[[int], str]] = {
    "DIGIT": str,
    "CIRCLED_DIGIT": _circled_digit,
    "ROMAN_CAPITAL": _roman,
    "ROMAN_SMALL": lambda number: _roman(number).lower(),
    "LATIN_CAPITAL": _letter(_LATIN.upper()),
    "LATIN_SMALL": _letter(_LATIN),
    "CIRCLED_LATIN_CAPITAL": _circled("Ⓐ", 26, _letter(_LATIN.upper())),
    "CIRCLED_LATIN_SMALL": _circled("ⓐ", 26, _letter(_LATIN)),
    "HANGUL_SYLLABLE": _letter(_SYLLABLES),
    "CIRCLED_HANGUL_SYLLABLE": _circled("㉮", 14, _letter(_SYLLABLES)),
    "HANGUL_JAMO": _letter(_JAMO),
    "CIRCLED_HANGUL_JAMO": _circled("㉠", 14, _letter(_JAMO)),
    "HANGUL_PHONETIC": _spoken("일이삼사오육칠팔구", "십"),
    "IDEOGRAPH": _spoken("一二三四五六七八九", "十"),
    "CIRCLED_IDEOGRAPH": _circled("㊀", 10, _spoken("一二三四五六七八九", "十")),
    "DECAGON_CIRCLE": _letter("갑을병정무기경신임계"),
    "DECAGON_CIRCLE_HANJA": _letter("甲乙丙丁戊己庚辛壬癸"),
}


def write_number(number: int, number_format: str) -> str:
    """Return the number in a format of FORMATS; one that is unknown is written in digits, and so are 0 and less."""
    return _WRITERS.get(number_format, str)(number) if number > 0 else str(number)


@dataclass(frozen=True)
class Level:
    """A level of a list: how its label is made ("^1.^2)"), in which format its number is, and where it starts."""

    template: str
    number_format: str
    start: int = 1


@dataclass
class Numbering:
    """Counts the paragraphs of each list, level by level."""

    #: The levels of each list by its id.
    lists: dict[str, list[Level]]
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def label(self, list_id: str, level: int) -> str:
        """Count one more paragraph of this level, from 0, and return its label; "" if there is no such level."""
        levels = self.lists.get(list_id, [])
        if level >= len(levels):
            return ""
        counts = self._counts.setdefault(list_id, {})
        for above in range(level):
            counts.setdefault(above, levels[above].start)
        counts[level] = counts[level] + 1 if level in counts else levels[level].start
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return _PLACE.sub(lambda found: self._written(levels, counts, found.group(1), level), levels[level].template)

    def restart(self, list_id: str, level: int, start: int) -> None:
        """Let the next paragraph of this level have the number `start`."""
        self._counts.setdefault(list_id, {})[level] = start - 1

    @staticmethod
    def _written(levels: list[Level], counts: dict[int, int], place: str, level: int) -> str:
        """Return the number for "^2", or for "^n" and "^N" those of all levels down to this one: "1.2", "1.2."."""
        if place.isdigit():
            at = int(place) - 1
            return write_number(counts[at], levels[at].number_format) if at in counts else ""
        numbers = [write_number(counts[at], levels[at].number_format) for at in range(level + 1)]
        return ".".join(numbers) + ("." if place == "N" else "")
