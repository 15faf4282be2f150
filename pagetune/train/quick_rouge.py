"""`evaluate.quick`: ROUGE of a few generated answers while a model trains.

It draws no random number and leaves no memory behind, so the training goes on unchanged. What answers and scores is
imported where it is used, because the training's result does not depend on it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pagetune.params import Params
from pagetune.records import Example
from pagetune.train.distributed import log_once

#: As in metrics/eval.json; the best of several references counts, metric by metric.
NAMES = ("rouge1", "rouge2", "rougeL", "rouge_combined_f1")
#: Prefix of each of them in the trainer's log.
QUICK = "eval_quick_"
#: Most tokens of an answer, as a multiple of the longest reference's.
LENGTH_FACTOR = 1.5


@dataclass(frozen=True)
class Quick:
    """The rows that are answered at each evaluation, always the same ones."""

    rows: list[Example]
    tokenizer: Any
    params: Params

    @cached_property
    def new_tokens(self) -> int:
        """Return the most tokens of an answer."""
        return int(LENGTH_FACTOR * max(len(self.tokenizer(row.completion)["input_ids"]) for row in self.rows))

    def scores(self, model: Any) -> dict[str, float | None]:
        """Return the mean of each of `NAMES` over the rows, None where no row fits into memory beside the training."""
        import torch

        was_training = model.training
        model.eval()
        try:
            answers = self.answers(model)
        except torch.cuda.OutOfMemoryError as error:
            log_once(f"evaluate.quick: no memory for an answer beside the training ({str(error).splitlines()[0]})")
            return dict.fromkeys(NAMES)
        finally:
            model.train(was_training)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        return self._rouge(answers)

    def answers(self, model: Any) -> list[str]:
        """Answer by transformers' own decoding: ours would fold the adapter into the base for good."""
        from pagetune.predict.answers import answer_of, encode_prompts, eos_ids_of
        from pagetune.predict.generation import by_transformers, decode_all

        params = self.params.predict.model_copy(update={"max_new_tokens": self.new_tokens, "batch_size": "auto"})
        eos_ids = eos_ids_of(model.generation_config, self.tokenizer)
        prompts = encode_prompts(model.config, self.tokenizer, [row.prompt for row in self.rows], params)
        pad_id = self.tokenizer.pad_token_id
        made = decode_all(model, prompts, eos_ids, pad_id, params, by_transformers)
        return [answer_of(ids, self.tokenizer, eos_ids).text for ids in made]

    def _rouge(self, answers: list[str]) -> dict[str, float | None]:
        from pagetune.evaluate.scoring import rouge
        from pagetune.text.tokenizers import make_tokenizer

        tokenizer, sums = make_tokenizer("kiwi"), dict.fromkeys(NAMES, 0.0)
        for row, answer in zip(self.rows, answers, strict=True):
            references = [row.completion.removesuffix(self.tokenizer.eos_token).strip(), *row.references]
            each = [rouge(answer, reference, tokenizer) for reference in references]
            best = {name: max(scores[name] for scores in each) for name in NAMES[:3]}
            best["rouge_combined_f1"] = sum(best.values()) / 3
            sums = {name: sums[name] + best[name] for name in NAMES}
        return {name: round(total / len(answers), 6) for name, total in sums.items()}


def choose_quick(rows: list[Example], tokenizer: Any, params: Params, count: int) -> Quick | None:
    """Choose `count` rows spread evenly over `rows`, or all where there are fewer; return None for none."""
    count = min(count, len(rows))
    if not count:
        return None
    return Quick([rows[index * len(rows) // count] for index in range(count)], tokenizer, params)
