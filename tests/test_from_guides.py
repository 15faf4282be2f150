"""docs/from-guides.md: every setting of the guides has a key or a command that exists, or a reason why it has none."""

import ast
import re
from typing import Any

import pytest
from conftest import ROOT
from pydantic import ValidationError
from ruamel.yaml import YAML

from pagetune.__main__ import app
from pagetune.commands.guide_names import REFUSED, TAKEN
from pagetune.params import Params, load_params

GUIDE = ROOT / "docs" / "from-guides.md"
#: The settings of guides that people know.
ASKED_FOR = """
    use_unsloth use_qlora lora_rank lora_alpha bnb_4bit_compute_dtype bnb_4bit_quant_type bnb_4bit_use_double_quant
    bnb_4bit_quant_storage group_by_length torch_empty_cache_steps dataloader_num_workers eval_steps decoder_max_len
    load_in_4bit load_in_8bit dtype max_seq_length target_modules lora_dropout bias use_gradient_checkpointing
    random_state use_rslora loftq_config per_device_train_batch_size gradient_accumulation_steps warmup_steps
    warmup_ratio max_steps num_train_epochs learning_rate fp16 bf16 logging_steps optim weight_decay lr_scheduler_type
    seed output_dir report_to packing save_steps save_strategy load_best_model_at_end early_stopping_patience
    max_grad_norm train_on_responses_only chat_template EOS_TOKEN push_to_hub save_pretrained_merged
    save_pretrained_gguf max_new_tokens temperature do_sample trust_remote_code revision device_map
    attn_implementation gradient_checkpointing remove_unused_columns neftune_noise_alpha
"""
NONE = "—"
#: A shorter remark is not a reason.
REASON_CHARACTERS = 10


def rows_of(text: str) -> list[tuple[list[str], str, str, str]]:
    """Return their names, where, ours and the remark of each row of the first table."""
    table = text[text.index("\n| theirs") :].split("\n\n")[0].strip().splitlines()[2:]
    cells = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in table]
    return [(quoted(theirs), where.strip(), ours.strip(), remark.strip()) for theirs, where, ours, remark in cells]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


ROWS = rows_of(GUIDE.read_text(encoding="utf-8"))


def problem_of(ours: str, remark: str) -> str | None:
    """Return why the row helps nobody, or None where it helps."""
    if ours == NONE:
        return None if len(remark) >= REASON_CHARACTERS else "neither a key nor a reason"
    named = quoted(ours)
    if not named or re.sub(r"`[^`]+`|[, ]", "", ours):
        return f"{ours!r} is not a list of keys or commands"
    return next((f"{name}: {problem}" for name in named if (problem := why_dead(name))), None)


def why_dead(name: str) -> str | None:
    if name.isupper():
        return None if any(name in source for source in sources()) else "no module reads this variable"
    if " " in name and ":" not in name:
        return why_no_command(name.split())
    key, _, value = name.partition(": ")
    return why_no_key(key.split("."), value)


def why_no_key(key: list[str], value: str) -> str | None:
    """Return why params.yaml does not accept the key, set as a user would and checked as every stage does."""
    values: Any = load_params(ROOT / "params.yaml").model_dump()
    node = values
    for part in key[:-1]:
        if not isinstance(node.get(part), dict):
            return "no such section"
        node = node[part]
    if key[-1] not in node:
        return "no such key"
    node[key[-1]] = YAML(typ="safe", pure=True).load(value) if value else node[key[-1]]
    try:
        Params.model_validate(values)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return None


def why_no_command(words: list[str]) -> str | None:
    if words[:3] == ["python", "-m", "pagetune"]:
        known = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
        return None if words[3] in known else "no such command"
    if words[:2] != ["dvc", "repro"]:
        return "no such program"
    stages = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    named = [word for word in words[2:] if not word.startswith("-")]
    return next((f"no stage {word}" for word in named if word not in stages and not (ROOT / word).exists()), None)


