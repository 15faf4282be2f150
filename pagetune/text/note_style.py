"""Turn the note style of Korean public documents (…하여야 함, …제출할 것, …로 제출) into sentences."""

import re

from pagetune.text.korean import with_particle
from pagetune.text.morphemes import Morpheme, kiwi, morphemes
from pagetune.text.sentences import ends_sentence

#: Nouns that stand for their verb at the end of a note: 홈페이지에 게시 is 홈페이지에 게시한다.
_ACTIONS = re.compile(
    "제출|작성|실시|제시|제공|설명|준수|이행|수행|관리|운영|점검|확인|보고|통보|통지|신고|신청|접수|등록|발급|교부|"
    "지급|납부|부과|환급|반환|반납|보관|보존|폐기|파기|삭제|게시|공고|공개|공지|안내|문의|협의|협조|조치|처리|적용|"
    "준용|반영|포함|제외|제한|금지|허용|승인|결정|선정|평가|심사|검토|산정|산출|계산|합산|환산|부여|배정|배치|지정|"
    "임명|위촉|구성|구축|설치|설정|변경|수정|보완|개선|강화|확대|확보|유지|보장|지원|추진|시행|진행|개최|참여|참석|"
    "참가|제작|제조|구매|구입|교체|교환|수리|청소|세척|소독|착용|사용|이용|활용|복용|투여|섭취|측정|기록|기재|명시|"
    "표시|표기|서명|날인|첨부|발송|송부|전송|전달|배부|배포|수령|인수|인계|대여|예약|취소|해지|해제|종료|중지|중단|"
    "연장|갱신|홍보|모집|채용|연락|방문|출석|입금|송금|이체|결제|정산|요청|요구|권고|권장|유의|주의|참고|참조|차단|"
    "격리|대피|이동|보호|예방|방지|대응|대비|분석|조사|검사|검증|도출|수립|마련|제정|개정|폐지|구분|분류|저장|전환|"
    "도입|선택|입력|출력|조회|응시|배출|제거|희석|환기|밀봉|냉각|가열|건조|투입|혼합|회수|운반|적재"
)
#: Nouns that become an adjective: 조정 가능 is 조정이 가능하다.
_STATES = re.compile("필요|가능|불가능|불필요|동일|적합|부적합|곤란")
_ORDER = re.compile(r"(?:십시오|시오|[으하지]?세요|시기 바랍니다)\.$")
#: What is ordered may be half of a sentence only: …며, … 끼워 두십시오.
_TWO_CLAUSES = re.compile(r"[가-힣](?:며|고|지만|으나|므로),? ")
_ADVERBIAL = {"JKB", "JKO", "MAG", "EC", "JX"}
#: Tags after which the present tense is 한다 and 않는다 rather than 하다 and 크다.
_VERBS = ("VV", "XSV")


def as_sentence(text: str) -> str | None:
    """Return `text` as a sentence with its full stop: as it stands, or with its noun ending turned into a verb's.

    None for a fragment, such as a heading.
    """
    text = text.strip()
    if ends_sentence(text) and re.search(r"(?:다|요|까)\.$", text) and not _ORDER.search(text):
        return text
    text = text.removesuffix(".")
    found = [morpheme for morpheme in morphemes(text) if morpheme.tag not in ("SP", "SS")]
    if len(found) < 3 or found[-1].end != len(text):
        return None
    spelled = _order(text, found) or _verb_ending(text, found) or _obligation(text, found) or _noun_ending(text, found)
    return f"{spelled}." if spelled else None


def _verb_ending(text: str, found: list[Morpheme]) -> str | None:
    """Spell out 함, 됨, 임, 있음 and 것임."""
    stem, ending = found[-2], found[-1]
    if ending.tag not in ("EF", "ETN") or ending.form not in ("ᆷ", "음"):
        return None
    if stem.tag == "EP":
        return text[: ending.start] + "다"
    present = ("ᆫ다" if _ends_in_vowel(stem.form) else "는다") if _is_verb(found) else "다"
    return text[: stem.start] + _joined(stem, (present, "EF"))


def _order(text: str, found: list[Morpheme]) -> str | None:
    """Spell out an order: 교체하십시오 is 교체해야 합니다, 만지지 마세요 is 만져서는 안 됩니다."""
    if not _ORDER.search(f"{text}.") or found[-1].tag != "EF" or _TWO_CLAUSES.search(text):
        return None
    stems = [morpheme for morpheme in _before_wish(found)[:-1] if morpheme.tag != "EP"]
    helper, ending, verb = stems[-1], stems[-2], stems[-3]
    if helper.form == "말" and ending.form == "지":
        return text[: verb.start] + _joined(verb, ("어서", "EC"), ("는", "JX")) + " 안 됩니다"
    if helper.form in ("주", "보") and helper.tag == "VX" and ending.tag == "EC":
        helper = verb
    if not helper.tag.startswith((*_VERBS, "VX")):
        return None
    return text[: helper.start] + _joined(helper, ("어야", "EC")) + " 합니다"


def _before_wish(found: list[Morpheme]) -> list[Morpheme]:
    """Leave out the wish of a polite order: 참고하시기 바랍니다 orders 참고하시."""
    forms = [morpheme.form for morpheme in found[-3:-1]]
    return found[:-2] if forms == ["기", "바라"] else found


def _obligation(text: str, found: list[Morpheme]) -> str | None:
    """Spell out an order: 제출할 것 is 제출해야 한다."""
    stem, ending, thing = found[-3:]
    if thing.form != "것" or ending.form not in ("ᆯ", "을") or not stem.tag.startswith((*_VERBS, "VX")):
        return None
    return text[: stem.start] + _joined(stem, ("어야", "EC")) + " 한다"


def _noun_ending(text: str, found: list[Morpheme]) -> str | None:
    """Spell out a noun that stands for its verb or adjective."""
    before, noun = found[-2], found[-1]
    if noun.tag != "NNG":
        return None
    if _STATES.fullmatch(noun.form) and before.tag in ("NNG", "ETN", "XSN"):
        return f"{with_particle(text[: before.end], '이/가')} {noun.form}하다"
    if _STATES.fullmatch(noun.form) and before.tag in ("JKS", "JX"):
        return f"{text}하다"
    return f"{text}한다" if _ACTIONS.fullmatch(noun.form) and before.tag in _ADVERBIAL else None


def _is_verb(found: list[Morpheme]) -> bool:
    """Tell whether the last stem is a verb's. 하다 and 않다 after a verb are verbs too."""
    stem = found[-2]
    if stem.form in ("있", "없"):
        return False
    if stem.tag.startswith("VX") and len(found) > 3:
        return not any(morpheme.tag.startswith(("VA", "XSA", "VCP")) for morpheme in found[-4:-2])
    return stem.tag.startswith(_VERBS)


def _ends_in_vowel(stem: str) -> bool:
    return (ord(stem[-1]) - ord("가")) % 28 == 0


def _joined(stem: Morpheme, *endings: tuple[str, str]) -> str:
    return str(kiwi().join([(stem.form, stem.tag), *endings]))
