"""Answers from a model, base or tuned: greedy, in batches of prompts of similar length, up to the EOS."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagetune.language import Remark, tr
from pagetune.model.loading import load_base, load_generation_config, load_tokenizer, load_tuned
from pagetune.model.manifest import Manifest
from pagetune.model.precision import PrecisionChoice, resolve_precision
from pagetune.model.prompts import check_positions, encode_for_encoder, encode_prompt
from pagetune.model.template import TemplateRecord
from pagetune.params import Params, Predict
from pagetune.predict import vllm_engine
from pagetune.predict.generation import decode_all
from pagetune.progress import Progress
from pagetune.records import AskedExample, Prediction


@dataclass(frozen=True)
class Answer:
    """`stopped` tells whether the model ended the answer itself, rather than hitting `max_new_tokens`."""

    text: str
    stopped: bool


@dataclass(frozen=True)
class Questions:
    """What both base and tuned answer, split by split."""

    rows: list[AskedExample]

    @property
    def prompts(self) -> list[str]:
        """Return what the model is given: with passages where the questions are asked with them."""
        return [row.open_prompt or row.prompt for row in self.rows]

    def answered(self, answers: list[Answer], eos_token: str, precision: str, engine: str) -> list[Prediction]:
        """Join the questions with their answers, one for each and in the same order."""
        return [
            Prediction(
                **row.model_dump(),
                prediction=answer.text,
                stopped=answer.stopped,
                precision=precision,
                engine=engine,
                eos_token=eos_token,
            )
            for row, answer in zip(self.rows, answers, strict=True)
        ]


def predict(
    manifest: Manifest, adapter: Path | None, template: TemplateRecord, questions: Questions, params: Params
) -> list[Prediction]:
    """Return the answers of the base, or of the adapter on it, to every question in order."""
    choice = resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized)
    engine, reason = vllm_engine.choose_engine(params.predict.engine, manifest, choice, params.lora.use_dora)
    print(
        tr(
            "predict: {precision} ({reason}), answers by {engine} ({why})",
            precision=choice.precision,
            reason=choice.reason,
            engine=engine,
            why=reason,
        ),
        flush=True,
    )
    by_engine = _by_vllm if engine == "vllm" else _by_transformers
    tokenizer = load_tokenizer(manifest, template)
    if adapter is None and (said := longer_than_allowed(questions, tokenizer, params.predict.max_new_tokens)):
        print(f"predict: {said}", flush=True)
    model = _Loading(manifest, adapter, choice, tokenizer)
    answers = by_engine(model, questions.prompts, params.predict)
    return questions.answered(answers, template.eos_token, choice.precision, engine)


def longer_than_allowed(questions: Questions, tokenizer: Any, max_new_tokens: int) -> str | None:
    """Say how many reference answers have more tokens than an answer may have, so that no model can give them whole."""
    completions = [row.completion for row in questions.rows]
    encoded = tokenizer(completions, add_special_tokens=False)["input_ids"] if completions else []
    longer = [len(ids) for ids in encoded if len(ids) > max_new_tokens]
    if not longer:
        return None
    return tr(
        "{longer} of {count} reference answers have more than predict.max_new_tokens "
        "({max_new_tokens}) tokens, so that no answer can match them whole. Set it to {longest}.",
        longer=len(longer),
        count=len(encoded),
        max_new_tokens=max_new_tokens,
        longest=max(longer),
    )


@dataclass(frozen=True)
class _Loading:
    """What an engine loads."""

    manifest: Manifest
    adapter: Path | None
    choice: PrecisionChoice
    tokenizer: Any


def _by_transformers(wanted: _Loading, prompts: list[str], params: Predict) -> list[Answer]:
    manifest, adapter, choice = wanted.manifest, wanted.adapter, wanted.choice
    model = load_tuned(manifest, adapter, choice) if adapter else load_base(manifest, choice)
    return generate(model, wanted.tokenizer, prompts, params)


def _by_vllm(wanted: _Loading, prompts: list[str], params: Predict) -> list[Answer]:
    tokenizer = wanted.tokenizer
    eos_ids = eos_ids_of(load_generation_config(wanted.manifest), tokenizer)
    encoded = [encode_prompt(prompt, tokenizer) for prompt in prompts]
    answers = vllm_engine.token_ids(wanted.manifest, wanted.adapter, wanted.choice, encoded, eos_ids, params)
    return [answer_of(ids, tokenizer, eos_ids) for ids in answers]


def generate(model: Any, tokenizer: Any, prompts: list[str], params: Predict) -> list[Answer]:
    """Return one answer per prompt, in the order of the prompts."""
    eos_ids = eos_ids_of(model.generation_config, tokenizer)
    encoded = encode_prompts(model.config, tokenizer, prompts, params)
    with Progress("predict", len(encoded), Remark("question")) as progress:
        answers = decode_all(model, encoded, eos_ids, tokenizer.pad_token_id, params, answered=progress.advance)
    return [answer_of(ids, tokenizer, eos_ids) for ids in answers]


def encode_prompts(config: Any, tokenizer: Any, prompts: list[str], params: Predict) -> list[list[int]]:
    """Return the token ids of each prompt.

    Raises UserError where a prompt, or an answer of `max_new_tokens`, is longer than an encoder-decoder allows.
    """
    if not config.is_encoder_decoder:
        return [encode_prompt(prompt, tokenizer) for prompt in prompts]
    encoded = [encode_for_encoder(prompt, tokenizer) for prompt in prompts]
    longest = max(map(len, encoded), default=0)
    check_positions("a prompt", longest, config, "Lower curate.max_question_characters, or set another model.base.")
    check_positions("an answer of predict.max_new_tokens", params.max_new_tokens, config, "Lower it to that.")
    return encoded


def eos_ids_of(generation_config: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end an answer: the tokenizer's EOS, which training teaches, and the config's (<|eot_id|>)."""
    own = generation_config.eos_token_id
    return sorted({tokenizer.eos_token_id, *(own if isinstance(own, list) else [own] if own is not None else [])})


def answer_of(ids: list[int], tokenizer: Any, eos_ids: list[int]) -> Answer:
    """Decode the new token ids up to the first EOS."""
    end = next((index for index, token in enumerate(ids) if token in eos_ids), None)
    return Answer(tokenizer.decode(ids[:end], skip_special_tokens=True).strip(), end is not None)


def describe_predictions(manifest: Manifest, predictions: list[Prediction]) -> str:
    stopped = sum(prediction.stopped for prediction in predictions)
    return tr(
        "{count} answers of {model}, {stopped} of them ended with an EOS",
        count=len(predictions),
        model=manifest.id,
        stopped=stopped,
    )
