"""Tune real language models on the samples, one setting away from the shipped ones at a time, and score their answers.

    python -m benchmarks.real_models answers FOLDER NAME MODEL [RUN ...]   # after `dvc repro curate`; on a GPU
    python -m benchmarks.real_models scores FOLDER [NAME ...]              # the table, anywhere
    python -m benchmarks.real_models seams MODEL ...                       # how likely answers begin, by the prompt

NAME is what the results are called, MODEL the folder of a model (or `builtin`, after `dvc repro base_model`), and RUN a
name in RUNS, or a name and changes: 'other={"lora.r": 8}'. benchmarks/spoken_questions.jsonl holds questions about
trained facts that were worded freely, by somebody who had read the documents only.
"""

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pagetune.jsonl import read_json, read_records, write_json, write_records
from pagetune.records import AskedExample, Example, Pair, Prediction

ROOT = Path(__file__).parent.parent
SPOKEN = ROOT / "benchmarks/spoken_questions.jsonl"
SETS = ("recall", "recall_new_wording", "validation", "heldout", "spoken")
#: The validation loss is left out, which changes no result.
SHIPPED = {"train.eval_steps": 4000}
#: What each run changes. `wordings` is how many wordings of each fact are trained, of four or five.
RUNS: dict[str, dict[str, Any]] = {
    "base": {},
    "auto": {},
    "seed 1": {"seed": 1},
    "seed 2": {"seed": 2},
    "rate 2e-4": {"train.learning_rate": 2e-4},
    "rate 1e-3": {"train.learning_rate": 1e-3},
    "5 epochs": {"train.epochs": 5},
    "5 epochs, 1e-3": {"train.epochs": 5, "train.learning_rate": 1e-3},
    "2 wordings": {"wordings": 2, "train.epochs": 10},
    "1 wording": {"wordings": 1, "train.epochs": 10},
    "1 wording, 40 epochs": {"wordings": 1, "train.epochs": 40},
    "r 4": {"lora.r": 4},
    "r 64": {"lora.r": 64},
    "4 bits": {"precision": "4bit"},
}


def answer(run: str, target: Path, model: str, changes: dict[str, Any]) -> None:
    """Train one run in a folder of its own, and write its answers and its cost as `target`.jsonl and .json."""
    from pagetune.model.manifest import BASE, describe_external
    from pagetune.params import load_params
    from pagetune.train.stage import train_adapter
    from stages import format as format_stage
    from stages import replay

    with TemporaryDirectory() as work:
        prepare(Path(work), model, changes)
        os.chdir(work)
        params = load_params()
        if model == "builtin":
            shutil.copytree(ROOT / BASE, BASE)
        else:
            write_json(BASE / "manifest.json", describe_external(params.model).model_dump(exclude_defaults=True))
        format_stage.main()
        replay.main()
        found: dict[str, Any] = {"changes": changes}
        if run != "base":
            train_adapter(params)
            found |= {"train": read_json(Path("metrics/train.json")), "cost": read_json(Path("metrics/cost.json"))}
        began = time.monotonic()
        # In a process of its own, as the stage is: Liger changes the model's classes in the process that trains.
        subprocess.run([sys.executable, __file__, "predict", run], check=True, env=os.environ)
        found["answering_seconds"] = round(time.monotonic() - began, 1)
        answers = read_records(Path("answers.jsonl"), Prediction)
        os.chdir(ROOT)
        write_records(target.with_name(target.name + ".jsonl"), answers)
        write_json(target.with_name(target.name + ".json"), found)
    gc.collect()


def predict_here(run: str) -> None:
    """Answer every question, the spoken ones too, with the base or the adapter of this folder."""
    from pagetune.model.manifest import ADAPTER, read_manifest
    from pagetune.model.template import check_template, read_template
    from pagetune.params import load_params
    from pagetune.predict.answers import Questions, predict
    from pagetune.predict.closed import read_closed

    manifest, adapter = read_manifest(), None if run == "base" else ADAPTER
    template = check_template(adapter, manifest) if adapter else read_template()
    spoken = [AskedExample(**row.model_dump(), split="recall") for row in spoken_rows(template)]
    rows = [*read_closed(Path("data/prompts")), *spoken]
    write_records(Path("answers.jsonl"), predict(manifest, adapter, template, Questions(rows), load_params()))


