"""Compare the tensors of a base model with what its config describes, and look for broken values, before training."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pagetune.language import Remark, tr
from pagetune.model.files import WEIGHTS, check_weight_files, refusal, weight_files
from pagetune.model.quantized import check_packed

if TYPE_CHECKING:
    import torch

    from pagetune.model.manifest import Manifest

#: Values that are looked at together; more would only take more memory.
CHUNK = 2**24
#: From this size on, a weight file gets a line, because reading it takes seconds.
SAY_FROM_BYTES = 2**30
#: What methods of quantisation add to a layer's weights.
_QUANTISED = re.compile(
    r"\.(qweight|qzeros|scales|weight_scale|weight_scale_inv|weight_packed|weight_scale_2|SCB|absmax)$"
)
_SAME_MODEL = Remark("Take config.json and the weights from the same model.")


def check_weights(manifest: "Manifest", folder: Path) -> None:
    """Raise UserError where the weights in `folder` are not those of the model that its config describes."""
    names = weight_files(manifest.id, folder, [])
    check_weight_files(manifest.id, folder, names)
    dtypes = _dtypes(folder, names)
    if not dtypes:
        raise refusal(manifest.id, Remark("whose {first} holds no tensor. Download that file again.", first=names[0]))
    model, info = _without_weights(manifest, folder)
    _check_keys(manifest, model, info, names, dtypes)
    if manifest.quantized:
        check_packed(manifest.id, folder, names, manifest.quantized, model)
    _check_values(manifest.id, folder, names, set() if manifest.quantized else info["unexpected_keys"])


def _dtypes(folder: Path, names: list[str]) -> dict[str, str]:
    """Return the number format of each tensor."""
    from safetensors import safe_open

    found: dict[str, str] = {}
    for name in names:
        with safe_open(folder / name, framework="pt") as file:
            found |= {tensor: file.get_slice(tensor).get_dtype() for tensor in file.keys()}  # noqa: SIM118 - no dict
    return found


def _without_weights(manifest: "Manifest", folder: Path) -> tuple[Any, dict[str, Any]]:
    """Return the model with empty weights, and what transformers says of the names and shapes in the checkpoint.

    Everything happens as in a real loading, renamed keys and merged experts included, but on PyTorch's meta device.
    bitsandbytes cannot do that: its layers are compared as if they were not quantised.
    """
    from transformers import AutoConfig

    remote = manifest.trust_remote_code
    where = (manifest.location, manifest.revision) if remote else (str(folder), None)
    options: dict[str, Any] = {"revision": where[1], "trust_remote_code": remote}
    config = AutoConfig.from_pretrained(where[0], **options)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    options |= {"use_safetensors": True, "output_loading_info": True, "ignore_mismatched_sizes": True}
    adapter = {"revision": where[1]}
    try:
        with _quiet():
            model, info = manifest.auto_class.from_pretrained(
                where[0], config=config, device_map="meta", adapter_kwargs=adapter, **options
            )
    except RuntimeError:  # its message points to a report, which is not printed and does not name the tensor
        raise refusal(
            manifest.id,
            Remark(
                "whose tensors do not make up the model that config.json describes: one of a group, such as "
                "an expert of a layer, is missing or has another shape. {advice}",
                advice=_SAME_MODEL,
            ),
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise refusal(
            manifest.id,
            Remark("which cannot be loaded: {error}. {advice}", error=_first_line(error), advice=_SAME_MODEL),
        ) from None
    return model, info


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence transformers' progress bar and its report of the names and shapes, which we word ourselves."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _check_keys(
    manifest: "Manifest", model: Any, info: dict[str, Any], names: list[str], dtypes: dict[str, str]
) -> None:
    source = names[0] if names == [WEIGHTS] else Remark("{count} shards", count=len(names))
    unexpected = sorted(info["unexpected_keys"])
    if not manifest.quantized and (found := next(filter(_QUANTISED.search, unexpected), None)):
        raise refusal(
            manifest.id,
            Remark(
                "whose weights are quantised ({found}) although config.json does not say how. Set the 16-bit "
                "model that it was made from.",
                found=found,
            ),
        )
    if missing := sorted(info["missing_keys"]):
        raise refusal(
            manifest.id,
            Remark(
                "whose weights ({source}) lack {tensors}, which config.json describes; transformers would "
                "put random numbers there. Download it again. {advice}",
                source=source,
                tensors=_some(missing),
                advice=_SAME_MODEL,
            ),
        )
    _check_shapes(manifest, model, info, dtypes)
    if dropped := _dropped(model, unexpected):
        raise refusal(
            manifest.id,
            Remark(
                "whose weights ({source}) hold {tensors}, which config.json leaves out; the model would run "
                "without them. {advice}",
                source=source,
                tensors=_some(dropped),
                advice=_SAME_MODEL,
            ),
        )
    if unexpected and not manifest.quantized:
        seen = {"kind": type(model).__name__, "tensors": _some(unexpected), "model": manifest.id}
        print(tr("base_model: {kind} does not use {tensors} of {model}", **seen))


def _check_shapes(manifest: "Manifest", model: Any, info: dict[str, Any], dtypes: dict[str, str]) -> None:
    """Raise UserError where a tensor has another shape or is made of integers. What bitsandbytes packed is both."""
    whole = {name for name in dtypes if dtypes[name][0] in "IU" and name.endswith(".weight")}
    packed = whole if manifest.quantized else set()
    wrong = sorted((name, tuple(is_), tuple(should)) for name, is_, should in info["mismatched_keys"])
    if wrong := [found for found in wrong if manifest.quantized != "4bit" or not _named_in(found[0], packed)]:
        name, is_, should = wrong[0]
        raise refusal(
            manifest.id,
            Remark(
                "whose tensor {name} has the shape {shape}, and config.json describes {expected} (tensors "
                "that differ: {count}). {advice}",
                name=name,
                shape=is_,
                expected=should,
                count=len(wrong),
                advice=_SAME_MODEL,
            ),
        )
    if odd := sorted((whole - packed) & {name for name, _ in model.named_parameters()}):
        raise refusal(
            manifest.id,
            Remark(
                "whose weights hold whole numbers ({dtype}) in {tensors}: they are quantised, and "
                "config.json does not say how. Set the 16-bit model that it was made from.",
                dtype=dtypes[odd[0]],
                tensors=_some(odd),
            ),
        )


def _dropped(model: Any, unexpected: list[str]) -> list[str]:
    """Return the tensors of whole layers, or of parts of layers, that the model has no place for.

    Extra heads, vision towers and buffers are none of these. Layers for predicting several tokens at once are stored
    behind the last one and are not used here.
    """
    prefix = f"{model.base_model_prefix}."
    own = {name.removeprefix(prefix) for name in model.state_dict()}
    patterns = {_pattern(name) for name in own}
    more = int(getattr(model.config.get_text_config(), "num_nextn_predict_layers", None) or 0)
    layers = int(getattr(model.config.get_text_config(), "num_hidden_layers", None) or 0)
    extra = {str(layers + number) for number in range(more)}
    return [
        name
        for name in unexpected
        if (_pattern(name.removeprefix(prefix)) in patterns and not extra & set(name.split(".")))
        or (name.endswith((".weight", ".bias")) and f"{name.removeprefix(prefix).rpartition('.')[0]}.weight" in own)
    ]


def _check_values(base: str, folder: Path, names: list[str], unused: set[str]) -> None:
    """Read every tensor once, one at a time. Raises UserError for NaN and infinity; zeros are only mentioned."""
    from safetensors import safe_open

    zeros = []
    for number, name in enumerate(names, 1):
        size = (folder / name).stat().st_size
        if size >= SAY_FROM_BYTES:
            print(
                tr(
                    "base_model: reading {name} ({number} of {count}, {gb:.1f} GB)",
                    name=name,
                    number=number,
                    count=len(names),
                    gb=size / 1000000000.0,
                ),
                flush=True,
            )
        with safe_open(folder / name, framework="pt") as file:
            for tensor in file.keys():  # noqa: SIM118 - no dict
                if tensor in unused or "mask" in tensor.rpartition(".")[2]:
                    continue
                zeros += [tensor] if _is_zero(base, name, tensor, file.get_tensor(tensor)) else []
    if zeros:
        print(
            tr(
                "base_model: only zeros are in {tensors} of {base}; see whether its download was complete",
                tensors=_some(zeros),
                base=base,
            )
        )


def _is_zero(base: str, name: str, tensor: str, values: "torch.Tensor") -> bool:
    """Tell whether a matrix holds nothing but zeros. Raises UserError where a value is not finite."""
    extremes = list(_extremes(values))
    if not all(-float("inf") < low <= high < float("inf") for low, high in extremes):
        raise refusal(
            base,
            Remark(
                "whose {name} holds values that are not numbers (NaN or infinity) in {tensor}. Download that "
                "file again, or set another model.",
                name=name,
                tensor=tensor,
            ),
        )
    return values.ndim > 1 and bool(extremes) and all(low == high == 0 for low, high in extremes)


def _extremes(values: "torch.Tensor") -> Iterator[tuple[float, float]]:
    """Yield the smallest and the largest value of each chunk; either is NaN where one of the values is."""
    import torch

    if not values.is_floating_point() or values.numel() == 0:
        return
    for chunk in values.flatten().split(CHUNK):
        # This is ten times as fast as torch.isfinite, and PyTorch does not have it for floats of 8 bits.
        low, high = torch.aminmax(chunk.float() if chunk.itemsize == 1 else chunk)
        yield float(low), float(high)


def _pattern(name: str) -> str:
    return re.sub(r"(?<=\.)\d+(?=\.)|^\d+(?=\.)", "*", name)


def _named_in(name: str, names: set[str]) -> bool:
    """Tell whether a tensor is among `names`, which may lack the model's prefix."""
    return any(name == other or name.endswith(f".{other}") or other.endswith(f".{name}") for other in names)


def _some(names: list[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else Remark("{count:,} tensors (the first is {first})", count=len(names), first=names[0])
    )
