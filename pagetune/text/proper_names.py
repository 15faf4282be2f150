"""The proper names of a text, and which of them another text lacks."""

import re
from collections.abc import Iterable

from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme
from pagetune.text.notation import nfc

#: Only for English texts; a Latin word in a Korean text is a name anywhere.
_ENGLISH_NAME = re.compile(r"(?<=[a-z,;:] )[A-Z][a-z]{2,}\b")
_CITY = re.compile(r"(서울|부산|대구|인천|광주|대전|울산|세종)(?:특별자치시|특별시|광역시|시)")
_PROVINCE = re.compile(r"(강원|전북|전라북|제주)특별자치도")
_PROVINCES = {
    "경남": "경상남도",
    "경북": "경상북도",
    "전남": "전라남도",
    "전북": "전라북도",
    "충남": "충청남도",
    "충북": "충청북도",
}
_SHORT_PROVINCE = re.compile(rf"(?<![가-힣])({'|'.join(_PROVINCES)})도?")


def names_in(text: str, found: list[Morpheme]) -> frozenset[str]:
    """Return the names in `text`: Kiwi's among the morphemes `found` or, in English, the capitalised words."""
    proper = [token for token in found if token.tag == "NNP" and len(token.form) > 1 and is_korean(token.form)]
    # Kiwi may take a particle for a part of the name (민술 of 민수를): then the name is what the text has there.
    korean = {token.form if token.form in text else text[token.start : token.end] for token in proper}
    english = _ENGLISH_NAME.findall(text) if not found else []
    return frozenset(korean | {name.lower() for name in english})


def lacking(names: Iterable[str], text: str) -> set[str]:
    """Return the names that `text` lacks, however it is spaced and whichever form a city or province has there."""
    whole = _whole_name(text)
    return {name for name in names if _whole_name(name) not in whole}


def _whole_name(text: str) -> str:
    """Return `text` without spaces, with 서울 for 서울시 and 서울특별시, and 경상남도 for 경남."""
    text = _PROVINCE.sub(r"\1도", _CITY.sub(r"\1", re.sub(r"\s", "", nfc(text).lower())))
    return _SHORT_PROVINCE.sub(lambda found: _PROVINCES[found[1]], text)