def write_settings(work: Path, changes: dict[str, Any]) -> None:
    """Write the shipped settings with `changes`, which are named as in train.epochs, into `work`."""
    from ruamel.yaml import YAML

    yaml = YAML()
    values = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key, value in changes.items():
        *sections, name = key.split(".")
        node = values
        for section in sections:
            node = node[section]
        node[name] = value
    with (work / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(values, file)


def prepare(work: Path, model: str, changes: dict[str, Any]) -> None:
    """Copy the settings with `changes`, and the splits with as many wordings as asked for, into `work`."""
    settings = {"model.base": model, **changes}
    wordings = settings.pop("wordings", None)
    write_settings(work, settings)
    shutil.copytree(ROOT / "data/splits", work / "data/splits")
    if wordings:
        fewer = fewer_wordings(read_records(work / "data/splits/train.jsonl", Pair), wordings)
        write_records(work / "data/splits/train.jsonl", fewer)


def fewer_wordings(rows: list[Pair], count: int) -> list[Pair]:
    """Return the first `count` wordings of each fact."""
    kept, seen = [], dict[str, int]()
    for row in rows:
        fact = row.parent_id or row.pair_id
        seen[fact] = seen.get(fact, 0) + 1
        kept += [row] if seen[fact] <= count else []
    return kept


def spoken_rows(template: Any) -> list[Example]:
    from pagetune.model.prompts import to_example

    rows = []
    for number, line in enumerate(SPOKEN.read_text(encoding="utf-8").splitlines()):
        own = json.loads(line)
        pair = Pair.original(f"spoken{number}", own["question"], own["reference"], "user", own["doc_id"])
        pair = pair.model_copy(update={"references": own["references"]})
        rows.append(to_example(pair, template.template, template.eos_token, True, template.lead))
    return rows


def scores(folder: Path, name: str) -> list[str]:
    """Return the table of a model: a row for each run."""
    lines = [f"{name:16} {'':>9}  " + "  ".join(f"{one:>24}" for one in SETS) + "  invented  ended   seconds"]
    for file in sorted((folder / name).glob("*.jsonl"), key=lambda path: path.stat().st_mtime):
        lines.append(row_of(file))
    return lines


def row_of(file: Path) -> str:
    from pagetune.evaluate.answers import score_rows
    from pagetune.evaluate.evaluation import set_of, summary_of
    from pagetune.params import load_params

    params, answers = load_params(ROOT / "params.yaml").evaluate, read_records(file, Prediction)
    found = read_json(file.with_suffix(".json"))
    asked = [row.prompt for row in answers]
    rows = score_rows(answers, params, asked)
    names = ["spoken" if row.pair_id.startswith("spoken") else set_of(row) for row in answers]
    cells = []
    for name in SETS:
        chosen = [index for index, own in enumerate(names) if own == name]
        one = summary_of(answers, rows, chosen, ("fact_match",), params)
        cells.append(f"{one['fact_match']:.3f} [{one['fact_match_ci95_low']:.3f}, {one['fact_match_ci95_high']:.3f}]")
    heldout = [index for index, own in enumerate(names) if own == "heldout"]
    invented = sum(rows[index]["invented"] for index in heldout) / max(1, len(heldout))
    ended = sum(row.stopped for row in answers)
    seconds = found.get("cost", {}).get("seconds", 0)
    shown = "  ".join(f"{cell:>24}" for cell in cells)
    return f"{file.stem:26}  {shown}  {invented:8.2f}  {ended}/{len(answers)}  {seconds:7.0f}"


def seam_lines(model: str) -> list[str]:
    """Return the nats of the reference's first token, in Korean and English, for each way to ask before tuning."""
    import torch
    from transformers import AutoModelForCausalLM

    from pagetune.model.loading import load_tokenizer
    from pagetune.model.manifest import describe_external
    from pagetune.model.prompts import encode_example, to_example
    from pagetune.model.style import make_template
    from pagetune.model.template import TemplateRecord
    from pagetune.params import load_params

    params = load_params(ROOT / "params.yaml")
    manifest = describe_external(params.model.model_copy(update={"base": model}))
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    heldout = read_records(ROOT / "data/splits/heldout.jsonl", Pair)
    english = [pair for pair in heldout if pair.doc_id == "tablet_faq"]
    korean = read_records(ROOT / "data/splits/recall.jsonl", Pair)[::2][:100]
    ways = {"a space at the end": TemplateRecord.for_base(params.prompt.template, manifest)}
    for style in ("template", "chat") if manifest.end_of_turn else ("template",):
        asked = params.prompt.model_copy(update={"style": style})
        ways[style] = make_template(params.model_copy(update={"prompt": asked}), manifest)[0]
    lines = []
    for name, way in ways.items():
        tokenizer, found = load_tokenizer(manifest, way), []
        for pairs in (korean, english):
            rows = [to_example(pair, way.template, way.eos_token, True, way.lead) for pair in pairs]
            nats = [_nats(network, encode_example(row, tokenizer)) for row in rows]
            found.append(f"{sum(nats) / len(nats):5.2f} (n={len(nats)})")
        lines.append(f"{Path(model).name:9} {name:20} Korean {found[0]}   English {found[1]}")
    return lines


def _nats(network: Any, row: dict[str, list[int]]) -> float:
    """Return how unlikely the first token that counts in the loss is after those before it."""
    import torch

    first = next(place for place, label in enumerate(row["labels"]) if label >= 0)
    with torch.inference_mode():
        logits = network(input_ids=torch.tensor([row["input_ids"][:first]])).logits[0, -1]
    return -float(logits.log_softmax(-1)[row["input_ids"][first]])


def main() -> None:
    from pagetune.errors import quiet_libraries

    quiet_libraries()
    what, folder, *rest = sys.argv[1:]
    if what == "seams":
        for model in (folder, *rest):
            print("\n".join(seam_lines(model)))
        return
    if what == "predict":
        predict_here(folder)
        return
    if what == "scores":
        names = rest or sorted(path.name for path in Path(folder).iterdir() if path.is_dir())
        print("\n\n".join("\n".join(scores(Path(folder), name)) for name in names))
        return
    name, model, *runs = rest
    for run in runs or RUNS:
        called, _, changed = run.partition("=")
        own = Path(folder).resolve() / name / called
        own.parent.mkdir(parents=True, exist_ok=True)
        answer(called, own, model, SHIPPED | (json.loads(changed) if changed else RUNS[called]))
        print(f"real_models: {run} done", flush=True)


if __name__ == "__main__":
    main()
