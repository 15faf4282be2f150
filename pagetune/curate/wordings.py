"""The wordings in which a fact is trained and asked: the original, `curate.paraphrases` more, and the one held back.

Question patterns need no model. What a language model writes is checked: a paraphrase that changes a number, a code or
a name, gives the answer away, or repeats another is rejected.
"""

import asyncio
from collections.abc import Callable
from functools import cache

from pagetune.curate.filters import filter_reason
from pagetune.curate.question_patterns import Wordings, all_wordings, question_text, requested_wordings, stands_alone
from pagetune.curate.speech import Speech
from pagetune.language import Remark
from pagetune.llm.client import Client, Messages, RequestFailed, gather
from pagetune.llm.engine import open_client
from pagetune.llm.prompt_files import Language, language_of, render
from pagetune.llm.schemas import Paraphrases, Translated
from pagetune.params import Curate, Llm
from pagetune.records import NEW_WORDING, Pair, Reason, Rejected
from pagetune.text.claims import claims, normal_form
from pagetune.text.morphemes import kiwi

#: The share of further wordings that are as people speak and type.
SPOKEN = 0.75
#: The paraphrases that a model wrote for one pair, and why there are not more.
Written = tuple[list[str], list[Reason]]


def template_wordings(pairs: list[Pair], params: Curate) -> Callable[[Pair], Wordings]:
    """Return what words the trained pairs without a model: patterns, and most of them as people speak and type."""
    speech = Speech([pair for pair in pairs if pair.kind != "abstain"])  # what is refused changes no answered row
    return lambda pair: pattern_wordings(pair, params, speech)


def pattern_wordings(pair: Pair, params: Curate, speech: Speech | None = None) -> Wordings:
    """Return the original, `curate.paraphrases` others, the new wording, and any in `curate.recall_questions`.

    With `speech`, as many of the others as there are up to `SPOKEN` are as people speak and type.
    """
    requested = requested_wordings(pair, params.recall_questions)
    spoken = speech.wordings(pair, round(SPOKEN * params.paraphrases)) if speech and stands_alone(pair) else []
    wordings = all_wordings(pair, params.paraphrases - len(spoken))
    known = {normal_form(text) for text in wordings.values()}
    unlike = [text for text in spoken if normal_form(text) not in known]
    new_wording = {name: wordings.pop(name) for name in [NEW_WORDING] if name in wordings}
    wordings |= {f"spoken{number}": text for number, text in enumerate(unlike, start=1)} | new_wording
    if requested:
        wordings |= {name: text for name, text in all_wordings(pair).items() if name in requested}
    return wordings


def model_wordings(pairs: list[Pair], params: Curate, llm: Llm) -> tuple[dict[str, Wordings], list[Rejected], Client]:
    """Return wordings by pair_id, with a language model's paraphrases, then those rejected, and the client.

    A question pattern does not replace a paraphrase that was rejected.
    """
    return asyncio.run(_model_wordings(pairs, params, llm))


async def _model_wordings(
    pairs: list[Pair], params: Curate, llm: Llm
) -> tuple[dict[str, Wordings], list[Rejected], Client]:
    client = open_client(llm, "curate", Remark("paraphrase"))
    asked = sum(map(stands_alone, pairs))
    client.meter.expect(asked if params.paraphrase_method == "llm" else asked * (params.paraphrases + 1))
    write = _ask_for_paraphrases if params.paraphrase_method == "llm" else _translate_and_back
    count = params.paraphrases
    try:
        # A model would reword the passage below a question too, and lacks what was said before a later one.
        written = await gather(write(client, pair, count if stands_alone(pair) else 0) for pair in pairs if count)
    finally:
        await client.close()
    wordings: dict[str, Wordings] = {}
    rejected: list[Rejected] = []
    without_paraphrases = params.model_copy(update={"paraphrases": 0})
    for pair, (texts, lost) in zip(pairs, written or [([], [])] * len(pairs), strict=True):
        wordings[pair.pair_id], unfit = check_paraphrases(pair, texts, params)
        wordings[pair.pair_id] |= pattern_wordings(pair, without_paraphrases)
        rejected += [*unfit, *(Rejected.of(pair, reason) for reason in lost)]
    return wordings, rejected, client


async def _ask_for_paraphrases(client: Client, pair: Pair, count: int) -> Written:
    if not count:
        return [], []
    messages = render("paraphrase", language_of(pair.instruction), question=pair.instruction, count=count)
    try:
        written = await client.ask(messages, Paraphrases)
    except RequestFailed:
        return [], ["request_failed"]
    if written is None:
        return [], ["unreadable_answer"]
    client.meter.made(len(written.paraphrases[:count]))
    return written.paraphrases[:count], []


async def _translate_and_back(client: Client, pair: Pair, count: int) -> Written:
    """Translate ko→en→ko or en→ko→en: once there, and back in `count` different ways."""
    if not count:
        return [], []
    own = language_of(pair.instruction)
    other: Language = "en" if own == "ko" else "ko"
    try:
        there = await client.ask(render("translate", own, question=pair.instruction, variant=1), Translated)
    except RequestFailed:
        return [], ["request_failed"]
    if there is None:
        return [], ["unreadable_answer"]
    requests = [render("translate", other, question=there.translation, variant=n) for n in range(1, count + 1)]
    back = await gather(_translate(client, request) for request in requests)
    texts = [text for text in back if isinstance(text, Translated)]
    return [text.translation for text in texts], [text for text in back if not isinstance(text, Translated)]


async def _translate(client: Client, request: Messages) -> Translated | Reason:
    try:
        written = await client.ask(request, Translated)
    except RequestFailed:
        return "request_failed"
    client.meter.made(written is not None)
    return written or "unreadable_answer"


def check_paraphrases(pair: Pair, texts: list[str], params: Curate) -> tuple[Wordings, list[Rejected]]:
    """Return the original and the valid paraphrases, {"original": …, "llm1": …}, and the others with their reasons."""
    kept: Wordings = {"original": pair.instruction}
    rejected: list[Rejected] = []
    asked = [question_text(question) for question in params.recall_questions]
    for text in texts:
        written = pair.model_copy(update={"instruction": " ".join(text.split())})
        reason = why_paraphrase_rejected(pair, written, [*kept.values(), *asked], params)
        if reason:
            rejected.append(Rejected.of(written, reason, pair.instruction))
        else:
            kept[f"llm{len(kept)}"] = written.instruction
    return kept, rejected


def why_paraphrase_rejected(pair: Pair, written: Pair, earlier: list[str], params: Curate) -> Reason | None:
    """Return what is wrong with the paraphrase `written` of `pair`, or None. It may not repeat any of `earlier`."""
    text, form = written.instruction, normal_form(written.instruction)
    if not form:
        return "too_short"
    if form in map(normal_form, earlier):
        return "duplicate"
    if language_of(text) != language_of(pair.instruction):
        return "wrong_script"
    gives_away = len(answer := normal_form(pair.output)) > 3 and answer in form
    changed = claims(text) != claims(pair.instruction) or any(
        name not in text for name in proper_nouns(pair.instruction)
    )
    return "changes_facts" if changed or gives_away else filter_reason(written, params)


@cache
def proper_nouns(text: str) -> frozenset[str]:
    """Return the proper nouns: Kiwi's in Korean; in English, words with a capital after the first word."""
    if language_of(text) == "en":
        words = text.split()
        return frozenset(word.strip(".,?!'\"()") for word in words[1:] if word[:1].isupper() and word != "I")
    return frozenset(token.form for token in kiwi().tokenize(text) if token.tag == "NNP")
