"""Ask with an open book: the passages that a search found stand in the prompt, above the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pagetune.language import Remark
from pagetune.model.conversation import write_question
from pagetune.model.loading import load_config
from pagetune.model.manifest import Manifest
from pagetune.model.prompts import encode_for_encoder, encode_prompt
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.records import FoundPassage, Turn
from pagetune.text.korean import is_korean


@dataclass(frozen=True)
class OpenPrompt:
    """A prompt, how many passages it holds, and why it does not hold all that were found: "" where it does."""

    text: str
    passages: int
    lacking: str


class OpenBook:
    """How a base is asked with passages. The prompt leaves as many positions as the longest answer takes."""

    def __init__(self, params: Params, manifest: Manifest, template: TemplateRecord, tokenizer: Any) -> None:
        self._params, self._manifest, self._template, self._tokenizer = params, manifest, template, tokenizer
        self.room = _room(params, manifest)
        self.encoder = manifest.encoder_decoder

    def ask(self, question: str, found: Sequence[FoundPassage], turns: Sequence[Turn] = ()) -> OpenPrompt:
        """Return the prompt with as many of the passages as fit whole, the first ones; without any, the closed one.

        `turns` were said before the question. A passage with a special token of the model, which would end the prompt
        early, is left out.
        """
        usable = self.usable(found)
        lacking = Remark("they hold a special token of the model") if len(usable) < len(found) else ""
        for count in range(len(usable), 0, -1):
            text = self._write(self._below(usable[:count], question), turns)
            if self._fits(text):
                return OpenPrompt(text, count, lacking)
            lacking = Remark("no more fit into a prompt of {room:,} tokens", room=self.room)
        return OpenPrompt(self._write(question, turns), 0, lacking)

    def usable(self, found: Sequence[FoundPassage]) -> list[FoundPassage]:
        """Return the passages without a special token of the model."""
        tokens = self._manifest.special_tokens
        return [one for one in found if not any(token in passage_text(one) for token in tokens)]

    def _below(self, passages: Sequence[FoundPassage], question: str) -> str:
        """Return what the user says: the question below the passages, in the language of the question."""
        templates = self._params.prompt.open_template
        numbered = "\n\n".join(f"[{number}] {passage_text(one)}" for number, one in enumerate(passages, 1))
        values = {"{passages}": numbered, "{instruction}": question}
        # In one go, because a passage may hold "{instruction}".
        template = templates.ko if is_korean(question) else templates.en
        return re.sub(r"\{(?:passages|instruction)\}", lambda name: values[name[0]], template)

    def _write(self, said: str, turns: Sequence[Turn]) -> str:
        return write_question(list(turns), said, self._template, self._tokenizer, self._params.prompt.system)

    def _fits(self, prompt: str) -> bool:
        encode = encode_for_encoder if self.encoder else encode_prompt
        return self.room is None or len(encode(prompt, self._tokenizer)) <= self.room


def _room(params: Params, manifest: Manifest) -> int | None:
    """Return the most tokens that a prompt may have; None for a model without a limit."""
    positions = getattr(load_config(manifest).get_text_config(), "max_position_embeddings", None)
    if positions is None:
        return None
    return max(0, int(positions) - (0 if manifest.encoder_decoder else params.predict.max_new_tokens))


def passage_text(passage: FoundPassage) -> str:
    """Return a passage below the name of its document and its heading; a row of a table has its header in the text."""
    return "\n".join(filter(None, (" > ".join(passage.above), passage.text)))
