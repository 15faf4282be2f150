"""English quantities in words are those in digits; words that only look like them stay."""

import pytest

from pagetune.evaluate.explanation import explain
from pagetune.evaluate.scoring import Scored
from pagetune.text.english_numbers import english_in_digits
from pagetune.text.fact_match import fact_match
from pagetune.text.tokenizers import make_tokenizer

EQUAL = [
    ("an hour", "60 minutes"), ("an hour and a half", "90 minutes"), ("half an hour", "30 minutes"),
    ("a year and a half", "18 months"), ("one and a half years", "18 months"), ("a fortnight", "14 days"),
    ("two dozen", "24"), ("three quarters", "75%"), ("two thirds", "2/3"), ("one in five", "20%"),
    ("half a kilo", "500 g"), ("quarter past nine", "9:15"), ("half past nine", "9:30"),
    ("9 o'clock", "9:00"), ("5k", "5,000"), ("2.5 million won", "2,500,000 won"), ("€15", "15 euros"),
    ("15 September 2024", "2024-09-15"), ("every other day", "every 2 days"), ("weekly", "once a week"),
    ("12 times a year", "monthly"), ("4 times a year", "every three months"), ("a couple of days", "2 days"),
    ("356°F", "180 °C"), ("2,048 MB", "2 GB"), ("no more than 20 kg", "at most 20 kg"),
]  # fmt: skip
OTHER = [
    ("an hour and a half", "60 minutes"), ("two dozen", "12"), ("a third", "25%"), ("quarter to nine", "9:15"),
    ("half past nine", "8:30"), ("5k", "50,000"), ("weekly", "twice a week"), ("3 times a year", "every three months"),
    ("15 September 2024", "2024-09-16"), ("no less than 20 kg", "at most 20 kg"), ("3 GB", "2,048 MB"),
]  # fmt: skip
WORDS = [
    "The third party pays.", "It opens from ten to twelve.", "Children aged five to ten may enter.",
    "A day pass costs $5 a day.", "A second and third opinion helps.", "The ratio is ten to one.",
]  # fmt: skip
LOOPS = [
    "9" * 400 + "°F", "1" * 5000 + "k", "1" * 4298 + " million", "1" * 5000 + " and a half", "1" * 5000 + "일마다",
    "1" * 5000 + " times a day", "1," * 5000, "세 시간 " * 400, "a third of " * 300, "**환불** " * 400,
]  # fmt: skip


@pytest.mark.parametrize(("prediction", "reference"), EQUAL)
def test_a_quantity_in_words_is_that_in_digits(prediction: str, reference: str) -> None:
    said, held = f"It is {prediction}.", f"It is {reference}."
    assert fact_match(said, held, "How much is it?") == 1
    assert fact_match(held, said, "How much is it?") == 1


@pytest.mark.parametrize(("prediction", "reference"), OTHER)
def test_another_quantity_in_words_is_not(prediction: str, reference: str) -> None:
    assert fact_match(f"It is {prediction}.", f"It is {reference}.", "How much is it?") == 0


@pytest.mark.parametrize("text", WORDS)
def test_words_that_only_look_like_quantities_stay(text: str) -> None:
    assert english_in_digits(text) == text


@pytest.mark.parametrize("text", LOOPS, ids=lambda text: text[-12:])
def test_an_answer_that_loops_is_wrong_and_its_explanation_is_the_whole_text(text: str) -> None:
    found = explain(Scored(text, ["수수료는 3일마다 냅니다."], "언제 내나요?"), make_tokenizer("character"))
    assert not found.right
    assert "".join(span.text for span in found.prediction) == text
