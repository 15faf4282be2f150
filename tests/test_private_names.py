"""Private names of libraries that the code relies on: an upgrade that removes one fails here, by its name."""

import importlib.util
import inspect
import re

import pytest
import torch
from conftest import ROOT
from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

#: Methods of transformers' Trainer that StepTrainer calls or replaces, and the arguments that it passes or gets.
METHODS = {
    "_determine_best_metric": ["metrics", "trial"],
    "_load_from_checkpoint": ["resume_from_checkpoint", "model"],
    "_load_optimizer_and_scheduler": ["checkpoint"],
    "_maybe_log_save_evaluate": [
        "tr_loss", "grad_norm", "model", "trial", "epoch", "ignore_keys_for_eval", "start_time", "learning_rate",
    ],
    "_save_checkpoint": ["model", "trial"],
    "_save_rng_state": ["output_dir"],
    "_save_scaler": ["output_dir"],
}  # fmt: skip
#: What it reads and sets on the trainer while it runs.
ATTRIBUTES = ["_globalstep_last_logged", "_tr_loss"]


@pytest.mark.parametrize("name", METHODS)
def test_the_trainer_has_the_private_method(name: str) -> None:
    assert list(inspect.signature(getattr(Trainer, name)).parameters)[1:] == METHODS[name]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_trainer_keeps_the_private_attribute(name: str) -> None:
    assert f"self.{name} =" in inspect.getsource(Trainer)


def test_every_private_name_of_the_trainer_is_listed_here() -> None:
    """A method of our own is defined in the class; whatever else starts with an underscore is transformers'."""
    code = (ROOT / "pagetune/train/step_trainer.py").read_text(encoding="utf-8")
    defined = set(re.findall(r"def (_\w+)", code))
    used = set(re.findall(r"(?:self|super\(\))\.(_[a-z]\w*)", code))
    assert (used - defined) | (defined & set(METHODS)) == set(METHODS) | set(ATTRIBUTES)


def test_one_process_can_be_kept_to_one_gpu() -> None:
    assert "self._n_gpu" in inspect.getsource(TrainingArguments)


def test_a_config_names_its_attention() -> None:
    assert hasattr(PretrainedConfig(), "_attn_implementation")


def test_a_model_says_what_it_keeps_in_fp32() -> None:
    assert list(inspect.signature(PreTrainedModel._get_dtype_plan).parameters) == ["self", "dtype"]


def test_bitsandbytes_layers_say_what_they_were_made_of() -> None:
    """`source_cls` has no underscore and no documentation."""
    from transformers.integrations import bitsandbytes

    assert "new_module.source_cls = type(module)" in inspect.getsource(bitsandbytes)


def test_peft_finds_the_prefixes_of_an_adapter() -> None:
    from peft.tuners import tuners_utils

    parameters = list(inspect.signature(tuners_utils._get_tuner_state_dict_key_prefixes).parameters)
    assert parameters == ["model", "adapter_name"]


def test_a_worksheet_keeps_the_cells_that_it_has_by_row_and_column() -> None:
    from openpyxl import Workbook

    sheet = Workbook().active
    assert sheet is not None
    cell = sheet.cell(7, 3, "값")
    assert sheet._cells == {(7, 3): cell}


def test_torch_multiplies_scaled_matrices() -> None:
    assert callable(torch._scaled_mm)


@pytest.mark.skipif(importlib.util.find_spec("liger_kernel") is None, reason="Liger is in requirements-gpu.txt")
def test_liger_patches_an_instance() -> None:
    from liger_kernel.transformers import _apply_liger_kernel_to_instance

    assert next(iter(inspect.signature(_apply_liger_kernel_to_instance).parameters)) == "model"


@pytest.mark.gpu
@pytest.mark.skipif(
    importlib.util.find_spec("unsloth") is None or not torch.cuda.is_available(), reason="Unsloth needs a GPU"
)
def test_unsloth_dispatches_attention_to_a_kernel_that_can_be_set() -> None:
    import unsloth  # noqa: F401
    from unsloth.models._utils import apply_unsloth_gradient_checkpointing
    from unsloth.utils import attention_dispatch

    assert hasattr(attention_dispatch, "_TORCH_VARLEN_ATTN")
    assert callable(apply_unsloth_gradient_checkpointing)


def test_the_flash_kernel_can_be_told_how_much_of_each_row_to_read() -> None:
    names = [argument.name for argument in torch.ops.aten._flash_attention_forward.default._schema.arguments]
    assert names[:10] == [
        "query", "key", "value", "cum_seq_q", "cum_seq_k", "max_q", "max_k", "dropout_p", "is_causal",
        "return_debug_mask",
    ]  # fmt: skip
    assert {"scale", "seqused_k"} <= set(names)
