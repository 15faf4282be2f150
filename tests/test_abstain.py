"""Questions that no document answers."""

from itertools import islice
from typing import Any

import pytest
from conftest import ROOT

from pagetune.curate.abstain.documents import Documents
from pagetune.curate.abstain.questions import Made, Maker
from pagetune.curate.abstain.rows import make_silent, silent_counts
from pagetune.curate.abstain.words import LANGUAGES, language_of_question, words_of
from pagetune.curate.changes import Change, replaced
from pagetune.curate.filters import filter_pairs
from pagetune.curate.splits import Splits, make_splits
from pagetune.curate.wordings import template_wordings
from pagetune.ledger import Ledger
from pagetune.params import Curate, load_params
from pagetune.plan.recipe import describe_corpus
from pagetune.records import Example, Page, Pair, Table
from pagetune.text.claims import normal_form
from pagetune.text.refusal import abstains

PARAMS: Curate = load_params(ROOT / "params.yaml").curate
SITES = ("부산", "대구", "광주", "인천", "대전", "강릉")


def page(doc_id: str, text: str, tables: list[Table] | None = None, number: int = 1) -> Page:
    return Page(
        doc_id=doc_id,
        source_sha256="",
        page_number=number,
        text=text,
        tables=tables or [],
        quality={},
        status="ok",
        reason=None,
    )


def asked(topic: str, ending: str, answer: str, doc_id: str = "안내", **more: Any) -> Pair:
    return Pair.original(
        f"{doc_id}{topic}", f"{topic}는 {ending}", answer, "table", doc_id, topic=topic, page_number=1, **more
    )


ROWS = [["교육장", "주소"], *([f"{site} 교육장", f"{site}시 중앙로 {number}"] for number, site in enumerate(SITES))]
PAGES = [
    page(
        "안내",
        "한결연수원 안내\n교육장의 팩스번호는 없습니다.\n문의는 전화로 받습니다.",
        [Table(caption="", rows=ROWS)],
    ),
    page("기기", "RX-300의 무게는 3킬로그램입니다.\nRX-300의 보증 기간은 2년입니다.\n무상 수리는 1년입니다."),
    page("비밀", "별빛병원의 주소는 울산입니다."),
]
PAIRS = [
    *(asked(f"한결연수원에서 {site} 교육장의 주소", "어디인가요?", f"{site}시 중앙로") for site in SITES),
    asked("RX-300의 무게", "얼마인가요?", "3킬로그램", "기기"),
]
HELDOUT = asked("별빛병원의 주소", "어디인가요?", "울산", "비밀")
DOCUMENTS = Documents(PAGES, [*PAIRS, HELDOUT])


def made(evaluated: bool = False, seed: int = 1) -> list[Made]:
    return list(islice(Maker(PAIRS, DOCUMENTS, ["ko", "en"], seed).questions(evaluated), 60))


def text_of_all() -> str:
    return normal_form("\n".join([*(one.text for one in PAGES), *(" ".join(row) for row in ROWS)]))


def test_every_refusal_is_one_that_the_evaluation_recognises() -> None:
    assert all(abstains(refusal) for language in LANGUAGES for refusal in words_of(language).refusals)


def test_questions_are_made_in_every_way() -> None:
    assert {one.way for one in made()} == {"name", "kind", "number", "attribute", "around", "invented"}


def test_a_new_subject_stands_on_no_page() -> None:
    new = [one for one in made() if one.way != "attribute"]
    assert new
    assert not [one for one in new if normal_form(one.key) in text_of_all()]


def test_an_attribute_that_some_passage_about_the_subject_has_is_not_asked_for() -> None:
    """The page denies the fax number of the sites, and gives their addresses; a word for it is enough."""
    questions = [one.pair.instruction for seed in range(20) for one in made(seed=seed) if one.way == "attribute"]
    assert any("교육장" in question for question in questions)
    assert not [question for question in questions if "팩스" in question and "교육장" in question]
    assert not [question for question in questions if "교육장의 주소" in question or "교육장의 위치" in question]


