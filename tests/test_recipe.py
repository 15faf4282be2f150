"""What `auto` is for rank, epochs, learning rate and rows of a step, and where it is said."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params
from hypothesis import given
from hypothesis import strategies as st

from pagetune.commands.plan import look_ahead, plan_lines
from pagetune.commands.presets import apply_preset
from pagetune.errors import UserError
from pagetune.jsonl import write_json
from pagetune.model.manifest import Manifest
from pagetune.params import Params, load_params
from pagetune.plan.recipe import Corpus, describe_corpus, describe_recipe, resolve_recipe
from pagetune.records import Example

SHIPPED = load_params(ROOT / "params.yaml")
SAMPLES = Corpus(facts=473, rows=2177)


def changed(**changes: Any) -> Params:
    """Return the shipped settings with keys of `lora` and `train`."""
    own = {key: value for key, value in changes.items() if key in ("r", "alpha")}
    rest = {key: value for key, value in changes.items() if key not in own}
    parts = {"lora": SHIPPED.lora.model_copy(update=own), "train": SHIPPED.train.model_copy(update=rest)}
    return SHIPPED.model_copy(update=parts)


def recipe(corpus: Corpus = SAMPLES, parameters: int = 268 * 10**6, builtin: bool = False, **changes: Any) -> Any:
    resolved = resolve_recipe(changed(**changes), corpus, parameters, builtin)
    train = resolved.train
    return resolved.lora.r, train.epochs, train.learning_rate, train.effective_batch_size


def example(pair_id: str) -> Example:
    return Example(
        prompt="Q: 몇 시에 열어요?\nA:", completion=" 9시</s>", pair_id=pair_id, kind="faq", doc_id="a", page_number=1,
        references=[], wording_seen=True,
    )  # fmt: skip


def test_the_samples_get_what_was_measured_with_a_real_model() -> None:
    assert recipe() == (16, 10, 5e-4, 16)


def test_a_built_in_model_keeps_its_own_settings() -> None:
    own = SHIPPED.builtin_training
    expected = (own.r, own.epochs, own.learning_rate, own.effective_batch_size)
    assert recipe(builtin=True) == expected
    assert expected[1:] != recipe()[1:]


@pytest.mark.parametrize(
    ("facts", "wordings", "epochs"),
    [(473, 1, 45), (473, 2, 22), (473, 10, 4), (473, 40, 2), (3_000, 5, 6), (10_000, 1, 20), (99_000, 1, 10)],
)
def test_epochs_follow_from_facts_and_wordings(facts: int, wordings: int, epochs: int) -> None:
    assert recipe(Corpus(facts, facts * wordings))[1] == epochs


@given(facts=st.integers(1, 200_000), wordings=st.integers(1, 9))
def test_one_fact_more_changes_the_epochs_by_one_at_most(facts: int, wordings: int) -> None:
    one, next_one = (recipe(Corpus(number, number * wordings))[1] for number in (facts, facts + 1))
    assert 0 <= one - next_one <= 1


def test_summaries_are_not_learned_by_heart() -> None:
    summaries = SHIPPED.model_copy(update={"task": "summarization"})
    assert resolve_recipe(summaries, Corpus(100, 100), 10**8, False).train.epochs == 5


@pytest.mark.parametrize(("facts", "rank"), [(1, 16), (1_000, 16), (1_001, 32), (10_000, 32), (10_001, 64)])
def test_the_rank_follows_from_the_facts(facts: int, rank: int) -> None:
    assert recipe(Corpus(facts, facts))[0] == rank


@pytest.mark.parametrize(("billions", "rate"), [(0.135, 5e-4), (1.5, 5e-4), (8, 3e-4), (14, 3e-4), (70, 2e-4)])
def test_the_learning_rate_follows_from_the_size(billions: float, rate: float) -> None:
    assert recipe(parameters=int(billions * 10**9))[2] == rate


@given(
    r=st.integers(1, 512), epochs=st.integers(1, 99), rate=st.floats(1e-6, 0.5), rows=st.integers(1, 512),
    builtin=st.booleans(), facts=st.integers(0, 10**6), wordings=st.integers(1, 9),
)  # fmt: skip
def test_a_number_is_never_replaced(
    r: int, epochs: int, rate: float, rows: int, builtin: bool, facts: int, wordings: int
) -> None:
    own = {"r": r, "epochs": epochs, "learning_rate": rate, "effective_batch_size": rows}
    assert recipe(Corpus(facts, facts * wordings), 10**9, builtin, **own) == (r, epochs, rate, rows)


@pytest.mark.parametrize("rank", [4, 64])
def test_alpha_is_a_constant_over_ranks_and_with_auto_its_scale_is(rank: int) -> None:
    assert resolve_recipe(changed(r=rank), SAMPLES, 10**9, False).lora.resolved_alpha == 32
    assert resolve_recipe(changed(r=rank, alpha="auto"), SAMPLES, 10**9, False).lora.resolved_alpha == 2 * rank


def test_nothing_else_of_the_settings_changes() -> None:
    resolved, shipped = resolve_recipe(SHIPPED, SAMPLES, 10**9, False).model_dump(), SHIPPED.model_dump()
    assert {key for key in shipped if shipped[key] != resolved[key]} == {"lora", "train"}


def test_a_fact_in_several_wordings_is_one_fact() -> None:
    rows = [example("a1"), example("a1-t1"), example("a1-new_wording"), example("b2")]
    assert describe_corpus(rows) == Corpus(facts=2, rows=4)


def test_the_log_says_what_auto_is_and_what_it_follows_from() -> None:
    said = describe_recipe(SHIPPED, resolve_recipe(SHIPPED, SAMPLES, 268 * 10**6, False), SAMPLES, 268 * 10**6)
    assert said == (
        "lora.r 16, lora.alpha 32, train.epochs 10, train.learning_rate 0.0005, train.effective_batch_size 16 "
        "(473 facts in 4.6 wordings each, 268 million parameters)"
    )
    own = changed(r=8, epochs=2, learning_rate=1e-4, effective_batch_size=4)
    assert describe_recipe(own, resolve_recipe(own, SAMPLES, 10**9, False), SAMPLES, 10**9).endswith("4 (as set)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_preset_for_an_instruct_model_plans_it_without_naming_it_again(folder: Path) -> None:
    edit_params(folder, {"lora.r": 64, "train.epochs": 6, "train.effective_batch_size": 4, "lora.alpha": "auto"})
    apply_preset(ROOT / "presets/instruct.yaml", folder / "params.yaml")
    said = "\n".join(plan_lines(24, None, None))
    assert "Qwen/Qwen3-8B (8.2 billion parameters) at bf16, LoRA r=16" in said
    assert "train.learning_rate 0.0003, train.effective_batch_size 16" in said


def test_plan_does_not_show_the_base_of_before(folder: Path) -> None:
    manifest = Manifest(
        source="builtin", id="builtin", location="models/base", revision=None, trust_remote_code=False, parameters=1,
        eos_token="</s>", bos_token=None, pad_token="<pad>", special_tokens=[],
    )  # fmt: skip
    write_json(folder / "models/base/manifest.json", manifest.model_dump())
    edit_params(folder, {"model.base": "LGAI-EXAONE/EXAONE-4.0-32B"})
    assert look_ahead(load_params(), 80, None, None).model.name == "LGAI-EXAONE/EXAONE-4.0-32B"
    edit_params(folder, {"model.base": "builtin_seq2seq"})
    with pytest.raises(UserError, match=r"models/base does not hold model\.base, builtin_seq2seq\. Run `dvc repro"):
        look_ahead(load_params(), 80, None, None)
    edit_params(folder, {"model.base": "./nowhere"})
    with pytest.raises(UserError, match=r"the model \./nowhere .* It is model\.base in params\.yaml\."):
        look_ahead(load_params(), 80, None, None)


def test_a_base_that_bitsandbytes_has_packed_is_planned_so(folder: Path) -> None:
    config = {
        "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "vocab_size": 512, "quantization_config": {"quant_method": "bitsandbytes"},
    }  # fmt: skip
    write_json(folder / "packed/config.json", config)
    edit_params(folder, {"model.base": "packed"})
    assert look_ahead(load_params(), 24, None, None).setup.precision == "4bit"
