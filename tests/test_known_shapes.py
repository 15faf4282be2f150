"""`plan --model` knows models by name, reads other configs as transformers builds them, and asks the Hub once."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params
from hub_server import serving
from typer.testing import CliRunner

from benchmarks.gpu_guide import GUIDE
from pagetune.__main__ import app
from pagetune.commands.plan import look_ahead, plan_lines
from pagetune.errors import UserError
from pagetune.params import load_params
from pagetune.plan import find_config as lookup
from pagetune.plan.known_shapes import KNOWN_MODELS, KNOWN_SHAPES, KnownModel, find_known, nearest_names
from pagetune.plan.shapes import Shape, shape_of

NAMES = [name for model in KNOWN_MODELS for name in model.names]
by_name = pytest.mark.parametrize("model", KNOWN_MODELS, ids=lambda model: model.names[0])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with only params.yaml."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit_params(tmp_path, {"lora.r": 16, "train.effective_batch_size": 16})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("something opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@by_name
def test_a_known_model_has_the_published_number_of_parameters(model: KnownModel) -> None:
    """Norms and biases are not counted; one decimal of a small number is 1.2% off."""
    assert model.parameters / 1e9 == pytest.approx(model.billions, rel=0.015)


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("LGAI-EXAONE/EXAONE-4.0-1.2B", 1.07),
        ("LGAI-EXAONE/EXAONE-4.0-32B", 30.95),
        ("LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct", 2.14),
        ("LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", 6.98),
        ("naver-hyperclovax/HyperCLOVAX-SEED-Text-Instruct-0.5B", 0.45),
        ("naver-hyperclovax/HyperCLOVAX-SEED-Text-Instruct-1.5B", 1.36),
        ("naver-hyperclovax/HyperCLOVAX-SEED-Think-14B", 13.38),
        ("Qwen/Qwen3-0.6B", 0.44),
        ("Qwen/Qwen3-1.7B", 1.4),
        ("Qwen/Qwen3-4B", 3.6),
        ("Qwen/Qwen3-8B", 6.95),
        ("Qwen/Qwen3-14B", 13.2),
        ("Qwen/Qwen3-32B", 31.2),
        ("google/gemma-3-1b-it", 0.698),
        ("google/gemma-3-4b-it", 3.209),
        ("google/gemma-3-12b-it", 10.759),
        ("google/gemma-3-27b-it", 25.600),
    ],
)
def test_a_known_model_has_the_published_number_without_its_embedding(name: str, billions: float) -> None:
    known = find_known(name)
    assert known is not None
    assert known[1].shape.linear_parameters / 1e9 == pytest.approx(billions, rel=0.015)


def widths_of(shape: Shape) -> dict[str, Any]:
    """Return a shape in the words of a decoder's config."""
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads")
    return {name: getattr(shape, name) for name in (*names, "head_dim", "vocab_size")} | {
        "tie_word_embeddings": shape.tied
    }


