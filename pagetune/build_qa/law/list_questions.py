"""Questions about a sentence that announces a list, and about the exception that a proviso makes."""

import re

from pagetune.build_qa.law.items import with_item
from pagetune.build_qa.sentences.asking import Asked, ask, finish, plain_sentence
from pagetune.build_qa.sentences.clauses import Clause, clauses
from pagetune.build_qa.sentences.endings import as_question, with_stem
from pagetune.build_qa.sentences.pointers import without_brackets
from pagetune.text.korean import with_particle
from pagetune.text.morphemes import morphemes

#: A longer answer is not asked as one list.
MAX_LIST_CHARACTERS = 400
#: A question with fewer characters around its "어떤" needs to be told what it is about.
_MIN_CONTEXT = 24
#: "다음 각 호의 업무", "다음 각 호의 어느 하나에 해당하는 경우", "다음 각 호의 요건을 모두 갖춘 자".
_SLOT = re.compile(
    r"다음(?:\s각\s?[호목])?(?:의?\s|(?:에서\s정하는|에서\s정한|에\s규정된|에\s따른)\s)(?:(?:어느\s하나|각\s하나|모두|사항\s중\s어느\s하나)에\s해당하(?:는|게\s된)\s)?(?=[가-힣])"
)
_IS_AS_FOLLOWS = re.compile(r"(?:다음|아래)(?:\s각\s?[호목])?(?:와|과)\s같(?:다|습니다)$")
#: Words before the noun of a list that make it another one: 다음 각 호에 규정된.
_NOT_A_SLOT = re.compile(r"[가-힣]+(?:이|가) 아닌|구분|순서|어느|각\s?호|같|해당|하나|중")
_ONE_OF = r"다음 각 호의 어느 하나에 해당하는 "
#: A title that says what the items of a list are.
_NAMES_ITEMS = re.compile(r"(?:사유|요건|업무|서류|대상|자격|조건|의무|사항|행위|종류|기준|역할|권리)$")
#: Nouns of a title that do not say what it is about.
_TELLS_LITTLE = re.compile(
    r"사항|의무|기준|절차|방법|범위|지정|업무|사유|요건|내용|준수|관리|운영|제한|금지|대책|조치|특례|규정|세부|대하|관하|관련"
)
_WHO = re.compile(r"(?:자|사람|법인|기관|업자|회사|단체|경우|때)$")
#: A list whose items are only parts of something: 다음 각 호의 사항이 포함된 방침.
_HOLDS_ITEMS = re.compile(r"다음\s각\s?[호목]의?\s[가-힣]+[을를이가]\s(?:모두\s)?(?:포함|고려|명시|기재|갖)")
#: "…는 다음 각 호의 자로 한다", which says what something is.
_IS_SET = re.compile(r"([가-힣]+?)(?:으로|로) (한다|합니다|하되)(?:$|,?\s)")
_PUNISHED = re.compile(rf"^{_ONE_OF}(?:자|사람|행위를 한 자)(는|에게는|에게)\s")
_PENALTY = re.compile(rf"{_PUNISHED.pattern}(?:(.+)에 처(?:한다|합니다)|(.+ 과태료)를 부과(?:한다|합니다))$")


def ask_list(
    head: str, items: list[str], about: str | None = None, where: str | None = None, law: str | None = None
) -> Asked | None:
    """Ask what the sentence `head` announces; its answer is the sentence with its items.

    `about` is put before a question that would say too little: the title of the article. `law` is what lays a
    penalty down.
    """
    plain = plain_sentence(head, where)
    if plain is None or not items:
        return None
    question = _punished_question(plain.rstrip("."), law) or _list_question(plain.rstrip("."))
    if not question and about and _NAMES_ITEMS.search(about):
        question = f"{with_particle(about, '은/는')} 무엇인가요"
    elif question and about and len(question) < _MIN_CONTEXT and not says_title(question, about):
        question = f"{concerning(about)} {question}"
    text = finish(question, where)
    answer = " ".join([plain, *items])
    return Asked(text, answer, None, 0, len(head)) if text and len(answer) <= MAX_LIST_CHARACTERS else None


