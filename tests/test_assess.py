"""A language model as judge of the answers: what it is shown, what it says, and how far fact_match agrees."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, edit_params, run, word_pages
from hypothesis import given
from hypothesis import strategies as st
from llm_server import Body, Fault, Reply, Server, serving, task_of
from report_inputs import DOLLARS, EVIL, made_up, prediction

from pagetune.evaluate.agreement import Opinion, agreement, agreement_line, cohens_kappa
from pagetune.evaluate.assess import Case, assess, cases, excerpt
from pagetune.evaluate.sources import sources_of
from pagetune.jsonl import write_json, write_records
from pagetune.llm.prompt_files import render
from pagetune.params import Llm, load_params
from pagetune.records import Example, Prediction, Table
from pagetune.report import judgement
from pagetune.report.page import render_report

TEMPLATE = "Q: {instruction}\nA: "
LLM: Llm = load_params(ROOT / "params.yaml").llm
RIGHT = '{"reason": "3만 원이 맞습니다.", "verdict": "right"}'
CASE = Case("주차 요금은?", ("3만 원",), "주차 요금은 3만 원입니다.")
ASSESSMENTS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def judged(reply: Reply, *answers: str, case: Case = CASE, **settings: Any) -> tuple[list[Opinion], Server]:
    """Return the opinions on the tuned model's answers to one case, and the server. Base gives the same answers."""
    rows = [prediction(str(number), "주차 요금은?", "3만 원", answer) for number, answer in enumerate(answers)]
    with serving(reply) as server:
        fast = {"base_url": server.base_url, "model": "judge", "max_retries": 0}
        llm = LLM.model_copy(update=fast | settings)
        opinions, _ = assess({"base": rows, "tuned": rows}, [case] * len(rows), llm)
    assert opinions["base"] == opinions["tuned"]
    return opinions["tuned"], server


# What the judge is asked.


def test_the_judge_sees_question_references_evidence_and_answer() -> None:
    case = replace(CASE, question="값은?")
    (opinion,), server = judged(lambda body, times: RIGHT, "<think>음</think>3만 원", case=case)
    assert opinion == Opinion("right", "3만 원이 맞습니다.")
    system, user = (message["content"] for message in server.bodies[0]["messages"])
    assert task_of(server.bodies[0]) == "assess"
    assert "질문: 값은?\n" in user
    assert "정답: 3만 원\n" in user
    assert "<근거>\n주차 요금은 3만 원입니다.\n</근거>" in user
    assert user.endswith("<답변>\n3만 원\n</답변>")
    assert "unsupported" in system


def test_equal_answers_of_both_models_are_sent_once() -> None:
    _, server = judged(lambda body, times: RIGHT, "3만 원", "3만 원", "9만 원")
    assert len(server.bodies) == 2


def test_an_empty_answer_is_wrong_and_is_not_sent() -> None:
    opinions, server = judged(lambda body, times: RIGHT, "", " \n", "<think>음</think>")
    assert {opinion.verdict for opinion in opinions} == {"wrong"}
    assert not server.bodies


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_prompt_without_evidence_has_no_empty_evidence_and_one_without_a_question_asks_for_a_summary(
    language: Any,
) -> None:
    values = {"references": ["a", "b"], "answer": "c"}
    user = render("assess", language, question="", evidence="", **values)[1]["content"]
    assert "<근거>" not in user
    assert "<evidence>" not in user
    assert user.startswith(("과제", "Task"))
    assert user.count(": a\n") == user.count(": b\n") == 1


def test_an_english_question_is_judged_in_english() -> None:
    _, server = judged(lambda body, times: RIGHT, "서울", case=Case("Where is it?", ("Seoul",), "센터는 서울에 있다."))
    assert server.bodies[0]["messages"][0]["content"].startswith("You check")


