"""The model card of the adapter, or of the model that it was merged into, in the Hub's format.

It says what the model was tuned from and on, how well it answers, and what its limits are. It depends only on its
arguments, so that the same training gives the same bytes on every machine.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from pagetune.evaluate.evaluation import view_of
from pagetune.evaluate.sets import as_asked, set_meanings, sets_in
from pagetune.model.manifest import Manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.report.model_card_code import code_block, merged_code

#: The metrics' usual names, by their names in metrics/eval.json.
TITLES = {
    "fact_match": "fact match",
    "rougeL": "ROUGE-L",
    "exact_match": "exact match",
    "rouge_combined_f1": "ROUGE-1, -2 and -L, mean",
}
FACT_MATCH = [
    "Fact match counts an answer that states the numbers of the reference with their units, its codes and the same yes",
    "or no, adds no others, and exchanges no name. Where the reference has no number or code, the answer must contain",
]
#: Wordings by task: the Hub's pipeline tag, titles of the adapter and the merged model, and the training data.
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
    "drop": "questions and answers that contained any were dropped",
    "mask": "the numbers were masked with `*`",
    "keep": "the numbers were kept, and the model may repeat them",
}
SETTINGS = ("seed", "precision", "quantization", "prompt", "lora", "train")
#: The section of a task whose template is not in `prompt`.
_OWN_SECTION = {("summarization", "prompt"): "summarization"}
#: How the Hub classifies the two. A "merge" there is a merge of several models, so a merged adapter is a finetune.
ADAPTED = {"library_name": "peft", "base_model_relation": "adapter", "tags": ["lora", "pagetune"], "name": "adapter"}
MERGED = {"library_name": "transformers", "base_model_relation": "finetune", "tags": ["pagetune"], "name": "merged"}


def render_model_card(
    manifest: Manifest, template: TemplateRecord, params: Params, metrics: Mapping[str, Any], languages: Sequence[str]
) -> str:
    """Return the adapter's card as Markdown with a YAML header.

    `template` says how the model is asked. `metrics` holds the contents of metrics/*.json by file stem (build_qa,
    curate, train, eval); `languages` are the codes (ko, en) of the questions and answers.
    """
    scores = as_asked(metrics["eval"])
    parts = [
        _yaml_header(manifest, params, scores, languages),
        _introduction(manifest, params),
        _scores_section(scores),
        _limits_section(scores, params),
        code_block(manifest, template, params, metrics["train"]["precision"]),
        _data_section(metrics, params),
        _settings_section(params, metrics["train"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def merged_card(
    manifest: Manifest,
    template: TemplateRecord,
    params: Params,
    metrics: Mapping[str, Any],
    languages: Sequence[str],
    dtype: str,
    location: str,
) -> str:
    """Return the card of the merged model, which transformers loads without PEFT.

    `dtype` (fp16, bf16, fp32) is that of the merged weights, and `location` is what the card's code loads: a folder or
    a Hub id. The other arguments are those of render_model_card.
    """
    scores = as_asked(metrics["eval"])
    parts = [
        _yaml_header(manifest, params, scores, languages, MERGED),
        _introduction(manifest, params, "merged"),
        [*_scores_section(scores), "", *_merging_note(metrics["train"]["precision"], dtype)],
        _limits_section(scores, params),
        merged_code(manifest, template, params, dtype, location),
        _data_section(metrics, params),
        _settings_section(params, metrics["train"]),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _merging_note(precision: str, dtype: str) -> list[str]:
    if precision == dtype:
        return [
            f"The scores are those of the adapter on its base, both in {dtype}. Merging rounds once more, which may",
            "change a word.",
        ]
    return [
        f"The scores are those of the adapter on its base in {precision}. Here it is merged into weights in {dtype},",
        "which were not scored: answers may differ.",
    ]


def _yaml_header(
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

    view, tuned, meanings = view_of(scores), scores["tuned"], set_meanings(scores)
    for name in (name for name in sets_in(scores) if tuned[name]["n"]):
        for metric in (metric for metric in view.headlines if tuned[name][metric] is not None):
            yield EvalResult(
                task_type=task,
                dataset_type="pagetune",
                dataset_name=f"{name} ({meanings[name]})",
                dataset_split=name,
                metric_type="rouge" if metric.startswith("rouge") else metric,
                metric_name=TITLES[metric],
                metric_value=tuned[name][metric],
            )


def _introduction(manifest: Manifest, params: Params, form: str = "adapter") -> list[str]:
    words = WORDS[params.task]
    return [
        f"# {words[form]}",
        "",
        f"Tuned with pagetune on {words['on']}.",
        f"The base is {_describe_base(manifest)}.",
        f"The base has {manifest.parameters:,} parameters.",
        f"Its licence and {words['licence']} apply; this card states none.",
    ]


def _describe_base(manifest: Manifest) -> str:
    """Describe the base. A local folder is named without its path, which is private."""
    if manifest.source == "hub":
        return f"{_inline(manifest.id)} on the Hub at commit {_inline(str(manifest.revision))}"
    if manifest.source == "local":
        return f"a local folder named {_inline(PurePath(manifest.location).name)}, which is not on the Hub"
    return "pagetune's built-in model, trained from scratch on the same data without the held-out part (not on the Hub)"


def _inline(text: str) -> str:
    """Return any text as inline code, with a fence longer than its longest run of backticks."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {' '.join(text.split())} {fence}" if "`" in text else f"`{' '.join(text.split())}`"


def _scores_section(scores: dict[str, Any]) -> list[str]:
    tokenizer, view, opened = scores["tokenizer"], view_of(scores), "only_open" in scores
    return [
        "## Scores",
        "",
        "Before → after tuning, from 0 to 1, with the 95% interval of the score after tuning.",
        *(
            ["The model was asked with passages of the documents in the prompt, which a search found."]
            if opened
            else []
        ),
        "",
        f"| set | n | {' | '.join(TITLES[metric] for metric in view.headlines)} |",
        "|---" * (2 + len(view.headlines)) + "|",
        *(_score_row(name, scores["base"][name], scores["tuned"][name], view.headlines) for name in sets_in(scores)),
        "",
        *(f"- `{name}`: {meaning}." for name, meaning in set_meanings(scores).items()),
        "",
        *_summary_controls(scores),
        *FACT_MATCH,
        f"half of its words. ROUGE counts the tokens of {tokenizer['name']} {tokenizer['version']}.",
    ]


def _summary_controls(scores: dict[str, Any]) -> list[str]:
    """Return the scores of two controls for summaries, which show what a ROUGE is worth; nothing for answers."""
    heldout = scores["tuned"]["heldout"]
    if view_of(scores).headline != "rougeL" or not heldout["n"]:
        return []
    lead, swapped = (scores[name]["heldout"]["rougeL"] for name in ("lead2", "swapped"))
    return [
        f"On `heldout` the first two turns of each dialogue score a ROUGE-L of {lead:.3f}, and this model's summary of",
        f"another dialogue scores {swapped:.3f}: only what exceeds that comes from the content of the dialogue.",
        "",
    ]


def _score_row(name: str, base: dict[str, Any], tuned: dict[str, Any], metrics: Sequence[str]) -> str:
    if not tuned["n"]:
        return f"| `{name}` | 0 |" + " empty |" * len(metrics)
    cells = [
        f"{base[metric]:.3f} → {tuned[metric]:.3f} "
        f"[{tuned[f'{metric}_ci95_low']:.3f}, {tuned[f'{metric}_ci95_high']:.3f}]"
        if tuned[metric] is not None
        else "–"
        for metric in metrics
    ]
    return f"| `{name}` | {tuned['n']} | {' | '.join(cells)} |"


def _limits_section(scores: dict[str, Any], params: Params) -> list[str]:
    heldout = scores["tuned"]["heldout"]
    own = _limits_of_summaries(heldout) if params.task == "summarization" else _limits_of_answers(heldout)
    return [
        "## Limits",
        "",
        *own,
        "- Before training, the data was searched for resident registration, payment card and mobile numbers:",
        f"  {PERSONAL_DATA[params.curate.personal_data]}. Names were not searched for.",
    ]


def _limits_of_answers(heldout: dict[str, Any]) -> list[str]:
    return [
        "- It learned facts of its documents from questions like those in its training. The gap between `recall` and",
        "  `recall_new_wording` is the cost of an unfamiliar wording.",
        "- It learned nothing about other documents, and " + _invention(heldout),
        "- Check an answer in the document before you rely on it.",
    ]


def _limits_of_summaries(heldout: dict[str, Any]) -> list[str]:
    invented = f": {heldout['invented']:.0%} of {heldout['n']} on `heldout` did" if heldout["n"] else ""
    return [
        "- A summary may state what nobody said" + invented + ". Check it against the dialogue before you rely on it.",
        "- `recall` scores dialogues that it was trained on, and says nothing about new ones.",
    ]


def _invention(heldout: dict[str, Any]) -> str:
    if not heldout["n"]:
        return "invents answers about them."
    abstained, invented = heldout["abstained"], heldout["invented"]
    counted = f"of {heldout['n']} questions in `heldout` it declined {abstained:.0%} and answered {invented:.0%}"
    return f"may invent answers about them:\n  {counted} with something made up."


def _data_section(metrics: Mapping[str, Any], params: Params) -> list[str]:
    made, curated = metrics["build_qa"], metrics["curate"]
    found = curated["personal_data"]
    return [
        "## Data",
        "",
        f"- {WORDS[params.task]['pairs'].format(made['pairs'])} ({_counts(made['kinds'])}).",
        f"- Rejected when they were built: {_counts(made['rejected'])}; in curation: {_counts(curated['rejected'])}.",
        f"- Pairs with personal data: {_counts(found)} (`curate.personal_data: {params.curate.personal_data}`).",
        f"- Trained on: {metrics['train']['rows']} rows.",
        "",
        "| split | rows | facts |",
        "|---|---|---|",
        *(f"| `{name}` | {rows} | {curated['facts'][name]} |" for name, rows in curated["rows"].items()),
    ]


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items())) or "none"


def _settings_section(params: Params, train: dict[str, Any]) -> list[str]:
    """Return the settings as JSON, in which no value can contain a line that would end the block."""
    names = [_OWN_SECTION.get((params.task, name), name) for name in SETTINGS]
    sections = {name: getattr(params, name) for name in names}
    plain = {name: own if isinstance(own, int | str) else own.model_dump() for name, own in sections.items()}
    settings = json.dumps(plain, ensure_ascii=False, indent=2)
    return [
        "## Settings",
        "",
        f"Tuned in {train['precision']}: LoRA rank {train['lora_r']} with alpha {train['lora_alpha']}, "
        f"{train['epochs']} epochs at a learning rate of {train['learning_rate']:g}, {train['steps']} steps of "
        f"{train['effective_batch_size']} rows.",
        "",
        "```json",
        settings,
        "```",
    ]
