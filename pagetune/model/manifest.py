"""Describe the base model in a manifest of a few lines, and find its files on the Hub or in the cache."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pagetune.errors import UserError
from pagetune.jsonl import read_json
from pagetune.params import Model

BASE, ADAPTER = Path("models/base"), Path("models/adapter")
#: What transformers loads besides the weights: configs, tokenizer, chat template, and the index of the weight files.
SMALL = ["config.json", "generation_config.json", "model.safetensors.index.json", "tokenizer*", "*tokens*.json"]
SMALL += ["vocab*", "merges*", "*.model", "*.spm", "*.tiktoken", "chat_template*"]
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
#: For looking a model up; huggingface_hub itself would wait forever.
TIMEOUT_SECONDS = 30.0


class Manifest(BaseModel):
    """`models/base/manifest.json`. `location` is what transformers loads: a folder, or a Hub id with `revision`."""

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
    #: Whether an encoder reads the prompt. The file holds this key only where it is true.
    encoder_decoder: bool = False
    #: The token that ends an answer in the base's chat template; None, and not in the file, without one.
    end_of_turn: str | None = None

    @property
    def auto_class(self) -> Any:
        """Return the transformers class that loads the model."""
        return auto_class(self.encoder_decoder)


def read_manifest(folder: Path = BASE) -> Manifest:
    return Manifest.model_validate(read_json(folder / "manifest.json"))


def describe_external(params: Model, texts: Sequence[str] = ()) -> Manifest:
    """Return the manifest of a model on the Hub or in a local folder, and print what is odd about it.

    Raises UserError where it cannot be used, or where its tokenizer does not know the script of the `texts`.
    """
    local = Path(params.base).expanduser()
    if local.is_dir():
        _check_files(str(local), [path.name for path in local.iterdir()])
        return _manifest(params, texts, "local", str(local.resolve()), None)
    if _looks_like_path(params.base):
        raise UserError(f"params.yaml: model.base is {params.base}, and there is no such folder. Correct the path.")
    return _manifest(params, texts, "hub", params.base, _commit(params))


def in_cache(manifest: Manifest, weights: bool = False) -> bool:
    """Tell whether everything but the weights is cached, or with `weights` those too, so that the Hub is not needed.

    Always False for a model that brings its own code, because that may come from another repository.
    """
    if manifest.source != "hub" or manifest.trust_remote_code:
        return False
    folder = _cached(manifest.location, manifest.revision)
    if folder is None or _listed(manifest.location, folder.name) is None:
        return False
    return not weights or _has_weights(folder)


def auto_class(encoder_decoder: bool) -> Any:
    """Return the transformers class that loads a causal model or an encoder-decoder."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error, without the user's token, which a quoted header may show."""
    from huggingface_hub import get_token

    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text.replace(get_token() or "\0", "…")


def _looks_like_path(base: str) -> bool:
    return base.startswith(("/", ".", "~")) or base.count("/") != 1


def _check_files(where: str, names: list[str]) -> None:
    """Raise UserError where `names`, the files of a folder or repository, hold no config or no safetensors."""
    if "config.json" not in names:
        raise UserError(
            f"params.yaml: model.base is {where}, which holds no config.json. Set it to a model's folder or Hub id."
        )
    if not [name for name in names if name.endswith(".safetensors") and "/" not in name]:
        seen = ", ".join(sorted(name for name in names if name.endswith(PICKLES))[:3]) or "no weights"
        raise UserError(
            f"params.yaml: model.base is {where}, which holds no *.safetensors; pickled weights can run code when "
            f"loaded and are refused (found {seen}). Convert them with save_pretrained, or set another model."
        )


def _commit(params: Model) -> str:
    """Return the commit that id and revision resolve to now; it is recorded, so that later runs load the same model.

    The Hub resolves them. The cache is enough where the Hub cannot be reached, or where the revision is a full commit.
    """
    if re.fullmatch(r"[0-9a-f]{40}", params.revision or ""):
        folder = _cached(params.base, params.revision)
        if folder is not None and _has_weights(folder):
            return _from_cache(params, "model.revision is a commit, which never changes")
    unreachable = _why_unreachable(params)
    return _from_cache(params, unreachable) if unreachable else _from_hub(params)


def _why_unreachable(params: Model) -> str | None:
    """Return why the Hub cannot be reached, or None where it has the model.

    Raises UserError where the Hub answers that it has no such model, or not for this user.
    """
    from httpx import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        HfApi().model_info(params.base, revision=params.revision, timeout=TIMEOUT_SECONDS)
    except OfflineModeIsEnabled:
        return "HF_HUB_OFFLINE is set"
    except TransportError as error:
        return f"the Hub did not answer ({type(error).__name__}: {first_line(error)})"
    except HfHubHTTPError as error:
        if error.response.status_code >= 500:
            return f"the Hub answered with error {error.response.status_code}"
        raise _refused(params, error, error.response.status_code) from None
    except HFValidationError as error:
        raise UserError(
            f"params.yaml: model.base is {params.base}, which is not a valid Hub id: {first_line(error)}"
        ) from None
    return None


