"""Write a GGUF file and its Modelfile, verified by llama.cpp's own answers."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.export.chat_template import modelfile
from pagetune.export.converter import WRITTEN, ask_gguf, convert, find_converter, quantize, why_no_llama_cpp
from pagetune.export.merge import Merging
from pagetune.export.verification import NEAR_TIE, NEAREST_TIE, SHARE_OF_TIES, Outputs, near_ties, same_answers


def check_converter() -> None:
    """Raise UserError where no GGUF could be written or verified; called before anything is merged."""
    find_converter()
    if problem := why_no_llama_cpp():
        raise UserError(problem)


def export_gguf(merging: Merging, folder: Path, gguf_type: str, adapted: Outputs, moved: float) -> dict[str, Any]:
    """Write `folder`/gguf from `folder`/merged and return what was verified.

    `adapted` are the outputs of the adapter in fp32, and `moved` is how much 16 bits move a logit. A type of fewer bits
    is made from a file that was verified; how many of its answers are the same is only counted.

    Raises UserError where llama.cpp tokenises a prompt differently, has another EOS, or answers differently other than
    at a near tie.
    """
    target = folder / "gguf"
    target.mkdir(parents=True)
    first = target / f"model-{gguf_type if gguf_type in WRITTEN else 'f16'}.gguf"
    convert(folder / "merged", first, gguf_type if gguf_type in WRITTEN else "f16")
    found = _verify(merging, first, adapted, min(NEAR_TIE * moved, NEAREST_TIE))
    file = target / f"model-{gguf_type}.gguf"
    if file != first:
        quantize(first, file, gguf_type)
        found["quantized_same_answers"] = same_answers(adapted, _ask(merging, file)["answers"])
        first.unlink()
    stops = merging.tokenizer.convert_ids_to_tokens(merging.eos_ids)
    text = modelfile(file.name, merging.template.template, stops, merging.params.predict.max_new_tokens)
    (target / "Modelfile").write_text(text, encoding="utf-8")
    return {"type": gguf_type, **found}


def _ask(merging: Merging, file: Path) -> dict[str, Any]:
    return ask_gguf(file, merging.texts, merging.eos_ids, merging.params.predict.max_new_tokens)


def _verify(merging: Merging, file: Path, adapted: Outputs, tolerance: float) -> dict[str, Any]:
    found = _ask(merging, file)
    _check_tokens(merging, found)
    same, ties = same_answers(adapted, found["answers"]), near_ties(adapted, found["answers"], tolerance)
    if same + ties < len(merging.texts) or ties > SHARE_OF_TIES * len(merging.texts):
        raise UserError(
            "the GGUF is not the tuned model: of {count} answers by llama.cpp {same} are the same, and "
            "{ties} differ by a near tie of two tokens. Set export.format: merged.",
            count=len(merging.texts),
            same=same,
            ties=ties,
        )
    return {"same_answers": same, "near_ties": ties}


def _check_tokens(merging: Merging, found: dict[str, Any]) -> None:
    if found["eos"] != merging.tokenizer.eos_token_id:
        raise UserError(
            "the GGUF's EOS is token {seen}, but the tokenizer's is {eos}.",
            seen=found["eos"],
            eos=merging.tokenizer.eos_token_id,
        )
    for text, ours, theirs in zip(merging.texts, merging.prompts, found["tokens"], strict=True):
        if ours != theirs:
            raise UserError(
                "llama.cpp splits the prompt {text!r} into other tokens, so it would answer differently.", text=text
            )
