"""Paraphrases by a language model: which are kept, which are rejected, and how they are requested."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from llm_server import Body, Fault, Reply, Server, serving, task_of
from test_curate import pair

from pagetune.curate.wordings import check_paraphrases, model_wordings, proper_nouns, why_paraphrase_rejected
from pagetune.params import Params, load_params
from pagetune.records import NEW_WORDING, Pair, Rejected

PARAMS: Params = load_params(ROOT / "params.yaml")
FEE = pair("한빛저축은행 정기예금에 가입하려면 10만 원이 필요한가요?", "네, 필요합니다.")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", str(tmp_path / "cache"))


def reworded(
    reply: Reply, *pairs: Pair, method: str, **llm: Any
) -> tuple[dict[str, dict[str, str]], list[Rejected], Server]:
    with serving(reply) as server:
        curate = PARAMS.curate.model_copy(update={"paraphrase_method": method, "paraphrases": 2})
        settings = {"base_url": server.base_url, "model": "m", "max_retries": 0} | llm
        wordings, rejected, _ = model_wordings(list(pairs), curate, PARAMS.llm.model_copy(update=settings))
    return wordings, rejected, server


def test_a_model_writes_the_wordings_and_a_pattern_makes_the_one_held_back() -> None:
    said = ["한빛저축은행 정기예금은 10만 원부터인가요?", "정기예금 가입에 10만 원이 있어야 하나요, 한빛저축은행은?"]
    wordings, rejected, _ = reworded(lambda body, times: json.dumps({"paraphrases": said}), FEE, method="llm")
    assert rejected == []
    assert wordings[FEE.pair_id] == {
        "original": FEE.instruction,
        "llm1": said[0],
        "llm2": said[1],
        NEW_WORDING: f"혹시 이것 좀 확인해 주실 수 있을까요? {FEE.instruction}",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("한빛저축은행 정기예금은 20만 원부터인가요?", "changes_facts"),
        ("한빛저축은행 정기예금은 얼마부터인가요?", "changes_facts"),
        ("가람저축은행 정기예금은 10만 원부터인가요?", "changes_facts"),
        ("한빛저축은행 VIP 정기예금은 10만 원부터인가요?", "changes_facts"),
        ("한빛저축은행 정기예금은 10만 원부터인가요? 네, 필요합니다.", "changes_facts"),
        ("한빛저축은행  정기예금에 가입하려면 10만원이 필요한가요", "duplicate"),
        ("!", "too_short"),
        ("Does a 한빛저축은행 deposit account need 10만 원 to be opened at all, or not?", "wrong_script"),
        ("이 문서에 따르면 한빛저축은행 정기예금은 10만 원부터인가요?", "passage_dependent"),
        (f"{'혹시 ' * 40}한빛저축은행 정기예금은 10만 원부터인가요?", "too_long"),
        ("한빛저축은행 정기예금은 10만 원부터인가요?", None),
    ],
)
def test_a_paraphrase_keeps_numbers_and_names_and_is_new(text: str, reason: str | None) -> None:
    written = FEE.model_copy(update={"instruction": text})
    assert why_paraphrase_rejected(FEE, written, [FEE.instruction], PARAMS.curate) == reason


def test_the_same_paraphrase_twice_is_one() -> None:
    text = "한빛저축은행 정기예금은 10만 원부터인가요?"
    kept, rejected = check_paraphrases(FEE, [text, f"{text} "], PARAMS.curate)
    assert list(kept) == ["original", "llm1"]
    assert [(row.reason, row.detail) for row in rejected] == [("duplicate", FEE.instruction)]


def test_back_translation_goes_to_english_and_comes_back_each_time_otherwise() -> None:
    def translate(body: Body, times: int) -> str:
        system = body["messages"][0]["content"]
        if "영어로 옮깁니다" in system:
            return '{"translation": "Does a 한빛저축은행 deposit need 10만 원?"}'
        return json.dumps({"translation": f"한빛저축은행 예금은 10만 원이 {'꼭 ' * ('wording 2' in system)}드나요?"})

    wordings, rejected, server = reworded(translate, FEE, method="back_translation")
    assert list(wordings[FEE.pair_id]) == ["original", "llm1", "llm2", NEW_WORDING]
    assert wordings[FEE.pair_id]["llm2"] == "한빛저축은행 예금은 10만 원이 꼭 드나요?"
    assert rejected == []
    assert [task_of(body) for body in server.bodies] == ["translate"] * 3


@pytest.mark.parametrize("method", ["llm", "back_translation"])
@pytest.mark.parametrize(("fault", "reason"), [(Fault(500), "request_failed"), ("mumble", "unreadable_answer")])
def test_without_an_answer_the_original_is_left(method: str, fault: Fault | str, reason: str) -> None:
    wordings, rejected, _ = reworded(lambda body, times: fault, FEE, method=method, on_failed_request="skip")
    assert set(wordings[FEE.pair_id]) == {"original", NEW_WORDING}
    assert [row.reason for row in rejected] == [reason]


def test_a_wording_that_the_user_will_ask_is_not_trained_on() -> None:
    asked = "한빛저축은행 정기예금은 10만 원부터인가요?"
    params = PARAMS.curate.model_copy(update={"recall_questions": [asked]})
    assert check_paraphrases(FEE, [asked], params)[0] == {"original": FEE.instruction}


def test_names_are_proper_nouns() -> None:
    assert "한빛" in "".join(proper_nouns("한빛저축은행의 영업시간은 언제인가요?"))
    assert proper_nouns("What does the LumaNote weigh in Berlin?") == {"LumaNote", "Berlin"}
