"""Questions that the rest of a clause answers: what one has to do, what happens, what one is punished with."""

import re
from collections.abc import Iterator

from pagetune.build_qa.sentences.amounts import amounts
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import with_stem
from pagetune.build_qa.sentences.part_questions import part_questions
from pagetune.build_qa.sentences.people import is_somebody, who_questions
from pagetune.build_qa.sentences.question import Question
from pagetune.build_qa.sentences.words import Word
from pagetune.text.korean import interrogative, with_particle

_PENALTY = re.compile(r"(?:징역|벌금|금고|과료|몰수)[^.]*처(?:한다|합니다)$|벌금형을 과한다$")
_FINE = re.compile(
    r"(.*(?:자|사람|기관|회사|법인|단체|경우|때)에)(?:게)?는?\s.*과태료를\s부과(?:한다|합니다|할 수 있다)$"
)
#: Nouns that do not say what they belong to.
_BARE = re.compile(
    r"(?:해제|변경|신청|회의|내용|사항|기간|금액|대상|범위|방법|절차|기준|결과|이유|비용|서류|위원|위원회|위원장|시기|횟수|기한|이자|조치|"
    r"업무|규정|평가|발명|제품|사업|서비스|시스템|기기|장치|행사|심사|신고|승인|등록|통지|공고|처리|지급|납부|구성|임기|간사|의장|사람|자|것)"
)


def questions(clause: Clause) -> list[Question]:
    """Return the questions about a clause, the best first."""
    if len(clause.words) < 2 or not _is_about_something(clause):
        return []
    if _FOLLOWS.search(clause.text):
        return []
    punished = list(_penalty(clause))
    if punished:
        return punished
    if _DEFINES.search(clause.text):
        return list(_meaning(clause))
    if _is_denied(clause) and not list(amounts(clause.text)):
        return list(_forbidden(clause))
    found = [*_purpose(clause), *_meaning(clause), *part_questions(clause)]
    for ask in (_consequence, _in_order_to):
        found += ask(clause)
    return found or [*_forbidden(clause), *_duty(clause), *who_questions(clause), *_allowed(clause)][:1]


#: A clause that only says that something else holds: 별도로 정한 경우에는 그 기준에 따른다.
_FOLLOWS = re.compile(
    r"(?:그|해당|별도의) [가-힣]+(?:에|을|를) (?:따른|따릅니|의한|의합니|적용한|적용합니|준용한|준용합니)다$"
)
#: Things that were named before, and are only counted here: 두 값은.
_COUNTS = re.compile(r"(?:두|세|네|다섯|양|각각의) [가-힣]+$")


def _is_about_something(clause: Clause) -> bool:
    """Tell whether the clause has a topic that says something, a subject, or an object before its first condition."""
    if clause.topic is not None:
        return not _BARE.fullmatch(clause.topic_noun) and not _COUNTS.match(clause.topic_noun)
    before = clause.words[: clause.conditions[0] if clause.conditions else len(clause.words)]
    tells = ("subject", "object", "adverbial") if clause.conditions else ("subject", "object")
    return any(word.role in tells for word in before)


def _penalty(clause: Clause) -> Iterator[Question]:
    """Ask what one is punished with: …한 자는 3년 이하의 징역에 처한다 -> …한 자는 어떤 처벌을 받나요."""
    fine = _FINE.match(clause.text)
    if fine:
        yield Question(
            f"{fine[1]}{'는' if fine[1].endswith(('경우에', '때에')) else '게는'} 과태료가 얼마나 부과되나요"
        )
    elif clause.topic is not None and _PENALTY.search(clause.text):
        yield Question(f"{clause.text[: clause.topic_end]} 어떤 처벌을 받나요")


_PURPOSE = re.compile(
    r"(?:하기|을|를) 위한 것(?:이다|입니다)$|(?:을|를) 목적으로 (?:한다|합니다|하고 있다)$|데 목적이 있(?:다|습니다)$"
)


def _purpose(clause: Clause) -> Iterator[Question]:
    """Ask what something is for: …을 목적으로 한다 -> …의 목적은 무엇인가요."""
    if clause.topic is not None and _PURPOSE.search(clause.text):
        topic = f"{clause.topic_noun}의 목적"
        yield Question(f"{topic}은 무엇인가요", topic)


_DEFINES = re.compile(r"(?:[을를]|로|등을?) (?:말|뜻|의미)(?:한다|합니다)$")
_MEANING = re.compile(
    r"[“\"‘']?([^“”\"‘’']{2,30}?)[”\"’']?(?:이란|란|이라 함은|라 함은|은|는) .*"
    r"(?:[을를]|로|등을?) (?:말|뜻|의미)(?:한다|합니다)$"
)


