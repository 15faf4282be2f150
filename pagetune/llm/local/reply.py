"""A reply that is being written, token by token."""

from random import Random
from typing import Any

#: A reply whose last tokens say the same this often, and are at least this many, repeats itself until it is cut off.
_TIMES, _TOKENS = 4, 96
#: The longest stretch that is compared, and the steps between two comparisons.
_LONGEST, _EVERY = 64, 16


class Writing:
    """One reply. `limit` is the most tokens it may have, `ends` the ids that end it, `matcher` its grammar or None.

    The random numbers of its tokens follow from `seed`, so that the other replies of its batch change nothing.
    """

    def __init__(self, prompt: list[int], seed: str, limit: int, ends: list[int], matcher: Any = None) -> None:
        self.prompt, self.limit = prompt, limit
        self._ends, self.matcher, self._random = set(ends), matcher, Random(seed)  # noqa: S311 - no secret
        self.ids: list[int] = []
        #: Whether it is complete, and whether it was stopped before that.
        self.complete = self.cut = False

    @property
    def ended(self) -> bool:
        return self.complete or self.cut

    def draw(self) -> float:
        """Return the next random number from 0 to 1."""
        return self._random.random()

    def add(self, token: int) -> None:
        """Take the next token, and see whether it is the last."""
        if token in self._ends:
            self.complete = True
            return
        self.ids.append(token)
        if self.matcher is not None:
            taken = self.matcher.consume_token(token)
            self.complete = taken and self.matcher.is_stopped()
            self.cut = not taken
        if not self.complete and (len(self.ids) >= self.limit or repeats_itself(self.ids)):
            self.cut = True


def repeats_itself(ids: list[int]) -> bool:
    """Tell whether the last tokens are one stretch over and over, which a model seldom gets out of."""
    if len(ids) < _TOKENS or len(ids) % _EVERY:
        return False
    return any(
        all(ids[at] == ids[at - period] for at in range(-1, period - max(_TOKENS, _TIMES * period) - 1, -1))
        for period in range(1, min(_LONGEST, len(ids) // _TIMES) + 1)
        if len(ids) >= max(_TOKENS, _TIMES * period)
    )
