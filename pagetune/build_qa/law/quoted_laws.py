"""Whose an article is: the document's own, or that of a law or a contract which the document quotes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pagetune.build_qa.amendments import AMENDMENT
from pagetune.build_qa.draft import Document, Paragraph
from pagetune.build_qa.law.articles import (
    ADDENDA,
    CHAPTER,
    ITEM,
    Part,
    article_paragraphs,
    article_start,
    begins_article,
)
from pagetune.build_qa.naming import MAX_TITLE_CHARACTERS, SHORT_NAME
from pagetune.text.sentences import ITEM_LETTERS, ends_sentence

#: How the name of something with articles ends.
_RULES = (
    "법|법률|시행령|시행규칙|규정|규칙|세칙|규약|내규|예규|훈령|조례|고시|기준|지침|요령|수칙|준칙|강령|헌장|정관|회칙|약관|방침|"
    "계약서|계약조건|일반조건|특수조건|특약|협정서|협약서|서약서|약정서|합의서|협정|협약|약정|헌법|조약|법률안|조례안|규정안"
)
_NAMES_RULES = re.compile(rf"[가-힣A-Za-z0-9·ㆍ․‧\s,]*(?:{_RULES})")
#: Words for laws in general, which name none.
_ANY_LAW = re.compile(
    rf"(?:관련|관계|근거|적용|참고|해당|기타|상위|국내|주요|현행|개정|위반|법적|및|등|이|본|\s)*(?:법령|{_RULES})"
)
#: What may stand before and behind a law's name in a line of its own.
_LABEL = re.compile(
    rf"(?:[^\w「『｢(\[<【]+|\d{{1,2}}[.)]\s?|[{ITEM_LETTERS}][.)]\s?|[IVXⅠ-Ⅻ]+\.\s?|제\d+[장절편관]\s|참고\s?\d*\s(?=[가-힣])"
    r"|[\[<【(]?\s?(?:관련|관계|근거|적용|참고)\s?(?:법령|법률|법규|규정|조항|조문|법)?\s?[\]>】)]?\s?(?:[:：]|(?=[「『｢])|(?<=[\]>】)]))\s?)+"
)
_TAIL = re.compile(
    r"\s?(?:[(\[<〔【].*|(?:상의?|의|중)?\s?(?:관련|주요|해당)?\s?(?:조항|조문|내용|발췌|전문|본문))$|[」』｣\]>】)\s:：]+$"
)
_QUOTED_NAME = re.compile(r"[「『｢]([^」』｣]+)[」』｣]")
#: A commentary's title without the words that say that it is one.
_COMMENTARY = re.compile(r"\s*[(\[]?(?:조문별\s?)?(?:해설서?|해설집|설명서|주해|주석서?|안내서|길라잡이|전문)[)\]]?$")
_APPENDIX = re.compile(r"[\[<【(]?\s?(?:별표|별지|별첨|붙임|첨부|부록|서식|참고자료)")
_AMENDS = re.compile(r"(?:일부\s?개정|개정)\S*안$")
#: The law that a commentary explains, or its decree, named by its kind alone.
_KIND = re.compile(r"(?:법|법률|(?:법\s?)?(시행령|시행규칙))")
_DECREE_OF = re.compile(r"\s(?:시행령|시행규칙)$")
_SAME_LAW = re.compile(r"(?:같은\s?법|동\s?법)\s?(시행령|시행규칙)?")
#: How a law speaks of itself.
_ITSELF = re.compile(r"(?:①\s?)?이\s(법|영|규칙|조례)[은이]")
#: How far above its first article a contract is named.
_LINES_ABOVE = 6

#: An article without its title: "제2조 생략".
_BARE_ARTICLE = re.compile(r"제\s?\d+\s?조(?:의\s?\d+)?\s?[^\s(]")
#: The dots between a title and its page in a table of contents.
_LEADERS = re.compile(r"\s*[·․.…‥∙]{4,}")

_Key = tuple[int, ...]


@dataclass(frozen=True)
class Article:
    """An article: its `name`, "제3조(이용시간)", its text, and the paragraph behind it.

    `owner` is what it belongs to, with the addenda that it is in ("전자서명법 부칙 <제18479호, 2021. 10. 19.>"). It is
    None where nothing says it.
    """

    owner: str | None
    name: str
    is_quoted: bool
    whole: Part
    following: Paragraph | None

    @property
    def is_cut(self) -> bool:
        """Tell whether the article may go on behind its last paragraph, on a missing page or on the next one."""
        last, following = self.whole.paragraphs[-1], self.following
        if following is None:
            return False
        is_next_page = following.page_number > last.page_number and not ends_sentence(AMENDMENT.sub("", last.text))
        is_other_text = begins_article(following) or rules_named(following.text) is not None
        return following.after_gap or (is_next_page and not is_other_text)


def articles(document: Document) -> Iterator[Article]:
    """Yield each article of a document that has a text."""
    reader, paragraphs, end = _Reader(document.title), document.paragraphs, 0
    for index, paragraph in enumerate(paragraphs):
        start = article_start(paragraph.text)
        if start is None or not begins_article(paragraph):
            continue
        law, match = start
        owner = reader.read(match, paragraphs[end:index], law)
        own = article_paragraphs(paragraphs, index, only_numbered=not reader.owns(owner))
        end = index + len(own)
        whole = Part(_split_title(own, match.end()), match.end(), None)
        if whole.text.strip() and not _LEADERS.match(whole.text):
            name = f"{''.join(match[1].split())}({match[2]})"
            yield Article(
                owner,
                name,
                reader.owner not in (reader.own, reader.counted),
                whole,
                paragraphs[end] if end < len(paragraphs) else None,
            )


def _split_title(paragraphs: list[Paragraph], end: int) -> list[Paragraph]:
    """Tell an article's title, which ends at `end`, from an item in its line: 제6조(병가) 1. 진단서를 낸다."""
    first = paragraphs[0]
    if not ITEM.match(first.text, end):
        return paragraphs
    item = replace(first, text=first.text[end:], start=first.start + end)
    return [replace(first, text=first.text[:end]), item, *paragraphs[1:]]


