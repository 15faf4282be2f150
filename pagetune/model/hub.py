"""Find a base model on the Hub or in its cache, and download it: first all but the weights, then those."""

import re
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.failures import is_from_machine
from pagetune.jsonl import read_json
from pagetune.language import Remark, tr
from pagetune.masking import remember
from pagetune.model.files import INDEX, PICKLES, WEIGHTS, check_names, weight_files
from pagetune.params import Model

#: What transformers loads besides the weights: configs, tokenizer, chat template, and the index of the weight files.
SMALL = ["config.json", "generation_config.json", "model.safetensors.index.json", "tokenizer*", "*tokens*.json"]
SMALL += ["vocab*", "merges*", "*.model", "*.spm", "*.tiktoken", "chat_template*"]
#: For looking a model up; huggingface_hub itself would wait forever.
TIMEOUT_SECONDS = 30.0


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error. Where it ends in a colon, the second line belongs to it.

    The user's token, which a quoted header may show, is masked where the message is used, so by `UserError`.
    """
    from huggingface_hub import get_token

    remember([get_token() or ""])
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])


def snapshot(params: Model) -> Path:
    """Return the cached folder, without weights yet, of the commit that id and revision resolve to now.

    The commit is recorded, so that later runs load the same model. The Hub resolves them; the cache is enough where the
    Hub cannot be reached, or where the revision is a full commit.
    """
    from pagetune.model.hub_client import give_up_on_stalls

    give_up_on_stalls()
    if re.fullmatch(r"[0-9a-f]{40}", params.revision or ""):
        folder = cached(params.base, params.revision)
        if folder is not None and has_weights(folder):
            return _from_cache(params, Remark("model.revision is a commit, which never changes"))
    unreachable = _why_unreachable(params)
    if unreachable:
        return _from_cache(params, unreachable)
    return _download(params, revision=params.revision, allow_patterns=SMALL, ignore_patterns=["*/*"])


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
        return Remark("HF_HUB_OFFLINE is set")
    except TransportError as error:
        return Remark("the Hub did not answer ({error}: {why})", error=type(error).__name__, why=first_line(error))
    except HfHubHTTPError as error:
        if error.response.status_code >= 500:
            return Remark("the Hub answered with error {status}", status=error.response.status_code)
        raise _refused(params, error, error.response.status_code) from None
    except HFValidationError as error:
        raise UserError(
            "params.yaml: model.base is {base}, which is not a valid Hub id: {error}",
            base=params.base,
            error=first_line(error),
        ) from None
    return None


def _refused(params: Model, error: Exception, status: int) -> UserError:
    from huggingface_hub import get_token
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    if isinstance(error, RevisionNotFoundError):
        return UserError(
            "params.yaml: model.revision is {revision}, which {base} does not have. Set a branch, tag or commit of it.",
            revision=params.revision,
            base=params.base,
        )
    token = Remark("HF_TOKEN is set") if get_token() else Remark("HF_TOKEN is not set")
    if isinstance(error, GatedRepoError):
        return UserError(
            "params.yaml: model.base is {base}, a gated model ({status}, {token}). Request access on the model's page, "
            "and set HF_TOKEN to a token of that account.",
            base=params.base,
            status=status,
            token=token,
        )
    return UserError(
        "params.yaml: model.base is {base}, and the Hub answered {status}: it does not exist or is private ({token}). "
        "Check the id, or set HF_TOKEN to a token that can read it.",
        base=params.base,
        status=status,
        token=token,
    )


def download_weights(params: Model, folder: Path) -> None:
    """Download the weight files that will be read; one that was interrupted goes on where it ended."""
    if not has_weights(folder):
        names = weight_files(params.base, folder, file_names(params.base, folder))
        said = tr("base_model: downloading {count} weight files of {base}", count=len(names), base=params.base)
        print(said, flush=True)
        _download(params, revision=folder.name, allow_patterns=[escape(name) for name in names])


def download_files(params: Model, folder: Path, patterns: Sequence[str]) -> None:
    """Download further files of the commit that `folder` holds, where the repository has them."""
    _download(params, revision=folder.name, allow_patterns=list(patterns))


def _download(params: Model, **options: Any) -> Path:
    """Download files and return their folder.

    This also caches the list of all files, from which the cache later tells whether it is complete.
    """
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(params.base, **options))
    except (HTTPError, OSError) as error:
        if is_from_machine(error):
            raise
        if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
            raise _refused(params, error, error.response.status_code) from None
        seen = f"{type(error).__name__}: {first_line(error)}"
        raise UserError(
            "params.yaml: model.base is {base}, whose download failed ({seen}). Run it again.",
            base=params.base,
            seen=seen,
        ) from None


def _from_cache(params: Model, why: str) -> Path:
    """Return the folder of the cached commit. Raises UserError where the cache lacks the weights."""
    revision = params.revision or "main"
    folder = cached(params.base, revision)
    names = [] if folder is None else file_names(params.base, folder)
    if any(name.endswith(PICKLES) for name in names):
        check_names(params.base, names)
    if folder is None or not has_weights(folder):
        raise UserError(
            "params.yaml: model.base is {base}, which is not a local folder; {why}, and the cache does "
            "not hold all of {revision}. Fill it where there is a network: `hf download {base} "
            "--revision {revision}`.",
            base=params.base,
            why=why,
            revision=revision,
        )
    said = Remark("base_model: {base} at {revision} is loaded from the cache: {why}")
    print(tr(said, base=params.base, revision=folder.name, why=why))
    return folder


def cached(location: str, revision: str | None) -> Path | None:
    """Return the folder of a cached revision that has everything but the weights, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    options: Any = {"revision": revision, "allow_patterns": SMALL, "ignore_patterns": ["*/*"]}
    try:
        return Path(snapshot_download(location, local_files_only=True, **options))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def has_weights(folder: Path) -> bool:
    index = folder / INDEX
    if (folder / WEIGHTS).exists() or not index.exists():
        return (folder / WEIGHTS).exists()
    try:
        return all((folder / name).exists() for name in set(read_json(index)["weight_map"].values()))
    except (UserError, ValueError, KeyError, TypeError, AttributeError):  # base_model says what is wrong with the index
        return False


def listed(location: str, commit: str) -> list[str] | None:
    """Return the files of a commit as the Hub listed them, or None where the cache was filled without the list."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        return [file.path for file in get_cached_repo_tree(location, revision=commit)]
    except CachedRepoTreeNotFoundError:
        return None


def file_names(location: str, folder: Path) -> list[str]:
    """Return the file names of a cached commit: the Hub's list, or without it the files that are in the cache."""
    return listed(location, folder.name) or [path.name for path in folder.iterdir()]
