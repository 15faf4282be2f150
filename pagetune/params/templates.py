"""The texts of params.yaml that become part of a prompt, and what they have to hold."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from pagetune.language import Remark, tr


def _breaks_lines(text: str) -> str:
    """Refuse a line break that is still a backslash and an n: `-S` and single quotes in YAML leave it so."""
    if r"\n" in text:
        said = tr(
            "has a backslash and an n where a line should break. Put the text in double quotes in params.yaml, or set "
            "it with `dvc exp run -S $'KEY=\"first line\\nsecond line\"'`"
        )
        raise PydanticCustomError("in_words", "{said}", {"said": said})
    return text


def _holds_the_instruction_once(template: str) -> str:
    if template.count("{instruction}") != 1:
        raise ValueError
    return template


def _holds_both_once(template: str) -> str:
    if template.count("{instruction}") != 1 or template.count("{passages}") != 1:
        raise ValueError
    return template


PromptText = Annotated[str, AfterValidator(_breaks_lines)]
TemplateText = Annotated[
    str,
    AfterValidator(_breaks_lines),
    AfterValidator(_holds_the_instruction_once),
    Field(description=Remark("a string that holds {instruction} exactly once, such as Q: {instruction}")),
]
OpenTemplateText = Annotated[
    str,
    AfterValidator(_breaks_lines),
    AfterValidator(_holds_both_once),
    Field(
        description=Remark(
            "a string that holds {passages} and {instruction} exactly once each, such as {passages} Q: {instruction}"
        )
    ),
]
