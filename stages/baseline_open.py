"""Generate the base model's answers with passages: data/asked/open.jsonl -> data/predictions/base_open.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.predict.stage import answer
from pagetune.train.gpu_lock import claim_gpu

ASKED, PREDICTIONS = Path("data/asked/open.jsonl"), Path("data/predictions/base_open.jsonl")


def main() -> None:
    claim_gpu()
    answer("baseline_open", ASKED, PREDICTIONS, tuned=False)


if __name__ == "__main__":
    run_stage("baseline_open", main)
