"""The language of the page, which `report.language` chooses: the machine's locale never does."""

import gettext
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from markupsafe import Markup, escape

from pagetune.evaluate.messages import Message
from pagetune.text.korean import TWO_FORMS, is_korean, with_particle

Code = Literal["ko", "en"]
DOMAIN, CATALOGUES = "report", Path(__file__).parent / "locale"


class Language:
    """Korean or English. A message that the catalogue lacks stays English."""

    def __init__(self, code: Code) -> None:
        self.code = code
        known = code != "en"
        self._catalogue = gettext.translation(DOMAIN, CATALOGUES, [code]) if known else gettext.NullTranslations()

    def say(self, text: str) -> str:
        """Return a message in this language; any other text, such as a name or an answer, is returned as it is."""
        if not isinstance(text, Message):
            return text
        values = {name: self.say(value) if isinstance(value, str) else value for name, value in text.values.items()}
        return _Formatter().vformat(self._form(text.form), (), values)

    def mark_up(self, form: str, **values: Any) -> Markup:
        """Return a message of the template, in which every value that is not markup is escaped."""
        said = {
            name: self.say(value) if isinstance(value, str) and not isinstance(value, Markup) else value
            for name, value in values.items()
        }
        return Markup(_Escaping().vformat(self._form(form), (), said))  # noqa: S704 - the forms are our own

    def _form(self, form: str) -> str:
        return self._catalogue.gettext(form) if form else form


class _Formatter(string.Formatter):
    """Formats values as str.format does; a field such as {name:은/는} also gets the particle that fits."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return with_particle(str(value), format_spec) if format_spec in TWO_FORMS else format(value, format_spec)


class _Escaping(_Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return value if isinstance(value, Markup) else str(escape(super().format_field(value, format_spec)))


def choose_language(wish: Literal["auto", "ko", "en"], questions: Iterable[str]) -> Code:
    """Return the wished language; auto is Korean where most of the `questions` are."""
    if wish != "auto":
        return wish
    korean = [is_korean(question) for question in questions]
    return "ko" if 2 * sum(korean) > len(korean) else "en"
