"""Pairs from sentences that give a value to a key: `X의 Y는 Z입니다`, `대표전화는 …입니다`."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pagetune.build_qa.draft import SENTENCE_GAP, Document, Draft, Paragraph
from pagetune.text.korean import has_final_consonant, interrogative, with_particle

_FACT = re.compile(r"([^,.]{2,30}의 [^,.]{1,30}?)([은는]) ([^?!]{2,100}?)(?:입니다|이다)\.$")
#: Keys that need no subject, because they say by themselves what kind of thing is asked for.
_BARE_KEYS = (
    "대표전화|전화번호|팩스번호?|이메일|누리집|홈페이지|주소|소재지|영업시간|운영시간|진료시간|개관시간|접수기간|신청기간|"
    "교육기간|이용료|수강료|연회비|참가비|문의처|담당 부서|시행일|마감일|정원"
)
_BARE_FACT = re.compile(rf"((?:[가-힣]{{2,8}} )?(?:{_BARE_KEYS}))([은는]) ([^?!]{{2,100}}?)(?:입니다|이다)\.$")
#: Subjects that any document may have.
_GENERIC = re.compile(
    "개요|현황|일반 현황|기본 정보|연락처|문의처|문의|안내|요약|표|별표|붙임|"
    "센터|회사|당사|본사|당행|본점|은행|기관|기구|학교|병원|도서관|보건소|박물관|본관|본원|서비스|제품|상품|과정|교육|수업|"
    "사업|행사|대회|시설|고객센터|콜센터|홈페이지|누리집|담당 부서|사무국|사무실|위원회|협회|재단|조합|공단|카드|보험|"
    "계좌"
)
#: Words at the end of a title that say what kind of document it is.
_DOCUMENT_WORDS = (
    r"(?:\s*(?:자주 묻는 질문|이용 문답|질의응답|문답|FAQ|Q&A|이용 안내서?|사용 안내서|교육 안내|안내서|안내문|안내|"
    r"공고문?|이용규정|운영규정|규정|규칙|지침|매뉴얼|사용 설명서|설명서|약관|보고서|모음집?))+$"
)
#: A second clause: 직원은 3명, 5만원이고 심화 과정의 수강료. In 변화하는 환경 and 넓은 방 there is none.
_ADNOMINAL = r"(?<![하되받있없많넓높같지오가보내주나르쓰드리만적작좁깊크맞쉽][은는])"
_SECOND_CLAUSE = re.compile(rf"[가-힣][은는]{_ADNOMINAL} |[가-힣](?:이고|이며|이지만|지만|으나),? ")
#: Words that cannot be asked for.
_NOT_A_KEY = re.compile(r"(?:경우|대부분|것)$")
#: Openings that refer back to an earlier sentence, or to a figure.
_REFERS_BACK = re.compile(
    r"만약|[\[<「(]|(?:다음|아래|위|앞)(?:의|과)?\s|(이|그|저|해당|위|아래|본|이들|그들|또한|그리고|다만|따라서)(의)?\s|이것|그것|여기|거기"
)


def value_drafts(document: Document) -> Iterator[Draft]:
    """Ask for the value of each key, with its owner."""
    for paragraph in document.paragraphs:
        for sentence in _whole_sentences(paragraph):
            match = _FACT.match(sentence.text) or _BARE_FACT.match(sentence.text)
            if match and not _REFERS_BACK.match(sentence.text) and _particle_fits(*match.group(1, 2)):
                draft = _draft(_with_owner(match.group(1), document.title), match.group(3), sentence)
                yield draft if _is_one_clause(match) else replace(draft, reason="two_clauses")


def gives_value(sentence: str) -> bool:
    """Tell whether a sentence is asked here, so that no other rule asks it again."""
    match = _FACT.match(sentence) or _BARE_FACT.match(sentence)
    return match is not None and _particle_fits(*match.group(1, 2)) and _is_one_clause(match)


def _draft(topic: str, answer: str, sentence: Paragraph) -> Draft:
    question = f"{with_particle(topic, '은/는')} {interrogative(topic)}인가요?"
    return Draft("key_value", sentence.page_number, question, answer, sentence.place(), sentence.section, topic)


def _is_one_clause(match: re.Match[str]) -> bool:
    """Tell whether the sentence has one subject, one key and one answer."""
    topic, _, answer = match.groups()
    return not (_SECOND_CLAUSE.search(f"{topic} ") or _SECOND_CLAUSE.search(answer) or _NOT_A_KEY.search(topic))


def _with_owner(topic: str, title: str) -> str:
    """Name the owner in a topic that any document could have: 센터의 주소 -> 금융보안교육센터의 주소."""
    owner = re.sub(_DOCUMENT_WORDS, "", title).strip() or title
    subject, _, key = topic.rpartition("의 ")
    if not subject:
        return f"{owner}의 {topic}"
    if not _GENERIC.fullmatch(subject):
        return topic
    return f"{owner}의 {key}" if owner.endswith(subject) else f"{title}에서 {topic}"


def _whole_sentences(paragraph: Paragraph) -> list[Paragraph]:
    """Split a paragraph into sentences, and drop the rest of a sentence from the page before."""
    sentences = paragraph.split(SENTENCE_GAP)
    return sentences[1:] if paragraph.is_fragment else sentences


def _particle_fits(topic: str, particle: str) -> bool:
    """Tell whether 은 follows a consonant or 는 a vowel; otherwise the syllable belongs to a word."""
    return has_final_consonant(topic) == (particle == "은")
