"""Messages of OpenAI's or ShareGPT's form as turns: the system first, then user and assistant in turn."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pagetune.build_qa.own_rows.raw import RowError, is_text, shown, structure
from pagetune.language import Remark
from pagetune.records import Turn

Role = Literal["system", "user", "assistant"]
ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "human": "user"}
ROLES |= dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai"), "assistant")


@dataclass(frozen=True)
class Said:
    """A message. `is_trained` is false for what is only read: the prompt, and answers with OpenAI's `weight: 0`."""

    turn: Turn
    is_trained: bool


def read_messages(name: str, value: Any, is_trained: bool = True) -> list[Said]:
    """Return the messages of a column. Raises RowError where one has another role or no text."""
    messages = structure(value)
    if not isinstance(messages, list) or not messages:
        raise RowError(
            "missing_text", Remark("{name!r} should be a list of messages, got {seen}", name=name, seen=shown(value))
        )
    return [
        _message(f"{name}[{number}]", message, is_trained)
        for number, message in enumerate(messages)
        if not _is_empty_system(message)
    ]


def _is_empty_system(message: Any) -> bool:
    if not isinstance(message, dict) or (message.get("role") or message.get("from")) not in ("system", "developer"):
        return False
    return message.get("content", message.get("value")) in (None, "")


def _message(where: str, message: Any, is_trained: bool) -> Said:
    if not isinstance(message, dict):
        raise RowError(
            "wrong_turns",
            Remark("{where} should be a message with role and content, got {seen}", where=where, seen=shown(message)),
        )
    role, content = message.get("role") or message.get("from"), message.get("content", message.get("value"))
    known = ROLES.get(role.strip().casefold()) if isinstance(role, str) else None
    if known is None:
        raise RowError(
            "wrong_turns",
            Remark("{where} is from {role!r}; only system, user and assistant can be read", where=where, role=role),
        )
    if message.get("tool_calls") or message.get("function_call"):
        raise RowError("wrong_turns", Remark("{where} calls a tool, which is not text", where=where))
    return Said(Turn(role=known, content=_content(where, content)), is_trained and message.get("weight") != 0)


def _content(where: str, content: Any) -> str:
    """Return the text of a message, which may come in parts: [{"type": "text", "text": …}]."""
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else None for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        content = "\n".join(texts) if len(texts) == len(parts) else content
    if content is None or content == "":
        raise RowError("missing_text", Remark("{where} has no text", where=where))
    if not isinstance(content, str) or not is_text(content):
        raise RowError("not_text", Remark("{where} should be a text, got {seen}", where=where, seen=shown(content)))
    if not content.strip():
        raise RowError("missing_text", Remark("{where} has no text", where=where))
    return unicodedata.normalize("NFC", content.strip())


def in_turn(messages: list[Said]) -> list[Said]:
    """Join what one speaker says in several messages. Raises RowError where the system or the assistant is misplaced.

    Chat templates stop at two messages of one speaker; people write several in a row.
    """
    joined: list[Said] = []
    for said in messages:
        if joined and joined[-1].turn.role == said.turn.role:
            last = joined.pop()
            if said.turn.role == "assistant" and last.is_trained != said.is_trained:
                joined.append(last if last.is_trained else said)  # two tries, of which one is left out by its weight
                continue
            content = f"{last.turn.content}\n\n{said.turn.content}"
            turn = Turn(role=said.turn.role, content=content)
            joined.append(Said(turn, last.is_trained or said.is_trained))
        else:
            joined.append(said)
    roles = [said.turn.role for said in joined]
    if "system" in roles[1:]:
        raise RowError("wrong_turns", Remark("a system message stands between the others; it should be the first"))
    if "user" not in roles:
        raise RowError("missing_text", Remark("no message is the user's, so there is no question"))
    if next(role for role in roles if role != "system") != "user":
        raise RowError("wrong_turns", Remark("the assistant speaks first; a user's message should"))
    return joined


def answered(said: list[Said], only_last: bool) -> Iterator[tuple[list[Turn], str, str]]:
    """Yield (turns before, question, answer) for each answer that is trained, or for the last one only."""
    turns = [one.turn for one in said]
    places = [number for number, one in enumerate(said) if one.turn.role == "assistant" and one.is_trained]
    for number in places[-1:] if only_last else places:
        yield turns[: number - 1], turns[number - 1].content, turns[number].content
