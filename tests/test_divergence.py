"""A training is stopped where it goes wrong for good, and not where the rows of a step are of another kind."""

from hypothesis import given
from hypothesis import strategies as st

from pagetune.train.divergence import find_divergence


def history(train: list[float], validation: list[float] | None = None, every: int = 5) -> list[dict[str, float]]:
    """Return the logs of a training: a point at each step, a validation of the base and one after `every` steps."""
    left = iter(validation or [])
    logs: list[dict[str, float]] = [{"step": 0, "eval_loss": next(left)}] if validation else []
    for step, loss in enumerate(train, 1):
        logs.append({"step": step, "loss": loss})
        if validation and step % every == 0:
            logs.append({"step": step, "eval_loss": next(left)})
    return logs


def judged(train: list[float], validation: list[float] | None = None, epoch: int = 5, warmup: float = 0) -> object:
    return find_divergence(history(train, validation), epoch, warmup)


def test_short_rows_at_first_and_long_ones_after_them_are_no_divergence() -> None:
    steps = [1.61, 2.0, 9.39, 8.8, 7.9] * 4
    assert judged(steps, [5.0, 5.0, 4.5, 4.0, 3.5]) is None
    assert judged(steps) is None


def test_a_validation_loss_that_climbs_with_the_training_loss_is_one() -> None:
    assert judged([2.0] * 5 + [6.0] * 10, [2.0, 2.0, 6.0, 6.5]) == (2.0, 6.5)
    assert judged([2.0] * 5 + [6.0] * 10, [2.0, 2.0, 6.0, 2.5]) is None


def test_one_that_climbs_while_the_rows_are_learned_by_heart_is_none() -> None:
    assert judged([2.0] * 5 + [0.1] * 15, [3.0, 2.0, 5.0, 6.0, 7.0]) is None


def test_a_training_that_goes_wrong_from_its_first_steps_on_is_compared_with_the_base() -> None:
    assert judged([9.0, 10.0, 9.5, 9.0, 8.5] * 2, [4.0, 9.1, 8.9]) == (4.0, 8.9)


def test_without_validation_an_epoch_is_compared_with_the_first() -> None:
    assert judged([1.0, 3.0, 2.0, 1.0, 3.0] + [7.0] * 10) == (2.0, 7.0)
    assert judged([1.0, 3.0, 2.0, 1.0, 3.0] * 4) is None


def test_where_validations_are_rare_the_epochs_are_judged() -> None:
    logs = [{"step": 0, "eval_loss": 2.0}, *history([2.0] * 5 + [7.0] * 10), {"step": 15, "eval_loss": 7.0}]
    assert find_divergence(logs, 5, 0) == (2.0, 7.0)


def test_the_warm_up_is_not_judged() -> None:
    climbs = [6.0] * 10, [2.0, 6.0, 6.0]
    assert judged(*climbs, warmup=5) is None
    assert judged(*climbs, warmup=4) is not None


@given(
    kinds=st.lists(st.floats(0.1, 9.9), min_size=1, max_size=8), epochs=st.integers(1, 6), every=st.integers(1, 8),
    falls=st.lists(st.floats(0.5, 1), min_size=60, max_size=60),
)  # fmt: skip
def test_no_mixture_of_rows_stops_a_validation_loss_that_falls(
    kinds: list[float], epochs: int, every: int, falls: list[float]
) -> None:
    steps, loss, validation = kinds * epochs, 9.0, []
    for factor in falls:
        validation.append(loss := loss * factor)
    logs = history(steps, validation, every)
    assert not any(find_divergence(logs[:end], len(kinds), 0) for end in range(len(logs) + 1))


@given(kinds=st.lists(st.floats(0.1, 9.9), min_size=1, max_size=8), epochs=st.integers(1, 6))
def test_no_mixture_of_rows_stops_a_training_without_validation_that_stays_the_same(
    kinds: list[float], epochs: int
) -> None:
    logs = history(kinds * epochs)
    assert not any(find_divergence(logs[:end], len(kinds), 0) for end in range(len(logs) + 1))
