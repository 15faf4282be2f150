"""Numbers in words, in Korean and English, as digits."""

import re

#: What a Korean sign multiplies a number by.
SCALES = {"십": 10, "백": 100, "천": 1000, "만": 10_000, "억": 10**8, "조": 10**12}
_SINO = "일이삼사오육칠팔구"
#: Without 조, since 이 조 and 일 조 more often mean a group.
_SINO_SCALES = "십백천만억"
_FEW = {
    "한": 1,
    "두": 2,
    "세": 3,
    "네": 4,
    "석": 3,
    "넉": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
    "열": 10,
}
_TENS = {
    "열": 10,
    "스무": 20,
    "스물": 20,
    "서른": 30,
    "마흔": 40,
    "쉰": 50,
    "예순": 60,
    "일흔": 70,
    "여든": 80,
    "아흔": 90,
}
_ABOUT = {
    "한두": "1~2",
    "두세": "2~3",
    "서너": "3~4",
    "너댓": "4~5",
    "네다섯": "4~5",
    "두서너": "2~4",
    "일고여덟": "7~8",
    "네댓": "4~5",
    "대여섯": "5~6",
    "예닐곱": "6~7",
}
_DAYS = {
    "하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "이레": 7, "여드레": 8, "아흐레": 9, "열흘": 10,
    "보름": 15,
}  # fmt: skip
_SPANS = {"반년": "6개월", "일주일": "1주", "이주일": "2주"}
#: Counters of native numerals. 회의 and 개인 are words, and so is what is not followed by `_END`.
_COUNTER = (
    "시간|시|개월|개소|개(?!인(?!가|지|데))|명|번|달|살|가지|권|장|곳|군데|배|차례|주일|주(?!인)|대|건|분|회(?!의)|마리|잔|병"
    "|쪽|줄|벌|켤레|채|그루|송이|그릇|박|끼|통|자루|사람|칸|해|컵|포|알|방울|조각|바퀴|가구|단계|종류|편|곡|쌍|자리|차"
)
#: Counters of Sino-Korean numerals.
_UNIT = (
    "원|달러|명|개월|개소|개|건|회|년|일|시간|분|초|주일|주간|세|살|층|호|권|쪽|점|킬로미터|센티미터|밀리미터|미터|킬로그램|그램|리터"
    "|퍼센트|프로|%|배|박|인분|인|번|장|대|도"
)
#: Words, or the "full" of 만 14세, that begin with a sign alone: 만일, 만점, 천장, 만인, 백일.
_WORDS = (
    r"[십백천만억][장인도점대세일배층년명회개분권호번](?!\s?(?:간|이내|동안))"
    r"|만\s(?:[세살]|[일이삼사오육칠팔구십백\s]{1,6}(?:세|살|년|개월))"
)
#: Nouns that begin like a numeral with its counter.
_NOUNS = "세대|열차|세차|세포|두통|열병|석차|석권|열대|한대|세배|세분|한편|한해|한통|한쪽|한시(?!간)|열시(?!간)"
#: What follows a counter: no further syllable of its word, but a particle, an ending of 이다, or a bound.
_END = (
    r"(?![가-힣])|(?=입니|이[다고며에므라었]|이?[었여]|예요|[은는이가을를의에로도만와과쯤째씩당간짜]|으로|하고|까지|부터|마다|동안|안|내"
    r"|[이전후뒤]|이내|이상|이하|미만|초과|정도|가량|보다|반|인[가지데])"
)
_ENGLISH = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ENGLISH_VALUES = {word: value for value, word in enumerate(_ENGLISH)} | {
    word: 10 * value for value, word in enumerate(_ENGLISH_TENS, 2)
}
_UNITS, _TENS_NAMES = "|".join(_ENGLISH[1:10]), "|".join(_ENGLISH_TENS)
_BELOW_HUNDRED = rf"(?:(?:{_TENS_NAMES})(?:[\s-](?:{_UNITS}))?|{'|'.join(_ENGLISH[10:])}|{_UNITS})"
#: 150 in words; no thousands, which texts write in digits.
_ENGLISH_NUMBER = rf"(?i)\b(?:(?:{_UNITS}|a) hundred(?: and {_BELOW_HUNDRED})?|{_BELOW_HUNDRED})\b"


