"""Generate the answers of the tuned model: data/asked/closed.jsonl, models/adapter -> data/predictions/tuned.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.predict.stage import answer
from pagetune.train.gpu_lock import claim_gpu

ASKED, PREDICTIONS = Path("data/asked/closed.jsonl"), Path("data/predictions/tuned.jsonl")


def main() -> None:
    claim_gpu()
    answer("predict", ASKED, PREDICTIONS, tuned=True)


if __name__ == "__main__":
    run_stage("predict", main)
