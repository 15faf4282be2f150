"""Bootstrap intervals of means."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pagetune.evaluate.intervals import summarize, wilson


def interval(values: list[float], facts: list[str] | None = None, samples: int = 400) -> tuple[float, float]:
    facts = facts or [str(index) for index in range(len(values))]
    summary = summarize([{"x": value} for value in values], ["x"], facts, samples)
    return summary["x_ci95_low"], summary["x_ci95_high"]  # type: ignore[return-value]


def test_an_empty_set_has_n_zero_and_null_scores() -> None:
    summary = summarize([], ["x"], [], 10)
    assert summary == {"n": 0, "facts": 0, "x": None, "x_ci95_low": None, "x_ci95_high": None}


@given(st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=1, max_size=30))
def test_an_interval_holds_its_mean_and_is_the_same_twice(values: list[float]) -> None:
    low, high = interval(values)
    mean = sum(values) / len(values)
    assert 0 <= low <= mean + 1e-6
    assert mean - 1e-6 <= high <= 1
    assert low < high
    assert interval(values) == (low, high)


def test_where_all_agree_the_interval_is_wilsons_and_has_a_width() -> None:
    """Wilson's interval of 70 right answers of 70 begins at 70 / (70 + 1.96²)."""
    assert interval([1.0] * 70) == pytest.approx((0.948, 1.0), abs=0.001)
    assert interval([0.0] * 116) == pytest.approx((0.0, 0.032), abs=0.001)
    assert interval([1.0] * 5)[0] < 0.6
    difference = summarize([{"x": 0.0}] * 70, ["x"], [str(i) for i in range(70)], 50, lowest=-1.0)
    assert difference["x_ci95_low"] == pytest.approx(-0.052, abs=0.001)
    total = summarize([{"rouge_combined_sum": 3.0}], ["rouge_combined_sum"], ["a"], 50)
    assert 0 < total["rouge_combined_sum_ci95_low"] < 1  # type: ignore[operator]


def test_half_right_of_a_hundred_is_known_within_a_tenth() -> None:
    """The normal approximation says 0.5 ± 1.96 * 0.5 / 10."""
    assert interval([0.0, 1.0] * 50, samples=4000) == pytest.approx((0.402, 0.598), abs=0.015)


def test_five_wordings_of_a_fact_are_not_five_facts() -> None:
    values = [float(index % 2) for index in range(20) for _ in range(5)]
    facts = [str(index) for index in range(20) for _ in range(5)]
    low, high = interval(values, facts)
    alone_low, alone_high = interval([float(index % 2) for index in range(20)])
    assert (low, high) == pytest.approx((alone_low, alone_high), abs=1e-6)
    assert high - low > 1.8 * (interval(values)[1] - interval(values)[0])


def test_facts_of_many_wordings_weigh_as_many_rows() -> None:
    summary = summarize([{"x": 1.0}] * 3 + [{"x": 0.0}], ["x"], ["a", "a", "a", "b"], 50)
    assert (summary["n"], summary["facts"], summary["x"]) == (4, 2, 0.75)


@given(st.integers(2, 1000), st.integers(0, 1000))
def test_more_questions_make_a_narrower_interval(n: int, right: int) -> None:
    assume(right <= n)
    low, high = wilson(right / n, n)
    closer = wilson(right / n, 4 * n)
    assert closer[1] - closer[0] < high - low