def own_name(document: Document) -> str:
    """Return the name of the regulation that a document is or explains, or else the document's title."""
    return _Reader(document.title).own


class _Reader:
    """Reads article after article. The document's own ones count on from 제1조; a heading names any other law."""

    def __init__(self, title: str) -> None:
        rules = rules_named(_COMMENTARY.sub("", title))
        self.own, self.explains_rules = rules or title, rules is not None
        self.is_regulation = _NAMES_RULES.fullmatch(bare_name(title)) is not None and not _AMENDS.search(title)
        self.owner: str | None = None
        self.addenda = ""
        #: What the articles count on in, the last of its numbers, and the title of each.
        self.counted, self.last, self.titles = self.own, _Key(), dict[_Key, str]()

    def read(self, article: re.Match[str], above: list[Paragraph], law: str) -> str | None:
        """Return the owner of an article.

        `above` is what stands between it and the article before, and `law` is named in its own line.
        """
        key, title = tuple(map(int, re.findall(r"\d+", article[1]))), re.sub(r"\W", "", article[2])
        lines = [p for p in above if _heads(p.text, key) or not _belongs_to_article(p.text)]
        self._read_addenda(lines)
        if law:
            self.owner, self.addenda = self._cited(law, lines), ""
        elif self.owner is None or any(not CHAPTER.match(p.text) for p in lines):
            self.owner = self._owner(article, lines, key, title)
        if self.owner == self.counted and not self.addenda:
            self.last = key
            self.titles[key] = title
        return self.owner and " ".join(filter(None, [self.owner, self.addenda]))

    def owns(self, owner: str | None) -> bool:
        """Tell whether an article belongs to the document, which consists of articles."""
        consists_of_them = self.is_regulation or not self.explains_rules
        return consists_of_them and owner is not None and owner.startswith(self.own)

    def _read_addenda(self, lines: list[Paragraph]) -> None:
        for line in lines:
            if ADDENDA.match(line.text):
                self.addenda = re.sub(r"^부 칙", "부칙", re.sub(r"\s+", " ", line.text))
            elif line.is_heading or CHAPTER.match(line.text):
                self.addenda = ""

    def _owner(self, article: re.Match[str], lines: list[Paragraph], key: _Key, title: str) -> str | None:
        lead = lines[-1].text if lines else ""
        if self.addenda:
            return self.counted
        if _heads(lead, key):
            return self.counted
        named = self._named(lead)
        if named is None and _ANY_LAW.fullmatch(bare_name(lead)):
            return None
        if key == (1,) and not (named and self.explains_rules):
            return self._begin(article, lines)
        if named:
            return named
        return self.counted if self._counts_on(key, title, lines) else None

    def _named(self, lead: str) -> str | None:
        """Return the law that a line names."""
        bare = bare_name(lead)
        for known in (self.counted, self.own):
            if bare and _same(bare, known):
                return known
        kind = _KIND.fullmatch(bare)
        if kind:
            return self.own + (f" {kind[1]}" if kind[1] else "") if self.own.endswith(("법", "법률")) else None
        return rules_named(lead)

    def _cited(self, law: str, lines: list[Paragraph]) -> str | None:
        """Return the law that an article's own line names: 형법, 「형법」, 같은 법 시행령."""
        same = _SAME_LAW.match(law.strip())
        if same is None:
            return self._named(law)
        if lines or self.owner is None or not rules_named(self.owner):
            return None
        base = _DECREE_OF.sub("", self.owner)
        return f"{base} {same[1]}" if same[1] else base

    def _begin(self, article: re.Match[str], lines: list[Paragraph]) -> str | None:
        """Return what the articles from 제1조 on belong to: what a line above names, or else the document."""
        names = [self._named(line.text) for line in reversed(lines[-_LINES_ABOVE:])]
        named = next((name for name in names if name), None)
        if named is None and any(_APPENDIX.match(line.text) for line in lines[-_LINES_ABOVE:]):
            return None
        if named in (None, self.own) and _calls_itself_otherwise(article, self.own):
            return None
        self.counted, self.last = named or self.own, _Key()
        return self.counted

    def _counts_on(self, key: _Key, title: str, lines: list[Paragraph]) -> bool:
        """Tell whether an article that nothing names may be the next one, or is one that was quoted before."""
        if self.titles.get(key) == title:
            return True
        if any(_APPENDIX.match(line.text) for line in lines):
            return False
        if self.is_regulation:
            return key > self.last
        return bool(self.last) and self.last < key <= (self.last[0] + 1,)


