"""A BM25 index over passages: the stage `search` saves it, and evaluate, ask, chat and serve load it."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pagetune.jsonl import write_json
from pagetune.search.passages import Passage
from pagetune.search.tokens import learn, tokens

#: BM25's usual constants: how soon a repeated token stops to count, and how much a long passage is marked down.
K1, B = 1.5, 0.75
#: Parts whose morphemes are analysed at once.
_AT_ONCE = 2000
#: Where the stage `search` saves the index, and the file that says which passages it is of.
SAVED = Path("data/search/index")
_MARK = "passages.json"

Ranking = list[tuple[int, float]]


class Index:
    """Passages that can be ranked by a question. `saved` is the folder of an index that `save` has written; where it is
    of other passages, damaged or absent, the passages are indexed again, which takes Kiwi seconds."""

    def __init__(self, passages: Sequence[Passage], saved: Path | None = None) -> None:
        self._fingerprint = _fingerprint(passages)
        self._none = np.zeros(len(passages))
        self._bm25 = (_load(saved, self._fingerprint) if saved else None) or _build(passages)

    def save(self, folder: Path) -> None:
        """Write the index into a folder, the same bytes for the same passages. Its mark is written last."""
        (folder / _MARK).unlink(missing_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        if self._bm25 is not None:
            self._bm25.save(folder, show_progress=False)
        write_json(folder / _MARK, {"passages_sha256": self._fingerprint})

    def scores(self, question: str) -> Any:
        """Return the score of each passage, rounded so that every machine ranks them alike."""
        if self._bm25 is None:
            return self._none
        asked = [token for token in dict.fromkeys(tokens(question)) if token in self._bm25.vocab_dict]
        return self._bm25.get_scores(asked).round(6) if asked else self._none

    def passages_with(self, word: str) -> int:
        """Return in how many passages a word stands."""
        if self._bm25 is None:
            return 0
        token = self._bm25.vocab_dict.get(word)
        starts = self._bm25.scores["indptr"]
        return 0 if token is None else int(starts[token + 1] - starts[token])


def best(scores: Any, count: int) -> Ranking:
    """Return the passages with the highest scores above 0, those in front first where scores are equal."""
    count = min(count, len(scores))
    if count == 0:
        return []
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    numbers = np.flatnonzero((scores >= least) & (scores > 0))
    ranked = numbers[np.argsort(-scores[numbers], kind="stable")][:count]
    return [(int(number), float(scores[number])) for number in ranked]


def _build(passages: Sequence[Passage]) -> Any:
    """Make the index of the passages; None where they have no token: no page is readable, or all cells are "-"."""
    from bm25s import BM25

    known = _tokens_of(dict.fromkeys(part for passage in passages for part in passage.searched))
    numbers = {token: number for number, token in enumerate(sorted(set(chain.from_iterable(known.values()))))}
    if not numbers:
        return None
    bags = [[numbers[token] for part in passage.searched for token in known[part]] for passage in passages]
    bm25 = BM25(k1=K1, b=B, method="lucene", dtype="float64", backend="numpy")
    bm25.index((bags, numbers), show_progress=False)
    bm25.scores["data"] = bm25.scores["data"].round(9)  # the last digits of a logarithm differ between machines
    return bm25


def _load(folder: Path, fingerprint: str) -> Any:
    """Return the index in a folder; None where it is of other passages, damaged or absent."""
    from bm25s import BM25

    try:
        if json.loads((folder / _MARK).read_text(encoding="utf-8")) != {"passages_sha256": fingerprint}:
            return None
        return BM25.load(folder, show_progress=False)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _fingerprint(passages: Sequence[Passage]) -> str:
    """Return a hash of all that is searched, and of the versions by which its tokens are found and written."""
    versions = [version(name) for name in ("bm25s", "kiwipiepy", "kiwipiepy_model")]
    content = [K1, B, versions, [passage.searched for passage in passages]]
    return sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def _tokens_of(parts: Iterable[str]) -> dict[str, list[str]]:
    """Return the tokens of each part; several passages have the same ones."""
    all_parts = list(parts)
    found: dict[str, list[str]] = {}
    for start in range(0, len(all_parts), _AT_ONCE):
        some = all_parts[start : start + _AT_ONCE]
        learn(some)
        found |= {part: tokens(part) for part in some}
    return found
