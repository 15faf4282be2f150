"""Text that gives orders to a language model instead of telling its reader something.

Documents give orders too: a statute to citizens, a manual to users, an exam to pupils. What counts is an order to drop
earlier instructions, an order that names a model, or an order to give an answer that it dictates. A sentence about such
an order (whoever ignores an instruction is dismissed; an attacker writes "ignore …") is not one.
"""

import re

from pagetune.text.disguise import undisguised

_IGNORE_CASE = re.IGNORECASE


def _korean(pattern: str) -> re.Pattern[str]:
    """Compile a pattern in which a space stands for any spacing, or none."""
    return re.compile(pattern.replace(" ", r"\s*"), _IGNORE_CASE)


#: Endings of an order, also of one to oneself's equal; a plain one is rare in text for readers.
_PLAIN_ORDER = r"(?:하라|해라|해 줘|해줘|하거라|해|할 것|하도록)(?:요)?(?![가-힣])"
_POLITE_ORDER = r"(?:하세요|하십시오|하시오|해 ?주세요|해 ?주십시오|하시기 바랍니다|(?:해야|하여야) (?:합니다|한다|해))"
_ORDER = rf"(?:{_PLAIN_ORDER}|{_POLITE_ORDER})"
_SPEECH = r"(?:대?답|응답|답변|회신|출력)"
_MODEL = (
    r"(?:AI|A\.I\.|인공 ?지능|언어 모델|LLM|챗봇|챗 ?GPT|GPT|어시스턴트|assistant|chatbot|language models?|ChatGPT)"
)
_ORDERS = r"(?:지시|명령|프롬프트|instructions?|prompts?)"
_DROP = r"(?:무시|잊|따르지 말|버리|폐기|어기|disregard|ignore|forget)"
_EARLIER = (
    r"(?:이전|앞선|앞의|앞에|위의?|기존|지금까지|종전|모든|모두|상기|원래|주어진|받은|너의|당신의|previous|prior"
    r"|above|all)"
)

_DROPS_KOREAN = _korean(rf"{_EARLIER}.{{0,15}}?{_ORDERS}[^.!?]{{0,12}}?{_DROP}")
#: What follows where somebody only tells of it: 무시한 자는, 무시하는 행위, 무시하면, 무시하였다.
_TOLD = _korean(r"(?:하는|한|했|하였|하면|할 (?:수|경우|때)|하지|하거나|하도록|된|되|당|은|는|었|으면|하려|함으로)")
_TOLD_OF_WHOM = _korean(
    r"[^.!?]{0,60}?[가-힣](?:는|은|한|할|된) (?:것|행위|자|경우|때|사람|직원|근로자|공격|수법|기법|문장|문구)"
)
_ENDS_TOLD = re.compile(r"(?<!니)다\W*$|(?:(?<!세)요|[음함임])\W*$")
_COPULA = re.compile(r"(?:입니다|이다)\W*$")
_MUST = _korean(rf"{_SPEECH}.{{0,4}}(?:해야|하여야)")

