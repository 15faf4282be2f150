"""A language model as judge of the answers: right, wrong, or unsupported by the document, each with a reason."""

import asyncio
from dataclasses import dataclass

from pagetune.errors import UserError
from pagetune.evaluate.agreement import Opinion, Opinions
from pagetune.evaluate.answers import accepted_answers
from pagetune.evaluate.controls import instruction_of
from pagetune.evaluate.sources import Sources
from pagetune.language import Remark
from pagetune.llm.client import Client, RequestFailed, gather
from pagetune.llm.engine import open_client
from pagetune.llm.prompt_files import language_of, render
from pagetune.llm.schemas import Assessed
from pagetune.params import Llm
from pagetune.records import Prediction
from pagetune.search.support import nothing_found
from pagetune.text.readable import readable

#: Characters of evidence that the judge sees at most; a page of dense text has about 2,000.
EVIDENCE_CHARACTERS = 4000


@dataclass(frozen=True)
class Case:
    """What a model was asked: the question, the accepted answers, and the text that they come from.

    A dialogue is the evidence for its summary, and has no question. The user's own rows have no evidence.
    """

    question: str
    references: tuple[str, ...]
    evidence: str


def cases(asked: list[Prediction], template: str, sources: Sources) -> list[Case]:
    """Return the case of each row, in order."""
    return [_case(row, template, sources) for row in asked]


def _case(row: Prediction, template: str, sources: Sources) -> Case:
    question, references = instruction_of(row.prompt, template), accepted_answers(row)
    references += [] if row.answerable else [nothing_found(question)]
    if row.kind == "dialogue":
        return Case("", tuple(references), excerpt(question, references[0]))
    return Case(question, tuple(references), excerpt(sources.page_for(row), references[0]))


def excerpt(text: str, reference: str, limit: int = EVIDENCE_CHARACTERS) -> str:
    """Return `limit` characters of a longer text: the stretch with the most words of the reference, the first of such.

    Stretches overlap by half, so that none cuts every passage.
    """
    if len(text) <= limit:
        return text
    words = {word for word in reference.split() if len(word) > 1}
    starts = range(0, len(text) - limit // 2, limit // 2)
    best = max(starts, key=lambda start: sum(word in text[start : start + limit] for word in words))
    return text[best : best + limit]


def assess(answers: dict[str, list[Prediction]], asked: list[Case], llm: Llm) -> tuple[Opinions, Client]:
    """Return an opinion on each answer by model, in order, and the client with its counts.

    The model says what it finds most likely, whatever `llm.temperature` is: a verdict that was drawn at random would be
    another one the next time.
    """
    try:
        return asyncio.run(_assess_all(answers, asked, llm.model_copy(update={"temperature": 0.0})))
    except UserError as error:
        raise UserError("{error} Or set evaluate.judge: none.", error=error) from None


async def _assess_all(answers: dict[str, list[Prediction]], asked: list[Case], llm: Llm) -> tuple[Opinions, Client]:
    client = open_client(llm, "evaluate", Remark("verdict"))
    # All answers to a question follow each other, because a server keeps what two prompts begin with.
    said = [(case, readable(answers[model][at].prediction)) for at, case in enumerate(asked) for model in answers]
    # Equal answers to one question are sent once.
    client.meter.expect(len({(case, answer) for case, answer in said if answer}))
    try:
        opinions = await gather(_assess(client, case, answer) for case, answer in said)
    finally:
        await client.close()
    return {model: opinions[i :: len(answers)] for i, model in enumerate(answers)}, client


async def _assess(client: Client, case: Case, answer: str) -> Opinion:
    if not answer:
        return Opinion("wrong", "The answer is empty.")
    language = language_of(f"{case.question} {case.references[0]}")
    values = {"question": case.question, "references": case.references, "evidence": case.evidence, "answer": answer}
    try:
        assessed = await client.ask(render("assess", language, **values), Assessed)
    except RequestFailed as error:
        return Opinion("failed", str(error))
    if assessed is None:
        return Opinion("unreadable", "")
    client.meter.made()
    return Opinion(assessed.verdict, " ".join(assessed.reason.split()))
