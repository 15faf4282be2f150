"""A micro-batch as one CUDA graph: the kernels of a small model take less time than it takes to launch them.

Packed rows are filled up to one of a few lengths. For each of them forward and backward pass are captured once, and
then replayed with other tokens in the same memory. The filling is a row of its own, on which there is no loss.
"""

from collections.abc import Callable
from typing import Any

import torch

from pagetune.model.prompts import IGNORED

#: Below this computing time of a micro-batch, in seconds, launching its kernels is what takes the time.
LAUNCH_SECONDS = 0.03
#: FLOP/s of a GPU whose name is not in the table of peaks, and the share of the peak that small products reach.
ASSUMED_FLOPS, REACHED = 1e14, 0.3
#: Most of the free memory for the logits, which a graph makes for every token; what a logit takes with its gradient.
LOGIT_SHARE, BYTES_PER_LOGIT = 0.1, 12
#: Lengths are multiples of this, and of an eighth of the next power of two.
GRAIN = 64
#: Passes before a capture, in which kernels are chosen and compiled.
WARM_UPS = 2


def pays(flops: float, peak: float | None, logits: int, free_bytes: int) -> bool:
    """Return whether a micro-batch with this many FLOP is bound by launching, and its logits fit into what is free."""
    seconds = flops / (REACHED * (peak or ASSUMED_FLOPS))
    return seconds < LAUNCH_SECONDS and logits * BYTES_PER_LOGIT < LOGIT_SHARE * free_bytes


def filled_length(tokens: int) -> int:
    """Return the length that packed rows with this many tokens are filled up to."""
    return -(-tokens // _grain(tokens)) * _grain(tokens)


def _grain(tokens: int) -> int:
    return max(GRAIN, int(2 ** (tokens - 1).bit_length() // 8))


def fill(batch: dict[str, Any], rows: int, longest: int, pad_token_id: int) -> dict[str, Any]:
    """Return packed rows with a further row of padding up to `filled_length`, and empty ones up to `rows` + 1."""
    tokens = batch["input_ids"].shape[1]
    length = filled_length(tokens)
    more = torch.arange(length - tokens).unsqueeze(0)
    starts = torch.full((rows + 2,), length, dtype=torch.int32)
    starts[: len(batch["cu_seq_lens_q"])] = batch["cu_seq_lens_q"]
    filling = {"input_ids": pad_token_id, "labels": IGNORED, "shift_labels": IGNORED}
    filled = {name: torch.cat([batch[name], torch.full_like(more, id)], 1) for name, id in filling.items()}
    return filled | {
        "position_ids": torch.cat([batch["position_ids"], more], 1),
        "cu_seq_lens_q": starts,
        "cu_seq_lens_k": starts,
        "max_length_q": max(longest, _grain(length)),
        "max_length_k": max(longest, _grain(length)),
    }


class GraphedSteps:
    """Forward and backward passes of one model, a graph for each length. Gradients add up until `begin_step`.

    `loss(batch, tokens)` returns the loss of a micro-batch on the GPU, divided by the trained tokens of its step.
    """

    def __init__(
        self, model: Any, loss: Callable[[dict[str, Any], Any], Any], shape: tuple[int, int], pad: int
    ) -> None:
        self.loss, self.shape, self.pad, self.device = loss, shape, pad, model.device
        self.trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.gradients = [torch.zeros_like(parameter) for parameter in self.trained]
        self.tokens = torch.ones((), dtype=torch.int64, device=self.device)
        self.graphs: dict[int, tuple[Any, dict[str, Any], torch.Tensor]] = {}
        self.memory = torch.cuda.graph_pool_handle()  # the graphs run one after another and share it
        self.begun = False

    def begin_step(self) -> None:
        """Let the next micro-batch be the first one of a step."""
        self.begun = False

    def run(self, batch: dict[str, Any], tokens: torch.Tensor) -> torch.Tensor:
        """Add the gradients of a micro-batch of packed rows to those of the step; return its loss."""
        whole = fill(batch, *self.shape, self.pad)
        length = whole["input_ids"].shape[1]
        if not self.begun:
            torch._foreach_zero_(self.gradients)
            self.begun = True
        self._use_gradients()
        if length not in self.graphs:
            self.graphs[length] = self._capture(whole)
        graph, here, loss = self.graphs[length]
        for name, value in whole.items():
            if isinstance(value, torch.Tensor):
                here[name].copy_(value, non_blocking=True)
        self.tokens.copy_(tokens, non_blocking=True)
        graph.replay()
        return loss.clone()

    def _use_gradients(self) -> None:
        """Give the weights their gradients back, which transformers drops after each step."""
        for parameter, gradient in zip(self.trained, self.gradients, strict=True):
            parameter.grad = gradient

    def _capture(self, batch: dict[str, Any]) -> tuple[Any, dict[str, Any], torch.Tensor]:
        """Capture both passes; the passes before the capture leave no trace in gradients and random numbers."""
        here = {
            name: value.to(self.device) if isinstance(value, torch.Tensor) else value for name, value in batch.items()
        }
        before, random = [gradient.clone() for gradient in self.gradients], torch.cuda.get_rng_state()
        try:
            self._warm_up(here)
            graph = torch.cuda.CUDAGraph()
            # Other threads, such as the one that pins batches, may go on meanwhile.
            with torch.cuda.graph(graph, pool=self.memory, capture_error_mode="thread_local"):
                loss = self.loss(here, self.tokens)
                loss.backward()
        finally:
            torch._foreach_copy_(self.gradients, before)
            torch.cuda.set_rng_state(random)
        return graph, here, loss.detach()

    def _warm_up(self, batch: dict[str, Any]) -> None:
        """Run both passes on a stream of their own, as PyTorch asks for before a capture."""
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UPS):
                self.loss(batch, self.tokens).backward()
        torch.cuda.current_stream().wait_stream(beside)
