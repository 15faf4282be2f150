"""Questions with a question word in place of one part of a clause: where to, who, where, why, how, in which case."""

import re
from collections.abc import Iterator

from pagetune.build_qa.sentences.amount_questions import amount_questions
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question
from pagetune.build_qa.sentences.people import is_somebody
from pagetune.build_qa.sentences.question import Question, fill


def part_questions(clause: Clause) -> Iterator[Question]:
    """Ask for each part of the clause that can be asked for."""
    for ask in (
        amount_questions,
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
        _set_up,
        _appointed,
    ):
        yield from ask(clause)


#: Verbs with somebody, or an office, whom something is handed in to or told.
_RECIPIENT = re.compile(
    r"제출|신고|보고|신청|등록|통보|통지|고지|반납|납부|문의|알리|알려|전달|송부|제공|위탁|청구|접수|공고|게시|공시|회부|"
    r"요청|상의|맡기|맡겨|내야|내어야|비치|보관|설치"
)
#: What ends like a place, and says how far something goes or under what: 예산의 범위에서.
_NOT_A_WHERE = re.compile(
    r"(?:범위|한도|내|안|중|면|관점|측면|차원|과정|단계|상태|입장|조건|원칙|수준|전제|선|가운데|사항|대상|항목|내용|목록)에서$"
)
_NOT_A_PLACE = re.compile(
    r"(?:때|날|일|월|년|전|후|뒤|경우|내|이내|시|요일|기간|동안|중|사이|분기|시점|당시|초|말|안|방법|기준|절차|바|외|밖|한|상|정도|관계|"
    r"대상|규정|계약|조건|취지|목적|원칙)에(?:게)?$"
)


#: Somebody else, whom nobody asks for.
_ANYBODY = re.compile(r"(?:제3자|타인|다른\s사람|상대방|누구|당사자|본인)에(?:게)?$")


def _recipient(clause: Clause) -> Iterator[Question]:
    """Ask where to, or whom, something is handed in or told: 재무팀에 내야 한다 -> 어디에 내야 하나요."""
    if clause.mood in ("must_not", "cannot") or not _RECIPIENT.search(clause.text[clause.predicate_start :]):
        return
    for n in clause.own_words():
        word = clause.words[n]
        last = word.last_form
        if (
            word.role == "adverbial"
            and last in ("에", "에게")
            and not _NOT_A_PLACE.search(word.text)
            and not _ANYBODY.search(word.text)
        ):
            asked = "누구에게" if last == "에게" else "어디에"
            yield from _about_described_place(clause, n) or _about_phrase(clause, n, asked)
            return


def _about_described_place(clause: Clause, n: int) -> list[Question]:
    """Ask for a place that a clause describes: 액체는 환기가 잘되는 곳에 보관한다 -> 어디에 보관하나요."""
    if clause.words[n].text not in ("곳에", "장소에") or clause.topic is None:
        return []
    before = [m for m in range(clause.topic, n) if clause.words[m].role in ("topic", "object", "connective")]
    return [fill(clause, clause.words[before[-1]].end + 1, clause.words[n].end, "어디에")]


def _about_phrase(clause: Clause, last: int, word: str) -> Iterator[Question]:
    first = _phrase_start(clause, last)
    if first is not None:
        yield fill(clause, clause.words[first].start, clause.words[last].end, word)


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
    if (
        clause.topic is not None
        and n > clause.topic
        and clause.words[n].last_form == "에서"
        and not _NOT_A_WHERE.search(clause.words[n].text)
    ):
        yield from _about_phrase(clause, n, "어디에서")


_CAUSE = re.compile(r"\S*때문에,?|인하여,?|인해,?")


def _cause(clause: Clause) -> Iterator[Question]:
    """Ask why: T는 …때문에 P -> T는 왜 P."""
    if clause.topic is None or clause.conditions:
        return
    for n in clause.own_words():
        if _CAUSE.fullmatch(clause.words[n].text):
            yield fill(clause, clause.topic_end + 1, clause.words[n].end, "왜")
            return


_MANNER = re.compile(r"정하는 (?:바|방법|절차|기준)에 따라(?:서)?$|정하는 방법으로$")


def _manner(clause: Clause) -> Iterator[Question]:
    """Ask how: 신원을 대통령령으로 정하는 바에 따라 확인하여야 한다 -> 신원을 어떻게 확인해야 하나요."""
    before = clause.text[: clause.predicate_start].rstrip()
    objects = [word for word in clause.words[: clause.predicate] if word.role == "object"]
    if clause.topic is not None and objects and _MANNER.search(before, objects[-1].end):
        yield fill(clause, objects[-1].end + 1, len(before), "어떻게")


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
    if len(clause.conditions) != 1 or clause.topic is None or clause.mood in ("must_not", "plain"):
        return
    n = clause.conditions[0]
    if clause.mood == "must" and len(clause.text) - clause.words[n].end > _MAX_DUTY:
        return
    has_object = any(word.role == "object" for word in clause.words[n:])
    points = re.search(r"\s(?:이를|그|해당)\s", clause.text[clause.words[n].end :])
    if points or any(word.joins and word.text.endswith(",") for word in clause.words[:n]):
        return
    if clause.topic < n and has_object and clause.predicate - n > 2 and re.match(r"경우|때", clause.words[n].text):
        yield fill(clause, clause.topic_end + 1, clause.words[n].end, "어떤 경우에")


