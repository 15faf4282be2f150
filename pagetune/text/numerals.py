"""Numbers in words, in Korean and English, as digits."""

import re

#: What a Korean sign multiplies a number by.
SCALES = {"십": 10, "백": 100, "천": 1000, "만": 10_000, "억": 10**8, "조": 10**12}
_SINO = "일이삼사오육칠팔구"
#: Without 조, since 이 조 and 일 조 more often mean a group.
_SINO_SCALES = "십백천만억"
_NATIVE = {"한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10}
_TENS = {"열한": 11, "열두": 12, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50}
_DAYS = {"이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "이레": 7, "여드레": 8, "아흐레": 9, "열흘": 10}
_ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
#: What is counted in native numerals; 일 and 원 only from eleven on, since 한 일 is "what was done".
_COUNTED = "시간|시|개월|개|명|번|달|살|가지|권|장|곳|배|차례|주|대|건|분|회"


_FEW = re.compile(rf"(?<![가-힣])({'|'.join(_NATIVE)})\s?(?=(?:{_COUNTED})(?![가-힣]{{3}}))")


def in_digits(text: str) -> str:
    """Return `text` with its numbers in digits: 35000원 for 삼만 오천 원, 20명 for 스무 명, 3 days for three days."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def few_in_digits(text: str) -> str:
    """Return `text` with native numerals up to ten in digits: 2시간 for 두 시간.

    This is apart from `in_digits`, since Kiwi should still read 한 번에 (at once) as words.
    """
    return _FEW.sub(lambda found: str(_NATIVE[found[1]]), text)


def _thousands(found: re.Match[str]) -> str:
    """Return 2천5백 as 2500, which 만 or 억 may follow."""
    parts = zip((1000, 100, 10, 1), found.groups(), strict=True)
    return str(sum(scale * int(digits) for scale, digits in parts if digits))


def _sino(found: re.Match[str]) -> str:
    """Return 삼만 오천 as 35000. A word without a scale, such as 이, stays."""
    if not any(scale in found[1] for scale in _SINO_SCALES):
        return found[1]
    total, section, digit = 0, 0, 0
    for sign in found[1].replace(" ", ""):
        if sign in _SINO:
            digit = _SINO.index(sign) + 1
        elif SCALES[sign] >= 10_000:
            total, section, digit = total + max(1, section + digit) * SCALES[sign], 0, 0
        else:
            section, digit = section + max(1, digit) * SCALES[sign], 0
    return str(total + section + digit)


_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"(?<![가-힣])({'|'.join(_DAYS)})(?=[^가-힣]|[에의은간이을]|만에|$)", lambda found: f"{_DAYS[found[1]]}일"),
        (rf"(?<![가-힣])({'|'.join(_TENS)})\s?(?={_COUNTED}|일|원|사람)", lambda found: str(_TENS[found[1]])),
        (r"(?<![가-힣])([한두세네])\s(?=사람)", lambda found: str(_NATIVE[found[1]])),
        (
            rf"(?<![가-힣\d])(?<!\d )([{_SINO}{_SINO_SCALES}][{_SINO}{_SINO_SCALES}\s]{{0,24}})"
            r"(?=(?:원|명|개|건|회)(?![월년]))",
            _sino,
        ),
        (
            r"(?<!\d)(\d{1,9})천\s?(?=\d)(?:(\d{1,3})백)?\s?(?:(\d{1,3})십)?\s?(\d{0,3})(?=\s?[만억조원명개건])",
            _thousands,
        ),
        (r"(?<=\d[만억])\s(?=\d+\s?[원명개건])", ""),
        (
            r"(?<!\d)(\d{1,9})조\s?(\d{1,9})(천?)억",
            lambda f: f"{int(f[1]) * 10_000 + int(f[2]) * (1000 if f[3] else 1)}억",
        ),
        (rf"(?i)\b({'|'.join(_ENGLISH[1:])})\b", lambda found: str(_ENGLISH.index(found[1].lower()) + 1)),
        (r"(?i)\bone(?=\s(?:hour|day|week|month|year|minute|person|time|copy|page)\b)", "1"),
    )
)
