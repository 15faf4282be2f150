"""Whether a page supports an answer: it has the evidence letter for letter, and the evidence all that is claimed."""

import re
from itertools import pairwise

from pagetune.records import Page, Place
from pagetune.text.claims import claims, unsupported, whole
from pagetune.text.disguise import INVISIBLE
from pagetune.text.notation import nfc

#: Characters that models and typesetters use for one another.
_ALIKE = ('"“”„″', "'‘’`′", "-‐‑–—−", "·ㆍ・‧", "~∼～", "[［", "]］", "<＜‹〈", ">＞›〉")
#: What may stand between two letters.
_GAP = rf"[\s{INVISIBLE}]*"
#: Letters of a word that the evidence has to have, since endings differ.
_STEM = 2
#: Answers that need no word of the evidence.
_SAYS_YES_OR_NO = re.compile(r"(?:네|예|아니요|아니오|yes|no)\b", re.IGNORECASE)


def quote(page: Page, place: Place) -> str:
    """Return the text at `place`."""
    if place.table is None or place.row is None:
        return page.text[place.start : place.end]
    return _row_text(page.tables[place.table].rows[place.row])[place.start : place.end]


def find_evidence(evidence: str, page: Page) -> Place | None:
    """Return where `evidence` is on the page, in its text or in one row of a table; None where it is not.

    It may be spaced differently, except between digits, and have other quotes, dashes and brackets; all else has to be
    the same. Invisible characters, which the model was not shown, may stand between its letters.
    It may not begin or end inside a number or a Latin word: 2일 is not in 12일.
    """
    wanted = nfc(evidence)
    if not wanted:
        return None
    pattern = re.compile(whole(_spaced(wanted)))
    for (table, row), text in _texts(page).items():
        found = pattern.search(text)
        if found:
            return Place(table=table, row=row, start=found.start(), end=found.end())
    return None


def _spaced(text: str) -> str:
    """Return a regular expression for `text`, however it is spaced."""
    letters = re.findall(r"\s*\S", text)
    parts = [_sign(letters[0].strip())]
    for before, letter in pairwise(letters):
        between_digits = before[-1].isdigit() and letter[-1].isdigit()
        gap = (r"\s+" if letter[0].isspace() else "") if between_digits else _GAP
        parts.append(gap + _sign(letter.strip()))
    return "".join(parts)


def _sign(letter: str) -> str:
    alike = next((signs for signs in _ALIKE if letter in signs), None)
    return f"[{re.escape(alike)}]" if alike else re.escape(letter)


def row_place(page: Page, table: int, row: int) -> Place:
    """Return the place of a whole row."""
    return Place(table=table, row=row, start=0, end=len(_row_text(page.tables[table].rows[row])))


def _texts(page: Page) -> dict[tuple[int | None, int | None], str]:
    """Return the page's text, and the text of each row of its tables, by (table, row)."""
    texts: dict[tuple[int | None, int | None], str] = {(None, None): page.text}
    for number, table in enumerate(page.tables):
        texts |= {(number, row): _row_text(cells) for row, cells in enumerate(table.rows)}
    return texts


def whole_text(page: Page) -> str:
    """Return the page's text and the rows of its tables, one a line."""
    return "\n".join(_texts(page).values())


def _row_text(row: list[str]) -> str:
    return " | ".join(row)


def not_proven(output: str, evidence: str) -> str | None:
    """Return what the evidence does not support in an answer: numbers and codes, or all of it if they share no word."""
    return ", ".join(unsupported(output, evidence)) or (None if _shares_a_word(output, evidence) else output[:100])


def _shares_a_word(output: str, evidence: str) -> bool:
    """Tell whether the evidence has a word of the answer, or a number or code, which `unsupported` has looked for."""
    if claims(output) != claims(""):
        return True
    words = re.findall(r"[^\W\d_]{2,}", output.lower())
    held = "".join(evidence.lower().split())
    return not words or bool(_SAYS_YES_OR_NO.match(output)) or any(word[:_STEM] in held for word in words)
