"""What the stage says: what is held out and why, which pairs were rejected, and why a split is empty."""

from collections.abc import Iterator

from pagetune.curate.heldout import LOWEST
from pagetune.curate.losses import loss_lines
from pagetune.curate.question_patterns import question_text
from pagetune.curate.rows import Splits
from pagetune.curate.units import Unit
from pagetune.ledger import Ledger
from pagetune.params import Params
from pagetune.params.asking import RecallQuestion
from pagetune.text.claims import normal_form
from pagetune.text.notation import nfc

_SHOWN = 10


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
        lines.append(f"{splits.template_rows} own rows follow a template and are split by what they name")
    return lines if params.task == "summarization" else [*lines, *_unasked_lines(splits, ledger, params)]


def _unasked_lines(splits: Splits, ledger: Ledger, params: Params) -> Iterator[str]:
    """Say which of `curate.recall_questions` are not asked, and why."""
    asked = {normal_form(row.instruction) for row in splits.rows["recall"]}
    documents = {row.doc_id for row in ledger.rejected} | {row.doc_id for rows in splits.rows.values() for row in rows}
    for question in params.curate.recall_questions:
        text = question_text(question)
        if isinstance(question, RecallQuestion) and nfc(question.doc_id) not in documents:
            yield f"{text!r} of curate.recall_questions is not asked: {question.doc_id}, its document, is not here"
        elif normal_form(text) not in asked:
            yield f"no fact answers {text!r} of curate.recall_questions"


def heldout_line(splits: Splits) -> str:
    """Say how many documents, pages or rows are heldout, which, and how many pairs they have."""
    parts = [
        f"{len(units)} of {splits.parts.all[kind]} {kind}s: {_listed(units, kind)}"
        for kind, units in splits.parts.heldout.items()
    ]
    none = "0 of " + " and ".join(f"{count} {kind}{'s'[: count != 1]}" for kind, count in splits.parts.all.items())
    return f"heldout {'; '.join(parts) or none} ({len(splits.rows['heldout'])} of {splits.pairs} pairs)"


def _listed(units: list[Unit], kind: str) -> str:
    names = (
        sorted({doc_id for doc_id, _ in units}) if kind == "row" else [" ".join(filter(None, unit)) for unit in units]
    )
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _most_line(splits: Splits) -> str:
    left = splits.pairs - len(splits.rows["heldout"])
    return (
        f"most pairs are heldout, and {left} are left to train on; to train on more, name fewer documents in "
        "curate.heldout_documents, or add documents"
    )


def _lowest_line(splits: Splits, params: Params) -> str:
    kind, units = next(iter(splits.parts.heldout.items()))
    line = (
        f"no {kind} that can be held out has a hash below curate.heldout_fraction ({params.curate.heldout_fraction}), "
        "so the lowest hash is held out"
    )
    if kind not in ("document", "topic"):
        return line
    names = ", ".join(doc_id for doc_id, _ in units)
    return f"{line}; one added later may take its place, unless you set curate.heldout_documents: [{names}]"


def why_nothing_heldout(splits: Splits, ledger: Ledger, params: Params) -> str:
    """Say why no pair is heldout, and what to do to get scores on what training never saw."""
    start = "heldout is empty, so no score shows what the tuning does to what it never saw: "
    curate = params.curate
    if curate.heldout_documents:
        names = set(curate.heldout_documents)
        lost = loss_lines((row for row in ledger.rejected if row.doc_id in names), params)
        return f"{start}every pair of curate.heldout_documents was rejected. {' '.join(lost)}"
    if not curate.heldout_fraction:
        return f"{start}curate.heldout_fraction is 0. Raise it to hold something out."
    if splits.parts.all.total() == 1:
        return f"{start}all pairs are from one {next(iter(splits.parts.all))}. Add documents, or rows of your own."
    lost = loss_lines(ledger.rejected, params, splits.pairs)
    return (
        f"{start}no part can be held out, because each has a pair behind curate.recall_questions or says the same as "
        f"the others. {' '.join(lost) or 'Add documents.'}"
    )


def nothing_left(ledger: Ledger, splits: Splits | None, params: Params) -> str:
    """Say why no pair is left to train on, and what to change."""
    taken = ledger.total
    if splits and splits.rows["heldout"]:
        family = ", ".join(sorted({doc_id for doc_id, _ in splits.heldout})[:_SHOWN])
        return (
            f"none of {taken} pairs is left to train on: the heldout documents and their versions ({family}) have all. "
            "Name fewer documents in curate.heldout_documents, or none."
        )
    lost = loss_lines(ledger.rejected, params)
    return f"none of {taken} pairs is left to train on. {' '.join(lost) or ledger.metrics()['rejected']}"
