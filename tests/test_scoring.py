"""Scores: known values, an independent count, and what a score must not do."""

import json
import unicodedata
from collections import Counter

import pytest
from conftest import shared
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.scoring import (
    METRICS,
    Tokenizer,
    WhitespaceTokenizer,
    chrf,
    f1,
    fact_match,
    make_tokenizer,
    rouge,
    score,
    summarize,
)

KIWI = make_tokenizer("kiwi")
WORDS = st.lists(st.sampled_from(["가", "나", "다", "라", "마", "1", "2"]), max_size=8).map(" ".join)


@pytest.mark.parametrize("name", ["kiwi", "character", "whitespace"])
def test_an_identical_korean_sentence_scores_one(name: str) -> None:
    text = "금융보안교육센터의 주소는 어디인가요"
    scores = score(text, [text], make_tokenizer(name))
    assert scores.pop("rouge_combined_sum") == pytest.approx(3)
    assert all(value == pytest.approx(1) for value in scores.values())


@settings(deadline=None, max_examples=60)
@given(st.text("가나다라마바사 019.", min_size=1, max_size=20).filter(str.strip))
def test_any_text_with_words_scores_one_against_itself(text: str) -> None:
    scores = score(text, [text], WhitespaceTokenizer())
    assert scores["rougeL"] == scores["rouge2"] == scores["exact_match"] == scores["fact_match"] == 1


def test_nfc_and_nfd_are_the_same_text() -> None:
    text = "서울특별시 영등포구"
    assert score(unicodedata.normalize("NFD", text), [text], KIWI)["rougeL"] == pytest.approx(1)


def test_the_published_values_are_met() -> None:
    vectors = json.loads(shared("data", "korean_rouge_vectors.json").read_text(encoding="utf-8"))["vectors"]
    first = vectors[0]
    for name, key in (("whitespace", "whitespace"), ("character", "character"), ("kiwi", "kiwi_0.24.1")):
        scores = rouge(first["prediction"], first["reference"], make_tokenizer(name))
        assert [scores[metric] for metric in ("rouge1", "rouge2", "rougeL")] == pytest.approx(
            first["f1"][key], abs=1e-4
        )


def ngram_f1(prediction: list[str], reference: list[str], n: int) -> float:
    """An independent count of ROUGE-N."""
    grams = [Counter(tuple(t[i : i + n]) for i in range(len(t) - n + 1)) for t in (prediction, reference)]
    common, sizes = sum((grams[0] & grams[1]).values()), [sum(g.values()) for g in grams]
    return 2 * common / sum(sizes) if common else 0.0


def lcs(a: list[str], b: list[str]) -> int:
    if not a or not b:
        return 0
    if a[-1] == b[-1]:
        return lcs(a[:-1], b[:-1]) + 1
    return max(lcs(a[:-1], b), lcs(a, b[:-1]))


@settings(deadline=None, max_examples=200)
@given(WORDS, WORDS)
def test_rouge_agrees_with_an_independent_count(prediction: str, reference: str) -> None:
    p, r = prediction.split(), reference.split()
    scores = rouge(prediction, reference, WhitespaceTokenizer())
    assert scores["rouge1"] == pytest.approx(ngram_f1(p, r, 1), abs=1e-9)
    if len(r) != 1:
        assert scores["rouge2"] == pytest.approx(ngram_f1(p, r, 2), abs=1e-9)
    assert scores["rougeL"] == pytest.approx(2 * lcs(p, r) / (len(p) + len(r)) if p and r else 0, abs=1e-9)


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("가 나", "가 나", 1.0),
        ("가 나 다", "라 나 마", 1 / 3),
        ("가 나", "나 다", 1 / 2),
        ("", "가", 0.0),
        ("", "", 0.0),
    ],
)
def test_token_f1_by_hand(prediction: str, reference: str, expected: float) -> None:
    assert f1(prediction.split(), reference.split()) == pytest.approx(expected)


def test_exact_match_ignores_case_spaces_and_punctuation_only() -> None:
    def exact(prediction: str, reference: str) -> float:
        return score(prediction, [reference], KIWI)["exact_match"]

    assert exact("Help@Example.com ", "help@example.com") == 1
    assert exact("서울 특별시.", "서울특별시") == 1
    assert exact("12층", "13층") == 0
    assert exact("15시간", "1.5시간") == 0
    assert exact("10도", "-10도") == 0
    assert exact("×", "○") == 0
    assert exact("○", "○") == 1
    assert exact("1,200원", "1200원") == 1


def test_the_best_reference_counts() -> None:
    assert score("나", ["가", "나"], KIWI)["exact_match"] == 1


def test_a_contradiction_ranks_under_a_paraphrase_by_fact_match() -> None:
    reference = "보험금은 청구일로부터 3영업일 이내에 지급됩니다."
    contradiction = "보험금은 청구일로부터 30영업일 이내에 지급되지 않습니다."
    paraphrase = "청구하신 날부터 3영업일 안에 보험금을 드립니다."
    assert fact_match(contradiction, reference) < fact_match(paraphrase, reference)
    assert rouge(contradiction, reference, KIWI)["rougeL"] > rouge(paraphrase, reference, KIWI)["rougeL"]


@pytest.mark.parametrize(
    ("prediction", "reference", "expected"),
    [
        ("수강료는 1,200원입니다", "1200 원", 1),
        ("12000원", "1200원", 0),
        ("E3", "E5", 0),
        ("됩니다", "되지 않습니다", 0),
        ("정보보호팀", "정보보호팀", 1),
        ("전혀 다른 말", "정보보호팀", 0),
        ("3일", "정보보호팀", 0),
    ],
)
def test_facts_agree_or_not(prediction: str, reference: str, expected: int) -> None:
    assert fact_match(prediction, reference) == expected


def test_chrf_runs_from_zero_to_one() -> None:
    assert chrf("서울특별시", "서울특별시") == pytest.approx(1)
    assert chrf("부산", "서울특별시") == 0


def test_an_empty_set_has_n_zero_and_null_scores() -> None:
    summary = summarize([], samples=10)
    assert summary["n"] == 0
    assert {value for name, value in summary.items() if name != "n"} == {None}


def test_an_interval_holds_its_mean_and_is_the_same_twice() -> None:
    rows = [dict.fromkeys(METRICS, float(i % 2 == 0)) for i in range(30)]
    summary = summarize(rows, samples=200)
    assert summary["rougeL_ci95_low"] < summary["rougeL"] < summary["rougeL_ci95_high"]  # type: ignore[operator]
    assert summary["rougeL"] == 0.5
    assert summary == summarize(rows, samples=200)


def test_the_english_tokenizer_is_rouge_scores_own() -> None:
    english: Tokenizer = make_tokenizer("english")
    assert english.tokenize("The ports, charging") == ["the", "port", "charg"]
