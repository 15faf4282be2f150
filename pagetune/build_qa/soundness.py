"""Whether a question and an answer by a language model are a question and an answer, whatever page they come from."""

import re

from pagetune.records import Reason
from pagetune.text.claims import claims, normal_form
from pagetune.text.content_words import content_words
from pagetune.text.korean import is_korean
from pagetune.text.pointing import points_at_passage, points_at_unnamed, without_handled
from pagetune.text.readable import readable
from pagetune.text.refusal import abstains

#: What is wrong, and what was seen.
Fault = tuple[Reason, str]

_WORD = r"무엇|무슨|뭐|뭘|뭔|어디|언제|누구|누가|얼마|몇|며칠|어떻게|어떤|어느|왜"
_ASKING_WORD = re.compile(_WORD)
#: How a Korean question ends; a noun with its particle asks too (주소는?), a statement with a ? (원입니다?) does not.
_KOREAN_ENDING = re.compile(
    r"(?:까|나|가|니|냐|지|죠|는지|은지|인지)(?:요)?$|(?:에|예|아|어|해|돼|져|려|워|와|여|래|봐|데)요$"
)
_KOREAN_STATEMENT = re.compile(r"(?<!이)(?<!바)다$|(?:함|음|됨|임|것)$")
_KOREAN_ORDER = re.compile(
    r"(?:설명|서술|기술|말씀|말|나열|열거|비교|제시|소개|대?답|정의|구분|정리|요약|안내|언급|알려|가르쳐|적어"
    r"|써|들어|들|쓰|적|밝히|고르)"
    r"\s?(?:하|해|으)?\s?(?:세요|십시오|시오|라|줘|달라|봐|보세요|주세요|주십시오|주시겠어요|보시오)(?:요)?$"
)
_ENGLISH_WORD = r"what|which|who|whom|whose|when|where|why|how"
_ENGLISH_START = re.compile(
    rf"\W*+(?:(?:according to|in|for|under|as for|with"
    rf"|at) [^,?]{{1,120}},\s)?(?:(?:\w++\W++){{0,6}}?(?:{_ENGLISH_WORD})\b|(?:is|are|was|were|do|does|did|can"
    rf"|could|may|must|should|shall|will|would|has"
    r"|have|had|am|isn|aren|don|doesn)\b)",
    re.IGNORECASE,
)
_ENGLISH_ORDER = re.compile(
    r"\W*+(?:please\s++)?(?:describe|explain|list|name|state|define|summari[sz]e|compare|outline|give|tell"
    r"|identify|mention|specify"
    r"|provide|discuss|find|write|show)\b",
    re.IGNORECASE,
)
_ENGLISH_STATEMENT = re.compile(r"\b(?:is|are|was|were|has|have|can|must|will|may)\b", re.IGNORECASE)
#: Joins two questions: 얼마이며 언제…, what … and when ….
_TWO = re.compile(
    rf"(?:{_WORD})\S*?(?:이며|이고|하며|하고|되며|되고|인지,?\s|는지,?\s|[가까]요?,)\s?.*(?:{_WORD})"
    rf"|(?:{_WORD})\S*\s(?:그리고|또는|또한)\s.*(?:{_WORD})"
    rf"|\b(?:{_ENGLISH_WORD})\b.*\b(?:and|or)\s+(?:{_ENGLISH_WORD})\b",
    re.IGNORECASE,
)
_ABOUT_DOCUMENT = re.compile(
    r"(?<![가-힣])(?:이|위|본|주어진|제시된|해당|다음)\s?(?:글|문서|문단|본문|지문|단락|발췌문|텍스트|기사|페이지)"
    r"|(?<!항 )(?<!조 )(?<!\) )(?:글|문서|본문|지문|단락)의 (?:제목|주제|목적|저자|글쓴이|내용|요지|구성"
    r"|길이)(?:[은는이가을를]|\W|$)|글쓴이"
    r"|\b(?:this|the|given|above) (?:passage|text|excerpt|document|article|paragraph)\b"
    r"(?! (?:message|box|field|editor|file|format))"
    r"|\b(?:title|author|topic|purpose|subject) of (?:this|the) (?:passage|text|document|article|page)\b"
    r"|\bthe author\b|몇 (?:쪽|페이지)에"
    r"|\b(?:name|title|number|header) of the (?:section|chapter|table|figure|page|paper|document)\b"
    r"(?=\W*$| (?:that|which|in|on|about|by|of|where|above|below|and|is|was|discuss\w*|describ\w*|present\w*"
    r"|show\w*|contain\w*)\b)"
    r"|\bsection (?:title|name)\b"
    r"|(?:절|장|섹션|표|그림)의 (?:제목|이름|번호|머리글)",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"(?<![가-힣])중|가운데|아니면|혹은|또는|\bor\b|\bvs\b|인가요,|까,|나요,", re.IGNORECASE)
