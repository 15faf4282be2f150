"""Settings that are sure to fail are reported in one line before the model is loaded."""

from types import SimpleNamespace
from typing import Any

import pytest
from test_loading import params_of

from pagetune.errors import UserError
from pagetune.plan.shapes import known_shape
from pagetune.train.callbacks import peak_flops
from pagetune.train.inputs import check_settings


def test_a_logger_that_is_not_installed_is_named() -> None:
    with pytest.raises(UserError, match=r"train\.report_to: nowhere cannot be imported\. (Installed: |None is)"):
        check_settings(params_of(report_to=["nowhere"]), has_validation=True)
    check_settings(params_of(), has_validation=True)


@pytest.mark.parametrize("wish", [{"load_best_model_at_end": True}, {"early_stopping_patience": 2}])
def test_a_best_checkpoint_needs_validation_rows(wish: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"need validation rows, and data/prompts/validation\.jsonl has none"):
        check_settings(params_of(**wish), has_validation=False)
    check_settings(params_of(**wish), has_validation=True)


class Uneven:
    """A configuration whose layers differ from each other, as in Gemma 3n and 4."""

    def get_text_config(self) -> "Uneven":
        return self

    def __getattr__(self, name: str) -> Any:
        raise ValueError(f"{name} differs from layer to layer")


def test_a_model_of_unlike_layers_is_one_line() -> None:
    with pytest.raises(UserError) as caught:
        known_shape(Uneven(), "somebody/model")
    assert "the planner cannot tell what somebody/model (Uneven) is made of" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA H200", 989.0),
        ("NVIDIA L40S", 362.0),
        ("NVIDIA A100-SXM4-80GB", 312.0),
        ("NVIDIA GeForce RTX 4090", 165.0),
        ("NVIDIA RTX A4000", None),
        ("NVIDIA T400 4GB", None),
    ],
)
def test_a_gpu_is_known_by_a_whole_word_of_its_name(
    name: str, tflops: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: name)
    monkeypatch.setattr("torch.cuda", cuda)
    assert peak_flops() == (tflops and tflops * 1e12)
