"""The explanation of a verdict: word by word in both texts, in sentences, and never at odds with the verdict."""

import json

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.evaluate.explanation import Explanation, Span, explain
from pagetune.evaluate.raw_places import places_in
from pagetune.evaluate.scoring import Scored
from pagetune.text.fact_match import judge
from pagetune.text.tokenizers import make_tokenizer

CASES = [
    case
    for line in (ROOT / "tests/data/fact_cases.jsonl").read_text(encoding="utf-8").splitlines()
    if (case := json.loads(line))["part"] == "seen"
]
#: Pieces of answers that have claims, denials, markup and letters that `readable` changes.
PIECES = (
    "3일", "사흘", " 이내에 ", "30 days", "within ", "2024-09-15", "지급됩니다.", "지급되지 않습니다.", "\n- ", "**",
    "５개", "\ud800",
    "02-555-0143", "NB-700", "월요일", "on Monday ", "김민수", "스물다섯 명", "무료", "아니요, ", "yes ",
    "Helen Marsh ",
    "포함됩니다", "제외됩니다", "또는 ", "가\u200b나", "<think>x</think>", "제5조에 따른 ", "I\u0307", " ",
    "1/3",
)  # fmt: skip


def explained(
    prediction: str, *references: str, question: str = "", evidence: str = "", tokenizer: str = "kiwi"
) -> Explanation:
    return explain(Scored(prediction, references, question, evidence), make_tokenizer(tokenizer))


def marks(spans: tuple[Span, ...]) -> dict[str, str]:
    """Return the mark of each marked span by its text."""
    return {span.text: span.mark for span in spans if span.mark}


def joined(spans: tuple[Span, ...]) -> str:
    return "".join(span.text for span in spans)


def check(found: Explanation, prediction: str, references: list[str], question: str, evidence: str) -> None:
    """Check what holds for every explanation."""
    assert joined(found.prediction) == prediction
    assert joined(found.reference) in references
    assert found.right == any(judge(prediction, one, question, evidence).right for one in references)
    assert found.sentences[0].startswith("The answer ")
    assert all(sentence.endswith(".") for sentence in found.sentences)
    used = {span.mark for span in (*found.reference, *found.prediction)}
    assert not found.right or not used & {"lacks", "contradicts"}


def test_a_missing_and_a_competing_number_are_marked_and_named_as_they_are_written() -> None:
    found = explained("정원은 서른 명입니다.", "정원은 스물다섯 명입니다.", question="정원은 몇 명인가요?")
    assert not found.right
    assert marks(found.reference) == {"정원은": "has", "스물다섯 명입니다.": "contradicts"}
    assert marks(found.prediction) == {"정원은": "agrees", "서른 명입니다.": "contradicts"}
    assert found.sentences == (
        "The answer lacks “스물다섯 명”.",
        "It states “서른 명”, which the reference does not.",
    )


def test_a_number_that_is_only_missing_is_lacking() -> None:
    found = explained("The fee must be paid.", "The fee must be paid within 14 days.", question="When is it due?")
    assert marks(found.reference)["14 days."] == "lacks"
    assert found.sentences[0] == "The answer lacks “14 days”."


def test_a_right_answer_in_other_words_names_the_claims_that_agree() -> None:
    found = explained("90분 걸려요.", "1시간 30분입니다.", question="얼마나 걸리나요?")
    assert found.right
    assert marks(found.reference) == {"1시간 30분입니다.": "has"}
    assert found.sentences == (
        "The answer states what the reference states, “1시간 30분”, and contradicts none of it.",
    )


def test_a_right_answer_without_numbers_names_the_words_that_it_has() -> None:
    found = explained("바닥을 닦으세요.", "먼저 바닥을 닦습니다.", question="무엇을 하나요?")
    assert found.right
    sentence = "The answer has these words of the reference, “바닥을” and “닦습니다”, and contradicts none of it."
    assert found.sentences == (sentence,)
    assert marks(found.reference) == {"먼저": "spare", "바닥을 닦습니다.": "has"}


def test_a_word_of_like_meaning_is_told_from_the_word_itself() -> None:
    found = explained("인재를 기릅니다.", "인재 양성", question="목적은?")
    assert found.right
    assert marks(found.reference) == {"인재": "has", "양성": "alike"}
    assert marks(found.prediction) == {"인재를": "agrees", "기릅니다.": "alike"}


def test_the_words_of_the_question_are_told_from_those_that_are_lacking() -> None:
    found = explained(
        "You find them at the counter.", "Visitors hang them in the cloakroom.", question="Where do visitors?"
    )
    assert marks(found.reference) == {"Visitors": "asked", "hang": "lacks", "cloakroom.": "lacks"}
    assert found.sentences == ("The answer shares too few words with the reference.",)


