"""One GGUF file and its Modelfile, proved by llama.cpp's own answers."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.export.chat_template import modelfile
from pagetune.export.converter import WRITTEN, ask_gguf, convert, find_converter, quantize, why_no_llama_cpp
from pagetune.export.merge import Merging
from pagetune.export.verification import NEAR_TIE, NEAREST_TIE, SHARE_OF_TIES, Seen, near_ties, same_answers
from pagetune.model.template import TemplateRecord


def check_converter() -> None:
    """Before anything is merged. Raises UserError where no GGUF could be made or proved."""
    find_converter()
    if problem := why_no_llama_cpp():
        raise UserError(problem)


def export_gguf(
    merging: Merging, folder: Path, template: TemplateRecord, gguf_type: str, adapted: Seen, moved: float
) -> dict[str, Any]:
    """Write `folder`/gguf from `folder`/merged; what was proved. `moved` is by how much 16 bits move a logit.

    Raises UserError where llama.cpp cuts a prompt otherwise, ends otherwise, or answers otherwise than by a near tie.
    A type of fewer bits is made from a file that was proved so; how many of its answers are the same is only counted.
    """
    target = folder / "gguf"
    target.mkdir(parents=True)
    first = target / f"model-{gguf_type if gguf_type in WRITTEN else 'f16'}.gguf"
    convert(folder / "merged", first, gguf_type if gguf_type in WRITTEN else "f16")
    proof = _proved(merging, first, adapted, min(NEAR_TIE * moved, NEAREST_TIE))
    file = target / f"model-{gguf_type}.gguf"
    if file != first:
        quantize(first, file, gguf_type)
        proof["quantized_same_answers"] = same_answers(adapted, _asked(merging, file)["answers"])
        first.unlink()
    stops = merging.tokenizer.convert_ids_to_tokens(merging.eos_ids)
    text = modelfile(file.name, template.template, stops, merging.params.predict.max_new_tokens)
    (target / "Modelfile").write_text(text, encoding="utf-8")
    return {"type": gguf_type, **proof}


def _asked(merging: Merging, file: Path) -> dict[str, Any]:
    return ask_gguf(file, merging.texts, merging.eos_ids, merging.params.predict.max_new_tokens)


def _proved(merging: Merging, file: Path, adapted: Seen, tolerance: float) -> dict[str, Any]:
    seen = _asked(merging, file)
    _check_tokens(merging, seen)
    same, ties = same_answers(adapted, seen["answers"]), near_ties(adapted, seen["answers"], tolerance)
    if same + ties < len(merging.texts) or ties > SHARE_OF_TIES * len(merging.texts):
        raise UserError(
            f"the GGUF is not the tuned model: of {len(merging.texts)} answers llama.cpp gives {same} as it does, and "
            f"{ties} part where two tokens are as good. Use export.format: merged."
        )
    return {"same_answers": same, "near_ties": ties}


def _check_tokens(merging: Merging, seen: dict[str, Any]) -> None:
    if seen["eos"] != merging.tokenizer.eos_token_id:
        raise UserError(f"the GGUF ends with token {seen['eos']}, the tokenizer with {merging.tokenizer.eos_token_id}.")
    for text, ours, theirs in zip(merging.texts, merging.prompts, seen["tokens"], strict=True):
        if ours != theirs:
            raise UserError(f"llama.cpp cuts the prompt {text!r} into other tokens; its answers would be others.")
