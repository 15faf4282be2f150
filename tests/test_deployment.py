"""Answers with passages beside those without: their scores, the report, and what to deploy."""

from dataclasses import replace
from typing import Any

import pytest
from conftest import ROOT
from report_inputs import made_up
from test_evaluation import ADDRESS, PARAMS, TEMPLATE, TRAIN, prediction
from test_model_card import manifest, shipped_metrics, template_of

from pagetune.commands.sweep import score_of
from pagetune.errors import UserError
from pagetune.evaluate.advice import advice
from pagetune.evaluate.agreement import Opinion, agreement_line, judge_metrics
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.deployment import deployment
from pagetune.evaluate.evaluation import Evaluation, evaluate, metrics_of
from pagetune.evaluate.gate_scores import gate_metrics
from pagetune.evaluate.retrieval import Hits, hit_rows, search_metrics
from pagetune.evaluate.sets import as_asked
from pagetune.evaluate.tables import change_rows, group_rows, per_example_rows
from pagetune.evaluate.untouched import leave_out
from pagetune.params import load_params
from pagetune.records import Prediction, StopQuestion
from pagetune.report.model_card import render_model_card
from pagetune.report.page import render_report

COUNT = 40
#: The most similar training question has another answer.
OTHERS = TRAIN[1:]
CLOSED, OPEN = ("base", "tuned"), ("base_open", "tuned_open")
NOTHING: dict[str, list[Prediction]] = {model: [] for model in (*CLOSED, *OPEN)}


def answers(right: int, model: str, split: str = "recall", **changes: Any) -> list[Prediction]:
    """Return answers of which the first ones are right, to questions about another document in each split."""
    prompt = "[1] 글\nQ: 센터의 주소?\nA: " if model in OPEN else None
    own: dict[str, Any] = {"doc_id": split, "open_prompt": prompt, "count": COUNT} | changes
    numbers = range(own.pop("count"))
    return [
        prediction(ADDRESS if number < right else "모릅니다", split, pair_id=f"{split}{number}", **own)
        for number in numbers
    ]


def evaluated(models: tuple[str, ...], **rights: tuple[int, ...]) -> Evaluation:
    """Return the evaluation of answers with this many right ones, by set and in the order of `models`."""
    predictions: dict[str, list[Prediction]] = {model: [] for model in (*CLOSED, *OPEN)}
    for place, model in enumerate(models):
        for split, own in rights.items():
            predictions[model] += answers(own[place], model, split)
    return evaluate(predictions, OTHERS, TEMPLATE, PARAMS)


def hits_of(evaluation: Evaluation, **found: int) -> dict[str, Hits]:
    """Return that the search finds the first answers of each set, as many as are `found` there."""
    hits = [int(row.pair_id.removeprefix(row.split)) < found.get(row.split, 0) for row in evaluation.asked]
    return {"search_top1": list(hits), "search_top5": list(hits)}


def metrics_with(evaluation: Evaluation, hits: dict[str, Hits]) -> dict[str, Any]:
    return metrics_of(evaluation) | search_metrics(evaluation, hits) | deployment(evaluation, hits)


def metrics(models: tuple[str, ...], **rights: tuple[int, ...]) -> dict[str, Any]:
    evaluation = evaluated(models, **rights)
    return metrics_with(evaluation, hits_of(evaluation))


@pytest.mark.parametrize(
    ("trained", "unseen", "choice"),
    [
        ((0, 10, 10, 38), (0, 0, 10, 30), "both"),
        ((0, 38, 36, 37), (0, 0, 30, 31), "search"),
        ((0, 38, 10, 39), (0, 30, 0, 30), "tuned"),
        ((20, 20, 20, 21), (20, 20, 20, 20), "neither"),
        ((0, 38, 5, 5), (0, 0, 30, 5), None),
    ],
)
def test_the_simplest_way_is_deployed_that_no_other_beats(
    trained: tuple[int, ...], unseen: tuple[int, ...], choice: str | None
) -> None:
    found = metrics((*CLOSED, *OPEN), recall=trained, heldout=unseen)
    assert found["deploy"]["choice"] == choice
    assert advice(found)[0].startswith("Deploy ")


