"""Tell how a base model is quantised already, and refuse what cannot be trained here with the name of its original."""

import json
import re
from pathlib import Path
from typing import Any, Literal

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.files import refusal

#: What quantisers append to the name of a model.
_SUFFIX = re.compile(
    r"[-_.](?:unsloth[-_])?(?:bnb[-_][48]bit|awq|gptq|fp8|int[48]|nvfp4|mxfp[48]|hqq|quantized|torchao|[248]bit|w\d+a\d+)"
    r"(?:[-_.].*)?$",
    re.IGNORECASE,
)
_KEYS = ("quantization_config", "compression_config")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_NAMES = {"awq": "AWQ", "gptq": "GPTQ", "fp8": "FP8", "mxfp4": "MXFP4", "nvfp4": "NVFP4"}


def quantized_bits(base: str, folder: Path, config: dict[str, Any]) -> Literal["4bit", "8bit"] | None:
    """Return what bitsandbytes has made of the weights, None for weights of 16 or 32 bits.

    Raises UserError for every other method: their weights can be run but not trained or merged here.
    """
    places = [config, config.get("text_config") or {}]
    found = next(filter(None, (place.get(key) for place in places for key in _KEYS)), None)
    if not found:
        return None
    settings = found if isinstance(found, dict) else {}
    method = str(settings.get("quant_method") or "")
    if method.startswith("bitsandbytes") or not method:
        if settings.get("load_in_4bit"):
            return "4bit"
        if settings.get("load_in_8bit"):
            return "8bit"
    raise _refused(base, folder, config, _NAMES.get(method, method) or Remark("an unnamed method"))


def check_packed(base: str, folder: Path, names: list[str], bits: Literal["4bit", "8bit"], model: Any) -> None:
    """Raise UserError where a packed layer lacks what it is unpacked with, or has another shape than in `model`."""
    from safetensors import safe_open

    shapes = {name: tuple(weight.shape) for name, weight in model.state_dict().items()}
    files: list[Any] = [safe_open(folder / name, framework="pt") for name in names]
    where = {tensor: file for file in files for tensor in file.keys()}  # noqa: SIM118 - not a dict
    for name, file in where.items():
        if name.endswith(".weight") and file.get_slice(name).get_dtype() in ("U8", "I8"):
            lost, shape = _unpacking(name, where, bits)
            if lost:
                raise refusal(
                    base,
                    Remark("whose {name} is quantised and lacks its {lost}. Download it again.", name=name, lost=lost),
                )
            if shape and shape != shapes.get(name, shape):
                raise refusal(
                    base,
                    Remark(
                        "whose tensor {name} has the shape {shape}, and config.json describes {expected}. Take "
                        "config.json and the weights from the same model.",
                        name=name,
                        shape=shape,
                        expected=shapes[name],
                    ),
                )


def _unpacking(name: str, where: dict[str, Any], bits: Literal["4bit", "8bit"]) -> tuple[str | None, Any]:
    """Return what a packed weight lacks, and the shape that it unpacks to where bitsandbytes has noted it."""
    if bits == "8bit":
        return (None if f"{name.removesuffix('weight')}SCB" in where else "SCB"), None
    noted = next((key for key in where if key.startswith(f"{name}.quant_state.")), None)
    if noted is None:
        return "quant_state", None
    state = json.loads(bytes(where[noted].get_tensor(noted).tolist()))
    needed = ["absmax", "quant_map"]
    needed += ["nested_absmax", "nested_quant_map"] if "nested_blocksize" in state else []
    return next((part for part in needed if f"{name}.{part}" not in where), None), tuple(state["shape"])


def _refused(base: str, folder: Path, config: dict[str, Any], method: str) -> UserError:
    return refusal(
        base,
        Remark(
            "whose weights are quantised ({method}), and only 16-bit or bitsandbytes weights can be "
            "tuned here. Set {original}.",
            method=method,
            original=_original_of(base, folder, config),
        ),
    )


def _original_of(base: str, folder: Path, config: dict[str, Any]) -> str:
    """Name the model that a quantised one was made from, by its README, its config, or its own name."""
    for name in (_base_model(_readme(base, folder)), str(config.get("_name_or_path") or "")):
        if _HUB_ID.fullmatch(name) and name != base and not _SUFFIX.search(name):
            return Remark("its 16-bit original, {name}", name=name)
    name = Path(base).name if Path(base).expanduser().is_dir() else base
    plain = _SUFFIX.sub("", name)
    if plain == name:
        return Remark("the 16-bit model that it was made from")
    return Remark("its 16-bit original, by its name {name}", name=plain)


def _readme(base: str, folder: Path) -> str:
    """Return the model's README, which for a Hub model may have to be fetched, or "" where there is none."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    path = folder / "README.md"
    try:
        if not path.is_file() and folder.parent.name == "snapshots":
            path = Path(hf_hub_download(base, "README.md", revision=folder.name))
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError, HfHubHTTPError, HFValidationError):
        return ""


def _base_model(readme: str) -> str:
    """Return the first `base_model` of a README's header."""
    header = readme.split("\n---", 1)[0]
    found = re.search(r"^base_model:[ \t]*(?:\n\s*-\s*|\[\s*)?[\"']?([^\s\"',\]]+)", header, re.MULTILINE)
    return found[1] if found else ""
