"""Pairs as prompts and completions, and those as token ids: one template, exactly one EOS, no double BOS."""

from typing import Any

from pagetune.errors import UserError
from pagetune.records import Example, Pair

#: What the loss ignores, in PyTorch and therefore everywhere.
IGNORED = -100


def render_prompt(template: str, instruction: str) -> str:
    return template.replace("{instruction}", instruction)


def to_example(pair: Pair, template: str, eos_token: str, wording_seen: bool) -> Example:
    return Example(
        pair_id=pair.pair_id,
        kind=pair.kind,
        doc_id=pair.doc_id,
        page_number=pair.page_number,
        wording_seen=wording_seen,
        prompt=render_prompt(template, pair.instruction),
        completion=pair.output + eos_token,
        references=pair.references,
    )


def holds_special_token(pair: Pair, special_tokens: list[str]) -> bool:
    """A page that prints the model's own EOS would end the answer in its middle."""
    return any(token in text for token in special_tokens for text in (pair.instruction, pair.output))


def encode_prompt(prompt: str, tokenizer: Any) -> list[int]:
    """Token ids as generation sees them: with the tokenizer's BOS once, if it has one, and without an EOS."""
    ids: list[int] = list(tokenizer(prompt)["input_ids"])
    if ids and ids[-1] == tokenizer.eos_token_id and not prompt.endswith(tokenizer.eos_token):
        ids = ids[:-1]  # some tokenizers append it to whatever they are given
    if len(ids) > 1 and ids[0] == ids[1] == tokenizer.bos_token_id:
        ids = ids[1:]  # the template writes the BOS that the tokenizer adds as well
    return ids


def encode_for_encoder(prompt: str, tokenizer: Any) -> list[int]:
    """Token ids as an encoder reads them, with whatever the tokenizer puts around a text."""
    return list(tokenizer(prompt)["input_ids"])


def check_places(what: str, tokens: int, config: Any, advice: str) -> None:
    """Raises UserError for a text longer than a model with an encoder has places for; it would die within PyTorch."""
    places = getattr(config, "max_position_embeddings", None)  # T5 counts distances, and has no such end
    if places is not None and tokens > places:
        raise UserError(f"{what} has {tokens} tokens, and model.base has places for {places}. {advice}")


def encode_example(example: Example, tokenizer: Any, encoder: bool = False) -> dict[str, list[int]]:
    """`input_ids` and `labels` of equal length; the loss is on the completion, its EOS included, and nothing else.

    Prompt and completion are encoded apart, so that a token never spans both and the prompt's ids are those that
    generation will see. With an `encoder` the prompt goes there and the completion to the decoder; they stand in one
    row all the same, until the batch is made.
    """
    prompt = (encode_for_encoder if encoder else encode_prompt)(example.prompt, tokenizer)
    answer = example.completion.removesuffix(tokenizer.eos_token)
    completion = [*tokenizer(answer, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    return {"input_ids": prompt + completion, "labels": [IGNORED] * len(prompt) + completion}
