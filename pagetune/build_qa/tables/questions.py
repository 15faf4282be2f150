"""The rule for tables: which of their facts are asked, how many, and which are asked the other way round."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace

from pagetune.build_qa.draft import Document, Draft, Reversal
from pagetune.build_qa.reversed_questions import identifies
from pagetune.build_qa.tables.asked import Asked
from pagetune.build_qa.tables.cells import has_value, is_number, letters, plain_value, says_no, says_yes, titled_items
from pagetune.build_qa.tables.endings import answer_of
from pagetune.build_qa.tables.facts import Fact, header_facts, is_turned, turned_facts, unambiguous, with_unit
from pagetune.build_qa.tables.forms import form_facts, is_form
from pagetune.build_qa.tables.headers import (
    GENERIC,
    OF_SERIES,
    has_header,
    is_key,
    is_key_value,
)
from pagetune.build_qa.tables.implications import implication_drafts
from pagetune.build_qa.tables.names import TableName, table_names, usable_caption
from pagetune.build_qa.tables.repeated import is_repeated
from pagetune.build_qa.tables.units import units_of, units_of_page
from pagetune.build_qa.tables.wording import (
    can_be_worded,
    has_subject,
    place_of,
    question_of,
    reversed_question,
    topic_of,
    yes_or_no,
)
from pagetune.records import Implication, Kind, Page, Table
from pagetune.text.evidence import row_place
from pagetune.text.korean import with_particle

#: A table gives at most as many pairs, spread over its rows and columns, so that a table of 30 x 12 numbers does not
#: outweigh all else that a document says; and at most as many reversed ones, one for a row.
MAX_PAIRS, MAX_REVERSED = 60, 12
#: Sheets with the same labels are asked what they say alike for as many of them.
MAX_SAME = 3
#: A longer cell is a passage that a table's frame surrounds. Nobody asks for all of it.
MAX_ANSWER_CHARACTERS = 600
#: Values that people look up to learn whose they are, and values that one row alone has by chance.
_LOOKED_UP = re.compile(
    r"(?:번호|전화|연락처|팩스|코드|ID|주소|위치|소재지|강의실|일자?|날짜|담당자|책임자|대표자?|이메일|홈페이지|누리집|담당\s?업무"
    r"|\b(?:phone|telephone|number|fax|e-?mail|address|code|ID|website|URL|location|date))$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?:배점|점수|금액|요금|비용|수강료|응시료|수수료|할인율|\b(?:price|fee|cost|charge|rate))$", re.IGNORECASE
)
_GLOSSARY = re.compile(r"용\s?어|약\s?어")
_DEFINITION = re.compile(r"정\s?의|의\s?미|뜻|설\s?명|내\s?용|")
_ASKS = re.compile(r"질\s?문|질\s?의|문의\s?(?:사항|내용)?|궁금.*|Q|questions?", re.IGNORECASE)
_ANSWERS = re.compile(r"답\s?변?|답변\s?내용|회\s?신|A|answers?", re.IGNORECASE)
_CONTENTS = re.compile(r"쪽|페이지|쪽\s?번호|page", re.IGNORECASE)
_CHAPTER = re.compile(
    r"제\s?\d+\s?[장절편부]|[IVXⅠ-Ⅻ]+\.\s|부\s?록|붙임|\d{1,2}\.(?:\d|\s)|(?:Chapter|Part)\s", re.IGNORECASE
)
#: Fewer rows that begin as chapters do may be anything.
MIN_CHAPTERS = 3
#: Columns of a table of a program's fields, about which nobody asks without the program at hand.
_FIELD_TYPE = re.compile(r"(?:데이터|자료)?\s?타입|자료형|데이터\s?형식|(?:data\s?)?type", re.IGNORECASE)
_FIELD_COLUMN = re.compile(r".*(?:타입|자료형|형식|길이|크기|type|length|size|구분|샘플.*|기본값)", re.IGNORECASE)
#: A longer cell is asked item by item where its items have titles.
_MAX_UNDIVIDED = 200
#: The end of a cell that goes on below the next page's header is not known; a shorter one hardly goes on.
_MAX_WHOLE_CELL = 20


#: A shorter term is a common word, which a document uses in a sense of its own.
MAX_PLAIN_TERM = 4


def table_drafts(document: Document, implications: Collection[Implication]) -> Iterator[Draft]:
    """Ask about every table of a document.

    A question that tables answer alike is asked once; one that they answer differently names its table in full.
    """
    asked: list[Asked] = []
    for found in _tables(document):
        if isinstance(found, Draft):
            yield found
        else:
            asked += found
    drafts = [_to_draft(fact) for fact in asked]
    answers: dict[str, set[str]] = defaultdict(set)
    for draft in filter(None, drafts):
        answers[draft.instruction].add(draft.output)
    in_full = [
        _to_draft(fact, in_full=True) if draft and len(answers[draft.instruction]) > 1 else draft
        for fact, draft in zip(asked, drafts, strict=True)
    ]
    turned = _reversals(asked)
    yield from _each_once(
        [replace(draft, reversal=turned.get(index)) for index, draft in enumerate(in_full) if draft is not None]
    )
    yield from implication_drafts(document.pages, asked, implications)


def _each_once(drafts: list[Draft]) -> Iterator[Draft]:
    seen: set[tuple[str, str]] = set()
    for draft in drafts:
        if draft.reason or (draft.instruction, draft.output) not in seen:
            seen.add((draft.instruction, draft.output))
            yield draft


def _tables(document: Document) -> Iterator[Draft | list[Asked]]:
    """Yield each table's facts that can be asked, or why there are none."""
    names = table_names(document)
    same: Counter[tuple[str, str]] = Counter()
    for page, after in zip(document.pages, [*document.pages[1:], None], strict=True):
        for number, table in enumerate(page.tables):
            if not table.rows or not any(has_value(cell) for row in table.rows for cell in row):
                continue
            if faq := list(_faq(page, number, names[page.page_number, number])):
                yield from faq
                continue
            asked = _asked(page, number, names[page.page_number, number], after)
            if not asked:
                place = row_place(page, number, 0)
                yield Draft("table", page.page_number, table.caption, "", place, reason="unnamed_table")
            yield [_unless_repeated(fact, table, same) for fact in asked]


