"""The units of a table's numbers: which ones it says, in its caption or beside it, and which number they belong to."""

import re

from pagetune.records import Page

_UNIT_WORD = (
    r"(?:[백십]?[만억]|천|백만|십억|조)?\s?(?:원|달러|엔|위안|유로)|천만\s?원|%p|%|점|명|인|개월|개|건|회|대|권|시간|분|초|일|년|세|㎡|m2|㎥|km|cm|mm|m|kg|g|mg|t|톤|ℓ|L|mL|㎖|kW|W|V|A|"
    r"Hz|GB|MB|TB|℃|°C|\$|USD|달러|유로|mmol/L|nmol/L|mmHg|ppm|dB|평|호|가구|면|석|쪽|학점|배"
)
UNIT = re.compile(rf"\s?[(（\[]\s?(?:단위\s?[:：]?\s?)?({_UNIT_WORD})\s?[)）\]]$")
#: What gives the units of a table's numbers: (단위: 천원), (억 달러, %).
_UNIT_NOTE = re.compile(
    rf"[(（<\[]\s?(?:단위\s?[:：]\s?(?P<one>{_UNIT_WORD})|(?:단위\s?[:：]\s?)?(?P<several>[^()（）\[\]<>]*))\s?[)）>\]]"
)
_PERCENT = ("%", "%p")
#: A number in brackets, which is a change or a share beside the amounts: (△14.6).
_IN_BRACKETS = re.compile(r"\([-+△▲▽▼]?\s?[\d,.]+\)")
#: Keys whose numbers have units of their own, whatever a table's note says.
_COUNTS = re.compile(
    r"(?:인원|정원|명수|[가-힣]\s?수|개수|건수|횟수|수량|등급|점수|배점|평점|순위|번호|코드|연도|년도|나이|연령|층)$"
)
_RATIOS = re.compile(r"(?:비율|비중|율|률|구성비)$")
_SIZES = re.compile(r"(?:면적|길이|크기|무게|중량|규모|기간|시간|용량|거리|일수)$")
_MONEY = re.compile(r"(?:금액|요금|비용|가격|단가|료|비|액|예산|보증금|소득|급여|수당|이익|자산|부채|자본|수입|지출)$")


def units_of(text: str) -> list[str]:
    """Return the units that a note such as "(단위: 천원)" or "(억 달러, 전년 대비, %)" gives."""
    for found in _UNIT_NOTE.finditer(text):
        words = [found["one"]] if found["one"] else re.split(r"\s?[,、/]\s?", found["several"].strip())
        units = [word for word in words if re.fullmatch(_UNIT_WORD, word)]
        if units and (found["one"] or "단위" in found.group() or len(words) > 1):
            return units
    return []


def unit_among(units: list[str], key: str, value: str) -> str:
    """Return the unit of a value among those of a table: the percent of a rate and of a number in brackets, or ""."""
    percents = [unit for unit in units if unit in _PERCENT]
    others = [unit for unit in units if unit not in _PERCENT]
    if others and percents and (_RATIOS.search(key) or _IN_BRACKETS.fullmatch(value)):
        return percents[0]
    found = others or percents
    return found[0] if len(found) == 1 else ""


def unit_fits(unit: str, key: str) -> bool:
    """Tell whether a unit that a note gives for a whole table can be that of a column: 원 is not that of 인원."""
    if re.search(r"원|달러|유로|USD|[$]", unit):
        return not _COUNTS.search(key) and not _RATIOS.search(key) and not _SIZES.search(key)
    others = (_MONEY, _SIZES) if unit in _PERCENT else (_MONEY, _RATIOS)
    return not any(kind.search(key) for kind in others) and (unit not in _PERCENT or not _COUNTS.search(key))


def units_of_page(page: Page) -> list[str]:
    """Return the units of a page's only table, where the page has one note of them, or the percent of all its notes."""
    notes = [units for line in page.text.split("\n") if (units := units_of(line))]
    if len(notes) == 1 and len(page.tables) == 1:
        return notes[0]
    return ["%"] if notes and all(units[0] == "%" for units in notes) else []
