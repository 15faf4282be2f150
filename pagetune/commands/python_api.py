"""The Python face of the pipeline, for those who come from a trainer class; docs/python.md has an example that runs."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import read_json, read_records
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.params import PARAMS, load_params
from pagetune.records import Example
from pagetune.train.gpu_lock import claim_gpu

PROMPTS, TRAINING = Path("data/prompts"), Path("metrics/train.json")
#: Rows of a quick evaluation where evaluate.quick is 0.
QUICK_ROWS = 20


class Trainer:
    """A front on what the stages do, in the project's folder, on the data that `dvc repro format` made.

    Each call raises UserError, with the line that a stage would print, where it cannot be done.
    """

    def __init__(self, params: str | Path = PARAMS) -> None:
        self.path, self.params = Path(params), load_params(Path(params))

    def train(self) -> dict[str, Any]:
        """As the stage train, on from where a training broke off. Writes models/adapter; returns metrics/train.json.

        `dvc commit train` then records it as if DVC had run the stage.
        """
        from pagetune.train.distributed import count_processes
        from pagetune.train.stage import train_adapter

        train = self.params.train
        if self.path.resolve() != PARAMS.resolve() and count_processes(train.processes, train.effective_batch_size) > 1:
            raise UserError(f"{self.path}: several processes read {PARAMS} alone. Set train.processes: 1, or use that.")
        claim_gpu()
        train_adapter(self.params)
        return dict(read_json(TRAINING))

    def monitor_memory_usage(self) -> dict[str, float]:
        """What the card holds now, or the process without one, in MiB: allocated, reserved, and both at their peak."""
        import torch

        from pagetune.train.callbacks import gpu_memory, process_memory

        return gpu_memory() if torch.cuda.is_available() else process_memory()

    def quick_evaluation(self, rows: int | None = None) -> dict[str, float | None]:
        """ROUGE of the adapter's answers to so many validation rows (None: evaluate.quick), the best reference counts.

        Of heldout rows there is none here: whoever looks at them while choosing settings has seen them.
        """
        from pagetune.model.loading import load_tokenizer, load_tuned
        from pagetune.model.precision import resolve_precision
        from pagetune.train.quick_rouge import choose_quick

        manifest = read_manifest()
        examples = read_records(PROMPTS / "validation.jsonl", Example)
        count = rows or self.params.evaluate.quick or QUICK_ROWS
        quick = choose_quick(examples, load_tokenizer(manifest), self.params, count)
        if quick is None:
            raise UserError(f"{PROMPTS}/validation.jsonl has no rows. Raise curate.validation_fraction.")
        choice = resolve_precision(self.params.precision, manifest.parameters, self.params.quantization)
        return quick.scores(load_tuned(manifest, ADAPTER, choice))
