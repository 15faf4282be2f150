"""Pairs that a document already asks and answers: Q./A., 문/답, 질문/답변."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.sentences import ends_sentence

#: The delimiter is required: "A사는" or "문서" is no marker.
_QUESTION = re.compile(r"(문|Q|질문)\s?\d*\s?[.):：]\s*")
_ANSWER = re.compile(r"(답|A|답변)\s?\d*\s?[.):：]\s*")


#: A question that is longer than this many paragraphs is none.
MAX_QUESTION_PARAGRAPHS = 3


def faq_pairs(document: Document) -> Iterator[Draft]:
    """One pair per question marker, rejected where no answer follows."""
    paragraphs = document.paragraphs
    for index, paragraph in enumerate(paragraphs):
        marker = _QUESTION.match(paragraph.text)
        if marker:
            start = _find_answer(paragraphs, index)
            question = " ".join(p.text for p in paragraphs[index : start or index + 1])[marker.end() :].strip()
            yield _pair(paragraphs, start, question) if start else _unanswered(paragraph, question)


def _find_answer(paragraphs: list[Paragraph], question: int) -> int | None:
    """Where the answer to the question stands: the next marker, a few paragraphs on at most."""
    for index in range(question + 1, min(question + 1 + MAX_QUESTION_PARAGRAPHS, len(paragraphs))):
        if _ANSWER.match(paragraphs[index].text):
            return index
        if _QUESTION.match(paragraphs[index].text):
            return None
    return None


def _unanswered(paragraph: Paragraph, question: str) -> Draft:
    return Draft("faq", paragraph.page_number, question, "", paragraph.text, reason="unanswered")


def _pair(paragraphs: list[Paragraph], start: int, question: str) -> Draft:
    texts, goes_on = _answer_texts(paragraphs, start)
    evidence = " ".join(texts)
    marker = _ANSWER.match(evidence)
    return Draft(
        kind="faq",
        page_number=paragraphs[start].page_number,
        instruction=question,
        output=evidence[marker.end() if marker else 0 :].strip(),
        evidence=evidence,
        reason="unfinished" if goes_on or not ends_sentence(evidence) else None,
    )


def _answer_texts(paragraphs: list[Paragraph], start: int) -> tuple[list[str], bool]:
    """The answer and the sentences after it on its page, and whether they go on overleaf.

    A heading ends them, having no full stop.
    """
    texts = [paragraphs[start].text]
    for paragraph in paragraphs[start + 1 :]:
        marker = _QUESTION.match(paragraph.text) or _ANSWER.match(paragraph.text)
        if marker or not ends_sentence(paragraph.text) or not ends_sentence(texts[-1]):
            break
        if paragraph.page_number != paragraphs[start].page_number:
            return texts, True
        texts.append(paragraph.text)
    return texts, False
