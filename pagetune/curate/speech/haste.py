"""What is said around a question, and what goes wrong when it is typed in haste."""

import re
from functools import cache
from pathlib import Path
from random import Random

_FILE = Path(__file__).with_name("leads.txt")
#: The shares of questions with something said before them, with half of their spaces, and with usual misspellings.
_LED, _CLOSE, _MISSPELT = 0.2, 0.2, 0.15
#: What many people spell like something else, which sounds the same or is typed faster.
_SPELLINGS = (
    ("예요", "에요"),
    ("이에요", "이예요"),
    ("나요", "나여"),
    ("가요", "가여"),
    ("세요", "세여"),
    ("해요", "해여"),
    ("돼요", "되요"),
    ("돼", "되"),
    ("되나", "돼나"),
    ("얼마나", "얼만큼"),
    ("며칠", "몇일"),
    ("어떻게", "어떡해"),
    ("어떻게", "어케"),
    ("무슨", "먼"),
    ("뭐", "머"),
    ("있어", "잇어"),
    ("있나", "잇나"),
    ("했", "햇"),
    ("않", "안"),
    ("왜", "웨"),
    ("좀", "쫌"),
    ("?", "??"),
    ("?", "ㅠㅠ"),
)


@cache
def _leads() -> list[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def said(question: str, random: Random) -> str:
    """Return the question as it may be said or typed: led up to, misspelt, or with fewer spaces."""
    if "는데 " not in question and random.random() < _LED:
        question = f"{random.choice(_leads())} {question}"
    if random.random() < _MISSPELT:
        question = _misspelt(question, random)
    return _closer(question, random) if random.random() < _CLOSE else question


def _misspelt(question: str, random: Random) -> str:
    """Return the question with one usual misspelling, which never touches a number or a Latin letter."""
    able = [(right, wrong) for right, wrong in _SPELLINGS if right in question]
    if not able:
        return question
    right, wrong = random.choice(able)
    return re.sub(re.escape(right), wrong, question, count=1)


def _closer(text: str, random: Random) -> str:
    """Return the text without about half of its spaces; two numbers stay two."""
    return re.sub(r"(?<!\d) | (?!\d)", lambda _: " " if random.random() < 0.5 else "", text)
