"""A language model as judge: does the answer follow from its source, and is the question clear by itself?"""

import asyncio
from collections.abc import Mapping

from pagetune.language import Remark
from pagetune.ledger import Ledger
from pagetune.llm.client import Client, RequestFailed, gather
from pagetune.llm.engine import open_client
from pagetune.llm.prompt_files import language_of, render
from pagetune.llm.schemas import Graded
from pagetune.params import Llm, Qa
from pagetune.records import Judgement, Page, Pair, Rejected

#: Characters of the page before and after the evidence that the judge also sees.
CONTEXT_CHARACTERS = 600


def judge_pairs(pairs: list[Pair], pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger) -> tuple[list[Pair], Client]:
    """Return the pairs that pass, with their grades, and the client. Every pair needs a page, which is its source."""
    return asyncio.run(_judge_all(pairs, pages, qa, llm, ledger))


async def _judge_all(
    pairs: list[Pair], pages: list[Page], qa: Qa, llm: Llm, ledger: Ledger
) -> tuple[list[Pair], Client]:
    client = open_client(llm, "build_qa", Remark("pair"))
    client.meter.expect(len(pairs))
    by_place: dict[tuple[str, int | None], Page] = {(page.doc_id, page.page_number): page for page in pages}
    try:
        judged = await gather(_judge_pair(client, pair, whole_source(pair, by_place), qa) for pair in pairs)
    finally:
        await client.close()
    kept = [row for row in judged if isinstance(row, Pair)]
    ledger.add("judge", len(pairs), len(kept), [row for row in judged if isinstance(row, Rejected)])
    return kept, client


async def _judge_pair(client: Client, pair: Pair, source: str, qa: Qa) -> Pair | Rejected:
    messages = render("judge", language_of(source), source=source, question=pair.instruction, answer=pair.output)
    try:
        graded = await client.ask(messages, Graded)
    except RequestFailed as error:
        return Rejected.of(pair, "request_failed", str(error))
    if graded is None:
        return Rejected.of(pair, "unreadable_answer")
    if graded.faithfulness < qa.min_faithfulness:
        return Rejected.of(pair, "unfaithful", f"faithfulness {graded.faithfulness}")
    if graded.clarity < qa.min_clarity:
        return Rejected.of(pair, "unclear", f"clarity {graded.clarity}")
    client.meter.made()
    judgement = Judgement(faithfulness=graded.faithfulness, clarity=graded.clarity)
    return pair.model_copy(update={"judgement": judgement})


def whole_source(pair: Pair, pages: Mapping[tuple[str, int | None], Page]) -> str:
    """Return the source of a pair, and for a comparison that of its second passage below it."""
    found = [source_of(pair, pages[pair.doc_id, pair.page_number])]
    if second := pair.second:
        other = pair.model_copy(update={"place": second.place, "evidence": second.text})
        found.append(source_of(other, pages[pair.doc_id, second.page_number]))
    return "\n\n".join(found)


def source_of(pair: Pair, page: Page) -> str:
    """Return the evidence with the text around it; for a table, its caption, its header row and the evidence's row."""
    place = pair.place
    if place is None or place.table is None:
        start, end = (place.start, place.end) if place else (0, 0)
        return page.text[max(0, start - CONTEXT_CHARACTERS) : end + CONTEXT_CHARACTERS]
    table = page.tables[place.table]
    return "\n".join([table.caption, " | ".join(table.rows[0]), pair.evidence or ""])
