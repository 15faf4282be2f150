"""Merge the adapter into the base that it was trained on, save it in 16 bits, and verify each step."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from pagetune.errors import UserError
from pagetune.evaluate.controls import instruction_of
from pagetune.export.chat_template import chat_template, own_chat_template, with_tail
from pagetune.export.verification import LARGEST_DIFFERENCE, Outputs, largest_difference, outputs_of, same_answers
from pagetune.language import Remark
from pagetune.model.loading import (
    dequantized,
    load_base,
    load_config,
    load_generation_config,
    load_tokenizer,
    load_tuned,
    with_adapter,
)
from pagetune.model.manifest import ADAPTER, Manifest
from pagetune.model.precision import PrecisionChoice, resolve_precision
from pagetune.model.prompts import encode_for_encoder, encode_prompt
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.predict.answers import eos_ids_of

#: Memory that merging takes, as a multiple of the weights in fp32: the verification needs some too.
MEMORY_FACTOR = 1.3
_ADVICE = Remark(" Serve models/adapter on its base instead.")


class Merging:
    """What every verification step needs: the base, its tokenizer, and the prompts as `texts` and as token ids."""

    def __init__(
        self, manifest: Manifest, params: Params, precision: str, template: TemplateRecord, prompts: list[str]
    ) -> None:
        self.manifest, self.params, self.template = manifest, params, template
        self.choice = resolve_precision(precision, manifest.parameters, params.quantization, manifest.quantized)
        self.tokenizer = load_tokenizer(manifest, template)
        #: The tokenizer's EOS, and those of the base's generation config.
        self.eos_ids = eos_ids_of(load_generation_config(manifest), self.tokenizer)
        encode = encode_for_encoder if manifest.encoder_decoder else encode_prompt
        self.texts, self.prompts = prompts, [encode(prompt, self.tokenizer) for prompt in prompts]

    @property
    def questions(self) -> list[str]:
        """Return the instructions that the prompts were rendered from."""
        return [instruction_of(text, self.template.template) for text in self.texts]

    def outputs_of(self, model: Any, along: Outputs | None = None) -> Outputs:
        """Return a model's answers to the prompts, and its logits along them or along the answers of another model."""
        return outputs_of(model, self.tokenizer.pad_token_id, self.eos_ids, self.prompts, self.params.predict, along)


def export_merged(merging: Merging, folder: Path) -> tuple[dict[str, Any], Outputs]:
    """Save the merged model in `folder`; return what was verified and the outputs of the adapter in fp32.

    Raises UserError where the merged model answers differently, the adapter changes nothing, or memory is too small.
    """
    as_trained = merging.outputs_of(_as_trained(merging))
    model = in_fp32(merging.manifest, merging.choice)
    adapted = merging.outputs_of(model)
    with model.disable_adapter():
        base = merging.outputs_of(model, adapted)
    merged = _merge(model)
    found = _verify_in_fp32(adapted, merging.outputs_of(merged, adapted), base)
    _cast_parameters(merged, _sixteen_bit_dtype(merging.manifest))
    found["sixteen_bit"] = _save_and_verify(merging, merged, folder, adapted)
    found["as_trained"] = {
        "precision": merging.choice.precision,
        "same_answers": same_answers(adapted, as_trained.answers),
    }
    return found, adapted


def _merge(model: Any) -> Any:
    try:
        return model.merge_and_unload(safe_merge=True)
    except ValueError as error:  # raised for a layer whose weights contain NaN
        raise UserError(
            "{adapter} cannot be merged ({error}). See metrics/train.json for how it was trained.",
            adapter=ADAPTER,
            error=error,
        ) from None


def _as_trained(merging: Merging) -> Any:
    return load_tuned(merging.manifest, ADAPTER, merging.choice)


def in_fp32(manifest: Manifest, choice: PrecisionChoice) -> Any:
    """Return the adapter on its base, dequantised, both in fp32. Raises UserError where memory is too small."""
    from peft import PeftConfig

    device = _merge_device(manifest)
    base = load_base(manifest, choice)
    if choice.precision in ("4bit", "8bit"):
        base = dequantized(base)
        # transformers (5.17) keeps how it unpacked a quantised checkpoint, and fails to reverse that when it saves.
        vars(base).pop("_weight_conversions", None)
    base = base.to(device).float()
    if _targets_head(PeftConfig.from_pretrained(str(ADAPTER))):
        _untie(base)
    return with_adapter(base, ADAPTER)


