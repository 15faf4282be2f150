"""Scores of an answer against its references: from 0 to 1, `rouge_combined_sum` from 0 to 3. Texts are compared in NFC.

rouge-score counts ROUGE over our tokens, and sacrebleu counts chrF. Exact match and F1 are those of KorQuAD 1.0.
"""

import json
import string
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rouge_score import rouge_scorer

from pagetune.errors import UserError
from pagetune.text.fact_match import fact_match, readings
from pagetune.text.morphemes import learn_morphemes
from pagetune.text.notation import nfc, plain
from pagetune.text.tokenizers import CharacterTokenizer, Tokenizer, f1

METRICS = (
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "rouge_combined_f1",
    "rouge_combined_sum",
    "exact_match",
    "token_f1",
    "character_f1",
    "chrf",
    "fact_match",
)
#: Over several references a metric is the best one or the mean.
References = Literal["max", "mean"]

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
#: Pairs whose morphemes are analysed at once.
_AT_ONCE = 1000


def check_tokenizer(tokenizer: Tokenizer, name: str) -> None:
    """Raise UserError where a Korean sentence does not score 1 against itself, composed or not."""
    korean = "금융보안교육센터의 주소는 어디인가요"
    if name != "english" and set(rouge(unicodedata.normalize("NFD", korean), korean, tokenizer).values()) != {1.0}:
        raise UserError(
            "params.yaml: evaluate.tokenizer: {name} gives identical Korean a ROUGE below 1. Use kiwi.", name=name
        )


@dataclass(frozen=True)
class Scored:
    """An answer, the accepted answers (none where the documents are silent), the question, the passage that the
    references come from, and the page around it; the last three are empty where they are not known."""

    prediction: str
    references: Sequence[str]
    question: str = ""
    evidence: str = ""
    page: str = ""


def in_pieces(rows: Sequence[Scored], tokenizer: Tokenizer, name: str) -> Iterator[Scored]:
    """Yield all rows in order, with their morphemes analysed many at once.

    Raises UserError where a reference has no token.
    """
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        texts = [text for row in some for text in (row.prediction, row.question, row.evidence, *row.references)]
        pages = [plain(page) for page in {row.page for row in some if row.page}]
        learn_morphemes([*texts, *pages, *(form for text in texts for form in readings(text))])
        for row in some:
            _check_references(row, tokenizer, name)
            yield row


def _check_references(row: Scored, tokenizer: Tokenizer, name: str) -> None:
    for reference in row.references:
        if not tokenizer.tokenize(reference):
            seen = f"the tokenizer {name} finds no token in the reference {reference[:80]!r}"
            raise UserError(
                "{seen}. Use kiwi or character (evaluate.tokenizer), or take the reference out if it is empty.",
                seen=seen,
            )


def score(row: Scored, tokenizer: Tokenizer, combine: References = "max") -> dict[str, float]:
    """Return every metric of `METRICS`, over the references by their maximum or their mean."""
    each = [_score_one(row, reference, tokenizer) for reference in row.references]
    over: Callable[[list[float]], float] = max if combine == "max" else _mean
    scores = {metric: over([scores[metric] for scores in each]) for metric in each[0]}
    combined = scores["rouge1"] + scores["rouge2"] + scores["rougeL"]
    scores |= {"rouge_combined_f1": combined / 3, "rouge_combined_sum": combined}
    return {metric: scores[metric] for metric in METRICS}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _score_one(row: Scored, reference: str, tokenizer: Tokenizer) -> dict[str, float]:
    prediction, reference = nfc(row.prediction), nfc(reference)
    said, held = normalize_answer(prediction), normalize_answer(reference)
    return {
        **rouge(prediction, reference, tokenizer),
        "exact_match": float(said == held),
        "token_f1": f1(said.split(), held.split()),
        "character_f1": f1(*(CharacterTokenizer().tokenize(text) for text in (said, held))),
        "chrf": chrf(prediction, reference),
        "fact_match": fact_match(prediction, reference, row.question, row.evidence),
    }


def rouge(prediction: str, reference: str, tokenizer: Tokenizer) -> dict[str, float]:
    """Return the F1 of ROUGE-1, -2, -L and -Lsum by rouge-score over our tokens.

    A text of one token has no bigram, so its ROUGE-2 is 0 even against itself, as in every implementation.
    """
    scores = rouge_scorer.RougeScorer(_ROUGE, tokenizer=tokenizer).score(reference, prediction)
    return {name: float(scores[name].fmeasure) for name in _ROUGE}


_KORQUAD_SPACES = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str) -> str:
    """Normalize as KorQuAD 1.0's evaluation script does.

    Brackets and quotes become spaces, letters lower case, ASCII punctuation goes, and spaces are single. This makes 1.5
    and 15 the same; `fact_match` tells them apart.
    """
    return " ".join(nfc(text).translate(_KORQUAD_SPACES).lower().translate(_PUNCTUATION).split())


def chrf(prediction: str, reference: str) -> float:
    """Return chrF2 from 0 to 1; sacrebleu counts it in percent."""
    return float(_chrf().sentence_score(prediction, [reference]).score) / 100


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


def read_scored(path: Path) -> list[Scored]:
    """Read rows of {"prediction", "reference"}, where the reference is a text or a list of texts.

    A row may call it "references", as those of data/questions do, and may have a "question" and "evidence"; other keys
    are ignored. Raises UserError with file and line where a row is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            "{path} cannot be read: {error}. Name a file of JSON lines in UTF-8.", path=path, error=error
        ) from None
    rows = [_row(f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise UserError('{path} has no rows. Write one {{"prediction": …, "reference": …}} on each line.', path=path)
    return rows


def _row(where: str, line: str) -> Scored:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError("{where} is not JSON: {error}. Fix that line.", where=where, error=error) from None
    if not isinstance(row, dict) or "prediction" not in row or not row.keys() & {"reference", "references"}:
        raise UserError("{where} has no 'prediction' and 'reference': {text}. Add them.", where=where, text=line[:80])
    given = row["reference"] if "reference" in row else row["references"]
    references = given if isinstance(given, list) else [given]
    question, evidence = row.get("question") or "", row.get("evidence") or ""
    texts = (row["prediction"], question, evidence, *references)
    if not all(isinstance(text, str) for text in texts) or not references or not all(map(str.strip, references)):
        rule = "'prediction', 'question' and 'evidence' should be texts, 'reference' a text or a list of texts"
        raise UserError("{where}: {rule}, got {text}. Fix that line.", where=where, rule=rule, text=line[:80])
    if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
        raise UserError("{where} has half of a character (a surrogate). Fix that line.", where=where)
    return Scored(row["prediction"], references, question, evidence)
