"""The endings of a Korean question: 얼마인가요? -> 얼마인지, 얼마입니까?, 얼마예요? It needs no analyser."""

import re

from pagetune.text.korean import has_final_consonant

#: Adjectives, which take 한지 and 은지 where verbs take 는지: 필요하나요? -> 필요한지.
_ADJECTIVE = re.compile(
    r"(?:(?:필요|가능|중요|적합|동일|유효|적절|충분|안전|유리|불리|타당|정당|필수적이|다양|특별|편리|곤란|적당|부족|유사|상이)하"
    r"|[많높낮좋싫같짧깊넓좁얕]|(?<![가-힣])(?:크|다르|빠르|비싸|싸))$"
)
_QUESTION_WORD = "얼마|언제|어디|누구|몇 [가-힣]{1,3}|얼마 동안"
_ASKS_FOR_A_NOUN = re.compile(rf"(.+?)[은는이가] ({_QUESTION_WORD})(?:인가요|입니까)[?]")
_IN_HAEYO = {
    "하": "해",
    "되": "돼",
    "있": "있어",
    "없": "없어",
    "받": "받아",
    "않": "않아",
    "지": "져",
    "가": "가",
    "오": "와",
}
_N, _L, _B = 4, 8, 17


def indirect(question: str) -> str | None:
    """Turn a Korean question into a clause: 얼마인가요? -> 얼마인지, 있나요? -> 있는지. None for any other ending."""
    if stem := _verb_stem(question):
        if not _ADJECTIVE.search(stem):
            return stem + "는지"
        return (stem + "은" if has_final_consonant(stem) else _with_final(stem, _N)) + "지"
    if re.search("(?:가|까)요[?]$", question) and _final(question[-4]) in (_N, _L):
        return question[:-3] + "지"
    if question.endswith("입니까?"):
        return question[:-4] + "인지"
    return question.rstrip("?").removesuffix("요") if re.search("[는은인한]지요?[?]$", question) else None


def formal(question: str) -> str | None:
    """Return the question in 합쇼체: 하나요? -> 합니까?, 있나요? -> 있습니까?, 무엇인가요? -> 무엇입니까?"""
    if question.endswith("나요?") and (stem := _verb_stem(question)):
        return (stem + "습" if has_final_consonant(stem) else _with_final(stem, _B)) + "니까?"
    return question[:-4] + "입니까?" if question.endswith("인가요?") else None


def friendly(question: str) -> str | None:
    """Return the question in 해요체, for the verbs that most questions end in: 하나요? -> 해요?"""
    if question.endswith("인가요?"):
        noun = question[:-4]
        return noun + ("이에요?" if has_final_consonant(noun) else "예요?")
    stem = _verb_stem(question)
    return stem[:-1] + _IN_HAEYO[stem[-1]] + "요?" if stem and stem[-1] in _IN_HAEYO else None


def keywords(question: str) -> str | None:
    """Return what one types into a search box: 수강료는 얼마인가요? -> 수강료 얼마?"""
    found = _ASKS_FOR_A_NOUN.fullmatch(question)
    return f"{found[1]} {found[2]}?" if found else None


def _verb_stem(question: str) -> str | None:
    """Return the question up to the stem of its verb or adjective: …해야 하나요? and …해야 합니까? -> …해야 하."""
    if len(question) > 4 and question.endswith("나요?") and "가" <= question[-4] <= "힣":
        return question[:-3]
    if question.endswith("습니까?"):
        return question[:-4]
    if len(question) > 4 and question.endswith("니까?") and _final(question[-4]) == _B and question[-4] != "입":
        return question[:-4] + chr(ord(question[-4]) - _B)
    return None


def _final(syllable: str) -> int | None:
    """Return the number of the final consonant, 0 for none; None where it is not a syllable."""
    return (ord(syllable) - ord("가")) % 28 if "가" <= syllable <= "힣" else None


def _with_final(stem: str, final: int) -> str:
    """Return `stem`, which ends in a vowel, with a final consonant."""
    return stem[:-1] + chr(ord(stem[-1]) + final)
