"""The facts of a form: the values beside their labels, and what tells one sheet from others like it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from pagetune.build_qa.tables.cells import (
    has_value,
    is_name,
    is_total,
    letters,
    numbered,
    plain_name,
    says_no,
    says_yes,
)
from pagetune.build_qa.tables.facts import Fact, Places, Rows
from pagetune.build_qa.tables.headers import GENERIC, REMARKS, is_key, is_value, key_and_unit

_CODE_LABEL = re.compile(r"(?:번호|코드|ID|식별자)$")
_NAME_LABEL = re.compile(r"(?:명칭|이름|제목|[가-힣]{1,4}명)$")
_NOT_A_NAME_LABEL = re.compile(r"(?:설명|증명|서명|발명|인명|투명|성명|해명|소명)$")
#: A rank, and what stands behind it: a name, a telephone number, an address.
_RANK = re.compile(
    r"(?:과|국|실|팀|부|처|단|본부|센터|부서|사업소|지사)장|서기관|사무관|주무관|연구관|연구사|차장|대리|주임|선임|책임|수석|전문위원"
)
_IS_CONTACT = re.compile(r"[가-힣]\s?[가-힣]\s?[가-힣]{1,2}|\(?[\d‒–—―-]{7,}\)?|\(?\S+@\S+\)?")
_CODE = re.compile(r"[A-Za-z]{1,10}[-_ ]?\d[\w-]*|\d+[-–]\d[\d-]*")
#: A longer value is not the name of a sheet.
_MAX_NAME_CHARACTERS = 60
#: A label in Korean and English: 휴대 전화 Mobile Phone.
_IN_TWO_LANGUAGES = re.compile(r"[가-힣/\s]{2,15}\s?[A-Z][A-Za-z./\s]{2,40}")
#: The longest heading of several rows.
_MAX_BANNER_CHARACTERS = 20


class Sheet(NamedTuple):
    """What tells a sheet from others with the same labels: the code and the name that it gives itself, or an item's
    number as its label and number ("점검항목 1.2.1")."""

    code_label: str = ""
    code: str = ""
    name: str = ""


def form_facts(rows: Rows, filled: Places) -> Iterator[Fact]:
    """Read labels and their values. The heading of several rows is the subject; a form to fill in has no facts."""
    found = list(_values(rows, filled))
    if _is_to_fill_in(rows, filled):
        return
    told = [fact for fact in found if has_value(fact.value) and not says_yes(fact.value) and not says_no(fact.value)]
    sheet = _sheet(told)
    told = [fact for fact in told if sheet.code or fact.subject or not GENERIC.fullmatch(fact.key)]
    for fact in told:
        split = numbered(fact.value)
        if split:
            number = f"{fact.key} {split[0]}"
            yield replace(fact, subject=(number,), key="", value=split[1])
            if sheet.code and sheet.code != number:
                yield replace(_of_sheet(fact, sheet), value=split[1])
        elif letters(fact.key) not in letters(fact.value) and not (
            fact.value == sheet.name and not _is_name_label(fact.key)
        ):
            yield _of_sheet(fact, sheet)


def is_form(rows: Rows, filled: Places) -> bool:
    """Tell whether most rows are a label and one value for all other columns, or labels and values in pairs."""
    wide = [
        r
        for r, row in enumerate(rows)
        if len(row) > 2 and all((r, c) in filled and row[c] == row[1] for c in range(2, len(row)))
    ]
    many = 3 if any((0, c) in filled for c in range(2, len(rows[0]))) else 2
    return len(wide) * many > len(rows) or _is_in_pairs(rows, filled)


def _is_in_pairs(rows: Rows, filled: Places) -> bool:
    """Tell whether every other column has labels, such as 담당자 and 연락처, and the columns between them have none."""
    if len(rows[0]) < 4 or len(rows[0]) % 2:
        return False
    own = [(c % 2, cell) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell and (r, c) not in filled]
    labels = [is_key(cell) for odd, cell in own if not odd]
    values = [is_key(cell) for odd, cell in own if odd]
    return len(rows) > 1 and sum(labels) * 2 >= len(labels) > 0 and sum(values) * 5 <= len(values)


def _is_to_fill_in(rows: Rows, filled: Places) -> bool:
    """Tell whether a quarter of the cells wait for what somebody will write."""
    cells = [cell for r, row in enumerate(rows) for c, cell in enumerate(row) if (r, c) not in filled]
    has_two_languages = sum(_IN_TWO_LANGUAGES.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)
    return has_two_languages or sum(not has_value(cell) for cell in cells) * 4 > len(cells)


def _of_sheet(fact: Fact, sheet: Sheet) -> Fact:
    """Name the sheet that a value is told of; its code is told of its name, and its name of its code."""
    if not sheet.code:
        return fact
    group = fact.subject[-1] if fact.subject else ""
    key = group if group and GENERIC.fullmatch(fact.key) else f"{group} 중 {fact.key}" if group else fact.key
    if not sheet.name:
        return replace(fact, subject=(sheet.code,), key=key)
    if fact.value == sheet.name:
        return replace(fact, subject=(sheet.code,), kind=sheet.code_label, key=key)
    return replace(fact, subject=(sheet.name if fact.value == sheet.code else f"{sheet.name}({sheet.code})",), key=key)


def _values(rows: Rows, filled: Places) -> Iterator[Fact]:
    """Yield labels and values. A row of one cell is the heading of those below, an odd cell before a row that of it."""
    banner = ""
    for number, row in enumerate(rows):
        cells = [(c, text.strip()) for c, text in enumerate(row) if not _copies_left(row, filled, number, c)]
        cells = _with_contacts(cells)
        if len(cells) == 1:
            banner = (
                plain_name(cells[0][1]) if is_name(cells[0][1]) and len(cells[0][1]) <= _MAX_BANNER_CHARACTERS else ""
            )
            continue
        group = banner
        if len(cells) % 2:
            if not _covers_rows(filled, number, len(rows)):
                cells = [cell for cell in cells if cell[1]]
            if len(cells) % 2:
                group, cells = plain_name(cells[0][1]), cells[1:]
        for (_, label), (column, value) in zip(cells[::2], cells[1::2], strict=True):
            if _is_label(label):
                key, unit = key_and_unit(label, value)
                yield Fact(number, column, (group,) if group else (), "", key, value, unit)


def _covers_rows(filled: Places, row: int, rows: int) -> bool:
    """Tell whether the first cell of a row covers other rows, which it then is the group of."""
    return (row, 0) in filled or (row + 1 < rows and (row + 1, 0) in filled)


def _with_contacts(cells: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Join a rank with the name and the number behind it: 책임자 | 과장 | 홍길동 | (044-215-7630) has one value."""
    found = next((n for n, (_, text) in enumerate(cells) if n and _RANK.fullmatch(text.replace(" ", ""))), None)
    if found is None or not all(_IS_CONTACT.fullmatch(text) for _, text in cells[found + 1 :]):
        return cells
    rank, *others = (text for _, text in cells[found:])
    return [*cells[:found], (cells[found][0], " ".join([rank.replace(" ", ""), *others]))]


