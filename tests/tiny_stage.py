"""Stands in for a stage of dvc.yaml: writes what it puts out in no time, and other bytes for another rank."""

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def load(path: str) -> Any:
    return YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))


def text_of(path: str, rank: int) -> str:
    if path.endswith(".json"):
        return json.dumps({"file": path, "recall": rank / 100, "tuned": {"recall": {"fact_match": rank / 100}}})
    return f"step,train_loss\n1,{rank}\n# {path}\n"


def main() -> None:
    stage, wanted = load("dvc.yaml")["stages"][sys.argv[1]], load("params.yaml")["lora"]["r"]
    rank = 16 if wanted == "auto" else wanted
    for out in [*stage.get("outs", []), *stage.get("metrics", [])]:
        name = out if isinstance(out, str) else next(iter(out))
        path = Path(name) if Path(name).suffix else Path(name, "part.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of(name, rank), encoding="utf-8")


if __name__ == "__main__":
    main()
