"""Questions turned round: which facts are asked by their value, in which words, and when two subjects have it."""

import pytest

from pagetune.build_qa.draft import Draft
from pagetune.build_qa.reversed_questions import reversal_of
from pagetune.build_qa.rules import build_pairs
from pagetune.records import Page, Pair, Place, Table

OFFICE = "한울 에너지 상담센터"


def page(*lines: str, doc_id: str = "문서", tables: tuple[Table, ...] = ()) -> Page:
    return Page(
        doc_id=doc_id,
        source_sha256="",
        page_number=1,
        text="\n".join(lines),
        tables=list(tables),
        quality={},
        status="ok",
        reason=None,
    )


def table(text: str, caption: str, layout: str = "header") -> Table:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    return Table.model_validate({"caption": caption, "rows": rows, "layout": layout})


def turned(*pages: Page) -> list[Pair]:
    return [pair for pair in build_pairs(list(pages), 200)[0] if pair.kind == "reversed"]


def asked(*pages: Page) -> list[tuple[str, str]]:
    return [(pair.instruction, pair.output) for pair in turned(*pages)]


@pytest.mark.parametrize(
    ("sentence", "question", "subject"),
    [
        ("한울 상담센터의 전화번호는 02-555-0177입니다.", "전화번호가 02-555-0177인 곳은 어디인가요?", "한울 상담센터"),
        (
            "한울 상담센터의 주소는 서울시 마포구 물빛로 12 3층입니다.",
            "주소가 서울시 마포구 물빛로 12 3층인 곳은 어디인가요?",
            "한울 상담센터",
        ),
        ("P4 오류의 원인은 배수 호스 꼬임입니다.", "'배수 호스 꼬임'은 어떤 오류의 원인인가요?", "P4 오류"),
        ("회원 전용 앱의 이름은 한울 지킴이입니다.", "'한울 지킴이'는 무엇의 이름인가요?", "회원 전용 앱"),
    ],
)
def test_a_value_that_identifies_its_subject_asks_for_it(sentence: str, question: str, subject: str) -> None:
    assert asked(page("한울 안내", sentence)) == [(question, subject)]


@pytest.mark.parametrize(
    "sentence",
    [
        "한울 상담센터의 전화번호는 홈페이지 참조입니다.",
        "한울 상담센터의 정원은 24명입니다.",
        "세탁기의 소음은 50데시벨입니다.",
    ],
)
def test_a_value_that_many_things_may_have_asks_for_nothing(sentence: str) -> None:
    assert asked(page("한울 안내", sentence)) == []


def test_a_definition_asks_for_its_term() -> None:
    text = page("한울 이용 규정", "“대기전력”이란 기기가 꺼져 있는 동안에도 소비되는 전력을 말한다.")
    assert asked(text) == [("기기가 꺼져 있는 동안에도 소비되는 전력을 무엇이라고 하나요?", "대기전력")]


@pytest.mark.parametrize(
    "meaning",
    [
        "다음 각 호의 기기를 말한다.",
        "정당한 사유가 없으면 곧바로 조치하여야 함을 말한다.",
        "기기가 쓰는 대기전력의 양을 말한다.",
    ],
)
def test_a_definition_that_points_elsewhere_or_says_its_term_is_not_turned_round(meaning: str) -> None:
    assert asked(page("한울 이용 규정", f"“대기전력”이란 {meaning}")) == []


def test_the_reversed_question_names_the_pair_that_it_turns_round() -> None:
    pairs, _ = build_pairs([page("한울 안내", "한울 상담센터의 전화번호는 02-555-0177입니다.")], 200)
    forward, back = pairs
    assert (forward.kind, back.kind, back.reverses) == ("key_value", "reversed", forward.pair_id)
    assert back.evidence == forward.evidence


def test_a_form_about_the_document_proves_the_name_where_it_stands() -> None:
    contact = table("대표전화 | 02-555-0188\n처리 기간 | 사흘", caption="", layout="form")
    (pair,) = turned(page(OFFICE, f"{OFFICE}는 누구나 이용할 수 있습니다.", tables=(contact,)))
    assert (pair.instruction, pair.output) == ("대표전화가 02-555-0188인 곳은 어디인가요?", OFFICE)
    assert pair.second is not None
    assert pair.second.text == OFFICE
    assert OFFICE in pair.whole_evidence


def test_a_value_of_two_subjects_in_two_documents_is_rejected() -> None:
    one = page("한울 안내", "한울 상담센터의 전화번호는 02-555-0177입니다.", doc_id="가")
    other = page("두레 안내", "두레 상담센터의 전화번호는 02-555-0177입니다.", doc_id="나")
    pairs, rejected = build_pairs([one, other], 200)
    assert [pair.kind for pair in pairs] == ["key_value", "key_value"]
    assert {row.reason for row in rejected} == {"two_answers"}


