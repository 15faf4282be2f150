"""A training on a tiny model gives the same bytes again, after a break, and on less memory; a bad one is stopped."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from test_loading import lora, params_of
from test_prompts import example

from pagetune.errors import UserError
from pagetune.model.prompts import IGNORED
from pagetune.parent_process import STAGE
from pagetune.plan.memory import Plan
from pagetune.plan.steps import micro_batches
from pagetune.records import Example
from pagetune.train import callbacks, stage
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import load_for_training
from pagetune.train.checkpoints import Store, open_store, step_of
from pagetune.train.cost import Stopwatch, describe_cost
from pagetune.train.distributed import World
from pagetune.train.inputs import TrainingInputs
from pagetune.train.loop import LossPoint, Outcome, fit
from pagetune.train.shortage import is_out_of_memory
from pagetune.train.step_trainer import Steps, StepTrainer, trainer_class

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="on a GPU memory decides: test_gpu.py")
BUDGET = 8 * 2**30
#: 17 rows, 4 per step, 5 epochs: 25 steps, with a point of the curve every second and a checkpoint every tenth.
STEPS, EVERY = 25, 10
ROWS = [example(f"{number}번 주소?", "서울 " * (number % 4 + 1) + str(number)) for number in range(17)]


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store("key") as store:
        yield store


def job_of(base: Path, examples: list[Example] = ROWS, validation: int = 5, **changes: Any) -> TrainingInputs:
    return make_inputs(base, params_of(**{"epochs": 5, "eval_steps": EVERY, **changes}), examples, validation)


def plan_of(job: TrainingInputs) -> Plan:
    return job.plan(BUDGET)


def train(job: TrainingInputs, store: Store | None = None) -> tuple[Any, Outcome]:
    """Train as a process that has just started does."""
    plan = plan_of(job)
    model = load_for_training(job, plan.gradient_checkpointing)
    return model, fit(job, model, plan, store)


def adapter_of(model: Any) -> bytes:
    save_adapter(model, Path("adapter"))
    return Path("adapter/adapter_model.safetensors").read_bytes()


def weights_of(adapter: bytes) -> torch.Tensor:
    Path("weights.safetensors").write_bytes(adapter)
    return torch.cat([tensor.flatten() for _, tensor in sorted(load_file("weights.safetensors").items())])


def weights_in(checkpoint: Path) -> torch.Tensor:
    return weights_of((checkpoint / "adapter_model.safetensors").read_bytes())


def losses(curve: list[LossPoint]) -> list[float]:
    return [loss for point in curve for loss in (point.train_loss, point.validation_loss) if loss is not None]


def steps_in(store: Store) -> list[int]:
    return sorted(step_of(path) for path in store.folder.glob("step-*"))


#: The adapter and the curve that a training ends with.
Ending = tuple[bytes, list[LossPoint]]


@pytest.fixture(scope="module")
def undisturbed(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ending]:
    """Train without a disturbance, each setting once; the result is the adapter and the curve."""

    @cache
    def ending(dropout: float = 0.0) -> Ending:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("undisturbed"))
            model, outcome = train(job_of(tiny_base, lora=lora(r=16, dropout=dropout)))
            return adapter_of(model), outcome.curve

    return ending


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a checkpoint be due at every tenth step."""
    due = lambda trainer: trainer.store is not None and trainer.state.global_step % EVERY == 0  # noqa: E731
    monkeypatch.setattr(Steps, "checkpoint_is_due", due)


