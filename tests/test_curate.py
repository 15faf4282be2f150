"""Splits that cannot leak."""

from collections import defaultdict
from collections.abc import Callable
from random import Random

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.curate.duplicates import compared_text, fact_ids, families, near_duplicates, without_duplicates
from pagetune.curate.heldout import hash_fraction
from pagetune.curate.leaks import leaks
from pagetune.curate.minhash import similar_pairs
from pagetune.curate.question_patterns import all_wordings
from pagetune.curate.shingles import similarity
from pagetune.curate.splits import Splits, WordingsOf, make_splits
from pagetune.curate.wordings import pattern_wordings
from pagetune.errors import UserError
from pagetune.ledger import Ledger
from pagetune.params import Curate, load_params
from pagetune.params.asking import RecallQuestion
from pagetune.records import NEW_WORDING, Pair, Place, Rejected
from pagetune.text.claims import claims, normal_form

#: Half of the documents are held out, so that most draws of a few documents have a heldout one.
PARAMS: Curate = load_params(ROOT / "params.yaml").curate.model_copy(update={"heldout_fraction": 0.5})


def pair(
    question: str,
    answer: str = "대답",
    doc_id: str = "문서",
    topic: str | None = None,
    page: int = 1,
    place: Place | None = None,
) -> Pair:
    own = {"page_number": page, "evidence": answer, "place": place, "topic": topic}
    return Pair.original(f"{doc_id}/{question}/{answer}", question, answer, "faq", doc_id, **own)


