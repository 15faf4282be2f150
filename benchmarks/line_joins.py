"""Measure on Korean text that nothing was fitted on how many line breaks are joined as the text has them.

    curl -O https://korquad.github.io/dataset/KorQuAD_v1.0_dev.json
    git clone https://github.com/UniversalDependencies/UD_Korean-Kaist      (and -GSD)
    python -m benchmarks.line_joins FOLDER_OF_BOTH > benchmarks/line_joins.txt

KorQuAD's paragraphs are from 140 articles of Wikipedia, which are full of proper names; each article is a document.
The test sets of the treebanks are sentences of news, encyclopedias and novels, twenty to a document. Lines are broken
after the same number of characters, also inside words. Breaks without Hangul on either side do not count.
"""

import json
import random
import re
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.typeset import wrap
from pagetune.extract.linebreaks import join_lines
from pagetune.extract.spacing import kiwi
from samples.typeset import read_sample

WIDTHS = (15, 22, 30, 45)
#: At most this many breaks of a text are judged at each width.
BREAKS = 4000

#: The paragraphs of a document.
Document = list[str]


class Break(NamedTuple):
    """The lines before and after a break, whether a space was there, and all lines of the document."""

    left: str
    right: str
    space: bool
    evidence: str


def main() -> None:
    folder = Path(sys.argv[1])
    kiwi().analyze("불러오기")
    print(f"breaks joined right, at {', '.join(map(str, WIDTHS))} characters a line, and with every break at a space:")
    report("KorQuAD 1.0, development set", read_korquad(folder / "KorQuAD_v1.0_dev.json"))
    for name in ("GSD", "Kaist"):
        path = folder / f"UD_Korean-{name}" / f"ko_{name.lower()}-ud-test.conllu"
        report(f"UD Korean {name}, test set", read_treebank(path))
    report("the project's samples", list(map(korean_texts, sorted(Path("samples").glob("*.txt")))))


def read_korquad(path: Path) -> list[Document]:
    articles = json.loads(path.read_text("utf-8"))["data"]
    return [[tidy(paragraph["context"]) for paragraph in article["paragraphs"]] for article in articles]


def read_treebank(path: Path) -> list[Document]:
    """Return the sentences of a CoNLL-U file, twenty to a document."""
    lines = path.read_text("utf-8").splitlines()
    sentences = [tidy(line.removeprefix("# text = ")) for line in lines if line.startswith("# text = ")]
    return [sentences[start : start + 20] for start in range(0, len(sentences), 20)]


def tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def korean_texts(sample: Path) -> Document:
    texts = [text for text in read_sample(sample)[1] if text[0] not in "#|" and len(text) > 60]
    return [text for text in texts if re.search("[가-힣]", text)]


def report(name: str, documents: list[Document]) -> None:
    shares, seconds, count = [], 0.0, 0
    for words in (False, True):
        for width in WIDTHS if not words else (40,):
            breaks = list(known_breaks(documents, width, words=words))
            chosen = sorted(random.Random(0).sample(range(len(breaks)), min(BREAKS, len(breaks))))
            sample = [breaks[index] for index in chosen]  # document by document, as pages are read
            start = time.perf_counter()
            right = sum(is_right(one) for one in sample)
            seconds, count = seconds + time.perf_counter() - start, count + len(sample)
            shares.append(f"{right / len(sample):.2%}")
    print(f"  {name + ':':30s} {'  '.join(shares)} of {count} breaks, {seconds / count * 1e3:.3f} ms each")


def is_right(one: Break) -> bool:
    return (join_lines([one.left, one.right], one.evidence) == f"{one.left} {one.right}") == one.space


def known_breaks(documents: list[Document], width: int, *, words: bool = False) -> Iterator[Break]:
    """Yield the breaks of the documents, at most `width` characters apart; where `words`, only at spaces."""
    for document in documents:
        wrapped = [wrap_at_words(text, width) if words else wrap(text, width) for text in document]
        evidence = "\n".join(line for lines, _ in wrapped for line in lines)
        for lines, spaces in wrapped:
            for (left, right), space in zip(pairwise(lines), spaces, strict=True):
                if left and right and re.search("[가-힣]", left[-1] + right[0]):
                    yield Break(left, right, space, evidence)


def wrap_at_words(text: str, width: int) -> tuple[list[str], list[bool]]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines, [True] * (len(lines) - 1)


if __name__ == "__main__":
    main()