def _calls_itself_otherwise(article: re.Match[str], name: str) -> bool:
    """Tell whether 제1조 calls its law something that `name` is not: 이 법은 …."""
    kind = _ITSELF.match(article.string, article.end())
    return kind is not None and kind[1] not in name


def _belongs_to_article(text: str) -> bool:
    """Tell whether a line is a mark of an amendment, or an article that was left out."""
    return not AMENDMENT.sub("", text).strip() or _BARE_ARTICLE.match(text) is not None


def _heads(lead: str, key: _Key) -> bool:
    """Tell whether a line is the heading of this very article: 제 4 조 접근통제."""
    match = re.match(r"제\s?(\d+)(?:-(\d+))?\s?조(?:의\s?(\d+))?", lead)
    return match is not None and tuple(int(number) for number in match.groups() if number) == key


def bare_name(line: str) -> str:
    """Return a line without its label, brackets, dates and bullets, or the short name that it gives a law."""
    if short := SHORT_NAME.search(line):
        return short[1]
    line = line.strip()
    label = _LABEL.match(line)
    line = line[label.end() :] if label else line
    quoted = _QUOTED_NAME.findall(line)
    if len(quoted) == 1:
        return str(quoted[0]).strip()
    before = ""
    while before != line:
        before, line = line, _TAIL.sub("", line).strip()
    return line


def rules_named(line: str) -> str | None:
    """Return the law, regulation or contract that a line of its own names, or None."""
    if len(line) > MAX_TITLE_CHARACTERS or ends_sentence(line):
        return None
    name = bare_name(line)
    if not _NAMES_RULES.fullmatch(name) or _ANY_LAW.fullmatch(name) or re.search(r"\s및\s.*(?:지침|고시|규정)", name):
        return None
    return name


def _same(name: str, other: str) -> bool:
    return re.sub(r"[\W_]", "", name) == re.sub(r"[\W_]", "", other)
