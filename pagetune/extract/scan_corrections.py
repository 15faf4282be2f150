"""Correct single syllables of a scan that Tesseract is unsure of, where Korean has a much likelier one.

Tesseract's Korean model knows 1,076 syllables, so it reads 앱 and 깎 as the nearest of those, 앰 and 까. What it
knows is listed in `tesseract_syllables.txt`.
"""

from functools import cache
from pathlib import Path

from pagetune.extract.scan_letters import LetterLine
from pagetune.extract.spacing import kiwi

#: Syllables with a lower confidence, 0 to 100, are doubtful. On clean pages 3% are, and one in six of them is wrong.
DOUBTFUL = 98.2
#: With a larger share of doubtful syllables, those around one are too often wrong as well to tell what it should be.
_TOO_MANY = 0.15
#: How many characters on either side are analysed.
_CONTEXT = 8
#: What Kiwi's log probability must gain: for each step from one form to the other, if Tesseract could have read the
#: syllable, and in any case.
_FOR_STEP, _FOR_READABLE, _AT_LEAST = 3.0, 4.0, 1.0
#: A syllable that needs more is hardly ever right.
_MOST = 10.0

#: Letters that look alike are one step from each other, and others are two.
_INITIALS, _ALIKE_INITIALS = (
    "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ",
    ("ㄱㅋㄲ", "ㄷㅌㄸㄹㄴ", "ㅂㅃㅍㅁ", "ㅅㅆㅈㅊㅉ", "ㅇㅎ"),
)
_VOWELS, _ALIKE_VOWELS = (
    "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ",
    ("ㅏㅑㅓㅕㅣ", "ㅗㅛㅜㅠㅡ", "ㅐㅔㅖㅒ", "ㅘㅚㅙ", "ㅝㅟㅞㅢ"),
)
_FINALS, _ALIKE_FINALS = (
    " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ",
    ("ㅁㅂㅍ", "ㄱㄲㅋ", "ㅅㅆㅈㅊ", "ㄹㄺㄻㄼㅀ", "ㄷㅎㅌㅇ", "ㄴㄶ"),
)
_PARTS = ((_INITIALS, _ALIKE_INITIALS), (_VOWELS, _ALIKE_VOWELS), (_FINALS, _ALIKE_FINALS))


def correct(lines: list[LetterLine], spaces: list[list[bool]]) -> list[LetterLine]:
    """Return the lines with doubtful syllables replaced. `spaces` says before which letters a space is."""
    letters = [letter for line in lines for letter in line]
    texts = [
        " " * space + letter.text
        for line, starts in zip(lines, spaces, strict=True)
        for letter, space in zip(line, starts, strict=True)
    ]
    doubtful = [at for at, letter in enumerate(letters) if letter.is_syllable and letter.confidence < DOUBTFUL]
    if len(doubtful) > _TOO_MANY * len(letters):
        return lines
    for at in doubtful:
        better = _likelier(letters[at].text, texts, at)
        texts[at] = texts[at].replace(letters[at].text, better)
    corrected = iter(letter._replace(text=text.strip()) for letter, text in zip(letters, texts, strict=True))
    return [[next(corrected) for _ in line] for line in lines]


def _likelier(syllable: str, texts: list[str], at: int) -> str:
    """Return the syllable with which the text around it is likeliest, or the one that was read."""
    before, after = "".join(texts[max(0, at - _CONTEXT) : at]), "".join(texts[at + 1 : at + 1 + _CONTEXT])
    if texts[at].startswith(" "):
        before += " "
    read = _probability(before + syllable + after)
    gains = {other: _probability(before + other + after) - read - cost for other, cost in _lookalikes(syllable).items()}
    best = max(gains, key=lambda other: gains[other], default=syllable)
    return best if gains.get(best, 0.0) > _AT_LEAST else syllable


def _probability(text: str) -> float:
    """Return the log probability of the text's likeliest analysis."""
    return float(kiwi().analyze(text)[0][1])


@cache
def _lookalikes(syllable: str) -> dict[str, float]:
    """Return the syllables that look like this one, and the gain that each needs."""
    needed = {
        other: _FOR_STEP * _steps(syllable, other) + _FOR_READABLE * (other in _readable())
        for other in _common_syllables()
        if other != syllable
    }
    return {other: gain for other, gain in needed.items() if gain <= _MOST}


def _steps(one: str, other: str) -> int:
    return sum(_step(a, b, *part) for a, b, part in zip(_decompose(one), _decompose(other), _PARTS, strict=True))


def _step(one: int, other: int, letters: str, alike: tuple[str, ...]) -> int:
    if one == other:
        return 0
    return 1 if any(letters[one] in group and letters[other] in group for group in alike) else 2


def _decompose(syllable: str) -> tuple[int, int, int]:
    """Return the numbers of the initial consonant, the vowel and the final consonant."""
    number = ord(syllable) - ord("가")
    return number // 588, number % 588 // 28, number % 28


@cache
def _common_syllables() -> list[str]:
    """Return the 2,350 syllables of KS X 1001, which all of ordinary Korean is written with."""
    return [letter for letter in map(chr, range(ord("가"), ord("힣") + 1)) if len(letter.encode("euc-kr")) == 2]


@cache
def _readable() -> frozenset[str]:
    """Return the syllables that Tesseract's Korean model can read."""
    return frozenset(Path(__file__).with_name("tesseract_syllables.txt").read_text(encoding="utf-8").replace("\n", ""))
