"""Pairs that a document itself asks and answers, with markers (Q./A., 문/답, 질문/답변) or questions as headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pagetune.build_qa.draft import LIST_ITEM, SENTENCE_GAP, Document, Draft, Paragraph
from pagetune.build_qa.naming import Names
from pagetune.records import Place, Reason
from pagetune.text.sentences import ends_sentence

#: The delimiter is required: "A사는" and "문서" are not markers. [질문] and <Q1> have theirs around them.
_NUMBER = r"\d*(?:-\d+)?"
_DELIMITED = (
    rf"(?:[\[<【(]\s?(?:{{words}})\s?{_NUMBER}\s?[\]>】)]\s?[.:：]?"
    rf"|(?:{{words}})\s?[.\-]?\s?{_NUMBER}\s?[.):：])\s*"
)
_QUESTION = re.compile(
    # A number alone on its line needs no delimiter.
    _DELIMITED.format(words="문|Q|질문|물음|Question|QUESTION") + r"|(?:문|Q|질문|물음|Question)[.\s]?\s?\d{1,3}$"
)
_ANSWER = re.compile(_DELIMITED.format(words="답|A|답변|Answer|ANSWER"))
#: A marker inside a paragraph: of an answer, after a question mark or Korean, or of the next question. The "A." of
#: "A. Smith" is neither.
_MARKER_INSIDE = re.compile(
    rf"(?:(?<=[?？])|(?<=[가-힣][.!]))\s+(?={_ANSWER.pattern})|(?<=[?？.!])\s+(?={_QUESTION.pattern})"
)

#: An arrow before an answer stands for its marker; inside of an answer it is a bullet.
_ARROW = re.compile(r"(?:[⇒➜➡☞→]|=>|->)\s*")
_BULLET = re.compile(r"([•○●◦▪■□◆▶❍]|[-–](?=\s))\s*")
#: A question is at most this many paragraphs long.
MAX_QUESTION_PARAGRAPHS = 3
#: A document with fewer questions as headings is not an FAQ: it only asks something now and then.
MIN_QUESTION_HEADINGS = 3
#: A heading may say before the question what it is about: "I'm stuck. Where do I find the code?".
MAX_QUESTION_SENTENCES = 2
MAX_QUESTION_CHARACTERS = 200
#: Words that announce a list. Without the list there is no answer.
_ANNOUNCES = re.compile(r"(다음과\s?같|아래와\s?같|as follows|following|[:：]$)")
_NUMBERED = re.compile(r"(\d{1,2})[.)]\s?")


@dataclass(frozen=True)
class _AnswerSpan:
    """Paragraphs `first` to `last` of the document, from character `start` of the first, where its marker ends."""

    first: int
    last: int
    start: int
    reason: Reason | None


def faq_drafts(document: Document) -> Iterator[Draft]:
    """Yield one draft per question. It has a reason where no answer follows or the answer breaks off."""
    names = Names(document.name, document.pages)
    for draft in _drafts(document):
        yield replace(draft, instruction=names.named(draft.instruction) or draft.instruction)


def _drafts(document: Document) -> Iterator[Draft]:
    # Split at the markers inside, so that each question and each answer begins a paragraph.
    paragraphs = [part for paragraph in document.paragraphs for part in paragraph.split(_MARKER_INSIDE)]
    marked = [index for index, paragraph in enumerate(paragraphs) if _QUESTION.match(paragraph.text)]
    yield from (_marked_draft(paragraphs, index) for index in marked)
    if not marked:
        yield from _heading_drafts(paragraphs)


def _marked_draft(paragraphs: list[Paragraph], index: int) -> Draft:
    first = paragraphs[index]
    marker = _QUESTION.match(first.text)
    begin = marker.end() if marker else 0
    answer = _find_answer(paragraphs, index)
    if answer is None:
        return _unanswered_draft(first, first.text[begin:])
    question = " ".join(p.text for p in paragraphs[index:answer])[begin:]
    found = _answer_marker(paragraphs[answer])
    if found is None or _numbers_differ(first.text[:begin], found.group()):
        return _unanswered_draft(first, question)
    answer_is_below = found.end() == len(paragraphs[answer].text) and answer + 1 < len(paragraphs)
    start = 0 if answer_is_below else found.end()
    return _faq_draft(paragraphs, question, _collect_answer(paragraphs, answer + answer_is_below, start))


def _answer_marker(paragraph: Paragraph) -> re.Match[str] | None:
    return _ANSWER.match(paragraph.text) or _ARROW.match(paragraph.text)


def _numbers_differ(question: str, answer: str) -> bool:
    """Tell whether the markers' numbers differ, as of Q3 and A5, where the lines of two columns are mixed."""
    one, other = re.findall(r"\d+", question), re.findall(r"\d+", answer)
    return bool(one and other and list(map(int, one)) != list(map(int, other)))


def _find_answer(paragraphs: list[Paragraph], question: int) -> int | None:
    """Return the index of the next answer marker, or None where it is too far or behind another question."""
    for index in range(question + 1, min(question + 1 + MAX_QUESTION_PARAGRAPHS, len(paragraphs))):
        if _answer_marker(paragraphs[index]):
            return index
        if _QUESTION.match(paragraphs[index].text):
            return None
    return None


