"""Whether a question names a subject that a document does not have beside those of the same kind that it has.

두레보안교육센터 is foreign to a document about 금융보안교육센터, and 속초 교육장 to one that has 부산 교육장 and
대전 교육장.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import pairwise
from unicodedata import normalize

from pagetune.build_qa.draft import Document
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme, morphemes
from pagetune.text.notation import nfc
from pagetune.text.synonyms import stem, synonyms

_NOUNS = {"NNG", "NNP", "XSN", "XPN", "XR", "SL", "SH"}
#: Words that a kind of subject may have.
_WORDS_OF_HEAD = 3
#: Letters from which a head counts in running text, and a modifier may be a misspelled one.
_LONG = 2
#: What is asked about a subject, and no subject itself: people have several words for it (운영시간, 영업시간).
_ATTRIBUTE = re.compile(
    r"(?:기간|시간|시각|시점|시기|번호|전화|연락처|요금|비용|가격|금액|금리|이자|이율|한도|방법|절차|순서|서류|조건|자격|대상|기준"
    r"|주소|위치|장소|날짜|일정|이름|명칭|종류|사항|내용|안내|문의|목적|이유|사유|경우|결과|차이|횟수|개수|크기|무게|높이|길이|넓이|상태"
    r"|일자|비율|점수|금액|수|율|률|료|비|일|액|금|법|자|분|시|날|곳|것|때|점|중|후|전|내|외)"
)
#: What stands before a noun and makes no name of it.
_POINTING = re.compile(
    r"우리|저희|자기|본인|본|이번|저번|지난번|다음번|현재|지금|오늘|내일|어제|작년|올해|내년|근처|주변|인근|동네|전체|전부|일부|모든"
    r"|각종|각|해당|관련|담당|일반|기존|최근|최신|나머지|그쪽|여기|거기|저기|이쪽|보통|기본|별도|추가|다른|아무|어떤|어느|무슨"
)
_AFTER_HEAD = (
    r"(?=(?:은|는|이|가|을|를|의|에|에서|에는|으로|로|과|와|도|만|까지|부터|마다|입니다"
    r"|이며|이나|나)?(?![가-힣])|제\s?\d)"
)
_ENGLISH_WORD = re.compile(r"[A-Za-z][\w-]*")
#: A modifier, its head, and whether the modifier is a word by itself and no name: 야구 경기, but not 속초 교육장.
Cut = tuple[str, str, bool]


class Names:
    """What a document calls its subjects: its own name, the labels of its tables' rows, and compounds in its text."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._modifiers: dict[tuple[str, bool], frozenset[str]] = {}

    @cached_property
    def _cells(self) -> list[str]:
        return [
            cell for page in self._document.pages for table in page.tables for row in table.rows for cell in row if cell
        ]

    @cached_property
    def _labels(self) -> list[str]:
        """Return the first cells of rows, as letters; the first row of a table has the names of its columns."""
        tables = [table for page in self._document.pages for table in page.tables]
        return [normal_form(row[0]) for table in tables for row in table.rows[table.layout == "header" :] if row]

    @cached_property
    def _text(self) -> str:
        pages = self._document.pages
        captions = [table.caption for page in pages for table in page.tables]
        return nfc("\n".join([self._document.name, *captions, *self._cells, *(page.text for page in pages)]))

    @cached_property
    def _letters(self) -> str:
        return normal_form(self._text)

    @cached_property
    def _english_words(self) -> frozenset[str]:
        return frozenset(stem(word.lower()) for word in _ENGLISH_WORD.findall(self._text))

    def lack(self, question: str) -> bool:
        """Tell whether a question names a subject of a kind that the document has, and the document not that one."""
        if is_korean(question):
            return any(self._is_foreign(cuts) for cuts in _compounds(question))
        return any(self._is_foreign_in_english(word, head) for word, head in _english_compounds(question))

    def mean_another_row(self, question: str, row: list[str], known: str) -> bool:
        """Tell whether a question names the subject of another table and no word of a row's own. `known` is all that is
        known of the row."""
        asked, here = normal_form(question).replace(normal_form(self._document.name), " "), normal_form(known)
        others = [one for one in self._labels if len(one) > _LONG and one in asked and one not in here]
        rest = asked.replace(max(others, key=len, default=" "), " ")
        return bool(others) and not any(word in rest for word in content_words(row[0]))

    def _is_foreign(self, cuts: Iterable[Cut]) -> bool:
        """Tell whether the modifier before the longest head that other subjects have is not in the document."""
        for modifier, head, is_apart in cuts:
            others = self._modifiers_of(head, in_text=not is_apart)
            if normal_form(modifier + head) in self._letters:
                return False
            if others:
                return not self._has(modifier) and not any(_may_mean(modifier, other) for other in others)
        return False

    def _has(self, modifier: str) -> bool:
        if normal_form(modifier) in self._letters or _POINTING.fullmatch(modifier):
            return True
        words = content_words(modifier)
        return bool(words) and all(
            len(word) > 1 and any(normal_form(one) in self._letters for one in (word, *synonyms(word)))
            for word in words
        )

    def _modifiers_of(self, head: str, in_text: bool) -> frozenset[str]:
        """Return what stands before a head in the names of the document, where it is one kind of subject there."""
        head = normal_form(head)
        if head not in self._letters:
            return frozenset()
        if (head, in_text) not in self._modifiers:
            own = self._document.name
            name = _before_head(map(normal_form, [own, *(own.split() if in_text else ())]), head)
            labels = _before_head(self._labels, head)
            text = self._in_text(head) if in_text and len(head) >= _LONG else set[str]()
            found = name | labels | text
            is_kind = bool(name) or len(labels) > 1 or len(text) > 1
            self._modifiers[head, in_text] = frozenset(found) if is_kind else frozenset()
        return self._modifiers[head, in_text]

    def _in_text(self, head: str) -> set[str]:
        pattern = re.compile(rf"(?<![가-힣])([가-힣A-Za-z]{{{_LONG},}}){re.escape(head)}{_AFTER_HEAD}")
        return set(pattern.findall(self._text))

    def _is_foreign_in_english(self, word: str, head: str) -> bool:
        if stem(word.lower()) in self._english_words or not content_words(head):
            return False
        before = re.findall(rf"\b([A-Z][\w-]*)\s(?i:{re.escape(head)})\b", self._text)
        return any(content_words(one) for one in before)


