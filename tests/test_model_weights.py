"""The tensors of a base are those that its config describes, and their values are numbers: base_model sees to it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_tiny_seq2seq, precision_of
from safetensors.torch import load_file, save_file
from test_loading import model_params
from test_model_files import configure, refused

from pagetune.errors import UserError
from pagetune.model import weights
from pagetune.model.loading import load_base
from pagetune.model.manifest import Manifest, describe_external, read_manifest

Tensors = dict[str, torch.Tensor]
UP = "model.layers.1.mlp.up_proj.weight"
NORM = "model.norm.weight"
EMBEDDING = "model.embed_tokens.weight"


def change(folder: Path, how: Callable[[Tensors], Tensors]) -> None:
    """Write the tensors of a model again, as `how` changes them."""
    tensors = how(load_file(folder / "model.safetensors"))
    save_file(
        {name: tensor.clone().contiguous() for name, tensor in tensors.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )


def without(*names: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if name not in names}


def with_tensors(**more: torch.Tensor) -> Callable[[Tensors], Tensors]:
    return lambda tensors: tensors | {name.replace("__", "."): tensor for name, tensor in more.items()}


def accepted(folder: Path) -> Manifest:
    return describe_external(model_params(str(folder)))


def saved(folder: Path, config: Any, tokenizer: Path) -> Path:
    """Save a model of another family with random weights, and the tokenizer of the tiny one."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(0)
    config.eos_token_id = AutoTokenizer.from_pretrained(tokenizer).eos_token_id
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, folder)
    return folder


def mixtral(**more: Any) -> Any:
    from transformers import MixtralConfig

    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    return MixtralConfig(**shape, num_key_value_heads=1, vocab_size=400, num_local_experts=4, **more)


def test_a_missing_tensor_is_named_and_counted(model: Path) -> None:
    change(model, without(UP))
    said = refused(model)
    assert said.startswith(f"whose weights (model.safetensors) lack {UP}, which config.json describes; transformers")
    assert said.endswith("Download it again. Take config.json and the weights from the same model.")
    change(model, without(NORM))
    assert "lack 2 tensors (the first is model.layers.1.mlp.up_proj.weight), which config" in refused(model)


def test_a_model_whose_weights_are_missing_is_not_loaded_with_random_ones(tiny_base: Path, model: Path) -> None:
    """A second net, for weights that have changed since base_model."""
    change(model, without(UP))
    manifest = read_manifest(tiny_base).model_copy(update={"location": str(model)})
    with pytest.raises(UserError, match=rf"whose weights lack 1 tensors \(the first is {UP}\); they would be random"):
        load_base(manifest, precision_of("fp32"))


def test_an_embedding_of_another_vocabulary_is_named_with_both_shapes(model: Path) -> None:
    configure(model, vocab_size=400)
    said = refused(model)
    assert f"whose tensor {EMBEDDING} has the shape (316, 128), and config.json describes (400, 128)" in said


def test_layers_that_the_config_leaves_out_are_refused(model: Path) -> None:
    configure(model, num_hidden_layers=1)
    said = refused(model)
    assert "hold 9 tensors (the first is model.layers.1.input_layernorm.weight), which config.json leaves out" in said
    change(model, lambda tensors: {name.removeprefix("model."): tensor for name, tensor in tensors.items()})
    assert "which config.json leaves out; the model would run without them" in refused(model)


def test_biases_that_the_config_leaves_out_are_refused(model: Path) -> None:
    change(model, with_tensors(model__layers__0__self_attn__q_proj__bias=torch.ones(128)))
    assert "hold model.layers.0.self_attn.q_proj.bias, which config.json leaves out" in refused(model)


