"""A user's own questions and answers, in the formats and files in which people have them."""

import csv
import json
from pathlib import Path
from typing import Any

import pandas
import pytest
from conftest import ROOT, shared
from datasets import Dataset, DatasetDict

from pagetune.build_qa.own_rows.files import all_sources
from pagetune.build_qa.own_rows.pairs import OwnRows, read_own_rows, refuse
from pagetune.errors import UserError
from pagetune.params import Columns, HubDataset, load_params
from pagetune.records import Pair

PARAMS = load_params(ROOT / "params.yaml")
COLUMNS: Columns = PARAMS.qa.columns
TALK = [
    {"role": "system", "content": "짧게 답하세요."},
    {"role": "user", "content": "도서관은 몇 시에 여나요?"},
    {"role": "assistant", "content": "아침 아홉 시에 엽니다."},
    {"role": "user", "content": "토요일에도요?"},
    {"role": "assistant", "content": "토요일에는 열 시에 엽니다."},
]
IN_PARTS = {"role": "assistant", "content": [{"type": "text", "text": TALK[2]["content"]}]}
SHAREGPT = [
    {"from": {"system": "system", "user": "human", "assistant": "gpt"}[turn["role"]], "value": turn["content"]}
    for turn in TALK
]


def read(folder: Path, train_on: Any = "all", dataset: HubDataset = PARAMS.qa.dataset, **columns: Any) -> OwnRows:
    return read_own_rows(all_sources(folder, dataset), COLUMNS.model_copy(update=columns), train_on)


def write(folder: Path, name: str, *rows: Any) -> Path:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def asked(own: OwnRows) -> list[tuple[str, str]]:
    return [(pair.instruction, pair.output) for pair in own.pairs]


def refusal(folder: Path, **columns: Any) -> str:
    with pytest.raises(UserError) as caught:
        read(folder, **columns)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_input_of_alpaca_is_asked_with_its_instruction(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": "다음 문장을 영어로 옮기세요.",
            "input": "문을 닫아 주세요.",
            "output": "Close the door.",
        },
        {"instruction": "한국의 수도는?", "input": "", "output": "서울"},
    ]
    Dataset.from_list(rows).to_json(tmp_path / "alpaca.json", lines=False, force_ascii=False)
    own = read(tmp_path)
    assert asked(own) == [
        ("다음 문장을 영어로 옮기세요.\n\n문을 닫아 주세요.", "Close the door."),
        ("한국의 수도는?", "서울"),
    ]
    assert own.lines == [f"{tmp_path}/alpaca.json: 2 rows of Alpaca (instruction, input, output)"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("question", "answer"),
        ("질문", "답변"),
        ("Q", "A"),
        ("query", "response"),
        ("prompt", "completion"),
    ],
)
def test_common_names_of_columns_need_no_settings(tmp_path: Path, question: str, answer: str) -> None:
    write(tmp_path, "own.jsonl", {"id": 7, question: "몇 시에 여나요?", answer: "아홉 시"})
    own = read(tmp_path)
    assert asked(own) == [("몇 시에 여나요?", "아홉 시")]
    assert f"({question}, {answer}), not used: id" in own.lines[0]


def test_columns_with_two_readings_are_named_and_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, "own.jsonl", {"question": "뭐?", "answer": "그것", "response": "저것"})
    assert "its columns (question, answer, response) are in none of the known formats, or in more" in refusal(tmp_path)
    assert asked(read(tmp_path, instruction="question", output="response")) == [("뭐?", "저것")]


def test_the_names_in_the_settings_come_first(tmp_path: Path) -> None:
    write(tmp_path, "own.jsonl", {"question": "잘못", "answer": "잘못", "물음": "뭐?", "풀이": "그것", "글": "긴 글"})
    own = read(tmp_path, instruction="물음", output="풀이", input="글")
    assert asked(own) == [("뭐?\n\n긴 글", "그것")]


