"""Pairs from regulations: articles (제N조(제목) …), whole or 항 by 항, and definitions ("X"란 … 말한다)."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pagetune.build_qa.amendments import AMENDMENT, is_repealed
from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.build_qa.law.articles import BULLET, ITEM, LIST_FOLLOWS, Part, clauses, clean, parts
from pagetune.build_qa.law.items import is_whole, pieces, read_items
from pagetune.build_qa.law.quoted_laws import Article, articles, own_name
from pagetune.build_qa.law.references import (
    PROVISION,
    reference_before,
    refers_inside,
    short_names,
    with_full_names,
)
from pagetune.records import Place, Reason
from pagetune.text.korean import with_particle
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

_ITEM_INSIDE = re.compile(rf"\s(?:{ITEM.pattern}|[-–•·○●▪□◆※]\s)")
_SUBITEM = re.compile(rf"[{ITEM_LETTERS}][.)]\s?")
_DEFINITION = re.compile(r"[\"“”‘']([^\"“”‘’']{1,30})[\"”’']\s?(?:이란|란|이라 함은|라 함은)\s+")
_COLON_DEFINITION = re.compile(ITEM.pattern + r"\s*([^:：]{1,30})\s?[:：]\s*(?=.*말(?:한다|합니다)\.)")
_MEANS = re.compile(r"(?:말|뜻|의미)(?:한다|합니다)(?:\.|$)|(?:말|뜻|의미)하(?:며|고)(?=,)")
#: A proviso, which belongs to the sentence before it. The full stop after a number does not end a sentence.
_PROVISO = re.compile(r"\s?(?:다만|단|그러나|이 경우),?\s(?:[^.]|(?<=\d)\.)*[^\d.]\.")
#: An article that defines terms, which are asked one by one.
_DEFINES = re.compile(r"용어의?\s?(?:정의|뜻)")
#: Terms that point at something else instead of naming a thing.
_POINTS_ELSEWHERE = re.compile(r"(\s자|것|사항|경우)$|^(?:이|그|본|해당)\s")
#: Words of a power to regulate, which the definition that follows makes use of.
_DELEGATES = re.compile(r"(?:정하는|정한|정하여|고시하는|고시한|인정하는|지정하는|해당하는|따른|의한|규정한)\s")
#: A meaning that another provision gives: "제4조의 기록을 말한다", or "법 제3조에 따른 사람" of a law without a name.
_ONLY_CITES = re.compile(
    rf"(?:법|영|규칙)\s?{PROVISION}|{PROVISION}(?:의|에\s?따른|에서\s?정[한하]는?)\s?\S+[을를]\s(?:말|뜻)"
)
#: What only gives a name to be used later: (이하 "수취인"이라 한다).
_ASIDE = re.compile(
    r"\s?\(이하\s?(?:이 [조항장편]에서\s?)?[\"“‘'][^\"”’']+[\"”’']\s?(?:이?라|으?로)\s?(?:한다|합니다)\.?\)"
    r"|(?<=[다요])\.\s?이하\s?(?:이 [조항장편]에서\s?)?같(?:다|습니다)\.?(?=\))"
)


def article_drafts(document: Document, max_characters: int) -> Iterator[Draft]:
    """Ask about each article as a whole, or 항 by 항 where it is longer than `max_characters` or not on one page.

    A 항 that is too long itself, on two pages or quoted in part is asked item by item.
    """
    for article in articles(document):
        # Another law may be quoted in part, so that each 항 is all that is known to be whole.
        own_parts = clauses(article.whole) if article.is_quoted else parts(article.whole, max_characters)
        for part in own_parts:
            drafts = _part_drafts(article, part, max_characters, cut=part is own_parts[-1] and article.is_cut)
            yield from drafts if article.owner else (replace(draft, reason="unknown_law") for draft in drafts)


def _part_drafts(article: Article, part: Part, max_characters: int, cut: bool) -> list[Draft]:
    """Ask about a part, or about its pieces. `cut` says that the part may continue on another page."""
    number = f"제{part.number}항" if part.number else None
    topic = " ".join(filter(None, [article.owner, article.name, number]))
    answer = clean(part.text)
    reason: Reason | None = _why_rejected(part) or ("unfinished" if cut else None)
    if len(answer) > max_characters and _DEFINES.search(answer):
        return []  # its terms are asked one by one
    whole = _article_draft(topic, part, part.paragraphs[0].page_number, part.place, answer, reason)
    if _DEFINES.search(part.text) or not (reason == "unfinished" or (reason is None and len(answer) > max_characters)):
        return [whole]
    found = [p for p in pieces(part, article.name) if not cut or p.place.end < part.paragraphs[-1].end]
    drafts = [_article_draft(f"{topic} {p.name}", part, p.page_number, p.place, p.answer, None) for p in found]
    most = len(read_items(part.paragraphs)[1]) - 1  # the last one often says no more than "and the like"
    return drafts if drafts and (reason or len(drafts) >= most) else [whole, *drafts]


def _article_draft(topic: str, part: Part, page_number: int, place: Place, answer: str, reason: Reason | None) -> Draft:
    return Draft(
        kind="article",
        page_number=page_number,
        instruction=f"{topic}의 내용은 무엇인가요?",
        output=answer,
        place=place,
        section=part.paragraphs[0].section,
        topic=topic,
        reason=reason,
    )


def _why_rejected(part: Part) -> Reason | None:
    answer = clean(part.text)
    if is_repealed(answer):
        return "repealed"
    if not part.on_one_page or not all(is_whole(read_items(clause.paragraphs)[1]) for clause in clauses(part)):
        return "unfinished"
    points = LIST_FOLLOWS.search(answer)
    if points and not _ITEM_INSIDE.search(answer, points.end()):
        return "refers_elsewhere"
    last = AMENDMENT.sub("", part.paragraphs[-1].text)
    return None if ends_sentence(answer) or not last or ITEM.match(last) or BULLET.match(last) else "unfinished"


def definition_drafts(document: Document) -> Iterator[Draft]:
    """Ask what each term means that a document defines. Terms of a quoted law are asked as that law's."""
    owners = {id(p): article.owner for article in articles(document) for p in article.whole.paragraphs}
    own = own_name(document)
    names = short_names(document, own)
    for index, paragraph in enumerate(document.paragraphs):
        colon = _COLON_DEFINITION.match(paragraph.text)
        for match in [colon] if colon else list(_DEFINITION.finditer(paragraph.text)):
            draft = _definition_draft(document.paragraphs, index, match)
            owner = owners.get(id(paragraph), own)
            if draft and owner is None:
                yield replace(draft, reason="unknown_law")
            elif draft and owner:
                cited = reference_before(paragraph.text[: match.start()], names, owner)
                draft = replace(draft, output=with_full_names(draft.output, names))
                yield _named(draft, match[1].strip(), owner, owner != own, cited)