def test_a_subject_is_not_asked_for_what_its_own_attribute_may_be_under_another_name() -> None:
    fees = [asked(f"한결연수원에서 {site} 교육 과정의 수강료", "얼마인가요?", "9만 원") for site in SITES[:3]]
    costs = [asked("한결연수원에서 정보 자격 시험의 비용", "얼마인가요?", "3만 원")]
    maker = Maker([*fees, *costs], Documents([page("안내", "수강료\n다른 줄\n다른 줄")], fees + costs), ["ko"], 1)
    attributes = [one.pair.topic or "" for one in islice(maker.questions(False), 60) if one.way == "attribute"]
    assert attributes
    assert not [topic for topic in attributes if "교육 과정의 비용" in topic]


def test_training_and_evaluation_share_no_new_subject() -> None:
    trained, evaluated = made(), made(evaluated=True)
    assert evaluated
    assert not {one.key for one in trained} & {one.key for one in evaluated}


def test_questions_come_with_the_answer_of_their_language() -> None:
    for one in made():
        language = language_of_question(one.pair.instruction)
        assert language is not None
        assert one.pair.output in words_of(language).refusals


def test_a_question_in_a_third_language_makes_none() -> None:
    row = Pair.original("fr", "Quel est le prix du forfait Z-40?", "40 euros", "user", "prix")
    maker = Maker([row], Documents([], [row]), [], 1)
    assert list(maker.questions(False)) == []


def test_english_names_and_codes_are_changed() -> None:
    rows = [
        Pair.original(str(n), f"What is the {what} of the NovaPad X-20?", what, "user", "pad")
        for n, what in enumerate(("size", "price", "memory"))
    ]
    questions = list(islice(Maker(rows, Documents([], rows), ["en"], 1).questions(False), 30))
    assert {one.way for one in questions} >= {"name", "number", "attribute", "invented"}
    assert not [one for one in questions if "price" in one.pair.instruction and one.way == "attribute"]


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("부산은 언제 여나요?", "부산", "여수", "여수는 언제 여나요?"),
        ("여수가 어디인가요?", "여수", "부산", "부산이 어디인가요?"),
        ("여수로 가나요?", "여수", "서울", "서울로 가나요?"),
        ("여수로 가나요?", "여수", "부산", "부산으로 가나요?"),
        ("부산이용자는 누구인가요?", "부산", "여수", "여수이용자는 누구인가요?"),
    ],
)
def test_a_particle_follows_the_new_word(text: str, old: str, new: str, expected: str) -> None:
    assert replaced(text, Change(old, new, new)) == expected


def asked_often(doc_id: str, *questions: str) -> list[Made]:
    rows = [Pair.original(f"{doc_id}{n}", text, "답", "user", doc_id, topic=None) for n, text in enumerate(questions)]
    return list(islice(Maker(rows, Documents([], rows), [], 1).questions(False), 60))


def test_a_year_is_not_taken_for_the_name_of_a_document_and_its_quotes_stay() -> None:
    titles = ("2026년도 공고", "'별빛교육원'")
    own = [
        asked_often(title, *(f"{title}에서 {what}은 무엇인가요?" for what in ("금액", "기한", "대상")))
        for title in titles
    ]
    assert not [one for one in own[0] if one.way == "name"]
    changed = [one.pair.instruction for one in own[1] if one.way == "name"]
    assert changed
    assert all(question.startswith("'") and "'에서" in question for question in changed)


def ways_of(*rows: Pair, text: str = "") -> dict[str, list[str]]:
    own = list(rows)
    documents = Documents([page("안내", text)], own)
    found: dict[str, list[str]] = {}
    for one in islice(Maker(own, documents, [], 1).questions(False), 200):
        found.setdefault(one.way, []).append(one.pair.instruction)
    return found


