"""What a training follows until it stops, and the questions about what it never saw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import make_inputs
from report_inputs import made_up
from test_loading import lora, params_of
from test_prompts import TEMPLATE, example

from pagetune.errors import UserError
from pagetune.evaluate.untouched import leave_out, left_out_line
from pagetune.model.loading import load_tokenizer
from pagetune.model.prompts import to_example
from pagetune.model.stop_questions import choose_stop_questions, to_stop_question
from pagetune.params import Params, StopOn
from pagetune.records import Pair, Prediction, Question
from pagetune.report.cases import all_cases
from pagetune.train.backend import load_for_training
from pagetune.train.checkpoints import open_store
from pagetune.train.curve import LossPoint, best_point, write_curve
from pagetune.train.inputs import check_stop_on
from pagetune.train.loop import fit
from pagetune.train.quick_scores import NAMES, UNSEEN_NAMES, Quick, choose_quick

on_cpu = pytest.mark.skipif(torch.cuda.is_available(), reason="test_gpu.py has the card's")
ROWS = [example(question, answer) for question, answer in (("주소?", "서울"), ("전화?", "02-555"), ("요금?", "9만 원"))]


def pair(name: str, question: str = "본점 전화?", answer: str = "02-777") -> Pair:
    return Pair.original(name, question, answer, "user", "unseen")


def pairs(count: int, kind: str = "h") -> list[Pair]:
    return [pair(f"{kind}{number}") for number in range(count)]


def written(count: int, answerable: bool = False) -> list[Pair]:
    """Return questions written by hand, which the documents do not answer."""
    own = {"split": "unanswerable", "check": "fact", "answerable": answerable, "general": False, "tag": None}
    return [Question(**one.model_dump(), **own, further=[]) for one in pairs(count, "s")]


def settings(stop_on: StopOn, quick: int = 3, **train: Any) -> Params:
    params = params_of(stop_on=stop_on, **train)
    return params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"quick": quick})})


# --- Which questions are asked


def ids(chosen: list[Pair]) -> list[str]:
    return [one.pair_id for one in chosen]


def test_half_of_the_questions_are_held_out_and_half_have_no_answer_in_the_documents() -> None:
    chosen = ids(choose_stop_questions(pairs(100), written(100), 20))
    assert [name[0] for name in chosen] == ["h"] * 10 + ["s"] * 10


@pytest.mark.parametrize(
    ("unseen", "silent", "expected"), [(100, 0, 20), (0, 100, 20), (6, 100, 20), (9, 7, 7), (1, 1, 0)]
)
def test_one_kind_makes_up_for_the_other_but_no_more_than_half_of_each_is_ever_asked(
    unseen: int, silent: int, expected: int
) -> None:
    chosen = ids(choose_stop_questions(pairs(unseen), written(silent), 20))
    assert len(chosen) == expected
    assert sum(name[0] == "h" for name in chosen) <= unseen // 2
    assert sum(name[0] == "s" for name in chosen) <= silent // 2


def test_a_fact_is_asked_in_one_wording() -> None:
    wordings = [pair(f"h{number}{wording}") for number in range(20) for wording in ("", "-please", "-short")]
    chosen = ids(choose_stop_questions(wordings, [], 99))
    assert len(chosen) == 10
    assert all("-" not in name for name in chosen)


def test_the_choice_follows_from_the_pairs_alone_and_a_further_document_moves_few() -> None:
    before = set(ids(choose_stop_questions(pairs(200), [], 20)))
    assert before == set(ids(choose_stop_questions(reversed(pairs(200)), [], 20)))
    assert len(before & set(ids(choose_stop_questions(pairs(220), [], 20)))) >= 15


def test_what_the_documents_do_answer_is_not_asked() -> None:
    assert choose_stop_questions([], written(100, answerable=True), 20) == []


def test_with_quick_0_nothing_is_asked() -> None:
    assert choose_stop_questions(pairs(9), written(9), 0) == []


# --- What the answers are worth


def quick_of(base: Path, answers: list[str], monkeypatch: pytest.MonkeyPatch, unseen: int = 2) -> Quick:
    job = make_inputs(base, settings("invented"), ROWS, validation=3)
    asked = [to_stop_question(one, to_example(one, TEMPLATE, "</s>", True)) for one in pairs(unseen)]
    quick = choose_quick(ROWS, load_tokenizer(job.manifest), job.params, 3, asked)
    assert quick is not None
    monkeypatch.setattr(Quick, "answers", lambda quick, model: answers)
    return quick


@pytest.mark.parametrize(
    ("unseen", "abstained", "invented"),
    [
        (["02-777", "문서에 나와 있지 않습니다."], 0.5, 0.0),
        (["02-999", "문서에 나와 있지 않습니다."], 0.5, 0.5),
        (["3시간입니다.", "부산역 4번 출구"], 0.0, 1.0),
    ],
)
def test_the_scores_tell_inventing_from_refusing(
    tiny_base: Path, unseen: list[str], abstained: float, invented: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = quick_of(tiny_base, ["서울", "02-555", "8만 원", *unseen], monkeypatch)
    scores = quick.scores(torch.nn.Linear(1, 1))
    assert set(scores) == {*NAMES, *UNSEEN_NAMES}
    assert scores["fact_match"] == pytest.approx(2 / 3, abs=1e-5)
    assert (scores["abstained"], scores["invented"]) == (abstained, invented)
    assert scores["wrong"] == pytest.approx((1 / 3 + invented) / 2, abs=1e-5)


def test_another_thing_of_the_kind_is_wrong_because_the_question_asks_which_one(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_inputs(tiny_base, settings("quick"), ROWS, validation=3)
    asked = pair("v9", "강의실이 다솜실(1204호)인 과정은 무엇인가요?", "악성코드 분석 과정")
    quick = choose_quick([to_example(asked, TEMPLATE, "</s>", True)], load_tokenizer(job.manifest), job.params, 1)
    assert quick is not None
    for answer, right in (("악성코드 분석 과정", 1), ("보안 관제 실무 과정", 0)):
        monkeypatch.setattr(Quick, "answers", lambda quick, model, said=answer: [said])
        assert quick.scores(torch.nn.Linear(1, 1))["fact_match"] == right


def test_a_model_that_says_nothing_is_no_better_than_one_that_invents_everything(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = quick_of(tiny_base, ["", "", "", "", ""], monkeypatch).scores(torch.nn.Linear(1, 1))
    inventing = quick_of(tiny_base, ["서울", "02-555", "9만 원", "3분", "4분"], monkeypatch)
    assert silent["wrong"] == inventing.scores(torch.nn.Linear(1, 1))["wrong"] == 0.5


# --- What decides


def point(step: int, loss: float, rouge: float, wrong: float) -> LossPoint:
    return LossPoint(step, 0.0, 1.0, loss, 0.1, {"rouge_combined_f1": rouge, "wrong": wrong})


CURVE = [point(10, 0.3, 0.2, 0.4), point(20, 0.5, 0.9, 0.3), point(30, 0.4, 0.9, 0.1), point(40, 0.6, 0.1, 0.1)]


@pytest.mark.parametrize(("stop_on", "step"), [("loss", 10), ("quick", 20), ("invented", 30)])
def test_the_best_evaluation_is_the_first_of_the_best_by_what_is_followed(stop_on: StopOn, step: int) -> None:
    best = best_point(CURVE, stop_on)
    assert best is not None
    assert best.step == step


SCRIPT = {
    "quick": [{"rouge_combined_f1": value, "wrong": 0.5} for value in (0.1, 0.7, 0.6, 0.5, 0.9)],
    "invented": [{"rouge_combined_f1": 0.5, "wrong": value} for value in (0.5, 0.2, 0.2, 0.3, 0.1)],
}


@on_cpu
@pytest.mark.parametrize("stop_on", ["quick", "invented"])
def test_a_training_stops_by_the_curve_that_it_follows_and_keeps_its_best(
    stop_on: StopOn,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second of five evaluations is the best; after two more that do not beat it, nothing is trained on."""
    monkeypatch.chdir(tmp_path)
    scripted = iter(SCRIPT[stop_on])
    params = settings(
        stop_on, lora=lora(r=4), epochs=50, eval_steps=10, load_best_model_at_end=True, early_stopping_patience=2
    )
    job = make_inputs(tiny_base, params, ROWS, validation=3)
    monkeypatch.setattr(Quick, "scores", lambda quick, model: next(scripted))
    job = replace(job, quick=choose_quick(ROWS, load_tokenizer(job.manifest), params, 3))
    plan = job.plan(8 * 2**30)
    with open_store("key") as store:
        outcome = fit(job, load_for_training(job, plan.gradient_checkpointing), plan, store)
    best = best_point([one for one in outcome.curve if one.validation_loss is not None], stop_on)
    assert (outcome.curve[-1].step, best.step if best else None) == (40, 20)
    words = {"quick": "ROUGE of the quick answers 0.7000 was the highest", "invented": "wrong quick answers 0.2000 was"}
    assert "train: taking step 20, whose " in (said := capsys.readouterr().out)
    assert words[stop_on] in said


