"""One GGUF file and its Modelfile, proved by llama.cpp's own answers."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.export.chat_template import modelfile
from pagetune.export.converter import WRITTEN, ask_gguf, convert, find_converter, why_no_llama_cpp
from pagetune.export.merge import Merging
from pagetune.export.proof import NEAR_TIE, Seen, near_ties, same_answers
from pagetune.template import Template


def check_converter() -> None:
    """Before anything is merged. Raises UserError where no GGUF could be made or proved."""
    find_converter()
    if problem := why_no_llama_cpp():
        raise UserError(problem)


def export_gguf(
    merging: Merging, merged: Path, template: Template, folder: Path, gguf_type: str, adapted: Seen, moved: float
) -> dict[str, Any]:
    """Write the file and its Modelfile; what was proved. `moved` is by how much 16 bits move a logit.

    Raises UserError where llama.cpp cuts a prompt otherwise, ends otherwise, or answers otherwise than by a near tie.
    """
    folder.mkdir(parents=True)
    file, limit = folder / f"model-{gguf_type}.gguf", merging.params.predict.max_new_tokens
    convert(merged, file, gguf_type)
    seen = ask_gguf(file, merging.texts, limit)
    _check_tokens(merging, seen)
    same, ties = same_answers(adapted, seen["answers"]), near_ties(adapted, seen["answers"], NEAR_TIE * moved)
    count = len(merging.texts)
    if gguf_type in WRITTEN and same + ties < count:
        raise UserError(
            f"the GGUF is not the tuned model: llama.cpp gives {same} of {count} answers as it does, {ties} part "
            "where two tokens are as good. Use export.format: merged."
        )
    text = modelfile(file.name, template.template, [template.eos_token], limit)
    (folder / "Modelfile").write_text(text, encoding="utf-8")
    return {"type": gguf_type, "same_answers": same, "near_ties": ties}


def _check_tokens(merging: Merging, seen: dict[str, Any]) -> None:
    if seen["eos"] != merging.tokenizer.eos_token_id:
        raise UserError(f"the GGUF ends with token {seen['eos']}, the tokenizer with {merging.tokenizer.eos_token_id}.")
    for text, ours, theirs in zip(merging.texts, merging.prompts, seen["tokens"], strict=True):
        if ours != theirs:
            raise UserError(f"llama.cpp cuts the prompt {text!r} into other tokens; its answers would be others.")
