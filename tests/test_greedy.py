"""Answers are greedy, whatever generation settings ship with a model, and wherever it answers."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs, precision_of
from test_export import PROMPTS, TEMPLATE, make_adapter
from test_loading import lora, params_of
from test_prompts import example

from pagetune.commands.ask import Asker
from pagetune.export.merge import Merging, export_merged
from pagetune.jsonl import write_json
from pagetune.model.loading import load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import ADAPTER, Manifest, read_manifest
from pagetune.model.template import TemplateRecord
from pagetune.predict.answers import eos_ids_of, generate
from pagetune.predict.generation import by_generate
from pagetune.report.model_card_code import code_block, merged_code
from pagetune.train.backend import load_for_training
from pagetune.train.quick_scores import choose_quick

PARAMS = params_of()
PARAMS = PARAMS.model_copy(update={"predict": PARAMS.predict.model_copy(update={"max_new_tokens": 12})})
#: Each of them changes greedy answers.
SHIPPED = {
    "repetition_penalty": 5.0, "no_repeat_ngram_size": 1, "min_new_tokens": 10, "do_sample": True, "temperature": 0.7,
    "top_p": 0.8, "top_k": 20, "suppress_tokens": [40, 41], "bad_words_ids": [[30]],
    "exponential_decay_length_penalty": [1, 2.0],
}  # fmt: skip
QUESTION = "서울 9만 원"


@pytest.fixture
def plain(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """Return a base without generation settings, with an adapter in models/adapter."""
    monkeypatch.chdir(tmp_path)
    make_adapter(tiny_base, tmp_path, on=["q_proj", "down_proj"])
    return read_manifest(tiny_base)


@pytest.fixture
def shipped(plain: Manifest, tmp_path: Path) -> Manifest:
    """Return the same base with the settings that instruction models ship with, also in the old place."""
    folder = tmp_path / "models/base"
    shutil.copytree(plain.location, folder)
    tokenizer = load_tokenizer(plain)
    ends = {"eos_token_id": [tokenizer.eos_token_id, len(tokenizer) - 1], "forced_eos_token_id": tokenizer.eos_token_id}
    write_json(folder / "generation_config.json", SHIPPED | ends)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    write_json(folder / "config.json", config | {"repetition_penalty": 5.0, "no_repeat_ngram_size": 1})
    manifest = plain.model_copy(update={"location": "models/base"})
    write_json(folder / "manifest.json", manifest.model_dump(exclude_defaults=True))
    return manifest


def of_base(manifest: Manifest) -> TemplateRecord:
    return TemplateRecord.for_base(TEMPLATE, manifest)


def ids_of(model: Any, manifest: Manifest) -> list[list[int]]:
    tokenizer = load_tokenizer(manifest)
    prompts = [tokenizer(prompt)["input_ids"] for prompt in PROMPTS]
    return by_generate(model, prompts, [tokenizer.eos_token_id], tokenizer.pad_token_id, 12)


def load(manifest: Manifest, tuned: bool) -> Any:
    choice = precision_of("fp32")
    return load_tuned(manifest, ADAPTER, choice) if tuned else load_base(manifest, choice)


def test_the_settings_would_change_the_answers(plain: Manifest, shipped: Manifest) -> None:
    from transformers import GenerationConfig

    model = load(shipped, False)
    model.generation_config = GenerationConfig(**SHIPPED)
    assert ids_of(model, shipped) != ids_of(load(plain, False), plain)


@pytest.mark.parametrize("tuned", [False, True])
def test_base_and_tuned_answer_as_without_the_settings(tuned: bool, plain: Manifest, shipped: Manifest) -> None:
    one, other = load(plain, tuned), load(shipped, tuned)
    assert ids_of(one, plain) == ids_of(other, shipped)
    tokenizer = load_tokenizer(plain)
    assert generate(one, tokenizer, PROMPTS, PARAMS.predict) == generate(other, tokenizer, PROMPTS, PARAMS.predict)


def test_the_eos_ids_that_ship_with_the_model_still_end_an_answer(shipped: Manifest) -> None:
    tokenizer = load_tokenizer(shipped)
    for tuned in (False, True):
        assert eos_ids_of(load(shipped, tuned).generation_config, tokenizer) == [
            tokenizer.eos_token_id,
            len(tokenizer) - 1,
        ]


def test_answers_during_a_training_are_those_without_the_settings(plain: Manifest, shipped: Manifest) -> None:
    rows, answers = [example("주소?", "서울 9만 원 서울 9만 원"), example("전화?", "02-555")], []
    for name, manifest in (("one", plain), ("other", shipped)):
        write_json(Path(name) / "manifest.json", manifest.model_dump(exclude_defaults=True))
        model = load_for_training(make_inputs(Path(name), params_of(lora=lora()), rows), False)
        quick = choose_quick(rows, load_tokenizer(manifest), PARAMS, 2)
        assert quick is not None
        answers.append(quick.answers(model.eval()))
    assert answers[0] == answers[1]
    assert any(answers[0])


def test_the_streamed_answer_is_that_without_the_settings(plain: Manifest, shipped: Manifest) -> None:
    said = []
    for manifest in (plain, shipped):
        asker = Asker.__new__(Asker)
        asker.params, asker.manifest, asker.template, asker.tuned = PARAMS, manifest, of_base(manifest), True
        asker.model, asker.tokenizer, asker.reader = load(manifest, True), load_tokenizer(manifest), None
        said += [list(asker.stream(QUESTION))[-1], asker.answer(QUESTION)]
    assert len(set(said)) == 1


def test_an_export_answers_as_without_the_settings_and_ships_none(plain: Manifest, shipped: Manifest) -> None:
    from transformers import AutoModelForCausalLM

    for name, manifest in (("one", plain), ("other", shipped)):
        merging = Merging(manifest, PARAMS, "fp32", TemplateRecord.for_base(TEMPLATE, manifest), PROMPTS)
        proof = export_merged(merging, Path(name))[0]
        assert proof["fp32"]["same_answers"] == len(PROMPTS)
    written = json.loads(Path("other/generation_config.json").read_text(encoding="utf-8"))
    config = json.loads(Path("other/config.json").read_text(encoding="utf-8"))
    assert not (SHIPPED.keys() - {"do_sample"}) & (written.keys() | config.keys())
    assert not written.get("do_sample")
    models = [AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32) for name in ("one", "other")]
    assert ids_of(models[0], plain) == ids_of(models[1], plain)


@pytest.mark.parametrize("merged", [False, True])
def test_the_code_of_a_model_card_answers_as_the_project_does(
    merged: bool, shipped: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = shipped.model_copy(update={"source": "builtin"})
    lines = code_block(manifest, of_base(manifest), PARAMS, "fp32")
    model = load(shipped, True)
    if merged:
        model.merge_and_unload().save_pretrained("merged")
        load_tokenizer(shipped).save_pretrained("merged")
        shutil.copy("models/base/generation_config.json", "merged/generation_config.json")
        lines = merged_code(manifest, of_base(manifest), PARAMS, "fp32", "merged")
        model = load(shipped, True)
    code = "\n".join(lines).split("```python\n")[1].split("```")[0].replace('"…"', repr(QUESTION))
    exec(code, {})  # noqa: S102 - our own, as a reader would run it
    prompt = PARAMS.template.replace("{instruction}", QUESTION)
    expected = generate(model, load_tokenizer(shipped), [prompt], PARAMS.predict)[0].text
    assert capsys.readouterr().out.strip() == expected
