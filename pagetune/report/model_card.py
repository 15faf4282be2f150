"""The card of the adapter, or of the model that it was merged into, in the Hub's format: what it was tuned from, on
what, how well it answers, and what it is not for. It follows from its arguments alone, so that the same training gives
the same bytes on every machine."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pagetune.evaluate.evaluation import SETS, view_of
from pagetune.model.manifest import Manifest
from pagetune.params import Params
from pagetune.report.model_card_code import code_block, merged_code

#: By the names of metrics/eval.json.
TITLES = {
    "fact_match": "fact match",
    "rougeL": "ROUGE-L",
    "exact_match": "exact match",
    "rouge_combined_f1": "ROUGE-1, -2 and -L, mean",
}
FACT_MATCH = [
    "Fact match asks for the reference's numbers with their units, its codes and whether it says no, and for no",
    "others; no name may be exchanged. Of a reference without numbers and codes it asks for half of the",
]
#: By task: what the Hub files it under, what it is, as an adapter and merged, and what it was tuned on.
WORDS = {
    "qa": {
        "pipeline": "text-generation",
        "adapter": "A LoRA adapter that knows a few documents",
        "merged": "A language model that knows a few documents",
        "on": "questions and answers made from documents",
        "licence": "those of the documents",
        "pairs": "Made from the documents: {} questions and answers",
    },
    "summarization": {
        "pipeline": "summarization",
        "adapter": "A LoRA adapter that summarises dialogues",
        "merged": "A model that summarises dialogues",
        "on": "dialogues and their summaries",
        "licence": "that of the dialogues",
        "pairs": "{} dialogues with summaries",
    },
}
PERSONAL_DATA = {
    "drop": "questions and answers that held any were dropped",
    "mask": "they were masked with `*`",
    "keep": "they were kept, and the model may repeat them",
}
SETTINGS = ("seed", "precision", "quantization", "prompt", "lora", "train")
#: Where a task has its template in another section.
_OWN_SECTION = {("summarization", "prompt"): "summarization"}
#: What the Hub files them under. To it a "merge" is one of several models.
ADAPTED = {"library_name": "peft", "base_model_relation": "adapter", "tags": ["lora", "pagetune"], "name": "adapter"}
MERGED = {"library_name": "transformers", "base_model_relation": "finetune", "tags": ["pagetune"], "name": "merged"}


def render_model_card(manifest: Manifest, params: Params, metrics: Mapping[str, Any], languages: Sequence[str]) -> str:
    """Markdown with a YAML header.

    `metrics` holds build_qa, curate, train and eval, the contents of metrics/*.json by file stem; `languages` are the
    codes (ko, en) of the questions and answers.
    """
    parts = [
        _header(manifest, params, metrics["eval"], languages),
        _about(manifest, params),
        _scores(metrics["eval"]),
        _limits(metrics["eval"], params),
        code_block(manifest, params, metrics["train"]["precision"]),
        _data(metrics, params),
        _settings(params, metrics["train"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def merged_card(
    manifest: Manifest, params: Params, metrics: Mapping[str, Any], languages: Sequence[str], dtype: str, location: str
) -> str:
    """The card of the merged model, which transformers loads without PEFT. Arguments as of render_model_card;
    `dtype` (fp16, bf16, fp32) is that of the merged weights, and `location` what its code loads: a folder or a hub id.
    """
    parts = [
        _header(manifest, params, metrics["eval"], languages, MERGED),
        _about(manifest, params, "merged"),
        [*_scores(metrics["eval"]), "", *_merging(metrics["train"]["precision"], dtype)],
        _limits(metrics["eval"], params),
        merged_code(manifest, params, dtype, location),
        _data(metrics, params),
        _settings(params, metrics["train"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _merging(precision: str, dtype: str) -> list[str]:
    if precision == dtype:
        return [
            f"They are of the adapter on its base, both in {dtype}. Merging rounds once more, and may change a word."
        ]
    return [
        f"They are of the adapter on its base in {precision}. Here it is merged into weights in {dtype}, which nobody",
        "scored: answers may differ.",
    ]


def _header(
    manifest: Manifest,
    params: Params,
    scores: dict[str, Any],
    languages: Sequence[str],
    form: Mapping[str, Any] = ADAPTED,
) -> list[str]:
    from huggingface_hub import ModelCardData

    fields: dict[str, Any] = {
        "library_name": form["library_name"],
        "pipeline_tag": WORDS[params.task]["pipeline"],
        "language": list(languages),
        "tags": form["tags"],
    }
    if manifest.source == "hub":
        fields |= {"base_model": manifest.id, "base_model_relation": form["base_model_relation"]}
    if results := list(_results(scores, WORDS[params.task]["pipeline"])):
        fields |= {"model_name": form["name"], "eval_results": results}
    return ["---", ModelCardData(**fields).to_yaml(), "---"]


def _results(scores: dict[str, Any], task: str) -> Iterator[Any]:
    from huggingface_hub import EvalResult

    view, tuned = view_of(scores), scores["tuned"]
    for name in (name for name in SETS if tuned[name]["n"]):
        for metric in view.headlines:
            yield EvalResult(
                task_type=task,
                dataset_type="pagetune",
                dataset_name=f"{name} ({view.set_meanings[name]})",
                dataset_split=name,
                metric_type="rouge" if metric.startswith("rouge") else metric,
                metric_name=TITLES[metric],
                metric_value=tuned[name][metric],
            )


def _about(manifest: Manifest, params: Params, form: str = "adapter") -> list[str]:
    words = WORDS[params.task]
    return [
        f"# {words[form]}",
        "",
        f"Tuned with pagetune on {words['on']}. The base is {_base(manifest)}, of",
        f"{manifest.parameters:,} parameters. Its licence and {words['licence']} apply; none is stated here.",
    ]


def _base(manifest: Manifest) -> str:
    """The path of a local folder is nobody's business but its name may say what it is."""
    if manifest.source == "hub":
        return f"{_inline(manifest.id)} of the Hub at commit {_inline(str(manifest.revision))}"
    if manifest.source == "local":
        return f"a local folder named {_inline(PurePath(manifest.location).name)}, which has no id on the Hub"
    return (
        "pagetune's built-in model, trained from scratch on these documents less the heldout ones, and not on the Hub"
    )


def _inline(text: str) -> str:
    """Code within a line, whatever the text holds."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {' '.join(text.split())} {fence}" if "`" in text else f"`{' '.join(text.split())}`"


def _scores(scores: dict[str, Any]) -> list[str]:
    tokenizer, view = scores["tokenizer"], view_of(scores)
    return [
        "## Scores",
        "",
        "Before → after the tuning, from 0 to 1, with the 95% interval of the second.",
        "",
        f"| set | n | {' | '.join(TITLES[metric] for metric in view.headlines)} |",
        "|---" * (2 + len(view.headlines)) + "|",
        *(_score_row(name, scores["base"][name], scores["tuned"][name], view.headlines) for name in SETS),
        "",
        *(f"- `{name}`: {meaning}." for name, meaning in view.set_meanings.items()),
        "",
        *_controls(scores),
        *FACT_MATCH,
        f"words. ROUGE counts the tokens of {tokenizer['name']} {tokenizer['version']}.",
    ]


def _controls(scores: dict[str, Any]) -> list[str]:
    """Of summaries: without these nobody can tell what a ROUGE is worth."""
    heldout = scores["tuned"]["heldout"]
    if view_of(scores).headline != "rougeL" or not heldout["n"]:
        return []
    lead, swapped = (scores[name]["heldout"]["rougeL"] for name in ("lead2", "swapped"))
    return [
        f"On `heldout` the first two turns of each dialogue have a ROUGE-L of {lead:.3f}, and this model's summary of",
        f"another dialogue {swapped:.3f}: what it earns beyond that, it earns by what the dialogue says.",
        "",
    ]


def _score_row(name: str, base: dict[str, Any], tuned: dict[str, Any], metrics: Sequence[str]) -> str:
    if not tuned["n"]:
        return f"| `{name}` | 0 |" + " empty |" * len(metrics)
    cells = [
        f"{base[metric]:.3f} → {tuned[metric]:.3f} "
        f"[{tuned[f'{metric}_ci95_low']:.3f}, {tuned[f'{metric}_ci95_high']:.3f}]"
        for metric in metrics
    ]
    return f"| `{name}` | {tuned['n']} | {' | '.join(cells)} |"


def _limits(scores: dict[str, Any], params: Params) -> list[str]:
    heldout = scores["tuned"]["heldout"]
    own = _limits_of_summaries(heldout) if params.task == "summarization" else _limits_of_answers(heldout)
    return [
        "## Limits",
        "",
        *own,
        "- Resident registration, card and mobile numbers were looked for before the training:",
        f"  {PERSONAL_DATA[params.curate.personal_data]}. Names were not looked for.",
    ]


def _limits_of_answers(heldout: dict[str, Any]) -> list[str]:
    return [
        "- It was taught facts of its documents, in questions like those it was trained on. What `recall_new_wording`",
        "  lacks against `recall` is what other words cost.",
        "- It was taught nothing about other documents, and " + _invention(heldout),
        "- An answer is no evidence: look it up in the document before you rely on it.",
    ]


def _limits_of_summaries(heldout: dict[str, Any]) -> list[str]:
    invented = f": {heldout['invented']:.0%} of {heldout['n']} did on `heldout`" if heldout["n"] else ""
    return [
        "- A summary may state what nobody said" + invented + ". Read the dialogue before you rely on it.",
        "- `recall` is of dialogues that it was trained on, and says nothing about a new one.",
    ]


def _invention(heldout: dict[str, Any]) -> str:
    if not heldout["n"]:
        return "invents answers where it is asked about them."
    abstained, invented = heldout["abstained"], heldout["invented"]
    counted = f"of {heldout['n']} questions on `heldout` it declined {abstained:.0%} and answered {invented:.0%}"
    return f"may invent answers where it is asked about them:\n  {counted} with something made up."


def _data(metrics: Mapping[str, Any], params: Params) -> list[str]:
    made, curated = metrics["build_qa"], metrics["curate"]
    found = curated["personal_data"]
    return [
        "## Data",
        "",
        f"- {WORDS[params.task]['pairs'].format(made['pairs'])} ({_counts(made['kinds'])}).",
        f"- Rejected as they were made: {_counts(made['rejected'])}; in curation: {_counts(curated['rejected'])}.",
        f"- Pairs that held personal data: {_counts(found)} (`curate.personal_data: {params.curate.personal_data}`).",
        f"- Trained on: {metrics['train']['rows']} rows.",
        "",
        "| split | rows | facts |",
        "|---|---|---|",
        *(f"| `{name}` | {rows} | {curated['facts'][name]} |" for name, rows in curated["rows"].items()),
    ]


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items())) or "none"


def _settings(params: Params, train: dict[str, Any]) -> list[str]:
    """As JSON, in which no value has a line of its own that could end the block."""
    names = [_OWN_SECTION.get((params.task, name), name) for name in SETTINGS]
    sections = {name: getattr(params, name) for name in names}
    plain = {name: own if isinstance(own, int | str) else own.model_dump() for name, own in sections.items()}
    settings = json.dumps(plain, ensure_ascii=False, indent=2)
    return [
        "## Settings",
        "",
        f"Tuned at {train['precision']}, with an alpha of {train['lora_alpha']}, in {train['steps']} steps.",
        "",
        "```json",
        settings,
        "```",
    ]
