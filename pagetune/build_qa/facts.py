"""Pairs from tables and from sentences of the form `X의 Y는 Z입니다`."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.korean import has_final_consonant, interrogative, is_korean, with_particle
from pagetune.records import Kind, Table

#: Headers of a two-column table that say nothing: what is asked for stands in the first column.
_GENERIC_HEADERS = {"항목", "구분", "내용", "값", "설명", "비고", "item", "value", "details", "description"}
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_FACT = re.compile(r"([^,.]{2,30}의 [^,.]{1,30}?)([은는]) ([^?!]{2,100}?)(?:입니다|이다)\.$")
#: Openings that lean on the sentence before.
_LEANS_BACK = re.compile(r"(이|그|저|해당|위|아래|본|이들|그들|또한|그리고|다만|따라서)(의)?\s|이것|그것|여기|거기")


def sentence_pairs(document: Document) -> Iterator[Draft]:
    for paragraph in document.paragraphs:
        for sentence in _whole_sentences(paragraph):
            match = _FACT.match(sentence)
            if match and not _LEANS_BACK.match(sentence) and _particle_fits(*match.group(1, 2)):
                topic, answer = match.group(1), match.group(3)
                yield _fact("key_value", paragraph.page_number, topic, answer, sentence)


def _whole_sentences(paragraph: Paragraph) -> list[str]:
    sentences = _SENTENCE.split(paragraph.text)
    return sentences[1:] if paragraph.is_fragment else sentences


def _particle_fits(topic: str, particle: str) -> bool:
    """은 after a consonant, 는 after a vowel; otherwise the syllable belongs to a word."""
    return has_final_consonant(topic) == (particle == "은")


def table_pairs(document: Document) -> Iterator[Draft]:
    for page in document.pages:
        for table in page.tables:
            if not _has_names(table):
                yield Draft("table", page.page_number, table.caption, "", table.caption, reason="unnamed_table")
                continue
            yield from _two_columns(table, page.page_number) if _is_key_value(table) else _wide(table, page.page_number)


def _has_names(table: Table) -> bool:
    """A key-value table is asked about by its caption, another by its headers, which must differ."""
    header = table.rows[0]
    if _is_key_value(table):
        return bool(table.caption)
    return len(header) >= 2 and all(header) and len(set(header)) == len(header)


def _is_key_value(table: Table) -> bool:
    header = table.rows[0]
    return len(header) == 2 and {cell.lower() for cell in header} <= _GENERIC_HEADERS


def _two_columns(table: Table, page_number: int) -> Iterator[Draft]:
    """`{caption}의 {key}`."""
    for key, value in (row for row in table.rows[1:] if all(row)):
        yield _fact("key_value", page_number, f"{_subject(table.caption)} {key}", value, f"{key} | {value}")


def _wide(table: Table, page_number: int) -> Iterator[Draft]:
    """`{first column}의 {header}` for every other cell of a table with a header row."""
    for row in table.rows[1:]:
        for name, value in zip(table.rows[0][1:], row[1:], strict=False):
            if row[0] and value:
                yield _fact("table", page_number, f"{_subject(row[0])} {name}", value, " | ".join(row))


def _subject(name: str) -> str:
    return f"{name}의" if is_korean(name) else f"{name}:"


def _fact(kind: Kind, page_number: int, topic: str, answer: str, evidence: str) -> Draft:
    question = f"{with_particle(topic, '은/는')} {interrogative(topic)}인가요?" if is_korean(topic) else f"{topic}?"
    return Draft(kind, page_number, question, answer, evidence, topic)