#: JSON, a fence, a tag, a statement of a programming language, a row of a Markdown table.
_CODE = re.compile(
    r"^\s*[{\[]\s*[\"'{\[].*[}\]]?\s*$|```|</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|\|\s?:?-{3,}|\{%|\{\{|\\n"
    r"|[\"']?(?:answer|evidence)[\"']\s*:"
    r"|\b(?:def|function|import|return|class|const|var|let)\s+\w+\s*[(={:;]|\w+\([^()]*\);|console\.log|System\.out",
    re.DOTALL | re.IGNORECASE,
)
_LOOP = re.compile(r"(\S.{3,80}?)(?:[\s,.;]*\1){2,}|(?<!\w)(\w{2,})(?:\W+\2(?!\w)){2,}", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?。])\s+|\n+")
_STRANGE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f]")
_NUMBER = re.compile(r"^\W*(?:(?:Q|질문|문|question)\s?\d{0,3}\s?[.:)\]]|\d{1,3}[.)])\s*(?=\D)", re.IGNORECASE)
_YES_OR_NO = re.compile(r"\W*+(?:yes|no)\b", re.IGNORECASE)
#: English words that only English sentences have.
_ENGLISH = re.compile(r"\b(?:the|is|are|was|of|and|to|in|for|by|with|that|must|can|will|a|an)\b", re.IGNORECASE)
_FEW = 3
#: Where the answer is from, which the answer may name: the statute in "according to the statute".
_SOURCE = re.compile(r"^\W*(?:.{2,80}?(?:에 따르면|에 의하면)|according to [^,]{2,120},)\s", re.IGNORECASE)
#: A Korean number in words, which answers how many: 여섯 종.
_WHAT_IS = re.compile(r"(?:은|는|이|가|란|이란)\s?(?:무엇|뭐|무슨 뜻)[가-힣\s]*[?？.]*\s*$")
_COUNTED = re.compile(r"(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|스무)\s[가-힣]")
_HOW_MANY = re.compile(r"몇\s?[가-힣]")


def without_number(question: str) -> str:
    """Return a question without the number that a list of questions gave it: Q12., 질문 3:, 1)."""
    return _NUMBER.sub("", question)


def fault_of_question(question: str) -> Fault | None:
    """Return why a text is not one question that is understood by itself, or None."""
    if _loops(question):
        return "repeats_itself", question[:100]
    if not asks(question):
        return "not_a_question", question[:100]
    if _ABOUT_DOCUMENT.search(without_handled(question)) or points_at_passage(question):
        return "passage_dependent", question[:100]
    if unnamed := points_at_unnamed(question):
        return "passage_dependent", unnamed
    return ("two_questions", question[:100]) if _asks_twice(question) else None


def asks(text: str) -> bool:
    """Tell whether a text asks for something: by its ending or its question word, or by an order to tell it."""
    bare = readable(text).strip().rstrip("\"'”’)] ")
    body = bare.rstrip("?？.!。 ")
    if len(normal_form(body)) < 1:
        return False
    marked = bare.endswith(("?", "？"))
    return _asks_in_korean(body, marked) if is_korean(body) else _asks_in_english(body, marked)


def _asks_in_korean(body: str, marked: bool) -> bool:
    if _KOREAN_ORDER.search(body):
        return True
    if _KOREAN_STATEMENT.search(body):
        return False
    return marked or (_KOREAN_ENDING.search(body) is not None and _ASKING_WORD.search(body) is not None)


