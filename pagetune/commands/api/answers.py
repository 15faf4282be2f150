"""An answer for a program: as far as it may be shown while it grows, and at its end what the pages say of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pagetune.commands.ask import Asker
from pagetune.commands.gate import Checked, Gate
from pagetune.search.support import Support


@dataclass(frozen=True)
class Asked:
    """A question as the model gets it: its prompt and tokens, the adapter (None is the base), and where it ends."""

    question: str
    prompt: str
    prompt_tokens: int
    adapter: str | None
    max_tokens: int
    stops: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """What may be shown of an answer so far, and how many tokens the model wrote for it.

    The last one has `finish`, and what was found about the answer where it was looked up.
    """

    text: str
    tokens: int
    finish: str | None = None
    note: str | None = None
    support: Support | None = None


def answers(asker: Asker, gate: Gate, asked: Asked) -> Iterator[Shown]:
    """Yield an answer as it grows; one that may have to be held back has no text before its end."""
    looked_up = asker.knows_the_documents(base=asked.adapter is None)
    held = looked_up and gate.holds_back
    for answer, tokens in asker.grow(asked.prompt, asked.adapter, asked.max_tokens):
        text, cut = _cut(answer.text, asked.stops)
        ended = answer.stopped or cut
        yield Shown("" if held else _certain(text, asked.stops if not ended else ()), tokens)
        if cut:
            break
    checked = gate.check(asked.question, text) if looked_up else Checked.unseen(text)
    support = (checked.support or gate.support(asked.question, text)) if looked_up else None
    finish = "stop" if ended or checked.text != text else "length"
    yield Shown(checked.text, tokens, finish, checked.note, support)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """Return the text before the first of the stop sequences, and whether there was one."""
    ends = [end for stop in stops if (end := text.find(stop)) >= 0]
    return (text[: min(ends)], True) if ends else (text, False)


def _certain(text: str, stops: Sequence[str]) -> str:
    """Return the text without an end that may be the beginning of a stop sequence."""
    begun = [size for stop in stops for size in range(1, len(stop)) if text.endswith(stop[:size])]
    return text[: len(text) - max(begun, default=0)]


def found(shown: Shown) -> dict[str, Any]:
    """Return what a response says beside OpenAI's own keys: the verdict, the page it rests on, and a remark."""
    if shown.support is None:
        return {}
    passage = shown.support.passage
    source = passage and {"doc_id": passage.doc_id, "page_number": passage.page_number, "text": passage.text}
    return {"pagetune": {"verdict": shown.support.verdict, "note": shown.note, "source": source}}