def in_digits(text: str) -> str:
    """Return `text` with its numbers in digits: 35000원 for 삼만 오천 원, 20명 for 스무 명, 3 days for three days."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def few_in_digits(text: str) -> str:
    """Return `text` with native numerals up to ten in digits: 2시간 for 두 시간.

    This is apart from `in_digits`, since Kiwi should still read 한 번에 (at once) as words. 두 분 are two people, and
    2분 are two minutes.
    """
    return _SMALL.sub(lambda found: f"{_FEW[found[1]]}{_counter(found[2])}", text)


def _counter(name: str) -> str:
    return "명" if name == "분" else name


def _native(found: re.Match[str]) -> str:
    """Return 스물다섯 명 as 25명."""
    return f"{_TENS[found[1]] + _FEW.get(found[2] or '', 0)}{_counter(found[3])}"


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


def _english(found: re.Match[str]) -> str:
    """Return one hundred and fifty as 150. A single one stays, which is more often a pronoun."""
    words = re.findall(r"[a-z]+", found[0].lower())
    if words == ["one"]:
        return found[0]
    total = 0
    for word in words:
        total = max(1, total) * 100 if word == "hundred" else total + _ENGLISH_VALUES.get(word, 0)
    return str(total)


_SMALL = re.compile(rf"(?<![가-힣])(?!{_NOUNS})({'|'.join(_FEW)})\s?({_COUNTER})(?:{_END})")
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (rf"(?<![가-힣])({'|'.join(_SPANS)})(?:{_END})", lambda found: _SPANS[found[1]]),
        (rf"(?<![가-힣])({'|'.join(_DAYS)})(?!\s?종일)(?:{_END})", lambda found: f"{_DAYS[found[1]]}일"),
        (rf"(?<![가-힣])({'|'.join(_ABOUT)})\s?(?=(?:{_COUNTER})(?:{_END}))", lambda found: _ABOUT[found[1]]),
        (
            rf"(?<![가-힣])({'|'.join(_TENS)})(?:({'|'.join(name for name in _FEW if name != '열')}))?\s?({_COUNTER})"
            rf"(?:{_END})",
            lambda found: found[0] if found[1] == "열" and not found[2] else _native(found),
        ),
        (
            rf"(?<![가-힣\d])(?<!\d )(?!{_WORDS})"
            rf"([{_SINO}{_SINO_SCALES}][{_SINO}{_SINO_SCALES}\s]{{0,24}})(?=(?:{_UNIT})(?:{_END}))",
            _sino,
        ),
        (
            rf"(?<![가-힣\d])([{_SINO}])\s(?=(?:개월|년|퍼센트)(?:{_END}))",
            lambda found: str(_SINO.index(found[1]) + 1),
        ),
        (
            rf"(?<![가-힣\d])([삼오육칠팔구])\s(?=(?:일|주일|주간|분|초|층|회|박)(?:{_END}))",
            lambda found: str(_SINO.index(found[1]) + 1),
        ),
        (
            r"(?<!\d)(\d{1,9})천\s?(?=\d)(?:(\d{1,3})백)?\s?(?:(\d{1,3})십)?\s?(\d{0,3})(?=\s?[만억조원명개건])",
            _thousands,
        ),
        (r"(?<=\d[만억])\s(?=\d+\s?[원명개건])", ""),
        (
            r"(?<![제\d])(?<!제 )(\d{1,9})조\s?(\d{1,9})(천?)억",
            lambda f: f"{int(f[1]) * 10_000 + int(f[2]) * (1000 if f[3] else 1)}억",
        ),
        (r"(?i)\bone(?=\s(?:hour|day|week|month|year|minute|person|time|copy|page)\b)", "1"),
        (r"(?i)\bhalf an hour\b", "30 minutes"),
        (r"(?i)\bthree quarters of an hour\b", "45 minutes"),
        (r"(?i)\b(?:a )?quarter of an hour\b", "15 minutes"),
        (r"(?i)\b(?:half a year)\b", "6 months"),
        (r"(?i)\b(?:a )?fortnight\b", "2 weeks"),
        (r"(?i)\ba dozen\b", "12"),
        (r"(?i)\bonce\b(?=\s(?:a|an|per|every|each)\b)", "1 time"),
        (r"(?i)\btwice\b", "2 times"),
        (_ENGLISH_NUMBER, _english),
    )
)
