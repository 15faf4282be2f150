"""Whether a question names what it asks about: not a symbol, a number of the document's or a word that any text has."""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.claims import claims
from pagetune.text.content_words import content_words
from pagetune.text.korean import is_korean

#: Words that name nothing of what a passage is about, in any question.
_NAMES_NOTHING = {
    "값", "개수", "경우", "관하", "규정", "나타나", "나타내", "내용", "다루", "대통령령", "되어있", "들어가", "목",
    "문장", "번호", "법", "보이", "본문", "부분", "사항", "소개", "수", "숫자", "언급", "예", "예시", "의하", "자료",
    "장", "전체", "정보", "정하", "정해지", "제시", "조", "조항", "존재", "주요", "중요", "질문", "포함", "하나",
    "항", "항목", "핵심", "호",
}  # fmt: skip
#: Words that name nothing by themselves: whoever asks for contents, results or matters has to say whose.
GENERIC = frozenset({
    *_NAMES_NOTHING,
    "각", "개념", "결과", "구성", "기준", "논문", "다른", "대상", "대책", "대표", "명칭", "목적", "문제", "방법",
    "방식", "보고서", "부르", "불리", "사용", "상황", "서류", "업무", "여러", "역할", "요건", "요소", "원인",
    "이루어지", "이름", "이용", "이유", "적용", "절차", "정의", "제목", "조건", "조치", "처리", "처벌", "최종",
    "추이", "특징", "포함하", "행위",
})  # fmt: skip
#: Those that say nothing even of a document that is named: what are the contents of the statute?
_EMPTY = frozenset(
    {*_NAMES_NOTHING, "content", "describ", "detail", "discuss", "information", "mention", "result", "thing"}
)
_ENGLISH_GENERIC = re.compile(
    r"name|title|result|main|final|key|content|include|contain|use|used|consider|present|show|shown|provide"
    r"|obtain|type|number|total|value"
    r"|size|example|detail|information|purpose|goal|item|part|section|thing|case|work|paper|document|text"
    r"|topic|term|definition|refer"
    r"|describe|mention|discuss|propose|introduce|call|import|overall|different|variou|sever|import|point"
    r"|answer|question|exampl|valu"
    r"|consid|provid|includ|introduc|describ|propos|mean|stand|symbol|variabl|letter"
)
#: A question for the contents or the name of a numbered article: 제60조는 무엇인가요?
_ARTICLE = re.compile(r"제\s?\d+(?:-\d+)?\s?조(?:의\s?\d+)?(?:\s?제\s?\d+\s?[항호])*|\barticle \d+", re.IGNORECASE)
#: A subject that is a number of the document's, a sign or nothing: 130은 무엇인가요?, What is 3.1?
_NO_NAME = re.compile(r"\W*(?:[\d.,:()\-*#]+|[가나다라마바사][.)]|[A-Za-z]|[α-ωΑ-Ω])(?:\s?[x×*+=,]\s?[\w.]+)*\W*")
_ASKING = re.compile(
    r"(?:은|는|이|가|란|이란|의)?\s?(?:무엇|뭐|누구|어디|언제|얼마)[가-힣\s]*[?？.]*\s*$|^\W*(?:what|who|where"
    r"|when)\s(?:is|are|was|does|do)\s"
    r"|\b(?:mean|refer to|stand for|denote|represent)s?\W*$",
    re.IGNORECASE,
)
#: A question for the meaning of a term.
_TERM = re.compile(r"[가-힣]{2,}(?:이란|란)\s")
_GREEK = re.compile(r"[α-ωΓΔΘΛΞΠΣΦΨΩ](?![α-ωά-ώ]{2})")
_LETTER = re.compile(r"(?<![\w'’.&/-])(?!I\b|A\b)([A-Z])(?![\w'’&/]|\.\w|-\w)")
#: What a letter belongs to that people call by it: Plan B, vitamin C, A반.
_LETTERED = re.compile(
    r"(?:plan|vitamin|class|type|grade|group|option|hepatitis|part|zone|series|team|level|section|appendix"
    r"|room|gate|form|schedule|model"
    r"|building|block|tier|score|route|exit|terminal)s?\s$|(?:형|반|등급|동|조|그룹|유형|단계|구역|타입|급"
    r"|비타민|플랜|모델|출구)\s?$",
    re.IGNORECASE,
)


def is_generic(word: str) -> bool:
    """Tell whether a content word names nothing by itself: 내용, 방법, result."""
    return word in GENERIC or (word.isascii() and _ENGLISH_GENERIC.fullmatch(word) is not None)


def is_empty(word: str) -> bool:
    """Tell whether a content word asks nothing even of a document that is named: 내용, detail."""
    return word in _EMPTY


def names_nothing(claim: Claim) -> str | None:
    """Return the question where it names only a symbol, an article's number or what any text has, or None."""
    subject = _ASKING.sub(" ", claim.question).strip()
    if subject and _NO_NAME.fullmatch(subject):
        return subject
    return _only_an_article(claim) or _symbol(claim) or _only_generic(claim)


def _only_an_article(claim: Claim) -> str | None:
    """Return the number of an article where a question asks for its contents or its name, and gives it no title."""
    found = _ARTICLE.search(claim.question)
    if not found or claim.question[found.end() :].lstrip().startswith(("(", "（")):
        return None
    rest = _ARTICLE.sub(" ", claim.question)
    return found[0] if not _named(rest, claim) else None


def _only_generic(claim: Claim) -> str | None:
    """Return the question where its words name nothing; a document that it names may have any attribute."""
    words = content_words(claim.question)
    if not words:
        return claim.question[:100] if re.search(r"[가-힣]", _ASKING.sub(" ", claim.question)) else None
    is_term = _TERM.search(claim.question) or claims(claim.question).codes or claim.document.title in claim.question
    if is_term or _named(claim.question, claim) or re.search(r"\d", _ARTICLE.sub(" ", claim.question)):
        return None
    return claim.question[:100]


def _named(text: str, claim: Claim) -> set[str]:
    """Return the words of a text by which it names something, the document aside."""
    text = text.replace(claim.document.title, "그것" if is_korean(text) else "it")
    return {word for word in content_words(text) if not is_generic(word)}


def _symbol(claim: Claim) -> str | None:
    """Return a variable of a formula that the question asks about: the pool P, the string σ."""
    question = claim.question
    if greek := _GREEK.search(question):
        return greek[0]
    for found in _LETTER.finditer(question):
        if not _LETTERED.search(question[: found.start()]) and _is_variable(found[1], claim.page.text):
            return found[1]
    return None


def _is_variable(letter: str, text: str) -> bool:
    """Tell whether a page calculates with a letter: P =, n(P), (P, T)."""
    return (
        re.search(rf"(?<![\w.]){letter}(?![\w.’'-])\s?(?:=|:=|∈|←|≤|≥|<|>|×|\+|∼)|[∈=←∼({{]\s?{letter}\s?[,)}}]", text)
        is not None
    )
