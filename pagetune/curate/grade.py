"""A grade for each pair, from 0 to 1, without a model: is it self-contained, natural, specific and complete?

Each of these four parts has the share that its worst broken rule leaves, and the grade is their product. A broken rule
says what it found, so that a grade explains itself. Kiwi's score of a question is not among the rules: it measures how
rare the words are, and good questions name rare things.
"""

import re
from collections.abc import Callable, Container, Sequence
from itertools import pairwise
from math import prod
from typing import Any, Literal, NamedTuple

from pagetune.curate.filters import is_unfinished_text
from pagetune.records import Pair, Rejected
from pagetune.text.claims import normal_form
from pagetune.text.korean import has_final_consonant, is_korean
from pagetune.text.morphemes import learn_morphemes, morphemes
from pagetune.text.sentences import ITEM_LETTERS

Part = Literal["self-contained", "natural", "specific", "complete"]


class Rule(NamedTuple):
    """What lowers a grade: `left` is the share of it that is left where `breaks` finds something, which it returns."""

    part: Part
    left: float
    why: str
    breaks: Callable[[Pair], str | None]


class Grade(NamedTuple):
    """`broken` are the rules that were broken, with what was found, the worst first."""

    value: float
    broken: list[tuple[Rule, str]]

    def reason(self) -> str | None:
        """Return the part that failed, why, and what was found there, or None."""
        if not self.broken:
            return None
        rule, found = self.broken[0]
        return f"{rule.part}: {rule.why} ({found})" if found else f"{rule.part}: {rule.why}"


#: Pairs that Kiwi analyses at a time, and pairs that the report shows of those kept and of those rejected.
_CHUNK, _SHOWN = 2_000, 8


def grade_pairs(
    pairs: list[Pair], min_grade: float, approved: Container[str] = ()
) -> tuple[list[Pair], list[Rejected], dict[str, Any]]:
    """Grade the pairs in place. Return those that are kept, those rejected, and what the report shows of both.

    A user's own row is never rejected by its grade, nor is a pair that a reviewer has `approved`, and a dialogue has
    none.
    """
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    lowest: list[_Shown] = []
    best: list[_Shown] = []
    for start in range(0, len(pairs), _CHUNK):
        part = pairs[start : start + _CHUNK]
        if texts := [text for pair in part if _is_read(pair) for text in (pair.instruction, pair.output)]:
            learn_morphemes(texts)
        for position, pair in enumerate(part, start):
            if pair.kind == "dialogue":
                kept.append(pair)
                continue
            own = grade(pair)
            pairs[position] = graded = pair.model_copy(update={"grade": own.value})
            is_low = own.value < min_grade and pair.kind != "user" and pair.pair_id not in approved
            if is_low:
                rejected.append(Rejected.of(graded, "low_grade", f"{own.value}, {own.reason()}"))
            else:
                kept.append(graded)
            if own.value < 1:
                (best if is_low else lowest).append(_Shown(graded, own))
        lowest = sorted(lowest, key=lambda one: one.grade.value)[:_SHOWN]
        best = sorted(best, key=lambda one: -one.grade.value)[:_SHOWN]
    shown = {"lowest_kept": [one.row() for one in lowest], "best_rejected": [one.row() for one in best]}
    return kept, rejected, {"min_grade": min_grade} | shown


def _is_read(pair: Pair) -> bool:
    """Tell whether Kiwi reads the pair. A million of a user's own rows would take it minutes."""
    return pair.kind not in ("user", "dialogue")


class _Shown(NamedTuple):
    pair: Pair
    grade: Grade

    def row(self) -> dict[str, object]:
        own = {"question": self.pair.instruction, "answer": self.pair.output, "doc_id": self.pair.doc_id}
        return {"grade": self.grade.value, **own, "why": self.grade.reason()}


def grade(pair: Pair) -> Grade:
    rules = (*_RULES, *_GRAMMAR) if _is_read(pair) else _RULES
    found = [(rule, what) for rule in rules if (what := rule.breaks(pair)) is not None]
    found.sort(key=lambda one: one[0].left)
    parts: dict[Part, float] = {}
    for rule, _ in found:
        parts.setdefault(rule.part, rule.left)
    return Grade(round(prod(parts.values()), 2), found)


def _in_question(pattern: str, kinds: Sequence[str] = (), flags: int = 0) -> Callable[[Pair], str | None]:
    """Return a test that finds `pattern` in the question of a pair of one of `kinds`, or of any."""
    compiled = re.compile(pattern, flags)

    def find(pair: Pair) -> str | None:
        found = compiled.search(pair.instruction) if not kinds or pair.kind in kinds else None
        return found.group().strip() if found else None

    return find


