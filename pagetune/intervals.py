"""How sure a mean is: bootstrap intervals, with the same draws for every run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

#: The same answers give the same interval.
BOOTSTRAP_SEED = 0
#: Standard deviations to either side of the middle of a 95% interval.
Z95 = 1.959964
_NO_WIDTH = 1e-9
#: Drawn at once: with 100,000 facts some 80 MB.
_DRAWS_AT_ONCE = 100

Summary = dict[str, float | int | None]


def summarize(
    rows: Sequence[dict[str, float]], names: Sequence[str], facts: Sequence[str], samples: int, lowest: float = 0.0
) -> Summary:
    """n, the number of facts, and for each name its mean with a 95% bootstrap interval; null where there are no rows.

    Drawn are facts, each with all of its rows: five wordings of one question are no five independent questions.
    Of the differences of two models on the same questions this is the paired interval, and `lowest` is -1.
    """
    summary: Summary = {"n": len(rows), "facts": len(set(facts))}
    if not rows:
        return summary | {key: None for name in names for key in (name, f"{name}_ci95_low", f"{name}_ci95_high")}
    values = np.array([[row[name] for name in names] for row in rows])
    lows, highs = np.quantile(_means(values, facts, samples), [0.025, 0.975], axis=0)
    for name, mean, low, high in zip(names, values.mean(axis=0), lows, highs, strict=True):
        most = 3.0 if name == "rouge_combined_sum" else 1.0
        if high - low < _NO_WIDTH:
            low, high = _widened(mean, len(set(facts)), lowest * most, most)
        summary |= {name: _rounded(mean), f"{name}_ci95_low": _rounded(low), f"{name}_ci95_high": _rounded(high)}
    return summary


def _widened(mean: float, facts: int, lowest: float, most: float) -> tuple[float, float]:
    """Where all facts agree the draws do too, as if one more could not differ. Wilson's interval knows better: of so
    many facts that agree, a share of z²/(n + z²) of all others may not (JASA 22, p. 209)."""
    reach = most * Z95**2 / (facts + Z95**2)
    return max(lowest, mean - reach), min(most, mean + reach)


def _means(values: Any, facts: Sequence[str], samples: int) -> Any:
    """The means of `samples` draws, shape (samples, columns of values)."""
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
