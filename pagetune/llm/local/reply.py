"""A reply that is being written, token by token."""

from random import Random
from typing import Any

from pagetune.llm.local.grammar import Grammar

#: A reply whose last tokens say the same this often, and are at least this many, repeats itself until it is cut off.
_TIMES, _TOKENS = 4, 96
#: The longest stretch that is compared, and the steps between two comparisons.
_LONGEST, _EVERY = 64, 16


class Writing:
    """One reply. `limit` is the most tokens it may have, `ends` the ids that end it, `matcher` its grammar or None.

    The random numbers of its tokens follow from `seed`, so that the replies beside it change nothing.
    """

    def __init__(
        self, prompt: list[int], seed: str, limit: int, ends: list[int], temperature: float = 0.0, matcher: Any = None
    ) -> None:
        self.prompt, self.limit, self.temperature = prompt, limit, temperature
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
        self.cut = len(self.ids) >= self.limit or repeats_itself(self.ids)

    def judge(self, allowed: bool) -> None:
        """Take what its grammar says about the token."""
        self.complete = allowed and self.matcher.is_stopped()
        self.cut = not self.complete and (self.cut or not allowed)


def add_tokens(replies: list[Writing], tokens: list[int], grammar: Grammar | None) -> None:
    """Add the next token to each reply."""
    for reply, token in zip(replies, tokens, strict=True):
        reply.add(token)
    if grammar is None:
        return
    held = [reply for reply in replies if reply.matcher is not None and not reply.complete]
    verdicts = grammar.consume([(reply.matcher, reply.ids[-1]) for reply in held])
    for reply, allowed in zip(held, verdicts, strict=True):
        reply.judge(allowed)


def repeats_itself(ids: list[int]) -> bool:
    """Tell whether the last tokens are one stretch over and over, which a model seldom gets out of."""
    if len(ids) < _TOKENS or len(ids) % _EVERY:
        return False
    return any(
        all(ids[at] == ids[at - period] for at in range(-1, period - max(_TOKENS, _TIMES * period) - 1, -1))
        for period in range(1, min(_LONGEST, len(ids) // _TIMES) + 1)
        if len(ids) >= max(_TOKENS, _TIMES * period)
    )