def _in_answer(pattern: str) -> Callable[[Pair], str | None]:
    compiled = re.compile(pattern)

    def find(pair: Pair) -> str | None:
        found = compiled.search(pair.output)
        return found.group().strip()[:20] if found else None

    return find


#: Kinds whose question is made of a document's headings and labels.
_LABELLED = ("table", "key_value", "reversed", "definition", "list")
_POINTED_AT = (
    "법|법률|영|규칙|규정|기준|조|항|호|장|절|경우|때|사업|계약|보험|약관|제품|문서|고시|지침|조례|회사"
    "|발명|서비스|표|그림|사항|내용|자료|제도|시설|기관|안내"
)
#: Words that name no document: any has a 개요.
_ANY_HEADING = (
    "개요|요약|목차|현황|안내|예시|항목|구분|비고|내용|별표|별지|서식|붙임|첨부|참고|기타|제안요청서|과업지시서"
    "|규정|지침|일반사항|기본정보|유의사항|세부사항|공고문?|안내문"
)
_ASKS = (
    r"what|which|who|whom|whose|when|where|why|how|is|are|was|were|do|does|did|can|could|may|must|should|shall|will|would"
    r"|has|have|had|if|in|on|at|to|for|from|by|under|according|qu\w+|combien|comment|où"
)
_ITEM = re.compile(rf"(?:^|\s)(?:\d{{1,2}}|[{ITEM_LETTERS}])[.)]\s|[-•◦○●▪·;:①-⑳]")
_ITEM_MARK = re.compile(rf"(?:^|(?<=\s))(?:\d{{1,2}}|[{ITEM_LETTERS}a-z])\)")
_NUMBERED = re.compile(r"(?:^|\s)(\d{1,2})\.\s(?=\S)")
_PAIRED = ("()", "[]", "「」", "『』", "“”", "｢｣")
_ONLY_NUMBER = re.compile(r"[-−△▲+]?\d[\d.,:]*\s?")
_ASKS_FOR_ALL = re.compile("(?:무엇인가요|어떻게 되나요|무엇을 말하나요|무엇을 해야 하나요)[?]$")
_QUESTION_WORDS = re.compile(
    r"무엇\w*|어디\w*|언제\w*|누구\w*|누가|얼마\w*|어떻게|어떤\w*|왜|몇|내용\w*|뜻\w*|하나요|되나요|있나요|합니까|입니까|인가요|이란|란(?=\s)"
)


def _refers_to_clause(pair: Pair) -> str | None:
    """Find 제2항 or 전항 in an answer whose question does not say of which article."""
    found = re.search(r"(?<!조)(?<!조의\d)\s?제\d+항(?:의 규정)?에|전항|전조|같은 [조항호]", pair.output)
    before = pair.output[: found.start()] if found else ""
    return found.group().strip() if found and not re.search(r"제\d+조|법률?」?\s*$", before) else None


def _begins_with_clause(pair: Pair) -> str | None:
    """Find 제2항 at the start of an article's answer, which is about what that clause says."""
    found = re.match(r"[①-⑳]?\s?제\d+항(?:부터|까지|내지|및|과|와|또는|에|의|\s|제|,)*", pair.output)
    return found.group().strip() if found and pair.kind == "article" else None


def _asks_a_number_by_what(pair: Pair) -> str | None:
    asks = re.search(r"(?<!번호)(?<!코드)(?<!연도)[은는] 무엇인가요[?]$", pair.instruction)
    return pair.output if asks and _ONLY_NUMBER.fullmatch(pair.output.strip()) else None


def _is_a_label(pair: Pair) -> str | None:
    """Find a question that is two labels with a colon (California: Long Gun?) or fewer than three words."""
    question = pair.instruction
    if is_korean(question) or re.match(rf"\W*(?:{_ASKS})\b", question, re.IGNORECASE):
        return None
    return question if ": " in question or len(question.split()) < 3 else None


def _has_no_question_ending(pair: Pair) -> str | None:
    question = pair.instruction.rstrip()
    if not is_korean(question) or question.endswith(("요.", "오.", "다.", "요", "까")):
        return None
    return None if re.search(r"(?:[요까]|[는은인]지|[나가냐니]|[은는란])\s?[?？]$", question) else question[-8:]


def _says_twice(pair: Pair) -> str | None:
    if pair.kind == "user":  # the slowest of the rules, for rows that are not rejected
        return None
    found = re.search(r"(\S[^'\"‘“]{14,}\S)(?=\s).*\s\1(?=\s|[은는이가을를의])", pair.instruction)
    return found[1] if found else None