def test_where_no_single_way_will_do_the_sentence_names_one_for_each() -> None:
    said = advice(metrics((*CLOSED, *OPEN), recall=(0, 38, 5, 5), heldout=(0, 0, 30, 5)))
    assert said[0] == (
        "Deploy the tuned model alone for documents that it was trained on and the base with the search for documents "
        "that training never saw: no single way is good at both."
    )
    assert "(heldout), the base with the search gets 75% right." in said[2]


def test_a_difference_is_said_in_points_with_its_paired_interval() -> None:
    """Without pairing, 38 and 37 of 40 would differ by far more than a point either way."""
    (_, trained, _) = advice(metrics((*CLOSED, *OPEN), recall=(0, 38, 36, 37), heldout=(0, 0, 30, 31)))
    assert trained.startswith(
        "Of 40 questions about documents that it was trained on (recall), the base with the search"
    )
    assert "the base alone 0% (90 points fewer, 95% interval -" in trained
    assert "the tuned model alone 95% (no measurable difference: 95% interval 0 to +1" in trained


@pytest.mark.parametrize(
    ("recall", "heldout", "found", "choice"),
    [
        ((0, 38), (0, 0), {"recall": 20, "heldout": 39}, None),
        ((0, 38), (0, 38), {"recall": 20, "heldout": 20}, "tuned"),
        ((0, 38), (0, 0), {"recall": 38, "heldout": 39}, "search"),
        ((0, 1), (0, 0), {}, "neither"),
    ],
)
def test_without_passages_the_tuned_model_is_compared_with_the_search_by_itself(
    recall: tuple[int, ...], heldout: tuple[int, ...], found: dict[str, int], choice: str | None
) -> None:
    evaluation = evaluated(CLOSED, recall=recall, heldout=heldout)
    scores = metrics_with(evaluation, hits_of(evaluation, **found))
    assert (scores["deploy"]["book"], scores["deploy"]["choice"]) == ("closed", choice)
    assert "which somebody still has to read" in advice(scores)[-1]
    assert advice(scores)[0] in comparison_table(scores)
    if choice is None:
        assert "a search that shows the best passage for documents that training never saw" in advice(scores)[0]


def test_a_lookup_that_the_tuning_does_not_beat_is_deployed() -> None:
    rows = {model: answers(39 if model == "tuned" else 0, model) for model in CLOSED}
    evaluation = evaluate(rows, TRAIN, TEMPLATE, PARAMS)
    said = advice(metrics_with(evaluation, hits_of(evaluation)))
    assert said[0].startswith("Deploy a lookup of the most similar training question: it is the simplest way")


def test_questions_of_the_users_own_rows_are_compared_without_a_search() -> None:
    evaluation = evaluated(CLOSED, recall=(0, 38))
    none: Hits = [None] * COUNT
    found = deployment(evaluation, {"search_top1": none, "search_top5": none})["deploy"]
    assert (found["choice"], list(found["trained"]["scores"])) == ("tuned", ["neither", "lookup", "tuned"])


@pytest.mark.parametrize("models", [CLOSED, OPEN, (*CLOSED, *OPEN)])
def test_too_few_questions_decide_nothing(models: tuple[str, ...]) -> None:
    rows = {model: answers(20, model, count=20) for model in models}
    evaluation = evaluate(NOTHING | rows, OTHERS, TEMPLATE, PARAMS)
    found = metrics_with(evaluation, hits_of(evaluation))
    assert "deploy" not in found
    assert advice(found) == []


