"""What `auto` is for rank, epochs, learning rate and rows of a step; docs/training.md has the sources."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from pagetune.language import tr
from pagetune.params import Count, Lora, Params, Rate, Task, Train
from pagetune.records import Example, fact_id

#: The rank for up to this many trained facts.
RANKS = ((1_000, 16), (10_000, 32))
LARGEST_RANK = 64
#: How often a fact is seen, in any wording, in a corpus of up to 1,000 facts; above, 20 times at 10,000, 10 at 75,000.
EXPOSURES, FEWEST_EXPOSURES, FALL = 45, 10, 0.35
LEAST_EPOCHS = 2
#: Summaries are not learned by heart as facts are.
EPOCHS_OF_SUMMARIES = 5
#: The learning rate of a model of up to this many parameters.
LEARNING_RATES = ((3 * 10**9, 5e-4), (20 * 10**9, 3e-4))
LOWEST_LEARNING_RATE = 2e-4
ROWS_OF_A_STEP = 16


class ResolvedLora(Lora):
    """`lora` without an `auto` where a number is needed."""

    r: Count

    @property
    def resolved_alpha(self) -> int:
        """Return alpha; `auto` is 2·r."""
        return 2 * self.r if self.alpha == "auto" else self.alpha


class ResolvedTrain(Train):
    """`train` with the numbers that its `auto` stands for."""

    epochs: Count
    learning_rate: Rate
    effective_batch_size: Count


class ResolvedParams(Params):
    """The settings of one training, of one model on one corpus."""

    lora: ResolvedLora
    train: ResolvedTrain


@dataclass(frozen=True)
class Corpus:
    """How much is trained: the number of facts, and of rows, each of which is one wording of a fact."""

    facts: int
    rows: int

    @property
    def wordings(self) -> float:
        """Return the wordings of a fact, on average."""
        return self.rows / max(1, self.facts)


def describe_corpus(rows: Iterable[Example]) -> Corpus:
    """Count the facts, each in all of its wordings; rows that abstain state none."""
    facts = [fact_id(row.pair_id) for row in rows if row.kind != "abstain"]
    return Corpus(len(set(facts)), len(facts))


def resolve_recipe(params: Params, corpus: Corpus, parameters: int, builtin: bool) -> ResolvedParams:
    """Return the settings with a number for each `auto` of the recipe.

    `parameters` are those of the base; a `builtin` one has its own section, `builtin_training`.
    """
    train, own = params.train, params.builtin_training
    recipe = {
        "epochs": own.epochs if builtin else choose_epochs(corpus, params.task),
        "learning_rate": own.learning_rate if builtin else choose_learning_rate(parameters),
        "effective_batch_size": rows_of_a_step(params, builtin),
    }
    chosen = {key: value for key, value in recipe.items() if getattr(train, key) == "auto"}
    rank = own.r if builtin else choose_rank(corpus)
    values = params.model_dump()
    values |= {
        "lora": values["lora"] | ({"r": rank} if params.lora.r == "auto" else {}),
        "train": values["train"] | chosen,
    }
    return ResolvedParams.model_validate(values)


def rows_of_a_step(params: Params, builtin: bool) -> int:
    """Return `train.effective_batch_size`; its `auto` depends on nothing but the kind of base."""
    wanted = params.train.effective_batch_size
    if wanted != "auto":
        return wanted
    return params.builtin_training.effective_batch_size if builtin else ROWS_OF_A_STEP


def choose_rank(corpus: Corpus) -> int:
    """Return the rank for this many facts."""
    return next((rank for facts, rank in RANKS if corpus.facts <= facts), LARGEST_RANK)


def choose_epochs(corpus: Corpus, task: Task) -> int:
    """Return the epochs in which a fact is seen as often as it takes, in all its wordings together."""
    if task == "summarization" or not corpus.rows:
        return EPOCHS_OF_SUMMARIES
    exposures = max(FEWEST_EXPOSURES, EXPOSURES * math.pow(min(1.0, 1_000 / corpus.facts), FALL))
    return max(LEAST_EPOCHS, round(exposures / corpus.wordings))


def choose_learning_rate(parameters: int) -> float:
    """Return the learning rate for a base of this size."""
    return next((rate for most, rate in LEARNING_RATES if parameters <= most), LOWEST_LEARNING_RATE)


def describe_recipe(params: Params, resolved: ResolvedParams, corpus: Corpus, parameters: int) -> str:
    """Return the recipe in a line, and what its `auto` follows from."""
    lora, train = resolved.lora, resolved.train
    own = params.lora.r, params.train.epochs, params.train.learning_rate, params.train.effective_batch_size
    why = tr(
        "{facts} facts in {wordings:.1f} wordings each, {millions:,.0f} million parameters",
        facts=corpus.facts,
        wordings=corpus.wordings,
        millions=parameters / 1e6,
    )
    return (
        f"lora.r {lora.r}, lora.alpha {lora.resolved_alpha}, train.epochs {train.epochs}, train.learning_rate "
        f"{train.learning_rate:g}, train.effective_batch_size {train.effective_batch_size} "
        f"({why if 'auto' in own else tr('as set')})"
    )
