"""Whether an answer stands where its question does not ask: in another column or row, or is of another kind."""

from collections.abc import Callable
from dataclasses import replace

from pagetune.build_qa.answer_kinds import another_row, wrong_kind
from pagetune.build_qa.columns import wrong_column
from pagetune.build_qa.question_words import is_stated_as_reason, not_what_is_asked
from pagetune.build_qa.surroundings import Claim, columns_of_answer
from pagetune.search.answer_forms import has_another_form
from pagetune.search.figures import lacks_figures
from pagetune.search.kinds import is_another_kind
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.quantities import quantities

#: Letters of a cell from which a question that has all of it names its row.
_LABEL = 3
#: How much of a text's words a question has, each weighted by its rarity.
Share = Callable[[str, str], float]


def is_elsewhere(claim: Claim, known: str, stated: str, share: Share) -> bool:
    """Tell whether the answer stands in another column or row, or is of another kind, than is asked for. `known` is all
    that is known of the passage, answer included, and `stated` what of it states the answer."""
    claim = as_in_row(claim)
    return bool(
        is_in_another_column(claim)
        or (another_row(claim) and not _figures_named(claim.question, claim) and not _is_named_best(claim, share))
        or is_of_another_kind(claim, known, stated)
    ) or _means_another_row(claim, share)


def is_of_another_kind(claim: Claim, known: str, stated: str) -> bool:
    """Tell whether the answer is not what is asked for, or the passage not about the numbers of the question."""
    is_reason = is_stated_as_reason(claim.question, claim.answer, stated)
    return bool(
        wrong_kind(claim)
        or (not_what_is_asked(claim) and not is_reason)
        or is_another_kind(claim.question, claim.answer)
        or has_another_form(claim.question, claim.answer, known if claim.place.table is not None else stated, stated)
        or lacks_figures(claim.question, known, stated, (page.text for page in claim.document.pages))
    )


def is_in_another_column(claim: Claim) -> bool:
    """Tell whether the question asks for another column than the answer's, no word of whose header it has."""
    header = wrong_column(claim)
    return header is not None and not any(has_word(claim.question, word) for word in content_words(header))


def as_in_row(claim: Claim) -> Claim:
    """Return the claim with the answer as the cell that has its numbers writes them: 14:00 for 14시."""
    said = quantities(claim.answer)
    if claim.place.table is None or not said or columns_of_answer(claim):
        return claim
    cells = claim.page.tables[claim.place.table].rows[claim.place.row or 0]
    found = [cell for cell in cells if all(any(one.is_like(other) for other in quantities(cell)) for one in said)]
    return replace(claim, answer=found[0]) if len(found) == 1 else claim


def _figures_named(question: str, claim: Claim) -> bool:
    """Tell whether the question names the row by a number or code that no other row has: 1204호."""
    if claim.place.table is None:
        return False
    rows = claim.page.tables[claim.place.table].rows
    named = [_figures_of(question, " | ".join(cells)) for cells in rows]
    own = claim.place.row or 0
    return named[own] > max((count for row, count in enumerate(named) if row != own), default=0)


def _is_named_best(claim: Claim, share: Share) -> bool:
    """Tell whether the question has a word of the row that answers, and less of every other row of its table: of
    금연상담실 the last word, where people ask for 담배 끊는 상담."""
    if claim.place.table is None or claim.page.tables[claim.place.table].layout != "header":
        return False
    table, own = claim.page.tables[claim.place.table], claim.place.row or 0
    named = [share(claim.question, " | ".join(cells)) for cells in table.rows]
    return own > 0 and named[own] > max((share for row, share in enumerate(named) if row not in (0, own)), default=0)


def lacks_its_figures(question: str, claim: Claim) -> bool:
    """Tell whether a row has none of the numbers and codes by which the question names rows of its table."""
    if claim.place.table is None:
        return False
    named = [_figures_of(question, " | ".join(cells)) for cells in claim.page.tables[claim.place.table].rows]
    return max(named) > named[claim.place.row or 0] == 0


def _means_another_row(claim: Claim, share: Share) -> bool:
    """Tell whether the question names more of another row of the table than of the one that has the answer."""
    if claim.place.table is None:
        return False
    table, own = claim.page.tables[claim.place.table], claim.place.row or 0
    labels = [_label_in(claim.question, cells) for cells in table.rows]
    alike = {" | ".join(cells) for cells, label in zip(table.rows, labels, strict=True) if label == labels[own]}
    if labels[own] == max(labels) >= _LABEL and len(alike) == 1:
        return False
    first = 1 if table.layout != "form" and own else 0  # the first row names the columns, or what they are about
    rows = [" | ".join(cells) for cells in table.rows]
    named = [_figures_of(claim.question, row) + share(claim.question, row) for row in rows]
    return max(named[first:]) > named[own]


def _label_in(question: str, cells: list[str]) -> int:
    """Return how long the longest cell of a row is that the question has in full."""
    asked = normal_form(question)
    return max(len(normal_form(cell)) if normal_form(cell) in asked else 0 for cell in cells)


def _figures_of(question: str, row: str) -> int:
    """Return how many numbers and codes of a row a question has, which count most."""
    asked, held = claims(question), claims(row)
    return len(asked.numbers & held.numbers) + len(asked.joined & held.joined) + len(asked.codes & held.codes)
