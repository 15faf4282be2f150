"""Flip bits in copies of the samples, and print the contents of benchmarks/bit_flips.txt.

    python -m benchmarks.bit_flips [COPIES] [FOLDER_OF_PDFS] > benchmarks/bit_flips.txt

Each copy of a PDF has FLIPS random bits the other way round, as after a bad download or on a failing disk. The pages
of every copy go through extract and build_qa. A pair that holds a letter which its page in the original file does not
hold is wrong, and nothing after build_qa could tell.
"""

import random
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from pagetune.build_qa.rules import build_pairs
from pagetune.extract.pages import read_documents
from pagetune.params import Params, load_params
from pagetune.records import BadFile, Page, Pair

FLIPS, COPIES = 40, 20


@dataclass
class Outcome:
    """Outcomes of the copies of all files: pages by status or reason, pairs, and the pairs that are wrong.

    A wrong pair is given with the letters that its page in the original file does not hold.
    """

    files: int = 0
    bad_files: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    wrong: list[tuple[Pair, str]] = field(default_factory=list)


def main() -> None:
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else COPIES
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("data/raw")
    outcome = flip_and_read(sorted(folder.glob("*.pdf")), copies, load_params())
    print(f"{outcome.files} files: {copies} copies of each PDF, {FLIPS} random bits flipped in each")
    print(f"files that are not read: {sum(outcome.bad_files.values())} {dict(sorted(outcome.bad_files.items()))}")
    print(f"pages: {sum(outcome.pages.values())} {dict(sorted(outcome.pages.items()))}")
    print(f"pairs: {outcome.pairs}")
    print(f"pairs with a letter that the original page does not have: {len(outcome.wrong)}")
    for pair, letters in outcome.wrong:
        print(f"  {letters!r} {pair.doc_id} p{pair.page_number}: {pair.instruction} -> {pair.output}")


def flip_and_read(paths: list[Path], copies: int, params: Params) -> Outcome:
    """Read the files and `copies` copies of each with flipped bits, and build pairs from each copy by itself."""
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            content = path.read_bytes()
            Path(folder, path.name).write_bytes(content)
            for copy in range(copies):
                flipped = flip_bits(content, random.Random(f"{path.name} {copy}"))
                Path(folder, f"{path.stem}.{copy}.pdf").write_bytes(flipped)
        found = list(read_documents(Path(folder), params.extract))
    stems = {path.stem for path in paths}
    pages = [page for page in found if isinstance(page, Page)]
    originals = {(page.doc_id, page.page_number): page for page in pages if page.doc_id in stems}
    copied = [page for page in pages if page.doc_id not in stems]
    outcome = Outcome(
        files=copies * len(paths),
        bad_files=Counter(file.reason for file in found if isinstance(file, BadFile)),
        pages=Counter(page.reason or page.status for page in copied),
    )
    for _, document in groupby(copied, key=lambda page: page.doc_id):
        pairs, _ = build_pairs(list(document), params.qa.article_characters)
        outcome.pairs += len(pairs)
        outcome.wrong += [(pair, letters) for pair in pairs if (letters := new_letters(pair, page_of(pair, originals)))]
    return outcome


def flip_bits(content: bytes, generator: random.Random, flips: int = FLIPS) -> bytes:
    flipped = bytearray(content)
    for bit in generator.sample(range(8 * len(flipped)), min(flips, 8 * len(flipped))):
        flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


def page_of(pair: Pair, originals: dict[tuple[str, int], Page]) -> Page | None:
    """Return the page in the original file that the pair of a copy is from."""
    return originals.get((pair.doc_id.rpartition(".")[0], pair.page_number or 0))


def new_letters(pair: Pair, *originals: Page | None) -> str:
    """Return the letters of the pair's evidence that none of the original pages holds."""
    whole = "".join(page.model_dump_json() for page in originals if page)
    return "".join(sorted(set(_letters(pair.evidence or "")) - set(_letters(whole))))


def _letters(text: str) -> Iterator[str]:
    return (character for character in text if unicodedata.category(character)[0] == "L")


if __name__ == "__main__":
    main()