def divided(pairs: list[Pair], params: Curate, seed: int, ledger: Ledger | None = None, **options: bool) -> Splits:
    return make_splits(
        pairs,
        params,
        seed,
        ledger or Ledger(),
        lambda trained: (lambda pair: pattern_wordings(pair, params), []),
        **options,
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


def split(pairs: list[Pair], seed: int, **changes: object) -> Splits:
    return divided(pairs, PARAMS.model_copy(update=changes), seed)


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
    ledger = Ledger()
    try:
        splits = divided(pairs, PARAMS, seed, ledger)
    except UserError:
        return
    kept = {row.parent_id or row.pair_id for rows in splits.rows.values() for row in rows}
    originals = {(row.instruction, row.output) for row in ledger.rejected}
    assert all(row.pair_id in kept or (row.instruction, row.output) in originals for row in pairs)
    steps = ledger.metrics()["steps"]
    assert isinstance(steps, dict)
    for step in steps.values():
        assert step["in"] == step["out"] + sum(step["rejected"].values())
    assert steps["duplicates"]["in"] == len(pairs)
    assert steps["wordings"]["out"] == sum(map(len, splits.rows.values()))


@settings(deadline=None)
@given(PAIRS, st.integers(0, 5))
def test_no_fact_is_in_both_recall_and_validation(pairs: list[Pair], seed: int) -> None:
    places = [Place(table=None, row=None, start=10 * (i % 7), end=10 * (i % 7) + 15) for i in range(len(pairs))]
    pairs = [
        row.model_copy(update={"place": place, "doc_id": "문서"}) for row, place in zip(pairs, places, strict=True)
    ]
    if splits := split(pairs, seed, recall_fraction=0.45, validation_fraction=0.45):
        fact_of = fact_ids(families(pairs, PARAMS.near_duplicate_similarity))
        recall, validation = (
            {fact_of[row.parent_id or row.pair_id] for row in splits.rows[name]}  # type: ignore[index]
            for name in ("recall", "validation")
        )
        assert not recall & validation


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
def test_the_wordings_of_a_fact_stay_in_train_and_one_other_split(pairs: list[Pair], seed: int) -> None:
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
            assert NEW_WORDING not in {row.wording for row in splits.rows[name]}  # type: ignore[index]


@settings(deadline=None)
@given(PAIRS, PAIRS, st.integers(0, 5))
def test_adding_documents_moves_none_from_heldout_into_training(first: list[Pair], more: list[Pair], seed: int) -> None:
    first = [*first, pair("하나인가요?", "하나", "갑"), pair("둘인가요?", "둘", "을")]
    more = [row.model_copy(update={"doc_id": f"새 {row.doc_id}", "pair_id": f"새 {row.pair_id}"}) for row in more]
    before, after = split(first, seed), split([*first, *more], seed)
    if set(before.heldout.values()) == {"hash"} and not set(before.heldout) <= set(after.heldout):
        documents = {row.doc_id for row in [*first, *more]}
        below = [doc_id for doc_id in documents if hash_fraction(seed, "heldout", doc_id, "") < PARAMS.heldout_fraction]
        assert not trains_with(below, [*first, *more], seed)


def trains_with(heldout: list[str], pairs: list[Pair], seed: int) -> bool:
    """Tell whether both sides keep pairs if these documents are held out."""
    try:
        splits = divided(pairs, PARAMS.model_copy(update={"heldout_documents": heldout}), seed)
    except UserError:
        return False
    return bool(splits.rows["train"] and splits.rows["heldout"])


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
    splits = divided(pairs, PARAMS.model_copy(update={"heldout_documents": ["원본"]}), 0)
    assert {doc_id: why for (doc_id, _), why in splits.heldout.items()} == {"원본": "pinned", "사본": "family of 원본"}


def test_one_pair_shared_with_a_heldout_document_is_used_by_neither() -> None:
    held = [pair(f"{chr(0xAC00 + 100 * i)}에 관한 {i}번째 물음인가요?", f"{i}번 대답", "갑") for i in range(20)]
    kept = [pair(f"{chr(0xAC01 + 90 * i)}에 대한 {i}번째 질문인가요?", f"{i}호 응답", "을") for i in range(20)]
    common = [pair("주차장은 어디에 있나요?", "지하 1층입니다.", doc_id) for doc_id in ("갑", "을")]
    ledger = Ledger()
    splits = divided([*held, *kept, *common], PARAMS.model_copy(update={"heldout_documents": ["갑"]}), 0, ledger)
    questions = {row.instruction for rows in splits.rows.values() for row in rows}
    assert "주차장은 어디에 있나요?" not in questions
    assert {row.reason for row in ledger.rejected} == {"duplicate", "in_heldout_and_training"}


def test_one_document_is_held_out_by_pages() -> None:
    pairs = [pair(f"{i}번 물음인가요?", f"{i}번 대답", page=i) for i in range(1, 40)]
    splits = divided(pairs, PARAMS, 0)
    assert splits.rows["heldout"]
    trained = {row.page_number for row in splits.rows["train"]}
    assert not trained & {row.page_number for row in splits.rows["heldout"]}


def test_own_rows_are_held_out_row_by_row_and_never_all() -> None:
    document = [pair(f"{i}번 물음인가요?", f"{i}번 대답", "문서") for i in range(10)]
    params = PARAMS.model_copy(update={"heldout_fraction": 0.2})
    own = [
        pair(f"{chr(0xAC00 + 99 * i)} 질문?", f"{i}호 응답", "own").model_copy(update={"page_number": None})
        for i in range(40)
    ]
    rows = divided([*document, *own], params, 42).rows
    assert any(row.doc_id == "own" for row in rows["heldout"])
    assert sum(row.doc_id == "own" for row in rows["train"]) > 40


def test_the_document_of_a_question_to_be_asked_is_not_held_out_by_hash() -> None:
    pairs = [
        pair(f"{name} 주소는 어디인가요?", name, f"문서 {name}", topic=f"{name} 주소") for name in "가나다라마바사"
    ]
    asked = PARAMS.model_copy(update={"heldout_fraction": 0.99, "recall_questions": ["라 주소?"]})
    splits = divided(pairs, asked, 0)
    assert "라 주소?" in {row.instruction for row in splits.rows["recall"]}
    assert ("문서 라", "") not in splits.heldout


def test_a_question_that_names_its_document_is_asked_of_no_other() -> None:
    pairs = [
        pair(f"{name} 주소는 어디인가요?", name, doc, topic=f"{name} 주소")
        for doc in ("내 문서", "다른 문서")
        for name in "가나다"
    ]
    for doc_id, asked_in in (("내 문서", {"내 문서"}), ("없는 문서", set[str]())):
        question = RecallQuestion(question="가 주소?", doc_id=doc_id)
        changes = {"heldout_fraction": 0.0, "recall_fraction": 0.0, "recall_questions": [question]}
        rows = divided(pairs, PARAMS.model_copy(update=changes), 0).rows
        assert {row.doc_id for row in rows["recall"]} == asked_in


def test_a_pinned_document_without_pairs_is_named() -> None:
    with pytest.raises(UserError, match=r"heldout_documents names 없는 문서, which has no pairs\. Choose from 문서"):
        divided([pair("물음?")], PARAMS.model_copy(update={"heldout_documents": ["없는 문서"]}), 0)


def test_own_rows_beside_one_document_leave_it_held_out_by_pages() -> None:
    document = [pair(f"{i}번 물음인가요?", f"{i}번 대답", page=i) for i in range(1, 40)]
    own = [pair("내 물음?", "내 대답", "own").model_copy(update={"page_number": None})]
    splits = divided([*document, *own], PARAMS.model_copy(update={"heldout_fraction": 0.2}), 0)
    assert {"문서"} <= {row.doc_id for row in splits.rows["heldout"]}
    assert {"문서"} <= {row.doc_id for row in splits.rows["train"]}


def test_own_rows_with_a_group_are_held_out_by_group() -> None:
    own = [
        pair(f"{chr(0xAC00 + 99 * i)} 질문?", f"{i}호 응답", f"묶음{i % 8}").model_copy(update={"page_number": None})
        for i in range(40)
    ]
    splits = divided(own, PARAMS, 1, rows_alone=False)
    heldout = {row.doc_id for row in splits.rows["heldout"]}
    assert heldout
    assert not heldout & {row.doc_id for row in splits.rows["train"]}


def test_a_fraction_of_zero_holds_nothing_out() -> None:
    pairs = [pair(f"{name} 물음인가요?", name, f"문서{name}") for name in "가나다"]
    splits = divided(pairs, PARAMS.model_copy(update={"heldout_fraction": 0.0}), 0)
    assert (splits.heldout, splits.rows["heldout"]) == ({}, [])


def document(name: str, count: int, pages: int = 1) -> list[Pair]:
    """Return pairs that share no words with those of another document."""
    letter = Random(name)
    words = ["".join(chr(letter.randrange(0xAC00, 0xD7A4)) for _ in range(12)) for _ in range(count)]
    return [pair(f"{word}인가요?", word[::-1], name, page=1 + i % pages) for i, word in enumerate(words)]


SEEDS = range(15)
RARELY = PARAMS.model_copy(update={"heldout_fraction": 0.01})


@pytest.mark.parametrize("fraction", [0.01, 0.2, 0.5, 0.99])
@pytest.mark.parametrize("count", [2, 3, 8])
def test_of_several_documents_one_is_held_out_and_one_is_trained_on(count: int, fraction: float) -> None:
    pairs = [row for number in range(count) for row in document(f"문서{number}", 12)]
    for seed in SEEDS:
        splits = split(pairs, seed, heldout_fraction=fraction)
        assert splits.rows["heldout"]
        assert splits.rows["train"]
        assert {part for _, part in splits.heldout} == {""}


def test_the_lowest_hash_is_not_most_of_the_pairs_and_not_too_few_to_score() -> None:
    pairs = [*document("큰 것", 50), *document("중간", 20), *document("작은 것", 2)]
    for seed in SEEDS:
        assert list(split(pairs, seed, heldout_fraction=0.001).heldout) == [("중간", "")]


def test_of_two_documents_the_small_one_is_held_out_where_the_hash_chose_none() -> None:
    pairs = [*document("큰 것", 50), *document("작은 것", 2)]
    for seed in SEEDS:
        assert list(split(pairs, seed, heldout_fraction=0.001).heldout) == [("작은 것", "")]


def test_a_document_whose_pairs_are_all_rejected_does_not_stand_for_heldout() -> None:
    kept = [*document("가", 12), *document("나", 12)]
    contradicting = [row.model_copy(update={"output": "다른 답", "pair_id": f"x{row.pair_id}"}) for row in kept[:3]]
    pairs = [*kept, *(row.model_copy(update={"doc_id": "다"}) for row in contradicting)]
    for seed in SEEDS:
        rows = split(pairs, seed, heldout_fraction=0.2).rows
        assert rows["heldout"]
        assert rows["train"]


def test_two_versions_of_one_document_are_held_out_by_pages() -> None:
    first = document("초판", 40, pages=8)
    pairs = [*first, *(row.model_copy(update={"doc_id": "개정판", "pair_id": f"2{row.pair_id}"}) for row in first)]
    for seed in SEEDS:
        splits = split(pairs, seed)
        assert all(part for _, part in splits.heldout)
        assert splits.rows["heldout"]
        assert splits.rows["train"]
        held = {page for _, page in splits.heldout}
        assert not held & {str(row.page_number) for row in splits.rows["train"]}


def test_one_document_of_two_pages_keeps_one_page_on_each_side() -> None:
    for seed in SEEDS:
        for params in (PARAMS, RARELY):
            splits = divided(document("문서", 20, pages=2), params, seed)
            assert len(splits.heldout) == 1
            assert len(splits.rows["heldout"]) == 10


def test_a_single_page_is_trained_on_and_nothing_is_held_out() -> None:
    splits = divided(document("문서", 5), PARAMS, 3)
    assert not splits.rows["heldout"]
    assert splits.rows["train"]


@pytest.mark.parametrize("count", [2, 5, 20])
def test_some_own_rows_are_held_out_and_some_trained_on(count: int) -> None:
    own = [row.model_copy(update={"page_number": None}) for row in document("own", count)]
    for seed in SEEDS:
        rows = split(own, seed, heldout_fraction=0.2).rows
        assert rows["heldout"]
        assert rows["train"]


def test_neither_the_document_of_a_question_to_be_asked_nor_its_versions_are_held_out() -> None:
    asked = pair("가 주소는 어디인가요?", "서울", "갑", topic="가 주소")
    first = [asked, *document("갑", 12)]
    version = [row.model_copy(update={"doc_id": "을", "pair_id": f"2{row.pair_id}"}) for row in first[1:]]
    pairs = [*first, *version, *document("병", 3)]
    for seed in SEEDS:
        splits = split(pairs, seed, heldout_fraction=0.2, recall_questions=["가 주소?"])
        assert {doc_id for doc_id, _ in splits.heldout} == {"병"}


def test_the_lowest_hash_gives_way_only_to_a_lower_one() -> None:
    names = [f"문서{number}" for number in range(9)]
    for seed in SEEDS:
        heldout = [
            next(
                iter(
                    split(
                        [row for name in names[:count] for row in document(name, 12)], seed, heldout_fraction=1e-9
                    ).heldout
                )
            )
            for count in range(2, 10)
        ]
        hashes = [hash_fraction(seed, "heldout", *unit) for unit in heldout]
        assert hashes == sorted(hashes, reverse=True)


def test_few_facts_still_have_one_for_recall_and_one_for_validation() -> None:
    for seed in SEEDS:
        rows = split([*document("가", 4), *document("나", 4)], seed).rows
        assert rows["recall"]
        assert rows["validation"]


def test_no_fact_is_for_recall_or_validation_where_nobody_wants_any() -> None:
    rows = split([*document("가", 4), *document("나", 4)], 1, recall_fraction=0.0, validation_fraction=0.0).rows
    assert (rows["recall"], rows["validation"]) == ([], [])


def test_same_question_same_answer_is_kept_once_and_different_answers_never() -> None:
    kept, rejected = without_duplicates(
        [pair("갑?", "1"), pair("갑 ?", "1", "다른 문서"), pair("을?", "1"), pair("을?", "2", "책", page=7)]
    )
    assert [row.instruction for row in kept] == ["갑?"]
    assert [(row.reason, row.detail) for row in rejected] == [
        ("duplicate", "문서, page 1"),
        ("contradiction", "책, page 7: 2"),
        ("contradiction", "문서, page 1: 1"),
    ]


ASKED = "가람시립도서관 솔밭분관에서 책을 빌리는 회원증을 처음 신청하려면 어디에서 어떻게 만들"
LONG = "신청서를 내고 신분증을 보여 준 다음 창구에서 번호표를 받아 기다리시면 직원이 차례대로 불러 드립니다"


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("서울시 1로", "센터의 주소는 서울시 1로입니다.", True),
        ("1층", "11층", False),
        ("가능합니다.", "불가능합니다.", False),
        ("됩니다.", "안 됩니다. 못 합니다.", False),
        ("5만 원", "5만 원입니다. 단체는 4만 원입니다.", False),
        ("공개", "비공개", False),
        ("별관", "본관과 별관", False),
        ("화요일", "월요일, 화요일", False),
        ("서울", "서울특별시 종로구", False),
    ],
)
def test_an_answer_in_more_words_is_no_contradiction(one: str, other: str, agree: bool) -> None:
    kept, rejected = without_duplicates([pair("어디인가요?", one), pair("어디인가요?", other)])
    assert [(row.output, row.references) for row in kept] == ([(one, [other])] if agree else [])
    assert {row.reason for row in rejected} == ({"duplicate"} if agree else {"contradiction"})


