"""Questions with a question word in place of one part of a clause: how much, where to, who, where, why, how, when."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from pagetune.build_qa.sentences.amounts import Amount, amounts
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question
from pagetune.text.korean import has_final_consonant, interrogative


class Question(NamedTuple):
    """A question without its mark. `says` is put before the answer: "아니요"."""

    text: str
    topic: str | None = None
    says: str = ""


#: Questions that repeat nearly the whole sentence are awkward when they are longer.
MAX_REPEATING = 85


def part_questions(clause: Clause) -> Iterator[Question]:
    """Ask for each part of the clause that can be asked for."""
    for ask in (
        _amounts,
        _recipient,
        _agent,
        _place,
        _cause,
        _manner,
        _means,
        _case,
        _division,
        _contents,
        _dependence,
        _members,
    ):
        yield from ask(clause)


def _fill(clause: Clause, start: int, end: int, word: str) -> Question:
    """Ask the clause with `word` in place of characters `start` to `end`."""
    return Question(as_question(Clause(clause.text[:start] + word + _fit_particle(word, clause.text[end:]))))


def _fit_particle(word: str, rest: str) -> str:
    """Return what follows `word` with its particle as `word` needs it: 5만원을 -> 얼마를, 수요일에 -> 언제."""
    if word == "언제":
        rest = re.sub(r"^에는?(?=\s)", "", rest)
    if has_final_consonant(word):
        return rest
    return re.sub(r"^(?:을|이|은|과|으로)(?=\s|$)", lambda match: _AFTER_VOWEL[match.group()], rest)


_AFTER_VOWEL = {"을": "를", "이": "가", "은": "는", "과": "와", "으로": "로"}


def _amounts(clause: Clause) -> Iterator[Question]:
    """Ask for each amount: 30일 전까지 -> 며칠 전까지."""
    found = list(amounts(clause.text))
    if clause.topic is not None and interrogative(clause.topic_noun) == "어디":
        return
    both_ends = list(_range(clause, found))
    yield from both_ends
    if not both_ends and not _is_parallel(clause, found):
        for one in found:
            is_topic = one.start < clause.topic_end <= one.end + 1
            if not (is_topic or _is_one_of_two(clause.text, found, one) or _is_far_inside(clause, one)):
                yield _about_amount(clause, one)


_BETWEEN = re.compile(r"\s?(?:이상|부터|에서|초과)\s(?:다음\s?날\s)?")


def _range(clause: Clause, found: list[Amount]) -> Iterator[Question]:
    """Ask for both ends of a range: 5명 이상 9명 이하 -> 몇 명 이상 몇 명 이하."""
    if len(found) == 2 and found[0].word == found[1].word:
        one, other = found
        between = clause.text[one.end : other.start]
        is_set = _SET.match(clause.text[other.end :])
        if _BETWEEN.fullmatch(between) and is_set:
            yield Question(f"{clause.text[: one.start]}{one.word}{between}{other.word}{is_set[1] or ''}인가요")
        elif _BETWEEN.fullmatch(between):
            yield _fill(clause, one.start, other.end, f"{one.word}{between}{other.word}")


def _is_far_inside(clause: Clause, amount: Amount) -> bool:
    """Tell whether the amount is in a clause inside this one, far from the predicate."""
    embeds = any(word.role == "adnominal" and word.start > amount.end for word in clause.words[: clause.predicate])
    return embeds and clause.predicate_start - amount.end > _FAR


def _is_parallel(clause: Clause, found: list[Amount]) -> bool:
    """Tell whether the clause says several things at once: 전용실은 6개월, 지정석은 1개월."""
    between = [clause.text[one.end : other.start] for one, other in pairwise(found)]
    joined = [word for word in clause.words[:-1] if word.joins]
    goes_on = any(word.text.endswith(",") for word in joined) or "거나," in clause.text
    return goes_on or (len(found) > 1 and (any("," in text for text in between) or bool(joined)))


def _is_one_of_two(text: str, found: list[Amount], amount: Amount) -> bool:
    """Tell whether the amount is one end of a range, or one of two amounts that exclude each other."""
    gaps = [max(other.start - amount.end, amount.start - other.end) for other in found if other is not amount]
    before, after = text[max(0, amount.start - 4) : amount.start], text[amount.end : amount.end + 8]
    is_near = any(gap < 6 for gap in gaps) and not re.match(r"마다|에", text[amount.end :])
    return is_near or re.search(r"또는|내지|^[과와] ", before + "|" + after) is not None or after[:2] in ("과 ", "와 ")


#: Nobody asks for a part that is further than this from the predicate.
_FAR = 45
_SET = re.compile(r"(\s?(?:이상|이하|이내|초과|미만|까지))?(?:으로|로)\s(?:한|하며|하고|하되|합니)\S*$")


def _about_amount(clause: Clause, amount: Amount) -> Question:
    """Ask for one amount. What is "3,000원으로 한다" is asked by "얼마인가요"."""
    text, between = clause.text, clause.text[clause.topic_end : amount.start].strip()
    topic = clause.topic_noun if clause.topic_noun and not between and clause.topic_end < amount.start else None
    is_set = _SET.match(text[amount.end :])
    if is_set:
        return Question(f"{text[: amount.start]}{amount.word}{is_set[1] or ''}인가요", topic)
    return _fill(clause, amount.start, amount.end, amount.word)._replace(topic=topic)


#: Verbs with somebody, or an office, whom something is handed in to or told.
_RECIPIENT = re.compile(
    r"제출|신고|보고|신청|등록|통보|통지|고지|반납|납부|문의|알리|알려|전달|송부|제공|위탁|청구|접수|공고|게시|공시|회부|"
    r"요청|상의|맡기|맡겨|내야|내어야|비치|보관|설치"
)
_NOT_A_PLACE = re.compile(
    r"(?:때|날|일|월|년|전|후|뒤|경우|내|이내|시|요일|기간|동안|중|사이|분기|시점|당시|초|말|안|방법|기준|절차|바|외|밖|한|상|정도|관계|"
    r"대상|규정|계약|조건|취지|목적|원칙)에(?:게)?$"
)


def _recipient(clause: Clause) -> Iterator[Question]:
    """Ask where to, or whom, something is handed in or told: 재무팀에 내야 한다 -> 어디에 내야 하나요."""
    if clause.mood in ("must_not", "cannot") or not _RECIPIENT.search(clause.text[clause.predicate_start :]):
        return
    for n in clause.own_words():
        word = clause.words[n]
        last = word.last_form
        if word.role == "adverbial" and last in ("에", "에게") and not _NOT_A_PLACE.search(word.text):
            asked = "누구에게" if last == "에게" else "어디에"
            yield from _about_described_place(clause, n) or _about_phrase(clause, n, asked)
            return


def _about_described_place(clause: Clause, n: int) -> list[Question]:
    """Ask for a place that a clause describes: 액체는 환기가 잘되는 곳에 보관한다 -> 어디에 보관하나요."""
    if clause.words[n].text not in ("곳에", "장소에") or clause.topic is None:
        return []
    before = [m for m in range(clause.topic, n) if clause.words[m].role in ("topic", "object", "connective")]
    return [_fill(clause, clause.words[before[-1]].end + 1, clause.words[n].end, "어디에")]


def _about_phrase(clause: Clause, last: int, word: str) -> Iterator[Question]:
    first = _phrase_start(clause, last)
    if first is not None:
        yield _fill(clause, clause.words[first].start, clause.words[last].end, word)


#: Words that hang one noun phrase on the next: …법 제3조에 따른, …에 관한, …을 위한.
LIGHT = ("따른", "의한", "관한", "대한", "위한")


def _phrase_start(clause: Clause, last: int) -> int | None:
    """Return the index of the first word of the noun phrase that word `last` ends, or None where that is in doubt."""
    words, first = clause.words, last
    while first > 0 and not words[first - 1].text.endswith(","):
        if words[first - 1].text in LIGHT and first > 1:
            first -= 2
        elif words[first - 1].role in ("genitive", "noun"):
            first -= 1
        else:
            break
    counts = words[last].body[0].tag == "SN" or (first < last and words[last - 1].body[0].tag == "MM")
    return None if counts or (first > 0 and _goes_on(clause, first - 1)) else first


def _goes_on(clause: Clause, n: int) -> bool:
    """Tell whether the phrase after word `n` may begin before it: at a relative clause, or in a list."""
    word = clause.words[n]
    is_listed = word.text.endswith(("과", "와", ",")) and not (word.joins or n == clause.topic)
    return word.role in ("adnominal", "other") or is_listed


_ACTOR = re.compile(
    r"(?:위원회|위원장|장관|청장|시장|군수|구청장|총장|교장|사장|본부장?|팀장?|부장|과장|실장|센터장?|기관|업자|은행|원장|관리자|"
    r"회사|학생|학교|병원|고객|가맹점|주체|조합|담당자|책임자|국가|정부|지방자치단체|협회|이사회|총회|법원|공단|공사|매니저|의사|간호사|교사|데스크|사무국|감독원|진흥원|처장|"
    r"관장|소장|회장|대표|이사장|법인|[가-힣]{2}(?<!결)(?<!효)과|[가-힣]{2}(?<!일)(?<!전)(?<!여)(?<!내)(?<!외)(?<!세)(?<!납)부|"
    r"(?:관제|보호|관리|기획|감사|행정|상담|법무|총무)실)$"
)


def _agent(clause: Clause) -> Iterator[Question]:
    """Ask who does it: 시설의 운영은 본부가 맡는다 -> 시설의 운영은 누가 맡나요."""
    for n in clause.own_words():
        word = clause.words[n]
        is_other = clause.topic is not None or bool(clause.conditions)
        if word.role == "subject" and is_other and is_somebody(word.text[:-1]):
            yield from _about_phrase(clause, n, "누가")
            return


def _place(clause: Clause) -> Iterator[Question]:
    """Ask where: 안내데스크에서 발급한다 -> 어디에서 발급하나요."""
    n = clause.predicate - 1
    if clause.topic is not None and n > clause.topic and clause.words[n].last_form == "에서":
        yield from _about_phrase(clause, n, "어디에서")


_CAUSE = re.compile(r"\S*때문에,?|인하여,?|인해,?")


def _cause(clause: Clause) -> Iterator[Question]:
    """Ask why: T는 …때문에 P -> T는 왜 P."""
    if clause.topic is None or clause.conditions:
        return
    for n in clause.own_words():
        if _CAUSE.fullmatch(clause.words[n].text):
            yield _fill(clause, clause.topic_end + 1, clause.words[n].end, "왜")
            return


_MANNER = re.compile(r"정하는 (?:바|방법|절차|기준)에 따라(?:서)?$|정하는 방법으로$")


def _manner(clause: Clause) -> Iterator[Question]:
    """Ask how: 신원을 대통령령으로 정하는 바에 따라 확인하여야 한다 -> 신원을 어떻게 확인해야 하나요."""
    before = clause.text[: clause.predicate_start].rstrip()
    objects = [word for word in clause.words[: clause.predicate] if word.role == "object"]
    if clause.topic is not None and objects and _MANNER.search(before, objects[-1].end):
        yield _fill(clause, objects[-1].end + 1, len(before), "어떻게")


_HANDED = re.compile(r"제출|신청|접수|예약|납부|발송|통지|통보|알리|알려|지급|송부|발급|공고|공지|안내|결제|신고")
_NOT_A_MEANS = re.compile(
    r"(?:적|별도|무료|추가|임의|서로|실제|주|수시|상시|정기|우선|단독|공동|원칙|기준|순|바|이상|이하|이내|까지)으?로$"
)


def _means(clause: Clause) -> Iterator[Question]:
    """Ask how something is handed in or told: 응시 원서는 우편으로 제출한다 -> 어떻게 제출하나요."""
    n = clause.predicate - 1
    if clause.topic is None or n <= clause.topic or not _HANDED.match(clause.text, clause.predicate_start):
        return
    if clause.words[n].last_form in ("으로", "로") and not _NOT_A_MEANS.search(clause.words[n].text):
        yield from _about_phrase(clause, n, "어떻게")


#: In which case one must do something is asked where what one must do is as short as this.
_MAX_DUTY = 40


def _case(clause: Clause) -> Iterator[Question]:
    """Ask in which case: 회사는 …한 경우에는 가입을 거절할 수 있다 -> 회사는 어떤 경우에 가입을 거절할 수 있나요."""
    if len(clause.conditions) != 1 or clause.topic is None or clause.mood == "must_not":
        return
    n = clause.conditions[0]
    if clause.mood == "must" and len(clause.text) - clause.words[n].end > _MAX_DUTY:
        return
    has_object = any(word.role == "object" for word in clause.words[n:])
    points = re.search(r"\s(?:이를|그|해당)\s", clause.text[clause.words[n].end :])
    if points or any(word.joins and word.text.endswith(",") for word in clause.words[:n]):
        return
    if clause.topic < n and has_object and clause.predicate - n > 2 and re.match(r"경우|때", clause.words[n].text):
        yield _fill(clause, clause.topic_end + 1, clause.words[n].end, "어떤 경우에")


#: A shorter word is one of the two or three whom all the rules are about: 회사, 이용자, 직원.
_MIN_SOMEBODY = 4
#: What somebody does is told in more characters than these.
_MIN_DEED = 20
#: Nouns for people, and nouns that only end like them.
_PERSON = re.compile(
    r"[가-힣]{2,}(?:자|인|원|사|주|등)(?<!투자)(?<!이자)(?<!숫자)(?<!문자)(?<!원인)(?<!요인)(?<!확인)(?<!승인)(?<!할인)(?<!지원)(?<!자원)"
    r"(?<!인원)(?<!병원)(?<!정원)(?<!행사)(?<!검사)(?<!조사)(?<!심사)(?<!감사)(?<!공사)(?<!기사)(?<!의사)$"
)


_DIVIDES = re.compile(r"(?:처리|구분|분류|구성|나뉘|나누|나눌|나눈|이루어|대별)")


def _division(clause: Clause) -> Iterator[Question]:
    """Ask what something consists of: 실태평가는 1등급, 2등급, 3등급으로 구분한다 -> 어떻게 구분하나요."""
    n = clause.predicate - 1
    if clause.topic is None or n <= clause.topic or not _DIVIDES.match(clause.text, clause.predicate_start):
        return
    is_list = all(word.role in ("noun", "genitive") for word in clause.words[clause.topic + 1 : n])
    if clause.words[n].last_form in ("으로", "로") and is_list and not any(w.joins for w in clause.words[:n]):
        yield _fill(clause, clause.topic_end + 1, clause.words[n].end, "어떻게")


def _contents(clause: Clause) -> Iterator[Question]:
    """Ask what something includes: 센서부는 압력 센서와 온도 센서를 포함한다 -> 무엇을 포함하나요."""
    n = clause.predicate - 1
    if clause.topic is None or n <= clause.topic or not clause.text.startswith("포함", clause.predicate_start):
        return
    is_list = all(word.role in ("noun", "genitive", "adverbial") for word in clause.words[clause.topic + 1 : n])
    if clause.words[n].role == "object" and is_list and n - clause.topic > 1:
        yield _fill(clause, clause.topic_end + 1, clause.words[n].end, "무엇을")


def _dependence(clause: Clause) -> Iterator[Question]:
    """Ask what something depends on: 요금은 사용량과 거리에 따라 달라진다 -> 무엇에 따라 달라지나요."""
    n = clause.predicate - 1
    if clause.topic is None or n - 1 <= clause.topic or clause.words[n].text not in ("따라", "따라서"):
        return
    is_list = all(word.role in ("noun", "genitive") for word in clause.words[clause.topic + 1 : n - 1])
    if is_list and clause.words[n - 1].text.endswith("에"):
        yield _fill(clause, clause.topic_end + 1, clause.words[n - 1].end, "무엇에")


_MEMBERS = re.compile(r"(.{4,50}?(?:에는|로는)) .{6,}[이가] (?:있다|있습니다|포함된다|포함됩니다|해당한다|해당합니다)$")


def _members(clause: Clause) -> Iterator[Question]:
    """Ask what belongs to something: 제출 서류에는 신청서, 신분증 사본 등이 있다 -> 어떤 것이 있나요."""
    found = _MEMBERS.match(clause.text)
    if found and re.search(r",|및| 등", clause.text[found.end(1) :]) and not clause.conditions:
        yield Question(f"{found[1]} 어떤 것이 있나요")


_CHOOSES = re.compile(r"(?:결정|선정|선발|선출|호선|지정|임명|위촉|정하|정한|뽑|가리|선임)")


def _is_chosen(clause: Clause) -> bool:
    """Tell whether the topic may be whom somebody else chooses: 낙찰자는 점수를 합산하여 결정한다."""
    chooses = _CHOOSES.match(clause.text, clause.predicate_start)
    return chooses is not None and clause.words[clause.predicate - 1].role != "object"


def is_somebody(noun: str) -> bool:
    """Tell whether a noun is a person or an office."""
    return _ACTOR.search(noun) is not None or _PERSON.search(noun) is not None


def who_questions(clause: Clause) -> Iterator[Question]:
    """Ask who must, may or does something, where the topic is an office: 시설관리팀은 …한다 -> 누가 …하나요."""
    words, topic = clause.words, clause.topic
    if topic is None or clause.conditions or len(clause.text) > MAX_REPEATING:
        return
    if not is_somebody(clause.topic_noun) or len(clause.topic_noun) < _MIN_SOMEBODY:
        return
    is_plain = not any(word.role in ("adnominal", "adverbial", "connective") for word in words[:topic])
    has_subject = any(words[n].role == "subject" for n in clause.own_words())
    if words[topic + 1].role == "adnominal" or has_subject or _is_chosen(clause):
        return
    has_object = any(one.role == "object" and other.role != "adnominal" for one, other in pairwise(words))
    if is_plain and has_object and topic <= 4 < len(words) - topic and len(clause.text) - clause.topic_end > _MIN_DEED:
        yield _fill(clause, 0, clause.topic_end, "누가")
