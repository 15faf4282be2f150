"""Own rows as pairs: every row gives its pairs, or is set aside with its place and a reason."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Literal

from pagetune.build_qa.own_rows.formats import KNOWN, MEDIA, Conversation, Format, Texts, recognise
from pagetune.build_qa.own_rows.raw import RawRow, RowError, Source, is_text, optional_text, row_text, shown, structure
from pagetune.build_qa.own_rows.turns import Said, answered, in_turn, read_messages
from pagetune.build_qa.pairs import make_id
from pagetune.errors import UserError
from pagetune.language import Remark, retell, tr
from pagetune.params import Columns
from pagetune.records import Pair, Rejected, Turn

#: The format of a file is that of its first rows.
_SAMPLE = 1000
#: Bad rows that an error lists.
SHOWN = 20
TrainOn = Literal["all", "last"]
#: What was said before a question, the question, its answer, and further answers.
Exchange = tuple[list[Turn], str, str, list[str]]


@dataclass
class OwnRows:
    """`lines` say for each source what it was read as."""

    pairs: list[Pair] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def read_own_rows(sources: Iterable[Source], columns: Columns, train_on: TrainOn) -> OwnRows:
    """Return the pairs of all sources, and the rows that cannot be used.

    With `train_on` all, each answer of a conversation is a pair. Raises UserError where the columns of a source are in
    none of the known formats, or it cannot be read at all.
    """
    own = OwnRows()
    for source in sources:
        _read(source, columns, train_on, own)
    return own


def refuse(rejected: list[Rejected]) -> None:
    """Raise UserError with the bad rows, where there are any."""
    if len(rejected) == 1:
        raise UserError(
            "{problem}. Fix that row, or set qa.on_bad_row: skip to go on without it.",
            problem=retell(rejected[0].detail or ""),
        )
    if rejected:
        listed = "\n".join(f"  {retell(row.detail or '')}" for row in rejected[:SHOWN])
        more = tr("\n  and {count} more", count=len(rejected) - SHOWN) if len(rejected) > SHOWN else ""
        raise UserError(
            "{count} own rows cannot be used. Fix them, or set qa.on_bad_row: skip to go on without "
            "them:\n{listed}{more}",
            count=len(rejected),
            listed=listed,
            more=more,
        )


def _read(source: Source, columns: Columns, train_on: TrainOn, own: OwnRows) -> None:
    first = list(islice(source.rows, _SAMPLE))
    sample = [row.values for row in first if isinstance(row.values, dict)]
    form = _format(source, sample, columns) if sample else None
    before, bad_before, rows = len(own.pairs), len(own.rejected), 0
    for row in chain(first, source.rows):
        rows += 1
        _add(row, form, source.name, train_on, own)
    bad = own.rejected[bad_before:]
    own.lines.append(_line(source, form, sample, rows, len(own.pairs) - before, bad))


def _format(source: Source, sample: list[dict[str, Any]], columns: Columns) -> Format:
    """Return the format of the rows. Raises UserError that names the columns where they have none."""
    form = recognise(sample, columns)
    seen = ", ".join(dict.fromkeys(name for row in sample for name in row)) or "none"
    if form is None:
        raise UserError(
            "{path}: its columns ({seen}) are in none of the known formats, or in more than one: "
            "{formats}. Name the columns of question and answer in qa.columns.instruction and "
            "qa.columns.output, or move it elsewhere. If it is a document's table and not your own rows, "
            "save it as .xlsx.",
            path=source.path,
            seen=seen,
            formats=KNOWN,
        )
    if columns.group and not form.group:
        raise UserError(
            "{path} has no column {group!r} (qa.columns.group); it has {seen}. Change qa.columns.group.",
            path=source.path,
            group=columns.group,
            seen=seen,
        )
    return form


def _add(row: RawRow, form: Format | None, name: str, train_on: TrainOn, own: OwnRows) -> None:
    """Add the pairs of a row, or the row as rejected."""
    try:
        if isinstance(row.values, RowError) or form is None:
            raise (
                row.values
                if isinstance(row.values, RowError)
                else RowError("unreadable_row", Remark("has no known format"))
            )
        doc_id = row_text(row.values, form.group) if form.group else name
        exchanges, left = _exchanges(row.values, form, train_on)
    except RowError as error:
        own.rejected.append(_rejected(row, form, name, error))
        return
    own.pairs += _pairs(exchanges, doc_id)
    if left:
        own.rejected.append(
            Rejected(
                reason="unanswered",
                doc_id=doc_id,
                page_number=None,
                instruction=left,
                output="",
                detail=Remark("{where}: the last question has no answer", where=row.where),
            )
        )


def _exchanges(row: dict[str, Any], form: Format, train_on: TrainOn) -> tuple[list[Exchange], str | None]:
    """Return what is trained on, and the question that ends a conversation without an answer."""
    if media := next((name for name in row if name.casefold() in MEDIA and row[name]), None):
        raise RowError(
            "not_text", Remark("{media!r} holds something other than text, which the question is about", media=media)
        )
    if row.get("is_impossible") is True:  # KLUE-MRC lists answers that only look right
        raise RowError("unanswered", Remark("'is_impossible' says that the passage has no answer"))
    if isinstance(form, Texts):
        return [_exchange(row, form)], None
    said = _said(row, form)
    found: list[Exchange] = [(*own, []) for own in answered(said, only_last=train_on == "last")]
    if not found:
        raise RowError("missing_text", Remark("no message of the assistant is an answer to train on"))
    last = said[-1].turn
    return found, last.content if last.role == "user" else None


def _pairs(exchanges: list[Exchange], doc_id: str) -> Iterator[Pair]:
    whole = exchanges[-1]
    together = make_id(doc_id, *_texts(whole)) if any(turn.role != "system" for turn in whole[0]) else None
    for turns, question, answer, references in exchanges:
        pair_id = make_id(doc_id, *_texts((turns, question, answer, [])))
        more = {"turns": turns, "conversation": together} if turns or together else {}
        yield Pair.original(pair_id, question, answer, "user", doc_id, references=references, **more)


def _texts(exchange: Exchange) -> list[str]:
    turns, question, answer, _ = exchange
    return [*(turn.content for turn in turns), question, answer]


def _said(row: dict[str, Any], form: Conversation) -> list[Said]:
    """Return a conversation's turns, the system text of its own column first."""
    said = []
    if system := optional_text(row, form.system):
        said.append(Said(Turn(role="system", content=system), is_trained=False))
    *prompt, last = form.messages
    for name in prompt:
        said += read_messages(name, row.get(name), is_trained=False)
    return in_turn([*said, *read_messages(last, row.get(last))])