def _faq(page: Page, number: int, name: TableName) -> Iterator[Draft]:
    """Yield the questions that a table itself has in one column, with the answers in the next."""
    header, *rows = page.tables[number].rows
    columns = [c for c in range(len(header) - 1) if _ASKS.fullmatch(header[c].strip())]
    if not columns or not _ANSWERS.fullmatch(header[columns[0] + 1].strip()):
        return
    for row, cells in enumerate(rows, 1):
        question, answer = plain_value(cells[columns[0]]), plain_value(cells[columns[0] + 1])
        if re.search(r"(?:[?]|까|나요|가요|까요)$", question) and has_value(answer):
            question = question if question.endswith("?") else f"{question}?"
            yield Draft("faq", page.page_number, question, answer, row_place(page, number, row), name.section)


def _unless_repeated(asked: Asked, table: Table, same: Counter[tuple[str, str]]) -> Asked:
    """Reject what sheet after sheet says, such as 분류: 기능 요구사항, after the third."""
    fact = asked.fact
    if table.layout == "form" and fact.subject:
        same[fact.key, fact.value] += 1
        if same[fact.key, fact.value] > MAX_SAME:
            return replace(asked, reason="over_quota")
    return asked


def _asked(page: Page, number: int, name: TableName, after: Page | None) -> list[Asked]:
    """Return the facts of a table that can be asked; those beyond its share are rejected."""
    table = page.tables[number]
    named = [
        fact
        for whole in _facts(page, table)
        for fact in _in_items(whole)
        if can_be_worded(fact, name) and (has_subject(fact, name) or (name.owner and _is_defined(fact, table)))
    ]
    cut = _cut_row(page, number, after)
    whole = _spread([fact for fact in named if fact.row != cut or len(fact.value) <= _MAX_WHOLE_CELL])
    return [
        Asked(fact, name, page, number, "over_quota" if position >= MAX_PAIRS else None)
        for position, fact in enumerate(whole)
    ]


