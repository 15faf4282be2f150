"""Made-up pages, and pairs that are proved on them, for the tests of the review."""

import json
import shutil
from pathlib import Path
from typing import Any

from conftest import ROOT

from pagetune.build_qa.pairs import pair_from_page
from pagetune.curate.decisions import Choice, Decision, Withdrawn, content_of
from pagetune.jsonl import write_records
from pagetune.records import Page, Pair, Table
from pagetune.text.evidence import find_evidence, row_place

EVIL = "<img src=x onerror='window.evil = 1'><script>window.evil = 1</script>"
PLACES = ("수영장", "도서관", "미술관", "체육관")
#: What each place has, and how one asks for it; the numbers differ by place.
FACTS = {
    "휴식 시간은 {}분": "휴식 시간은 몇 분인가요",
    "입장료는 {}00원": "입장료는 얼마인가요",
    "정원은 {}명": "정원은 몇 명인가요",
    "주차 면수는 {}면": "주차 면수는 몇 면인가요",
    "보관함은 {}개": "보관함은 몇 개인가요",
}


def pages() -> list[Page]:
    """Return a page for each place: its facts in sentences, and a table of its rooms."""
    return [_page(place, 11 + 20 * number) for number, place in enumerate(PLACES)]


def _page(place: str, first: int) -> Page:
    sentences = [f"{place} {fact.format(first + count)}입니다." for count, fact in enumerate(FACTS)]
    rooms = Table(
        caption=f"{place} 방",
        rows=[["방", "층", "전화"], ["안내실", "1층", f"02-555-{first:04}"], ["창고", "지하", "없음"]],
    )
    text = "\n".join([f"{place} 이용 안내 😀 {EVIL}", *sentences])
    return Page(
        doc_id=place,
        source_sha256="",
        page_number=1,
        text=text,
        tables=[rooms],
        quality={},
        status="ok",
        reason=None,
    )


def pairs() -> list[Pair]:
    found = []
    for page in pages():
        for line, question in zip(page.text.split("\n")[1:], FACTS.values(), strict=True):
            place = find_evidence(line, page)
            assert place is not None
            found.append(pair_from_page(page, place, "statement", f"{page.doc_id} {question}?", line))
        number = page.tables[0].rows[1][2]
        question = f"{page.doc_id} 안내실의 전화번호는 몇 번인가요?"
        found.append(pair_from_page(page, row_place(page, 0, 1), "table", question, number))
    return found


def decision(pair: Pair, choice: Choice | Withdrawn, reviewer: str = "김검수", **more: Any) -> Decision:
    return Decision(
        pair_id=pair.pair_id,
        content=content_of(pair),
        doc_id=pair.doc_id,
        question=pair.instruction,
        decision=choice,
        reviewer=reviewer,
        **more,
    )


def project(folder: Path, made: list[Pair] | None = None) -> Path:
    """Write what `curate` and `review` read into a folder."""
    write_records(folder / "data/qa.jsonl", pairs() if made is None else made)
    write_records(folder / "data/pages.jsonl", pages())
    for name in ("params.yaml", "data/.gitattributes"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "data/review.jsonl").write_text("\n", encoding="utf-8")
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
