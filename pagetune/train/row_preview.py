"""Training rows as one line of text each, with what the loss is on between ⟦ and ⟧."""

import re
from itertools import groupby, pairwise, takewhile
from random import Random
from statistics import median_low
from typing import Any

from pagetune.language import tr
from pagetune.model.prompts import IGNORED
from pagetune.train.distributed import World

#: Texts longer than this many characters are shortened: question and answer get half of it each.
SHOWN = 160

_LINE_BREAK = re.compile(r"\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]")


def report(rows: list[dict[str, list[int]]], tokenizer: Any, cut: int, seed: int, split: str = "train") -> None:
    """Print what a split holds, and five of the rows to be trained on."""
    if not rows or not World.from_environment().is_first:
        return
    lengths = sorted(len(row["input_ids"]) for row in rows)
    trained = sum(label != IGNORED for row in rows for label in row["labels"])
    line = tr(
        "train: {count} {split} rows of {least} to {most} tokens, median {median}, {share:.0%} of them trained on, "
        "{cut} prompts cut",
        count=len(rows),
        split=split,
        least=lengths[0],
        most=lengths[-1],
        median=median_low(lengths),
        share=trained / sum(lengths),
        cut=cut,
    )
    print(line, flush=True)
    for line in show_rows(rows, tokenizer, seed=seed) if split == "train" else []:
        print(f"train: {line}", flush=True)


def show_rows(rows: list[dict[str, list[int]]], tokenizer: Any, count: int = 5, seed: int = 0) -> list[str]:
    """Return `count` rows as lines, short ones first: of five, one is drawn from each fifth of the rows by length."""
    random = Random(seed)  # noqa: S311 - no secret
    by_length = sorted(rows, key=lambda row: len(row["input_ids"]))
    count = min(count, len(rows))
    edges = [len(rows) * part // max(1, count) for part in range(count + 1)]
    return [marked(random.choice(by_length[begin:end]), tokenizer) for begin, end in pairwise(edges)]


def marked(row: dict[str, list[int]], tokenizer: Any) -> str:
    """Return the row's text in one line. A long text loses its middle, never the end of what is trained.

    Each piece is decoded from the start: a letter may be spread over several tokens, and breaks without all of them.
    """
    text, line, begin, end = _decode(row["input_ids"], tokenizer), "", 0, 0
    for trained, run in groupby(label != IGNORED for label in row["labels"]):
        end += len(list(run))
        stop = _shared_start(text, _decode(row["input_ids"][:end], tokenizer))
        piece = _shortened(text[begin:stop]) if len(text) > SHOWN else text[begin:stop]
        line, begin = line + (f"⟦{piece}⟧" if trained else piece), stop
    return _LINE_BREAK.sub("⏎", line)


def _decode(ids: list[int], tokenizer: Any) -> str:
    return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))


def _shared_start(one: str, other: str) -> int:
    """Count the characters that both begin with; an incomplete letter decodes to U+FFFD and does not count."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _shortened(text: str) -> str:
    half = SHOWN // 4
    return f"{text[:half]}…{text[-half:]}" if len(text) > 2 * half else text
