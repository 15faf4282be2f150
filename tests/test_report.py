"""The report: self-contained, escaped, drawn, and with sentences that the scores support."""

import copy
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import get_args

from conftest import run, word_pages
from report_inputs import DOLLARS, EVIL, made_up

from pagetune.build_qa.rules import build_pairs
from pagetune.evaluate.comparison import comparison_table
from pagetune.evaluate.evaluation import SETS, VIEWS
from pagetune.evaluate.explanation import Mark
from pagetune.evaluate.sets import FEWEST_FACTS, small_sets
from pagetune.records import Table
from pagetune.report.cases import Case, all_cases, choose_cases, right_answers
from pagetune.report.charts import TRAINED_SHOWN, groups_chart
from pagetune.report.coverage import coverage, worst_pages
from pagetune.report.findings import summary_sentences
from pagetune.report.page import FOLDER, render_report
from pagetune.report.svg import shorten
from pagetune.report.words import MARK_MEANINGS


def cases() -> list[Case]:
    inputs = made_up()
    return all_cases({"base": inputs.base, "tuned": inputs.tuned}, inputs.per_example, inputs.asked, "fact_match")


def test_the_report_of_the_pipeline_asks_nothing_of_a_network(pipeline: Path) -> None:
    html = (pipeline / "metrics/report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    assert not re.search(r"@import|url\(\s*['\"]?http", html)
    assert html.count("<svg") == 6
    assert "too_long" in html[html.index('id="ledger"') :]


def test_the_report_of_the_pipeline_is_written_again_in_the_same_bytes(pipeline: Path) -> None:
    before = (pipeline / "metrics/report.html").read_bytes()
    run(pipeline, "python", "-m", "stages.report")
    assert (pipeline / "metrics/report.html").read_bytes() == before


def test_the_same_inputs_give_the_same_bytes() -> None:
    assert render_report(made_up()) == render_report(made_up())


def test_nothing_of_a_document_stands_in_the_page_as_markup() -> None:
    html = render_report(made_up())
    assert html.count("<script") == 1
    assert "<img" not in html
    script = html[html.index("<script>") : html.index("</script>")]
    assert "taken" not in script
    assert "한빛" not in script
    assert html.count("&lt;script&gt;") >= 10


def test_ids_are_of_one_element_each() -> None:
    found = re.findall(r'\sid="([^"]*)"', render_report(made_up()))
    assert len(found) == len(set(found))


def test_a_name_in_a_chart_is_text_whatever_it_holds() -> None:
    inputs = made_up()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        svg = groups_chart(inputs.groups, "document", VIEWS["qa"], str).svg
    assert not warned
    assert DOLLARS.replace("&", "&amp;") in svg
    assert "<script" not in svg


def test_a_chart_shows_the_documents_with_the_most_wrong_answers_and_counts_the_others() -> None:
    row = next(row for row in made_up().groups if (row["set"], row["by"]) == ("recall", "document"))
    many = [row | {"group": f"문서{number:02}", "n": str(number)} for number in range(1, 31)]
    chart = groups_chart(many, "document", VIEWS["qa"], str)
    assert "문서30" in chart.svg
    assert "문서18" not in chart.svg
    assert f"{30 - TRAINED_SHOWN} more are in metrics/groups.csv." in chart.note


def test_a_chart_without_data_says_so() -> None:
    html = render_report(made_up(curve=[], memory=[], groups=[], pages=[]))
    for said in ("recorded no loss", "recorded no memory use", "Nothing to show", "No document pages"):
        assert said in html
    assert html.count("<svg") == 1


def test_names_are_cut_by_their_width() -> None:
    assert shorten("가나다라마", 10) == "가나다라마"
    assert shorten("가나다라마바", 10) == "가나다라…"
    assert shorten("two\nlines", 20) == "two lines"


def test_the_first_sentence_counts_right_answers_before_and_after_and_those_of_a_search() -> None:
    inputs = made_up()
    first, second, unseen, searching, copying, *_ = summary_sentences(
        inputs.metrics["eval"], right_answers(inputs.per_example)
    )
    assert first.startswith(
        "The tuned model answers 1 of 2 questions about trained facts correctly when asked in other words"
    )
    assert "(before tuning: 1; lookup of the most similar training question: 2)" in first
    assert "0 of 1 questions about trained facts correctly when asked in a wording that no training row has" in second
    assert "0 of 1 questions correctly (before tuning: 0); 0% of its answers say that they do not know" in unseen
    assert "100% state a number, code or name" in unseen
    assert searching.endswith("state the answer to 100% of the questions of recall (50% in the best one).")
    assert "lookup on recall (1.000)" in copying


def test_a_search_without_scores_is_a_dash_and_is_in_no_chart() -> None:
    inputs = made_up()
    scores = copy.deepcopy(inputs.metrics["eval"])
    for name in ("search_top1", "search_top5"):
        for summary in scores[name].values():
            summary |= {"n": 0, "fact_match": None, "fact_match_ci95_low": None, "fact_match_ci95_high": None}
    html = render_report(made_up(metrics=inputs.metrics | {"eval": scores}))
    assert html.count('<td class="number">–</td>') == 2 * 2 * 3  # two searches, two tables, three sets with rows
    assert "search_top1 0." not in html
    assert "The five best passages" not in html
    assert " -" in comparison_table(scores).splitlines()[1]


def test_a_set_of_fewer_than_thirty_facts_is_said_to_decide_nothing() -> None:
    inputs = made_up()
    scores = copy.deepcopy(inputs.metrics["eval"])
    said = "recall has only 2 facts (fewer than 30): its interval decides nothing."
    assert said in summary_sentences(scores, right_answers(inputs.per_example))
    assert said in comparison_table(scores).splitlines()
    assert said in render_report(inputs)
    scores["tuned"]["recall"]["facts"] = FEWEST_FACTS
    assert said not in comparison_table(scores)
    assert not any("recall has" in sentence for sentence in small_sets(scores))
    assert any(sentence.startswith("heldout has only 1 fact (") for sentence in small_sets(scores))
    assert not any("validation" in sentence for sentence in small_sets(scores)), "it is empty"


def test_an_empty_set_is_named_and_nothing_is_said_of_it() -> None:
    html = render_report(made_up())
    assert "Empty sets: recall_reversed, validation." in html
    assert 'id="metrics-validation"' not in html


def test_the_tokenizer_and_what_several_references_count_are_named() -> None:
    html = render_report(made_up())
    assert re.search(r"ROUGE counts tokens of kiwi \d", html)
    assert "each metric takes the best score over them" in html
    assert "pagetune/text/abstentions.txt" in html


def test_of_answers_that_changed_alike_what_got_worse_comes_first() -> None:
    found = cases()
    assert [case.moved for case in found[:2]] == ["worse", "better"]
    assert {case.moved for case in found[2:]} == {"same"}
    by_id = {case.tuned.pair_id: case.verdicts for case in found}
    assert by_id["better"] == ("wrong", "right")
    assert by_id["new"] == ("wrong", "abstains")


def test_each_answer_has_the_reason_of_its_verdict_and_both_texts_marked() -> None:
    html = render_report(made_up())
    (worse,) = re.findall(r'<li class="case" data-set="recall" data-moved="worse">.*?</li>', html, re.DOTALL)
    before, after = worse.split("<h4>after tuning")
    assert "The answer states what the reference states, “31킬로그램”, and contradicts none of it." in before
    assert '<mark class="agrees" title="in the answer: the reference has it">31킬로그램</mark>' in before
    assert "The answer lacks “31킬로그램”. It states “13킬로그램”, which the reference does not." in after
    assert after.count('<mark class="contradicts"') == 2
    assert "all references" not in worse


def test_a_right_answer_unlike_its_reference_says_so_beside_its_reason() -> None:
    inputs = made_up()
    scores = [row | {"rougeL": "0.04"} if row["pair_id"] == "better" else row for row in inputs.per_example]
    html = render_report(replace(inputs, per_example=scores))
    assert html.count("<b>Right with a ROUGE-L of 0.04:</b> The answer states what the reference states") == 1
    assert "Right with a ROUGE-L" not in render_report(inputs)
    assert "<details" not in html[html.index('id="cases"') :], "no reason is folded away"


def test_every_mark_is_explained_and_differs_from_the_others_by_more_than_its_colour() -> None:
    css = (FOLDER / "page.css").read_text(encoding="utf-8")
    assert set(MARK_MEANINGS) == set(get_args(Mark)) - {""}
    assert all(f"mark.{mark}" in css for mark in MARK_MEANINGS)
    lines = [
        re.sub(r"(?:[a-z-]*color): [^;]+;", "", line)
        for line in re.findall(r"^mark\.[^{]+(\{.+\})$", css, re.MULTILINE)
    ]
    assert len(lines) == len(set(lines)) == 7, "has and agrees are the same, and so are asked and supported"


def test_an_answer_is_explained_by_the_page_of_its_pair() -> None:
    inputs = made_up()
    tuned = [row.model_copy(update={"prediction": "3만 원, 정원은 7명"}) for row in inputs.tuned]
    texts = [page.model_copy(update={"text": "정원은 7명입니다."}) for page in inputs.pages]
    with_page, without = (render_report(replace(inputs, tuned=tuned, pages=pages)) for pages in (texts, []))
    supported = re.compile(r'<mark class="supported"[^>]*>[^<]*7명')
    assert supported.search(with_page)
    assert not supported.search(without)


def test_with_more_answers_than_the_page_holds_no_set_and_no_change_is_crowded_out() -> None:
    worse, better, *same = cases()
    many = [worse, *[better] * 500, *same]
    chosen = choose_cases(many, 20)
    assert len(chosen) == 20
    assert chosen[0] is worse
    assert {(case.set, case.moved) for case in chosen} == {(case.set, case.moved) for case in many}
    assert chosen == sorted(chosen, key=many.index)


def test_answers_that_are_left_out_are_counted() -> None:
    inputs = made_up()
    row = inputs.per_example[0]
    scores = [row | {"model": model, "pair_id": str(number)} for number in range(1001) for model in ("base", "tuned")]
    answers = [inputs.base[0].model_copy(update={"pair_id": str(number)}) for number in range(1001)]
    html = render_report(replace(inputs, base=answers, tuned=answers, per_example=scores))
    assert "1 of 1,001 are not shown" in html
    assert html.count('class="case"') == 1000


def test_the_worst_pages_are_those_set_aside_then_those_in_doubt_then_the_emptiest() -> None:
    plain, *_ = made_up().pages

    def page(number: int, reason: str | None, garbled: float, characters: int) -> object:
        quality = plain.quality | {"garbled_ratio": garbled, "characters": characters}
        status = "quarantined" if reason else "ok"
        return plain.model_copy(update={"page_number": number, "status": status, "reason": reason, "quality": quality})

    pages = [page(1, None, 0, 900), page(2, None, 0, 30), page(3, None, 0.01, 900), page(4, "no_text", 0, 0)]
    assert [found.page_number for found in worst_pages(pages)] == [4, 3, 2, 1]


def test_sections_and_tables_without_questions_are_named() -> None:
    table = Table(caption="요금표", rows=[["과정", "요금"], ["입문", "9만 원"]])
    text = "안내\n1. 위치\n한빛관의 주소는 서울입니다.\n2. 휴관\n월요일에 쉽니다."
    pages = [word_pages()[0].model_copy(update={"page_number": 1, "text": text, "tables": [table]})]
    pairs, _ = build_pairs(pages, 200)
    (found,) = coverage(pages, pairs)
    assert (found.pages, found.with_questions, found.pairs, found.sections) == (1, 1, 2, 3)
    assert found.sections_without_questions == ["2. 휴관"]
    assert coverage(pages, [])[0].sections_without_questions == ["1. 위치", "2. 휴관", "요금표"]


def test_pages_have_questions_or_none_or_are_set_aside() -> None:
    inputs = made_up()
    covered = coverage(inputs.pages, inputs.pairs)
    counts = [(row.pages, row.with_questions, row.without_questions, row.quarantined) for row in covered]
    assert counts == [(3, 1, 1, 1), (1, 0, 1, 0)]


def test_every_step_and_what_it_rejected_bad_files_and_personal_data_are_shown() -> None:
    html = render_report(made_up())
    ledger = html[html.index('id="ledger"') :]
    for said in ("build_qa: rules", "curate: near duplicates", "1 too_long", "1 mobile_number"):
        assert said in ledger
    assert "Files that could not be read" in html
    assert EVIL not in html
    assert all(name in html for name in SETS)
