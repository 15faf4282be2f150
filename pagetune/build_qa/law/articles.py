"""Articles of laws, regulations and terms: where one begins and ends, and its 항 (①, ②, …)."""

import re
from dataclasses import dataclass

from pagetune.build_qa.amendments import AMENDMENT, REPEALED_ARTICLE, without_amendments
from pagetune.build_qa.draft import Paragraph
from pagetune.records import Place
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

ARTICLE = re.compile(
    r"(제\s?\d+(?:-\d+)?\s?조(?:의\s?\d+)?)\s?"
    r"(?:[(（]|[\[【〔](?!\s*(?:삭\s*제|개\s*정|신\s*설|본\s*조|전\s*문|제\s*목)))([^()（）\[\]【】〔〕]+|[^)]+)[)）\]】〕]\s*"
)
#: The law that is named in the line of its article: 「산업안전보건법」 제38조(안전조치) ① ….
_LAW = re.compile(
    r"(?:[^\w\s「『｢(\[<【]|o\s)?\s*"
    r"(?P<law>[「『｢][^」』｣]+[」』｣](?:\s?시행령|\s?시행규칙)?|[가-힣·ㆍ\s]{0,40}(?:법|법률|시행령|시행규칙|규정|규칙|조례|기준))\s?"
    rf"(?={ARTICLE.pattern})"
)
#: What follows the title of an article that a line quotes in full, and not only cites.
_QUOTES = re.compile(r"[①-⑳]|(?!위반|참조|관련|규정|단서|본문|등|상|각|제\d).{10,}다\.")
#: Behind an article's title, the rest of a sentence that only cites it: 제3조(의료기관)에 규정한.
_CITED = re.compile(
    r"(?:[에의를을와과]|에서|부터|까지)\S{0,2}\s|\s(?:에|의|를|을|와|과|에서|부터|까지)\s|\s?(?:및|또는|내지)\s"
)
CHAPTER = re.compile(r"제\d+[장절편관](?:의\d+)?\s")
#: The addenda of a law, and not a sentence about them: 부칙 <제18479호, 2021. 10. 19.>.
ADDENDA = re.compile(r"[\[【<〈]?\s?부\s?칙\s?[\]】>〉]?\s*(?:$|[<〈‹(\[【〔]|제\d|\d)")
CLAUSE = re.compile(r"[①-⑳]")
#: The space before a 항 that begins within a line.
_NEXT_CLAUSE = re.compile(r"(?<=[.>\])])\s+(?=[②-⑳]\s?[^\s①-⑳])")
ITEM = re.compile(rf"(?:\d+(?:의\d+)?|[{ITEM_LETTERS}])[.)](?!\s?[>〉›\]])\s?")
_ITEM_NUMBER = re.compile(r"(\d+)(?:의(\d+))?[.)](?!\s?\d{1,2}\s?[.>]|\s?[>〉›\]])")
BULLET = re.compile(r"[-–•·○●▪■□◆◇◦*※▶☞￭ㅇ]\s?|o\s")
#: How a line ends that goes on overleaf, and how the rest of a sentence begins: … 암호화 / 하여 송신하는 기능.
_OPEN_END = re.compile(
    r"(?:도록|하여|하고|하며|하는|되는|있는|없는|위한|대한|관한|따른|및|또는|[을를의은는과와]|에서|으로|\s수|,)$"
)
_REST = re.compile(r"(?:하여|하는|하기|하고|하며|한|할|된|되는|되어|및|또는|등|[을를의에은는과와]|에서|으로)\s")
#: What announces a list.
LIST_FOLLOWS = re.compile(
    r"다음\s?각|다음과\s?같|다음\s중|다음\s어느|아래에\s열거|아래와\s같|아래\s각"
    r"|(?:다음|아래)(?:의)?\s(?:사항|경우|사유|서류|기준|요건|업무|행위)"
)
#: Vaguer words, which are enough where a list does follow.
_ANNOUNCES = re.compile(r"다음|아래|각\s?[호목]|같(?:다|습니다)")


@dataclass(frozen=True)
class Part:
    """An article, or one 항 of it with its `number`: `paragraphs`, from character `start` of the first."""

    paragraphs: list[Paragraph]
    start: int
    number: int | None

    @property
    def text(self) -> str:
        return " ".join(p.text for p in self.paragraphs)[self.start :]

    @property
    def on_one_page(self) -> bool:
        return len({p.page_number for p in self.paragraphs}) == 1

    @property
    def place(self) -> Place:
        """Return where the part is on the page that it begins on."""
        own = [p for p in self.paragraphs if p.page_number == self.paragraphs[0].page_number]
        return Place(table=None, row=None, start=own[0].start + self.start, end=own[-1].end)


def article_start(text: str) -> tuple[str, re.Match[str]] | None:
    """Return the article that a line begins with, and the law that the line names before it."""
    match = ARTICLE.match(text)
    if match:
        return "", match
    named = _LAW.match(text)
    match = named and ARTICLE.match(text, named.end())
    return (named["law"], match) if named and match and _QUOTES.match(text, match.end()) else None


