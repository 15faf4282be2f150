"""The dataset card beside the splits, in the Hub's format: `datasets.load_dataset("data/splits")` reads them."""

from collections import Counter

from pagetune.curate.rows import Row, Splits, count_facts
from pagetune.llm.prompt_files import language_of
from pagetune.params import Params

#: The Hub's size categories, with the number of rows that each stays below.
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
#: The name of the dataset and its category on the Hub, by task.
_NAMES = {
    "qa": ("Questions and answers from documents", "question-answering"),
    "summarization": ("Dialogues and their summaries", "summarization"),
}
_ABOUT = {
    "qa": [
        "Made by pagetune from the documents named in `doc_id`. Every pair from a page has its proof: `evidence` is",
        "the exact text at `place` on page `page_number`, and contains the numbers and codes of the answer. The",
        "licences of the documents apply; none is stated here. A comparison has the rest of its proof in `second`.",
    ],
    "summarization": [
        "Made by pagetune. `instruction` is a dialogue with one turn per line, `output` is a summary of it,",
        "`references` are further summaries, and `doc_id` is the topic. The licence of the dialogues applies; none is",
        "stated here.",
    ],
}
_SEPARATION = {
    "qa": [
        "`train` shares facts with `recall` and with `validation`, but never a question. Heldout documents (pages,",
        "where there is only one document; single rows of the user's own) are in no other split, and neither are",
        "near-duplicates of their pairs. The wordings of a fact share `parent_id`, the id of its original question.",
    ],
    "summarization": [
        "`recall` is an unchanged sample of the dialogues in `train`, and shows what was memorised. The topics of",
        "`heldout` and `validation` are in no other split, and neither are near-duplicates of their dialogues. In",
        "`train` each summary has a row of its own; the rows of one dialogue share `parent_id`.",
    ],
}


def render_card(splits: Splits, params: Params, metrics: dict[str, object]) -> str:
    """Return the card as Markdown. `metrics` are those of metrics/curate.json."""
    rows: dict[str, list[Row]] = {name: own for name, own in splits.rows.items() if own}
    return "\n".join([*_header(rows, params), *_body(rows, splits, params), *_ledger(metrics)]) + "\n"


def _header(rows: dict[str, list[Row]], params: Params) -> list[str]:
    """Return the YAML header. An empty split is left out, because `datasets` cannot infer its columns."""
    total = sum(map(len, rows.values()))
    size = next((name for limit, name in _SIZES if total < limit), "n>1M")
    pairs = {row.fact: row.pair for own in rows.values() for row in own}.values()
    languages = sorted({language_of(pair.instruction + pair.output) for pair in pairs})
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


def _body(rows: dict[str, list[Row]], splits: Splits, params: Params) -> list[str]:
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
        *_SEPARATION[params.task],
        "",
        "Heldout: " + _heldout(splits) + ".",
        "",
        f"Personal data (resident registration, payment card and mobile phone numbers): `{personal}`. Names are not",
        "detected.",
        "",
    ]


def _split_line(name: str, rows: list[Row]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(Counter(row.kind for row in rows).items()))
    documents = len({row.doc_id for row in rows})
    return f"| {name} | {len(rows)} | {count_facts(rows)} | {documents} | {kinds} |"


def _heldout(splits: Splits) -> str:
    """List the first twenty heldout documents with the reason for each; documents.json has all."""
    parts = [f"{' '.join(filter(None, unit))} ({why})" for unit, why in sorted(splits.heldout.items())]
    return ", ".join(parts[:20]) + (f" and {len(parts) - 20} more, in documents.json" if len(parts) > 20 else "")


def _ledger(metrics: dict[str, object]) -> list[str]:
    steps = metrics["steps"]
    if not isinstance(steps, dict):
        raise TypeError("steps of metrics/curate.json should be a dict")
    lines = [
        f"| {name} | {step['in']} | {step['out']} | {', '.join(f'{r} {n}' for r, n in step['rejected'].items())} |"
        for name, step in steps.items()
    ]
    return ["| step | in | out | rejected |", "|---|---|---|---|", *lines]
