"""Amounts, periods and dates in a sentence, each with the question word that asks for it: 50억원 -> 얼마."""

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A space stands between it and its unit: 세 대, and not 세대.
_NATIVE = r"(?:(?:열|스물)?(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)|열|스무)(?=\s)"
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_LARGE = r"(?:\s?[십백천만억조]+(?:\s?\d[\d,]*\s?[십백천만억]*)*)?"
_COUNT = rf"(?:{_NUMBER}{_LARGE}|{_NATIVE})"
_HOW_MANY = r"몇 \1"
#: Behind a number and 개 or 장, what makes it a law or a table: 3개 법령.
_OTHER = "[가-힣]*[법령표]"
#: Units, and how one asks for them.
_UNITS = (
    (rf"\d\s?분의\s?{_NUMBER}", "몇 분의 몇"),
    (rf"{_NUMBER}\s?분의\s?{_NUMBER}", "얼마"),
    (rf"{_NUMBER}{_LARGE}\s?원", "얼마"),
    (rf"(?:미화\s?)?{_NUMBER}{_LARGE}\s?(?:달러|유로|엔)", "얼마"),
    (rf"{_NUMBER}\s?(?:퍼센트포인트|%p)", "몇 퍼센트포인트"),
    (rf"{_NUMBER}\s?(?:퍼센트|%|％|프로(?!그|젝|세|토))", "몇 퍼센트"),
    (rf"{_NUMBER}\s?영업일", "몇 영업일"),
    (rf"{_NUMBER}\s?개월|(?:{_NUMBER}|{_NATIVE})\s?달(?=간|\s)", "몇 개월"),
    (rf"{_NUMBER}\s?주(?:일)?(?=\s|간|이|[에의로을])", "몇 주"),
    (rf"{_NUMBER}\s?일(?!자로|본|요일|정|시|별|반|괄)", "며칠"),
    (rf"{_NUMBER}\s?년(?!\s?\d|도|부터)", "몇 년"),
    (rf"{_NUMBER}\s?시간\s{_NUMBER}\s?분", "몇 시간"),
    (rf"(?:오전|오후)?\s?{_NUMBER}\s?시(?:\s?\d+분)?(?![간설행점민도청내장])", "몇 시"),
    (rf"{_NUMBER}\s?(시간|분|초)(?![가-힣]*류|기|야)", _HOW_MANY),
    (rf"{_COUNT}\s?(?:명|인)(?![가-힣]?[증감가사])", "몇 명"),
    (rf"(?:{_NUMBER}|{_NATIVE})\s?(번|차례|회)(?!째|[사의계원])", _HOW_MANY),
    (rf"{_COUNT}\s?(개(?:사|소|교|국|팀)?|대|장|부|건|세|배|곳|권|점|매|종|층|평|쪽|학점|단계)(?!{_OTHER})", _HOW_MANY),
    (rf"{_NUMBER}{_LARGE}\s?((?:킬로|센티|밀리|제곱|평방)?미터|(?:킬로)?그램|(?:킬로)?와트|도)", _HOW_MANY),
    (rf"{_NUMBER}\s?(km|m|cm|mm|kg|g|W|kW|MB|GB|TB|Hz|㎡|㎞|㎝|㎜|㎏|℃|°C|bits?|비트|자|글자)(?![A-Za-z])", _HOW_MANY),
)  # fmt: skip
_PARTS = [(re.compile(rf"(?<![\w.,제\-~∼～])(?:{pattern})"), word) for pattern, word in _UNITS]
_DATE = re.compile(
    r"(?<![\d.])(?:\d{4}\s?년\s?)?\d{1,2}\s?월\s?\d{1,2}\s?일(?:\s(?:오전|오후)?\s?\d{1,2}시(?:\s?\d+분)?)?|\d{4}\s?년(?:\s?\d{1,2}\s?월)?(?=부터|에|까지|\s?말)|"
    r"(?<![\d.])\d{4}\.\s?\d{1,2}\.\s?\d{1,2}\.?"
)
_DAY_OF_MONTH = re.compile(r"(?<=매월 )\d{1,2}\s?일")
_RECURRING = re.compile(
    r"매년 \d{1,2}월(?:(?:과|와|,| 및)\s?\d{1,2}월)*(?!\s?\d)|(?:매주|매월|매달|매년|격주|매 분기|분기마다|매 학기)\s"
    r"(?:(?:첫|둘|셋|넷|다섯)째(?:\s주)?\s|마지막\s|[월화수목금토일]요일|말일)+"
    r"(?:\s?(?:오전|오후)?\s?\d+시(?:\s?\d+분)?부터\s(?:오전|오후)?\s?\d+시(?:\s?\d+분)?까지)?"
)


#: What may follow an amount that is asked for: a particle or a limit, and not a noun as in 24시간 접수센터.
_AFTER = re.compile(
    r"$|[,.]|[을를이가은는의에로으도만과와부인입임였여]|\s?(?:이상|이하|이내|이전|이후|미만|초과|까지|전|후|뒤|동안|간|안|내|범위|중|한도|정도|씩|째|마다|넘|지나|단위)"
    r"|\s[가-힣]{1,6}(?:하|한|합|할|받)"
)
#: A rate's unit: 1일 결제한도, 한 번에, 1인당.
_RATE = re.compile(
    r"(?:1|한)\s?(?:회|일|주간?|주일|인|건|명|사람|번|장|개|개월|달|년|시간|가구|세대|필지)(?:간의\s|에|당|이|의?\s(?!이내|이하|이상|미만|초과|전|후|동안|까지|범위))"
)


class Amount(NamedTuple):
    """Characters `start` to `end` of a text are an amount, and `word` asks for it."""

    start: int
    end: int
    word: str


def amounts(text: str) -> Iterator[Amount]:
    """Yield the amounts of a text in order; the two ends of a range count as one amount each."""
    found = [Amount(m.start(), m.end(), "언제") for m in _DATE.finditer(text)]
    found += [Amount(m.start(), m.end(), "며칠") for m in _DAY_OF_MONTH.finditer(text)]
    found += [Amount(m.start(), m.end(), "언제") for m in _RECURRING.finditer(text)]
    for pattern, word in _PARTS:
        found += [Amount(m.start(), m.end(), m.expand(word)) for m in pattern.finditer(text)]
    end = 0
    for amount in sorted(found, key=lambda a: (a.start, -a.end)):
        if amount.start >= end:
            end = amount.end
            is_rate = _RATE.match(text, amount.start) or text[: amount.start].endswith("매 ")
            if _AFTER.match(text, end) and not is_rate:
                yield amount
