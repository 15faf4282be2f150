"""Marks of amendments in laws and regulations (<개정 2020. 1. 1.>, [본조신설 …]), and what they repealed (삭제)."""

import re

from pagetune.text.sentences import ITEM_LETTERS

_ACTS = (
    *("전문개정", "전부개정", "일부개정", "타법개정", "제목개정", "개정", "본조신설", "본항신설", "본호신설", "신설"),
    *("단서신설", "후단신설", "단서삭제", "후단삭제", "본조삭제", "본항삭제", "삭제", "제목변경", "변경", "이동"),
    *("시행일", "시행", "조문이동", "번호이동", "종전의", "종전", "단순위헌", "한정위헌", "헌법불합치", "위헌", "폐지"),
)
#: What was done. Its letters may stand apart: "개 정".
_ACT = "(?:" + "|".join(r"\s*".join(act) for act in _ACTS) + ")(?![가-힣])"
_DATES = r"[\s\d.,·ㆍ~/:\-년월일호]*"
_MOVED = r"제\s*\d+[\s\d조항호목의]*에서\s*이\s*동"
_SAYS = rf"(?:{_DATES}{_ACT}|\s*{_MOVED}|\s*법률\s*제\s*\d)"
_BRACKETS = ("<>", "〈〉", "‹›", "＜＞", "≪≫", "《》", "[]", "［］", "【】", "〔〕")


def _in_brackets(opening: str, closing: str) -> str:
    """Return a regular expression for a mark in these brackets, or for its beginning where the text breaks off."""
    left, right = re.escape(opening), re.escape(closing)
    return rf"{left}{_SAYS}[^{left}{right}]*(?:{right}|$)"


#: Round brackets hold much else. In them, a mark says only what was done and when.
_IN_ROUND = rf"[(（](?=[^()（）]*\d)(?:{_DATES}{_ACT})+{_DATES}[)）]"
#: The end of a mark that began on the page before.
_REST = r"^[\s\d.,]+[>〉›\]]"
#: What a date of enforcement applies to, behind its mark: [시행일: 2015. 4. 16.] 제60조제1항.
_APPLIES_TO = r"(?:(?<=\])\s*제\d+[\d제조항호목의및ㆍ,\s]*$)?"
_MARK = rf"(?:{'|'.join([*(_in_brackets(*pair) for pair in _BRACKETS), _IN_ROUND, _REST])}){_APPLIES_TO}"
#: A mark with the space before it. It may break over lines and become a paragraph of its own.
AMENDMENT = re.compile(rf"(?:(?<=[.)])\s*,)?(?<!\s)\s*{_MARK}")

_NUMBER = rf"(?:[①-⑳]|(?:\d+(?:의\d+)?|[{ITEM_LETTERS}])[.)])"
#: 삭제, and when: "삭제 <2020. 1. 1.>", "<삭 제>".
_GONE = r"[<〈‹\[【〔(（]?\s*삭\s*제(?:\s*[>〉›\]】〕)）])?(?:\s*[<〈‹\[【〔(（]?\s*\d[\s\d.,]*[>〉›\]】〕)）])?"
#: A 항 or an item that says that it was repealed.
_REPEALED = re.compile(rf"(?:^|\s){_NUMBER}\s*{_GONE}(?=\s*$|\s*{_NUMBER}|\s*{_MARK})")
REPEALED_ARTICLE = re.compile(rf"제\s?\d+(?:-\d+)?\s?조(?:의\s?\d+)?\s*{_GONE}(?=\s*$|\s*{_MARK})")
_IS_REPEALED = re.compile(rf"(?:[①-⑳]\s?)?{_GONE}")


def without_amendments(text: str) -> str:
    """Remove repealed items and marks of amendments."""
    return AMENDMENT.sub("", _REPEALED.sub("", text)).strip()


def is_repealed(text: str) -> bool:
    """Tell whether a text without its marks says no more than that it was repealed."""
    return not text or _IS_REPEALED.fullmatch(text) is not None