def test_preference_data_is_not_taken_for_answers(tmp_path: Path) -> None:
    write(tmp_path, "dpo.jsonl", {"prompt": "뭐?", "chosen": "그것", "rejected": "저것"})
    assert "(prompt, chosen, rejected) are in none of the known formats" in refusal(tmp_path)
    assert asked(read(tmp_path, instruction="prompt", output="chosen")) == [("뭐?", "그것")]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"messages": TALK}, "OpenAI messages"),
        ({"conversations": SHAREGPT}, "ShareGPT"),
        ({"conversations": SHAREGPT[1:], "system": TALK[0]["content"]}, "ShareGPT"),
        ({"messages": [*TALK[:2], IN_PARTS, *TALK[3:]]}, "OpenAI messages"),
    ],
)
def test_every_answer_of_a_conversation_is_a_pair_after_what_was_said_before(
    tmp_path: Path, row: dict[str, Any], kind: str
) -> None:
    write(tmp_path, "talks.jsonl", row)
    first, second = (own := read(tmp_path)).pairs
    assert f"1 rows of {kind}" in own.lines[0]
    assert [turn.model_dump() for turn in first.turns] == TALK[:1]
    assert (first.instruction, first.output) == (TALK[1]["content"], TALK[2]["content"])
    assert [turn.model_dump() for turn in second.turns] == TALK[:3]
    assert (second.instruction, second.output) == (TALK[3]["content"], TALK[4]["content"])
    assert first.conversation == second.conversation
    assert first.conversation
    (last,) = read(tmp_path, "last").pairs
    assert last == second


def test_of_a_prompt_in_messages_only_the_completion_is_trained(tmp_path: Path) -> None:
    Dataset.from_list([{"prompt": TALK[:4], "completion": TALK[4:]}]).to_parquet(tmp_path / "trl.parquet")
    (pair,) = read(tmp_path).pairs
    assert (pair.instruction, pair.output, len(pair.turns)) == (TALK[3]["content"], TALK[4]["content"], 3)


def test_an_answer_of_weight_0_is_read_but_not_trained(tmp_path: Path) -> None:
    write(tmp_path, "talks.jsonl", {"messages": [*TALK[:2], TALK[2] | {"weight": 0}, *TALK[3:]]})
    (pair,) = read(tmp_path).pairs
    assert pair.output == TALK[4]["content"]


def test_a_json_file_may_hold_a_single_conversation(tmp_path: Path) -> None:
    (tmp_path / "talk.json").write_text(json.dumps({"messages": TALK}, indent=1), encoding="utf-8")
    assert len(read(tmp_path).pairs) == 2


def test_several_messages_in_a_row_are_one_turn(tmp_path: Path) -> None:
    write(tmp_path, "talks.jsonl", {"messages": [TALK[1], {"role": "user", "content": "급해요."}, TALK[2]]})
    assert asked(read(tmp_path)) == [("도서관은 몇 시에 여나요?\n\n급해요.", "아침 아홉 시에 엽니다.")]


def test_the_history_beside_alpacas_columns_comes_before_the_question(tmp_path: Path) -> None:
    write(
        tmp_path, "own.json", {"instruction": "그럼 토요일은?", "output": "열 시", "history": [["몇 시?", "아홉 시"]]}
    )
    (pair,) = read(tmp_path).pairs
    assert [(turn.role, turn.content) for turn in pair.turns] == [("user", "몇 시?"), ("assistant", "아홉 시")]


