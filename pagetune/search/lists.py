"""What stands above the items of a list: the line that announces them, 다음 서류를 내야 합니다:, also a page before."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pagetune.build_qa.draft import LIST_ITEM, SENTENCE_GAP, Paragraph

#: How a line ends that says nothing without the next one.
_LEADS_ON = ("?", "？", ":", "：")
#: What announces a list within a sentence. 다음 날 and 다음 달 are times.
_ANNOUNCES = re.compile(
    r"(?<![가-힣])(?:다음(?!\s?(?:날|달|해|주|월|년|영업일|연도|학기|분기|회|번|단계|사람|페이지|쪽))|아래|각\s?[호목])"
    r"|\b(?:following|as follows|below)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Above:
    """What a line stands under: its section, and the lines that announce the list of which it is an item, and those in
    which that list is."""

    section: str
    lines: tuple[str, ...]


def leads_on(text: str) -> bool:
    """Tell whether a line asks or announces, so that it says nothing without the next one."""
    return text.rstrip().endswith(_LEADS_ON)


def above_lines(paragraphs: Iterable[Paragraph]) -> dict[tuple[int, int], Above]:
    """Return what each line stands under, by its page and its first character there.

    A short item that looks like a heading is none, and so the lines below it are not of its section.
    """
    found: dict[tuple[int, int], Above] = {}
    lists: list[tuple[str, str]] = []  # the mark of each list that is open, and the line that announces it
    items, section, before = set[str](), "", ""
    for line in paragraphs:
        announced = _announcement(before)
        mark, marks = _mark(line, [own for own, _ in lists], announced), [own for own, _ in lists]
        if not mark:
            lists = []
        elif mark in marks:
            del lists[marks.index(mark) + 1 :]
        else:
            lists.append((mark, announced))
        items |= {line.text} if mark else set()
        section = section if line.section in items else line.section
        lines = tuple(announcement for _, announcement in lists if announcement)
        found[line.page_number, line.start] = Above(section, lines)
        before = line.text
    return found


def _mark(line: Paragraph, opened: list[str], announced: str) -> str:
    """Return what the mark of an item has in common with those beside it: 1. and 2., but not 1); else nothing.

    A short numbered line is a heading ("2. 이용 요금"), unless a list is open or announced.
    """
    found = LIST_ITEM.match(line.text)
    mark = _kind(found[0].strip()) if found else ""
    return "" if line.is_heading and mark not in opened and not announced else mark


def _kind(mark: str) -> str:
    mark = re.sub(r"\d+(?:의\d+)?", "1", mark)
    return "가" + mark[1:] if re.match("[가-힣]", mark) else "①" if re.match("[①-⑳]", mark) else mark


def _announcement(text: str) -> str:
    """Return the sentence of a line that announces a list, or nothing."""
    if leads_on(text):
        return SENTENCE_GAP.split(text.rstrip())[-1]
    return next((sentence for sentence in reversed(SENTENCE_GAP.split(text)) if _ANNOUNCES.search(sentence)), "")
