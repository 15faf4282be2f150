"""Models from and to the Hub, over HTTP with a local server of its protocol.

huggingface_hub reads HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE when it is imported, so each scenario is a process.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, real_model, run, write_texts
from hub_server import Files, Server, serving

READER, WRITER = "hf_readerOnlySecret", "hf_writerSecret"
#: Loads the manifest's model as the stages do, and prints digests of its weights and the tokens of a text.
LOAD = """
import hashlib, json
from pagetune.errors import quiet_libraries
quiet_libraries()
from pagetune.model.manifest import read_manifest
from pagetune.model.loading import load_base, load_config, load_generation_config, load_tokenizer
from pagetune.model.precision import resolve_precision
from pagetune.params import load_params
manifest = read_manifest()
model = load_base(manifest, resolve_precision("fp32", manifest.parameters, load_params().quantization))
digests = [hashlib.sha256(weight.numpy().tobytes()).hexdigest() for _, weight in sorted(model.state_dict().items())]
load_config(manifest), load_generation_config(manifest)
print(json.dumps({"weights": digests, "tokens": load_tokenizer(manifest)("센터의 주소?")["input_ids"]}))
"""
#: Prints what describe_external gives for each (base, revision, token) of its argument: a manifest or an error.
DESCRIBE = """
import json, os, sys
from pagetune.errors import UserError
from pagetune.model.manifest import describe_external
from pagetune.params import load_params
model, said = load_params().model, []
for base, revision, token in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    try:
        described = describe_external(model.model_copy(update={"base": base, "revision": revision}))
        said.append(described.model_dump(exclude_defaults=True))  # as the stage base_model writes it
    except UserError as error:
        said.append(str(error))
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def sharded(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save the tiny Llama as large models are stored on the Hub: in several files with an index."""
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("sharded")
    AutoModelForCausalLM.from_pretrained(tiny_base).save_pretrained(folder, max_shard_size="500KB")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_base / name, folder)
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    return folder


def files_of(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}


def pickled(folder: Path) -> Files:
    small = {
        name: data for name, data in files_of(folder).items() if not name.endswith((".safetensors", ".index.json"))
    }
    return small | {"pytorch_model.bin": b"\x80\x04 a pickle", "README.md": b"# Old\n"}


@pytest.fixture(scope="module")
def hub(sharded: Path) -> Iterator[Server]:
    with serving() as server:
        server.tokens |= {READER: "read", WRITER: "write"}
        first = server.add("acme/private", files_of(sharded), private=True)
        server.repos["acme/private"].refs["v1"] = first
        # A later commit may have other weights, and an adapter that points at another model.
        other = {"config.json": b"{}", "adapter_config.json": b'{"base_model_name_or_path": "acme/elsewhere"}'}
        server.repos["acme/private"].commit(files_of(sharded) | other, "Another model")
        server.add("acme/pickles", pickled(sharded))
        server.add("acme/gated", files_of(sharded), gated=True)
        yield server


def workplace(folder: Path, base: str, revision: str | None = None) -> Path:
    """Make a folder in which `python -m stages.base_model` can run."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "params.yaml", folder)
    edit_params(folder, {"model.base": base, "model.revision": revision})
    write_texts(folder)
    return folder


def start(
    folder: Path, *command: str, endpoint: str, token: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run Python with HF_HOME in `folder` and none of the environment's other settings of huggingface_hub."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment = kept | own | ({"HF_TOKEN": token} if token else {}) | more
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert not [secret for secret in (READER, WRITER) if secret in done.stdout + done.stderr]
    return done


def base_model(folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return start(folder, "-m", "stages.base_model", **options)


def manifest_of(folder: Path) -> bytes:
    return (folder / "models/base/manifest.json").read_bytes()


def load(folder: Path, **options: Any) -> dict[str, Any]:
    done = start(folder, "-c", LOAD, **options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def expected(folder: Path) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    state = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    digests = [hashlib.sha256(weight.numpy().tobytes()).hexdigest() for _, weight in sorted(state.items())]
    return {"weights": digests, "tokens": AutoTokenizer.from_pretrained(folder)("센터의 주소?")["input_ids"]}


@pytest.fixture(scope="module")
def fetched(hub: Server, sharded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which base_model and a later stage have run with the network."""
    folder = workplace(tmp_path_factory.mktemp("fetched"), "acme/private", "v1")
    stages = "from stages.base_model import main\nmain()\n" + LOAD
    done = start(folder, "-c", stages, endpoint=hub.endpoint, token=READER)
    assert done.returncode == 0, done.stderr
    download, line, loaded = done.stdout.splitlines()
    assert download.startswith("base_model: downloading ")
    assert "cache" not in line
    assert json.loads(loaded) == expected(sharded)
    return folder


def test_a_private_model_by_tag_is_resolved_to_its_commit_and_loads_its_files(hub: Server, fetched: Path) -> None:
    manifest = json.loads(manifest_of(fetched))
    assert manifest["revision"] == hub.repos["acme/private"].refs["v1"] != hub.repos["acme/private"].refs["main"]
    assert (manifest["source"], manifest["id"], manifest["location"]) == ("hub", "acme/private", "acme/private")


def test_the_token_is_sent_only_to_the_hub(hub: Server, fetched: Path) -> None:
    assert {request.token for request in hub.requests if request.path.startswith("/lfs/")} == {None}


def test_a_branch_that_moves_changes_nothing_and_what_is_cached_is_not_asked_for(
    hub: Server, fetched: Path, sharded: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(fetched, folder, symlinks=True)
    seen = len(hub.requests)
    assert load(folder, endpoint=hub.endpoint, token=READER) == expected(sharded)
    assert not [request for request in hub.requests[seen:] if "acme" in request.path or "lfs" in request.path]


#: Prints the manifest and how it is asked; the exit code is 1 where it does not load.
STYLE = """
import json
from pagetune.model.manifest import read_manifest
from pagetune.model.style import make_template
from pagetune.params import load_params
record, reason = make_template(load_params(), read_manifest())
print(json.dumps([record.style, record.eos_token, record.template]))
"""


def test_a_real_chat_model_comes_at_the_pinned_commit_and_is_asked_in_its_template(tmp_path: Path) -> None:
    real = files_of(real_model("smollm2"))
    with serving() as hub:
        pinned = hub.add("HuggingFaceTB/SmolLM2-135M-Instruct", real)
        hub.repos["HuggingFaceTB/SmolLM2-135M-Instruct"].commit(real | {"chat_template.jinja": b"{{ 1 }}"}, "Later")
        folder = workplace(tmp_path, "HuggingFaceTB/SmolLM2-135M-Instruct", pinned)
        done = start(folder, "-c", "from stages.base_model import main\nmain()\n" + STYLE, endpoint=hub.endpoint)
    assert done.returncode == 0, done.stderr
    assert "EOS <|im_end|>" in done.stdout
    style, eos, template = json.loads(done.stdout.splitlines()[-1])
    assert (style, eos) == ("chat", "<|im_end|>")
    assert template.endswith("<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n")
    manifest = json.loads(manifest_of(folder))
    assert (manifest["revision"], manifest["parameters"]) == (pinned, 134_515_008)


def refusals(folder: Path, cases: list[tuple[str, str | None, str]], **options: str) -> list[str]:
    done = start(workplace(folder, "builtin"), "-c", DESCRIBE, json.dumps(cases), **options)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert not [text for text in said if not isinstance(text, str) or "\n" in text]
    return list(said)


@pytest.fixture(scope="module")
def gone() -> str:
    with serving() as server:
        return server.endpoint


def test_offline_with_a_filled_cache_the_manifest_is_the_same(fetched: Path, gone: str, tmp_path: Path) -> None:
    folder = workplace(tmp_path, "acme/private", "v1")
    shutil.copytree(fetched / "home", folder / "home", symlinks=True)
    done = base_model(folder, endpoint=gone, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert "is loaded from the cache: HF_HUB_OFFLINE is set" in done.stdout
    assert manifest_of(folder) == manifest_of(fetched)


def test_with_the_hub_gone_a_tag_is_looked_up_in_the_cache_a_commit_needs_no_hub_and_later_stages_load(
    fetched: Path, sharded: Path, gone: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(fetched, folder, symlinks=True)
    manifest = json.loads(manifest_of(folder))
    cases = json.dumps([("acme/private", "v1", ""), ("acme/private", manifest["revision"], "")])
    done = start(folder, "-c", DESCRIBE + LOAD, cases, endpoint=gone)
    assert done.returncode == 0, done.stderr
    by_tag, by_commit, said, loaded = done.stdout.splitlines()
    assert f"at {manifest['revision']} is loaded from the cache: the Hub did not answer (ConnectError: " in by_tag
    assert "is loaded from the cache: model.revision is a commit, which never changes" in by_commit
    assert json.loads(said) == [manifest, manifest]
    assert json.loads(loaded) == expected(sharded)


def test_without_a_token_a_private_model_is_one_line(hub: Server, tmp_path: Path) -> None:
    done = base_model(workplace(tmp_path, "acme/private"), endpoint=hub.endpoint)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("base_model: params.yaml: model.base is acme/private, and the Hub answered 401")
    assert "HF_TOKEN is not set" in line


def test_what_the_hub_does_not_give_is_said_in_a_line_that_says_what_to_do(hub: Server, tmp_path: Path) -> None:
    cases = [
        ("acme/nothing", None, READER),
        ("acme/private", None, "hf_wrong"),
        ("acme/private", "v9", READER),
        ("acme/gated", None, READER),
        ("acme/bad..id", None, READER),
        ("acme/private", None, "hf_\x07broken"),
    ]
    missing, wrong, revision, gated, bad, broken = refusals(tmp_path, cases, endpoint=hub.endpoint)
    assert "acme/nothing, and the Hub answered 404" in missing
    assert "acme/private, and the Hub answered 401" in wrong
    assert "HF_TOKEN is set" in missing
    assert "model.revision is v9, which acme/private does not have" in revision
    assert "acme/gated, a gated model (403" in gated
    assert "acme/bad..id, which is not a valid Hub id" in bad
    assert "broken" not in broken


def test_a_model_with_only_pickles_is_refused_before_any_is_fetched_and_offline_too(
    hub: Server, sharded: Path, tmp_path: Path
) -> None:
    (said,) = refusals(tmp_path, [("acme/pickles", None, READER)], endpoint=hub.endpoint)
    assert (
        "acme/pickles, which holds no *.safetensors; pickled weights can run code when loaded and are refused" in said
    )
    assert "(found pytorch_model.bin)" in said
    assert not hub.asked(".bin")
    (offline,) = refusals(tmp_path, [("acme/pickles", None, READER)], endpoint=hub.endpoint, HF_HUB_OFFLINE="1")
    assert offline == said
    local = tmp_path / "local"
    local.mkdir()
    for name, data in pickled(sharded).items():
        (local / name).write_bytes(data)
    (here,) = refusals(tmp_path, [(str(local), None, READER)], endpoint=hub.endpoint)
    assert "(found pytorch_model.bin)" in here


def test_offline_with_an_empty_or_unfinished_cache_says_how_to_fill_it(
    hub: Server, fetched: Path, tmp_path: Path
) -> None:
    offline = {"endpoint": hub.endpoint, "HF_HUB_OFFLINE": "1"}
    (empty,) = refusals(tmp_path, [("acme/private", "v1", READER)], **offline)
    assert "HF_HUB_OFFLINE is set, and the cache does not hold all of v1" in empty
    assert "`hf download acme/private --revision v1`" in empty
    shutil.copytree(fetched / "home", tmp_path / "home", symlinks=True, dirs_exist_ok=True)
    next((tmp_path / "home").rglob("model-00002-of-*.safetensors")).unlink()
    (unfinished,) = refusals(tmp_path, [("acme/private", "v1", READER)], **offline)
    assert unfinished == empty


def changed(folder: Path, config: dict[str, Any], **files: bytes) -> Files:
    """Return a model's files with other values in its config.json, and other files by their names without ending."""
    own = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = {"index": "model.safetensors.index.json", "adapter": "adapter_config.json", "readme": "README.md"}
    more = {names.get(name, name): data for name, data in files.items()}
    return files_of(folder) | {"config.json": json.dumps(own | config).encode()} | more


def test_what_the_small_files_show_is_refused_before_any_weight_is_downloaded(
    hub: Server, sharded: Path, tmp_path: Path
) -> None:
    places = json.loads((sharded / "model.safetensors.index.json").read_text(encoding="utf-8"))["weight_map"]
    pickles = json.dumps({"metadata": {}, "weight_map": dict.fromkeys(places, "pytorch_model.bin")}).encode()
    packed = {"quantization_config": {"quant_method": "awq"}}
    hub.add("acme/planted", changed(sharded, {}, index=pickles) | {"pytorch_model.bin": b"a pickle"})
    hub.add("acme/adapter", changed(sharded, {}, adapter=b'{"base_model_name_or_path": "acme/elsewhere"}'))
    hub.add("acme/Tiny-AWQ", changed(sharded, packed))
    hub.add("acme/packed", changed(sharded, packed, readme=b"---\nbase_model: acme/Tiny\n---\n"))
    seen = len(hub.requests)
    names = ["acme/planted", "acme/adapter", "acme/Tiny-AWQ", "acme/packed"]
    said = refusals(tmp_path, [(name, None, READER) for name in names], endpoint=hub.endpoint)
    planted, adapter, by_name, by_readme = said
    assert "names pytorch_model.bin, which is not a .safetensors file; pickled weights can run code" in planted
    assert (
        "acme/adapter, which holds adapter_config.json: transformers would load that adapter too. Merge it" in adapter
    )
    assert by_name.endswith(
        "whose weights are quantised (AWQ), and only 16-bit or bitsandbytes weights can be tuned "
        "here. Set its 16-bit original, by its name acme/Tiny."
    )
    assert by_readme.endswith("Set its 16-bit original, acme/Tiny.")
    asked = [request.path for request in hub.requests[seen:]]
    assert not [path for path in asked if path.endswith((".safetensors", ".bin")) or path.startswith("/lfs/")]


def test_the_weights_of_a_hub_model_are_checked_before_anything_is_trained(
    hub: Server, sharded: Path, tmp_path: Path
) -> None:
    name = sorted(path.name for path in sharded.glob("model-*.safetensors"))[1]
    hub.add("acme/broken", files_of(sharded) | {name: (sharded / name).read_bytes()[:-100]})
    hub.add("acme/layers", changed(sharded, {"num_hidden_layers": 3}))
    cases = [("acme/broken", None, READER), ("acme/layers", None, READER)]
    broken, layers = refusals(tmp_path, cases, endpoint=hub.endpoint)
    assert f"acme/broken, whose {name} is cut off or broken (" in broken
    assert "lack 9 tensors (the first is model.layers.2.input_layernorm.weight), which config.json describes" in layers


def test_of_a_repository_with_both_forms_of_the_weights_the_one_that_is_read_is_downloaded(
    hub: Server, sharded: Path, tiny_base: Path, tmp_path: Path
) -> None:
    hub.add("acme/both", files_of(sharded) | {"model.safetensors": (tiny_base / "model.safetensors").read_bytes()})
    folder = workplace(tmp_path, "acme/both")
    assert base_model(folder, endpoint=hub.endpoint, token=READER).returncode == 0
    assert hub.asked("acme/both/resolve")
    assert not [path for path in hub.asked("acme/both/resolve") if "model-0000" in path]
    assert load(folder, endpoint=hub.endpoint, token=READER)["weights"] == expected(tiny_base)["weights"]


def test_a_download_that_the_disk_has_no_room_for_says_so(hub: Server, tiny_base: Path, tmp_path: Path) -> None:
    hub.add("acme/large", files_of(tiny_base))
    folder = workplace(tmp_path, "acme/large")
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10,) * 2); import stages.base_model as s"
    )
    body = f"{limited}; from pagetune.errors import run_stage; run_stage('base_model', s.main)"
    done = start(folder, "-c", body, endpoint=hub.endpoint, token=READER)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "cannot be written: no file may be larger than 64 KiB here. Run `ulimit -f unlimited`" in line


def test_a_download_that_was_interrupted_goes_on_with_what_is_missing(
    hub: Server, sharded: Path, tmp_path: Path
) -> None:
    shards = sorted(sharded.glob("model-*.safetensors"))
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in shards]
    hub.add("acme/slow", files_of(sharded))
    folder = workplace(tmp_path, "acme/slow")
    hub.down.add(digests[-1])
    done = base_model(folder, endpoint=hub.endpoint, token=READER)
    hub.down.clear()
    (line,) = done.stderr.splitlines()
    assert (done.returncode, "whose download failed (" in line, line.endswith("Run it again.")) == (1, True, True)
    assert not (folder / "models").exists()
    seen = len(hub.requests)
    done = base_model(folder, endpoint=hub.endpoint, token=READER)
    assert done.returncode == 0, done.stderr
    asked = [request.path for request in hub.requests[seen:] if request.path.startswith("/lfs/")]
    assert set(asked) == {f"/lfs/{digests[-1]}"}


#: Prints what push gives for each (folder, repository, card, token) of its argument: a URL and commit, or an error.
PUSH = """
import json, os, sys
from pathlib import Path
from pagetune.errors import UserError, quiet_libraries
quiet_libraries()
from pagetune.export.hub import push
said = []
for folder, repository, card, token in json.loads(sys.argv[1]):
    os.environ["HF_TOKEN"] = token
    try:
        said.append(" at commit ".join(push(Path(folder), repository, Path(card))))
    except UserError as error:
        said.append(str(error))
print(json.dumps(said))
"""


@pytest.fixture
def model(tiny_base: Path, tmp_path: Path) -> Path:
    """Make a folder to upload, with a README.md of its own and a hidden file."""
    folder = tmp_path / "merged"
    shutil.copytree(tiny_base, folder, ignore=shutil.ignore_patterns("manifest.json"))
    (folder / "README.md").write_text("# Not the card\n", encoding="utf-8")
    (folder / ".cache").mkdir()
    (folder / ".cache/secret").write_text("not the model's", encoding="utf-8")
    return folder


CARD = ROOT / "metrics/model_card.md"


def pushed(place: Path, folder: Path, cases: list[tuple[Any, ...]], **options: str) -> list[str]:
    wanted = [(str(folder), name, str(card), token) for name, card, token in cases]
    # With hf_xet installed, huggingface_hub (1.33) uploads only by Xet, which this server does not support.
    done = start(place, "-c", PUSH, json.dumps(wanted), HF_HUB_DISABLE_XET="1", **options)
    assert done.returncode == 0, done.stderr
    said = [str(text) for text in json.loads(done.stdout.splitlines()[-1])]
    assert not [text for text in said if "\n" in text]
    return said


@pytest.fixture
def empty_hub() -> Iterator[Server]:
    with serving() as server:
        server.tokens |= {READER: "read", WRITER: "write"}
        yield server


def test_a_model_goes_to_a_private_repository_with_its_card_in_one_commit(
    empty_hub: Server, model: Path, tmp_path: Path
) -> None:
    (said,) = pushed(tmp_path, model, [("acme/tuned", CARD, WRITER)], endpoint=empty_hub.endpoint)
    repo = empty_hub.repos["acme/tuned"]
    assert said == f"{empty_hub.endpoint}/acme/tuned at commit {repo.refs['main']}"
    assert repo.private
    assert repo.messages == ["", "Upload a model tuned with pagetune"]
    there = repo.commits[repo.refs["main"]]
    assert there["README.md"] == CARD.read_bytes()
    sent = {name: data for name, data in there.items() if name not in ("README.md", ".gitattributes")}
    assert sent == {
        path.name: path.read_bytes() for path in model.glob("*.*") if path.suffix in (".json", ".safetensors")
    }
    assert "model.safetensors" in sent
    fetch = "from huggingface_hub import snapshot_download; print(snapshot_download('acme/tuned'))"
    back = Path(start(tmp_path, "-c", fetch, endpoint=empty_hub.endpoint, token=READER).stdout.strip())
    assert files_of(back) == there
    assert {request.token for request in empty_hub.requests if request.method == "PUT"} == {None}


def test_weights_of_an_earlier_upload_go_and_what_else_stands_there_stays(
    empty_hub: Server, model: Path, tmp_path: Path
) -> None:
    earlier = {"adapter_config.json": b"{}", "model-00001-of-00002.safetensors": b"1", "notes.txt": b"mine"}
    empty_hub.add("acme/tuned", earlier, private=True)
    case = ("acme/tuned", CARD, WRITER)
    first, again = pushed(tmp_path, model, [case, case], endpoint=empty_hub.endpoint)
    repo = empty_hub.repos["acme/tuned"]
    names = set(repo.commits[repo.refs["main"]])
    assert "notes.txt" in names
    assert not names & {"adapter_config.json", "model-00001-of-00002.safetensors"}
    assert len(repo.commits) == 2
    assert again == first


def test_what_cannot_be_pushed_is_one_line_before_anything_is_uploaded(
    empty_hub: Server, model: Path, gone: str, tmp_path: Path
) -> None:
    empty_hub.add("acme/public", {}, private=False)
    empty_hub.add("acme/others", {}, private=True)
    bad_card = tmp_path / "bad.md"
    bad_card.write_text("---\na: [\n---\n# A card\n", encoding="utf-8")
    cases = [
        ("acme/tuned", CARD, ""),
        ("acme/tuned", CARD, "hf_wrong"),
        ("acme/others", CARD, READER),
        ("acme/new", CARD, READER),
        ("acme/bad..id", CARD, WRITER),
        ("tuned", CARD, WRITER),
        ("acme/public", CARD, WRITER),
        ("acme/tuned", tmp_path / "none.md", WRITER),
        ("acme/tuned", bad_card, WRITER),
    ]
    none, wrong, reads, new, bad, short, public, cardless, header = pushed(
        tmp_path, model, cases, endpoint=empty_hub.endpoint
    )
    assert "acme/tuned, which needs a token, and HF_TOKEN is not set" in none
    assert "which the Hub refused (401: Invalid" in wrong
    assert "acme/others, which the Hub refused (403: this token has no right to write" in reads
    assert "acme/new, which the Hub refused (403: " in new
    assert "acme/bad..id, which is not a valid id" in bad
    assert "tuned, which has no owner" in short
    assert "acme/public, which is public, and a tuned model repeats its documents" in public
    assert "none.md is missing" in cardless
    assert "Invalid metadata in README.md" in header
    assert not [request for request in empty_hub.requests if request.method == "PUT" or "commit" in request.path]
    (away,) = pushed(tmp_path, model, [("acme/tuned", CARD, WRITER)], endpoint=gone)
    assert "could not be reached or written (ConnectError: " in away
    (weightless,) = pushed(tmp_path, tmp_path / "home", [("acme/tuned", CARD, WRITER)], endpoint=gone)
    assert "holds no *.safetensors and no *.gguf" in weightless
    assert "Run `dvc repro export/dvc.yaml`" in weightless


def test_the_stage_push_sends_the_export_with_a_card_of_its_own_and_records_the_commit(
    empty_hub: Server, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "project"
    shutil.copytree(pipeline, folder, symlinks=True)
    edit_params(folder, {"export.push_to": "acme/tuned"})
    settings = {"HF_ENDPOINT": empty_hub.endpoint, "HF_TOKEN": WRITER, "HF_HUB_DISABLE_XET": "1"}
    for name, value in (settings | {"HF_HOME": str(tmp_path / "home")}).items():
        monkeypatch.setenv(name, value)
    said = run(folder, "dvc", "repro", "export/dvc.yaml").stdout
    assert "push: " in said
    assert WRITER not in said
    repo = empty_hub.repos["acme/tuned"]
    recorded = json.loads((folder / "models/pushed.json").read_text(encoding="utf-8"))
    assert recorded == {"repository": "acme/tuned", "commit": repo.refs["main"]}
    there = repo.commits[repo.refs["main"]]
    assert there["model.safetensors"] == (folder / "models/export/merged/model.safetensors").read_bytes()
    card = there["README.md"].decode()
    assert "library_name: transformers" in card
    assert "AutoModelForCausalLM.from_pretrained('acme/tuned', dtype=\"float16\")" in card
