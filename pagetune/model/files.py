"""Find the files of a base model that transformers will read, and refuse what they contradict before any is loaded."""

import json
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark, tr

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
#: How a file begins that Git LFS left in place of the real one.
LFS_POINTER = b"version https://git-lfs"
#: Keys whose values transformers takes for names of further files: versions of config.json and of tokenizer.json.
_MORE_FILES = {"config.json": "configuration_files", "tokenizer_config.json": "fast_tokenizer_files"}
_COMPLETE = Remark("Set it to a model's complete folder or Hub id.")
_SAVE_AGAIN = Remark("Save it again with save_pretrained, or set another model.")


def refusal(base: str, what: str) -> UserError:
    return UserError("params.yaml: model.base is {base}, {what}", base=base, what=what)


def check_names(base: str, names: list[str]) -> None:
    """Raise UserError where `names`, the files of a folder or repository, hold no config or no weights we can read."""
    if "config.json" not in names:
        raise refusal(base, Remark("which holds no config.json. Set it to a model's folder or Hub id."))
    if "adapter_config.json" in names:
        raise refusal(
            base,
            Remark(
                "which holds adapter_config.json: transformers would load that adapter too. Merge it first "
                "(merge_and_unload, then save_pretrained), or set the model that it was trained on."
            ),
        )
    if WEIGHTS not in names and INDEX not in names:
        raise refusal(base, _why_no_weights(names))


def check_small_files(base: str, folder: Path, patterns: list[str]) -> dict[str, Any]:
    """Return config.json. Raises UserError where a file that is read beside the weights cannot be what it should be."""
    read = sorted(path for path in folder.iterdir() if any(fnmatch(path.name, pattern) for pattern in patterns))
    for path in [*read, *sorted(folder.glob("additional_chat_templates/*"))]:
        if path.suffix or not path.is_dir():
            _check_place(base, folder, path.relative_to(folder).as_posix())
    if not any(path.name.startswith(("tokenizer", "vocab")) or path.suffix in (".model", ".spm") for path in read):
        raise refusal(
            base, Remark("which holds no tokenizer. Copy tokenizer.json and tokenizer_config.json into the folder.")
        )
    contents = {path.name: _json(base, path) for path in read if path.suffix == ".json"}
    for name, key in _MORE_FILES.items():
        if not all(_plain(more) for more in contents.get(name, {}).get(key) or []):
            raise refusal(
                base, Remark("whose {name} names files of another folder ({key}). Remove that key.", name=name, key=key)
            )
    config = contents["config.json"]
    if "transformers_weights" in config:
        raise refusal(
            base,
            Remark(
                "whose config.json names other weights (transformers_weights). Remove that key; {weights} is read.",
                weights=WEIGHTS,
            ),
        )
    if not config.get("model_type") and not config.get("auto_map"):
        raise refusal(
            base, Remark("whose config.json has no model_type, so nothing says what it is. {advice}", advice=_COMPLETE)
        )
    return dict(config)


def weight_files(base: str, folder: Path, names: list[str]) -> list[str]:
    """Return the weight files that transformers will read: of a folder, or of the repository with these `names`.

    Raises UserError where the index names what it must not.
    """
    downloaded = (folder / WEIGHTS).is_file() or (WEIGHTS in names and not (folder / WEIGHTS).exists())
    if downloaded or not (folder / INDEX).is_file():
        return [WEIGHTS]
    index = _json(base, folder / INDEX)
    shards = index.get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
        raise refusal(
            base,
            Remark("whose {index} has no weight_map of tensors to files. {advice}", index=INDEX, advice=_SAVE_AGAIN),
        )
    if not isinstance(index.get("metadata"), dict):
        raise refusal(
            base,
            Remark(
                'whose {index} has no "metadata", which transformers reads. Add `"metadata": {{}}` to it.', index=INDEX
            ),
        )
    for name in shards.values():
        _check_shard_name(base, name)
    return sorted(set(shards.values()))


def check_weight_files(base: str, folder: Path, names: list[str]) -> None:
    """Raise UserError where a weight file is outside the folder, missing, empty, a pointer, broken, or a duplicate."""
    for name in names:
        _check_place(base, folder, name)
    seen: dict[str, str] = {}
    for name in names:
        for tensor in _tensors(base, folder / name):
            if tensor in seen:
                raise refusal(
                    base,
                    Remark(
                        "whose tensor {tensor} is in two files, {other} and {name}. Remove one of them.",
                        tensor=tensor,
                        other=seen[tensor],
                        name=name,
                    ),
                )
            seen[tensor] = name


