"""Rows in which replies are written: each at its own position, refilled while the others go on, and drawn exactly."""

import asyncio
import gc
import weakref
from collections import Counter
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from conftest import build_once
from test_local_author import params_of
from tiny_author import make_tiny_author
from torch import Tensor

from pagetune.llm.client import gather
from pagetune.llm.local import requests, writing
from pagetune.llm.local.attention import PassAttention
from pagetune.llm.local.author import Author, find_author
from pagetune.llm.local.grammar import Grammar
from pagetune.llm.local.prefixes import in_common, nearest
from pagetune.llm.local.reply import Writing
from pagetune.llm.local.requests import Asked, Requests
from pagetune.llm.local.rows import Rows
from pagetune.llm.local.sampling import draw
from pagetune.llm.local.steps import Steps
from pagetune.llm.local.trial import why_rows_fail

PASSAGE = [5 + number % 250 for number in range(0, 1500, 7)]


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    return find_author(params_of(build_once(tmp_path_factory, "author", make_tiny_author)), "test")


def prompts(count: int) -> list[list[int]]:
    """Return prompts of many lengths, of which every second shares the passage with others."""
    random = Random(3)
    own = [[random.randrange(5, 300) for _ in range(5 + 7 * at)] for at in range(count)]
    return [PASSAGE + text if at % 2 else text for at, text in enumerate(own)]


def write(author: Author, texts: list[list[int]], limits: list[int], temperature: float = 0.8) -> list[str]:
    """Return what is written after each text, without a schema, by the limit of each."""

    async def run() -> list[str]:
        desk = Requests(author, params_of("any"))

        async def ask(text: list[int], limit: int) -> str:
            reply: Any = asyncio.get_running_loop().create_future()
            asked = Asked(text, None, str(text), limit, limit, temperature, reply)
            return (await desk.write(asked)).text

        try:
            return await gather(ask(*own) for own in zip(texts, limits, strict=True))
        finally:
            await desk.close()

    return asyncio.run(run())


