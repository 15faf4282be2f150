"""The questions about a table's facts, as people ask them."""

import re

from pagetune.build_qa.reversed_questions import in_lower_case, singular
from pagetune.build_qa.tables.cells import MIN_NAME_CHARACTERS, is_number, is_total, letters, says_yes
from pagetune.build_qa.tables.endings import answer_of, asks_for, ending, is_said, scales
from pagetune.build_qa.tables.facts import Fact
from pagetune.build_qa.tables.headers import DAY, KEY, OF_SERIES
from pagetune.build_qa.tables.names import TableName
from pagetune.text.korean import is_korean, with_particle

#: What is done on the days that a timetable ticks.
_DONE = re.compile(r"진료|운영|운행|수업|개방|근무|실시|판매")
_PEOPLE = re.compile(r"(?:학생|남성?|여성?|직원|자)$")
#: Headers over years, months and days, which need not be said beside them.
_TIMES = re.compile(r"연도|년도|년|월|일|요일|분기|시기|일자|날짜|기준|월별|연도별")
#: What is asked of a thing that a column of marks ticks, by how its header ends.
_TICKED = (
    ("제출", "{topic_object} 제출해야 하나요?", "네, 제출해야 합니다.", "아니요, 제출하지 않아도 됩니다."),
    ("필요", "{topic} 필요한가요?", "네, 필요합니다.", "아니요, 필요하지 않습니다."),
    ("필수", "{topic} 필수인가요?", "네, 필수입니다.", "아니요, 필수가 아닙니다."),
    ("가능", "{topic} 가능한가요?", "네, 가능합니다.", "아니요, 가능하지 않습니다."),
    ("(?:지원|적용|포함|제공|허용|공개)", "{topic} {verb}되나요?", "네, {verb}됩니다.", "아니요, {verb}되지 않습니다."),
)
_PLAIN_LABEL = re.compile(r"[가-힣A-Za-z0-9·‧ㆍ/&.~%()\- ]+|[「｢『][^「｢『]+[」｣』]")
#: What ends like a clause or holds a particle is put in quotes, so that the question stays one sentence.
_CLAUSE = re.compile(
    r"[를은는]\s|(?<!마)을\s|(?:에서|으로|에게)\s|(?:다|요|함|음|것|및|위한|대한)$|\s(?:및|또는|위한|대한)\s"
)
_MEASURE = re.compile(
    r"(개수|건수|횟수|인원|점수|금액|요금|비용|매출액|비율|구성비|수익률|면적|수량|시간|등급|배점|정원|사용량|배출량|생산량|단가|[가-힣]{1,3}료|"
    r"[가-힣]{1,3}비|(?:생산|판매|이용|수출|매출|처리)\s?실적|생산량|판매량)$"
)
#: Keys that say themselves what their figures are.
_AMOUNT = re.compile(r"[\d,.]+\s?[십백천만억]*\s?(?:원|명|개|건|회|대|권|㎡|톤|kg|점|%)|\d{1,2}:\d{2}")
_FIGURES = re.compile(rf"{KEY.pattern}|[가-힣](?:료|비|금|액|수)$")
#: Degrees, of which nothing is told: what is told is of those who come under them.
_DEGREE = re.compile(r"심각|중대|보통|경미|[상중하]|우수|양호|미흡|불량|일반|기본|긴급|높음|낮음")
#: English keys that say that they are numbers.
_ENGLISH_MEASURE = re.compile(
    r"rank|count|number|avg|average|max|min|total|rate|amount|price|cost|fee|size|weight|length|score", re.I
)
#: What a caption says of the figures that it announces: 보험료 예시, 요금 안내표.
_AROUND_MEASURE = re.compile(r"\s?(?:예시|표|현황|안내표?|기준표?|일람표?|내역|비교|추이)$")
_MAX_WORDS_WITHOUT_QUOTES = 4
#: A longer name that is in the table's name needs no further name before it.
_OWN_NAME_CHARACTERS = 8
#: A longer title is left out of the question where the table's own name says enough.
_MAX_OWNER_BESIDE_CAPTION = 40
_LONG_CAPTION = 24
_MAX_ENGLISH_KIND = 20