def _unanswered_draft(paragraph: Paragraph, question: str) -> Draft:
    return Draft("faq", paragraph.page_number, question.strip(), "", paragraph.place(), reason="unanswered")


def _faq_draft(paragraphs: list[Paragraph], question: str, answer: _AnswerSpan) -> Draft:
    own = paragraphs[answer.first : answer.last + 1]
    texts = [own[0].text[answer.start :], *(paragraph.text for paragraph in own[1:])]
    return Draft(
        kind="faq",
        page_number=own[0].page_number,
        instruction=question.strip(),
        output=" ".join(_without_bullet(texts)).strip(),
        place=Place(table=None, row=None, start=own[0].start, end=own[-1].end),
        section=own[0].section,
        reason=answer.reason,
    )


def _without_bullet(texts: list[str]) -> list[str]:
    """Leave out the arrow before an answer, and its bullet where no other line has one."""
    first = _ARROW.sub("", texts[0], count=1) if _ARROW.match(texts[0]) else texts[0]
    bullet = _BULLET.match(first)
    if bullet and not any(text.startswith(bullet[1]) for text in texts[1:]):
        first = first[bullet.end() :]
    return [first, *texts[1:]]


def _collect_answer(paragraphs: list[Paragraph], first: int, start: int) -> _AnswerSpan:
    """Take in the answer's sentences and lists, up to a marker, a heading or the end of the page."""
    last = first
    while last + 1 < len(paragraphs) and _continues(paragraphs, last, paragraphs[first].page_number):
        last += 1
    following = paragraphs[last + 1] if last + 1 < len(paragraphs) else None
    reason = _why_unfinished(paragraphs[first : last + 1], following, paragraphs, last + 1)
    return _AnswerSpan(first, last, start, reason)


def _continues(paragraphs: list[Paragraph], last: int, page_number: int) -> bool:
    following = paragraphs[last + 1]
    if following.page_number != page_number or _is_marker(following):
        return False
    return _is_next_item(paragraphs[last].text, following.text) or (
        ends_sentence(paragraphs[last].text) and ends_sentence(following.text) and not LIST_ITEM.match(following.text)
    )


def _is_marker(paragraph: Paragraph) -> bool:
    return bool(_QUESTION.match(paragraph.text) or _ANSWER.match(paragraph.text))


def _is_next_item(text: str, following: str) -> bool:
    """Tell whether `following` is the list item after `text`: a bullet, the next number, or 1 after an announcement.

    Other numbers are those of headings, such as "2. 이용 요금".
    """
    if not LIST_ITEM.match(following):
        return False
    number, before = _NUMBERED.match(following), _NUMBERED.match(text)
    if number is None:
        return True
    return int(number[1]) == (int(before[1]) + 1 if before else 1) and (bool(before) or bool(_ANNOUNCES.search(text)))


def _why_unfinished(
    own: list[Paragraph], following: Paragraph | None, paragraphs: list[Paragraph], index: int
) -> Reason | None:
    """Return why the answer's paragraphs `own` cannot be used, or None.

    A last line that does not end a sentence is complete before the next question, before a heading above the next
    question, and, in a list, before any heading on the page.
    """
    last = own[-1].text
    if _ANNOUNCES.search(last) and not LIST_ITEM.match(last):
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


def _heading_drafts(paragraphs: list[Paragraph]) -> Iterator[Draft]:
    """Yield a draft for each question that has a line of its own, answered by everything up to the next heading."""
    questions = [index for index in range(len(paragraphs)) if _is_question_heading(paragraphs, index)]
    if len(questions) < MIN_QUESTION_HEADINGS:
        return
    for index, after in zip(questions, [*questions[1:], len(paragraphs)], strict=True):
        yield _heading_draft(paragraphs, index, after)


def _is_question_heading(paragraphs: list[Paragraph], index: int) -> bool:
    text = paragraphs[index].text
    is_short = len(SENTENCE_GAP.findall(text)) < MAX_QUESTION_SENTENCES and len(text) <= MAX_QUESTION_CHARACTERS
    return text.endswith(("?", "？")) and is_short and not LIST_ITEM.match(text)


def _heading_draft(paragraphs: list[Paragraph], question: int, after: int) -> Draft:
    """Answer the question with the text below it on one page, up to the heading of the next section."""
    if question + 1 == len(paragraphs) or paragraphs[question + 1].after_gap:
        return _unanswered_draft(paragraphs[question], paragraphs[question].text)
    page = paragraphs[question + 1].page_number
    last = question
    while last + 1 < after and paragraphs[last + 1].page_number == page and not paragraphs[last + 1].is_heading:
        last += 1
    if last == question:
        return _unanswered_draft(paragraphs[question], paragraphs[question].text)
    ends_here = last + 1 == after or paragraphs[last + 1].is_heading
    cut = last + 1 < len(paragraphs) and paragraphs[last + 1].after_gap
    asked_next = last + 1 == after < len(paragraphs)
    ended = asked_next or ends_sentence(paragraphs[last].text) or LIST_ITEM.match(paragraphs[last].text)
    whole = ends_here and not cut and ended
    reason: Reason | None = None if whole else "unfinished"
    return _faq_draft(paragraphs, paragraphs[question].text, _AnswerSpan(question + 1, last, 0, reason))
