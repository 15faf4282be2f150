"""The built-in base model: a byte-level BPE tokenizer and a small Llama, trained from scratch on the documents.

It needs neither a network nor a GPU. It knows the sample documents and nothing else.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.model.manifest import Manifest
from pagetune.params import Builtin
from pagetune.progress import Progress
from pagetune.records import HeldoutUnits, Page

EOS, PAD = "</s>", "<pad>"
#: Room for the bytes, the special tokens and at least some merges.
MIN_VOCABULARY = 512


def texts_of(pages: list[Page], heldout: HeldoutUnits) -> list[str]:
    """Return the text of every readable page that is not held out."""
    return [page_text(page) for page in pages if page.status == "ok" and not heldout.have(page)]


def make_builtin(texts: list[str], folder: Path, params: Builtin, seed: int) -> Manifest:
    """Train a tokenizer and a model on `texts` and save both in `folder`. Raises UserError where `texts` is empty."""
    check_texts(texts, "builtin")
    tokenizer = train_tokenizer(texts, vocabulary_of(texts, params))
    return save(_pretrain(texts, tokenizer, params, seed), tokenizer, folder, "builtin")


def check_texts(texts: list[str], name: str) -> None:
    """Raise UserError where there are no texts to train on."""
    if not texts:
        raise UserError(
            "params.yaml: model.base: {name} is trained on the documents, and none is left for it. Add "
            "documents, or set model.base to a Hub id or a path.",
            name=name,
        )


def save(model: Any, tokenizer: Any, folder: Path, name: str) -> Manifest:
    """Save a built-in model in `folder` and return its manifest."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar for a single file of 15 MB
    tokenizer.save_pretrained(str(folder))
    model.save_pretrained(str(folder))
    return Manifest(
        source="builtin",
        id=name,
        location=str(folder),
        revision=None,
        trust_remote_code=False,
        parameters=model.num_parameters(),
        eos_token=EOS,
        bos_token=None,
        pad_token=PAD,
        special_tokens=sorted(set(tokenizer.all_special_tokens)),
        encoder_decoder=bool(model.config.is_encoder_decoder),
    )


def page_text(page: Page) -> str:
    """Return a page as the model reads it: the text, then the rows of each table under its caption."""
    tables = [[table.caption, *(" | ".join(row) for row in table.rows)] for table in page.tables]
    return "\n".join([page.text, *(line for table in tables for line in table)])


def vocabulary_of(texts: list[str], params: Builtin) -> int:
    """Return a vocabulary size that fits the corpus: a token for every `characters_per_token` characters."""
    return max(MIN_VOCABULARY, int(sum(map(len, texts)) / params.characters_per_token))


def train_tokenizer(texts: list[str], vocabulary: int, mask: str | None = None) -> Any:
    """Train a byte-level BPE of `vocabulary` tokens, including the special ones."""
    special_tokens = [EOS, PAD] + ([mask] if mask else [])
    tokenizer = Tokenizer(models.BPE())
    # GPT-2's byte-level splitting, which llama.cpp and others know by name.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special_tokens,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    named = {"mask_token": mask} if mask else {}
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=EOS, pad_token=PAD, clean_up_tokenization_spaces=False, **named
    )


def _new_llama(tokenizer: Any, params: Builtin) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=params.hidden_size,
        intermediate_size=params.intermediate_size,
        num_hidden_layers=params.num_hidden_layers,
        num_attention_heads=params.num_attention_heads,
        max_position_embeddings=2048,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)


def _pretrain(texts: list[str], tokenizer: Any, params: Builtin, seed: int) -> Any:
    """Train a model on random blocks of the texts for `params.steps` steps. The same seed gives the same weights."""
    torch.manual_seed(seed)
    model = _new_llama(tokenizer, params)
    optimizer = torch.optim.AdamW(model.parameters(), lr=params.learning_rate, weight_decay=0.1, betas=(0.9, 0.95))
    batches = _random_blocks(texts, tokenizer, params, seed)
    losses = (model(input_ids=blocks, labels=blocks).loss for blocks in batches)
    descend(model, optimizer, losses, params.steps)
    return model.eval()


def descend(model: Any, optimizer: torch.optim.Optimizer, losses: Iterator[torch.Tensor], steps: int) -> None:
    """Take an optimiser step on each loss, with a cosine schedule after a warm-up of a twentieth of the `steps`.

    `losses` is lazy: each loss is computed by the model as the step before left it.
    """
    from transformers import get_cosine_schedule_with_warmup  # late: it imports bitsandbytes, which prints on import

    schedule = get_cosine_schedule_with_warmup(optimizer, steps // 20, steps)
    model.train()
    with Progress("base_model", steps, Remark("step")) as progress:
        for loss in losses:
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            progress.advance(note=tr("loss {loss:.2f}", loss=loss.item()))


def _random_blocks(texts: list[str], tokenizer: Any, params: Builtin, seed: int) -> Iterator[torch.Tensor]:
    """Yield `steps` tensors (batch_size, block_tokens) of token ids, cut at random from the joined texts."""
    ids = torch.tensor([i for text in texts for i in [*tokenizer.encode(text), tokenizer.eos_token_id]])
    block = min(params.block_tokens, len(ids) - 1)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(params.steps):
        starts = torch.randint(len(ids) - block, (params.batch_size,), generator=generator)
        yield torch.stack([ids[start : start + block] for start in starts])
