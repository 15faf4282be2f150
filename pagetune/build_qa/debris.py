"""Answers that are a piece of a page: a formula, a label, a reference, half a sentence, what a text says of itself."""

import re

from pagetune.build_qa.surroundings import Claim
from pagetune.text.claims import normal_form
from pagetune.text.content_words import content_words
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.sentences import ends_sentence

_ASKS_FOR_CODE = re.compile(
    r"명령|코드|함수|구문|수식|공식|계산식|산식|표현식|정규식|문법|스크립트|주소|링크|경로|URL|식은|태그"
    r"|메서드|변수|기호|표기|형식|쿼리"
    r"|\b(?:commands?|code|function|method|syntax|formula|equation|expression|script|link|url|path|notation"
    r"|format|query|regex|variable"
    r"|parameter|address|call|type|run|write)\b|계산",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+")
#: Signs of programs and formulas; a single one stands in ordinary text too.
_SIGN = re.compile(r"[={}∈∼←∑∏∫√∀∃≤≥≠]|:=|(?<!:)//|\(\)|\w\([^()\s]*\)[.;]|\*\s?\)|\[\w+\]\(|[α-ωΣΔΦΨΩ]")
_SIGNS = 3
#: A date that somebody will fill in: 20oo년 o월. One sign alone at the start of an item is its mark: ○ 월 회비.
_TO_FILL_IN = re.compile(
    r"\d{2}[oO○◯]{2}\s?년|(?<![A-Za-z가-힣])(?:[oO○◯ㅇ]{2,3}(?:년|월|일)(?![가-힣])"
    r"|[oO○◯ㅇ]{1,3}\s?(?:년|월)\s?[oO○◯ㅇ]{1,3}\s?(?:월|일)(?:까지|부터|에)?(?![가-힣]))"
    r"|(?:(?<=[^\s.!?,;:]\s)|(?<=[(~]))[oO○◯ㅇ](?:년|월|일)(?![가-힣])"
)
_CALL = re.compile(r"[A-Za-z_][\w.]*\(\w*\);?")
#: Numbers one behind the other, which a chart has: 480% 300% 450%.
_CHART = re.compile(r"\W*[-+]?\d[\d,.]*\s?%?(?:\s+[-+]?\d[\d,.]*\s?%?){2,}\W*")
_DATE_OR_NUMBER = re.compile(r"\W*(?:\d{2,4}\.\s?\d{1,2}\.\s?\d{1,2}\.?|[\d\s()+-]{7,})\W*")
#: The number of a figure, a line, an equation or a reference.
_LABEL = (
    r"(?:figure|fig\.|table|section|sec\.|equation|eq\.|line|algorithm|appendix|chapter|step|page|theorem"
    r"|lemma|listing|item|note|표|그림|도"
    r"|식|수식|부록|절|장|쪽|주)\s?"
)
_ASKS_FOR_LABEL = re.compile(
    r"\b(?:figure|table|section|equation|line|algorithm|appendix|chapter|step|page|reference|version)\b|(?:표"
    r"|그림|절|장|쪽|페이지|단계|조|항|번호)",
    re.IGNORECASE,
)
#: Marks of an entry of a list of references; two of them are enough.
_REFERENCE = (
    re.compile(r"\b(?:arXiv|CoRR|doi)\b|\barXiv:\d", re.IGNORECASE),
    re.compile(r"\[Online\]|\bAvailable:|\b(?:retrieved|accessed) (?:on|from)?", re.IGNORECASE),
    re.compile(r"\b(?:vol|pp|no)\.\s?[\w/]*\d", re.IGNORECASE),
    re.compile(r"\bin (?:Proc\b|Proceedings|[A-Z]{3,}\b)|학회지|논문집|학술대회"),
    re.compile(r"\bet al\b|(?:\b[A-Z]\.\s){1,2}[A-Z][a-z]+,|[A-Z][a-z]+, (?:[A-Z]\.\s?){1,2}(?:,|&|and)"),
    re.compile(r"[“\"][^”\"]{10,},[”\"]"),
    re.compile(r",\s?(?:19|20)\d\d[a-z]?\.?(?:\s|$)|\((?:19|20)\d\d[a-z]?\)\.?"),
    re.compile(r"^\s*\[\d{1,3}\]\s?[A-Z가-힣]"),
    re.compile(r"(?:[A-Z][a-z]+ [A-Z][a-z]+, ){2,}"),
)
_MARKS = 3
_ASKS_FOR_REFERENCE = re.compile(
    r"\b(?:cite|cited|reference|author|published|publication|wrote)\b|저자|참고 ?문헌|인용|발표", re.IGNORECASE
)
#: What a text says of itself: in this section we present, are summarized as follows, 다음에서 살펴본다.
_OF_ITSELF = re.compile(
    r"\bin (?:this|the (?:next|following)) (?:section|chapter|paper|work|article|appendix)\b|\bwe (?:now "
    r"|first |next |then )?(?:present (?:our|the)"
    r"|describe|discuss|summari[sz]e|outline|detail|review)\b|\b(?:as|is|are) (?:discussed|described|shown"
    r"|defined|presented|explained|summari[sz]ed|listed"
    r"|illustrated) (?:in|as)\s(?:section|figure|table|equation|follow|the following|chapter|appendix)"
    r"|\bas follows\b|(?:다음|아래|이하)(?:에서|과 같이)?\s?(?:살펴|설명하|기술하|소개하|제시하|다루)|(?:절"
    r"|장)에서(?:는)?\s?(?:살펴|설명하|기술하|소개하|다루|서술하)",
    re.IGNORECASE,
)
#: With what only the middle of a sentence begins.
_MIDDLE = re.compile(
    r"^\s*[,;:)\]”’·]|^\s*(?:및|또는|그리고|혹은|하여|하며|하고|되며|되어|으로서|로서|이며|이고)\s|^\s*(?:은"
    r"|는|을|를|의|에게|와|과)\s"
    r"|^\s*(?:and|or|but|which|whose|whom|that (?:is|are|has|have|was|were|can|may|will)|than|of)\s"
)
#: Tags at the end of what goes on: 위하여, 제출한, 회사의, 및.
_GOES_ON = {"EC", "ETM", "JKG", "MAJ", "JC"}
_ASKS_FOR_THING = re.compile(r"무엇|뭐|무슨|누구|어디|어느")
_LONG = 60


def is_debris(claim: Claim) -> str | None:
    """Return the answer where it is a piece of a formula, a label, a reference or a sentence, or None."""
    found = (
        _TO_FILL_IN.search(claim.answer)
        or _is_formula(claim)
        or _is_label(claim)
        or _is_reference(claim)
        or _breaks_off(claim)
    )
    return claim.answer[:100] if found else None


def tells_of_itself(claim: Claim) -> str | None:
    """Return the answer where it says what the text is going to say, and not what it says."""
    return claim.answer[:100] if _OF_ITSELF.search(claim.answer) else None


def _is_formula(claim: Claim) -> bool:
    """Tell whether an answer is code or a formula that nobody asked for, or the numbers of a chart."""
    if _CHART.fullmatch(claim.answer) and not _DATE_OR_NUMBER.fullmatch(claim.answer):
        return claim.place.table is None
    if _ASKS_FOR_CODE.search(claim.question):
        return False
    answer = _ADDRESS.sub(" ", claim.answer)
    return len(_SIGN.findall(answer)) >= _SIGNS or _CALL.fullmatch(answer.strip()) is not None


def _is_label(claim: Claim) -> bool:
    """Tell whether an answer is only the number of a figure, an equation, a line or a reference."""
    answer = claim.answer.strip(" .")
    if _ASKS_FOR_LABEL.search(claim.question):
        return False
    if re.fullmatch(rf"{_LABEL}\(?[\d.]+\)?", answer, re.IGNORECASE):
        return True
    if not re.fullmatch(r"\d{1,3}", answer):
        return False
    numbered = rf"{_LABEL}\(?{answer}\)?(?!\d)|\[[\d,\s]*\b{answer}\b[\d,\s]*\]|(?:^|\n|[=≤≥]\s)\s*\({answer}\)"
    rest = re.sub(numbered, " ", claim.evidence, flags=re.IGNORECASE)
    return rest != claim.evidence and re.search(rf"(?<![\d.,]){answer}(?![\d]|[.,]\d)", rest) is None


def _is_reference(claim: Claim) -> bool:
    """Tell whether the evidence is an entry of a list of references."""
    if claim.place.table is not None or _ASKS_FOR_REFERENCE.search(claim.question):
        return False
    return sum(mark.search(claim.evidence) is not None for mark in _REFERENCE) >= _MARKS


def _breaks_off(claim: Claim) -> bool:
    """Tell whether an answer begins or ends in the middle of a sentence."""
    answer = claim.answer.strip()
    if _MIDDLE.match(answer):
        return True
    if is_korean(answer):
        return _goes_on(claim)
    sentences = re.split(r"(?<=[a-z)][.!?])\s+(?=[A-Z])", answer)
    unfinished = not ends_sentence(answer) and answer[:1].isupper() and len(answer) > _LONG
    return unfinished and len(sentences) > 1 and _is_cut(claim)


def _is_cut(claim: Claim) -> bool:
    """Tell whether the page goes on in the sentence in which the answer ends, or itself breaks off there."""
    text, answer = normal_form(claim.page.text), normal_form(claim.answer)
    tail = answer[-40:]
    at = text.rfind(tail)
    if at < 0:
        return False
    letters = re.escape(claim.answer.strip()[-12:])
    return re.search(rf"{letters}\s*[.!?]", claim.page.text) is None


def _goes_on(claim: Claim) -> bool:
    """Tell whether a Korean answer to "what" ends in a particle or an ending that needs more behind it."""
    if not _ASKS_FOR_THING.search(claim.question) or ends_sentence(claim.answer) or " " not in claim.answer.strip():
        return False
    found = [token for token in morphemes(claim.answer) if not token.tag.startswith("S") or token.tag in ("SL", "SN")]
    if not found:
        return False
    tag = found[-1].tag.partition("-")[0]
    return tag in _GOES_ON and not content_words(claim.answer) <= content_words(found[-1].form)
