"""The model card: the Hub can read it, no text of a user's breaks it, and its code answers."""

import ast
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, precision_of, resolved_params
from huggingface_hub import ModelCard
from hypothesis import example, given
from hypothesis import strategies as st

from pagetune.jsonl import read_json
from pagetune.model.loading import load_tokenizer, load_tuned
from pagetune.model.manifest import ADAPTER, Manifest, read_manifest
from pagetune.model.prompts import render_prompt
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, load_params
from pagetune.predict.answers import generate
from pagetune.report.model_card import merged_card, render_model_card

NASTY = "```\n---\n# a heading\r\n</pre> `|` {instruction}\u2028\x85\x00'\"\\"


def manifest(source: str = "hub", **changes: Any) -> Manifest:
    places = {"hub": "org/base-8b", "local": "/home/someone/models/base-8b", "builtin": "models/base"}
    values = {
        "source": source,
        "id": places[source] if source != "builtin" else "builtin",
        "location": places[source],
        "revision": "0123abc" if source == "hub" else None,
        "trust_remote_code": False,
        "parameters": 4_000_000,
        "eos_token": "</s>",
        "bos_token": None,
        "pad_token": "</s>",
        "special_tokens": ["</s>"],
    }
    return Manifest.model_validate(values | changes)


@pytest.fixture(scope="module")
def params() -> Params:
    return load_params(ROOT / "params.yaml")


def shipped_metrics() -> dict[str, Any]:
    return {name: read_json(ROOT / f"metrics/{name}.json") for name in ("build_qa", "curate", "train", "eval")}


def card_of(base: Manifest, params: Params, **changes: Any) -> str:
    return render_model_card(base, template_of(base, params), params, shipped_metrics() | changes, ["en", "ko"])


def template_of(base: Manifest, params: Params) -> TemplateRecord:
    return TemplateRecord.for_base(params.template, base)


def with_template(params: Params, template: str) -> Params:
    return params.model_copy(update={"prompt": params.prompt.model_copy(update={"template": template})})


def blocks(card: str, language: str) -> list[str]:
    """Return the code blocks of a language as CommonMark reads them: up to the next line of only backticks."""
    lines, found = re.split(r"\r\n|\n|\r", ModelCard(card).text), []
    while lines:
        if (line := lines.pop(0)).startswith("```"):
            end = next(place for place, text in enumerate(lines) if re.fullmatch(r" {0,3}`{3,}\s*", text))
            found.append((line[3:], "\n".join(lines[:end])))
            lines = lines[end + 1 :]
    return [text for name, text in found if name == language]


def test_the_hub_reads_the_header(params: Params) -> None:
    data = ModelCard(card_of(manifest(), params)).data
    assert data.base_model == "org/base-8b"
    assert (data.library_name, data.pipeline_tag) == ("peft", "text-generation")
    assert data.language == ["en", "ko"]
    assert data.tags == ["lora", "pagetune"]
    assert data.datasets is None


def test_the_hub_reads_every_score(params: Params) -> None:
    scores = shipped_metrics()["eval"]["tuned"]
    results = ModelCard(card_of(manifest(), params)).data.eval_results
    assert results
    assert {(one.dataset_split, one.metric_type): one.metric_value for one in results} == {
        (name, kind): scores[name][metric]
        for name in (name for name in scores if scores[name]["n"])
        for kind, metric in (("fact_match", "fact_match"), ("rouge", "rougeL"), ("exact_match", "exact_match"))
        if scores[name][metric] is not None
    }


def test_a_base_of_the_hub_is_named_with_its_commit(params: Params) -> None:
    card = card_of(manifest(), params)
    assert "`org/base-8b` on the Hub at commit `0123abc`" in card
    assert '"org/base-8b", revision="0123abc"' in blocks(card, "python")[0]


@pytest.mark.parametrize("source", ["local", "builtin"])
def test_a_base_that_is_not_on_the_hub_has_no_id_there_and_no_path_of_the_machine(source: str, params: Params) -> None:
    card = card_of(manifest(source), params)
    assert ModelCard(card).data.base_model is None
    assert "on the Hub" in card
    assert "/home/someone" not in card


