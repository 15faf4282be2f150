"""`pagetune preset --from-guide`: a guide's own file becomes settings of params.yaml, with a word about each."""

import difflib
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, run, shared
from dvc.utils.hydra import apply_overrides

from pagetune.commands.guides import apply_guide
from pagetune.errors import UserError
from pagetune.params import load_params


@pytest.fixture
def params(tmp_path: Path) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def apply(params: Path, text: str, document: int | None = None) -> list[str]:
    guide = params.parent / "config.yaml"
    guide.write_text(text, encoding="utf-8")
    return apply_guide(guide, document, params)


def refusal(params: Path, text: str, document: int | None = None) -> str:
    before = params.read_bytes()
    with pytest.raises(UserError) as caught:
        apply(params, text, document)
    assert params.read_bytes() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def values_of(params: Path, *keys: str) -> list[Any]:
    values: dict[str, Any] = load_params(params).model_dump()
    found = []
    for key in keys:
        node: Any = values
        for part in key.split("."):
            node = node[part]
        found.append(node)
    return found


def test_the_shared_guide_says_which_documents_it_has(params: Path) -> None:
    guide = shared("data", "guide_config.yaml")
    with pytest.raises(
        UserError, match=r"holds 3 documents\. Choose one with --document\. 1: decoder_max_len: 200"
    ) as said:
        apply_guide(guide, None, params)
    assert "2: per_device_train_batch_size: 1" in str(said.value)
    with pytest.raises(UserError, match=r"has no document 4\. Choose from 1 to 3\."):
        apply_guide(guide, 4, params)


def test_each_document_of_the_shared_guide_becomes_its_settings(params: Path) -> None:
    guide = shared("data", "guide_config.yaml")
    lines = apply_guide(guide, 1, params)
    assert "qlora.lora_rank: 16 -> lora.r: 16" in lines
    keys = (
        "quantization.bnb_4bit_compute_dtype",
        "precision",
        "lora.dropout",
        "train.eval_steps",
        "predict.max_new_tokens",
    )
    assert values_of(params, *keys) == ["fp16", "4bit", 0.05, 400, 200]
    assert load_params(params).lora.target_modules == ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
    assert any("out_proj, fc1 and fc2 are names of encoder-decoders" in line for line in lines)
    apply_guide(guide, 2, params)
    batch = "train.per_device_train_batch_size", "train.effective_batch_size"
    assert values_of(params, *batch, "lora.r") == [1, 16, 8]
    apply_guide(guide, 3, params)
    assert values_of(params, *batch, "train.backend") == [8, 16, "unsloth"]


def test_comments_and_other_lines_stay(params: Path) -> None:
    before = params.read_text(encoding="utf-8").splitlines()
    apply(params, "qlora:\n  lora_rank: 12\n  target_modules: [q_proj, v_proj]\n")
    after = params.read_text(encoding="utf-8").splitlines()
    assert [line for line in difflib.ndiff(before, after) if line[0] in "+-"] == [
        "-   r: auto",
        "+   r: 12",
        "-   target_modules: all-linear",
        "+   target_modules:",
        "+   - q_proj",
        "+   - v_proj",
    ]


def test_dvc_changes_no_other_line_afterwards(params: Path) -> None:
    apply(params, "qlora:\n  target_modules: [q_proj, v_proj]\nhf_model_id: 'someone/model'\nseed: 3\n")
    before = params.read_text(encoding="utf-8")
    apply_overrides(params, ["seed=7"])
    assert params.read_text(encoding="utf-8") == before.replace("\nseed: 3\n", "\nseed: 7\n") != before


