"""Scores of answers against references, and how sure they are: from 0 to 1, `rouge_combined_sum` from 0 to 3.

Texts are compared in NFC. With several references the best one counts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np
from rouge_score import rouge_scorer

from pagetune.errors import UserError

METRICS = (
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "rouge_combined_f1",
    "rouge_combined_sum",
    "exact_match",
    "token_f1",
    "chrf",
    "fact_match",
)
#: The draws of the bootstrap: the same for every run, so that the same answers give the same interval.
BOOTSTRAP_SEED = 0


class Tokenizer(Protocol):
    """What rouge-score asks of a tokenizer; its own keeps [a-z0-9] alone, which turns Korean into nothing."""

    def tokenize(self, text: str) -> list[str]: ...


class CharacterTokenizer:
    def tokenize(self, text: str) -> list[str]:
        return [character for character in _nfc(text).lower() if not character.isspace()]


class WhitespaceTokenizer:
    def tokenize(self, text: str) -> list[str]:
        return _nfc(text).lower().split()


class KiwiTokenizer:
    """Morphemes, as the Korean summarisation benchmarks count them."""

    def tokenize(self, text: str) -> list[str]:
        return [token.form for token in _kiwi().tokenize(_nfc(text).lower())]


def make_tokenizer(name: str) -> Tokenizer:
    if name == "english":
        from rouge_score.tokenizers import DefaultTokenizer

        english: Tokenizer = DefaultTokenizer(use_stemmer=True)
        return english
    tokenizers: dict[str, type[Tokenizer]] = {
        "kiwi": KiwiTokenizer,
        "character": CharacterTokenizer,
        "whitespace": WhitespaceTokenizer,
    }
    return tokenizers[name]()


def tokenizer_record(name: str) -> dict[str, str]:
    package = {"kiwi": "kiwipiepy", "english": "rouge-score"}.get(name)
    return {"name": name, "version": version(package) if package else "1"}


@cache
def _kiwi() -> Any:
    from kiwipiepy import Kiwi

    return Kiwi()


def check_tokenizer(tokenizer: Tokenizer, name: str) -> None:
    """An identical Korean sentence must score 1.0; raises UserError where the tokenizer loses it."""
    korean = "금융보안교육센터의 주소는 어디인가요"
    if name != "english" and rouge(korean, korean, tokenizer)["rougeL"] != 1.0:
        raise UserError(f"params.yaml: evaluate.tokenizer: {name} gives identical Korean a ROUGE below 1. Use kiwi.")


def score(prediction: str, references: Sequence[str], tokenizer: Tokenizer) -> dict[str, float]:
    """Every metric of `METRICS`; the best over the references, metric by metric."""
    each = [_score_one(_nfc(prediction), _nfc(reference), tokenizer) for reference in references]
    return {metric: max(scores[metric] for scores in each) for metric in METRICS}


def _score_one(prediction: str, reference: str, tokenizer: Tokenizer) -> dict[str, float]:
    rouges = rouge(prediction, reference, tokenizer)
    combined = rouges["rouge1"] + rouges["rouge2"] + rouges["rougeL"]
    return {
        **rouges,
        "rouge_combined_f1": combined / 3,
        "rouge_combined_sum": combined,
        "exact_match": float(normalize_answer(prediction) == normalize_answer(reference)),
        "token_f1": f1(tokenizer.tokenize(prediction), tokenizer.tokenize(reference)),
        "chrf": chrf(prediction, reference),
        "fact_match": fact_match(prediction, reference),
    }


def rouge(prediction: str, reference: str, tokenizer: Tokenizer) -> dict[str, float]:
    """F1 of ROUGE-1, -2, -L and -Lsum by rouge-score over our tokens.

    ROUGE-2 of a reference of one token, which has no bigram, is that of its unigram: identical texts score 1.
    """
    names = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    scores = rouge_scorer.RougeScorer(names, tokenizer=tokenizer).score(reference, prediction)
    result = {name: float(scores[name].fmeasure) for name in names}
    if len(tokenizer.tokenize(reference)) == 1:
        result["rouge2"] = float(tokenizer.tokenize(reference) == tokenizer.tokenize(prediction))
    return result


#: A number with what divides its digits and its sign, or any other letter.
_COMPARED = re.compile(r"(?:(?<!\S)-)?\d+(?:[.:/-]\d+)*|[^\W_]")


def normalize_answer(text: str) -> str:
    """Case, punctuation and white space aside, as KorQuAD 1.0's evaluation script compares answers.

    Numbers keep their points and signs: 1.5 is not 15. A text of nothing but signs, such as ○, is compared as it is.
    """
    text = re.sub(r"(?<=\d),(?=\d{3})", "", _nfc(text).lower())
    return "".join(_COMPARED.findall(text)) or text


def f1(prediction: list[str], reference: list[str]) -> float:
    """Harmonic mean of precision and recall over tokens counted with their multiplicity."""
    common = sum((Counter(prediction) & Counter(reference)).values())
    if not common:
        return 0.0
    precision, recall = common / len(prediction), common / len(reference)
    return 2 * precision * recall / (precision + recall)


def chrf(prediction: str, reference: str) -> float:
    """sacrebleu's chrF2, which counts in percent, from 0 to 1."""
    return float(_chrf().sentence_score(prediction, [reference]).score) / 100


@cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF()


#: Numbers with the unit behind them, and codes such as NB-700 or E3.
_NUMBER = re.compile(r"\d[\d,.:/-]*\d|\d")
_UNIT = re.compile(r"\s?(만|억|천)?\s?(원|년|개월|월|일|시간|시|분|초|명|개|권|층|호|회|퍼센트|%|도|배|세)?")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9@._/-]*")
_NEGATION = re.compile(r"않|아니|없|못|불가|금지|\bnot\b|\bno\b|\bnever\b|n't\b", re.IGNORECASE)


def facts(text: str) -> Counter[str]:
    """Numbers with their units, Latin words and codes, and whether the text says no."""
    found = Counter(code.lower() for code in _CODE.findall(text))
    for match in _NUMBER.finditer(text):
        unit = _UNIT.match(text, match.end())
        found[match.group().replace(",", "") + re.sub(r"\s", "", unit.group() if unit else "")] += 1
    if _NEGATION.search(text):
        found["negation"] = 1
    return found


def fact_match(prediction: str, reference: str) -> float:
    """1 if the prediction states just the reference's facts; a reference without any asks for half its characters."""
    expected = facts(reference)
    if expected:
        return float(set(facts(prediction)) == set(expected))
    shared = f1(CharacterTokenizer().tokenize(prediction), CharacterTokenizer().tokenize(reference))
    return float(not facts(prediction) and shared >= 0.5)


def summarize(rows: list[dict[str, float]], samples: int) -> dict[str, float | int | None]:
    """n, and the mean of every metric with its 95% bootstrap interval."""
    summary: dict[str, float | int | None] = {"n": len(rows)}
    draws = np.random.default_rng(BOOTSTRAP_SEED).integers(len(rows), size=(samples, len(rows))) if rows else None
    for metric in METRICS:
        summary |= _with_interval(metric, np.array([row[metric] for row in rows]), draws)
    return summary


def _with_interval(metric: str, values: Any, draws: Any) -> dict[str, float | int | None]:
    if draws is None:
        return {metric: None, f"{metric}_ci95_low": None, f"{metric}_ci95_high": None}
    low, high = np.quantile(values[draws].mean(axis=1), [0.025, 0.975])
    means = {metric: values.mean(), f"{metric}_ci95_low": low, f"{metric}_ci95_high": high}
    return {name: round(float(value), 6) for name, value in means.items()}


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
