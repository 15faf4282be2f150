"""Find the configuration of a model: in a folder, in the cache, or with one quick request on the Hub."""

from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.model.hub import first_line
from pagetune.plan.known_shapes import EXAMPLES, KNOWN_SHAPES, nearest_names

#: For the request that tells whether the Hub can be reached; transformers itself would try for half a minute.
TIMEOUT_SECONDS = 3.0


def find_config(location: str, revision: str | None, trust_remote_code: bool) -> Any:
    """Return a transformers config. Raises UserError, in one line, where there is none."""
    if (Path(location).expanduser() / "config.json").exists():
        return _load(str(Path(location).expanduser()), None, trust_remote_code, local_files_only=True)
    if Path(location).expanduser().is_dir():
        raise _unknown(location, tr("is a folder without config.json"))
    if not _is_hub_id(location):
        raise _unknown(location, tr("is neither a folder, nor a Hub id (owner/name), nor a known name"))
    try:
        return _load(location, revision, trust_remote_code, local_files_only=True)
    except UserError:
        _ask_hub(location, revision)
    return _load(location, revision, trust_remote_code, local_files_only=False)


def cached_folder(name: str) -> str | None:
    """Return the folder of the cache that has a model's tokenizer, or None."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(name, "tokenizer_config.json")
    return str(Path(found).parent) if isinstance(found, str) else None


def _is_hub_id(location: str) -> bool:
    return location.count("/") == 1 and not location.startswith((".", "/", "~"))


def _load(location: str, revision: str | None, trust_remote_code: bool, local_files_only: bool) -> Any:
    from transformers import AutoConfig

    where = {"revision": revision, "trust_remote_code": trust_remote_code, "local_files_only": local_files_only}
    try:
        return AutoConfig.from_pretrained(location, **where)
    except Exception as error:  # the Hub has many: gated, no config, unknown architecture
        raise _unknown(
            location, tr("has no configuration that transformers reads ({why})", why=first_line(error))
        ) from None


def _ask_hub(location: str, revision: str | None) -> None:
    """Raise UserError where the Hub cannot be reached or has no such model. The request is not repeated."""
    from httpx import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        HfApi().model_info(location, revision=revision, timeout=TIMEOUT_SECONDS)
    except OfflineModeIsEnabled:
        seen = tr("is not in the cache, and HF_HUB_OFFLINE is set")
    except TransportError as error:
        seen = tr("is not in the cache, and the Hub did not answer ({why})", why=first_line(error))
    except HfHubHTTPError as error:
        seen = tr("cannot be read: the Hub answered {status}", status=error.response.status_code)
    except HFValidationError as error:
        seen = tr("is not a valid Hub id ({why})", why=first_line(error))
    else:
        return
    raise _unknown(location, seen) from None


def _unknown(location: str, seen: str) -> UserError:
    near = nearest_names(location)
    meant = tr(" Did you mean {names}?", names=" or ".join(near)) if near else ""
    return UserError(
        "plan: the model {location} {seen}.{meant} Name a folder with config.json, a hub id, or one "
        "of {names}, {sizes} (docs/gpu.md has all names).",
        location=location,
        seen=seen,
        meant=meant,
        names=", ".join(KNOWN_SHAPES),
        sizes=", ".join(EXAMPLES),
    )
