"""Compare two models: the same greedy answers, and logits that hardly differ."""

from dataclasses import dataclass
from typing import Any

import torch

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.params import Predict
from pagetune.predict.generation import by_generate
from pagetune.records import Example

PROMPTS = 20
#: Between the adapter and the merged model, both in fp32, where only rounding differs.
LARGEST_DIFFERENCE = 1e-3
#: Other programs round differently, which may swap two tokens whose logits are nearly tied. The gap may be at most
#: NEAR_TIE times what rounding to 16 bits moves a logit, and at most NEAREST_TIE. This share of answers may be ties.
NEAR_TIE, NEAREST_TIE, SHARE_OF_TIES = 4.0, 0.25, 0.25


@dataclass(frozen=True)
class Outputs:
    """A model's output for each prompt: the new token ids up to the EOS, and logits (tokens, vocabulary).

    A second model's logits are taken along the first one's answers, so that the two can be compared.
    """

    answers: list[list[int]]
    logits: list[torch.Tensor]


def verification_prompts(paths: list[Any]) -> list[str]:
    """Return PROMPTS prompts spread evenly over the files, or all where there are fewer. Raises UserError for none."""
    prompts = list(dict.fromkeys(row.prompt for path in paths for row in read_records(path, Example)))
    if not prompts:
        raise UserError(
            "data/prompts: recall and validation hold no question to verify with. Raise curate.recall_fraction."
        )
    count = min(PROMPTS, len(prompts))
    return [prompts[index * len(prompts) // count] for index in range(count)]


def outputs_of(
    model: Any,
    pad_id: int,
    eos_ids: list[int],
    prompts: list[list[int]],
    params: Predict,
    along: Outputs | None = None,
) -> Outputs:
    """Return the model's greedy answers, and its logits along them, or along the answers of another model."""
    new_ids = by_generate(model, prompts, eos_ids, pad_id, params.max_new_tokens)
    answers = [_up_to_eos(ids, eos_ids) for ids in new_ids]
    followed = along.answers if along else answers
    return Outputs(answers, [_logits(model, prompt, ids) for prompt, ids in zip(prompts, followed, strict=True)])


def _up_to_eos(ids: list[int], eos_ids: list[int]) -> list[int]:
    return next((ids[: index + 1] for index, token in enumerate(ids) if token in eos_ids), ids)


def _logits(model: Any, prompt: list[int], answer: list[int]) -> torch.Tensor:
    """Return the logits (tokens of the answer, vocabulary) in fp32 on the CPU."""
    if model.config.is_encoder_decoder:
        inputs = {"input_ids": [prompt], "decoder_input_ids": [[model.config.decoder_start_token_id, *answer[:-1]]]}
    else:
        inputs = {"input_ids": [prompt + answer]}
    with torch.inference_mode():
        logits = model(**{name: torch.tensor(ids, device=model.device) for name, ids in inputs.items()}).logits[0]
    own = logits if model.config.is_encoder_decoder else logits[len(prompt) - 1 : -1]
    return torch.Tensor(own.float().cpu())


def largest_difference(one: Outputs, other: Outputs) -> float:
    """Return the largest difference of any logit, infinite where one is NaN. Both must follow the same answers."""
    pairs = zip(one.logits, other.logits, strict=True)
    gaps = [(a - b).abs().nan_to_num(nan=float("inf")).max() for a, b in pairs if a.numel()]
    return max(map(float, gaps), default=0.0)


def same_answers(one: Outputs, other: list[list[int]]) -> int:
    """Count the answers that are the same, token by token."""
    return sum(a == b for a, b in zip(one.answers, other, strict=True))


def near_ties(one: Outputs, other: list[list[int]], tolerance: float) -> int:
    """Count the answers that first differ at a token whose logit in `one` is at most `tolerance` below its choice."""
    return sum(
        a != b and _gap(a, b, logits) <= tolerance for a, b, logits in zip(one.answers, other, one.logits, strict=True)
    )


def _gap(answer: list[int], other: list[int], logits: torch.Tensor) -> float:
    """Return the gap between the logits of the first differing tokens, infinite where one answer is just longer."""
    index = next((at for at, (a, b) in enumerate(zip(answer, other, strict=False)) if a != b), None)
    if index is None:
        return float("inf")
    return float(logits[index, answer[index]] - logits[index, other[index]])