def test_questions_that_people_wrote_come_before_those_of_templates() -> None:
    """A set of any name counts by what its questions are about: documents with questions in heldout are unseen."""
    written = {"kind": "question"}
    predictions = {
        model: [
            *answers(known, model, "recall"),
            *answers(5, model, "heldout"),
            *answers(spoken, model, "mine", doc_id="recall", **written),
            *answers(5, model, "gold", doc_id="heldout", **written),
            *answers(40, model, "silent", doc_id="recall", answerable=False, **written),
            *answers(40, model, "general", doc_id="", general=True, **written),
        ]
        for model, known, spoken in zip((*CLOSED, *OPEN), (0, 40, 0, 0), (0, 0, 40, 0), strict=True)
    }
    evaluation = evaluate(predictions, OTHERS, TEMPLATE, PARAMS)
    found = deployment(evaluation, hits_of(evaluation))["deploy"]
    assert found["trained"]["sets"] == ["mine"]
    assert found["unseen"]["sets"] == ["gold"]
    assert found["choice"] == "search"


def test_the_terminal_shows_the_four_columns_with_intervals() -> None:
    table = comparison_table(metrics((*CLOSED, *OPEN), recall=(0, 10, 10, 38), heldout=(0, 0, 10, 30)))
    assert "tuned, open book" in table
    (row,) = [line for line in table.splitlines() if line.startswith("heldout") and "0.750 [" in line]
    assert row.count("[") == 4


def test_answers_with_passages_alone_are_set_side_by_side() -> None:
    """With predict.book: open, base and tuned have no answers without passages."""
    found = metrics(OPEN, recall=(3, 9), heldout=(1, 2), validation=(0, 30))
    assert found["tuned"]["recall"]["n"] == 0
    assert found["tuned_open"]["recall"]["fact_match"] == pytest.approx(9 / 40)
    assert found["change"]["recall"]["fact_match"] == pytest.approx(6 / 40)
    assert found["change"]["recall"]["better"] == 6
    assert found["deploy"]["book"] == "open"
    assert list(found["deploy"]["trained"]["scores"]) == ["lookup", "search", "both"]
    table = comparison_table(found)
    assert "0.075 -> 0.225, +0.150 [" in table
    assert "open book" not in table
    assert score_of(as_asked(found)["tuned"]["validation"], "fact_match") is not None


def test_both_books_are_named_where_both_were_asked() -> None:
    found = metrics((*CLOSED, *OPEN), recall=(0, 10, 10, 38))
    assert as_asked(found) is found


def test_the_tables_compare_answers_with_passages_where_there_are_no_others() -> None:
    evaluation = evaluated(OPEN, recall=(3, 9))
    assert [row["fact_match_change"] for row in group_rows(evaluation)] == [0.15, 0.15]
    moved = [(row["before"], row["after"]) for row in change_rows(evaluation, "recall")]
    assert moved.count(("abstains", "right")) == 6
    assert {row["model"] for row in per_example_rows(evaluation)} == {*OPEN, "echo", "lookup"}


def test_the_gate_looks_up_answers_with_passages_where_there_are_no_others() -> None:
    from report_inputs import page

    evaluation = evaluated(OPEN, recall=(3, 9))
    text = f"센터의 주소는 {ADDRESS}입니다."
    pages = [page("recall", 1).model_copy(update={"text": text, "status": "ok", "reason": None})]
    gate = gate_metrics(evaluation, TEMPLATE, pages)["recall"]
    assert (gate["n"], gate["right"], gate["wrong"]) == (9, 9, 0)
    assert gate["right_kept"] == 1.0


@pytest.mark.parametrize("models", [OPEN, (*CLOSED, *OPEN)])
def test_what_decided_when_to_stop_is_left_out_of_all_answers(models: tuple[str, ...]) -> None:
    rows = {model: answers(9, model, "heldout") for model in models}
    fields = prediction("").model_dump(include=set(StopQuestion.model_fields))
    stopping = [StopQuestion(**fields | {"pair_id": "heldout3", "support": ""})]
    kept, lost = leave_out(NOTHING | rows, stopping, "invented")
    assert lost == {"heldout": 1}
    assert [len(kept[model]) for model in models] == [COUNT - 1] * len(models)


