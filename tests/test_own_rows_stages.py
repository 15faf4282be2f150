"""Files as people have them go from data/raw to prompts, by the stages themselves."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run
from datasets import Dataset

from pagetune.jsonl import read_records
from pagetune.records import Example

NAMES = ("train", "validation", "recall", "heldout")


def alpaca(number: int) -> dict[str, str]:
    name = "".join(chr(0xAC00 + number * step % 11172) for step in (171, 137, 97))
    told = f"{name} 시장은 {number + 3}년 전에 문을 열었습니다."
    return {"instruction": f"{name} 시장은 언제 열었나요?", "input": told, "output": f"{number + 3}년 전입니다."}


def sharegpt(number: int) -> dict[str, Any]:
    row = alpaca(number)
    said = (row["instruction"], row["output"], "거기 전화번호는요?", f"{number + 100}번입니다.")
    speakers = ("human", "gpt", "human", "gpt")
    return {"conversations": [{"from": who, "value": text} for who, text in zip(speakers, said, strict=True)]}


def start(folder: Path, settings: dict[str, Any]) -> Path:
    """Return the folder data/raw of an empty project with these settings."""
    for name in ("stages", "pagetune"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "params.yaml", folder)
    edit_params(folder, {"qa.source": "rows", "curate.recall_questions": []} | settings)
    (folder / "data/raw").mkdir(parents=True)
    return folder / "data/raw"


def prompts(folder: Path, tiny_base: Path, rows: list[dict[str, Any]]) -> dict[str, list[Example]]:
    raw = start(folder, {"curate.paraphrases": 2})
    Dataset.from_list(rows).to_json(raw / "own.jsonl", force_ascii=False)
    shutil.copytree(tiny_base, folder / "models/base")
    manifest = folder / "models/base/manifest.json"
    location = json.loads(manifest.read_text(encoding="utf-8")) | {"location": "models/base"}
    manifest.write_text(json.dumps(location), encoding="utf-8")
    for stage in ("build_qa", "curate", "format"):
        run(folder, "python", "-m", f"stages.{stage}")
    return {name: read_records(folder / f"data/prompts/{name}.jsonl", Example) for name in NAMES}


def test_alpaca_goes_from_its_file_to_prompts(tmp_path: Path, tiny_base: Path) -> None:
    found = prompts(tmp_path, tiny_base, [alpaca(number) for number in range(30)])
    assert all(found[name] for name in NAMES)
    assert all(
        "\n\n" in row.prompt and "년 전에 문을 열었습니다." in row.prompt for name in NAMES for row in found[name]
    )


def test_sharegpt_goes_from_its_file_to_prompts(tmp_path: Path, tiny_base: Path) -> None:
    found = prompts(tmp_path, tiny_base, [sharegpt(number) for number in range(30)])
    assert all(found[name] for name in NAMES)
    later = [row for row in found["train"] if row.turns_before]
    assert later
    for row in later:
        assert row.turns_before == 2
        assert "년 전입니다.\nQ: 거기 전화번호는요?\nA:" in row.prompt


@pytest.mark.parametrize("train_on", ["all", "last"])
def test_the_setting_says_which_answers_are_pairs(tmp_path: Path, train_on: str) -> None:
    raw = start(tmp_path, {"prompt.train_on": train_on})
    Dataset.from_list([sharegpt(1), sharegpt(2)]).to_parquet(raw / "own.parquet")
    done = run(tmp_path, "python", "-m", "stages.build_qa")
    assert f"build_qa: {4 if train_on == 'all' else 2} pairs" in done.stdout
