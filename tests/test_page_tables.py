"""The scores of benchmarks/pages.py: what counts as a cell that was read, and which tables are compared."""

from collections import Counter
from pathlib import Path

import pypdfium2 as pdfium
from conftest import ROOT

from benchmarks.table_scores import (
    Rows,
    Truth,
    match_tables,
    normalise,
    read_truths,
    same_text,
    score_cells,
    tree_similarity,
)
from benchmarks.table_texts import LEFT, UP, fill
from benchmarks.typeset_tables import KINDS, write_tables

ROWS = [
    ["구분", "토요일", "일요일", "평일"],
    ["3월", "17:00", "14:00", "18:30"],
    ["4월", "17:00", "14:00", "18:30"],
    ["6월", "18:00", "18:00", "18:30"],
]
FILLED = {(2, 1), (2, 2), (2, 3), (3, 3), (3, 2)}


def truth(rows: Rows = ROWS, filled: set[tuple[int, int]] = FILLED) -> Truth:
    return Truth("표.pdf", 1, rows, "merged", 1, filled=frozenset(filled))


def with_blanks() -> Rows:
    return [
        ["" if (row, column) in FILLED else text for column, text in enumerate(cells)] for row, cells in enumerate(ROWS)
    ]


def test_a_table_read_as_it_is_gets_one() -> None:
    assert score_cells(truth(), ROWS).f1 == 1
    assert tree_similarity(truth(), ROWS) == 1


def test_blanks_in_the_cells_that_a_merged_cell_covers_get_one() -> None:
    assert score_cells(truth(), with_blanks()).f1 == 1
    assert tree_similarity(truth(), with_blanks()) == 1


def test_repeats_count_for_nothing_where_a_whole_column_is_covered() -> None:
    wide = truth([["계", "계", "3"], ["남", "남", "1"]], {(0, 1), (1, 1)})
    assert score_cells(wide, wide.rows).f1 == 1
    assert score_cells(wide, [["계", "3"], ["남", "1"]]).f1 == 1


def test_two_columns_that_changed_places_lower_the_score() -> None:
    swapped = [[cells[0], cells[2], cells[1], cells[3]] for cells in ROWS]
    assert score_cells(truth(), swapped).f1 < 0.8
    assert tree_similarity(truth(), swapped) < 0.95


def test_text_in_the_wrong_row_lowers_the_score() -> None:
    moved = with_blanks()
    moved[1][3], moved[2][3] = "", "18:30"
    assert score_cells(truth(), moved).f1 < 1


def test_a_row_that_fell_into_another_lowers_the_score() -> None:
    joined = [ROWS[0], [f"{one} {other}" for one, other in zip(ROWS[1], ROWS[2], strict=True)], ROWS[3]]
    assert score_cells(truth(), joined).f1 < 0.8


def test_a_row_too_many_lowers_precision_alone() -> None:
    score = score_cells(truth(), [["머리말", "", "", ""], *ROWS])
    assert (score.found, score.true, score.read) == (11, 11, 12)


def test_cells_drawn_as_curves_do_not_count() -> None:
    drawn = Truth("표.pdf", 1, [["주식", "99.59"]], "drawn", 1, outlines=frozenset({(0, 0)}))
    assert score_cells(drawn, [["", "99.59"]]).f1 == 1
    assert score_cells(drawn, drawn.rows).f1 == 1


def test_a_wrong_digit_makes_another_text() -> None:
    assert same_text("제1조 (목적)", "제1조(목적)")
    assert same_text("• 정보통신서비스 제공자의 의무", "- 정보통신서비스 제공자의 의무")
    assert not same_text("총 사업비의 0.5% 이하로 한다", "총 사업비의 0.3% 이하로 한다")
    assert not same_text("채권", "주식")


def test_a_table_over_two_pages_may_be_read_in_two_parts_or_as_one() -> None:
    long = Truth("표.pdf", 1, ROWS, "continued", 2)
    parts = {("표.pdf", 1): [ROWS[:2]], ("표.pdf", 2): [[ROWS[0], *ROWS[2:]]]}
    for found in (parts, {("표.pdf", 1): [ROWS]}):
        [(_, rows)], extra = match_tables([long], found)
        assert rows == ROWS
        assert extra == 0


def test_a_read_table_belongs_to_one_true_table_and_the_others_are_left_over() -> None:
    other = truth([["이름", "값"], ["가", "1"]], set())
    pairs, extra = match_tables([truth(), other], {("표.pdf", 1): [ROWS, [["엉뚱한", "표"]]]})
    assert [rows for _, rows in pairs] == [ROWS, None]
    assert extra == 1


def test_every_short_cell_of_a_typeset_table_is_on_its_pages(tmp_path: Path) -> None:
    prose = ["이 편람은 새솔의 업무를 처리하는 방법을 정하며, 모든 부서가 따른다."] * 8
    truths = list(write_tables(tmp_path, prose))
    assert Counter(known.kind for known in truths).keys() == KINDS.keys()
    assert len(truths) >= 200
    for path in sorted(tmp_path.glob("*.pdf")):
        with pdfium.PdfDocument(path) as pdf:
            texts = [normalise(page.get_textpage().get_text_range()) for page in pdf]
        for known in (known for known in truths if known.file == path.name):
            text = "".join(texts[known.page - 1 : known.last_page])
            assert all(normalise(cell) in text for cells in known.rows for cell in cells if len(cell) < 6)


def test_covered_cells_have_the_text_of_the_cell_that_covers_them() -> None:
    rows, covered = fill([["가", LEFT, "나"], [UP, LEFT, "다"]])
    assert rows == [["가", "가", "나"], ["가", "가", "다"]]
    assert covered == {(0, 1), (1, 0), (1, 1)}


def test_the_transcribed_tables_are_whole_grids_with_the_text_of_merged_cells_in_each() -> None:
    truths = read_truths(ROOT / "tests/data/page_tables.jsonl")
    assert len(truths) >= 30
    for known in truths:
        assert len({len(cells) for cells in known.rows}) == 1
        assert score_cells(known, known.rows).f1 == (1 if known.counted else 0)
        for row, column in known.filled:
            beside = [known.rows[row][column - 1]] if column else []
            above = [known.rows[row - 1][column]] if row else []
            assert known.rows[row][column] in beside + above
