"""Pairs from lines that give a value to a label: 사업기간: 계약일부터 6개월, 물리적 망분리: … 분리하는 방식이다."""

import re
from collections.abc import Iterator

from pagetune.build_qa.draft import Draft
from pagetune.build_qa.naming import Names
from pagetune.build_qa.sentences.clauses import Clause
from pagetune.build_qa.texts.outline import REMARKS, Line
from pagetune.build_qa.texts.owner import heading_text, owned, section_of
from pagetune.text.korean import interrogative, is_korean, with_particle
from pagetune.text.note_style import as_sentence

LABEL = re.compile(r"([^:：()\[\]]{2,30}?(?:\([^()]{1,30}\))?)\s*(?<!\d)[:：](?!//)\s*(\S.*)$")
#: A label in brackets: (지원금액) 업체당 최대 500만 원.
_LABEL_IN_BRACKETS = re.compile(
    r"[(\[【]([^)\]】\d]{2,14})(?<!기준)(?<!포함)(?<!제외)(?<!예정)(?<!이상)(?<!이하)(?<!한함)[)\]】]\s*(\S.*)$"
)
#: A field of a patent's first page has a number instead of a colon: (21) 출원번호 10-2021-0175798 (22) 출원일자 ….
_FIELD = re.compile(
    r"\((?:11|21|22|24|43|45)\)\s?(공개번호|등록번호|출원번호|출원일자?|공개일자?|등록일자?|공고일자?)\s(\S+)(?=\s|$)"
)
#: Labels that ask for something, by their ending.
_ASKS = re.compile(
    r"(?:명|명칭|이름|기간|일시|일자|날짜|시간|시각|시기|장소|주소|위치|소재지|대상|대상자|금액|예산|비용|요금|가격|단가|사업비|"
    r"수강료|참가비|회비|이용료|수수료|보수|규모|수량|면적|방법|방식|형태|절차|자격|요건|조건|기준|범위|내용|목적|목표|배경|근거|효과|"
    r"기능|용도|종류|유형|구성|재질|색상|크기|규격|용량|무게|중량|온도|습도|전압|전력|처|기관|부서|담당|담당자|책임자|대표|대표자|"
    r"전화|번호|연락처|팩스|이메일|홈페이지|누리집|서류|준비물|혜택|인원|정원|과목|등급|비율|수익률|한도|횟수|주기|시점|기한|마감|"
    r"언어|버전|증상|원인|조치|대책|역할|책임|업무|업종|주관|주최|후원|운용사|판매사|수탁사|설정일|통화|계획|일정|순서|문의|사항|"
    r"사유|이유|특징|장점|단점|원칙|방침|방향|전략|제외대상|지수|벤치마크|위험|주의|분류|요령|결과|비중|밀도|농도|속도|강도|순도|점도|"
    r"[가-힣](?:수|량|율|률|금|료|비|액|점))$"
)
#: Labels that do not ask: they announce an example, a remark, a source or a signature.
_NOLABEL = re.compile(
    r"(?:예|예시|예\d|참고|주|비고|단위|자료|출처|그림\s?\d*|표\s?\d*|사진|성명|서명|직위|직급|소속|생년월일|이하|즉|단|다만|주의|"
    r"기타|별첨|붙임|서식|끝|문|답|질문|답변|Q\d*|A\d*)$|.*(?:하고|하며|이고|으로|에서|에게|면|은|는)$|\d"
)
#: Labels that are a case, and what to do in it: 눈에 들어갔을 때: 물로 씻을 것.
_CASE = re.compile(r"(?:[가-힣] 때|경우|(?<=[가-힣]) ?시)(?:에는?)?$")
_AMOUNT = re.compile(r"^(?:총|약|금|일금|최대|최소|연간|월)?\s?[-−]?[\d,.]+")
#: Values that are blanks to fill in, or only say where the value stands.
_NO_VALUE = re.compile(
    r"^[\W_]*$|\(\s?(?:서명|인|날인|직인)\s?\)|[_＿]{2,}|0{4}|[○ㅇ〇oO]{2,}(?![a-z])|\b년\s+월\s+일|"
    r"(?:에 따름|참조|참고|별도 ?공지|추후 ?공지)[.)]?$|^(?:상동|해당\s?없음|별도|없음)$|\S\s?[:：]\s"
)
_LAST_BRACKET = re.compile(r"\s?\([^()]*\)\.?$")
_SENTENCE_END = re.compile(r"(?:다|요|오|함|음|임|됨|것|려움|없음|있음)\.?$")
#: How a definition ends, or the noun that stands for one.
_DEFINES = re.compile(
    r"(?:(?:말|의미|뜻|지칭|일컫)(?:한다|합니다|함)|[는한된은을할될인] (?:[가-힣]+ )?"
    r"(?:것(?=이|입|임)|방식|방법|자|제도|기술|기능|시스템|장치|서비스|절차|행위|체계|과정|도구|프로그램|상태|현상|기관|물질|비용|"
    r"기간|비율|권리|의무|업무|활동|조치|정보|자료|수단|단위|값|점)(?:이다|입니다|임)?)\.?$"
)
_SOMEBODY = re.compile(r"(?:\S+ ){0,2}[가-힣]+(?:자|인|기관|회사|부서)[은는] ")
_PERIOD = re.compile(r"부터.*(?:[~∼～]|까지)|\d{4}\s?[.년].*[~∼～]|\d:\d\d\s?[~∼～-]")
#: How long something takes (발표 10분 이내, 2시간), and a time of day.
_LASTS, _CLOCK = re.compile(r"\d\s?(?:시간|분)"), re.compile(r"\d\s?시(?!간)|\d:\d\d")
_WORDS = (
    (re.compile(r"(?:처|장소|위치|주소|소재지|기관|홈페이지|누리집)$"), "어디"),
    (re.compile(r"(?:일시|날짜|시간)$"), "언제"),
    (re.compile(r"(?:금액|예산|사업비|단가|비용|[가-힣](?:수|량|율|률|금|료|비|액|점))$"), "얼마"),
    (re.compile(r"(?:농도|비중|밀도|속도|온도|습도|압력|전압|전력|크기|무게|중량|용량|면적|높이|길이|두께)$"), "얼마"),
)
MIN_VALUE_CHARACTERS, MAX_VALUE_CHARACTERS = 2, 300


