"""Sentences that keep their form and their values, so that a page can say them in another language."""

from collections.abc import Sequence
from typing import Any


class Message(str):
    """A text in English that was made of a `form`, such as "{n} pages", and its `values`.

    It is the English text wherever a text is needed. The form is a literal, under which a catalogue has the
    translation; a value may be a message too.
    """

    __slots__ = ("form", "values")
    form: str
    values: dict[str, Any]

    def __new__(cls, form: str, **values: Any) -> "Message":
        """Return the message; `form` has a field for each of the `values`."""
        made = super().__new__(cls, form.format(**values))
        made.form, made.values = form, values
        return made


def joined(parts: Sequence[str], separator: str = ", ") -> Message:
    """Return the parts in one message, without words of its own."""
    form = separator.join(f"{{part{number}}}" for number in range(len(parts)))
    return Message(form, **{f"part{number}": part for number, part in enumerate(parts)})


def listed(parts: Sequence[str]) -> Message:
    """Return the parts as a sentence lists them: A, B and C."""
    if len(parts) < 2:
        return joined(parts)
    return Message("{first} and {last}", first=joined(parts[:-1]), last=parts[-1])


def noted(form: str) -> str:
    """Return the form as it is. The catalogue also has forms in this call, which a message gets elsewhere."""
    return form