#: A line of a guide, and what it becomes.
ONE_BY_ONE = [
    ("learning_rate: 2e-4", {"train.learning_rate": 0.0002}),
    ('learning_rate: "1e-4"', {"train.learning_rate": 0.0001}),
    ("lr_scheduler_type: linear", {"train.lr_scheduler_type": "linear"}),
    ("warmup_ratio: 0.1", {"train.warmup_fraction": 0.1}),
    ("warmup_steps: 0", {"train.warmup_fraction": 0.0}),
    ("{warmup_steps: 5, max_steps: 100}", {"train.warmup_fraction": 0.05}),
    ("{warmup_steps: 0, warmup_ratio: 0.1}", {"train.warmup_fraction": 0.1}),
    ("{warmup_ratio: 0.1, warmup_steps: 0}", {"train.warmup_fraction": 0.1}),
    ("{warmup_ratio: 0.1, warmup_steps: 5, max_steps: 100}", {"train.warmup_fraction": 0.05}),
    ("num_train_epochs: 3.0", {"train.epochs": 3}),
    ("optim: paged_adamw_8bit", {"train.optim": "paged_adamw_8bit"}),
    ("optim: adamw_bnb_8bit", {"train.optim": "adamw_8bit"}),
    ("weight_decay: 0", {"train.weight_decay": 0}),
    ('use_gradient_checkpointing: "unsloth"', {"train.gradient_checkpointing": True}),
    ("gradient_checkpointing: no", {"train.gradient_checkpointing": False}),
    ("load_in_8bit: yes", {"precision": "8bit"}),
    ("load_in_4bit: False", {"precision": "bf16"}),
    ("{load_in_4bit: false, dtype: float32}", {"precision": "fp32"}),
    ("{use_qlora: false, torch_dtype: float16}", {"precision": "fp16"}),
    ("{load_in_4bit: false, dtype: auto}", {"precision": "bf16"}),
    ("{load_in_4bit: false, dtype: null}", {"precision": "bf16"}),
    ("fp16: true", {"precision": "fp16"}),
    ("{fp16: true, load_in_4bit: true}", {"precision": "4bit", "quantization.bnb_4bit_compute_dtype": "fp16"}),
    ("torch_dtype: torch.bfloat16", {"precision": "bf16"}),
    ("bnb_4bit_compute_dtype: bfloat16", {"quantization.bnb_4bit_compute_dtype": "bf16"}),
    ("report_to: none", {"train.report_to": []}),
    ("report_to: [wandb, tensorboard]", {"train.report_to": ["wandb", "tensorboard"]}),
    ("random_state: 3407", {"seed": 3407}),
    ("target_modules: all-linear", {"lora.target_modules": "all-linear"}),
    ("lora_target: q_proj,v_proj", {"lora.target_modules": ["q_proj", "v_proj"]}),
    ("lora_target: q_proj", {"lora.target_modules": ["q_proj"]}),
    ("target_modules: self_attn.q_proj", {"lora.target_modules": ["self_attn.q_proj"]}),
    ("target_modules: .*_proj", {"lora.target_modules": ".*_proj"}),
    ("neat_packing: true", {"train.packing": True}),
    ("lora: {rank: 8, alpha: 16, dropout: 0.1}", {"lora.r": 8, "lora.alpha": 16, "lora.dropout": 0.1}),
    ("per_device_train_batch_size: 4", {"train.effective_batch_size": 4, "train.per_device_train_batch_size": 4}),
    ("gradient_accumulation_steps: 4", {"train.effective_batch_size": 32}),
    ("lora-rank: 4", {"lora.r": 4}),
    ("rank_pattern: {q_proj: 32}", {"lora.rank_pattern": {"q_proj": 32}}),
]


