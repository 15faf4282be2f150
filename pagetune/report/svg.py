"""Charts as inline SVG: the same numbers give the same bytes, and names are text."""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.figure import Figure

from pagetune.evaluate.messages import Message

#: In inches. On a phone 390 px wide the letters are still about 10 px high.
WIDTH = 4.6
#: The style sheet replaces these colours by its own, so that charts can be read in dark mode too.
INK, BASE, TUNED, ECHO, LOOKUP = "#1f2328", "#8c96a1", "#1f6feb", "#d9a441", "#2a9d8f"
BASE_OPEN, TUNED_OPEN = "#57606a", "#0b3d91"
SWAPPED, SEARCH_TOP1, SEARCH_TOP5 = "#b5838d", "#7d5ba6", "#b39ddb"
#: Metadata that is left out of a chart: when and with what it was drawn.
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_STYLE = {
    # The browser draws text in the page's font, which has Hangul; matplotlib's own font has not.
    "svg.fonttype": "none",
    # A file name may contain dollar signs, which would start a formula.
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}


Rows = list[dict[str, str]]
#: Says a message in the page's language.
Say = Callable[[str], str]


@dataclass(frozen=True)
class Chart:
    """`svg` is empty where there is nothing to draw, and `note` says so."""

    name: str
    title: Message
    svg: Markup
    note: Message


def draw_svg(label: str, height: float, draw: Callable[[Any], None]) -> Markup:
    """Return what `draw` draws on a figure `height` inches high. Screen readers read `label`."""
    buffer = io.StringIO()
    # The salt determines the ids: the same on every run, and different in every chart.
    with style.context(["default", _STYLE, {"svg.hashsalt": label}]), warnings.catch_warnings():
        # The browser's font has the missing glyphs.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    svg = buffer.getvalue()
    # Every chart has a figure_1 and an axes_1, but an id may occur only once in a page.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg ") :])
    described = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    return Markup(described)  # noqa: S704 - matplotlib escapes the names in it


def name_above(axes: Any, row: float, name: str, columns: int = 52) -> None:
    """Write `name` above a row of bars, left-aligned and outside the layout: the browser's font sets its width."""
    text = axes.text(0, row, shorten(name, columns), va="bottom", ha="left", clip_on=False)
    text.set_in_layout(False)


def shorten(text: str, columns: int) -> str:
    """Return the text as one line of at most `columns` columns; a wide letter, such as Hangul, takes two."""
    text = " ".join(text.split())
    room = columns - 1
    for index, letter in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0 and index < len(text) - 1:
            return f"{text[:index]}…"
    return text
