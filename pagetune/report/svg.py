"""Pictures as inline SVG: the same numbers give the same bytes, and names stand in them as text."""

import io
import re
import unicodedata
import warnings
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape
from matplotlib import style
from matplotlib.figure import Figure

#: In inches; on a phone of 390 px the letters are still some 10 px high.
WIDTH = 4.6
#: The page's style sheet puts its own in the place of these, so that they can be read in the dark as well.
INK, BASE, TUNED, ECHO, LOOKUP = "#1f2328", "#8c96a1", "#1f6feb", "#d9a441", "#2a9d8f"
SWAPPED = "#b5838d"
#: What does not go into a picture: when and by what it was made.
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_STYLE = {
    # Text, which the browser draws in the page's font: Hangul too, which matplotlib's own font has not.
    "svg.fonttype": "none",
    # A file name may hold dollars, and is no formula.
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}


def draw_svg(label: str, height: float, draw: Callable[[Any], None]) -> Markup:
    """What `draw` draws on a figure `height` inches high; `label` is read to those who cannot see it."""
    buffer = io.StringIO()
    # The salt makes the ids, which are to be the same on every run and others in every picture.
    with style.context(["default", _STYLE, {"svg.hashsalt": label}]), warnings.catch_warnings():
        # The browser has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    svg = buffer.getvalue()
    # Every picture has its figure_1 and axes_1, and a page may hold an id but once.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg[svg.index("<svg ") :])
    described = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    return Markup(described)  # noqa: S704 - matplotlib escapes the names in it


def name_above(axes: Any, row: float, name: str, columns: int = 52) -> None:
    """Write `name` over a row of bars, from the left edge on; its width in the browser's font is not known here."""
    text = axes.text(0, row, shorten(name, columns), va="bottom", ha="left", clip_on=False)
    text.set_in_layout(False)


def shorten(text: str, columns: int) -> str:
    """One line of at most `columns` columns, in which a letter as wide as Hangul takes two."""
    text = " ".join(text.split())
    room = columns - 1
    for place, letter in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if room < 0 and place < len(text) - 1:
            return f"{text[:place]}…"
    return text
