"""One question to the model that the pipeline made."""

from pathlib import Path

from pagetune.errors import UserError
from pagetune.jsonl import read_json
from pagetune.manifest import ADAPTER, read_manifest
from pagetune.models import load_base, load_tokenizer, load_tuned
from pagetune.params import load_params
from pagetune.predict.answers import Answer, generate
from pagetune.prompts import render_prompt

TEMPLATE, EVALUATION, REPORT = (
    Path("data/prompts/template.json"),
    Path("metrics/eval.json"),
    Path("metrics/report.html"),
)


def answer(question: str, tuned: bool) -> Answer:
    """Asked with the template that the training used. Raises UserError before the first `dvc repro`."""
    if not question.strip():
        raise UserError("the question is empty. Write one, in quotes.")
    params, manifest = load_params(), read_manifest()
    template = read_json(TEMPLATE)["template"]
    loaded = (
        load_tuned(manifest, ADAPTER, params.precision, params.quantization)
        if tuned
        else load_base(manifest, params.precision, params.quantization)
    )
    prompt = render_prompt(template, question.strip())
    return generate(loaded[0], load_tokenizer(manifest), [prompt], params.predict)[0]