def _named(draft: Draft, term: str, owner: str, is_quoted: bool, cited: str | None) -> Draft:
    """Name the law in the question where the answer cites it or another law is quoted.

    A term that only words a power ("금융위원회가 정하는 기준") is asked with the provision that it is `cited` from.
    """
    if _DELEGATES.search(term):
        if cited is None or refers_inside(draft.output):
            return replace(draft, reason=draft.reason or "refers_elsewhere")
        particle = with_particle(term, "은/는").removeprefix(term)
        question = f"{cited}에서 말하는 '{term}'{particle} 무엇인가요?"
        return replace(draft, instruction=question, topic=f"{cited}에서 말하는 '{term}'의 뜻")
    if not (is_quoted or refers_inside(draft.output)):
        return draft
    if _ONLY_CITES.match(draft.output):
        return replace(draft, reason=draft.reason or "refers_elsewhere")
    context = f"{owner}에서 "
    topic = None if draft.topic is None else context + draft.topic
    return replace(draft, instruction=context + draft.instruction, topic=topic, context=context)


def _definition_draft(paragraphs: list[Paragraph], index: int, match: re.Match[str]) -> Draft | None:
    """Ask what the term means. None where the sentence does not say that it means something."""
    paragraph = paragraphs[index]
    end = _end_of_meaning(paragraph.text, match.end())
    if end is None:
        return None
    items = _items_below(paragraphs, index) if LIST_FOLLOWS.search(paragraph.text, match.end(), end) else []
    term, own = match.group(1).strip(), [paragraph, *items]
    meaning = " ".join([paragraph.text[match.end() : end], *(item.text for item in items)])
    stop = items[-1].end if items else paragraph.start + end
    return Draft(
        kind="definition",
        page_number=paragraph.page_number,
        instruction=f"{with_particle(term, '이란/란')} 무엇인가요?",
        output=re.sub(r"하(?:며|고)$", "한다.", _ASIDE.sub("", clean(meaning))),
        place=Place(table=None, row=None, start=paragraph.start + match.start(), end=stop),
        section=paragraph.section,
        topic=f"{term}의 뜻",
        reason=_why_definition_rejected(term, own, end, paragraphs[index + len(own) : index + len(own) + 1]),
    )


def _end_of_meaning(text: str, start: int) -> int | None:
    """Return the index behind the first "말한다." outside brackets and the proviso that follows it, or None."""
    following = _DEFINITION.search(text, start)
    found = _MEANS.finditer(text, start, following.start() if following else len(text))
    outside = (m for m in found if text.count("(", start, m.start()) == text.count(")", start, m.start()))
    means = next(outside, None)
    if means is None:
        return None
    proviso = _PROVISO.match(text, means.end())
    return proviso.end() if proviso else means.end()


def _items_below(paragraphs: list[Paragraph], index: int) -> list[Paragraph]:
    """Return the list items below a definition on its page: 가. 나. 다. below a numbered one, 1. 2. 3. below others."""
    item = _SUBITEM if re.match(r"\d+(?:의\d+)?\.", paragraphs[index].text) else ITEM
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
    if _POINTS_ELSEWHERE.search(term) and not _DELEGATES.search(term):
        return "refers_elsewhere"
    if not is_whole(read_items(own)[1]):
        return "unfinished"
    if not LIST_FOLLOWS.search(own[0].text, 0, end):
        return None
    if len(own) == 1:
        return "refers_elsewhere"
    goes_on = any(p.page_number != own[0].page_number and ITEM.match(p.text) for p in following)
    return "unfinished" if goes_on or any(p.after_gap for p in following) else None