def _facts(page: Page, table: Table) -> list[Fact]:
    """Return the facts of a table, by its layout; those of a key-value table are its caption's."""
    filled = set(table.filled)
    if _is_contents(table):
        return []
    if table.layout == "form" or is_form(table.rows, filled):
        return unambiguous(form_facts(table.rows, filled))
    if table.layout == "turned" and is_turned(table.rows):
        return unambiguous(turned_facts(table.rows, filled))
    if not has_header(table):
        return []
    facts = unambiguous(header_facts(table.rows, filled))
    notes = units_of_page(page)
    facts = [with_unit(fact, units_of(table.caption) or notes) for fact in facts]
    caption = usable_caption(table.caption)
    if caption and len(table.rows) == 2 and not any(fact.subject or is_key(_bare(fact.key)) for fact in facts):
        return [replace(fact, subject=(fact.key,), key=caption) for fact in facts]
    if is_key_value(table) and all(fact.subject for fact in facts):
        return [replace(fact, subject=(), kind="", key=fact.subject[-1]) for fact in facts]
    if any(_FIELD_TYPE.fullmatch(cell.strip()) for cell in table.rows[0]):
        return [fact for fact in facts if not _FIELD_COLUMN.fullmatch(fact.key)]
    return facts


def _bare(key: str) -> str:
    """Return a key without what stands in brackets behind it: 사용건수 for 사용건수(2022년 기준)."""
    return re.sub(r"\s?\([^()]*\)$", "", key)


def _in_items(fact: Fact) -> list[Fact]:
    """Return a long cell's titled items one by one; whoever asks for all of them has too much to read."""
    items = titled_items(fact.value) if len(fact.value) > _MAX_UNDIVIDED and fact.subject else []
    if not items:
        return [fact]
    return [replace(fact, subject=(*fact.subject, title), kind="", value=text) for title, text in items]


def _is_contents(table: Table) -> bool:
    """Tell whether a table lists pages: below such a header, after dots, or behind chapters in rising order."""
    dotted = sum("···" in cell or "...." in cell or "……" in cell for row in table.rows for cell in row)
    if _CONTENTS.fullmatch(table.rows[0][-1].strip()) is not None or dotted * 2 >= len(table.rows):
        return True
    last = [row[-1].strip() for row in table.rows]
    numbers = [int(cell) for cell in last if cell.isascii() and cell.isdecimal()]
    chapters = sum(_CHAPTER.match(cell.strip()) is not None for row in table.rows for cell in row[:-1])
    return chapters >= MIN_CHAPTERS and len(numbers) * 4 >= len(last) * 3 and numbers == sorted(numbers)


def _cut_row(page: Page, number: int, after: Page | None) -> int | None:
    """Return the last row of a page's last table where its cells may go on on the next page, below an empty label."""
    if number < len(page.tables) - 1 or after is None or not after.tables or after.page_number != page.page_number + 1:
        return None
    rows, own = after.tables[0].rows, page.tables[number].rows
    first = rows[1] if len(rows) > 1 and rows[0] == own[0] else rows[0] if rows else [""]
    return len(own) - 1 if not first[0].strip() else None


def _spread(facts: list[Fact]) -> list[Fact]:
    """Order facts by diagonals of the table, so that the first of them cover every row, and all columns in turn."""
    if len(facts) <= MAX_PAIRS:
        return facts
    columns = max(fact.column for fact in facts) + 1
    return sorted(facts, key=lambda fact: ((fact.column - fact.row) % columns, fact.row))


