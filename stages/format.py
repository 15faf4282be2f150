"""Write prompts and completions: data/splits/*.jsonl -> data/prompts/*.jsonl; each completion ends in one EOS."""

from pathlib import Path
from typing import Any

from pagetune.errors import run_stage
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.language import tr
from pagetune.model.conversation import render_conversation
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.prompts import holds_special_token, to_example
from pagetune.model.stop_questions import choose_stop_questions, to_stop_question
from pagetune.model.style import make_template
from pagetune.model.template import TEMPLATE, TemplateRecord
from pagetune.params import load_params
from pagetune.records import NEW_WORDING, REVERSED, AskedExample, Example, Pair, Question, Rejected

SPLITS, PROMPTS = Path("data/splits"), Path("data/prompts")
STOPPING = PROMPTS / "stopping.jsonl"
NAMES = ("train", "validation", "recall", "heldout", "questions")


def main() -> None:
    params, manifest = load_params(), read_manifest()
    read: dict[str, list[Pair]] = {}
    template, reason = make_template(params, manifest)
    tokenizer = load_tokenizer(manifest)
    counts: dict[str, int] = {}
    rejected: list[Rejected] = []
    for name in NAMES:
        pairs = read_records(SPLITS / f"{name}.jsonl", Question if name == "questions" else Pair)
        clean = [pair for pair in pairs if not holds_special_token(pair, manifest.special_tokens)]
        rejected += [
            Rejected.of(pair, "special_token") for pair in pairs if holds_special_token(pair, manifest.special_tokens)
        ]
        examples = [example_of(pair, template, tokenizer, params.prompt.system) for pair in clean]
        write_records(PROMPTS / f"{name}.jsonl", examples)
        counts[name] = len(examples)
        read[name] = clean
    chosen = choose_stop_questions(read["heldout"], read["questions"], params.evaluate.quick)
    stopping = [to_stop_question(pair, example_of(pair, template, tokenizer, params.prompt.system)) for pair in chosen]
    write_records(STOPPING, stopping)
    write_records(PROMPTS / "rejected.jsonl", rejected)
    write_json(TEMPLATE, template.model_dump())
    how = {"style": template.style, "reason": reason, "eos": template.eos_token}
    print(tr("format: prompt.style: {style} ({reason}), answers end in {eos}", **how))
    said = {"counts": counts, "count": len(rejected)}
    print(tr("format: {counts}, {count} rejected for holding a special token of the model", **said))


def example_of(pair: Pair, template: TemplateRecord, tokenizer: Any, system: str) -> Example:
    """Make a row, of a conversation's later question with all that was said before it."""
    seen = pair.wording not in (NEW_WORDING, REVERSED)
    example = to_example(pair, template.template, template.eos_token, seen, template.lead)
    if isinstance(pair, Question):
        own = pair.model_dump(include={"split", "check", "answerable", "general", "tag"})
        return AskedExample(**example.model_dump(), **own)
    if not pair.turns:
        return example
    prompt = render_conversation(pair.turns, pair.instruction, template, tokenizer, system)
    return example.model_copy(update={"prompt": prompt, "turns_before": len(pair.turns)})


if __name__ == "__main__":
    run_stage("format", main)
