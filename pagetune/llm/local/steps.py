"""The steps in which every row that is written gets a token. On a GPU each is a CUDA graph.

There is a graph for each of a few numbers of places. Places beyond the rows that are written compute on padding.
"""

from typing import Any

import torch
from torch import Tensor

from pagetune.llm.local.attention import Pass, Span, pass_of
from pagetune.llm.local.rows import Rows
from pagetune.llm.local.sampling import to_device
from pagetune.model.decoding import WARM_STEPS, capture

#: The fewest places of a graph, and the slots by whose multiples graphs differ where they read all that they may.
_LEAST_PLACES, _REACH = 8, 256


class Steps:
    """The steps of some rows. Their graphs share their memory, because only one is replayed at a time."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._capturing = rows.model.device.type == "cuda"
        self._pool = torch.cuda.graph_pool_handle() if self._capturing else None
        self._steps: dict[tuple[int, int], _Step] = {}

    def advance(self, rows: list[int], positions: list[int], tokens: Tensor) -> Tensor:
        """Read the token that each row goes on with, at its position; return the logits of those that follow.

        They are (rows, vocabulary), and on a GPU stay as they are until the next step.
        """
        if self.rows.model.device.type != "cuda":
            spans = [Span(row, position, 1) for row, position in zip(rows, positions, strict=True)]
            pass_, at = pass_of(spans, self.rows.slots, tokens.device)
            return self.rows.forward(tokens, at, pass_, 0)
        step = self._step(self.places(len(rows)), self._reach(max(positions) + 1))
        step.begin(rows, positions, tokens)
        if step.graph is None and self._capturing and step.computed >= WARM_STEPS:
            step.graph = capture(step.compute, "llm", self._pool)
            self._capturing = step.graph is not None
        step.run()
        return step.logits[: len(rows)]

    def _step(self, places: int, reach: int) -> "_Step":
        if (places, reach) not in self._steps:
            self._steps[places, reach] = _Step(self.rows, places, reach)
        return self._steps[places, reach]

    def places(self, rows: int) -> int:
        """Return the number of rows rounded up to a power of two, at most all of them."""
        return min(max(_LEAST_PLACES, 1 << (rows - 1).bit_length()), self.rows.count)

    def _reach(self, filled: int) -> int:
        """Return how many slots are read. The flash kernel reads those that are filled, whatever it is told here."""
        slots = self.rows.slots
        return slots if self.rows.read_by_flash else min(slots, -(-filled // _REACH) * _REACH)


class _Step:
    """The inputs, the logits and the graph of a step with this number of places."""

    def __init__(self, rows: Rows, places: int, reach: int) -> None:
        device = rows.model.device
        self._rows, self._places, self._reach = rows, places, reach
        self._ids = torch.zeros(places, dtype=torch.long, device=device)
        self._at = torch.zeros((2, places), dtype=torch.long, device=device)  # the row and the position of each place
        self._offsets = torch.arange(places + 1, dtype=torch.int32, device=device)
        self.logits = torch.empty(0)
        self.graph: Any = None
        self.computed = 0

    def begin(self, rows: list[int], positions: list[int], tokens: Tensor) -> None:
        idle = self._places - len(rows)
        at = torch.tensor([rows + [self._rows.count] * idle, positions + [0] * idle])
        self._at.copy_(to_device(at, self._at.device))
        self._ids[: len(rows)] = tokens

    def run(self) -> None:
        if self.graph is not None:
            self.graph.replay()
            return
        self.compute()
        self.computed += 1

    def compute(self) -> None:
        rows, positions = self._at
        starts = rows * self._rows.slots
        ends = torch.cat([starts, starts[-1:]]).int()
        filled = (positions + 1).int()
        pass_ = Pass(starts + positions, self._offsets, ends, filled, 1, self._reach, [])
        self.logits = self._rows.forward(self._ids, positions, pass_, 0)
