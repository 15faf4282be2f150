"""Questions about an item that demands something (…할 것), which say of what its article is about."""

import re
from collections.abc import Iterator

from pagetune.build_qa.law.list_questions import concerning, says_title
from pagetune.build_qa.sentences.asking import Asked, ask, finish, plain_sentence
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question, as_statement
from pagetune.build_qa.sentences.people import is_somebody
from pagetune.build_qa.sentences.pointers import ANNOUNCES, points_back, without_brackets
from pagetune.text.korean import with_particle

#: An item is asked at most this often.
_MAX_QUESTIONS = 2
#: A longer name of whom a list binds is left to the title.
_MAX_SUBJECT = 40
#: The case in which a list holds, above it: 무선통신망을 설치할 때에는 다음 각 호의 사항을 준수하여야 한다.
_CASE = re.compile(r"\s?(\S.{2,40}?(?:경우|때)(?:에는|에|는)?,?)\s(?:다음|각\s?호)")
#: A title that names measures, each of which is an item: 해킹 등 방지대책.
_NAMES_MEASURES = re.compile(r"(?:대책|조치|방안)$")
#: What a demand is about, or when or what for something is demanded, at its beginning.
_ABOUT = re.compile(r"\S.{1,60}?(에 대(?:하여|해서?)|에 대비하여|[을를기] 위(?:하여|해)|도록| 시)(?=는? )")
_MAKES = re.compile(r"(?:수립|마련|확보|갖추|갖춰|구비|구축|지정|설치|시행|적립|도입|운영|운용)")
#: A noun that makes a name with the next one: 통제 절차.
_PART_OF_NAME = re.compile(r"(?!각종|모든|해당)[가-힣]{2,}")
#: A longer object tells by itself what is meant.
_MIN_OBJECT = 8


def ask_requirement(head: str, item: str, title: str, where: str | None) -> list[Asked]:
    """Ask what an item demands of whom the sentence `head` binds, in an article with a `title`."""
    plain = plain_sentence(item, where)
    if plain is None or ANNOUNCES.search(plain):
        return []
    demand = _of_whom(without_brackets(head), plain.rstrip("."))
    asked = [one.question for one in ask(f"{demand.text}.") if not one.question.startswith("누가 ")]
    texts = [question.removesuffix("?") for question in asked] or list(_questions(demand))[:1]
    answer = as_statement(demand, polite=plain.endswith("니다."))
    says = "아니요, " if texts and texts[0].endswith("도 되나요") else ""
    found = [finish(_with_title(text, title), where) for text in texts[:_MAX_QUESTIONS]]
    return [Asked(text, says + answer, None, 0, len(item)) for text in found if text and answer]


def _of_whom(head: str, demand: str) -> Clause:
    """Put whom the list binds, and in which case, before a demand that does not say it."""
    clause, lead = Clause(demand), Clause(head.rstrip("."))
    case = _CASE.search(lead.text, lead.topic_end)
    text = f"{case[1]} {demand}" if case else demand
    has_subject = _has_own_topic(clause) or any(word.role == "subject" for word in clause.words[:3])
    is_named = (
        is_somebody(lead.topic_noun) and len(lead.topic_noun) <= _MAX_SUBJECT and not points_back(lead.topic_noun)
    )
    if has_subject or not is_named:
        return Clause(text)
    return Clause(f"{lead.text[: lead.topic_end]} {text}")


def _has_own_topic(clause: Clause) -> bool:
    """Tell whether a clause begins with its topic, which is not that of a clause inside it."""
    before = clause.words[: clause.topic or 0]
    return clause.topic is not None and not any(word.role in ("object", "subject", "connective") for word in before)


def _questions(demand: Clause) -> Iterator[str]:
    """Yield the questions for what is demanded: about what, for what, which one, or what is to be done with it."""
    who, rest = demand.text[: demand.topic_end], demand.text[demand.topic_end :].strip()
    about = _ABOUT.match(rest)
    if about and len(rest) - about.end() > _MIN_OBJECT and not re.search(r"[가-힣]고\s", about[0]):
        yield f"{who} {about[0]} {'어떻게' if about[1] in ('도록', ' 시') else '무엇을'} 해야 하나요"
    if _has_own_topic(demand) and not is_somebody(demand.topic_noun):
        yield f"{who} 어떻게 해야 하나요"
    yield from _which(demand)
    yield from _what_with(demand)


def _which(demand: Clause) -> Iterator[str]:
    """Ask which one is to be made: 유출을 막기 위한 대책을 수립할 것 -> 어떤 대책을 수립해야 하나요."""
    words, n = demand.words, demand.predicate - 1
    before = 0 if demand.topic is None else demand.topic + 1
    is_compound = n > before and words[n - 1].role == "noun" and _PART_OF_NAME.fullmatch(words[n - 1].text)
    first = n - 1 if is_compound and words[n - 2].text not in ("및", "또는") else n
    is_made = _MAKES.match(demand.text, demand.predicate_start) and not any(w.joins for w in words[before:n])
    if first > before and words[n].role == "object" and is_made:
        yield as_question(Clause(f"{demand.text[: demand.topic_end]} 어떤 {demand.text[words[first].start :]}".strip()))


def _what_with(demand: Clause) -> Iterator[str]:
    """Ask what is to be done with the first object: 보유 현황을 점검할 것 -> 보유 현황을 어떻게 해야 하나요."""
    words, before = demand.words, 0 if demand.topic is None else demand.topic + 1
    n = next((n for n in range(before, demand.predicate) if words[n].role == "object"), None)
    if n is None or any(word.role in ("adnominal", "subject", "other") for word in words[before : n + 3]):
        return
    first = next((m for m in range(n, before, -1) if words[m - 1].role not in ("noun", "genitive")), before)
    thing = demand.text[words[first].start : words[n].end]
    if len(thing) >= _MIN_OBJECT:
        yield f"{demand.text[: demand.topic_end]} {thing} 어떻게 해야 하나요"


def _with_title(question: str, title: str) -> str:
    """Say what the article is about before a question that does not."""
    if says_title(question, title):
        return question
    before = with_particle(title, "으로/로") if _NAMES_MEASURES.search(title) else concerning(title)
    return f"{before} {question.strip()}"