def _exchange(row: dict[str, Any], form: Texts) -> Exchange:
    """Return the row's question, with the passage that belongs to it below, and its answers."""
    question, passage = row_text(row, form.question), optional_text(row, form.passage)
    answer, *others = _answers(row, form)
    turns = [Turn(role="system", content=system)] if (system := optional_text(row, form.system)) else []
    turns += _history(row, form.history) if form.history else []
    return turns, f"{question}\n\n{passage}" if passage else question, answer, [*others, *_references(row, form)]


def _answers(row: dict[str, Any], form: Texts) -> list[str]:
    """Return the answer and further ones: SQuAD has {"text": […]}, KorQuAD [{"text": …}]."""
    value = structure(row.get(form.answer)) if form.name == "SQuAD" else row.get(form.answer)
    if isinstance(value, dict) and "text" in value:
        value = value["text"]
    if not isinstance(value, list):
        return [row_text({form.answer: value}, form.answer)]
    texts = [item.get("text") if isinstance(item, dict) else item for item in value]
    texts = [text for text in texts if text not in (None, "")]
    if not texts:
        raise RowError("unanswered", Remark("{name!r} holds no answer", name=form.answer))
    return list(dict.fromkeys(row_text({form.answer: text}, form.answer) for text in texts))


def _history(row: dict[str, Any], name: str) -> list[Turn]:
    """Return earlier questions and answers, [[question, answer], …], as LLaMA-Factory adds to Alpaca."""
    value = structure(row.get(name)) or []
    if not isinstance(value, list) or not all(isinstance(both, list) and len(both) == 2 for both in value):
        raise RowError(
            "wrong_turns",
            Remark("{name!r} should be [[question, answer], …], got {seen}", name=name, seen=shown(value)),
        )
    texts = [[row_text({name: text}, name) for text in both] for both in value]
    both = [(Turn(role="user", content=asked), Turn(role="assistant", content=said)) for asked, said in texts]
    return list(chain.from_iterable(both))


def _references(row: dict[str, Any], form: Texts) -> list[str]:
    """Return the further references. A CSV has them as a JSON list in a cell."""
    value = structure(row.get(form.references)) if form.references else None
    if value is None or value == "":
        return []
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(text, str) and is_text(text) for text in value):
        raise RowError(
            "not_text",
            Remark("{name!r} should be a list of texts, got {seen}", name=form.references, seen=shown(value)),
        )
    return [unicodedata.normalize("NFC", text) for text in value]


def _rejected(row: RawRow, form: Format | None, name: str, error: RowError) -> Rejected:
    """Return the row with as much as was read of it."""
    values = row.values if isinstance(row.values, dict) else {}
    texts = (form.question, form.answer) if isinstance(form, Texts) else ()
    read = [str(values.get(column) or "").encode("utf-8", "replace").decode() for column in texts]
    detail = f"{row.where}{' ' if error.reason == 'unreadable_row' else ': '}{error.what}"
    question, answer = read or ("", "")
    return Rejected(
        reason=error.reason, doc_id=name, page_number=None, instruction=question, output=answer, detail=detail
    )


def _line(
    source: Source, form: Format | None, sample: list[dict[str, Any]], rows: int, pairs: int, bad: list[Rejected]
) -> str:
    """Say what a source was read as, what of it is not used, and how many rows were set aside."""
    columns = form.columns if form else []
    unused = [name for name in dict.fromkeys(name for row in sample for name in row) if name not in columns]
    names = ", ".join(columns)
    parts = [
        tr("{rows} rows of {format} ({columns})", rows=rows, format=form.name, columns=names)
        if form
        else tr("{rows} rows", rows=rows),
        tr("{pairs} pairs", pairs=pairs) if pairs != rows else "",
        tr(source.how),
        tr("not used: {columns}", columns=", ".join(unused)) if unused else "",
        tr("{count} set aside; the first, {problem}", count=len(bad), problem=retell(bad[0].detail or ""))
        if bad
        else "",
    ]
    return f"{source.path}: {', '.join(filter(None, parts))}"