def concerning(title: str) -> str:
    """Return the words before a question that say what it is about: 요금의 조정과 관련하여."""
    title = re.sub(r"\s등$", "", title)
    has_and = re.search(r"[과와]\s", title)
    return f"{title}에 관하여" if has_and else f"{with_particle(title, '과/와')} 관련하여"


def says_title(question: str, title: str) -> bool:
    """Tell whether a question has the nouns of a title already: 졸업요건, where 졸업 and 요건 are in it."""
    nouns = [m.form for m in morphemes(title) if m.tag.startswith(("NNG", "NNP", "SL")) and len(m.form) > 1]
    telling = [noun for noun in nouns if not _TELLS_LITTLE.fullmatch(noun)]
    return all(noun in question for noun in telling)


def _punished_question(plain: str, law: str | None) -> str:
    """Return the question for whom a penalty threatens, who are listed."""
    found = _PENALTY.search(plain)
    if found is None or law is None:
        return ""
    return (
        f"{law}에 따라 {found[2]}에 처하는 자는 누구인가요"
        if found[2]
        else f"{law}에 따라 {found[3]}를 부과받는 자는 누구인가요"
    )


def _list_question(plain: str) -> str:
    """Return the question for a list: 다음 각 호의 업무를 한다 -> 어떤 업무를 하나요."""
    clause = Clause(plain)
    if _IS_AS_FOLLOWS.search(plain) and clause.topic is not None:
        return f"{clause.text[: clause.topic_end]} 무엇인가요"
    slots = list(_SLOT.finditer(plain))
    if len(slots) != 1 or _NOT_A_SLOT.match(plain, slots[0].end()) or len(clauses(plain)) > 1:
        return ""
    before, after = plain[: slots[0].start()], plain[slots[0].end() :]
    is_set = _IS_SET.match(after)
    if is_set:
        return f"{before}{'누구' if _WHO.search(is_set[1]) else '무엇'}인가요" if is_set[2] != "하되" else ""
    if slots[0].end() < clause.topic_end and not _WHO.search(clause.topic_noun):
        return ""
    if re.match(r"(?:자|사람)[는은]\s", after):
        after = re.sub(r"^(자|사람)[는은]", lambda match: with_particle(match[1], "이/가"), after)
    return as_question(Clause(before + "어떤 " + re.sub(r"^(경우|때)에는", r"\1에", after)))


def ask_item(head: str, item: str, where: str | None = None) -> list[Asked]:
    """Ask the sentence `head` with one item of its list: the penalty for it, or what holds in that case."""
    alone = with_item(without_brackets(head), without_brackets(item))
    asked = ask(alone, where) if alone else []
    is_part = _HOLDS_ITEMS.search(head) is not None
    return [one for one in asked if "어떤 경우에" not in one.question and not (is_part and "누가 " in one.question)][:1]


def ask_exception(sentence: str, proviso: str, where: str | None = None) -> Asked | None:
    """Ask when a sentence does not hold: "…하여야 한다. 다만, …한 경우에는 그러하지 아니하다."."""
    plain = plain_sentence(sentence, where)
    if plain is None or not re.search(r"그러하지 (?:아니하다|않다)\.$", proviso):
        return None
    clause = Clause(plain.rstrip("."))
    stem = {"must": "지", "must_not": "어도"}.get(clause.mood)
    if clause.mood == "cannot":
        free = f"{clause.text[: clause.words[-1].start]}있는"
    elif stem and len(clauses(plain.rstrip("."))) == 1:
        free = with_stem(clause, clause.predicate, stem) + (" 않아도 되는" if stem == "지" else " 되는")
    else:
        return None
    if clause.topic is not None and clause.topic_noun:
        free = with_particle(clause.topic_noun, "이/가") + free[clause.topic_end :]
    case = "때" if clause.conditions else "경우"
    text = finish(f"{free.replace('반드시 ', '')} {case}는 언제인가요", where)
    return Asked(text, f"{plain} {proviso}", None, 0, len(sentence)) if text else None
