"""The fused LoRA layer gives the same as PEFT's: outputs, and the gradients of adapter and input."""

from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch
from conftest import make_inputs
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, PeftModel, get_peft_model
from test_loading import params_of
from test_prompts import example
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from pagetune.errors import UserError
from pagetune.model import fp8, fused_lora
from pagetune.train import peft_backend
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import load_for_training


class Small(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))  # type: ignore[no-any-return]


def tuned_pair(bias: bool = False, four_bits: bool = False, **lora: Any) -> Any:
    torch.manual_seed(0)
    layers = [nn.Linear(64, 128, bias=bias), nn.Linear(128, 64, bias=bias)]
    if four_bits:
        layers = [in_4_bits(layer) for layer in layers]
    model = Small(*layers).requires_grad_(False)
    tuned = get_peft_model(
        model, LoraConfig(**{"r": 8, "lora_alpha": 24, "target_modules": ["first", "second"]} | lora)
    )
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)  # zeros would hide lora_A
    return tuned


def in_4_bits(layer: nn.Linear) -> Any:
    quantized = bitsandbytes.nn.Linear4bit(
        layer.in_features, layer.out_features, bias=False, compute_dtype=torch.float32, quant_type="nf4"
    )
    quantized.load_state_dict({"weight": layer.weight.data})
    return quantized.to("cpu")


def outcome(model: Any, dtype: torch.dtype | None = None, checkpointing: bool = False) -> list[torch.Tensor]:
    """Return the output, then the gradients of the input and of the adapter."""
    torch.manual_seed(1)
    x = torch.randn(2, 5, 64, requires_grad=True)
    with torch.autocast("cpu", dtype=dtype or torch.bfloat16, enabled=dtype is not None):
        out = checkpoint(model, x, use_reentrant=False) if checkpointing else model(x)
    out.float().square().sum().backward()
    gradients = [p.grad.clone() for p in model.parameters() if p.requires_grad]
    model.zero_grad()
    return [out.detach().float(), x.grad, *gradients]


def largest_difference(ones: list[torch.Tensor], others: list[torch.Tensor]) -> float:
    """Return the largest difference as a share of the tensor's largest number."""
    assert len(ones) == len(others) == 6
    return max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(ones, others, strict=True))


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"bias": True}, {"four_bits": True}, {"use_rslora": True}, {"rank_pattern": {"second": 4}}], ids=str
)
def test_outputs_and_gradients_are_those_of_peft(options: dict[str, Any], checkpointing: bool) -> None:
    model = tuned_pair(**options)
    expected = outcome(model)
    fused_lora.fuse(model)
    assert "forward" in vars(model.base_model.model.first)
    assert largest_difference(expected, outcome(model, checkpointing=checkpointing)) < 1e-5


def test_under_autocast_they_differ_by_its_rounding() -> None:
    model = tuned_pair()
    exact = outcome(model)
    rounded = largest_difference(exact, outcome(model, torch.bfloat16))
    fused_lora.fuse(model)
    assert largest_difference(exact, outcome(model, torch.bfloat16)) < 1.5 * rounded < 0.05


def test_another_scale_is_noticed() -> None:
    model = tuned_pair()
    expected = outcome(model)
    fused_lora.fuse(model)
    model.base_model.model.first.scaling["default"] *= 2
    assert largest_difference(expected, outcome(model)) > 0.1


@pytest.mark.parametrize("lora", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}], ids=str)
def test_what_it_cannot_do_stays_with_peft(lora: dict[str, Any]) -> None:
    model = tuned_pair(bias=True, **lora)
    fused_lora.fuse(model)
    assert "forward" not in vars(model.base_model.model.first)


def test_taken_back_the_model_is_peft_s_own() -> None:
    model = tuned_pair()
    fused_lora.fuse(model)
    fused_lora.unfuse(model)
    assert "forward" not in vars(model.base_model.model.first)


def test_in_8_bit_floats_they_differ_by_their_rounding() -> None:
    model = tuned_pair(bias=True).to(torch.bfloat16)
    expected = outcome(model, torch.bfloat16)
    assert fused_lora.fuse(model, in_fp8=True) == 2
    assert vars(model.base_model.model.first.base_layer)["fp8"].rows.shape == (128, 64)
    assert 0.001 < largest_difference(expected, outcome(model, torch.bfloat16)) < 0.1


def test_4_bit_weights_that_fsdp_holds_as_plain_tensors_are_unpacked() -> None:
    model = tuned_pair(four_bits=True)
    expected = outcome(model)
    fused_lora.fuse(model)
    for layer in (model.base_model.model.first.base_layer, model.base_model.model.second.base_layer):
        layer.quant_state, view = layer.weight.quant_state, layer.weight.data
        del layer.weight
        layer.weight = view
    assert largest_difference(expected, outcome(model)) < 1e-5


