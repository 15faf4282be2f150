"""What is asked about tables: which cells, in which words, and which the other way round."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.build_qa.rules import build_pairs
from pagetune.build_qa.tables.cells import has_value, is_number, plain_name, plain_value
from pagetune.build_qa.tables.questions import MAX_PAIRS, MAX_REVERSED, MAX_SAME
from pagetune.records import Page, Pair, Rejected, Table
from pagetune.text.evidence import not_proven, quote

TITLE = "햇살 마을 도서관"


def table(text: str, caption: str = "이용 안내표 전체", layout: str = "header", continues: bool = False) -> Table:
    """Make a table of the lines of `text`, whose cells | divides; "~" before a cell says that it is a copy."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    filled = [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell.startswith("~")]
    plain = [[cell.removeprefix("~") for cell in row] for row in rows]
    return Table.model_validate(
        {"caption": caption, "rows": plain, "layout": layout, "filled": filled, "continues": continues}
    )


def page(*tables: Table, lines: tuple[str, ...] = (TITLE,), number: int = 1) -> Page:
    return Page(
        doc_id="문서",
        source_sha256="",
        page_number=number,
        text="\n".join(lines),
        tables=list(tables),
        quality={},
        status="ok",
        reason=None,
    )


def found(*pages: Page) -> tuple[list[Pair], list[Rejected]]:
    return build_pairs(list(pages), 200)


def asked(*pages: Page, kind: str | None = None) -> list[tuple[str, str]]:
    return [(p.instruction, p.output) for p in found(*pages)[0] if kind in (None, p.kind)]


def answers(*pages: Page) -> list[str]:
    return [answer for _, answer in asked(*pages)]


def reasons(*pages: Page) -> list[str]:
    return [row.reason for row in found(*pages)[1]]


def test_a_question_names_the_document_and_the_table_where_the_row_may_be_in_any() -> None:
    rooms = table("열람실 | 좌석 수\n푸른 열람실 | 40석", caption="열람실 좌석")
    assert asked(page(rooms)) == [("햇살 마을 도서관에서 푸른 열람실의 좌석 수는 몇 석인가요?", "40석")]
    fees = table("등급 | 연회비\n일반 | 1만 원", caption="회원 연회비")
    question, _ = asked(page(fees))[0]
    assert question == "햇살 마을 도서관의 회원 연회비에서 '일반'에 해당하는 연회비는 얼마인가요?"


def test_a_document_whose_title_says_only_what_kind_it_is_is_called_by_the_project_that_it_states() -> None:
    roles = table("기관 | 역할\n자료 관리처 | 운영과 점검", caption="기관별 역할")
    (question, _), *_ = asked(page(roles, lines=("제안요청서", "❍ 사 업 명 : 전자 자료관 구축")))
    assert question == "'전자 자료관 구축 사업 제안요청서'에서 자료 관리처의 역할은 무엇인가요?"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("배점", "5", "배점은 몇 점인가요?"),
        ("정원", "20명", "정원은 몇 명인가요?"),
        ("이용료", "3,000원", "이용료는 얼마인가요?"),
        ("전화번호", "02-555-0143", "전화번호는 몇 번인가요?"),
        ("담당자", "김하늘", "담당자는 누구인가요?"),
        ("주소", "서울시 새봄로 3", "주소는 어디인가요?"),
        ("개관일", "2001년 3월 2일", "개관일은 언제인가요?"),
        ("대출 기간", "14일", "대출 기간은 며칠인가요?"),
        ("신청 방법", "누리집에서 신청", "신청 방법은 어떻게 되나요?"),
        ("시작 시각", "09:30", "시작 시각은 몇 시인가요?"),
        ("보안성", "매우 높음", "보안성은 어떤가요?"),
    ],
)
def test_key_and_value_decide_the_question_word(key: str, value: str, words: str) -> None:
    (question, _), *_ = asked(page(table(f"시설 | {key}\n푸른 열람실 | {value}")))
    assert question.endswith(words)


def test_a_unit_of_the_header_is_in_the_answer_and_one_that_scales_in_the_question() -> None:
    costs = table("시설 | 면적(㎡) | 예산(천원)\n푸른 열람실 | 120 | 1,200", caption="시설별 예산표")
    assert asked(page(costs), kind="table") == [
        ("햇살 마을 도서관에서 푸른 열람실의 면적은 얼마인가요?", "120㎡"),
        ("햇살 마을 도서관에서 푸른 열람실의 예산(단위: 천원)은 얼마인가요?", "1,200"),
    ]