def test_a_version_of_a_heldout_document_is_heldout_whatever_a_third_one_says() -> None:
    """A third document makes the questions name theirs; what they ask and answer stays the same."""
    faq = [(f"{name} 과정은 언제 시작하나요?", f"{name}월 첫째 월요일에 시작합니다.") for name in "일이삼사오"]

    def rows(doc_id: str, title: str, other: str = "") -> list[Pair]:
        label = f"[{title}] "
        return [pair(label + q, a + other, doc_id).model_copy(update={"context": label}) for q, a in faq]

    pairs = [
        *rows("갑", "작년 안내"),
        *rows("을", "올해 안내"),
        *rows("병", "남의 학원 소개", " 자리가 없으면 다음 달입니다."),
    ]
    splits = divided(
        pairs, PARAMS.model_copy(update={"heldout_documents": ["갑"], "near_duplicate_similarity": 0.9}), 0
    )
    assert {doc_id for doc_id, _ in splits.heldout} == {"갑", "을"}


def test_an_answer_and_its_sentence_are_one_fact() -> None:
    short = pair("센터의 주소는?", "서울시 1로", place=Place(table=None, row=None, start=10, end=30))
    long = pair("어디에 있나요?", "센터의 주소는 서울시 1로입니다.", place=Place(table=None, row=None, start=0, end=30))
    other = pair("언제 여나요?", "아홉 시", place=Place(table=None, row=None, start=5, end=30))
    fact_of = fact_ids([[short], [long], [other]])
    assert fact_of[short.pair_id] == fact_of[long.pair_id] != fact_of[other.pair_id]