def can_be_worded(fact: Fact, name: TableName) -> bool:
    """Tell whether there are words for a question in the fact's language."""
    return name.is_english or is_korean("".join((*fact.subject, fact.key)))


def has_subject(fact: Fact, name: TableName) -> bool:
    """Tell whether a question can say what it is about: by the table's name, or by names that no other table has."""
    if not fact.subject:
        is_own = name.opens or len(letters(fact.key)) >= MIN_NAME_CHARACTERS
        about_owner = name.owner and (name.is_overview or not name.caption) and is_own
        return bool(about_owner) or (bool(name.caption) and not name.is_overview)
    if name.caption:
        return bool(name.owner) or not name.is_overview
    is_of_series = _is_of_series(fact) or all(map(OF_SERIES.fullmatch, fact.subject))
    return _is_specific(fact) and not is_of_series and (bool(name.owner) or _is_code(fact.subject[-1]))


def _is_specific(fact: Fact) -> bool:
    """Tell whether the subject is long enough to be the subject of one table only."""
    return len(letters("".join(fact.subject))) > MIN_NAME_CHARACTERS


def _is_code(name: str) -> bool:
    return re.search(r"[A-Za-z]{2,}[-_]?\d{3,}", name) is not None


def _is_of_series(fact: Fact) -> bool:
    """Tell whether the key is one of several, such as 평일 or 2023년, which do not say what is asked for."""
    return OF_SERIES.fullmatch(fact.key) is not None


def topic_of(fact: Fact, name: TableName, in_full: bool = False) -> str:
    """Return what a fact tells, as a noun phrase: "보건소에서 독감 접종의 요금". `in_full` always names the table."""
    if not is_korean("".join((*fact.subject, fact.key))):
        return _english_topic(fact, name)
    key = _key(fact, name)
    if not fact.subject:
        caption = _owner_of_key(name)
        owner = "" if _holds(letters(caption), name.owner) or _holds(letters(name.owner), caption) else name.owner
        owner = "" if not in_full and _is_said_by(caption, owner) else owner
        return f"{_quoted(owner)}에서 {_quoted(caption)}의 {key}" if owner else f"{_quoted(caption)}의 {key}"
    where, subject = place_of(fact, name, in_full), _subject(fact)
    is_time = all(map(OF_SERIES.fullmatch, fact.subject)) and not DAY.fullmatch(fact.subject[-1])
    if key and is_time and subject == " ".join(fact.subject):
        return f"{where}{subject} {key}"
    of = "" if subject.endswith("해당하는") else "의"
    return f"{where}{subject}{of} {_quoted(key) if key == name.caption else key}" if key else f"{where}{subject}"


def _owner_of_key(name: TableName) -> str:
    """Return what the keys of a form belong to: the table's name, or the document where that only announces it."""
    if not name.caption or name.is_overview:
        return name.owner or name.caption
    return name.caption


def _key(fact: Fact, name: TableName) -> str:
    """Return what is asked for, with a unit that scales it: a number of 천원 is not a number of 원."""
    key = f"{'합계' if fact.key == '계' else fact.key}{_measure(fact, name)}"
    return f"{key}(단위: {fact.unit})" if key and _has_silent_unit(fact) else key


def _has_silent_unit(fact: Fact) -> bool:
    return is_number(fact.value) and scales(fact.unit) and not is_said(fact.unit)


def _measure(fact: Fact, name: TableName) -> str:
    """Return the noun that the caption has for figures whose headers have none: 개수, 보험료, 학생 수."""
    if re.search(r"(?:학생|[가-힣]수|[가-힣]\s수)$", name.caption) and _PEOPLE.search(fact.key):
        return " 수"
    found = _MEASURE.search(_AROUND_MEASURE.sub("", name.caption))
    is_amount = is_number(fact.value) or _AMOUNT.fullmatch(fact.value.strip()) is not None
    is_figure = bool(fact.key) and is_amount and not _FIGURES.search(fact.key) and not is_total(fact.key)
    return f" {found[1]}" if found and is_figure and found[1] not in fact.key else ""


