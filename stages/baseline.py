"""Generate the answers of the base model before tuning: data/asked/closed.jsonl -> data/predictions/base.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.predict.stage import answer
from pagetune.train.gpu_lock import claim_gpu

ASKED, PREDICTIONS = Path("data/asked/closed.jsonl"), Path("data/predictions/base.jsonl")


def main() -> None:
    claim_gpu()
    answer("baseline", ASKED, PREDICTIONS, tuned=False)


if __name__ == "__main__":
    run_stage("baseline", main)
