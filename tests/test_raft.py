"""Training rows that are asked with passages: `curate.open_book_fraction`."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from pagetune.curate.abstain.words import words_of
from pagetune.errors import UserError
from pagetune.jsonl import write_json, write_records
from pagetune.model.prompts import encode_example, to_example
from pagetune.model.template import TemplateRecord, read_template
from pagetune.params import Params, load_params
from pagetune.records import AskedExample, Example, Found, Page, Pair, Place
from pagetune.search.passages import passages
from pagetune.search.ranking import Search
from pagetune.train.asked import put_in_place
from pagetune.train.raft import adds_nothing, choose
from stages import open_book as stage

#: No token of the tiny model spans its end.
TEMPLATE = "Q: {instruction}\nA:\n"
SITES = ["서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "수원", "창원", "포항", "여수", "춘천", "강릉"]
#: By the end of their pair_id.
WORDINGS = {"": "", "-a": "혹시 ", "-b": "실례지만 "}
REFUSALS = {*words_of("ko").refusals, *words_of("en").refusals}


def sentence(number: int) -> str:
    return f"{SITES[number]} 지점의 전화번호는 02-555-01{number + 10}입니다."


PAGES = [
    Page(doc_id=f"안내{number // 4}", source_sha256="", page_number=number % 4 + 1, text=sentence(number), tables=[],
         quality={}, status="ok", reason=None)
    for number in range(len(SITES))
]  # fmt: skip
HELDOUT = [
    PAGES[0].model_copy(update={"doc_id": "비밀", "text": "제주 지점의 전화번호는 02-555-0199입니다."}),
    PAGES[0].model_copy(update={"page_number": 9, "text": "속초 지점의 전화번호는 02-555-0198입니다."}),
]


def pair(number: int, wording: str = "", **changes: Any) -> Pair:
    question, page = f"{WORDINGS.get(wording, '')}{SITES[number]} 지점의 전화번호는 몇 번인가요?", PAGES[number]
    own = {
        "page_number": page.page_number,
        "evidence": page.text,
        "place": Place(table=None, row=None, start=0, end=len(page.text)),
    }
    made = Pair.original(f"fact{number}{wording}", question, f"02-555-01{number + 10}", "key_value", page.doc_id)
    return made.model_copy(update=own | changes)


PAIRS = [pair(number, wording) for number in range(len(SITES)) for wording in WORDINGS]
OWN_ROW = pair(0, "-own", kind="user", page_number=None, evidence=None, place=None)
SILENT = pair(0, "-silent", kind="abstain", instruction="제주 지점의 팩스번호는 몇 번인가요?", page_number=None,
              output="문서에 나와 있지 않습니다.", evidence=None, place=None)  # fmt: skip


def settings(fraction: float = 1.0, **changes: Any) -> Params:
    values = load_params(ROOT / "params.yaml").model_dump()
    values["curate"]["open_book_fraction"] = fraction
    values["predict"] |= {"passages": 3, "max_new_tokens": 16}
    values["train"]["max_length"] = 2000
    for key, value in changes.items():
        section, _, name = key.partition("__")
        values |= {section: values[section] | {name: value}} if name else {section: value}
    return Params.model_validate(values)


def write_project(folder: Path, base: Path, pairs: list[Pair]) -> None:
    (folder / "models").mkdir()
    (folder / "models/base").symlink_to(base)
    write_records(folder / "data/pages.jsonl", [*PAGES, *HELDOUT])
    units = [{"doc_id": "비밀", "part": None, "why": "hash"}, {"doc_id": "안내0", "part": "9", "why": "hash"}]
    write_json(folder / "data/splits/documents.json", {"heldout": units})
    write_json(folder / "data/search/index.json", {"documents": 5, "passages": 18, "embedding": None})
    write_pairs(folder, pairs)


def write_pairs(folder: Path, pairs: list[Pair]) -> None:
    from pagetune.model.manifest import read_manifest

    template = TemplateRecord.for_base(TEMPLATE, read_manifest(folder / "models/base"))
    write_json(folder / "data/prompts/template.json", template.model_dump())
    write_records(folder / "data/splits/train.jsonl", pairs)
    rows = [to_example(one, template.template, template.eos_token, True, template.lead) for one in pairs]
    write_records(folder / "data/prompts/train.jsonl", rows)


@pytest.fixture
def project(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path, tiny_base, [*PAIRS, OWN_ROW, SILENT])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_by(row: Example) -> str:
    return row.completion.removesuffix("</s>").strip()


def split_by_evidence(rows: list[Example]) -> tuple[list[Example], list[Example]]:
    by_id = {one.pair_id: one for one in PAIRS}
    made = [row for row in rows if row.pair_id in by_id]
    return [row for row in made if row.kind != "abstain"], [row for row in made if row.kind == "abstain"]


def test_the_evidence_stands_among_other_passages_and_not_always_first(project: Path) -> None:
    answered, _ = split_by_evidence(stage.trained_rows(settings()))
    assert len(answered) > 25
    by_id = {one.pair_id: one for one in PAIRS}
    for row in answered:
        assert row.prompt.count("의 전화번호는 02-555-01") == 3
        assert by_id[row.pair_id].evidence in row.prompt
        assert said_by(row) == by_id[row.pair_id].output
    firsts = {next(place for place in (1, 2, 3) if f"[{place}] {one}" in row.prompt)
              for row in answered if (one := by_id[row.pair_id].evidence or "")}  # fmt: skip
    assert firsts == {1, 2, 3}


def test_without_its_evidence_a_row_has_no_passage_that_answers_it_and_abstains(project: Path) -> None:
    answered, silent = split_by_evidence(stage.trained_rows(settings()))
    assert 0.05 < len(silent) / len(answered + silent) < 0.4
    by_id = {one.pair_id: one for one in PAIRS}
    for row in silent:
        assert by_id[row.pair_id].output not in row.prompt
        assert row.prompt.count("의 전화번호는 02-555-01") == 3
        assert said_by(row) in REFUSALS
        assert row.completion.count("</s>") == 1


def test_nothing_of_a_heldout_document_or_page_is_shown(project: Path) -> None:
    rows = stage.trained_rows(settings(predict__passages=5, search__passages=5))
    text = "\n".join(row.prompt for row in rows)
    assert len(rows) > 30
    assert "제주 지점의 전화번호" not in text
    assert "속초" not in text


def test_training_and_evaluation_ask_in_the_same_text(project: Path) -> None:
    """With one passage the order is the same as well."""
    params = settings(predict__passages=1)
    answered, _ = split_by_evidence(stage.trained_rows(params))
    row = answered[0]
    asked = next(one for one in PAIRS if one.pair_id == row.pair_id)
    found = next(iter(Search(passages(PAGES)).find([asked.instruction], 1)))
    record = Found(pair_id=asked.pair_id, passages=found)
    for name in stage.NAMES:
        write_records(project / f"data/splits/{name}.jsonl", [asked] if name == "recall" else [])
        write_records(project / f"data/search/{name}.jsonl", [record] if name == "recall" else [])
    closed = AskedExample(**row.model_dump() | {"prompt": "Q: ?\nA:\n"}, split="recall")
    (evaluated,) = stage.open_rows([closed], params)
    assert found[0].text in row.prompt
    assert evaluated.open_prompt == row.prompt


def test_a_row_that_abstains_anyway_keeps_its_answer_and_your_own_rows_stay_as_they_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {row.pair_id: row for row in stage.trained_rows(settings())}
    assert said_by(rows[SILENT.pair_id]) == SILENT.output
    assert rows[SILENT.pair_id].prompt.count("의 전화번호는 02-555-01") == 3
    assert OWN_ROW.pair_id not in rows
    said = capsys.readouterr().out
    assert f"draws {len(PAIRS) + 2} training rows" in said
    assert "1 that abstain anyway" in said
    assert "stay without passages: 1, because their answers stand on no page" in said


def test_the_share_is_drawn_by_pair_so_that_other_rows_change_nothing(project: Path) -> None:
    half = stage.trained_rows(settings(0.5))
    assert 12 < len(half) < 32
    write_pairs(project, PAIRS[::2])
    fewer = stage.trained_rows(settings(0.5))
    assert fewer == [row for row in half if row.pair_id in {one.pair_id for one in PAIRS[::2]}]


def test_other_passages_make_room_for_the_evidence_and_the_length_that_holds_all_is_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, (_, tokenizer, _) = stage.trained_rows(settings()), book_of()
    lengths = [len(encode_example(row, tokenizer)["input_ids"]) for row in whole]
    capsys.readouterr()
    short = stage.trained_rows(settings(train__max_length=max(lengths) - 40))
    said = capsys.readouterr().out
    assert f"{max(lengths)} would hold all" in said
    assert max(len(encode_example(row, tokenizer)["input_ids"]) for row in short) <= max(lengths) - 40
    by_id = {one.pair_id: one for one in PAIRS}
    answered, _ = split_by_evidence(short)
    assert all((by_id[row.pair_id].evidence or "") in row.prompt for row in answered)
    assert stage.trained_rows(settings(train__max_length=max(lengths))) == whole
    assert "would hold all" not in capsys.readouterr().out


def book_of() -> tuple[Any, Any, TemplateRecord]:
    book, template, tokenizer = stage.read_book(settings())
    return book, tokenizer, template


def test_a_row_without_room_for_a_passage_stays_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stage.trained_rows(settings(train__max_length=30)) == []
    assert "because train.max_length is too small for a passage" in capsys.readouterr().out
    assert stage.trained_rows(settings(predict__max_new_tokens=2040)) == []
    assert "because the model has too few positions" in capsys.readouterr().out


def test_too_few_passages_that_are_silent_leave_a_row_as_it_is() -> None:
    """Not one of the passages is of another page than the evidence."""
    found = next(iter(Search(passages(PAGES[:1])).find([PAIRS[0].instruction], 9)))
    assert "silent about the answer" in str(choose(PAIRS[0], found, 3, without=True))
    assert choose(PAIRS[0], found, 3, without=False) == (found, [])


def test_a_passage_elsewhere_that_states_the_answer_in_another_form_is_not_silent() -> None:
    again = [*PAGES[:1], HELDOUT[0].model_copy(update={"text": "문의는 서울 지점(전화 02) 555-0110)으로 하십시오."})]
    found = next(iter(Search(passages(again)).find([PAIRS[0].instruction], 9)))
    assert len(found) == 2
    assert "silent about the answer" in str(choose(PAIRS[0], found, 1, without=True))


@pytest.mark.parametrize(
    ("question", "answer", "nothing"),
    [
        ("현장 접수도 가능한가요?", "네, 가능합니다.", True),
        ("Can I pay by card?", "Yes.", True),
        ("현장 접수는 언제까지인가요?", "오후 5시까지입니다.", False),
        ("담당자는 누구인가요?", "남궁해솔", False),
    ],
)
def test_a_yes_is_never_refused(question: str, answer: str, nothing: bool) -> None:
    one = pair(0, instruction=question, output=answer)
    assert adds_nothing(one) is nothing


def test_what_is_not_found_is_said() -> None:
    found = next(iter(Search(passages(PAGES[1:])).find([PAIRS[0].instruction], 9)))
    assert "has all of the evidence" in str(choose(PAIRS[0], found, 3, without=False))


def test_rows_with_passages_take_the_places_of_the_same_rows(project: Path) -> None:
    template = read_template()
    rows = [to_example(one, template.template, template.eos_token, True) for one in PAIRS]
    made = stage.trained_rows(settings(0.5))
    together = put_in_place(rows, made)
    assert [row.pair_id for row in together] == [row.pair_id for row in rows]
    assert sum(row not in rows for row in together) == len(
        [row for row in made if row.pair_id in {r.pair_id for r in rows}]
    )
    assert put_in_place(rows, []) == rows
    with pytest.raises(UserError, match=r"pair \S+ is not in data/prompts/train\.jsonl.*Run `dvc repro open_book`\."):
        put_in_place(rows[1:], [rows[0]])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"task": "summarization"},
            "curate.open_book_fraction: 1, but task: summarization asks no questions. Set curate",
        ),
        ({"predict__passages": 9}, "Set search.passages: 9, or predict.passages: 5."),
    ],
)
def test_what_has_no_passages_to_train_with_is_named(project: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said.replace(".", r"\.")):
        stage.trained_rows(settings(**changes))


def test_pages_that_are_all_held_out_are_named(project: Path) -> None:
    write_records(project / "data/pages.jsonl", HELDOUT)
    with pytest.raises(UserError, match=r"all readable pages are held out\. Set curate\.open_book_fraction: 0"):
        stage.trained_rows(settings())


def test_0_reads_nothing_and_writes_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "load_params", lambda: settings(0.0))
    monkeypatch.setattr(stage, "read_closed", lambda folder: [])
    stage.main()
    assert Path("data/asked/train.jsonl").read_text("utf-8") == "\n"
    assert "open_book_fraction" not in capsys.readouterr().out
