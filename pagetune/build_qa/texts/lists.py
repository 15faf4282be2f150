"""Pairs whose answer is a list: items that a sentence announces, or that stand under a heading that asks for them."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Draft
from pagetune.build_qa.naming import MAX_TITLE_CHARACTERS, Names
from pagetune.build_qa.sentences.asking import MAX_QUESTION_CHARACTERS
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.endings import as_question
from pagetune.build_qa.texts.labels import value_question
from pagetune.build_qa.texts.outline import NUMBERED, REMARKS, Line
from pagetune.build_qa.texts.owner import heading_text, owned, section_of
from pagetune.records import Place
from pagetune.text.korean import with_particle
from pagetune.text.note_style import as_sentence
from pagetune.text.sentences import ends_sentence

_FOOTNOTES = {"*", "※"}
#: A heading of examples: 이행 점검 (예시), 점검 자료의 예.
_EXAMPLES = re.compile(r"(.{3,40}?)(?:의)?\s?(?:\(예시?\)|예시?)$")
#: Answers that are longer are not learned well, and hardly asked for.
MAX_LIST_CHARACTERS = 400
MIN_LIST_CHARACTERS = 12
_MAX_ITEMS = 15
#: Headings that ask for what stands below them, by their last noun.
_ASKING_NOUN = (
    r"(?:목적|목표|배경|필요성|기간|일정|대상|방법|방식|절차|순서|자격|요건|조건|범위|효과|정의|원리|특징|장점|단점|"
    r"[가-힣]{2}\s?사항|(?:논의|교육|지원|점검|협의|결정|합의|보고|심의)\s?내용|준비물|서류|기능|구성|혜택|전략|"
    r"방향|원칙|역할|책임|사유|이유|원인|증상|예방법|예방\s?수칙|수칙|대책|방안|조치|기준|항목|종류|유형|과제|한계|요령|지침|근거|"
    r"시간|일시|장소|금액|요금|수수료|비용|연락처|요소|단계|법규|법령|사례|업무|권리|의무|용도|성분|구분)"
)
_ASKING_HEADING = re.compile(rf"(?:.{{2,40}}\s?)?{_ASKING_NOUN}(?:\s?(?:및|과|와|·|,)\s?(?:내용|{_ASKING_NOUN}))?")
#: Headings that are asked for what belongs to them, where a list stands below them.
_LIST_HEADING = re.compile(
    r".{2,40}(?:정보|품목|물품|시설|장비|서비스|과목|프로그램|행사|기관|업종|질병|질환|식품|약물|제품|자료|문헌|문서|용어|활동|"
    r"행위|상품|수단|도구)"
)
#: A shorter question needs the name of its document.
_MIN_OWN_CHARACTERS = 30
_FOLLOWS = r"(?:다음|아래)"
_IS_AS_FOLLOWS = re.compile(rf"^(.{{4,90}}?[은는])\s{_FOLLOWS}(?:과|와)\s?같(?:다|습니다|음|이\s?\S+)[.:：]?$")
#: Syllables that end in ㄴ, but for particles: before "다음" in "벗긴 다음 끼웁니다", which announces nothing.
_ENDS_IN_N = "".join(chr(code) for code in range(ord("가") + 4, ord("힣"), 28) if chr(code) not in "은는")
_ANNOUNCES = re.compile(
    rf"(?<![가-힣])(?<![{_ENDS_IN_N}]\s){_FOLLOWS}(?:과|와|의|을|를|에|는|\s)|\s{_FOLLOWS}(?:과|와|의|을|를|\s각)"
)
#: The end of the clause that announces the list, where another clause follows.
_ANOTHER_CLAUSE = re.compile(r"([가-힣]+(?:으며|하며|되며|이며|하고|되고)),?\s")
_NO_HEADING = re.compile(
    r"^\[?(?:표|그림|서식|별표)\s?\d|도록\s|하여\s|^제\s?\d+\s?조|\d[년월일]|\d{2,}|^[가-힣]{1,2}$|[?!]$|[을를은는이가]$"
)
#: A chapter is more than what stands first below its title.
_CHAPTER = re.compile(r"제\s?\d+\s?[장절편부관]")
#: A line without a mark that is an item by itself: 평일: 18:00~20:00, 수건, 슬리퍼, 개인 컵.
_IS_VALUE = re.compile(r"^[^:：]{2,20}\s?[:：]\s|,\s.*,\s|→")
#: A heading of two things; text below it does not answer both, but a table beside it may.
_TWO_THINGS = re.compile(r"\s및\s|[가-힣](?:와|과)\s")
#: Headings whose value may stand alone below them.
_PLAIN_VALUE = re.compile(r"(?:기간|일시|시간|장소|비용|금액|요금|수수료|문의처|연락처)$")
_OF_ALL = re.compile(r"(어떤 \S+(?: 대하여| 대해서?|에게|에))는 ")
_AS_QUESTION_WORD = (
    (re.compile(rf"{_FOLLOWS}(?:\s각\s?호)?의?\s(?:어느|각)?\s?하나에\s해당(?:하는|되는)"), "어떤"),
    (re.compile(rf"{_FOLLOWS}(?:과|와)\s?같은"), "어떤"),
    (re.compile(rf"{_FOLLOWS}(?:과|와)\s?같이"), "어떻게"),
    (re.compile(rf"{_FOLLOWS}(?:의|\s각\s?[호목]의)\s?"), "어떤 "),
    (re.compile(rf"{_FOLLOWS}(?=[을를])"), "무엇"),
    (re.compile(rf"{_FOLLOWS}(?=에\s(?:대|관|따))"), "무엇"),
    (re.compile(rf"{_FOLLOWS}\s(?=[가-힣]{{2,8}}(?:[을를이가에은는]|으로|로)\s)"), "어떤 "),
)


def list_drafts(line: Line, names: Names) -> Iterator[Draft]:
    """Ask for all items below a line that announces them, or below a heading that asks for them."""
    question = _announced(line, names) or _asking_heading(line, names)
    answer = _answer(line) if question else None
    if question and answer:
        (topic, asked), (text, place) = question, answer
        if topic and len(line.below) == 1 and not line.below[0].mark and _PLAIN_VALUE.search(topic):
            asked = value_question(topic, text)
        yield Draft("list", line.page_number, asked, text, place, section_of(line), topic)


def _announced(line: Line, names: Names) -> tuple[str | None, str] | None:
    """Return topic and question of a sentence that announces a list: … 다음 서류를 제출해야 한다."""
    if not line.below or not _ANNOUNCES.search(line.text):
        return None
    sentence = names.named(line.text.rstrip(":： "))
    if sentence is None:
        return None
    found = _asked(sentence)
    if found is None or names.points_back(found[1]):
        return None
    topic, question = found
    is_long = len(question) >= _MIN_OWN_CHARACTERS and names.is_general
    if is_long or not names.document or any(name in question for name in (names.document, *names.things.values())):
        return found
    return None if topic is None else f"{names.document}에서 {topic}", f"{names.document}에서 {question}"


def _asked(sentence: str) -> tuple[str | None, str] | None:
    as_follows = _IS_AS_FOLLOWS.match(sentence)
    if as_follows:
        topic = as_follows[1][:-1]
        return topic, f"{as_follows[1]} {_what(topic)}?"
    question = _with_question_word(sentence)
    return (None, question) if question else None


def _with_question_word(sentence: str) -> str | None:
    """Return the question: 다음 서류를 제출하여야 한다 -> 어떤 서류를 제출해야 하나요."""
    spelled = as_sentence(sentence)
    if spelled is None or len(re.findall(_ANNOUNCES, spelled)) != 1:
        return None
    for pattern, word in _AS_QUESTION_WORD:
        if pattern.search(spelled):
            asked = pattern.sub(word, spelled.rstrip("."), count=1)
            more = _ANOTHER_CLAUSE.search(asked, asked.index(word.strip()))
            text = as_question(Clause(_first_clause(asked, more.end(1)) if more else asked))
            text = _OF_ALL.sub(r"\1 ", text)
            return f"{text}?" if text and len(text) <= MAX_QUESTION_CHARACTERS else None
    return None


def _first_clause(asked: str, end: int) -> str:
    """Return the first clause, with the sentence's "must": 수립하고, … 적용하여야 한다 -> 수립하여야 한다."""
    first = asked[:end]
    if not re.search(r"(?:하여야|해야|되어야|돼야) 한다$", asked):
        return first
    return re.sub(r"되[고며]$", "되어야 한다", re.sub(r"하[고며]$", "하여야 한다", first))


