"""The adapter merged into the base it was trained on, saved at 16 bit, and proved at each step."""

import math
import re
from pathlib import Path
from typing import Any

import torch

from pagetune.errors import UserError
from pagetune.evaluate.controls import instruction_of
from pagetune.export.chat_template import chat_template
from pagetune.export.verification import LARGEST_DIFFERENCE, Seen, largest_difference, look_at, same_answers
from pagetune.model.loading import load_base, load_config, load_generation_config, load_tokenizer, load_tuned
from pagetune.model.manifest import ADAPTER, Manifest
from pagetune.model.precision import PrecisionChoice, resolve_precision
from pagetune.model.prompts import encode_for_encoder, encode_prompt
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.predict.answers import eos_ids_of

#: Of the weights in fp32: what they take, with what the proof needs beside them.
ROOM = 1.3
_WAY = " Serve models/adapter on its base."


class Merging:
    """What each step of the proof needs: who is asked, and what."""

    def __init__(self, manifest: Manifest, params: Params, precision: str, prompts: list[str]) -> None:
        self.manifest, self.params = manifest, params
        self.choice = resolve_precision(precision, manifest.parameters, params.quantization)
        self.tokenizer = load_tokenizer(manifest)
        #: The tokenizer's, and those that the base says it ends with.
        self.eos_ids = eos_ids_of(load_generation_config(manifest), self.tokenizer)
        encode = encode_for_encoder if manifest.encoder_decoder else encode_prompt
        self.texts, self.prompts = prompts, [encode(prompt, self.tokenizer) for prompt in prompts]

    def questions(self, template: TemplateRecord) -> list[str]:
        return [instruction_of(text, template.template) for text in self.texts]

    def look(self, model: Any, like: Seen | None = None) -> Seen:
        return look_at(model, self.tokenizer.pad_token_id, self.eos_ids, self.prompts, self.params.predict, like)


def export_merged(merging: Merging, template: TemplateRecord, folder: Path) -> tuple[dict[str, Any], Seen]:
    """Save the merged model in `folder`; what was proved, and what the adapter in fp32 said.

    Raises UserError where the two are not one model, the adapter changes nothing, or memory is too little.
    """
    as_trained = merging.look(_as_trained(merging))
    model = in_fp32(merging.manifest, merging.choice)
    adapted = merging.look(model)
    with model.disable_adapter():
        base = merging.look(model, adapted)
    merged = _merged(model)
    seen = merging.look(merged, adapted)
    proved = _fp32_proof(adapted, seen, base)
    _halve(merged, _sixteen_bit(merging.manifest))
    proved["sixteen_bit"] = _saved_proof(merging, merged, template, folder, adapted)
    proved["as_trained"] = {
        "precision": merging.choice.precision,
        "same_answers": same_answers(adapted, as_trained.answers),
    }
    return proved, adapted


def _merged(model: Any) -> Any:
    try:
        return model.merge_and_unload(safe_merge=True)
    except ValueError as error:  # of a layer whose weights are no numbers any more
        raise UserError(f"{ADAPTER} cannot be merged ({error}). metrics/train.json says how it was trained.") from None


def _as_trained(merging: Merging) -> Any:
    return load_tuned(merging.manifest, ADAPTER, merging.choice)


def in_fp32(manifest: Manifest, choice: PrecisionChoice) -> Any:
    """The adapter on its base, as numbers of 32 bits: those of the quantised base, where it was trained on one."""
    from peft import PeftConfig, PeftModel

    device = _place(manifest)
    base = load_base(manifest, choice)
    if choice.precision in ("4bit", "8bit"):
        base = base.dequantize()
    base = base.to(device).float()
    if _touches_the_head(PeftConfig.from_pretrained(str(ADAPTER))):
        _untie(base)
    return PeftModel.from_pretrained(base, str(ADAPTER)).eval()


def _place(manifest: Manifest) -> str:
    """The card where there is room on it, else the machine's memory. Raises UserError where that is too little."""
    import psutil

    wanted = 4 * manifest.parameters * ROOM
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        if torch.cuda.mem_get_info()[0] > wanted:
            return "cuda"
    free = psutil.virtual_memory().available
    if wanted > free:
        raise UserError(
            f"merging {manifest.parameters / 1e9:.1f} billion parameters in fp32 takes {wanted / 2**30:.0f} GiB, "
            f"and {free / 2**30:.0f} GiB of memory are free. Merge on a machine with more memory."
        )
    return "cpu"


def _touches_the_head(config: Any) -> bool:
    targets = config.target_modules
    if isinstance(targets, str):
        return re.fullmatch(targets, "lm_head") is not None
    return any(name.endswith("lm_head") for name in targets)


