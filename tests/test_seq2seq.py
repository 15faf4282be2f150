"""Encoder-decoders: recognised by their config, then loaded, trained, prompted and exported like the others."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from conftest import ROOT, make_inputs, precision_of, resolved_params, run
from hypothesis import given
from hypothesis import strategies as st
from test_export import PROMPTS, TEMPLATE, make_adapter
from test_loading import ON_CPU, lora, model_params, params_of
from test_prompts import example

from pagetune.errors import UserError
from pagetune.export import merge
from pagetune.export.merge import Merging, export_merged
from pagetune.jsonl import write_json
from pagetune.model.builtin_seq2seq import invented_dialogue, with_gaps
from pagetune.model.loading import answer_greedily, decoder_start, load_base, load_tokenizer, load_tuned
from pagetune.model.manifest import describe_external, read_manifest
from pagetune.model.prompts import IGNORED, encode_example
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.plan.shapes import adapter_parameters, shape_of
from pagetune.predict.answers import generate
from pagetune.predict.generation import by_generate
from pagetune.train.adapter import save_adapter
from pagetune.train.backend import load_for_training
from pagetune.train.batches import Collator
from pagetune.train.loop import fit
from pagetune.train.preflight import check_rows, preflight
from pagetune.train.step_trainer import loss_of

PARAMS = resolved_params()
TARGETS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2", "lm_head"]
#: The ranks of presets/summarization.yaml: attention 32, MLP 16, output 8.
LAYERED = lora(r=32, alpha="auto", target_modules=TARGETS, rank_pattern={"fc1": 16, "fc2": 16, "lm_head": 8})
ROWS = [example(question, answer) for question, answer in (("주소?", "서울"), ("전화?", "02-555"), ("요금?", "9만 원"))]


def train(base: Path, params: Params, rows: list[Any] = ROWS) -> tuple[Any, Any, Any]:
    job = make_inputs(base, params, rows)
    plan = job.plan(8 * 2**30)
    model = load_for_training(job, plan.gradient_checkpointing)
    return job, model, fit(job, model, plan, None)


def save_t5(folder: Path, tokenizer: Any) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "4bit", "8bit"])
@ON_CPU
def test_tuning_brings_the_loss_down_and_the_answers_back_in_every_precision(
    precision: str, tiny_seq2seq: Path, tmp_path: Path
) -> None:
    params = params_of(lora=LAYERED, precision=precision, learning_rate=0.003, epochs=100)
    job, model, outcome = train(tiny_seq2seq, params)
    assert outcome.curve[-1].train_loss < 0.3 * outcome.curve[0].train_loss
    save_adapter(model, tmp_path)
    tuned = load_tuned(job.manifest, tmp_path, precision_of(precision))
    answers = generate(tuned, load_tokenizer(job.manifest), [row.prompt for row in ROWS], PARAMS.predict)
    assert [answer.text for answer in answers] == ["서울", "02-555", "9만 원"]
    assert all(answer.stopped for answer in answers)


def test_each_layer_has_the_rank_and_alpha_of_its_kind_and_the_config_says_so(
    tiny_seq2seq: Path, tmp_path: Path
) -> None:
    _, model, _ = train(tiny_seq2seq, params_of(lora=LAYERED, epochs=4))
    save_adapter(model, tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text(encoding="utf-8"))
    assert (config["r"], config["lora_alpha"], config["task_type"]) == (32, 64, "SEQ_2_SEQ_LM")
    assert config["rank_pattern"] == {"fc1": 16, "fc2": 16, "lm_head": 8}
    assert config["alpha_pattern"] == {"fc1": 32, "fc2": 32, "lm_head": 16}
    ranks = {
        name.split(".lora_A")[0].rsplit(".", 1)[-1]: len(weight)
        for name, weight in model.named_parameters()
        if "lora_A" in name
    }
    assert ranks == {
        **dict.fromkeys(("q_proj", "k_proj", "v_proj", "out_proj"), 32),
        **dict.fromkeys(("fc1", "fc2"), 16),
        "lm_head": 8,
    }
    moved = [weight.abs().max() > 0 for name, weight in model.named_parameters() if "lora_B" in name]
    assert all(moved), "a layer did not train"


@pytest.mark.parametrize("targets", [TARGETS, ["q_proj", "v_proj"], "all-linear"])
def test_the_planner_counts_the_adapter_as_peft_does(targets: Any, tiny_seq2seq: Path) -> None:
    chosen = LAYERED.model_copy(update={"target_modules": targets, "rank_pattern": {}})
    params = params_of(lora=chosen)
    job = make_inputs(tiny_seq2seq, params, ROWS)
    model = load_for_training(job, False)
    assert adapter_parameters(shape_of(model.config), chosen) == model.get_nb_trainable_parameters()[0]


def test_the_planner_counts_a_bart_s_weights_within_a_fiftieth(tiny_seq2seq: Path) -> None:
    manifest = read_manifest(tiny_seq2seq)
    model = load_base(manifest, precision_of("fp32"))
    assert shape_of(model.config).parameters == pytest.approx(manifest.parameters, rel=0.02)


def test_the_planner_counts_a_t5_s_weights_within_a_tenth(tiny_seq2seq: Path, tmp_path: Path) -> None:
    save_t5(tmp_path, load_tokenizer(read_manifest(tiny_seq2seq)))
    manifest = describe_external(model_params(str(tmp_path)))
    model = load_base(manifest, precision_of("fp32"))
    assert shape_of(model.config).parameters == pytest.approx(manifest.parameters, rel=0.1)


def test_a_t5_is_recognised_by_its_config_and_trains(tiny_seq2seq: Path, tmp_path: Path) -> None:
    folder = tmp_path / "t5"
    save_t5(folder, load_tokenizer(read_manifest(tiny_seq2seq)))
    manifest = describe_external(model_params(str(folder)))
    assert manifest.encoder_decoder
    write_json(tmp_path / "manifest.json", manifest.model_dump())
    params = params_of(lora=lora(r=16), epochs=100, learning_rate=0.02)
    job, model, outcome = train(tmp_path, params)
    assert outcome.curve[-1].train_loss < 0.5 * outcome.curve[0].train_loss
    assert job.decoder_start_token_id == model.config.pad_token_id


def test_the_loss_is_transformers_own_of_the_same_labels(tiny_seq2seq: Path) -> None:
    manifest = read_manifest(tiny_seq2seq)
    model, tokenizer = load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)
    rows = [encode_example(row, tokenizer, encoder=True) for row in ROWS]
    batch = Collator(tokenizer.pad_token_id, False, decoder_start_token_id=model.config.decoder_start_token_id)(rows)
    trained = int((batch["shift_labels"] != IGNORED).sum())
    with torch.no_grad():
        ours = loss_of(model, batch, {}, trained)
        theirs = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=batch["shift_labels"]
        ).loss
    assert float(ours) == pytest.approx(float(theirs), rel=1e-5)


def test_the_decoder_is_given_what_it_has_said_so_far_and_the_encoder_the_prompt() -> None:
    row = {"input_ids": [7, 8, 9, 20, 21, 2], "labels": [IGNORED] * 3 + [20, 21, 2]}
    short = {"input_ids": [7, 30, 2], "labels": [IGNORED, 30, 2]}
    batch = Collator(1, False, decoder_start_token_id=2)([row, short])
    assert batch["input_ids"].tolist() == [[7, 8, 9], [7, 1, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["decoder_input_ids"].tolist() == [[2, 20, 21], [2, 30, 1]]
    assert batch["shift_labels"].tolist() == [[20, 21, 2], [30, 2, IGNORED]]


def test_an_answer_is_the_same_alone_and_beside_a_longer_prompt(tiny_seq2seq: Path) -> None:
    manifest = read_manifest(tiny_seq2seq)
    model, tokenizer = load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)
    prompts = [tokenizer("주소?")["input_ids"], tokenizer("서울 9만 원 센터의 전화? 요금? 주소는")["input_ids"]]
    ends = [tokenizer.eos_token_id]
    together = by_generate(model, prompts, ends, tokenizer.pad_token_id, 12)
    alone = [by_generate(model, [prompt], ends, tokenizer.pad_token_id, 12)[0] for prompt in prompts]
    assert [ids[: len(one)] for ids, one in zip(together, alone, strict=True)] == alone


def test_the_generation_settings_that_ship_with_a_model_are_dropped(tiny_seq2seq: Path) -> None:
    """KoBART forces an EOS at the length limit: every truncated answer would seem to have ended by itself."""
    manifest = read_manifest(tiny_seq2seq)
    model, tokenizer = load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)
    prompt, ends = [tokenizer("주소? 전화? 요금?")["input_ids"]], [tokenizer.eos_token_id]
    plain = by_generate(model, prompt, ends, tokenizer.pad_token_id, 3)
    own = model.generation_config
    own.forced_eos_token_id, own.num_beams, own.min_length, own.forced_bos_token_id = ends[0], 4, 3, 9
    assert by_generate(model, prompt, ends, tokenizer.pad_token_id, 3) != plain
    answer_greedily(model)
    assert by_generate(model, prompt, ends, tokenizer.pad_token_id, 3) == plain


def test_a_config_that_names_no_decoder_start_is_one_line() -> None:
    from transformers import BartConfig, GenerationConfig

    config = BartConfig(decoder_start_token_id=None, bos_token_id=None)
    with pytest.raises(UserError, match="has no decoder_start_token_id"):
        decoder_start(config, GenerationConfig())


def test_a_row_longer_than_the_model_allows_is_one_line(tiny_seq2seq: Path) -> None:
    from transformers import BartConfig

    manifest = read_manifest(tiny_seq2seq)
    template = TemplateRecord.for_base(TEMPLATE, manifest)
    examples = {"train": ROWS, "validation": []}
    config = BartConfig(max_position_embeddings=5)
    with pytest.raises(UserError, match=r"train\.jsonl: a row has \d+ tokens, and model\.base takes at most 5"):
        preflight(examples, load_tokenizer(manifest), template, "</s>", PARAMS.train, 0, config)


def test_a_prompt_or_an_answer_longer_than_the_model_allows_is_one_line(tiny_seq2seq: Path) -> None:
    manifest = read_manifest(tiny_seq2seq)
    model, tokenizer = load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)
    with pytest.raises(UserError, match=r"a prompt has .* takes at most 1024"):
        generate(model, tokenizer, ["서울 " * 2000], PARAMS.predict)
    long = PARAMS.predict.model_copy(update={"max_new_tokens": 2000})
    with pytest.raises(UserError, match=r"an answer of predict\.max_new_tokens has 2000"):
        generate(model, tokenizer, ["서울"], long)


def test_an_eos_that_the_tokenizer_appends_to_the_encoder_s_text_is_accepted(tiny_seq2seq: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    manifest = read_manifest(tiny_seq2seq)
    tokenizer = load_tokenizer(manifest)
    eos = tokenizer.eos_token_id
    tokenizer._tokenizer.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", eos)])
    model = load_base(manifest, precision_of("fp32"))
    template = TemplateRecord.for_base(TEMPLATE, manifest)
    examples = {"train": ROWS, "validation": []}
    rows = preflight(examples, tokenizer, template, "</s>", PARAMS.train, 0, model.config)["train"]
    assert all(row["input_ids"].count(eos) == 2 for row in rows)
    twice = [row.model_copy(update={"prompt": f"{row.prompt}</s> A: "}) for row in ROWS]
    encoded = [encode_example(row, tokenizer, encoder=True) for row in twice]
    with pytest.raises(UserError, match="have an EOS inside the prompt"):
        check_rows(encoded, ROWS, tokenizer, encoder=True)


@pytest.mark.parametrize("on", [TARGETS, ["q_proj", "fc1"]])
def test_a_merged_model_with_an_encoder_is_verified_and_loads_again_equal(
    on: list[str], tiny_seq2seq: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    monkeypatch.chdir(tmp_path)
    make_adapter(tiny_seq2seq, tmp_path, on=on)
    manifest = read_manifest(tiny_seq2seq)
    params = PARAMS.model_copy(update={"predict": PARAMS.predict.model_copy(update={"max_new_tokens": 12})})
    merging = Merging(manifest, params, "fp32", TemplateRecord.for_base(TEMPLATE, manifest), PROMPTS)
    proof = export_merged(merging, Path("merged"))[0]
    assert proof["fp32"]["same_answers"] == len(PROMPTS)
    assert proof["sixteen_bit"]["reloaded_logit_difference"] == 0
    assert proof["base"]["largest_logit_difference"] > 0.1
    again = AutoModelForSeq2SeqLM.from_pretrained("merged", dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained("merged")
    asked = tokenizer(PROMPTS[0], return_tensors="pt")
    said = again.generate(**asked, max_new_tokens=12)[0, 1:].tolist()
    whole = merge.in_fp32(manifest, precision_of("fp32"))
    expected = by_generate(whole, [asked["input_ids"][0].tolist()], merging.eos_ids, tokenizer.pad_token_id, 12)[0]
    assert said == expected


def test_the_same_seed_gives_the_same_model_byte_for_byte(tmp_path: Path) -> None:
    from conftest import make_tiny_seq2seq

    for name in ("one", "two"):
        make_tiny_seq2seq(tmp_path / name, steps=3)
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


@given(st.text("가나다라마 .#1:", max_size=60), st.integers(0, 99))
def test_an_invented_text_has_the_same_letters_in_the_same_places_and_keeps_all_but_syllables(
    text: str, seed: int
) -> None:
    made = invented_dialogue(text, list("바사아자차"), Random(seed))
    assert len(made) == len(text)
    pairs = {(old, new) for old, new in zip(text, made, strict=True)}
    assert len({old for old, _ in pairs}) == len(pairs), "a syllable was exchanged for two others"
    assert all(old == new for old, new in pairs if old not in "가나다라마")


@given(st.lists(st.integers(10, 99), max_size=50), st.integers(0, 99))
def test_masking_keeps_the_order_of_the_rest(ids: list[int], seed: int) -> None:
    shown = with_gaps(ids, 3, Random(seed))
    rest = iter(ids)
    assert all(token in rest for token in shown if token != 3)
    assert len(shown) <= len(ids)


def test_gguf_is_refused_in_one_line(tiny_seq2seq: Path, tmp_path: Path) -> None:
    import shutil

    from conftest import edit_params

    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    edit_params(tmp_path, {"export.format": "gguf"})
    make_adapter(tiny_seq2seq, tmp_path)
    manifest = read_manifest(tiny_seq2seq)
    write_json(tmp_path / "models/base/manifest.json", manifest.model_dump())
    record = TemplateRecord.for_base(TEMPLATE, manifest).model_dump()
    for path in ("models/adapter/template.json", "data/prompts/template.json"):
        write_json(tmp_path / path, record)
    for package in ("pagetune", "stages"):
        (tmp_path / package).symlink_to(ROOT / package)
    done = run(tmp_path, "python", "-m", "stages.export", check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("export: params.yaml: export.format: gguf is for models")
