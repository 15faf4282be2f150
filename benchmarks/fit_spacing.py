"""Fit the weights of pagetune/extract/spacing.txt on Korean text whose spaces are known, and write that file.

    git clone https://github.com/KLUE-benchmark/KLUE
    git clone https://github.com/UniversalDependencies/UD_Korean-Kaist      (and -GSD, -PUD)
    git clone https://github.com/reactjs/ko.react.dev
    apt-get download libreoffice-help-ko && dpkg -x libreoffice-help-ko*.deb libreoffice
    python -m benchmarks.fit_spacing FOLDER_OF_THE_CLONES

It reads news and other prose from KLUE's development sets (CC BY-SA 4.0), the development sets of the treebanks and the
whole of PUD (CC BY-SA 4.0 and 3.0), React's Korean documentation (CC BY 4.0) and LibreOffice's help (MPL 2.0). The
weights of the n-grams are fitted on every place where a line could break. The others are fitted on broken lines of
documents whose n-grams were fitted without them, so that an n-gram's weight counts for what it says about text that it
was not fitted on.
"""

import html
import json
import random
import re
import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from benchmarks.line_joins import Break, Document, known_breaks, read_treebank, tidy
from pagetune.extract.spacing import Findings, morphemes, ngrams, seen

FOLDS = 3
#: The most findings of a row.
MOST = 13
WIDTHS = (15, 20, 22, 30, 35, 45)
#: A finding is kept if it was made this often and its weight is at least this; weights are rounded to eighths.
MIN_COUNT, MIN_WEIGHT, STEPS = 3, 0.2, 8
#: A weight is expected to be about 0, with a variance of one over this.
PRIOR = 1.0
ITERATIONS = 60
#: KLUE's sources of edited prose; its others are reviews and messages, whose spaces are not reliable.
PROSE = ("wikitree", "acrofan", "policy", "wikinews", "wikipedia")
HEADER = """\
# Weights of the findings that decide on a space (spacing.py): above 0 for a space, below 0 against one.
# Fitted by benchmarks/fit_spacing.py on text of KLUE, UD Korean GSD, Kaist and PUD (CC BY-SA),
# ko.react.dev (CC BY) and LibreOffice's help (MPL 2.0).
"""


def main() -> None:
    documents = read_documents(Path(sys.argv[1]))
    random.Random(0).shuffle(documents)
    rows: list[Findings] = []
    spaces: list[bool] = []
    for fold in range(FOLDS):
        weights = fit_ngrams([text for index, text in enumerate(documents) if index % FOLDS != fold])
        breaks = broken_lines(documents[fold::FOLDS])
        rows += [findings(one, weights) for one in breaks]
        spaces += [one.space for one in breaks]
        print(f"fold {fold}: {len(breaks)} breaks", file=sys.stderr)
    others = fit(rows, spaces)
    scale, offset = others.pop("ngrams"), others.pop("always")
    table = {name: scale * weight for name, weight in fit_ngrams(documents).items()}
    table["always"] += offset
    write(Path("pagetune/extract/spacing.txt"), table | others)


def read_documents(folder: Path) -> list[Document]:
    documents = [text for path in sorted(folder.glob("UD_Korean-*/*.conllu")) for text in read_treebank(path)]
    sentences = sorted(set(klue_sentences(folder / "KLUE" / "klue_benchmark")))
    documents += [sentences[start : start + 20] for start in range(0, len(sentences), 20)]
    documents += [react_paragraphs(path) for path in sorted(folder.glob("ko.react.dev/src/content/**/*.md"))]
    documents += [help_paragraphs(path) for path in sorted(folder.glob("libreoffice/**/ko/text/**/*.html"))]
    kept = [[text for text in map(tidy, document) if is_korean(text)] for document in documents]
    return [document for document in kept if document]


def is_korean(text: str) -> bool:
    return len(text) >= 40 and len(re.findall("[가-힣]", text)) > 0.4 * len(text)