def test_a_denial_is_marked_where_it_stands() -> None:
    denied = explained("수수료는 환불되지 않습니다.", "수수료는 환불됩니다.", question="수수료는 환불되나요?")
    assert marks(denied.prediction)["않습니다."] == "contradicts"
    assert denied.sentences == ("The answer denies what the reference states.",)
    missing = explained("수수료는 환불됩니다.", "수수료는 환불되지 않습니다.", question="수수료는 환불되나요?")
    assert marks(missing.reference)["않습니다."] == "contradicts"


def test_the_other_side_of_a_pair_of_opposites_is_marked_and_quoted() -> None:
    found = explained("3건이 반려되었습니다.", "3건이 승인되었습니다.", question="결과는?")
    assert marks(found.reference) == {"3건이": "has", "승인되었습니다.": "contradicts"}
    assert found.sentences == ("The answer says the opposite of “승인”.",)


def test_another_bound_is_marked_in_both_texts() -> None:
    found = explained("신청한 날부터 3일 뒤에 줍니다.", "신청한 날부터 3일 이내에 줍니다.", question="언제 주나요?")
    assert marks(found.reference)["3일"] == marks(found.prediction)["3일"] == "contradicts"
    assert found.sentences == ("The answer says “after” of 3일, and the reference “at most”.",)


def test_an_item_that_is_left_out_of_a_list_is_lacking() -> None:
    found = explained("신분증과 도장입니다.", "신분증, 도장, 통장", question="준비물을 모두 알려 주세요.")
    assert marks(found.reference)["통장"] == "lacks"
    assert found.sentences[0] == "The answer lacks “통장”."


def test_what_an_answer_adds_is_supported_by_the_page_or_invented() -> None:
    page = "정원은 25명이며 2층 세미나실에서 합니다."
    found = explained("정원은 25명이고 2층, 7번 방입니다.", "25명", question="정원은?", evidence=page)
    assert found.right
    assert marks(found.prediction) == {
        "정원은": "supported",
        "25명이고": "agrees",
        "2층,": "supported",
        "7번": "invented",
    }
    assert found.sentences[-1] == "It adds “7번”, found in neither question, reference nor page."


def test_a_telephone_number_agrees_however_it_is_written() -> None:
    found = explained("전화는 (02) 555 0143 입니다.", "02-555-0143", question="전화번호는?")
    assert marks(found.reference) == {"02-555-0143": "has"}
    assert marks(found.prediction)["(02) 555 0143"] == "agrees"


def test_a_weekday_is_not_found_in_another_word() -> None:
    found = explained("Every month on Monday.", "On Mondays.", question="When?")
    assert marks(found.prediction)["Monday."] == "agrees"
    assert not any("month" in span.text for span in found.prediction if span.mark == "agrees")


def test_of_several_references_the_one_that_matches_is_explained_else_the_most_similar_one() -> None:
    matching = explained("서른 명", "25명", "30명", question="정원은?")
    assert joined(matching.reference) == "30명"
    similar = explained("정원은 서른 명입니다.", "방이 없습니다", "정원은 28명입니다.", question="몇 명?")
    assert joined(similar.reference) == "정원은 28명입니다."


def test_what_another_reference_has_is_not_invented() -> None:
    found = explained("25명이며 2층입니다.", "25명", "2층", question="정원은?")
    assert marks(found.prediction) == {"25명이며": "agrees", "2층입니다.": "supported"}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_explanations_agree_with_the_verdicts_on_answers_that_people_labelled(language: str) -> None:
    for case in (case for case in CASES if case["language"] == language):
        texts = case["prediction"], [case["reference"]], case.get("question", ""), case.get("evidence", "")
        check(explain(Scored(*texts), make_tokenizer("character")), *texts)


_TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=6).map("".join)
#: A model may end in half a character, and a question or a page may not.
_WHOLE = _TEXTS.filter(lambda text: "\ud800" not in text)


@settings(max_examples=150, deadline=None)
@given(_TEXTS, st.lists(_TEXTS.filter(str.strip), min_size=1, max_size=2), _WHOLE, _WHOLE)
def test_any_explanation_has_both_texts_unchanged_and_agrees_with_the_verdict(
    prediction: str, references: list[str], question: str, evidence: str
) -> None:
    found = explain(Scored(prediction, references, question, evidence), make_tokenizer("character"))
    check(found, prediction, references, question, evidence)


@given(st.text(max_size=30), st.text(max_size=30), st.data())
def test_a_place_in_any_form_of_a_text_is_a_place_in_the_text(raw: str, read: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(read)))
    end = data.draw(st.integers(start, len(read)))
    begin, finish = places_in(raw, read)(start, end)
    assert 0 <= begin <= finish <= len(raw)


def test_a_number_in_words_is_found_where_it_is_written() -> None:
    raw, read = "정원은 스물다섯 명, 방은 셋", "정원은 25명, 방은 셋"
    begin, finish = places_in(raw, read)(4, 7)
    assert raw[begin:finish] in ("스물다섯 명", "스물다섯 명,")
    assert raw[slice(*places_in(raw, read)(12, 13))] == "셋"
