"""Let the base answer general requests, for train.replay_fraction: models/base -> data/replay/*.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import write_records
from pagetune.language import tr
from pagetune.model.manifest import read_manifest
from pagetune.model.template import read_template
from pagetune.params import load_params
from pagetune.predict.answers import Questions
from pagetune.predict.closed import read_closed
from pagetune.records import Example, Rejected
from pagetune.train.gpu_lock import claim_gpu
from pagetune.train.replay import REJECTED, ROWS, ask_base, count_reasons, general_prompts, why_nothing_to_keep

PROMPTS = Path("data/prompts")


def main() -> None:
    params, manifest, template = load_params(), read_manifest(), read_template()
    evaluated = set(Questions(read_closed(PROMPTS)).prompts)
    rows: list[Example] = []
    rejected: list[Rejected] = []
    if reason := why_nothing_to_keep(params, manifest):
        none = {"count": len(general_prompts()), "reason": reason}
        print(tr("replay: none of {count} general requests is asked: {reason}", **none))
    else:
        claim_gpu()
        rows, rejected = ask_base(manifest, template, params, evaluated)
        kept = {"count": len(rows), "reasons": count_reasons(rejected)}
        print(tr("replay: {count} answers of the base kept, rejected: {reasons}", **kept))
    write_records(ROWS, rows)
    write_records(REJECTED, rejected)


if __name__ == "__main__":
    run_stage("replay", main)
