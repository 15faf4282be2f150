"""Base models, built-in or from a folder, in every precision: loading, generation and training."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from conftest import ROOT, make_inputs, precision_of, resolved_params, shared
from test_prompts import example

from pagetune.errors import UserError
from pagetune.model import loading
from pagetune.model.loading import load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import describe_external, read_manifest
from pagetune.model.precision import Gpu, resolve_precision, this_gpu
from pagetune.params import Lora, Model, Params, Predict
from pagetune.predict.answers import generate
from pagetune.train.adapter import check_modules, linear_modules, lora_config
from pagetune.train.backend import Backend, Trained, choose_backend, is_fast_in_peft, load_for_training, why_peft
from pagetune.train.curve import loss_curve
from pagetune.train.loop import _naming_the_checkpoint, fit
from pagetune.train.peft_backend import _names_kept

PARAMS = resolved_params()
ON_CPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def model_params(base: str) -> Model:
    return PARAMS.model.model_copy(update={"base": base})


def lora(**changes: Any) -> Lora:
    return PARAMS.lora.model_copy(update={"r": 4, **changes})


def params_of(base: str | None = None, **changes: Any) -> Params:
    """Return the shipped settings for a quick training; `changes` are keys of `train`, or precision or lora."""
    quick = {"epochs": 60, "effective_batch_size": 4, "learning_rate": 0.002, "backend": "peft", "max_length": 64}
    precision, tuned = changes.pop("precision", "fp32"), changes.pop("lora", lora(r=16))
    train = PARAMS.train.model_copy(update={**quick, **changes})
    return PARAMS.model_copy(update={"train": train, "precision": precision, "lora": tuned, "seed": 0})


def test_a_real_checkpoint_is_described_and_loaded_from_its_folder() -> None:
    manifest = describe_external(model_params(str(shared("models", "stories260K"))))
    assert (manifest.source, manifest.parameters, manifest.eos_token) == ("local", 260_032, "</s>")
    model = load_base(manifest, precision_of("fp32"))
    prompt = "Once upon a time, there was a little girl named Lily."
    (answer,) = generate(
        model,
        load_tokenizer(manifest),
        [prompt],
        Predict(engine="transformers", batch_size=1, max_new_tokens=30, book="closed", passages=5),
    )
    assert "She loved to play outside" in answer.text


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("tokenizer.json", b'{"version": "1.0",', "the tokenizer"),
        ("tokenizer.json", b"{}", "the tokenizer"),
        ("tokenizer_config.json", b"[]", "the tokenizer"),
        ("config.json", b"[1]", "the model"),
        ("config.json", b'{"model_type": "nonsense"}', "the model"),
        ("model.safetensors", b"\x10" * 100, "the model"),
    ],
)
def test_a_file_of_the_base_that_is_broken_is_one_line(
    tiny_base: Path, model: Path, name: str, content: bytes, what: str
) -> None:
    manifest = read_manifest(tiny_base).model_copy(update={"location": str(model)})
    (model / name).write_bytes(content)
    with pytest.raises(
        UserError, match=rf"models/base: {what} cannot be loaded \(.+\)\. Run `dvc repro`, which"
    ) as raised:
        load_base(manifest, precision_of("fp32")) if what == "the model" else load_tokenizer(manifest)
    assert "\n" not in str(raised.value)


def test_an_adapter_that_is_cut_off_is_one_line(tiny_base: Path, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    manifest = read_manifest(tiny_base)
    get_peft_model(load_base(manifest, precision_of("fp32")), LoraConfig(r=2)).save_pretrained(str(tmp_path))
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"the adapter cannot be loaded \(.+\)\. Run `dvc repro`"):
        load_tuned(manifest, tmp_path, precision_of("fp32"))


@pytest.mark.parametrize(
    ("began", "error", "named"),
    [({}, EOFError(), True), ({"loss": 0}, EOFError(), False), ({}, RuntimeError("CUDA out of memory"), False)],
)
def test_a_checkpoint_that_cannot_be_loaded_is_named_until_the_first_step(
    began: dict[str, int], error: Exception, named: bool
) -> None:
    trainer = SimpleNamespace(began_step=began)
    with (
        pytest.raises(UserError if named else type(error)) as raised,
        _naming_the_checkpoint(trainer, Path("a/step-1")),
    ):
        raise error
    if named:
        assert str(raised.value).startswith(
            "a/step-1 cannot be loaded (EOFError). Run `rm -r a/step-1` and `dvc repro`"
        )


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(UserError, match=r"model\.base is \./nowhere, and there is no such folder"):
        describe_external(model_params("./nowhere"))


def test_a_folder_without_safetensors_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(UserError, match=r"holds no \*\.safetensors; pickled weights can run code"):
        describe_external(model_params(str(tmp_path)))


def test_a_hub_id_without_a_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError) as caught:
        describe_external(model_params("nobody/nothing"))
    assert "the Hub did not answer" in str(caught.value)
    assert "\n" not in str(caught.value)


@ON_CPU
def test_auto_chooses_4bit_on_a_cpu_and_says_why() -> None:
    choice = resolve_precision("auto", 10**9, PARAMS.quantization)
    assert (choice.precision, choice.reason) == ("4bit", "no GPU; bitsandbytes trains 4-bit NF4 on the CPU")


@ON_CPU
def test_fp16_without_a_gpu_is_one_line() -> None:
    with pytest.raises(UserError, match="precision: fp16 needs a GPU"):
        resolve_precision("fp16", 10**9, PARAMS.quantization)


@ON_CPU
def test_auto_falls_back_to_peft_and_says_why() -> None:
    assert choose_backend(params_of(backend="auto")) == Backend("peft", "PyTorch sees no GPU")


@pytest.mark.parametrize("precision", ["4bit", "8bit", "bf16", "fp32"])
def test_the_base_answers_in_every_precision(tiny_base: Path, precision: str) -> None:
    manifest = read_manifest(tiny_base)
    model = load_base(manifest, precision_of(precision))
    answers = generate(
        model,
        load_tokenizer(manifest),
        ["센터의 주소는"],
        Predict(engine="transformers", batch_size=1, max_new_tokens=4, book="closed", passages=5),
    )
    assert len(answers) == 1
    assert bool(getattr(model, "is_loaded_in_4bit", False)) == (precision == "4bit")


@ON_CPU
def test_a_small_4bit_model_computes_the_same_numbers_in_floating_point(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bitsandbytes.nn import Linear4bit

    manifest, choice = read_manifest(tiny_base), precision_of("4bit")
    quick = load_base(manifest, choice)
    monkeypatch.setattr(loading, "FLOAT_ON_CPU", 0)
    plain = load_base(manifest, choice)
    kinds = [{type(module) for module in model.modules()} for model in (quick, plain)]
    assert [Linear4bit in found for found in kinds] == [False, True]
    ids = load_tokenizer(manifest)("센터의 주소는", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(quick(ids).logits, plain(ids).logits)


def test_answers_are_the_same_whatever_the_batch_size(tiny_base: Path) -> None:
    manifest = read_manifest(tiny_base)
    model = load_base(manifest, precision_of("fp32"))
    prompts = ["센터의", "센터의 주소는", "전화는 02-", "a", "센터의 전화는 02-555-0143입니다. 센터의"]
    one, many = (
        generate(
            model,
            load_tokenizer(manifest),
            prompts,
            Predict(engine="transformers", batch_size=size, max_new_tokens=12, book="closed", passages=5),
        )
        for size in (1, 5)
    )
    assert one == many


def trained(tiny_base: Path, precision: str, **changes: Any) -> tuple[Any, Any, list[Any]]:
    """Return a model tuned on three questions, its tokenizer and the loss curve."""
    examples = [example("주소?", "서울"), example("전화?", "02-555"), example("요금?", "9만 원")] * 4
    job = make_inputs(tiny_base, params_of(precision=precision, **changes), examples)
    model = load_for_training(job, False)
    outcome = fit(job, model, job.plan(8 * 2**30), None)
    return model, load_tokenizer(job.manifest), outcome.curve


@pytest.mark.parametrize("precision", ["4bit", "8bit", "fp32"])
def test_an_adapter_learns_its_answers_and_to_stop(tiny_base: Path, precision: str) -> None:
    model, tokenizer, curve = trained(tiny_base, precision)
    assert curve[-1].train_loss < 0.2 * curve[0].train_loss
    assert [point.validation_loss is not None for point in curve].count(True) >= 20
    answers = generate(
        model.eval(),
        tokenizer,
        [example("주소?").prompt, example("전화?").prompt],
        Predict(engine="transformers", batch_size=2, max_new_tokens=12, book="closed", passages=5),
    )
    assert [(answer.text, answer.stopped) for answer in answers] == [("서울", True), ("02-555", True)]


def test_a_validation_does_not_cut_the_lower_layers_off(tiny_base: Path) -> None:
    """bitsandbytes repacks 4-bit weights in the first evaluation on some CPUs, and then passes no gradient down."""
    model, tokenizer, _ = trained(tiny_base, "4bit", epochs=1)
    ids = torch.tensor([tokenizer("센터의 주소는")["input_ids"]])
    with torch.no_grad():
        model.eval()(input_ids=ids)
    model.train().zero_grad()
    model(input_ids=ids, labels=ids).loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if "lora_B" in name}
    assert gradients
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients.values())


def test_layers_get_their_own_rank_and_alpha(tiny_base: Path) -> None:
    model = load_base(read_manifest(tiny_base), precision_of("fp32"))
    from peft import get_peft_model

    params = lora(
        r=8,
        alpha="auto",
        target_modules=["q_proj", "down_proj", "lm_head"],
        rank_pattern={"down_proj": 4, "lm_head": 2},
        alpha_pattern={"lm_head": 6},
    )
    check_modules(params, linear_modules(model))
    tuned = get_peft_model(model, lora_config(params))
    shapes = {n.split(".")[-4]: p.shape[0] for n, p in tuned.named_parameters() if "lora_A" in n}
    assert shapes == {"q_proj": 8, "down_proj": 4, "lm_head": 2}
    layers = [(name, module) for name, module in tuned.named_modules() if hasattr(module, "lora_A")]
    scales = {name.split(".")[-1]: module.scaling["default"] for name, module in layers}
    assert scales == {"q_proj": 2.0, "down_proj": 2.0, "lm_head": 3.0}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"target_modules": ["q_proj", "queery"]}, "lora.target_modules: queery"),
        ({"target_modules": "nothing.*"}, "lora.target_modules: nothing.*"),
        ({"target_modules": "*_proj"}, "lora.target_modules: *_proj"),
        ({"target_modules": "q_proj"}, "a name alone is written [name]"),
        ({"rank_pattern": {"*.q_proj": 4}}, "lora.rank_pattern: *.q_proj"),
        ({"rank_pattern": {"mlp.gate": 4}}, "lora.rank_pattern: mlp.gate"),
        ({"alpha_pattern": {"x": 4}, "rank_pattern": {"y": 2}}, "lora.rank_pattern: y; lora.alpha_pattern: x"),
    ],
)
def test_a_layer_that_does_not_exist_is_named(changes: dict[str, Any], says: str) -> None:
    modules = ["model.layers.0.self_attn.q_proj", "model.layers.0.mlp.gate_proj", "lm_head"]
    with pytest.raises(UserError) as caught:
        check_modules(lora(**changes), modules)
    assert says in str(caught.value)
    assert "gate_proj" in str(caught.value)


def test_what_liger_replaces_in_a_module_is_put_back() -> None:
    module = SimpleNamespace(rotate="own", norm="own")
    with _names_kept(module):
        module.rotate = module.norm = "liger"
    assert vars(module) == {"rotate": "own", "norm": "own"}


def test_the_loss_curve_joins_training_and_validation_by_step() -> None:
    log = [
        {"step": 2, "epoch": 0.5, "loss": 3.0, "learning_rate": 0.1},
        {"step": 2, "epoch": 0.5, "eval_loss": 4.0},
        {"step": 4, "epoch": 1.0, "loss": 2.0, "learning_rate": 0.0},
    ]
    points = [(p.step, p.epoch, p.train_loss, p.validation_loss) for p in loss_curve(log, steps_per_epoch=4)]
    assert points == [(2, 0.5, 3.0, 4.0), (4, 1.0, 2.0, None)]


# --- Unsloth, which is imported once

#: Stands in for stages/train.py on a machine with a GPU.
STAGE = """
import sys
import torch
from conftest import resolved_params
torch.cuda.is_available = lambda: True
from pagetune.train.backend import choose_backend
backend = choose_backend(resolved_params())
print(backend.name, "|", backend.reason, "|", "patched" in sys.modules, flush=True)
"""


@pytest.mark.parametrize(
    ("unsloth", "says"),
    [
        ("print('imported')", "imported\nunsloth | Unsloth runs on this machine | False\n"),
        (
            "import sys\nsys.modules['patched'] = sys\nprint('imported')\nraise RuntimeError('old:\\nno kernels')",
            "imported\npeft | import unsloth failed (no kernels) | False\n",
        ),
    ],
)
def test_the_stage_imports_unsloth_once_and_starts_again_without_it_where_that_fails(
    unsloth: str, says: str, tmp_path: Path
) -> None:
    for name, code in (("stages/__init__.py", ""), ("stages/train.py", STAGE), ("unsloth.py", unsloth)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code, encoding="utf-8")
    paths = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-m", "stages.train"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == says, done.stderr


def test_unsloth_is_left_out_where_it_costs_more_than_it_saves() -> None:
    def reason(**model: Any) -> str | None:
        return why_peft(params_of(backend="auto"), 1, False, Trained(**model))

    assert reason(parameters=8 * 10**9) is None
    assert reason(parameters=4 * 10**6) == "a model of 4 million parameters trains no faster with Unsloth"
    assert reason(parameters=8 * 10**9, fast_in_peft=True) == (
        "in 16 bits, Liger's kernels under PEFT are as fast, and Unsloth takes longer to start"
    )
    assert why_peft(params_of(backend="unsloth"), 1, False, Trained(4 * 10**6, fast_in_peft=True)) is None


@pytest.mark.parametrize(
    ("precision", "gib", "liger", "fast"),
    [("bf16", 80, True, True), ("bf16", 24, True, False), ("bf16", 80, False, False), ("4bit", 80, True, False)],
)
def test_peft_is_as_fast_in_16_bits_with_liger_and_room_for_all_activations(
    precision: str, gib: int, liger: bool, fast: bool
) -> None:
    assert is_fast_in_peft(precision, 8 * 10**9, Gpu(gib * 2**30, has_bf16=True), liger) == fast
    assert not is_fast_in_peft(precision, 8 * 10**9, None, liger)


@pytest.mark.parametrize(("capability", "refused"), [((7, 0), True), ((7, 5), False), ((9, 0), False)])
def test_a_gpu_that_pytorch_has_no_kernels_for_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], refused: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: ["sm_75", "sm_90", "sm_100", "compute_120"])
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla V100")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=2**34))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    if not refused:
        assert this_gpu() is not None
        return
    with pytest.raises(UserError, match=r"^Tesla V100 has compute capability 7\.0, .* built for 7\.5 and newer\. Set "):
        this_gpu()