def test_a_question_to_be_asked_that_has_no_other_wording_is_an_error() -> None:
    pairs = [pair(f"{name} 물음인가요?", name, f"문서{name}") for name in "가나다라"]
    changes = {"paraphrases": 0, "recall_questions": ["가 물음인가요?"], "heldout_documents": ["문서나"]}
    with pytest.raises(UserError, match=r"'가 물음인가요.' has no other wording to train on"):
        divided(pairs, PARAMS.model_copy(update=changes), 0)


def test_heldout_documents_of_which_no_pair_is_left_leave_heldout_empty() -> None:
    pairs = [pair("갑?", "1", "하나"), pair("갑?", "2", "둘"), pair("을?", "3", "둘")]
    splits = divided(pairs, PARAMS.model_copy(update={"heldout_documents": ["하나"]}), 0)
    assert splits.heldout == {("하나", ""): "pinned"}
    assert not splits.rows["heldout"]
    assert splits.rows["train"]


def test_leaks_are_found_where_all_rows_follow_one_pattern() -> None:
    def row(number: int, doc_id: str, ending: str = "") -> Pair:
        name = f"{chr(0xAC00 + number * 17)}{chr(0xB000 + number * 13)}"
        return pair(
            f"{name} 과정의 수강료와 준비물은 무엇인가요?",
            f"{name} 과정은 수강료가 없고 필기구만 챙기면 됩니다{ending}",
            doc_id,
        )

    held = [row(number, "갑") for number in range(100)]
    rest = [row(number, "을", "요") for number in range(300)]
    close = {
        other.pair_id
        for other in rest
        if any(similarity(compared_text(own), compared_text(other)) >= 0.8 for own in held)
    }
    assert len(close) >= 100
    assert {other.pair_id for _, other in leaks(held, rest, 0.8)} == close