@pytest.mark.parametrize(("line", "expected"), ONE_BY_ONE, ids=[line for line, _ in ONE_BY_ONE])
def test_a_setting_becomes_ours(params: Path, line: str, expected: dict[str, Any]) -> None:
    before = load_params(params).model_dump()
    apply(params, f"{line}\n")
    assert dict(zip(expected, values_of(params, *expected), strict=True)) == expected
    after = load_params(params).model_dump()
    sections = {key.partition(".")[0] for key in expected}
    assert {name for name in after if after[name] != before[name]} <= sections


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("save_steps: 100", "save_steps: 100 -> nothing (checkpoints are written by the clock"),
        ("max_steps: 60", "-> nothing (every row is trained on equally often"),
        ("warmup_steps: 5", "-> nothing (it is a share of all steps here"),
        ("optim: adafactor", "-> nothing (pagetune has adamw_torch, adamw_8bit, paged_adamw_8bit)"),
        ("lr_scheduler_type: polynomial", "-> nothing (pagetune has linear, cosine"),
        ("init_lora_weights: pissa", "-> nothing (PiSSA, OLoRA and the like change the base"),
        ("hub_token: hf_abc", "hub_token: *** -> nothing (it is read from the environment (HF_TOKEN)"),
        ("bias: none", "-> nothing (only the adapter is trained"),
        ("eval_strategy: epoch", "-> nothing (the loss on `validation` is always measured"),
        ("{eval_strategy: no, eval_steps: 10}", "eval_steps: 10 -> nothing (with eval_strategy: no it has no effect)"),
        ("num_train_epochs: 2.5", "-> nothing (pagetune trains whole epochs)"),
        ("learning_rate: fast", "-> nothing (it should be a number)"),
        ("dataset: {path: data.jsonl}", "-> nothing (put documents, or rows of your own, into data/raw"),
        (
            "{warmup_ratio: 0.1, warmup_steps: 5}",
            "warmup_ratio: 0.1 -> nothing (with warmup_steps: 5 it has no effect)",
        ),
        ("finetuning_type: full", "-> nothing (only LoRA is trained here"),
        ("finetuning_type: freeze", "-> nothing (only LoRA is trained here"),
        ("finetuning_type: lora", "-> nothing (pagetune does that anyway"),
        ("max_grad_norm: 0", "-> nothing (gradients are always clipped here"),
        ("max_grad_norm: 0.0", "-> nothing (gradients are always clipped here"),
        ("frobnicate: 3", "frobnicate: 3 -> nothing (pagetune does not know this setting)"),
        ("{seed: 1, random_state: 2}", "random_state: 2 -> nothing (t.seed has set seed: 1)"),
        ("lora_r:", "lora_r: null -> nothing (it has no value)"),
    ],
)
def test_a_setting_without_a_counterpart_is_named_with_the_reason(params: Path, line: str, says: str) -> None:
    lines = apply(params, f"{line}\nlora_alpha: 16\n" if line[0] != "{" else f"lora_alpha: 16\nt: {line}\n")
    assert any(says in said for said in lines), lines
    assert any("lora_alpha: 16 -> lora.alpha: 16" in said for said in lines)


@pytest.mark.parametrize(
    "text",
    [
        "hub_token: hf_abc",
        "hub-token: hf_abc",
        "HF_TOKEN: hf_abc",
        "access_token: hf_abc",
        "wandb_api_key: hf_abc",
        "openai_api_key: hf_abc",
        "client_secret: [hf_abc]",
        "password: {of: hf_abc}",
        "hub: {api_key: {of: hf_abc}}",
        "dataset: {path: x, token: hf_abc}",
        "datasets: [{path: x, Token: hf_abc}]",
    ],
)
def test_a_secret_is_never_printed(params: Path, text: str) -> None:
    lines = apply(params, f"{text}\nlora_r: 8\n")
    said = refusal(params, f"{text}\nlora_r: 8\n---\nlora_r: 16\n")
    assert "hf_abc" not in "\n".join([*lines, said])
    assert "***" in said


@pytest.mark.parametrize(
    "text", ["token: hf_abc\ntoken: hf_abcd\n", "lora_r: 8\ntoken: hf_abc: x\n", "token: 'hf_abc\n"]
)
def test_a_secret_is_not_in_the_message_about_a_broken_file(params: Path, text: str) -> None:
    said = refusal(params, text)
    assert "is not YAML" in said
    assert "hf_abc" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("generation: {max_length: 128}\ntraining: {max_seq_length: 2048}", {"train.max_length": 2048}),
        ("inference: {load_in_4bit: true, dtype: float16}\nbf16: true", {"precision": "bf16"}),
        ("training: {bf16: true}\nvllm: {load_in_4bit: true}", {"precision": "bf16"}),
        ("eval: {seed: 1}\nseed: 7", {"seed": 7}),
        ("training: {evaluation: {seed: 1}}\nseed: 7", {"seed": 7}),
        ("Generation_config: {max_length: 9, max_new_tokens: 77}\nlora_r: 8", {"predict.max_new_tokens": 77}),
    ],
)
def test_a_section_about_generation_or_evaluation_sets_nothing_of_the_training(
    params: Path, text: str, expected: dict[str, Any]
) -> None:
    lines = apply(params, f"{text}\n")
    assert dict(zip(expected, values_of(params, *expected), strict=True)) == expected
    assert any("-> nothing (its section is about generation or evaluation, and was left)" in line for line in lines)


