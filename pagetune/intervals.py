"""How sure a mean is: bootstrap intervals, with the same draws for every run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: The same answers give the same interval.
BOOTSTRAP_SEED = 0
#: Drawn at once: with 100,000 facts some 80 MB.
_DRAWS_AT_ONCE = 100

Summary = dict[str, float | int | None]


def summarize(rows: Sequence[dict[str, float]], names: Sequence[str], facts: Sequence[str], samples: int) -> Summary:
    """n, the number of facts, and for each name its mean with a 95% bootstrap interval; null where there are no rows.

    Drawn are facts, each with all of its rows: five wordings of one question are no five independent questions.
    Of the differences of two models on the same questions this is the paired interval.
    """
    summary: Summary = {"n": len(rows), "facts": len(set(facts))}
    if not rows:
        return summary | {key: None for name in names for key in (name, f"{name}_ci95_low", f"{name}_ci95_high")}
    values = np.array([[row[name] for name in names] for row in rows])
    lows, highs = np.quantile(_means(values, facts, samples), [0.025, 0.975], axis=0)
    for name, mean, low, high in zip(names, values.mean(axis=0), lows, highs, strict=True):
        summary |= {name: _rounded(mean), f"{name}_ci95_low": _rounded(low), f"{name}_ci95_high": _rounded(high)}
    return summary


def _means(values: Any, facts: Sequence[str], samples: int) -> Any:
    """The means of `samples` draws, shape (samples, columns of values)."""
    _, members = np.unique(facts, return_inverse=True)
    count = members.max() + 1
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
