"""Write the values of a worksheet as its cells show them: 0.15 in the format 0% is 15%."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_BRACKETS = re.compile(r"\[\$([^-\]]*)[^\]]*\]|\[[^\]]*\]|_.|\*.")
_PLACES = re.compile(r"[0#?,]*[0#?](?:\.([0#?]+))?(,*)")
#: A section that is chosen by a condition: [>=1000].
_CONDITION = re.compile(r"\[[<>=]")


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
    places = list(_PLACES.finditer(plain))
    if not places or "E+" in plain.upper() or "?/" in plain or _CONDITION.search(number_format):
        return _general(value)
    first, last = places[0], places[-1]
    try:
        digits = _digits(abs(value), plain, first) if first is last else _grouped(abs(value), plain, first, last)
    except InvalidOperation:  # it has too many digits to round, or its places are not groups of one number
        return _general(value)
    sign = "-" if value < 0 and section is sections[0] and digits.strip("0.,-") else ""
    written = sign + plain[: first.start()] + digits + plain[last.end() :]
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


def _grouped(value: float, plain: str, first: re.Match[str], last: re.Match[str]) -> str:
    """Fill the places of a number in groups, as 000-00-00000, from the right; the first place takes what is left."""
    groups = plain[first.start() : last.end()]
    if "%" in plain or re.search(r"[.,]", groups):
        raise InvalidOperation
    left = f"{Decimal(repr(value)).quantize(Decimal(1), ROUND_HALF_UP):f}"
    left = "" if left == "0" else left
    written: list[str] = []
    for sign in reversed(groups):
        if sign not in "0#?":
            written.append(sign)
        else:
            written.append(left[-1:] or ("0" if sign == "0" else ""))
            left = left[:-1]
    return left + "".join(reversed(written))


def _general(value: float) -> str:
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return str(int(value))
    return f"{Decimal(f'{value:.11g}'):f}"