def test_the_only_unit_note_of_a_page_belongs_to_its_only_table() -> None:
    members = table("연도 | 어린이 회원\n2023년 | 120", caption="회원 통계표")
    assert answers(page(members, lines=(TITLE, "(단위: 명)"))) == ["120명"]


def test_a_unit_note_is_not_of_a_column_that_has_units_of_its_own() -> None:
    rooms = table("시설 | 이용료 | 정원 | 이용률\n푸른 열람실 | 1,000 | 20 | 45.2", caption="시설 이용료 (단위: 원)")
    assert [answer for _, answer in asked(page(rooms), kind="table")] == ["1,000원", "20명", "45.2"]


def test_totals_are_not_asked_without_their_group() -> None:
    points = table(
        "분야 | 세부 항목 | 배점\n기능성 (8) | 완전성 | 5\n~기능성 (8) | 정확성 | 3\n소계 | ~소계 | 8\n합 계 | | 8",
        caption="제안서 평가",
    )
    assert asked(page(points), kind="table") == [
        ("햇살 마을 도서관의 제안서 평가에서 기능성 중 완전성의 배점은 몇 점인가요?", "5점"),
        ("햇살 마을 도서관의 제안서 평가에서 기능성 중 정확성의 배점은 몇 점인가요?", "3점"),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-",
        "–",
        "자료없음",
        "해당 없음",
        "해당사항없음",
        "N/A",
        "년 월 일",
        "원",
        "(인)",
        "성명:",
        "전화번호 : 팩스번호 :",
        "□",
        "○○시 ○○구",
    ],
)
def test_a_cell_without_a_value_is_not_asked(cell: str) -> None:
    assert not has_value(cell)
    assert asked(page(table(f"시설 | 위치 | 담당자\n푸른 열람실 | 2층 | {cell}")), kind="table") == [
        ("햇살 마을 도서관에서 푸른 열람실의 위치는 몇 층인가요?", "2층")
    ]


def test_ticks_are_asked_yes_or_no() -> None:
    papers = table("서류명 | 제출 여부 | 비고\n사업 계획서 | ○ | 3부\n통장 사본 | × | ", caption="지원 서류")
    assert asked(page(papers)) == [
        ("햇살 마을 도서관의 지원 서류에서 사업 계획서를 제출해야 하나요?", "네, 제출해야 합니다."),
        ("햇살 마을 도서관의 지원 서류에서 통장 사본을 제출해야 하나요?", "아니요, 제출하지 않아도 됩니다."),
    ]
    with_a_legend = table("서류명 | 제출 여부\n사업 계획서 | ○\n통장 사본 | △")
    assert answers(page(with_a_legend)) == []


def test_a_timetable_of_ticks_asks_what_is_done_on_the_day() -> None:
    days = table("시설 | 월 | 화 | 수\n어린이 자료실 | ○ | ○ | ×", caption="요일별 개방 안내표")
    assert asked(page(days))[2] == (
        "햇살 마을 도서관의 요일별 개방 안내표에서 어린이 자료실은 수요일에 개방하나요?",
        "아니요, 개방하지 않습니다.",
    )


def test_a_fee_that_there_is_not_is_asked_yes_or_no() -> None:
    form = table("가입비 | 없음\n연회비 | 3만 원", caption="회원 제도 소개", layout="form")
    assert asked(page(form))[0] == ("햇살 마을 도서관에서 회원 제도 소개의 가입비가 있나요?", "아니요, 없습니다.")


def test_a_form_to_fill_in_is_not_asked() -> None:
    form = table("성명 | | 생년월일 | 년 월 일\n주소 | | 용도 | 도서 대출용", caption="가입 신청서", layout="form")
    assert (answers(page(form)), reasons(page(form))) == ([], ["unnamed_table"])