@pytest.mark.parametrize(
    ("other", "repeated"),
    [
        (pair(f"{ASKED} 수 있나요??", LONG + "!"), True),
        (pair(f"{ASKED} 수가 있나요?", LONG), True),
        (pair(f"{ASKED} 수 있나요?".replace("회원증", "대출증"), LONG), False),
        (pair(f"{ASKED} 수 있나요?".replace("솔밭분관", "솔샘분관"), LONG), False),
        (pair(f"{ASKED} 수 있나요?", LONG.replace("번호표", "3번 번호표")), False),
        (pair(f"{ASKED} 수 없나요?", LONG), False),
    ],
)
def test_nearly_the_same_pair_is_kept_once_if_its_numbers_agree(other: Pair, repeated: bool) -> None:
    first = pair(f"{ASKED} 수 있나요?", LONG)
    assert near_duplicates([first, other], 0.8) == ({other.pair_id: first} if repeated else {})


def test_a_near_duplicate_is_not_trained_on_twice() -> None:
    twice = [pair(f"{ASKED} 수 있나요?", LONG), pair(f"{ASKED} 수가 있나요?", LONG)]
    others = [pair(f"{name} 물음인가요?", f"{name} 대답", f"문서{name}") for name in "가나다라마바"]
    ledger = Ledger()
    splits = divided([*twice, *others], PARAMS.model_copy(update={"heldout_documents": ["문서가"]}), 0, ledger)
    assert [(row.reason, row.detail) for row in ledger.rejected] == [("near_duplicate", "문서, page 1")]
    assert twice[1].pair_id not in {row.parent_id for row in splits.rows["train"]}


