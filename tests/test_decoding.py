"""Answering in batches: pagetune's decoding against transformers', and against itself in other batches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import ROOT, precision_of, shared

from pagetune.model.decoding import bytes_per_row, why_no_fast_decoding
from pagetune.model.loading import load_base, load_tokenizer
from pagetune.model.manifest import Manifest, describe_external, read_manifest
from pagetune.params import Predict, load_params
from pagetune.predict import generation
from pagetune.predict.answers import eos_ids_of, generate
from pagetune.predict.generation import by_generate, decode_all

PARAMS = load_params(ROOT / "params.yaml")
PROMPTS = [
    "센터의", "센터의 주소는", "전화는 02-", "a", "센터의 전화는 02-555-0143입니다. 센터의", "요금?", "9만 원",
    "Q: 주소?\nA: ", "Q: 전화?\nA: ", "서울", "입니다. 입니다. 입니다.", "Q:", "주소? 전화? 요금?", "원 센터의 원",
]  # fmt: skip


def settings(batch_size: int | str = "auto", max_new_tokens: int = 12) -> Predict:
    return Predict(
        engine="transformers", batch_size=batch_size, max_new_tokens=max_new_tokens, book="closed", passages=5
    )


@pytest.fixture(scope="module")
def loaded(tiny_base: Path) -> tuple[Any, Any]:
    manifest = read_manifest(tiny_base)
    return load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)


def encoded(tokenizer: Any) -> list[list[int]]:
    return [list(tokenizer(prompt)["input_ids"]) for prompt in PROMPTS]


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64, "auto"])
def test_answers_are_the_same_in_any_batch(loaded: tuple[Any, Any], rows: int | str) -> None:
    model, tokenizer = loaded
    alone = [generate(model, tokenizer, [prompt], settings(1))[0] for prompt in PROMPTS]
    assert len({answer.text for answer in alone}) > 5
    assert generate(model, tokenizer, PROMPTS, settings(rows)) == alone


def until_eos(ids: list[int], eos_ids: list[int]) -> list[int]:
    return ids[: next((place for place, token in enumerate(ids) if token in eos_ids), None)]


def test_ours_says_what_transformers_says(loaded: tuple[Any, Any]) -> None:
    model, tokenizer = loaded
    eos_ids, pad_id = eos_ids_of(model.generation_config, tokenizer), tokenizer.pad_token_id
    assert why_no_fast_decoding(model, 100) is None
    theirs = [by_generate(model, [prompt], eos_ids, pad_id, 40)[0] for prompt in encoded(tokenizer)]
    ours = decode_all(model, encoded(tokenizer), eos_ids, pad_id, settings(5, 40))
    assert [until_eos(ids, eos_ids) for ids in ours] == [until_eos(ids, eos_ids) for ids in theirs]


def stories() -> Manifest:
    return describe_external(PARAMS.model.model_copy(update={"base": str(shared("models", "stories260K"))}))


def test_a_real_checkpoint_with_shared_heads_says_the_same_as_in_transformers() -> None:
    manifest = stories()
    model, tokenizer = load_base(manifest, precision_of("fp32")), load_tokenizer(manifest)
    assert model.config.num_key_value_heads < model.config.num_attention_heads
    prompts = ["Once upon a time", "Lily went to the park with her mom and saw a big", "The", "One day, Tim"]
    ids = [list(tokenizer(prompt)["input_ids"]) for prompt in prompts]
    theirs = [by_generate(model, [prompt], [2], 0, 50)[0] for prompt in ids]
    assert decode_all(model, ids, [2], 0, settings(3, 50)) == theirs


def test_an_answer_ends_at_the_first_eos_of_the_tokenizer_or_the_model(loaded: tuple[Any, Any]) -> None:
    model, tokenizer = loaded
    (plain,) = generate(model, tokenizer, ["센터의 주소는"], settings())
    second = decode_all(model, [list(tokenizer("센터의 주소는")["input_ids"])], [], 0, settings())[0][1]
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, second]
    try:
        (answer,) = generate(model, tokenizer, ["센터의 주소는"], settings())
    finally:
        model.generation_config.eos_token_id = tokenizer.eos_token_id
    assert answer.stopped
    assert plain.text.startswith(answer.text)
    assert len(answer.text) < len(plain.text)


def test_no_more_tokens_than_asked_for(loaded: tuple[Any, Any]) -> None:
    model, tokenizer = loaded
    for new_tokens in (1, 2, 9):
        assert {len(ids) for ids in decode_all(model, encoded(tokenizer), [], 0, settings(4, new_tokens))} == {
            new_tokens
        }


def test_a_lack_of_memory_halves_the_rows_and_loses_no_answer(
    loaded: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, tokenizer = loaded
    decode = generation.Decoder.decode

    def small(self: Any, prompts: list[list[int]], new_tokens: int) -> list[list[int]]:
        if len(prompts) > 3:
            raise torch.cuda.OutOfMemoryError
        return decode(self, prompts, new_tokens)

    expected = decode_all(model, encoded(tokenizer), [0], 0, settings(2))
    monkeypatch.setattr(generation.Decoder, "decode", small)
    assert decode_all(model, encoded(tokenizer), [0], 0, settings(8)) == expected
    assert "predict: out of memory; continuing with 2 questions per batch" in capsys.readouterr().out
    assert decode_all(model, encoded(tokenizer)[:5], [0], 0, settings(512)) == expected[:5]
    assert capsys.readouterr().out.splitlines() == ["predict: out of memory; continuing with 2 questions per batch"]


def test_a_model_that_does_not_see_the_whole_text_goes_through_transformers(
    loaded: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=99, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, sliding_window=8,
    )  # fmt: skip
    torch.manual_seed(0)
    model = MistralForCausalLM(config).eval()
    prompts = [[5, 6, 7], [8] * 20]
    found = decode_all(model, prompts, [98], 0, settings(2))
    assert (
        "decoding with transformers' generate (some of its layers do not attend to the whole text)"
        in capsys.readouterr().out
    )
    theirs = [by_generate(model, [prompt], [98], 0, 12)[0] for prompt in prompts]
    assert [until_eos(ids, [98]) for ids in found] == [until_eos(ids, [98]) for ids in theirs]


@pytest.mark.parametrize("tokens", [20, 60])
def test_windows_longer_than_the_text_are_decoded_by_ours_as_by_transformers(tokens: int) -> None:
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=99, hidden_size=32, intermediate_size=64, num_hidden_layers=6, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, sliding_window=128, eos_token_id=98, pad_token_id=0, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    model = Gemma3ForCausalLM(config).eval()
    prompts = [[5, 6, 7], list(range(8, 8 + tokens)), [40, 9]]
    assert why_no_fast_decoding(model, tokens + 12) is None
    found = decode_all(model, prompts, [98], 0, settings(3))
    theirs = [by_generate(model, [prompt], [98], 0, 12)[0] for prompt in prompts]
    assert [until_eos(ids, [98]) for ids in found] == [until_eos(ids, [98]) for ids in theirs]
    assert len({tuple(ids) for ids in found}) == len(prompts)  # random weights that repeat one token would show nothing


def test_a_model_that_counts_distances_goes_through_transformers() -> None:
    from transformers import FalconConfig, FalconForCausalLM

    shape = {"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = FalconForCausalLM(FalconConfig(alibi=True, **shape)).eval()
    assert decode_all(model, [[5, 6]], [98], 0, settings(1)) == [by_generate(model, [[5, 6]], [98], 0, 12)[0]]


def test_a_model_without_heads_has_its_rows_tried_out() -> None:
    from transformers import LlamaConfig, MambaConfig

    assert bytes_per_row(MambaConfig(), 100) == 1
    llama = LlamaConfig(num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8, hidden_size=4096)
    assert bytes_per_row(llama, 1) > 2 * 2 * 32 * 8 * 128