def _untie(model: Any) -> None:
    """An adapter on lm_head alone: merged into weights that are the embedding's too, it would change the words read."""
    head = model.get_output_embeddings()
    apart = [head]
    if model.config.is_encoder_decoder:  # what reads and what writes share the embedding too, and would lose it
        apart += [model.get_encoder().embed_tokens, model.get_decoder().embed_tokens]
    for layer in apart:
        layer.weight = torch.nn.Parameter(layer.weight.detach().clone())
    model.config.tie_word_embeddings = False


def _fp32_proof(adapted: Seen, merged: Seen, base: Seen) -> dict[str, Any]:
    difference, from_base = largest_difference(adapted, merged), largest_difference(adapted, base)
    same, count = same_answers(adapted, merged.answers), len(adapted.answers)
    if not difference <= LARGEST_DIFFERENCE or same < count:
        raise UserError(
            f"the merged model is not the tuned one: in fp32 a logit differs by {difference:.2g} (at most "
            f"{LARGEST_DIFFERENCE:g}), and {same} of {count} answers are the same.{_WAY}"
        )
    if from_base <= LARGEST_DIFFERENCE:
        raise UserError(
            f"the adapter changes nothing: no logit differs from the base's by more than {from_base:.2g}. "
            "metrics/train.json says how the training went; train longer, or at a higher train.learning_rate."
        )
    return {
        "prompts": count,
        "fp32": {"largest_logit_difference": difference, "same_answers": same},
        "base": {"largest_logit_difference": from_base, "same_answers": same_answers(adapted, base.answers)},
    }


def _halve(model: Any, dtype: torch.dtype) -> None:
    """The parameters alone, as when such a model is loaded: the frequencies of rotary positions stay as they are."""
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    model.config.dtype = dtype


def _saved_proof(merging: Merging, model: Any, template: TemplateRecord, folder: Path, adapted: Seen) -> dict[str, Any]:
    """Save model and tokenizer, and load them again as anyone would."""
    half = merging.look(model, adapted)
    if math.isinf(moved := largest_difference(adapted, half)):
        raise UserError(f"in {model.config.dtype} the merged model overflows: its logits are no numbers.{_WAY}")
    _save_tokenizer(merging, template, folder)
    _say_how_it_ends(merging, model)
    model.save_pretrained(str(folder))
    remote = merging.manifest.trust_remote_code
    again = merging.manifest.auto_class.from_pretrained(str(folder), dtype="auto", trust_remote_code=remote)
    again = again.to(model.device).eval()
    reloaded = largest_difference(half, merging.look(again, adapted))
    if not reloaded <= 0 or not _same_weights(model, again):
        raise UserError(
            f"{folder} is not what was saved: loaded again, a logit differs by {reloaded:.2g}. Check the disk."
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


def _save_tokenizer(merging: Merging, template: TemplateRecord, folder: Path) -> None:
    """With our template as its chat template. Raises UserError where it would then ask or end in another way."""
    from transformers import AutoTokenizer

    tokenizer, prompts = load_tokenizer(merging.manifest), merging.prompts
    with_bos = bool(prompts[0]) and prompts[0][0] == tokenizer.bos_token_id
    writes_bos = bool(tokenizer.bos_token) and template.template.startswith(tokenizer.bos_token)
    bos = tokenizer.bos_token if with_bos and not writes_bos else None
    # A model with an encoder is asked once, and has no turns.
    chats = not merging.manifest.encoder_decoder
    tokenizer.chat_template = chat_template(template.template, bos) if chats else None
    tokenizer.save_pretrained(str(folder))
    saved = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=merging.manifest.trust_remote_code)
    if saved.eos_token != merging.manifest.eos_token or saved.eos_token_id != merging.tokenizer.eos_token_id:
        raise UserError(f"{folder}: the EOS is {saved.eos_token}, that of the base {merging.manifest.eos_token}.")
    for question, prompt in zip(merging.questions(template), prompts, strict=True) if chats else []:
        asked = saved.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True)
        if list(asked["input_ids"]) != prompt:
            raise UserError(f"{folder}: the chat template asks {question!r} otherwise than prompt.template does.")


def _say_how_it_ends(merging: Merging, model: Any) -> None:
    """In generation_config.json, which vLLM and transformers follow: greedily, up to any EOS."""
    from transformers import GenerationConfig

    tokenizer, begins = merging.tokenizer, {}
    if merging.manifest.encoder_decoder:
        begins = {"decoder_start_token_id": model.generation_config.decoder_start_token_id}
    model.generation_config = GenerationConfig(
        eos_token_id=merging.eos_ids,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        max_new_tokens=merging.params.predict.max_new_tokens,
        do_sample=False,
        **begins,
    )


def _sixteen_bit(manifest: Manifest) -> torch.dtype:
    """bf16 where the base is, whose numbers may be too large for fp16; else fp16, which is more exact."""
    return torch.bfloat16 if load_config(manifest).get_text_config().dtype == torch.bfloat16 else torch.float16