def test_a_leak_is_found_among_a_thousand_rows() -> None:
    rows = [
        pair(f"{chr(0xAC00 + 11 * i)}{chr(0xB000 + 7 * i)} 물음인가요?", f"{i}번째 대답입니다", "을")
        for i in range(1000)
    ]
    held = [pair("회원증을 어떻게 만들 수 있나요?", LONG, "갑")]
    leak = pair("회원증을 어떻게 만들 수가 있나요?", LONG, "을")
    assert leaks(held, rows, 0.8) == []
    assert leaks(held, [*rows[:500], leak, *rows[500:]], 0.8) == [(held[0], leak)]


NEAR_TEXTS = st.lists(st.text("가나다 ", min_size=1, max_size=30), min_size=1, max_size=12)


@settings(deadline=None)
@given(NEAR_TEXTS, NEAR_TEXTS, st.sampled_from([0.5, 0.7, 0.8, 0.95, 1.0]))
def test_every_leak_is_found(heldout: list[str], others: list[str], threshold: float) -> None:
    own, rest = [pair(text, "대답") for text in heldout], [pair(text, "대답") for text in others]
    found = {id(other) for _, other in leaks(own, rest, threshold)}
    assert found == {
        id(other)
        for other in rest
        if any(similarity(compared_text(one), compared_text(other)) >= threshold for one in own)
    }


def user_row(question: str, answer: str) -> Pair:
    return Pair.original(question.replace("-", ""), question, answer, "user", "own.jsonl")


