"""Say why pairs were rejected, with an example and the setting that keeps them."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable

from pagetune.curate.filters import is_too_long, longest_answer, scripts_of
from pagetune.language import Remark, tr
from pagetune.params import Params
from pagetune.records import Reason, Rejected
from pagetune.text.korean import is_korean

#: A reason that rejects a smaller share of the pairs is only counted.
_WORTH_SAYING = 0.1
_SHOWN_CHARACTERS = 60


def loss_lines(rejected: Iterable[Rejected], params: Params, share_of: int = 0) -> list[str]:
    """Return a sentence for each reason that has a remedy, the most frequent first.

    Reasons that reject less than a tenth of `share_of` pairs are left out, except answers that are too long.
    """
    by_reason: dict[Reason, list[Rejected]] = defaultdict(list)
    for row in rejected:
        by_reason[row.reason].append(row)
    most_first = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        _are(rows, reason, _REMEDIES[reason](rows, params))
        for reason, rows in most_first
        if reason in _REMEDIES and (reason == "too_long" or len(rows) >= _WORTH_SAYING * share_of)
    ]


def _are(rows: list[Rejected], reason: Reason, remedy: str) -> str:
    if len(rows) == 1:
        return tr("1 pair is {reason}: {remedy}", reason=reason, remedy=remedy)
    return tr("{count} pairs are {reason}: {remedy}", count=len(rows), reason=reason, remedy=remedy)


def _question(row: Rejected) -> str:
    text = row.instruction
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def _too_long(rows: list[Rejected], params: Params) -> str:
    tokens = params.predict.max_new_tokens
    answers = [row for row in rows if is_too_long(row.output, params.curate, tokens)]
    questions = [len(row.instruction) for row in rows if not is_too_long(row.output, params.curate, tokens)]
    said = [_long_answers(answers, params)] if answers else []
    if questions:
        longest = max(questions)
        allowed = params.curate.max_question_characters
        said.append(
            tr(
                "A question has {longest} characters, and curate.max_question_characters allows {allowed}. Set it to "
                "{longest}.",
                longest=longest,
                allowed=allowed,
            )
        )
    return " ".join(said)


def _long_answers(rows: list[Rejected], params: Params) -> str:
    limit, own = params.predict.max_new_tokens, params.curate.max_answer_characters
    first = max(rows, key=lambda row: len(row.output))
    tokens = max(_tokens_for(row.output, params) for row in rows)
    allowed = longest_answer(params.curate, limit, korean=is_korean(first.output))
    settings = [] if own == "auto" else [("curate.max_answer_characters", len(first.output))]
    settings += [("predict.max_new_tokens", tokens)] if tokens > limit else []
    return tr(
        "the answer to {question} has {characters} characters, and curate.max_answer_characters ({own}) allows "
        "{allowed}. Set {settings}.",
        question=_question(first),
        characters=len(first.output),
        own=own,
        allowed=allowed,
        settings=tr(" and ").join(tr("{key} to {value}", key=key, value=value) for key, value in settings),
    )


def _tokens_for(answer: str, params: Params) -> int:
    """Return the `max_new_tokens` that hold an answer, as `curate.max_answer_characters: auto` counts them."""
    auto = params.curate.model_copy(update={"max_answer_characters": "auto"})
    per_thousand = longest_answer(auto, 1000, korean=is_korean(answer))
    return math.ceil(1000 * len(answer) / per_thousand) + 1


def _wrong_script(rows: list[Rejected], params: Params) -> str:
    found = scripts_of(" ".join(f"{row.instruction} {row.output}" for row in rows))
    missing = [name for name in found if name not in params.curate.scripts]
    names = ", ".join(missing)
    remedy = tr("Add {names} to it", names=names) if missing else tr("Remove wrong_script from curate.filters")
    return tr(
        "{question} has too few letters of curate.scripts ({known}). {remedy}.",
        question=_question(rows[0]),
        known=", ".join(params.curate.scripts),
        remedy=remedy,
    )


def _low_grade(rows: list[Rejected], params: Params) -> str:
    best = max(rows, key=lambda row: float((row.detail or "0").split(",")[0]))
    return tr(
        "the best of them is {question} ({grade}), and curate.min_grade is {least}. Lower it to keep such pairs; 0 "
        "keeps all.",
        question=_question(best),
        grade=best.detail,
        least=params.curate.min_grade,
    )


def _filter(meaning: Remark) -> Callable[[list[Rejected], Params], str]:
    def say(rows: list[Rejected], _: Params) -> str:
        return tr(
            "{meaning}, such as {question}. Remove {reason} from curate.filters to keep such pairs.",
            meaning=meaning,
            question=_question(rows[0]),
            reason=rows[0].reason,
        )

    return say


def _too_short(rows: list[Rejected], params: Params) -> str:
    longest = max(len(row.output) for row in rows)
    return tr(
        "the longest of these answers has {longest} characters, and curate.min_answer_characters is {least}. Lower it.",
        longest=longest,
        least=params.curate.min_answer_characters,
    )


def _personal_data(rows: list[Rejected], _: Params) -> str:
    return tr(
        "they hold numbers that belong to a person, such as {question}. Set curate.personal_data to mask, which writes "
        "* over the numbers.",
        question=_question(rows[0]),
    )


def _contradiction(rows: list[Rejected], _: Params) -> str:
    first = rows[0]
    return tr(
        "one question has different answers, such as {question} in {doc_id} ({answer!r}; {detail!r}). Keep one answer, "
        "or one of the documents.",
        question=_question(first),
        doc_id=first.doc_id,
        answer=first.output[:_SHOWN_CHARACTERS],
        detail=(first.detail or "")[: 2 * _SHOWN_CHARACTERS],
    )


def _on_both_sides(rows: list[Rejected], _: Params) -> str:
    documents = ", ".join(sorted({row.doc_id for row in rows})[:5])
    return tr(
        "heldout and trained documents say the same ({documents}), such as {question}. Leave copies and older versions "
        "out.",
        documents=documents,
        question=_question(rows[0]),
    )


_REMEDIES: dict[Reason, Callable[[list[Rejected], Params], str]] = {
    "too_long": _too_long,
    "too_short": _too_short,
    "wrong_script": _wrong_script,
    "unfinished": _filter(Remark("the answer breaks off")),
    "passage_dependent": _filter(Remark("the question points at a passage")),
    "refusal": _filter(Remark("the answer says that it does not know")),
    "low_grade": _low_grade,
    "personal_data": _personal_data,
    "contradiction": _contradiction,
    "in_heldout_and_training": _on_both_sides,
}
