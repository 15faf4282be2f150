"""The commands that pagetune.export.converter runs in a process with llama.cpp: `convert`, `quantize` and `ask`."""

import json
import runpy
import sys
from pathlib import Path
from typing import Any

from pagetune.parent_process import exit_with_parent


def run_converter(converter: str, merged: str, target: str, kind: str) -> None:
    """Run llama.cpp's converter, taught to accept tokenizers that split like GPT-2's but were trained on other text."""
    sys.path[:0] = [converter, str(Path(converter) / "gguf-py")]
    from conversion import base

    original = base.TextModel.get_vocab_base_pre

    def get_vocab_base_pre(model: Any, tokenizer: Any) -> str:
        try:
            return str(original(model, tokenizer))
        except NotImplementedError:
            if splits_like_gpt2(Path(merged) / "tokenizer.json"):
                return "gpt-2"
            raise

    base.TextModel.get_vocab_base_pre = get_vocab_base_pre
    sys.argv = ["convert_hf_to_gguf.py", merged, "--outfile", target, "--outtype", kind]
    runpy.run_path(str(Path(converter) / "convert_hf_to_gguf.py"), run_name="__main__")


def splits_like_gpt2(tokenizer: Path) -> bool:
    """Tell whether a tokenizer.json splits text like GPT-2's.

    llama.cpp recognises tokenizers by a hash of their tokens for one text, and so never one that was trained here.
    """
    splitting = json.loads(tokenizer.read_text(encoding="utf-8")).get("pre_tokenizer") or {}
    return (
        splitting.get("type") == "ByteLevel" and splitting.get("use_regex", True) and not splitting["add_prefix_space"]
    )


def run_quantizer(source: str, target: str, kind: str) -> None:
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = {"q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, "q4_k_m": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M}[kind]
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), params):
        sys.exit(f"llama_model_quantize failed for {kind}")


def answer_prompts(file: str) -> None:
    """Answer the prompts on stdin greedily, one at a time, and print the result as JSON."""
    from llama_cpp import Llama

    asked = json.load(sys.stdin)
    length = max(len(prompt.encode()) for prompt in asked["prompts"]) + asked["max_new_tokens"] + 8
    llama = Llama(file, n_ctx=length, verbose=False)
    tokens = [_tokens(llama, prompt) for prompt in asked["prompts"]]
    answers = [_answer(llama, ids, asked["eos_ids"], asked["max_new_tokens"]) for ids in tokens]
    print(json.dumps({"tokens": tokens, "answers": answers, "eos": llama.token_eos()}))


def _tokens(llama: Any, prompt: str) -> list[int]:
    """Encode as llama.cpp's programs do: a BOS that a chat template writes is not added once more."""
    ids: list[int] = llama.tokenize(prompt.encode(), add_bos=_adds_bos(llama), special=True)
    return ids[1:] if ids[:2] == [llama.token_bos()] * 2 else ids


def _adds_bos(llama: Any) -> bool:
    """Return whether the GGUF tells llama.cpp to add a BOS."""
    import llama_cpp

    return bool(llama_cpp.llama_vocab_get_add_bos(llama_cpp.llama_model_get_vocab(llama.model)))


def _answer(llama: Any, prompt: list[int], eos_ids: list[int], max_new_tokens: int) -> list[int]:
    answer: list[int] = []
    for token in llama.generate(prompt, temp=0.0, repeat_penalty=1.0):
        answer.append(token)
        if token in eos_ids or len(answer) == max_new_tokens:
            break
    return answer


if __name__ == "__main__":
    exit_with_parent()
    commands: dict[str, Any] = {"convert": run_converter, "quantize": run_quantizer, "ask": answer_prompts}
    commands[sys.argv[1]](*sys.argv[2:])