def test_labels_and_values_in_pairs_are_a_form_whatever_the_layout_says() -> None:
    rows = (
        "담당자 | 윤서연 | 신청 과정 | 자료 분석\n주소 | 새봄로 285 | 연락처 | 02-555-0143\n요금 | 3만 원 | 시간 | 9시"
    )
    for layout in ("header", "turned"):
        assert asked(page(table(rows, caption="수강 신청 내용", layout=layout)))[1:4] == [
            ("햇살 마을 도서관에서 수강 신청 내용의 신청 과정은 무엇인가요?", "자료 분석"),
            ("햇살 마을 도서관에서 수강 신청 내용의 주소는 어디인가요?", "새봄로 285"),
            ("햇살 마을 도서관에서 수강 신청 내용의 연락처는 몇 번인가요?", "02-555-0143"),
        ]


def test_a_table_without_keys_in_its_first_column_is_not_turned() -> None:
    users = table(
        "부서 | 2023년 평일 | 2023년 주말\n자료 지원팀 | 12명 | 34명", caption="부서별 이용 통계", layout="turned"
    )
    assert asked(page(users))[1] == (
        "햇살 마을 도서관의 부서별 이용 통계에서 자료 지원팀의 2023년 주말은 몇 명인가요?",
        "34명",
    )


def test_a_remark_across_columns_is_not_told_of_each() -> None:
    teams = table("부서 | 전화번호 | 층\n자료 지원팀 | 운영 안 함 | ~운영 안 함\n행사 기획팀 | 02-555-0152 | 3층")
    assert "운영 안 함" not in answers(page(teams))
    hours = table("구분 | 토요일 | 일요일\n3월 | 17:00 | ~17:00", caption="개방 종료 시각")
    assert answers(page(hours)) == ["17:00", "17:00"]


def test_a_sheet_with_a_number_and_a_name_is_asked_by_both() -> None:
    sheet = table(
        "요구사항 번호 | REQ-01 | ~REQ-01\n요구사항 명칭 | 도서 검색 | ~도서 검색\n상세 | 정의 | 책을 찾는 기능",
        caption="",
        layout="form",
    )
    assert asked(page(sheet)) == [
        ("햇살 마을 도서관에서 도서 검색의 요구사항 번호는 무엇인가요?", "REQ-01"),
        ("햇살 마을 도서관에서 요구사항 번호 REQ-01의 요구사항 명칭은 무엇인가요?", "도서 검색"),
        ("햇살 마을 도서관에서 도서 검색(REQ-01)의 상세 중 정의는 무엇인가요?", "책을 찾는 기능"),
    ]


def test_a_long_cell_is_asked_item_by_item_where_its_items_have_titles() -> None:
    long = "창구와 누리집에서 신청을 받아 접수 번호를 알려 준다. " * 6
    sheet = table(
        f"번호 | REQ-01\n명칭 | 회원 관리\n세부 절차 | ○ 신청 접수 - {long}○ 자격 심사 - 나이를 본다.",
        caption="",
        layout="form",
    )
    assert asked(page(sheet))[2:] == [
        ("햇살 마을 도서관에서 회원 관리(REQ-01) 중 신청 접수의 세부 절차는 어떻게 되나요?", long.strip()),
        ("햇살 마을 도서관에서 회원 관리(REQ-01) 중 자격 심사의 세부 절차는 어떻게 되나요?", "나이를 본다."),
    ]


def test_an_item_is_asked_by_its_number() -> None:
    sheet = table("분야 | 시설 관리 | 점검 항목 | 1.2 소화기 점검", caption="", layout="form")
    assert asked(page(sheet)) == [
        ("햇살 마을 도서관에서 점검 항목 1.2의 분야는 무엇인가요?", "시설 관리"),
        ("햇살 마을 도서관에서 점검 항목 1.2는 무엇인가요?", "소화기 점검"),
    ]


def test_rows_that_are_keys_are_told_of_the_columns() -> None:
    bikes = table(
        "구분 | 국산형 자전거 | 수입형 자전거\n가격 | 3만 원 | 5만 원\n장점 | 가볍다 | 튼튼하다", caption="자전거 비교"
    )
    assert [question for question, _ in asked(page(bikes))][:2] == [
        "햇살 마을 도서관의 자전거 비교에서 국산형 자전거의 가격은 얼마인가요?",
        "햇살 마을 도서관의 자전거 비교에서 수입형 자전거의 가격은 얼마인가요?",
    ]
    years = table("구분 | 2022년 | 2023년\n대출 권수 | 120권 | 150권", caption="연도별 통계표")
    assert asked(page(years))[0] == ("햇살 마을 도서관의 연도별 통계표에서 2022년 대출 권수는 몇 권인가요?", "120권")


