"""Dialogues: read from CSV and JSON Lines, and split so that no topic is in two splits."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from pagetune.build_qa.dialogue_rows import read_dialogues
from pagetune.curate.dialogue_splits import dialogue_texts, split_dialogues
from pagetune.errors import UserError
from pagetune.ledger import Ledger
from pagetune.params import load_params
from pagetune.records import Pair

PARAMS = load_params(ROOT / "params.yaml")
COLUMNS = PARAMS.summarization.columns
SHIPPED = ROOT / "data" / "dialogues"


def write_csv(folder: Path, *rows: tuple[str, ...]) -> None:
    with (folder / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("topic", "dialogue", "summary1", "summary2", "summary3"), *rows])


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_dialogues(folder, COLUMNS)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_row_is_a_dialogue_its_first_summary_the_output_and_the_others_references(tmp_path: Path) -> None:
    write_csv(tmp_path, ("식당", "#Person1#: 자리 있나요?\r\n\n #Person2#: 네. ", "자리를 물었다.", "자리가 있다.", ""))
    (pair,) = read_dialogues(tmp_path, COLUMNS)
    assert pair.instruction == "#Person1#: 자리 있나요?\n#Person2#: 네."
    assert (pair.output, pair.references) == ("자리를 물었다.", ["자리가 있다."])
    assert (pair.doc_id, pair.kind) == ("식당", "dialogue")


def test_json_lines_may_hold_the_summaries_as_a_list(tmp_path: Path) -> None:
    row = {"topic": "식당", "dialogue": "가: 자리?\n나: 네.", "summary1": ["하나.", "둘.", "하나."]}
    (tmp_path / "mine.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    (pair,) = read_dialogues(tmp_path, COLUMNS)
    assert (pair.output, pair.references) == ("하나.", ["둘."])


def test_rows_of_the_same_dialogue_are_one_with_all_their_summaries(tmp_path: Path) -> None:
    dialogue = "가: 자리?\n나: 네."
    write_csv(tmp_path, ("식당", dialogue, "하나.", "", ""), ("식당", dialogue, "둘.", "하나.", ""))
    (pair,) = read_dialogues(tmp_path, COLUMNS)
    assert (pair.output, pair.references) == ("하나.", ["둘."])


def test_without_a_topic_each_dialogue_is_a_document_of_its_own(tmp_path: Path) -> None:
    write_csv(tmp_path, ("식당", "가: 하나\n나: 둘", "하나.", "", ""), ("식당", "가: 셋\n나: 넷", "둘.", "", ""))
    pairs = read_dialogues(tmp_path, COLUMNS.model_copy(update={"topic": None}))
    assert [pair.doc_id for pair in pairs] == [pair.pair_id for pair in pairs]
    assert pairs[0].doc_id != pairs[1].doc_id


def test_an_empty_cell_is_named_by_file_line_and_column(tmp_path: Path) -> None:
    write_csv(tmp_path, ("식당", "가: 하나\n나: 둘", "하나.", "", ""), ("식당", "가: 셋", "", "", ""))
    assert "mine.csv:4: 'summary1' should be a text, got ''" in refusal(tmp_path)


def test_a_missing_column_is_named_with_its_parameter(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("dialogue,summary\n가,나\n", encoding="utf-8")
    assert "no column 'summary1' (summarization.columns.summaries)" in refusal(tmp_path)


def test_a_list_without_a_summary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"topic": "ㄱ", "dialogue": "ㄴ", "summary1": []}', encoding="utf-8")
    assert "mine.jsonl:1: 'summary1' should be a text or a list of texts, got an empty list" in refusal(tmp_path)


def test_a_folder_that_is_not_there_holds_no_dialogue(tmp_path: Path) -> None:
    assert read_dialogues(tmp_path / "none", COLUMNS) == []


def test_the_dialogues_that_ship_are_what_they_are_said_to_be() -> None:
    pairs = read_dialogues(SHIPPED, COLUMNS)
    assert len(pairs) >= 120
    for pair in pairs:
        turns = pair.instruction.split("\n")
        assert 4 <= len(turns) <= 12, pair.instruction
        assert all(re.fullmatch(r"#Person[1-3]#: .+", turn) for turn in turns), pair.instruction
        assert 2 <= len({pair.output, *pair.references}) <= 3
    assert set(Counter(pair.doc_id for pair in pairs).values()) == {3}


def test_those_that_ship_all_pass_the_curation_of_the_preset() -> None:
    from pagetune.curate.filters import filter_pairs
    from pagetune.curate.personal_data import without_personal_data

    curate = PARAMS.curate.model_copy(update={"max_question_characters": 4000, "max_answer_characters": 400})
    harmless, lost, _ = without_personal_data(read_dialogues(SHIPPED, COLUMNS), "drop")
    _, rejected = filter_pairs(harmless, curate, 200)
    assert [row.detail for row in lost] + [row.reason for row in rejected] == []


def test_a_summary_that_is_too_long_takes_its_dialogue_with_it_whichever_it_is() -> None:
    from pagetune.curate.filters import filter_pairs

    pair = Pair.original(
        "p", "가: 하나\n나: 둘", "하나다.", "dialogue", "주제", references=["둘이다.", "가나다 " * 200]
    )
    kept, rejected = filter_pairs([pair], PARAMS.curate, 200)
    assert (kept, [row.reason for row in rejected]) == ([], ["too_long"])
    said = pair.model_copy(update={"references": ["언제 오는지는 알 수 없다."]})
    assert filter_pairs([said], PARAMS.curate, 200) == ([said], [])


def dialogue(number: int, topic: str) -> Pair:
    said = " ".join(str(number * 7919 + step) for step in range(12))
    return Pair.original(
        f"p{number}", f"가: {said}\n나: 네", f"{said[:9]} 요약.", "dialogue", topic, references=["둘."]
    )


@given(st.lists(st.integers(0, 9), min_size=6, max_size=40), st.integers(0, 2**32 - 1))
def test_a_topic_stands_on_one_side_and_every_trained_summary_in_a_row(topics: list[int], seed: int) -> None:
    pairs = [dialogue(number, f"주제 {topic}") for number, topic in enumerate(topics)]
    curate = PARAMS.curate.model_copy(update={"heldout_fraction": 0.3, "validation_fraction": 0.2})
    ledger = Ledger()
    try:
        splits = split_dialogues(pairs, curate, seed, ledger)
    except UserError:
        return  # nothing heldout, or nothing left
    rows = splits.rows
    sides = [{row.doc_id for row in rows[name]} for name in ("train", "validation", "heldout")]
    assert sum(map(len, sides)) == len(set.union(*sides))
    trained = {row.instruction for row in rows["train"]}
    assert {row.instruction for row in rows["recall"]} <= trained
    assert len(rows["train"]) == 2 * len(trained)
    assert all(not row.references for row in rows["train"])
    assert all(row.references for name in ("recall", "validation", "heldout") for row in rows[name])
    placed = len(trained) + len(rows["validation"]) + len(rows["heldout"])
    assert placed + len(ledger.rejected) == len(pairs)


def test_a_dialogue_that_stands_on_two_topics_is_on_neither_side() -> None:
    pairs = [dialogue(number, f"주제 {number // 3}") for number in range(12)]
    copy = pairs[0].model_copy(
        update={"pair_id": "copy", "doc_id": pairs[11].doc_id, "instruction": pairs[0].instruction}
    )
    curate = PARAMS.curate.model_copy(update={"heldout_documents": [pairs[0].doc_id]})
    splits = split_dialogues([*pairs, copy], curate, 42, Ledger())
    others = [row for name in ("train", "validation") for row in splits.rows[name]]
    assert pairs[0].instruction not in {row.instruction for row in others}


def test_some_topic_is_for_validation_unless_nobody_wants_any() -> None:
    pairs = [dialogue(number, f"주제 {number // 3}") for number in range(12)]
    curate = PARAMS.curate.model_copy(update={"heldout_documents": [pairs[0].doc_id], "validation_fraction": 0.01})
    for fraction, count in ((0.01, 3), (0.0, 0)):
        own = curate.model_copy(update={"validation_fraction": fraction})
        assert len(split_dialogues(pairs, own, 42, Ledger()).rows["validation"]) == count


def test_the_built_in_models_read_the_trained_dialogues_once_and_no_summary() -> None:
    pairs = [dialogue(number, f"주제 {number // 3}") for number in range(12)]
    curate = PARAMS.curate.model_copy(update={"heldout_documents": [pairs[0].doc_id]})
    splits = split_dialogues(pairs, curate, 42, Ledger())
    texts = dialogue_texts(splits.rows["train"])
    assert len(texts) == len(set(texts))
    assert set(texts) == {row.instruction for row in splits.rows["train"]}