def test_a_value_that_stands_in_another_document_without_its_subject_is_rejected() -> None:
    one = page("한울 안내", "한울 상담센터의 전화번호는 02-555-0177입니다.", doc_id="가")
    other = page("두레 안내", "문의는 02-555-0177로 하시면 됩니다.", doc_id="나")
    same = page("두레 안내", "한울 상담센터 문의는 02-555-0177로 하시면 됩니다.", doc_id="나")
    assert asked(one, other) == []
    assert len(asked(one, same)) == 1


def test_english_tables_are_asked_the_other_way_round_in_english() -> None:
    rooms = table(
        "Room | Phone | Fee\nBlue Reading Room | 555-0132-11 | $30\nRed Hall | 555-0132-12 | $45",
        caption="Rooms of the library",
    )
    lines = ("City Library Guide", "The rooms of the library are open to all readers.")
    assert asked(page(*lines, tables=(rooms,))) == [
        ("In “Rooms of the library”, which room has the phone number 555-0132-11?", "Blue Reading Room"),
        ("In “Rooms of the library”, which room has the phone number 555-0132-12?", "Red Hall"),
    ]


@pytest.mark.parametrize(
    ("term", "meaning", "noun"),
    [
        ("동호회", "같은 취미를 가진 사람들의 모임", "같은 취미를 가진 사람들의 모임을"),
        ("연대책임", "여러 사람이 함께 지는 무거운 책임", "여러 사람이 함께 지는 무거운 책임을"),
        ("교란행위", "사회 혼란 속에서 질서를 해치는 거래를 말한다.", "사회 혼란 속에서 질서를 해치는 거래를"),
        ("예약금", "예약을 확정하려고 미리 내는 돈이다.", "예약을 확정하려고 미리 내는 돈을"),
    ],
)
def test_only_an_ending_is_cut_from_a_meaning(term: str, meaning: str, noun: str) -> None:
    place = Place(table=None, row=None, start=0, end=1)
    found = reversal_of(Draft("definition", 1, "", meaning, place, topic=term))
    assert found is not None
    assert found.instruction == f"{noun} 무엇이라고 하나요?"


def test_a_sentence_names_no_term() -> None:
    assert not asked(page("한울 안내", "'이체'란 고객이 다른 은행으로 돈을 바로 보낼 수 있다."))


def test_a_value_that_another_row_has_in_other_letters_is_not_asked() -> None:
    fees = "시설 | 이용 요금\n수영장 | 3만원\n체육관 | 30,000원\n강당 | 5만원"
    days = "행사 | 개최 일자\n봄 축제 | 2024.3.1.\n여름 축제 | 2024. 3. 1.\n가을 축제 | 2024년 10월 3일"
    twins = "시설 | 이용 요금\n강의실 | 30,000원\n강의실 | 20,000원\n강당 | 30,000원\n식당 | 50,000원"
    for rows, answer in ((fees, "강당"), (days, "가을 축제"), (twins, "식당")):
        found = asked(page("가람시 시설 안내", tables=(table(rows, "안내표"),)))
        assert [own for _, own in found] == [answer]


@pytest.mark.parametrize(
    "sentence",
    [
        "한울 상담센터의 책임자는 미정입니다.",
        "한울 상담센터의 담당자는 추후 공지입니다.",
        "한울 상담센터의 주차장은 없음입니다.",
        "상담 담당자의 이름은 홍길동입니다.",
        "한울 상담센터의 우편 번호는 04123입니다.",
    ],
)
def test_what_is_not_known_yet_and_who_somebody_is_identify_no_place(sentence: str) -> None:
    assert not asked(page("한울 안내", sentence))


@pytest.mark.parametrize(
    "other",
    [
        "새한울 상담센터 대표번호: 02-555-0177",
        "한울 상담센터와 두레 도서관의 전화는 모두 02-555-0177이다.",
    ],
)
def test_a_longer_name_or_a_second_one_is_another_subject(other: str) -> None:
    sentence = "한울 상담센터의 전화번호는 02-555-0177입니다."
    assert not [
        one for one in asked(page("안내", sentence), page("소개", other, doc_id="다른")) if one[1] == "한울 상담센터"
    ]


def test_an_english_key_ends_at_the_last_of() -> None:
    place = Place(table=None, row=None, start=0, end=1)
    topic = "the number of employees of Acme Center"
    assert reversal_of(Draft("key_value", 1, "", "1200", place, topic=topic)) is None
