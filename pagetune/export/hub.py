"""A tuned model onto the Hub: one commit, of the folder and its card."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.model.manifest import first_line

#: What an earlier upload may have left, and transformers would load in place of the new weights, or on top of them.
WEIGHTS = (".safetensors", ".safetensors.index.json", "adapter_config.json", ".gguf")


def push(folder: Path, repo_id: str, card: Path) -> tuple[str, str]:
    """Upload `folder` with `card` as its README.md, by HF_TOKEN, in one commit; its URL and the commit.

    A repository that is not there is made, and private: a tuned model repeats its documents to whoever asks it. For the
    same reason one that is public is refused. Weights of an earlier upload go in the same commit; other files stay.

    Raises UserError without a token, a right to write, a network, an id OWNER/NAME, weights or a card, before anything
    is uploaded, and where the upload itself fails.
    """
    files = _files(folder, card)
    _check(repo_id)
    with _in_one_line(repo_id):
        from huggingface_hub import HfApi

        api = HfApi()
        url = api.create_repo(repo_id, private=True, exist_ok=True)
        there = api.model_info(repo_id)
        if not there.private:
            raise UserError(
                _about(repo_id, "is public, and a tuned model repeats its documents. Make it private there")
            )
        _say(repo_id, files)
        operations = [*_additions(files), *_deletions(files, [file.rfilename for file in there.siblings or []])]
        done = api.create_commit(repo_id, operations, commit_message="Upload a model tuned with pagetune")
    return str(url), str(done.oid)


def _about(repo_id: str, what: str) -> str:
    return f"params.yaml: export.push_to is {repo_id}, which {what}, or name another (null uploads nothing)."


def _files(folder: Path, card: Path) -> dict[str, Path]:
    """By their names in the repository. What is hidden is not the model's."""
    if not card.is_file():
        raise UserError(f"{card} is not there, and no model goes to the Hub without its card. Run `dvc repro`.")
    inside = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    files = {name.as_posix(): path for name, path in inside.items() if not any(p.startswith(".") for p in name.parts)}
    if not any(name.endswith((".safetensors", ".gguf")) for name in files):
        raise UserError(
            f"{folder} holds no *.safetensors and no *.gguf, so there is no model to upload. "
            "Run `dvc repro export/dvc.yaml`."
        )
    return files | {"README.md": card}


def _check(repo_id: str) -> None:
    from huggingface_hub import get_token

    if "/" not in repo_id:
        raise UserError(_about(repo_id, "says not whose it is. Write OWNER/NAME"))
    if get_token() is None:
        raise UserError(_about(repo_id, "needs a token, and HF_TOKEN is not set. Set it to one that may write"))


@contextmanager
def _in_one_line(repo_id: str) -> Iterator[None]:
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except HFValidationError:
        raise UserError(_about(repo_id, "is no id. Write OWNER/NAME, of letters, digits and single . - _")) from None
    except OfflineModeIsEnabled:
        raise UserError(_about(repo_id, "needs the hub, and HF_HUB_OFFLINE is set. Unset it")) from None
    except HfHubHTTPError as error:
        status, said = error.response.status_code, error.server_message or first_line(error)
        way = "Set HF_TOKEN to a token that may write there" if status in (401, 403, 404) else "Run it again"
        raise UserError(_about(repo_id, f"the hub does not take ({status}: {said.splitlines()[0]}). {way}")) from None
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        seen = f"{type(error).__name__}: {first_line(error)}"
        seen += f" {type(error.__cause__).__name__}: {first_line(error.__cause__)}" if error.__cause__ else ""
        raise UserError(_about(repo_id, f"could not be reached or written ({seen}). Run it again")) from None


def _say(repo_id: str, files: dict[str, Path]) -> None:
    size = sum(path.stat().st_size for path in files.values()) / 2**20
    print(f"push: {len(files)} files, {size:.1f} MiB, go to {repo_id} (private: only its owner sees it)", flush=True)


def _additions(files: dict[str, Path]) -> list[Any]:
    from huggingface_hub import CommitOperationAdd

    return [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(path)) for name, path in files.items()]


def _deletions(files: dict[str, Path], there: list[str]) -> list[Any]:
    from huggingface_hub import CommitOperationDelete

    stale = [name for name in there if name.endswith(WEIGHTS) and name not in files]
    return [CommitOperationDelete(path_in_repo=name, is_folder=False) for name in stale]
