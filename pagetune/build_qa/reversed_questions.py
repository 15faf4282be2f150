"""The words of a reversed question: which question asks for the subject of a value, or for the term of a definition."""

import re

from pagetune.build_qa.draft import Draft, Reversal
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean, with_particle
from pagetune.text.morphemes import morphemes

#: Keys whose values are those of one subject in all documents, and what such a value looks like.
_IDENTIFYING = tuple(
    (re.compile(f"(?:{key})$", re.IGNORECASE), re.compile(value))
    for key, value in (
        (
            r"전화(?:\s?번호)?|연락처|팩스(?:\s?번호)?|TEL|(?:tele)?phone(?: number)?|FAX(?: number)?",
            r"\+?[\d(][\d() -]{6,20}",
        ),
        (r"이메일|전자\s?우편|메일|(?:메일|우편) 주소|e-?mail(?: address)?", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
        (r"(?:홈페이지|누리집|웹\s?사이트)(?: 주소)?|인터넷 주소|URL|website", r"(?:https?://)?[\w-]+(?:\.[\w-]+)+\S*"),
        (
            r"(?<!우편)(?<!우편 )(?<!전화)(?<!전화 )(?<!팩스)(?<!팩스 )번호|코드|ID|\bnumber|\bcode",
            r"(?=.*\d)[A-Za-z\d][A-Za-z\d-]{3,29}",
        ),
        (r"주소|소재지|address", r"(?=.*\d)(?=.*[가-힣A-Za-z])[^\n]{8,60}"),
        (
            r"대표자?|담당자|책임자|운영자|관리자|(?:센터|원|소|관|교|팀|과|국|부|실|이사|위원|회|사|단|점|총|학|은행)장(?<!교육장)",
            r"[가-힣]{2,4}(?: [가-힣]{2,6})?",
        ),
    )
)
#: Keys whose values name something: 난방수 부족은 어떤 오류의 원인인가요?
_NAMING = re.compile(r"이름|명칭|별칭|약칭|상호|원인")
#: The topic of a key in an English table: the phone number of Blue Room in “Rooms”.
_ENGLISH_TOPIC = re.compile(r"the (?P<key>.+) of (?P<subject>[^“”]+?)(?: in “[^“”]+”)?")
_NAME = re.compile(r"[가-힣A-Za-z][가-힣A-Za-z·\s-]{2,24}")
_PLACES = re.compile(
    r"(?:센터|은행|회사|법인|도서관|박물관|미술관|체육관|회관|본부|공단|공사|재단|협회|위원회|[시군구]청|보건소|보건지소|진료실|학교|병원|"
    r"의원|약국|연구[소원]|교육[원장]|사무[소국]|지점|영업점|대리점|부서|[가-힣]{2}[팀과실]|기관|업체|매장|시설)$"
)
#: How a definition ends, with the particle of what it ends in.
_MEANS = re.compile(r"([을를]) (?:말|뜻|의미|지칭)(?:한다|합니다|함)[.]?$")
_IS = re.compile(r"(?:이다|입니다|임)[.]?$")
#: A term is followed by one of these where it is defined.
_DEFINES = "['’\"”」]?(?:이란|란|이라 함은|라 함은),? "
#: The last morpheme of a meaning that names something.
_NOUN_TAGS = ("NNG", "NNP", "NNB", "XSN", "SL", "SSC")
#: What stands in the place of a value that is not known yet.
_OPEN = re.compile(
    r"미정|추후.*|해당\s?없음|없음|공석|미\s?지정|별도\s?(?:공지|안내|문의)|-+|TBD|N/?A|none", re.IGNORECASE
)
_PEOPLE = re.compile(r"(?:자|장|직원|위원|강사|팀원|교수|학생|회원|고객|의사|선수|대표|간사)$")
#: What a definition outside of its document does not explain, or more than one sentence.
_POINTS = re.compile(
    r"다음|각 [호목]|제\s?\d+[조항호]|(?<![가-힣])(?:이|본|그|동|해당|위|상기|전) |이하 |[.:;\n]|①|\(\s*\d"
)
MIN_MEANING, MAX_MEANING = 12, 80
_TERM = re.compile(r"(?:.*에서 )?['‘\"“]?(.+?)['’\"”]?(?:의 뜻)?")
#: The end of an English plural.
_PLURAL = re.compile(r"(?<=[^aeiou])(ies)$|(?<=ch)es$|(?<=sh)es$|(?<=ss)es$|(?<=x)es$|(?<![sui])s$")
#: What only words a power (금융위원회가 정하는 기한) names nothing.
_NO_TERM = re.compile(r"정하는|정하여|고시하는|[‘'“\"]")


def identifies(key: str, value: str) -> bool:
    """Tell whether a value is one subject's alone wherever it stands: a telephone number, an address, a code."""
    form = next((form for own, form in _IDENTIFYING if own.search(key)), None)
    return form is not None and form.fullmatch(value) is not None


def reversal_of(draft: Draft) -> Reversal | None:
    """Return the question that asks for what a draft is about, or None where its answer does not tell that."""
    found = draft.reversal
    if found is None and draft.kind == "definition":
        found = _of_definition(draft)
    if found is None and draft.kind == "key_value" and draft.topic:
        found = _of_key(draft.topic, draft.output.strip())
    is_open = found is not None and normal_form(found.subject) not in normal_form(found.instruction)
    return found if is_open else None


def _of_definition(draft: Draft) -> Reversal | None:
    """Turn "A란 무엇인가요? B를 말한다." round: "B를 무엇이라고 하나요?" asks for A."""
    asked = _TERM.fullmatch(draft.topic or "")
    term = re.escape(asked[1]) if asked else ""
    meaning = re.sub(rf"^.{{0,20}}?{term}{_DEFINES}", "", draft.output.strip())
    ends = _MEANS.search(meaning)
    noun = meaning[: ends.start()] if ends else _without_copula(meaning)
    if (
        asked is None
        or not _is_noun(noun)
        or _NO_TERM.search(asked[1])
        or not MIN_MEANING <= len(noun) <= MAX_MEANING
        or _POINTS.search(noun)
        or not is_korean(noun)
    ):
        return None
    if not ends and not re.search(r"[가-힣)]$", noun):
        return None
    return Reversal(f"{with_particle(noun, '을/를')} 무엇이라고 하나요?", asked[1], noun, everywhere=True)


def _without_copula(meaning: str) -> str:
    """Return a meaning without the 이다, 입니다 or 임 behind its noun; 모임 and 책임 are nouns themselves."""
    bare = meaning.rstrip(".")
    *_, before, _ = [None, None, *morphemes(bare)]
    return _IS.sub("", bare) if before and before.tag == "VCP" else bare


def _is_noun(meaning: str) -> bool:
    found = morphemes(with_particle(meaning, "을/를"))  # without a particle 거래 is a verb's form as well
    return len(found) > 1 and found[-1].tag == "JKO" and found[-2].tag in _NOUN_TAGS


def _of_key(topic: str, value: str) -> Reversal | None:
    """Turn "A의 전화번호" and its value round: "전화번호가 …인 곳은 어디인가요?" asks for A."""
    if not is_korean(topic):
        return _of_english_key(topic, value)
    where, _, own = topic.rpartition("에서 ")
    subject, _, key = own.rpartition("의 ")
    if not subject:
        return None
    if _OPEN.fullmatch(value):
        return None
    before = f"{where}에서 " if where else ""
    if identifies(key, value) and _PLACES.search(subject):
        said = value if any(map(str.isdigit, value)) or " " not in value else f"'{value}'"
        question = f"{before}{with_particle(key, '이/가')} {said}인 곳은 어디인가요?"
        return Reversal(question, subject, value, everywhere=True)
    if _NAMING.fullmatch(key) and _NAME.fullmatch(value) and not _PEOPLE.search(subject):
        of = f"어떤 {subject.split()[-1]}" if re.search(r"\S (?:오류|고장|장애|사고|증상)$", subject) else "무엇"
        named = with_particle(f"'{value}'", "은/는")
        question = f"{before}{named} {of}의 {key}인가요?"
        return Reversal(question, subject, value, everywhere=True)
    return None


def _of_english_key(topic: str, value: str) -> Reversal | None:
    found = _ENGLISH_TOPIC.fullmatch(topic)
    if found is None or not identifies(found["key"], value):
        return None
    return Reversal(f"Whose {in_lower_case(found['key'])} is {value}?", found["subject"], value, everywhere=True)


def singular(kind: str) -> str:
    """Return an English header that names many things for one of them: branches -> branch."""
    return _PLURAL.sub(lambda found: "y" if found[1] else "", kind)


def in_lower_case(words: str) -> str:
    """Return English words as they stand inside a sentence; URL and ID stay as they are."""
    words = re.sub(r"\b(phone|fax)$", r"\1 number", words, flags=re.IGNORECASE)
    return " ".join(word if word[1:] != word[1:].lower() or word == "I" else word.lower() for word in words.split())
