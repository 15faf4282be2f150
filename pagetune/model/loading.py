"""Load the base model, and the adapter on it."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.model.manifest import Manifest, in_cache
from pagetune.model.precision import PrecisionChoice


def load_tokenizer(manifest: Manifest) -> Any:
    """Load the tokenizer, which pads on the left as generation needs it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        manifest.location,
        revision=manifest.revision,
        trust_remote_code=manifest.trust_remote_code,
        # Otherwise transformers (5.17) asks the Hub for the list of files each time, whatever is cached.
        local_files_only=in_cache(manifest),
        padding_side="left",
    )
    tokenizer.pad_token = manifest.pad_token
    return tokenizer


def load_config(manifest: Manifest) -> Any:
    """Load the model's config, without its weights."""
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(
        manifest.location, revision=manifest.revision, trust_remote_code=manifest.trust_remote_code
    )


def load_generation_config(manifest: Manifest) -> Any:
    """Load the model's generation config, which names its EOS tokens; an empty one where it has none."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(manifest.location, revision=manifest.revision)
    except OSError:
        return GenerationConfig()


def load_base(manifest: Manifest, choice: PrecisionChoice, gpu: int = 0, sharded: bool = False) -> Any:
    """Return the base model in the chosen precision, on GPU number `gpu` where there is one.

    With `sharded` it stays off the GPU: FSDP places the weights later.
    """
    import torch

    if sharded and manifest.quantized:
        raise UserError(
            f"model.base is {manifest.id}, which is quantised already and cannot be sharded. Set its 16-bit original."
        )
    model, info = manifest.auto_class.from_pretrained(
        manifest.location,
        revision=manifest.revision,
        trust_remote_code=manifest.trust_remote_code,
        local_files_only=in_cache(manifest, weights=True),
        # Otherwise transformers (5.17) looks for an adapter on the main branch, and would follow it to another model.
        adapter_kwargs={"revision": manifest.revision},
        use_safetensors=True,
        dtype=choice.dtype,
        output_loading_info=True,
        **choice.loading_options(sharded),
        device_map=None if sharded else {"": gpu if torch.cuda.is_available() else "cpu"},
    )
    _refuse_random_weights(manifest, info)
    keep_cpu_weights_as_they_are(model)
    if manifest.quantized:
        _compute_in(model, choice)
    if manifest.encoder_decoder:
        answer_greedily(model)
    return model.eval()


def _refuse_random_weights(manifest: Manifest, info: dict[str, Any]) -> None:
    """Raise UserError where transformers has filled weights with random numbers because the checkpoint lacks them."""
    if missing := sorted(info["missing_keys"]):
        raise UserError(
            f"model.base is {manifest.id}, whose weights lack {len(missing)} tensors (the first is {missing[0]}); they "
            "would be random. Download it again, and run `dvc repro -f base_model` for a check of its files."
        )


def _compute_in(model: Any, choice: PrecisionChoice) -> None:
    """Make layers that were quantised before compute in the chosen dtype, not in the one that they were saved with."""
    for module in model.modules():
        if hasattr(module, "compute_dtype"):
            module.compute_dtype = choice.dtype


def answer_greedily(model: Any) -> None:
    """Drop the generation settings that ship with the model: beams, minimum lengths, forced first and last tokens.

    The scores should be those of the weights, and an answer that does not end should be seen not to.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    model.generation_config = GenerationConfig(
        decoder_start_token_id=decoder_start(model.config, own),
        eos_token_id=own.eos_token_id,
        pad_token_id=own.pad_token_id,
    )


def decoder_start(config: Any, generation_config: Any) -> int:
    """Return the token id that the decoder starts from. Raises UserError where neither config names one."""
    found = [getattr(config, "decoder_start_token_id", None), generation_config.decoder_start_token_id]
    found.append(getattr(config, "bos_token_id", None))
    start: int | None = next((token for token in found if token is not None), None)
    if start is None:
        raise UserError("model.base has no decoder_start_token_id, so no answer can start. Add it to its config.json.")
    return start


def keep_cpu_weights_as_they_are(model: Any) -> None:
    """Keep bitsandbytes from repacking 4-bit weights on CPUs with AVX-512 bf16.

    bitsandbytes (0.50.2) repacks them in the first evaluation, and the packed form passes no gradient: a validation
    during training would silently stop the layers below from learning. It also rounds to bf16, which other CPUs do not.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def load_tuned(manifest: Manifest, adapter: Path, choice: PrecisionChoice) -> Any:
    """Return the base model with the adapter on it. Raises UserError where the folder holds no adapter."""
    from peft import PeftModel

    if not (adapter / "adapter_config.json").exists():
        raise UserError(f"{adapter} holds no adapter; the train stage writes it. Run `dvc repro`.")
    return PeftModel.from_pretrained(load_base(manifest, choice), str(adapter)).eval()