def test_a_reference_comes_with_the_text_and_the_tables_of_its_page() -> None:
    table = Table(caption="요금표", rows=[["과정", "요금"], ["입문", "3만 원"]])
    page = word_pages()[0].model_copy(update={"doc_id": DOLLARS, "page_number": 1, "text": "주차", "tables": [table]})
    own = prediction("own", "값은?", "3만 원", "", page_number=None)
    dialogue = prediction("talk", "#사람1#: 안녕하세요.", "인사한다.", "", kind="dialogue", page_number=None)
    found = cases(
        [prediction("a", "값은?", "3만 원", "", references=["삼만 원"]), own, dialogue],
        TEMPLATE,
        sources_of([], [page]),
    )
    assert found == [
        Case("값은?", ("3만 원", "삼만 원"), "주차\n요금표\n과정 | 요금\n입문 | 3만 원"),
        Case("값은?", ("3만 원",), ""),
        Case("", ("인사한다.",), "#사람1#: 안녕하세요."),
    ]


def test_a_long_page_is_cut_around_the_words_of_the_reference() -> None:
    text = "가나 " * 1000 + "접수 마감은 9월 30일입니다. " + "다라 " * 1000
    assert "9월 30일입니다" in excerpt(text, "9월 30일입니다", limit=200)
    assert len(excerpt(text, "9월 30일입니다", limit=200)) == 200
    assert excerpt("짧은 글", "없는 말") == "짧은 글"
    assert excerpt("가" * 9, "없는 말", limit=4) == "가" * 4


@given(st.text("가나 ", max_size=60), st.text("가나 ", min_size=2, max_size=6), st.integers(2, 20))
def test_what_is_cut_is_part_of_the_page_and_no_longer_than_the_limit(text: str, reference: str, limit: int) -> None:
    cut = excerpt(text, reference, limit)
    assert cut in text
    assert len(cut) <= limit
    assert cut == text or len(cut) >= limit // 2


# What goes wrong.


def test_an_answer_whose_request_failed_has_no_verdict_and_the_others_have_one() -> None:
    def reply(body: Body, times: int) -> str | Fault:
        return Fault(500) if "9만" in body["messages"][1]["content"] else RIGHT

    opinions, _ = judged(reply, "9만 원", "3만 원", on_failed_request="skip")
    assert [opinion.verdict for opinion in opinions] == ["failed", "right"]
    assert opinions[0].reason


@pytest.mark.parametrize(
    "text", ["맞습니다.", '{"reason": "a"}', '{"reason": "a", "verdict": "maybe"}', '{"reason": "a", "verdict": "ri']
)
def test_a_reply_without_a_verdict_is_unreadable(text: str) -> None:
    (opinion,), _ = judged(lambda body, times: text, "3만 원")
    assert opinion == Opinion("unreadable", "")


# Agreement.