LLAMA_FACTORY = """
model_name_or_path: Qwen/Qwen3-4B
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 8
lora_target: all
dataset: identity,alpaca_en_demo
template: qwen3
cutoff_len: 2048
output_dir: saves/qwen3-4b/lora/sft
logging_steps: 10
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
learning_rate: 1.0e-4
num_train_epochs: 3.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: true
quantization_bit: 4
"""
AXOLOTL = """
base_model: NousResearch/Llama-3.2-1B
load_in_8bit: false
load_in_4bit: true
datasets:
  - path: teknium/GPT4-LLM-Cleaned
    type: alpaca
val_set_size: 0.1
adapter: qlora
sequence_len: 2048
sample_packing: true
lora_r: 32
lora_alpha: 16
lora_dropout: 0.05
lora_target_linear: true
gradient_accumulation_steps: 4
micro_batch_size: 2
num_epochs: 1
optimizer: paged_adamw_8bit
lr_scheduler: cosine
learning_rate: 0.0002
bf16: auto
tf32: false
gradient_checkpointing: true
warmup_steps: 10
weight_decay: 0.0
special_tokens:
  pad_token: "<|end_of_text|>"
"""


def test_a_file_of_llama_factory_is_read(params: Path) -> None:
    lines = apply(params, LLAMA_FACTORY)
    keys = (
        "precision",
        "quantization.bnb_4bit_compute_dtype",
        "train.max_length",
        "train.effective_batch_size",
        "train.epochs",
    )
    assert values_of(params, *keys) == ["4bit", "bf16", 2048, 8, 3]
    assert values_of(params, "model.base", "lora.target_modules") == ["Qwen/Qwen3-4B", "all-linear"]
    assert not [line for line in lines if "does not know" in line]


def test_a_file_of_axolotl_is_read(params: Path) -> None:
    lines = apply(params, AXOLOTL)
    keys = "precision", "train.optim", "train.packing", "train.effective_batch_size", "lora.target_modules"
    assert values_of(params, *keys) == ["4bit", "paged_adamw_8bit", True, 8, "all-linear"]
    assert not [line for line in lines if "does not know" in line]


def test_every_setting_has_its_line(params: Path) -> None:
    lines = apply(params, AXOLOTL)
    names = [line.partition(":")[0] for line in AXOLOTL.strip().splitlines() if line[0] not in " "]
    assert [line.partition(":")[0] for line in lines[:-1]] == names


def test_each_value_out_of_range_has_the_line_of_the_guide(params: Path) -> None:
    with pytest.raises(UserError) as caught:
        apply(params, "qlora:\n  lora_rank: 0\nlearning_rate: -1\n")
    rank, rate = str(caught.value).splitlines()
    assert "config.yaml:2: qlora.lora_rank: 0 is not valid here: lora.r: should" in rank
    assert "config.yaml:3: learning_rate: -1 is not valid here: train.learning_rate: should" in rate


def test_a_value_out_of_range_names_the_line_of_the_guide(params: Path) -> None:
    said = refusal(params, "qlora:\n  lora_alpha: 16\n  lora_rank: 0\n")
    assert "config.yaml:3: qlora.lora_rank: 0 is not valid here" in said
    assert "lora.r: should be 'auto' or a whole number of at least 1, got 0" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "should hold settings, such as lora_rank: 16"),
        ("---\n---\n", "should hold settings"),
        ("- 1\n- 2\n", "should hold settings"),
        ("just words\n", "should hold settings"),
        ("{", "is not YAML"),
        ("a: 1\na: 2\n", "is not YAML"),
        ("name: me\nage: 3\n", "none of its settings is known (name, age)"),
    ],
)
def test_a_file_that_is_no_guide_is_one_line(params: Path, text: str, says: str) -> None:
    assert says in refusal(params, text)


def test_a_guide_that_is_not_there_is_one_line(params: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.yaml is not there\. Name the guide's file"):
        apply_guide(params.parent / "gone.yaml", None, params)


def test_the_command_prints_what_each_setting_became(params: Path) -> None:
    folder = params.parent
    (folder / "config.yaml").write_text("training:\n  save_steps: 5\n---\nqlora:\n  lora_rank: 12\n", encoding="utf-8")
    (folder / "pagetune").symlink_to(ROOT / "pagetune")
    command = ["python", "-m", "pagetune", "preset"]
    done = run(folder, *command, "--from-guide", "config.yaml", "--document", "2")
    assert "preset: qlora.lora_rank: 12 -> lora.r: 12" in done.stdout
    neither = run(folder, *command, check=False)
    assert neither.returncode == 1
    assert neither.stderr.startswith("pagetune: preset: name one file")
