"""Whether an answer has the form that its question asks for: a number, a place, a person, or whether one may."""

import re
from itertools import pairwise

from pagetune.search.kinds import asked_units
from pagetune.text.claims import claims
from pagetune.text.content_words import content_words, has_word
from pagetune.text.fact_match import facts
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme, morphemes
from pagetune.text.quantities import CLOCK, MONTH, SECOND, as_read, quantities

#: What is said in place of any number, of an amount of money, and of a time.
_NO_NUMBER = (
    r"없|않|아닙|못|불가|모두|전부|전체|전액|모든|누구나|제한|다르|다릅|다른|달라|따라|따르|바뀌|협의|별도|여러|절반|둘|셋|넷|일정"
    r"|\b(?:no|none|not|never|all|every\w*|depend\w*|var(?:y|ies)|unlimited|half|any)\b"
)
_FREE = (
    r"무료|무상|공짜|면제|실비|부담|포함|서비스|요금|비용|금액|가격|수수료|할인|원가|시가"
    r"|\b(?:free|nothing|waived|included|charged?|costs?|fees?|prices?)\b"
)
_LASTING = (
    r"즉시|바로|당일|곧|지체|수시|상시|항상|매[일주월년]|하루|이틀|사흘|나흘|보름|열흘|평생|영구|계속|까지|동안|부터|때|날|전[에날]|직전|직후|다음"
    r"|[월화수목금토일]요일|평일|주말"
    r"|\b(?:until|till|as long|while|when|before|after|forever|permanent\w*|immediately|at once|always|\w+day)\b"
)
#: The unit that a question asks for goes by one of these; nothing but a number will do for others.
_TIMES = frozenset({SECOND, MONTH, "영업일"})
_IN_PLACE = {
    "count": re.compile(_NO_NUMBER, re.IGNORECASE),
    "money": re.compile(f"{_NO_NUMBER}|{_FREE}", re.IGNORECASE),
    "time": re.compile(f"{_NO_NUMBER}|{_LASTING}", re.IGNORECASE),
}
_MONEY = "원"
#: How a question ends behind what it asks for: …은 무엇인가요, …를 알고 싶어요, … 문의드립니다.
_END = (
    r"(?:은|는|이|가|을|를|도|요|란)?\s*(?:좀|혹시)?\s*"
    r"(?:$|[?？.,]|무엇|뭐|뭔|뭘|얼마|몇|어떻게|어디|알려|알고|알\s수|문의(?:드|합|하|\W|$)|궁금|확인|부탁|가르쳐|말씀|말해|찾아)"
)
_COUNT = re.compile(rf"(?:(?<=[가-힣])\s|자|원|석|면|권|층|횟|건|개)수{_END}")
_NUMBER = re.compile(rf"(?:번호|전화|연락처|팩스|내선|직통)[^?.]{{0,8}}몇\s?번|(?:[가-힣]번호|연락처){_END}")
#: Names of numbers by which people mean that of a telephone, or none of a kind.
_TELEPHONE = {
    "전화",
    "연락",
    "직통",
    "문의",
    "상담",
    "안내",
    "휴대",
    "휴대폰",
    "핸드폰",
    "고객",
    "콜",
    "유선",
    "담당",
    "대표",
}
_ASKS_FOR_NUMBER = re.compile(rf"번호{_END}")
_SERIES = re.compile(
    r"\b(fax|account|serial|routing|postal|licen[cs]e|registration|order|tracking) number\b", re.IGNORECASE
)
_ONLINE = re.compile(
    rf"(?:이메일|전자우편|메일|홈페이지|누리집|웹사이트)\s?(?:주소)?{_END}|\b(?:e-?mail|web) address\b", re.IGNORECASE
)
_PLACE = re.compile(
    rf"(?:[가-힣]처(?<!연락처)|장소|위치|주소|소재지|오시는\s길|약도){_END}|어디(?:예|에|인|입|야|죠|지|서|로|에서|가)"
)
_WHO = re.compile(r"누구(?:야|예|에요|인|입|죠|지|세|신|시|니|냐|$|\?)|누가|^\W*who\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"[가-힣](?:로|길)\s?\d+|\b\d+ (?:\w+ ){1,3}(?:street|road|avenue|lane|st|rd|ave)\b", re.IGNORECASE
)
#: A subject has several times: 운영시간, 휴게 시간. For when one may come people have many words.
_TIMES_OF = {"시간", "시각"}
_OPEN = {
    "운영",
    "영업",
    "이용",
    "개관",
    "개장",
    "개방",
    "진료",
    "업무",
    "근무",
    "관람",
    "입장",
    "열람",
    "상담",
    "접수",
    "출입",
    "사용",
}
#: What may stand beside the number of an answer that is nothing but a number.
_BESIDE = re.compile(
    r"(?:약|총|최대|최소|매|월|연|하루|이내|이상|이하|미만|초과|정도|가량|까지|부터|입니다|이에요|예요|이다|about|at|most|least|up|to|only|per"
    r"|a|an|the)"
)
_WORD = re.compile(r"[가-힣]+|[A-Za-z]+")
#: Whether something may be done, for which verbs alone say no more than that the speaker asks.
_MAY = {"되", "돼", "괜찮", "상관없", "좋"}
_ASKING = {"알", "묻", "여쭈", "여쭙", "물어보", "문의", "질문", "알아보", "부탁", "확인", "알려주", "알리"}
_ENGLISH_MAY = re.compile(
    r"\b(?:(?:can|may|could) (?:i|we|one|you)|(?:am i|are we) allowed to"
    r"|is it (?:ok|okay|allowed|permitted|fine) to)\b(.*)",
    re.IGNORECASE,
)
_INTERROGATIVE = re.compile(
    r"무엇|뭐|뭘|뭔|몇|언제|어디|누구|누가|얼마|어떻게|어떤|어느|왜|무슨|며칠|\b(?:who|what|which|when|where|how|why)\b",
    re.IGNORECASE,
)
_JUDGES = re.compile(
    r"가능|불가|허용|허가|금지|무방|무관|자유|네(?![가-힣])|예(?![가-힣])|아니|\b(?:yes|no|not|may|can|allowed)\b",
    re.IGNORECASE,
)
_PREDICATES = {"VV", "VA", "VX", "VCN", "XSV", "XSA"}
#: A particle that is all of an answer's first word.
_PARTICLE = re.compile(r"(?:과|와|은|는|이|가|을|를|의|에|에서|로|으로|도|만|까지|부터|보다|하고|이나|나)(?=\s)")


