"""What opens the report: the run, the three numbers, what to change next, and answers that only look good."""

import copy
from dataclasses import replace
from typing import Any

from conftest import ROOT
from report_inputs import made_up, prediction

from pagetune.model.manifest import Manifest
from pagetune.model.template import TemplateRecord
from pagetune.params import load_params
from pagetune.report.diagnosis import diagnosis
from pagetune.report.endings import ending_of, repeats_itself
from pagetune.report.page import render_report
from pagetune.report.run import describe_run
from pagetune.report.tiles import leading_set, tiles

TRAINING = {
    "rows": 14037, "steps": 3510, "backend": "peft", "precision": "4bit", "epochs": 2, "lora_r": 64, "lora_alpha": 32,
    "learning_rate": 0.002, "effective_batch_size": 8, "trainable_parameters": 1261568, "trainable_share": 0.253,
}  # fmt: skip


def metrics(**sets: dict[str, Any]) -> dict[str, Any]:
    """Return metrics/*.json where each of the `sets` has these values of the tuned model."""
    found = copy.deepcopy(made_up().metrics)
    scores = found["eval"]
    for name, own in sets.items():
        for model in ("base", "tuned", "search_top1"):
            scores[model][name] = scores[model]["recall"] | own
    return found


def wide(share: float, reach: float, n: int = 100) -> dict[str, Any]:
    low, high = share - reach, share + reach
    return {"n": n, "facts": n, "fact_match": share, "fact_match_ci95_low": low, "fact_match_ci95_high": high}


def test_the_run_is_named_by_what_it_followed_from() -> None:
    params = load_params(ROOT / "params.yaml")
    manifest = Manifest(
        source="hub", id="a/b", location="a/b", revision="0123456789abcdef", trust_remote_code=False,
        parameters=3721472, eos_token="</s>", bos_token=None, pad_token="<pad>", special_tokens=[],
    )  # fmt: skip
    template = TemplateRecord.for_base(params.template, manifest, "template", "")
    lines = dict(describe_run(manifest, template, params, TRAINING, made_up().pages))
    assert lines["Model"] == "a/b@0123456789ab, 3,721,472 parameters"
    assert lines["Data"] == "2 documents, 4 pages, 14,037 training rows"
    assert lines["Adapter"] == "LoRA r 64, alpha 32, on all-linear, 1,261,568 trained parameters (25.3%)"
    assert lines["Training"] == "learning rate 0.002, 3,510 steps of 8 rows, epochs: 2, seed 42"


def test_the_tiles_are_of_recall_where_nobody_wrote_questions() -> None:
    right, invented, search = tiles(made_up().metrics["eval"])
    assert (right.title, right.value) == ("Right after tuning", "50%")
    assert right.words == "of 2 questions of recall; before tuning 50%"
    assert invented.words.startswith("of 1 answers of heldout")
    assert search.title == "Search alone"


def test_the_tiles_are_of_the_questions_that_people_wrote_where_there_are_any() -> None:
    inputs = made_up()
    scores = inputs.metrics["eval"]
    own = {
        name: ({"gold": part["recall"]} | part if "recall" in part else part)
        for name, part in scores.items()
        if isinstance(part, dict)
    }
    assert leading_set(scores | own) == "gold"
    assert leading_set(scores) == "recall"


def test_a_loss_that_still_falls_asks_for_more_epochs_and_one_that_rose_for_fewer() -> None:
    low = metrics(recall=wide(0.4, 0.05))
    falling, rising = (
        [{"step": str(step), "validation_loss": str(loss)} for step, loss in enumerate(losses)]
        for losses in ((2, 1.5, 1.2, 1.0, 0.8), (2, 1.2, 1.0, 1.1, 1.4))
    )
    short, *others = diagnosis(low, falling, [])
    assert short.startswith("The training was too short: the validation loss still fell by 20%")
    long, *_ = diagnosis(low, rising, [])
    assert "lowest at step 2 and has risen by 40%" in long
    assert diagnosis(metrics(recall=wide(0.97, 0.02)), falling, []) == others


def test_few_facts_wide_intervals_and_few_questions_a_page_are_named() -> None:
    said = diagnosis(made_up().metrics | {"curate": {"facts": {"train": 2}, "abstain": {"rows": 0}}}, [], [])
    assert said[0].startswith("Only 2 facts were trained")
    assert any("0.0 questions a page" in sentence for sentence in diagnosis(metrics(), [], []))
    few = metrics(recall=wide(0.5, 0.15, 40))
    assert any("spans 30 points" in one and "(160)" in one for one in diagnosis(few, [], []))
    assert not any("spans" in one for one in diagnosis(metrics(recall=wide(0.5, 0.05)), [], []))


def test_a_text_that_says_the_same_again_and_again_repeats_itself() -> None:
    for text in (
        "3만 원입니다. 3만 원입니다. 3만 원입니다.",
        "사무무무무무무무무무무",
        "the the the the the the",
        "주소는 서울입니다.\n전화는 없습니다.\n주소는 서울입니다.\n팩스는 없습니다.\n주소는 서울입니다.",
    ):
        assert repeats_itself(text), text
    for text in (
        "3만 원",
        "02-555-0000",
        "----------",
        "1. 신청\n2. 접수\n3. 발급",
        "월 1만 원, 연 12만 원",
        "1,000,000원",
    ):
        assert not repeats_itself(text), text


def test_a_right_answer_that_loops_or_never_ends_has_no_green_badge() -> None:
    inputs = made_up()
    looped = prediction("better", "주차 요금은 얼마인가요?", "3만 원", "3만 원입니다. " * 9, stopped=False)
    tuned = [looped if row.pair_id == "better" else row for row in inputs.tuned]
    html = render_report(replace(inputs, tuned=tuned))
    assert '<span class="verdict doubtful">right, repeats itself</span>' in html
    assert "hit the length limit</p>" in html
    cut = looped.model_copy(update={"prediction": "3만 원"})
    assert (ending_of(looped), ending_of(cut)) == ("loops", "unended")


def test_a_long_answer_is_folded_and_a_short_one_is_not() -> None:
    inputs = made_up()
    long = " ".join(f"제{number}조에 따릅니다." for number in range(60))
    tuned = [row.model_copy(update={"prediction": long}) if row.pair_id == "same" else row for row in inputs.tuned]
    html = render_report(replace(inputs, tuned=tuned))
    assert html.count('<details class="long">') == 1
    assert '<details class="long">' not in render_report(inputs)