#: The number of the parts without the parts: 총 4가지로.
_COUNTED = re.compile(
    r"(?:총|크게|모두|다음)?\s?(?:\d+|[한두세네]|다섯|여섯)\s?(?:개의?|가지|단계|종류?|부분|영역|분야)?\s?[가-힣]{0,4}로"
)
_DIVIDES = re.compile(r"(?:의결|개의|처리|구분|분류|구성|나뉘|나누|나눌|나눈|이루어|대별)")


def _division(clause: Clause) -> Iterator[Question]:
    """Ask what something consists of: 실태평가는 1등급, 2등급, 3등급으로 구분한다 -> 어떻게 구분하나요."""
    n = clause.predicate - 1
    if clause.topic is None or n <= clause.topic or not _DIVIDES.match(clause.text, clause.predicate_start):
        return
    is_list = all(word.role in ("noun", "genitive") for word in clause.words[clause.topic + 1 : n])
    only_counts = _COUNTED.fullmatch(clause.text[clause.topic_end : clause.words[n].end].strip()) is not None
    is_list = is_list and not only_counts
    if clause.words[n].last_form in ("으로", "로") and is_list and not any(w.joins for w in clause.words[:n]):
        yield fill(clause, clause.topic_end + 1, clause.words[n].end, "어떻게")


def _contents(clause: Clause) -> Iterator[Question]:
    """Ask what something includes: 센서부는 압력 센서와 온도 센서를 포함한다 -> 무엇을 포함하나요."""
    n = clause.predicate - 1
    if clause.topic is None or n <= clause.topic or not clause.text.startswith("포함", clause.predicate_start):
        return
    is_list = all(word.role in ("noun", "genitive", "adverbial") for word in clause.words[clause.topic + 1 : n])
    if clause.words[n].role == "object" and is_list and n - clause.topic > 1:
        yield fill(clause, clause.topic_end + 1, clause.words[n].end, "무엇을")


def _dependence(clause: Clause) -> Iterator[Question]:
    """Ask what something depends on: 요금은 사용량과 거리에 따라 달라진다 -> 무엇에 따라 달라지나요."""
    n = clause.predicate - 1
    if clause.topic is None or n - 1 <= clause.topic or clause.words[n].text not in ("따라", "따라서"):
        return
    is_list = all(word.role in ("noun", "genitive") for word in clause.words[clause.topic + 1 : n - 1])
    if is_list and clause.words[n - 1].text.endswith("에"):
        yield fill(clause, clause.topic_end + 1, clause.words[n - 1].end, "무엇에")


_MEMBERS = re.compile(r"(.{4,50}?(?:에는|로는)) .{6,}[이가] (?:있다|있습니다|포함된다|포함됩니다|해당한다|해당합니다)$")


def _members(clause: Clause) -> Iterator[Question]:
    """Ask what belongs to something: 제출 서류에는 신청서, 신분증 사본 등이 있다 -> 어떤 것이 있나요."""
    found = _MEMBERS.match(clause.text)
    if found and re.search(r",|및| 등", clause.text[found.end(1) :]) and not clause.conditions:
        yield Question(f"{found[1]} 어떤 것이 있나요")


_SET_UP = re.compile(
    r"(.{4,60}?(?:위하여|위해),?) .{4,}[을를] (?:(?:둘|설치할|설립할) 수 있|둔|둡니|설치한|설치합니|설립한|설립합니)다$"
)


def _set_up(clause: Clause) -> Iterator[Question]:
    """Ask what is set up for a purpose: 분쟁의 조정을 위하여 분쟁조정위원회를 둔다 -> 무엇을 두나요."""
    found = _SET_UP.fullmatch(clause.text)
    own = clause.words[clause.predicate - 1] if clause.predicate else None
    if found and own and own.role == "object" and not re.search(r"[가-힣]고 ", clause.text[found.end(1) :]):
        yield Question(as_question(Clause(f"{found[1]} 무엇을 {clause.text[clause.predicate_start :]}")))


_AS_WHOM = re.compile(r"(\S.*[은는]) (\S.*)(?:으로|로) (?:한다|하며|하고|하되|합니다)$")


def _appointed(clause: Clause) -> Iterator[Question]:
    """Ask who is to be something: 위원회의 장은 정보보호최고책임자로 한다 -> 누구로 하나요."""
    found = _AS_WHOM.fullmatch(clause.text)
    if (
        found
        and clause.topic_end == found.end(1)
        and re.search(r"(?:^|\s)(?:자|사람)$|책임자$|장$|위원$|공무원$", found[2])
    ):
        yield Question(f"{found[1]} 누구로 하나요")
