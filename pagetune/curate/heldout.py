"""Choose what training never sees, as a pure function of seed and content.

A document is heldout if its hash is below `curate.heldout_fraction`, if it is pinned, or if it shares enough pairs with
a heldout one. Where several documents are heldout by hash, adding more never moves one from heldout into training.

A hash may also choose nothing, or everything. Then the lowest hash is held out, or the highest is trained on, so that
both sides keep pairs. What is held out that way may change with the documents: any rule that always holds out
something, always leaves something to train on, and never moves a document back would hold out all documents but one.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from pagetune.curate.units import Unit
from pagetune.params import Curate
from pagetune.records import Pair

#: Two documents are one family where this share of the smaller one's pairs has a near-duplicate in the other.
FAMILY_SHARE = 0.1
#: With fewer heldout pairs a score says little, and with a larger share of all there is little left to train on.
_ENOUGH_PAIRS, _HALF = 10, 0.5
#: The reason of a unit that is heldout although its hash is not below `curate.heldout_fraction`.
LOWEST = "lowest hash"


def hash_fraction(seed: int, purpose: str, *content: str) -> float:
    """Return a number from 0 to 1 that depends only on the arguments."""
    digest = hashlib.sha256("\x1f".join([str(seed), purpose, *content]).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


class Sides:
    """The units of one layout, by hash, and how many pairs a choice of them leaves on both sides of the split.

    `distinct` are the ids of the pairs that are neither duplicates nor contradictions. A family that is on both sides
    is used by neither.
    """

    def __init__(self, groups: list[list[Pair]], unit_of: dict[str, Unit], distinct: set[str], seed: int) -> None:
        self.unit_of = unit_of
        self._size = Counter(unit_of.values())
        self.hashes = {unit: hash_fraction(seed, "heldout", *unit) for unit in self._size}
        self.by_hash = sorted(self.hashes, key=lambda unit: (self.hashes[unit], unit))
        self._families: dict[Unit, list[set[Unit]]] = defaultdict(list)
        self._pairs: Counter[Unit] = Counter()
        self._shared: Counter[frozenset[Unit]] = Counter()
        for group in groups:
            members = {unit_of[pair.pair_id] for pair in group}
            count = sum(pair.pair_id in distinct for pair in group)
            if len(members) == 1:
                self._pairs.update(dict.fromkeys(members, count))
                continue
            self._shared[frozenset(members)] += count
            for unit in members:
                self._families[unit].append(members)
        self.total = len(distinct)

    def with_relatives(self, chosen: dict[Unit, str]) -> dict[Unit, str]:
        """Add copies and versions of the chosen units, and theirs in turn, each with the reason."""
        found = dict(chosen)
        waiting = list(chosen)
        whole: set[int] = set()  # families that are in `found` with all their members
        while waiting:
            unit = waiting.pop()
            families = [members for members in self._families.get(unit, ()) if id(members) not in whole]
            shared = Counter(other for members in families for other in members)
            for other, count in sorted(shared.items()):
                if count >= FAMILY_SHARE * min(self._size[unit], self._size[other]) and other not in found:
                    found[other] = f"family of {' '.join(filter(None, unit))}"
                    waiting.append(other)
            whole |= {id(members) for members in families if members <= found.keys()}
        return found

    def sizes(self, heldout: Iterable[Unit]) -> tuple[int, int]:
        """Return how many pairs are heldout, and how many are left to train on."""
        units = set(heldout)
        alone = sum(self._pairs[unit] for unit in units)
        inside = sum(count for members, count in self._shared.items() if members <= units)
        outside = sum(count for members, count in self._shared.items() if not members & units)
        return alone + inside, self._pairs.total() - alone + outside

    def keeps_both(self, heldout: Iterable[Unit]) -> bool:
        return all(self.sizes(heldout))


def choose_heldout(
    groups: list[list[Pair]],
    layouts: Iterable[dict[str, Unit]],
    distinct: set[str],
    asked: set[str],
    params: Curate,
    seed: int,
) -> tuple[dict[str, Unit], dict[Unit, str]]:
    """Return the layout that was taken, and its heldout units, each with the reason.

    Nothing is heldout where `heldout_fraction` is 0, or where no choice leaves pairs on both sides. The hash never
    chooses a unit with a pair of `asked`, the ids of the pairs behind `curate.recall_questions`, or a relative of one.
    """
    tried: list[Sides] = []
    for unit_of in layouts:
        sides = Sides(groups, unit_of, distinct, seed)
        if params.heldout_documents:
            pinned = {unit: "pinned" for unit in sides.by_hash if unit[0] in params.heldout_documents}
            return unit_of, sides.with_relatives(pinned)
        if found := next(_choices(sides, asked, params), None):
            return unit_of, found
        tried.append(sides)
    for sides in tried:
        if found := next(_lowest(sides, asked, params, 1, 1.0), None):
            return sides.unit_of, found
    return tried[0].unit_of, {}


def _free(sides: Sides, asked: set[str]) -> list[Unit]:
    """Return the units that may be heldout, by hash."""
    kept_in = sides.with_relatives({sides.unit_of[pair_id]: "asked" for pair_id in asked})
    return [unit for unit in sides.by_hash if unit not in kept_in]


def _choices(sides: Sides, asked: set[str], params: Curate) -> Iterator[dict[Unit, str]]:
    """Yield what may be held out, the best first: what the hash chooses, all but the highest of it, the lowest."""
    below = [unit for unit in _free(sides, asked) if sides.hashes[unit] < params.heldout_fraction]
    if below:
        trained = sides.with_relatives({below[-1]: "highest hash"})
        for chosen in (below, [unit for unit in below if unit not in trained]):
            if sides.keeps_both(found := sides.with_relatives(dict.fromkeys(chosen, "hash"))):
                yield found
    wanted = params.heldout_fraction * sides.total
    for least in (_ENOUGH_PAIRS, min(_ENOUGH_PAIRS, wanted), 1):
        yield from _lowest(sides, asked, params, least, _HALF)


def _lowest(sides: Sides, asked: set[str], params: Curate, least: float, share: float) -> Iterator[dict[Unit, str]]:
    """Yield each single unit with its relatives, by hash, that has `least` pairs and no more than a share of all."""
    for unit in _free(sides, asked) if params.heldout_fraction else ():
        found = sides.with_relatives({unit: LOWEST})
        if sides.keeps_both(found) and least <= sides.sizes(found)[0] <= share * sides.total:
            yield found


def ids_on_both_sides(groups: list[list[Pair]], unit_of: dict[str, Unit], heldout: dict[Unit, str]) -> set[str]:
    """Return the ids of pairs whose family is both in heldout and in other units. Neither side may use them.

    A comparison of two pages of which only one is heldout is on both sides by itself.
    """
    crossing: set[str] = set()
    for group in groups:
        ids = {pair.pair_id for pair in group}
        if len({unit_of[pair_id] in heldout for pair_id in ids}) > 1:
            crossing |= ids
        crossing |= {pair.pair_id for pair in group if len({unit in heldout for unit in _units(pair, unit_of)}) > 1}
    return crossing


def _units(pair: Pair, unit_of: dict[str, Unit]) -> set[Unit]:
    """Return the unit of a pair, and where pages are units, that of its second page."""
    own = unit_of[pair.pair_id]
    others = {(own[0], str(page_number)) for page_number, _ in pair.places} if own[1] else set[Unit]()
    return {own} | others


def lowest(positions: dict[str, float], below: float, nothing: float = 0.0) -> set[str]:
    """Return the facts whose position is lower than `below`, but at least one, unless `below` is `nothing`."""
    if below <= nothing or not positions:
        return set()
    return {fact for fact, position in positions.items() if position < below} or {
        min(positions, key=positions.__getitem__)
    }