def _why_no_weights(names: list[str]) -> str:
    """Say what a folder holds instead of `model.safetensors` or an index with its shards."""
    found = sorted(name for name in names if name.endswith(".safetensors") and "/" not in name)
    if found and "-of-" in found[0]:
        return Remark(
            "which holds {first} without {index}. Add that file, which says what is in each shard.",
            first=found[0],
            index=INDEX,
        )
    if found:
        advice = Remark("Rename it to {weights}.", weights=WEIGHTS) if len(found) == 1 else _COMPLETE
        return Remark(
            "which holds {first}, and transformers reads only {weights}, or {index} with its shards. {advice}",
            first=found[0],
            weights=WEIGHTS,
            index=INDEX,
            advice=advice,
        )
    seen = ", ".join(sorted(name for name in names if name.endswith((*PICKLES, ".gguf")))[:3]) or tr("no weights")
    return Remark(
        "which holds no *.safetensors; pickled weights can run code when loaded and are refused "
        "(found {seen}). Convert them with save_pretrained, or set another model.",
        seen=seen,
    )


def _plain(name: Any) -> bool:
    """Tell whether a name is one of a file in the same folder."""
    return isinstance(name, str) and not {"/", "\\"} & set(name)


def _check_shard_name(base: str, name: str) -> None:
    path, advice = PurePosixPath(name), Remark("Take the index and the weights from the same model.")
    if path.is_absolute() or PureWindowsPath(name).drive or "\\" in name or ".." in path.parts:
        raise refusal(
            base,
            Remark(
                "whose {index} names a file outside the folder ({name}). {advice}",
                index=INDEX,
                name=name,
                advice=advice,
            ),
        )
    if not name.endswith(".safetensors"):
        raise refusal(
            base,
            Remark(
                "whose {index} names {name}, which is not a .safetensors file; pickled weights can run code "
                "when loaded and are refused. Convert them with save_pretrained, or set another model.",
                index=INDEX,
                name=name,
            ),
        )


def _check_place(base: str, folder: Path, name: str) -> None:
    """Raise UserError where a file is missing, is a folder, cannot be read, or is a link that leads out."""
    path = folder / name
    try:
        inside = _leads_inside(folder, path.resolve(strict=True))
        if inside and path.is_file():
            with path.open("rb") as file:
                start = file.read(len(LFS_POINTER))
    except FileNotFoundError:
        raise refusal(
            base, Remark("which lacks {name}. Download it again, or copy that file into the folder.", name=name)
        ) from None
    except (OSError, RuntimeError) as error:
        seen = getattr(error, "strerror", None) or Remark("it is a link to itself")
        raise refusal(
            base,
            Remark("whose {name} cannot be read ({seen}). Check the file and its permissions.", name=name, seen=seen),
        ) from None
    if not inside:
        raise refusal(
            base,
            Remark("whose {name} is a link that leads out of the folder. Copy the file into the folder.", name=name),
        )
    if not path.is_file():
        raise refusal(base, Remark("whose {name} is not a file. {advice}", name=name, advice=_COMPLETE))
    if start == LFS_POINTER:
        raise refusal(
            base,
            Remark("whose {name} is a Git LFS pointer, not the file. Run `git lfs pull` in the folder.", name=name),
        )


def _leads_inside(folder: Path, resolved: Path) -> bool:
    """Tell whether a resolved path is in the folder, or for a commit in the Hub's cache among that model's blobs."""
    roots = [folder.resolve()]
    if roots[0].parent.name == "snapshots" and roots[0].parent.parent.name.startswith("models--"):
        roots.append(roots[0].parent.parent / "blobs")
    return any(resolved.is_relative_to(root) for root in roots)


def _json(base: str, path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise refusal(base, Remark("whose {name} is not JSON. Download that file again.", name=path.name)) from None
    if not isinstance(content, dict):
        raise refusal(
            base,
            Remark(
                "whose {name} is JSON but not an object of keys and values. {advice}", name=path.name, advice=_COMPLETE
            ),
        )
    return content


def _tensors(base: str, path: Path) -> list[str]:
    """Return the names of a file's tensors. Raises UserError where its header and its size do not agree."""
    from safetensors import SafetensorError, safe_open

    size = path.stat().st_size
    if size == 0:
        raise refusal(base, Remark("whose {name} is empty. Download that file again.", name=path.name))
    try:
        with safe_open(path, framework="pt") as file:
            return list(file.keys())
    except (SafetensorError, OSError) as error:
        expected = _expected_size(path)
        seen = (
            tr("{size:,} of {expected:,} bytes", size=size, expected=expected)
            if expected and expected > size
            else " ".join(str(error).split())
        )
        raise refusal(
            base,
            Remark("whose {name} is cut off or broken ({seen}). Download that file again.", name=path.name, seen=seen),
        ) from None


def _expected_size(path: Path) -> int | None:
    """Return the size that a safetensors file should have by its header, or None where that is broken too."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            return None
        try:
            header = json.loads(file.read(length))
            return (
                8 + length + max(int(entry["data_offsets"][1]) for entry in header.values() if "data_offsets" in entry)
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return None
