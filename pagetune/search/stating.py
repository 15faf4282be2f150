"""The sentences of a passage, or the row of a table, that state an answer or a part of one."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import SENTENCE_GAP
from pagetune.build_qa.parallel_clauses import of_another_part
from pagetune.search.passages import Passage
from pagetune.search.statements import differs, only_agrees, states
from pagetune.text.claims import claims, normal_form
from pagetune.text.quantities import as_read, quantities

#: Sentences in a row that may state an answer together. More than one only if most of what they say is the answer.
_SENTENCES, _MOST = 3, 0.5
#: What looks like a sentence and begins one: 문 3., 답., A.
_LABEL = re.compile(r"\W*[^\W\d]{0,3}\s?\d{0,3}[.):]")


def stating(passage: Passage, question: str, answer: str) -> Iterator[tuple[str, str]]:
    """Yield the sentences that state the answer, by themselves and with the one before them, or the row that does, by
    itself and with its header. A sentence before that has another number in its place tells of something else."""
    if passage.place.table is not None:
        known = "\n".join(passage.searched)
        if states(passage.parts[-1], question, answer, header=known) or _is_owner(passage, question, answer):
            yield passage.parts[-1], known
        return
    sentences = sentences_of(passage)
    for count in range(1, 1 + (1 if only_agrees(question, answer) else _SENTENCES)):
        for start in range(len(sentences) - count + 1):
            text = "\n".join(sentences[start : start + count])
            if (count == 1 or len(answer) >= _MOST * len(text)) and states(text, question, answer):
                context = [one for one in sentences[max(0, start - 1) : start] if not differs(answer, one)]
                yield text, "\n".join([*passage.above, *context, text])


def _is_owner(passage: Passage, question: str, answer: str) -> bool:
    """Tell whether a question names the number of a row, and the answer what the table tells of: 02-555-0143인 곳."""
    asked, held = claims(question), claims(passage.parts[-1])
    has_number = bool(asked.joined) and asked.joined <= held.joined
    return has_number and normal_form(answer) in map(normal_form, (*passage.above, *passage.parts[:-1]))


def stating_part(passage: Passage, part: str) -> str | None:
    """Return what states a part of an answer, all of whose words count because it says itself what it is about."""
    return next((text for text, _ in stating(passage, "", part) if not _is_of_another(part, text)), None)


def _is_of_another(part: str, text: str) -> bool:
    """Tell whether a number of the part belongs to another clause of the sentence: 평일은 9시, 주말은 10시."""
    said, held = as_read(part), as_read(text)
    like = [(one, other) for one in quantities(part) for other in quantities(text) if one.is_like(other)]
    return bool(like) and all(
        of_another_part(said.replace(one.written, " "), other.written, held) for one, other in like
    )


def sentences_of(passage: Passage) -> list[str]:
    """Return the sentences of a passage, or the row of a table."""
    if passage.place.table is not None:
        return [passage.parts[-1]]
    found: list[str] = []
    for sentence in (sentence for part in passage.parts for sentence in SENTENCE_GAP.split(part)):
        if found and _LABEL.fullmatch(found[-1]):
            sentence = f"{found.pop()} {sentence}"
        found.append(sentence)
    return found


def before(passage: Passage, sentence: str) -> list[str]:
    """Return what stands before a sentence of a passage, or above a row."""
    if passage.place.table is not None:
        return list(passage.parts[:-1])
    sentences = sentences_of(passage)
    at = sentences.index(sentence) if sentence in sentences else 0
    return sentences[max(0, at - 1) : at]
