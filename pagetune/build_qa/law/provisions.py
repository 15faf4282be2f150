"""Questions about the sentences of articles, as people ask them, without the number of the article."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pagetune.build_qa.amendments import is_repealed, without_amendments
from pagetune.build_qa.draft import Document, Draft, Paragraph
from pagetune.build_qa.law.articles import CLAUSE, Part, clauses
from pagetune.build_qa.law.items import Item, is_whole, read_items
from pagetune.build_qa.law.list_questions import ask_exception, ask_item, ask_list, concerning, says_title
from pagetune.build_qa.law.quoted_laws import Article, articles, own_name
from pagetune.build_qa.law.references import short_names, short_names_in, with_laws_named
from pagetune.build_qa.law.requirements import ask_requirement
from pagetune.build_qa.sentences.asking import MAX_QUESTION_CHARACTERS, Asked, ask
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.people import is_somebody
from pagetune.build_qa.sentences.pointers import (
    ANNOUNCES,
    with_breach_of,
    with_own_name,
    with_titles,
    without_brackets,
)
from pagetune.records import Kind, Place
from pagetune.text.korean import with_particle

#: An article whose sentences were asked is asked by its number too where it is as short as this.
MAX_SHORT_ARTICLE = 40
#: Nobody compares longer evidence with the answer.
_MAX_EVIDENCE_CHARACTERS = 1500
#: The first letters of a law's name say what it is about: 전자금융거래법, 개인정보 보호법.
_SUBJECT = 4
#: Rules that hold for everybody, so that a question need not name them.
_IS_LAW = re.compile(r"(?:법|법률|령|시행규칙)$")
#: The items of a longer list are asked one by one too.
_LONG_LIST = 250
#: A topic that leaves open what it belongs to: 인상률은.
_SHORT_TOPIC = re.compile(r"([가-힣]{2,5})(?<!에서)(?<!에게)(?<!에)(?<!로)[은는]\s")
#: A topic that may be the end of the article's title: 위원회는 in 제11조(주차장운영위원회).
_TOPIC = re.compile(r"([가-힣]{2,8})(?=[은는]\s)")
#: A longer question says by itself what it is about.
_MIN_CLEAR = 45
_PUNISHES = re.compile(r"에 처(?:한다|합니다)\.|과태료를 부과")
_ADDENDA = re.compile(r"부\s?칙")
_END = re.compile(r"(?<=[다요함임음])\.(?=\s|$|[<〈\[①-⑳])")
_DEFINES = re.compile(r"[\"“”‘'][^\"“”‘’']{1,40}[\"”’']\s?(?:이란|란|이라 함은|라 함은)\s")
#: A reference to another sentence of the article, which only its readers have before them.
_UNCLEAR = re.compile(r"(?<![가-힣」])제\d+[항호]|같은 항")
_DELEGATES = re.compile(r"[^.]*(?:령|규칙)으로 정한다\.")
_PROVISO = re.compile(r"(?:다만|단),\s")
#: An item that demands something: …할 것.
_DEMANDS = re.compile(r"\s것(?:\([^()]*\))?\.?$")


@dataclass(frozen=True)
class _Sentence:
    """A sentence of an article, from `start` to `end` of its page's text, and the items below it."""

    text: str
    page_number: int
    start: int
    end: int
    items: tuple[Item, ...] = ()
    #: Items that are each on one page, but not on this one.
    overleaf: tuple[Item, ...] = ()
    #: No item is missing.
    is_whole: bool = True

    def draft(self, kind: Kind, asked: Asked, end: int | None = None) -> Draft:
        """Return the draft of a question whose evidence ends with the sentence, or at `end`."""
        place = Place(table=None, row=None, start=self.start, end=self.end if end is None else end)
        return Draft(kind, self.page_number, asked.question, asked.answer, place, topic=asked.topic)


def provision_drafts(document: Document) -> Iterator[Draft]:
    """Ask about the sentences of each article; a question that several of them answer differently is not asked.

    The addenda are left out, and so is what no heading says whose article it is.
    """
    own = [article for article in articles(document) if article.owner and not _ADDENDA.search(article.owner)]
    titles: dict[str, dict[str, str]] = defaultdict(dict)
    for article in own:
        number, title = _number_and_title(article)
        titles[article.owner or ""][number] = title
    name = own_name(document)
    names = {owner: short_names_in(owner, name, short_names(document, name)) for owner in titles}
    drafts = [draft for article in own for draft in _provision(article, titles, names).named_drafts(article)]
    answers: dict[str, dict[str, Draft]] = defaultdict(dict)
    for draft in drafts:
        answers[draft.instruction].setdefault(draft.output, draft)
    for same in answers.values():
        yield from (draft for draft in same.values() if len(same) == 1 and not _is_unclear(draft))


