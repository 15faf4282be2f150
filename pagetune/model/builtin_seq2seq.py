"""The built-in encoder-decoder: a small BART, trained from scratch on the dialogues that are trained on.

It needs no network and no GPU, and sees no summary. Thirty thousand letters teach no Korean; what they can teach is to
read a dialogue, to mend it where it has gaps (BART), and to repeat the turns that say most of it (PEGASUS, Zhang et al.
2020): what a summary is made of.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn import functional
from transformers import BartConfig, BartForConditionalGeneration, PreTrainedTokenizerFast

from pagetune.model.builtin import check_texts, descend, save, train_tokenizer
from pagetune.model.manifest import Manifest
from pagetune.model.prompts import IGNORED
from pagetune.params import BuiltinSeq2Seq

MASK = "<mask>"
#: Of a dialogue and of its summary, in tokens.
MAX_TOKENS = 1024
#: What is hidden of a text, and how many tokens at a time, as in BART (Lewis et al. 2020, section 2.2).
MASKED_SHARE, MEAN_SPAN = 0.3, 3.0
#: Of the steps, those on whole dialogues that want their central turns; and how many these are.
RETOLD_SHARE, CENTRAL_TURNS = 0.5, 2
#: Shares of the syllables of a text that are exchanged for others.
INVENTED_SHARES = (0.0, 0.3, 0.6, 1.0)
#: Letter pairs below which a turn says little, however much of it is shared.
_SHORT = 8
_SYLLABLE = re.compile("[가-힣]")
_INIT_STD = 0.02


def make_builtin_seq2seq(texts: list[str], folder: Path, params: BuiltinSeq2Seq, seed: int) -> Manifest:
    """Train tokenizer and model on `texts` and save both in `folder`."""
    check_texts(texts, "builtin_seq2seq")
    tokenizer = train_tokenizer(texts, params.vocabulary, MASK)
    return save(pretrain(texts, tokenizer, params, seed), tokenizer, folder, "builtin_seq2seq")


def new_model(tokenizer: PreTrainedTokenizerFast, params: BuiltinSeq2Seq) -> BartForConditionalGeneration:
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
    _begin_with_waves(model)
    return model


def _begin_with_waves(model: BartForConditionalGeneration) -> None:
    """Places begin as sines and cosines (Vaswani et al. 2017), as strong as the other weights: from random ones so
    small a model does not learn to find its place in the text, and copies nothing."""
    for part in (model.model.encoder, model.model.decoder):
        weight = part.embed_positions.weight
        places, width = weight.shape
        angles = torch.arange(places)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
        with torch.no_grad():
            weight.copy_(_INIT_STD * torch.cat([angles.sin(), angles.cos()], dim=1))


def pretrain(
    texts: list[str], tokenizer: PreTrainedTokenizerFast, params: BuiltinSeq2Seq, seed: int
) -> BartForConditionalGeneration:
    """Train to mend and to retell dialogues; the same seed gives the same weights."""
    torch.manual_seed(seed)
    model = new_model(tokenizer, params).to("cuda" if torch.cuda.is_available() else "cpu")
    optimizer = torch.optim.AdamW(model.parameters(), lr=params.learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    batches = _batches(texts, tokenizer, params, seed)
    losses = (_loss(model, {name: value.to(model.device) for name, value in batch.items()}) for batch in batches)
    descend(model, optimizer, losses, params.steps)
    return model.cpu().eval()


def _loss(model: BartForConditionalGeneration, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    labels = batch.pop("labels")
    logits = model(**batch, use_cache=False).logits
    return functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def _batches(
    texts: list[str], tokenizer: PreTrainedTokenizerFast, params: BuiltinSeq2Seq, seed: int
) -> Iterator[dict[str, torch.Tensor]]:
    random = Random(seed)  # noqa: S311 - no secret
    syllables = sorted(set(_SYLLABLE.findall("".join(texts))))

    def row(retold: bool) -> tuple[list[int], list[int]]:
        """What the encoder reads, and what the decoder is to write."""
        text = random.choice(texts)
        if retold:
            text = invented_dialogue(text, syllables, random)
            return _encode(text, tokenizer), _encode(central_turns(text), tokenizer)
        ids = _encode(invented_dialogue(_some_lines(text, random), syllables, random), tokenizer)
        return with_gaps(ids, tokenizer.mask_token_id, random), ids

    for _ in range(params.steps):
        retold = random.random() < RETOLD_SHARE  # all rows of a step alike: short ones are not padded to long ones
        yield _padded([row(retold) for _ in range(params.batch_size)], tokenizer)


def _encode(text: str, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    ids: list[int] = tokenizer.encode(text)
    return ids[: MAX_TOKENS - 1]


def _some_lines(dialogue: str, random: Random) -> str:
    """A stretch of a dialogue: short ones are learnt first, and cost less."""
    lines = dialogue.split("\n")
    count = random.randint(1, min(len(lines), 4))
    start = random.randint(0, len(lines) - count)
    return "\n".join(lines[start : start + count])


def central_turns(dialogue: str) -> str:
    """The turns that share most of their letter pairs with the others, in their order; all of a short dialogue."""
    turns = dialogue.split("\n")
    pairs = [{"".join(pair) for pair in pairwise(turn.partition(": ")[2])} for turn in turns]

    def shared(place: int) -> float:
        others = set().union(*(own for other, own in enumerate(pairs) if other != place))
        return len(pairs[place] & others) / (_SHORT + len(pairs[place]))

    best = sorted(range(len(turns)), key=shared, reverse=True)[:CENTRAL_TURNS]
    return " ".join(turns[place] for place in sorted(best))


def invented_dialogue(text: str, syllables: list[str], random: Random) -> str:
    """With some of its syllables exchanged, each for the same one everywhere in the text.

    A hundred dialogues can be learnt by heart; words that nobody has ever used can only be read and copied.
    """
    own = sorted(set(_SYLLABLE.findall(text)))
    share = random.choice(INVENTED_SHARES)
    exchanged = {syllable: random.choice(syllables) for syllable in own if random.random() < share}
    return _SYLLABLE.sub(lambda found: exchanged.get(found[0], found[0]), text)


def with_gaps(ids: list[int], mask: int, random: Random) -> list[int]:
    """With one mask in place of each hidden span."""
    shown, place, start = [], 0, MASKED_SHARE / MEAN_SPAN
    while place < len(ids):
        if random.random() < start:
            shown.append(mask)
            place += 1 + int(random.expovariate(1 / (MEAN_SPAN - 1)))
        else:
            shown.append(ids[place])
            place += 1
    return shown


def _padded(rows: list[tuple[list[int], list[int]]], tokenizer: PreTrainedTokenizerFast) -> dict[str, torch.Tensor]:
    eos, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    return {
        "input_ids": _filled([shown for shown, _ in rows], pad),
        "attention_mask": _filled([[1] * len(shown) for shown, _ in rows], 0),
        "decoder_input_ids": _filled([[eos, *ids] for _, ids in rows], pad),
        "labels": _filled([[*ids, eos] for _, ids in rows], IGNORED),
    }


def _filled(rows: list[list[int]], filler: int) -> Any:
    width = max(map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])