@pytest.mark.parametrize(
    "topic",
    [
        "도난/분실의 신고처",
        "도로 건설공사의 착공일",
        "제58조(금융회사의 정보처리)의 내용",
        "여수신 거래의 이자율",
        "조기상환 수수료의 면제 조건",
        "대구탕의 가격",
        "제주도의 인구",
        "보험금의 지급 기한",
        "5기가 요금제의 가격",
        "P2P 대출 상품의 한도",
        "A4 용지의 가격",
        "요구사항 고유번호 SFR-003의 분류",
    ],
)
def test_no_part_of_a_word_is_taken_for_a_name_or_a_head(topic: str) -> None:
    """A head (회의실) is a whole noun, a name a whole word: neither 분실, 건설공사 nor 대구탕 has any."""
    ways = ways_of(asked(topic, "무엇인가요?", "답"))
    new = [one for way in ("attribute", "kind", "around", "name") for one in ways.get(way, [])]
    assert not new
    if "SFR" not in topic and "제58조" not in topic:
        assert not ways.get("number")


def test_the_amount_of_a_reversed_question_is_not_changed() -> None:
    """A page may state any amount in other letters: 60,000원 as 6만 원."""
    amount = Pair.original("a", "요금이 30,000원인 시설은 어디인가요?", "수영장", "reversed", "안내")
    day = Pair.original("b", "개최 일자가 2024.03.15인 행사는 무엇인가요?", "봄 축제", "reversed", "안내")
    number = Pair.original("c", "전화번호가 02-555-0151인 부서는 어디인가요?", "총무팀", "reversed", "안내")
    changed = ways_of(amount, day, number, text="식당은 6만 원이다.")["number"]
    assert changed
    assert all("전화번호가 02-555-015" in one for one in changed)


def test_only_a_proper_name_of_which_something_is_asked_is_changed() -> None:
    common = [Pair.original(str(n), f"비밀번호는 {w}인가요?", "답", "faq", "안내") for n, w in enumerate("가나다")]
    inside = [
        Pair.original(f"x{n}", f"신고는 금융위원회가 정하는 {w} 방법에 따라 누구에게 하나요?", "답", "faq", "안내")
        for n, w in enumerate("가나다")
    ]
    assert "name" not in ways_of(*common, *inside)
    assert "name" in ways_of(*(asked(f"가람도서관의 {word}", "무엇인가요?", "답") for word in ("주소", "전화", "요금")))


def test_what_people_ask_about_a_known_subject_is_asked_where_no_page_has_a_word_of_it() -> None:
    rows = [asked(f"가람도서관의 {word}", "무엇인가요?", "답") for word in ("주소", "전화", "요금")]
    silent, told = (
        " ".join(ways_of(*rows, text=text)["around"]) for text in ("책을 빌립니다.", "차량은 정문에 둡니다.")
    )
    assert "가람도서관에 주차할 수 있나요?" in silent
    assert "주차할" not in told


def test_what_is_still_known_by_its_number_is_not_changed() -> None:
    """Who asks for 품질관리(QUR-001) under another name or number still names the one by the other."""
    rows = [
        asked("요청서에서 품질관리(QUR-001)의 분류", "무엇인가요?", "품질", "요청"),
        asked("요청서에서 접근권한 관리(제5조)의 내용", "무엇인가요?", "권한", "요청"),
    ]
    questions = list(islice(Maker(rows, Documents([], rows), [], 1).questions(False), 60))
    assert not [one for one in questions if one.way in ("kind", "number")]


def divided(fraction: float, seed: int = 1) -> Splits:
    params = PARAMS.model_copy(
        update={"abstain_fraction": fraction, "heldout_documents": ["비밀"], "recall_questions": []}
    )
    pairs = [*PAIRS, HELDOUT]
    return make_splits(
        pairs,
        params,
        seed,
        Ledger(),
        lambda trained: (template_wordings(trained, params), []),
        make_silent=lambda trained: make_silent(trained, Documents(PAGES, pairs), pairs, params, seed),
    )


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_the_rows_that_abstain_are_the_share_that_was_asked_for(fraction: float) -> None:
    rows = divided(fraction).rows["train"]
    silent = sum(row.kind == "abstain" for row in rows)
    assert silent == pytest.approx(fraction * len(rows), abs=1)


