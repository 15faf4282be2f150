"""What the value of a guide's setting is in params.yaml: names of types, words for true, batches, precision."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

#: The guide's settings by their last name: {"lora_rank": 16}.
Settings = Mapping[str, Any]
#: Keys of params.yaml with their values: {"lora.r": 16}.
Values = dict[str, Any]
Convert = Callable[[Any, Settings], Values]

_TRUE, _FALSE = {"true", "yes", "on", "y"}, {"false", "no", "off", "n"}
_DTYPES = {
    **dict.fromkeys(("float16", "fp16", "half", "f16"), "fp16"),
    **dict.fromkeys(("bfloat16", "bf16"), "bf16"),
    **dict.fromkeys(("float32", "fp32", "float", "f32"), "fp32"),
}
_OPTIMIZERS = {
    **dict.fromkeys(("adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf"), "adamw_torch"),
    **dict.fromkeys(("adamw_8bit", "adamw_bnb_8bit"), "adamw_8bit"),
    "paged_adamw_8bit": "paged_adamw_8bit",
}
_SCHEDULES = ("linear", "cosine", "constant", "constant_with_warmup")
#: Rows at once in transformers, where a file does not say.
_DEFAULT_ROWS = 8


class NoCounterpartError(Exception):
    """A value that params.yaml cannot have. The message says why."""


def truth(value: Any) -> bool:
    """Return the meaning of true and false in any spelling of YAML 1.1 and Python."""
    word = str(value).lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise NoCounterpartError("it should be true or false")


def is_true(settings: Settings, *names: str) -> bool:
    return any(str(settings.get(name)).lower() in _TRUE for name in names)


def number(value: Any) -> int | float:
    """Return a number, also one in quotes, or 1e-4, which is a string in YAML 1.1. Whole numbers become int."""
    try:
        found = float(str(value).replace("_", ""))
    except ValueError:
        raise NoCounterpartError("it should be a number") from None
    if isinstance(value, bool) or not math.isfinite(found):
        raise NoCounterpartError("it should be a number")
    return int(found) if found == int(found) else found


def share(value: Any) -> float:
    return float(number(value))


def text(value: Any) -> str:
    return str(value)


def to(key: str, convert: Callable[[Any], Any]) -> Convert:
    """Return a conversion to one key."""
    return lambda value, _: {key: convert(value)}


def names(value: Any) -> list[str] | str:
    """Return the modules of LoRA: a list of names, `all-linear`, or a regular expression."""
    if isinstance(value, list):
        return [str(name) for name in value]
    if str(value) in ("all", "all-linear"):
        return "all-linear"
    parts = [part.strip() for part in str(value).split(",")]
    # A bare name would be an expression for whole paths, which no module has.
    return parts if all(re.fullmatch(r"[\w.]+", part) for part in parts) else str(value)


def loggers(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if "all" in found:
        raise NoCounterpartError("loggers are named one by one, such as [tensorboard]")
    return [str(name) for name in found if name is not None and str(name).lower() not in ("none", *_FALSE)]


def dtype(value: Any) -> str:
    found = _DTYPES.get(str(value).removeprefix("torch."))
    if found is None:
        raise NoCounterpartError("the number formats are float16, bfloat16 and float32")
    return found


def choice(known: Mapping[str, str]) -> Callable[[Any], str]:
    def choose(value: Any) -> str:
        if str(value) not in known:
            raise NoCounterpartError(f"pagetune has {', '.join(dict.fromkeys(known.values()))}")
        return known[str(value)]

    return choose


optimizer = choice(_OPTIMIZERS)
schedule = choice({name: name for name in _SCHEDULES})
quant_type = choice({name: name for name in ("nf4", "fp4")})


def initial_weights(value: Any) -> str | bool:
    if str(value) in ("gaussian", "orthogonal"):
        return str(value)
    if isinstance(value, bool):
        return value
    raise NoCounterpartError("PiSSA, OLoRA and the like change the base, and an adapter belongs to the base of others")


def checkpointing(value: Any) -> bool:
    return str(value) == "unsloth" or truth(value)


def epochs(value: Any) -> int:
    found = number(value)
    if not isinstance(found, int):
        raise NoCounterpartError("pagetune trains whole epochs")
    return found


def backend(value: Any, _: Settings) -> Values:
    return {"train.backend": "unsloth" if truth(value) else "peft"}


def is_four_bit(settings: Settings) -> bool:
    by_name = is_true(settings, "use_qlora", "load_in_4bit") or settings.get("adapter") == "qlora"
    return by_name or str(settings.get("quantization_bit")) == "4"


def _is_quantized(settings: Settings) -> bool:
    return is_four_bit(settings) or is_true(settings, "load_in_8bit") or str(settings.get("quantization_bit")) == "8"


def four_bit(value: Any, settings: Settings) -> Values:
    if truth(value):
        return {"precision": "4bit"}
    if _is_quantized(settings) or any(_names_a_dtype(settings.get(name)) for name in ("dtype", "torch_dtype")):
        return {}
    return {"precision": "fp16" if is_true(settings, "fp16") else "bf16"}


def eight_bit(value: Any, settings: Settings) -> Values:
    return {"precision": "8bit"} if truth(value) and not is_four_bit(settings) else {}


def sixteen_bit(value: Any, settings: Settings) -> Values:
    return {"precision": "bf16"} if truth(value) and not _is_quantized(settings) else {}


def bits(value: Any, _: Settings) -> Values:
    if str(value) not in ("4", "8"):
        raise NoCounterpartError("bitsandbytes has 4 and 8 bits")
    return {"precision": f"{value}bit"}


def adapter(value: Any, settings: Settings) -> Values:
    if str(value) not in ("lora", "qlora"):
        raise NoCounterpartError("pagetune trains LoRA and QLoRA")
    return {"precision": "4bit"} if str(value) == "qlora" else {}


def finetuning(value: Any, _: Settings) -> Values:
    if str(value).lower() != "lora":
        raise NoCounterpartError("only LoRA is trained here: all other weights stay as they are")
    return {}


def computed_in(name: str) -> Convert:
    """Return the conversion of `fp16: true` and `bf16: true`: the precision, or what a 4-bit base is computed in."""
    return lambda value, settings: _computed_in(name, settings) if str(value) != "auto" and truth(value) else {}


def load_dtype(value: Any, settings: Settings) -> Values:
    return _computed_in(dtype(value), settings) if _names_a_dtype(value) else {}


def _names_a_dtype(value: Any) -> bool:
    return value is not None and str(value).lower() not in ("none", "auto", "null")


def _computed_in(name: str, settings: Settings) -> Values:
    if is_four_bit(settings):
        named = settings.get("bnb_4bit_compute_dtype") is not None
        return {} if named else {"quantization.bnb_4bit_compute_dtype": name}
    return {} if _is_quantized(settings) else {"precision": name}


def rows_at_once(value: Any, settings: Settings) -> Values:
    rows = number(value)
    own = {"train.per_device_train_batch_size": rows}
    return own if "gradient_accumulation_steps" in settings else own | {"train.effective_batch_size": rows}


def accumulation(value: Any, settings: Settings) -> Values:
    at_once = next((settings[name] for name in ROWS_AT_ONCE if name in settings), _DEFAULT_ROWS)
    return {"train.effective_batch_size": number(value) * number(at_once)}


ROWS_AT_ONCE = ("per_device_train_batch_size", "micro_batch_size")


def warmup_share(value: Any, settings: Settings) -> Values:
    """Return the share of all steps, unless a number of steps takes its place, as in transformers."""
    steps = settings.get("warmup_steps")
    if steps is not None and number(steps) > 0:
        raise NoCounterpartError(f"with warmup_steps: {steps} it has no effect")
    return {"train.warmup_fraction": share(value)}


def warmup(value: Any, settings: Settings) -> Values:
    """Return the share of all steps. A number of steps is one where the file says how many there are."""
    steps = number(value)
    total = number(settings["max_steps"]) if "max_steps" in settings else 0
    if steps == 0 and settings.get("warmup_ratio") is not None:
        return {}
    if steps < 1:
        return {"train.warmup_fraction": float(steps)}
    if total <= steps:
        raise NoCounterpartError("it is a share of all steps here: steps / (epochs · rows / effective batch)")
    return {"train.warmup_fraction": round(steps / total, 4)}


def evaluation_steps(value: Any, settings: Settings) -> Values:
    strategy = str(settings.get("eval_strategy", settings.get("evaluation_strategy", "steps"))).lower()
    if strategy != "steps":
        raise NoCounterpartError(f"with eval_strategy: {strategy} it has no effect")
    steps = number(value)
    if steps < 1:
        raise NoCounterpartError("it is a number of steps here; auto makes 4 to 20 evaluations")
    return {"train.eval_steps": steps}


def strategy(value: Any, _: Settings) -> Values:
    if str(value).lower() != "steps":
        raise NoCounterpartError("the loss on `validation` is always measured, every train.eval_steps")
    raise NoCounterpartError("evaluations are always in steps: train.eval_steps")


def prompt_length(value: Any, settings: Settings) -> Values:
    return {"train.max_length": number(value) + number(settings.get("decoder_max_len", 0))}


def clipping(value: Any, _: Settings) -> Values:
    if share(value) <= 0:
        raise NoCounterpartError("gradients are always clipped here; with train.max_grad_norm: 1000000 hardly any is")
    return {"train.max_grad_norm": share(value)}


def grouped(value: Any, _: Settings) -> Values:
    return {"train.group_by_length": str(value) == "group_by_length"}


def all_linear(value: Any, _: Settings) -> Values:
    return {"lora.target_modules": "all-linear"} if truth(value) else {}


def gguf(value: Any, _: Settings) -> Values:
    kind = choice({name: name for name in ("f16", "bf16", "q8_0", "q4_k_m")})(value)
    return {"export.format": "gguf", "export.gguf_type": kind}
