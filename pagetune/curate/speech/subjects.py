"""What the questions about a document call its subject, and the shorter names that people use for it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from pagetune.records import Pair
from pagetune.text.morphemes import morphemes

#: Words of a title that say what kind of document it is, and those around them.
_KIND = re.compile(
    r"(?:\s(?:\d{4}년(?:도)?|사용|이용|입주|교육|업무|운영|및|자주|하는|묻는|관한|대한|질문|문답|질의응답|안내서?|안내문|설명서|매뉴얼|"
    r"가이드(?:라인)?|지침서?|\S*(?:규정|규칙|규약|약관|내규|조례|지침|요강|계획서?|보고서|공고문?|편람|해설서|FAQ)))+$"
)
#: A subject stands in at least this share of the questions about a document.
_LEAST_SHARE = 0.2


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
        doc_id: best[0][0] for doc_id, best in common.items() if best and best[0][1] >= _LEAST_SHARE * asked[doc_id]
    }


def _beginning(pair: Pair) -> str:
    """Return the name with which a question begins: what stands before 에 따르면, or its first noun."""
    named = re.match(r"(\S.{1,60}?)에 따르면 ", pair.instruction) or re.match(
        r"(\S.{1,60}?)(?:에서|의|은|는|이|가) ", pair.instruction
    )
    if not named:
        return ""
    return re.sub(_KIND, "", named[1])


def short_names(subject: str) -> list[str]:
    """Return the subject and what people say for it: 가람시립도서관, 가람도서관, 도서관."""
    words = subject.split()
    names = [subject, subject.replace(" ", ""), *words]
    if len(words) > 2:
        names.append(f"{words[0]} {words[-1]}")
    for word in words:
        names += _shortened(word)
    return [name for name in dict.fromkeys(names) if len(name) > 1]


def _shortened(word: str) -> list[str]:
    """Return a compound by its last nouns, and by the proper noun that it begins with."""
    parts = [part for part in morphemes(f"{word}에서") if part.tag in ("NNG", "NNP", "SL")]
    if len(parts) < 2 or parts[-1].end != len(word):
        return []
    first, last = word[: parts[0].end], word[parts[-1].start :]
    by_name = [first, first + last] if parts[0].tag == "NNP" else []
    return [last, *([word[parts[-2].start :]] if len(parts) > 2 else []), *by_name]
