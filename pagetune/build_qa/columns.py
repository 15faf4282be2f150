"""Whether an answer stands in the column of a table that its question asks for."""

import re

from pagetune.build_qa.surroundings import Claim, columns_of_answer, has_header
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean

_TOKEN = re.compile(r"[가-힣A-Za-z0-9]+")
_DIGITS, _BRACKETS = re.compile(r"\d+"), re.compile(r"[(（\[][^()（）\[\]]*[)）\]]")
#: Digits of a year, which may be a header by itself.
_YEAR = 4


def wrong_column(claim: Claim) -> str | None:
    """Return the header of the answer's column where the question asks for another column's.

    A column whose cell the question has is not asked for: it says which row is meant.
    """
    if claim.place.table is None or not has_header(claim.page.tables[claim.place.table]) or not claim.place.row:
        return None
    rows = claim.page.tables[claim.place.table].rows
    question, asked = normal_form(claim.question), content_words(without_title(claim))
    named = {
        column
        for column, (header, cell) in enumerate(zip(rows[0], rows[claim.place.row], strict=False))
        if (
            _is_asked_for(header, rows[0], claim.question)
            or (content_words(header) and not _differs_in_number(header, rows[0]) and _shares(header, asked))
        )
        and not (normal_form(cell) and normal_form(cell) in question)
    }
    columns = set(columns_of_answer(claim))
    return (
        " | ".join(rows[0][column] for column in sorted(columns))
        if columns and named - columns == named != set()
        else None
    )


def _is_asked_for(header: str, headers: list[str], question: str) -> bool:
    """Tell whether a question has what tells one header of a series from the others: C급 of 위규 수준 C급."""
    tokens, others = set(_TOKEN.findall(header)), [set(_TOKEN.findall(one)) for one in headers if one != header]
    own = tokens - set[str]().union(*others)
    in_series = any(tokens & other for other in others)
    asked = _TOKEN.findall(question)
    named = in_series and bool(own) and all(any(one.startswith(token) for one in asked) for token in own)
    return named or _is_its_number_asked_for(header, headers, question)


def _is_its_number_asked_for(header: str, headers: list[str], question: str) -> bool:
    """Tell whether a question has a header that differs from another one in its number alone: 1분기, 2023년."""
    own = _bare(header)
    if not _differs_in_number(header, headers) or (own.isdigit() and len(own) != _YEAR):
        return False
    return re.search(rf"(?<![\d.,]){re.escape(own)}(?!\d)", _bare(question)) is not None


def _differs_in_number(header: str, headers: list[str]) -> bool:
    own = _bare(header)
    shape = _DIGITS.sub("#", own)
    return "#" in shape and any(_bare(one) != own and _DIGITS.sub("#", _bare(one)) == shape for one in headers)


def _bare(text: str) -> str:
    """Return a text without spaces and without what stands in brackets, such as a unit."""
    return "".join(_BRACKETS.sub("", text).lower().split())


def _shares(header: str, asked: frozenset[str]) -> bool:
    """Tell whether all words of a header are asked for, or of one of those that it joins: 일요일/공휴일."""
    alternatives = [content_words(one) for one in re.split(r"[/·ㆍ,]", header)]
    return any(words and all(any(has_word(word, one) for one in asked) for word in words) for words in alternatives)


def without_title(claim: Claim) -> str:
    """Return the question without its document's title, in quotes or not, where it has that."""
    title = re.escape(claim.document.title.strip())
    it = "그것" if is_korean(claim.question) else "it"
    return re.sub(rf"[‘'“\"\[「]?{title}[’'”\"\]」]?", it, claim.question)