class Meddler:
    """Does something at a micro-batch of the training, counted from 1 over all steps and starts, or at one of the
    validation."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trained = self.validated = 0
        self.at: dict[int, Callable[[torch.Tensor], torch.Tensor]] = {}
        self.at_validation: dict[int, Callable[[torch.Tensor], torch.Tensor]] = {}
        compute_loss = StepTrainer.compute_loss

        def meddled(trainer: Any, model: Any, *arguments: Any, **options: Any) -> Any:
            loss, training = compute_loss(trainer, model, *arguments, **options), trainer.model.training
            self.trained, self.validated = self.trained + training, self.validated + (not training)
            meddle = self.at.get(self.trained) if training else self.at_validation.get(self.validated)
            return meddle(loss) if meddle else loss

        monkeypatch.setattr(StepTrainer, "compute_loss", meddled)


class Always(dict):  # type: ignore[type-arg]
    def get(self, key: Any, default: Any = None) -> Any:
        return self["always"]


@pytest.fixture
def meddler(monkeypatch: pytest.MonkeyPatch) -> Meddler:
    return Meddler(monkeypatch)


class BrokeOffError(Exception):
    pass


def break_off(loss: torch.Tensor) -> torch.Tensor:
    raise BrokeOffError


def run_out(loss: torch.Tensor) -> torch.Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore that nobody reads.")


# --- Repeated


def test_the_same_seed_gives_the_same_adapter_byte_for_byte(
    tiny_base: Path, undisturbed: Callable[..., Ending]
) -> None:
    model, outcome = train(job_of(tiny_base))
    assert (adapter_of(model), outcome.curve) == undisturbed()
    assert [point.step for point in outcome.curve] == [*range(2, STEPS, 2), STEPS]
    assert outcome.curve[-1].train_loss < 0.7 * outcome.curve[0].train_loss


def test_another_seed_gives_another_adapter(tiny_base: Path, undisturbed: Callable[..., Ending]) -> None:
    job = job_of(tiny_base)
    model, _ = train(replace(job, params=job.params.model_copy(update={"seed": 1})))
    assert adapter_of(model) != undisturbed()[0]


def test_keeping_checkpoints_changes_nothing(tiny_base: Path, store: Store, undisturbed: Callable[..., Ending]) -> None:
    model, outcome = train(job_of(tiny_base), store)
    assert (adapter_of(model), outcome.curve) == undisturbed()
    assert step_of(store.latest() or Path()) == STEPS // EVERY * EVERY


# --- Interrupted and resumed


@pytest.mark.parametrize("step", [1, 7, 11, 16, 21, 25])
def test_a_training_that_breaks_off_ends_in_the_same_bytes_and_the_same_curve(
    step: int,
    tiny_base: Path,
    meddler: Meddler,
    undisturbed: Callable[..., Ending],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It breaks right after a checkpoint (11, 21), between two, before the first, in the last step; dropout is on."""
    changes = {"lora": lora(r=16, dropout=0.1), "per_device_train_batch_size": 4}
    expected = undisturbed(0.1)
    meddler.trained, meddler.at = 0, {step: break_off}
    with pytest.raises(BrokeOffError), open_store("key") as store:
        train(job_of(tiny_base, **changes), store)
    capsys.readouterr()
    meddler.at = {}
    with open_store("key") as store:
        model, outcome = train(job_of(tiny_base, **changes), store)
    last = (step - 1) // EVERY * EVERY
    assert (f"train: resuming from step {last}\n" in capsys.readouterr().out) == (last > 0)
    assert (adapter_of(model), outcome.curve) == expected
    assert [point["step"] for point in outcome.points] == [point.step for point in outcome.curve]


def test_a_training_with_dora_goes_on_after_a_break_and_takes_its_best_adapter(
    tiny_base: Path, meddler: Meddler
) -> None:
    """PEFT saves DoRA's lengths under other names than the model has for them."""
    changes = {
        "lora": lora(r=4, use_dora=True), "per_device_train_batch_size": 4, "load_best_model_at_end": True,
    }  # fmt: skip
    with open_store("undisturbed") as store:
        model, outcome = train(job_of(tiny_base, **changes), store)
    expected = adapter_of(model), outcome.curve
    meddler.trained, meddler.at = 0, {12: break_off}
    with pytest.raises(BrokeOffError), open_store("key") as store:
        train(job_of(tiny_base, **changes), store)
    meddler.at = {}
    with open_store("key") as store:
        model, outcome = train(job_of(tiny_base, **changes), store)
    assert (adapter_of(model), outcome.curve) == expected


