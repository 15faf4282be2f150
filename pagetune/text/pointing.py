"""Questions that point at a passage, a part of a document or a document that whoever reads them does not see."""

import re

from pagetune.text.korean import is_korean

_POINTED_AT = "표|그림|글|지문|본문|문단|단락|문서|내용|조항|도표|사진|예시|보기|자료|설명"
_PASSAGE_DEPENDENT = re.compile(
    rf"(?<![가-힣])(?:위|아래|다음|상기|해당|이|본|주어진|앞의)\s?(?:의\s)?(?:{_POINTED_AT})"
    r"(?:에|은|는|을|를|의|과|와|로|상|\s|$)"
    r"|(?<![가-힣])(?:위|앞|아래)에서 (?:언급|설명|말한|서술|제시)"
    r"|(?<![가-힣])(?<![가-힣]\s)(?:본문|지문|문서|글|자료|표)(?:에서|에 따르면|에 의하면|에 나온|에 언급된)"
    r"|(?<![가-힣])(?:본문|지문|문서|자료)에 (?:따르면|의하면|나온|언급된)"
    r"|according to the (?:document|passage|text|table|article|section|above|context)"
    r"|\bin (?:this|the) (?:passage|document|text|section|context|excerpt|above)\b(?! (?:message|box|field|editor))"
    r"|\bthe (?:above|following|preceding) (?:table|text|passage|section|document)"
    r"|\b(?:does|do|did) the (?:document|passage|text|author|excerpt)\b"
    r"|\b(?:of|from|in|by) the (?:passage|excerpt)\b",
    re.IGNORECASE,
)
#: What is done with a table or a page in a program, so that it is not the one that is read.
_HANDLE = (
    r"(?:추가|삽입|삭제|제거|이동|선택|클릭|입력|편집|수정|복사|저장|인쇄|출력|정렬|병합|변경|설정|작성|생성"
    r"|첨부|등록|확대|축소|열람"
    r"|지우|옮기|누르|눌러|붙이|붙여|열|닫|켜|끄|만들|그리|합치|나누|바꾸|넘기|넘어가|돌아가|되돌|불러)"
)
_KOREAN_HANDLED = re.compile(
    rf"(?<![가-힣])(?:다음|이전|이|해당)?\s?(?:표|그림|글|본문|문단|단락|문서|사진|자료|페이지|쪽)(?:에서|에"
    rf"|으로|로|을|를)\s"
    rf"(?:[가-힣A-Za-z]+(?:을|를|에|로|으로)?\s){{0,3}}?{_HANDLE}[가-힣]*(?:려면|면|려고|고\s싶|는\s(?:방법|법)"
    rf"|[ㄹ을]\s때|수\s있|나요|까)"
)
_ENGLISH_HANDLED = re.compile(
    r"\b(?:add|insert|delete|remove|move|select|copy|paste|save|print|edit|open|close|sort|merge|create|change"
    r"|format|highlight"
    r"|upload|download|attach)\b[^?]{0,40}\b(?:in|to|from|into|of)?\s?(?:the|this)\s"
    r"(?:table|text|document|section|page|figure|picture)\b",
    re.IGNORECASE,
)