def place_of(fact: Fact, name: TableName, in_full: bool = False) -> str:
    """Return where a fact is told, before its subject: the document, and the table where the subject may be in any."""
    subject = letters("".join(fact.subject))
    owner = name.owner if not _holds(subject + "|" + letters(name.caption), name.owner) else ""
    if len(subject) > _OWN_NAME_CHARACTERS and subject in letters(name.owner) + "|" + letters(name.caption):
        return ""
    is_vague = in_full or not owner or _is_vague(fact, name) or len(owner) > _MAX_OWNER_BESIDE_CAPTION
    is_named = fact.key == name.caption or _holds(subject, name.caption) or _holds(letters(owner), name.caption)
    caption = name.caption if is_vague and not is_named else ""
    if _is_said_by(caption, owner) or (caption and len(caption) >= _LONG_CAPTION < len(owner)):
        owner = ""
    if owner and caption:
        return f"{owner}의 {_quoted(caption)}에서 "
    return f"{_quoted(owner or caption)}에서 " if owner or caption else ""


def _is_said_by(caption: str, owner: str) -> bool:
    """Tell whether a caption is understood without a long owner: not 연도별 동향, which many documents have."""
    return len(letters(caption)) > _OWN_NAME_CHARACTERS and len(owner) > _MAX_OWNER_BESIDE_CAPTION


def _is_vague(fact: Fact, name: TableName) -> bool:
    """Tell whether the subject and the key could be in several tables of a document: an item of some group."""
    is_part = len(fact.subject) > 1 or not fact.kind or re.search(r"(?:항목|분야|영역|기준|요소|지표)$", fact.kind)
    is_sheet = any(map(_is_code, fact.subject))
    is_one_of_several = _is_of_series(fact) or _measure(fact, name) != "" or all(map(OF_SERIES.fullmatch, fact.subject))
    return not _is_specific(fact) or is_one_of_several or (bool(is_part) and not is_sheet)


def _holds(text: str, name: str) -> bool:
    return bool(name) and letters(name) in text


def _subject(fact: Fact) -> str:
    """Return the names of what is asked about, the group first: "기능성 중 완전성", "클래스 A1"."""
    *groups, last = fact.subject
    own = f"{fact.kind} {_quoted(last)}" if not groups and _needs_kind(fact) else _quoted(last)
    if groups and all(map(OF_SERIES.fullmatch, fact.subject)):
        return " ".join(fact.subject)
    if not groups and fact.key and _DEGREE.fullmatch(last):
        own = f"'{last}'에 해당하는"
    return f"{' 중 '.join(map(_quoted, groups))} 중 {own}" if groups else own


def _needs_kind(fact: Fact) -> bool:
    """Tell whether a name is said with what it is the name of: 클래스 A1, but not 과정 입문 과정."""
    last = fact.subject[-1]
    if not fact.kind or last.endswith(fact.kind[-1:]) or letters(fact.kind)[-2:] in letters(last):
        return False
    if OF_SERIES.fullmatch(last):
        return not _TIMES.fullmatch(fact.kind)
    return not is_korean(last) or len(letters(last)) < MIN_NAME_CHARACTERS or _quoted(last) != last


def _quoted(label: str) -> str:
    plain = (
        _PLAIN_LABEL.fullmatch(label) and len(label.split()) <= _MAX_WORDS_WITHOUT_QUOTES and not _CLAUSE.search(label)
    )
    return label if plain else f"'{label}'"


def question_of(fact: Fact, name: TableName, in_full: bool = False) -> str:
    """Return the question that a fact answers."""
    topic = topic_of(fact, name, in_full)
    if not is_korean("".join((*fact.subject, fact.key))):
        return f"What is {topic}?"
    if fact.value.strip() == "없음":
        return f"{with_particle(topic, '이/가')} 있나요?"
    return f"{with_particle(topic, '은/는')} {ending(fact, _key(fact, name))}?"