def label_drafts(line: Line, names: Names) -> Iterator[Draft]:
    """Ask for the value that stands behind a label and a colon."""
    match = LABEL.match(line.text) or _LABEL_IN_BRACKETS.match(line.text)
    if not match or line.mark in REMARKS:
        return
    label, value = heading_text(match[1]), match[2].strip()
    if _NOLABEL.match(label) or _NO_VALUE.search(value) or not is_korean(label):
        return
    if not MIN_VALUE_CHARACTERS <= len(value) <= MAX_VALUE_CHARACTERS or names.points_back(value):
        return
    place = line.place().model_copy(update={"start": line.start + match.start(1)})
    if _CASE.search(label) and as_sentence(value) and names.document:
        question = f"{names.document}에 따르면 {label} 어떻게 해야 하나요?"
        yield Draft("statement", line.page_number, question, value, place, section_of(line))
    elif _DEFINES.search(value) and not _ASKS.search(label) and not _has_topic(value) and len(value) > 15:
        question = f"{with_particle(label, '이란/란')} 무엇인가요?"
        yield Draft("definition", line.page_number, question, value, place, section_of(line), label)
    elif _ASKS.search(label) and not _SENTENCE_END.search(_LAST_BRACKET.sub("", value)):
        topic = owned(label, line, names)
        if topic and value not in topic:
            question = value_question(topic, value)
            yield Draft("key_value", line.page_number, question, value, place, section_of(line), topic)


def _has_topic(value: str) -> bool:
    """Tell whether a value is about something else than its label."""
    return Clause(value.rstrip(".")).topic is not None or _SOMEBODY.match(value) is not None


def field_drafts(line: Line, names: Names) -> Iterator[Draft]:
    """Ask for the numbered fields of a patent's first page."""
    text = f"{line.mark_text} {line.text}" if line.mark == "(1)" else line.text
    for match in _FIELD.finditer(text) if names.document else ():
        topic = f"{names.document}의 {match[1]}"
        question = f"{with_particle(topic, '은/는')} {interrogative(match[1])}인가요?"
        place = line.place().model_copy(update={"start": line.begin})
        yield Draft("key_value", line.page_number, question, match[2], place, section_of(line), topic)


def value_question(topic: str, value: str) -> str:
    """Return the question for a topic's value: 신청방법은 어떻게 되나요, 문의처는 어디인가요."""
    if re.search(r"(?:방법|절차|순서)$", topic):
        return f"{with_particle(topic, '은/는')} 어떻게 되나요?"
    return f"{with_particle(topic, '은/는')} {_question_word(topic, value)}인가요?"


def _question_word(label: str, value: str) -> str:
    """Return the words that ask for a label's value, by both: 언제부터 언제까지, 어디, 얼마, 무엇."""
    if re.search(r"(?:기간|일시|일정|시간)$", label) and _PERIOD.search(value):
        return "언제부터 언제까지"
    if label.endswith("시간") and _LASTS.search(value) and not _CLOCK.search(value):
        return "얼마"
    return next(
        (word for pattern, word in _WORDS if pattern.search(label) and _fits(word, value)), interrogative(label)
    )


def _fits(word: str, value: str) -> bool:
    return word != "얼마" or _AMOUNT.search(value) is not None
