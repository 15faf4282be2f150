"""How long scoring takes: 10,000 different pairs of sentences, every metric, kiwi's morphemes.

    python -m benchmarks.scoring

The sentences are those of the sample documents; a prediction is its reference with words left out, doubled, exchanged
and with other digits, so that no text stands there twice. The whole is what `python -m pagetune score` does; below it
each part alone, with the morphemes known.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from pagetune.evaluate.scoring import Scored, chrf, in_pieces, normalize_answer, rouge, score
from pagetune.text.fact_match import fact_match
from pagetune.text.tokenizers import CharacterTokenizer, f1, make_tokenizer

PAIRS = 10_000
SAMPLES = Path(__file__).parent.parent / "samples"


def sentences() -> list[list[str]]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt")))
    found = [sentence.split() for sentence in re.split(r"(?<=[.?!])\s+|\n+", text)]
    return [words for words in found if 4 <= len(words) <= 40]


def pairs() -> list[tuple[str, list[str]]]:
    random, pool, made = Random(0), sentences(), {}
    while len(made) < PAIRS:
        reference = [_another_digit(word, random) for word in random.choice(pool)]
        prediction = [word for word in reference for _ in range(random.choice((0, 1, 1, 1, 1, 2)))]
        prediction.insert(random.randrange(len(prediction) + 1), random.choice(random.choice(pool)))
        made[" ".join(prediction)] = [" ".join(reference)]
    return list(made.items())


def _another_digit(word: str, random: Random) -> str:
    return re.sub(r"\d", lambda _: str(random.randrange(10)), word)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    tokenizer, characters, made = make_tokenizer("kiwi"), CharacterTokenizer(), pairs()
    tokenizer.tokenize("먼저 읽는다")
    words = sum(len(prediction.split()) for prediction, _ in made) / len(made)
    rows = [Scored(prediction, references) for prediction, references in made]
    total = seconds(lambda: [score(row, tokenizer) for row in in_pieces(rows, tokenizer, "kiwi")])
    print(f"{PAIRS} pairs of {words:.0f} words, every metric: {total:.1f} s")
    parts: dict[str, Callable[[str, str], object]] = {
        "ROUGE": lambda p, r: rouge(p, r, tokenizer),
        "exact match, F1": lambda p, r: f1(*(characters.tokenize(normalize_answer(text)) for text in (p, r))),
        "chrF": chrf,
        "fact match": fact_match,
    }
    for name, part in parts.items():
        print(f"  {name:<16}{seconds(lambda part=part: [part(p, r[0]) for p, r in made]):5.1f} s")


if __name__ == "__main__":
    main()
