"""What a heading or a label belongs to, so that a question about it is understood outside of its document."""

import re
from difflib import SequenceMatcher

from pagetune.build_qa.naming import Names, is_clause
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.texts.outline import REMARKS, Line
from pagetune.text.sentences import ends_sentence

#: Headings that any document has; they do not say what the text below them is about.
_GENERIC = re.compile(
    r"(?:.*\s)?(?:개요|일반\s?사항|기본\s?(?:정보|사항)|현황|안내|내용|세부\s?(?:내용|사항|설명)|상세\s?(?:내용|설명)|참고(?:\s?자료)?|비고|"
    r"예시|기타|공통|주요\s?내용|요약|목차|추진\s?근거|정의|설명|항목|세부\s?점검\s?항목|구분|문의|결론|서론|규격|제원|사양|본론|소개|일반|특징)|"
    r"[가-힣]{0,4}\s?(?:내용|대상|방법|절차|기간|목적|일정|자격|요건|조건|범위|사항|전략|방향|체계)|"
    r"(?:붙임|별첨|서식|별표|참고|표|그림).*|제\s?\d+\s?조.*|FAQ|.*제\d+조.*|.*(?:법|시행령|시행규칙)"
)
#: The street and the number of an address.
_ADDRESS = re.compile(r"[가-힣\d](?:로|길|동) \d+(?:-\d+)?(?:번지?)?(?:\W|$)")
#: Who has signed a document: 정보통신기획평가원 원장.
_SIGNS = re.compile(
    r"(?:^|[가-힣] )[가-힣]*(?:장관|청장|원장|처장|시장|군수|구청장|총장|사장|이사장|회장|위원장|지사장|소장|대표이사)"
    r"(?: [가-힣]{2,4})?$"
)
_MAX_OWNER_CHARACTERS = 70
_MAX_TOPIC_CHARACTERS = 24
#: A heading that is something to be done, which has no things of its own: 정책 수립 및 공표.
_IS_ACTION = re.compile(
    r"(?:수립|이행|관리|통제|공표|적용|마련|시행|수행|운영|대응|점검|방지|제한|제거|구성|지정|교육|이수|조치|보호|활용|작성|제출|처리|"
    r"확인|검토|평가|공개|변경|개선)$"
)
#: A heading that shares this much with the document's name only repeats it.
_ALIKE = 0.8


def heading_text(text: str) -> str:
    """Return a heading without what stands around it, and its letters without spaces between."""
    text = re.sub(r"^[^\w(<〈《【\[｢「‘’“'\"]+\s*|^[(（][가-힣\s]{2,10}[)）]\s*(?=\S)", "", text.strip())
    text = re.sub(r"^(?:참고|붙임|별첨)\s*\d*\s*[.:]?\s+(?=\S)", "", text.strip())
    text = re.sub(r"^[<〈《【\[｢「]\s*([^>〉》】\]｣」]*)[>〉》】\]｣」]$", r"\1", text)
    text = re.sub(r"\s*\([^)]*\)$", "", text).strip(" :：")
    words = text.split()
    return "".join(words) if len(words) > 1 and all(len(word) == 1 for word in words) else " ".join(words)


def section_of(line: Line) -> str:
    """Return the heading that a line stands under, or nothing."""
    return next((above.text for above in reversed(line.above) if above.is_heading), "")


def owned(label: str, line: Line, names: Names) -> str | None:
    """Return a label with what it belongs to: the sentence or the heading above it, the project, or the document."""
    noun = next((noun for noun in names.things if label.startswith(noun)), None)
    if noun:
        part = re.sub(r"^내용 (?=\S)", "", re.sub(rf"^{noun}의? ", "", label))
        return f"{names.things[noun]}의 {part}"
    topic = _topic_above(label, line)
    if topic:
        return f"{topic}의 {label}"
    heading = specific_heading(line, names.document)
    if (
        heading in label
        or label in heading
        or _is_alike(heading, label)
        or len(heading) + len(names.document) > _MAX_OWNER_CHARACTERS
    ):
        heading = "" if names.document else heading
    if heading and names.document:
        return f"{names.document}에서 {heading}{' 관련' if _IS_ACTION.search(heading) else '의'} {label}"
    owner = names.document or heading
    return f"{owner}의 {label}" if owner else None


def _topic_above(label: str, line: Line) -> str | None:
    """Return the topic of the sentence that announces the label: 생체정보는 신체적 특징, … 등으로 구분된다."""
    above = line.above[-1] if line.above else None
    if above is None or above.is_heading or label not in above.text:
        return None
    topic = Clause(above.text).topic_noun
    return topic if 2 <= len(topic) <= _MAX_TOPIC_CHARACTERS and topic not in label else None


def _is_alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() > _ALIKE


def specific_heading(line: Line, document: str) -> str:
    """Return the nearest heading that says what its text is about, and not what the document is, or nothing."""
    for above in reversed(line.above):
        if above.is_heading and above.mark not in REMARKS:
            text = re.sub(r"(?:의 예|\s예시)$", "", heading_text(above.text))
            repeats = _is_alike(text, document) or text in document
            names_nothing = _GENERIC.fullmatch(text) or _SIGNS.search(text) or _ADDRESS.search(text) or is_clause(text)
            if not (repeats or names_nothing or ends_sentence(text) or re.search(r"[:：]", text)):
                return text
    return ""