@given(exponents=st.lists(st.integers(-20, 20), min_size=1, max_size=8), seed=st.integers(0, 2**32 - 1))
def test_each_row_keeps_its_own_scale_in_8_bit_floats(exponents: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    matrix = torch.randn(len(exponents), 16) * 2.0 ** torch.tensor(exponents).unsqueeze(1)
    quantized, scales = fp8.to_fp8(matrix)
    largest = matrix.abs().amax(dim=1, keepdim=True)
    assert ((quantized.float() * scales - matrix).abs() <= largest / 16).all()


def test_a_row_of_zeros_stays_zero_in_8_bit_floats() -> None:
    quantized, scales = fp8.to_fp8(torch.zeros(2, 16))
    assert torch.isfinite(scales).all()
    assert not quantized.float().any()


def test_back_in_16_bits_the_base_is_that_of_8_bits() -> None:
    model = tuned_pair().to(torch.bfloat16)
    layer = model.base_model.model.first.base_layer
    exact = layer.weight.detach().clone()
    fused_lora.fuse(model, in_fp8=True)
    fused_lora.unfuse(model)
    assert layer.weight.dtype == torch.bfloat16
    assert (layer.weight - exact).abs().max() <= exact.abs().max() / 16


def test_layers_whose_sides_8_bits_cannot_take_stay_in_16() -> None:
    torch.manual_seed(0)
    model = Small(nn.Linear(64, 40), nn.Linear(40, 64)).requires_grad_(False).to(torch.bfloat16)
    tuned = get_peft_model(model, LoraConfig(r=4, target_modules=["first", "second"]))
    assert fused_lora.fuse(tuned, in_fp8=True) == 0


@pytest.mark.parametrize(
    ("precision", "alone", "reason"),
    [
        ("bf16", True, None),
        ("4bit", True, "it needs a bf16 base, and this one is 4bit"),
        ("bf16", False, "it works in a single process only (train.processes: 1)"),
    ],
)
def test_8_bit_floats_are_for_a_bf16_base_on_one_gpu(
    monkeypatch: pytest.MonkeyPatch, precision: str, alone: bool, reason: str | None
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    assert fp8.why_no_fp8(precision, alone) == reason
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    assert str(fp8.why_no_fp8(precision, alone)).startswith("it needs a GPU that computes in 8-bit floats")


def test_without_a_gpu_8_bit_floats_are_refused_in_one_line(tiny_base: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    params = params_of(fp8=True)
    job = make_inputs(tiny_base, params, [example("주소?", "서울")] * 4)
    with pytest.raises(UserError, match=r"^params\.yaml: train\.fp8: it needs a GPU .*\. Set false\.$"):
        load_for_training(job, False)


def test_8_bit_floats_without_a_layer_to_put_them_in_are_refused() -> None:
    with pytest.raises(UserError, match=r"needs lora\.dropout: 0, .* Set false\.$"):
        peft_backend._fuse_lora(tuned_pair(lora_dropout=0.1), True)


def test_no_tokens_go_through_as_with_peft() -> None:
    model = tuned_pair()
    fused_lora.fuse(model)
    assert model(torch.zeros(0, 64)).shape == (0, 64)


def test_a_4_bit_layer_answers_in_the_type_of_its_input_as_with_peft() -> None:
    model = tuned_pair(four_bits=True)
    expected = outcome(model, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.base_model.model.first(torch.randn(2, 64)).dtype == torch.float32
        fused_lora.fuse(model)
        assert model.base_model.model.first(torch.randn(2, 64)).dtype == torch.float32
    assert largest_difference(expected, outcome(model, torch.bfloat16)) < 0.05


def small_llama(**options: Any) -> Any:
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 96}
    return LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=4, **options)).requires_grad_(False)


@pytest.mark.parametrize("tied", [False, True])
def test_in_8_bit_floats_the_head_stays_whole_and_so_does_the_saved_adapter(tied: bool, tmp_path: Path) -> None:
    tokens = torch.arange(20).unsqueeze(0)
    targets = ["q_proj", "down_proj", "lm_head"]
    base = small_llama(tie_word_embeddings=tied).to(torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=4, target_modules=targets, ensure_weight_tying=tied))
    assert fused_lora.fuse(model, in_fp8=True) == 4
    expected = model(tokens).logits.float()
    save_adapter(model, tmp_path)
    whole = small_llama(tie_word_embeddings=tied).to(torch.bfloat16)
    loaded = PeftModel.from_pretrained(whole, str(tmp_path))
    assert (loaded(tokens).logits.float() - expected).abs().max() < 0.1 * expected.abs().max()


def test_experts_stay_with_peft_and_learn() -> None:
    torch.manual_seed(0)
    config = Qwen3MoeConfig(
        hidden_size=64, intermediate_size=128, moe_intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, num_experts=4, num_experts_per_tok=2, vocab_size=96, decoder_sparse_step=1,
    )  # fmt: skip
    base = Qwen3MoeForCausalLM(config).requires_grad_(False)
    model = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    tokens = torch.arange(20).unsqueeze(0)
    expected = model(tokens).logits
    fused_lora.fuse(model)
    out = model(tokens, labels=tokens)
    assert torch.allclose(expected, out.logits, atol=1e-4)
    out.loss.backward()
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