def _before_head(names: Iterable[str], head: str) -> set[str]:
    return {name.removesuffix(head) for name in names if name.endswith(head) and name != head}


@lru_cache(maxsize=256)
def _compounds(question: str) -> list[list[Cut]]:
    """Return for each noun of a question that ends a word the ways to cut it into a modifier and a head, the longest
    head first: the modifier is the rest of the head's first word, or the word before it."""
    text = nfc(question).lower()
    found: list[list[Cut]] = []
    for run in _runs(text):
        words = list(_words(run))
        for last, word in enumerate(words):
            if not _ATTRIBUTE.fullmatch(word[-1].form):
                found.append(list(_cuts(words[: last + 1], text)))
    return found


def _cuts(words: list[list[Morpheme]], text: str) -> Iterator[Cut]:
    end = words[-1][-1].end
    for at in range(max(0, len(words) - _WORDS_OF_HEAD), len(words)):
        for number, first in enumerate(words[at]):
            if number:
                yield text[words[at][0].start : first.start], text[first.start : end], False
            elif at:
                before = words[at - 1]
                is_name = any(one.tag == "NNP" for one in before)
                yield text[before[0].start : before[-1].end], text[first.start : end], not is_name


def _runs(text: str) -> Iterator[list[Morpheme]]:
    """Yield the nouns that follow each other with nothing but spaces between them."""
    run: list[Morpheme] = []
    for one in morphemes(text):
        if run and (one.tag not in _NOUNS or text[run[-1].end : one.start].strip()):
            yield run
            run = []
        if one.tag in _NOUNS:
            run.append(one)
    if run:
        yield run


def _words(run: list[Morpheme]) -> Iterator[list[Morpheme]]:
    """Yield the nouns of a run word by word."""
    word = run[:1]
    for before, one in pairwise(run):
        if before.end < one.start:
            yield word
            word = []
        word.append(one)
    yield word


def _may_mean(modifier: str, other: str) -> bool:
    """Tell whether a modifier is another one that is shortened (가람 for 가람시립) or misspelled by one stroke."""
    own = normal_form(modifier)
    letters = iter(other)
    if own[:1] == other[:1] and len(own) >= _LONG and all(letter in letters for letter in own):
        return True
    return len(own) >= _LONG and _differ_by_one(normalize("NFD", own), normalize("NFD", other))


def _differ_by_one(one: str, other: str) -> bool:
    """Tell whether a letter of one text is another one, too many or missing in the other."""
    short, long = sorted((one, other), key=len)
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest = short[same + (len(short) == len(long)) :]
    return len(long) - len(short) <= 1 and long[same + 1 :] == rest


def _english_compounds(question: str) -> Iterator[tuple[str, str]]:
    """Yield the names of a question with the word behind each: Velora and branch. The first word of a sentence is a
    name only if the next one has a capital too."""
    found = list(_ENGLISH_WORD.finditer(re.sub(r"['’]s\b", "", question)))
    for word, head in pairwise(found):
        begins = not re.search(r"\w", question[: word.start()].rpartition(". ")[2])
        if word[0][0].isupper() and content_words(word[0]) and (not begins or head[0][0].isupper()):
            yield word[0], head[0]
