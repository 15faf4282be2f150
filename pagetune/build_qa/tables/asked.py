"""A fact of a table that can be asked, with all that its question is made of."""

from dataclasses import dataclass

from pagetune.build_qa.tables.facts import Fact
from pagetune.build_qa.tables.names import TableName
from pagetune.records import Page, Reason


@dataclass(frozen=True)
class Asked:
    """A fact and the table in which it is. `reason` is set where it is rejected for what other facts say."""

    fact: Fact
    name: TableName
    page: Page
    number: int
    reason: Reason | None = None
