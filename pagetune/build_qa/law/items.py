"""The list in an article (다음 각 호 …): whether it is whole, and what each of its items says by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pagetune.build_qa.amendments import without_amendments
from pagetune.build_qa.draft import Paragraph
from pagetune.build_qa.law.articles import ITEM, LIST_FOLLOWS, Part, clean
from pagetune.records import Place
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

_NUMBERED = re.compile(r"(\d+)(?:의(\d+))?[.)](?!\s?\d{1,2}\s?[.>]|\s?[>〉›\]])\s?")
_LETTERED = re.compile(rf"([{ITEM_LETTERS}])[.)]\s?")
#: The end of a sentence, and not the full stop in a date.
_SENTENCE_END = re.compile(r"(?<=[가-힣)”\"]\.)\s+")
#: What an item can stand for, alone: "다음 각 호의 어느 하나에 해당하는 (자)", "다음 각 호의 (사항)".
_ONE_OF = re.compile(r"다음\s?각\s?[호목]의\s?(?:(?:어느\s?)?하나에\s?해당(?:하는|되는|하거나)\s)?")
#: Heads that are true of all items together, and not of each.
_OF_ALL = re.compile(r"모두|전부|제외|아니하는|외의|구분에|순서")
_LAST_WORD = re.compile(r"([가-힣]+)\.?(\([^()]*\))?$")
_PARTICLE = (
    r"(?=[\s(,.]"
    r"|(?:에게는?|에게서|에서는?|에는?|에도|은|는|이|가|을|를|의|으?로|와|과|인|도|만|으?로서|으?로부터)(?![가-힣]))"
)
#: A sentence that takes something back from the one before, and says nothing without it.
_LEANS = re.compile(r"다만|단[,\s]|그러나|이 경우")
#: An item that says nothing of its own, or points at the items beside it.
_SAYS_LITTLE = re.compile(r"그\s?밖에|(?<![조항\d])\s?제\d+호(?:의\d+)?(?:[^의\d]|의\s|$)")
#: A title that says what the items are, so that each is an answer alone: 결격사유.
_NAMES_ITEMS = re.compile(r"(?:사유|요건|업무|행위|금지|행위규칙|자격|서류|대상|종류|예외)(?:\s?등)?\)$")
#: An item that says by itself what has to be done or what holds: "…을 갖출 것", "가맹점: 3일".
_SAYS_ALL = re.compile(r"것(?:\([^()]*\))?\.?$|\s?[:：]\s|다\.$")
#: An item that only gives a value to what a provision names: 법 제28조제1항의 전자금융업자: 2억원.
_ONLY_CITES = re.compile(
    r"(?:(?:법|영|령|시행령|시행규칙|규칙|규정)\s?)?제\d+[조항호][^:：]{0,60}\s?[:：]\s|[^:：]+[:：]\s?[<〈\[]?(?:별표|별지)"
)
#: A shorter item is a word, and says nothing alone.
_MIN_CHARACTERS = 20


@dataclass(frozen=True)
class Item:
    """An item with what belongs to it: 가. 나. … below 1. `name` is what it is cited by: 제3호."""

    name: str
    key: tuple[int, ...]
    paragraphs: list[Paragraph]

    @property
    def text(self) -> str:
        """Return what it says, without its own number."""
        return ITEM.sub("", without_amendments(" ".join(p.text for p in self.paragraphs)), count=1)


@dataclass(frozen=True)
class Piece:
    """A piece of a 항 that stands on one page: 제3호, 본문."""

    name: str
    answer: str
    page_number: int
    place: Place


def read_items(paragraphs: list[Paragraph]) -> tuple[list[Paragraph], list[Item]]:
    """Split a 항 into what stands above its list, and its items, numbered (1.) or lettered (가.)."""
    pattern = _NUMBERED if any(_NUMBERED.match(p.text) for p in paragraphs[1:]) else _LETTERED
    starts = [index for index, p in enumerate(paragraphs) if index and pattern.match(p.text)]
    ends = [*starts[1:], len(paragraphs)][: len(starts)]
    items = [_item(pattern, paragraphs[start:end]) for start, end in zip(starts, ends, strict=True)]
    return paragraphs[: starts[0]] if starts else paragraphs, items


def _item(pattern: re.Pattern[str], paragraphs: list[Paragraph]) -> Item:
    match = pattern.match(paragraphs[0].text)
    groups = match.groups() if match else ()
    if pattern is _LETTERED:
        return Item(f"{groups[0]}목", (ITEM_LETTERS.index(groups[0]) + 1,), paragraphs)
    name = f"제{groups[0]}호" + (f"의{groups[1]}" if groups[1] else "")
    return Item(name, tuple(int(number) for number in groups if number), paragraphs)


def is_whole(items: list[Item]) -> bool:
    """Tell whether a list begins with its first item, leaves none out, and says something in each."""
    keys = [item.key for item in items]
    return (
        len(keys) != 1
        and all(key == (1,) for key in keys[:1])
        and all(before < key <= (before[0] + 1,) for before, key in pairwise(keys))
        and all(re.search(r"\w", ITEM.sub("", item.paragraphs[0].text, count=1)) for item in items)
        and all(is_whole(read_items(item.paragraphs)[1]) for item in items)
    )


def pieces(part: Part, title: str) -> Iterator[Piece]:
    """Yield the items or the first sentence of a 항 that is too long, stands on two pages or is quoted in part.

    `title` is the name of its article.
    """
    head, items = read_items(part.paragraphs)
    if not items:
        yield from _first_sentence(part)
    announced = [s for s in _sentences(_text(part, head)) if LIST_FOLLOWS.search(s)]
    if len(announced) != 1 or _LEANS.match(announced[0]):
        return
    for item in items:
        piece = None if _SAYS_LITTLE.search(item.text) else _with_head(part, head, item, announced[0])
        if piece is None and not _SAYS_LITTLE.search(item.text):
            piece = _alone(item, title)
        if piece:
            yield piece


def _text(part: Part, paragraphs: list[Paragraph]) -> str:
    """Return the cleaned text of the part's first paragraphs."""
    return clean(" ".join(p.text for p in paragraphs)[part.start :])