@pytest.mark.parametrize(
    "name", ["model__mtp__0__weight", "vision_tower__weight", "v_head__summary__weight", "model__layers__0__scale"]
)
def test_what_the_class_does_not_use_is_one_note(model: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    change(model, with_tensors(**{name: torch.full((2,), torch.nan)}))
    assert accepted(model).parameters == 368_768
    (line,) = capsys.readouterr().out.splitlines()
    assert line == f"base_model: LlamaForCausalLM does not use {name.replace('__', '.')} of {model}"


def test_layers_for_predicting_several_tokens_are_a_note(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(model, num_nextn_predict_layers=1)
    change(model, lambda tensors: tensors | {UP.replace("1", "2"): tensors[UP]})
    assert accepted(model).parameters == 368_768
    assert "does not use model.layers.2.mlp.up_proj.weight" in capsys.readouterr().out


@pytest.mark.parametrize(
    "how",
    [
        lambda tensors: {name.removeprefix("model."): tensor for name, tensor in tensors.items()},
        lambda tensors: tensors | {"lm_head.weight": tensors[EMBEDDING]},
        lambda tensors: {("lm_head.weight" if name == EMBEDDING else name): it for name, it in tensors.items()},
        lambda tensors: tensors | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(32)},
        lambda tensors: {name: tensor.to(torch.bfloat16) for name, tensor in tensors.items()},
        lambda tensors: {name: tensor.to(torch.float8_e4m3fn) for name, tensor in tensors.items()},
    ],
    ids=["without the prefix", "with the tied head", "only the tied head", "old buffers", "16 bits", "8 bits"],
)
def test_what_is_stored_differently_is_no_alarm(
    model: Path, capsys: pytest.CaptureFixture[str], how: Callable[[Tensors], Tensors]
) -> None:
    change(model, how)
    assert accepted(model).parameters == 368_768
    assert capsys.readouterr().out == ""


def test_other_families_are_no_alarm(tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from transformers import GPT2Config, GPTNeoXConfig, Qwen3MoeConfig

    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 400}
    experts = {"intermediate_size": 64, "moe_intermediate_size": 16, "num_experts": 4, "num_key_value_heads": 1}
    families = [
        GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=400),
        GPTNeoXConfig(**shape, intermediate_size=64),
        Qwen3MoeConfig(**shape, **experts, head_dim=16),
        mixtral(),
    ]
    for number, config in enumerate(families):
        assert accepted(saved(tmp_path / str(number), config, tiny_base)).parameters > 10_000
    assert capsys.readouterr().out == ""


def test_an_encoder_decoder_is_no_alarm(tmp_path: Path) -> None:
    make_tiny_seq2seq(tmp_path, steps=1)
    assert accepted(tmp_path).encoder_decoder


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ("experts.2.w1.weight", "whose tensors do not make up the model that config.json describes: one of a group"),
        ("experts.3.w", "experts.down_proj has the shape (3, 32, 64), and config.json describes (4, 32, 64)"),
    ],
)
def test_a_missing_expert_is_one_line(tiny_base: Path, tmp_path: Path, lost: str, says: str) -> None:
    """transformers stacks the experts of a layer, and then says nothing of which one was missing."""
    folder = saved(tmp_path / "experts", mixtral(), tiny_base)
    change(folder, lambda tensors: {name: tensor for name, tensor in tensors.items() if lost not in name})
    said = refused(folder)
    assert says in said
    assert said.endswith("Take config.json and the weights from the same model.")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e5m2])
def test_a_value_that_is_not_a_number_is_found_in_every_format(model: Path, value: float, dtype: torch.dtype) -> None:
    def plant(tensors: Tensors) -> Tensors:
        tensors[UP] = tensors[UP].to(dtype)
        tensors[UP][-1, -1] = value
        return tensors

    change(model, plant)
    assert refused(model).startswith(
        f"whose model.safetensors holds values that are not numbers (NaN or infinity) in {UP}"
    )


def test_a_value_in_a_later_chunk_is_found_too(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "CHUNK", 1000)

    def plant(tensors: Tensors) -> Tensors:
        tensors[EMBEDDING][300, 5] = torch.nan
        return tensors

    change(model, plant)
    assert f"(NaN or infinity) in {EMBEDDING}" in refused(model)


def test_a_matrix_of_zeros_is_mentioned(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new layer may begin so, and a download that was cut off may end so."""
    change(model, lambda tensors: tensors | {UP: torch.zeros_like(tensors[UP])})
    accepted(model)
    assert f"base_model: only zeros are in {UP} of {model}" in capsys.readouterr().out


def test_a_file_without_tensors_is_said(model: Path) -> None:
    change(model, lambda _: {})
    assert refused(model) == "whose model.safetensors holds no tensor. Download that file again."


def test_a_large_file_gets_a_line(model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(weights, "SAY_FROM_BYTES", 1000)
    accepted(model)
    assert "base_model: reading model.safetensors (1 of 1, 0.0 GB)" in capsys.readouterr().out


def test_an_eos_that_the_model_has_no_embedding_for_is_refused(model: Path) -> None:
    tokenizer = json.loads((model / "tokenizer_config.json").read_text(encoding="utf-8"))
    (model / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"eos_token": "<|new|>"}), encoding="utf-8")
    said = refused(model)
    assert "whose tokenizer has 1 tokens beyond its embedding of 316 rows; the first is '<|new|>' with id 316" in said
