"""What prompts begin with in common, such as a passage, which is read once for all of them."""

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise

#: Prompts with fewer tokens in common are read one by one.
_SHARED_TOKENS = 64


@dataclass
class Group:
    """Prompts that begin alike, each with its row. The first row reads `beginning`, and the others copy it."""

    beginning: list[int]
    prompts: list[list[int]]
    rows: list[int] = field(default_factory=list)
    #: How many tokens of the beginning the first row has before anything is read.
    held: int = 0

    def reads_beginning(self) -> bool:
        """Tell whether the beginning is read on its own; a prompt alone is read as a whole."""
        return len(self.prompts) > 1 and self.held < len(self.beginning)

    def starts(self) -> int:
        """Return at which token each prompt is read on."""
        return len(self.beginning) if len(self.prompts) > 1 else self.held


def groups_of(prompts: list[list[int]]) -> list[Group]:
    """Return prompts by what they begin with, sorted."""
    ordered = sorted(prompts)
    beginnings, own = shared_beginnings(ordered)
    groups = [Group(beginning, []) for beginning in beginnings]
    for prompt, at in zip(ordered, own, strict=True):
        groups[at].prompts.append(prompt)
    return groups


def shared_beginnings(prompts: list[list[int]]) -> tuple[list[list[int]], list[int]]:
    """Return what neighbouring prompts begin with in common, and for each prompt which of these is its own.

    Each leaves at least a token of its prompts, because the reply needs the logits of one. The prompts are sorted.
    """
    beginnings: list[list[int]] = []
    own: list[int] = []
    for before, prompt in pairwise([[], *prompts]):
        common = in_common(before, prompt)
        if own and common >= max(_SHARED_TOKENS, len(beginnings[-1]) // 2, len(prompt) // 2):
            beginnings[-1] = beginnings[-1][:common]
        else:
            beginnings.append(prompt[:-1])
        beginnings[-1] = beginnings[-1][: len(prompt) - 1]
        own.append(len(beginnings) - 1)
    return beginnings, own


def nearest(beginning: list[int], held: list[tuple[list[int], int]]) -> tuple[int, int]:
    """Return the row whose prompt has most of a beginning, and how many tokens that are: 0 where it is not worth it.

    `held` are prompts and their rows, sorted: those with most in common stand beside the place of the beginning.
    """
    at = bisect_left(held, (beginning, -1))
    found = [(in_common(beginning, prompt), row) for prompt, row in held[max(0, at - 1) : at + 1]]
    tokens, row = max(found, default=(0, -1))
    return (row, tokens) if tokens >= min(_SHARED_TOKENS, len(beginning)) else (-1, 0)


def in_common(one: list[int], other: list[int]) -> int:
    """Return how many tokens two prompts begin with in common, by halves: lists compare faster than a loop."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