def _answer_in_question(pair: Pair) -> str | None:
    answer = normal_form(pair.output)
    return pair.output if len(answer) > 3 and answer in normal_form(pair.instruction) else None


def _says_nothing_new(pair: Pair) -> str | None:
    """Find an answer whose words are all in the question, endings aside."""
    if not _ASKS_FOR_ALL.search(pair.instruction) or pair.kind in ("table", "key_value", "reversed"):
        return None
    asked = normal_form(pair.instruction)
    words = [normal_form(word) for word in pair.output.split()]
    new = [word for word in words if word and word[: max(2, len(word) - 2)] not in asked]
    return "" if len(words) > 2 and not any(map(_says_something, new)) else None


def _says_something(word: str) -> bool:
    """Tell whether a word is more than a verb that any sentence ends in."""
    return (
        re.fullmatch(
            r"것\w*|대한|관한|관련\w*|한다|합니다|된다|됩니다|이다|입니다|있다|있습니다|그에|따릅니다|따른다|하여야|수",
            word,
        )
        is None
    )


def _names_nothing(pair: Pair) -> str | None:
    return "" if len(normal_form(_QUESTION_WORDS.sub("", pair.instruction))) < 2 else None


def _breaks_off(pair: Pair) -> str | None:
    return pair.output[-10:] if is_unfinished_text(pair.output) else None


def _unpaired(pair: Pair) -> str | None:
    """Find a bracket that is opened or closed alone, in question or answer. 1) and 가) are numbers of items."""
    for text in (pair.instruction, _ITEM_MARK.sub("", pair.output)):
        for opens, closes in map(tuple, _PAIRED):
            if text.count(opens) != text.count(closes):
                return opens if text.count(opens) > text.count(closes) else closes
    return None


def _lacks_its_list(pair: Pair) -> str | None:
    found = re.search(r"다음(?:의)? (?:각 ?)?[호목]|다음과 같|(?:as follows|the following)[:.]?$", pair.output)
    return found.group() if found and not _ITEM.search(pair.output[found.end() :]) else None


def _skips_an_item(pair: Pair) -> str | None:
    numbers = [int(number) for number in _NUMBERED.findall(pair.output)]
    expected = list(range(1, len(numbers) + 1))
    return ", ".join(map(str, numbers)) if len(numbers) > 1 and numbers[0] == 1 and numbers != expected else None