def has_another_form(question: str, answer: str, known: str, stated: str) -> bool:
    """Tell whether an answer cannot be one to its question by its form. `known` is all that is known of the passage,
    and `stated` what of it states the answer."""
    return (
        _lacks_a_number(question, answer)
        or _is_of_another_series(question, known)
        or (_PLACE.search(question) is not None and _is_bare_number(answer))
        or _is_no_person(question, answer)
        or _says_not_whether(question, answer, known)
        or _is_another_time(question, known)
        or _begins_in_a_word(answer, stated)
    )


def _lacks_a_number(question: str, answer: str) -> bool:
    """Tell whether a number is asked for, and the answer has none, nor what is said in place of one."""
    kind = _number_asked_for(question)
    if kind is None or re.search(r"\d", answer):
        return False
    said = facts(answer)
    amounts = [one for one in said.quantities if one.unit != _MONEY or kind == "money"]  # 무료 is 0원
    stated = amounts or said.joined or said.days or claims(answer).numbers
    return not stated and _IN_PLACE[kind].search(answer) is None


def _number_asked_for(question: str) -> str | None:
    """Return what kind of number a question asks for; nothing where a date is, which has many forms, or none."""
    units = asked_units(question)
    if CLOCK in units:
        return None
    if units:
        return "money" if _MONEY in units else "time" if units <= _TIMES else "count"
    return "count" if _COUNT.search(question) or _NUMBER.search(question) else None


