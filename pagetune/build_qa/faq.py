"""Pairs that a document already asks and answers: by markers (Q./A., 문/답, 질문/답변), or by questions as headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pagetune.build_qa.draft import LIST_ITEM, Document, Draft, Paragraph
from pagetune.records import Place, Reason
from pagetune.text.sentences import ends_sentence

#: The delimiter is required: "A사는" or "문서" is no marker. [질문] and <Q1> carry theirs around them.
_NUMBER = r"\d*(?:-\d+)?"
_DELIMITED = (
    rf"(?:[\[<【(]\s?(?:{{words}})\s?{_NUMBER}\s?[\]>】)]\s?[.:：]?"
    rf"|(?:{{words}})\s?[.\-]?\s?{_NUMBER}\s?[.):：])\s*"
)
_QUESTION = re.compile(_DELIMITED.format(words="문|Q|질문|물음|Question|QUESTION"))
_ANSWER = re.compile(_DELIMITED.format(words="답|A|답변|Answer|ANSWER"))
#: In the same paragraph an answer after a question mark or Korean, or the next question; A. Smith is neither.
_MARKER_INSIDE = re.compile(
    rf"(?:(?<=[?？])|(?<=[가-힣][.!]))\s+(?={_ANSWER.pattern})|(?<=[?？.!])\s+(?={_QUESTION.pattern})"
)

#: A question that is longer than this many paragraphs is none.
MAX_QUESTION_PARAGRAPHS = 3
#: A document that sets fewer questions as headings than this only asks itself something now and then.
MIN_QUESTION_HEADINGS = 3
#: After these an answer stands in the list that follows, or nowhere.
_INTRODUCES = re.compile(r"(다음과\s?같|아래와\s?같|as follows|following|[:：]$)")
_NUMBERED = re.compile(r"(\d{1,2})[.)]\s?")


@dataclass(frozen=True)
class _Answer:
    """Paragraphs `first` to `last` of the document; `start` is where the marker of the first ends."""

    first: int
    last: int
    start: int
    reason: Reason | None


def faq_pairs(document: Document) -> Iterator[Draft]:
    """One pair per question, rejected where no answer follows or the answer breaks off."""
    paragraphs = [part for paragraph in document.paragraphs for part in _parted(paragraph)]
    marked = [index for index, paragraph in enumerate(paragraphs) if _QUESTION.match(paragraph.text)]
    yield from (_marked_pair(paragraphs, index) for index in marked)
    if not marked:
        yield from _heading_pairs(paragraphs)


def _parted(paragraph: Paragraph) -> Iterator[Paragraph]:
    """At the markers inside, so that each question and each answer begins a paragraph."""
    starts = [0, *(found.end() for found in _MARKER_INSIDE.finditer(paragraph.text))]
    ends = [*(found.start() for found in _MARKER_INSIDE.finditer(paragraph.text)), len(paragraph.text)]
    for start, end in zip(starts, ends, strict=True):
        yield replace(paragraph, text=paragraph.text[start:end], start=paragraph.start + start)


def _marked_pair(paragraphs: list[Paragraph], index: int) -> Draft:
    first = paragraphs[index]
    marker = _QUESTION.match(first.text)
    begin = marker.end() if marker else 0
    answer = _find_answer(paragraphs, index)
    if answer is None:
        return _unanswered(first, first.text[begin:])
    question = " ".join(p.text for p in paragraphs[index:answer])[begin:]
    found = _ANSWER.match(paragraphs[answer].text)
    if found is None or _numbers_differ(first.text[:begin], found.group()):
        return _unanswered(first, question)
    alone = found.end() == len(paragraphs[answer].text) and answer + 1 < len(paragraphs)
    start = 0 if alone else found.end()
    return _pair(paragraphs, question, _read(paragraphs, answer + alone, start))


def _numbers_differ(question: str, answer: str) -> bool:
    """A5 answers no Q3: the lines of two columns got mixed."""
    one, other = re.findall(r"\d+", question), re.findall(r"\d+", answer)
    return bool(one and other and list(map(int, one)) != list(map(int, other)))


def _find_answer(paragraphs: list[Paragraph], question: int) -> int | None:
    """Where the answer to the question stands: the next marker, a few paragraphs on at most."""
    for index in range(question + 1, min(question + 1 + MAX_QUESTION_PARAGRAPHS, len(paragraphs))):
        if _ANSWER.match(paragraphs[index].text):
            return index
        if _QUESTION.match(paragraphs[index].text):
            return None
    return None


def _unanswered(paragraph: Paragraph, question: str) -> Draft:
    return Draft("faq", paragraph.page_number, question.strip(), "", paragraph.place(), reason="unanswered")


def _pair(paragraphs: list[Paragraph], question: str, answer: _Answer) -> Draft:
    own = paragraphs[answer.first : answer.last + 1]
    texts = [own[0].text[answer.start :], *(paragraph.text for paragraph in own[1:])]
    return Draft(
        kind="faq",
        page_number=own[0].page_number,
        instruction=question.strip(),
        output=" ".join(texts).strip(),
        place=Place(table=None, row=None, start=own[0].start, end=own[-1].end),
        section=own[0].section,
        reason=answer.reason,
    )


def _read(paragraphs: list[Paragraph], first: int, start: int) -> _Answer:
    """The answer's sentences and lists, until a marker, a heading or the page ends."""
    last = first
    while last + 1 < len(paragraphs) and _goes_on(paragraphs, last, paragraphs[first].page_number):
        last += 1
    following = paragraphs[last + 1] if last + 1 < len(paragraphs) else None
    return _Answer(first, last, start, _why_unfinished(paragraphs[first : last + 1], following, paragraphs, last + 1))


