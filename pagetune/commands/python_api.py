"""The pipeline as a Python class, for users of a trainer class; docs/python.md has an example that runs."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.jsonl import read_json, read_records
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.params import PARAMS, load_params
from pagetune.plan.recipe import rows_of_a_step
from pagetune.records import Example
from pagetune.train.gpu_lock import claim_gpu

PROMPTS, TRAINING = Path("data/prompts"), Path("metrics/train.json")
#: Rows of a quick evaluation where evaluate.quick is 0.
QUICK_ROWS = 20


class Trainer:
    """Calls what the stages call, in the project's folder, on the data that `dvc repro format` made.

    A method that cannot do its work raises UserError, with the line that a stage would print.
    """

    def __init__(self, params: str | Path = PARAMS) -> None:
        self.path, self.params = Path(params), load_params(Path(params))

    def train(self) -> dict[str, Any]:
        """Train as the stage train does, from where an interrupted training stopped; return metrics/train.json.

        The adapter is in models/adapter; `dvc commit train` then records it as if DVC had run the stage.
        """
        from pagetune.train.distributed import count_processes
        from pagetune.train.stage import train_adapter

        rows = rows_of_a_step(self.params, read_manifest().source == "builtin")
        if self.path.resolve() != PARAMS.resolve() and count_processes(self.params.train.processes, rows) > 1:
            raise UserError(
                "{path}: several processes can only read {params}. Set train.processes: 1, or use {params}.",
                path=self.path,
                params=PARAMS,
            )
        claim_gpu()
        train_adapter(self.params)
        return dict(read_json(TRAINING))

    def monitor_memory_usage(self) -> dict[str, float]:
        """Return the memory of the GPU, or else of this process, in MiB: allocated, reserved, and the peak of each."""
        import torch

        from pagetune.train.callbacks import gpu_memory, process_memory

        return gpu_memory() if torch.cuda.is_available() else process_memory()

    def quick_evaluation(self, rows: int | None = None) -> dict[str, float | None]:
        """Return fact match and ROUGE of the adapter's answers to this many validation rows; the best reference counts.

        None means evaluate.quick. Heldout rows are not offered: if they chose the settings, they would not be held out.
        """
        from pagetune.model.loading import load_tokenizer, load_tuned
        from pagetune.model.precision import resolve_precision
        from pagetune.model.template import read_template
        from pagetune.train.quick_scores import choose_quick

        manifest = read_manifest()
        examples = read_records(PROMPTS / "validation.jsonl", Example)
        count = rows or self.params.evaluate.quick or QUICK_ROWS
        quick = choose_quick(examples, load_tokenizer(manifest, read_template()), self.params, count)
        if quick is None:
            raise UserError("{folder}/validation.jsonl has no rows. Raise curate.validation_fraction.", folder=PROMPTS)
        choice = resolve_precision(
            self.params.precision, manifest.parameters, self.params.quantization, manifest.quantized
        )
        return quick.scores(load_tuned(manifest, ADAPTER, choice))
