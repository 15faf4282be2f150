"""Which reversed questions are asked and never trained, and what becomes of the others."""

from typing import Any

from pagetune.evaluate.evaluation import set_of
from pagetune.ledger import Ledger
from pagetune.records import REVERSED, Pair, Prediction
from tests.test_curate import PARAMS, divided

#: There are 399 syllables without a final consonant, and 12 in a name.
FACTS = 24


def name(number: int) -> str:
    """Return a name that shares no syllable with others, so that no two questions are near-duplicates."""
    return "".join(chr(ord("가") + 28 * (number * 12 + place)) for place in range(12))


def forward(number: int, doc_id: str = "문서") -> Pair:
    own = {"page_number": 1, "evidence": name(number), "topic": f"{name(number)}의 주소"}
    return Pair.original(f"f{number}", f"{name(number)} 주소?", f"{name(number)} {number}", "key_value", doc_id, **own)


def backward(number: int, doc_id: str = "문서", reverses: str | None = None) -> Pair:
    own = {"page_number": 1, "evidence": name(number), "reverses": reverses or f"f{number}"}
    return Pair.original(f"b{number}", f"{name(number)[::-1]} 어디?", name(number), "reversed", doc_id, **own)


PAIRS = [pair for number in range(FACTS) for pair in (forward(number), backward(number))] + [
    forward(number, "다른 문서") for number in range(FACTS, FACTS + 3)
]


def parts(pairs: list[Pair] = PAIRS, **changes: Any) -> tuple[set[str], set[str], Ledger]:
    """Return the reversed pairs that are only asked, those that are trained, and the ledger."""
    ledger = Ledger()
    settings = {"heldout_documents": ["다른 문서"], "recall_questions": [], **changes}
    splits = divided(pairs, PARAMS.model_copy(update=settings), 3, ledger)
    asked = {row.pair.pair_id for row in splits.rows["recall"] if row.wording == REVERSED}
    trained = {row.pair.pair_id for row in splits.rows["train"] if row.kind == "reversed"}
    return asked, trained, ledger


def test_a_share_of_the_reversed_questions_is_asked_and_never_trained() -> None:
    asked, trained, _ = parts(reversed_fraction=0.5)
    assert 6 <= len(asked) <= 18
    assert len(asked | trained) == FACTS
    assert not asked & trained
    assert parts(reversed_fraction=0.5)[0] == asked


def test_the_facts_that_are_asked_the_other_way_round_are_trained() -> None:
    splits = divided(PAIRS, PARAMS.model_copy(update={"heldout_documents": ["다른 문서"], "recall_questions": []}), 3)
    asked = {row.pair.reverses for row in splits.rows["recall"] if row.wording == REVERSED}
    assert asked
    assert asked <= {row.pair.pair_id for row in splits.rows["train"]}


def test_a_larger_share_asks_the_same_questions_and_more() -> None:
    few, some, every = (parts(reversed_fraction=share)[0] for share in (0.2, 0.6, 1.0))
    assert few < some < every
    assert len(every) == FACTS
    assert parts(reversed_fraction=0.0)[0] == set()


def test_without_training_them_the_others_are_set_aside_with_a_reason() -> None:
    asked, trained, ledger = parts(train_reversed=False)
    assert trained == set()
    assert [row.reason for row in ledger.rejected].count("not_trained") == FACTS - len(asked)
    assert asked == parts(train_reversed=True)[0]


def test_a_question_whose_fact_is_not_trained_is_not_asked() -> None:
    alone = [*PAIRS, backward(27, reverses="lost")]
    asked, trained, _ = parts(alone, reversed_fraction=1.0)
    assert "b27" not in asked
    assert "b27" in trained


def test_a_heldout_document_keeps_its_reversed_questions_in_heldout() -> None:
    splits = divided(
        [*PAIRS, backward(FACTS, "다른 문서")],
        PARAMS.model_copy(update={"heldout_documents": ["다른 문서"], "recall_questions": []}),
        3,
    )
    assert f"b{FACTS}" in {row.pair_id for row in splits.rows["heldout"]}


def test_they_are_a_set_of_their_own() -> None:
    fields = dict.fromkeys(("doc_id", "prompt", "completion", "eos_token", "prediction", "precision", "engine"), "")
    own = {
        "kind": "reversed",
        "page_number": 1,
        "references": [],
        "wording_seen": False,
        "split": "recall",
        "stopped": True,
    }
    names = [
        set_of(Prediction.model_validate({**fields, **own, "pair_id": id_}))
        for id_ in ("a1-reversed", "a1-new_wording")
    ]
    assert names == ["recall_reversed", "recall_new_wording"]
