"""The built-in encoder-decoder: a small BART, trained from scratch on the dialogues of the training split.

It needs neither a network nor a GPU, and sees no summary. Thirty thousand letters are too few to learn Korean from, but
enough to learn what summarising is made of: reading a dialogue, filling in masked spans (BART), and repeating the turns
that carry most of its content (PEGASUS, Zhang et al. 2020).
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional

from pagetune.model.builtin import check_texts, descend, save, train_tokenizer
from pagetune.model.manifest import Manifest
from pagetune.model.prompts import IGNORED
from pagetune.params import BuiltinSeq2Seq

MASK = "<mask>"
#: The longest dialogue and the longest summary, in tokens.
MAX_TOKENS = 1024
#: Share of a text that is masked, and mean length of a masked span in tokens, as in BART (Lewis et al. 2020, 2.2).
MASKED_SHARE, MEAN_SPAN = 0.3, 3.0
#: Share of the steps in which whole dialogues are retold by their central turns, and how many turns those are.
RETOLD_SHARE, CENTRAL_TURNS = 0.5, 2
#: Shares of a text's distinct syllables that are replaced by others.
INVENTED_SHARES = (0.0, 0.3, 0.6, 1.0)
#: Added to a turn's letter pairs when its shared ones are divided by them, so that very short turns rank low.
_SHORT = 8
_SYLLABLE = re.compile("[가-힣]")
_INIT_STD = 0.02


def make_builtin_seq2seq(texts: list[str], folder: Path, params: BuiltinSeq2Seq, seed: int) -> Manifest:
    """Train a tokenizer and a model on `texts` and save both in `folder`. Raises UserError where `texts` is empty."""
    check_texts(texts, "builtin_seq2seq")
    tokenizer = train_tokenizer(texts, params.vocabulary, MASK)
    return save(_pretrain(texts, tokenizer, params, seed), tokenizer, folder, "builtin_seq2seq")


def _new_bart(tokenizer: Any, params: BuiltinSeq2Seq) -> Any:
    from transformers import BartConfig, BartForConditionalGeneration

    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=params.hidden_size,
        encoder_layers=params.encoder_layers,
        decoder_layers=params.decoder_layers,
        encoder_ffn_dim=params.intermediate_size,
        decoder_ffn_dim=params.intermediate_size,
        encoder_attention_heads=params.num_attention_heads,
        decoder_attention_heads=params.num_attention_heads,
        max_position_embeddings=MAX_TOKENS,
        init_std=_INIT_STD,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config)
    _initialise_positions(model)
    return model


def _initialise_positions(model: Any) -> None:
    """Set the position embeddings to sines and cosines (Vaswani et al. 2017) on the scale of the other weights.

    From random ones a model this small does not learn where it is in the text, and so never learns to copy.
    """
    for part in (model.model.encoder, model.model.decoder):
        weight = part.embed_positions.weight
        positions, width = weight.shape
        angles = torch.arange(positions)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
        with torch.no_grad():
            weight.copy_(_INIT_STD * torch.cat([angles.sin(), angles.cos()], dim=1))


def _pretrain(texts: list[str], tokenizer: Any, params: BuiltinSeq2Seq, seed: int) -> Any:
    """Train a model to fill in and to retell dialogues. The same seed gives the same weights."""
    torch.manual_seed(seed)
    model = _new_bart(tokenizer, params).to("cuda" if torch.cuda.is_available() else "cpu")
    optimizer = torch.optim.AdamW(model.parameters(), lr=params.learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    batches = _training_batches(texts, tokenizer, params, seed)
    losses = (_loss(model, {name: value.to(model.device) for name, value in batch.items()}) for batch in batches)
    descend(model, optimizer, losses, params.steps)
    return model.cpu().eval()


def _loss(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    labels = batch.pop("labels")
    logits = model(**batch, use_cache=False).logits
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def _training_batches(
    texts: list[str], tokenizer: Any, params: BuiltinSeq2Seq, seed: int
) -> Iterator[dict[str, torch.Tensor]]:
    random = Random(seed)  # noqa: S311 - nothing secret
    syllables = sorted(set(_SYLLABLE.findall("".join(texts))))

    def row(retold: bool) -> tuple[list[int], list[int]]:
        """Return what the encoder reads and what the decoder should write, as token ids."""
        text = random.choice(texts)
        if retold:
            text = invented_dialogue(text, syllables, random)
            return _encode(text, tokenizer), _encode(central_turns(text), tokenizer)
        ids = _encode(invented_dialogue(_some_lines(text, random), syllables, random), tokenizer)
        return with_gaps(ids, tokenizer.mask_token_id, random), ids

    for _ in range(params.steps):
        # One choice for all rows of a step, so that short rows are not padded to the length of long ones.
        retold = random.random() < RETOLD_SHARE
        yield _padded_batch([row(retold) for _ in range(params.batch_size)], tokenizer)


def _encode(text: str, tokenizer: Any) -> list[int]:
    ids: list[int] = tokenizer.encode(text)
    return ids[: MAX_TOKENS - 1]


def _some_lines(dialogue: str, random: Random) -> str:
    """Return one to four consecutive lines of a dialogue; short stretches are learnt first and cost less."""
    lines = dialogue.split("\n")
    count = random.randint(1, min(len(lines), 4))
    start = random.randint(0, len(lines) - count)
    return "\n".join(lines[start : start + count])


def central_turns(dialogue: str) -> str:
    """Return the turns that share most of their letter pairs with the other turns, in the dialogue's order.

    A dialogue of at most CENTRAL_TURNS turns is returned whole.
    """
    turns = dialogue.split("\n")
    pairs = [{"".join(pair) for pair in pairwise(turn.partition(": ")[2])} for turn in turns]

    def shared(turn: int) -> float:
        others = set().union(*(own for other, own in enumerate(pairs) if other != turn))
        return len(pairs[turn] & others) / (_SHORT + len(pairs[turn]))

    best = sorted(range(len(turns)), key=shared, reverse=True)[:CENTRAL_TURNS]
    return " ".join(turns[turn] for turn in sorted(best))


def invented_dialogue(text: str, syllables: list[str], random: Random) -> str:
    """Replace some of the text's syllables, each by the same one throughout the text.

    A hundred dialogues can be memorised; invented words can only be read and copied.
    """
    own = sorted(set(_SYLLABLE.findall(text)))
    share = random.choice(INVENTED_SHARES)
    exchanged = {syllable: random.choice(syllables) for syllable in own if random.random() < share}
    return _SYLLABLE.sub(lambda found: exchanged.get(found[0], found[0]), text)


def with_gaps(ids: list[int], mask: int, random: Random) -> list[int]:
    """Replace random spans of `ids` by one `mask` token each."""
    shown, index, start = [], 0, MASKED_SHARE / MEAN_SPAN
    while index < len(ids):
        if random.random() < start:
            shown.append(mask)
            index += 1 + int(random.expovariate(1 / (MEAN_SPAN - 1)))
        else:
            shown.append(ids[index])
            index += 1
    return shown


def _padded_batch(rows: list[tuple[list[int], list[int]]], tokenizer: Any) -> dict[str, torch.Tensor]:
    eos, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    return {
        "input_ids": _right_padded([shown for shown, _ in rows], pad),
        "attention_mask": _right_padded([[1] * len(shown) for shown, _ in rows], 0),
        "decoder_input_ids": _right_padded([[eos, *ids] for _, ids in rows], pad),
        "labels": _right_padded([[*ids, eos] for _, ids in rows], IGNORED),
    }


def _right_padded(rows: list[list[int]], filler: int) -> Any:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])
