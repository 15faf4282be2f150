"""The requests for questions about one passage or two, and for the answer to a comparison."""

import unicodedata
from dataclasses import dataclass

from pagetune.build_qa.asking.choice import Written
from pagetune.build_qa.asking.compared import Comparison, Side, prove_comparison
from pagetune.build_qa.asking.plan import Asking
from pagetune.build_qa.asking.wishes import Wishes
from pagetune.build_qa.passages import Passage
from pagetune.build_qa.soundness import Fault
from pagetune.llm.client import Client, RequestFailed
from pagetune.llm.escaping import as_written
from pagetune.llm.schemas import Compared, QuestionList, TypedQuestions
from pagetune.records import Pair, Reason


@dataclass(frozen=True)
class Unproven:
    """Why a comparison gives no pair, with its question, its answer and what was seen, as far as they came."""

    reason: Reason
    texts: tuple[str, ...]


async def request_questions(client: Client, asking: Asking, wishes: Wishes) -> list[Written] | Fault:
    """Return the questions in the brackets of the page, or why there are none."""
    try:
        written = await (
            _compare(client, asking, asking.beside, wishes) if asking.beside else _ask(client, asking, wishes)
        )
    except RequestFailed as error:
        return "request_failed", str(error)
    if written is None:
        return "unreadable_answer", ""
    shown = "\n".join(passage.shown for passage in (asking.passage, asking.beside) if passage)
    copied = [Written(as_written(one.text, shown), one.label) for one in written]
    return copied or ("unanswered", "")


async def _ask(client: Client, asking: Asking, wishes: Wishes) -> list[Written] | None:
    reply = await client.ask(wishes.messages("questions", asking.passage, **asking.wanted()), TypedQuestions)
    return None if reply is None else [Written(one.question, one.type) for one in reply.questions]


async def _compare(client: Client, asking: Asking, beside: Passage, wishes: Wishes) -> list[Written] | None:
    values = {"count": len(asking.types)} | _other(beside)
    reply = await client.ask(wishes.messages("compare_questions", asking.passage, **values), QuestionList)
    return None if reply is None else [Written(text, None) for text in reply.questions]


def _other(passage: Passage) -> dict[str, object]:
    return {"other_section": passage.section, "other_passage": passage.text}


async def request_comparison(
    client: Client, question: str, sides: tuple[Side, Side], wishes: Wishes
) -> Pair | Unproven:
    """Return the answer as a pair that is proved in both passages, or why it is rejected."""
    one, other = (side.passage for side in sides)
    messages = wishes.messages("compare_answer", one, question=question, **_other(other))
    try:
        written = await client.ask(messages, Compared)
    except RequestFailed as error:
        return Unproven("request_failed", (question, "", str(error)))
    if written is None:
        return Unproven("unreadable_answer", (question,))
    shown = f"{one.shown}\n{other.shown}"
    answer = unicodedata.normalize("NFC", " ".join(as_written(written.answer, shown).split()))
    quotes = as_written(written.evidence_1, shown), as_written(written.evidence_2, shown)
    found = prove_comparison(Comparison(question, answer, quotes), sides)
    return found if isinstance(found, Pair) else Unproven(found[0], (question, answer, found[1]))