def test_the_second_column_names_rows_where_the_first_comes_again() -> None:
    guides = table("발간처 | 안내서 | 쪽수\n문화부 | 어린이 독서 안내서 | 20쪽\n문화부 | 낭독 안내서 | 30쪽")
    (question, answer), *_ = asked(page(guides))
    assert (question[-19:], answer) == ("독서 안내서의 발간처는 어디인가요?"[-19:], "문화부")


def test_cells_that_the_table_names_alike_are_not_asked() -> None:
    fees = table("시설 | 이용료\n푸른 열람실 | 1천 원\n푸른 열람실 | 2천 원")
    assert answers(page(fees)) == []


def test_a_cell_that_the_page_cuts_is_not_asked() -> None:
    first = table(
        "평가항목 | 평가기준\n정확한 기록 | 모든 책을 빠짐없이 적었는지 평가하며 또한 책의\n~정확한 기록 | ",
        caption="도서 관리 평가",
    )
    start = table(
        "평가항목 | 평가기준\n정확한 기록 | 모든 책을 빠짐없이 적었는지 평가하며 또한 책의", caption="도서 관리 평가"
    )
    rest = table("평가항목 | 평가기준\n | 상태도 본다.\n빠른 안내 | 다섯 분 안에 안내한다.", caption="", continues=True)
    assert "평가하며 또한 책의" not in "".join(answers(page(start), page(rest, lines=(), number=2)))
    assert len(answers(page(first))) == 1


def test_a_table_without_a_caption_has_the_heading_that_no_text_follows() -> None:
    refund = table("시점 | 환불 금액\n개강 전날 | 전액", caption="")
    lines = (TITLE, "6. 환불과 할인", "환불은 창구에서 신청할 수 있습니다.", "취소 시점별 환불 기준")
    questions = [question for question, _ in asked(page(refund, lines=lines))]
    assert "햇살 마을 도서관의 취소 시점별 환불 기준에서 개강 전날의 환불 금액은 얼마인가요?" in questions


def test_a_list_of_chapters_and_pages_is_not_asked() -> None:
    rows = "제1장 총칙 | 3\n제1절 목적 | 3\n제2장 점검 | 12\n제3장 보고 | 20\n부록 | 31"
    for layout in ("header", "form"):
        assert asked(page(table(rows, caption="차례표", layout=layout))) == []


def test_a_value_that_one_row_has_is_asked_the_other_way_round() -> None:
    teams = table("부서 | 전화번호 | 층\n자료 지원팀 | 02-555-0151 | 3층\n행사 기획팀 | 02-555-0152 | 3층")
    assert asked(page(teams), kind="reversed") == [
        ("햇살 마을 도서관에서 전화번호가 02-555-0151인 부서는 어디인가요?", "자료 지원팀"),
        ("햇살 마을 도서관에서 전화번호가 02-555-0152인 부서는 어디인가요?", "행사 기획팀"),
    ]


def test_a_value_of_two_rows_is_not_asked_the_other_way_round_even_on_two_pages() -> None:
    first = table("부서 | 전화번호\n자료 지원팀 | 02-555-0151", caption="부서 연락 번호표")
    second = table("부서 | 전화번호\n행사 기획팀 | 02-555-0151", caption="부서 연락 번호표", continues=True)
    assert asked(page(first), page(second, lines=(), number=2), kind="reversed") == []


def test_what_sheets_say_alike_is_asked_of_a_few() -> None:
    sheets = [
        table(f"요구사항 번호 | REQ-0{n}\n요구사항 명칭 | 도서 검색 {n}\n분류 | 기능 요구", caption="", layout="form")
        for n in range(8)
    ]
    assert answers(page(*sheets)).count("기능 요구") == MAX_SAME


def test_a_term_of_a_glossary_is_defined() -> None:
    terms = table("용어 | 정의\n상호 대차 | 다른 도서관의 책을 빌리는 것을 의미\n서가 | 책을 꽂는 가구", caption="")
    assert asked(page(terms), kind="definition") == [
        ("햇살 마을 도서관에서 상호 대차란 무엇인가요?", "다른 도서관의 책을 빌리는 것을 의미합니다."),
        ("햇살 마을 도서관에서 서가란 무엇인가요?", "책을 꽂는 가구"),
    ]


