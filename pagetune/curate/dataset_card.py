"""The dataset card beside the splits, in the Hub's format: `datasets.load_dataset("data/splits")` reads it."""

from collections import Counter

from pagetune.curate.splits import Splits
from pagetune.llm.prompt_files import language_of
from pagetune.params import Params
from pagetune.records import Pair

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


#: By task: what the data set is called, and its category on the Hub.
_NAMES = {
    "qa": ("Questions and answers from documents", "question-answering"),
    "summarization": ("Dialogues and their summaries", "summarization"),
}
_ABOUT = {
    "qa": [
        "Made by pagetune from the documents named in `doc_id`. A pair that comes from a page carries its proof:",
        "`evidence` stands on `page_number` at `place`, letter for letter, and holds the answer's numbers and codes.",
        "The documents' licences apply; none is stated here.",
    ],
    "summarization": [
        "Made by pagetune. `instruction` is a dialogue, a turn a line, `output` a summary of it, `references` are",
        "further summaries, `doc_id` is its topic. The dialogues' licence applies; none is stated here.",
    ],
}
_APART = {
    "qa": [
        "`train` and `recall` share facts, never questions; so do `train` and `validation`. What is heldout (a",
        "document, a page of the only one, a row of one's own) is in no other split; nor is a near-duplicate of it.",
        "Wordings of one fact share `parent_id`.",
    ],
    "summarization": [
        "`recall` is a sample of the dialogues in `train`, as they stand there: it shows what was learnt by heart.",
        "The topics of `heldout` and `validation` are in no other split; nor is a near-duplicate of their dialogues.",
        "In `train` each summary is a row of its own; those of one dialogue share `parent_id`.",
    ],
}


def render_card(splits: Splits, params: Params, metrics: dict[str, object]) -> str:
    """`metrics` are those of metrics/curate.json."""
    rows: dict[str, list[Pair]] = {name: own for name, own in splits.rows.items() if own}
    return "\n".join([*_header(rows, params), *_body(rows, splits, params), *_ledger(metrics)]) + "\n"


def _header(rows: dict[str, list[Pair]], params: Params) -> list[str]:
    """An empty split is left out: `datasets` cannot tell its columns."""
    total = sum(map(len, rows.values()))
    size = next((name for limit, name in _SIZES if total < limit), "n>1M")
    languages = sorted({language_of(row.instruction + row.output) for own in rows.values() for row in own})
    files = [line for name in rows for line in (f"      - split: {name}", f"        path: {name}.jsonl")]
    return [
        "---",
        f"pretty_name: {_NAMES[params.task][0]}",
        f"language: [{', '.join(languages)}]",
        f"task_categories: [{_NAMES[params.task][1]}]",
        f"size_categories: [{size}]",
        "tags: [pagetune]",
        "configs:",
        "  - config_name: default",
        "    data_files:",
        *files,
        "---",
    ]


def _body(rows: dict[str, list[Pair]], splits: Splits, params: Params) -> list[str]:
    personal = params.curate.personal_data
    return [
        f"# {_NAMES[params.task][0]}",
        "",
        *_ABOUT[params.task],
        "",
        "| split | rows | facts | documents | kinds |",
        "|---|---|---|---|---|",
        *(_split_line(name, own) for name, own in rows.items()),
        "",
        *_APART[params.task],
        "",
        "Heldout: " + _heldout(splits) + ".",
        "",
        f"Personal data (resident registration, card and mobile numbers): `{personal}`. Names are not",
        "looked for.",
        "",
    ]


def _split_line(name: str, rows: list[Pair]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(Counter(row.kind for row in rows).items()))
    documents = len({row.doc_id for row in rows})
    return f"| {name} | {len(rows)} | {len({row.parent_id or row.pair_id for row in rows})} | {documents} | {kinds} |"


def _heldout(splits: Splits) -> str:
    """The first twenty; documents.json has all."""
    parts = [f"{' '.join(filter(None, unit))} ({why})" for unit, why in sorted(splits.heldout.items())]
    return ", ".join(parts[:20]) + (f" and {len(parts) - 20} more, in documents.json" if len(parts) > 20 else "")


def _ledger(metrics: dict[str, object]) -> list[str]:
    steps = metrics["steps"]
    if not isinstance(steps, dict):
        raise TypeError("metrics/curate.json holds its steps by name")
    lines = [
        f"| {name} | {step['in']} | {step['out']} | {', '.join(f'{r} {n}' for r, n in step['rejected'].items())} |"
        for name, step in steps.items()
    ]
    return ["| step | in | out | rejected |", "|---|---|---|---|", *lines]
