"""Splits that cannot leak."""

from collections import defaultdict

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.curate.duplicates import families, normal_form, without_duplicates
from pagetune.curate.paraphrase import paraphrases
from pagetune.curate.splits import Splits, make_splits
from pagetune.errors import UserError
from pagetune.params import Curate, load_params
from pagetune.records import NEW_WORDING, Pair

PARAMS: Curate = load_params(ROOT / "params.yaml").curate


def pair(question: str, answer: str = "대답", doc_id: str = "문서", topic: str | None = None, page: int = 1) -> Pair:
    return Pair(
        pair_id=f"{doc_id}/{question}/{answer}",
        instruction=question,
        output=answer,
        kind="faq",
        doc_id=doc_id,
        page_number=page,
        evidence=answer,
        topic=topic,
        template="original",
        parent_id=None,
        references=[],
    )


WORDS = st.text("가나다라마바사아자차카타파하0123456789", min_size=2, max_size=30)
PAIRS = st.lists(
    st.builds(
        lambda question, answer, doc, page: pair(f"{question}인가요?", answer, f"문서{doc}", page=page),
        WORDS,
        WORDS,
        st.integers(0, 6),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda row: row.pair_id,
)


def split(pairs: list[Pair], seed: int, **changes: object) -> Splits | None:
    """None where everything fell into heldout, which is an error of its own."""
    try:
        return make_splits(pairs, PARAMS.model_copy(update=changes), seed)
    except UserError:
        return None


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_no_question_stands_in_two_splits(pairs: list[Pair], seed: int) -> None:
    if splits := split(pairs, seed):
        seen: dict[str, str] = {}
        for name, rows in splits.rows.items():
            for row in rows:
                assert seen.setdefault(normal_form(row.instruction), name) == name


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_every_pair_is_kept_or_rejected(pairs: list[Pair], seed: int) -> None:
    if splits := split(pairs, seed):
        kept = {row.parent_id or row.pair_id for rows in splits.rows.values() for row in rows}
        originals = {(row.instruction, row.output) for row in splits.rejected}
        assert all(row.pair_id in kept or (row.instruction, row.output) in originals for row in pairs)


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_no_family_touches_both_heldout_and_another_split(pairs: list[Pair], seed: int) -> None:
    if splits := split(pairs, seed):
        place = defaultdict(set)
        for name, rows in splits.rows.items():
            for row in rows:
                place[row.parent_id or row.pair_id].add(name)
        for family in families(pairs, PARAMS.near_duplicate_similarity):
            names = set().union(*(place[row.pair_id] for row in family))
            assert names <= {"heldout"} or "heldout" not in names


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_the_phrasings_of_a_fact_stay_in_train_and_one_other_split(pairs: list[Pair], seed: int) -> None:
    if splits := split(pairs, seed):
        place = defaultdict(set)
        for name, rows in splits.rows.items():
            for row in rows:
                place[row.parent_id or row.pair_id].add(name)
        allowed = ({"heldout"}, {"train", "recall"}, {"train", "validation"})
        assert all(any(names <= pair_of_splits for pair_of_splits in allowed) for names in place.values())


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_the_new_wording_is_never_trained_on(pairs: list[Pair], seed: int) -> None:
    if splits := split(pairs, seed):
        for name in ("train", "validation", "heldout"):
            assert NEW_WORDING not in {row.template for row in splits.rows[name]}  # type: ignore[index]


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(0, 5))
def test_adding_documents_moves_none_from_heldout_into_training(first: list[Pair], more: list[Pair], seed: int) -> None:
    first = [*first, pair("하나인가요?", "하나", "갑"), pair("둘인가요?", "둘", "을")]
    more = [row.model_copy(update={"doc_id": f"새 {row.doc_id}", "pair_id": f"새 {row.pair_id}"}) for row in more]
    before, after = split(first, seed), split([*first, *more], seed)
    if before and after:
        assert set(before.heldout) <= set(after.heldout)


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5), st.randoms())
def test_the_order_of_the_pairs_changes_no_split(pairs: list[Pair], seed: int, random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = split(pairs, seed), split(shuffled, seed)
    if one and other:
        assert one.heldout.keys() == other.heldout.keys()


def test_a_copy_of_a_heldout_document_is_heldout_with_it() -> None:
    texts = [f"{name} 과정의 수강료는 얼마인가요?" for name in ("입문", "심화", "실무", "해설", "분석")]
    other = pair("전혀 다른 물음인가요?", "전혀 다른 대답", "다른 문서")
    pairs = [pair(text, f"{text} 9만 원", doc_id) for doc_id in ("원본", "사본") for text in texts] + [other]
    splits = make_splits(pairs, PARAMS.model_copy(update={"heldout_documents": ["원본"]}), 0)
    assert {doc_id: why for (doc_id, _), why in splits.heldout.items()} == {"원본": "pinned", "사본": "family of 원본"}


def test_one_pair_shared_with_a_heldout_document_is_used_by_neither() -> None:
    held = [pair(f"{chr(0xAC00 + 100 * i)}에 관한 {i}번째 물음인가요?", f"{i}번 대답", "갑") for i in range(20)]
    kept = [pair(f"{chr(0xAC01 + 90 * i)}에 대한 {i}번째 질문인가요?", f"{i}호 응답", "을") for i in range(20)]
    common = [pair("주차장은 어디에 있나요?", "지하 1층입니다.", doc_id) for doc_id in ("갑", "을")]
    splits = make_splits([*held, *kept, *common], PARAMS.model_copy(update={"heldout_documents": ["갑"]}), 0)
    questions = {row.instruction for rows in splits.rows.values() for row in rows}
    assert "주차장은 어디에 있나요?" not in questions
    assert {row.reason for row in splits.rejected} == {"duplicate", "in_heldout_and_training"}


def test_one_document_is_held_out_by_pages() -> None:
    pairs = [pair(f"{i}번 물음인가요?", f"{i}번 대답", page=i) for i in range(1, 40)]
    splits = make_splits(pairs, PARAMS, 0)
    assert splits.rows["heldout"]
    trained = {row.page_number for row in splits.rows["train"]}
    assert not trained & {row.page_number for row in splits.rows["heldout"]}


def test_own_rows_are_held_out_row_by_row_and_never_all() -> None:
    document = [pair(f"{i}번 물음인가요?", f"{i}번 대답", "문서") for i in range(10)]
    own = [
        pair(f"{chr(0xAC00 + 99 * i)} 질문?", f"{i}호 응답", "own").model_copy(update={"page_number": None})
        for i in range(40)
    ]
    rows = make_splits([*document, *own], PARAMS, 42).rows
    assert any(row.doc_id == "own" for row in rows["heldout"])
    assert sum(row.doc_id == "own" for row in rows["train"]) > 40


def test_the_document_of_a_question_to_be_asked_is_not_held_out_by_hash() -> None:
    pairs = [
        pair(f"{name} 주소는 어디인가요?", name, f"문서 {name}", topic=f"{name} 주소") for name in "가나다라마바사"
    ]
    asked = PARAMS.model_copy(update={"heldout_fraction": 0.99, "recall_questions": ["라 주소?"]})
    splits = make_splits(pairs, asked, 0)
    assert "라 주소?" in {row.instruction for row in splits.rows["recall"]}
    assert ("문서 라", "") not in splits.heldout


def test_a_pinned_document_without_pairs_is_named() -> None:
    with pytest.raises(UserError, match=r"heldout_documents names 없는 문서, which has no pairs\. Known: 문서"):
        make_splits([pair("물음?")], PARAMS.model_copy(update={"heldout_documents": ["없는 문서"]}), 0)


def test_same_question_same_answer_is_kept_once_and_different_answers_never() -> None:
    kept, duplicates, contradictions = without_duplicates(
        [pair("갑?", "1"), pair("갑 ?", "1", "다른 문서"), pair("을?", "1"), pair("을?", "2")]
    )
    assert [len(kept), len(duplicates), len(contradictions)] == [1, 1, 2]


def test_a_topic_is_asked_in_six_wordings_of_which_one_is_new() -> None:
    wordings = paraphrases(pair("센터의 주소는 어디인가요?", topic="센터의 주소"))
    assert list(wordings.values()) == [
        "센터의 주소는 어디인가요?",
        "센터의 주소?",
        "센터의 주소를 알려 주세요.",
        "센터의 주소가 어떻게 됩니까?",
        "센터의 주소가 궁금합니다.",
        "혹시 센터의 주소에 대해 말씀해 주실 수 있을까요?",
    ]
    assert list(wordings)[-1] == NEW_WORDING


@pytest.mark.parametrize(
    ("question", "indirect"),
    [
        ("수수료는 얼마인가요?", "수수료는 얼마인지 알려 주세요."),
        ("몇 권까지 빌릴 수 있나요?", "몇 권까지 빌릴 수 있는지 알려 주세요."),
        ("필요한가요?", "필요한지 알려 주세요."),
    ],
)
def test_a_question_becomes_an_indirect_one(question: str, indirect: str) -> None:
    assert paraphrases(pair(question))["tell"] == indirect


def test_an_ending_that_is_no_question_form_is_only_framed() -> None:
    assert "tell" not in paraphrases(pair("같이 가요?"))


def test_the_wordings_of_an_english_question_are_english() -> None:
    for name, wording in paraphrases(pair("What is the weight?")).items():
        assert wording.isascii(), name
