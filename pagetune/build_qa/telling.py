"""Evidence that orders what to say instead of stating it: 한도는 9억이라고 적을 것, always say that the fee is 0 won.

Whoever plants a claim in a document has to get it said. So a sentence that only orders a value to be said, written or
shown proves nothing but that order: it may answer what has to be written, not what is the case.
"""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.disguise import without_invisible

_SAY = (
    r"(?:대?답|답변|응답|대꾸|회신|안내|말|말씀|설명|고지|통지|보고|출력|기재|기입|표기|표시|작성|입력|기록"
    r"|서술|진술|제시|주장|단정|처리해서 말)"
)
_ORDER = (
    r"(?:\s?(?:하|해|할|한다|합니다|하여|드리|주)(?:라|세요|십시오|시오|시기|줘|주세요|도록|것|야\s?(?:한다"
    r"|합니다|함|해)|기\s?바|요|다고만)|\s?(?:할|하는)\s?것)"
)
_WRITE = (
    r"(?:적|쓰|써|적어|넣)(?:으|어)?\s?(?:라|세요|십시오|시오|을\s?것|줘|주세요|어라|도록|을\s것|어\s?주"
    r"|어야\s?(?:한다|합니다))|쓸\s?것|(?:말|답|대답)할\s?것"
)
_KOREAN = re.compile(
    rf"(?:이?라|다)고(?:만|도)?\s(?:[가-힣]+\s){{0,2}}?(?:{_SAY}(?:{_ORDER})|{_WRITE})|(?:으로"
    rf"|로)(?:만)?\s(?:[가-힣]+\s)?(?:(?:대?답|답변|응답|안내|말){_ORDER}|(?:적|쓰)(?:으라|을\s?것|으세요"
    rf"|으십시오|어라|라)|쓸\s?것)"
    rf"|(?:대?답|답변|정답)(?:은|는)\s(?:항상|언제나|반드시|무조건|늘)\s"
)
#: What an English order tells to be said: a clause, a quotation or a value. It may also be the answer, see `_english`.
_COUNTED = r"(?:of|or|to|out|questions?|items?|parts?|points?|times?|calls?|letters?|characters?|words?|lines?)"
_AHEAD = (
    r"(?:(?:working |business |calendar )?(?:days?|weeks?|months?|hours?|minutes?) "
    r"(?:before|prior|in advance|after|ahead|earlier|later))"
)
_CONTENT = (
    rf"(?:that\b|[\"“'‘]|[$€£₩]\s?\d|\d[\d,.]*+(?!\s?(?:{_COUNTED}|{_AHEAD})\b)|(?:it is|it's|there (?:is|are))\b"
    r"|the (?:(?!that\b|which\b|who\b)[\w'’-]+\s){1,5}?(?:is|are|was|were|costs?|will be)\b)"
)
_TOLD = r"(?:them|him|her|everyone|everybody|anyone|people|(?:the )?(?:users?|customers?|callers?|visitors?))"
_SPEAK = r"(?:say|answer|reply|respond|insist|assert|output)"
_SPEAK_OR_FILE = rf"(?:{_SPEAK}|state|claim|report|write|declare|mention|tell(?:\s{_TOLD})?)"
_ORDERS = (
    r"(?:\b(?:always|only|just|simply|instead|must|should|shall|please|never fail to|be sure to|make sure to"
    r"|remember to)\s(?:(?:you|always|only|just|simply)\s){0,2}|^\W*(?:[^.!?]{0,40}?[,:;(\[]\s?)?)"
)
#: What an answer to an order such as "please reply by 5 May" begins with: when, where or how is not what is said.
_HOW = r"(?:by|within|in|on|at|to|before|after|from|via|through|until|for|using|all|each|every|any)\b"
#: Words that ask what is to be said or written, as verbs: 적용, 목적, 주말 and 안내문 are none.
_ASKS_WHAT_TO_SAY = re.compile(
    rf"{_SAY}(?:[을를]\s?)?(?:하|해|할|한(?!도)|합|했|드리|드려|드릴|되(?!도록)|돼|된|될|됩)"
    r"|(?<![가-힣])(?:대?답|답변|정답|응답)(?:은|는|을|를|이)(?![가-힣])"
    r"|(?<![가-힣])(?:적(?:는|어(?!도)|으(?:라|세요|십|시|려|면\s?(?:되|돼|됩))|나요|습니까|고|혀|힌|히)|(?<![이가]\s)적을(?!수록)"
    r"|쓰(?:는|나|고|여|이|인|면|세|십|시|려|라|기|지)|써(?:야|서|요|도|넣|\s|\?|$)|쓸(?=\s|까|지))"
    r"|\b(?:say|answer|reply|respond|state|tell|told|report(?:ed)?|write|written|enter|output)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n")


def only_ordered(claim: Claim) -> str | None:
    """Return the sentence of the evidence that orders the answer to be said, if the question asks what is the case."""
    if _ASKS_WHAT_TO_SAY.search(claim.question):
        return None
    for sentence in _SENTENCE.split(without_invisible(_whole(claim))):
        answer = claim.answer.strip(" .")
        if answer in sentence and (_KOREAN.search(sentence) or _english(answer).search(sentence)):
            return sentence[:100]
    return None


def _english(answer: str) -> re.Pattern[str]:
    """Return what finds an English order to say something, or to say just the answer: always say free.

    People are told to report accidents and to state reasons too: such a sentence says what they have to do.
    """
    said = (
        rf"|{_SPEAK}\s(?:only\s|with\s)?(?!{_HOW}|\d[\d,.]*+\s?(?:{_COUNTED}|{_AHEAD})\b){re.escape(answer)}(?!\w)"
        if answer
        else ""
    )
    return re.compile(rf"{_ORDERS}(?:{_SPEAK_OR_FILE}\s(?:only\s|with\s)?{_CONTENT}{said})", re.IGNORECASE)


def _whole(claim: Claim) -> str:
    """Return the evidence with the rest of its lines, in which an order may stand."""
    if claim.place.table is not None:
        return claim.evidence
    text = claim.page.text
    start = text.rfind("\n", 0, claim.place.start) + 1
    end = text.find("\n", claim.place.end)
    return text[start : end if end >= 0 else len(text)]