def _refused(params: Model, error: Exception, status: int) -> UserError:
    from huggingface_hub import get_token
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    token = f"HF_TOKEN is {'set' if get_token() else 'not set'}"
    if isinstance(error, RevisionNotFoundError):
        what = f"revision is {params.revision}, which {params.base} does not have. Set a branch, tag or commit of it."
    elif isinstance(error, GatedRepoError):
        what = f"base is {params.base}, a gated model ({status}, {token}). Request access on the model's page, and set "
        what += "HF_TOKEN to a token of that account."
    else:
        what = f"base is {params.base}, and the Hub answered {status}: it does not exist or is private ({token}). "
        what += "Check the id, or set HF_TOKEN to a token that can read it."
    return UserError(f"params.yaml: model.{what}")


def _from_hub(params: Model) -> str:
    """Download everything but the weights and return the commit.

    This also caches the list of all files, from which the cache later tells whether it is complete.
    """
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    options: Any = {"revision": params.revision, "allow_patterns": SMALL, "ignore_patterns": ["*/*"]}
    try:
        folder = Path(snapshot_download(params.base, **options))
    except (HTTPError, OSError) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
            raise _refused(params, error, error.response.status_code) from None
        seen = f"{type(error).__name__}: {first_line(error)}"
        raise UserError(
            f"params.yaml: model.base is {params.base}, whose download failed ({seen}). Run it again."
        ) from None
    _check_files(params.base, _file_names(params.base, folder))
    return folder.name


def _from_cache(params: Model, why: str) -> str:
    """Return the cached commit. Raises UserError where the cache lacks the weights, which a later stage would need."""
    revision = params.revision or "main"
    folder = _cached(params.base, revision)
    names = [] if folder is None else _file_names(params.base, folder)
    if any(name.endswith(PICKLES) for name in names):
        _check_files(params.base, names)
    if folder is None or not _has_weights(folder):
        raise UserError(
            f"params.yaml: model.base is {params.base}, which is not a local folder; {why}, and the cache does not "
            f"hold all of {revision}. Fill it where there is a network: "
            f"`hf download {params.base} --revision {revision}`."
        )
    print(f"base_model: {params.base} at {folder.name} is loaded from the cache: {why}")
    return folder.name


def _cached(location: str, revision: str | None) -> Path | None:
    """Return the folder of a cached revision that has everything but the weights, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    options: Any = {"revision": revision, "allow_patterns": SMALL, "ignore_patterns": ["*/*"]}
    try:
        return Path(snapshot_download(location, local_files_only=True, **options))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _has_weights(folder: Path) -> bool:
    index = folder / "model.safetensors.index.json"
    if (folder / "model.safetensors").exists() or not index.exists():
        return (folder / "model.safetensors").exists()
    return all((folder / name).exists() for name in set(read_json(index)["weight_map"].values()))


def _listed(location: str, commit: str) -> list[str] | None:
    """Return the files of a commit as the Hub listed them, or None where the cache was filled without the list."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return [file.path for file in get_cached_repo_tree(location, revision=commit)]
    except CachedRepoTreeNotFoundError:
        return None


def _file_names(location: str, folder: Path) -> list[str]:
    """Return the file names of a cached commit: the Hub's list, or without it the files that are in the cache."""
    return _listed(location, folder.name) or [path.name for path in folder.iterdir()]


def _manifest(
    params: Model, texts: Sequence[str], source: Literal["local", "hub"], location: str, revision: str | None
) -> Manifest:
    from pagetune.model.tokens import check_script, inspect_tokens

    try:
        tokenizer, model = _inspect(location, revision, params.trust_remote_code)
    except (OSError, ValueError) as error:
        raise UserError(
            f"params.yaml: model.base is {params.base}, which cannot be loaded: {first_line(error)}"
        ) from None
    tokens = inspect_tokens(tokenizer, _ends(model), model.get_input_embeddings().weight.shape[0], params.base)
    script = check_script(tokenizer, texts, params.max_unknown_fraction, params.base)
    for note in [*tokens.notes, script]:
        print(f"base_model: {note}")
    return Manifest(
        source=source,
        id=params.base,
        location=location,
        revision=revision,
        trust_remote_code=params.trust_remote_code,
        parameters=int(model.num_parameters()),
        eos_token=tokens.eos,
        bos_token=tokens.bos,
        pad_token=tokens.pad,
        special_tokens=tokens.special,
        encoder_decoder=bool(model.config.is_encoder_decoder),
        end_of_turn=tokens.end_of_turn,
    )


def _inspect(location: str, revision: str | None, trust_remote_code: bool) -> tuple[Any, Any]:
    """Return the tokenizer, and the model with its generation config but without weights."""
    import torch
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    cached = revision is not None and not trust_remote_code and _cached(location, revision) is not None
    where = {"revision": revision, "trust_remote_code": trust_remote_code, "local_files_only": cached}
    tokenizer = AutoTokenizer.from_pretrained(location, **where)
    config = AutoConfig.from_pretrained(location, **where)
    with torch.device("meta"):
        model = auto_class(config.is_encoder_decoder).from_config(config, trust_remote_code=trust_remote_code)
    with contextlib.suppress(OSError):  # not every model has one
        where.pop("trust_remote_code")
        model.generation_config = GenerationConfig.from_pretrained(location, **where)
    return tokenizer, model


def _ends(model: Any) -> set[int]:
    """Return the EOS ids of the generation config, or of the config where it has none."""
    for config in (model.generation_config, model.config, model.config.get_text_config()):
        if (own := getattr(config, "eos_token_id", None)) is not None:
            return set(own if isinstance(own, list) else [own])
    return set()
