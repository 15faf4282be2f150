"""`evaluate.quick`: scores of a few generated answers while a model trains.

It draws no random number and leaves no memory behind, so the training goes on unchanged. What answers and scores is
imported where it is used, because with `train.stop_on: loss` the training's result does not depend on it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.params import Params
from pagetune.records import Example, StopQuestion
from pagetune.train.distributed import log_once

#: Scores of the answers to `validation`, as in metrics/eval.json. The best of several references counts, metric by
#: metric.
ROUGE = ("rouge1", "rouge2", "rougeL", "rouge_combined_f1")
NAMES = ("fact_match", *ROUGE)
#: Shares of the answers to questions about what was never trained, and the mean of `invented` and 1 - `fact_match`.
UNSEEN_NAMES = ("abstained", "invented", "wrong")
#: Prefix of each of them in the trainer's log.
QUICK = "eval_quick_"
#: Most tokens of an answer, as a multiple of the longest reference's.
LENGTH_FACTOR = 1.5


@dataclass(frozen=True)
class Quick:
    """The questions that are asked at each evaluation, always the same ones: rows of `validation`, and questions about
    what was never trained."""

    rows: list[Example]
    tokenizer: Any
    params: Params
    stop_questions: list[StopQuestion] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return (*NAMES, *(UNSEEN_NAMES if self.stop_questions else ()))

    @cached_property
    def new_tokens(self) -> int:
        """Return the most tokens of an answer."""
        asked = [*self.rows, *self.stop_questions]
        return int(LENGTH_FACTOR * max(len(self.tokenizer(row.completion)["input_ids"]) for row in asked))

    def scores(self, model: Any) -> dict[str, float | None]:
        """Return each of `names`, None where no row fits into memory beside the training."""
        import torch

        was_training = model.training
        model.eval()
        try:
            answers = self.answers(model)
        except torch.cuda.OutOfMemoryError as error:
            self._go_on_without(str(error).splitlines()[0])
            return dict.fromkeys(self.names)
        finally:
            model.train(was_training)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
        return self._scores(answers)

    def _go_on_without(self, problem: str) -> None:
        said = Remark("evaluate.quick: no memory for an answer beside the training ({problem})", problem=problem)
        if self.params.train.stop_on != "loss":
            raise UserError(
                "{said}, by which train.stop_on: {stop_on} decides. Set stop_on: loss.",
                said=said,
                stop_on=self.params.train.stop_on,
            )
        log_once(said.said())

    def answers(self, model: Any) -> list[str]:
        """Answer by transformers' own decoding: ours would fold the adapter into the base for good."""
        from pagetune.predict.answers import answer_of, encode_prompts, eos_ids_of
        from pagetune.predict.generation import by_transformers, decode_all

        params = self.params.predict.model_copy(update={"max_new_tokens": self.new_tokens, "batch_size": "auto"})
        eos_ids = eos_ids_of(model.generation_config, self.tokenizer)
        asked = [row.prompt for row in (*self.rows, *self.stop_questions)]
        prompts = encode_prompts(model.config, self.tokenizer, asked, params)
        pad_id = self.tokenizer.pad_token_id
        made = decode_all(model, prompts, eos_ids, pad_id, params, by_transformers)
        return [answer_of(ids, self.tokenizer, eos_ids).text for ids in made]

    def _scores(self, answers: list[str]) -> dict[str, float | None]:
        known = self._on_validation(answers[: len(self.rows)])
        unseen = self._on_unseen(answers[len(self.rows) :]) if self.stop_questions else {}
        if unseen:
            unseen["wrong"] = (1 - known["fact_match"] + unseen["invented"]) / 2
        return {name: round(value, 6) for name, value in (known | unseen).items()}

    def _on_validation(self, answers: list[str]) -> dict[str, float]:
        from pagetune.evaluate.scoring import rouge
        from pagetune.text.fact_match import fact_match
        from pagetune.text.tokenizers import make_tokenizer

        tokenizer, sums = make_tokenizer("kiwi"), dict.fromkeys(NAMES, 0.0)
        for row, answer in zip(self.rows, answers, strict=True):
            references = [row.completion.removesuffix(self.tokenizer.eos_token).strip(), *row.references]
            each = [rouge(answer, reference, tokenizer) for reference in references]
            best = {name: max(scores[name] for scores in each) for name in ROUGE[:3]}
            best["rouge_combined_f1"] = sum(best.values()) / 3
            best["fact_match"] = max(fact_match(answer, reference, row.prompt) for reference in references)
            sums = {name: sums[name] + best[name] for name in NAMES}
        return {name: total / len(answers) for name, total in sums.items()}

    def _on_unseen(self, answers: list[str]) -> dict[str, float]:
        """Count as `evaluate` does, except that `evaluate` also forgives what the rest of the page states."""
        from pagetune.text.fact_match import invented
        from pagetune.text.refusal import abstains

        made_up = [bool(invented(said, row.support)) for row, said in zip(self.stop_questions, answers, strict=True)]
        refused = [abstains(answer) for answer in answers]
        return {"abstained": sum(refused) / len(answers), "invented": sum(made_up) / len(answers)}


def choose_quick(
    rows: list[Example], tokenizer: Any, params: Params, count: int, stop_questions: list[StopQuestion] | None = None
) -> Quick | None:
    """Choose `count` rows spread evenly over `rows`, or all where there are fewer; return None for none."""
    count = min(count, len(rows))
    if not count:
        return None
    chosen = [rows[index * len(rows) // count] for index in range(count)]
    return Quick(chosen, tokenizer, params, stop_questions or [])
