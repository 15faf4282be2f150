"""The base model: what it is, in a manifest of a few lines."""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pagetune.errors import UserError
from pagetune.jsonl import read_json
from pagetune.params import Model

BASE, ADAPTER = Path("models/base"), Path("models/adapter")


class Manifest(BaseModel):
    """`models/base/manifest.json`. `location` is what transformers loads: a folder, or a hub id with `revision`."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    source: Literal["builtin", "local", "hub"]
    id: str
    location: str
    revision: str | None
    trust_remote_code: bool
    parameters: int
    eos_token: str
    bos_token: str | None
    pad_token: str
    special_tokens: list[str]


def read_manifest(folder: Path = BASE) -> Manifest:
    return Manifest.model_validate(read_json(folder / "manifest.json"))


def describe_external(params: Model) -> Manifest:
    """The manifest of a model from the hub or a local folder. Raises UserError where it cannot be used."""
    local = Path(params.base).expanduser()
    if local.is_dir():
        _check_folder(local)
        return _manifest(params, "local", str(local.resolve()), None)
    if _looks_like_path(params.base):
        raise UserError(f"params.yaml: model.base is {params.base}, and there is no such folder. Mend the path.")
    return _manifest(params, "hub", params.base, _commit(params))


def _looks_like_path(base: str) -> bool:
    return base.startswith(("/", ".", "~")) or base.count("/") != 1


def _check_folder(folder: Path) -> None:
    if not (folder / "config.json").exists():
        raise UserError(f"params.yaml: model.base is {folder}, which holds no config.json. Name a model's folder.")
    if not list(folder.glob("*.safetensors")):
        raise UserError(
            f"params.yaml: model.base is {folder}, which holds no *.safetensors; pickled weights can run code when "
            "loaded and are refused. Convert them with save_pretrained."
        )


def _commit(params: Model) -> str:
    """The commit that the id and revision stand for today; recorded, so that tomorrow's run loads the same."""
    from httpx import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        return str(HfApi().model_info(params.base, revision=params.revision).sha)
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, HTTPError, OSError) as error:
        seen = str(error).strip().splitlines()[0]
        raise UserError(
            f"params.yaml: model.base is {params.base}, which is no local folder, and the hub did not answer for it "
            f"({type(error).__name__}: {seen}). Check the id and revision, the network, or HF_TOKEN."
        ) from None


def _manifest(params: Model, source: Literal["local", "hub"], location: str, revision: str | None) -> Manifest:
    try:
        tokenizer, parameters = _look_at(location, revision, params.trust_remote_code)
    except (OSError, ValueError) as error:
        seen = str(error).strip().splitlines()[0]
        raise UserError(f"params.yaml: model.base is {params.base}, which cannot be loaded: {seen}") from None
    if tokenizer.eos_token is None:
        raise UserError(f"params.yaml: model.base is {params.base}, whose tokenizer has no EOS. Answers could not end.")
    return Manifest(
        source=source,
        id=params.base,
        location=location,
        revision=revision,
        trust_remote_code=params.trust_remote_code,
        parameters=parameters,
        eos_token=tokenizer.eos_token,
        bos_token=tokenizer.bos_token,
        pad_token=tokenizer.pad_token or tokenizer.eos_token,
        special_tokens=sorted(set(tokenizer.all_special_tokens)),
    )


def _look_at(location: str, revision: str | None, trust_remote_code: bool) -> tuple[Any, int]:
    """The tokenizer, and the number of parameters, read from the config alone; no weight is loaded."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    where = {"revision": revision, "trust_remote_code": trust_remote_code}
    tokenizer = AutoTokenizer.from_pretrained(location, **where)
    config = AutoConfig.from_pretrained(location, **where)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=trust_remote_code)
    return tokenizer, int(model.num_parameters())