def _number_and_title(article: Article) -> tuple[str, str]:
    number, _, title = article.name.partition("(")
    return number, title.removesuffix(")")


def _provision(article: Article, titles: dict[str, dict[str, str]], names: dict[str, dict[str, str]]) -> "_Provision":
    owner = article.owner or ""
    return _Provision(owner, _number_and_title(article)[1], titles[owner], names[owner])


def _is_unclear(draft: Draft) -> bool:
    """Tell whether an answer of one sentence points at something that it does not name."""
    return draft.kind == "statement" and _UNCLEAR.search(draft.output) is not None


@dataclass(frozen=True)
class _Provision:
    """What is known of an article besides its text: what it belongs to, its title, and the titles of the others."""

    owner: str
    title: str
    titles: dict[str, str]
    #: What the document calls other laws: 법 is 전자금융거래법.
    short_names: dict[str, str]

    @property
    def where(self) -> str | None:
        return None if _IS_LAW.search(self.owner) else self.owner

    def named_drafts(self, article: Article) -> Iterator[Draft]:
        """Ask about an article, and name the law and the subject in each question that does not say them."""
        for draft in self.drafts(article):
            named = self._with_law(self._with_subject(draft))
            if len(named.instruction) <= MAX_QUESTION_CHARACTERS:
                yield named

    def _with_law(self, draft: Draft) -> Draft:
        before, topic = f"{self.owner}에 따르면 ", draft.topic
        if draft.instruction.startswith(before):
            return replace(draft, context=before)
        if self.where is not None or self.owner[:_SUBJECT] in draft.instruction:
            return draft
        topic = f"{self.owner}에서 {topic}" if topic else None
        return replace(draft, instruction=before + draft.instruction, topic=topic, context=before)

    def _with_subject(self, draft: Draft) -> Draft:
        """Put the article's title before a topic of one short word: 요금의 조정과 관련하여 인상률은."""
        before = f"{self.where}에 따르면 " if self.where else ""
        bare = draft.instruction.removeprefix(before)
        topic = _SHORT_TOPIC.match(bare)
        is_clear = len(bare) > _MIN_CLEAR or says_title(bare, self.title)
        if topic is None or is_somebody(topic[1]) or topic[1] in self.title or is_clear:
            return draft
        question = f"{before}{concerning(self.title)} {bare}"
        return replace(draft, instruction=question, topic=None)

    def drafts(self, article: Article) -> Iterator[Draft]:
        """Ask about each sentence, each list and each exception."""
        parts = clauses(article.whole)
        for part in parts:
            found = _sentences(part, is_cut=article.is_cut and part is parts[-1])
            sentences = [replace(one, text=self._named(one.text)) for one in found]
            for sentence, before in zip(sentences, [None, *sentences], strict=False):
                if sentence.items or sentence.overleaf:
                    yield from self._list_drafts(sentence)
                    yield from self._overleaf_drafts(sentence)
                elif before and _PROVISO.match(sentence.text):
                    yield from self._proviso_drafts(before, sentence)
                elif not _DEFINES.search(sentence.text):
                    yield from (sentence.draft("statement", asked) for asked in ask(sentence.text, self.where))

    def _named(self, text: str) -> str:
        """Name what "이 법", a short topic and references point at, and leave out the brackets."""
        own = with_own_name(without_brackets(text), self.owner)
        named = with_laws_named(with_breach_of(self.owner, own), self.short_names)
        topic = _TOPIC.match(named)
        if topic and re.fullmatch(rf"(?:(?!및|[과와]\s)[가-힣\s])*(?:[가-힣]|의\s){topic[1]}", self.title):
            named = self.title + named[topic.end(1) :]
        return with_titles(named, self.titles, self.title, self.owner)

    def _list_drafts(self, sentence: _Sentence) -> Iterator[Draft]:
        """Ask for the list that a sentence announces, and else, or of penalties, for each item."""
        kept = [item for item in sentence.items if not is_repealed(item.text)]
        lines = [without_amendments(" ".join(p.text for p in item.paragraphs)) for item in kept]
        listed = ask_list(sentence.text, lines, self.title, self.where, self.owner)
        whole = listed if sentence.is_whole and kept else None
        if whole:
            yield sentence.draft("list", whole, sentence.items[-1].paragraphs[-1].end)
        is_long = whole is None or len(whole.answer) > _LONG_LIST
        for item in kept if is_long or _PUNISHES.search(sentence.text) else []:
            end = item.paragraphs[-1].end
            if end - sentence.start <= _MAX_EVIDENCE_CHARACTERS:
                found = ask_item(sentence.text, self._named(item.text), self.where)
                if not found and _DEMANDS.search(item.text):
                    found = ask_requirement(sentence.text, self._named(item.text), self.title, self.where)
                yield from (sentence.draft("statement", asked, end) for asked in found)

    def _overleaf_drafts(self, sentence: _Sentence) -> Iterator[Draft]:
        """Ask what the items on other pages demand, without what only the sentence on its page says."""
        for item in sentence.overleaf:
            first, last = item.paragraphs[0], item.paragraphs[-1]
            if _DEMANDS.search(item.text) and not is_repealed(item.text):
                own = _Sentence(item.text, first.page_number, first.start, last.end)
                found = ask_requirement("", self._named(item.text), self.title, self.where)
                yield from (own.draft("statement", asked) for asked in found)

    def _proviso_drafts(self, before: _Sentence, proviso: _Sentence) -> Iterator[Draft]:
        """Ask for an exception to the sentence before it, or, with the topic of that sentence, what else holds."""
        exception = ask_exception(before.text, proviso.text, self.where)
        if exception:
            yield before.draft("statement", exception, proviso.end)
        rest = _PROVISO.sub("", proviso.text, count=1)
        if Clause(rest.rstrip(".")).is_copula:
            return
        for asked in ask(_with_topic_of(before.text, rest), self.where):
            yield before.draft("statement", asked, proviso.end)