def config_of(name: str, shape: Shape) -> Any:
    """Build the config of a family from transformers' own class, with the widths of `shape`."""
    import transformers as t

    repository, widths = name.split("/")[1], widths_of(shape)
    if "kobart" in name:
        return t.BartConfig(
            vocab_size=shape.vocab_size,
            d_model=shape.hidden_size,
            encoder_layers=shape.cross_layers,
            decoder_layers=shape.cross_layers,
            encoder_ffn_dim=shape.intermediate_size,
            decoder_ffn_dim=shape.intermediate_size,
            encoder_attention_heads=shape.num_attention_heads,
            decoder_attention_heads=shape.num_attention_heads,
            max_position_embeddings=shape.positions // 2,
        )
    if re.match(r"gemma-3-\d+b", repository) and "1b" not in repository:
        return t.Gemma3Config(text_config=widths, vision_config=SMALL_VISION)
    if "EXAONE-3.5" in name:  # its own code has these names, and transformers has no class for it
        return t.PretrainedConfig(**widths, activation_function="silu", layer_norm_epsilon=1e-5)
    if "2.1b" in name:  # see test_transformers_still_refuses_kanana_2_1b
        config = t.LlamaConfig(**widths | {"num_attention_heads": shape.hidden_size // shape.head_dim})
        config.num_attention_heads = shape.num_attention_heads
        return config
    classes = {
        "EXAONE-4": t.Exaone4Config,
        "HyperCLOVAX-SEED-Think": t.HyperCLOVAXConfig,
        "A.X-4": t.Qwen2Config,
        "Qwen2.5": t.Qwen2Config,
        "Qwen3": t.Qwen3Config,
        "gemma-3": t.Gemma3TextConfig,
    }
    return next((each for start, each in classes.items() if repository.startswith(start)), t.LlamaConfig)(**widths)


SMALL_VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


@by_name
def test_transformers_own_config_of_a_known_model_is_read_as_its_shape(model: KnownModel) -> None:
    assert shape_of(config_of(model.names[0], model.shape)) == model.shape


def test_transformers_still_refuses_kanana_2_1b() -> None:
    """Its heads do not divide its width. Once this fails, take the sentence on it out of docs/gpu.md."""
    import transformers as t

    known = find_known("kanana-1.5-2.1b-base")
    assert known is not None
    with pytest.raises(Exception, match=r"\(1792\) is not a multiple of the number of attention heads \(24\)"):
        t.LlamaConfig(**widths_of(known[1].shape))
    assert "`kanana` of 2.1b" in GUIDE.read_text(encoding="utf-8")


DECODER = Shape(64, 96, 4, 4, 2, 16, 500, tied=False)
TIED = Shape(64, 96, 4, 4, 2, 32, 500, tied=True)
SMALL = {
    "LGAI-EXAONE/EXAONE-4.0-32B": DECODER,
    "LGAI-EXAONE/EXAONE-4.0-1.2B": Shape(64, 96, 4, 4, 2, 16, 500, tied=True),
    "naver-hyperclovax/HyperCLOVAX-SEED-Think-14B": DECODER,
    "naver-hyperclovax/HyperCLOVAX-SEED-Text-Instruct-0.5B": TIED,
    "skt/A.X-4.0": DECODER,
    "Qwen/Qwen3-4B": TIED,
    "Qwen/Qwen3-32B": DECODER,
    "google/gemma-3-1b-it": TIED,
    "google/gemma-3-4b-it": TIED,
    "gogamza/kobart-base-v2": Shape(
        64, 128, 4, 4, 4, 16, 500, tied=True, gated=False, cross_layers=2, positions=2 * 40
    ),
}


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_of_each_family_has_the_parameters_of_its_shape(name: str) -> None:
    """A multimodal one is counted without its vision tower."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = config_of(name, SMALL[name])
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    with torch.device("meta"):
        model = auto.from_config(config)
    counted = {id(weights): weights.numel() for key, weights in model.named_parameters() if is_text(key)}
    assert shape_of(config).parameters == pytest.approx(sum(counted.values()), rel=0.02)
    assert shape_of(config) == SMALL[name]


def is_text(key: str) -> bool:
    return "vision" not in key and "multi_modal" not in key


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("name", NAMES)
def test_a_known_model_is_planned_without_a_network(folder: Path, name: str) -> None:
    said = plan_lines(400, name, "bf16")
    assert said[0].startswith(f"plan: {name}")
    assert "assumed rows" in said[2]


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("written", ["lgai-exaone/exaone-4.0-32b", "EXAONE-4.0-32B", "exaone-4.0-32b", "32B", "7b"])
def test_neither_case_nor_owner_matters(folder: Path, written: str) -> None:
    assert plan_lines(400, written, "bf16")


def test_a_folder_is_meant_rather_than_a_known_name(folder: Path) -> None:
    shape = Shape(64, 96, 2, 4, 2, 16, 500, tied=True)
    config_of("Qwen/Qwen3-4B", shape).save_pretrained(folder / "8b")
    assert look_ahead(load_params(), 24, "8b", None).model.shape == shape


@pytest.mark.usefixtures("no_network")
def test_a_known_model_in_the_cache_has_its_tokenizer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    snapshot = folder / "models--Qwen--Qwen3-8B" / "snapshots" / "abc"
    for file in (snapshot / "tokenizer_config.json", folder / "models--Qwen--Qwen3-8B" / "refs" / "main"):
        file.parent.mkdir(parents=True)
        file.write_text("abc", encoding="utf-8")
    assert look_ahead(load_params(), 24, "qwen3-8b", None).model.location == str(snapshot)
    assert look_ahead(load_params(), 24, "qwen3-4b", None).model.location is None


def test_the_precision_of_a_model_that_reads_images_is_that_of_all_its_weights(folder: Path) -> None:
    model = look_ahead(load_params(), 24, "gemma-3-4b-it", None).model
    assert model.parameters - model.shape.parameters == 417_000_000
    assert model.name == "google/gemma-3-4b-it, without its vision tower"


def test_every_name_is_in_the_guide_and_every_name_of_the_guide_is_known() -> None:
    table = GUIDE.read_text(encoding="utf-8").split("<!-- known models:")[1].split("<!-- end -->")[0]
    assert re.findall(r"`([^`]+/[^`]+)`", table) == NAMES
    assert len({name.lower() for name in NAMES}) == len(NAMES)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("exaone-4-32b", "Did you mean EXAONE-4.0-32B or"),
        ("solar", "Did you mean SOLAR-10.7B-Instruct-v1.0 or SOLAR-10.7B-v1.0?"),
        ("gpt-17", "is neither a folder, nor a Hub id (owner/name), nor a known name. Name a folder"),
        ("./models/llama", "is neither a folder"),
        ("a/b/c", "is neither a folder"),
        (".", "is a folder without config.json"),
    ],
)
def test_what_cannot_be_a_hub_id_is_refused_without_a_network(folder: Path, written: str, says: str) -> None:
    error = CliRunner().invoke(app, ["plan", "--model", written]).exception
    assert isinstance(error, UserError)
    assert says in str(error)
    assert f"one of {', '.join(KNOWN_SHAPES)}, EXAONE-4.0-32B" in str(error)
    assert "\n" not in str(error)


def test_names_that_are_near_are_few() -> None:
    assert len(nearest_names("qwen3")) == 3
    assert nearest_names("a/b") == []


def plan_of(folder: Path, endpoint: str, **more: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """Plan for a model that nobody knows, in a process, because huggingface_hub reads its settings when imported."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    own = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pagetune", "plan", "--gpu-gib", "24", "--model", "somebody/unknown"]
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=kept | own | more, capture_output=True, text=True, check=False)
    return done, time.monotonic() - begun