_RULES: tuple[Rule, ...] = (
    Rule(
        "self-contained",
        0.3,
        "points at something that it does not name",
        _in_question(
            rf"(?<![가-힣])(?:이|본|동|위|상기|당해|전)\s(?:{_POINTED_AT})(?![가-힣]{{3}})|상기의?\s|전항|전조"
        ),
    ),
    Rule(
        "self-contained",
        0.3,
        "begins with what stands before it",
        _in_question(r"^(?:[^가-힣]{0,4})(?:해당|이|그|저)\s[가-힣]+"),
    ),
    Rule(
        "self-contained",
        0.3,
        "names an article but not its law",
        _in_question(r"^(?:부칙\s?)?제\d+[조항장절]", _LABELLED),
    ),
    Rule("self-contained", 0.2, "names a file", _in_question(r"(?<![\w/.])[A-Za-z0-9]+_\w+(?:의|,|에서)", _LABELLED)),
    Rule(
        "self-contained",
        0.2,
        "is named after a running line of the page",
        _in_question(r"www\.|https?:|심사필|심의필|준법감시인", _LABELLED),
    ),
    Rule(
        "self-contained",
        0.4,
        "is named after a heading that any document has",
        _in_question(
            rf"^(?:[가-힣]{{1,6}}\s?){{0,2}}(?:{_ANY_HEADING})(?:\([^)]*\))?(?:의|에서)\s", ("table", "key_value")
        ),
    ),
    Rule(
        "self-contained",
        0.4,
        "is named after a heading that any document has",
        _in_question(rf"^(?:{_ANY_HEADING})(?:\([^)]*\))?\s제\d+조", ("article",)),
    ),
    Rule(
        "self-contained",
        0.4,
        "asks what a law calls by a word that says nothing",
        _in_question(
            r"(?:정하는|고시하는|규정하는) (?:자|사람|것|경우|기간|기한|기준|업무|사항|금액|방법|범위|비율)(?:이란|란)",
            ("definition",),
        ),
    ),
    Rule(
        "self-contained",
        0.4,
        "points at something that it does not name",
        _in_question(
            r"^(?:\W*[\w’']+\W+){0,3}?(?:it|they|its|their|this|these|those)\b"
            r"(?! (?:possible|necessary|required|allowed|mandatory|legal|safe|free|take|cost|true|ok))|\bthe above\b",
            flags=re.IGNORECASE,
        ),
    ),
    Rule(
        "self-contained",
        0.4,
        "the answer points at what stands before it",
        _in_answer(
            r"그에 따른다|그에 따릅니다|(?<!다만, )^[^.]*그러하지 (?:아니|않)|^(?:이는|이를|이 경우|그 (?!밖)|이와)"
            r"|마찬가지(?:이|입니)다|상기의?\s|위와 같"
        ),
    ),
    Rule("self-contained", 0.4, "the answer begins by pointing at another clause", _begins_with_clause),
    Rule("self-contained", 0.7, "the answer points at another clause", _refers_to_clause),
    Rule("natural", 0.2, "is a label, not a question", _is_a_label),
    Rule("natural", 0.3, "does not end as a question", _has_no_question_ending),
    Rule("natural", 0.4, "asks for a bare number by 무엇", _asks_a_number_by_what),
    Rule("natural", 0.3, "says the same twice", _says_twice),
    Rule("natural", 0.3, "asks for the mark of an item", _in_question(r"[①-⑳]|\(생\s?략\)|현행과\s?같음", _LABELLED)),
    Rule("specific", 0.2, "has its answer in the question", _answer_in_question),
    Rule("specific", 0.3, "the answer says nothing new", _says_nothing_new),
    Rule("specific", 0.2, "names nothing", _names_nothing),
    Rule("complete", 0.2, "the answer breaks off", _breaks_off),
    Rule("complete", 0.3, "a bracket stands alone", _unpaired),
    Rule(
        "complete",
        0.3,
        "the answer begins in the middle",
        _in_answer(r"^(?:[:,;)\]」』]|(?:및|또는|의|을|를|은|는|에서|으로)\s)"),
    ),
    Rule("complete", 0.8, "the answer begins with a mark", _in_answer(r"^[⇒→▶※◦•▪○●*]")),
    Rule("complete", 0.3, "the answer lacks the list that it announces", _lacks_its_list),
    Rule("complete", 0.5, "the answer skips an item", _skips_an_item),
    Rule(
        "complete",
        0.2,
        "the answer has empty places",
        _in_answer(r"·{4,}|\.{5,}|…{2,}|_{3,}|\(\s+\)(?!\s?[가-힣]?표)|년\s{1,}월\s{1,}일|(?:^|\s)1\.\s2\."),
    ),
)


def _adnominal_before_what(pair: Pair) -> str | None:
    """Find a question such as …에 삽입되는 무엇인가요?, which asks for a noun that is cut off."""
    found = morphemes(pair.instruction)
    for before, word in pairwise(found):
        if word.tag == "NP" and word.form in ("무엇", "누구", "어디") and before.tag == "ETM":
            return pair.instruction[before.start : word.end]
    return None


def _particles_in_a_row(pair: Pair) -> str | None:
    """Find 항공요금이의, where something between the particles was lost."""
    for text in (pair.instruction, pair.output):
        found = morphemes(text)
        for one, other in pairwise(found):
            if (
                one.form in ("이", "가", "을", "를")
                and one.tag in ("JKS", "JKO")
                and other.tag in ("JKG", "JKS", "JKO", "JX")
                and one.end == other.start
            ):
                return text[one.start : other.end]
    return None


def _wrong_particle(pair: Pair) -> str | None:
    """Find a particle that does not fit the letter before it: 주소은, 사람를."""
    text = pair.instruction
    if len(text) != len(text.lower()):
        return None
    for token in morphemes(text):
        before = text[token.start - 1 : token.start]
        fits = _AFTER_CONSONANT.get((token.form, token.tag))
        if fits is not None and "가" <= before <= "힣" and has_final_consonant(before) is not fits:
            return text[max(0, token.start - 4) : token.end]
    return None


_AFTER_CONSONANT = {
    ("은", "JX"): True,
    ("는", "JX"): False,
    ("이", "JKS"): True,
    ("가", "JKS"): False,
    ("을", "JKO"): True,
    ("를", "JKO"): False,
}
#: Rules that read the morphemes.
_GRAMMAR: tuple[Rule, ...] = (
    Rule("natural", 0.3, "asks for a noun that is cut off", _adnominal_before_what),
    Rule("natural", 0.3, "has two particles in a row", _particles_in_a_row),
    Rule("natural", 0.6, "has a particle that does not fit", _wrong_particle),
)
