"""A comparison rests on two passages, and every later stage sees both."""

import pytest
from test_build_qa import page

from pagetune.build_qa.coverage import silent_pages
from pagetune.build_qa.pairs import pair_from_page
from pagetune.commands.sources import LikeQuestion, source_lines
from pagetune.curate.decisions import Decision, content_of
from pagetune.curate.duplicates import fact_ids
from pagetune.curate.heldout import ids_on_both_sides
from pagetune.curate.personal_data import without_personal_data
from pagetune.curate.review import Problem, edit_pair
from pagetune.curate.units import layouts
from pagetune.evaluate.sources import sources_of
from pagetune.records import Evidence, Page, Pair, Place
from pagetune.report.coverage import coverage
from pagetune.text.evidence import find_evidence, quote

ONE, OTHER = "입문 과정의 수강료는 9만 원입니다.", "심화 과정의 수강료는 12만 원입니다."
PAGES = [page("안내", "입문 과정", ONE, number=1), page("안내", "심화 과정", OTHER, number=2)]


def place_of(text: str, on: Page) -> Place:
    place = find_evidence(text, on)
    assert place
    return place


def fact(text: str, on: Page, answer: str) -> Pair:
    return pair_from_page(on, place_of(text, on), "llm", f"{text[:5]}의 수강료는 얼마인가요?", answer)


def comparison() -> Pair:
    said = "입문 과정은 9만 원, 심화 과정은 12만 원입니다."
    pair = pair_from_page(
        PAGES[0], place_of(ONE, PAGES[0]), "llm", "입문 과정과 심화 과정의 수강료는 어떻게 다른가요?", said
    )
    second = Evidence(page_number=2, place=place_of(OTHER, PAGES[1]), text=OTHER)
    return pair.model_copy(update={"question_type": "comparison", "second": second})


def test_a_comparison_survives_its_file() -> None:
    pair = comparison()
    assert Pair.model_validate_json(pair.model_dump_json()) == pair
    assert [quote(PAGES[number - 1], place) for number, place in pair.places] == [ONE, OTHER]


def test_the_facts_that_a_comparison_states_are_its_own() -> None:
    """Else recall would ask for a fact that a trained comparison gives away."""
    both = [fact(ONE, PAGES[0], "9만 원"), fact(OTHER, PAGES[1], "12만 원")]
    assert len(set(fact_ids([[pair] for pair in both]).values())) == 2
    assert len(set(fact_ids([[pair] for pair in [*both, comparison()]]).values())) == 1


@pytest.mark.parametrize(("heldout", "crosses"), [({("문서", "2"): "hash"}, True), ({}, False)])
def test_a_comparison_of_a_heldout_page_with_another_is_on_both_sides(
    heldout: dict[tuple[str, str], str], crosses: bool
) -> None:
    pair, other = comparison(), fact(OTHER, PAGES[1], "12만 원")
    (by_page,) = layouts([pair, other], rows_alone=True)
    found = ids_on_both_sides([[pair], [other]], by_page, heldout)
    assert found == ({pair.pair_id} if crosses else set())


def test_personal_data_in_the_second_passage_counts() -> None:
    second = comparison().second
    assert second
    pair = comparison().model_copy(
        update={"second": second.model_copy(update={"text": "담당자는 010-1234-5678입니다."})}
    )
    kept, rejected, counts = without_personal_data([pair], "drop")
    assert (kept, [row.reason for row in rejected], dict(counts)) == ([], ["personal_data"], {"mobile_number": 1})
    (masked,), _, _ = without_personal_data([pair], "mask")
    assert masked.second
    assert "1234" not in masked.second.text


def test_an_edited_comparison_is_proved_with_both_passages() -> None:
    pair = comparison()
    own = {"pair_id": pair.pair_id, "content": content_of(pair), "doc_id": pair.doc_id, "question": pair.instruction}
    edit = Decision.model_validate(
        own
        | {
            "decision": "edit",
            "reviewer": "김검수",
            "output": "심화 과정이 12만 원으로, 9만 원인 입문 과정보다 비쌉니다.",
        }
    )
    edited = edit_pair(pair, edit, PAGES[0])
    assert isinstance(edited, Pair)
    assert edited.second == pair.second
    wrong = edit.model_copy(update={"output": "심화 과정은 15만 원입니다."})
    refused = edit_pair(pair, wrong, PAGES[0])
    assert isinstance(refused, Problem)
    assert refused.reason == "not_in_evidence"


def test_what_a_reviewer_saw_changes_with_the_second_passage() -> None:
    pair = comparison()
    assert pair.second
    changed = pair.model_copy(update={"second": pair.second.model_copy(update={"text": "다른 글"})})
    assert content_of(changed) != content_of(pair)


def test_an_answer_is_judged_by_both_passages() -> None:
    pair = comparison()
    assert sources_of([pair], PAGES).evidence == {pair.pair_id: f"{ONE}\n{OTHER}"}


def test_both_pages_and_sections_have_a_question() -> None:
    assert silent_pages([page("안내", "가" * 500, number=2)], [comparison()]) == []
    (found,) = coverage(PAGES, [comparison()])
    assert (found.with_questions, found.sections_without_questions) == (2, [])


def test_a_source_shows_both_passages() -> None:
    lines = source_lines(LikeQuestion(comparison(), 100.0))
    assert lines[1:] == [f"  {ONE}", f"  {OTHER}"]
    assert lines[0].startswith(("source", "출처"))