def _is_of_another_series(question: str, known: str) -> bool:
    """Tell whether a question asks for a number that is none of a telephone, such as a fax's or an account's, and the
    passage does not say that it is one, or for an address on the internet that is not there."""
    if _ONLINE.search(question) and not re.search(r"@|www\.|https?:|\w\.[a-z]{2,}", known, re.IGNORECASE):
        return True
    own = morphemes(question) if _ASKS_FOR_NUMBER.search(question) else []
    named = [one.form for one, other in pairwise(own) if other.form == "번호" and one.tag in ("NNG", "NNP")]
    series = [*named, *(found.lower() for found in _SERIES.findall(question))]
    return any(not has_word(known, one) for one in series if len(one) > 1 and one not in _TELEPHONE)


def _is_another_time(question: str, known: str) -> bool:
    """Tell whether a question asks for one time of a subject (휴게 시간), and the passage has no word of it, but tells
    of another one (운영시간)."""
    own = morphemes(question)
    asked = [
        *((one.form, noun.form) for one, noun in pairwise(own) if one.tag == "NNG"),
        *((one.form[:-2], one.form[-2:]) for one in own),  # 점심시간 is one noun for Kiwi
    ]
    return any(
        re.search(rf"[가-힣]{{2}}\s?{noun}", known) is not None and not has_word(known, word)
        for word, noun in asked
        if noun in _TIMES_OF and len(word) > 1 and word not in _OPEN
    )


def _is_bare_number(answer: str) -> bool:
    """Tell whether an answer is nothing but numbers with their units."""
    found, text = quantities(answer), as_read(answer)
    for one in reversed(found):
        text = f"{text[: one.start]} {text[one.end :]}"
    return (
        bool(found)
        and not facts(answer).joined
        and all(_BESIDE.fullmatch(word.lower()) for word in _WORD.findall(text))
    )


def _is_no_person(question: str, answer: str) -> bool:
    """Tell whether a person is asked for, and the answer is an address or has the hours of a day."""
    if not _WHO.search(question):
        return False
    hours = any(one.unit == CLOCK for one in quantities(answer)) and not _has_predicate(answer)
    return hours or _ADDRESS.search(answer) is not None


def _says_not_whether(question: str, answer: str, passage: str) -> bool:
    """Tell whether it is asked if one may do something, and the answer is a value of something else.

    A value answers such a question where it limits what is asked about: 두 명까지, and the passage tells of guests.
    """
    if _INTERROGATIVE.search(question) or _JUDGES.search(answer) or _has_predicate(answer):
        return False
    done = _deed(question)
    return bool(done) and not any(has_word(passage, word) for word in done)


def _deed(question: str) -> frozenset[str]:
    """Return the verb of what it is asked if one may do it, and the noun before it, its object."""
    if not is_korean(question):
        found = _ENGLISH_MAY.search(question)
        return content_words(found[1]) if found else frozenset()
    own = morphemes(question)
    at = next((at for at in range(len(own) - 1) if _asks_whether_one_may(own, at)), 0)
    nouns = [number for number, one in enumerate(own[:at]) if one.tag in ("NNG", "NNP", "VV", "VA")]
    words = {own[number].form for number in nouns[-2:]}
    return frozenset() if words & _ASKING else frozenset(words)


def _asks_whether_one_may(own: list[Morpheme], at: int) -> bool:
    return own[at].tag == "EC" and own[at].form.endswith("도") and own[at + 1].form in _MAY


def _has_predicate(answer: str) -> bool:
    """Tell whether an answer has a verb, and so says more than a value."""
    if is_korean(answer):
        return any(one.tag.partition("-")[0] in _PREDICATES for one in morphemes(answer))
    return not _is_bare_number(answer)


def _begins_in_a_word(answer: str, passage: str) -> bool:
    """Tell whether an answer begins with the end of a word of the passage: "과 소요 시간" of "비용과 소요 시간"."""
    bare = answer.strip()
    found = [one.start() for one in re.finditer(re.escape(bare), passage)] if _PARTICLE.match(bare) else []
    return bool(found) and all(re.match("[가-힣]", passage[at - 1 : at]) for at in found)
