"""Which nouns are people or offices, and the questions for who does something."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question
from pagetune.build_qa.sentences.question import Question, fill
from pagetune.text.korean import with_particle

#: Questions that repeat nearly the whole sentence are awkward when they are longer.
_MAX_REPEATING = 85
_ACTOR = re.compile(
    r"(?:위원회|협의회|심의회|평의회|의회|(?:^|\s)장|위원장|장관|청장|시장|군수|구청장|총장|교장|사장|본부장?|팀장?|부장|과장|실장|센터장?|(?<![배흡동증])기관|업자|은행|원장|관리자|"
    r"회사|학생|학교|병원|고객|가맹점|주체|조합|담당자|책임자|국가|정부|지방자치단체|협회|이사회|총회|법원|공단|공사|매니저|의사|간호사|교사|데스크|사무국|감독원|진흥원|처장|"
    r"(?:^|\s)(?:사|직|회|임|위|의|교|조합|교직|공무)원|부서장|국장|단장|학장|반장|지점장|의장|관장|소장|회장|대표|이사장|법인|[가-힣]{2}(?<!결)(?<!효)과|[가-힣]{2}(?<!일)(?<!전)(?<!여)(?<!내)(?<!외)(?<!세)(?<!납)부|"
    r"(?:관제|보호|관리|기획|감사|행정|상담|법무|총무)실)$"
)
#: A shorter word is one of the two or three whom all the rules are about: 회사, 이용자, 직원.
_MIN_SOMEBODY = 4
#: What somebody does is told in more characters than these.
_MIN_DEED = 20
#: Nouns for people, and nouns that only end like them.
_PERSON = re.compile(
    r"[가-힣]{2,}(?:자|인|원|사|주|등)(?<!투자)(?<!이자)(?<!숫자)(?<!문자)(?<!원인)(?<!요인)(?<!확인)(?<!승인)(?<!할인)(?<!지원)(?<!자원)"
    r"(?<!인원)(?<!병원)(?<!정원)(?<!행사)(?<!검사)(?<!조사)(?<!심사)(?<!감사)(?<!공사)(?<!기사)(?<!의사)$"
)


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
    if topic is None or clause.conditions or len(clause.text) > _MAX_REPEATING:
        return
    if not is_somebody(clause.topic_noun) or len(clause.topic_noun) < _MIN_SOMEBODY:
        return
    is_plain = not any(word.role in ("adnominal", "adverbial", "connective") for word in words[:topic])
    has_subject = any(words[n].role == "subject" for n in clause.own_words())
    if words[topic + 1].role == "adnominal" or has_subject or _is_chosen(clause):
        return
    has_object = any(one.role == "object" and other.role != "adnominal" for one, other in pairwise(words))
    if is_plain and has_object and topic <= 4 < len(words) - topic and len(clause.text) - clause.topic_end > _MIN_DEED:
        yield _with_deed_first(clause) or fill(clause, 0, clause.topic_end, "누가")


def _with_deed_first(clause: Clause) -> Question | None:
    """Ask with the object as the topic: 소화기의 점검은 누가 해야 하나요; None where more than that is done."""
    found = clause.words[clause.predicate - 1]
    between = clause.words[(clause.topic or 0) + 1 : clause.predicate - 1]
    if found.role != "object" or any(word.role in ("connective", "subject", "other") for word in between):
        return None
    what = with_particle(clause.text[clause.topic_end + 1 : found.end][:-1], "은/는")
    return Question(as_question(Clause(f"{what} 누가{clause.text[found.end :]}")))
