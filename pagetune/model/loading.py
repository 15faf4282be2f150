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

    model = manifest.auto_class.from_pretrained(
        manifest.location,
        revision=manifest.revision,
        trust_remote_code=manifest.trust_remote_code,
        local_files_only=in_cache(manifest, weights=True),
        # Otherwise transformers (5.17) looks for an adapter on the main branch, and would follow it to another model.
        adapter_kwargs={"revision": manifest.revision},
        use_safetensors=True,
        dtype=choice.dtype,
        quantization_config=choice.quantization_config(sharded),
        device_map=None if sharded else {"": gpu if torch.cuda.is_available() else "cpu"},
    )
    keep_cpu_weights_as_they_are(model)
    answer_greedily(model)
    return model.eval()


def answer_greedily(model: Any) -> None:
    """Drop the generation settings that ship with the model: penalties, beams, minimum lengths, forced tokens.

    The scores should be those of the weights, and an answer that does not end should be seen not to.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    start = decoder_start(model.config, own) if model.config.is_encoder_decoder else None
    model.generation_config = GenerationConfig(
        decoder_start_token_id=start,
        bos_token_id=own.bos_token_id,
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
