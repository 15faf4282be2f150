"""Made-up records for the report, so that its tests need no training."""

from functools import cache
from typing import Any

from conftest import ROOT, word_pages

from pagetune.evaluate.evaluation import evaluate, metrics_of
from pagetune.evaluate.messages import Message
from pagetune.evaluate.retrieval import Hits, hit_rows, search_metrics
from pagetune.evaluate.tables import group_rows, per_example_rows
from pagetune.params import load_params
from pagetune.records import BadFile, Example, Page, Pair, Place, Prediction
from pagetune.report.page import Inputs

PARAMS = load_params(ROOT / "params.yaml").evaluate.model_copy(update={"bootstrap_samples": 20})
EOS = "</s>"
#: Text that a document may contain but the page must not run, and text that matplotlib would take for a formula.
EVIL = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
DOLLARS = "한빛 요금표 $x_1$ & $y^2"
QUALITY = (
    "characters", "columns", "tables", "partly_outlined", "hangul_ratio", "unreadable_ratio",
    "private_use_ratio", "garbled_ratio", "space_ratio", "image_ratio",
)  # fmt: skip


def made_up(**changes: Any) -> Inputs:
    """Return the report's inputs: answers that got better, got worse, and stayed wrong, with `changes` replaced."""
    return Inputs(**{**_made_up(), **changes})


@cache
def _made_up() -> dict[str, Any]:
    base, tuned = _answers(0), _answers(1)
    train = [Example.model_validate({name: getattr(row, name) for name in Example.model_fields}) for row in base[:2]]
    evaluation = evaluate({"base": base, "tuned": tuned}, train, "Q: {instruction}\nA: ", PARAMS)
    hits: dict[str, Hits] = {"search_top1": [True, False, None, True], "search_top5": [True, True, None, True]}
    asked = [_pair(row) for row in base if row.doc_id != EVIL]
    return {
        "metrics": {**_stages(), "eval": metrics_of(evaluation) | search_metrics(evaluation, hits)},
        "curve": [_texts(step=step, train_loss=3 / step) for step in (1, 2, 3)],
        "validation": [],
        "memory": [_texts(step=step, allocated_mib=500, reserved_mib=600, peak_mib=700) for step in (1, 2, 3)],
        "groups": [_texts(**row) for row in group_rows(evaluation)],
        "per_example": [_texts(**row) for row in (*per_example_rows(evaluation), *hit_rows(evaluation, hits))],
        "pages": [page(DOLLARS, 1), page(DOLLARS, 2, reason="needs_ocr"), page(DOLLARS, 3), page(EVIL, 1)],
        "bad_files": [BadFile(file=f"{EVIL}.pdf", reason="not_a_pdf", seen="")],
        "pairs": [_pair(base[0])],
        "grades": {"min_grade": 0.5, "lowest_kept": [], "best_rejected": []},
        "run": [(Message("Model"), Message("{name}", name=f"<the> model {EVIL}"))],
        "language": "en",
        "asked": asked,
        "base": base,
        "tuned": tuned,
    }


def _answers(model: int) -> list[Prediction]:
    """Return the answers of base (0) or tuned (1)."""
    return [
        prediction("better", "주차 요금은 얼마인가요?", "3만 원", ("9만 원", "3만 원")[model]),
        prediction("worse", "본체의 무게는?", "31킬로그램", ("31킬로그램", "13킬로그램")[model]),
        prediction("same", EVIL, "월요일", (EVIL, "화요일 7시")[model], doc_id=EVIL, split="heldout"),
        prediction("new", "혹시 주차 요금은?", "3만 원", ("9만 원", "모르겠습니다")[model], wording_seen=False),
    ]


def prediction(pair_id: str, question: str, reference: str, answer: str, **changes: Any) -> Prediction:
    values = {
        "pair_id": pair_id,
        "kind": "table",
        "doc_id": DOLLARS,
        "page_number": 1,
        "wording_seen": True,
        "prompt": f"Q: {question}\nA: ",
        "completion": reference + EOS,
        "references": [],
        "split": "recall",
        "eos_token": EOS,
        "prediction": answer,
        "stopped": pair_id != "worse",
        "precision": "4bit",
        "engine": "transformers",
    }
    return Prediction.model_validate(values | changes)


def page(doc_id: str, number: int, reason: str | None = None) -> Page:
    status = "quarantined" if reason else "ok"
    changes = {"doc_id": doc_id, "page_number": number, "status": status, "reason": reason, "text": EVIL}
    return word_pages()[0].model_copy(update={**changes, "quality": dict.fromkeys(QUALITY, 0.0)})


def _pair(row: Prediction) -> Pair:
    question = row.prompt.removeprefix("Q: ").removesuffix("\nA: ")
    place = Place(table=None, row=None, start=0, end=9)
    more = {"page_number": row.page_number, "evidence": f"근거: {EVIL}", "place": place}
    return Pair.original(row.pair_id, question, row.completion.removesuffix(EOS), row.kind, row.doc_id, **more)


def _stages() -> dict[str, Any]:
    step = {"in": 5, "out": 4, "rejected": {"too_long": 1}}
    return {
        "train": {"rows": 2, "steps": 3, "backend": "peft", "precision": "4bit", "epochs": 2},
        "extract": {"pages": 4, "ok": 3, "quarantined": {"needs_ocr": 1}},
        "build_qa": {"steps": {"rules": step}, "topics": {}},
        "curate": {
            "steps": {"near_duplicates": step},
            "personal_data": {"mobile_number": 1},
            "facts": {"train": 2},
            "abstain": {"rows": 0},
        },
    }


def _texts(**row: Any) -> dict[str, str]:
    """Return a row's values as strings, as a CSV file holds them."""
    return {name: str(value) for name, value in row.items()}