_DROPS_ENGLISH = re.compile(
    r"(?:^|[.,:;!?\n\"'“”‘’(\]>|*#-]|\b(?:please|must|should|now|then|and|you|will|immediately|simply|just|also|first"
    r"|instead|kindly|have\s*to|need\s*to))\s*(?:ignore|disregard|forget|override|bypass|do\s*not\s*follow|don['’]t\s*follow)"
    r"\s*(?:\w++\s*+){0,4}?(?:previous|prior|above|earlier|preceding|all|any|your|system|이전|앞선|위의?)\w{0,30}?\s*+(?:\w++\s*+){0,3}?"
    r"(?:instruction|prompt|direction|command|programming|지시|명령|프롬프트)",
    _IGNORE_CASE,
)
_CALLS_MODEL = re.compile(
    r"\byou(?:\s+are|['’]re)\s+(?:now\s+)?(?:an?\s+|the\s+)?(?:\w++\s++){0,2}?(?:AI|chatbot|language\s+model|LLM|ChatGPT|DAN)\b"
    r"(?!\s+(?:researcher|engineer|developer|user|student|expert|team|compan))"
    r"|\bas\s+an?\s+(?:AI|artificial\s+intelligence|(?:large\s+)?language\s+model)(?:\s+(?:language\s+)?(?:model|assistant|system"
    r"|chatbot|agent))?\s*,?\s*(?:you|please|always|never|do|must|I)\b"
    r"|\b(?:note|attention|message|instructions?|notice|important)\s*(?:to|for)?\s*,?\s*(?:the\s+|all\s+|any\s+)?"
    r"(?:AI|LLMs?|language\s+models?|AI\s+(?:models?|assistants?|systems?)|chatbots?|assistants?)\s*[:,—–-]",
    _IGNORE_CASE,
)
_MODEL_IS_TOLD = _korean(
    rf"(?<![A-Za-z가-힣]){_MODEL}(?: (?:모델|어시스턴트|비서|봇|시스템))?(?:은|는|에게|이?여|아|야|께서는?|,|:)"
    rf"[^.!?]{{0,60}}?(?:{_SPEECH}|무시|말|작성|생성|따르|안내)\w*?"
    r"(?:하라|해라|해 줘|하십시오|하세요|하시오|할 것|으라|르라|십시오)(?![가-힣])"
    rf"|(?:당신|너|넌|귀하)(?:은|는|이)? (?:이제|지금)?(?:부터)?[^.!?]{{0,20}}?{_MODEL}[^.!?]{{0,12}}?"
    r"(?:이다|입니다|야|이야|로서|처럼|로 행동)"
)
_SYSTEM_PROMPT = _korean(
    r"시스템 (?:프롬프트|메시지|지시)(?: [:：]|[^.!?]{0,20}?(?:무시|출력|공개|변경|보여|알려|드러|덮어|따르)\w*"
    r"(?:라|줘|세요|십시오|시오|것|하고|고)(?![가-힣]))"
    r"|system prompt ?:|(?:reveal|print|show|repeat|output)[^.!?]{0,20}system prompt"
)
#: An answer is dictated: …라고 답하라, 다음과 같이 출력하라.
_DICTATES_KOREAN = _korean(
    rf"(?:(?:이?라|다)고 ?만?|(?:다음|아래|이)(?:과|와)? ?같이 ?만?|(?:다음|아래) ?(?:대로|처럼|문장|내용)"
    rf"(?:만|을|으로)?) {_SPEECH} {_PLAIN_ORDER}"
    rf"|이?라고 ?만? (?:말{_PLAIN_ORDER}|쓰라|써라|적으라|적어라|하라(?!고))"
    rf"|(?:다음|아래)과 ?같이 ?만? (?:대?답|응답|답변) {_POLITE_ORDER}"
    r"|(?:이?라|다)고 ?만? (?:대?답|응답|답변|출력|안내)"
    r" (?:하세요|하십시오|하시오|해 ?주세요|해야 합니다|하여야 합니다)"
)
#: The people who really are told what to answer, and the programs that are told what to print.
_PEOPLE = _korean(
    r"고객|민원인|환자|학부모|상담원|상담사|직원|수험생|응시자|학생|학습자|이용자|신청인|면접|담당자|조사관|근로자|의원|증인|신고자"
    r"|함수|프로그램|코드|변수|화면에|print"
)
_DICTATES_ENGLISH = re.compile(
    r"\byou\s*(?:must|should|shall|will|have\s+to|need\s+to)\s*(?:only\s+|always\s+|now\s+)?(?:answer|respond|reply|output|say)"
    r"\s+(?!all\b|every|each\b|any\b|the\b(?![^.!?]{0,40}\b(?:is|are|was)\b)|these|those|questions|both|truth|honest|within|by\b"
    r"|in\b|to\b|on\b|at\b|for\b|before|an?\b|if\b|when\b|and\b|or\b|as\b|so\b|yes\s+or)[\w\"'“‘:]"
    r"|(?:^|[.,:;!?\n\"'“”(>-]|\b(?:and|then|please|instead|always|only|just|simply|now))\s*(?:answer|respond|reply|output)"
    r"\s+(?:only\s+|exactly\s+)?(?:with\s+)?(?:that\s+the\b|only\b|exactly\b|the\s+following\s*(?:text|answer|json|sentence)?\s*:"
    r"|[\"'“‘](?!(?:yes|no|[yn])\b))"
    r"|\b(?:if|when(?:ever)?)\s+(?:you\s+are\s+|you['’]re\s+)?(?:asked|anyone\s+asks|someone\s+asks|the\s+user\s+asks|users?\s+ask)\b"
    r"[^.!?]{0,80}?\b(?:answer|respond|reply|say|output)\b",
    _IGNORE_CASE,
)
_ENGLISH_PEOPLE = re.compile(
    r"\b(?:customers?|callers?|patients?|students?|agents?|staff|employees?|applicants?|candidates?|witness(?:es)?|respondents?"
    r"|interviewers?|police|officers?|guests?|function|program|script|command|console)\b",
    _IGNORE_CASE,
)
_SENTENCE = re.compile(r"[^.!?。]+[.!?。]*[\"'”’」』)]*\s*|[.!?。]+")
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|‘[^’]*’|(?<!\w)'[^']*'(?!\w)|「[^」]*」|『[^』]*』")
#: Letters outside the quotes from which a sentence tells of what it quotes.
_TELLS = 8
_ENDS_IN_ORDER = re.compile(r"(?:라|세요|십시오|시오|것|해|줘|바랍니다|(?:야|여야)\s?(?:합니다|한다))\W*$")
_MAY_INSTRUCT = re.compile(
    rf"무시|잊|지시|명령|프롬프트|{_SPEECH}|말\s*(?:하라|해)|라고|{_MODEL}|ignore|disregard|forget|overrid|bypass|follow|answer"
    r"|respond|reply|output|prompt|instruct|say|print",
    _IGNORE_CASE,
)


