"""Turn pairs into prompts and completions, and those into token ids: one template, exactly one EOS, no double BOS."""

from typing import Any

from pagetune.errors import UserError
from pagetune.records import Example, Pair

#: The label that PyTorch's cross entropy ignores.
IGNORED = -100


def render_prompt(template: str, instruction: str) -> str:
    return template.replace("{instruction}", instruction)


def to_example(pair: Pair, template: str, eos_token: str, wording_seen: bool, lead: str = "") -> Example:
    """Make a row. `lead` is the whitespace that the completion begins with, as `find_seam` returns it."""
    return Example(
        pair_id=pair.pair_id,
        kind=pair.kind,
        doc_id=pair.doc_id,
        page_number=pair.page_number,
        wording_seen=wording_seen,
        prompt=render_prompt(template, pair.instruction),
        completion=lead + pair.output + eos_token,
        references=pair.references,
    )


def holds_special_token(pair: Pair, special_tokens: list[str]) -> bool:
    """Tell whether the pair contains a special token: a printed EOS would end the answer in the middle."""
    return any(token in text for token in special_tokens for text in (pair.asked, pair.output))


def encode_prompt(prompt: str, tokenizer: Any) -> list[int]:
    """Return the token ids that generation starts from: one BOS where the tokenizer adds one, and no EOS."""
    ids: list[int] = list(tokenizer(prompt)["input_ids"])
    if ids and ids[-1] == tokenizer.eos_token_id and not prompt.endswith(tokenizer.eos_token):
        ids = ids[:-1]  # some tokenizers append an EOS to every text
    if len(ids) > 1 and ids[0] == ids[1] == tokenizer.bos_token_id:
        ids = ids[1:]  # the template contains the BOS that the tokenizer also adds
    return ids


def joins(prompt: str, answer: str, tokenizer: Any) -> bool:
    """Tell whether the tokens of prompt and answer as one text begin with those of the prompt alone.

    Otherwise a token spans the two, or the prompt ends in other tokens than generation will see.
    """
    alone = encode_prompt(prompt, tokenizer)
    return encode_prompt(prompt + answer, tokenizer)[: len(alone)] == alone


def encode_for_encoder(prompt: str, tokenizer: Any) -> list[int]:
    """Return the token ids that an encoder reads, including all special tokens that the tokenizer adds."""
    return list(tokenizer(prompt)["input_ids"])


def check_positions(what: str, tokens: int, config: Any, advice: str) -> None:
    """Raise UserError where a text is longer than an encoder-decoder has positions for: PyTorch would crash on it."""
    positions = getattr(config, "max_position_embeddings", None)  # T5's positions are relative and have no limit
    if positions is not None and tokens > positions:
        raise UserError(
            "{what} has {tokens} tokens, and model.base takes at most {positions}. {advice}",
            what=what,
            tokens=tokens,
            positions=positions,
            advice=advice,
        )


def encode_example(example: Example, tokenizer: Any, encoder: bool = False) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` of equal length; only the completion, with its EOS, counts in the loss.

    Prompt and answer are encoded as one text, of which the first tokens are those that generation will see. With an
    `encoder` the two go to the encoder and the decoder, each encoded alone; the collator splits the row again.
    """
    answer = example.completion.removesuffix(tokenizer.eos_token)
    prompt, own = _encode_apart(example.prompt, answer, tokenizer, encoder)
    completion = [*own, tokenizer.eos_token_id]
    return {"input_ids": prompt + completion, "labels": [IGNORED] * len(prompt) + completion}


def _encode_apart(prompt: str, answer: str, tokenizer: Any, encoder: bool) -> tuple[list[int], list[int]]:
    """Return the ids of prompt and answer. Where a token spans both, which preflight reports, each is encoded alone."""
    if not encoder and joins(prompt, answer, tokenizer):
        ids = encode_prompt(prompt, tokenizer)
        return ids, encode_prompt(prompt + answer, tokenizer)[len(ids) :]
    ids = (encode_for_encoder if encoder else encode_prompt)(prompt, tokenizer)
    return ids, list(tokenizer(answer, add_special_tokens=False)["input_ids"])
