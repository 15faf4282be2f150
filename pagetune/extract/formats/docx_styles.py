"""The styles and lists of a DOCX document: which level a heading has, and which number stands before a paragraph."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pagetune.extract.formats.numbering import Level, Numbering
from pagetune.extract.formats.xml_parts import Element, attribute, child, children, descendants, number_of

_FORMATS = {
    "decimal": "DIGIT",
    "upperRoman": "ROMAN_CAPITAL",
    "lowerRoman": "ROMAN_SMALL",
    "upperLetter": "LATIN_CAPITAL",
    "lowerLetter": "LATIN_SMALL",
    "ganada": "HANGUL_SYLLABLE",
    "chosung": "HANGUL_JAMO",
    "decimalEnclosedCircle": "CIRCLED_DIGIT",
    "koreanDigital2": "IDEOGRAPH",
    "koreanCounting": "HANGUL_PHONETIC",
    "koreanLegal": "HANGUL_PHONETIC",
    "ideographDigital": "IDEOGRAPH",
    "chineseCounting": "IDEOGRAPH",
}
_BULLET = "•"
_SYMBOL_FONT = re.compile("Symbol|Wingdings|Webdings")
_HEADING_NAME = re.compile(r"(?:heading|제목) ?(\d)", re.IGNORECASE)


@dataclass
class DocxStyles:
    """The styles by id, and the lists: each list is one use of an abstract list, whose counts its uses share."""

    styles: dict[str, Element]
    numbering: Numbering
    abstract_ids: dict[str, str]
    #: The levels at which a list begins with a number of its own when it is first used.
    starts: dict[str, dict[int, int]]
    default_style: str | None = None
    _used: set[str] = field(default_factory=set)

    def label(self, paragraph: Element) -> str:
        """Return the number or bullet before the paragraph, and count it; "" if it has none."""
        list_id, level = self._list(paragraph)
        abstract = self.abstract_ids.get(list_id)
        if abstract is None:
            return ""
        if list_id not in self._used:
            self._used.add(list_id)
            for at, start in self.starts.get(list_id, {}).items():
                self.numbering.restart(abstract, at, start)
        return self.numbering.label(abstract, level)

    def _list(self, paragraph: Element) -> tuple[str, int]:
        """Return the list of the paragraph, or of its style, and the level in it, from 0."""
        list_id, level = None, None
        for properties in self._properties(paragraph):
            numbers = child(properties, "numPr")
            if numbers is not None:
                list_id = list_id or attribute(child(numbers, "numId"), "val")
                level = level or attribute(child(numbers, "ilvl"), "val")
        return list_id or "", int(level or 0)

    def heading(self, paragraph: Element) -> int:
        """Return the level of a heading, from 1, or 0."""
        for properties in self._properties(paragraph):
            outline = child(properties, "outlineLvl")
            if outline is not None:
                level = number_of(outline, "val", 9)
                return level + 1 if level < 9 else 0
        for style in self._chain(paragraph):
            name = attribute(child(style, "name"), "val") or ""
            if found := _HEADING_NAME.fullmatch(name):
                return int(found.group(1))
            if name.lower() == "title":
                return 1
        return 0

    def _properties(self, paragraph: Element) -> Iterator[Element]:
        """Yield the properties of the paragraph, then those of its style and of the styles that this is based on."""
        own = child(paragraph, "pPr")
        inherited = [child(style, "pPr") for style in self._chain(paragraph)]
        return (properties for properties in (own, *inherited) if properties is not None)

    def _chain(self, paragraph: Element) -> Iterator[Element]:
        own = child(paragraph, "pPr")
        named = attribute(child(own, "pStyle"), "val") if own is not None else None
        style_id, seen = named or self.default_style, set[str]()
        while style_id and style_id not in seen and style_id in self.styles:
            seen.add(style_id)
            yield self.styles[style_id]
            style_id = attribute(child(self.styles[style_id], "basedOn"), "val")


def read_styles(styles: Element | None, numbering: Element | None) -> DocxStyles:
    found = [] if styles is None else list(children(styles, "style"))
    by_id = {attribute(style, "styleId") or "": style for style in found}
    default = next(
        (
            attribute(one, "styleId")
            for one in found
            if attribute(one, "default") == "1" and attribute(one, "type") == "paragraph"
        ),
        None,
    )
    abstract = [] if numbering is None else list(children(numbering, "abstractNum"))
    uses = [] if numbering is None else list(children(numbering, "num"))
    levels = {attribute(one, "abstractNumId") or "": _levels(one) for one in abstract}
    abstract_ids = {attribute(use, "numId") or "": attribute(child(use, "abstractNumId"), "val") or "" for use in uses}
    starts = {attribute(use, "numId") or "": _starts(use) for use in uses}
    return DocxStyles(by_id, Numbering(levels), abstract_ids, starts, default)


def _levels(abstract: Element) -> list[Level]:
    levels = sorted(children(abstract, "lvl"), key=lambda level: number_of(level, "ilvl", 0))
    return [_level(level) for level in levels]


def _level(level: Element) -> Level:
    kind = attribute(child(level, "numFmt"), "val") or "decimal"
    text = attribute(child(level, "lvlText"), "val") or ""
    font = attribute(next(descendants(level, "rFonts"), None), "ascii") or ""
    if kind == "bullet":
        template = _BULLET if not text or text == "o" or _SYMBOL_FONT.match(font) else text
    else:
        template = "" if kind == "none" else re.sub(r"%(\d)", r"^\1", text)
    return Level(template, _FORMATS.get(kind, "DIGIT"), number_of(child(level, "start"), "val", 1))


def _starts(use: Element) -> dict[int, int]:
    overrides = [(one, child(one, "startOverride")) for one in children(use, "lvlOverride")]
    return {number_of(one, "ilvl", 0): number_of(start, "val", 1) for one, start in overrides if start is not None}
