"""Answers from a model: greedy, in left-padded batches of like length, up to the EOS."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pagetune.jsonl import read_records
from pagetune.manifest import Manifest
from pagetune.params import Predict
from pagetune.prompts import encode_prompt
from pagetune.records import Example, Prediction, Split


@dataclass(frozen=True)
class Answer:
    """`stopped`: the model ended it by itself, rather than running into `max_new_tokens`."""

    text: str
    stopped: bool


def generate(model: Any, tokenizer: Any, prompts: list[str], params: Predict) -> list[Answer]:
    """One answer per prompt, in the order of the prompts."""
    encoded = [encode_prompt(prompt, tokenizer) for prompt in prompts]
    by_length = sorted(range(len(prompts)), key=lambda index: len(encoded[index]))
    answers: dict[int, Answer] = {}
    for start in range(0, len(by_length), params.batch_size):
        batch = by_length[start : start + params.batch_size]
        outputs = _generate_batch(model, tokenizer, [encoded[index] for index in batch], params.max_new_tokens)
        answers.update(zip(batch, outputs, strict=True))
    return [answers[index] for index in range(len(prompts))]


def _generate_batch(model: Any, tokenizer: Any, batch: list[list[int]], max_new_tokens: int) -> list[Answer]:
    import torch

    inputs = tokenizer.pad({"input_ids": batch}, padding_side="left", return_tensors="pt").to(model.device)
    with torch.inference_mode():
        output = model.generate(
            **inputs,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    new_ids = output[:, inputs["input_ids"].shape[1] :].tolist()
    return [_answer(ids, tokenizer) for ids in new_ids]


def _answer(ids: list[int], tokenizer: Any) -> Answer:
    stopped = tokenizer.eos_token_id in ids
    if stopped:
        ids = ids[: ids.index(tokenizer.eos_token_id)]
    return Answer(tokenizer.decode(ids, skip_special_tokens=True).strip(), stopped)


def predict(
    model: Any, tokenizer: Any, examples: dict[Split, list[Example]], params: Predict, precision: str
) -> list[Prediction]:
    """Answer every example of every split, in order."""
    rows = [(split, example) for split, members in examples.items() for example in members]
    answers = generate(model, tokenizer, [example.prompt for _, example in rows], params)
    return [
        Prediction(
            **example.model_dump(),
            split=split,
            prediction=answer.text,
            stopped=answer.stopped,
            precision=precision,
            eos_token=tokenizer.eos_token,
        )
        for (split, example), answer in zip(rows, answers, strict=True)
    ]


def read_questions(folder: Path) -> dict[Split, list[Example]]:
    """What base and tuned are both asked."""
    splits: tuple[Split, ...] = ("validation", "recall", "heldout")
    return {split: read_records(folder / f"{split}.jsonl", Example) for split in splits}


def describe(manifest: Manifest, predictions: list[Prediction]) -> str:
    stopped = sum(prediction.stopped for prediction in predictions)
    return f"{len(predictions)} answers of {manifest.id}, {stopped} ended by themselves"