def _sentences(text: str) -> list[str]:
    """Split a text where a sentence ends outside brackets."""
    found = [""]
    for piece in _SENTENCE_END.split(text):
        is_inside = found[-1].count("(") > found[-1].count(")")
        found = [*found[:-1], f"{found[-1]} {piece}"] if is_inside else [*found, piece]
    return found[1:]


def _first_sentence(part: Part) -> Iterator[Piece]:
    """Yield the 본문 or 전단: the first of two sentences, where it ends on the page that it begins on."""
    first = part.paragraphs[0]
    sentences = _sentences(first.text[part.start :])
    if len(sentences) != 2 or not ends_sentence(sentences[0]) or LIST_FOLLOWS.search(sentences[0]):
        return
    start = first.start + part.start
    name = "본문" if re.match(r"다만|단[,\s]", sentences[1]) else "전단"
    place = Place(table=None, row=None, start=start, end=start + len(sentences[0]))
    yield Piece(name, clean(sentences[0]), first.page_number, place)


def _with_head(part: Part, head: list[Paragraph], item: Item, announced: str) -> Piece | None:
    """Return the sentence that announces the list, with the item in place of what announces it."""
    answer = with_item(announced, clean(item.text))
    if len({p.page_number for p in [*head, *item.paragraphs]}) != 1 or not answer:
        return None
    place = Place(table=None, row=None, start=head[0].start + part.start, end=item.paragraphs[-1].end)
    return Piece(item.name, answer, head[0].page_number, place)


def with_item(sentence: str, item: str) -> str | None:
    """Put an item into the sentence that announces its list, where both speak of the same: 다음 각 호의 … (자).

    Return None where they do not, or where the sentence is true only of all items together.
    """
    one_of, last = _ONE_OF.search(sentence), _LAST_WORD.search(item)
    if one_of is None or last is None or _OF_ALL.search(sentence):
        return None
    noun, behind = last[1], sentence[one_of.end() :]
    if not re.match(rf"{noun}{_PARTICLE}", behind) or LIST_FOLLOWS.search(item):
        return None
    rest = re.sub(rf"^[와과]\s.*제\d+호.*\s{noun}(?=[은는이가을를에])", "", behind[len(noun) :])
    return sentence[: one_of.start()] + item.rstrip(".") + rest


def _alone(item: Item, title: str) -> Piece | None:
    """Return an item that is on one page and says enough alone."""
    first, last = item.paragraphs[0], item.paragraphs[-1]
    text = clean(item.text)
    if first.page_number != last.page_number or len(text) < _MIN_CHARACTERS:
        return None
    if not (_SAYS_ALL.search(text) or _NAMES_ITEMS.search(title)):
        return None
    if _ONLY_CITES.match(text):
        return None
    listed = read_items(item.paragraphs)[1]
    if (LIST_FOLLOWS.search(text) and not listed) or not is_whole(listed):
        return None
    return Piece(item.name, text, first.page_number, Place(table=None, row=None, start=first.start, end=last.end))
