"""What follows from a table's columns: only what the cells prove, and only of whole columns."""

import pytest
from test_table_questions import TITLE, page

from pagetune.build_qa.rules import build_pairs
from pagetune.build_qa.tables.implications import follows
from pagetune.build_qa.tables.measures import difference, measure_of
from pagetune.records import Implication, Page, Pair, Table

EVERY: tuple[Implication, ...] = ("difference", "largest", "smallest", "count")
COURSES = """
과정 | 수강료 | 정원 | 강의 요일
입문 과정 | 9만 원 | 40명 | 월요일
실무 과정 | 18만 5천 원 | 24명 | 월요일
심화 과정 | 420,000원 | 16명 | 화요일
"""


def table(text: str, caption: str = "강좌별 안내", continues: bool = False) -> Table:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]
    return Table(caption=caption, rows=rows, continues=continues)


def computed(*pages: Page, wanted: tuple[Implication, ...] = EVERY) -> list[Pair]:
    return [pair for pair in build_pairs(list(pages), 200, wanted)[0] if pair.kind == "implication"]


def asked(*pages: Page, wanted: tuple[Implication, ...] = EVERY) -> list[tuple[str, str]]:
    return [
        (pair.instruction.removeprefix(f"{TITLE}의 강좌별 안내에서 "), pair.output)
        for pair in computed(*pages, wanted=wanted)
    ]


def test_a_column_of_numbers_is_asked_for_its_extremes_and_differences() -> None:
    assert asked(page(table(COURSES))) == [
        ("수강료가 가장 비싼 과정은 무엇인가요?", "심화 과정"),
        ("수강료가 가장 싼 과정은 무엇인가요?", "입문 과정"),
        ("입문 과정과 실무 과정의 수강료 차이는 얼마인가요?", "95,000원"),
        ("정원이 가장 많은 과정은 무엇인가요?", "입문 과정"),
        ("정원이 가장 적은 과정은 무엇인가요?", "심화 과정"),
        ("입문 과정과 실무 과정의 정원 차이는 몇 명인가요?", "16명"),
        ("강의 요일이 월요일인 과정은 몇 개인가요?", "2개"),
    ]


def test_only_what_is_wanted_is_asked() -> None:
    assert asked(page(table(COURSES)), wanted=()) == []
    assert {answer for _, answer in asked(page(table(COURSES)), wanted=("count",))} == {"2개"}


def test_the_evidence_has_every_row_that_was_compared() -> None:
    most, _, apart, *_ = computed(page(table(COURSES)))
    assert most.computed is not None
    assert apart.computed is not None
    assert (most.computed.how, most.computed.header, most.computed.column) == ("largest", "수강료", 1)
    assert most.evidence == "심화 과정 | 420,000원 | 16명 | 화요일"
    assert [row.text.split(" | ")[0] for row in most.computed.others] == ["입문 과정", "실무 과정"]
    assert [row.text.split(" | ")[0] for row in apart.computed.others] == ["실무 과정"]
    assert [place.row for _, place in apart.places] == [1, 2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("24명", "스물네 명쯤"),
        ("24명", "24~30명"),
        ("24명", "24시간"),
        ("24명", "-"),
        ("실무 과정", "전체"),
        ("실무 과정", "입문 과정"),
    ],
    ids=["words", "range", "unit", "empty", "total", "name"],
)
def test_a_column_that_is_not_of_one_unit_and_named_throughout_is_not_compared(old: str, new: str) -> None:
    assert not [question for question, _ in asked(page(table(COURSES.replace(old, new)))) if "정원" in question]


def test_two_rows_that_are_alike_have_neither_a_largest_nor_a_difference() -> None:
    questions = [question for question, _ in asked(page(table(COURSES.replace("24명", "40명"))))]
    assert not any("가장 많은" in question or "정원 차이" in question for question in questions)
    assert any("가장 적은" in question for question in questions)


def test_a_table_that_goes_on_is_compared_as_a_whole() -> None:
    rest = table("과정 | 수강료 | 정원 | 강의 요일\n명사 특강 | 2만 원 | 90명 | 화요일", continues=True)
    pages = page(table(COURSES)), page(rest, number=2, lines=())
    assert ("정원이 가장 많은 과정은 무엇인가요?", "명사 특강") in asked(*pages)
    broken = table("과정 | 수강료 | 정원 | 강의 요일\n명사 특강 | 미정 | 미정 | 미정", continues=True)
    assert asked(page(table(COURSES)), page(broken, number=2, lines=())) == []


@pytest.mark.parametrize(
    ("caption", "shares", "is_asked"),
    [
        ("매장별 매출 구성", ("60%", "30%", "10%"), True),
        ("매장별 매출 구성", ("20%", "12%", "9%"), False),
        ("상위 3개 매장의 매출 구성", ("60%", "30%", "10%"), False),
    ],
)
def test_a_list_of_some_says_nothing_about_the_smallest(caption: str, shares: tuple[str, ...], is_asked: bool) -> None:
    rows = "\n".join(
        f"{name} | {share}" for name, share in zip(("강남 매장", "마포 매장", "종로 매장"), shares, strict=True)
    )
    found = asked(page(table(f"매장 | 매출 비중\n{rows}", caption)))
    assert any("가장 낮은" in question for question, _ in found) is is_asked


