"""Rules for what no model should learn. They look at one pair at a time and, in doubt, keep it."""

import re
from collections.abc import Callable, Container
from functools import cache

from pagetune.params import Curate
from pagetune.records import Kind, Pair, Reason, Rejected
from pagetune.text.korean import is_korean
from pagetune.text.pointing import points_at_passage
from pagetune.text.refusal import abstains
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: Characters in a token of Korean and of other text. 95% of the answers on hand have more in Korean: 1.6 or more with
#: the built-in tokenizer, 1.4 with Gemma 3's, 1.25 with Qwen 2.5's; the means are 2.1, 1.7 and 1.45. One without
#: Korean has 0.5. 95% of the English lines of real files have 2.3 or more; the means are 3.4 to 4.0.
_KOREAN_PER_TOKEN, _OTHERS_PER_TOKEN = 1.3, 2.3
_LETTER = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "hangul": "가-힣ᄀ-ᇿㄱ-ㆎ",
    "latin": "A-Za-zÀ-ɏ",
    "han": "㐀-鿿豈-﫿",
    "kana": "぀-ヿ",
    "cyrillic": "Ѐ-ӿ",
    "greek": "Ͱ-Ͽ",
    "arabic": "؀-ۿ",
    "hebrew": "֐-׿",
    "thai": "฀-๿",
    "devanagari": "ऀ-ॿ",
}

_OPEN_END = re.compile(r"[,;:·([{「『<《〈]$")
_BRACKETS = ("()", "[]", "「」", "『』", "《》", "〈〉", "“”")
#: What follows the first sentence that ends inside the answer. An abbreviation does not end a sentence.
_AFTER_FIRST = re.compile(r"(?:[가-힣]{2}|(?<![A-Z])[a-z]{4})[.!?]\s+(.+)$", re.DOTALL)
_LIST_ITEM = re.compile(rf"(?:^|\s)(?:[-–•·○●▪◦*※▶①-⑳]|\d{{1,2}}(?:의\d+)?[.)]|[{ITEM_LETTERS}][.)])")
#: What may follow a sentence and is not one: an address, a number, a remark in brackets, a list.
_NO_SENTENCE = re.compile(r"https?:|www\.|\S+@\S+|\d[\d-]{5,}\d$|[)\]」』”\"']$|\d+\s?[A-Za-z가-힣%]{0,4}$|[A-Z]\S*$")
#: What a Korean sentence does not end in: particles, conjunctions and connective endings.
_GOES_ON = re.compile(
    r"(?:[을를의와과]|에서|에게|으로|하고|하며|하여|해서|되며|되고|이며|이고|지만|는데|거나|면서|때문에|(?<=\s)(?:그|이|저|및|또는|즉))$"
)


def longest_answer(params: Curate, max_new_tokens: int, *, korean: bool) -> int:
    """Return how many characters an answer may have.

    `auto` is what `max_new_tokens` hold: the base model, whose tokenizer would know it, is not there yet.
    """
    if params.max_answer_characters != "auto":
        return params.max_answer_characters
    return round(max_new_tokens * (_KOREAN_PER_TOKEN if korean else _OTHERS_PER_TOKEN))


def is_too_long(answer: str, params: Curate, max_new_tokens: int) -> bool:
    """Tell whether an answer is longer than `longest_answer`."""
    return len(answer) > longest_answer(params, max_new_tokens, korean=is_korean(answer))


def filter_pairs(
    pairs: list[Pair], params: Curate, max_new_tokens: int, approved: Container[str] = ()
) -> tuple[list[Pair], list[Rejected]]:
    """Reject each pair that breaks a rule, by the first rule that it breaks.

    A reviewer has `approved` pairs by their ids; only what no answer can reach, its length, still rejects them.
    """
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    for pair in pairs:
        rows = _trained_rows(pair)
        is_long = any(is_too_long(row.output, params, max_new_tokens) for row in rows)
        judged = [] if pair.pair_id in approved else rows
        reason = "too_long" if is_long else next((why for row in judged if (why := filter_reason(row, params))), None)
        if reason:
            rejected.append(Rejected.of(pair, reason))
        else:
            kept.append(pair)
    return kept, rejected


