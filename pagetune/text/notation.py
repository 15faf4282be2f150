"""One spelling for what is written in many ways: dates, times, telephone numbers, ranges, numerals, lists."""

import re
import unicodedata
from functools import lru_cache

from pagetune.text.numerals import in_digits

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?\b"
#: The number of a list item: at the start of a line or, where a 2. follows a 1., anywhere.
_FIRST_ITEM = re.compile(r"^\s*\d{1,2}[.)]\s+(?=[^\W\d])", re.MULTILINE)
_ITEM = re.compile(r"(?<!\S)\d{1,2}[.)]\s+(?=[^\W\d])")
_LIST = re.compile(r"(?<!\S)1[.)]\s[^\n]{0,200}?(?<!\S)2[.)]\s")


def nfc(text: str) -> str:
    """Return `text` in NFC, stripped."""
    return unicodedata.normalize("NFC", text).strip()


@lru_cache(maxsize=16_384)
def plain(text: str) -> str:
    """Return `text` with dates as 2024년 9월 15일, times as 14시 30분 and numbers in digits, in both languages."""
    text = (_ITEM if _LIST.search(text) else _FIRST_ITEM).sub("", text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return in_digits(text)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _clock(found: re.Match[str]) -> str:
    half, hour, minute = (found[1] or found[4] or "").lower(), int(found[2]), int(found[3] or 0)
    if half in ("오후", "pm", "p.m."):
        hour = hour % 12 + 12
    return f"{hour}시" + (f" {minute}분" if minute else "")


def _date(found: re.Match[str]) -> str:
    return f"{found[1]}년 {int(found[2])}월 {int(found[3])}일"


def _weekdays(found: re.Match[str]) -> str:
    """Return 월·수·금요일 as 월요일, 수요일, 금요일."""
    return ", ".join(f"{day}요일" for day in re.findall(r"[월화수목금토일](?!일)", found[0].removesuffix("요일") + " "))


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
        (r"(?<![\w-])\(?(0\d{1,2})\)?[-.\s]{0,2}(\d{3,4})[-.\s]?(\d{4})(?![A-Za-z0-9_-]|\s?[원개명건])", r"\1-\2-\3"),
        (r"(?<!\d)(\d{4})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?(\d{1,2})\.?(?!\d)", _date),
        (r"(?<!\d)((?:19|20)\d{2})\s?[./]\s?(\d{1,2})\.?(?![\d.])", r"\1년 \2월"),
        (r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.?(?=\s?\([월화수목금토일]\))", r"\1월 \2일"),
        (r"\(([월화수목금토일])\)", r" \1요일"),
        (r"(?<![가-힣\d])[월화수목금토일](?:[·ㆍ/][월화수목금토일])+요일", _weekdays),
        (rf"\b{_MONTH}\s+{_DAY}(?!\d)", lambda found: f"{_month(found[1])}월 {int(found[2])}일"),
        (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}", lambda found: f"{_month(found[2])}월 {int(found[1])}일"),
        (rf"\b{_MONTH},?\s+(\d{{4}})\b", lambda found: f"{found[2]}년 {_month(found[1])}월"),
        (r"(월 \d{1,2}일)(?:,\s+(\d{4})|\s+((?:19|20)\d{2}))\b(?!년)", lambda f: f"{f[1]} {f[2] or f[3]}년"),
        (r"(?<![\d:])(?:(오전|오후)\s?)?(\d{1,2}):(\d{2})(?![\d:])(?:\s?(am|pm|AM|PM|a\.m\.|p\.m\.))?", _clock),
        (r"(?<![\d:])()(\d{1,2})()\s?(am|pm|AM|PM|a\.m\.|p\.m\.)(?!\w)", _clock),
        (r"(\d{1,2})시 반(?![가-힣])", r"\1시 30분"),
        (r"오후\s?(\d{1,2})시\s?[~-]\s?(?=(?:\d|1[01])시)", r"오후 \1시~오후 "),
        (r"%\s?[pP](?![A-Za-z])", "포인트"),
        (r"밀리리터", "ml"),  # two nouns to Kiwi
        # 3~5만원
        (r"(?<![\d,.])(\d[\d,]*)\s?[~∼-]\s?(\d[\d,]*)\s?([만천억])", r"\1\3~\2\3"),
        # 넘지 않다 is a limit, not a denial.
        (r"(?:을|를)?\s?(?:넘|초과하)지 (?:않|못|아니)[가-힣]*", " 이내"),
        (r"(?i)\bno (?:later|more) than\b", "within"),
    )
)
