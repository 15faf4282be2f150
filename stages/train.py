"""Train the adapter: data/prompts/{train,validation}.jsonl and models/base -> models/adapter, metrics/train.json."""

from pagetune.errors import run_stage
from pagetune.params import load_params
from pagetune.train.gpu_lock import claim_gpu
from pagetune.train.stage import train_adapter


def main() -> None:
    claim_gpu()
    train_adapter(load_params())


if __name__ == "__main__":
    run_stage("train", main)