def begins_article(paragraph: Paragraph) -> bool:
    """Tell whether an article begins here, or a chapter, the addenda, or an article that was repealed."""
    start = article_start(paragraph.text)
    if start is None:
        return any(pattern.match(paragraph.text) for pattern in (CHAPTER, ADDENDA, REPEALED_ARTICLE))
    return not _CITED.match(paragraph.text, len(paragraph.text[: start[1].end()].rstrip()))


def article_paragraphs(paragraphs: list[Paragraph], first: int, only_numbered: bool = False) -> list[Paragraph]:
    """Return the article's paragraphs, over several pages, up to the next article, chapter or heading.

    `only_numbered` is for articles that stand in other text: they end where neither a 항, an item nor the rest of a
    sentence follows.
    """
    last, numbers = first, _Numbers(_behind_title(paragraphs[first].text), only_numbered)
    while last + 1 < len(paragraphs):
        before, paragraph = paragraphs[last], paragraphs[last + 1]
        if _ends_article(paragraph, before) or not numbers.go_on(paragraph.text):
            break
        if _is_note(before, paragraph, only_numbered):
            break
        last += 1
    while last > first and not AMENDMENT.sub("", paragraphs[last].text).strip():
        last -= 1
    return paragraphs[first : last + 1]


def _behind_title(text: str) -> str:
    start = article_start(text)
    return text[start[1].end() :] if start else text


class _Numbers:
    """The numbers of an article's 항 and items, which count up. One that does not belongs to other text."""

    def __init__(self, text: str, only_announced: bool) -> None:
        """Begin with what stands behind the title. Items may have to be announced, as in a quoted article."""
        self.clause = ""
        self.item: tuple[int, ...] = (0,)
        self.only_announced = only_announced
        self.list_follows = not only_announced or not text or _ITEM_NUMBER.match(text) is not None
        self.go_on(text)

    def go_on(self, text: str) -> bool:
        """Tell whether a paragraph may follow those before, by its number, and remember the number."""
        number = _ITEM_NUMBER.match(text)
        if number:
            item = tuple(int(part) for part in number.groups() if part)
            goes_on, self.item = self.list_follows and item > self.item, item
            return goes_on
        is_clause, goes_on = CLAUSE.match(text), not CLAUSE.match(text) or text[0] > self.clause
        if is_clause:
            self.clause, self.list_follows = text[0], not self.only_announced
            self.item = (0,)
        if _ANNOUNCES.search(text) and not ITEM.match(text):
            self.item, self.list_follows = (0,), True
        return goes_on


def _is_note(before: Paragraph, paragraph: Paragraph, only_numbered: bool) -> bool:
    """Tell whether a paragraph is a remark below an article, and not a part of it."""
    if ITEM.match(paragraph.text) or CLAUSE.match(paragraph.text) or not AMENDMENT.sub("", paragraph.text).strip():
        return False
    if BULLET.match(paragraph.text):
        is_listed = _ANNOUNCES.search(before.text) or BULLET.match(before.text)
        return only_numbered or not (is_listed or (ITEM.match(before.text) and paragraph.text.startswith("-")))
    is_rest = paragraph.is_fragment and not ends_sentence(AMENDMENT.sub("", before.text))
    return only_numbered and not is_rest


def _ends_article(paragraph: Paragraph, before: Paragraph) -> bool:
    """Tell whether the article before ends here: at the next one, at a gap, or at a heading.

    List items, marks of amendments and the rest of a sentence on the next page do not count as headings.
    """
    is_rest = paragraph.is_fragment and (_OPEN_END.search(before.text) or _REST.match(paragraph.text))
    is_heading = paragraph.is_heading and not is_rest and AMENDMENT.sub("", paragraph.text).strip()
    is_item = ITEM.match(paragraph.text) or CLAUSE.match(paragraph.text)
    return begins_article(paragraph) or bool(is_heading and not is_item) or paragraph.after_gap


def clauses(article: Part) -> list[Part]:
    """Split the article into ①, ②, …, each with its items."""
    paragraphs = [part for p in article.paragraphs for part in p.split(_NEXT_CLAUSE)]
    starts = [index for index, p in enumerate(paragraphs) if index and CLAUSE.match(p.text)]
    found = []
    for begin, end in zip([0, *starts], [*starts, len(paragraphs)], strict=True):
        own = paragraphs[begin:end]
        first = article.start if begin == 0 else 0
        number = ord(own[0].text[first]) - ord("①") + 1 if CLAUSE.match(own[0].text, first) else None
        found.append(Part(own, first, number))
    return [part for part in found if part.text.strip()] or [article]


def parts(whole: Part, max_characters: int) -> list[Part]:
    """Return the article, or its 항 where it is longer than `max_characters`, not on one page, or quoted in part."""
    found = clauses(whole)
    fits = whole.on_one_page and len(clean(whole.text)) <= max_characters
    numbers = [part.number for part in found]
    is_complete = numbers in ([None], list(range(1, 1 + len(numbers)))) and numbers != [1]
    return [whole] if is_complete and (fits or len(found) == 1) else found


def clean(text: str) -> str:
    """Remove repealed items, marks of amendments, and the number of a single 항."""
    text = without_amendments(text)
    has_single_number = len(CLAUSE.findall(text)) == 1 and CLAUSE.match(text)
    return re.sub(r"\s+", " ", text[1:] if has_single_number else text).strip()
