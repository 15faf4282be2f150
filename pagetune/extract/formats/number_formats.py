"""Write the values of a worksheet as its cells show them: 0.15 in the format 0% is 15%."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_BRACKETS = re.compile(r"\[\$([^-\]]*)[^\]]*\]|\[[^\]]*\]|_.|\*.")
_PLACES = re.compile(r"[0#?,]*[0#?](?:\.([0#?]+))?(,*)")


def shown(value: Any, number_format: str) -> str:
    """Return the text of a cell. A format that is unknown shows the value as it is stored."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time() and not re.search("h", number_format, re.IGNORECASE)
        return value.date().isoformat() if at_midnight else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, datetime.time):
        return value.strftime("%H:%M")
    return _number(value, number_format) if isinstance(value, int | float) else str(value)


def _number(value: float, number_format: str) -> str:
    sections = number_format.split(";")
    section = sections[1] if value < 0 and len(sections) > 1 and sections[1] else sections[0]
    literal = [found.group(1) or found.group(2) or "" for found in _QUOTED.finditer(section)]
    plain = _BRACKETS.sub(lambda found: found.group(1) or "", _QUOTED.sub("\0", section))
    places = _PLACES.search(plain)
    if places is None or "E+" in plain.upper() or "?/" in plain:
        return _general(value)
    digits = _digits(abs(value), plain, places)
    sign = "-" if value < 0 and section is sections[0] and digits.strip("0.,") else ""
    written = sign + plain[: places.start()] + digits + plain[places.end() :]
    for text in literal:
        written = written.replace("\0", text, 1)
    return written.replace("\0", "").strip()


def _digits(value: float, plain: str, places: re.Match[str]) -> str:
    decimals = places.group(1) or ""
    scaled = Decimal(repr(value)) * (100 if "%" in plain else 1) / 1000 ** len(places.group(2))
    rounded = scaled.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in places.group().rstrip(",") else f"{rounded:f}"
    optional = len(decimals) - len(decimals.rstrip("#"))
    for _ in range(optional):
        text = text.removesuffix("0")
    whole = re.match(r"[0#?,]*", places.group())
    least = whole.group().replace(",", "").count("0") if whole else 1
    return text.rstrip(".").zfill(least) if "," not in text else text.rstrip(".")


def _general(value: float) -> str:
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return str(int(value))
    return f"{Decimal(f'{value:.11g}'):f}"
