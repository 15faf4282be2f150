"""Pairs that a document already asks and answers: Q./A., 문/답, 질문/답변."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Document, Draft, Paragraph, ends_sentence

#: The delimiter is required: "A사는" or "문서" is no marker.
_QUESTION = re.compile(r"(문|Q|질문)\s?\d*\s?[.):：]\s*")
_ANSWER = re.compile(r"(답|A|답변)\s?\d*\s?[.):：]\s*")


def faq_pairs(document: Document) -> Iterator[Draft]:
    """One pair per question marker that an answer marker follows. Source of the markers: Korean public FAQ pages."""
    paragraphs = document.paragraphs
    for index, paragraph in enumerate(paragraphs[:-1]):
        question = _QUESTION.match(paragraph.text)
        answer = _ANSWER.match(paragraphs[index + 1].text)
        if question and answer:
            evidence = " ".join(_answer_texts(paragraphs, index + 1))
            yield Draft(
                kind="faq",
                page_number=paragraphs[index + 1].page_number,
                instruction=paragraph.text[question.end() :].strip(),
                output=evidence[answer.end() :].strip(),
                evidence=evidence,
                reason=None if ends_sentence(evidence) else "unfinished",
            )


def _answer_texts(paragraphs: list[Paragraph], start: int) -> list[str]:
    """The answer and the sentences after it on the same page; a heading ends it, having no full stop."""
    texts = [paragraphs[start].text]
    for paragraph in paragraphs[start + 1 :]:
        marker = _QUESTION.match(paragraph.text) or _ANSWER.match(paragraph.text)
        goes_on = paragraph.page_number == paragraphs[start].page_number and ends_sentence(paragraph.text)
        if marker or not goes_on or not ends_sentence(texts[-1]):
            break
        texts.append(paragraph.text)
    return texts
