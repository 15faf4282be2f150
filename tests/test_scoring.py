"""Scores: known values, an independent count, and what a score must not do."""

import json
import shutil
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from random import Random

import pytest
from conftest import ROOT, run, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.errors import UserError
from pagetune.evaluate.score_file import score_file
from pagetune.evaluate.scoring import (
    METRICS,
    Scored,
    check_tokenizer,
    chrf,
    in_pieces,
    normalize_answer,
    read_scored,
    rouge,
    score,
)
from pagetune.records import Prediction
from pagetune.text.fact_match import fact_match
from pagetune.text.tokenizers import CharacterTokenizer, Tokenizer, WhitespaceTokenizer, f1, make_tokenizer

KIWI = make_tokenizer("kiwi")
WORDS = st.lists(st.sampled_from(["가", "나", "다", "라", "마", "1", "2"]), max_size=8).map(" ".join)


@pytest.mark.parametrize("name", ["kiwi", "character", "whitespace"])
def test_an_identical_korean_sentence_scores_one(name: str) -> None:
    text = "금융보안교육센터의 주소는 어디인가요"
    scores = score(Scored(text, [text]), make_tokenizer(name))
    assert scores.pop("rouge_combined_sum") == pytest.approx(3)
    assert all(value == pytest.approx(1) for value in scores.values())


@settings(deadline=None, max_examples=60)
@given(st.text("가나다라마바사 019.", min_size=1, max_size=20).filter(lambda text: normalize_answer(text) != ""))
def test_any_text_with_words_scores_one_against_itself(text: str) -> None:
    scores = score(Scored(text, [text]), WhitespaceTokenizer())
    names = ("rouge1", "rougeL", "rougeLsum", "exact_match", "token_f1", "character_f1", "fact_match")
    assert {scores[name] for name in names} == {1.0}


@pytest.mark.parametrize("name", ["kiwi", "character", "whitespace"])
def test_nfc_and_nfd_are_the_same_text(name: str) -> None:
    text = "서울특별시 영등포구"
    scores = score(Scored(unicodedata.normalize("NFD", text), [text]), make_tokenizer(name))
    assert (scores["rougeL"], scores["exact_match"], scores["chrf"], scores["fact_match"]) == pytest.approx(
        (1, 1, 1, 1)
    )


def vectors() -> list[dict[str, object]]:
    text = shared("data", "korean_rouge_vectors.json").read_text(encoding="utf-8")
    return list(json.loads(text)["vectors"])


@pytest.mark.parametrize("name", ["whitespace", "character", "kiwi_0.24.1"])
def test_every_published_vector_is_met(name: str) -> None:
    tokenizer = make_tokenizer(name.split("_")[0])
    first, second = vectors()
    found = rouge(str(first["prediction"]), str(first["reference"]), tokenizer)
    published = first["f1"][name]  # type: ignore[index]
    assert [found[metric] for metric in ("rouge1", "rouge2", "rougeL")] == pytest.approx(published, abs=1e-4)
    found = rouge(str(second["prediction"]), str(second["reference"]), tokenizer)
    assert found["rouge1"] == pytest.approx(second["rouge1_f1"][name], abs=0.005)  # type: ignore[index]


def ngram_f1(prediction: list[str], reference: list[str], n: int) -> float:
    """Count ROUGE-N independently of rouge-score."""
    grams = [Counter(tuple(t[i : i + n]) for i in range(len(t) - n + 1)) for t in (prediction, reference)]
    common, sizes = sum((grams[0] & grams[1]).values()), [sum(g.values()) for g in grams]
    return 2 * common / sum(sizes) if common else 0.0


