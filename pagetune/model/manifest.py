"""The base model: what it is, in a manifest of a few lines."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pagetune.errors import UserError
from pagetune.jsonl import read_json
from pagetune.params import Model

BASE, ADAPTER = Path("models/base"), Path("models/adapter")
#: What transformers loads beside the weights: settings, tokenizer, chat template, and which file has which weight.
SMALL = ["config.json", "generation_config.json", "model.safetensors.index.json", "tokenizer*", "*tokens*.json"]
SMALL += ["vocab*", "merges*", "*.model", "*.spm", "*.tiktoken", "chat_template*"]
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
#: To look a model up; huggingface_hub itself would wait for ever.
TIMEOUT_SECONDS = 30.0


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
    #: It reads the prompt by an encoder; where it has none the file does not say so.
    encoder_decoder: bool = False

    @property
    def auto_class(self) -> Any:
        """What loads the model."""
        return auto_class(self.encoder_decoder)


def read_manifest(folder: Path = BASE) -> Manifest:
    return Manifest.model_validate(read_json(folder / "manifest.json"))


def describe_external(params: Model) -> Manifest:
    """The manifest of a model from the hub or a local folder. Raises UserError where it cannot be used."""
    local = Path(params.base).expanduser()
    if local.is_dir():
        _check_files(str(local), [path.name for path in local.iterdir()])
        return _manifest(params, "local", str(local.resolve()), None)
    if _looks_like_path(params.base):
        raise UserError(f"params.yaml: model.base is {params.base}, and there is no such folder. Mend the path.")
    return _manifest(params, "hub", params.base, _commit(params))


def in_cache(manifest: Manifest, weights: bool = False) -> bool:
    """Whether all that loads beside the weights is in the cache, or with them, so that no hub need be asked.

    Of code that a model brings along nobody knows: it may lie in another repository.
    """
    if manifest.source != "hub" or manifest.trust_remote_code:
        return False
    folder = _cached(manifest.location, manifest.revision)
    if folder is None or _listed(manifest.location, folder.name) is None:
        return False
    return not weights or _has_weights(folder)


def auto_class(encoder_decoder: bool) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM


def first_line(error: BaseException) -> str:
    """What an error of a library says, in one line, without the token that a header may show."""
    from huggingface_hub import get_token

    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text.replace(get_token() or "\0", "…")


def _looks_like_path(base: str) -> bool:
    return base.startswith(("/", ".", "~")) or base.count("/") != 1


def _check_files(where: str, names: list[str]) -> None:
    """`names` are those of a folder, or of a repository's."""
    if "config.json" not in names:
        raise UserError(f"params.yaml: model.base is {where}, which holds no config.json. Name a model's folder or id.")
    if not [name for name in names if name.endswith(".safetensors") and "/" not in name]:
        seen = ", ".join(sorted(name for name in names if name.endswith(PICKLES))[:3]) or "no weights at all"
        raise UserError(
            f"params.yaml: model.base is {where}, which holds no *.safetensors; pickled weights can run code when "
            f"loaded and are refused (it holds {seen}). Convert them with save_pretrained, or name another model."
        )


def _commit(params: Model) -> str:
    """The commit that the id and revision stand for today; recorded, so that tomorrow's run loads the same.

    It is asked of the hub; where that cannot be reached, or a whole commit is named, the cache knows too.
    """
    if re.fullmatch(r"[0-9a-f]{40}", params.revision or ""):
        folder = _cached(params.base, params.revision)
        if folder is not None and _has_weights(folder):
            return _from_cache(params, "model.revision is a commit, which never changes")
    unreachable = _why_unreachable(params)
    return _from_cache(params, unreachable) if unreachable else _from_hub(params)


