"""Whether an answer is of the kind that its question word asks for: a reason, a person, a place, a way, a time."""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.claims import claims
from pagetune.text.content_words import content_words
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.sentences import ends_sentence

_ASKS_WHY = re.compile(
    r"(?<![가-힣])왜|(?:이유|까닭)(?:는|은|가|이|를|을|란)?\s?(?:무엇|뭐|뭔|어떤|어떻|설명|알려|$|\?)"
    r"|^\W*why\b|\bwhat is the reason\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"때문|위하여|위해|위한|므로|니까|따라|따른|으로\s?인|로\s?인|덕분|탓|결과|방지|목적|도록|려고|함으로써"
    r"|기에|는데|면서|라서|아서|어서|여서|해서|[가-힣](?:아|어|여|해|려),?\s"
    r"|(?:고자|위함|경우|면\s|때|이유|원인)|\b(?:because|since|due|so|to|in order|for|as|thus|therefore"
    r"|cause[sd]?|reason|by|allow\w*|enabl\w*|ensur\w*"
    r"|prevent\w*|avoid\w*|would|otherwise|if|when)\b",
    re.IGNORECASE,
)
_ASKS_WHO = re.compile(r"누구|누가|^\W*who\b", re.IGNORECASE)
_ASKS_WHERE = re.compile(
    r"어디(?!든|서나|까지)|주소(?:[는은가를]|\s?좀)?\s?(?:무엇|뭐|뭔|어떻게\s되|알려|말해|$|\?)|^\W*where\b",
    re.IGNORECASE,
)
_ASKS_HOW = re.compile(
    r"어떻게\s(?:(?!되|돼|됩|된|됐|정의|부르|불리|표시|표기|다[르른릅]|달라|구성|나뉘|구분|계산|매기|매겨|매깁|책정)\S*)"
    r"|^\W*how (?:do|can|to|should|is|are|does)\b(?! (?:\w+ ){0,6}"
    r"(?:called|defined|calculated|spelled|abbreviated|different|big|long|large|much|many|written))",
    re.IGNORECASE,
)
_HOW_LONG = re.compile(
    r"얼마\s?동안|얼마나\s?(?:오래|걸)|며칠|몇\s?(?:일|개월|년|시간|주)\s?(?:간|동안|이내|안에)|\bhow long\b",
    re.IGNORECASE,
)
_TIME_UNITS = re.compile(
    r"\d\s?(?:영업일|일|개월|월|년|시간|분|초|주|달|학기|분기)|(?:하루|이틀|사흘|나흘|닷새|엿새|이레|여드레|아흐레"
    r"|열흘|보름|한\s?달|일주일|[일이삼사오육]주)|동안|까지|평생|영구|즉시|무기한|\b(?:days?|weeks?|months?"
    r"|years?|hours?|minutes?|seconds?|until|till|forever|permanent\w*|indefinite\w*|quarters?|semesters?)\b"
    r"|\bas long\b"
    r"|\d\s?(?:ms|µs|ns|secs?|mins?|hrs?|[smh])\b",
    re.IGNORECASE,
)
#: What can be neither a person nor a place: a time, an amount, a purpose.
_NO_THING = re.compile(
    r"\W*(?:(?:매|월|연|약|최대|최소|하루)\s?)?[\d\s,.:~\-/년월일시분개명원%회번점배세건]*\d[\d\s,.:~\-/년월일시분개명원%회번점배세건]*(?:이내"
    r"|이상|이하|까지|부터|전|후|미만|초과)?(?:입니다|이다)?\W*"
)
#: A time before or after something: 사용일 3일 전까지.
_WHEN = re.compile(
    r"(?:\d\s?(?:일|개월|년|시간|분|주)|하루|이틀|사흘|일주일|한\s?달)\s?(?:전|후|이내|이전|이후|안)(?:까지|에)?\W*$"
)
_PURPOSE = re.compile(r"(?:위하여|위해서?|때문에?|하려고|하고자|함으로써|하도록)\W*$")
_WAY = re.compile(
    r"(?:으로|로|에서|에|통해|통하여|따라|이용해|하여|해서|면|고|후|시|를|을|거나|거쳐)(?=[\s,.]|$)|(?:다|요"
    r"|것|함|음|기|오|라)\W*$"
    r"|\b(?:by|via|through|with|using|from|at|in|on|to|use|call|email|click|press|go|visit|contact|under|based"
    r"|according|per|as)\b",
    re.IGNORECASE,
)
_VERB_TAGS = {"VV", "VA", "XSV", "XSA", "VX"}


def is_stated_as_reason(question: str, answer: str, text: str) -> bool:
    """Tell whether a question asks why, and a sentence answers it that stands beside a reason: after because."""
    return bool(_ASKS_WHY.search(question) and ends_sentence(answer) and _REASON.search(text))


def not_what_is_asked(claim: Claim) -> str | None:
    """Return the answer where it cannot be what the question word asks for, or None."""
    question, answer = claim.question, claim.answer
    is_other = (
        (_ASKS_WHY.search(question) and not (_REASON.search(answer) or _gives_reason(claim)))
        or ((_ASKS_WHO.search(question) or _ASKS_WHERE.search(question)) and _is_no_thing(claim))
        or (_ASKS_HOW.search(question) and not _is_way(answer))
        or (_HOW_LONG.search(question) and claims(answer).numbers and not _TIME_UNITS.search(answer))
    )
    return answer[:100] if is_other else None


def _gives_reason(claim: Claim) -> bool:
    """Tell whether the sentence of the evidence gives the answer as a reason: behind it, or as a list of reasons."""
    at = claim.evidence.find(claim.answer.strip(" ."))
    behind = claim.evidence[at + len(claim.answer.strip(" .")) :] if at >= 0 else ""
    return (
        re.match(r"\s?(?:으로|로|에|이|가)?\s?(?:인해|인하여|인한|때문|따라|위하여|위해|방지)", behind) is not None
        or claim.place.table is not None
    )


def _is_no_thing(claim: Claim) -> bool:
    """Tell whether an answer to who or where is only a time, an amount or a purpose."""
    answer = claim.answer.strip()
    if _PURPOSE.search(answer) or _WHEN.search(answer):
        return True
    return (
        _NO_THING.fullmatch(answer) is not None
        and not claims(answer).joined
        and "층" not in answer
        and "호" not in answer
    )


def _is_way(answer: str) -> bool:
    """Tell whether an answer says how: it has a verb, a means or a step."""
    if _WAY.search(answer):
        return True
    if is_korean(answer):
        return any(one.tag.partition("-")[0] in _VERB_TAGS for one in morphemes(answer))
    return len(content_words(answer)) > 2