def _merge_device(manifest: Manifest) -> str:
    """Return "cuda" where the GPU has enough free memory, else "cpu". Raises UserError where neither has."""
    import psutil

    needed = 4 * manifest.parameters * MEMORY_FACTOR
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        if torch.cuda.mem_get_info()[0] > needed:
            return "cuda"
    free = psutil.virtual_memory().available
    if needed > free:
        raise UserError(
            "merging {billions:.1f} billion parameters in fp32 takes {needed:.0f} GiB, and {free:.0f} "
            "GiB of memory are free. Merge on a machine with more memory.",
            billions=manifest.parameters / 1000000000.0,
            needed=needed / 2**30,
            free=free / 2**30,
        )
    return "cpu"


def _targets_head(config: Any) -> bool:
    """Tell whether the adapter has a layer on lm_head."""
    targets = config.target_modules
    if isinstance(targets, str):
        return re.fullmatch(targets, "lm_head") is not None
    return any(name.endswith("lm_head") for name in targets)


def _untie(model: Any) -> None:
    """Give the head its own weights: merged into shared ones, its adapter would change the input embedding too."""
    head = model.get_output_embeddings()
    layers = [head]
    if model.config.is_encoder_decoder:  # encoder and decoder share the embedding, and would lose it
        layers += [model.get_encoder().embed_tokens, model.get_decoder().embed_tokens]
    for layer in layers:
        layer.weight = torch.nn.Parameter(layer.weight.detach().clone())
    for config in (model.config, model.config.get_text_config()):
        config.tie_word_embeddings = False


def _verify_in_fp32(adapted: Outputs, merged: Outputs, base: Outputs) -> dict[str, Any]:
    """Return the differences. Raises UserError where merging changed the model, or the adapter changes nothing."""
    difference, from_base = largest_difference(adapted, merged), largest_difference(adapted, base)
    same, count = same_answers(adapted, merged.answers), len(adapted.answers)
    if not difference <= LARGEST_DIFFERENCE or same < count:
        raise UserError(
            "the merged model is not the tuned one: in fp32 a logit differs by {difference:.2g} (at most "
            "{allowed:g}), and {same} of {count} answers are the same.{advice}",
            difference=difference,
            allowed=LARGEST_DIFFERENCE,
            same=same,
            count=count,
            advice=_ADVICE,
        )
    if from_base <= LARGEST_DIFFERENCE:
        raise UserError(
            "the adapter changes nothing: no logit differs from the base's by more than {from_base:.2g}. "
            "See metrics/train.json; train longer, or with a higher train.learning_rate.",
            from_base=from_base,
        )
    return {
        "prompts": count,
        "fp32": {"largest_logit_difference": difference, "same_answers": same},
        "base": {"largest_logit_difference": from_base, "same_answers": same_answers(adapted, base.answers)},
    }


def _cast_parameters(model: Any, dtype: torch.dtype) -> None:
    """Cast the parameters but not the buffers, as loading in `dtype` does: rotary frequencies stay in fp32.

    So do the layers that a model keeps in fp32 because they overflow, such as T5's `wo`.
    """
    kept = model._get_dtype_plan(dtype)
    for name, parameter in model.named_parameters():
        own = next((kept[pattern] for pattern in kept if re.search(pattern.replace("*", ".*"), name)), dtype)
        parameter.data = parameter.data.to(own)
    model.config.dtype = dtype


def _save_and_verify(merging: Merging, model: Any, folder: Path, adapted: Outputs) -> dict[str, Any]:
    """Save model and tokenizer, and load them again as a user would. Raises UserError where anything has changed."""
    half = merging.outputs_of(model, adapted)
    if math.isinf(moved := largest_difference(adapted, half)):
        raise UserError(
            "in {dtype} the merged model overflows: its logits are not finite.{advice}",
            dtype=model.config.dtype,
            advice=_ADVICE,
        )
    _save_tokenizer(merging, folder)
    _set_generation_config(merging, model)
    model.save_pretrained(str(folder))
    remote = merging.manifest.trust_remote_code
    again = merging.manifest.auto_class.from_pretrained(str(folder), dtype="auto", trust_remote_code=remote)
    again = again.to(model.device).eval()
    reloaded = largest_difference(half, merging.outputs_of(again, adapted))
    if not reloaded <= 0 or not _same_weights(model, again):
        raise UserError(
            "{folder} differs from what was saved: loaded again, a logit differs by {reloaded:.2g}. Check the disk.",
            folder=folder,
            reloaded=reloaded,
        )
    return {
        "dtype": str(model.config.dtype).removeprefix("torch."),
        "largest_logit_difference": moved,
        "same_answers": same_answers(adapted, half.answers),
        "reloaded_logit_difference": reloaded,
    }


