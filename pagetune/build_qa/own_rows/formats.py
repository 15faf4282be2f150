"""The formats in which people keep questions and answers, recognised by the names of the columns."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pagetune.build_qa.own_rows.raw import structure
from pagetune.language import Remark
from pagetune.params import Columns

#: Columns of one meaning, in small letters and without spaces.
QUESTIONS = {"instruction", "question", "query", "prompt", "q", "user", "human"}
QUESTIONS |= {"질문", "질문내용", "물음", "질의", "문의", "문의내용", "지시", "지시문", "지시사항", "명령"}
ANSWERS = {"output", "answer", "answers", "response", "completion", "a", "reply", "assistant"}
ANSWERS |= {"답변", "답변내용", "대답", "답", "응답", "응답내용", "출력", "정답", "회신"}
PASSAGES = {"input", "context", "passage", "입력", "지문", "문맥", "맥락", "본문"}
MESSAGES = {"messages": "OpenAI messages", "conversations": "ShareGPT", "conversation": "ShareGPT"}
#: What a text model cannot read.
MEDIA = {"image", "images", "video", "videos", "audio", "audios"}
#: Preference data: which of two answers is better. Either alone may be wrong.
PREFERENCES = {"chosen", "rejected"}
#: In messages to the user.
KNOWN = Remark(
    "Alpaca (instruction, input, output), question and answer (question, answer; 질문, 답변; Q, "
    "A; query, response), prompt and completion, OpenAI messages, ShareGPT conversations, SQuAD "
    "(context, question, answers)"
)


@dataclass(frozen=True)
class Texts:
    """A question and its answer, each in a column, and what may stand in others."""

    name: str
    question: str
    answer: str
    passage: str | None = None
    system: str | None = None
    history: str | None = None
    references: str | None = None
    group: str | None = None

    @property
    def columns(self) -> list[str]:
        own = (self.question, self.passage, self.answer, self.system, self.history, self.references, self.group)
        return [name for name in own if name]


@dataclass(frozen=True)
class Conversation:
    """Messages, in one column, or in two of which only the second is trained on."""

    name: str
    messages: tuple[str, ...]
    system: str | None = None
    group: str | None = None

    @property
    def columns(self) -> list[str]:
        return [name for name in (*self.messages, self.system, self.group) if name]


Format = Texts | Conversation


def recognise(rows: Sequence[Mapping[str, Any]], wanted: Columns) -> Format | None:
    """Return the format of rows, or None where they have none, or more than one reading.

    The names in `qa.columns` come first, where the rows have them.
    """
    names = list(dict.fromkeys(name for row in rows for name in row if isinstance(name, str)))
    by_form = {_form(name): name for name in reversed(names)}
    group = by_form.get(_form(wanted.group)) if wanted.group else None
    if by_form.keys() >= PREFERENCES and _form(wanted.output) not in PREFERENCES:
        return None
    if by_form.keys() >= {"prompt", "completion", "label"} and any(
        isinstance(row.get(by_form["label"]), bool) for row in rows
    ):
        return None  # TRL's KTO: the label says whether the completion is a good one
    system = by_form.get("system")
    if found := _conversation(rows, by_form):
        return Conversation(*found, system, group)
    asked = _asked(by_form, wanted)
    if asked is None:
        return None
    references = by_form.get(_form(wanted.references)) if wanted.references else None
    question, passage, answer = asked
    return Texts(_name(*asked), question, answer, passage, system, by_form.get("history"), references, group)


def _form(name: str) -> str:
    return re.sub(r"[\s_-]", "", unicodedata.normalize("NFC", name)).casefold()


def _conversation(rows: Sequence[Mapping[str, Any]], by_form: dict[str, str]) -> tuple[str, tuple[str, ...]] | None:
    for form, kind in MESSAGES.items():
        if form in by_form and _holds_messages(rows, by_form[form]):
            return kind, (by_form[form],)
    both = [by_form[form] for form in ("prompt", "completion") if form in by_form]
    if len(both) == 2 and all(_holds_messages(rows, name) for name in both):
        return Remark("prompt and completion in messages"), tuple(both)
    return None


def _holds_messages(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    values = [structure(row[name]) for row in rows if row.get(name)]
    return any(isinstance(value, list) and value and isinstance(value[0], dict) for value in values)


def _asked(by_form: dict[str, str], wanted: Columns) -> tuple[str, str | None, str] | None:
    """Return the columns of question, passage and answer."""
    own = [by_form.get(_form(name)) for name in (wanted.instruction, wanted.output)]
    passages = [by_form[form] for form in by_form if form in PASSAGES]
    if wanted.input and _form(wanted.input) in by_form:
        passages = [by_form[_form(wanted.input)]]
    # One letter or a speaker's name means this only beside its other half: A, B, C and D are choices.
    lone = {"a"} if "q" not in by_form or "b" in by_form else set()
    lone |= {"user", "human"} if "assistant" not in by_form else set()
    questions = [by_form[form] for form in by_form if form in QUESTIONS - lone]
    answers = [by_form[form] for form in by_form if form in ANSWERS - lone]
    if own[0] and own[1]:
        questions, answers = [own[0]], [own[1]]
    elif not questions and passages == [by_form.get("input")]:
        questions, passages = passages, []
    passages = [name for name in passages if name not in (*questions, *answers)]
    if len(questions) != 1 or len(answers) != 1 or len(passages) > 1:
        return None
    return questions[0], passages[0] if passages else None, answers[0]


def _name(question: str, passage: str | None, answer: str) -> str:
    forms = (_form(question), _form(answer))
    if forms == ("instruction", "output"):
        return "Alpaca"
    if forms == ("question", "answers") and passage:
        return "SQuAD"
    is_prompt = forms == ("prompt", "completion")
    return Remark("prompt and completion") if is_prompt else Remark("questions and answers")
