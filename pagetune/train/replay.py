"""`train.replay_fraction`: the base's own answers to general requests, trained on beside the documents' rows.

A model that trains on one corpus alone unlearns what it could do before. Rows of what it would have said itself hold it
where it was, without any foreign data.
"""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark
from pagetune.model.loading import load_tokenizer
from pagetune.model.manifest import Manifest
from pagetune.model.prompts import encode_example, joins, to_example
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.records import AskedExample, Example, Pair, Prediction, Reason, Rejected

PROMPTS = Path(__file__).with_name("general_prompts.txt")
#: Written by the stage replay: the answers that are trained on, and those that cannot be.
ROWS, REJECTED = Path("data/replay/rows.jsonl"), Path("data/replay/rejected.jsonl")


@cache
def general_prompts() -> tuple[str, ...]:
    """Return the requests of general_prompts.txt, Korean ones first."""
    lines = PROMPTS.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def why_nothing_to_keep(params: Params, manifest: Manifest) -> str | None:
    """Say why no answer is made, None where they are. Raises UserError for a task whose prompts are not requests."""
    if not params.train.replay_fraction:
        return Remark("train.replay_fraction is 0")
    if params.task != "qa":
        raise UserError(
            "params.yaml: train.replay_fraction: the base is asked to summarise, not to answer general "
            "requests, with task: {task}. Set 0.",
            task=params.task,
        )
    if manifest.source == "builtin":
        return Remark("a built-in base knows nothing but the documents, so there is nothing to keep")
    return None


def ask_base(
    manifest: Manifest, template: TemplateRecord, params: Params, evaluated: set[str]
) -> tuple[list[Example], list[Rejected]]:
    """Return a row for each general request that the base answers, greedily, and what is set aside.

    No request is asked whose prompt is among those `evaluated`. Raises UserError where no answer is left.
    """
    from pagetune.predict.answers import Questions, predict

    requests = _requests(template)
    wanted = [row for row in requests.values() if row.prompt not in evaluated]
    questions = Questions([AskedExample(**row.model_dump(), split="train") for row in wanted])
    answers = predict(manifest, None, template, questions, params)
    tokenizer = load_tokenizer(manifest, template)
    rows, rejected = rows_of(answers, template, tokenizer, params.train.max_length, manifest.encoder_decoder)
    taken = [request for request, row in requests.items() if row.prompt in evaluated]
    rejected += [_rejected(request, "", "in_heldout_and_training") for request in taken]
    if not rows:
        raise UserError(
            "params.yaml: train.replay_fraction: none of the base's {count} answers to general requests "
            "can be trained on ({reasons}). Raise predict.max_new_tokens or train.max_length, or set 0.",
            count=len(answers),
            reasons=count_reasons(rejected),
        )
    return rows, rejected


def _requests(template: TemplateRecord) -> dict[str, Example]:
    """Return a row without an answer for each request."""
    rows = {}
    for number, request in enumerate(general_prompts()):
        pair = Pair.original(f"replay{number}", request, "", "replay", PROMPTS.stem)
        rows[request] = to_example(pair, template.template, template.eos_token, True, template.lead)
    return rows


def rows_of(
    answers: list[Prediction], template: TemplateRecord, tokenizer: Any, max_length: int, encoder: bool
) -> tuple[list[Example], list[Rejected]]:
    """Return the answers as rows, and those that would teach the model to say nothing, to break off or never to end.

    An answer whose first token would span the end of the prompt is set aside too: preflight refuses such a row.
    """
    rows: list[Example] = []
    rejected: list[Rejected] = []
    for answer in answers:
        own = {name: getattr(answer, name) for name in Example.model_fields}
        row = Example(**own | {"completion": template.lead + answer.prediction + template.eos_token})
        tokens = len(encode_example(row, tokenizer, encoder)["input_ids"])
        reason = _fault(answer, tokens > max_length, encoder or joins(row.prompt, row.completion, tokenizer))
        if reason is None:
            rows.append(row)
        else:
            rejected.append(_rejected(_request_of(row), answer.prediction, reason))
    return rows, rejected


def _request_of(row: Example) -> str:
    return general_prompts()[int(row.pair_id.removeprefix("replay"))]


def _fault(answer: Prediction, too_long: bool, begins_by_itself: bool) -> Reason | None:
    if not answer.prediction:
        return "unanswered"
    if not answer.stopped:
        return "unfinished"
    if too_long:
        return "too_long"
    return None if begins_by_itself else "unreadable_answer"


def _rejected(request: str, answer: str, reason: Reason) -> Rejected:
    return Rejected.of(Pair.original("replay", request, answer, "replay", PROMPTS.stem), reason)


def count_reasons(rejected: list[Rejected]) -> str:
    """Return how many answers were rejected for each reason, in words."""
    counts = Counter(row.reason for row in rejected)
    return ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items())) or "none"


def mixed(rows: list[Example], fraction: float, answers: list[Example]) -> list[Example]:
    """Return the training rows and after them as many answers as make up `fraction` of all.

    They are spread over the requests, and repeated in turn where there are fewer. The order of a training does not
    follow that of its rows.
    """
    wanted = round(len(rows) * fraction / (1 - fraction)) if answers else 0
    turns, rest = divmod(wanted, max(1, len(answers)))
    spread = [answers[index * len(answers) // rest] for index in range(rest)]
    return [*rows, *answers * turns, *spread]