def test_a_judge_judges_answers_with_passages_where_there_are_no_others() -> None:
    evaluation = evaluated(OPEN, recall=(3, 9))
    assert list(evaluation.compared) == list(OPEN)
    opinions = {model: [Opinion("right", "")] * COUNT for model in OPEN}
    judged = {"model": "a judge"} | judge_metrics(evaluation, opinions)
    assert judged["tuned_open"]["recall"]["n"] == COUNT
    assert "a judge judged 80 answers" in agreement_line(judged)
    shown = as_asked(metrics_of(evaluation) | {"judge": judged})["judge"]
    assert shown["agreement"]["tuned"]["both_right"] == 9


@pytest.mark.parametrize("other", ["prompt", "open_prompt", "engine"])
def test_answers_to_other_questions_are_not_compared(other: str) -> None:
    rows = {model: answers(3, model) for model in (*CLOSED, *OPEN)}
    rows["tuned_open"] = [row.model_copy(update={other: "anders"}) for row in rows["tuned_open"]]
    with pytest.raises(UserError, match="data/predictions"):
        evaluate(rows, OTHERS, TEMPLATE, PARAMS)


@pytest.mark.parametrize("models", [OPEN, (*CLOSED, *OPEN)])
def test_the_report_shows_the_books_that_were_asked(models: tuple[str, ...]) -> None:
    inputs = made_up()
    rights = {"recall": (3, 9, 3, 9), "heldout": (0, 0, 20, 30)}
    evaluation = evaluated(models, **{name: own[-len(models) :] for name, own in rights.items()})
    hits = hits_of(evaluation, recall=20)
    rows = [*per_example_rows(evaluation), *hit_rows(evaluation, hits)]
    page = render_report(
        replace(
            inputs,
            metrics=inputs.metrics | {"eval": metrics_with(evaluation, hits) | {"gate": {}}},
            base=evaluation.compared[models[0]],
            tuned=evaluation.compared[models[1]],
            groups=[{key: str(value) for key, value in row.items()} for row in group_rows(evaluation)],
            per_example=[{key: str(value) for key, value in row.items()} for row in rows],
        )
    )
    both = models != OPEN
    assert "<p>Deploy " in page
    assert (">tuned_open</th>" in page) is both
    assert ("were asked with the best passages of the search in the prompt" in page) is not both
    assert "answers 9 of 40 questions about trained facts correctly" in page
    assert "+0.150" in page
    assert 'class="case"' in page


def test_the_report_says_what_was_forgotten_where_only_passages_were_asked_with() -> None:
    from pagetune.report.cases import right_answers
    from pagetune.report.findings import summary_sentences

    rows = {
        model: [*answers(9, model), *answers(right, model, "mine", doc_id="", general=True, kind="question")]
        for model, right in zip(OPEN, (30, 12), strict=True)
    }
    evaluation = evaluate(NOTHING | rows, OTHERS, TEMPLATE, PARAMS)
    found = as_asked(metrics_with(evaluation, hits_of(evaluation)))
    named = {"base_open": "base", "tuned_open": "tuned"}
    texts = [{key: str(value) for key, value in row.items()} for row in per_example_rows(evaluation)]
    rights = right_answers([row | {"model": named.get(row["model"], row["model"])} for row in texts])
    said = " ".join(summary_sentences(found, rights))
    assert "of mine, which are not about the documents, the tuned model answers 12 of 40" in said
    assert "It has unlearned something that it knew" in said
    assert "General questions were asked without passages." in said


def test_the_card_says_that_the_model_was_asked_with_passages() -> None:
    found = metrics(OPEN, recall=(3, 9), heldout=(1, 2))
    settings = load_params(ROOT / "params.yaml")
    base = manifest()
    given = shipped_metrics() | {"eval": found}
    card = render_model_card(base, template_of(base, settings), settings, given, ["ko"])
    assert "asked with passages of the documents in the prompt" in card
    assert "| `recall` | 40 | 0.075 → 0.225" in card