def said(both: int, only_judge: int, only_facts: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both + [(True, False)] * only_judge + [(False, True)] * only_facts + [(False, False)] * neither
    )


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # observed 0.7, chance 0.5
        ((45, 15, 25, 15), 0.130435),  # observed 0.6, chance 0.54
        ((25, 35, 5, 35), 0.259259),  # the same observed agreement, chance 0.46
        ((1, 0, 0, 1), 1.0),
        ((0, 1, 1, 0), -1.0),
        ((5, 5, 0, 0), 0.0),  # one says right of every answer
        ((0, 4, 0, 0), 0.0),
        ((7, 0, 0, 0), None),
        ((0, 0, 0, 7), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_kappa_is_what_a_hand_computes(table: tuple[int, int, int, int], kappa: float | None) -> None:
    assert cohens_kappa(said(*table)) == kappa


@given(ASSESSMENTS)
def test_kappa_lies_between_minus_one_and_one_and_does_not_depend_on_the_order(pairs: list[tuple[bool, bool]]) -> None:
    kappa = cohens_kappa(pairs)
    assert kappa is None or -1 <= kappa <= 1
    assert cohens_kappa([(other, one) for one, other in reversed(pairs)]) == kappa


@given(st.lists(st.booleans(), max_size=30))
def test_kappa_is_one_on_equal_verdicts_that_differ_from_answer_to_answer(verdicts: list[bool]) -> None:
    assert cohens_kappa([(one, one) for one in verdicts]) == (1 if len(set(verdicts)) == 2 else None)


@given(ASSESSMENTS)
def test_the_four_counts_of_an_agreement_add_up(pairs: list[tuple[bool, bool]]) -> None:
    found = agreement(pairs)
    counts = [found[name] or 0 for name in ("both_right", "only_judge_right", "only_fact_match_right", "neither_right")]
    assert sum(counts) == found["n"] == len(pairs)
    assert found["observed"] == (round((counts[0] + counts[3]) / len(pairs), 6) if pairs else None)


# The stage.


def answers() -> dict[str, list[Prediction]]:
    """Return three answers by each model."""
    asked = [("a", "주차 요금은?", "3만 원"), ("b", "본체의 무게는?", "31킬로그램"), ("c", EVIL, "월요일")]
    tuned = ["3만 원", "13킬로그램", "월요일입니다. 화요일에는 꽃을 줍니다."]
    return {
        model: [
            prediction(name, question, reference, answer, stopped=True)
            for (name, question, reference), answer in zip(asked, said_by, strict=True)
        ]
        for model, said_by in (("base", ["", "31킬로그램", "모르겠습니다"]), ("tuned", tuned))
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("pagetune", "stages"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    edit_params(folder, {"evaluate.bootstrap_samples": 20})
    for model, rows in answers().items():
        write_records(folder / f"data/predictions/{model}.jsonl", rows)
    for model in ("base_open", "tuned_open"):
        write_records(folder / f"data/predictions/{model}.jsonl", [])
    trained = {name: getattr(answers()["base"][0], name) for name in Example.model_fields}
    write_records(folder / "data/prompts/train.jsonl", [Example.model_validate(trained)])
    write_json(folder / "data/prompts/template.json", {"template": TEMPLATE})
    write_records(folder / "data/prompts/stopping.jsonl", [])
    page = word_pages()[0].model_copy(update={"doc_id": DOLLARS, "page_number": 1, "text": "주차 요금은 3만 원입니다."})
    write_records(folder / "data/pages.jsonl", [page])
    write_records(folder / "data/qa.jsonl", [])
    for split in ("validation", "recall", "heldout", "questions"):
        for room in ("search", "splits"):
            write_records(folder / f"data/{room}/{split}.jsonl", [])
    return folder


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve a judge that finds 13킬로그램 right, additions unsupported, and base's 모르겠습니다 beyond words."""

    def reply(body: Body, times: int) -> str:
        answer = re.split(r"<(?:답변|answer)>\n", body["messages"][1]["content"])[1]
        if answer.startswith("모르겠습니다"):
            return "글쎄요"
        verdict = "unsupported" if "꽃" in answer else "right"
        return json.dumps({"reason": f"{verdict}의\n이유.", "verdict": verdict}, ensure_ascii=False)

    with serving(reply) as running:
        yield running


@pytest.fixture
def judging(project: Path, server: Server) -> Path:
    edit_params(project, {"evaluate.judge": "llm", "llm.base_url": server.base_url, "llm.model": "judge-7b"})
    return project


def evaluate(folder: Path, warm: bool = True) -> tuple[str, dict[str, Any], list[dict[str, str]]]:
    """Run the stage and return what it printed, metrics/eval.json, and the rows of metrics/per_example.csv."""
    printed = run(folder, "python", "-m", "stages.evaluate", warm=warm).stdout
    metrics = json.loads((folder / "metrics/eval.json").read_text(encoding="utf-8"))
    with (folder / "metrics/per_example.csv").open(encoding="utf-8", newline="") as file:
        return printed, metrics, list(csv.DictReader(file))


def test_the_stage_writes_verdicts_shares_and_agreement(judging: Path, server: Server) -> None:
    printed, metrics, rows = evaluate(judging)
    found = metrics["judge"]
    assert found["model"] == "judge-7b"
    assert found["llm"] == {"requests": 5, "input_tokens": 60, "output_tokens": 30}
    third = {"n": 3, "right": 0.666667, "wrong": 0.0, "unsupported": 0.333333, "unreadable": 0, "failed": 0}
    assert found["tuned"]["recall"] == third
    half = {"n": 2, "right": 0.5, "wrong": 0.5, "unsupported": 0.0, "unreadable": 1, "failed": 0}
    assert found["base"]["recall"] == half
    assert found["base"]["heldout"]["right"] is None
    assert found["agreement"]["base"]["kappa"] == 1
    assert found["agreement"]["all"]["n"] == 5
    by_row = {(row["model"], row["pair_id"]): (row["judge"], row["judge_reason"]) for row in rows}
    assert by_row["tuned", "c"] == ("unsupported", "unsupported의 이유.")
    assert by_row["base", "a"] == ("wrong", "The answer is empty.")
    assert by_row["base", "c"] == ("unreadable", "")
    assert by_row["lookup", "a"] == ("", "")
    assert "evaluate: 5 replies (0 from the cache), 60 tokens in and 30 out" in printed
    assert "evaluate: judge-7b judged 5 answers; it agrees with fact_match on " in printed
    assert "unreadable replies: 1, failed requests: 0" in printed


def test_a_second_run_asks_again_only_what_could_not_be_read_and_writes_the_same_bytes(
    judging: Path, server: Server
) -> None:
    evaluate(judging)
    first = {name: (judging / "metrics" / name).read_bytes() for name in ("eval.json", "per_example.csv")}
    sent = len(server.bodies)
    printed, *_ = evaluate(judging, warm=False)
    assert len(server.bodies) == sent + 2
    assert "(4 from the cache)" in printed
    assert {name: (judging / "metrics" / name).read_bytes() for name in first} == first


def test_without_a_judge_the_outputs_are_what_they_are_with_one_less_what_it_said(
    project: Path, server: Server
) -> None:
    _, plain, rows = evaluate(project)
    assert not server.bodies
    edit_params(project, {"evaluate.judge": "llm", "llm.base_url": server.base_url, "llm.model": "judge-7b"})
    _, metrics, judged_rows = evaluate(project)
    assert "judge" not in plain
    assert {name: value for name, value in metrics.items() if name != "judge"} == plain
    assert list(metrics)[-1] == "judge"
    assert list(judged_rows[0])[-2:] == ["judge", "judge_reason"]
    assert [dict(list(row.items())[:-2]) for row in judged_rows] == rows


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"llm.model": None}, "evaluate: params.yaml: llm.model is null."),
        (
            {"llm.base_url": "http://127.0.0.1:9/v1", "llm.max_retries": 0},
            "evaluate: llm.base_url: no connection to http://127.0.0.1:9/v1: nothing listens there",
        ),
    ],
)
def test_a_judge_that_is_not_there_is_one_line_with_a_way_out(
    judging: Path, changes: dict[str, Any], says: str
) -> None:
    edit_params(judging, changes)
    done = run(judging, "python", "-m", "stages.evaluate", check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(says)
    assert line.endswith("set evaluate.judge: none.")
    assert not (judging / "metrics").exists()


def test_when_all_requests_fail_the_stage_ends_and_counts_them(judging: Path) -> None:
    edit_params(
        judging,
        {"llm.base_url": "http://127.0.0.1:9/v1", "llm.max_retries": 0, "llm.on_failed_request": "skip"},
    )
    printed, metrics, _ = evaluate(judging)
    assert metrics["judge"]["tuned"]["recall"]["failed"] == 3
    assert metrics["judge"]["agreement"]["tuned"]["kappa"] is None
    assert "failed requests: 5" in printed


def test_the_line_for_the_terminal_says_when_there_is_no_verdict_and_no_kappa() -> None:
    nothing = dict.fromkeys(("unreadable", "failed"), 0)
    sets = dict.fromkeys(("recall", "recall_new_wording", "recall_reversed", "validation", "heldout"), nothing)
    empty = {
        "model": "m",
        "base": sets,
        "tuned": sets,
        "agreement": dict.fromkeys(("all", "base", "tuned"), agreement([])),
    }
    assert agreement_line(empty) == "m judged no answer; unreadable replies: 0, failed requests: 0"
    alike = empty | {"agreement": dict.fromkeys(("all", "base", "tuned"), agreement([(True, True)]))}
    assert "on 100%, kappa not defined on base, not defined on tuned;" in agreement_line(alike)


# The report.


def judged_inputs(verdict_of: Callable[[dict[str, str]], str]) -> Any:
    """Return the report's inputs with a verdict on each answer, which gives `EVIL` as its reason."""
    inputs = made_up()
    rows = [
        row | ({"judge": verdict_of(row), "judge_reason": EVIL} if row["model"] in ("base", "tuned") else {})
        for row in inputs.per_example
    ]
    shares = {"n": 4, "right": 0.5, "wrong": 0.25, "unsupported": 0.25, "unreadable": 1, "failed": 0}
    sets = dict.fromkeys(("recall", "recall_new_wording", "recall_reversed", "validation", "heldout"), shares)
    compared = agreement(said(2, 1, 0, 1))
    found = {
        "model": f"judge{EVIL}",
        "llm": {},
        "base": sets,
        "tuned": sets,
        "agreement": dict.fromkeys(("base", "tuned", "all"), compared),
    }
    metrics = inputs.metrics | {"eval": inputs.metrics["eval"] | {"judge": found}}
    return replace(inputs, per_example=rows, metrics=metrics)


def facts_of(row: dict[str, str]) -> str:
    return "right" if float(row["fact_match"]) > 0 else "wrong"


def disagreeing_on(*pair_ids: str) -> Callable[[dict[str, str]], str]:
    other = {"right": "unsupported", "wrong": "right"}
    return lambda row: other[facts_of(row)] if row["pair_id"] in pair_ids else facts_of(row)


def judgement_section(html: str) -> str:
    start = html.index('id="judgement-title"')
    return html[start : html.index("</section>", start)]


def test_without_a_judge_the_report_does_not_speak_of_one() -> None:
    html = render_report(made_up())
    assert "A language model's judgement" not in html
    assert "judgement" not in html.lower()


def test_the_report_lists_disagreements_first_and_of_these_the_tuned_models() -> None:
    section = judgement_section(render_report(judged_inputs(disagreeing_on("worse"))))
    items = section.split('<li class="case">')[1:]
    assert len(items) == 8
    assert ["they disagree" in item for item in items] == [True] * 2 + [False] * 6
    assert ["<h4>tuned</h4>" in item for item in items[:2]] == [True, False]
    assert "2 of 4 verdicts disagree." in section


def test_a_disagreement_shows_question_reference_answer_and_both_reasons() -> None:
    first = judgement_section(render_report(judged_inputs(disagreeing_on("worse")))).split('<li class="case">')[1]
    for text in (
        "본체의 무게는?",
        "13킬로그램",
        "31킬로그램",
        "fact match",
        '<span class="verdict wrong">wrong</span>',
    ):
        assert text in first
    faults = first[first.index("fact match") : first.index("&lt;script&gt;")]
    assert faults.count('<p class="text">') >= 1  # why fact match refuses it
    assert '<span class="verdict right">right</span>' in first


def test_the_report_says_what_kappa_means_and_that_a_language_model_errs() -> None:
    section = judgement_section(render_report(judged_inputs(facts_of)))
    assert "agrees with fact match on 75% of them" in section
    assert "kappa is 0.50" in section
    assert "0 is what two judges would" in section
    assert "A language model errs as well" in section
    assert "0 of 4 verdicts disagree." in section


def test_nothing_that_the_judge_says_stands_in_the_page_as_markup() -> None:
    html = render_report(judged_inputs(facts_of))
    assert html.count("<script") == 1
    assert "<img" not in html


def test_more_answers_than_the_section_holds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "ANSWERS_SHOWN", 3)
    section = judgement_section(render_report(judged_inputs(facts_of)))
    assert section.count('<li class="case">') == 3
    assert "5 more answers are in metrics/per_example.csv" in section


def test_an_answer_without_a_verdict_is_not_listed() -> None:
    section = judgement_section(render_report(judged_inputs(lambda row: "unreadable")))
    assert '<li class="case">' not in section
