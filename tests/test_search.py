"""The search over the pages: passages, tokens, the ranking, and a tiny encoder."""

import filecmp
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, word_pages

from pagetune.errors import UserError
from pagetune.jsonl import write_records
from pagetune.params import load_params
from pagetune.records import Page, Table
from pagetune.search.encoder import Encoder, find_encoder, pool
from pagetune.search.index import Index, best
from pagetune.search.passages import LONG_PASSAGE, Passage, passages
from pagetune.search.ranking import Search, fuse
from pagetune.search.tokens import tokens

PARAMS = load_params(ROOT / "params.yaml").search
FEES = Table(caption="이용 요금", rows=[["시설", "요금"], ["세미나실", "2만 원"], ["수영장", "9,000원"]])


def page(text: str, number: int = 1, doc_id: str = "안내", **changes: Any) -> Page:
    return word_pages()[0].model_copy(
        update={"doc_id": doc_id, "page_number": number, "text": text, "tables": [], "status": "ok", **changes}
    )


def texts(*pages: Page) -> list[str]:
    return [passage.text for passage in passages(pages)]


def test_a_passage_is_three_neighbouring_lines_and_the_next_begins_a_line_later() -> None:
    lines = [f"{number}층에는 여러 가지 시설이 있습니다." for number in range(1, 6)]
    assert texts(page("\n".join(lines))) == ["\n".join(lines[start : start + 3]) for start in range(3)]


def test_a_passage_stays_in_its_section_and_knows_its_heading() -> None:
    text = "1. 이용 시간\n매일 아홉 시에 엽니다.\n2. 휴관일\n월요일에 쉽니다.\n명절에 쉽니다.\n비가 와도 엽니다."
    first, *rest = passages([page(text)])
    assert first.text == "1. 이용 시간\n매일 아홉 시에 엽니다."
    assert [one.text.split("\n")[0] for one in rest] == ["2. 휴관일", "월요일에 쉽니다."]
    assert "2. 휴관일" in rest[-1].above


def test_a_question_stays_with_its_answer_also_over_a_page_break() -> None:
    first = page(
        "문 1. 주차가 되나요?\n답. 지하에 됩니다.\n문 2. 요금은 얼마인가요?\n답. 무료입니다.\n문 3. 언제 여나요?"
    )
    second = page("답. 아홉 시에 엽니다.", 2)
    found = passages([first, second])
    assert found[1].text == "문 2. 요금은 얼마인가요?\n답. 무료입니다.\n문 3. 언제 여나요?"
    assert found[0].text == "문 1. 주차가 되나요?\n답. 지하에 됩니다."
    assert found[-1].above[-1] == "문 3. 언제 여나요?"


def test_every_line_and_every_row_is_in_a_passage_and_every_place_holds_its_text() -> None:
    line = "시설을 쓰는 사람은 쓰기 전에 담당자에게 미리 알리고, 쓴 뒤에는 자리를 치웁니다. "
    text = "\n".join([line * 12, "정원\n일곱 명", "", line, "끝났습니다."])
    given = page(text, tables=[FEES])
    found = passages([given])
    for one in found:
        if one.place.table is None:
            assert text[one.place.start : one.place.end] == one.text
    for part in [*filter(None, text.split("\n"))]:
        assert all(sentence in "\n".join(one.text for one in found) for sentence in part.split(". "))
    assert max(len(one.text) for one in found) <= LONG_PASSAGE
    assert [one.text for one in found if one.place.table is not None] == [
        "이용 요금\n시설 | 요금\n세미나실 | 2만 원",
        "이용 요금\n시설 | 요금\n수영장 | 9,000원",
    ]


def test_quarantined_pages_and_empty_rows_give_no_passage() -> None:
    table = Table(caption="", rows=[["", ""], ["전화", "02-555-0143"]], layout="form")
    assert texts(page("닫혔습니다.", status="quarantined")) == []
    assert texts(page("", tables=[table])) == ["전화 | 02-555-0143"]


