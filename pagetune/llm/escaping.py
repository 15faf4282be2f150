"""Text of a document, written so that it cannot end the passage that it stands in, and pose as part of the request."""

import re

from pagetune.text.disguise import without_invisible

#: What ends a passage or opens a turn: </글>, <|im_start|>, <start_of_turn>, <s>.
_TAG = re.compile(r"[<＜](\s*/\s*[|｜]?[^\W\d][\w▁.-]*[|｜]?\s*|[|｜]?[^\W\d][\w▁.-]*[|｜]?/?)[>＞]")
#: [INST], [/INST], [SYSTEM_PROMPT].
_BRACKETED = re.compile(r"\[(/?(?:INST|SYS|[A-Z]+(?:_[A-Z]+)+))\]")
_WRITTEN_TAG = re.compile("‹([^‹›]*)›")
_WRITTEN_BRACKET = re.compile("［([^［］]*)］")


def as_data(text: str) -> str:
    """Return `text` without invisible characters, and with other brackets around whatever looks like a tag."""
    return _BRACKETED.sub(r"［\1］", _TAG.sub(r"‹\1›", without_invisible(text)))


def as_written(text: str) -> str:
    """Return what a model has copied from `as_data` with the brackets of the document."""
    return _WRITTEN_BRACKET.sub(r"[\1]", _WRITTEN_TAG.sub(r"<\1>", text))