def _is_label(cell: str) -> bool:
    """Tell whether a cell can be a label: a name that begins with a letter, and not a value, a total or 비고."""
    if is_value(cell) or is_total(cell) or REMARKS.fullmatch(plain_name(cell)):
        return False
    return is_name(cell) and re.match(r"[가-힣A-Za-z]", plain_name(cell)) is not None


def _copies_left(row: list[str], filled: Places, number: int, column: int) -> bool:
    return column > 0 and (number, column) in filled and row[column] == row[column - 1]


def _sheet(facts: list[Fact]) -> Sheet:
    """Return what tells a sheet from others: its code with its name, or else its only item of the deepest number."""
    codes = [fact for fact in facts if _CODE_LABEL.search(fact.key) and _CODE.fullmatch(fact.value)]
    names = [fact.value for fact in facts if _is_name_label(fact.key) and len(fact.value) <= _MAX_NAME_CHARACTERS]
    if codes and names:
        return Sheet(codes[0].key, codes[0].value, names[0])
    items = [(split[0].count("."), f"{fact.key} {split[0]}") for fact in facts if (split := numbered(fact.value))]
    deepest = [item for level, item in items if level == max(items)[0]]
    return Sheet("", deepest[0]) if len(deepest) == 1 else Sheet()


def _is_name_label(label: str) -> bool:
    return _NAME_LABEL.search(label) is not None and not _NOT_A_NAME_LABEL.search(label)
