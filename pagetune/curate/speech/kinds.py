"""What kind of answer a fact has, and how people ask for each kind (asking.txt)."""

import re
from functools import cache
from pathlib import Path
from random import Random

from pagetune.records import Pair
from pagetune.text.korean import with_particle

_FILE = Path(__file__).with_name("asking.txt")
#: The kinds of answers by the attribute that is asked for, and by the answer; the first that fits counts.
_BY_ATTRIBUTE = (
    ("fax", "팩스"),
    ("email", "메일"),
    ("website", "홈페이지|누리집|웹사이트|사이트"),
    ("phone", "전화|연락처"),
    ("address", "주소|소재지"),
    ("opening_hours", "(?:운영|이용|진료|영업|업무|근무|개방|상담)\\s?시간"),
    ("deadline", "기한|마감|시한"),
    ("other", "(?:유효|보관|보존|보증|수리|계약|이용|대여|임대|임대차)\\s?기간|임기"),
    ("duration", "기간|소요 시간"),
    ("place", "위치|장소|강의실|교육장"),
    ("person", "담당자|책임자|센터장|대표자?$|원장|강사"),
    ("department", "부서|담당 팀"),
    ("colour", "색"),
    ("cause", "원인|이유|까닭"),
    ("method", "방법|절차"),
    ("documents", "서류|준비물"),
    ("definition", "뜻$"),
    ("product/code", "모델|번호|코드|이름"),
)
_BY_ANSWER = (
    ("money", r"\d[\d,]*\s?(?:만|천|백|억)?\s?(?:\d+천)?\s?원"),
    ("percent", r"\d\s?(?:퍼센트|%|프로)"),
    ("temperature", r"\d\s?도$"),
    ("weight", r"\d\s?(?:킬로그램|kg|그램|g)$"),
    ("length", r"\d\s?(?:미터|센티미터|밀리미터|cm|mm|m|km)$"),
    ("time_of_day", r"^(?:오전|오후|낮|밤)?\s?\d{1,2}시"),
    ("date", r"\d{1,2}월 \d{1,2}일|\d{4}년"),
    ("count", r"^(?:[^\d]*\s)?\d[\d,]*\s?[가-힣]{1,4}$"),
)
_UNIT = re.compile(r"\d\s?([가-힣]{1,4})$")


@cache
def patterns() -> dict[str, list[str]]:
    """Return the patterns of each kind: {x} is what is asked about, {a} the attribute, {unit} what is counted."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(":", 1) for line in lines if line and not line.startswith("#")]
    return {kind: [pattern.strip() for pattern in listed.split(" | ")] for kind, listed in pairs}


def kind_of(attribute: str, answer: str) -> str:
    """Return the kind of an answer, such as money or phone; other where none fits."""
    for kind, pattern in _BY_ATTRIBUTE:
        if re.search(pattern, attribute):
            return kind
    return next((kind for kind, pattern in _BY_ANSWER if re.search(pattern, answer.rstrip("."))), "other")


def thing_and_kind(pair: Pair) -> tuple[str, str, str] | None:
    """Return what a pair is about, its attribute and the kind of its answer, as the topic names them; None without."""
    thing, genitive, attribute = (pair.topic or "").rpartition("의 ")
    if not genitive or pair.kind == "article":
        return None
    return thing, attribute, kind_of(attribute, pair.output)


def draw_pattern(kind: str, answer: str, random: Random, names_attribute: bool) -> str | None:
    """Draw a pattern for a kind of answer. Return None where it should name the attribute and does not, or asks for a
    unit that the answer lacks.
    """
    pattern = random.choice(patterns()[kind])
    unfit = ("{unit}" in pattern and not _unit(answer)) or (names_attribute and "{a" not in pattern)
    return None if unfit else pattern


def _unit(answer: str) -> str:
    found = _UNIT.search(answer.rstrip("."))
    return found[1] if found else ""


def fill(pattern: str, thing: str, attribute: str, answer: str) -> str:
    """Return a pattern as a question, with the particles that its words take."""
    parts = {"x": thing, "a": attribute, "unit": _unit(answer)}
    return re.sub(r"{(\w+)(?::([^}]+))?}", lambda found: _filled(parts[found[1]], found[2]), pattern)


def _filled(text: str, particles: str | None) -> str:
    return with_particle(text, particles) if particles else text
