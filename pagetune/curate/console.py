"""What the stage says: what is held out and why, which pairs were rejected, and why a split is empty."""

from collections.abc import Iterator

from pagetune.curate.heldout import LOWEST
from pagetune.curate.losses import loss_lines
from pagetune.curate.question_patterns import question_text
from pagetune.curate.rows import Splits
from pagetune.curate.units import Unit
from pagetune.language import Remark, tr
from pagetune.ledger import Ledger
from pagetune.params import Params
from pagetune.params.asking import RecallQuestion
from pagetune.text.claims import normal_form
from pagetune.text.notation import nfc

_SHOWN = 10

#: What can be held out as a whole, alone and counted.
_KINDS = {
    "document": Remark("document"),
    "page": Remark("page"),
    "row": Remark("row"),
    "topic": Remark("topic"),
}
_MANY = {
    "document": Remark("{count} documents"),
    "page": Remark("{count} pages"),
    "row": Remark("{count} rows"),
    "topic": Remark("{count} topics"),
}
_HELDOUT = {
    "document": Remark("{held} of {all} documents: {names}"),
    "page": Remark("{held} of {all} pages: {names}"),
    "row": Remark("{held} of {all} rows: {names}"),
    "topic": Remark("{held} of {all} topics: {names}"),
}


def split_lines(splits: Splits, ledger: Ledger, params: Params) -> list[str]:
    """Return what to print about the splits, a line for each thing that a user may want to change."""
    lines = [heldout_line(splits)]
    if not splits.rows["heldout"]:
        lines.append(why_nothing_heldout(splits, ledger, params))
    elif LOWEST in splits.heldout.values():
        lines.append(_lowest_line(splits, params))
    if 2 * len(splits.rows["heldout"]) > splits.pairs:
        lines.append(_most_line(splits))
    if splits.template_rows:
        lines.append(
            tr("{count} own rows follow a template and are split by what they name", count=splits.template_rows)
        )
    return lines if params.task == "summarization" else [*lines, *_unasked_lines(splits, ledger, params)]


def _unasked_lines(splits: Splits, ledger: Ledger, params: Params) -> Iterator[str]:
    """Say which of `curate.recall_questions` are not asked, and why."""
    asked = {normal_form(row.instruction) for row in splits.rows["recall"]}
    documents = {row.doc_id for row in ledger.rejected} | {row.doc_id for rows in splits.rows.values() for row in rows}
    for question in params.curate.recall_questions:
        text = question_text(question)
        if isinstance(question, RecallQuestion) and nfc(question.doc_id) not in documents:
            yield tr(
                "{question!r} of curate.recall_questions is not asked: {document}, its document, is not here",
                question=text,
                document=question.doc_id,
            )
        elif normal_form(text) not in asked:
            yield tr("no fact answers {question!r} of curate.recall_questions", question=text)


def heldout_line(splits: Splits) -> str:
    """Say how many documents, pages or rows are heldout, which, and how many pairs they have."""
    parts = [
        tr(_HELDOUT[kind], held=len(units), all=splits.parts.all[kind], names=_listed(units, kind))
        for kind, units in splits.parts.heldout.items()
    ]
    none = tr("0 of {parts}", parts=tr(" and ").join(_counted(*part) for part in splits.parts.all.items()))
    return tr(
        "heldout {parts} ({pairs} of {all} pairs)",
        parts="; ".join(parts) or none,
        pairs=len(splits.rows["heldout"]),
        all=splits.pairs,
    )


def _counted(kind: str, count: int) -> str:
    return tr("1 {kind}", kind=tr(_KINDS[kind])) if count == 1 else tr(_MANY[kind], count=count)


def _listed(units: list[Unit], kind: str) -> str:
    names = (
        sorted({doc_id for doc_id, _ in units}) if kind == "row" else [" ".join(filter(None, unit)) for unit in units]
    )
    return ", ".join(names[:_SHOWN]) + (
        tr(" and {count} more", count=len(names) - _SHOWN) if len(names) > _SHOWN else ""
    )


def _most_line(splits: Splits) -> str:
    left = splits.pairs - len(splits.rows["heldout"])
    return tr(
        "most pairs are heldout, and {left} are left to train on; to train on more, name fewer documents in "
        "curate.heldout_documents, or add documents",
        left=left,
    )


def _lowest_line(splits: Splits, params: Params) -> str:
    kind, units = next(iter(splits.parts.heldout.items()))
    line = tr(
        "no {kind} that can be held out has a hash below curate.heldout_fraction ({fraction}), so the lowest hash is "
        "held out",
        kind=tr(_KINDS[kind]),
        fraction=params.curate.heldout_fraction,
    )
    if kind not in ("document", "topic"):
        return line
    names = ", ".join(doc_id for doc_id, _ in units)
    return tr(
        "{line}; one added later may take its place, unless you set curate.heldout_documents: [{names}]",
        line=line,
        names=names,
    )


def why_nothing_heldout(splits: Splits, ledger: Ledger, params: Params) -> str:
    """Say why no pair is heldout, and what to do to get scores on what training never saw."""
    start = tr("heldout is empty, so no score shows what the tuning does to what it never saw: ")
    return start + _why_empty(splits, ledger, params)


def _why_empty(splits: Splits, ledger: Ledger, params: Params) -> str:
    curate = params.curate
    if curate.heldout_documents:
        names = set(curate.heldout_documents)
        lost = loss_lines((row for row in ledger.rejected if row.doc_id in names), params)
        return tr("every pair of curate.heldout_documents was rejected. {lost}", lost=" ".join(lost))
    if not curate.heldout_fraction:
        return tr("curate.heldout_fraction is 0. Raise it to hold something out.")
    if splits.parts.all.total() == 1:
        kind = tr(_KINDS[next(iter(splits.parts.all))])
        return tr("all pairs are from one {kind}. Add documents, or rows of your own.", kind=kind)
    lost = loss_lines(ledger.rejected, params, splits.pairs)
    return tr(
        "no part can be held out, because each has a pair behind curate.recall_questions or says the same as the "
        "others. {advice}",
        advice=" ".join(lost) or tr("Add documents."),
    )


def nothing_left(ledger: Ledger, splits: Splits | None, params: Params) -> str:
    """Say why no pair is left to train on, and what to change."""
    taken = ledger.total
    if splits and splits.rows["heldout"]:
        family = ", ".join(sorted({doc_id for doc_id, _ in splits.heldout})[:_SHOWN])
        return tr(
            "none of {count} pairs is left to train on: the heldout documents and their versions ({family}) have all. "
            "Name fewer documents in curate.heldout_documents, or none.",
            count=taken,
            family=family,
        )
    lost = loss_lines(ledger.rejected, params)
    why = " ".join(lost) or ledger.metrics()["rejected"]
    return tr("none of {count} pairs is left to train on. {why}", count=taken, why=why)
