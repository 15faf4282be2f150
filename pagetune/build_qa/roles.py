"""Whether an answer plays the part in its evidence that is asked for: to whom, by whom, of which of two kinds."""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.content_words import content_words, has_word
from pagetune.text.korean import is_korean

_TO_WHOM = re.compile(r"(?:어디에|누구에게|어디로)(?![가-힣])")
_BY_WHOM = re.compile(r"누가(?![가-힣])")
#: What follows a word that is not where something goes to, or who does it.
_NO_TARGET = re.compile(r"(?:의|은|는|이|가)(?=\s|$)")
_NO_AGENT = re.compile(r"(?:의|을|를|에|에게|에서|으로)(?=\s|$)")
#: A noun and what it has or has not: 조명시설이 없는 구장.
_HAVING = re.compile(r"([가-힣A-Za-z]{2,})(?:이|가|을|를|은|는|도)?\s(있|없)(?:는|을|으면|던)")
#: Who says that something exists instead of what it is: several studies have confirmed, we use a template.
_SAYS_THAT_SOME_EXIST = re.compile(
    r"\W*(?:several|many|some|various|numerous|multiple|a (?:number|variety|range|few) of)\s", re.IGNORECASE
)
_WE_HAVE = re.compile(
    r"\W*we (?:also |then )?(?:design|use|adopt|propose|introduce|employ|consider|develop|apply|leverage"
    r"|provide|construct|build)\b",
    re.IGNORECASE,
)
_ASKS_WHICH = re.compile(r"\W*(?:what (?:is|are|were|was)|which|list|name)\b", re.IGNORECASE)
_HOW_MANY = re.compile(r"\W*\d+\s")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|may|must|will|should|does|do|consists?|includes?|contains?|means?"
    r"|refers?|provides?|allows?)\b",
    re.IGNORECASE,
)
_CONCEDES = re.compile(r"\b(?:while|although|though|even if|despite)\s$", re.IGNORECASE)
#: Words of an answer that is a clause.
_CLAUSE = 4
#: The share of the words of a question by which an answer is what it asks about.
_MOST = 0.6


def not_in_its_role(claim: Claim) -> str | None:
    """Return the answer where it has another part in the evidence than is asked for, or only says that things exist."""
    if is_korean(claim.question):
        other = _has_another_particle(claim) or _of_the_opposite_kind(claim)
    else:
        other = _is_vacuous(claim)
    return claim.answer[:100] if other else None


def _has_another_particle(claim: Claim) -> bool:
    """Tell whether what follows the answer in the evidence shows that it is not whom the question asks for."""
    wrong = _NO_TARGET if _TO_WHOM.search(claim.question) else _NO_AGENT if _BY_WHOM.search(claim.question) else None
    answer = claim.answer.strip(" .")
    if wrong is None or claim.place.table is not None or not answer:
        return False
    behind = [claim.evidence[found.end() :] for found in re.finditer(re.escape(answer), claim.evidence)]
    return bool(behind) and all(wrong.match(rest) for rest in behind)


def _of_the_opposite_kind(claim: Claim) -> bool:
    """Tell whether the evidence is about what has not what the question's things have, or the other way round."""
    asked, said = _kinds(claim.question), _kinds(claim.evidence)
    opposite = {(noun, not is_so) for noun, is_so in said}
    return any(kind in opposite and kind not in said for kind in asked)


def _kinds(text: str) -> set[tuple[str, bool]]:
    """Return each noun of a relative clause, and whether its owner has it: (조명시설, False) of 조명시설이 없는."""
    return {(found[1], found[2] == "있") for found in _HAVING.finditer(text)}


def _is_vacuous(claim: Claim) -> bool:
    """Tell whether an English answer only says that there is what is asked about, or repeats it with a restriction."""
    if not _ASKS_WHICH.match(claim.question):
        return False
    asked = content_words(claim.question)
    held = sum(has_word(claim.answer, word) for word in asked)
    repeats = asked and held >= _MOST * len(asked)
    if _WE_HAVE.match(claim.answer) or _is_conceded(claim):
        return True
    if _SAYS_THAT_SOME_EXIST.match(claim.answer):
        return bool(repeats)
    is_phrase = not _VERB.search(claim.answer)
    if _HOW_MANY.match(claim.answer) and re.match(r"\W*what are\b", claim.question, re.IGNORECASE):
        return is_phrase and any(
            has_word(claim.question, word) for word in content_words(" ".join(claim.answer.split()[1:3]))
        )
    return bool(repeats) and is_phrase and len(asked) > 1 and _begins_alike(claim)


def _is_conceded(claim: Claim) -> bool:
    """Tell whether the evidence concedes the answer before its own point: while it has limits, these are too weak."""
    at = claim.evidence.find(claim.answer.strip(" ."))
    return at > 0 and _CONCEDES.search(claim.evidence[:at]) is not None and len(claim.answer.split()) > _CLAUSE


def _begins_alike(claim: Claim) -> bool:
    """Tell whether an answer opens with the thing that is asked about: the final pool, of what is the final pool."""
    first = [word for word in re.findall(r"[A-Za-z]+", claim.answer) if content_words(word)][:2]
    return len(first) == 2 and all(has_word(claim.question, next(iter(content_words(word)))) for word in first)
