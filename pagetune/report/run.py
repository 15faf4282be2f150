"""Which run a report is about: the model, the data, the adapter and the training.

It holds nothing but what the run followed from, so that the same run gives the same bytes whenever it is reported.
"""

from collections.abc import Sequence
from typing import Any

from pagetune.evaluate.messages import Message, joined
from pagetune.model.manifest import Manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Lora, Params
from pagetune.records import Page

#: A name and a value.
Line = tuple[Message, Message]
#: Characters of a commit of the Hub that are shown.
_COMMIT = 12


def describe_run(
    manifest: Manifest, template: TemplateRecord, params: Params, training: dict[str, Any], pages: Sequence[Page]
) -> list[Line]:
    """Return the lines that name the run; `training` is metrics/train.json."""
    return [
        (Message("Model"), _model(manifest)),
        (Message("Data"), _data(training, pages)),
        (Message("Adapter"), _adapter(params.lora, training)),
        (Message("Training"), _training(training, params.seed)),
        (Message("Precision"), Message("{precision}, backend {backend}", **_only(training, "precision", "backend"))),
        (Message("Questions"), _style(template)),
    ]


def _only(training: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: training[name] for name in names}


def _model(manifest: Manifest) -> Message:
    name = f"{manifest.id}@{manifest.revision[:_COMMIT]}" if manifest.revision else manifest.id
    return Message("{name}, {parameters:,} parameters", name=name, parameters=manifest.parameters)


def _data(training: dict[str, Any], pages: Sequence[Page]) -> Message:
    rows = training["rows"]
    if not pages:
        return Message("{rows:,} training rows", rows=rows)
    documents = len({page.doc_id for page in pages})
    if documents == 1:
        return Message("one document, {pages:,} pages, {rows:,} training rows", pages=len(pages), rows=rows)
    return Message(
        "{documents:,} documents, {pages:,} pages, {rows:,} training rows",
        documents=documents,
        pages=len(pages),
        rows=rows,
    )


def _adapter(lora: Lora, training: dict[str, Any]) -> Message:
    targets = lora.target_modules if isinstance(lora.target_modules, str) else ", ".join(lora.target_modules)
    shape = Message("LoRA r {lora_r}, alpha {lora_alpha}", **_only(training, "lora_r", "lora_alpha"))
    trained = Message(
        "{parameters:,} trained parameters ({share:.1%})",
        parameters=training["trainable_parameters"],
        share=training["trainable_share"],
    )
    options = {
        Message("DoRA"): lora.use_dora,
        Message("rsLoRA"): lora.use_rslora,
        Message("dropout {dropout}", dropout=lora.dropout): lora.dropout > 0,
        Message("other ranks for some layers"): bool(lora.rank_pattern or lora.alpha_pattern),
    }
    return joined(
        [shape, Message("on {targets}", targets=targets), *(name for name, on in options.items() if on), trained]
    )


def _training(training: dict[str, Any], seed: int) -> Message:
    return Message(
        "learning rate {learning_rate}, {steps:,} steps of {effective_batch_size} rows, epochs: {epochs}, seed {seed}",
        **_only(training, "learning_rate", "steps", "effective_batch_size", "epochs"),
        seed=seed,
    )


def _style(template: TemplateRecord) -> Message:
    if template.style == "chat":
        return Message("in the base's own chat template; answers end in {eos}", eos=template.eos_token)
    return Message("in the template of params.yaml; answers end in {eos}", eos=template.eos_token)
