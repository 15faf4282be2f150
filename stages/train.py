"""Train the adapter: models/base, data/prompts and data/replay -> models/adapter, metrics/train.json and curves."""

from pagetune.errors import run_stage
from pagetune.params import load_params
from pagetune.train.gpu_lock import claim_gpu
from pagetune.train.stage import train_adapter


def main() -> None:
    claim_gpu()
    train_adapter(load_params())


if __name__ == "__main__":
    run_stage("train", main)