def test_questions_in_a_table_are_asked_as_they_are() -> None:
    faq = table(
        "번호 | 질문 | 답변\n1 | 주차장이 있나요? | 지하에 있습니다.\n2 | 예약은 어떻게 하나요 | 누리집에서 합니다.",
        caption="",
    )
    assert asked(page(faq), kind="faq") == [
        ("주차장이 있나요?", "지하에 있습니다."),
        ("예약은 어떻게 하나요?", "누리집에서 합니다."),
    ]


def test_the_days_of_a_history_name_its_rows() -> None:
    history = table("일자 | 주요 내용 | 비고\n2018.12. | 안내서를 처음 펴냄 | ", caption="안내서 개정 연혁")
    assert asked(page(history)) == [
        ("햇살 마을 도서관의 안내서 개정 연혁에서 2018.12.의 주요 내용은 무엇인가요?", "안내서를 처음 펴냄")
    ]


def test_a_question_that_two_tables_answer_differently_names_them() -> None:
    weekdays = table("열람실 | 이용 시간\n푸른 열람실 | 9시~22시", caption="평일 이용 시간")
    weekends = table("열람실 | 이용 시간\n푸른 열람실 | 9시~18시", caption="주말 이용 시간")
    assert [question for question, _ in asked(page(weekdays, weekends))] == [
        "햇살 마을 도서관의 평일 이용 시간에서 푸른 열람실의 이용 시간은 언제인가요?",
        "햇살 마을 도서관의 주말 이용 시간에서 푸른 열람실의 이용 시간은 언제인가요?",
    ]


def test_a_large_table_gives_a_bounded_number_of_pairs_from_every_row() -> None:
    header = "시설 | " + " | ".join(f"{month}월 이용" for month in range(1, 13))
    rows = [f"제{row}열람실 건물 | " + " | ".join(f"{row * 100 + c}명" for c in range(12)) for row in range(30)]
    pairs, rejected = found(page(table("\n".join([header, *rows]))))
    asked_cells = [pair for pair in pairs if pair.kind == "table"]
    assert (len(asked_cells), len(rejected)) == (MAX_PAIRS, 360 - MAX_PAIRS)
    assert {pair.place.row for pair in asked_cells if pair.place} == set(range(1, 31))
    assert {row.reason for row in rejected} == {"over_quota"}
    assert sum(pair.kind == "reversed" for pair in pairs) <= MAX_REVERSED


def test_english_tables_are_asked_in_english_and_other_languages_not_at_all() -> None:
    rooms = table("Room | Opening hours\nBlue Reading Room | 9 to 6", caption="Rooms of the library")
    lines = ("City Library Guide", "The rooms of the library are open to all readers.")
    assert asked(page(rooms, lines=lines)) == [
        ("What is the Opening hours of Blue Reading Room in “Rooms of the library”?", "9 to 6")
    ]
    lines = ("Guide de la bibliothèque", "Les salles sont ouvertes à tous les lecteurs pendant l’été.")
    assert reasons(page(table("Salle | Étage\nSalle bleue | premier"), lines=lines)) == ["unnamed_table"]


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("1. 일반현황", "일반현황"),
        ("기능성 (19)", "기능성"),
        ("경영상태1)", "경영상태"),
        ("사 업 명", "사업명"),
        ("• 주차", "주차"),
    ],
)
def test_a_name_is_plain(cell: str, name: str) -> None:
    assert plain_name(cell) == name


def test_a_value_loses_its_bullet_but_not_its_minus() -> None:
    assert plain_value("- 관리") == "관리"
    assert plain_value("○ 접수 ○ 심사") == "- 접수\n- 심사"
    assert plain_value("-6.71") == "-6.71"
    assert is_number("-.98")
    assert is_number("37 - 43")


