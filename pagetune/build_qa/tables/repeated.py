"""Whether a column has a value more than once, however it is written."""

import re

from pagetune.build_qa.tables.asked import Asked
from pagetune.build_qa.tables.cells import letters
from pagetune.text.quantities import Quantity, as_read, quantities


def is_repeated(asked: Asked) -> bool:
    """Tell whether another row has the value in its column, however it is written: 30,000원 beside 3만원.

    All rows of the table are compared, those too of which nothing is asked.
    """
    fact, rows = asked.fact, asked.page.tables[asked.number].rows
    others = (row[fact.column] for at, row in enumerate(rows) if at != fact.row and fact.column < len(row))
    return any(_is_same(fact.value, cell) for cell in others)


def _is_same(one: str, other: str) -> bool:
    if letters(one) == letters(other):
        return True
    own, its = quantities(one), quantities(other)
    if not own or len(own) != len(its) or _words(one, own) != _words(other, its):
        return False
    return all(mine.is_like(theirs) for mine, theirs in zip(own, its, strict=True))


def _words(text: str, counted: tuple[Quantity, ...]) -> str:
    """Return what a text says besides its quantities."""
    read = as_read(text)
    for one in reversed(counted):
        read = read[: one.start] + read[one.end :]
    return re.sub(r"\s", "", read)