def _asking_heading(line: Line, names: Names) -> tuple[str | None, str] | None:
    """Return topic and question of a heading that asks for the text below it: 신청 자격 -> 신청 자격은 무엇인가요."""
    example = _EXAMPLES.match(line.text.strip("【】《》〈〉<>[] "))
    text = heading_text(line.text)
    if example and line.is_heading and line.below and not _NO_HEADING.search(example[1]):
        topic = owned(example[1], line, names)
        return (f"{topic}의 예", f"{topic}의 예로는 무엇이 있나요?") if topic else None
    is_list = _LIST_HEADING.fullmatch(text) is not None and len(line.below) > 1 and bool(line.below[0].mark)
    if not line.is_heading or not line.below or line.mark in REMARKS or _NO_HEADING.search(text):
        return None
    if _CHAPTER.match(line.mark_text or line.text):
        return None
    topic = owned(text, line, names) if is_list or _ASKING_HEADING.fullmatch(text) else None
    if topic is None or len(topic) > MAX_QUESTION_CHARACTERS or names.points_back(text):
        return None
    asked = f"{topic}에는 무엇이 있나요?" if is_list else f"{with_particle(topic, '은/는')} {_what(topic)}?"
    return topic, asked


def _what(topic: str) -> str:
    """Return the words that ask for a list: 절차는 어떻게 되나요, 제공자는 누구인가요, 서류는 무엇인가요."""
    if re.search(r"(?:절차|순서|방법|방식|단계|체계|일정|구성|시간|요금|수수료|비용|연락처)$", topic):
        return "어떻게 되나요"
    return "누구인가요" if re.search(r"(?:업자|[가-힣]자\s?등?|사람)$", topic) else "무엇인가요"


