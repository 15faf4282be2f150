"""Measure how much of a pile of documents the rules ask about, and draw pairs to read beside their pages.

    python -m benchmarks.questions ../shared/pdfs > benchmarks/questions.txt
    python -m benchmarks.questions ../shared/pdfs --draw 60 > pairs_to_read.txt

A page counts if it is readable and has at least 400 characters, in its text and its tables. What pairs rest on is their
evidence, in letters that are not white space; copies of merged cells do not count. A document of which most paragraphs
belong to articles (제N조) is a statute. The pairs are drawn with a fixed seed: a document and a kind take turns so that
a long document does not fill the list. benchmarks/questions_by_eye.txt holds what was seen, pair by pair; it is printed
at the end.
"""

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from pagetune.build_qa.rules import build_pairs
from pagetune.curate.filters import filter_pairs
from pagetune.curate.grade import grade_pairs
from pagetune.extract.pages import read_documents
from pagetune.params import Params, load_params
from pagetune.records import Page, Pair

SEED = 0
#: A page with fewer characters may well give nothing.
MIN_CHARACTERS = 400
#: The document that lists the others.
INDEX = "SOURCES"
BY_EYE = Path("benchmarks/questions_by_eye.txt")
_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s?\(")
_BY_NUMBER = re.compile(r"제\s?\d+\s?(?:조|항)(?:의\s?\d+)?")
#: Paragraphs that begin an article, a 항 or an item of one.
_OF_A_STATUTE = re.compile(r"제\s?\d+\s?조|[①-⑳]|\d{1,2}(?:의\d+)?\.\s|[가-하]\.\s")


@dataclass(frozen=True)
class Coverage:
    """Counts over pages that are long enough: those that gave nothing, letters, and letters that pairs rest on."""

    pages: int
    silent: int
    letters: int
    asked: int

    def __add__(self, other: "Coverage") -> "Coverage":
        return Coverage(
            self.pages + other.pages,
            self.silent + other.silent,
            self.letters + other.letters,
            self.asked + other.asked,
        )

    def __str__(self) -> str:
        silent, asked = self.silent / max(1, self.pages), self.asked / max(1, self.letters)
        return f"{self.silent:4} of {self.pages:4} pages give nothing ({silent:4.0%}), pairs rest on {asked:4.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--draw", type=int, default=0)
    arguments = parser.parse_args()
    params = load_params()
    found = [page for page in read_documents(arguments.folder, params.extract) if isinstance(page, Page)]
    pages = [page for page in found if page.doc_id != INDEX]
    began = time.perf_counter()
    pairs = kept_pairs(pages, params)
    seconds = time.perf_counter() - began
    if arguments.draw:
        by_place = {(page.doc_id, page.page_number): page for page in pages}
        for number, pair in enumerate(drawn(pairs, arguments.draw), 1):
            print_pair(number, pair, by_place[pair.doc_id, pair.page_number or 0])
        return
    report(pages, pairs)
    print(f"rules, filters and grades: {seconds:.1f} s for {len(pages)} pages\n")
    print(BY_EYE.read_text(encoding="utf-8"), end="")


def kept_pairs(pages: list[Page], params: Params) -> list[Pair]:
    """Build the pairs of the pages by the rules, then filter and grade them with the settings of params.yaml."""
    built, rejected = build_pairs(pages, params.qa.article_characters)
    clean, filtered = filter_pairs(built, params.curate, params.predict.max_new_tokens)
    kept, low, _ = grade_pairs(clean, params.curate.min_grade)
    print(f"{len(kept)} pairs {dict(Counter(pair.kind for pair in kept))}")
    print(f"rejected {dict(Counter(row.reason for row in [*rejected, *filtered, *low]))}\n")
    return kept


def report(pages: list[Page], pairs: list[Pair]) -> None:
    """Print the coverage of each document, of all that are not statutes, and how many questions name an article."""
    by_document: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        if page.status == "ok":
            by_document[page.doc_id].append(page)
    total = Coverage(0, 0, 0, 0)
    for doc_id, own in sorted(by_document.items()):
        asked = [pair for pair in pairs if pair.doc_id == doc_id]
        covered = coverage(own, asked)
        numbered = sum(bool(_BY_NUMBER.search(pair.instruction)) for pair in asked) / max(1, len(asked))
        kind = "statute" if is_statute(own) else ""
        total += Coverage(0, 0, 0, 0) if kind else covered
        print(f"{doc_id[:34]:34} {kind:8}{covered}; {len(asked):4} pairs, {numbered:4.0%} by article number")
    print(f"{'all but statutes':42}{total}")


def coverage(pages: list[Page], pairs: list[Pair]) -> Coverage:
    """Count what the pairs of one document cover of its pages."""
    spans = _evidence(pairs)
    total = Coverage(0, 0, 0, 0)
    for page in pages:
        texts = dict(_texts(page))
        letters = sum(map(_letters, texts.values()))
        if sum(map(len, texts.values())) >= MIN_CHARACTERS:
            asked = {place: set[int]().union(*spans[page.page_number, *place]) for place in texts}
            held = sum(_letters("".join(texts[place][i] for i in found)) for place, found in asked.items())
            total += Coverage(1, not any(asked.values()), letters, held)
    return total


def _evidence(pairs: list[Pair]) -> dict[tuple[int, int | None, int | None], list[range]]:
    spans: dict[tuple[int, int | None, int | None], list[range]] = defaultdict(list)
    for pair in pairs:
        if pair.place:
            place = pair.place
            spans[pair.page_number or 0, place.table, place.row].append(range(place.start, place.end))
    return spans


def _texts(page: Page) -> Iterator[tuple[tuple[int | None, int | None], str]]:
    """Yield the page's text and the rows of its tables, as the places of pairs count their characters."""
    yield (None, None), page.text
    for number, table in enumerate(page.tables):
        for row, cells in enumerate(table.rows):
            yield (
                (number, row),
                " | ".join(
                    " " * len(text) if (row, column) in table.filled else text for column, text in enumerate(cells)
                ),
            )


def _letters(text: str) -> int:
    return len(re.sub(r"[\s|]", "", text))


def is_statute(pages: Iterable[Page]) -> bool:
    """Tell whether most paragraphs of a document belong to articles."""
    lines = [line for page in pages for line in page.text.split("\n") if line]
    has_articles = sum(bool(_ARTICLE.match(line)) for line in lines) >= 3
    return has_articles and 2 * sum(bool(_OF_A_STATUTE.match(line)) for line in lines) > len(lines)


def drawn(pairs: list[Pair], count: int) -> list[Pair]:
    """Draw pairs from each document and kind in turn, the same ones each time."""
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda pair: pair.pair_id):
        groups[pair.doc_id, pair.kind].append(pair)
    random = Random(SEED)
    for group in groups.values():
        random.shuffle(group)
    order = sorted(groups)
    random.shuffle(order)
    turns = [groups[key][turn] for turn in range(count) for key in order if turn < len(groups[key])]
    return turns[:count]


def print_pair(number: int, pair: Pair, page: Page) -> None:
    """Print a pair with the paragraphs around its evidence, or its table."""
    print(f"\n{number}. {pair.doc_id}, page {pair.page_number}, {pair.kind}\nQ {pair.instruction}\nA {pair.output}")
    if pair.place is None:
        return
    if pair.place.table is None:
        text = page.text
        print(f"| {text[max(0, pair.place.start - 150) : pair.place.end + 150]!r}")
    else:
        table = page.tables[pair.place.table]
        print(f"| {table.caption!r} {table.rows[0]} … {pair.evidence!r}")


if __name__ == "__main__":
    main()
