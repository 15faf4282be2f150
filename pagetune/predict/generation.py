"""Which prompts are answered together, and by which decoding."""

from collections.abc import Callable
from typing import Any

import torch

from pagetune.params import Predict
from pagetune.predict.decoding import Decoder, left_padded, right_padded, why_no_fast_decoding

#: What `predict.batch_size: auto` starts from, on a card and without one.
_ROWS_ON_CARD, _ROWS = 512, 64
#: Of a card's free memory, for the cache and the first pass over the prompts.
_SHARE = 0.7

Decode = Callable[[list[list[int]], int], list[list[int]]]
#: Of a model, the ids that end an answer, and that of the padding.
Decoding = Callable[[Any, list[int], int], Decode]


def decode_all(
    model: Any,
    prompts: list[list[int]],
    eos_ids: list[int],
    pad_id: int,
    params: Predict,
    decoding: Decoding | None = None,
) -> list[list[int]]:
    """The new token ids of every prompt, in their order; what stands behind an EOS is padding.

    The longest go first: what does not fit into memory shows at once. Then the rows at once are halved.
    """
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    decoding = decoding or decoding_of
    decode, answers = decoding(model, eos_ids, pad_id), dict[int, list[int]]()
    rows, start = _rows_at_once(model, prompts, params), 0
    while start < len(order):
        batch = order[start : start + rows]
        try:
            found = decode([prompts[index] for index in batch], params.max_new_tokens)
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise
            found = None
        if found is None:  # outside the handler: its traceback holds the tensors that did not fit
            rows, decode = len(batch) // 2, decoding(model, eos_ids, pad_id)
            torch.cuda.empty_cache()
            print(f"predict: out of memory; {rows} questions at once", flush=True)
            continue
        answers.update(zip(batch, found, strict=True))
        start += rows
    return [answers[index] for index in range(len(prompts))]


def decoding_of(model: Any, eos_ids: list[int], pad_id: int) -> Decode:
    """Ours, and transformers' own where a model cannot go through ours."""
    problem = why_no_fast_decoding(model)
    if problem is None:
        decoder = Decoder(model, eos_ids, pad_id)
        return decoder.decode
    if not model.config.is_encoder_decoder:  # for which there is no other
        print(f"predict: transformers' own decoding ({problem})", flush=True)
    return by_transformers(model, eos_ids, pad_id)


def by_transformers(model: Any, eos_ids: list[int], pad_id: int) -> Decode:
    return lambda prompts, new_tokens: by_generate(model, prompts, eos_ids, pad_id, new_tokens)


def by_generate(
    model: Any, prompts: list[list[int]], eos_ids: list[int], pad_id: int, new_tokens: int
) -> list[list[int]]:
    """By transformers' own decoding, greedily."""
    encoder = model.config.is_encoder_decoder
    ids, mask = (right_padded if encoder else left_padded)(prompts, pad_id, model.device)
    with torch.no_grad():  # and no inference mode: a training may go on with what is kept of this
        output = model.generate(
            input_ids=ids,
            attention_mask=mask.long(),
            max_new_tokens=new_tokens,
            do_sample=False,
            eos_token_id=eos_ids,
            pad_token_id=pad_id,
        )
    # A decoder's answer begins with what it was started from.
    new: list[list[int]] = output[:, 1 if encoder else ids.shape[1] :].tolist()
    return new


def _rows_at_once(model: Any, prompts: list[list[int]], params: Predict) -> int:
    if params.batch_size != "auto":
        return params.batch_size
    if model.device.type != "cuda":
        return _ROWS
    free, _ = torch.cuda.mem_get_info()
    per_row = _bytes_per_row(model.config.get_text_config(), max(map(len, prompts)) + params.max_new_tokens)
    return max(1, min(_ROWS_ON_CARD, int(_SHARE * free / per_row)))


def _bytes_per_row(config: Any, tokens: int) -> int:
    """Keys and values of every layer in 16 bits, and what one layer makes of the prompt.

    1 where the model has no heads: then memory is tried out, and what does not fit is halved.
    """
    heads = getattr(config, "num_attention_heads", None)
    if heads is None:
        return 1
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    cache = 2 * config.num_hidden_layers * shared * width
    layer = 8 * config.hidden_size + 4 * getattr(config, "intermediate_size", 4 * config.hidden_size)
    return 2 * tokens * int(cache + layer)