_CELLS = st.sampled_from([
    "", "-", "○", "×", "합계", "구분", "항목", "내용", "1", "2024. 5. 10.", "3,000", "4명", "02-555-0143", "담당자",
    "없음", "푸른 열람실", "금액(천원)", "요구사항 번호", "REQ-7", "1.2 점검", "[표 1]", "성명:", "- 가 - 나",
    "총 12㎡", "용어", "A", "?", "\n", "월", "2023년", "모두 열심히 하고 있다.",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(_CELLS, min_size=n, max_size=n), min_size=1, max_size=5)
    ),
    layout=st.sampled_from(["header", "turned", "form"]),
    filled=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=6),
    caption=st.sampled_from(["", "이용 안내표 전체", "개요"]),
)
def test_every_pair_of_any_table_is_proved_by_its_row(
    rows: list[list[str]], layout: str, filled: list[tuple[int, int]], caption: str
) -> None:
    drawn = Table.model_validate({"caption": caption, "rows": rows, "layout": layout, "filled": filled})
    whole = page(drawn)
    for pair in found(whole)[0]:
        assert pair.place is not None
        assert pair.evidence == quote(whole, pair.place)
        assert not not_proven(pair.output, pair.evidence)
        assert pair.instruction.endswith("?")


def test_an_english_question_names_its_document_however_long_it_is() -> None:
    sizes = table("CWE | Language\n020: Improper Input Validation | Python", caption="")
    title = "A Field Study of the Defects in Programs of Water Works of Several Cities"
    assert all(title in question for question, _ in asked(page(sizes, lines=(title, "The study looks at defects."))))


def test_a_press_release_is_asked_by_quarter_country_and_unit() -> None:
    rows = "구분 | 미국 | 베트남\n‘23.1Q | 87.1 | 4.5\n‘24.1Q | 61.2 | 6.7\n증감률(%) | (△29.8) | (47.4)"
    found = asked(page(table(rows, caption="< 국가별 동향(억 달러, %) >"), lines=("해외직접투자 동향",)))
    where = "해외직접투자 동향의 국가별 동향에서"
    assert (f"{where} 2024년 1분기 미국은 몇 억 달러인가요?", "61.2") in found
    assert (f"{where} 미국의 증감률은 얼마인가요?", "△29.8%") in found


def test_a_contact_has_the_rank_the_name_and_the_number() -> None:
    rows = (
        "담당 부서 | 대외경제국 | 책임자 | 과 장 | 김하늘 | (044-000-0001)\n"
        " | 국제과 | 담당자 | 사무관 | 이바다 | (044-000-0002)"
    )
    assert ("햇살 마을 도서관의 책임자는 누구인가요?", "과장 김하늘 (044-000-0001)") in asked(
        page(table(rows, caption=""))
    )


def test_a_share_gets_the_percent_that_the_page_notes() -> None:
    rows = "종목명 | 편입비중\n한빛전자 보통주 | 10.1\n새솔화학 보통주 | 4.3"
    found = page(table(rows, caption="보유 종목"), lines=(TITLE, "(단위:%)", "(단위:%)"))
    assert [answer for _, answer in asked(found, kind="table")] == ["10.1%", "4.3%"]


def test_items_of_a_list_in_rows_have_no_header() -> None:
    rows = "① 리소스 누수 | ② 널 포인터 역참조\n③ 제어흐름 문제 | ④ 데이터 처리 문제"
    assert asked(page(table(rows, caption="취약점 상위 4개"))) == []


def test_a_sentence_above_a_table_is_not_its_name() -> None:
    rows = "구분 | 2022년 | 2023년\n증감률 | (10.2) | (20.4)"
    line = "외국에서 영업소를 설치하거나 운영하기 위하여 자금을 지급하는 행위"
    assert asked(page(table(rows, caption=""), lines=(TITLE, line))) == []


def test_a_form_with_labels_in_two_languages_is_to_be_filled_in() -> None:
    rows = "대학 Name of College | 학과 Department\n학번 Student No. | 성명 Name\n휴대 전화 Mobile Phone | e-Mail"
    assert asked(page(table(rows, caption="복학원서", layout="form"))) == []


def test_a_caption_that_many_documents_have_is_asked_with_the_document_however_long_its_name_is() -> None:
    title = "가람광역시 지능형 도로교통 통합정보 관리체계 구축 및 운영 사업 제안요청서"
    trend = table("구분 | 2023년 | 2024년\n투자액 | 657.3 | 582.1", caption="연도별 동향")
    assert asked(page(trend, lines=(title,)))
    assert all(title.removesuffix(" 제안요청서") in question for question, _ in asked(page(trend, lines=(title,))))


def test_a_caption_that_says_its_name_once_more_in_english_is_asked_without_it() -> None:
    form = table("요구사항 명칭 | 응답 시간", caption="라. 성능 요구사항(Performance Requirement)", layout="form")
    assert not any("Performance" in question for question, _ in asked(page(form)))