def sources() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in (ROOT / "pagetune").rglob("*.py")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][0])
def test_a_row_has_a_live_key_or_command_or_a_reason(row: tuple[list[str], str, str, str]) -> None:
    theirs, where, ours, remark = row
    assert theirs
    assert where
    assert problem_of(ours, remark) is None


@pytest.mark.parametrize("name", ASKED_FOR.split())
def test_a_setting_of_the_guides_is_in_the_table(name: str) -> None:
    assert name in [found for theirs, *_ in ROWS for found in theirs]


def test_no_name_is_in_the_table_twice() -> None:
    names = [name for theirs, *_ in ROWS for name in theirs]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("ours", "remark"),
    [
        ("`train.memroy`", ""),
        ("`trian.memory`", ""),
        ("`train.memory: lowest`", ""),
        ("`lora.r: 0`", ""),
        ("`NO_SUCH_TOKEN`", ""),
        ("`python -m pagetune tune`", ""),
        ("`dvc repro tune`", ""),
        ("`accelerate launch`", ""),
        ("lora.r", "not quoted, so that nobody would look"),
        ("", "a reason without a dash"),
        (NONE, ""),
    ],
)
def test_a_planted_row_that_helps_nobody_is_found(ours: str, remark: str) -> None:
    assert problem_of(ours, remark) is not None


def test_every_key_that_a_remark_names_exists() -> None:
    named = [name for *_, remark in ROWS for name in quoted(remark)]
    keys = [name for name in named if name.split(".")[0] in Params.model_fields and "." in name]
    assert len(keys) >= 5
    assert [(key, why) for key in keys if (why := why_no_key(*key_and_value(key)))] == []


def key_and_value(name: str) -> tuple[list[str], str]:
    key, _, value = name.partition(": ")
    return key.split("."), value


#: What the table names that is not a setting of a file: functions, classes, and names in scripts.
NO_SETTINGS = {
    "prepare_model_for_kbit_training",
    "EarlyStoppingCallback",
    "alpaca_prompt",
    "instruction",
    "output",
    "get_chat_template",
    "apply_chat_template",
    "EOS_TOKEN",
    "DataCollatorForCompletionOnlyLM",
    "Seq2SeqTrainer",
    "Seq2SeqTrainingArguments",
    "compute_metrics",
    "quick_eval",
    "quick_evaluation",
    "monitor_memory",
    "monitor_memory_usage",
    "rouge_combined_f1",
    "for_inference",
    "save_pretrained",
    "save_pretrained_merged",
    "merge_and_unload",
    "save_method",
    "save_pretrained_gguf",
}


def test_the_command_knows_every_setting_of_the_table() -> None:
    names = {name for theirs, *_ in ROWS for name in theirs} - NO_SETTINGS
    assert sorted(names - TAKEN.keys() - REFUSED.keys()) == []


def test_no_setting_is_both_taken_and_refused() -> None:
    assert not TAKEN.keys() & REFUSED.keys()


def test_a_setting_without_a_key_in_the_table_is_not_taken() -> None:
    without = {name for theirs, _, ours, _ in ROWS if ours == NONE for name in theirs}
    assert sorted(without & TAKEN.keys()) == []


@pytest.mark.parametrize("reason", sorted(set(REFUSED.values())))
def test_a_reason_names_only_keys_that_exist(reason: str) -> None:
    named = re.findall(r"[a-z_]+\.[a-z_0-9]+", reason)
    keys = [key for key in named if key.split(".")[0] in Params.model_fields]
    assert [(key, why) for key in keys if (why := why_no_key(key.split("."), ""))] == []


def modules_of_posix() -> list[str]:
    """Return the modules that cannot even be imported on Windows."""
    found = []
    for path in [*(ROOT / "pagetune").rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        imported = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.Import)]
        if {"fcntl", "resource"} & {alias.name for node in imported for alias in node.names}:
            found.append(path.relative_to(ROOT).as_posix())
    return found


def test_the_modules_that_keep_windows_out_are_named() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    windows = text[text.index("**Windows.**") :]
    named = [name for name in quoted(windows) if name.endswith(".py")]
    assert set(modules_of_posix()) == set(named) - {"pagetune/train/lock.py"}
