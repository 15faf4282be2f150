"""How many questions of each type a passage is asked for, and which type a question is of.

The types of a document follow the shares that the user sets, by largest remainder; passages that speak of conditions,
steps or reasons are asked about them first.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from pagetune.records import QuestionType

#: The types that one passage can answer.
OF_ONE_PASSAGE: tuple[QuestionType, ...] = ("fact", "condition", "procedure", "reason")
#: What a passage that has something to ask of a type has in it.
_CUES: dict[QuestionType, re.Pattern[str]] = {
    "condition": re.compile(
        r"경우|때에[는만]|[하되으]면(?=[\s,])|조건|요건|자격|대상|다만|단,|이상|이하|미만|초과|한하여"
        r"|\b(?:if|unless|except|provided|eligible|only|when|must|at (?:least|most))\b",
        re.IGNORECASE,
    ),
    "procedure": re.compile(
        r"절차|방법|순서|단계|신청|제출|접수|먼저|이어서|누르|클릭|선택|입력"
        r"|\b(?:steps?|how to|procedure|first|then|next|submit|apply|click|press|select|enter)\b",
        re.IGNORECASE,
    ),
    "reason": re.compile(
        r"때문|위하여|위해|위한|이유|목적|취지|므로|따라서"
        r"|\b(?:because|since|in order to|so that|reasons?|purpose|due to|therefore)\b",
        re.IGNORECASE,
    ),
}
#: How a question of each type is worded; any other asks for a fact. The first that fits counts.
_WORDINGS: dict[QuestionType, re.Pattern[str]] = {
    "reason": re.compile(
        r"(?<![가-힣])왜(?![가-힣])|이유|까닭|목적[은이]\s?(?:무엇|뭐)|무엇을 위해"
        r"|\b(?:why|reasons?|for what purpose)\b",
        re.IGNORECASE,
    ),
    "procedure": re.compile(
        r"어떻게 (?!되|돼|다르)|(?:방법|절차|순서|단계)[은는이가을를]?\s?(?:무엇|어떻게|뭐|어떤|설명|알려)"
        r"|\bhow (?:do|does|can|could|should|to|is|are|must)\b|\bwhat (?:is|are) the (?:steps?|procedure|process)\b",
        re.IGNORECASE,
    ),
    "condition": re.compile(
        r"경우|조건|요건|자격|수 있는 (?:사람|자|대상|곳|때)|[하되으]면\s"
        r"|\b(?:if|unless|eligible|conditions?|requirements?|allowed|who (?:can|may|must)|when (?:can|may|must))\b",
        re.IGNORECASE,
    ),
}


def type_by_wording(question: str) -> QuestionType:
    """Return the type that a question's words show."""
    return next((name for name, wording in _WORDINGS.items() if wording.search(question)), "fact")


def apportion(count: int, shares: Mapping[QuestionType, float]) -> Counter[QuestionType]:
    """Divide `count` by the shares, which need not add up to 1, by largest remainder; the first of equal ones gains."""
    whole = sum(shares.values())
    if not whole:
        return Counter()
    exact = {name: count * share / whole for name, share in shares.items()}
    found: Counter[QuestionType] = Counter({name: int(value) for name, value in exact.items()})
    by_remainder = sorted(exact, key=lambda name: found[name] - exact[name])
    found.update(by_remainder[: count - found.total()])
    return +found


def plan_types(
    texts: Sequence[str], quotas: Sequence[int], shares: Mapping[QuestionType, float]
) -> list[tuple[QuestionType, ...]]:
    """Return the types that each passage of a document is asked for, as many as its quota."""
    wanted = apportion(sum(quotas), {name: shares[name] for name in OF_ONE_PASSAGE})
    planned: list[Counter[QuestionType]] = [Counter() for _ in texts]
    room = list(quotas) if wanted else [0] * len(texts)
    for name in (*reversed(OF_ONE_PASSAGE[1:]), OF_ONE_PASSAGE[0]):
        cue = _CUES.get(name)
        fitting = [number for number, text in enumerate(texts) if cue and cue.search(text)]
        left = _spread(wanted[name], fitting, name, room, planned)
        _spread(left, range(len(texts)), name, room, planned)
    return [tuple(name for name in OF_ONE_PASSAGE for _ in range(own[name])) for own in planned]


def _spread(
    count: int, passages: Sequence[int], name: QuestionType, room: list[int], planned: list[Counter[QuestionType]]
) -> int:
    """Give passages with room one question of a type each, evenly over them, until none is left. Return what is."""
    while count and (free := [number for number in passages if room[number]]):
        turns = min(count, len(free))
        for turn in range(turns):
            number = free[(2 * turn + 1) * len(free) // (2 * turns)]
            room[number] -= 1
            planned[number][name] += 1
        count -= turns
    return count


def comparisons_wanted(questions: int, shares: Mapping[QuestionType, float]) -> int:
    """Return how many comparisons come in addition to the questions about single passages."""
    others = sum(shares[name] for name in OF_ONE_PASSAGE)
    if not others:
        return questions
    return int(questions * shares["comparison"] / others + 0.5)
