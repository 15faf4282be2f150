"""Pairs from regulations: articles (제N조(제목) …), whole or 항 by 항, and definitions ("X"란 … 말한다)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.records import Place, Reason
from pagetune.text.korean import with_particle
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

_ARTICLE = re.compile(r"(제\s?\d+\s?조(?:의\s?\d+)?)\s?\(([^)]+)\)\s*")
#: Behind an article's title, the rest of a sentence that only cites it: 제3조(의료기관)에 규정한.
_CITED = re.compile(
    r"(?:[에의를을와과]|에서|부터|까지)\S{0,2}\s|\s(?:에|의|를|을|와|과|에서|부터|까지)\s|\s?(?:및|또는|내지)\s"
)
_REPEALED_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s*삭제")
_CHAPTER = re.compile(r"제\d+[장절편관](?:의\d+)?\s|부\s?칙")
_ADDENDA = re.compile(r"부\s?칙")
_CLAUSE = re.compile(r"[①-⑳]")
_ITEM = re.compile(rf"(?:\d+(?:의\d+)?|[{ITEM_LETTERS}])[.)]\s?")
_ITEM_INSIDE = re.compile(rf"\s{_ITEM.pattern}")
_SUBITEM = re.compile(rf"[{ITEM_LETTERS}][.)]\s?")
#: Marks of amendments. They may break over lines and become a paragraph of their own.
_AMENDMENT = re.compile(
    r"(?<!\s)\s*<(?:개\s?정|신\s?설|삭\s?제|본조신설|전문개정)[^<>]*>|(?<!\s)\s*\[(?:본조신설|전문개정|제목개정|종전|시행일|법률)[^\[\]]*\]"
)
#: An item that says that it was repealed.
_REPEALED = re.compile(rf"(?:^|\s){_ITEM.pattern}삭제\s*<[^<>]*>")
_LIST_FOLLOWS = re.compile(r"다음\s?각\s?(?:호|목)|다음과\s?같|다음\s중|다음\s어느|아래에\s열거")
_DEFINITION = re.compile(r"[\"“”‘']([^\"“”‘’']{1,30})[\"”’']\s?(?:이란|란|이라 함은|라 함은)\s+")
_COLON_DEFINITION = re.compile(_ITEM.pattern + r"\s*([^:：]{1,30})\s?[:：]\s*(?=.*말(?:한다|합니다)\.)")
_MEANS = re.compile(r"(?:말|뜻)(?:한다|합니다)\.|(?:말|뜻)하(?:며|고)(?=,)")
#: A proviso, which belongs to the sentence before it. The full stop after a number does not end a sentence.
_PROVISO = re.compile(r"\s?(?:다만|단|그러나|이 경우),?\s(?:[^.]|(?<=\d)\.)*[^\d.]\.")
#: Terms that point at something else instead of naming a thing.
_POINTS_ELSEWHERE = re.compile(r"(\s자|것|사항|경우)$")


@dataclass(frozen=True)
class _Part:
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


def article_drafts(document: Document, max_characters: int) -> Iterator[Draft]:
    """Ask about each article as a whole, or 항 by 항 where it is longer than `max_characters` or not on one page."""
    addenda = ""
    for index, paragraph in enumerate(document.paragraphs):
        if _ADDENDA.match(paragraph.text):
            addenda = re.sub(r"\s+", " ", paragraph.text)
        match = _ARTICLE.match(paragraph.text)
        if match and _begins_article(paragraph):
            topic = " ".join(filter(None, [document.title, addenda, f"{match.group(1)}({match.group(2)})"]))
            own = _article_paragraphs(document.paragraphs, index)
            following = document.paragraphs[index + len(own) : index + len(own) + 1]
            parts = _parts(_Part(own, match.end(), None), max_characters)
            yield from (_article_draft(topic, paragraph.section, part) for part in parts[:-1])
            yield _article_draft(topic, paragraph.section, parts[-1], cut=any(p.after_gap for p in following))


def _parts(whole: _Part, max_characters: int) -> list[_Part]:
    clauses = _clauses(whole)
    fits = whole.on_one_page and len(_clean(whole.text)) <= max_characters
    return [whole] if fits or len(clauses) == 1 else clauses


def _article_paragraphs(paragraphs: list[Paragraph], first: int) -> list[Paragraph]:
    """Return the article's paragraphs, over several pages, up to the next article, chapter or heading."""
    last = first
    while last + 1 < len(paragraphs) and not _ends_article(paragraphs[last + 1]):
        last += 1
    while last > first and not _AMENDMENT.sub("", paragraphs[last].text).strip():
        last -= 1
    return paragraphs[first : last + 1]


def _begins_article(paragraph: Paragraph) -> bool:
    """Tell whether an article begins here, or a chapter, or an article that was repealed."""
    match = _ARTICLE.match(paragraph.text)
    if match is None:
        return any(pattern.match(paragraph.text) for pattern in (_CHAPTER, _REPEALED_ARTICLE))
    return not _CITED.match(paragraph.text, len(match.group().rstrip()))


def _ends_article(paragraph: Paragraph) -> bool:
    """Tell whether the article before ends here: at the next one, at a gap, or at a heading.

    List items and marks of amendments do not count as headings.
    """
    is_heading = paragraph.is_heading and not re.search(r"[<>\[\]]", paragraph.text)
    is_item = _ITEM.match(paragraph.text) or _CLAUSE.match(paragraph.text)
    return _begins_article(paragraph) or (is_heading and not is_item) or paragraph.after_gap