def _with_topic_of(sentence: str, proviso: str) -> str:
    """Put the topic of a sentence before its proviso, unless that says what it is about behind its condition."""
    topic, clause = Clause(sentence.rstrip(".")).topic_noun, Clause(proviso.rstrip("."))
    own = clause.words[clause.conditions[-1] + 1 if clause.conditions else 0 :]
    if not topic or topic in proviso or clause.topic is not None or any(word.role == "subject" for word in own):
        return proviso
    return f"{with_particle(topic, '은/는')} {proviso}"


def _sentences(part: Part, is_cut: bool) -> Iterator[_Sentence]:
    """Yield the sentences above the items of a 항 that are whole on their page.

    The one that announces the items has those that are each on one page. `is_cut` says that an item may be missing,
    or a part of the last one.
    """
    above, items = read_items(part.paragraphs)
    page = part.paragraphs[0].page_number
    whole = not is_cut and is_whole(items) and all(p.page_number == page for p in part.paragraphs)
    ready = [item for item in (items[:-1] if is_cut else items) if len({p.page_number for p in item.paragraphs}) == 1]
    here = tuple(item for item in ready if item.paragraphs[0].page_number == page)
    overleaf = tuple(item for item in ready if item not in here)
    for n, paragraph in enumerate(above):
        if n == 0 or not paragraph.is_fragment:
            for sentence in _split(paragraph, part.start if n == 0 else 0):
                announces = paragraph.page_number == page and ANNOUNCES.search(sentence.text)
                yield replace(sentence, items=here, overleaf=overleaf, is_whole=whole) if announces else sentence


def _split(paragraph: Paragraph, start: int) -> Iterator[_Sentence]:
    """Yield a paragraph's sentences; a full stop inside brackets does not end one."""
    for match in _END.finditer(paragraph.text, start):
        text = paragraph.text[start : match.end()]
        if text.count("(") == text.count(")"):
            bare = CLAUSE.sub("", without_amendments(re.sub(r"^\s*(?:[<〈\[][^>〉\]]*[>〉\]])+", "", text))).strip()
            begin = start + len(text) - len(text.lstrip())
            yield _Sentence(bare, paragraph.page_number, paragraph.start + begin, paragraph.start + match.end())
            start = match.end()


def without_asked_articles(drafts: list[Draft]) -> list[Draft]:
    """Drop the questions about an article's number where its sentences were asked, and it is not short.

    An article that leaves everything to a decree is not asked either, where any sentence was asked.
    """
    asked = [draft for draft in drafts if draft.kind in ("statement", "list")]
    return [draft for draft in drafts if draft.kind != "article" or not asked or not _is_dropped(draft, asked)]


def _is_dropped(article: Draft, asked: list[Draft]) -> bool:
    return _DELEGATES.fullmatch(article.output) is not None or _is_asked(article, asked)


def _is_asked(article: Draft, asked: list[Draft]) -> bool:
    is_whole = article.topic is not None and article.topic.endswith(")")
    is_short = article.reason is not None or (is_whole and len(article.output) <= MAX_SHORT_ARTICLE)
    return not is_short and any(one.page_number == article.page_number and _covers(one, article) for one in asked)


def _covers(one: Draft, article: Draft) -> bool:
    """Tell whether a question about a sentence or a list is about the article, or the item of one, too."""
    inside = article.place.start <= one.place.start < article.place.end
    same_item = one.place.start <= article.place.start and one.place.end == article.place.end
    in_list = one.kind == "list" and one.place.start <= article.place.start and article.place.end <= one.place.end
    return inside or same_item or in_list
