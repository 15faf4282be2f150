"""The newest values while a model trains, through DVCLive: `dvc metrics show metrics/live/metrics.json` prints them.

The curves are in files of their own, which callbacks.CurveFiles writes.
"""

from pathlib import Path
from typing import Any

from transformers import TrainerCallback

LIVE = Path("metrics/live")
#: What transformers and TRL call what the curve calls otherwise.
NAMES = {"loss": "train_loss", "eval_loss": "validation_loss"}
#: Totals since the last start, which metrics/cost.json has.
LEFT_OUT = {"step", "epoch", "total_flos", "num_tokens"}


class LiveMetrics(TrainerCallback):  # type: ignore[misc]
    """Writes the newest values of the curve to metrics/live."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        from dvclive.live import Live

        self.live = Live(str(LIVE), save_dvc_exp=False, dvcyaml=False)
        for log in state.log_history:
            self._write(log)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        if state.is_world_process_zero and ("loss" in logs or "eval_loss" in logs):
            self._write({**logs, "step": state.global_step})

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self.live.end()  # type: ignore[no-untyped-call]

    def _write(self, log: dict[str, Any]) -> None:
        if not log["step"]:
            return
        self.live.step = int(log["step"])
        for name, value in log.items():
            if name not in LEFT_OUT and isinstance(value, int | float):
                self.live.log_metric(NAMES.get(name, name.removeprefix("eval_")), value, plot=False)
        self.live.next_step()  # type: ignore[no-untyped-call]
