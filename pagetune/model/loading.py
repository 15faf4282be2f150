"""Load the base model, and the adapter on it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.failures import is_from_machine
from pagetune.language import Remark
from pagetune.model.language_model import has_conv1d
from pagetune.model.manifest import BASE, Manifest, in_cache
from pagetune.model.precision import FLOAT_ON_CPU, PrecisionChoice
from pagetune.model.template import TemplateRecord

_CHECK = Remark("Download it again, and run `dvc repro -f base_model`, which checks its files")
#: The parts of a config that describe what reads images or sound.
TOWERS = ("vision_config", "audio_config")


#: How PyTorch names what a GPU or its driver refused.
_ABOUT_THE_GPU = ("CUDA error", "NCCL", "HIP error", "CUDA driver")
_NOT_THE_FILE = Remark(
    "The files are not the reason; `python -m pagetune doctor` shows what this machine has and lacks"
)


@contextmanager
def _reading(what: str, manifest: Manifest, folder: Path | None = None) -> Iterator[None]:
    """Name in one line the file or model that a library cannot read; it may raise any exception on a broken file.

    What the machine refused, and memory above all, stays what it is.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if is_from_machine(error) or "out of memory" in str(error).lower():
            raise
        from pagetune.model.hub import first_line

        where = folder or (BASE if manifest.source == "builtin" else manifest.id)
        said = first_line(error).rstrip(".") if str(error) else type(error).__name__
        advice = Remark("Run `dvc repro`, which writes it again") if folder or manifest.source == "builtin" else _CHECK
        if isinstance(error, ImportError) or any(name in str(error) for name in _ABOUT_THE_GPU):
            advice = _NOT_THE_FILE
        raise UserError(
            "{where}: {what} cannot be loaded ({said}). {advice}.", where=where, what=what, said=said, advice=advice
        ) from error


def load_tokenizer(manifest: Manifest, template: TemplateRecord | None = None) -> Any:
    """Load the tokenizer, which pads on the left as generation needs it.

    Its EOS is the token that ends the answers of `template`, or the base's own. For a chat it adds no special tokens to
    a text: the chat template has written them all.
    """
    from transformers import AutoTokenizer

    with _reading(Remark("the tokenizer"), manifest):
        tokenizer = AutoTokenizer.from_pretrained(
            manifest.location,
            revision=manifest.revision,
            trust_remote_code=manifest.trust_remote_code,
            # Otherwise transformers (5.17) asks the Hub for the list of files each time, whatever is cached.
            local_files_only=in_cache(manifest),
            padding_side="left",
        )
    tokenizer.pad_token = manifest.pad_token
    tokenizer.eos_token = template.eos_token if template else manifest.eos_token
    if template and template.style == "chat":
        _add_no_special_tokens(tokenizer)
    return tokenizer


def _add_no_special_tokens(tokenizer: Any) -> None:
    for name in ("add_bos_token", "add_eos_token"):
        if hasattr(tokenizer, name):
            setattr(tokenizer, name, False)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.post_processor = None


def load_config(manifest: Manifest) -> Any:
    """Load the model's config, without its weights."""
    from transformers import AutoConfig

    with _reading("config.json", manifest):
        return AutoConfig.from_pretrained(
            manifest.location, revision=manifest.revision, trust_remote_code=manifest.trust_remote_code
        )


def has_towers(manifest: Manifest) -> bool:
    """Tell whether the model also sees or hears, without transformers, which Unsloth has to be imported before."""
    from huggingface_hub import try_to_load_from_cache

    found: Any = Path(manifest.location) / "config.json"
    if manifest.source == "hub":
        found = try_to_load_from_cache(manifest.location, "config.json", revision=manifest.revision)
    config = json.loads(Path(found).read_text(encoding="utf-8")) if isinstance(found, str | Path) else {}
    return any(config.get(name) for name in TOWERS)


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
            "model.base is {model}, which is quantised already and cannot be sharded. Set its 16-bit original.",
            model=manifest.id,
        )
    with _reading(Remark("the model"), manifest):
        model, info = manifest.auto_class.from_pretrained(
            manifest.location,
            revision=manifest.revision,
            trust_remote_code=manifest.trust_remote_code,
            local_files_only=in_cache(manifest, weights=True),
            # Otherwise transformers (5.17) looks for an adapter on the main branch, and would follow it elsewhere.
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
    on_cpu = not sharded and not torch.cuda.is_available()
    if on_cpu and choice.precision == "4bit" and manifest.parameters <= FLOAT_ON_CPU:
        model = dequantized(model)
    answer_greedily(model)
    return model.eval()


def _refuse_random_weights(manifest: Manifest, info: dict[str, Any]) -> None:
    """Raise UserError where transformers has filled weights with random numbers because the checkpoint lacks them."""
    if missing := sorted(info["missing_keys"]):
        raise UserError(
            "model.base is {model}, whose weights lack {count} tensors (the first is {first}); they "
            "would be random. Download it again, and run `dvc repro -f base_model` for a check of its "
            "files.",
            model=manifest.id,
            count=len(missing),
            first=missing[0],
        )


def _compute_in(model: Any, choice: PrecisionChoice) -> None:
    """Make layers that were quantised before compute in the chosen dtype, not in the one that they were saved with."""
    for module in model.modules():
        if hasattr(module, "compute_dtype"):
            module.compute_dtype = choice.dtype


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
    if not (adapter / "adapter_config.json").exists():
        raise UserError("{adapter} holds no adapter; the train stage writes it. Run `dvc repro`.", adapter=adapter)
    base = load_base(manifest, choice)
    with _reading(Remark("the adapter"), manifest, adapter):
        return with_adapter(base, adapter)


def with_adapter(base: Any, adapter: Path) -> Any:
    """Put a saved adapter on a base, which may have another precision than the one that it was trained on."""
    from peft import PeftConfig, PeftModel

    config = PeftConfig.from_pretrained(str(adapter))
    config.fan_in_fan_out = has_conv1d(base)  # bitsandbytes makes linear layers of them
    config.init_lora_weights = True  # the file's weights replace it, and not every start is possible on every base
    return PeftModel.from_pretrained(base, str(adapter), config=config).eval()


def dequantized(model: Any) -> Any:
    """Return a 4-bit or 8-bit model in floating point, with the layers that it was made of; any other as it is.

    bitsandbytes transposes GPT-2's Conv1D into a linear layer, and transformers (5.17) does not turn it back: the saved
    model would be another one.
    """
    from torch.nn import Parameter
    from transformers.pytorch_utils import Conv1D

    if getattr(model, "hf_quantizer", None) is None:
        return model
    turned = [name for name, module in model.named_modules() if getattr(module, "source_cls", None) is Conv1D]
    model = model.dequantize()
    for name in turned:
        linear = model.get_submodule(name)
        layer = Conv1D(linear.out_features, linear.in_features)
        layer.weight, layer.bias = Parameter(linear.weight.detach().t().contiguous()), linear.bias
        model.set_submodule(name, layer)
    return model