def _same_weights(one: Any, other: Any) -> bool:
    weights = other.state_dict()
    return all(torch.equal(weight, weights[name]) for name, weight in one.state_dict().items())


def _save_tokenizer(merging: Merging, folder: Path) -> None:
    """Save the tokenizer with a chat template that asks as the training did: the base's own one where it can.

    Raises UserError where the saved tokenizer would prompt differently, or have another EOS.
    """
    from transformers import AutoTokenizer

    tokenizer, unlike = load_tokenizer(merging.manifest, merging.template), ""
    for chat in _chat_templates(merging, tokenizer):
        tokenizer.chat_template = chat
        tokenizer.save_pretrained(str(folder))
        saved = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=merging.manifest.trust_remote_code)
        if saved.eos_token_id != merging.tokenizer.eos_token_id:
            eos = merging.template.eos_token
            raise UserError(
                "{folder}: the EOS is {eos_token}, but answers were trained to end in {eos}.",
                folder=folder,
                eos_token=saved.eos_token,
                eos=eos,
            )
        if (unlike := _first_unlike(merging, saved) if chat else "") == "":
            return
    raise UserError(
        "{folder}: for {unlike!r} the chat template gives another prompt than the training had.",
        folder=folder,
        unlike=unlike,
    )


def _chat_templates(merging: Merging, tokenizer: Any) -> Iterator[str | None]:
    """Yield the chat templates to try, the best first; an encoder-decoder gets one prompt, and has no chat turns."""
    template, prompts = merging.template, merging.prompts
    if merging.manifest.encoder_decoder:
        yield None
        return
    if template.style == "chat":
        own = own_chat_template(tokenizer.get_chat_template(), merging.params.prompt.system)
        yield own
        yield from _with_the_trained_tail(own, template.template, tokenizer)
    with_bos = bool(prompts[0]) and prompts[0][0] == tokenizer.bos_token_id
    writes_bos = bool(tokenizer.bos_token) and template.template.startswith(tokenizer.bos_token)
    yield chat_template(template.template, tokenizer.bos_token if with_bos and not writes_bos else None)


def _with_the_trained_tail(own: str, trained: str, tokenizer: Any) -> Iterator[str]:
    """Yield `own` with the end of the training's prompt, where the prompts are alike up to there."""
    from jinja2 import TemplateError

    message = [{"role": "user", "content": "{instruction}"}]
    try:
        head = tokenizer.apply_chat_template(message, chat_template=own, tokenize=False, add_generation_prompt=False)
    except TemplateError:  # one that wants to be asked for an answer
        return
    if trained.startswith(head):
        yield with_tail(own, trained.removeprefix(head))


def _first_unlike(merging: Merging, tokenizer: Any) -> str:
    """Return the first question that the tokenizer's chat template asks differently, or an empty text."""
    for question, prompt in zip(merging.questions, merging.prompts, strict=True):
        asked = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True)
        if list(asked["input_ids"]) != prompt:
            return question
    return ""


def _set_generation_config(merging: Merging, model: Any) -> None:
    """Make generation_config.json, which vLLM and transformers follow, greedy and end at any EOS."""
    from transformers import GenerationConfig

    tokenizer, start = merging.tokenizer, {}
    if merging.manifest.encoder_decoder:
        start = {"decoder_start_token_id": model.generation_config.decoder_start_token_id}
    model.generation_config = GenerationConfig(
        eos_token_id=merging.eos_ids,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        max_new_tokens=merging.params.predict.max_new_tokens,
        do_sample=False,
        **start,
    )


def _sixteen_bit_dtype(manifest: Manifest) -> torch.dtype:
    """Return bf16 for a bf16 base, whose values may overflow in fp16; else fp16, which is more precise."""
    return torch.bfloat16 if load_config(manifest).get_text_config().dtype == torch.bfloat16 else torch.float16
