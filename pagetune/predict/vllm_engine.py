"""Answers by vLLM, where it is installed: 16-bit models on a GPU."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import torch

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.manifest import Manifest
from pagetune.model.precision import PrecisionChoice
from pagetune.params import Predict

#: The values that vLLM allows for max_lora_rank; an adapter takes the smallest that fits.
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def choose_engine(wanted: str, manifest: Manifest, choice: PrecisionChoice, dora: bool = False) -> tuple[str, str]:
    """Return `transformers` or `vllm`, and why. Raises UserError where vllm is set and cannot run.

    With `dora` neither base nor tuned can be answered by vllm: scores compare answers of one engine.
    """
    problem = Remark("vllm does not run adapters of lora.use_dora") if dora else _why_no_vllm(manifest, choice)
    if wanted == "transformers":
        return "transformers", Remark("set in params.yaml")
    if wanted == "vllm" and problem:
        raise UserError(
            "params.yaml: predict.engine: vllm cannot run here: {problem}. Set auto or transformers.", problem=problem
        )
    return ("transformers", problem) if problem else ("vllm", Remark("it is installed"))


def _why_no_vllm(manifest: Manifest, choice: PrecisionChoice) -> str | None:
    if manifest.encoder_decoder:
        return Remark("vllm does not run encoder-decoder models")
    if importlib.util.find_spec("vllm") is None:
        return Remark("vllm is not installed")
    if not torch.cuda.is_available():
        return Remark("PyTorch sees no GPU")
    if choice.precision in ("bf16", "fp16"):
        return None
    return Remark("precision is {precision}, and vllm runs bf16 or fp16", precision=choice.precision)


def token_ids(
    manifest: Manifest,
    adapter: Path | None,
    choice: PrecisionChoice,
    prompts: list[list[int]],
    eos_ids: list[int],
    params: Predict,
) -> list[list[int]]:
    """Return the new token ids of each prompt, decoded greedily, with the EOS where one was generated."""
    from vllm import LLM, SamplingParams
    from vllm.lora.request import LoRARequest

    new_tokens = params.max_new_tokens
    model = LLM(
        model=manifest.location,
        revision=manifest.revision,
        trust_remote_code=manifest.trust_remote_code,
        # Otherwise vLLM takes penalties and limits from the model's generation_config.json.
        generation_config="vllm",
        dtype=str(choice.dtype).removeprefix("torch."),
        max_model_len=max(map(len, prompts)) + new_tokens,
        **_lora_options(adapter),
    )
    sampling = SamplingParams(temperature=0.0, max_tokens=new_tokens, stop_token_ids=eos_ids)
    request = LoRARequest("adapter", 1, str(adapter.resolve())) if adapter else None
    outputs = model.generate([{"prompt_token_ids": ids} for ids in prompts], sampling, lora_request=request)
    return [list(output.outputs[0].token_ids) for output in outputs]


def _lora_options(adapter: Path | None) -> dict[str, Any]:
    if adapter is None:
        return {}
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    rank = max(config["r"], *config.get("rank_pattern", {}).values(), 1)
    return {"enable_lora": True, "max_lora_rank": next((allowed for allowed in _RANKS if allowed >= rank), rank)}
