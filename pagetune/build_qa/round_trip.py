"""A round trip: the author answers its own question once more from the page, without its answer and its evidence.

An answer that was guessed, or taken from the wrong place, seldom comes a second time. What differs is set aside.
"""

import re

from pagetune.build_qa.draft import Document, Paragraph
from pagetune.build_qa.soundness import fault_of_answer
from pagetune.llm.client import Client, Messages, RequestFailed
from pagetune.llm.escaping import as_written
from pagetune.llm.prompt_files import language_of, render
from pagetune.llm.schemas import Reread
from pagetune.records import Page, Pair, Place, Rejected, Table
from pagetune.text.claims import claims
from pagetune.text.fact_match import judge
from pagetune.text.refusal import abstains
from pagetune.text.units import missing

#: Characters of a page that are shown. In Korean they are about 1,550 tokens, so that the request and a reply of
#: `llm.max_tokens`, 2,048 as shipped, fit into a window of 4,096.
MAX_CHARACTERS = 2000
#: Lines without letters: what was set aside stood there.
_BLANK_LINES = re.compile(r"\n(?:[ |]+(?:\n|$))+|^(?:[ |]+\n)+")
#: What is wrong with a second answer that confirms no first one.
_SAYS_NOTHING = {"unanswered", "answer_in_question", "repeats_itself"}
#: The faults of an answer that only says less than another one.
_SAYS_LESS = re.compile("lacks |speaks of something else")
_LACKS_NUMBER = re.compile(r"lacks [\d,.]+\s?[가-힣%]*$")


async def reproduce(client: Client, pair: Pair, page: Page, document: Document) -> Pair | Rejected:
    """Return the pair if the author gives its answer a second time, else the rejected row with what came instead.

    `page` has spaces where orders to a language model stand, see `without_orders`.
    """
    shown = page_around(page, pair.place) if pair.place else page.text
    try:
        written = await client.ask(_messages(pair.instruction, shown, page, document), Reread)
    except RequestFailed as error:
        return Rejected.of(pair, "request_failed", str(error))
    if written is None:
        return Rejected.of(pair, "not_reproduced", "the second reply cannot be read")
    second = " ".join(as_written(written.answer, shown).split())
    if not second or abstains(second):
        return Rejected.of(
            pair, "not_reproduced", f"the second time the page does not say: {second[:200]}".rstrip(": ")
        )
    if _answers(pair.instruction, second) and agrees(pair.output, second, pair.instruction, pair.evidence or ""):
        return pair
    return Rejected.of(pair, "not_reproduced", f"the second time: {second[:200]}")


def _answers(question: str, second: str) -> bool:
    """Tell whether the second answer says anything: one that only repeats the question confirms nothing."""
    fault = fault_of_answer(question, second, "")
    return fault is None or fault[0] not in _SAYS_NOTHING


def agrees(first: str, second: str, question: str, evidence: str) -> bool:
    """Tell whether one of two answers states all facts of the other, and neither says otherwise than the other.

    `evidence` is that of the first one: what it adds from there competes with nothing.
    """
    same = _same_numbers(first, second)
    forward, back = (
        [fault for fault in judge(one, other, question, known).faults if not (same and _LACKS_NUMBER.match(fault))]
        for one, other, known in ((second, first, ""), (first, second, evidence))
    )
    return not (forward and back) and all(map(_SAYS_LESS.match, (*forward, *back)))


def _same_numbers(one: str, other: str) -> bool:
    """Tell whether two answers have the same numbers; the question may say of what: 몇 명 is answered by 5 and 5명."""
    mine, theirs = claims(one).numbers, claims(other).numbers
    return bool(mine) and not missing(mine, theirs) and not missing(theirs, mine)


def _messages(question: str, shown: str, page: Page, document: Document) -> Messages:
    """Return the request. The page comes before the question, so that a server reads it once for all questions."""
    # A heading that gives an order has its paragraphs set aside with it.
    left = (one for one in document.paragraphs if one.page_number == page.page_number and _is_left(page, one))
    first = next(left, None)
    section = first.section if first and first.section not in shown else ""
    return render(
        "round_trip", language_of(shown), page=shown, title=document.title, section=section, question=question
    )


def _is_left(page: Page, paragraph: Paragraph) -> bool:
    return bool(page.text[paragraph.start : paragraph.end].strip())


def page_around(page: Page, place: Place) -> str:
    """Return a page's text and tables, or the stretch of them in which `place` is nearest to the middle.

    Stretches overlap by three quarters and are the same for all places, so that nothing in one marks its place.
    """
    parts = [page.text, *map(_written, page.tables)]
    whole = "\n\n".join(parts)
    above = sum(len(part) + 2 for part in parts[: place.table + 1]) if place.table is not None else 0
    before = _row_start(page.tables[place.table], place.row or 0) if place.table is not None else 0
    start, middle = (above + before + at for at in (place.start, (place.start + place.end) // 2))
    left = min(_stretches(len(whole)), key=lambda begin: abs(begin + MAX_CHARACTERS // 2 - middle))
    cut = whole[left : left + MAX_CHARACTERS]
    if left:
        cut = cut[_first_break(cut, start - left) :]
    if place.table is not None and left > above:
        cut = f"{_head(page.tables[place.table])}\n{cut}"
    return _BLANK_LINES.sub("\n", cut).strip()


def _stretches(length: int) -> list[int]:
    """Return where the stretches of a page begin, evenly spread."""
    last = max(0, length - MAX_CHARACTERS)
    steps = -(-last // (MAX_CHARACTERS // 4))
    return [last * step // steps for step in range(steps + 1)] if steps else [0]


def _first_break(text: str, before: int) -> int:
    """Return the place behind the first line break or space before `before`, or 0 where there is none."""
    return next((at + 1 for sign in "\n " if (at := text.find(sign, 0, max(0, before))) >= 0), 0)


def _written(table: Table) -> str:
    return "\n".join([table.caption, *map(_row, table.rows)])


def _head(table: Table) -> str:
    return "\n".join([table.caption, _row(table.rows[0])]).strip()


def _row(cells: list[str]) -> str:
    return " | ".join(cells)


def _row_start(table: Table, row: int) -> int:
    return len("\n".join([table.caption, *map(_row, table.rows[:row]), ""]))
