"""Whether two models are one: the same greedy answers, and logits that hardly differ."""

from dataclasses import dataclass
from typing import Any

import torch

from pagetune.errors import UserError
from pagetune.jsonl import read_records
from pagetune.params import Predict
from pagetune.predict.generation import by_generate
from pagetune.records import Example

PROMPTS = 20
#: Between adapter and merged model, both in fp32: rounding alone.
LARGEST_DIFFERENCE = 1e-3
#: Two tokens may change places where their logits are so near: other programs round elsewhere. At most so many times
#: what 16 bits alone move a logit, and never more than the second; and in so great a share of the answers.
NEAR_TIE, NEAREST_TIE, SHARE_OF_TIES = 4.0, 0.25, 0.25


@dataclass(frozen=True)
class Seen:
    """What a model said: of each prompt the new token ids up to the EOS, and the logits (tokens, vocabulary) of each.

    The logits are those of `asked`'s answers where a second model is looked at, so that the two can be compared.
    """

    answers: list[list[int]]
    logits: list[torch.Tensor]


def proof_prompts(paths: list[Any]) -> list[str]:
    """20 prompts, spread evenly over the files; all of them where there are fewer."""
    prompts = list(dict.fromkeys(row.prompt for path in paths for row in read_records(path, Example)))
    if not prompts:
        raise UserError(
            "data/prompts: recall and validation hold no question to prove the export by. Raise curate.recall_fraction."
        )
    count = min(PROMPTS, len(prompts))
    return [prompts[index * len(prompts) // count] for index in range(count)]


def look_at(
    model: Any,
    pad_id: int,
    eos_ids: list[int],
    prompts: list[list[int]],
    params: Predict,
    like: Seen | None = None,
) -> Seen:
    """The model's own greedy answers; the logits along them, or along those of `like`."""
    made = by_generate(model, prompts, eos_ids, pad_id, params.max_new_tokens)
    answers = [_up_to(ids, eos_ids) for ids in made]
    along = like.answers if like else answers
    return Seen(answers, [_logits(model, prompt, ids) for prompt, ids in zip(prompts, along, strict=True)])


def _up_to(ids: list[int], eos_ids: list[int]) -> list[int]:
    return next((ids[: place + 1] for place, token in enumerate(ids) if token in eos_ids), ids)


def _logits(model: Any, prompt: list[int], answer: list[int]) -> torch.Tensor:
    """Of the answer's tokens, in fp32 on the CPU."""
    if model.config.is_encoder_decoder:
        read = {"input_ids": [prompt], "decoder_input_ids": [[model.config.decoder_start_token_id, *answer[:-1]]]}
    else:
        read = {"input_ids": [prompt + answer]}
    with torch.inference_mode():
        logits = model(**{name: torch.tensor(ids, device=model.device) for name, ids in read.items()}).logits[0]
    own = logits if model.config.is_encoder_decoder else logits[len(prompt) - 1 : -1]
    return torch.Tensor(own.float().cpu())


def largest_difference(one: Seen, other: Seen) -> float:
    """Of any logit; infinite where one is no number. Both are along the same answers."""
    pairs = zip(one.logits, other.logits, strict=True)
    gaps = [(a - b).abs().nan_to_num(nan=float("inf")).max() for a, b in pairs if a.numel()]
    return max(map(float, gaps), default=0.0)


def same_answers(one: Seen, other: list[list[int]]) -> int:
    return sum(a == b for a, b in zip(one.answers, other, strict=True))


def near_ties(one: Seen, other: list[list[int]], tolerance: float) -> int:
    """Answers that part where `one` nearly took the other's token: its logit is at most `tolerance` lower."""
    return sum(
        a != b and _gap(a, b, logits) <= tolerance for a, b, logits in zip(one.answers, other, one.logits, strict=True)
    )


def _gap(answer: list[int], other: list[int], logits: torch.Tensor) -> float:
    """Between the logits of the first tokens that differ; where one only goes on, nothing excuses it."""
    place = next((at for at, (a, b) in enumerate(zip(answer, other, strict=False)) if a != b), None)
    if place is None:
        return float("inf")
    return float(logits[place, answer[place]] - logits[place, other[place]])