def lcs(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    @cache
    def longest(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return 0
        if a[i - 1] == b[j - 1]:
            return longest(i - 1, j - 1) + 1
        return max(longest(i - 1, j), longest(i, j - 1))

    return longest(len(a), len(b))


def counted(prediction: list[str], reference: list[str]) -> list[float]:
    common = lcs(tuple(prediction), tuple(reference))
    sizes = len(prediction) + len(reference)
    return [ngram_f1(prediction, reference, 1), ngram_f1(prediction, reference, 2), 2 * common / sizes if sizes else 0]


@settings(deadline=None, max_examples=200)
@given(WORDS, WORDS)
def test_rouge_agrees_with_an_independent_count(prediction: str, reference: str) -> None:
    scores = rouge(prediction, reference, WhitespaceTokenizer())
    found = [scores[name] for name in ("rouge1", "rouge2", "rougeL")]
    assert found == pytest.approx(counted(prediction.split(), reference.split()), abs=1e-9)


def korean_sentences(count: int) -> list[str]:
    random = Random(0)
    words = (ROOT / "samples").glob("*.txt")
    pool = sorted({word for path in words for word in path.read_text(encoding="utf-8").split()})
    return [" ".join(random.choices(pool, k=random.randint(1, 25))) for _ in range(count)]


@pytest.mark.parametrize("name", ["whitespace", "character", "kiwi"])
def test_a_thousand_random_pairs_agree_with_the_independent_count(name: str) -> None:
    tokenizer, random = make_tokenizer(name), Random(1)
    for reference in korean_sentences(1000):
        kept = [word for word in reference.split() for _ in range(random.choice((0, 1, 1, 2)))]
        prediction = " ".join(random.sample(kept, len(kept)) if random.random() < 0.3 else kept)
        scores = rouge(prediction, reference, tokenizer)
        found = [scores[metric] for metric in ("rouge1", "rouge2", "rougeL")]
        expected = counted(tokenizer.tokenize(prediction), tokenizer.tokenize(reference))
        assert found == pytest.approx(expected, abs=1e-9), (prediction, reference)
        assert scores["rougeLsum"] == pytest.approx(scores["rougeL"], abs=1e-9)


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
def test_f1_and_rouge_1_by_hand(prediction: str, reference: str, expected: float) -> None:
    assert f1(prediction.split(), reference.split()) == pytest.approx(expected)
    assert rouge(prediction, reference, WhitespaceTokenizer())["rouge1"] == pytest.approx(expected)


def test_the_combined_scores_are_the_mean_and_the_sum_of_three() -> None:
    scores = score(Scored("가 나 다", ["가 나 라"]), WhitespaceTokenizer())
    three = [scores[name] for name in ("rouge1", "rouge2", "rougeL")]
    assert three == pytest.approx([2 / 3, 1 / 2, 2 / 3])
    assert scores["rouge_combined_f1"] == pytest.approx(sum(three) / 3)
    assert scores["rouge_combined_sum"] == pytest.approx(sum(three))


def test_rouge_lsum_takes_each_line_by_itself() -> None:
    scores = rouge("다 라\n가 나", "가 나\n다 라", WhitespaceTokenizer())
    assert (scores["rougeL"], scores["rougeLsum"]) == pytest.approx((0.5, 1.0))


def test_a_text_of_one_token_has_no_bigram_as_in_every_count_of_rouge_2() -> None:
    assert rouge("가", "가", WhitespaceTokenizer())["rouge2"] == 0


def test_exact_match_and_character_f1_are_those_of_korquad() -> None:
    def scored(prediction: str, reference: str) -> tuple[float, float]:
        scores = score(Scored(prediction, [reference]), KIWI)
        return scores["exact_match"], scores["character_f1"]

    assert scored("Help@Example.com ", "help@example.com") == (1, 1)
    assert scored("《서울》 (특별시).", "서울 특별시") == (1, 1)
    assert scored("1,200원", "1200원") == (1, 1)
    assert scored("서울 특별시", "서울특별시") == (0, 1)
    assert scored("12층", "13층") == (0, pytest.approx(2 / 3))
    assert scored("서울시 강남구", "서울") == (0, pytest.approx(0.5))
    assert score(Scored("서울 강남구", ["서울"]), KIWI)["token_f1"] == pytest.approx(2 / 3)


def test_of_several_references_the_best_counts_or_their_mean() -> None:
    references = ["가 나", "나 다", "라"]
    best, mean = (score(Scored("나 다", references), WhitespaceTokenizer(), how) for how in ("max", "mean"))  # type: ignore[arg-type]
    assert (best["rouge1"], best["exact_match"]) == (1, 1)
    assert mean["rouge1"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert mean["exact_match"] == pytest.approx(1 / 3)


def test_a_contradiction_outscores_a_paraphrase_by_rouge_and_not_by_fact_match() -> None:
    reference = "보험금은 청구일로부터 3영업일 이내에 지급됩니다."
    contradiction = "보험금은 청구일로부터 30영업일 이내에 지급되지 않습니다."
    paraphrase = "청구하신 날부터 3영업일 안에 보험금을 드립니다."
    assert (fact_match(contradiction, reference), fact_match(paraphrase, reference)) == (0, 1)
    assert rouge(contradiction, reference, KIWI)["rougeL"] == pytest.approx(0.79, abs=0.01)
    assert rouge(paraphrase, reference, KIWI)["rougeL"] < 0.51


def test_with_several_references_the_combined_scores_are_of_the_three_that_are_shown() -> None:
    scores = score(Scored("가 나 다", ["가 나", "나 다 라 가"]), WhitespaceTokenizer())
    shown = [scores[name] for name in ("rouge1", "rouge2", "rougeL")]
    assert scores["rouge_combined_sum"] == pytest.approx(sum(shown))


def test_many_rows_at_once_keep_their_order_and_score_as_alone() -> None:
    rows = [Scored(text[: len(text) // 2], [text, text[::-1]]) for text in korean_sentences(30)]
    assert list(in_pieces(rows, KIWI, "kiwi")) == rows
    assert score(rows[7], KIWI) == score(Scored(rows[7].prediction, rows[7].references), make_tokenizer("kiwi"))


@pytest.mark.parametrize(
    ("reference", "name", "says"),
    [
        ("서울특별시", "english", "english finds no token in the reference '서울특별시'"),
        (" ", "kiwi", "kiwi finds no token"),
    ],
)
def test_a_reference_without_a_token_is_refused(reference: str, name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        list(in_pieces([Scored("서울", ["3 km", reference])], make_tokenizer(name), name))


def test_chrf_runs_from_zero_to_one() -> None:
    assert chrf("서울특별시", "서울특별시") == pytest.approx(1)
    assert chrf("부산", "서울특별시") == 0


class Lossy:
    """A tokenizer that only keeps [a-z0-9], as rouge-score's own does."""

    def tokenize(self, text: str) -> list[str]:
        return [character for character in text.lower() if character.isascii() and character.isalnum()]


def test_a_tokenizer_that_loses_korean_fails_the_self_test() -> None:
    with pytest.raises(UserError, match="gives identical Korean a ROUGE below 1"):
        check_tokenizer(Lossy(), "lossy")
    for name in ("kiwi", "character", "whitespace"):
        check_tokenizer(make_tokenizer(name), name)


def test_the_english_tokenizer_is_rouge_scores_own() -> None:
    english: Tokenizer = make_tokenizer("english")
    assert english.tokenize("The ports, charging") == ["the", "port", "charg"]


def test_characters_are_counted_without_spaces() -> None:
    assert CharacterTokenizer().tokenize("서울 Aa") == ["서", "울", "a", "a"]


ROWS = [
    {"prediction": "서울특별시", "reference": "서울특별시", "id": 7},
    {"prediction": "모르겠습니다", "reference": ["부산광역시", "부산"]},
]


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_score_prints_one_json_object_with_every_metric(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "answers.jsonl", *ROWS)
    done = run(ROOT, "python", "-m", "pagetune", "score", str(file))
    scores = json.loads(done.stdout)
    assert scores["n"] == 2
    assert set(METRICS) <= set(scores)
    assert (scores["exact_match"], scores["fact_match"]) == (0.5, 0.5)
    assert scores["exact_match_ci95_low"] <= 0.5 <= scores["exact_match_ci95_high"]
    assert scores["tokenizer"]["name"] == "kiwi"
    assert scores["references"] == "max"


def test_score_takes_another_tokenizer_and_the_mean(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "answers.jsonl", {"prediction": "부산", "reference": ["부산", "서울"]})
    options = ("--tokenizer", "character", "--references", "mean")
    scores = json.loads(run(ROOT, "python", "-m", "pagetune", "score", str(file), *options).stdout)
    assert (scores["rouge1"], scores["tokenizer"]["name"], scores["references"]) == (0.5, "character", "mean")
    done = run(ROOT, "python", "-m", "pagetune", "score", str(file), "--tokenizer", "mecab", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("pagetune: score: --tokenizer should be 'kiwi'")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"prediction": "a", "reference": "b"}\n{"prediction": "a"}\n', "2 has no 'prediction' and 'reference'"),
        ("[1, 2]\n", "1 has no 'prediction' and 'reference'"),
        ('{"prediction": 1, "reference": "b"}\n', "1: 'prediction', 'question' and 'evidence' should be texts"),
        ('{"prediction": "a", "reference": " "}\n', "1: 'prediction', 'question' and 'evidence' should be texts"),
        (
            '{"prediction": "a", "reference": ["b", " "]}\n',
            "1: 'prediction', 'question' and 'evidence' should be texts",
        ),
        ('{"prediction": "a", "reference": []}\n', "1: 'prediction', 'question' and 'evidence' should be texts"),
        (
            '{"prediction": "a", "reference": ["b", null]}\n',
            "1: 'prediction', 'question' and 'evidence' should be texts",
        ),
        ('\n{"prediction": \n', "2 is not JSON"),
        ("\n", "has no rows"),
        ('{"prediction": "a\\ud800", "reference": "b"}\n', "1 has half of a character"),
        ("[" * 100_000 + "\n", "1 is not JSON"),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_scored(file)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_ends_where_jsonl_says_so_and_a_number_may_be_long(tmp_path: Path) -> None:
    row = {"prediction": "3만" + "1" * 5000 + " 원\u2028", "reference": "3만 원"}
    (found,) = read_scored(write_rows(tmp_path / "odd.jsonl", row))
    assert score(found, KIWI)["fact_match"] == 0


def test_what_the_question_says_may_stand_in_the_answer(tmp_path: Path) -> None:
    row = {"prediction": "3일 동안은 5,000원입니다.", "reference": "15,000원 중 5,000원"}
    known = row | {"question": "15,000원 중 3일 동안은 얼마인가요?"}
    found = read_scored(write_rows(tmp_path / "answers.jsonl", row, known))
    assert [score(one, KIWI)["fact_match"] for one in found] == [0, 1]


def test_references_are_read_like_a_reference(tmp_path: Path) -> None:
    row = {"prediction": "두 시간입니다.", "question": "얼마나 세울 수 있나요?"}
    texts = ["세 시간", "두 시간"]
    one, other = read_scored(
        write_rows(tmp_path / "answers.jsonl", row | {"references": texts}, row | {"reference": texts})
    )
    assert one == other


def own_answer(name: str, answer: str, **more: object) -> dict[str, object]:
    reference = more.pop("reference", "3만 원")
    row = Prediction(
        pair_id=name,
        kind="faq",
        doc_id="요금",
        page_number=1,
        wording_seen=True,
        prompt=f"Q: {name}?\nA:",
        completion=f" {reference}</s>",
        references=[],
        split="heldout",
        eos_token="</s>",
        prediction=answer,
        stopped=True,
        precision="fp32",
        engine="transformers",
    )
    return row.model_dump() | more


def test_the_pipelines_own_answers_are_scored_set_by_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the documents do not answer is right where the answer says so, as in metrics/eval.json."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    silent = {"reference": "", "answerable": False, "split": "mine"}
    file = write_rows(
        tmp_path / "tuned.jsonl",
        own_answer("가", "3만 원입니다."),
        own_answer("나", "4만 원"),
        own_answer("다", "문서에서 찾을 수 없습니다.", **silent),
    )
    scores = json.loads(score_file(file, None, None))
    assert (scores["n"], scores["fact_match"]) == (3, pytest.approx(2 / 3, abs=1e-5))
    assert {name: own["fact_match"] for name, own in scores["sets"].items()} == {"heldout": 0.5, "mine": 1}
    assert scores["sets"]["mine"]["rougeL"] is None


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_scored(tmp_path / "nowhere.jsonl")