def test_a_number_in_other_digits_a_word_in_another_form_and_a_compound_are_the_same_tokens() -> None:
    assert set(tokens("2만 원")) & set(tokens("20,000원"))
    assert set(tokens("시설을 이용하는")) & set(tokens("이용했습니다"))
    assert set(tokens("연결계좌번호")) & set(tokens("연결계좌"))
    assert set(tokens("charging ports")) & set(tokens("Port charges"))
    assert tokens("") == tokens("·…") == []


def search(*given: Page, encoder: Encoder | None = None) -> Search:
    return Search(passages(given), encoder)


def test_the_passage_that_has_the_words_of_the_question_comes_first() -> None:
    made = search(page("도서관은 월요일에 쉽니다."), page("수영장은 화요일에 쉽니다.", doc_id="수영장", tables=[FEES]))
    (found, none) = made.find(["수영장 요금은 얼마인가요?", "zebra"], 5)
    assert (found[0].doc_id, found[0].place.row) == ("수영장", 2)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert none == []


def test_what_overlaps_a_better_passage_by_more_than_half_is_left_out() -> None:
    lines = [f"열람실 {number}호는 좌석이 많습니다." for number in range(8)]
    (found,) = search(page("\n".join(lines))).find(["열람실 좌석이 많은 곳은?"], 5)
    starts = sorted(one.place.start for one in found)
    assert all(later - earlier > len(lines[0]) for earlier, later in pairwise(starts))


def test_equal_scores_keep_the_order_of_the_pages() -> None:
    assert best(np.array([1.0, 3.0, 0.0, 3.0, 1.0]), 3) == [(1, 3.0), (3, 3.0), (0, 1.0)]
    assert best(np.zeros(4), 3) == []


def test_two_rankings_are_fused_by_the_sum_of_their_reciprocal_ranks() -> None:
    fused = fuse([[(7, 9.0), (8, 5.0)], [(8, 0.9), (6, 0.8)]])
    assert [number for number, _ in fused] == [8, 7, 6]
    assert fused[0][1] == pytest.approx(1 / 62 + 1 / 61, abs=1e-6)


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two layers, as sentence-transformers saves it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "수영장", "은", "요금", "도서관", "월요일", "query:", "passage:"]
    raw = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=32, max_position_embeddings=32, **shape)).save_pretrained(folder)
    return folder


def with_settings(folder: Path, target: Path, **files: object) -> Path:
    for file in folder.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    for name, value in files.items():
        path = target / {"pooling": "1_Pooling/config.json"}.get(name, f"{name}.json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(value), encoding="utf-8")
    return target


def encoder(folder: Path, **changes: Any) -> Encoder:
    found = find_encoder(PARAMS.model_copy(update={"embedding": str(folder), **changes}))
    assert found is not None
    return found


MODULES = [
    {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]


def test_without_a_name_there_is_no_encoder() -> None:
    assert PARAMS.embedding is None
    assert find_encoder(PARAMS) is None


def test_a_vector_does_not_depend_on_the_texts_beside_it_and_has_the_length_1(encoder_folder: Path) -> None:
    made = encoder(encoder_folder)
    together = made.encode(["수영장 요금", "도서관 은 월요일 은 도서관", "월요일"], "")
    alone = made.encode(["수영장 요금"], "")
    assert np.allclose(together[0], alone[0], atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert not np.allclose(together[0], together[1], atol=1e-3)
    assert made.encode(["요금 " * 500], "").shape == (1, 16)


def test_the_models_own_files_say_how_to_pool_and_what_stands_in_front(encoder_folder: Path, tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}, "similarity_fn_name": "dot"}
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    folder = with_settings(
        encoder_folder, tmp_path, modules=MODULES, pooling=pooling, config_sentence_transformers=prompts
    )
    made = encoder(folder)
    assert (made.pooling, made.normalize, made.question_prefix, made.passage_prefix) == (
        "cls", False, "query: ", "passage: ",
    )  # fmt: skip
    assert encoder(folder, question_prefix="").question_prefix == ""


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"modules": [*MODULES, {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]}, "has Dense"),
        ({"modules": MODULES, "pooling": {"pooling_mode_max_tokens": True}}, "pools by pooling_mode_max_tokens"),
        (
            {"modules": MODULES, "pooling": {"pooling_mode_weightedmean_tokens": True}},
            "pools by pooling_mode_weightedmean_tokens",
        ),
    ],
)
def test_what_is_not_computed_is_refused(encoder_folder: Path, tmp_path: Path, files: Any, says: str) -> None:
    with pytest.raises(UserError, match=rf"search\.embedding is .*{says}"):
        encoder(with_settings(encoder_folder, tmp_path, **files))


