"""Divide prompts into batches, and choose how they are decoded."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from pagetune.language import tr
from pagetune.model.decoding import Decoder, bytes_per_row, left_padded, right_padded, why_no_fast_decoding
from pagetune.params import Predict

#: The most prompts per batch under `predict.batch_size: auto`, on a GPU and on a CPU.
_ROWS_ON_GPU, _ROWS_ON_CPU = 512, 64
#: Share of the GPU's free memory for the cache and the first pass over the prompts.
_MEMORY_SHARE = 0.7

Decode = Callable[[list[list[int]], int], list[list[int]]]
#: Takes a model, the ids that end an answer, the id of the padding, and the tokens of the longest text with its answer.
Decoding = Callable[[Any, list[int], int, int], Decode]


def decode_all(
    model: Any,
    prompts: list[list[int]],
    eos_ids: list[int],
    pad_id: int,
    params: Predict,
    decoding: Decoding | None = None,
    answered: Callable[[int], None] = lambda _: None,
) -> list[list[int]]:
    """Return the new token ids of every prompt, in the order of the prompts; those after an EOS are padding.

    `answered` is told how many prompts each batch has answered.

    The longest prompts go first, so that a batch too large for the GPU's memory shows at once; then batches are halved.
    """
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    longest = max(map(len, prompts), default=0) + params.max_new_tokens
    make = partial(decoding or decoding_of, model, eos_ids, pad_id, longest)
    decode, answers = make(), dict[int, list[int]]()
    rows, start = _rows_per_batch(model, prompts, params), 0
    while start < len(order):
        batch = order[start : start + rows]
        try:
            found = decode([prompts[index] for index in batch], params.max_new_tokens)
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise
            found = None
        if found is None:  # outside the handler: its traceback holds the tensors that did not fit
            rows, decode = len(batch) // 2, make()
            torch.cuda.empty_cache()
            print(tr("predict: out of memory; continuing with {rows} questions per batch", rows=rows), flush=True)
            continue
        answers.update(zip(batch, found, strict=True))
        answered(len(batch))
        start += rows
    return [answers[index] for index in range(len(prompts))]


def decoding_of(model: Any, eos_ids: list[int], pad_id: int, longest: int) -> Decode:
    """Return pagetune's decoding, or transformers' where the model does not support it."""
    problem = why_no_fast_decoding(model, longest)
    if problem is None:
        decoder = Decoder(model, eos_ids, pad_id)
        return decoder.decode
    if not model.config.is_encoder_decoder:  # those have no other decoding, so there is nothing to report
        print(tr("predict: decoding with transformers' generate ({problem})", problem=problem), flush=True)
    return by_transformers(model, eos_ids, pad_id, longest)


def by_transformers(model: Any, eos_ids: list[int], pad_id: int, _longest: int) -> Decode:
    """Return transformers' decoding of a model."""
    return lambda prompts, new_tokens: by_generate(model, prompts, eos_ids, pad_id, new_tokens)


def by_generate(
    model: Any, prompts: list[list[int]], eos_ids: list[int], pad_id: int, new_tokens: int
) -> list[list[int]]:
    """Return the new token ids that transformers' greedy `generate` gives for each prompt, as one padded batch."""
    encoder = model.config.is_encoder_decoder
    ids, mask = (right_padded if encoder else left_padded)(prompts, pad_id, model.device)
    with torch.no_grad():  # not inference_mode: a training may continue with tensors kept from here
        output = model.generate(
            input_ids=ids,
            attention_mask=mask.long(),
            max_new_tokens=new_tokens,
            do_sample=False,
            eos_token_id=eos_ids,
            pad_token_id=pad_id,
        )
    # An encoder-decoder's output starts with the decoder's start token.
    new: list[list[int]] = output[:, 1 if encoder else ids.shape[1] :].tolist()
    return new


def _rows_per_batch(model: Any, prompts: list[list[int]], params: Predict) -> int:
    if params.batch_size != "auto":
        return params.batch_size
    if model.device.type != "cuda":
        return _ROWS_ON_CPU
    free, _ = torch.cuda.mem_get_info()
    per_row = bytes_per_row(model.config.get_text_config(), max(map(len, prompts)) + params.max_new_tokens)
    return max(1, min(_ROWS_ON_GPU, int(_MEMORY_SHARE * free / per_row)))