def _clauses(article: _Part) -> list[_Part]:
    """Split the article into ①, ②, …, each with its items."""
    starts = [index for index, p in enumerate(article.paragraphs) if index and _CLAUSE.match(p.text)]
    parts = []
    for begin, end in zip([0, *starts], [*starts, len(article.paragraphs)], strict=True):
        own = article.paragraphs[begin:end]
        first = article.start if begin == 0 else 0
        number = ord(own[0].text[first]) - ord("①") + 1 if _CLAUSE.match(own[0].text, first) else None
        parts.append(_Part(own, first, number))
    return parts


def _article_draft(topic: str, section: str, part: _Part, cut: bool = False) -> Draft:
    """Ask about the part's content. `cut` says that the part may continue on a missing page."""
    topic = f"{topic} 제{part.number}항" if part.number else topic
    return Draft(
        kind="article",
        page_number=part.paragraphs[0].page_number,
        instruction=f"{topic}의 내용은 무엇인가요?",
        output=_clean(part.text),
        place=part.place,
        section=section,
        topic=topic,
        reason=_why_rejected(part) or ("unfinished" if cut else None),
    )


def _clean(text: str) -> str:
    """Remove repealed items, marks of amendments, and the number of a single 항."""
    text = _AMENDMENT.sub("", _REPEALED.sub("", text)).strip()
    has_single_number = len(_CLAUSE.findall(text)) == 1 and _CLAUSE.match(text)
    return re.sub(r"\s+", " ", text[1:] if has_single_number else text).strip()


def _why_rejected(part: _Part) -> Reason | None:
    answer = _clean(part.text)
    if not answer or re.fullmatch(r"(?:[①-⑳]\s?)?삭제[\s\d.,<>]*", answer):
        return "repealed"
    if not part.on_one_page:
        return "unfinished"
    points = _LIST_FOLLOWS.search(answer)
    if points and not _ITEM_INSIDE.search(answer, points.end()):
        return "refers_elsewhere"
    last = _AMENDMENT.sub("", part.paragraphs[-1].text)
    return None if ends_sentence(answer) or not last or _ITEM.match(last) else "unfinished"


def definition_drafts(document: Document) -> Iterator[Draft]:
    for index, paragraph in enumerate(document.paragraphs):
        colon = _COLON_DEFINITION.match(paragraph.text)
        for match in [colon] if colon else list(_DEFINITION.finditer(paragraph.text)):
            draft = _definition_draft(document.paragraphs, index, match)
            if draft:
                yield draft


def _definition_draft(paragraphs: list[Paragraph], index: int, match: re.Match[str]) -> Draft | None:
    """Ask what the term means. None where the sentence does not say that it means something."""
    paragraph = paragraphs[index]
    end = _end_of_meaning(paragraph.text, match.end())
    if end is None:
        return None
    items = _items_below(paragraphs, index) if _LIST_FOLLOWS.search(paragraph.text, match.end(), end) else []
    term, own = match.group(1).strip(), [paragraph, *items]
    meaning = " ".join([paragraph.text[match.end() : end], *(item.text for item in items)])
    stop = items[-1].end if items else paragraph.start + end
    return Draft(
        kind="definition",
        page_number=paragraph.page_number,
        instruction=f"{with_particle(term, '이란/란')} 무엇인가요?",
        output=re.sub(r"하(?:며|고)$", "한다.", _clean(meaning)),
        place=Place(table=None, row=None, start=paragraph.start + match.start(), end=stop),
        section=paragraph.section,
        topic=f"{term}의 뜻",
        reason=_why_definition_rejected(term, own, end, paragraphs[index + len(own) : index + len(own) + 1]),
    )


def _end_of_meaning(text: str, start: int) -> int | None:
    """Return the index behind the first "말한다." after `start` and the proviso that follows it, or None."""
    following = _DEFINITION.search(text, start)
    means = _MEANS.search(text, start, following.start() if following else len(text))
    if means is None:
        return None
    proviso = _PROVISO.match(text, means.end())
    return proviso.end() if proviso else means.end()


def _items_below(paragraphs: list[Paragraph], index: int) -> list[Paragraph]:
    """Return the list items below a definition on its page: 가. 나. 다. below a numbered one, 1. 2. 3. below others."""
    item = _SUBITEM if re.match(r"\d+(?:의\d+)?\.", paragraphs[index].text) else _ITEM
    last = index
    while (
        last + 1 < len(paragraphs)
        and item.match(paragraphs[last + 1].text)
        and paragraphs[last + 1].page_number == paragraphs[index].page_number
    ):
        last += 1
    return paragraphs[index + 1 : last + 1]


def _why_definition_rejected(term: str, own: list[Paragraph], end: int, following: list[Paragraph]) -> Reason | None:
    """Return why a definition and its items `own` cannot be used, or None. `following` is the paragraph after them."""
    if _POINTS_ELSEWHERE.search(term):
        return "refers_elsewhere"
    if not _LIST_FOLLOWS.search(own[0].text, 0, end):
        return None
    if len(own) == 1:
        return "refers_elsewhere"
    goes_on = any(p.page_number != own[0].page_number and _ITEM.match(p.text) for p in following)
    return "unfinished" if goes_on or any(p.after_gap for p in following) else None