def test_a_checkpoint_that_is_due_at_an_evaluation_is_saved_though_it_is_not_the_best(
    tiny_base: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steps, "checkpoint_is_due", lambda trainer: trainer.state.global_step == 48)
    _, outcome = train(contradicted(tiny_base, load_best_model_at_end=True), store)
    found = validation_losses(outcome.curve)
    best = min(found, key=lambda step: found[step])
    assert steps_in(store) == [best, 48]
    assert best != 48


@pytest.mark.parametrize("validated", [1, 2])
def test_a_training_that_breaks_off_in_its_validation_validates_again(
    validated: int, tiny_base: Path, meddler: Meddler, undisturbed: Callable[..., Ending]
) -> None:
    expected = undisturbed()
    meddler.validated, meddler.at_validation = 0, {validated * len(validation_of(job_of(tiny_base))): break_off}
    with pytest.raises(BrokeOffError), open_store("key") as store:
        train(job_of(tiny_base), store)
    meddler.at_validation = {}
    with open_store("key") as store:
        model, outcome = train(job_of(tiny_base), store)
    assert (adapter_of(model), outcome.curve) == expected


def validation_of(job: TrainingInputs) -> list[list[int]]:
    return job.validation_batches(plan_of(job))


def test_a_training_that_has_ended_and_was_not_recorded_goes_on_from_its_last_checkpoint(
    tiny_base: Path, meddler: Meddler, undisturbed: Callable[..., Ending]
) -> None:
    expected = undisturbed()
    with open_store("key") as store:
        train(job_of(tiny_base), store)
        store.finish()
    trained = meddler.trained
    with open_store("key") as store:
        model, outcome = train(job_of(tiny_base), store)
    assert (adapter_of(model), outcome.curve) == expected
    assert meddler.trained == trained * (2 * STEPS - 20) / STEPS


# --- Out of memory


def close(one: Ending, other: Ending, share: float = 1e-3) -> bool:
    """Return whether the curves are the same, and the weights up to a share of the largest one."""
    mine, theirs = weights_of(one[0]), weights_of(other[0])
    return (
        [point.step for point in one[1]] == [point.step for point in other[1]]
        and losses(one[1]) == pytest.approx(losses(other[1]), rel=share)
        and bool((mine - theirs).abs().max() <= share * theirs.abs().max())
    )


