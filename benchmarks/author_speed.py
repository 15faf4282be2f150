"""Write replies with a model of random weights on one GPU: how many tokens a second, and where the time goes.

    python -m benchmarks.author_speed              # Llama-3.1-8B's shape in bf16, 800 requests, about two minutes
    python -m benchmarks.author_speed --tiny       # a shape for a CPU, to try the program

Nothing is downloaded or read: weights are random, and so are the tokens of a tokenizer with the model's vocabulary. Of
five requests about a passage four share their beginning, as answers do; prompts have 300 to 900 tokens. Random weights
end no reply, so that each has a length of its own, from 30 to 200 tokens. Lines: everything asked at once; the answers
asked when their questions are written; everything at once, held to a JSON schema. Each captures its own graphs.
Tokens a second are those of the replies over the whole time; the share of the rows is that which held a reply
under way, step by step. The parts of the time are waited for one by one, which takes longer than the run before.
"""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.train_gpu import SHAPES
from pagetune.llm.local import requests, steps, writing
from pagetune.llm.local.grammar import Grammar
from pagetune.llm.local.requests import Asked, Requests
from pagetune.llm.local.rows import Rows
from pagetune.llm.local.steps import Steps
from pagetune.llm.schemas import Answered
from pagetune.model.builtin import EOS, PAD
from pagetune.model.decoding import attend_in_groups
from pagetune.params import load_params

ANSWERS = 4
PROMPT_TOKENS, QUESTION_TOKENS, REPLY_TOKENS = (300, 900), (15, 40), (30, 200)
TEMPERATURE = 0.3


def make_model(shape: str) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, intermediate, layers, heads, kv_heads, vocabulary = SHAPES[shape]
    config = LlamaConfig(
        hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, vocab_size=vocabulary, max_position_embeddings=8192, rope_theta=500000.0,
        tie_word_embeddings=False, bos_token_id=None, eos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    on_gpu = torch.cuda.is_available()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16 if on_gpu else torch.float32)
    with torch.device("cuda" if on_gpu else "cpu"):
        model = LlamaForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    attend_in_groups(model)
    return model


def make_tokenizer(vocabulary: int) -> Any:
    """Return a byte-level BPE whose tokens are joined at random out of shorter ones, letters and Hangul among them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = pre_tokenizers.ByteLevel.alphabet()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    syllables = [byte_level.pre_tokenize_str(chr(0xAC00 + number))[0][0] for number in range(11172)]
    tokens, merges, random = dict.fromkeys([EOS, PAD, *sorted(letters)]), [], Random(0)
    for syllable in syllables[: max(0, vocabulary - len(tokens)) // 16]:
        merges += [(syllable[0], syllable[1]), (syllable[:2], syllable[2])]
        tokens |= dict.fromkeys([syllable[:2], syllable])
    parts = [token for token in tokens if token.isascii() and len(token) == 1] + syllables[: len(merges) // 2]
    while len(tokens) < vocabulary:
        one, other = random.choice(parts), random.choice(parts)
        if one + other not in tokens and len(one + other) < 16:
            merges.append((one, other))
            parts.append(one + other)
            tokens[one + other] = None
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = byte_level, decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=EOS, pad_token=PAD)


def requests_of(count: int, vocabulary: int, seed: int, scale: int) -> list[list[tuple[list[int], int]]]:
    """Return for each passage the prompts, that of the questions first, and how long the reply to each becomes."""
    random = Random(seed)

    def draw(bounds: tuple[int, int]) -> int:
        return random.randint(*bounds) // scale

    def text(length: int) -> list[int]:
        return [random.randrange(300, vocabulary) for _ in range(length)]

    passages = []
    for _ in range(count // (1 + ANSWERS)):
        length = draw(PROMPT_TOKENS)
        shared = text(length - draw(QUESTION_TOKENS))
        prompts = [text(length), *(shared + text(length - len(shared)) for _ in range(ANSWERS))]
        passages.append([(prompt, draw(REPLY_TOKENS)) for prompt in prompts])
    return passages


async def write(author: Any, passages: list[list[tuple[list[int], int]]], in_turn: bool, schema: Any) -> int:
    """Write all replies, and return how many tokens they have."""
    llm = load_params().llm
    desk = Requests(author, llm)

    async def ask(prompt: list[int], limit: int) -> int:
        answer: Any = asyncio.get_running_loop().create_future()
        asked = Asked(prompt, schema, str(prompt), limit, limit, TEMPERATURE, answer)
        return (await desk.write(asked)).output_tokens

    async def about(passage: list[tuple[list[int], int]]) -> int:
        first = await ask(*passage[0]) if in_turn else 0
        return first + sum(await asyncio.gather(*(ask(*own) for own in passage[in_turn:])))

    try:
        return sum(await asyncio.gather(*map(about, passages)))
    finally:
        await desk.close()


def run(name: str, author: Any, passages: Any, in_turn: bool, schema: Any = None) -> float:
    """Write once, print how fast, and return the seconds."""
    replies = sum(map(len, passages))
    seen: Counter[str] = Counter()
    plain = Steps.advance

    def counting(self: Any, rows: list[int], *rest: Any) -> Any:
        seen.update(steps=1, rows=self.rows.count, places=self.places(len(rows)))
        return plain(self, rows, *rest)

    free_gpu()
    began = time.perf_counter()
    with patch.object(Steps, "advance", counting):
        tokens = asyncio.run(write(author, passages, in_turn, schema))
    seconds = time.perf_counter() - began
    gib = torch.cuda.max_memory_reserved() / 2**30 if torch.cuda.is_available() else 0.0
    held = tokens - replies  # the first token of a reply follows from its prompt
    print(
        f"{name:<32}{tokens:>7,} tokens {seconds:>6.1f} s {tokens / seconds:>7,.0f} tokens/s {seen['steps']:>5} steps, "
        f"{held / seen['rows']:.0%} of the rows and {held / seen['places']:.0%} of the computed held a reply "
        f"{gib:>6.1f} GiB",
        flush=True,
    )
    return seconds


def check(model: Any, vocabulary: int) -> None:
    """Compare logits of rows at positions of their own, refilled and by graphs, with those of whole forward passes."""
    random, rows = Random(9), Rows(model, 8, 1024)
    own = Steps(rows)
    shared = [random.randrange(300, vocabulary) for _ in range(200)]
    texts = [shared[: 200 - 60 * (at % 2)] + random.choices(shared, k=5 + 40 * at) for at in range(7)]
    with torch.inference_mode(), rows.attention.used_in(model):
        places, logits = rows.take(texts[:4])
        for step in range(12):
            if step == 5:
                more, first = rows.take(texts[4:])
                places, logits = places + more, torch.cat([logits, first])
            tokens = torch.randint(300, vocabulary, (len(places),), device=model.device)
            logits = own.advance(places, [len(text) for text in texts[: len(places)]], tokens)
            for text, token in zip(texts, tokens.tolist(), strict=False):
                text.append(token)
        found = logits.float()
    with torch.inference_mode():
        whole = [model(torch.tensor([text], device=model.device)).logits[0, -1].float() for text in texts]
        model.set_attn_implementation("eager")
        eager = [model(torch.tensor([text], device=model.device)).logits[0, -1].float() for text in texts]
    attend_in_groups(model)
    for name, others in (("rows", found), ("transformers' eager attention", torch.stack(eager))):
        apart = (others - torch.stack(whole)) / torch.stack(whole).std()
        print(
            f"logits of {name} differ from those of a whole pass by {apart.square().mean().sqrt():.4f} "
            f"of their standard deviation (root mean square), at most {apart.abs().max():.3f}",
            flush=True,
        )


def free_gpu() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


class Stopwatch:
    """The seconds of each part, less those of the parts within it. The GPU is waited for before and after each."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._within: list[float] = []

    def timed(self, owner: Any, name: str, part: str) -> Any:
        plain = getattr(owner, name)

        def waiting(*given: Any, **named: Any) -> Any:
            with self._part(part):
                return plain(*given, **named)

        return patch.object(owner, name, waiting)

    @contextmanager
    def _part(self, part: str) -> Iterator[None]:
        wait()
        began = time.perf_counter()
        self._within.append(0.0)
        yield
        wait()
        seconds = time.perf_counter() - began
        self.seconds[part] += seconds - self._within.pop()
        if self._within:
            self._within[-1] += seconds