def _answer(line: Line) -> tuple[str, Place] | None:
    """Return the items below a line as one text, and their place. None where they are not all there."""
    remarks = _FOOTNOTES if line.is_heading else REMARKS
    items = [item for item in line.below if item.mark not in remarks]
    if line.is_heading:
        items = _steps(line, items)
    if len(items) == 1 and items[0].below and _ANNOUNCES.search(items[0].text):
        return _with_announcement(items[0])
    if len(items) == 1 and items[0].is_heading and items[0].below and items[0].mark not in NUMBERED:
        return _answer(items[0])
    if not 1 <= len(items) <= _MAX_ITEMS or not all(_is_there(item, line) for item in items):
        return None
    if not _are_alike(items, line):
        return None
    texts = [_item_text(item) for item in items]
    if None in texts:
        return None
    text = _join([text for text in texts if text])
    place = items[0].place(items[-1].end).model_copy(update={"start": items[0].begin})
    return (text, place) if MIN_LIST_CHARACTERS <= len(text) <= MAX_LIST_CHARACTERS else None


def _steps(line: Line, items: list[Line]) -> list[Line]:
    """Return the numbered steps below a heading that asks for a procedure, without the text above them."""
    steps = [item for item in items if item.mark in NUMBERED]
    follow = steps and items[-len(steps) :] == steps and not any(item.mark for item in items[: -len(steps)])
    return steps if follow and re.search(r"(?:방법|절차|순서|단계)$", heading_text(line.text)) else items


def _with_announcement(line: Line) -> tuple[str, Place] | None:
    """Return a line with the items that it announces: … 다음의 어느 하나에 해당하는 사람: 학생, 교사."""
    answer = _answer(line)
    if answer is None or len(line.text) + len(answer[0]) > MAX_LIST_CHARACTERS:
        return None
    text, place = answer
    return f"{line.text.rstrip('.:： ')}: {text}", place.model_copy(update={"start": line.begin})


def _are_alike(items: list[Line], line: Line) -> bool:
    """Tell whether the lines are the items of one list, or the sentences of one text."""
    if (
        len({item.mark for item in items}) > 1
        or items[0].mark == "bracket"
        or (len(items) == 1 and items[0].mark in NUMBERED)
    ):
        return False
    if len(items) == 1 and len(items[0].text) <= MAX_TITLE_CHARACTERS and _PLAIN_VALUE.search(heading_text(line.text)):
        return True
    if not items[0].mark and line.is_heading and _TWO_THINGS.search(line.text):
        return False
    if items[0].mark or all(ends_sentence(item.text) for item in items):
        return True
    return all(_IS_VALUE.search(item.text) or as_sentence(item.text) for item in items)


def _is_there(item: Line, line: Line) -> bool:
    """Tell whether an item is whole, on the page or in the cell of the line that announces it."""
    same = (item.page_number, item.table, item.row) == (line.page_number, line.table, line.row)
    return same and not item.is_cut and not item.last.is_cut


def _item_text(item: Line) -> str | None:
    """Return an item's text with its number, or None where it is only a heading of the lines below it."""
    text = item.text.rstrip("*")
    if len(text) < 2 or (item.below and item.is_heading and len(text) < 12 and ":" not in text):
        return None
    text = re.sub(r"\s*[<〈《][^<>〈〉《》]*[>〉》]$", "", text)
    if (
        re.search(r"[:：]$|[가-힣](?:하며|되며|이며|하고|되고|하여)$", text)
        or _ANNOUNCES.search(text)
        or text.count("(") != text.count(")")
    ):
        return None
    return f"{item.mark_text} {text}" if item.mark in NUMBERED else text


def _join(texts: list[str]) -> str:
    if all(ends_sentence(text) for text in texts):
        return " ".join(texts)
    separator = ", " if max(map(len, texts)) <= 30 and not any("," in text for text in texts) else "; "
    return separator.join(text.rstrip(".;,") for text in texts)