@pytest.mark.parametrize(
    ("row", "reason", "says"),
    [
        ({"messages": [TALK[2], TALK[1], TALK[2]]}, "wrong_turns", "the assistant speaks first"),
        ({"messages": [*TALK[1:3], TALK[0], *TALK[3:]]}, "wrong_turns", "a system message stands between the others"),
        ({"messages": [TALK[1], {"role": "tool", "content": "{}"}]}, "wrong_turns", "messages[1] is from 'tool'"),
        ({"messages": [TALK[1], {"role": "assistant", "content": None}]}, "missing_text", "messages[1] has no text"),
        (
            {"messages": [TALK[1], {"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]},
            "wrong_turns",
            "messages[1] calls a tool",
        ),
        ({"messages": TALK[:2]}, "missing_text", "no message of the assistant is an answer to train on"),
        ({"messages": []}, "missing_text", "'messages' should be a list of messages"),
        ({"messages": TALK, "images": ["1.jpg"]}, "not_text", "'images' holds something other than text"),
    ],
)
def test_a_conversation_that_cannot_be_trained_is_set_aside_with_its_reason(
    tmp_path: Path, row: dict[str, Any], reason: str, says: str
) -> None:
    own = read(write(tmp_path, "talks.jsonl", {"messages": TALK}, row))
    (rejected,) = own.rejected
    assert (rejected.reason, len(own.pairs)) == (reason, 2)
    assert f"talks.jsonl:2: {says}" in (rejected.detail or "")


def test_a_last_question_without_an_answer_is_set_aside_alone(tmp_path: Path) -> None:
    own = read(write(tmp_path, "talks.jsonl", {"messages": TALK[:4]}))
    assert [(row.reason, row.instruction) for row in own.rejected] == [("unanswered", "토요일에도요?")]
    assert asked(own) == [("도서관은 몇 시에 여나요?", "아침 아홉 시에 엽니다.")]


def squad() -> dict[str, Any]:
    questions = [
        {"id": "1", "question": "언제 지어졌나요?", "answers": [{"text": "1926년", "answer_start": 0}] * 2},
        {"id": "2", "question": "누가 지었나요?", "answers": [], "is_impossible": True},
    ]
    article = {"title": "청사", "paragraphs": [{"context": "1926년에 지어진 청사이다.", "qas": questions}]}
    return {"version": "KorQuAD_v1.0", "data": [article]}


def test_squad_asks_about_its_paragraph(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(json.dumps(squad(), ensure_ascii=False, indent=1), encoding="utf-8")
    own = read(tmp_path)
    assert asked(own) == [("언제 지어졌나요?\n\n1926년에 지어진 청사이다.", "1926년")]
    assert [(row.reason, row.detail) for row in own.rejected] == [
        ("unanswered", f"{tmp_path}/train.json:4 (question 2): 'is_impossible' says that the passage has no answer")
    ]


def test_squad_from_the_hub_keeps_further_answers_as_references(tmp_path: Path) -> None:
    row = {"context": "글", "question": "언제?", "answers": {"text": ["1926년", "26년"], "answer_start": [0, 2]}}
    Dataset.from_list([row]).to_parquet(tmp_path / "squad.parquet")
    (pair,) = read(tmp_path).pairs
    assert (pair.output, pair.references) == ("1926년", ["26년"])


ROWS = [{"질문": "몇 시,\n어디?", "답변": "9시; 1층"}, {"질문": '"문"은 어디?', "답변": "뒤\t쪽"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize(("sep", "suffix"), [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("\t", "csv"), ("|", "csv")])
def test_a_csv_of_pandas_is_read_in_any_usual_form(tmp_path: Path, encoding: str, sep: str, suffix: str) -> None:
    pandas.DataFrame(ROWS).to_csv(tmp_path / f"own.{suffix}", index=False, sep=sep, encoding=encoding)
    assert asked(read(tmp_path)) == [(row["질문"], row["답변"]) for row in ROWS]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised(tmp_path: Path, encoding: str) -> None:
    with (tmp_path / "own.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([("question", "answer"), ("몇 시?", "아홉 시")])
    assert asked(read(tmp_path)) == [("몇 시?", "아홉 시")]
    assert "UTF-16" in read(tmp_path).lines[0]


def test_a_real_csv_of_conversation_is_read_whole() -> None:
    folder = shared("data")
    rows = read_own_rows(
        (source for source in all_sources(folder, PARAMS.qa.dataset) if source.name == "chatbot_ko"), COLUMNS, "all"
    )
    assert (len(rows.pairs), len(rows.rejected)) == (11823, 0)
    assert asked(rows)[0] == ("12시 땡!", "하루가 또 가네요.")


def test_a_real_csv_about_something_else_is_named_with_its_columns(tmp_path: Path) -> None:
    data = shared("docs", "docling_csv-semicolon.csv").read_bytes()
    (tmp_path / "people.csv").write_bytes(data)
    assert "people.csv: its columns (Index, Customer Id, First Name" in refusal(tmp_path)
    assert asked(read(tmp_path, instruction="Company", output="City"))[0] == ("Rasmussen Group", "East Leonard")


def test_rows_with_more_cells_than_columns_are_set_aside(tmp_path: Path) -> None:
    data = shared("docs", "docling_csv-inconsistent-header.csv").read_bytes()
    (tmp_path / "own.csv").write_bytes(data)
    own = read(tmp_path)
    assert [row.detail for row in own.rejected] == [
        f"{tmp_path}/own.csv:{line} has 4 cells for 3 columns" for line in (2, 3, 4, 5)
    ]


def test_every_container_of_datasets_gives_the_same_pairs(tmp_path: Path) -> None:
    made = Dataset.from_list(ROWS)
    writers = {
        "rows.jsonl": lambda path: made.to_json(path),
        "rows.json": lambda path: made.to_json(path, lines=False),
        "rows.csv": lambda path: made.to_csv(path),
        "rows.parquet": lambda path: made.to_parquet(path),
        "rows": lambda path: made.save_to_disk(path),
        "splits": lambda path: DatasetDict({"train": made}).save_to_disk(path),
    }
    for name, save in writers.items():
        folder = tmp_path / f"of-{name}"
        folder.mkdir()
        save(str(folder / name))
        assert asked(own := read(folder)) == [(row["질문"], row["답변"]) for row in ROWS], name
        assert "2 rows of questions and answers (질문, 답변)" in own.lines[0]


def test_a_data_set_is_loaded_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder stands for a data set on the Hub, which `datasets` loads by the same call."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "qa").mkdir()
    write(tmp_path / "qa", "train.jsonl", ROWS[0])
    write(tmp_path / "qa", "test.jsonl", ROWS[1])
    named = HubDataset(id=str(tmp_path / "qa"), config=None, split="train", revision=None)
    own = read(tmp_path / "nothing", dataset=named)
    assert asked(own) == [(ROWS[0]["질문"], ROWS[0]["답변"])]
    assert "pin one in qa.dataset.revision" in own.lines[0]
    with pytest.raises(UserError, match=r"params\.yaml: qa\.dataset: .*split dev, cannot be loaded"):
        read(tmp_path / "nothing", dataset=named.model_copy(update={"split": "dev"}))


def test_json_may_be_a_list_an_object_with_one_or_lines(tmp_path: Path) -> None:
    row = {"question": "몇 시?", "answer": "아홉 시"}
    for text in (
        json.dumps([row, row | {"answer": ""}], indent=2),
        json.dumps({"version": 1, "tags": [], "data": [row, row | {"answer": ""}]}, indent=2),
        f"{json.dumps(row)}\n{json.dumps(row | {'answer': ''})}\n",
    ):
        (tmp_path / "own.json").write_text(text)
        own = read(tmp_path)
        assert asked(own) == [("몇 시?", "아홉 시")]
        line = next(number for number, line in enumerate(text.split("\n"), 1) if '"answer": ""' in line)
        begins = line if text.startswith('{"question') else line - 2
        assert own.rejected[0].detail == f"{tmp_path}/own.json:{begins}: 'answer' should be a text, got ''"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "own.json",
            '[{"question": "a",\n "answer": "b"},\n {"question"]',
            "own.json:3 is not valid JSON (Expect",
        ),
        ("own.json", "7", "own.json holds neither a list of rows nor an object with one"),
        ("own.json", '{"a": [{"b": 1}], "c": [{"d": 1}]}', "it has the lists a, c. Keep one list in each file"),
        ("own.csv", 'Q,A\n뭐?,예\n"뭐?,예\n\n', "own.csv:3 opens a quotation mark that is never closed"),
        ("own.csv", "Q,A,Q\n뭐?,예,더\n", "own.csv:1 names column 'Q' twice"),
        ("own.jsonl", b'{"Q": "\xff\xff", "A": "b"}', "own.jsonl is not UTF-8, UTF-16 or CP949 (byte 7)"),
        ("own.parquet", "PAR2", "own.parquet is not Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_one_line(tmp_path: Path, name: str, text: Any, says: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert says in refusal(tmp_path)


BAD = '{oops\n[1, 2]\n{"instruction": "a", "output": ""}\n{"instruction": "a", "output": "b", "references": 5}\n'
BAD += '{"instruction": "\\u0000", "output": "b"}\n{"instruction": "\\ud800", "output": "b"}\n'


def test_all_bad_rows_are_set_aside_at_once_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(f'{BAD}\n{{"instruction": "뭐?", "output": 9}}\n', encoding="utf-8")
    own = read(tmp_path)
    assert asked(own) == [("뭐?", "9")]
    assert [(row.reason, (row.detail or "").removeprefix(f"{tmp_path}/own.jsonl:")[:30]) for row in own.rejected] == [
        ("unreadable_row", "1 is not valid JSON (Expecting"),
        ("unreadable_row", "2 should be an object such as "),
        ("missing_text", "3: 'output' should be a text, "),
        ("not_text", "4: 'references' should be a li"),
        ("not_text", "5: 'instruction' should be a t"),
        ("not_text", "6: 'instruction' should be a t"),
    ]
    assert "7 rows of Alpaca (instruction, output, references), 1 pairs, 6 set aside; the first, " in own.lines[0]


def test_the_refusal_lists_the_first_20_bad_rows_and_counts_the_others(tmp_path: Path) -> None:
    own = read(write(tmp_path, "own.jsonl", *[{"Q": "뭐?", "A": None}] * 25))
    with pytest.raises(UserError) as caught:
        refuse(own.rejected)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("25 own rows cannot be used. Fix them, or set qa.on_bad_row: skip")
    assert (len(lines), lines[20].strip(), lines[21].strip()) == (
        22,
        f"{tmp_path}/own.jsonl:20: 'A' should be a text, got None",
        "and 5 more",
    )


def test_a_csv_row_is_named_by_the_line_that_it_begins_on(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text('Q,A\n"두\n줄?",예\n,,\n뭐?,\n"뭐" 예,더\n', encoding="utf-8")
    own = read(tmp_path)
    assert asked(own) == [("두\n줄?", "예")]
    assert [row.detail for row in own.rejected] == [
        f"{tmp_path}/own.csv:5: 'A' should be a text, got ''",
        f"{tmp_path}/own.csv:6 is not valid CSV (',' expected after '\"')",
    ]


def test_a_csv_from_a_spreadsheet_gives_pairs_by_group(tmp_path: Path) -> None:
    rows = '물음,대답,책,또\n"몇 시,\n어디?","9시, 1층",갑,"[""아홉 시""]"\n,,,\n몇 명?,30,을,\n'
    (tmp_path / "own.csv").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    own = read(tmp_path, instruction="물음", output="대답", group="책", references="또")
    assert [(row.instruction, row.output, row.doc_id, row.references) for row in own.pairs] == [
        ("몇 시,\n어디?", "9시, 1층", "갑", ["아홉 시"]),
        ("몇 명?", "30", "을", []),
    ]
    assert "own.csv has no column '권' (qa.columns.group)" in refusal(tmp_path, group="권")


def test_own_rows_become_pairs_without_a_page(tmp_path: Path) -> None:
    write(tmp_path, "own.jsonl", {"instruction": "뭐?", "output": "그거.", "references": ["그것."]})
    (pair,) = read(tmp_path).pairs
    assert (pair.kind, pair.doc_id, pair.page_number, pair.evidence) == ("user", "own", None, None)
    assert (pair.references, pair.turns, pair.conversation) == (["그것."], [], None)


def test_files_are_read_in_the_order_of_their_names_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("나.jsonl", "가.csv", "._가.csv"):
        (tmp_path / name).write_text(f"Q,A\n{name},예\n" if "csv" in name else json.dumps({"Q": name, "A": "예"}))
    assert [pair.instruction for pair in read(tmp_path).pairs] == ["가.csv", "나.jsonl"]


def test_ids_depend_on_what_was_said_before(tmp_path: Path) -> None:
    other = [TALK[1], TALK[2] | {"content": "여덟 시에 엽니다."}, *TALK[3:]]
    pairs: list[Pair] = read(write(tmp_path, "talks.jsonl", {"messages": TALK}, {"messages": other})).pairs
    assert len({pair.pair_id for pair in pairs}) == 4
    assert len({pair.conversation for pair in pairs}) == 2


def test_several_lists_and_objects_in_a_file_are_all_read(tmp_path: Path) -> None:
    one, other = ({"question": f"{n}호?", "answer": f"{n}층"} for n in (1, 2))
    both = f"{json.dumps([one], indent=1)}\n{json.dumps([other], indent=1)}"
    (tmp_path / "lists.json").write_text(both, encoding="utf-8")
    (tmp_path / "objects.json").write_text(both.replace("[", "").replace("]", ""), encoding="utf-8")
    assert asked(read(tmp_path)) == [("1호?", "1층"), ("2호?", "2층")] * 2


@pytest.mark.parametrize("article", [{"title": "청사"}, {}], ids=["article", "paragraph"])
def test_squad_is_read_without_its_frame_too(tmp_path: Path, article: dict[str, str]) -> None:
    paragraph = {"context": "1926년에 지었다.", "qas": [{"question": "언제?", "answers": [{"text": "1926년"}]}]}
    row = article | {"paragraphs": [paragraph]} if article else paragraph
    (tmp_path / "a.json").write_text(json.dumps(row, ensure_ascii=False, indent=1), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert asked(read(tmp_path)) == [("언제?\n\n1926년에 지었다.", "1926년")] * 2


def test_paragraphs_of_another_kind_are_set_aside(tmp_path: Path) -> None:
    article = {"paragraphs": ["글", {"context": "글", "qas": None}, {"context": "글", "qas": ["질문"]}]}
    good = {"context": "글", "question": "뭐?", "answers": [{"text": "글", "answer_start": 0}]}
    own = read(write(tmp_path, "own.jsonl", good, article))
    assert asked(own) == [("뭐?\n\n글", "글")]
    assert [row.reason for row in own.rejected] == ["unreadable_row"] * 3


def test_an_answer_that_only_looks_right_is_not_trained_on(tmp_path: Path) -> None:
    row = {"context": "글", "question": "뭐?", "answers": {"text": ["글"]}, "is_impossible": True}
    assert [row.reason for row in read(write(tmp_path, "own.jsonl", row)).rejected] == ["unanswered"]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "뭐?", "completion": "몰라", "label": False},
        {"question": "뭐?", "A": "하나", "B": "둘", "C": "셋", "D": "넷", "label": 2},
        {"user": "kim", "answer": "네"},
    ],
    ids=["kto", "choices", "a name"],
)
def test_what_only_looks_like_a_question_and_its_answer_is_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="none of the known formats"):
        read(write(tmp_path, "own.jsonl", row))


def test_an_answer_is_one_text_in_an_object_too(tmp_path: Path) -> None:
    row = {"context": "글", "question": "왜?", "answers": {"text": "비가 와서", "answer_start": 3}}
    assert asked(read(write(tmp_path, "own.jsonl", row))) == [("왜?\n\n글", "비가 와서")]


def test_of_two_tries_of_an_answer_the_one_without_weight_is_left_out(tmp_path: Path) -> None:
    said = [("system", ""), ("user", "몇 시?"), ("assistant", "열 시"), ("assistant", "아홉 시")]
    messages: list[dict[str, Any]] = [{"role": role, "content": text} for role, text in said]
    messages[2]["weight"] = 0
    (pair,) = read(write(tmp_path, "own.jsonl", {"messages": messages})).pairs
    assert (pair.turns, pair.instruction, pair.output) == ([], "몇 시?", "아홉 시")


def test_western_marks_are_not_taken_for_korean(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes("question,answer\nWho’s there?,It’s me\n".encode("cp1252"))
    with pytest.raises(UserError, match=r"own.csv is not UTF-8, UTF-16 or CP949 \(byte 19\)"):
        read(tmp_path)