def instructs_a_model(text: str) -> bool:
    """Tell whether `text`, a paragraph, a cell or a name, gives orders to a language model."""
    text = " ".join(undisguised(text).split())
    if not _MAY_INSTRUCT.search(text):
        return False
    text = "".join(_without_what_is_told_of(sentence) for sentence in _SENTENCE.findall(text))
    return bool(
        _CALLS_MODEL.search(text)
        or _MODEL_IS_TOLD.search(text)
        or _SYSTEM_PROMPT.search(text)
        or _DROPS_ENGLISH.search(text)
        or _drops_in_korean(text)
        or _dictates(text)
    )


def _without_what_is_told_of(sentence: str) -> str:
    """Return a sentence with empty quotations where it tells of them, and whole where it orders what they say."""
    outside = _QUOTED.sub('""', sentence)
    orders = _ENDS_IN_ORDER.search(outside.strip()) or _DICTATES_ENGLISH.search(outside)
    return sentence if orders or len(re.findall(r"[^\W\d_]", outside)) < _TELLS else outside


def _drops_in_korean(text: str) -> bool:
    for found in _DROPS_KOREAN.finditer(text):
        sentence = _SENTENCE.match(text, found.end())
        tail = sentence[0].strip() if sentence else ""
        if _TOLD.match(tail) or _TOLD_OF_WHOM.match(tail):
            continue
        if _ENDS_TOLD.search(tail) and not _COPULA.search(tail) and not _MUST.search(tail):
            continue
        return True
    return False


def _dictates(text: str) -> bool:
    for sentence in _SENTENCE.findall(text):
        if _DICTATES_KOREAN.search(sentence) and not _PEOPLE.search(sentence):
            return True
        if _DICTATES_ENGLISH.search(sentence) and not _ENGLISH_PEOPLE.search(sentence):
            return True
    return False