def test_a_folder_that_is_not_there_is_named_by_its_own_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"search\.embedding is .*missing, and there is no such folder"):
        encoder(tmp_path / "missing")


@pytest.mark.parametrize(("way", "expected"), [("mean", [2.0, 3.0]), ("cls", [1.0, 5.0]), ("lasttoken", [3.0, 1.0])])
def test_padding_is_not_pooled_on_either_side(way: Any, expected: list[float]) -> None:
    import torch

    states = torch.tensor([[[1.0], [3.0], [90.0]], [[90.0], [5.0], [1.0]]])
    mask = torch.tensor([[1, 1, 0], [0, 1, 1]])
    assert pool(states, mask, way).squeeze(-1).tolist() == expected


def test_an_encoder_adds_what_shares_no_word_with_the_question(encoder_folder: Path) -> None:
    pages = [page("도서관은 월요일에 쉽니다."), page("수영장은 화요일에 쉽니다.", doc_id="수영장")]
    (plain,) = search(*pages).find(["수영장"], 5)
    (fused,) = search(*pages, encoder=encoder(encoder_folder)).find(["수영장"], 5)
    assert [one.doc_id for one in plain] == ["수영장"]
    assert {one.doc_id for one in fused} == {"수영장", "안내"}
    assert fused[0].score <= 2 / 61


def test_the_same_pages_give_the_same_passages_whatever_was_searched_before() -> None:
    pages, question = [page("수영장은 화요일에 쉽니다.", tables=[FEES])], "세미나실은 얼마예요?"
    made = search(*pages)
    list(made.find(["다른 질문"], 5))
    assert list(made.find([question], 5)) == list(search(*pages).find([question], 5))
    assert isinstance(made.passages[0], Passage)


LIBRARY = page("도서관은 월요일에 쉽니다.\n책은 일곱 권까지 빌립니다.\nThe reading room seats 48 people.")


def test_a_saved_index_ranks_as_the_one_that_was_saved_without_a_morpheme_of_its_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = passages([LIBRARY, page("수영장은 아홉 시에 엽니다.", doc_id="수영장")])
    built = Index(made)
    built.save(tmp_path / "index")
    monkeypatch.setattr("pagetune.search.index._build", lambda _: pytest.fail("was indexed again"))
    loaded = Index(made, tmp_path / "index")
    for question in ("책은 몇 권까지 빌리나요?", "How many people?", "없는 말"):
        assert loaded.scores(question).tolist() == built.scores(question).tolist()
    assert loaded.passages_with("책") == built.passages_with("책") == 1


def test_an_index_of_other_pages_is_not_used(tmp_path: Path) -> None:
    Index(passages([LIBRARY])).save(tmp_path)
    changed = Index(passages([LIBRARY.model_copy(update={"text": "수영장은 아홉 시에 엽니다."})]), tmp_path)
    assert best(changed.scores("수영장"), 1)
    assert not best(changed.scores("도서관"), 1)


@pytest.mark.parametrize("damaged", ["vocab.index.json", "data.csc.index.npy", "passages.json"])
def test_a_damaged_index_is_made_again(tmp_path: Path, damaged: str) -> None:
    made = passages([LIBRARY])
    Index(made).save(tmp_path)
    (tmp_path / damaged).write_bytes((tmp_path / damaged).read_bytes()[:-5])
    assert best(Index(made, tmp_path).scores("도서관"), 1)


