"""The styles of an HWPX document that change what is read: numbers, bullets, headings, coloured cells."""

from dataclasses import dataclass

from pagetune.extract.formats.numbering import Level, Numbering
from pagetune.extract.formats.xml_parts import Element, attribute, child, children, descendants, name_of, number_of

_NO_COLOR = ("none", "#FFFFFF", "#ffffff", "")


@dataclass(frozen=True)
class HwpxStyles:
    #: What stands before a paragraph of each style: the kind, the id of its list, and the level from 0.
    heads: dict[str, tuple[str, str, int]]
    numbering: Numbering
    bullets: dict[str, str]
    #: The ids of the border styles that fill a cell with a colour.
    colored: frozenset[str]

    def label(self, style: str, outline: str) -> tuple[str, int]:
        """Return the number or bullet before a paragraph of this style, and the level of a heading or 0."""
        kind, list_id, level = self.heads.get(style, ("NONE", "", 0))
        if kind == "OUTLINE":
            return self.numbering.label(outline, level), level + 1
        if kind == "NUMBER":
            return self.numbering.label(list_id, level), 0
        return (self.bullets.get(list_id, "•"), 0) if kind == "BULLET" else ("", 0)


def read_styles(header: Element | None) -> HwpxStyles:
    if header is None:
        return HwpxStyles({}, Numbering({}), {}, frozenset())
    heads = {attribute(style, "id") or "": _head(style) for style in descendants(header, "paraPr")}
    lists = {attribute(one, "id") or "": _levels(one) for one in descendants(header, "numbering")}
    bullets = {attribute(one, "id") or "": attribute(one, "char") or "•" for one in descendants(header, "bullet")}
    fills = [fill for fill in descendants(header, "borderFill") if _is_colored(fill)]
    return HwpxStyles(heads, Numbering(lists), bullets, frozenset(attribute(fill, "id") or "" for fill in fills))


def _head(style: Element) -> tuple[str, str, int]:
    head = next(descendants(style, "heading"), None)
    return attribute(head, "type") or "NONE", attribute(head, "idRef") or "", number_of(head, "level", 0)


def _levels(numbering: Element) -> list[Level]:
    levels = sorted(children(numbering, "paraHead"), key=lambda level: number_of(level, "level", 1))
    return [
        Level(level.text or "", attribute(level, "numFormat") or "DIGIT", number_of(level, "start", 1))
        for level in levels
    ]


def _is_colored(fill: Element) -> bool:
    brush = child(fill, "fillBrush")
    if brush is None:
        return False
    plain = child(brush, "winBrush")
    if plain is None:
        return any(name_of(part) == "gradation" for part in brush)
    return (attribute(plain, "faceColor") or "") not in _NO_COLOR
