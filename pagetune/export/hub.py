"""Upload a tuned model to the Hub in one commit: the folder and its model card."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.model.hub import first_line

#: Files of an earlier upload that transformers would load instead of the new weights, or on top of them.
WEIGHTS = (".safetensors", ".safetensors.index.json", "adapter_config.json", ".gguf")


def push(folder: Path, repo_id: str, card: Path) -> tuple[str, str]:
    """Upload `folder`, with `card` as its README.md, in one commit; return the repository's URL and the commit.

    A missing repository is created as a private one, because a tuned model repeats its documents to anyone who asks.
    For the same reason a public repository is refused. The commit deletes the weights of an earlier upload; other files
    stay.

    Raises UserError where the token, the permission to write, the network, the owner in the id, the weights or the card
    is missing, before anything is uploaded, and where the upload itself fails.
    """
    from pagetune.model.hub_client import give_up_on_stalls

    give_up_on_stalls()
    files = _files(folder, card)
    _check_owner_and_token(repo_id)
    with _user_errors(repo_id):
        from huggingface_hub import HfApi

        api = HfApi()
        url = api.create_repo(repo_id, private=True, exist_ok=True)
        there = api.model_info(repo_id)
        if not there.private:
            raise UserError(
                _message(
                    repo_id, Remark("is public, and a tuned model repeats its documents. Make it private on the Hub")
                )
            )
        _announce(repo_id, files)
        operations = [*_additions(files), *_deletions(files, [file.rfilename for file in there.siblings or []])]
        done = api.create_commit(repo_id, operations, commit_message="Upload a model tuned with pagetune")
    return str(url), str(done.oid)


def _message(repo_id: str, what: str) -> str:
    return tr(
        "params.yaml: export.push_to is {repo_id}, which {what}, or set another repository (null uploads nothing).",
        repo_id=repo_id,
        what=what,
    )


def _files(folder: Path, card: Path) -> dict[str, Path]:
    """Return the files to upload by their names in the repository, without hidden ones."""
    if not card.is_file():
        raise UserError("{card} is missing, and a model is not uploaded without its card. Run `dvc repro`.", card=card)
    inside = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    files = {name.as_posix(): path for name, path in inside.items() if not any(p.startswith(".") for p in name.parts)}
    if not any(name.endswith((".safetensors", ".gguf")) for name in files):
        raise UserError(
            "{folder} holds no *.safetensors and no *.gguf, so there is no model to upload. Run `dvc "
            "repro export/dvc.yaml`.",
            folder=folder,
        )
    return files | {"README.md": card}


def _check_owner_and_token(repo_id: str) -> None:
    from huggingface_hub import get_token

    if "/" not in repo_id:
        raise UserError(_message(repo_id, Remark("has no owner. Write OWNER/NAME")))
    if get_token() is None:
        raise UserError(
            _message(repo_id, Remark("needs a token, and HF_TOKEN is not set. Set it to a token that can write"))
        )


@contextmanager
def _user_errors(repo_id: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub into a UserError of one line."""
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except HFValidationError:
        raise UserError(
            _message(repo_id, Remark("is not a valid id. Write OWNER/NAME in letters, digits and single . - _"))
        ) from None
    except OfflineModeIsEnabled:
        raise UserError(_message(repo_id, Remark("needs the Hub, and HF_HUB_OFFLINE is set. Unset it"))) from None
    except HfHubHTTPError as error:
        status, answer = error.response.status_code, error.server_message or first_line(error)
        advice = (
            Remark("Set HF_TOKEN to a token that can write there")
            if status in (401, 403, 404)
            else Remark("Run it again")
        )
        raise UserError(
            _message(
                repo_id,
                Remark(
                    "the Hub refused ({status}: {answer}). {advice}",
                    status=status,
                    answer=answer.splitlines()[0],
                    advice=advice,
                ),
            )
        ) from None
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        seen = f"{type(error).__name__}: {first_line(error)}"
        seen += f" {type(error.__cause__).__name__}: {first_line(error.__cause__)}" if error.__cause__ else ""
        raise UserError(
            _message(repo_id, Remark("could not be reached or written ({seen}). Run it again", seen=seen))
        ) from None


def _announce(repo_id: str, files: dict[str, Path]) -> None:
    size = sum(path.stat().st_size for path in files.values()) / 2**20
    said = Remark("push: {count} files, {size:.1f} MiB, go to {repo_id} (private: only its owner can see it)")
    print(tr(said, count=len(files), size=size, repo_id=repo_id), flush=True)


def _additions(files: dict[str, Path]) -> list[Any]:
    from huggingface_hub import CommitOperationAdd

    return [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(path)) for name, path in files.items()]


def _deletions(files: dict[str, Path], there: list[str]) -> list[Any]:
    from huggingface_hub import CommitOperationDelete

    stale = [name for name in there if name.endswith(WEIGHTS) and name not in files]
    return [CommitOperationDelete(path_in_repo=name, is_folder=False) for name in stale]