def test_an_index_that_was_not_written_to_its_end_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = passages([LIBRARY])
    Index(made).save(tmp_path)
    monkeypatch.setattr("bm25s.BM25.save", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        Index(made).save(tmp_path)
    assert not (tmp_path / "passages.json").exists()


def test_pages_without_a_word_are_saved_and_loaded(tmp_path: Path) -> None:
    made = passages([page("* * *\n---")])
    Index(made).save(tmp_path)
    assert not best(Index(made, tmp_path).scores("도서관"), 1)


SAVE = """import sys
from pathlib import Path
from pagetune.jsonl import read_records
from pagetune.records import Page
from pagetune.search.index import Index
from pagetune.search.passages import passages
Index(passages(read_records(Path(sys.argv[1]), Page))).save(Path(sys.argv[2]))"""


def test_the_same_passages_give_the_same_files(tmp_path: Path) -> None:
    """A set of words has another order in every process, so two processes are compared."""
    write_records(tmp_path / "pages.jsonl", [LIBRARY])
    for seed in ("1", "2"):
        command = [sys.executable, "-c", SAVE, tmp_path / "pages.jsonl", tmp_path / seed]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}, check=True)
    files = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(files) > 1
    assert filecmp.cmpfiles(tmp_path / "1", tmp_path / "2", files, shallow=False) == (files, [], [])


def above(found: list[Passage], item: str) -> tuple[str, ...]:
    """Return what stands above the last passage that has the item."""
    return [passage.above for passage in found if item in passage.text][-1]


def test_what_announces_a_list_stands_above_its_items_also_on_the_next_page() -> None:
    papers = "\n".join(f"- 서류 {number}번은 원본으로 냅니다." for number in range(1, 8))
    first = page(f"입회 신청\n신청하려면 다음 서류를 내야 합니다:\n{papers}")
    second = page(
        "- 서류 9번은 사본으로 냅니다.\n접수는 1층에서 합니다.\n휴일에는 받지 않습니다.\n문의는 전화로 합니다.", 2
    )
    found = passages([first, second])
    for item in ("서류 4번", "서류 5번", "서류 9번"):
        assert above(found, item)[-1] == "신청하려면 다음 서류를 내야 합니다:"
    assert "신청하려면 다음 서류를 내야 합니다:" not in above(found, "휴일에는")


def test_short_numbered_items_are_no_sections_and_do_not_stand_above_each_other() -> None:
    opening = "제8조(결격) 다음 각 호의 어느 하나에 해당하는 사람은 뽑히지 못한다."
    text = f"{opening}\n1. 미성년자\n2. 외국인\n3. 파산자\n4. 수감자"
    found = passages([page(text)])
    assert above(found, "3. 파산자")[-1] == opening
    assert "2. 외국인" not in above(found, "3. 파산자")


def test_an_item_of_a_list_in_a_list_stands_below_both_lines_that_announce() -> None:
    desks = "가. 본관 창구\n나. 별관 창구\n다. 역 앞 창구"
    found = passages([page(f"내는 방법은 다음과 같다:\n1. 방문: 아래 창구에서 받는다:\n{desks}\n2. 우편으로 보낸다.")])
    assert above(found, "다. 역 앞 창구")[-2:] == ("내는 방법은 다음과 같다:", "방문: 아래 창구에서 받는다:")
    assert above(found, "2. 우편")[-1] == "내는 방법은 다음과 같다:"


def test_a_numbered_heading_without_an_announcement_is_no_item() -> None:
    found = passages([page("1. 이용 시간\n매일 아홉 시에 엽니다.\n다음 날에도 엽니다.\n2. 휴관일\n월요일에 쉽니다.")])
    assert [one.text.split("\n")[0] for one in found] == ["1. 이용 시간", "2. 휴관일"]
