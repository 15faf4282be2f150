"""Text of a document, written so that it cannot end the passage that it stands in, and pose as part of the request."""

import re
from itertools import product

from pagetune.text.disguise import without_invisible

_OPENING, _CLOSING = "<＜‹〈", ">＞›〉"
#: What ends a passage or opens a turn: </글>, </글 x>, <|im_start|>, <start_of_turn>, <s>. A document's own ‹글› or
#: 〈글〉 does not count, except where it looks like the end of a tag or its brackets do not match.
_TAG = re.compile(
    rf"[{_OPENING}](\s*+/\s*+[|｜]?[^\W\d][^{_OPENING}{_CLOSING}\n]{{0,40}}"
    rf"|[|｜][^{_OPENING}{_CLOSING}|｜\n]{{1,40}}[|｜])[{_CLOSING}]"
    rf"|(?![‹〈][^{_CLOSING}]{{0,60}}[›〉])[{_OPENING}](｜?[^\W\d][\w▁.-]*+/?\s*+)[{_CLOSING}]"
)
#: [INST], [/INST], [SYSTEM_PROMPT], [gMASK], [|endofturn|].
_BRACKETED = re.compile(
    r"\[(/?(?:INST|SYS|[a-z]?MASK|CLS|SEP|PAD|BOS|EOS|UNK|IMG|[A-Z]+(?:_[A-Z]+)+)|[|｜][^\[\]|｜\n]{1,40}[|｜])\]"
)
_WRITTEN_TAG = re.compile("‹([^‹›]*)›")
_WRITTEN_BRACKET = re.compile("［([^［］]*)］")


def as_data(text: str) -> str:
    """Return `text` without invisible characters, and with other brackets around whatever looks like a tag."""
    tagged = _TAG.sub(lambda found: f"‹{found[1] or found[2]}›", without_invisible(text))
    return _BRACKETED.sub(r"［\1］", tagged)


def as_written(text: str, source: str) -> str:
    """Return what a model has copied from `as_data(source)` with the brackets that `source` has."""
    source = without_invisible(source)
    text = _WRITTEN_TAG.sub(lambda found: _in_source(found, source, _OPENING, _CLOSING), text)
    return _WRITTEN_BRACKET.sub(lambda found: _in_source(found, source, "[", "]"), text)


def _in_source(found: re.Match[str], source: str, opening: str, closing: str) -> str:
    """Return what was found, in the brackets of the source; as it is where it stands there, or in none."""
    if found[0] in source:
        return found[0]
    written = (f"{before}{found[1]}{after}" for before, after in product(opening, closing))
    return next((one for one in written if one in source), found[0])
