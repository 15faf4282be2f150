"""Choose the next token of each reply: the likeliest, or with a temperature one drawn by the reply's own numbers."""

import torch
from torch import Tensor
from torch.nn import functional

from pagetune.llm.local.grammar import Grammar
from pagetune.llm.local.reply import Writing

#: Tokens whose weights are added up first, so that only one such block per reply is searched token by token.
_BLOCK = 512


def choose(logits: Tensor, replies: list[Writing], grammar: Grammar | None) -> Tensor:
    """Return the next token of each reply, (replies), on the device. logits (replies, vocabulary)."""
    logits = logits.float()
    if grammar is not None:
        logits = grammar.only_allowed(logits, [reply.matcher for reply in replies])
    likeliest = logits.argmax(-1)
    warm = [reply.temperature > 0 for reply in replies]
    if not any(warm):
        return likeliest
    numbers = [(reply.temperature, reply.draw()) if reply.temperature else (1.0, 0.0) for reply in replies]
    temperatures, draws = to_device(torch.tensor(numbers, dtype=torch.double).T.contiguous(), logits.device)
    drawn = draw(logits / temperatures[:, None].float(), draws)
    return drawn if all(warm) else torch.where(to_device(torch.tensor(warm), logits.device), drawn, likeliest)


def draw(logits: Tensor, draws: Tensor) -> Tensor:
    """Return for each row the token in whose share of the cumulative probability its draw falls, from 0 to 1.

    Sums are doubles: the sum of a hundred thousand small floats would move the borders between tokens. A draw is kept
    below the sum, so that it never falls on a token of probability 0 at the end.
    """
    weights = (logits - logits.amax(-1, keepdim=True)).exp()
    blocks = functional.pad(weights, (0, -weights.shape[1] % _BLOCK)).unflatten(1, (-1, _BLOCK))
    sums = blocks.sum(-1, dtype=torch.double).cumsum(-1)
    wanted = _below(draws[:, None] * sums[:, -1:], sums[:, -1:])
    block = torch.searchsorted(sums, wanted, right=True).clamp(max=sums.shape[1] - 1)  # beyond it only for NaN
    before = functional.pad(sums, (1, 0)).gather(1, block)
    within = blocks.take_along_dim(block[:, :, None], dim=1)[:, 0].double().cumsum(-1)
    token = torch.searchsorted(within, _below(wanted - before, within[:, -1:]), right=True)
    return (block * _BLOCK + token)[:, 0].clamp(max=logits.shape[1] - 1)


def _below(numbers: Tensor, limits: Tensor) -> Tensor:
    return torch.minimum(numbers, limits.nextafter(torch.zeros_like(limits)))


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on the device without waiting for what the GPU is doing."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