#: Rows of one template: with an answer each, with one answer, in long texts that are all near-duplicates, with names.
TEMPLATES = (
    lambda n: (f"상품 {n:06d}의 가격은 얼마인가요?", f"{n * 7919 % 9973 * 100:,}원입니다."),
    lambda n: (f"상품 {n:06d}의 배송 기간은 얼마인가요?", "결제한 날부터 3일 이내에 도착합니다."),
    lambda n: (f"주문번호 {n:06d}의 배송 상태를 확인하려면 어디로 어떻게 문의하면 되나요?", LONG),
    lambda n: (
        f"{chr(0xAC00 + n * 17 % 11172)}{chr(0xAC00 + n * 13 % 11172)} 지점에서 회원증을 어떻게 만들 수 있나요?",
        LONG,
    ),
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_rows_of_one_template_are_split_by_what_they_name(template: Callable[[int], tuple[str, str]]) -> None:
    rows = [user_row(*template(number)) for number in range(600)]
    params = PARAMS.model_copy(update={"heldout_fraction": 0.2})
    splits = divided(rows, params, 0)
    heldout = {row.instruction for row in splits.rows["heldout"]}
    assert 60 < len(heldout) < 200
    assert len({row.fact for row in splits.rows["train"]}) > 350
    assert not heldout & {row.pair.instruction for row in splits.rows["train"]}


def test_two_wordings_of_a_row_of_a_template_stay_together() -> None:
    rows = [user_row(f"상품 {number:06d}의 가격은 얼마인가요?", f"{number}원") for number in range(100)]
    again = [user_row(f"상품 {number:06d}의 가격이 얼마인가요?", f"{number}원") for number in range(100)]
    splits = divided([*rows, *again], PARAMS.model_copy(update={"heldout_fraction": 0.2}), 0)
    place = defaultdict(set)
    for name, own in splits.rows.items():
        for row in own:
            place[row.output].add(name == "heldout")
    assert all(len(sides) == 1 for sides in place.values())


def test_a_users_own_row_that_is_nearly_a_heldout_one_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pagetune.curate.look_alikes.families", lambda pairs, threshold: [[row] for row in pairs])
    near = [user_row(f"회원증을 어떻게 만들 {end} 있나요?", LONG) for end in ("수", "수가", "수도", "수는")]
    others = [user_row(f"{name} 물음인가요?", f"{name} 대답") for name in "가나다라마바사아"]
    ledger = Ledger()
    splits = divided([*near, *others], PARAMS, 1, ledger)
    heldout = [row for row in splits.rows["heldout"] if row.output == LONG]
    assert heldout
    assert all(row.output != LONG for row in splits.rows["train"])
    assert {row.reason for row in ledger.rejected} == {"in_heldout_and_training"}


def test_a_leak_that_reached_the_splits_is_rejected_with_its_wordings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leak reaches the splits where the families missed it."""
    monkeypatch.setattr("pagetune.curate.look_alikes.families", lambda pairs, threshold: [[row] for row in pairs])
    near = [pair("회원증을 어떻게 만들 수 있나요?", LONG, "갑"), pair("회원증을 어떻게 만들 수가 있나요?", LONG, "을")]
    ledger = Ledger()
    splits = divided(
        [*near, pair("딴 것?", "예", "을")], PARAMS.model_copy(update={"heldout_documents": ["갑"]}), 0, ledger
    )
    others = [row for name in ("train", "validation", "recall") for row in splits.rows[name]]
    assert {row.output for row in others} == {"예"}
    assert {row.reason for row in ledger.rejected} == {"in_heldout_and_training"}


def test_a_wording_that_comes_too_near_a_heldout_pair_is_rejected() -> None:
    pairs = [
        pair("회원증을 어떻게 만들 수가 있나요?", LONG, "갑"),
        pair("회원증?", LONG, "을"),
        pair("딴 것?", "예", "을"),
    ]
    ledger = Ledger()

    def reword(trained: list[Pair]) -> tuple[WordingsOf, list[Rejected]]:
        near = {"회원증?": {"llm1": "회원증을 어떻게 만들 수 있나요?"}}
        return lambda row: {"original": row.instruction} | near.get(row.instruction, {}), []

    splits = make_splits(pairs, PARAMS.model_copy(update={"heldout_documents": ["갑"]}), 0, ledger, reword)
    assert {row.reason for row in ledger.rejected} == {"in_heldout_and_training"}
    assert all(
        row.instruction != "회원증을 어떻게 만들 수 있나요?" for row in splits.rows["train"] if row.output == LONG
    )


def near_texts(seed: int) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Return the similar pairs that are found among many texts, and all that there are."""
    random = Random(seed)
    texts = ["".join(random.choices("가나다라마바사아자차카타파하", k=random.randint(8, 60))) for _ in range(120)]
    for _ in range(40):
        text = random.choice(texts)
        at = random.randrange(len(text))
        texts.append(text[:at] + random.choice("갸냐댜") + text[at + random.randint(0, 1) :])
    found = {(left, right) for left, right in similar_pairs(texts, 0.8) if similarity(texts[left], texts[right]) >= 0.8}
    every = {
        (left, right)
        for right in range(len(texts))
        for left in range(right)
        if similarity(texts[left], texts[right]) >= 0.8
    }
    return found, every


def test_similar_texts_are_found_among_many() -> None:
    """MinHash finds a pair by chance, and one draw of forty pairs is too small to judge it by."""
    draws = [near_texts(seed) for seed in range(30)]
    assert all(found <= every for found, every in draws)
    assert sum(len(found) for found, _ in draws) >= 0.97 * sum(len(every) for _, every in draws)


def test_thousands_of_copies_are_one_family() -> None:
    copies = [pair("주차는 어디에 하나요?", LONG + "요" * (i % 2), f"문서{i}") for i in range(3000)]
    assert len(families(copies, 0.8)) == 1


@pytest.mark.parametrize("count", [0, 1, 4])
def test_as_many_wordings_are_made_as_are_asked_for(count: int) -> None:
    params = PARAMS.model_copy(update={"paraphrases": count, "recall_questions": []})
    names = pattern_wordings(pair("센터의 주소는 어디인가요?", topic="센터의 주소"), params)
    assert len(names) == count + 2
    assert {"original", NEW_WORDING} <= set(names)


def test_without_paraphrases_every_fact_is_trained_on_and_asked_in_a_new_wording() -> None:
    pairs = [pair(f"{name} 물음인가요?", name, f"문서{name}") for name in "가나다라마바사아자차"]
    params = PARAMS.model_copy(update={"paraphrases": 0, "recall_fraction": 0.9, "heldout_documents": ["문서가"]})
    rows = divided(pairs, params, 0).rows
    assert len(rows["train"]) == 9
    assert {row.wording for row in rows["recall"]} == {NEW_WORDING}
    assert not rows["validation"]


def test_a_question_to_be_asked_is_made_whatever_the_number_of_wordings() -> None:
    pairs = [pair(f"{name}의 주소는 어디인가요?", name, f"문서{name}", topic=f"{name}의 주소") for name in "가나다라"]
    changes = {"paraphrases": 0, "recall_questions": ["가의 주소?"], "heldout_documents": ["문서나"]}
    rows = divided(pairs, PARAMS.model_copy(update=changes), 0).rows
    assert "가의 주소?" in {row.instruction for row in rows["recall"]}
    assert "가의 주소?" not in {row.instruction for row in rows["train"]}


def test_a_topic_is_asked_in_five_wordings_and_a_new_one() -> None:
    wordings = all_wordings(pair("센터의 주소는 어디인가요?", topic="센터의 주소"), 4)
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
        ("신청서에 서명이 필요하나요?", "신청서에 서명이 필요한지 알려 주세요."),
        ("누가 신고해야 합니까?", "누가 신고해야 하는지 알려 주세요."),
        ("승인 없이 설치할 수 있습니까?", "승인 없이 설치할 수 있는지 알려 주세요."),
        ("배점은 몇 점입니까?", "배점은 몇 점인지 알려 주세요."),
        ("누구에게 제출해야 하는지?", "누구에게 제출해야 하는지 알려 주세요."),
    ],
)
def test_a_question_becomes_an_indirect_one(question: str, indirect: str) -> None:
    assert all_wordings(pair(question))["tell"] == indirect