@pytest.mark.parametrize(("step", "stored"), [(1, False), (1, True), (2, True), (8, True), (11, True), (25, True)])
def test_out_of_memory_in_a_step_halves_what_goes_through_at_once_and_keeps_the_result(
    step: int,
    stored: bool,
    tiny_base: Path,
    meddler: Meddler,
    undisturbed: Callable[..., Ending],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It happens in the second of two micro-batches, so the first one's gradients and loss have to be dropped."""
    expected = undisturbed()
    job = job_of(tiny_base, per_device_train_batch_size=2)
    meddler.trained, meddler.at = 0, {2 * step: run_out}
    with open_store("key") as store:
        model, outcome = train(job, store if stored else None)
    said = capsys.readouterr().out
    assert (
        f"train: out of memory at step {step} (CUDA out of memory. Tried to allocate 2.00 GiB.); from here on "
        "1 rows at once, 4 times a step; the effective batch size stays 4\n" in said
    )
    assert (f"train: resuming from step {step - 1}\n" in said) == (step > 1)
    assert (outcome.plan.gradient_accumulation_steps, outcome.plan.per_device_train_batch_size) == (4, 1)
    assert close((adapter_of(model), outcome.curve), expected)
    assert [point["step"] for point in outcome.points] == [point.step for point in outcome.curve]


@pytest.mark.parametrize("step", [1, 8, 14])
def test_memory_that_runs_out_again_at_once_is_halved_again(
    step: int, tiny_base: Path, store: Store, meddler: Meddler, undisturbed: Callable[..., Ending]
) -> None:
    expected = undisturbed()
    meddler.trained, meddler.at = 0, {step: run_out, step + 2: run_out}
    model, outcome = train(job_of(tiny_base, per_device_train_batch_size="auto"), store)
    assert outcome.plan.gradient_accumulation_steps == 4
    assert close((adapter_of(model), outcome.curve), expected)


@pytest.mark.parametrize("validation", [1, 2, 3])
def test_out_of_memory_in_a_validation_loses_neither_its_loss_nor_its_checkpoint(
    validation: int, tiny_base: Path, store: Store, meddler: Meddler, undisturbed: Callable[..., Ending]
) -> None:
    expected = undisturbed()
    job = job_of(tiny_base, per_device_train_batch_size=2, load_best_model_at_end=True)
    meddler.validated = 0
    meddler.at_validation = {(validation - 1) * len(validation_of(job)) + 1: run_out}
    model, outcome = train(job, store)
    assert outcome.plan.gradient_accumulation_steps == 4
    assert close((adapter_of(model), outcome.curve), expected)


def test_without_checkpoints_memory_that_runs_out_later_is_one_line(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at = {8: run_out}
    with pytest.raises(UserError) as caught:
        train(job_of(tiny_base))
    assert "out of memory" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_out_of_memory_in_the_optimiser_goes_on_from_the_last_checkpoint(
    tiny_base: Path,
    store: Store,
    undisturbed: Callable[..., Ending],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected, step, calls = undisturbed(), torch.optim.AdamW.step, []

    def stepping(optimizer: Any, *arguments: Any) -> Any:
        calls.append(1)
        result = step(optimizer, *arguments)
        if len(calls) == 14:
            run_out(torch.zeros(()))
        return result

    monkeypatch.setattr(torch.optim.AdamW, "step", stepping)
    model, outcome = train(job_of(tiny_base), store)
    assert "train: resuming from step 10\n" in capsys.readouterr().out
    assert close((adapter_of(model), outcome.curve), expected)


@pytest.mark.parametrize("step", [1, 6])
def test_one_row_that_does_not_fit_turns_checkpointing_on(
    step: int,
    tiny_base: Path,
    store: Store,
    meddler: Meddler,
    undisturbed: Callable[..., Ending],
    capsys: pytest.CaptureFixture[str],
) -> None:
    expected = undisturbed()
    meddler.trained, meddler.at = 0, {4 * step: run_out}
    model, outcome = train(job_of(tiny_base, per_device_train_batch_size=1), store)
    assert "with gradient checkpointing; the effective batch size stays 4" in capsys.readouterr().out
    assert outcome.plan.gradient_checkpointing
    assert outcome.plan.gradient_accumulation_steps == 4
    assert model.is_gradient_checkpointing
    assert close((adapter_of(model), outcome.curve), expected)


@pytest.mark.parametrize("checkpointing", ["auto", True, False])
def test_a_row_that_never_fits_is_one_line_with_what_helps(
    checkpointing: Any, tiny_base: Path, store: Store, meddler: Meddler
) -> None:
    job = job_of(tiny_base, gradient_checkpointing=checkpointing)
    meddler.at = Always(always=run_out)
    with pytest.raises(UserError, match=r"one row of \d+ tokens does not fit .* Lower train\.max_length") as caught:
        train(job, store)
    assert "\n" not in str(caught.value)
    # Whole steps, halves, single rows, and single rows with checkpointing.
    assert meddler.trained == (4 if checkpointing == "auto" else 3)


def test_an_error_that_is_no_lack_of_memory_is_not_taken_for_one(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at = {3: break_off}
    with pytest.raises(BrokeOffError):
        train(job_of(tiny_base))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))


# --- What identifies a training


@pytest.fixture
def files(checkout: Path) -> Path:
    for name in (
        "prompts/train.jsonl",
        "prompts/validation.jsonl",
        "prompts/stopping.jsonl",
        "asked/train.jsonl",
        "replay/rows.jsonl",
    ):
        (checkout / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "data" / name).write_text("{}\n")
    (checkout / "models/base").mkdir(parents=True)
    (checkout / "models/base/model.safetensors").write_bytes(b"weights")
    return checkout


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate": 0.003},
        {"epochs": 6},
        {"effective_batch_size": 5},
        {"lora": lora(r=8)},
        {"lora": lora(use_rslora=True)},
        {"lora": lora(use_dora=True)},
        {"lora": lora(init_lora_weights="gaussian")},
        {"eval_steps": 5},
        {"fp8": True},
    ],
)
def test_a_training_with_other_settings_never_goes_on_from_this_one(
    changes: dict[str, Any], tiny_base: Path, files: Path
) -> None:
    assert stage.training_key(job_of(tiny_base, **changes)) != stage.training_key(job_of(tiny_base))


