"""Base and tuned side by side."""

import pytest
from conftest import ROOT

from pagetune.errors import UserError
from pagetune.evaluation import comparison_table, evaluate
from pagetune.params import load_params
from pagetune.records import Prediction, Split

PARAMS = load_params(ROOT / "params.yaml").evaluate


def prediction(answer: str, split: Split = "recall", seen: bool = True, **changes: str) -> Prediction:
    return Prediction(
        pair_id="1",
        kind="faq",
        doc_id="문서",
        page_number=1,
        template_seen=seen,
        prompt=changes.get("prompt", "Q: 주소?\nA: "),
        completion="서울특별시 12층</s>",
        references=[],
        split=split,
        eos_token="</s>",  # noqa: S106 - a token of text
        prediction=answer,
        stopped=True,
        precision=changes.get("precision", "4bit"),
    )


def test_seen_and_new_wordings_are_scored_apart() -> None:
    base = [prediction("몰라요"), prediction("몰라요", seen=False)]
    tuned = [prediction("서울특별시 12층"), prediction("서울특별시 13층", seen=False)]
    metrics, rows = evaluate({"base": base, "tuned": tuned}, PARAMS)
    assert metrics["base"]["recall"]["exact_match"] == 0
    assert metrics["tuned"]["recall"]["exact_match"] == 1
    assert metrics["tuned"]["recall_new_wording"]["exact_match"] == 0
    assert metrics["tuned"]["heldout"]["n"] == 0
    assert metrics["tuned"]["recall"]["by_kind"] == {"faq": {"n": 1, "exact_match": 1.0}}
    assert len(rows) == 4


def test_another_precision_before_and_after_is_refused() -> None:
    with pytest.raises(UserError, match=r"base is in \['4bit'\], tuned in \['bf16'\]"):
        evaluate({"base": [prediction("a")], "tuned": [prediction("a", precision="bf16")]}, PARAMS)


def test_a_tokenizer_that_loses_the_reference_is_refused() -> None:
    english = PARAMS.model_copy(update={"tokenizer": "english"})
    korean = prediction("몰라요").model_copy(update={"completion": "서울특별시</s>"})
    with pytest.raises(UserError, match="english finds no token"):
        evaluate({"base": [korean], "tuned": [korean]}, english)


def test_other_prompts_before_and_after_are_refused() -> None:
    with pytest.raises(UserError, match="base and tuned answer other prompts"):
        evaluate({"base": [prediction("a")], "tuned": [prediction("a", prompt="anders")]}, PARAMS)


def test_the_table_shows_before_after_interval_and_n_per_kind() -> None:
    metrics, _ = evaluate({"base": [prediction("몰라요")], "tuned": [prediction("서울특별시 12층")]}, PARAMS)
    table = comparison_table(metrics)
    assert "0.000 -> 1.000 [1.000, 1.000]" in table
    assert "faq 1.000 (n=1)" in table
    assert "(empty)" in table
