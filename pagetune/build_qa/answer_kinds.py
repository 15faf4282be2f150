"""Whether an answer is what its question asks for, and rests on its evidence rather than on what a model makes up."""

import re

from pagetune.build_qa.amendments import AMENDMENT
from pagetune.build_qa.debris import is_debris, tells_of_itself
from pagetune.build_qa.question_words import not_what_is_asked
from pagetune.build_qa.referring import defines_nothing, only_refers
from pagetune.build_qa.relevance import not_about
from pagetune.build_qa.soundness import Fault, asks, without_number
from pagetune.build_qa.subjects import names_nothing
from pagetune.build_qa.surroundings import Claim, above, columns_of_answer
from pagetune.build_qa.tables.forms import is_form
from pagetune.build_qa.telling import only_ordered
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words, has_word
from pagetune.text.evidence import not_proven

#: The share of the words that an answer adds to its question which must stand in the evidence.
_SHARE = 0.75
_ASKS_WHEN = re.compile(
    r"언제(?!든|라도|나\s)|(?<![가-힣])몇\s?(?:시|월|년|일)(?!간)|^\W*when\b(?!ever)"
    r"|\bwhat (?:date|day|time|year|month)\b|\b(?:and|or|since) when\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d\s?(?:년|월|일|시|분|초|주|개월|분기|학기|회계연도|[:.\-/]\s?\d)|\b(?:1[89]|20)\d\d\b"
    r"|[월화수목금토일]요일|(?:[상하]반|분)기"
    r"|하루|이틀|사흘|나흘|닷새|엿새|이레|여드레|아흐레|열흘|보름|(?<![가-힣])[한두세석]\s?달|일주일"
    r"|오전|오후|정오|자정|새벽|아침|저녁|당일|익일|다음\s?날|다음\s?영업일|즉시|바로|곧|지체\s?없이|수시|상시"
    r"|항상|매[년월주일분]|평일|주말|연중|올해|내년"
    r"|(?:때|뒤|후|전|이내|까지|부터|동안|이후|이전|직후|직전|날|기간|시점|시기|순간|경우"
    r"|마다)(?:[가-힣]{0,3})|[가-힣]면(?![가-힣])"
    r"|\b(?:\d{1,2}(?:st|nd|rd|th|\s?[ap]\.?m\b)?|mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b\d{1,2}(?:st|nd"
    r"|rd|th|\s?[ap]\.?m)\b"
    r"|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|spring"
    r"|summer|autumn|fall|winter)\b"
    r"|[가-힣\d]\s?(?:시|시에|시점)(?=\W*$|\s)"
    r"|\b(?:when|after|before|until|by|within|once|every|each|during|if|daily|weekly|monthly|yearly|annually"
    r"|immediately|always|at)\b",
    re.IGNORECASE,
)
#: A telephone number that the question ends by. One that changes, 연락처가 바뀌면, is not asked for.
_ASKS_FOR_PHONE = re.compile(
    r"(?:전화\s?번호|연락처)(?:(?:은|는|을|를|이|가)?\s?(?:좀\s)?(?:$|[?？.]|(?:무엇|뭐|뭔|뭘|어떻게\s(?:되|돼|됩)|몇\s?번|어디|얼마"
    r"|알려|알\s?수|가르쳐|말해|말씀|적어|써|찾아|궁금|주세요|안내해|있나|있습)[가-힣\s]{0,12}(?:$|[?？.])))|몇\s?번으로"
    r"|^\W*(?:what|which|please|give|tell)\b"
    r"(?:(?!\b(?:if|when|changes?|happens?|to do)\b)[^.?!]){0,60}?"
    r"\b(?:phone|telephone) number\b(?!\s(?:changes?|is (?:wrong|changed)))",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\d[\d\s()\-.]{2,}\d|\d{3,}")
#: What the marks of amendments answer.
_ASKS_ABOUT_THE_LAW = re.compile(r"시행|개정|제정|공포|신설|폐지")
#: An answer that sends its reader elsewhere, to what only the page shows.
_POINTS_ON = re.compile(
    r"^\W*(?:below|above|see)\b|\b(?:as follows|(?:shown|listed|given) (?:below|above))\b|\bthe following\W*$"
    r"|(?:아래|다음|위|별표|별지)[가-힣]*\s?(?:와|과)?\s?같(?:다|습니다|음"
    r"|이)(?![가-힣]*[.:]?\s*(?:[①-⑳•·○\-▪□]|1[.)]|가[.)]|「?[^\s.]{2}[^.]{18}))|(?:참고|참조)(?:하"
    r"|바)[가-힣]{0,6}[.\s]*$"
    r"|^\W*다음(?:의)?\s(?:사항|내용|요건|조건|서류|행위|자료|방법)(?:을|를|이|에|과)?(?:\s[가-힣\s]{1,16})?\W*$"
    r"|다음\s?각\s?(?:호|목)(?!.*(?:^|\s)(?:1\.|가\.))",
    re.IGNORECASE,
)
#: The share of a label's words by which a question names it.
_NAMED = 0.5
#: A table of a header and one row: a question need not say which row it means.
_ONE_ROW = 2
#: The most letters of a cell that is a label.
_LABEL = 20
#: Letters of a label that may stand in a question by chance: 관리.
_SHORT = 2
#: Letters of a cell that is a text of its own.
_PROSE = 60


def fault_of_claim(claim: Claim) -> Fault | None:
    """Return why an answer does not rest on its evidence or is not what its question asks for, or None."""
    if invented := _invented(claim):
        return "not_in_evidence", invented
    if debris := is_debris(claim):
        return "not_text", debris
    if order := only_ordered(claim):
        return "instructs_the_model", order
    if dependent := _points_on(claim) or names_nothing(claim):
        return "passage_dependent", dependent
    other = wrong_kind(claim) or not_what_is_asked(claim) or defines_nothing(claim) or another_row(claim)
    return ("not_about_question", other) if other else not_about(claim)


def _points_on(claim: Claim) -> str | None:
    """Return an answer that sends its reader elsewhere, or only says what the text is going to say."""
    if _POINTS_ON.search(claim.answer):
        return claim.answer[:100]
    return tells_of_itself(claim) or only_refers(claim)


def _invented(claim: Claim) -> str | None:
    """Return the words that neither the evidence nor what it stands under has: most of what the answer adds.

    Numbers and codes that stand in the mark of an amendment alone count as invented.
    """
    evidence = claim.evidence if _ASKS_ABOUT_THE_LAW.search(claim.question) else AMENDMENT.sub(" ", claim.evidence)
    if missing := not_proven(claim.answer, evidence):
        return missing
    if _repeats_the_question(claim):
        return claim.answer[:100]
    if normal_form(claim.answer) in normal_form(evidence):
        return None
    near = "\n".join([evidence, *above(claim)[:2]])
    added = content_words(claim.answer) - content_words(claim.question)
    held = {word for word in added if has_word(near, word) or (word.isascii() and word in near.lower())}
    return ", ".join(sorted(added - held)) if len(held) < len(added) and len(held) <= _SHARE * len(added) else None


def _repeats_the_question(claim: Claim) -> bool:
    """Tell whether the evidence is the question, as a FAQ prints it: it has no answer."""
    evidence = normal_form(without_number(claim.evidence))
    return evidence == normal_form(claim.question) or (
        claim.evidence.rstrip().endswith(("?", "？")) and asks(claim.evidence)
    )


def wrong_kind(claim: Claim) -> str | None:
    """Return the answer where the question asks for a time or a telephone number, and it has none."""
    asks_when = _ASKS_WHEN.search(claim.question) and not _TIME.search(claim.answer)
    asks_for_phone = _ASKS_FOR_PHONE.search(claim.question) and not _PHONE.search(claim.answer)
    return claim.answer[:100] if asks_when or asks_for_phone else None


def another_row(claim: Claim) -> str | None:
    """Return the label of the answer's row or cell where the question does not name it, or names another one better."""
    if claim.place.table is None:
        return None
    table = claim.page.tables[claim.place.table]
    cells, columns = table.rows[claim.place.row or 0], columns_of_answer(claim)
    others = [cell for column, cell in enumerate(cells) if column not in columns and normal_form(cell)]
    if not columns or not others:
        return None
    named = max(_share_named(claim.question, cell) for cell in others)
    if table.layout == "form" or is_form(table.rows, set(table.filled)):
        if asked := _label_ofanother_row(claim, others):
            return asked
        if len(cells[columns[0]]) > _PROSE:
            return None  # what it is about stands in the cell itself
        left = _label_beside(cells, columns[0])
        return left if left and _share_named(claim.question, left) < max(named, _NAMED) else None
    is_one_of_many = table.layout == "header" and len(table.rows) > _ONE_ROW and claim.place.row
    if is_one_of_many and (named < _NAMED or _is_ambiguous(claim)):
        return " | ".join(others)[:100]
    return None


def _label_ofanother_row(claim: Claim, own: list[str]) -> str | None:
    """Return the label of a form that the question ends by, where it is not one of the answer's row."""
    question, rows = normal_form(claim.question), claim.page.tables[claim.place.table or 0].rows
    labels = {normal_form(cell) for row in rows for cell in row[:-1] if content_words(cell) and len(cell) <= _LABEL}
    named = [label for label in labels if len(label) > _SHORT and label in question]
    last = max(named, key=lambda label: (question.rfind(label) + len(label), len(label)), default="")
    return last if last and last not in {normal_form(cell) for cell in own} else None


def _is_ambiguous(claim: Claim) -> bool:
    """Tell whether another row has the same labels that the question names, and another value."""
    table, columns = claim.page.tables[claim.place.table or 0], columns_of_answer(claim)
    own = table.rows[claim.place.row or 0]
    names = {
        (column, normal_form(cell))
        for column, cell in enumerate(own)
        if column not in columns and content_words(cell) and _share_named(claim.question, cell) >= 1
    }
    return bool(names) and any(
        names <= {(column, normal_form(cell)) for column, cell in enumerate(row)}
        and [row[column] for column in columns] != [own[column] for column in columns]
        for row in table.rows[1:]
        if len(row) == len(own)
    )


def _label_beside(cells: list[str], column: int) -> str:
    """Return the cell to the left of a form's value, or nothing where that is a value itself."""
    left = next((cell for cell in reversed(cells[:column]) if normal_form(cell)), "")
    return left if content_words(left) and len(left) <= _LABEL and not re.search(r"\d", left) else ""


def _share_named(question: str, cell: str) -> float:
    words = content_words(cell)
    if normal_form(cell) in normal_form(question):
        return 1.0
    return sum(has_word(question, word) for word in words) / max(1, len(words))