def test_a_table_row_a_set_says_before_after_and_interval(params: Params) -> None:
    metrics = shipped_metrics()["eval"]
    base, tuned = metrics["base"]["recall"], metrics["tuned"]["recall"]
    words = f"{base['fact_match']:.3f} → {tuned['fact_match']:.3f} [{tuned['fact_match_ci95_low']:.3f}, "
    assert f"| `recall` | {tuned['n']} | {words}" in card_of(manifest(), params)


def test_an_empty_set_is_empty_and_no_result(params: Params) -> None:
    metrics = shipped_metrics()["eval"]
    for model in ("base", "tuned"):
        metrics[model]["heldout"] = dict.fromkeys(metrics[model]["heldout"]) | {"n": 0}
    card = card_of(manifest(), params, eval=metrics)
    assert "| `heldout` | 0 | empty |" in card
    assert "heldout" not in {one.dataset_split for one in ModelCard(card).data.eval_results or []}


def test_what_was_invented_is_a_share_where_it_was_counted(params: Params) -> None:
    metrics = shipped_metrics()["eval"]
    metrics["tuned"]["heldout"] |= {"abstained": 0.25, "invented": 0.75}
    assert "it declined 25% and answered 75% with something made up" in card_of(manifest(), params, eval=metrics)
    metrics["tuned"]["heldout"] |= {"n": 0, "abstained": None, "invented": None}
    assert "invents answers about them" in card_of(manifest(), params, eval=metrics)


def test_rows_rejections_and_personal_data_are_said(params: Params) -> None:
    metrics = shipped_metrics()
    card = card_of(
        manifest(),
        params,
        curate=metrics["curate"] | {"rejected": {"too_long": 2}, "personal_data": {"mobile_number": 3}},
    )
    assert f"Trained on: {metrics['train']['rows']} rows" in card
    assert "too_long 2" in card
    assert "mobile_number 3" in card
    assert "questions and answers that contained any were dropped" in card


def test_no_version_of_a_library_stands_in_it(params: Params) -> None:
    from importlib.metadata import version

    assert not [name for name in ("torch", "transformers", "peft") if version(name) in card_of(manifest(), params)]


@given(st.text(), st.text())
@example("```\n---\n", NASTY)
def test_any_template_comes_back_and_ends_no_block(before: str, after: str) -> None:
    params = with_template(load_params(ROOT / "params.yaml"), f"{before}{{instruction}}{after}")
    card = card_of(manifest(), params)
    assert ModelCard(card).data.base_model == "org/base-8b"
    (code,), (settings,) = blocks(card, "python"), blocks(card, "json")
    assigned = next(node.value for node in ast.parse(code).body if isinstance(node, ast.Assign))
    assert ast.literal_eval(assigned) == params.prompt.template
    assert json.loads(settings) == json.loads(params.model_dump_json(include=set(json.loads(settings))))


@given(st.text(st.characters(exclude_characters="/\x00", exclude_categories=["Cs"]), min_size=1))
@example("`a``b\n---\n# c")
def test_any_name_of_a_local_folder_leaves_header_and_blocks_whole(name: str) -> None:
    card = card_of(manifest("local", location=f"/models/{name}"), load_params(ROOT / "params.yaml"))
    assert ModelCard(card).data.library_name == "peft"
    assert card.count("\n## ") == 5
    ast.parse(blocks(card, "python")[0])


@pytest.mark.parametrize("precision", ["4bit", "8bit", "bf16"])
def test_the_code_loads_the_base_as_it_was_tuned(precision: str, params: Params) -> None:
    train = shipped_metrics()["train"] | {"precision": precision}
    (code,) = blocks(card_of(manifest(), params, train=train), "python")
    ast.parse(code)
    wanted = {"4bit": "bnb_4bit_quant_type='nf4'", "8bit": "load_in_8bit=True", "bf16": '"dtype": "bfloat16"'}
    assert wanted[precision] in code
    assert ("import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig" in code) == (precision != "bf16")


