"""Bootstrap intervals of means, with the same draws in every run."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

#: Fixed, so that the same answers give the same interval.
BOOTSTRAP_SEED = 0
#: Standard deviations from the middle of a 95% interval to its ends.
Z95 = 1.959964
#: Draws at once; with 100,000 facts they take some 80 MB.
_DRAWS_AT_ONCE = 100

Estimates = dict[str, float | int | None]


def summarize(
    rows: Sequence[dict[str, float]], names: Sequence[str], facts: Sequence[str], samples: int, lowest: float = 0.0
) -> Estimates:
    """Return n, the number of facts, and for each name its mean with a 95% bootstrap interval, or null without rows.

    Facts are drawn, each with all of its rows, since five wordings of one question are not five independent questions.
    For the differences of two models on the same questions this is the paired interval, and `lowest` is -1.
    """
    summary: dict[str, Any] = {"n": len(rows), "facts": len(set(facts))}
    if not rows:
        return summary | {key: None for name in names for key in (name, f"{name}_ci95_low", f"{name}_ci95_high")}
    values = np.array([[row[name] for name in names] for row in rows])
    lows, highs = np.quantile(_means(values, facts, samples), [0.025, 0.975], axis=0)
    for column, name in enumerate(names):
        own, bounds = values[:, column], (lows[column], highs[column])
        most = 3.0 if name == "rouge_combined_sum" else 1.0
        low, high = _widened(own, bounds, summary["facts"], (lowest * most, most))
        summary |= {name: _rounded(own.mean()), f"{name}_ci95_low": _rounded(low), f"{name}_ci95_high": _rounded(high)}
    return summary


def _widened(values: Any, bounds: tuple[float, float], facts: int, span: tuple[float, float]) -> tuple[float, float]:
    """Widen the bounds of a share to at least Wilson's interval, since draws from facts that all agree agree too."""
    mean = values.mean()
    if values.min() == values.max():
        reach = Z95**2 / (facts + Z95**2) * max(mean - span[0], span[1] - mean)
        return max(span[0], mean - reach), min(span[1], mean + reach)
    for sign in (1, -1):
        if set(np.unique(sign * values)) == {0.0, 1.0}:
            low, high = sorted(sign * end for end in wilson(abs(mean), facts))
            return min(low, bounds[0]), max(high, bounds[1])
    return bounds


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95% interval of a share of n by Wilson (1927, JASA 22, p. 209)."""
    middle, reach = share + Z95**2 / (2 * n), Z95 * math.sqrt(share * (1 - share) / n + (Z95 / (2 * n)) ** 2)
    whole = 1 + Z95**2 / n
    return max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole)


def _means(values: Any, facts: Sequence[str], samples: int) -> Any:
    """Return the means of `samples` draws, shape (samples, columns of values)."""
    numbers = {fact: number for number, fact in enumerate(dict.fromkeys(facts))}
    members, count = np.array([numbers[fact] for fact in facts]), len(numbers)
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, members, values)
    sizes, generator = np.bincount(members), np.random.default_rng(BOOTSTRAP_SEED)
    means = []
    for start in range(0, samples, _DRAWS_AT_ONCE):
        drawn = generator.multinomial(count, np.full(count, 1 / count), size=min(_DRAWS_AT_ONCE, samples - start))
        means.append(drawn @ sums / (drawn @ sizes)[:, None])
    return np.concatenate(means)


def _rounded(value: float) -> float:
    return round(float(value), 6)