def _meaning(clause: Clause) -> Iterator[Question]:
    """Ask what something is: X란 …을 말한다, X는 …이다."""
    found = _MEANING.match(clause.text)
    is_noun = clause.mood == "plain" and any(m.tag == "VCP" for m in clause.words[-1].body)
    if found:
        yield Question(f"{with_particle(found[1], '이란/란')} 무엇인가요", f"{found[1]}의 뜻")
    elif is_noun and clause.topic is not None and clause.words[-2].role != "subject" and not _repeats(clause):
        yield from _what_it_is(clause)


def _repeats(clause: Clause) -> bool:
    """Tell whether a clause says of something that it is that, or what it is for."""
    return clause.topic_noun in clause.text[clause.topic_end :] or _PURPOSE.search(clause.text) is not None


#: Nouns that say how something is, and nouns that say when, or that hardly say anything.
_SITUATION = re.compile(r"[는은한된인] (상황|상태|추세|입장)(?:이다|입니다)$")
_NOT_A_THING = re.compile(r" (?:실정|편|예정|계획|방침|전망|셈|때|경우|중|뿐|따름|정도|마련|바|터)(?:이다|입니다)$")
_ABOUT = re.compile(r"에 (?:관한|대한) 것(?:이다|입니다)$")


def _what_it_is(clause: Clause) -> Iterator[Question]:
    about, asked = _ABOUT.search(clause.text), interrogative(clause.topic_noun)
    situation = _SITUATION.search(clause.text)
    if situation:
        yield Question(f"{clause.text[: clause.topic_end]} 어떤 {situation[1]}인가요")
    elif _NOT_A_THING.search(clause.text):
        return
    elif about:
        yield Question(f"{clause.text[: clause.topic_end]} 무엇에 관한 것인가요")
    elif asked == "어디" or not list(amounts(clause.text)):
        yield Question(f"{clause.text[: clause.topic_end]} {asked}인가요", clause.topic_noun)


#: A longer clause is not asked with yes or no.
_MAX_FORBIDDEN = 95


def _forbidden(clause: Clause) -> Iterator[Question]:
    """Ask whether one may do what is forbidden: …할 수 없다 -> …할 수 있나요; 아니요."""
    if len(clause.text) > _MAX_FORBIDDEN:
        return
    if clause.mood == "cannot":
        yield Question(f"{clause.text[: clause.words[-1].start]}있나요", says="아니요")
    elif clause.words[-1].first_form == "못하" and clause.text[: clause.words[-1].start].endswith("지 "):
        yield Question(f"{with_stem(clause, len(clause.words) - 2, 'ᆯ')} 수 있나요", says="아니요")
    elif _is_denied(clause):
        yield Question(f"{with_stem(clause, clause.predicate, '어도')} 되나요", says="아니요")
    elif clause.mood == "must_not":
        allowed = with_stem(clause, _forbids(clause), "어도")
        if allowed:
            yield Question(f"{allowed} 되나요", says="아니요")


def _is_denied(clause: Clause) -> bool:
    """Tell whether one must not do what the only verb says: 유출하지 말 것, 설치하지 아니하여야 한다."""
    behind = clause.words[min(clause.predicate + 1, len(clause.words) - 1)].first_form
    denies = ("말", "아니하", "않") if clause.mood == "must" else ("말",)
    return behind in denies and not any(word.joins for word in clause.words[: clause.predicate])


def _allowed(clause: Clause) -> Iterator[Question]:
    """Ask whether somebody may do something: 시장은 비용을 지원할 수 있다 -> 지원할 수 있나요; 네."""
    is_one = len(clause.text) <= _MAX_FORBIDDEN and not re.search(r",|중에서\s", clause.text)
    if clause.mood == "may" and is_one and clause.topic is not None and is_somebody(clause.topic_noun):
        yield Question(f"{clause.text[: clause.words[-1].start]}있나요", says="네")


def _forbids(clause: Clause) -> int:
    """Return the index of the word that ends in …서는 or …면 before 아니 된다."""
    last = range(clause.predicate, len(clause.words))
    return next((n for n in last if any(m.tag == "EC" and m.form in ("어서", "면") for m in clause.words[n].body)), -1)


_WHAT_TO_DO = {"must": "어떻게 해야 하나요", "may": "무엇을 할 수 있나요"}


