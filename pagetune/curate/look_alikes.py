"""A user's own rows that all follow one template, and differ only in what they are about.

Near-duplicates are kept on one side of the split, as a family. Rows of a template would be one family of thousands, and
nothing could be held out. So they are told apart by what they name: 상품 123의 가격 is not 상품 124의 가격.
"""

import re
from collections import Counter, defaultdict

from pagetune.curate.duplicates import families, without_endings
from pagetune.records import Pair

#: More own rows that look alike follow a template: nobody words one fact in that many ways.
TEMPLATE_ROWS = 20
#: Numbers, and codes with a number: 000123, NB-700, v2.
_NUMBER = re.compile(r"[A-Za-z\d-]*\d[A-Za-z\d,.:/-]*")


def divide_by_name(pairs: list[Pair], threshold: float) -> tuple[list[list[Pair]], set[str]]:
    """Group pairs into families, but rows of a template by what they name; return also the ids of such rows.

    More than `TEMPLATE_ROWS` own rows follow a template where they ask the same but for numbers, or are one family.
    Rows that name the same numbers, codes and words stay together.
    """
    asked = [_without_numbers(pair) if pair.page_number is None else None for pair in pairs]
    times = Counter(asked)
    alike = [pair for pair, form in zip(pairs, asked, strict=True) if form is not None and times[form] > TEMPLATE_ROWS]
    ids = {pair.pair_id for pair in alike}
    groups = _by_name(alike)
    for family in families([pair for pair in pairs if pair.pair_id not in ids], threshold):
        own = [pair for pair in family if pair.page_number is None] if len(family) > TEMPLATE_ROWS else []
        if len(own) <= TEMPLATE_ROWS:
            groups.append(family)
            continue
        groups += _by_name(own)
        ids.update(pair.pair_id for pair in own)
        groups += [others] if (others := [pair for pair in family if pair.page_number is not None]) else []
    return groups, ids


def _without_numbers(pair: Pair) -> str:
    return _NUMBER.sub("0", pair.compared)


def _by_name(rows: list[Pair]) -> list[list[Pair]]:
    by_name: dict[object, list[Pair]] = defaultdict(list)
    for pair in rows:
        numbers = tuple(number.replace(",", "") for number in _NUMBER.findall(pair.compared))
        by_name[numbers, without_endings(pair.compared)].append(pair)
    return list(by_name.values())
