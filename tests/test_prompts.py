"""Prompts, completions and their token ids."""

from pathlib import Path
from typing import Any

import pytest
from conftest import shared
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.model.prompts import IGNORED, encode_example, encode_prompt, holds_special_token, to_example
from pagetune.records import Example, Pair

TEMPLATE = "Q: {instruction}\nA: "


def pair(instruction: str = "주소?", output: str = "서울") -> Pair:
    return Pair.original("1", instruction, output, "user", "문서")


def example(instruction: str = "주소?", output: str = "서울", eos: str = "</s>") -> Example:
    return to_example(pair(instruction, output), TEMPLATE, eos, wording_seen=True)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    from pagetune.model.loading import load_tokenizer
    from pagetune.model.manifest import read_manifest

    return load_tokenizer(read_manifest(tiny_base))


def test_the_prompt_is_the_template_and_the_completion_ends_in_the_eos() -> None:
    assert (example().prompt, example().completion) == ("Q: 주소?\nA: ", "서울</s>")


def test_braces_in_a_question_are_only_text() -> None:
    assert example("{output} {0}?").prompt == "Q: {output} {0}?\nA: "


def test_only_the_answer_and_its_eos_count_in_the_loss(tokenizer: Any) -> None:
    row = encode_example(example(), tokenizer)
    prompt = encode_prompt(example().prompt, tokenizer)
    assert len(row["input_ids"]) == len(row["labels"])
    assert row["labels"][: len(prompt)] == [IGNORED] * len(prompt)
    assert row["labels"][len(prompt) :] == row["input_ids"][len(prompt) :]
    assert row["labels"][-1] == tokenizer.eos_token_id


@settings(deadline=None, max_examples=50)
@given(question=st.text(min_size=1, max_size=60), answer=st.text(min_size=1, max_size=60))
def test_any_text_gives_one_eos_and_the_prompt_that_generation_sees(tokenizer: Any, question: str, answer: str) -> None:
    if holds_special_token(pair(question, answer), ["</s>", "<pad>"]):
        return
    row = encode_example(example(question, answer), tokenizer)
    assert row["input_ids"].count(tokenizer.eos_token_id) == 1
    prompt = encode_prompt(example(question, answer).prompt, tokenizer)
    assert row["input_ids"][: len(prompt)] == prompt
    assert any(label != IGNORED for label in row["labels"][:-1])


def test_a_page_that_prints_the_eos_is_recognised() -> None:
    assert holds_special_token(pair(output="끝</s> 아님"), ["</s>"])
    assert not holds_special_token(pair(), ["</s>"])


def test_a_bos_is_never_doubled() -> None:
    from transformers import AutoTokenizer

    real = AutoTokenizer.from_pretrained(shared("models", "stories260K"))
    ids = encode_prompt(f"{real.bos_token}Once upon", real)
    assert ids.count(real.bos_token_id) <= 1
    assert ids[-1] != real.eos_token_id