def _goes_on(paragraphs: list[Paragraph], last: int, page_number: int) -> bool:
    following = paragraphs[last + 1]
    if following.page_number != page_number or _is_marker(following):
        return False
    return _is_next_item(paragraphs[last].text, following.text) or (
        ends_sentence(paragraphs[last].text) and ends_sentence(following.text) and not LIST_ITEM.match(following.text)
    )


def _is_marker(paragraph: Paragraph) -> bool:
    return bool(_QUESTION.match(paragraph.text) or _ANSWER.match(paragraph.text))


def _is_next_item(text: str, following: str) -> bool:
    """A bullet; or the number after this one, or 1 after what introduces a list: "2. 이용 요금" is a heading."""
    if not LIST_ITEM.match(following):
        return False
    number, before = _NUMBERED.match(following), _NUMBERED.match(text)
    if number is None:
        return True
    return int(number[1]) == (int(before[1]) + 1 if before else 1) and (bool(before) or bool(_INTRODUCES.search(text)))


def _why_unfinished(
    own: list[Paragraph], following: Paragraph | None, paragraphs: list[Paragraph], index: int
) -> Reason | None:
    """A last line that ends no sentence is whole where a list ends, or where the next question or heading follows."""
    last = own[-1].text
    if _INTRODUCES.search(last) and not LIST_ITEM.match(last):
        return "refers_elsewhere"
    if following is None:
        return None
    if following.after_gap:
        return "unfinished"
    if _ANSWER.match(following.text):
        return "two_answers"
    if _QUESTION.match(following.text):
        return None
    overleaf = following.page_number != own[-1].page_number
    if ends_sentence(last):
        return "unfinished" if overleaf and (ends_sentence(following.text) or LIST_ITEM.match(following.text)) else None
    asked_next = index + 1 < len(paragraphs) and bool(_QUESTION.match(paragraphs[index + 1].text))
    whole = following.is_heading and (asked_next or (not overleaf and LIST_ITEM.match(last) is not None))
    return None if whole else "unfinished"


def _heading_pairs(paragraphs: list[Paragraph]) -> Iterator[Draft]:
    """Questions that stand in a line of their own, and all that follows up to the next heading."""
    questions = [index for index in range(len(paragraphs)) if _is_question_heading(paragraphs, index)]
    if len(questions) < MIN_QUESTION_HEADINGS:
        return
    for index, after in zip(questions, [*questions[1:], len(paragraphs)], strict=True):
        yield _heading_pair(paragraphs, index, after)


def _is_question_heading(paragraphs: list[Paragraph], index: int) -> bool:
    text = paragraphs[index].text
    alone = not re.search(r"[.!?。]\s", text) and not LIST_ITEM.match(text)
    return text.endswith(("?", "？")) and alone


def _heading_pair(paragraphs: list[Paragraph], question: int, after: int) -> Draft:
    """The answer is what stands under the question on its page; a heading of the next section ends it."""
    page = paragraphs[question].page_number
    last = question
    while last + 1 < after and paragraphs[last + 1].page_number == page and not paragraphs[last + 1].is_heading:
        last += 1
    if last == question:
        return _unanswered(paragraphs[question], paragraphs[question].text)
    ends_here = last + 1 == after or paragraphs[last + 1].is_heading
    cut = last + 1 < len(paragraphs) and paragraphs[last + 1].after_gap
    whole = ends_here and not cut and (ends_sentence(paragraphs[last].text) or LIST_ITEM.match(paragraphs[last].text))
    reason: Reason | None = None if whole else "unfinished"
    return _pair(paragraphs, paragraphs[question].text, _Answer(question + 1, last, 0, reason))