@pytest.mark.parametrize(
    "name",
    [
        "data/prompts/train.jsonl",
        "data/prompts/validation.jsonl",
        "data/prompts/stopping.jsonl",
        "data/asked/train.jsonl",
        "data/replay/rows.jsonl",
        "models/base/new",
    ],
)
def test_a_training_on_other_files_never_goes_on_from_this_one(name: str, tiny_base: Path, files: Path) -> None:
    before = stage.training_key(job_of(tiny_base))
    (files / name).write_text("{ }\n")
    assert stage.training_key(job_of(tiny_base)) != before


@pytest.mark.parametrize(
    "changes",
    [
        {"memory": "low"},
        {"gpu_memory_gib": 7.5},
        {"per_device_train_batch_size": 1},
        {"gradient_checkpointing": True},
        {"report_to": ["tensorboard"]},
    ],
)
def test_a_training_fitted_into_memory_otherwise_goes_on(changes: dict[str, Any], tiny_base: Path, files: Path) -> None:
    assert stage.training_key(job_of(tiny_base, **changes)) == stage.training_key(job_of(tiny_base))


# --- A training that goes wrong


def times(factor: float) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda loss: factor * loss


def is_advice(error: UserError) -> bool:
    return "Lower train.learning_rate (0.002)" in str(error) and "\n" not in str(error)


def test_a_loss_that_is_no_number_stops_the_training_with_advice(
    tiny_base: Path, store: Store, meddler: Meddler
) -> None:
    meddler.at = {13: times(float("nan"))}
    with pytest.raises(UserError, match=r"the loss is nan at step 14\.") as caught:
        train(job_of(tiny_base), store)
    assert is_advice(caught.value)
    assert steps_in(store) == [10]


