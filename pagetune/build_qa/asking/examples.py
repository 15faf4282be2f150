"""The user's examples of questions and answers (`qa.examples`): they show the form, and never become pairs."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pagetune.build_qa.own_rows.encoding import encoding_of
from pagetune.build_qa.own_rows.json_rows import read_json_rows
from pagetune.build_qa.own_rows.raw import RowError, is_text
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.llm.prompt_files import Language, language_of
from pagetune.params import Qa
from pagetune.params.asking import EXAMPLES, ShownExample, fault_of_example
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words

#: How many are shown in one request.
SHOWN = 8
#: What tells the questions about one subject apart. 몇, 얼마 and 얼마나 ask for one thing, as 누구 and 누가 do.
_INTERROGATIVES = {
    kind: re.compile(words, re.IGNORECASE)
    for kind, words in {
        "who": r"누구|누가|\bwho(?:m|se)?\b",
        "where": r"어디|\bwhere\b",
        "when": r"언제|(?<![가-힣])(?:몇\s?(?:시|월|년|일)(?!간)|며칠)|\bwhen\b|\bwhat (?:date|day|time|year|month)\b",
        "how": r"어떻게|어떤\s?(?:방법|식|절차)|\bhow\b(?!\s(?:much|many|long|often|far|old|big|large|high|tall))",
        "how much": r"얼마|(?<![가-힣])몇(?!\s?(?:시|월|년|일)(?!간))"
        r"|\bhow (?:much|many|long|often|far|old|big|large|high|tall)\b",
        "why": r"(?<![가-힣])왜|\bwhy\b",
        "until": r"까지|\b(?:until|by when|by what)\b",
        "from": r"부터|\b(?:since when|from when)\b",
    }.items()
}


def load_examples(qa: Qa) -> list[ShownExample]:
    """Return the examples of params.yaml or of the file that it names. Raises UserError with the row and its field."""
    rows = qa.examples if isinstance(qa.examples, list) else _read(Path(EXAMPLES))
    for number, row in enumerate(rows, 1):
        if not is_text(row.question + row.answer):
            raise UserError(
                "qa.examples: row {number} has a character that no file can hold. Write it again.", number=number
            )
    return [ShownExample(question=_in_one_line(row.question), answer=_in_one_line(row.answer)) for row in rows]


def _in_one_line(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def unused_examples(qa: Qa) -> str | None:
    """Return a line where the file has rows and `qa.examples` does not name it."""
    path = Path(EXAMPLES)
    unused = isinstance(qa.examples, list) and path.is_file() and path.read_bytes().strip()
    return (
        tr("{path} has rows that are not shown to the language model. Set qa.examples: {path}.", path=path)
        if unused
        else None
    )


def _read(path: Path) -> list[ShownExample]:
    if not path.is_file():
        raise UserError(
            "params.yaml: qa.examples names {path}, which is not there. Write it, or set qa.examples: [].", path=path
        )
    found = [_to_example(*row) for row in read_json_rows(path, encoding_of(path))]
    if not found:
        raise UserError(
            'params.yaml: qa.examples names {path}, which has no row. Add {{"question": "…", "answer": '
            '"…"}}, or set qa.examples: [].',
            path=path,
        )
    return found


def _to_example(where: str, values: dict[str, Any] | RowError) -> ShownExample:
    if isinstance(values, RowError):
        raise UserError("{where} {problem}. Fix that line.", where=where, problem=values.what)
    if fault := fault_of_example(values):
        raise UserError("{where} {fault}.", where=where, fault=fault)
    return ShownExample.model_validate(values)


def shown_to(examples: Sequence[ShownExample], language: Language) -> list[dict[str, str]]:
    """Return up to 8 examples, those in the language of the passage first."""
    ordered = sorted(examples, key=lambda one: language_of(f"{one.question} {one.answer}") != language)
    return [one.model_dump() for one in ordered[:SHOWN]]


def copies_example(question: str, examples: Sequence[ShownExample], page: str) -> bool:
    """Tell whether a question is one of the examples, in the same or nearly the same words, and not one of the page."""
    own = [one.question for one in examples if _is_same(one.question, question)]
    held = normal_form(page)
    return any(normal_form(one) not in held for one in own)


def _is_same(one: str, other: str) -> bool:
    if normal_form(one) == normal_form(other):
        return True
    words = content_words(one)
    same = bool(words) and words == content_words(other) and claims(one) == claims(other)
    return same and _asked_by(one) == _asked_by(other)


def _asked_by(question: str) -> frozenset[str]:
    """Return the kinds of a question's interrogatives: where and until when ask for other things of one subject."""
    return frozenset(kind for kind, pattern in _INTERROGATIVES.items() if pattern.search(question))
