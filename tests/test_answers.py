"""The engine that answers, and how its answers become predictions."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT, precision_of
from test_prompts import TEMPLATE, example

from pagetune.errors import UserError
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import read_manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, load_params
from pagetune.predict.answers import Answer, Questions, longer_than_allowed, predict
from pagetune.predict.vllm_engine import choose_engine
from pagetune.records import AskedExample, Prediction

PARAMS = load_params(ROOT / "params.yaml")

#: The part of vLLM's interface that is used: it notes its arguments and returns fixed tokens.
VLLM = """
import json, os
from types import SimpleNamespace
from vllm.lora.request import LoRARequest

class SamplingParams:
    def __init__(self, **options):
        self.options = options

class LLM:
    def __init__(self, **options):
        self.options = options

    def generate(self, prompts, sampling, lora_request=None):
        lora = None if lora_request is None else [lora_request.name, lora_request.number, lora_request.path]
        given = {"model": self.options, "sampling": sampling.options, "lora": lora, "prompts": prompts}
        with open(os.environ["VLLM_NOTES"], "w") as file:
            json.dump(given, file)
        eos = sampling.options["stop_token_ids"]
        said = [[5, 6, eos[0]], [7, 8]]
        return [SimpleNamespace(outputs=[SimpleNamespace(token_ids=tuple(said[i % 2]))]) for i in range(len(prompts))]
"""
REQUEST = """
class LoRARequest:
    def __init__(self, name, number, path):
        self.name, self.number, self.path = name, number, path
"""


@pytest.fixture
def vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a vllm to import and a GPU to run it on; yield the file of its notes."""
    package = tmp_path / "site" / "vllm"
    (package / "lora").mkdir(parents=True)
    (package / "__init__.py").write_text(VLLM, encoding="utf-8")
    (package / "lora" / "__init__.py").touch()
    (package / "lora" / "request.py").write_text(REQUEST, encoding="utf-8")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("VLLM_NOTES", str(tmp_path / "notes.json"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=2**34))
    yield tmp_path / "notes.json"
    for name in [name for name in sys.modules if name.split(".")[0] == "vllm"]:
        del sys.modules[name]


def params(engine: str, precision: str = "bf16") -> Params:
    predicts = PARAMS.predict.model_copy(update={"engine": engine, "max_new_tokens": 9})
    return PARAMS.model_copy(update={"predict": predicts, "precision": precision})


def questions() -> Questions:
    return Questions([asked("recall", "주소?", "서울"), asked("heldout", "전화?", "02-555")])


def asked(split: str, question: str, answer: str) -> AskedExample:
    return AskedExample(**example(question, answer).model_dump(), split=split)


def base_answers(base: Path, params: Params) -> list[Prediction]:
    manifest = read_manifest(base)
    return predict(manifest, None, TemplateRecord.for_base(TEMPLATE, manifest), questions(), params)


def test_vllm_is_given_the_tokens_the_eos_and_the_adapter(tiny_base: Path, tmp_path: Path, vllm: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    config = {"r": 24, "rank_pattern": {"lm_head": 40}}
    (adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    manifest = read_manifest(tiny_base)
    found = predict(manifest, adapter, TemplateRecord.for_base(TEMPLATE, manifest), questions(), params("auto"))
    tokenizer, notes = load_tokenizer(manifest), json.loads(vllm.read_text(encoding="utf-8"))
    prompts = [tokenizer(row.prompt)["input_ids"] for row in found]
    assert notes["prompts"] == [{"prompt_token_ids": ids} for ids in prompts]
    assert notes["sampling"] == {"temperature": 0.0, "max_tokens": 9, "stop_token_ids": [tokenizer.eos_token_id]}
    assert notes["lora"] == ["adapter", 1, str(adapter)]
    options = notes["model"]
    assert (options["model"], options["dtype"], options["max_lora_rank"]) == (str(manifest.location), "bfloat16", 64)
    assert options["generation_config"] == "vllm"  # which stands for none, not for that of the model
    assert options["max_model_len"] == max(map(len, prompts)) + 9
    assert [(row.prediction, row.stopped, row.engine, row.split) for row in found] == [
        (tokenizer.decode([5, 6]).strip(), True, "vllm", "recall"),
        (tokenizer.decode([7, 8]).strip(), False, "vllm", "heldout"),
    ]


def test_the_base_is_asked_without_an_adapter(tiny_base: Path, vllm: Path) -> None:
    base_answers(tiny_base, params("vllm"))
    notes = json.loads(vllm.read_text(encoding="utf-8"))
    assert notes["lora"] is None
    assert "enable_lora" not in notes["model"]


def test_vllm_in_4_bit_is_refused_by_name_and_passed_over_by_auto(tiny_base: Path, vllm: Path) -> None:
    manifest = read_manifest(tiny_base)
    with pytest.raises(UserError, match=r"predict\.engine: vllm cannot run here: precision is 4bit"):
        choose_engine("vllm", manifest, precision_of("4bit"))
    assert choose_engine("auto", manifest, precision_of("4bit")) == (
        "transformers",
        "precision is 4bit, and vllm runs bf16 or fp16",
    )


def test_vllm_does_not_run_dora(tiny_base: Path, vllm: Path) -> None:
    """Nor does it answer with the base then: scores compare answers of one engine."""
    problem = "vllm does not run adapters of lora.use_dora"
    assert choose_engine("auto", read_manifest(tiny_base), precision_of("bf16"), dora=True) == ("transformers", problem)
    with pytest.raises(UserError, match=r"predict\.engine: vllm cannot run here: vllm does not run adapters"):
        choose_engine("vllm", read_manifest(tiny_base), precision_of("bf16"), dora=True)


def test_without_vllm_auto_takes_transformers_and_says_why(tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = base_answers(tiny_base, params("auto", "fp32"))
    assert [(row.engine, row.precision) for row in found] == [("transformers", "fp32")] * 2
    assert "answers by transformers (vllm is not installed)" in capsys.readouterr().out


def test_vllm_by_name_where_it_is_not_installed_is_one_line(tiny_base: Path) -> None:
    with pytest.raises(UserError, match=r"predict\.engine: vllm cannot run here: vllm is not installed"):
        base_answers(tiny_base, params("vllm"))


def test_questions_keep_their_order_and_their_split() -> None:
    answers = [Answer("서울", True), Answer("몰라", False)]
    found = questions().answered(answers, "</s>", "fp32", "transformers")
    assert [(row.split, row.prediction, row.stopped) for row in found] == [
        ("recall", "서울", True),
        ("heldout", "몰라", False),
    ]


def test_references_that_no_answer_can_reach_are_counted_with_the_number_to_set(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(read_manifest(tiny_base))
    longest = max(len(tokenizer(row.completion)["input_ids"]) for row in questions().rows)
    said = longer_than_allowed(questions(), tokenizer, 1)
    assert said is not None
    assert "2 of 2 reference answers have more than predict.max_new_tokens (1) tokens" in said
    assert said.endswith(f"Set it to {longest}.")
    assert longer_than_allowed(questions(), tokenizer, longest) is None
    assert longer_than_allowed(Questions([]), tokenizer, 1) is None
