"""A paragraph of a Hangul document: its text, and what is anchored in it, before the text or after."""

from dataclasses import dataclass, field

from pagetune.extract.formats.flow import Block, Paragraph

#: Hangul's own characters for numbers in boxes, white and black, which no other font has: 1 to 9 of each.
_BOXED_NUMBERS = {first + number: ord("①") + number for first in (0xF02B1, 0xF02CE) for number in range(9)}


@dataclass
class AnchoredText:
    """Collects the text of a paragraph, and the objects that are anchored in it."""

    _text: list[str] = field(default_factory=list)
    _before: list[Block] = field(default_factory=list)
    _after: list[Block] = field(default_factory=list)

    def write(self, text: str) -> None:
        self._text.append(text)

    def anchor(self, blocks: list[Block]) -> None:
        """Add an object. It comes before the paragraph if no text stands before it."""
        (self._after if "".join(self._text).strip() else self._before).extend(blocks)

    @property
    def text(self) -> str:
        return "".join(self._text).translate(_BOXED_NUMBERS)

    def blocks(self, label: str, heading: int) -> list[Block]:
        """Return the paragraph between its objects. An empty one is left out if there are objects."""
        text = f"{label} {self.text.lstrip()}" if label and self.text.strip() else self.text
        if not text.strip() and (self._before or self._after):
            return [*self._before, *self._after]
        return [*self._before, Paragraph(text, heading), *self._after]
