"""What is said around a question, and what goes wrong when it is typed in haste."""

import re
from functools import cache
from pathlib import Path
from random import Random

_FILE = Path(__file__).with_name("leads.txt")
#: The shares of questions with something said before them, with half of their spaces, and with usual misspellings.
_LED, _CLOSE, _MISSPELT = 0.2, 0.2, 0.15
#: What some patterns begin with already.
_LEADING = re.compile("(?:는데|저기요|물어볼게요) ")
#: What many people spell like something else, which sounds the same or is typed faster.
#: These are whole words and endings, so that no name is hit (돼지, 왜관).
_SPELLINGS = (
    (r"예요\b", "에요"),
    (r"이에요\b", "이예요"),
    (r"나요\b", "나여"),
    (r"가요\b", "가여"),
    (r"세요\b", "세여"),
    (r"해요\b", "해여"),
    (r"돼요\b", "되요"),
    (r"돼\b", "되"),
    (r"되나(?=요?\b)", "돼나"),
    (r"\b얼마나\b", "얼만큼"),
    (r"\b며칠", "몇일"),
    (r"\b어떻게\b", "어떡해"),
    (r"\b어떻게\b", "어케"),
    (r"\b무슨\b", "먼"),
    (r"\b뭐(?=예요|야|임|\b)", "머"),
    (r"있어(?=요?\b)", "잇어"),
    (r"있나(?=요?\b)", "잇나"),
    (r"했(?=어요?\b|나요?\b)", "햇"),
    (r"않(?=아요?\b|나요?\b)", "안"),
    (r"\b왜\b", "웨"),
    (r"\b좀\b", "쫌"),
    (r"\?$", "??"),
    (r"\?$", "ㅠㅠ"),
)


@cache
def _leads() -> list[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def said(question: str, random: Random) -> str:
    """Return the question as it may be said or typed: led up to, misspelt, or with fewer spaces."""
    if not _LEADING.search(question) and random.random() < _LED:
        question = f"{random.choice(_leads())} {question}"
    if random.random() < _MISSPELT:
        question = _misspelt(question, random)
    return _closer(question, random) if random.random() < _CLOSE else question


def _misspelt(question: str, random: Random) -> str:
    """Return the question with one usual misspelling, which never touches a number or a Latin letter."""
    able = [(right, wrong) for right, wrong in _SPELLINGS if re.search(right, question)]
    if not able:
        return question
    right, wrong = random.choice(able)
    return re.sub(right, wrong, question, count=1)


def _closer(text: str, random: Random) -> str:
    """Return the text without about half of its spaces; two numbers stay two."""
    return re.sub(r"(?<!\d) | (?!\d)", lambda _: " " if random.random() < 0.5 else "", text)