def assert_one_line(done: subprocess.CompletedProcess[str], says: str) -> None:
    assert done.returncode == 1
    assert re.fullmatch(r"pagetune: plan: the model somebody/unknown .*\n", done.stderr), done.stderr
    assert says in done.stderr


def test_a_hub_without_the_model_is_asked_once(folder: Path) -> None:
    with serving() as hub:
        done, _ = plan_of(folder, hub.endpoint)
    assert_one_line(done, "cannot be read: the Hub answered 40")
    assert hub.asked("unknown") == ["GET /api/models/somebody/unknown"]


def test_a_hub_that_never_answers_costs_seconds(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done, seconds = plan_of(folder, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert_one_line(done, "the Hub did not answer")
    assert seconds < lookup.TIMEOUT_SECONDS + 10  # the rest is for the imports on a slow machine


def test_offline_the_hub_is_not_asked(folder: Path) -> None:
    with serving() as hub:
        done, _ = plan_of(folder, hub.endpoint, HF_HUB_OFFLINE="1")
    assert_one_line(done, "is not in the cache, and HF_HUB_OFFLINE is set")
    assert not hub.requests


def test_the_config_of_another_model_is_read_from_the_hub(folder: Path) -> None:
    shape = Shape(64, 96, 2, 4, 2, 16, 500, tied=True)
    config = config_of("Qwen/Qwen3-4B", shape).to_json_string().encode()
    with serving() as hub:
        hub.add("somebody/unknown", {"config.json": config})
        done, _ = plan_of(folder, hub.endpoint)
        assert done.stdout.startswith("plan: somebody/unknown"), done.stderr
        asked = hub.asked("unknown")
        again, _ = plan_of(folder, hub.endpoint)
    assert again.stdout == done.stdout
    assert hub.asked("unknown") == asked
