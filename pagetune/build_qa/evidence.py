"""Whether an answer stands on its page: the evidence letter for letter, and in it all that the answer claims."""

import re
import unicodedata
from itertools import pairwise

from pagetune.records import Page, Place
from pagetune.text.claims import claims, unsupported, whole

#: Signs that models and typesetters write in more than one way.
_ALIKE = ('"“”„″', "'‘’`′", "-‐‑–—−", "·ㆍ・‧", "~∼～")
#: Of the answer's words so many letters; endings differ. Yes and no need not stand anywhere.
_STEM = 2
_SAYS_YES_OR_NO = re.compile(r"(?:네|예|아니요|아니오|yes|no)\b", re.IGNORECASE)


def quote(page: Page, place: Place) -> str:
    """What stands at `place`."""
    return _texts(page)[place.table, place.row][place.start : place.end]


def find_evidence(evidence: str, page: Page) -> Place | None:
    """Where `evidence` stands on the page, in its text or in one row of a table.

    White space is folded, but for that between digits; quotes and dashes are taken for one another; nothing else is.
    What would begin or end inside a number or a Latin word is no evidence: 2일 is not in 12일.
    """
    wanted = unicodedata.normalize("NFC", evidence).strip()
    if not wanted:
        return None
    pattern = re.compile(whole(_spaced(wanted)))
    for (table, row), text in _texts(page).items():
        found = pattern.search(text)
        if found:
            return Place(table=table, row=row, start=found.start(), end=found.end())
    return None


def _spaced(text: str) -> str:
    """A regular expression for `text`, however it is spaced."""
    letters = re.findall(r"\s*\S", text)
    parts = [_sign(letters[0].strip())]
    for before, letter in pairwise(letters):
        between_digits = before[-1].isdigit() and letter[-1].isdigit()
        gap = (r"\s+" if letter[0].isspace() else "") if between_digits else r"\s*"
        parts.append(gap + _sign(letter.strip()))
    return "".join(parts)


def _sign(letter: str) -> str:
    alike = next((signs for signs in _ALIKE if letter in signs), None)
    return f"[{re.escape(alike)}]" if alike else re.escape(letter)


def row_place(page: Page, table: int, row: int) -> Place:
    """Of a whole row."""
    return Place(table=table, row=row, start=0, end=len(_row_text(page.tables[table].rows[row])))


def _texts(page: Page) -> dict[tuple[int | None, int | None], str]:
    """The page's text, and the text of each row of its tables."""
    texts: dict[tuple[int | None, int | None], str] = {(None, None): page.text}
    for number, table in enumerate(page.tables):
        texts |= {(number, row): _row_text(cells) for row, cells in enumerate(table.rows)}
    return texts


def _row_text(row: list[str]) -> str:
    return " | ".join(row)


def not_proven(output: str, evidence: str) -> str | None:
    """What of an answer its evidence does not hold: numbers and codes, or all of it if they share no word; or None."""
    return ", ".join(unsupported(output, evidence)) or (None if _shares_a_word(output, evidence) else output[:100])


def _shares_a_word(output: str, evidence: str) -> bool:
    """Or claims something, which is shown to stand there already."""
    if claims(output) != claims(""):
        return True
    words = re.findall(r"[^\W\d_]{2,}", output.lower())
    held = "".join(evidence.lower().split())
    return not words or bool(_SAYS_YES_OR_NO.match(output)) or any(word[:_STEM] in held for word in words)