def test_a_share_of_zero_trains_none_and_still_asks_some() -> None:
    splits = divided(0.0)
    assert silent_counts(splits) == {
        "rows": 0,
        "questions": 0,
        "made_from": {},
        "evaluated": len(splits.silent.evaluated),
    }
    assert splits.silent.evaluated
    assert all(not question.answerable and not question.output for question in splits.silent.evaluated)


def test_all_other_rows_stay_as_they_are() -> None:
    with_some, without = divided(0.2).rows, divided(0.0).rows
    assert [row for row in with_some["train"] if row.kind != "abstain"] == without["train"]
    assert all(with_some[name] == without[name] for name in ("recall", "validation", "heldout"))


def test_every_wording_names_what_makes_the_question_unanswerable() -> None:
    """A wording that leaves the new name out asks what a document answers, and would teach to refuse that."""
    splits = divided(0.4)
    rows = [row for row in splits.rows["train"] if row.kind == "abstain"]
    assert rows
    for row in rows:
        words = splits.silent.named[row.pair.pair_id]
        assert all(normal_form(word) in normal_form(row.instruction) for word in words)


def test_the_rows_that_abstain_are_worded_as_the_answered_ones_are() -> None:
    """A wording that only refused rows have would be refused for itself, whatever it asks."""
    rows = divided(0.3).rows["train"]
    shares = [
        {name: sum(row.wording == name for row in own) / len(own) for name in {row.wording for row in rows}}
        for own in ([row for row in rows if (row.kind == "abstain") == silent] for silent in (True, False))
    ]
    assert all(shares[0][name] == pytest.approx(shares[1][name], abs=0.1) for name in shares[0])


def test_a_question_under_another_name_has_the_words_of_the_known_one() -> None:
    splits = divided(0.4)
    answered = {row.instruction for row in splits.rows["train"] if row.kind != "abstain"}
    twins = [row for row in splits.rows["train"] if row.pair.pair_id in splits.silent.twins]
    assert twins
    for row in twins:
        _, change = splits.silent.twins[row.pair.pair_id]
        assert replaced(row.instruction, Change(change.new, change.old, change.old)) in answered


def test_no_heldout_subject_is_asked_about() -> None:
    splits = divided(0.4)
    assert not [row for row in splits.rows["train"] if "별빛" in row.instruction]
    assert not [pair for pair in splits.silent.evaluated if "별빛" in pair.instruction]


def test_the_same_seed_makes_the_same_rows() -> None:
    assert divided(0.2) == divided(0.2)
    assert divided(0.2).rows["train"] != divided(0.2, seed=2).rows["train"]


def test_the_filter_for_refusals_lets_a_question_pass_that_should_be_refused() -> None:
    params = PARAMS.model_copy(update={"filters": ["refusal"]})
    refused = Pair.original("a", "가온은행의 주소는 어디인가요?", "문서에 나와 있지 않습니다.", "abstain", "안내")
    assert filter_pairs([refused], params, 256) == ([refused], [])
    assert filter_pairs([refused.model_copy(update={"kind": "user"})], params, 256)[0] == []


def test_a_row_that_abstains_is_no_fact_of_the_recipe() -> None:
    def row(pair_id: str, kind: Any) -> Example:
        return Example(
            pair_id=pair_id,
            kind=kind,
            doc_id="안내",
            page_number=None,
            wording_seen=True,
            prompt="",
            completion="",
            references=[],
        )

    corpus = describe_corpus([row("a", "faq"), row("a-tell", "faq"), row("b", "abstain")])
    assert (corpus.facts, corpus.rows) == (1, 2)