def test_the_csv_has_a_column_for_each_score(tmp_path: Path) -> None:
    write_curve(CURVE, tmp_path)
    header, first, *_ = (tmp_path / "validation.csv").read_text(encoding="utf-8").splitlines()
    assert header == "step,epoch,validation_loss,quick_rouge_combined_f1,quick_wrong"
    assert first == "10,0.0,0.3,0.2,0.4"


# --- What is refused


@pytest.mark.parametrize(
    ("params", "asked", "said"),
    [
        (settings("quick", 0, load_best_model_at_end=True), True, r"evaluate\.quick, which is 0\. Set that to 20, or"),
        (settings("invented"), True, r"decides nothing without train\.load_best_model_at_end and"),
        (settings("invented", early_stopping_patience=2), False, r"stopping\.jsonl has no questions.*stop_on: quick\."),
    ],
)
def test_a_setting_that_decides_nothing_is_refused_in_one_line(params: Params, asked: bool, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        check_stop_on(params, asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("params", "asked"),
    [
        (settings("loss", 0), False),
        (settings("quick", load_best_model_at_end=True), False),
        (settings("invented", early_stopping_patience=2), True),
    ],
)
def test_what_decides_something_is_allowed(params: Params, asked: bool) -> None:
    check_stop_on(params, asked)


@on_cpu
def test_without_memory_for_an_answer_nothing_can_be_followed(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    quick = quick_of(tiny_base, [], monkeypatch)
    monkeypatch.setattr(Quick, "answers", full)
    with pytest.raises(UserError, match=r"no memory for an answer .* by which train\.stop_on: invented decides"):
        quick.scores(torch.nn.Linear(1, 1))


# --- What decided is not scored


def answered(one: Pair, split: Any) -> Prediction:
    row = to_example(one, TEMPLATE, "</s>", True)
    more = {"split": split, "eos_token": "</s>", "prediction": "?", "stopped": True, "precision": "fp32", "engine": "t"}
    return Prediction(**row.model_dump(), **more)


def test_a_fact_that_decided_is_left_out_in_all_its_wordings_and_counted() -> None:
    rows = [answered(pair(name), "heldout") for name in ("h1", "h1-please", "h2")] + [answered(pair("r1"), "recall")]
    asked = [to_stop_question(pair("h1"), to_example(pair("h1"), TEMPLATE, "</s>", True))]
    kept, left_out = leave_out({"base": rows, "tuned": rows}, asked, "invented")
    assert [row.pair_id for row in kept["base"]] == [row.pair_id for row in kept["tuned"]] == ["h2", "r1"]
    assert left_out == {"heldout": 2}
    assert left_out_line(left_out).startswith("By their answers to 2 of heldout, the training chose when to stop")


@pytest.mark.parametrize("stop_on", ["loss", "quick"])
def test_where_nothing_decided_nothing_is_left_out(stop_on: StopOn) -> None:
    rows = {model: [answered(pair("h1"), "heldout")] for model in ("base", "tuned")}
    asked = [to_stop_question(pair("h1"), to_example(pair("h1"), TEMPLATE, "</s>", True))]
    assert leave_out(rows, asked, stop_on) == (rows, {})
    assert leave_out(rows, [], "invented") == (rows, {})


def test_the_report_shows_no_answer_that_has_no_score() -> None:
    inputs = made_up()
    scored = [row for row in inputs.per_example if row["set"] != "heldout"]
    answers = {"base": inputs.base, "tuned": inputs.tuned}
    shown = all_cases(answers, scored, inputs.asked, "fact_match")
    assert {row.set for row in shown} == {row["set"] for row in scored}
    assert "heldout" in {row.set for row in all_cases(answers, inputs.per_example, inputs.asked, "fact_match")}
