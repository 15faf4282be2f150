"""What the checks of `model.base` say, about another setting that names a model."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import TextIOBase
from typing import Any

from pagetune.errors import UserError
from pagetune.language import tr


@contextmanager
def in_terms_of(names: Mapping[str, str]) -> Iterator[None]:
    """Replace these names, in their order, in what is printed and in the messages of a UserError."""

    def renamed(text: str) -> str:
        for name, own in names.items():
            text = text.replace(name, own).replace(tr(name), tr(own))
        return text

    class _Renaming(TextIOBase):
        def __init__(self, out: Any) -> None:
            self._out = out

        def write(self, text: str) -> int:
            self._out.write(renamed(text))
            return len(text)

        def flush(self) -> None:
            self._out.flush()

    try:
        with redirect_stdout(_Renaming(sys.stdout)):
            yield
    except UserError as error:
        raise UserError(renamed(str(error))) from None