#: What a document calls itself, or a part of itself: 이 법, 본 약관, 이 조, this paper.
_KOREAN_SELF = (
    r"조항?|항|호|장|절|별표|법률?|규정|기준|지침|고시|규칙|조례|예규|훈령|약관|특약|계약서?|협약|협정"
    r"|가이드(?:라인)?|안내서?|해설서|매뉴얼"
    r"|논문|연구|보고서|문헌|발명|고안|공고문?|공시|서식|표준|계획서?|요령|제안요청서|요청서"
)
_PARTICLE = (
    r"(?=(?:은|는|이|가|을|를|의|에|와|과|로|으로|상|란|이란|도|만)(?:$|[\s?,.에은는도])|에서|에게|에는|[\s?,]|$)"
)
_KOREAN_THIS = re.compile(rf"(?<![가-힣])(?:이|본|동|같은|당해)\s?({_KOREAN_SELF}){_PARTICLE}")
_ENGLISH_THIS = re.compile(
    r"\b(?:this|the present|our) ((?:research |technical |white |user )?(?:work|paper|study|section|chapter"
    r"|article|report|guide|manual"
    r"|handbook|policy|agreement|contract|regulation|act|law|statute|bill|standard|guideline|thesis|survey"
    r"|notice|course|faq|subsection"
    r"|paragraph|clause|appendix|figure|table))\b(?! (?:button|box|field|menu|tab|editor))"
    r"|\bthe (paper|authors?|study|thesis|present work)\b(?=\W*$| (?:propose|present|introduce|discuss"
    r"|describe|mention|use|show|report|conclude"
    r"|claim|argue|state|say|find|and|in|about|by|that)\w*)",
    re.IGNORECASE,
)
#: What refers back to a sentence before: 이 경우, 그 결과, in this case, the other three.
_BACK = re.compile(
    r"^\W*(?:이|그|이러한|그러한|이와 같은|위와 같은|이런|그런)\s?(?:경우|때|결과|이유|밖에|외에|중|후|이후"
    r"|과정|방법|조치|사항|규정|기준|점)(?![가-힣]{2})"
    r"|^\W*(?:이|해당)\s(?:요구\s?사항|점검\s?항목|항목|옵션|기능|단추|버튼|메뉴|사업|제도|과정|시험|업무"
    r"|행위)(?:은|는|이|가|을|를|의|에)(?=\s)"
    r"|^\W*(?:in this case|in that case|as a result|therefore|however|these|those|this|it|they|he"
    r"|she)\b(?! (?:is|was) (?:possible|necessary"
    r"|required|allowed))"
    r"|\bthe (?:other|remaining|former|latter|aforementioned|same) (?:two|three|four|five|ones?)\b"
    r"|(?<![가-힣])(?:전항|전조|전호|동항|동조|동호)(?![가-힣]{2})",
    re.IGNORECASE,
)
#: A question that opens with a pronoun of English for the weather or a possibility: is it possible.
_EXPLETIVE = re.compile(r"\W*(?:is|was|does|will|can|has|do|are) (?:it|they|he|she|this|these|those)\b", re.IGNORECASE)
_POSSIBLE = re.compile(
    r"\bit\b[^?]{0,20}\b(?:possible|necessary|required|allowed|mandatory|ok|safe|legal|cost|take|mean|happen|matter)\b",
    re.IGNORECASE,
)
#: A numbered part of a law or a document.
_ARTICLE = re.compile(r"제\s?\d+(?:-\d+)?\s?조")
_SUBARTICLE = re.compile(
    r"(?<![가-힣])제\s?\d+\s?(?:항|호)(?!\s?(?:태풍|법안|안건))|(?<![가-힣])[가나다라마바사]목(?![가-힣])"
)
#: The title of an article behind its number.
_TITLED = re.compile(r"(?:의\s?\d+)?(?:\s?제\s?\d+\s?[항호])*\s?[(（][가-힣]")
#: A law, a rule or an agreement by its name, or a document's.
_LAW = re.compile(
    r"[가-힣]+\s?(?:법률?|규정|규칙|시행령|시행세칙|령|조례|기준|지침|고시|약관|계약서?|협약|가이드|정관|헌법"
    r"|조약|협정|요강|규약|예규|훈령)"
    r"|[「｢『\[<]|[A-Z][\w.]*\s(?:Act|Code|Law|Regulation|Rules?|Agreement|Policy|Directive)|\b(?:GDPR|CFR|U\.S\.C)"
)
#: A figure, a formula or a reference by its number, which only its page shows.
_NUMBERED = re.compile(
    r"(?<![가-힣])(?:표|그림|도|식|수식|부록|도면|사진)\s?\d+(?!\s?(?:분|시|월|일|년|명|개|원|%|월|주))(?=[^\d]|$)"
    r"|<\s?(?:표|그림)\s?[\d.-]+\s?>"
    r"|\b(?:figure|fig\.|table|equation|eq\.|algorithm|listing|theorem|lemma)\s?\(?\d+(?:\.\d+)*\)?(?=\W|$)"
    r"|\b(?:section|line|chapter)\s\d+(?:\.\d+)*(?! ?of\b)(?=\W|$)",
    re.IGNORECASE,
)


#: A name of something that only its kind tells from others: what is the name of the attack?
_UNQUALIFIED = re.compile(
    r"^\W*what (?:is|are|was|were) the names? of the (?!(?:[a-z-]+ )*(?:of|in|for|by|that|which|who|used|on|at"
    r"|from|with|to)\b)"
    r"(?:[a-z-]+ ){0,3}[a-z-]+\W*$|^\W*What (?:is|are) the names? of the (?:[A-Z]+ )?(?:[a-z-]+ ){0,3}[a-z-]+\W*$"
)


def points_at_passage(question: str) -> bool:
    """Tell whether a question points at a passage: 위 표에서, according to the document.

    What somebody handles in a program (표에서 행을 추가하려면) is not the page that is read.
    """
    return _PASSAGE_DEPENDENT.search(without_handled(question)) is not None


def without_handled(question: str) -> str:
    """Return a question without what it says is done with a table, a page or a document: 다음 페이지로 이동하려면."""
    if is_korean(question):
        return _KOREAN_HANDLED.sub(" ", question)
    return _ENGLISH_HANDLED.sub(" ", question)


def points_at_unnamed(question: str) -> str | None:
    """Return what a question points at without naming it, or None: 이 조, this paper, 제3항, Figure 2."""
    question = without_handled(question)
    if _UNQUALIFIED.match(question):
        return question[:100]
    return _this(question) or _back(question) or _numbered(question)


def _this(question: str) -> str | None:
    """Return a self-designation of a document (이 기준), unless the question has named what it stands for before."""
    for pattern in (_KOREAN_THIS, _ENGLISH_THIS):
        for found in pattern.finditer(question):
            kind = next(one for one in found.groups() if one)
            before = question[: found.start()].lower()
            if not re.search(rf"[\w\"”’'」)\]]\s?{re.escape(kind.lower())}", before):
                return found[0]
    return None


def _back(question: str) -> str | None:
    found = _BACK.search(question)
    if not found and _EXPLETIVE.match(question) and not _POSSIBLE.search(question):
        found = _EXPLETIVE.match(question)
    return found[0] if found else None


def _numbered(question: str) -> str | None:
    """Return an article without its law, a paragraph without its article, or the number of a figure."""
    if found := _NUMBERED.search(question):
        return found[0]
    article, part = _ARTICLE.search(question), _SUBARTICLE.search(question)
    if article:
        is_named = _LAW.search(question[: article.start()]) or _TITLED.match(question, article.end())
        return (
            None if is_named or question[: article.start()].rstrip().endswith(("(", "'", "‘", '"', "“")) else article[0]
        )
    return part[0] if part else None
