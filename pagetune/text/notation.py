"""One way to write what is written in many: dates, times, telephone numbers, ranges, numerals, lists."""

import re

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?\b"
_NUMERALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SINO = "일이삼사오육칠팔구"
_SMALL, _LARGE = {"십": 10, "백": 100, "천": 1000}, {"만": 10_000, "억": 10**8}
_SCALES = "십백천만억"
#: The number of an item, at a line's start or, where a 2. follows a 1., anywhere.
_FIRST_ITEM = re.compile(r"^\s*\d{1,2}[.)]\s+(?=[^\W\d])", re.MULTILINE)
_ITEM = re.compile(r"(?<!\S)\d{1,2}[.)]\s+(?=[^\W\d])")
_LIST = re.compile(r"(?<!\S)1[.)]\s[^\n]{0,200}?(?<!\S)2[.)]\s")
_DAYS = {"이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "이레": 7, "여드레": 8, "아흐레": 9, "열흘": 10}
_TENS = {"열한": 11, "열두": 12, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50}
_COUNTED = "시간|시|분|명|개월|개|건|회|번|살|권|장|대|곳|배|가지|일|주|원|사람"


def plain(text: str) -> str:
    """Dates as 2024년 9월 15일, times by 24 hours as 14시 30분, numbers in digits, in both languages."""
    text = (_ITEM if _LIST.search(text) else _FIRST_ITEM).sub("", text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _clock(found: re.Match[str]) -> str:
    half, hour, minute = (found[1] or found[4] or "").lower(), int(found[2]), int(found[3] or 0)
    if half in ("오후", "pm", "p.m."):
        hour = hour % 12 + 12
    return f"{hour}시" + (f" {minute}분" if minute else "")


def _thousands(found: re.Match[str]) -> str:
    """2천5백 as 2500, which 만 or 억 may follow."""
    parts = zip((1000, 100, 10, 1), found.groups(), strict=True)
    return str(sum(scale * int(digits) for scale, digits in parts if digits))


def _sino(found: re.Match[str]) -> str:
    """삼만 오천 as 35000; a word without a scale, such as 이, stays."""
    if not any(scale in found[1] for scale in _SCALES):
        return found[1]
    total, section, digit = 0, 0, 0
    for sign in found[1].replace(" ", ""):
        if sign in _SINO:
            digit = _SINO.index(sign) + 1
        elif sign in _LARGE:
            total, section, digit = total + max(1, section + digit) * _LARGE[sign], 0, 0
        else:
            section, digit = section + max(1, digit) * _SMALL[sign], 0
    return str(total + section + digit)


def _date(found: re.Match[str]) -> str:
    return f"{found[1]}년 {int(found[2])}월 {int(found[3])}일"


_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[–—]", "-"),
        (r"℃", "도"),
        (r"㎡", "m2"),
        (r"%\s?포인트", "포인트"),
        (r"영하\s?(?=\d)", "-"),
        (r"지하\s?(?=\d+\s?층)", "-"),
        (r"(?<=\d)\s?여\s?(?=(?:명|개|년|건|곳|회|일)(?![가-힣]))", ""),
        # 02)555-0143, (02) 555 0143, 025550143
        (r"(?<![\w-])\(?(0\d{1,2})\)?[-.\s]{0,2}(\d{3,4})[-.\s]?(\d{4})(?![\w-])", r"\1-\2-\3"),
        (r"(?<!\d)(\d{4})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{1,2})\.?(?!\d)", _date),
        (r"(?<!\d)((?:19|20)\d{2})\s?[./]\s?(\d{1,2})\.?(?![\d.])", r"\1년 \2월"),
        (r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.?(?=\s?\([월화수목금토일]\))", r"\1월 \2일"),
        (r"\(([월화수목금토일])\)", r" \1요일"),
        (rf"\b{_MONTH}\s+{_DAY}(?!\d)", lambda found: f"{_month(found[1])}월 {int(found[2])}일"),
        (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}", lambda found: f"{_month(found[2])}월 {int(found[1])}일"),
        (rf"\b{_MONTH},?\s+(\d{{4}})\b", lambda found: f"{found[2]}년 {_month(found[1])}월"),
        (r"(월 \d{1,2}일),\s+(\d{4})\b(?!년)", r"\1 \2년"),
        (r"(?<![\d:])(?:(오전|오후)\s?)?(\d{1,2}):(\d{2})(?![\d:])(?:\s?(am|pm|AM|PM|a\.m\.|p\.m\.))?", _clock),
        (r"(?<![\d:])()(\d{1,2})()\s?(am|pm|AM|PM|a\.m\.|p\.m\.)(?!\w)", _clock),
        (r"(\d{1,2})시 반(?![가-힣])", r"\1시 30분"),
        (r"오후\s?(\d{1,2})시\s?[~-]\s?(?=(?:\d|1[01])시)", r"오후 \1시~오후 "),
        (r"%\s?[pP](?![A-Za-z])", "포인트"),
        (r"밀리리터", "ml"),
        # 3~5만원
        (r"(?<![\d,.])(\d[\d,]*)\s?[~∼-]\s?(\d[\d,]*)\s?([만천억])", r"\1\3~\2\3"),
        (rf"(?<![가-힣])({'|'.join(_DAYS)})(?=[^가-힣]|[에의은간이을]|만에|$)", lambda found: f"{_DAYS[found[1]]}일"),
        (rf"(?<![가-힣])({'|'.join(_TENS)})\s?(?={_COUNTED})", lambda found: str(_TENS[found[1]])),
        (r"(?<![가-힣])([한두세네])\s(?=사람)", lambda found: str("한두세네".index(found[1]) + 1)),
        (
            rf"(?<![가-힣\d])(?<!\d )([{_SINO}{_SCALES}][{_SINO}{_SCALES}\s]{{0,24}})(?=(?:원|명|개|건|회)(?![월년]))",
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
        (rf"(?i)\b({'|'.join(_NUMERALS[1:])})\b", lambda found: str(_NUMERALS.index(found[1].lower()) + 1)),
        (r"(?i)\bone(?=\s(?:hour|day|week|month|year|minute|person|time|copy|page)\b)", "1"),
        # What is not exceeded, and what denies nothing.
        (r"(?:을|를)?\s?(?:넘|초과하)지 (?:않|못|아니)[가-힣]*", " 이내"),
        (r"(?i)\bno (?:later|more) than\b", "within"),
        (r"(?i)\bnot only\b", ""),
    )
)
