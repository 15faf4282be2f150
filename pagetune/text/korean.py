"""Korean grammar that questions need: the particle after a noun, and the word that asks for it."""

import re

#: Particles in two forms: after a consonant, after a vowel.
TWO_FORMS = ("은/는", "이/가", "을/를", "과/와", "으로/로", "이란/란", "이나/나")
#: The number of the final consonant ㄹ, after which stands 로: 서울로.
_RIEUL = 8
#: How the digits 0 to 9 are read, for their final consonants.
_DIGITS = "영일이삼사오육칠팔구"
#: Latin letters whose Korean names end in a consonant: 엘, 엠, 엔, 알.
_CONSONANT_LETTERS = "lmnrLMNR"

#: What a key asks for, by how the key ends; the first match counts.
_INTERROGATIVES = (
    ("주소|위치|장소|소재지|교육장|강의실", "어디"),
    ("담당자|책임자|센터장|대표자?|소장|원장|강사|관리자|제조사|발행인", "누구"),
    ("수강료|요금|비용|수수료|금액|가격|보증금|연회비|이용료|부담금|사용료|과태료|위약금", "얼마"),
    (
        "설립일|시행일|접수일|발급일|시험일|휴관일|일자|날짜|마감일?|운영시간|이용시간|시간대|요일|개관일|발표일|기한|시한|시기|시각|시점",
        "언제",
    ),
    ("기간", "얼마 동안"),
    ("정원|인원|직원 수|수용 인원", "몇 명"),
)


def has_final_consonant(word: str) -> bool:
    """Tell whether `word` ends in a consonant, when quotes and brackets at its end are left out."""
    return _final(word) != 0 or _last(word) in tuple(_CONSONANT_LETTERS)


def _final(word: str) -> int:
    """Return the number of the consonant in which `word` ends, 0 for none."""
    last = _last(word)
    return (ord(last) - ord("가")) % 28 if "가" <= last <= "힣" else 0


def _last(word: str) -> str:
    """Return the last letter as it is read, without quotes and brackets behind it."""
    last = re.sub(r"([\s\"'”’」』>]|\([^()]*\))+$", "", word)[-1:]
    return _DIGITS[int(last)] if last.isdigit() and last.isascii() else last


def with_particle(word: str, pair: str) -> str:
    """Return `word` with one of `pair`, which is "after a consonant/after a vowel": 은/는, 이/가, 을/를, 이란/란."""
    after_consonant, after_vowel = pair.split("/")
    if pair == "으로/로" and _final(word) == _RIEUL:
        return word + after_vowel
    return word + (after_consonant if has_final_consonant(word) else after_vowel)


def interrogative(key: str) -> str:
    """Return the question word for a key such as "대표전화" or "수강료": 어디, 누구, 얼마, 언제, 몇 명 or 무엇."""
    bare = re.sub(r"\([^)]*\)$", "", key).strip()
    return next((word for ending, word in _INTERROGATIVES if re.search(f"({ending})$", bare)), "무엇")


def is_korean(text: str) -> bool:
    return re.search("[가-힣]", text) is not None