def test_years_ranks_and_numbers_of_rooms_are_not_compared() -> None:
    header = "과정 | 개설 연도 | 순위 | 호실"
    rows = ("입문 과정 | 2019년 | 1위 | 101호", "실무 과정 | 2020년 | 2위 | 102호", "심화 과정 | 2024년 | 3위 | 103호")
    assert asked(page(table("\n".join((header, *rows))))) == []


def test_an_answer_that_does_not_follow_from_the_rows_is_not_proven() -> None:
    most, *_ = computed(page(table(COURSES)))
    assert most.computed is not None
    assert follows(most.computed, most.evidence or "", most.output)
    higher = (most.evidence or "").replace("420,000원", "12원")
    assert not follows(most.computed, higher, most.output)
    assert not follows(most.computed, most.evidence or "", "입문 과정")


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("5만 8천 원", "4,900원", "53,100원"),
        ("30㎡", "12.5㎡", "17.5㎡"),
        ("15%", "40%", "25%p"),
        ("$30", "$45", "$15"),
        ("10분", "2시간", None),
        ("24명", "24명", None),
    ],
)
def test_a_difference_is_written_as_the_cells_are(one: str, other: str, apart: str | None) -> None:
    left, right = measure_of(one), measure_of(other)
    assert left is not None
    assert right is not None
    assert difference(left, right) == apart


@pytest.mark.parametrize("cell", ["무료", "4인치", "약 3명 이내", "3일(21시간)", "△14.6%", "5만 원 이상", "", "-"])
def test_a_cell_that_is_more_or_less_than_one_number_measures_nothing(cell: str) -> None:
    assert measure_of(cell) is None


def column(
    key: str, *values: str, kind: str = "과정", names: tuple[str, ...] = ("가온", "나래", "다솜", "라온")
) -> Table:
    rows = [[f"{name} {kind}", value] for name, value in zip(names, values, strict=False)]
    return Table(caption="강좌별 안내", rows=[[kind, key], *rows])


def words(*tables: Table) -> str:
    return " ".join(question for question, _ in asked(page(*tables)))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("평가점수", "점", "가장 높은"),
        ("물가지수", "점", "가장 높은"),
        ("과태료", "만 원", "가장 많은"),
        ("제동거리", "m", "가장 긴"),
        ("이용자 수", "명", "가장 많은"),
    ],
)
def test_the_word_for_the_most_suits_what_is_measured(key: str, value: str, said: str) -> None:
    assert said in words(column(key, f"30{value}", f"52{value}", f"71{value}"))


def test_a_whole_beside_its_parts_is_not_the_largest() -> None:
    regions = ("수도권", "서울", "경기", "인천")
    rows = [
        ["지역", "인구수"],
        *([name, count] for name, count in zip(regions, ("26명", "9명", "14명", "3명"), strict=True)),
    ]
    assert "가장 많은" not in words(Table(caption="강좌별 안내", rows=rows))


@pytest.mark.parametrize("value", ["○", "없음", "미정", "온라인으로 신청한다"])
def test_a_mark_nothing_and_a_sentence_are_no_values_to_count(value: str) -> None:
    assert "몇" not in words(column("신청 방법", value, value, "전화"))
    assert "몇 개" in words(column("신청 방법", "방문", "방문", "전화"))


@pytest.mark.parametrize(
    ("kind", "counter"), [("약관", "몇 개"), ("위원", "몇 명"), ("지점", "몇 곳"), ("할인", "몇 개")]
)
def test_rows_are_counted_by_what_they_are(kind: str, counter: str) -> None:
    assert counter in words(column("담당 분야", "금융", "금융", "보험", kind=kind))


def test_a_table_that_touches_an_unread_page_is_not_compared() -> None:
    rest = column("수강료", "9만 원", "8만 원", "7만 원")
    more = Table(
        caption="", rows=[["과정", "수강료"], ["보안 과정", "5만 원"], ["통계 과정", "4만 원"]], continues=True
    )
    first, second = page(rest), page(more).model_copy(update={"page_number": 2})
    third, unread = second.model_copy(update={"page_number": 3}), second.model_copy(update={"status": "quarantined"})
    assert any("가장 싼" in question for question, _ in asked(first, second))
    assert not asked(first, unread, third)


def test_tables_of_other_names_are_not_one_table_over_two_pages() -> None:
    one, other = column("수강료", "9만 원", "8만 원", "7만 원"), column("수강료", "5만 원", "4만 원", "3만 원")
    second = page(other.model_copy(update={"caption": "작년 강좌"})).model_copy(update={"page_number": 2})
    assert "수강료가 가장 비싼" in " ".join(question for question, _ in asked(page(one), second))


def test_an_english_time_of_day_has_no_length_and_a_kind_is_one() -> None:
    rows = [
        ["Branches", "Opening time", "VAT rate"],
        ["Seoul", "9 am", "5%"],
        ["Busan", "8 am", "7%"],
        ["Daegu", "7 am", "9%"],
    ]
    guide = page(Table(caption="Offices", rows=rows)).model_copy(update={"text": "Acme Training Guide"})
    found = " ".join(one.instruction for one in computed(guide))
    assert "longest" not in found
    assert "which branch has the highest VAT rate?" in found


def test_a_count_that_only_begins_with_the_right_number_does_not_follow() -> None:
    *_, counted = computed(page(table(COURSES)))
    assert counted.computed is not None
    assert counted.evidence is not None
    assert follows(counted.computed, counted.evidence, "2개")
    assert not follows(counted.computed, counted.evidence, "20개")
