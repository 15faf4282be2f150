"""What a base model's tokenizer, config and generation config say of the same tokens, and where they contradict."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.chat import end_of_turn

#: Most texts whose tokens are counted; a few hundred pages show a missing script.
TEXTS = 300
#: A smaller share of unknown tokens is normal: rare letters.
NOTED = 0.01


@dataclass(frozen=True)
class Tokens:
    """The special tokens of a base. `end_of_turn` ends an answer in its chat template, `notes` says what is odd."""

    eos: str
    bos: str | None
    pad: str
    end_of_turn: str | None
    special: list[str]
    notes: list[str]


def inspect_tokens(tokenizer: Any, ends: set[int], rows: int, name: str) -> Tokens:
    """Return the tokens of a base called `name`. `ends` are its config's EOS ids; its embedding has `rows` rows.

    Raises UserError where answers could not end, or a token has no embedding.
    """
    turn, chat = end_of_turn(tokenizer)
    own, unknown = tokenizer.eos_token, {at for at in ends if tokenizer.convert_ids_to_tokens(at) is None}
    ends = ends - unknown
    notes = [*([chat] if chat else []), *_doubtful_ends(tokenizer, ends, turn)]
    notes += [
        Remark("its config ends answers with token {at}, which its tokenizer lacks", at=at) for at in sorted(unknown)
    ]
    if own is None or (ends and tokenizer.eos_token_id not in ends):
        own = turn or own
    _check_ids(tokenizer, [token for token in (own, turn, tokenizer.bos_token) if token], rows, name)
    _check_eos(tokenizer, own, turn, ends, name)
    pad = tokenizer.pad_token
    pad = pad if pad is not None and tokenizer.pad_token_id < rows else own
    special = sorted({*tokenizer.all_special_tokens, own, *_tokens_of_chats(tokenizer)})
    return Tokens(own, tokenizer.bos_token, pad, turn, special, notes)


def _tokens_of_chats(tokenizer: Any) -> list[str]:
    """Return the added tokens that the chat template writes: in a question, they would end it or begin a turn."""
    chat = tokenizer.get_chat_template() if tokenizer.chat_template else ""
    return [str(token) for token in tokenizer.added_tokens_decoder.values() if str(token) in chat]


def _doubtful_ends(tokenizer: Any, ends: set[int], turn: str | None) -> list[str]:
    """Return a note where a chat ends otherwise than the configs say: the chat template is followed."""
    if turn is None or not ends:
        return []
    known = tokenizer.convert_ids_to_tokens(sorted(ends))
    if tokenizer.eos_token_id not in ends:
        return [
            Remark(
                "the tokenizer's EOS is {eos}, generation_config.json's {known}; chats end in {turn}",
                eos=tokenizer.eos_token,
                known=known,
                turn=turn,
            )
        ]
    if tokenizer.convert_tokens_to_ids(turn) not in ends:
        return [
            Remark(
                "its own EOS is {known}, as base models have it; prompt.style: template asks without the chat",
                known=known,
            )
        ]
    return []


def _check_eos(tokenizer: Any, eos: str | None, turn: str | None, ends: set[int], name: str) -> None:
    if eos is None:
        raise UserError(
            "params.yaml: model.base is {name}, whose tokenizer has no EOS, so answers could not end. "
            "Set another model, or eos_token in its tokenizer_config.json.",
            name=name,
        )
    if turn is None and ends and tokenizer.eos_token_id not in ends:
        known = " or ".join(map(str, tokenizer.convert_ids_to_tokens(sorted(ends))))
        raise UserError(
            "params.yaml: model.base is {name}, whose tokenizer ends texts with {eos}, but its "
            "generation config with {known}: answers would not end. Set eos_token in its "
            "tokenizer_config.json to {known}.",
            name=name,
            eos=eos,
            known=known,
        )


def _check_ids(tokenizer: Any, needed: list[str], rows: int, name: str) -> None:
    """Raise UserError where a token that texts need has an id beyond the embedding: PyTorch would crash on it."""
    added = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    special, vocabulary = (added | set(tokenizer.all_special_tokens)) - set(needed), tokenizer.get_vocab()
    beyond = sorted((at, token) for token, at in vocabulary.items() if at >= rows and token not in special)
    if beyond:
        at, token = beyond[0]
        raise UserError(
            "params.yaml: model.base is {name}, whose tokenizer has {count} tokens beyond its embedding "
            "of {rows} rows; the first is {token!r} with id {at}. Take the tokenizer that belongs to the "
            "weights, or save the model again after resize_token_embeddings(len(tokenizer)).",
            name=name,
            count=len(beyond),
            rows=rows,
            token=token,
            at=at,
        )


def check_script(tokenizer: Any, texts: Iterable[str], limit: float, name: str) -> list[str]:
    """Return a note where the tokenizer does not know each letter of the texts, or none.

    Raises UserError where more than the share `limit` of their tokens are unknown or parts of a letter.
    """
    ids = [at for text in islice(texts, TEXTS) for at in tokenizer(text, add_special_tokens=False)["input_ids"]]
    strange = {at for at in set(ids) if _is_no_text(at, tokenizer)}
    share = sum(at in strange for at in ids) / max(1, len(ids))
    if share > limit:
        raise UserError(
            "params.yaml: model.base is {name}, whose tokenizer does not know the documents' script: "
            "{share:.0%} of their tokens are unknown or single bytes, and model.max_unknown_fraction "
            "allows {limit:.0%}. Set a model that was trained on their language, or raise that limit.",
            name=name,
            share=share,
            limit=limit,
        )
    return (
        [Remark("{share:.1%} of the documents' tokens are unknown or single bytes", share=share)]
        if share >= NOTED
        else []
    )


def _is_no_text(token: int, tokenizer: Any) -> bool:
    """Tell whether a token is <unk>, or a byte that is only a part of a letter."""
    return token == tokenizer.unk_token_id or "\ufffd" in tokenizer.decode([token])