def test_a_validation_loss_that_is_no_number_stops_the_training_too(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at_validation = {2: times(float("inf"))}
    with pytest.raises(UserError, match=r"the eval_loss is inf at step 10\.") as caught:
        train(job_of(tiny_base, validation=1))
    assert is_advice(caught.value)


def test_a_base_whose_loss_is_no_number_is_said_before_the_first_step(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at_validation = Always(always=times(float("nan")))
    with pytest.raises(UserError, match=r"of the base is nan, before any step: .* Try precision: fp32\."):
        train(job_of(tiny_base))
    assert meddler.trained == 0


def test_a_loss_that_climbs_stops_the_training_with_advice(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at = {step: times(9) for step in range(9, STEPS + 1)}
    meddler.at_validation = {number: times(9) for number in range(3, 99)}
    with pytest.raises(UserError, match=r"the loss diverges: \d+\.\d+ at first, \d+\.\d+ at step 1\d\.") as caught:
        train(job_of(tiny_base, eval_steps=5, validation=1))
    assert is_advice(caught.value)


def test_easy_rows_at_first_are_no_measure_for_the_others(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at = {1: times(0.1)}
    _, outcome = train(job_of(tiny_base))
    assert outcome.curve[-1].step == STEPS
    assert outcome.curve[2].train_loss > outcome.curve[0].train_loss + 1


def test_an_absurd_learning_rate_stops_early(tiny_base: Path, meddler: Meddler) -> None:
    absurd = {"learning_rate": 0.9, "max_grad_norm": 1e6, "lora": lora(r=16, alpha=512), "eval_steps": 5}
    with pytest.raises(UserError, match=r"the loss diverges: .* Lower train\.learning_rate \(0\.9\)"):
        train(job_of(tiny_base, TRAINED, **absurd))
    assert meddler.trained < 5 * 3


def test_one_bad_step_is_no_divergence(tiny_base: Path, meddler: Meddler) -> None:
    meddler.at = {9: times(9)}
    _, outcome = train(job_of(tiny_base))
    assert outcome.curve[-1].step == STEPS


# --- The best adapter

QUESTIONS, ANSWERS = ("주소?", "전화?", "요금?"), ("서울", "02-555", "9만 원")
TRAINED = [example(question, answer) for question, answer in zip(QUESTIONS, ANSWERS, strict=True)] * 4
#: The validation rows have other answers: their loss falls while the form is learned, and rises with the facts.
CONTRADICTED = [example(question, ANSWERS[number - 1]) for number, question in enumerate(QUESTIONS)]
LAST = 72


def contradicted(base: Path, **changes: Any) -> TrainingInputs:
    job = job_of(base, TRAINED, **{"epochs": 24, "eval_steps": 6, "learning_rate": 0.005, **changes})
    return replace(job, validation_rows=job_of(base, CONTRADICTED).train_rows)


def validation_losses(curve: list[LossPoint]) -> dict[int, float]:
    return {point.step: point.validation_loss for point in curve if point.validation_loss is not None}


def test_the_adapter_of_the_lowest_validation_loss_is_taken_and_outlives_the_training(
    tiny_base: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    model, outcome = train(contradicted(tiny_base, load_best_model_at_end=True), store)
    found = validation_losses(outcome.curve)
    best = min(found, key=lambda step: found[step])
    assert max(found) == LAST > best
    assert found[LAST] > found[best] + 0.1
    assert f"train: taking step {best}, whose validation loss {found[best]:.4f} was the lowest\n" in (
        capsys.readouterr().out
    )
    assert steps_in(store) == [best, 70], "the best one, and the newest one"
    assert weights_of(adapter_of(model)).equal(weights_in(store.folder_of(best)))
    assert not weights_of(adapter_of(model)).equal(weights_in(store.folder_of(70)))


def test_without_load_best_model_at_end_the_last_adapter_is_taken(
    tiny_base: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steps, "checkpoint_is_due", lambda trainer: trainer.state.global_step == LAST - 1)
    model, _ = train(contradicted(tiny_base), store)
    last, before = weights_of(adapter_of(model)), weights_in(store.folder_of(LAST - 1))
    assert (last - before).abs().max() < 0.01 * last.abs().max(), "a step of the schedule's end apart"


def test_early_stopping_ends_a_training_after_so_many_evaluations_without_a_lower_loss(
    tiny_base: Path, store: Store
) -> None:
    job = contradicted(tiny_base, early_stopping_patience=2, load_best_model_at_end=True)
    model, outcome = train(job, store)
    found = validation_losses(outcome.curve)
    best = min(found, key=lambda step: found[step])
    assert outcome.curve[-1].step == best + 2 * 6 < LAST
    assert weights_of(adapter_of(model)).equal(weights_in(store.folder_of(best)))


@pytest.mark.parametrize(("breaks", "taking_best"), [("in the last wait", True), ("after its end", False)])
def test_early_stopping_counts_on_after_a_break(
    breaks: str, taking_best: bool, tiny_base: Path, meddler: Meddler
) -> None:
    job = contradicted(tiny_base, early_stopping_patience=2, load_best_model_at_end=taking_best)
    with open_store("undisturbed") as store:
        model, outcome = train(job, store)
    expected, last = (adapter_of(model), outcome.curve), outcome.curve[-1].step
    meddler.trained, meddler.at = 0, {last - 2: break_off} if breaks == "in the last wait" else {}
    try:
        with open_store("key") as store:
            train(job, store)
            store.finish()
    except BrokeOffError:
        pass
    with open_store("key") as store:
        model, outcome = train(job, store)
    assert (adapter_of(model), outcome.curve) == expected


# --- What is measured


def token_mean(model: Any, job: TrainingInputs) -> float:
    """Compute the loss row by row from the logits."""
    total, tokens = 0.0, 0
    for row in job.validation_rows:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"][1:])
        with torch.no_grad():
            logits = model.eval()(input_ids=ids).logits[0, :-1]
        total += float(torch.nn.functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum"))
        tokens += int((labels != IGNORED).sum())
    return total / tokens


@pytest.mark.parametrize("rows_at_once", [1, 3, 8])
def test_the_validation_loss_is_the_mean_of_a_token_whatever_goes_through_at_once(
    rows_at_once: int, tiny_base: Path
) -> None:
    job = job_of(
        tiny_base,
        validation=9,
        epochs=1,
        eval_steps=1,
        effective_batch_size=8,
        per_device_train_batch_size=rows_at_once,
        lora=lora(r=4, dropout=0.3),
    )
    model, outcome = train(job)
    assert len(outcome.curve) == len(job.steps) == 3
    assert outcome.curve[-1].validation_loss == pytest.approx(token_mean(model, job), rel=1e-5)


def test_each_point_of_the_curve_has_one_of_the_memory_and_the_cost_compares_it_with_the_plan(tiny_base: Path) -> None:
    _, outcome = train(job_of(tiny_base))
    assert [point["step"] for point in outcome.points] == [point.step for point in outcome.curve]
    assert all(0 < point["allocated_mib"] <= point["peak_mib"] for point in outcome.points)
    cost = describe_cost(Stopwatch(), outcome.points, outcome.plan.predicted.total, outcome.speed, outcome.plan)
    highest = max(point["peak_mib"] for point in outcome.points) / 1024
    assert cost["peak_reserved_gib"] == pytest.approx(highest, abs=0.01)
    assert cost["predicted_gib"] == pytest.approx(outcome.plan.predicted.total / 2**30, abs=0.01)
    assert cost["predicted_to_measured"] == pytest.approx(cost["predicted_gib"] / cost["peak_reserved_gib"], rel=0.05)
    assert cost["tokens_per_second"] > 0
    assert "mfu" not in cost


# --- The effective batch


@pytest.fixture(scope="module")
def small_job(tiny_base: Path) -> TrainingInputs:
    return job_of(tiny_base)


@settings(deadline=None, max_examples=100)
@given(
    lengths=st.lists(st.integers(2, 60), min_size=1, max_size=40),
    effective=st.integers(1, 16),
    at_once=st.one_of(st.just("auto"), st.integers(1, 20)),
    epochs=st.integers(1, 3),
    processes=st.integers(1, 3),
)
def test_the_steps_of_the_optimiser_follow_from_the_effective_batch_alone(
    lengths: list[int], effective: int, at_once: Any, epochs: int, processes: int, small_job: TrainingInputs
) -> None:
    changes = {"effective_batch_size": effective, "per_device_train_batch_size": at_once, "epochs": epochs}
    rows = [{"input_ids": [5] * length, "labels": [5] * length} for length in lengths]
    job = replace(small_job, params=params_of(**changes), train_rows=rows, world=World(processes))
    plan = plan_of(job)
    parts = plan.gradient_accumulation_steps * processes
    cut = micro_batches(job.steps, job.lengths, parts, plan.packing)
    assert len(cut) / parts == epochs * -(-len(lengths) // effective)
    for number, step in enumerate(job.steps):
        assert sorted(row for part in cut[number * parts : (number + 1) * parts] for row in part) == sorted(step)
    assert max(map(len, cut)) <= plan.per_device_train_batch_size
    if at_once != "auto":
        assert plan.per_device_train_batch_size <= at_once


@pytest.mark.parametrize("at_once", [1, 3, 4])
def test_a_training_makes_as_many_steps_whatever_goes_through_at_once(
    at_once: int, tiny_base: Path, undisturbed: Callable[..., Ending]
) -> None:
    model, outcome = train(job_of(tiny_base, per_device_train_batch_size=at_once))
    assert close((adapter_of(model), outcome.curve), undisturbed())


# --- What is seen of it


def test_causal_models_are_trained_by_trl_and_what_it_cannot_train_by_transformers(
    tiny_base: Path, tiny_seq2seq: Path
) -> None:
    from trl import SFTTrainer

    kinds = []
    for base, changes in ((tiny_base, {}), (tiny_base, {"target_modules": ["q_proj", "lm_head"]}), (tiny_seq2seq, {})):
        model = load_for_training(job_of(base, lora=lora(r=4, **changes)), False)
        kinds.append(issubclass(trainer_class(model), SFTTrainer))
    assert kinds == [True, False, False]


def test_the_adapter_of_a_4_bit_base_stays_as_exact_as_it_was(tiny_base: Path) -> None:
    """TRL's trainer would round it to bf16."""
    model, _ = train(job_of(tiny_base, precision="4bit", epochs=1))
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    assert {weight.dtype for weight in trained} == {torch.float32}
    assert any((weight != weight.bfloat16()).any() for weight in trained)


def test_a_step_that_takes_long_does_not_silence_the_log(
    tiny_base: Path, meddler: Meddler, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def take_long(loss: torch.Tensor) -> torch.Tensor:
        time.sleep(3.5)
        return loss

    monkeypatch.setattr(callbacks, "SECONDS_BETWEEN_LINES", 2)
    meddler.at = {2: take_long}
    train(job_of(tiny_base, per_device_train_batch_size=4, epochs=1))
    assert re.search(r"train: step 1 of 5, [\d,]+ tokens/s, \d+ s left\n", capsys.readouterr().out)


def test_under_dvc_the_curves_and_the_newest_values_are_there_while_it_trains(
    tiny_base: Path, meddler: Meddler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STAGE, "train")
    seen = []

    def look(loss: torch.Tensor) -> torch.Tensor:
        files = [Path("metrics") / name for name in ("loss.csv", "validation.csv", "live/metrics.json")]
        seen.extend(path.read_text(encoding="utf-8") for path in files)
        return loss

    meddler.at = {13: look}
    _, outcome = train(job_of(tiny_base, per_device_train_batch_size=4))
    points = [point for point in outcome.curve if point.step <= 12]
    assert seen[0].splitlines()[0] == "step,epoch,train_loss,learning_rate"
    assert [int(line.split(",")[0]) for line in seen[0].splitlines()[1:]] == [point.step for point in points]
    validated = [point for point in points if point.validation_loss is not None]
    assert seen[1].splitlines()[1:] == [f"{p.step},{p.epoch},{p.validation_loss}" for p in validated]
    newest = json.loads(seen[2])
    assert (newest["step"], newest["train_loss"]) == (12, points[-1].train_loss)
    assert newest["validation_loss"] == validated[-1].validation_loss


def test_seconds_are_counted_by_part_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [time.time()]
    monkeypatch.setattr("pagetune.train.cost.time.time", lambda: now[0])
    watch = Stopwatch()
    began = sum(watch.seconds.values())
    with watch.measure("steps"):
        now[0] += 5
        with watch.measure("evaluations"):
            now[0] += 2
        now[0] += 1
    with watch.measure("load"):
        now[0] += 3
    assert {part: round(watch.seconds[part]) for part in ("steps", "evaluations", "load")} == {
        "steps": 6, "evaluations": 2, "load": 3,
    }  # fmt: skip
    assert watch.until_first_step() == pytest.approx(began + 3)