#: Conditions that say nothing, or that may belong to a clause inside another one.
_NO_CASE = re.compile(
    r"^\s?(?:\S+[이가]\s)?(?:원하는|필요한|부득이한|필요하다고 \S+) (?:경우|때)|특별한 (?:사정|사유)[이가] |"
    r"[가-힣]로서\s|[가-힣](?:고|며|면서),\s"
)


def _consequence(clause: Clause) -> Iterator[Question]:
    """Ask what happens, or is to be done, under a condition: 입실하지 않으면 어떻게 되나요."""
    if not clause.conditions or len(clause.words) - clause.conditions[-1] < 3:
        return
    last, asked = clause.conditions[-1], _WHAT_TO_DO.get(clause.mood)
    condition = clause.text[: clause.words[last].end].rstrip(",")
    if _NO_CASE.search(condition[clause.topic_end if clause.topic_end < len(condition) else 0 :]):
        return
    # Two cases at once: 4시간인 경우에는 30분, 8시간인 경우에는 1시간.
    if "," in condition[clause.words[clause.conditions[0]].end :]:
        return
    if clause.mood == "may":
        asked = _what_may_be(clause, last)
    if clause.topic is not None and clause.topic < last:
        asked = asked or _what_follows(clause, last)
        if asked and not any(word.role == "topic" for word in clause.words[last + 1 : -1]):
            yield Question(f"{condition} {asked}")
    elif any(word.role in ("subject", "object", "adverbial") for word in clause.words[:last]):
        if clause.mood == "plain" and not clause.is_copula:
            yield Question(f"{condition} {'어떻게 되나요' if _happens(clause, last) else '어떻게 하나요'}")
        elif asked and clause.topic is not None:
            who = clause.text[clause.words[last + 1].start : clause.topic_end]
            yield Question(f"{condition} {who} {asked}")
        elif asked and (_is_addressed(clause, asked) or any(w.role == "subject" for w in clause.words[:last])):
            yield Question(f"{condition} {asked}")


def _is_addressed(clause: Clause, asked: str) -> bool:
    """Tell whether the reader is meant where nobody is named: 젖으면 닦으십시오, 점검을 받으면 고장을 줄일 수 있다."""
    return clause.words[-1].asks_for_action or asked == _IS_GOOD


def _what_may_be(clause: Clause, last: int) -> str:
    """Return how one asks for what may be done under a condition, or for what may become of it: 물이 샐 수 있다."""
    if _happens_to(clause):
        return "어떻게 될 수 있나요"
    if clause.topic is not None and is_somebody(clause.topic_noun):
        return "무엇을 할 수 있나요"
    if _HELPS.match(clause.text, clause.predicate_start) and clause.words[last].text.endswith("면"):
        return _IS_GOOD
    rest = clause.words[last + 1 : clause.predicate]
    by_itself = any(word.role == "subject" for word in rest) or _BECOMES.match(clause.text, clause.predicate_start)
    return "어떻게 되나요" if by_itself else "어떻게 할 수 있나요"


_IS_GOOD = "어떤 점이 좋은가요"
#: Verbs for what is good about something, and for what happens by itself.
_HELPS = re.compile(r"(?:줄일|막을|예방할|방지할|절약할|절감할|높일|늘릴|피할|아낄|덜|향상시킬) ")
_BECOMES = re.compile(
    r"(?:(?:발생|저하|감소|증가|악화|누출|폭발|파손|변형|부식|과열|고장)할|날|생길|샐|멈출|늘어날|줄어들|"
    r"\S*[가-힣](?:질|될)) "
)
_RECEIVES = re.compile(r"받|얻|갖|가지|가진|잃|입|당하")


def _what_follows(clause: Clause, last: int) -> str | None:
    """Return how to ask what somebody does, or what becomes of something, in the case that word `last` ends."""
    if _does_something(clause, last):
        return "어떻게 하나요"
    is_promise = any(m.tag == "EP" and m.form == "겠" for m in clause.words[-1].body)
    is_time = clause.words[last].first_form == "때"
    becomes = clause.mood == "plain" and not (clause.is_copula or is_promise or is_time)
    return "어떻게 되나요" if becomes and not is_somebody(clause.topic_noun) else None


def _does_something(clause: Clause, last: int) -> bool:
    """Tell whether the topic is somebody who does something to an object under the condition."""
    has_object = any(word.role == "object" for word in clause.words[last + 1 :])
    receives = _RECEIVES.match(clause.text, clause.predicate_start)
    return has_object and clause.mood == "plain" and not receives and is_somebody(clause.topic_noun)


