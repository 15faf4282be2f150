"""English quantities in words as digits: an hour and a half, two dozen, three quarters, half past nine, fortnightly.

`text/numerals.py` reads the plain numerals; this is for `text/quantities.py` only, because outside of a comparison a
"quarter" or "the third" is more often a word.
"""

import re
from collections.abc import Callable
from fractions import Fraction

_SPAN = r"second|minute|hour|day|week|month|year"
_FEW = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_HOURS = {word: number for number, word in enumerate(_FEW.split("|"), 1)}
_MINUTES = {"five": 5, "ten": 10, "quarter": 15, "twenty": 20, "half": 30}
_PARTS = {
    "half": 2, "third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10,
}  # fmt: skip
#: What precedes "an hour" where it is a length of time; behind a number it is a rate (four times a day).
_BEFORE_SPAN = (
    r"(?:^|[.,;:(]\s?|\b(?:takes?|took|is|are|was|be|in|within|for|after|before|lasts?|about|around|least|most|than|up"
    r"|to|until|every|under|over|only)\s)"
)
#: What follows it: no noun, as in "a day pass".
_AFTER_SPAN = (
    r"(?=\s*(?:$|[.,;:!?)]|(?:and|or|is|are|was|before|after|later|from|in|to|for|at|by|with|without|on|of|if|when|long"
    r"|ahead|prior|unless|until|each|per)\b))"
)
#: What follows a share: no noun of which "third" would be an ordinal.
_AFTER_SHARE = (
    r"(?=\s*(?:$|[.,;:!?)]|(?:of(?! an hour)|is|are|was|were|off|to|or|and|in|as|have|has|must|more|less)\b))"
)
_SCALES = {"thousand": 10**3, "k": 10**3, "million": 10**6, "billion": 10**9}


def _share(found: re.Match[str]) -> str:
    count, part = found[1].lower(), _PARTS[found[2].lower()]
    return _percent(Fraction(1 if count in ("a", "an") else _HOURS[count], part))


def _one_in(found: re.Match[str]) -> str:
    one, of = (int(word) if word.isdigit() else _HOURS[word.lower()] for word in found.groups())
    return _percent(Fraction(one, of)) if one < of else found[0]


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):.10g}%"


def _scaled(found: re.Match[str]) -> str:
    scale = _SCALES[(found[2] or found[3]).lower()]
    return str(int(Fraction(found[1].replace(",", "")) * scale))


def _clock(found: re.Match[str]) -> str:
    """Return half past nine as 9:30 and ten to six as 5:50."""
    minutes, hour = _MINUTES[found[1].lower().split()[-1]], _HOURS[found[3].lower()]
    return f"{hour}:{minutes:02d}" if found[2].lower() == "past" else f"{(hour - 2) % 12 + 1}:{60 - minutes:02d}"


def _thousands(found: re.Match[str]) -> str:
    return str(1000 * _HOURS[found[1].lower()] + 100 * _HOURS[found[2].lower()])


def _halves(found: re.Match[str]) -> str:
    return f"{_HOURS.get(found[1].lower()) or found[1]}.5"


_Replacement = str | Callable[[re.Match[str]], str]
_RULES: tuple[tuple[re.Pattern[str], _Replacement], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        (rf"\b(an?)\s({_SPAN})\sand\sa\shalf\b", lambda found: f"1.5 {found[2]}s"),
        (rf"(?<![\w.])({_FEW}|\d{{1,4}})\sand\sa\shalf\b", _halves),
        (rf"\bhalf\san?\s(?!(?:hour|year)\b)({_SPAN}|kilo|litre|liter|mile|metre|meter|dozen)\b", r"0.5 \1s"),
        (rf"\b(half|(?:a\s)?quarter|five|ten|twenty)\s(past)\s({_FEW})\b", _clock),
        (rf"\b((?:a\s)?quarter)\s(to)\s({_FEW})\b", _clock),
        (rf"(?:(?<=\bat\s)|(?<=\bby\s))(five|ten|twenty)\s(to)\s({_FEW})\b", _clock),
        (rf"\b({_FEW}|\d{{1,2}})\so['’]clock\b", lambda found: f"{_HOURS.get(found[1].lower()) or found[1]}:00"),
        (rf"\b({_FEW})\sthousand\s({_FEW})\shundred\b", _thousands),
        (r"\bbi-?monthly\b", "every 2 months"),
        (r"\b(?:bi-?weekly|fortnightly)\b", "every 2 weeks"),
        (rf"\bevery\s(?:other|second)\s({_SPAN})\b", r"every 2 \1s"),
        (r"\ba\scouple\sof\b", "2"),
        (rf"\b({_FEW})\sdozen\b", lambda found: str(12 * _HOURS[found[1].lower()])),
        (
            r"(?<![\d,.])(\d{1,3}(?:,\d{3}){1,4}|\d{1,9}(?:\.\d{1,6})?)(?:\s?(million|billion|thousand)|(?-i:(k)))\b",
            _scaled,
        ),
        (rf"\b(an?|one|two|three|four|five)[\s-]({'|'.join(_PARTS)})s?\b{_AFTER_SHARE}", _share),
        (rf"\b({_FEW})\s(?:in|out\sof)\s({_FEW}|\d{{1,3}})\b{_AFTER_SHARE}", _one_in),
        (r"\b(?:per\scent|percent)\s(\d+)\b", r"\1%"),
        (rf"({_BEFORE_SPAN})an?\s(minute|hour|day|week|month|year)\b(?!['’]){_AFTER_SPAN}", r"\g<1>1 \2"),
        (r"\b(?:nil|zero)\b", "0"),
        (r"€\s?(\d[\d,]*(?:\.\d+)?)", r"\1 euros"),
    )
)


def english_in_digits(text: str) -> str:
    """Return `text` with English quantities in digits: 1.5 hours, 24, 75%, 5:50, every 2 weeks."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
