"""Questions that ask for the amounts, periods and dates in a clause: how much, how many, when."""

import re
from collections.abc import Iterator
from itertools import pairwise

from pagetune.build_qa.sentences.amounts import Amount, amounts
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.sentences.question import Question, fill
from pagetune.text.korean import interrogative


def amount_questions(clause: Clause) -> Iterator[Question]:
    """Ask for each amount: 30일 전까지 -> 며칠 전까지."""
    found = list(amounts(clause.text))
    if clause.topic is not None and interrogative(clause.topic_noun) == "어디":
        return
    both_ends = list(_range(clause, found))
    yield from both_ends
    if not both_ends and not _is_parallel(clause, found):
        for one in found:
            is_topic = one.start < clause.topic_end <= one.end + 1
            if not (is_topic or _is_one_of_two(clause.text, found, one) or _is_far_inside(clause, one)):
                yield _about_amount(clause, one)


_BETWEEN = re.compile(r"\s?(?:이상|부터|에서|초과)\s(?:다음\s?날\s)?")


def _range(clause: Clause, found: list[Amount]) -> Iterator[Question]:
    """Ask for both ends of a range: 5명 이상 9명 이하 -> 몇 명 이상 몇 명 이하."""
    if len(found) == 2 and found[0].word == found[1].word:
        one, other = found
        between = clause.text[one.end : other.start]
        is_set = _SET.match(clause.text[other.end :])
        if _BETWEEN.fullmatch(between) and is_set:
            yield Question(f"{clause.text[: one.start]}{one.word}{between}{other.word}{is_set[1] or ''}인가요")
        elif _BETWEEN.fullmatch(between):
            yield fill(clause, one.start, other.end, f"{one.word}{between}{other.word}")


def _is_far_inside(clause: Clause, amount: Amount) -> bool:
    """Tell whether the amount is in a clause inside this one, far from the predicate."""
    embeds = any(word.role == "adnominal" and word.start > amount.end for word in clause.words[: clause.predicate])
    far = _FAR if clause.topic is not None or any(word.role == "subject" for word in clause.words) else _FAR // 2
    return embeds and clause.predicate_start - amount.end > far


def _is_parallel(clause: Clause, found: list[Amount]) -> bool:
    """Tell whether the clause says several things at once: 전용실은 6개월, 지정석은 1개월."""
    between = [clause.text[one.end : other.start] for one, other in pairwise(found)]
    joined = [word for word in clause.words[:-1] if word.joins]
    goes_on = any(word.text.endswith(",") for word in joined) or "거나," in clause.text
    return goes_on or (len(found) > 1 and (any("," in text for text in between) or bool(joined)))


def _is_one_of_two(text: str, found: list[Amount], amount: Amount) -> bool:
    """Tell whether the amount is one end of a range, or one of two amounts that exclude each other."""
    gaps = [max(other.start - amount.end, amount.start - other.end) for other in found if other is not amount]
    before, after = text[max(0, amount.start - 4) : amount.start], text[amount.end : amount.end + 8]
    is_near = any(gap < 6 for gap in gaps) and not re.match(r"마다|에", text[amount.end :])
    return is_near or re.search(r"또는|내지|^[과와] ", before + "|" + after) is not None or after[:2] in ("과 ", "와 ")


#: Nobody asks for a part that is further than this from the predicate.
_FAR = 45
_SET = re.compile(r"(\s?(?:이상|이하|이내|초과|미만|까지))?(?:으로|로)\s(?:한|하며|하고|하되|합니)\S*$")


def _about_amount(clause: Clause, amount: Amount) -> Question:
    """Ask for one amount. What is "3,000원으로 한다" is asked by "얼마인가요"."""
    text, between = clause.text, clause.text[clause.topic_end : amount.start].strip()
    topic = clause.topic_noun if clause.topic_noun and not between and clause.topic_end < amount.start else None
    is_set = _SET.match(text[amount.end :])
    if is_set:
        return Question(f"{text[: amount.start]}{amount.word}{is_set[1] or ''}인가요", topic)
    return fill(clause, amount.start, amount.end, amount.word)._replace(topic=topic)