_HAPPENS = re.compile(r"(?:된|됩니|본|봅니|않는|않습니|아니한|있|없|이|입니)다$")


def _happens(clause: Clause, last: int) -> bool:
    """Tell whether what follows the condition happens by itself, and is not what somebody does."""
    rest = clause.words[last + 1 :]
    has_subject = any(word.role in ("topic", "subject") for word in rest)
    if has_subject or _HAPPENS.search(clause.text):
        return True
    acts = any(m.form == "하" and m.tag == "XSV" for m in clause.words[clause.predicate].body)
    has_actor = any(word.role == "subject" and is_somebody(word.text[:-1]) for word in clause.words[:last])
    return not any(word.role == "object" for word in rest) and not (acts and has_actor)


#: A shorter purpose has many means: 전자금융거래를 위하여.
_MIN_PURPOSE = 14


#: What follows a purpose that only limits something: …의 시행을 위하여 필요한 최소한의 범위에서 하여야 한다.
_LIMITS = re.compile(r"\s필요한 (?:최소한|범위|한도)")


def _in_order_to(clause: Clause) -> Iterator[Question]:
    """Ask what is to be done for a purpose: T는 …하기 위하여 무엇을 해야 하나요, T는 …하도록 어떻게 해야 하나요."""
    words, topic = clause.words, clause.topic
    found = [n for n in range(clause.predicate - 2) if _is_purpose(words[n]) and words[n + 1].first_form != "하"]
    if clause.mood not in _WHAT_TO_DO or len(found) != 1 or clause.conditions or topic is None or topic > found[0]:
        return
    if not is_somebody(clause.topic_noun) and _LIMITS.match(clause.text, words[found[0]].end):
        return
    objects = [n for n in range(topic, found[0]) if words[n].role == "object"]
    if len(objects) > 1 and not any(w.embeds or w.role == "connective" for w in words[objects[0] : found[0]]):
        return
    after, purpose = words[found[0] + 1], clause.text[: words[found[0]].end].rstrip(",")
    if len(purpose) - clause.topic_end >= _MIN_PURPOSE and (after.role != "adnominal" or after.text == "필요한"):
        asked = "무엇을 해야 하나요" if clause.mood == "must" and "위" in words[found[0]].text else None
        yield Question(f"{purpose} {asked or _WHAT_TO_DO[clause.mood]}")


def _is_purpose(word: Word) -> bool:
    is_ending = bool(word.body) and word.body[-1].tag == "EC" and word.body[-1].form == "도록"
    return is_ending or re.fullmatch(r"위(?:하여|해|해서),?", word.text) is not None


#: Somebody, who has many duties unless a clause says which of them: 허가를 받으려는 자.
_PERSON = re.compile(
    r"(?:자|사람|인|회사|기관|법인|단체|은행|원|학생|장|위원회|부|과|팀|청|국가|정부|센터|협회|업체|병원|학교|등|주|사|관)$"
)


#: A clause that tells what somebody has done or wants: 허가를 받은, 허가를 받으려는, 등록을 하고자 하는.
_DESCRIBES = re.compile(r"(?:[가-힣]려는|고자 하는|(?!따른|의한|관한|대한|위한)[가-힣]*[한된은인킨난친]) ")
#: A shorter topic of a duty may have many of them.
_MIN_TOPIC = 8


def _duty(clause: Clause) -> Iterator[Question]:
    """Ask what one must or may do: 허가를 받으려는 자는 어떻게 해야 하나요, 다 쓴 건전지는 어떻게 해야 하나요."""
    if clause.topic is None or clause.mood not in _WHAT_TO_DO or clause.conditions or "정하는" in clause.topic_noun:
        return
    is_person = _PERSON.search(clause.topic_noun) is not None
    if is_person and not _DESCRIBES.search(clause.topic_noun):
        return
    if is_person or (clause.mood == "must" and len(clause.topic_noun) >= _MIN_TOPIC and clause.topic > 0):
        asked = "어떻게 될 수 있나요" if _happens_to(clause) else _WHAT_TO_DO[clause.mood]
        yield Question(f"{clause.text[: clause.topic_end]} {asked}")


_PASSIVES = {("되", "XSV"), ("되", "VV"), ("당하", "XSV"), ("당하", "VV"), ("받", "XSV")}


def _happens_to(clause: Clause) -> bool:
    """Tell whether it is not the topic that does it: 제적될 수 있다."""
    stem = clause.words[clause.predicate].body
    return clause.mood == "may" and any((m.form, m.tag) in _PASSIVES for m in stem)