def _why_unreachable(params: Model) -> str | None:
    """None where the hub answers for id and revision. Raises UserError where it answers that it has none for us."""
    from httpx import TransportError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        HfApi().model_info(params.base, revision=params.revision, timeout=TIMEOUT_SECONDS)
    except OfflineModeIsEnabled:
        return "HF_HUB_OFFLINE is set"
    except TransportError as error:
        return f"the hub did not answer ({type(error).__name__}: {first_line(error)})"
    except HfHubHTTPError as error:
        if error.response.status_code >= 500:
            return f"the hub did not answer but for an error {error.response.status_code}"
        raise _refused(params, error, error.response.status_code) from None
    except HFValidationError as error:
        raise UserError(f"params.yaml: model.base is {params.base}, which is no hub id: {first_line(error)}") from None
    return None


def _refused(params: Model, error: Exception, status: int) -> UserError:
    from huggingface_hub import get_token
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    token = f"HF_TOKEN is {'set' if get_token() else 'not set'}"
    if isinstance(error, RevisionNotFoundError):
        what = f"revision is {params.revision}, which {params.base} does not have. Name a branch, tag or commit of it."
    elif isinstance(error, GatedRepoError):
        what = f"base is {params.base}, whose owner asks for consent first ({status}, {token}). Give it on the model's "
        what += "page, and set HF_TOKEN to a token of that account."
    else:
        what = f"base is {params.base}, and the hub answers {status}: there is none, or it is private ({token}). Check "
        what += "the id, or set HF_TOKEN to a token that may read it."
    return UserError(f"params.yaml: model.{what}")


def _from_hub(params: Model) -> str:
    """Fetches what loads beside the weights, and with it the list of all files, by which the cache knows its gaps."""
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
        raise UserError(f"params.yaml: model.base is {params.base}, which broke off ({seen}). Run it again.") from None
    _check_files(params.base, _files(params.base, folder))
    return folder.name


def _from_cache(params: Model, why: str) -> str:
    """Without the hub the weights must be here too, or a later stage would look for them in vain."""
    revision = params.revision or "main"
    folder = _cached(params.base, revision)
    names = [] if folder is None else _files(params.base, folder)
    if any(name.endswith(PICKLES) for name in names):
        _check_files(params.base, names)
    if folder is None or not _has_weights(folder):
        raise UserError(
            f"params.yaml: model.base is {params.base}, which is no local folder, {why}, and the cache does not hold "
            f"all of {revision}. Where there is a network, `hf download {params.base} --revision {revision}` fills it."
        )
    print(f"base_model: {params.base} at {folder.name} is taken from the cache: {why}")
    return folder.name


def _cached(location: str, revision: str | None) -> Path | None:
    """The folder of a cached revision that has all that loads beside the weights."""
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
    """The files of a commit as the hub listed them; None where the cache was filled without the list."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return [file.path for file in get_cached_repo_tree(location, revision=commit)]
    except CachedRepoTreeNotFoundError:
        return None


def _files(location: str, folder: Path) -> list[str]:
    """Of a cached commit; those that are here where it is not known which there are."""
    return _listed(location, folder.name) or [path.name for path in folder.iterdir()]


def _manifest(params: Model, source: Literal["local", "hub"], location: str, revision: str | None) -> Manifest:
    try:
        tokenizer, parameters, encoder_decoder = _look_at(location, revision, params.trust_remote_code)
    except (OSError, ValueError) as error:
        raise UserError(
            f"params.yaml: model.base is {params.base}, which cannot be loaded: {first_line(error)}"
        ) from None
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
        encoder_decoder=encoder_decoder,
    )


def _look_at(location: str, revision: str | None, trust_remote_code: bool) -> tuple[Any, int, bool]:
    """The tokenizer, the number of parameters, and whether there is an encoder; no weight is loaded."""
    import torch
    from transformers import AutoConfig, AutoTokenizer

    cached = revision is not None and not trust_remote_code and _cached(location, revision) is not None
    where = {"revision": revision, "trust_remote_code": trust_remote_code, "local_files_only": cached}
    tokenizer = AutoTokenizer.from_pretrained(location, **where)
    config = AutoConfig.from_pretrained(location, **where)
    with torch.device("meta"):
        model = auto_class(config.is_encoder_decoder).from_config(config, trust_remote_code=trust_remote_code)
    return tokenizer, int(model.num_parameters()), bool(config.is_encoder_decoder)