@pytest.fixture
def adapter(tiny_base: Path, tmp_path: Path, params: Params, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with the base where the card expects it, and an adapter with random weights."""
    from peft import get_peft_model
    from transformers import AutoModelForCausalLM

    from pagetune.train.adapter import lora_config, save_adapter

    shutil.copytree(tiny_base, tmp_path / "models/base")
    monkeypatch.chdir(tmp_path)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained("models/base"), lora_config(resolved_params().lora))
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.01)
    save_adapter(model, ADAPTER)
    return ADAPTER


def test_the_code_answers_as_the_project_does(
    adapter: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    base, question = read_manifest(), "센터의 주소?"
    train = shipped_metrics()["train"] | {"precision": "fp32"}
    (code,) = blocks(card_of(base, params, train=train), "python")
    exec(code.replace('"…"', repr(question)), {})  # noqa: S102 - our own, as a reader would run it
    loaded = load_tuned(base, adapter, precision_of("fp32"))
    prompt = render_prompt(params.prompt.template, question)
    expected = generate(loaded, load_tokenizer(base), [prompt], params.predict)[0].text
    assert capsys.readouterr().out.strip() == expected
    assert expected


def test_the_code_of_a_model_with_an_encoder_answers_as_the_project_does(
    tiny_seq2seq: Path,
    tmp_path: Path,
    params: Params,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from test_export import make_adapter

    shutil.copytree(tiny_seq2seq, tmp_path / "models/base")
    monkeypatch.chdir(tmp_path)
    make_adapter(tiny_seq2seq, tmp_path, on=["q_proj", "fc1"])
    base = read_manifest().model_copy(update={"location": "models/base"})
    asked = params.model_copy(update={"task": "summarization"})
    train = shipped_metrics()["train"] | {"precision": "fp32"}
    (code,) = blocks(card_of(base, asked, train=train), "python")
    exec(code.replace('"…"', repr("주소? 전화?")), {})  # noqa: S102 - our own, as a reader would run it
    loaded = load_tuned(base, ADAPTER, precision_of("fp32"))
    prompt = render_prompt(asked.template, "주소? 전화?")
    expected = generate(loaded, load_tokenizer(base), [prompt], params.predict)[0].text
    assert capsys.readouterr().out.strip() == expected
    assert expected


def merged_card_of(base: Manifest, params: Params, location: str = "models/merged", dtype: str = "fp32") -> str:
    return merged_card(base, template_of(base, params), params, shipped_metrics(), ["en", "ko"], dtype, location)


def test_a_merged_model_is_a_finetune_for_transformers_and_says_what_was_scored(params: Params) -> None:
    card = merged_card_of(manifest(), params, dtype="bf16")
    data = ModelCard(card).data
    assert (data.library_name, data.base_model, data.base_model_relation) == ("transformers", "org/base-8b", "finetune")
    assert data.tags == ["pagetune"]
    assert data.eval_results == ModelCard(card_of(manifest(), params)).data.eval_results
    assert "The scores are those of the adapter on its base in 4bit. Here it is merged into weights in bf16" in card
    assert "peft" not in card.split("## Settings")[0].lower()
    assert "adapter" not in blocks(card, "python")[0]


def test_a_merged_builtin_or_local_base_has_no_id_there(params: Params) -> None:
    for source in ("local", "builtin"):
        data = ModelCard(merged_card_of(manifest(source), params)).data
        assert (data.base_model, data.to_dict().get("base_model_relation")) == (None, None)


def test_the_code_of_a_merged_model_answers_as_the_project_does(
    adapter: Path, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    base, question = read_manifest(), "센터의 주소?"
    tuned = load_tuned(base, adapter, precision_of("fp32"))
    prompt = render_prompt(params.prompt.template, question)
    expected = generate(tuned, load_tokenizer(base), [prompt], params.predict)[0].text
    tuned.merge_and_unload().save_pretrained("models/merged")
    load_tokenizer(base).save_pretrained("models/merged")
    shutil.rmtree(adapter)
    shutil.rmtree("models/base")
    (code,) = blocks(merged_card_of(base, params), "python")
    exec(code.replace('"…"', repr(question)), {})  # noqa: S102 - our own, as a reader would run it
    assert capsys.readouterr().out.strip() == expected
    assert expected