def _asks_in_english(body: str, marked: bool) -> bool:
    if not marked and re.search(r"[a-z]\. [A-Z]", body):  # When …, please …. We may …: a text, and no question
        return False
    if _ENGLISH_ORDER.match(body) or _ENGLISH_START.match(body):
        return True
    return marked and not _ENGLISH_STATEMENT.search(body)


def _asks_twice(question: str) -> bool:
    parts = [part for part in re.split(r"[?？]", question) if normal_form(part)]
    return len(parts) > 1 or _TWO.search(question) is not None


def fault_of_answer(question: str, answer: str, evidence: str) -> Fault | None:
    """Return why a text is not an answer to a question, or None. Code that the evidence has may be one."""
    seen = answer[:100]
    if not normal_form(answer):
        return "unanswered", seen
    if abstains(answer):
        return "refusal", seen
    in_evidence = normal_form(answer) in normal_form(evidence)
    if not in_evidence and _CODE.search(answer):
        return "not_text", seen
    if not in_evidence and _loops(answer):
        return "repeats_itself", seen
    if _says_nothing_new(question, answer):
        return "answer_in_question", seen
    if not in_evidence and answer.rstrip().endswith(("?", "？")) and asks(answer):
        return "unanswered", seen
    return ("other_language", seen) if _in_another_language(question, answer, evidence) else None


def _loops(text: str) -> bool:
    """Tell whether a text says something three times in a row, or a whole sentence twice."""
    sentences = [normal_form(part) for part in _SENTENCE.split(text)]
    long = [part for part in sentences if len(part) > 8]
    return _LOOP.search(text) is not None or len(set(long)) < len(long)


def _says_nothing_new(question: str, answer: str) -> bool:
    """Tell whether the answer has nothing that the question does not have: no number, code, name or word.

    A yes/no question may be answered by its own words, one between two by one of them.
    """
    question = _SOURCE.sub("", question)
    asked, said = normal_form(without_number(question)), normal_form(without_number(answer))
    if said == asked or (asked in said and not content_words(answer) - content_words(question)):
        return True
    if _is_what_is_asked_about(question, said):
        return True
    if _may_be_repeated(question, answer):
        return False
    mine, theirs = claims(answer), claims(question)
    if (mine.numbers - theirs.numbers) or (mine.joined - theirs.joined) or (mine.codes - theirs.codes):
        return False
    if _HOW_MANY.search(question) and _COUNTED.search(answer):
        return False
    return said in asked or not content_words(answer) - content_words(question)


def _is_what_is_asked_about(question: str, said: str) -> bool:
    """Tell whether an answer is the noun that is asked for by what: 비밀번호 of … 필요한 비밀번호는 무엇인가요?"""
    found = _WHAT_IS.search(question)
    return found is not None and bool(said) and normal_form(question[: found.start()]).endswith(said)


def _may_be_repeated(question: str, answer: str) -> bool:
    if _CHOICE.search(question):
        return True
    yes_or_no = re.match(r"\W*(?:네|예|아니요|아니오|yes|no)\b", answer, re.IGNORECASE)
    if yes_or_no:
        return True
    order = _KOREAN_ORDER.search(question.rstrip("?？.!。 "))
    asks_for_more = (
        order or _ASKING_WORD.search(question) or re.search(rf"\b(?:{_ENGLISH_WORD})\b", question, re.IGNORECASE)
    )
    return not asks_for_more and answer.rstrip(".! ").endswith(("다", "요"))


def _in_another_language(question: str, answer: str, evidence: str) -> bool:
    """Tell whether an answer is in another language than its question, names and codes aside."""
    known = question + evidence
    if any(sign not in known for sign in _STRANGE.findall(answer)):
        return True
    if is_korean(question):
        if _YES_OR_NO.match(answer):
            return True
        return not is_korean(answer) and len(_ENGLISH.findall(answer)) >= _FEW and answer not in evidence
    return len(re.findall("[가-힣]", answer)) > len(re.findall("[A-Za-z]", answer))