def _to_draft(asked: Asked, in_full: bool = False) -> Draft | None:
    """Return the question of a fact, or None where the words for it are not known, or it gives the answer away."""
    fact, name, page = asked.fact, asked.name, asked.page
    table, place = page.tables[asked.number], row_place(page, asked.number, fact.row)
    if says_yes(fact.value) or says_no(fact.value):
        ticked = yes_or_no(fact, name)
        return ticked and Draft("table", page.page_number, *ticked, place, name.section)
    question, kind = question_of(fact, name, in_full), _kind(fact, table)
    answer = answer_of(fact, plain_value(fact.value), question)
    topic: str | None = topic_of(fact, name, in_full)
    if _is_defined(fact, table):
        where = place_of(fact, name) if len(letters(fact.subject[0])) <= MAX_PLAIN_TERM else ""
        topic, kind = f"{where}{fact.subject[0]}", "definition"
        question = f"{with_particle(topic, '이란/란')} 무엇인가요?"
    if letters(answer) in letters(question):
        return None
    reason = asked.reason or ("too_long" if len(answer) > MAX_ANSWER_CHARACTERS else None)
    topic = None if question.endswith("있나요?") else topic
    return Draft(kind, page.page_number, question, answer, place, name.section, topic, reason=reason)


def _is_defined(fact: Fact, table: Table) -> bool:
    """Tell whether a fact is a term's definition in a glossary."""
    return (
        _GLOSSARY.search(table.rows[0][0]) is not None
        and len(fact.subject) == 1
        and _DEFINITION.fullmatch(fact.key) is not None
    )


def _kind(fact: Fact, table: Table) -> Kind:
    return "key_value" if table.layout == "form" or not fact.subject else "table"


def _reversals(asked: list[Asked]) -> dict[int, Reversal]:
    """Return the reversed questions by the index of the fact: of values that one of several things has, one a row."""
    found: dict[int, Reversal] = {}
    owners: dict[tuple[str, str, str], set[tuple[str, ...]]] = defaultdict(set)
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in asked:
        owners[each.fact.kind, each.fact.key, each.fact.value].add(each.fact.subject)
        values[each.fact.kind, each.fact.key].add(each.fact.value)
    rows: dict[tuple[int, int], set[int]] = defaultdict(set)
    in_turn = [(i, one) for keys in (_LOOKED_UP, _AMOUNT) for i, one in enumerate(asked) if keys.search(one.fact.key)]
    for index, each in [(index, each) for index, each in in_turn if each.reason is None]:
        fact, done = each.fact, rows[each.page.page_number, each.number]
        names_row = fact.subject and letters(fact.subject[-1]) in letters(
            "".join(each.page.tables[each.number].rows[fact.row])
        )
        is_open = names_row and _can_be_looked_up(fact) and fact.row not in done
        question = reversed_question(fact, each.name) if is_open else None
        is_one = len(owners[fact.kind, fact.key, fact.value]) == 1 < len(values[fact.kind, fact.key])
        is_one = is_one and len(done) < MAX_REVERSED and not is_repeated(each)
        if question and is_one and letters(fact.subject[-1]) not in letters(question):
            done.add(fact.row)
            value = fact.value.strip()
            found[index] = Reversal(question, fact.subject[-1], value, everywhere=identifies(fact.key, value))
    return found


def _can_be_looked_up(fact: Fact) -> bool:
    """Tell whether a value is short enough to be said in a question, and long enough to be one row's."""
    is_short = 2 <= len(fact.value) <= 40 and "\n" not in fact.value
    is_key = not GENERIC.fullmatch(fact.key) and not OF_SERIES.fullmatch(fact.key)
    return is_short and has_value(fact.value) and not is_number(fact.value) and is_key
