"""Hold replies to their JSON schema while they are written: tokens that would break it are never chosen.

llguidance computes for each reply which tokens may come next, byte by byte, so that a letter of several tokens, as rare
Hangul is, stays whole.
"""

import json
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

#: Written as json.dumps writes, which models know best. Free white space would let a model write nothing else.
_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
#: What the tokenizer is tried with: JSON, and Hangul of several tokens.
_SAMPLE = '{"answer": "뷁의 요금은 3,000원입니다."}'


class Grammar:
    """The grammars of one tokenizer. `vocabulary` is the width of the model's logits."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: list[int]) -> None:
        from llguidance import LLExecutor, LLTokenizer

        self._tokenizer = LLTokenizer(_as_json(tokenizer), n_vocab=vocabulary, eos_token=ends)
        sample = tokenizer(_SAMPLE, add_special_tokens=False)["input_ids"]
        if self._tokenizer.decode_str(sample).lstrip() != _SAMPLE:
            raise ValueError("llguidance reads its tokens as other text")
        self._executor, self._width = LLExecutor(), -(-vocabulary // 32)
        self._first: dict[type[BaseModel], Any] = {}
        self._bits = torch.tensor([1 << bit for bit in range(8)], dtype=torch.uint8)

    def matcher(self, schema: type[BaseModel]) -> Any:
        """Return what follows one reply token by token: a copy, because to make one takes milliseconds."""
        from llguidance import LLMatcher

        if schema not in self._first:
            grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema.model_json_schema()), overrides=_COMPACT)
            self._first[schema] = LLMatcher(self._tokenizer, grammar, log_level=0)
        return self._first[schema].deep_copy()

    def consume(self, taken: list[tuple[Any, int]]) -> list[bool]:
        """Pass a token on to each matcher, and return which of them allow it."""
        allowed: list[bool] = self._executor.consume_token_par(taken) if taken else []
        return allowed

    def only_allowed(self, logits: Tensor, matchers: list[Any]) -> Tensor:
        """Return the logits with -inf for tokens that may not come next. A matcher that is None allows all.

        The masks are computed on the CPU, by several threads, while a GPU may still be computing the logits.
        """
        rows = [(matcher, row) for row, matcher in enumerate(matchers) if matcher is not None]
        if not rows:
            return logits
        bits = torch.full((len(matchers), self._width), -1, dtype=torch.int32, pin_memory=logits.is_cuda)
        self._executor.unsafe_compute_mask_ptr(rows, bits.data_ptr(), self._width * 4, len(matchers))
        allowed = bits.to(logits.device, non_blocking=True).view(torch.uint8)[:, :, None] & self._bits_of(logits.device)
        return logits.masked_fill(allowed.flatten(1)[:, : logits.shape[1]] == 0, float("-inf"))

    def _bits_of(self, device: torch.device) -> Tensor:
        """Return the eight bits of a byte on the device."""
        if self._bits.device != device:
            self._bits = self._bits.to(device)
        return self._bits


def _as_json(tokenizer: Any) -> str:
    """Return a tokenizer.json. Raises ValueError where there is none, as for tokenizers written in Python.

    Where the pre-tokenizer cuts text into bytes, tokens are bytes. llguidance looks at the decoder alone, and those of
    converted models may name others too.
    """
    if not tokenizer.is_fast:
        raise ValueError("its tokenizer has no tokenizer.json")
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    if '"ByteLevel"' in json.dumps(content["pre_tokenizer"]):
        content["decoder"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return json.dumps(content | {"padding": None, "truncation": None})


def make_grammar(tokenizer: Any, vocabulary: int, ends: list[int]) -> tuple[Grammar | None, str]:
    """Return the grammar, or None and why replies cannot be held to a schema: they are then read as a server's are."""
    try:
        return Grammar(tokenizer, vocabulary, ends), ""
    except ImportError:
        return None, "llguidance is not installed"
    except ValueError as error:
        return None, " ".join(str(error).split()).rstrip(".")
