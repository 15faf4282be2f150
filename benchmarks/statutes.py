"""Draw pairs from a statute for reading by hand: python -m benchmarks.statutes ../shared/pdfs/fsi_ko_law_efin.pdf

A pair is good if the question is clear to someone who knows the statute by name, the answer answers it in full, and
nothing in the answer is wrong, cut off or from another place. The findings are written to benchmarks/statutes.txt by
hand.
"""

import sys
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pagetune.build_qa.rules import build_pairs
from pagetune.curate.filters import filter_pairs
from pagetune.extract.pages import read_documents
from pagetune.params import load_params
from pagetune.records import Page, Pair

SEED, DRAWN = 0, 30


def pairs_of(pdf: Path) -> list[Pair]:
    """Build the pairs of a PDF and filter them with the settings of params.yaml."""
    params = load_params()
    with TemporaryDirectory() as folder:
        (Path(folder) / pdf.name).symlink_to(pdf.resolve())
        pages = [page for page in read_documents(Path(folder), params.extract) if isinstance(page, Page)]
    built, rejected = build_pairs(pages, params.qa.article_characters)
    kept, filtered = filter_pairs(built, params.curate)
    print(f"{pdf.name}: {len(pages)} pages, {dict(Counter(pair.kind for pair in kept))}")
    print(f"rejected: {dict(Counter(row.reason for row in [*rejected, *filtered]))}")
    return kept


def main() -> None:
    pairs = pairs_of(Path(sys.argv[1]))
    for number, pair in enumerate(Random(SEED).sample(pairs, DRAWN), 1):
        print(f"\n{number}. page {pair.page_number}, {pair.kind}\nQ {pair.instruction}\nA {pair.output}")


if __name__ == "__main__":
    main()
