"""Find the best passages for each question that is asked: data/pages.jsonl, data/splits/*.jsonl -> data/search/."""

from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from pagetune.errors import run_stage
from pagetune.jsonl import read_records, write_json, write_records
from pagetune.language import tr
from pagetune.params import load_params
from pagetune.records import Found, Page, Pair, Question
from pagetune.search.encoder import find_encoder
from pagetune.search.index import SAVED
from pagetune.search.passages import passages
from pagetune.search.ranking import Search
from pagetune.search.tokens import learn

PAGES, SPLITS, SEARCH = Path("data/pages.jsonl"), Path("data/splits"), Path("data/search")
NAMES = ("validation", "recall", "heldout", "questions")


def main() -> None:
    params = load_params().search
    made = passages(read_records(PAGES, Page))
    encoder = find_encoder(params) if made else None
    search = Search(made, encoder) if made else None
    for name in NAMES:
        pairs = read_records(SPLITS / f"{name}.jsonl", Question if name == "questions" else Pair)
        write_records(SEARCH / f"{name}.jsonl", find(search, pairs, params.passages))
    if search:
        search.index.save(SAVED)
    model = {"id": encoder.name, "revision": encoder.revision} if encoder else None
    record: dict[str, Any] = {"documents": len({one.doc_id for one in made}), "passages": len(made)}
    write_json(SEARCH / "index.json", record | {"embedding": model})
    print(f"search: {said(record, params.embedding)}")


def find(search: Search | None, pairs: Sequence[Pair], count: int) -> list[Found]:
    """Return what is found for each question: no passage where there are no pages."""
    questions = [pair.asked for pair in pairs]
    learn(questions)
    found = search.find(questions, count) if search else repeat([])
    return [Found(pair_id=pair.pair_id, passages=next(found)) for pair in pairs]


def said(record: dict[str, Any], embedding: str | None) -> str:
    if not record["passages"]:
        return tr(
            "no document has a readable page, so that there is nothing to search; evaluate gives the search no score"
        )
    how = f"BM25 and {embedding}" if embedding else "BM25"
    counts = {"passages": record["passages"], "documents": record["documents"], "how": how}
    return tr("{passages} passages of {documents} documents, ranked by {how}", **counts)


if __name__ == "__main__":
    run_stage("search", main)