def _english_topic(fact: Fact, name: TableName) -> str:
    """Return what a fact of an English table tells: "the price of Room A in “Fees”"."""
    subject, where = ", ".join(fact.subject), name.caption or name.owner
    is_own = bool(set(fact.kind.lower().split()) & set(subject.lower().split()))
    kind = f"{fact.kind} " if fact.kind and len(fact.kind) <= _MAX_ENGLISH_KIND and not is_own else ""
    key = "total" if is_total(fact.key) else fact.key
    is_count = is_number(fact.value) and not fact.unit and not _ENGLISH_MEASURE.search(fact.key)
    of_subject = f"{' figure for' if is_count else ' of'} {kind}{subject}" if subject else ""
    return f"the {key}{of_subject}" + (f" in “{where}”" if where else "")


def yes_or_no(fact: Fact, name: TableName) -> tuple[str, str] | None:
    """Return the question and the answer for a tick or a cross, or None where the words for it are not known."""
    if not is_korean(fact.key) or not fact.subject:
        return None
    where, own = place_of(fact, name, in_full=True), _subject(fact).removesuffix("에 해당하는")
    subject = f"{where}{own}"
    key = re.sub(r"\s?(?:여부|유무|사항|대상|서류)$", "", fact.key)
    for word, question, yes, no in _TICKED:
        if re.search(f"{word}$", key):
            topic = with_particle(
                f"{subject}의 {key.removesuffix('가능').strip()}".removesuffix("의 ") if word == "가능" else subject,
                "은/는",
            )
            forms = {"topic": topic, "topic_object": with_particle(subject, "을/를"), "verb": key.split()[-1]}
            return question.format(**forms), (yes if says_yes(fact.value) else no).format(**forms)
    if re.search("서류|제출", f"{fact.kind}{name.caption}"):
        answer = "네, 제출해야 합니다." if says_yes(fact.value) else "아니요, 제출하지 않아도 됩니다."
        return f"{where}{_quoted(fact.key)}의 경우 {with_particle(own, '을/를')} 제출해야 하나요?", answer
    if _is_of_series(fact):
        return _open_or_not(fact, name, subject)
    answer = "네, 해당합니다." if says_yes(fact.value) else "아니요, 해당하지 않습니다."
    return f"{with_particle(subject, '은/는')} {_quoted(fact.key)}에 해당하나요?", answer


def _open_or_not(fact: Fact, name: TableName, subject: str) -> tuple[str, str] | None:
    """Ask for a day or a month that is ticked, by what the caption says is done then: 내과는 월요일에 진료하나요?"""
    done = _DONE.search(name.caption)
    if not done:
        return None
    answer = f"네, {done[0]}합니다." if says_yes(fact.value) else f"아니요, {done[0]}하지 않습니다."
    return f"{with_particle(subject, '은/는')} {fact.key}에 {done[0]}하나요?", answer


def reversed_question(fact: Fact, name: TableName) -> str | None:
    """Ask for the subject by the value; None where the words for that are not known."""
    if len(fact.subject) == 1 and fact.kind and name.is_english:
        return _english_reversed_question(fact, name)
    if len(fact.subject) != 1 or not is_korean(fact.key) or not is_korean(fact.kind):
        return None
    where = name.owner if name.owner and len(name.owner) <= _MAX_OWNER_BESIDE_CAPTION else name.caption or name.owner
    where = "" if where == fact.kind else where
    value = answer_of(fact, fact.value.strip())
    value = value if any(map(str.isdigit, value)) or " " not in value else f"'{value}'"
    topic = with_particle(f"{with_particle(fact.key, '이/가')} {value}인 {fact.kind}", "은/는")
    return f"{_quoted(where)}에서 {topic} {asks_for(fact.kind)}?" if where else f"{topic} {asks_for(fact.kind)}?"


def _english_reversed_question(fact: Fact, name: TableName) -> str | None:
    where = name.caption or name.owner
    if is_korean(fact.kind + fact.key) or len(fact.kind) > _MAX_ENGLISH_KIND or not where:
        return None
    value = answer_of(fact, fact.value.strip())
    return f"In “{where}”, which {singular(in_lower_case(fact.kind))} has the {in_lower_case(fact.key)} {value}?"