def test_an_ending_that_is_no_question_form_is_only_framed() -> None:
    assert "tell" not in all_wordings(pair("같이 가요?"))


#: A question of each kind, with its topic where the kind has one.
ASKED_BY_KIND = {
    "faq": ("통장을 잃어버리면 어떻게 해야 하나요?", None),
    "definition": ("접속기록이란 무엇인가요?", "접속기록의 뜻"),
    "article": ("기숙사 규정 제4조 제2항의 내용은 무엇인가요?", "기숙사 규정 제4조 제2항"),
    "statement": ("전자금융업자의 자본금은 50억원 이상이어야 하나요?", None),
    "list": ("어떤 경우에 보험금을 받을 수 없나요?", None),
    "key_value": ("누리홈 NB-700의 무게는 얼마인가요?", "누리홈 NB-700의 무게"),
    "table": ("입찰 안내에서 '기술 능력'의 배점은 몇 점인가요?", "입찰 안내에서 '기술 능력'의 배점"),
    "reversed": ("의사당대로 143에 있는 기관은 무엇인가요?", None),
    "llm": ("What is the deadline for form B-12?", None),
    "user": ("회원증은 어디에서 만드나요?", None),
}


@pytest.mark.parametrize("kind", ASKED_BY_KIND)
def test_a_question_of_any_kind_has_ten_wordings_that_keep_its_numbers(kind: str) -> None:
    question, topic = ASKED_BY_KIND[kind]
    own = pair(question, topic=topic).model_copy(update={"kind": kind})
    texts = list(pattern_wordings(own, PARAMS.model_copy(update={"paraphrases": 10})).values())
    assert len({normal_form(text) for text in texts}) == len(texts) == 12
    assert all(text.endswith((".", "?")) for text in texts)
    assert all(claims(text) == claims(question) for text in texts)


@pytest.mark.parametrize(
    ("question", "polite", "friendly"),
    [
        ("언제까지 신고해야 하나요?", "언제까지 신고해야 합니까?", "언제까지 신고해야 해요?"),
        ("수수료는 얼마인가요?", "수수료는 얼마입니까?", "수수료는 얼마예요?"),
        ("담당 부서는 어느 팀인가요?", "담당 부서는 어느 팀입니까?", "담당 부서는 어느 팀이에요?"),
        ("보험금을 받을 수 있나요?", "보험금을 받을 수 있습니까?", "보험금을 받을 수 있어요?"),
        ("벽돌은 어디에서 만드나요?", "벽돌은 어디에서 만듭니까?", None),
    ],
)
def test_a_question_is_asked_in_other_registers(question: str, polite: str, friendly: str | None) -> None:
    wordings = all_wordings(pair(question))
    assert (wordings["polite"], wordings.get("friendly")) == (polite, friendly)


def test_an_article_is_asked_for_its_content() -> None:
    own = pair("규정 제3조의 내용은 무엇인가요?", topic="규정 제3조").model_copy(update={"kind": "article"})
    assert all_wordings(own)["formal"] == "규정 제3조에는 어떤 내용이 있습니까?"


def test_the_wordings_of_an_english_question_are_english() -> None:
    for name, wording in all_wordings(pair("What is the weight?")).items():
        assert wording.isascii(), name