def wait() -> None:
    if torch.cuda.is_available() and not torch.cuda.is_current_stream_capturing():
        torch.cuda.synchronize()


def show_parts(work: Callable[[], float]) -> None:
    watch = Stopwatch()
    parts = [
        (Rows, "take", "prompts"), (Steps, "advance", "steps of the model"), (steps, "capture", "captures"),
        (writing, "choose", "choice"), (Grammar, "only_allowed", "grammar"), (Grammar, "consume", "grammar"),
        (writing, "add_tokens", "replies"), (requests.Requests, "_admit", "requests"),
        (requests, "Rows", "making of the rows"),
    ]  # fmt: skip
    with ExitStack() as patches:
        for part in parts:
            patches.enter_context(watch.timed(*part))
        seconds = work()
    named = sorted(watch.seconds.items(), key=lambda own: -own[1])
    rest = seconds - watch.seconds.total()
    print(", ".join(f"{part} {value:.2f} s" for part, value in [*named, ("other", rest)]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="8b")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--requests", type=int, default=800)
    parser.add_argument("--no-parts", action="store_true")
    options = parser.parse_args()
    shape, count, scale = ("tiny", 40, 8) if options.tiny else (options.shape, options.requests, 1)
    model = make_model(shape)
    vocabulary = model.config.vocab_size
    tokenizer = make_tokenizer(vocabulary)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"{gpu}, torch {torch.__version__}, {model.num_parameters() / 1e9:.1f} billion parameters", flush=True)
    check(model, vocabulary)
    author: Any = SimpleNamespace(
        model=model, tokenizer=tokenizer, grammar=None, ends=[], stage="speed", manifest=SimpleNamespace(id=shape)
    )
    passages = [requests_of(count, vocabulary, seed, scale) for seed in range(3)]
    run("at once", author, passages[0], in_turn=False)
    run("answers after questions", author, passages[1], in_turn=True)
    if not options.no_parts:
        show_parts(lambda: run("the same, part by part", author, passages[1], in_turn=True))
    author.grammar, author.ends = Grammar(tokenizer, vocabulary, [tokenizer.eos_token_id]), [tokenizer.eos_token_id]
    run("at once, held to JSON", author, passages[2], in_turn=False, schema=Answered)
    if not options.no_parts:
        show_parts(lambda: run("the same, part by part", author, passages[2], in_turn=False, schema=Answered))


if __name__ == "__main__":
    main()
