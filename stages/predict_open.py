"""Generate the tuned model's answers with passages: data/asked/open.jsonl -> data/predictions/tuned_open.jsonl."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.predict.stage import answer
from pagetune.train.gpu_lock import claim_gpu

ASKED, PREDICTIONS = Path("data/asked/open.jsonl"), Path("data/predictions/tuned_open.jsonl")


def main() -> None:
    claim_gpu()
    answer("predict_open", ASKED, PREDICTIONS, tuned=True)


if __name__ == "__main__":
    run_stage("predict_open", main)