def whole_pass(model: Any, texts: list[list[int]]) -> Tensor:
    return torch.stack([model(torch.tensor([text], device=model.device)).logits[0, -1] for text in texts])


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_reply_is_the_same_alone_in_a_crowd_and_admitted_late(
    author: Author, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, limits = prompts(11), [3 + 5 * (at * 7 % 6) for at in range(11)]
    alone = [write(author, [text], [limit], temperature)[0] for text, limit in zip(texts, limits, strict=True)]
    assert len(set(alone)) > 8
    for rows in (11, 4, 1):
        monkeypatch.setattr(requests, "_ROWS_ON_CPU", rows)
        assert write(author, texts, limits, temperature) == alone
    monkeypatch.setattr(writing, "_REFILLED_ON_CPU", 8)
    monkeypatch.setattr(requests, "_ROWS_ON_CPU", 3)
    assert write(author, texts, limits, temperature) == alone


def test_rows_are_refilled_as_replies_end(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply takes a step for each token; four batches that wait for their longest reply would take 120 steps."""
    computed: list[int] = []
    plain = Steps.advance

    def counting(self: Any, rows: list[int], *rest: Any) -> Tensor:
        computed.append(len(rows))
        return plain(self, rows, *rest)

    monkeypatch.setattr(Steps, "advance", counting)
    monkeypatch.setattr(requests, "why_rows_fail", lambda _: None)
    monkeypatch.setattr(requests, "_ROWS_ON_CPU", 4)
    limits = [30, 4, 4, 4] * 4
    author.__dict__["ends"], ends = [], author.ends
    try:
        write(author, prompts(16), limits)
    finally:
        author.__dict__["ends"] = ends
    assert sum(computed) == sum(limits)
    assert len(computed) < 60


@pytest.mark.parametrize("by_mask", [False, True])
def test_rows_say_what_a_whole_pass_says(author: Author, by_mask: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts are taken while others are under way; a GPU without the flash kernel reads rows through a mask."""
    model, texts = author.model, prompts(7)
    rows = Rows(model, 8, 512)
    steps = Steps(rows)
    with torch.inference_mode(), rows.attention.used_in(model):
        places, logits = rows.take(texts[:3])
        assert torch.allclose(logits, whole_pass_of(author, texts[:3]), atol=1e-4)
        for step in range(6):
            if step == 3:
                more, logits = rows.take(texts[3:])
                assert torch.allclose(logits, whole_pass_of(author, texts[3:]), atol=1e-4)
                places += more
            tokens = torch.arange(10 + step, 10 + step + len(places))
            logits = advance(steps, places, [len(text) for text in texts[: len(places)]], tokens, by_mask)
            for text, token in zip(texts, tokens.tolist(), strict=False):
                text.append(token)
    assert torch.allclose(logits, whole_pass(model, texts), atol=1e-4)


def whole_pass_of(author: Author, texts: list[list[int]]) -> Tensor:
    """Return the logits of another model with the same weights, whose attention is its own."""
    from pagetune.model.loading import load_base

    other = author.__dict__.setdefault("other", load_base(author.manifest, author.choice))
    return whole_pass(other, texts)


def advance(steps: Steps, rows: list[int], positions: list[int], tokens: Tensor, by_mask: bool) -> Tensor:
    if not by_mask:
        return steps.advance(rows, positions, tokens)
    step = steps._step(steps.places(len(rows)), 300)
    step.begin(rows, positions, tokens)
    step.run()
    return step.logits[: len(rows)]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="graphs need a GPU")
def test_graphs_and_the_flash_kernel_say_what_a_whole_pass_says(author: Author) -> None:
    model, texts = deepcopy(author.model).to("cuda", torch.bfloat16), prompts(9)
    rows = Rows(model, 9, 512)
    steps = Steps(rows)
    with torch.inference_mode(), rows.attention.used_in(model):
        places, _ = rows.take(texts)
        for step in range(6):
            tokens = torch.arange(10 + step, 19 + step, device="cuda")
            logits = steps.advance(places, [len(text) for text in texts], tokens)
            for text, token in zip(texts, tokens.tolist(), strict=True):
                text.append(token)
    whole = whole_pass(model, texts)
    assert rows.read_by_flash
    assert ((logits - whole).abs().max() / whole.std()) < 0.1


def test_what_a_row_holds_is_not_read_again(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = Rows.forward

    def counting(self: Any, ids: Tensor, *rest: Any) -> Tensor:
        read.append(len(ids))
        return plain(self, ids, *rest)

    monkeypatch.setattr(Rows, "forward", counting)
    rows = Rows(author.model, 3, 512)
    with torch.inference_mode(), rows.attention.used_in(author.model):
        (first,), _ = rows.take([[*PASSAGE, 7, 8, 9]])
        under_way, _ = rows.take([[*PASSAGE, 10, 11]])
        rows.free.append(first)
        ended, logits = rows.take([[*PASSAGE, 12]])
    assert read == [len(PASSAGE) + 3, 2, 1]
    assert ended == [first] != under_way
    assert torch.allclose(logits, whole_pass(author.model, [[*PASSAGE, 12]]), atol=1e-4)


def test_the_nearest_prompt_is_found() -> None:
    held = sorted([([*range(100), 7], 0), ([*range(90), 7], 1), ([*range(200, 300)], 2)])
    assert nearest([*range(99), 500], held) == (0, 99)
    assert nearest([*range(30), 500, 501], held) == (-1, 0)
    assert in_common([1, 2, 3], [1, 2, 4]) == 2
    assert in_common([1, 2], [1, 2, 4]) == 2


def test_a_lack_of_memory_halves_the_rows_and_loses_no_reply(
    author: Author, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, limits = prompts(9), [6] * 9
    expected = write(author, texts, limits)
    plain = Steps.advance

    def small(self: Any, rows: list[int], *rest: Any) -> Tensor:
        if len(rows) > 2:
            raise torch.cuda.OutOfMemoryError
        return plain(self, rows, *rest)

    monkeypatch.setattr(Steps, "advance", small)
    monkeypatch.setattr(requests, "_ROWS_ON_CPU", 8)
    capsys.readouterr()
    assert write(author, texts, limits) == expected
    said = capsys.readouterr().out.splitlines()
    assert said == [f"test: out of memory; continuing with {rows} requests at once" for rows in (4, 2)]


def in_waves(author: Author, waves: list[int]) -> list[str]:
    """Ask one desk for two replies a wave, each with prompts of that many tokens."""

    async def run() -> list[str]:
        desk = Requests(author, params_of("any"))

        async def ask(length: int, seed: int) -> str:
            reply: Any = asyncio.get_running_loop().create_future()
            prompt = [5 + (seed + at) % 250 for at in range(length)]
            return (await desk.write(Asked(prompt, None, f"{length} {seed}", 6, 6, 0.8, reply))).text

        try:
            return [text for wave in waves for text in await gather(ask(wave, seed) for seed in (1, 2))]
        finally:
            await desk.close()

    return asyncio.run(run())


@pytest.fixture
def two_ways(author: Author, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Write long prompts with generate, one at a time, and short ones in rows."""
    monkeypatch.setattr(requests, "why_no_rows", lambda _, slots: "too long" if slots > 300 else None)
    monkeypatch.setattr(requests, "_ROWS_ON_CPU", 8)
    monkeypatch.setattr(Requests, "_most_at_once", lambda *_: 1)


@pytest.mark.usefixtures("two_ways")
def test_a_lack_of_memory_in_rows_is_not_judged_by_the_last_wave_of_generate(
    author: Author, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, plain, computed = in_waves(author, [20, 400, 30]), Steps.advance, [0]

    def small(self: Any, rows: list[int], *rest: Any) -> Tensor:
        computed[0] += 1
        if computed[0] == 8:  # in the last wave: the first one takes five steps
            raise torch.cuda.OutOfMemoryError
        return plain(self, rows, *rest)

    monkeypatch.setattr(Steps, "advance", small)
    capsys.readouterr()
    assert in_waves(author, [20, 400, 30]) == expected
    assert "test: out of memory; continuing with 4 requests at once" in capsys.readouterr().out


@pytest.mark.usefixtures("two_ways")
def test_a_lack_of_memory_in_generate_leaves_the_rows_as_many_as_they_were(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, failed, made = requests.write_by_generate, [False], []
    monkeypatch.setattr(Requests, "_most_at_once", lambda *_: 2)

    def fail_once(*given: Any) -> None:
        if not failed[0]:
            failed[0] = True
            raise torch.cuda.OutOfMemoryError
        plain(*given)

    def counted(model: Any, count: int, slots: int) -> Rows:
        made.append(count)
        return Rows(model, count, slots)

    monkeypatch.setattr(requests, "write_by_generate", fail_once)
    monkeypatch.setattr(requests, "Rows", counted)
    in_waves(author, [400, 20])
    assert made == [8]


@pytest.mark.usefixtures("two_ways")
def test_no_idle_rows_hold_memory_while_generate_writes(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, alive, seen = requests.write_by_generate, weakref.WeakSet[Rows](), []

    def counted(model: Any, count: int, slots: int) -> Rows:
        rows = Rows(model, count, slots)
        alive.add(rows)
        return rows

    def watching(*given: Any) -> None:
        gc.collect()
        seen.append(len(alive))
        plain(*given)

    monkeypatch.setattr(requests, "Rows", counted)
    monkeypatch.setattr(requests, "write_by_generate", watching)
    in_waves(author, [20, 400])
    assert set(seen) == {0}


def test_a_model_that_forgets_writes_with_generate(author: Author, tmp_path: Path, capsys: Any) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=len(author.tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, sliding_window=64, initializer_range=0.4,
    )  # fmt: skip
    author.tokenizer.save_pretrained(tmp_path)
    MistralForCausalLM(config).save_pretrained(tmp_path)
    forgetful = find_author(params_of(tmp_path), "test")
    texts = prompts(6)
    assert write(forgetful, texts, [9] * 6, 0.0) == [write(forgetful, [text], [9], 0.0)[0] for text in texts]
    assert "test: writing with transformers' generate (some of its layers do not attend" in capsys.readouterr().out


def test_an_architecture_that_cannot_use_the_rows_is_found_out(author: Author, monkeypatch: Any) -> None:
    with torch.inference_mode():
        assert why_rows_fail(author.model) is None
        plain = PassAttention.__call__
        monkeypatch.setattr(PassAttention, "__call__", lambda self, *given, **named: plain(self, *given, scaling=9.0))
        assert why_rows_fail(author.model) == "another cache changes what it says"
        monkeypatch.setattr(PassAttention, "__call__", lambda *_, **__: [][0])
        assert "it does not run with another cache: list index out of range" in str(why_rows_fail(author.model))
    assert author.model.config._attn_implementation == "pagetune_grouped"


def test_a_token_is_drawn_by_the_cumulative_probability() -> None:
    torch.manual_seed(0)
    logits = torch.randn(400, 1300)
    logits[:, ::3] = float("-inf")
    logits[:, -200:] = float("-inf")
    draws = torch.rand(400, dtype=torch.double)
    draws[:2] = torch.tensor([0.0, 1.0])
    sums = logits.double().softmax(-1).cumsum(-1)
    found = draw(logits, draws)
    expected = torch.searchsorted(sums, (draws * sums[:, -1])[:, None], right=True)[:, 0].clamp(max=1099)
    assert (found == expected).float().mean() > 0.99
    assert torch.isfinite(logits.gather(1, found[:, None])).all()
    with_nan = draw(torch.full((1, 700), float("nan")), torch.tensor([0.5], dtype=torch.double))
    assert 0 <= int(with_nan) < 700


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.4]).log().expand(2000, 4)
    counts = Counter(draw(logits, (torch.arange(2000) + 0.5).double() / 2000).tolist())
    assert counts == {0: 200, 1: 400, 2: 600, 3: 800}


def test_schemas_and_temperatures_share_the_rows(author: Author) -> None:
    """Neither a warm neighbour nor one with a grammar changes what is likeliest."""
    from pagetune.llm.schemas import Graded

    grammar = author.grammar
    assert isinstance(grammar, Grammar)
    logits = torch.randn(3, author.model.config.vocab_size)
    replies = [
        Writing([1], "a", 9, []), Writing([1], "b", 9, [], 0.9), Writing([1], "c", 9, [], 0.9, grammar.matcher(Graded))
    ]  # fmt: skip
    tokens = writing.choose(logits, replies, grammar)
    assert int(tokens[0]) == int(logits[0].argmax())
    assert replies[2].matcher.consume_token(int(tokens[2]))
