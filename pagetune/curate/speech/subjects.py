"""What the questions about a document call its subject, and the shorter names that people use for it."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from pagetune.records import Pair
from pagetune.text.morphemes import morphemes

#: Words of a title that say what kind of document it is, and those around them.
_KIND = re.compile(
    r"(?:\s(?:\d{4}년(?:도)?|사용|이용|입주|교육|업무|운영|및|자주|하는|묻는|관한|대한|질문|문답|질의응답|안내서?|안내문|설명서|매뉴얼|"
    r"가이드(?:라인)?|지침서?|\S*(?:규정|규칙|규약|약관|내규|조례|지침|요강|계획서?|보고서|공고문?|편람|해설서|FAQ)))+$"
)
#: Tags of the parts of a name, with the particle that is put behind it.
_OF_NAMES = frozenset(("NNG", "NNP", "XSN", "XPN", "SL", "SN", "SO", "SP", "SW", "XR", "JKB"))
_BROKEN = re.compile(r"[^\w\s&·.-]")
_TOWNS = ("시", "군", "구", "도", "읍", "면", "동")
#: A document of which this share of the questions begins with the subject is about nothing else.
_MOST = 2 / 3
#: What this many questions begin with is a title, of at most this many words.
_OFTEN, _LONGEST_TITLE = 3, 25
#: What follows the name in a question, the surest first: a title has 의 within itself.
_BEHIND_NAME = ("에 따르면", "에서", "(?:의|은|는|이|가)")
#: A subject stands in at least this many, and this share, of the questions about a document.
_LEAST, _LEAST_SHARE = 3, 0.2


def subjects(pairs: Iterable[Pair]) -> dict[str, str]:
    """Return the subject of each document by doc_id: how most of its questions begin, such as 가람시립도서관.

    A document without any has none.
    """
    begins: dict[str, Counter[str]] = defaultdict(Counter)
    asked: Counter[str] = Counter()
    for pair in pairs:
        asked[pair.doc_id] += 1
        begins[pair.doc_id].update({_beginning(pair)} - {""})
    common = {doc_id: found.most_common(1) for doc_id, found in begins.items()}
    return {
        doc_id: best[0][0]
        for doc_id, best in common.items()
        if best and best[0][1] >= max(_LEAST, _LEAST_SHARE * asked[doc_id])
    }


def settings(pairs: Iterable[Pair], subjects: dict[str, str]) -> set[str]:
    """Return the ids of the documents of which most questions begin with the subject."""
    begun: dict[str, list[bool]] = defaultdict(list)
    for pair in pairs:
        begun[pair.doc_id].append(pair.instruction.startswith(subjects.get(pair.doc_id, "\0")))
    return {doc_id for doc_id, found in begun.items() if sum(found) >= _MOST * len(found)}


def titles(pairs: Sequence[Pair]) -> Callable[[Pair], frozenset[str]]:
    """Return what tells the words of a question that stand in a title, which stays as it is.

    Three of the questions about its document begin with them.
    """
    beginnings: Counter[tuple[str, ...]] = Counter()
    for pair in pairs:
        beginnings.update(_beginnings(pair))

    def words_of(pair: Pair) -> frozenset[str]:
        often = (words[1:] for words in reversed(_beginnings(pair)) if beginnings[words] >= _OFTEN)
        return frozenset(next(often, ()))

    return words_of


def _beginnings(pair: Pair) -> list[tuple[str, ...]]:
    """Return the doc_id with the first two words of a question, with the first three, and so on."""
    words = pair.instruction.split()[:_LONGEST_TITLE]
    return [(pair.doc_id, *words[:count]) for count in range(2, len(words) + 1)]


def _beginning(pair: Pair) -> str:
    """Return the name with which a question begins: what stands before 에 따르면 or 에서, or its first noun."""
    found = (re.match(rf"(\S.{{1,60}}?){behind} ", pair.instruction) for behind in _BEHIND_NAME)
    named = next(filter(None, found), None)
    return re.sub(_KIND, "", named[1]) if named else ""


def ends_title(word: str) -> bool:
    """Tell whether a word belongs to the end of a title: 가이드, 규정."""
    return _KIND.search(f" {word}") is not None


def short_names(subject: str) -> list[str]:
    """Return the subject and what people say for it: 가람시립도서관, 가람도서관, 도서관.

    Only its last word, which says what it is, and its proper nouns stand for it.
    """
    words = subject.split()
    if not _is_name(words):
        return []
    proper = list(_proper(words))
    names = [subject, subject.replace(" ", ""), words[-1], *proper]
    if len(words) > 2 and words[0] in proper:
        names.append(f"{words[0]} {words[-1]}")
    names += _shortened(words[-1])
    return [name for name in dict.fromkeys(names) if len(name) > 1]


def _is_name(words: list[str]) -> bool:
    """Tell whether the words are nouns with nothing in quotes or brackets, the last of which says what something is."""
    name = " ".join(words)
    tags = [part.tag for part in morphemes(f"{name}에서")]
    return set(tags) <= _OF_NAMES and tags[-2:-1] in (["NNG"], ["NNP"], ["SL"], ["XSN"]) and not _BROKEN.search(name)


def _proper(words: list[str]) -> Iterable[str]:
    """Yield the words that are proper nouns, less the town that something is in."""
    parts = {(part.start, part.end): part.tag for part in morphemes(f"{' '.join(words)}에서")}
    start = 0
    for word in words:
        if parts.get((start, start + len(word))) == "NNP" and not _is_town(word):
            yield word
        start += len(word) + 1


def _is_town(word: str) -> bool:
    return word.endswith(_TOWNS) and [part.tag for part in morphemes(word[:-1])] == ["NNP"]


def _shortened(word: str) -> list[str]:
    """Return a compound that begins with a proper noun by its last nouns, with and without the first.

    Without its first word any other compound means something else: 전자금융거래법 is not a 거래법.
    """
    parts = [part for part in morphemes(f"{word}에서") if part.tag in ("NNG", "NNP", "SL")]
    if len(parts) < 2 or parts[0].tag != "NNP" or parts[-1].end != len(word) or parts[-1].end - parts[-1].start < 2:
        return []
    first, last = word[: parts[0].end], word[parts[-1].start :]
    return [last, *([word[parts[-2].start :]] if len(parts) > 2 else []), first + last]
