"""Which rows stand behind each step of the optimizer, and how a step is cut into micro-batches.

The first is the experiment and follows from the parameters and the seed only. The second is a matter of memory: a step
is cut into as many parts as it takes, and because the loss is divided by the trained tokens of the whole step, its
gradient is the same however it is cut.
"""

import heapq
from random import Random

#: Steps whose rows are sorted by length together, as transformers' LengthGroupedSampler does.
STEPS_GROUPED = 50
#: Share of a training's time that its evaluations may take; how many there are at most, and at least.
EVALUATION_SHARE, MOST_EVALUATIONS, FEWEST_EVALUATIONS = 0.03, 20, 4


def plan_steps(
    lengths: list[int], effective_batch_size: int, epochs: int, group_by_length: bool, seed: int
) -> list[list[int]]:
    """Return the row numbers of each step of the whole training. The last step of an epoch may be smaller."""
    steps = []
    for epoch in range(epochs):
        random = Random(f"{seed} {epoch}")  # noqa: S311 - no secret
        order = random.sample(range(len(lengths)), len(lengths))
        if group_by_length:
            order = _grouped(order, lengths, effective_batch_size * STEPS_GROUPED)
        epoch_steps = [order[i : i + effective_batch_size] for i in range(0, len(order), effective_batch_size)]
        if group_by_length:
            random.shuffle(epoch_steps)
        steps += epoch_steps
    return steps


def _grouped(order: list[int], lengths: list[int], size: int) -> list[int]:
    groups = (order[start : start + size] for start in range(0, len(order), size))
    return [row for group in groups for row in sorted(group, key=lambda row: -lengths[row])]


def split_step(step: list[int], lengths: list[int], parts: int, packed: bool) -> list[list[int]]:
    """Cut the rows of a step into exactly `parts` micro-batches, some of them empty where there are fewer rows.

    Packed rows are dealt out so that each part has about as many tokens; padded ones so that each part has rows of
    similar length, and at most a `parts`-th of the step.
    """
    by_length = sorted(step, key=lambda row: -lengths[row])
    return _dealt(by_length, lengths, parts) if packed else _cut(by_length, parts)


def _dealt(by_length: list[int], lengths: list[int], parts: int) -> list[list[int]]:
    """Give each row, longest first, to the part with the fewest tokens (Graham's LPT rule: at most 4/3 of the best)."""
    bins: list[list[int]] = [[] for _ in range(parts)]
    heap = [(0, part) for part in range(parts)]
    for row in by_length:
        tokens, part = heapq.heappop(heap)
        bins[part].append(row)
        heapq.heappush(heap, (tokens + lengths[row], part))
    return bins


def _cut(by_length: list[int], parts: int) -> list[list[int]]:
    size = -(-len(by_length) // parts)
    return [by_length[part * size : (part + 1) * size] for part in range(parts)]


def tokens_at_once(rows: list[int], lengths: list[int], packed: bool) -> int:
    """Count the tokens of a micro-batch, padding included."""
    here = [lengths[row] for row in rows]
    return sum(here) if packed else len(here) * max(here, default=0)


def micro_batches(steps: list[list[int]], lengths: list[int], parts: int, packed: bool) -> list[list[int]]:
    """Return the micro-batches of all steps in order, `parts` for each step."""
    return [part for step in steps for part in split_step(step, lengths, parts, packed)]


def largest_micro_batch(steps: list[list[int]], lengths: list[int], parts: int, packed: bool) -> int:
    """Count the tokens of the training's largest micro-batch, padding included."""
    return max(tokens_at_once(part, lengths, packed) for part in micro_batches(steps, lengths, parts, packed))


def steps_between_evaluations(
    steps: int, trained_tokens: int, evaluated_tokens: int, fewest: int = FEWEST_EVALUATIONS
) -> int:
    """Return the steps from one evaluation to the next, spaced by what one of them costs.

    It follows from the rows alone, so that the curve has the same points on every machine. A trained token costs two
    passes through the model, forward and back to the adapter, and an evaluated one costs one. There are `fewest` at
    least.
    """
    affordable = int(EVALUATION_SHARE * 2 * trained_tokens / max(1, evaluated_tokens)) - 1  # one is of the base
    wanted = min(steps, max(fewest, min(affordable, MOST_EVALUATIONS)))
    between = -(-steps // wanted)
    while -(-steps // between) < min(steps, fewest):
        between -= 1
    return between
