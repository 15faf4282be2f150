"""What the files of a base contradict is one line at base_model, before any weight is loaded or downloaded."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run, write_texts
from safetensors.torch import load_file, save_file
from test_loading import model_params

from pagetune.errors import UserError
from pagetune.model.manifest import describe_external

SHARD = "model-0000{}-of-00002.safetensors"
INDEX = "model.safetensors.index.json"


@pytest.fixture
def shards(model: Path) -> Path:
    """Store the copy in two shards with an index."""
    tensors = load_file(model / "model.safetensors")
    (model / "model.safetensors").unlink()
    places = {name: SHARD.format(number % 2 + 1) for number, name in enumerate(sorted(tensors))}
    for shard in set(places.values()):
        part = {name: tensor for name, tensor in tensors.items() if places[name] == shard}
        save_file(part, model / shard, {"format": "pt"})
    write_index(model, places)
    return model


def write_index(folder: Path, places: Any, **more: Any) -> None:
    text = json.dumps({"metadata": {}, "weight_map": places} | more)
    (folder / INDEX).write_text(text, encoding="utf-8")


def places_of(folder: Path) -> dict[str, str]:
    return dict(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"])


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        describe_external(model_params(str(folder)))
    said = str(caught.value)
    assert said.startswith(f"params.yaml: model.base is {folder}, ")
    assert "\n" not in said
    return said.removeprefix(f"params.yaml: model.base is {folder}, ")


def configure(folder: Path, name: str = "config.json", **values: Any) -> None:
    content = json.loads((folder / name).read_text(encoding="utf-8")) | values
    (folder / name).write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def replace_by_link(path: Path, target: Path) -> None:
    shutil.move(path, target)
    path.symlink_to(target)


def test_shards_with_an_index_and_links_within_the_folder_are_read(shards: Path) -> None:
    (shards / "weights").mkdir()
    for number in (1, 2):
        replace_by_link(shards / SHARD.format(number), shards / "weights" / f"{number}.safetensors")
    assert describe_external(model_params(str(shards))).parameters == 368_768


def test_shards_in_a_subfolder_are_read(shards: Path) -> None:
    (shards / "weights").mkdir()
    for number in (1, 2):
        shutil.move(shards / SHARD.format(number), shards / "weights" / SHARD.format(number))
    write_index(shards, {name: f"weights/{shard}" for name, shard in places_of(shards).items()})
    assert describe_external(model_params(str(shards))).parameters == 368_768


def test_a_commit_in_the_hubs_cache_may_link_to_its_own_blobs_only(model: Path, tmp_path: Path) -> None:
    cache = tmp_path / "hub" / "models--acme--tiny"
    commit = shutil.copytree(model, cache / "snapshots" / ("0" * 40))
    (cache / "blobs").mkdir()
    for path in list(commit.iterdir()):
        shutil.move(path, cache / "blobs" / path.name)
        path.symlink_to(Path("../../blobs") / path.name)
    assert describe_external(model_params(str(commit))).parameters == 368_768
    (commit / "tokenizer.json").unlink()
    (commit / "tokenizer.json").symlink_to(model / "tokenizer.json")
    assert refused(commit).startswith("whose tokenizer.json is a link that leads out of the folder. Copy the file")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "generation_config.json"])
def test_a_link_that_leads_out_of_the_folder_is_refused(model: Path, tmp_path: Path, name: str) -> None:
    replace_by_link(model / name, tmp_path / "elsewhere")
    assert refused(model) == f"whose {name} is a link that leads out of the folder. Copy the file into the folder."


def test_a_linked_folder_that_leads_out_is_refused_too(shards: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (shards / "weights").symlink_to(tmp_path / "elsewhere")
    for number in (1, 2):
        shutil.move(shards / SHARD.format(number), tmp_path / "elsewhere")
    write_index(shards, {name: f"weights/{shard}" for name, shard in places_of(shards).items()})
    assert "whose weights/model-00001-of-00002.safetensors is a link that leads out" in refused(shards)
    (tmp_path / "elsewhere/tool.jinja").write_text("x", encoding="utf-8")
    (shards / "additional_chat_templates").symlink_to(tmp_path / "elsewhere")
    assert "whose additional_chat_templates/" in refused(shards)


def test_a_link_to_itself_or_to_nothing_is_one_line(model: Path) -> None:
    (model / "chat_template.jinja").symlink_to(model / "chat_template.jinja")
    assert "whose chat_template.jinja cannot be read" in refused(model)
    (model / "chat_template.jinja").unlink()
    (model / "chat_template.jinja").symlink_to(model / "nothing")
    assert "which lacks chat_template.jinja. Download it again" in refused(model)


@pytest.mark.parametrize(
    "place", ["../stolen.safetensors", "/etc/stolen.safetensors", "a/../../b.safetensors", "C:\\x.safetensors"]
)
def test_an_index_that_names_a_file_outside_the_folder_is_refused(shards: Path, place: str) -> None:
    write_index(shards, places_of(shards) | {"model.norm.weight": place})
    assert refused(shards).startswith(f"whose {INDEX} names a file outside the folder ({place}). Take the index")


class Planted:
    """When unpickled, it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return open, (str(self.path), "w")