def _trained_rows(pair: Pair) -> list[Pair]:
    """Return the rows that a pair is trained in: a dialogue has one for each summary, and a bad summary rejects all."""
    others = pair.references if pair.kind == "dialogue" else []
    return [pair, *(pair.model_copy(update={"output": summary}) for summary in others)]


def filter_reason(pair: Pair, params: Curate) -> Reason | None:
    """Return the first rule that a pair breaks, or None; `is_too_long` looks at its answer."""
    if len(pair.output) < params.min_answer_characters:
        return "too_short"
    # People's own questions may bring a passage; train.max_length limits those.
    if pair.kind != "user" and len(pair.instruction) > params.max_question_characters:
        return "too_long"
    unfit = _NO_FILTERS.get(pair.kind, ())
    return next((name for name in params.filters if name not in unfit and _FILTERS[name](pair, params)), None)


def script_share(text: str, scripts: tuple[str, ...]) -> float | None:
    """Return the share of a text's letters that belong to `scripts`, from 0 to 1; None where it has no letter."""
    foreign = sum(map(len, _foreign_to(scripts).findall(text)))
    if not foreign:
        return 1.0 if _LETTER.search(text) else None
    return 1 - foreign / sum(map(len, _LETTER.findall(text)))


def scripts_of(text: str) -> list[str]:
    """Return the names of the scripts that have at least a tenth of the letters each, the most frequent first."""
    letters = "".join(_LETTER.findall(text))
    counts = {name: len(re.findall(f"[{own}]", letters)) for name, own in _SCRIPTS.items()}
    return [name for name in sorted(counts, key=lambda name: -counts[name]) if counts[name] > len(letters) / 10]


@cache
def _foreign_to(scripts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"[^\W\d_{''.join(_SCRIPTS[name] for name in scripts)}]+")


def is_wrong_script(pair: Pair, params: Curate) -> bool:
    """Tell whether a question or an answer is in another script. An answer may have no letter, a question may not."""
    question = script_share(pair.instruction, tuple(params.scripts))
    answer = script_share(pair.output, tuple(params.scripts))
    return question is None or min(question, 1.0 if answer is None else answer) < params.min_script_share


def is_unfinished(pair: Pair, _: Curate) -> bool:
    return is_unfinished_text(pair.output)


def is_unfinished_text(text: str) -> bool:
    answer = text.rstrip()
    if _OPEN_END.search(answer) or any(answer.count(both[0]) > answer.count(both[1]) for both in _BRACKETS):
        return True
    if ends_sentence(answer):
        return False
    found = _AFTER_FIRST.search(answer)
    if found is None or _LIST_ITEM.search(found[1]) or _NO_SENTENCE.search(found[1]):
        return False
    return _GOES_ON.search(found[1]) is not None or not re.search("[가-힣]", found[1])


def depends_on_passage(pair: Pair, _: Curate) -> bool:
    """Tell whether the question points at a passage that neither stands below it nor was said before."""
    if "\n\n" in pair.instruction or pair.turns:
        return False
    return points_at_passage(pair.instruction)


def is_refusal(pair: Pair, _: Curate) -> bool:
    return abstains(pair.output)


#: A dialogue does not point at a passage, and a summary may say that somebody could not be reached; a question that no
#: document answers is answered by a refusal.
_NO_FILTERS: dict[Kind, tuple[Reason, ...]] = {"dialogue": ("passage_dependent", "refusal"), "abstain": ("refusal",)}
_FILTERS: dict[Reason, Callable[[Pair, Curate], bool]] = {
    "wrong_script": is_wrong_script,
    "unfinished": is_unfinished,
    "passage_dependent": depends_on_passage,
    "refusal": is_refusal,
}