def klue_sentences(folder: Path) -> Iterator[str]:
    """Yield the sentences of the development sets for entities, dependencies, similarity and inference."""
    for task, name in (("klue-ner-v1.1", "ner"), ("klue-dp-v1.1", "dp")):
        for line in (folder / task / f"klue-{name}-v1.1_dev.tsv").read_text("utf-8").splitlines():
            if (found := re.match(r"## klue-\w+-v1_dev_\d+[-_](\w+)\t(.*)", line)) and found[1] in PROSE:
                yield re.sub(r"<([^<>]*):[A-Z]{2}>", r"\1", found[2])
    for name in ("sts", "nli"):
        for row in json.loads((folder / f"klue-{name}-v1.1" / f"klue-{name}-v1.1_dev.json").read_text("utf-8")):
            if row["source"].partition("-")[0] in PROSE:
                yield from (row[key] for key in ("sentence1", "sentence2", "premise", "hypothesis") if key in row)


def react_paragraphs(path: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"<[^>]*>|\{/\*.*?\*/\}|[*`]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    return [re.sub(r"^[\s#>-]*(\d+\.)?", "", line) for line in text.splitlines()]


def help_paragraphs(path: Path) -> list[str]:
    found = re.findall(r"<p[^>]*>(.*?)</p>", path.read_text("utf-8"), flags=re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", " ", text)) for text in found]


def broken_lines(documents: list[Document]) -> list[Break]:
    """Return a sixth of the breaks at six widths, so that there are as many as at one."""
    breaks = [one for width in WIDTHS for one in known_breaks(documents, width)]
    return random.Random(0).sample(breaks, len(breaks) // 6)


def findings(one: Break, weights: Findings) -> Findings:
    """Return all findings at a break, with the sum of its n-grams' weights as one of them."""
    total = sum(weights.get(name, 0.0) for name in ngrams(one.left, one.right))
    return {"always": 1.0, "ngrams": total} | seen(one.left, one.right, one.evidence) | morphemes(one.left, one.right)


def fit_ngrams(documents: list[Document]) -> Findings:
    spaces: list[bool] = []
    places = (place for document in documents for text in document for place in places_of(text, spaces))
    return fit(places, spaces)


def places_of(text: str, spaces: list[bool]) -> Iterator[Findings]:
    """Yield the n-grams of every place in a text where a line could break, and note whether it has a space."""
    for index in range(1, len(text)):
        left, right = text[max(0, index - 4) : index], text[index : index + 4]
        if right[0] != " " and re.search("[가-힣]", left.rstrip()[-1] + right[0]):
            spaces.append(left.endswith(" "))
            yield ngrams(left.rstrip(), right)


def fit(rows: Iterable[Findings], spaces: list[bool]) -> Findings:
    """Fit a logistic regression and return the weight of each finding that was made at least `MIN_COUNT` times."""
    names, numbers, values = encode(rows)
    counts = torch.bincount(numbers[values != 0], minlength=len(names))
    values = values * (counts[numbers] >= MIN_COUNT)
    weights = torch.zeros(len(names), requires_grad=True)
    targets = torch.tensor(spaces, dtype=torch.float32)
    optimizer = torch.optim.LBFGS([weights], max_iter=ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        scores = (weights[numbers] * values).sum(1)
        total = torch.nn.functional.binary_cross_entropy_with_logits(scores, targets, reduction="sum")
        total = (total + PRIOR / 2 * (weights**2).sum()) / len(targets)
        total.backward()
        return total

    optimizer.step(loss)
    return {name: weights[number].item() for number, name in enumerate(names) if counts[number] >= MIN_COUNT}


def encode(rows: Iterable[Findings]) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """Return the findings' names, and two tensors (rows, MOST): the numbers of a row's findings and their values.

    A row with fewer findings is filled up with the value 0.
    """
    known: dict[str, int] = {}
    numbers, values = array("q"), array("f")
    for row in rows:
        numbers.extend(known.setdefault(name, len(known)) for name in row)
        numbers.extend([0] * (MOST - len(row)))
        values.extend([*row.values(), *[0.0] * (MOST - len(row))])
    return list(known), torch.tensor(numbers).view(-1, MOST), torch.tensor(values).view(-1, MOST)


def write(path: Path, weights: Findings) -> None:
    """Write a line for each weight, with the findings that have it, from the strongest against a space to for it."""
    lines = defaultdict(list)
    for name, weight in weights.items():
        if abs(weight) >= MIN_WEIGHT or "|" not in name:
            lines[round(weight * STEPS)].append(name)
    texts = ["\t".join([f"{step / STEPS:g}", *sorted(names)]) for step, names in sorted(lines.items()) if step]
    path.write_text(HEADER + "\n".join(texts) + "\n", "utf-8")


if __name__ == "__main__":
    main()