def test_an_index_that_names_pickles_is_refused_and_none_is_read(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers opens such a pickle, use_safetensors or not; beside it any *.safetensors stands for the weights."""
    import torch
    from transformers import AutoModelForCausalLM

    opened: list[str] = []
    monkeypatch.setattr(torch, "load", lambda path, **_: opened.append(Path(path).name) or {})
    (shards / "x.safetensors").touch()
    (shards / "pytorch_model-00001.bin").write_bytes(pickle.dumps(Planted(tmp_path / "ran")))
    write_index(shards, dict.fromkeys(places_of(shards), "pytorch_model-00001.bin"))
    AutoModelForCausalLM.from_pretrained(shards, use_safetensors=True)
    assert opened == ["pytorch_model-00001.bin"]
    said = refused(shards)
    assert f"whose {INDEX} names pytorch_model-00001.bin, which is not a .safetensors file; pickled weights can" in said
    assert opened == ["pytorch_model-00001.bin"]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", f"whose {INDEX} is not JSON. Download that file again."),
        ("[]", f"whose {INDEX} is JSON but not an object"),
        ('{"metadata": {}}', f"whose {INDEX} has no weight_map of tensors to files"),
        ('{"metadata": {}, "weight_map": {}}', f"whose {INDEX} has no weight_map of tensors to files"),
        ('{"metadata": {}, "weight_map": ["a"]}', f"whose {INDEX} has no weight_map of tensors to files"),
        ('{"metadata": {}, "weight_map": {"a": 1}}', f"whose {INDEX} has no weight_map of tensors to files"),
        ('{"weight_map": {"a": "a.safetensors"}}', f'whose {INDEX} has no "metadata", which transformers reads'),
        ('{"metadata": {}, "weight_map": {"a": "a.safetensors"}}', "which lacks a.safetensors. Download it again"),
    ],
)
def test_an_index_that_is_none_is_one_line(shards: Path, text: str, says: str) -> None:
    (shards / INDEX).write_text(text, encoding="utf-8")
    assert refused(shards).startswith(says)


def test_weights_under_another_name_are_not_read_and_the_name_is_said(shards: Path) -> None:
    (shards / INDEX).unlink()
    assert refused(shards).startswith(f"which holds {SHARD.format(1)} without {INDEX}. Add that file")
    for number in (1, 2):
        (shards / SHARD.format(number)).unlink()
    (shards / "x.safetensors").touch()
    assert refused(shards).endswith("with its shards. Rename it to model.safetensors.")
    (shards / "x.safetensors").rename(shards / "model.Q4_K_M.gguf")
    assert "(found model.Q4_K_M.gguf)" in refused(shards)


def test_a_folder_in_place_of_a_file_is_said(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "model.safetensors").mkdir()
    assert refused(model).startswith("whose model.safetensors is not a file")
    (model / "tokenizer").mkdir()
    (model / "tokenizer_config.json").unlink()
    (model / "tokenizer_config.json").mkdir()
    assert refused(model).startswith("whose tokenizer_config.json is not a file")


def test_an_adapter_in_the_folder_is_refused(model: Path) -> None:
    (model / "adapter_config.json").write_text('{"base_model_name_or_path": "acme/elsewhere"}', encoding="utf-8")
    assert refused(model).startswith("which holds adapter_config.json: transformers would load that adapter too. Merge")


def test_a_truncated_shard_is_named_with_its_size(shards: Path) -> None:
    whole = (shards / SHARD.format(2)).read_bytes()
    (shards / SHARD.format(2)).write_bytes(whole[:-1000])
    sizes = f"{len(whole) - 1000:,} of {len(whole):,} bytes"
    assert refused(shards) == f"whose {SHARD.format(2)} is cut off or broken ({sizes}). Download that file again."
    for broken in (whole[:5], whole[:100], whole + b"more", b"<html>Not found</html>" * 9, bytes(len(whole))):
        (shards / SHARD.format(2)).write_bytes(broken)
        assert refused(shards).startswith(f"whose {SHARD.format(2)} is cut off or broken (")
    (shards / SHARD.format(2)).write_bytes(b"")
    assert refused(shards) == f"whose {SHARD.format(2)} is empty. Download that file again."


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_pointer_of_git_lfs_is_told_from_the_file(model: Path, name: str) -> None:
    (model / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", encoding="utf-8")
    assert refused(model) == f"whose {name} is a Git LFS pointer, not the file. Run `git lfs pull` in the folder."


def test_a_tensor_in_two_shards_is_refused(shards: Path) -> None:
    both = load_file(shards / SHARD.format(1)) | load_file(shards / SHARD.format(2))
    save_file(both, shards / SHARD.format(2), {"format": "pt"})
    said = refused(shards)
    assert said.startswith("whose tensor model.")
    assert f"is in two files, {SHARD.format(1)} and {SHARD.format(2)}. Remove one of them." in said


def test_a_file_that_may_not_be_read_is_said(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path.open

    def denied(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "model.safetensors":
            raise PermissionError(13, "Permission denied", str(path))
        return own(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", denied)
    said = refused(model)
    assert said == "whose model.safetensors cannot be read (Permission denied). Check the file and its permissions."


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("config.json", "{,}", "whose config.json is not JSON. Download that file again."),
        ("config.json", "[1]", "whose config.json is JSON but not an object"),
        ("config.json", "{}", "whose config.json has no model_type"),
        ("config.json", "", "whose config.json is not JSON"),
        (
            "config.json",
            '{"model_type": "llama", "hidden_size": "many"}',
            "which cannot be loaded: Validation error for",
        ),
        ("config.json", '{"model_type": "of tomorrow"}', "which cannot be loaded: The checkpoint you are trying to"),
        ("tokenizer.json", "<html>", "whose tokenizer.json is not JSON"),
        ("tokenizer.json", "{}", "which cannot be loaded: "),
        ("tokenizer_config.json", '"text"', "whose tokenizer_config.json is JSON but not an object"),
        ("generation_config.json", "oops", "whose generation_config.json is not JSON"),
    ],
)
def test_a_config_or_tokenizer_that_is_none_is_one_line(model: Path, name: str, text: str, says: str) -> None:
    (model / name).write_text(text, encoding="utf-8")
    assert refused(model).startswith(says)


def test_a_config_that_names_other_files_is_refused(model: Path) -> None:
    configure(model, "tokenizer_config.json", fast_tokenizer_files=["../tokenizer.4.0.0.json"])
    assert refused(model).startswith("whose tokenizer_config.json names files of another folder (fast_tokenizer_files)")
    configure(model, "tokenizer_config.json", fast_tokenizer_files=None)
    configure(model, configuration_files=["/etc/config.4.0.0.json"])
    assert refused(model).startswith("whose config.json names files of another folder (configuration_files)")
    configure(model, configuration_files=None, transformers_weights="other.safetensors")
    assert refused(model).startswith("whose config.json names other weights (transformers_weights). Remove that key")


def test_a_model_without_a_tokenizer_or_with_code_of_its_own_is_told_what_to_do(model: Path) -> None:
    configure(model, auto_map={"AutoConfig": "configuration.Own"}, model_type="own")
    assert refused(model).endswith("Set model.trust_remote_code: true if you trust its code, or set another model.")
    for path in model.glob("tokenizer*"):
        path.unlink()
    assert refused(model).startswith("which holds no tokenizer. Copy tokenizer.json and tokenizer_config.json into")


def test_a_file_given_for_the_folder_is_said(model: Path) -> None:
    said = refused(model / "model.safetensors")
    assert said == "which is a file. Set it to the folder that the file is in."


def stage(folder: Path, base: str) -> str:
    """Run base_model in a folder of its own; return the line that it ends with."""
    shutil.copy(ROOT / "params.yaml", folder)
    edit_params(folder, {"model.base": base})
    write_texts(folder)
    for name in ("pagetune", "stages"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    done = run(folder, "python", "-m", "stages.base_model", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert not (folder / "models").exists()
    (line,) = done.stderr.splitlines()
    return line.removeprefix(f"base_model: params.yaml: model.base is {base}, ")


def test_the_stage_says_it_in_a_line_and_leaves_nothing_behind(shards: Path, tmp_path: Path) -> None:
    configure(shards, vocab_size=400)
    assert "has the shape (316, 128), and config.json describes (400, 128)" in stage(tmp_path, "./model")
    (shards / SHARD.format(2)).unlink()
    line = stage(tmp_path, "./model")
    assert line == f"which lacks {SHARD.format(2)}. Download it again, or copy that file into the folder."
