"""Whether an answer states the reference's facts and contradicts none of them, and if not, why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from pagetune.text.claims import claims
from pagetune.text.contradictions import exchanged_roles, exchanged_words, retraction
from pagetune.text.korean import is_korean
from pagetune.text.morphemes import morphemes
from pagetune.text.negation import Polarity, polarity
from pagetune.text.notation import nfc, plain
from pagetune.text.proper_names import lacking, names_in
from pagetune.text.quantities import Quantity, Rhythm, as_read, quantities, rhythms
from pagetune.text.readable import readable
from pagetune.text.shared_words import SENTENCE, has_item, says_the_same, speaks_of, words

OPPOSITES = Path(__file__).with_name("opposites.txt")
_WEEKDAY = re.compile(
    r"[월화수목금토일]요일|\b(?i:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)(?=s?\b|[–-])"
)
_CODE = re.compile(r"[\d@]|^[a-z0-9-]+\.[a-z]{2,}")
_LEAD_WORD = re.compile(r"\s*(?:(네|예|yes)|(아니요|아니오|아닙니다|no))(?![가-힣A-Za-z])", re.IGNORECASE)
#: A yes or no that more follows.
_LEAD = re.compile(r"^\s*(?:네|예|yes|아니요|아니오|no)[,.!]?\s+(?=\S)", re.IGNORECASE)
_CONDITION = re.compile(
    r"(?:지나면|넘으면|초과하면|않으면|아니면|없으면|경우에는|이후에는|(?:^|\s)(?:단|다만),|(?i:\bunless\b|\botherwise\b|\bif\b))"
)
#: An order that is kept, not one that is placed.
_ORDER = r"\b(?:what|which|right|correct) order\b|\border (?:of|in which)\b|\bsteps?\b"
_LIST_QUESTION = re.compile(rf"모두|각각|전부|무엇무엇|순서|(?i:\ball\b|\beach\b|{_ORDER})")
_ORDER_QUESTION = re.compile(rf"순서|차례대로|(?i:{_ORDER})")
_NO_FEE = re.compile(
    r"(?:요금|비용|수수료|배송비|회비|입장료|이용료|사용료|수강료)[은는이가도]?\s?없(?:습니다|다|음|이|는|고|으)"
)
_FREE = re.compile(r"\b(?:pays?|paying) nothing\b|\bat no (?:extra |additional )?(?:charge|cost)\b", re.IGNORECASE)
#: Bounds with a word that elsewhere denies.
_NO_MORE = re.compile(r"\bnot? (?=(?:more|less|fewer) than\b)|\bnot (?=(?:to )?exceed(?:ing)?\b)", re.IGNORECASE)
_LAW = (
    r"(?:제\s?\d{1,4}조(?:의\s?\d+)?(?:\s?제\s?\d+항)?(?:\s?제\s?\d+호)?|제\s?\d+[항호](?!의?\s?\d*\s?서식)(?:\s?제\s?\d+호)?|별표\s?\d+"
    r"|(?i:\b(?:article|section|subsection|paragraph|clause|rule|annex|chapter|s\.)s?\s\(?\d+\)?(?:\.\d+)*(?:\(\w+\))*))"
)
_CROSS_REFERENCE = re.compile(
    rf"{_LAW}(?:\s?(?:및|와|과|또는|,|and|or)\s?{_LAW})*(?:의 규정)?"
    r"(?:에 따른|에 따라|에 의한|에 의하여|에 의해|에서 정한|에 따르면)?"
)
#: What a sentence says of an article that is all it says.
_LAW_WORDS = {
    "규정", "조항", "정하", "적용", "근거", "명시",
    "appli", "appl", "section", "articl", "provis", "set", "out", "under",
}  # fmt: skip
_ASKS_FOR_LAW = re.compile(
    r"몇 ?[조항호]|[어무][느슨떤] ?(?:조|항|법|규정)|조항|근거"
    r"|(?i:\b(?:which|what) (?:article|section|paragraph|clause|rule|annex|provision|law|act))"
)
#: What forbids, or says no more of, without a word that denies.
_FORBIDDEN = re.compile(
    r"금하|금합|금한|금지[되된됩하합]|불허|불가(?!피)|통제[되된됩하합]|제한[되된됩하합]|삼가|피하|피해(?!를)|피합|자제|거절|거부"
    r"|제외[되된됩하합]|중단[되된됩하합]|폐지|어렵습|어려워요|힘듭니|곤란합"
    r"|(?i:\b(?:prohibit|forbid|forbad|restrict|avoid|refrain|exclud|refus|reject|unless|disabled)\w*)"
)
#: What allows in words that forbid or deny: 금지되지 않습니다, 제한이 없습니다, 신청 없이, without a ticket.
_NOT_FORBIDDEN = re.compile(
    r"(?:금지|불허|통제|제한|제외|중단|거부|거절)[가-힣]{0,2}지 (?:않|못|아니)[가-힣]*|제한[이은]?\s?없[가-힣]*"
    r"|\S+\s?없이|어렵지 않[가-힣]*|(?i:\bwithout (?:an? |any )?\w+)"
)
#: Bounds from below, and from above: 3일 이내 and 3일 뒤 contradict each other.
_LOW, _HIGH = {"min", "over", "after"}, {"max", "under", "before"}
_STRICT = ({"min", "over"}, {"max", "under"})
_COMPLEMENTS = ({"min", "under"}, {"max", "over"})


@dataclass(frozen=True)
class Verdict:
    """`faults` says why an answer is wrong, in words; it is right without any. `invented` is what nothing supports."""

    faults: tuple[str, ...]
    invented: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class Facts:
    """What a text states: quantities, joined numbers such as 02-555-0143, codes (with digits, or an @), weekdays,
    proper names, what it denies, and the side that it takes of each pair of opposites."""

    text: str
    quantities: tuple[Quantity, ...]
    joined: frozenset[str]
    codes: frozenset[str]
    days: frozenset[str]
    names: frozenset[str]
    #: Without the yes or no that it begins with, which is `lead`.
    polarity: Polarity
    sides: tuple[tuple[bool, bool], ...]
    lead: str
    rhythms: tuple[Rhythm, ...]

    @property
    def counted(self) -> bool:
        """Tell whether the text states anything that has to be the same to the letter."""
        return bool(self.quantities or self.joined or self.codes or self.days)


@cache
def _opposites() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    lines = OPPOSITES.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple((re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in pairs)


def readings(text: str) -> list[str]:
    """Return the forms in which a text is read, whose morphemes can be analysed many at once beforehand."""
    clean = readable(nfc(text))
    bare = _CROSS_REFERENCE.sub(" ", clean)
    forms = [clean, bare, *SENTENCE.split(clean), *(SENTENCE.split(bare) if bare != clean else ())]
    return [*map(plain, forms), as_read(text), as_read(bare)]


@lru_cache(maxsize=8192)
def facts(text: str) -> Facts:
    """Return what `text` states."""
    seen = _FREE.sub("free", _NO_FEE.sub("무료", plain(readable(nfc(text)))))
    found = morphemes(seen) if is_korean(seen) else []
    claimed = claims(seen)
    codes = {code.rstrip("/") for code in claimed.codes if _CODE.search(code)}
    measured = {as_read(text)[one.start : one.end].lower() for one in quantities(text)}
    return Facts(
        text=seen,
        quantities=tuple(one for one in quantities(text) if not _in_joined(one, text, claimed.joined)),
        joined=frozenset(_telephone(token) for token in claimed.joined if "/" not in token and ":" not in token),
        codes=frozenset(code for code in codes if not any(code in span or code.startswith(span) for span in measured)),
        days=frozenset(day.lower()[:3] for day in _WEEKDAY.findall(seen)),
        names=names_in(seen, found),
        polarity=polarity(_NO_MORE.sub("", _LEAD.sub("", seen))),
        lead=_lead(seen),
        rhythms=rhythms(text),
        sides=tuple((bool(one.search(seen)), bool(other.search(seen))) for one, other in _opposites()),
    )


def _lead(text: str) -> str:
    """Return yes or no where the text begins with one of them."""
    found = _LEAD_WORD.match(text)
    return "" if found is None else "yes" if found[1] else "no"


def _in_joined(one: Quantity, text: str, joined: frozenset[str]) -> bool:
    read = as_read(text)
    around = read[max(0, one.start - 16) : one.end + 16]
    digits = read[one.start : one.end]
    return one.unit == "" and any(digits in token and token in around for token in joined)


def _telephone(token: str) -> str:
    """Return a telephone number in the international form, other joined numbers as they are."""
    import phonenumbers

    try:
        number = phonenumbers.parse(token, "KR")
    except phonenumbers.NumberParseException:
        return token
    valid = phonenumbers.is_valid_number(number)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) if valid else token


def fact_match(prediction: str, reference: str, question: str = "", evidence: str = "") -> float:
    """Return 1 if the prediction states the reference's facts and contradicts none, else 0; see `judge`."""
    return float(judge(prediction, reference, question, evidence).right)


def judge(prediction: str, reference: str, question: str = "", evidence: str = "") -> Verdict:
    """Return what is wrong with the prediction.

    Quantities, codes, weekdays, bounds, rates, roles and negation have to be the reference's, in whatever form; it may
    repeat the question. What it adds counts only where it competes with the reference and `evidence` lacks it.
    """
    prediction, reference = readable(prediction), readable(reference)
    if prediction == reference:
        return Verdict(())
    if not _ASKS_FOR_LAW.search(question):
        bare = _CROSS_REFERENCE.sub(" ", reference)
        own = set(words(bare))
        if own and (own - {*words(question), *_LAW_WORDS} or not own & _LAW_WORDS):
            prediction, reference = _CROSS_REFERENCE.sub(" ", prediction), bare
    said, held, asked = facts(prediction), facts(reference), facts(question)
    known = facts(evidence)
    core = facts(_core(prediction, reference, question))
    faults = (
        *_lacking(said, held, asked),
        *_competing(said, core, held, asked, known),
        *_about(said, held, core),
        *_opposed(said, core, held, asked),
        *_items(prediction, reference, question),
        *retraction(prediction, core.text, f"{reference} {question} {evidence}", reference),
        *_against_evidence(prediction, evidence, held, asked),
        *exchanged_roles(prediction, reference),
    ) or tuple(exchanged_words(core.text, reference, f"{reference} {question} {evidence}"))
    if not faults and not _agrees_by_opposites(core, held):
        faults = tuple(_other_words(said, held, asked, prediction, reference, question, evidence))
    strange = _strange(said, known) if evidence else ()
    return Verdict(faults, strange)


def _core(prediction: str, reference: str, question: str) -> str:
    """Return the sentences of the prediction that speak of what the reference says; all of them where none does.

    What holds under another condition is left out: 7일이 지나면 환불되지 않습니다.
    """
    sentences = [part for part in SENTENCE.split(prediction) if part.strip()]
    if len(sentences) < 2:
        return prediction
    asked = set(words(question))
    wanted = set(words(reference)) - asked
    values = {(one.value, one.unit) for one in quantities(reference)}
    own = [
        sentence
        for sentence in sentences
        if wanted & set(words(sentence))
        or values & {(one.value, one.unit) for one in quantities(sentence)}
        or 2 * len(asked & set(words(sentence))) >= max(2, len(asked))
    ]
    plainly = [sentence for sentence in own if not _CONDITION.search(sentence)]
    first = [sentence for sentence in own[:1] if sentence not in plainly]
    kept = [*first, *plainly]
    return " ".join(kept) if 0 < len(kept) < len(sentences) else prediction


def _same(one: Quantity, other: Quantity) -> bool:
    return one.is_like(other)


def _lacking(said: Facts, held: Facts, asked: Facts) -> Iterator[str]:
    """Yield what the reference states and the answer does not."""
    again = _as_often(held, said)
    all_asked = all(any(_same(one, other) for other in asked.quantities) for one in held.quantities)
    for one in held.quantities:
        in_question = not all_asked and any(_same(one, other) for other in asked.quantities)
        if not in_question and one not in again and not any(_same(one, other) for other in said.quantities):
            yield f"lacks {one.written}"
    yield from (f"lacks {token}" for token in sorted(held.joined - said.joined - asked.joined))
    yield from (f"lacks {code}" for code in sorted(held.codes - asked.codes) if code not in said.text.lower())
    yield from (f"lacks {day}" for day in sorted(held.days - said.days))


def _as_often(one: Facts, other: Facts) -> list[Quantity]:
    """Return the quantities of `one` by which it says that something is done as often as `other` does, in other words:
    1년에 4번, 3개월마다 한 번."""
    known = {(rhythm.value, rhythm.unit) for rhythm in other.rhythms}
    shared = [rhythm for rhythm in one.rhythms if (rhythm.value, rhythm.unit) in known]
    return [quantity for quantity in one.quantities if any(rhythm.holds(quantity) for rhythm in shared)]


def _items(prediction: str, reference: str, question: str) -> Iterator[str]:
    """Yield items of a list that the answer leaves out, or has in another order where the question asks for it."""
    parts = re.split(r"\s*(?:,|·|、|→)\s*|\s(?:및|and)\s", reference)
    few = 2 if _LIST_QUESTION.search(question) else 3
    items = [part for part in parts if not re.search(r"\d", part)] if len(parts) >= few else []
    items = [part for part in items if len(items) >= few and words(part)]
    if len(items) < few or len(reference) > 40 * len(items):
        return
    places = []
    for item in items:
        own = words(item)
        found = [prediction.lower().find(word[:4]) for word in own if word[:4] in prediction.lower()]
        if not has_item(prediction, item):
            yield f"lacks {item.strip()}"
        places += found[:1]
    if _ORDER_QUESTION.search(question) and places != sorted(places):
        yield "has another order"


def _competing(said: Facts, core: Facts, held: Facts, asked: Facts, known: Facts) -> Iterator[str]:
    """Yield what the answer states in the place of the reference's facts or beside them."""
    kinds, again = {one.unit for one in held.quantities}, _as_often(said, held)
    # An answer about another year than the question's.
    kinds |= {
        one.unit for one in asked.quantities if one.unit and not any(_same(one, other) for other in said.quantities)
    }
    for one in said.quantities:
        supported = any(_same(one, other) for facts_ in (held, asked, known) for other in facts_.quantities)
        inside = one.unit or any(_same(one, other) for other in core.quantities)
        if (
            one.unit in kinds
            and inside
            and not supported
            and one not in again
            and not (one.unit == "명" and one.value == 1)
        ):
            yield f"states {one.written}"
    if held.days:
        yield from (f"states {day}" for day in sorted(said.days - held.days - asked.days - known.days))
    if held.joined:
        yield from (f"states {token}" for token in sorted(said.joined - held.joined - asked.joined - known.joined))


def _about(said: Facts, held: Facts, core: Facts) -> Iterator[str]:
    """Yield quantities that have another bound, rate or owner than in the reference."""
    denial = core.polarity.denials(held.polarity) != held.polarity.denials(core.polarity)
    for one in held.quantities:
        like = [other for other in said.quantities if _same(one, other)]
        if like and all(_bounds_conflict(one, other, denial) for other in like):
            yield f"{one.written}: {like[0].bound}, not {one.bound}"
        if like and all(one.per and other.per and one.per != other.per and one.value == other.value for other in like):
            yield f"{one.written} per {like[0].per}, not per {one.per}"


def _bounds_conflict(one: Quantity, other: Quantity, denial: bool) -> bool:
    pair = {one.bound, other.bound}
    if "" in pair or len(pair) == 1:
        return False
    if denial and pair in _COMPLEMENTS:
        return False
    return pair in _STRICT or (bool(pair & _LOW) and bool(pair & _HIGH))


def _opposed(said: Facts, core: Facts, held: Facts, asked: Facts) -> Iterator[str]:
    """Yield a denial of what the reference affirms, and the other side of a pair of opposites.

    Both at once agree: 제외됩니다 and 포함되지 않습니다.
    """
    if held.lead and not words(held.text) and not held.counted:
        if (said.lead or ("no" if core.polarity.denied else "yes")) != held.lead:
            yield f"does not say {held.lead}"
        return
    differ, opposite = _differ(core, held), _opposite(core, held)
    complement = any(
        {one.bound, other.bound} in _COMPLEMENTS
        for one in core.quantities for other in held.quantities if _same(one, other)
    )  # fmt: skip
    if said.lead and held.lead and said.lead != held.lead:
        yield f"says {said.lead}"
    elif opposite is not None and not differ and core.polarity.denied % 2 == held.polarity.denied % 2:
        yield f"takes the other side: {_opposites()[opposite][0].pattern}"
    elif differ and not _both_forbid(core, held) and _differ(said, held) and opposite is None and not complement:
        if not (_denies(core, held) and asked.polarity.denied):  # it repeats the denial of the question
            yield "denies it" if _denies(core, held) else "does not deny it"
    elif core.polarity.reverses(held.polarity) and not differ and _mostly_shared(core, held):
        yield "reverses the condition"


def _both_forbid(core: Facts, held: Facts) -> bool:
    """Tell whether both texts deny, or forbid without a denial: 금합니다, 출입이 통제됩니다."""
    return _forbids(core) and (_forbids(held) or held.lead == "no")


def _forbids(text: Facts) -> bool:
    seen = _NOT_FORBIDDEN.sub("", text.text)
    return bool(polarity(seen).denied or _FORBIDDEN.search(seen))


def _mostly_shared(one: Facts, other: Facts) -> bool:
    mine, theirs = set(words(one.text)), set(words(other.text))
    return len(mine & theirs) >= 0.6 * min(len(mine), len(theirs))


def _agrees_by_opposites(core: Facts, held: Facts) -> bool:
    return _opposite(core, held) is not None and core.polarity.denied % 2 != held.polarity.denied % 2


def _differ(one: Facts, other: Facts) -> bool:
    """Tell whether one of the two denies what the other states without a denial."""
    return _denies(one, other) != _denies(other, one)


def _denies(one: Facts, other: Facts) -> bool:
    """Tell whether a text denies anything that the other speaks of: 나지 않습니다 does not deny 꺼집니다."""
    if not one.polarity.denials(other.polarity):
        return False
    denied = one.polarity.words
    return not denied or any(not word or speaks_of(other.text, word) for word in denied)


def _opposite(core: Facts, held: Facts) -> int | None:
    """Return the first pair of opposites of which each text takes one side."""
    pairs = enumerate(zip(core.sides, held.sides, strict=True))
    return next((place for place, (one, other) in pairs if sum(one) == 1 == sum(other) and one != other), None)


def _is_new(held: Facts, asked: Facts) -> bool:
    """Tell whether the reference states a quantity, code or weekday that the question does not."""
    quantities_ = [one for one in held.quantities if not any(_same(one, other) for other in asked.quantities)]
    return bool(quantities_ or held.joined - asked.joined or held.codes - asked.codes or held.days - asked.days)


def _other_words(
    said: Facts, held: Facts, asked: Facts, prediction: str, reference: str, question: str, evidence: str
) -> Iterator[str]:
    if lacking(said.names, f"{reference}\n{question}\n{evidence}") and lacking(held.names, prediction):
        yield "names another one"
    if not says_the_same(prediction, reference, question, evidence, _is_new(held, asked)):
        yield "speaks of something else"


def _against_evidence(prediction: str, evidence: str, held: Facts, asked: Facts) -> Iterator[str]:
    """Yield whether a sentence says otherwise than the sentence of the evidence that is about the same: it denies it,
    takes the other side, or states another number."""
    passages = [facts(part) for part in SENTENCE.split(evidence) if part.strip()]
    for sentence in map(facts, SENTENCE.split(prediction)) if passages else ():
        own = set(words(sentence.text))
        shared = [len(own & set(words(passage.text))) for passage in passages]
        near = [one for one, count in zip(passages, shared, strict=True) if count == max(shared)]
        about_it = max(shared) > 1 and 2 * max(shared) >= len(own)
        if about_it and all(_says_otherwise(sentence, one, [held, asked, *passages]) for one in near):
            yield "contradicts the evidence"
            return


def _says_otherwise(sentence: Facts, near: Facts, known: list[Facts]) -> bool:
    units = {one.unit for one in near.quantities}
    rivals = [one for one in sentence.quantities if one.unit in units]
    if any(not any(_same(one, other) for text in known for other in text.quantities) for one in rivals):
        return True
    if _opposite(sentence, near) is not None and sentence.polarity.denied % 2 == near.polarity.denied % 2:
        return True
    return _differ(sentence, near) and not _both_forbid(sentence, near)


def _strange(said: Facts, known: Facts) -> tuple[str, ...]:
    numbers = [one.written for one in said.quantities if not any(_same(one, other) for other in known.quantities)]
    return tuple(numbers) + tuple(sorted((said.joined | said.codes) - known.joined - known.codes))


def invented(answer: str, support: str, page: str = "") -> list[str]:
    """Return the quantities, dates, codes and names of `answer` that neither `support` nor `page` holds, sorted."""
    said = facts(answer)
    strange = _unsupported(said, facts(support))
    return sorted(strange & _unsupported(said, _facts_of_page(page)) if strange and page else strange)


@lru_cache(maxsize=16_384)
def _facts_of_page(text: str) -> Facts:
    """Return what a page states. Pages are kept apart from answers, which would crowd them out."""
    return facts.__wrapped__(text)


def _unsupported(said: Facts, held: Facts) -> set[str]:
    return {*_strange(said, held), *(said.days - held.days), *lacking(said.names, held.text)}


def unstated(passage: str, reference: str, question: str) -> tuple[str, ...]:
    """Return the facts of the reference that a sentence or row of a document lacks or denies, whatever else it states.

    It has to name what the reference names, unless the question does, and to have the numbers of the question, which
    tell a fact from others like it.
    """
    said, held, asked = facts(passage), facts(reference), facts(question)
    names = lacking(held.names, f"{passage}\n{question}")
    return (
        *_lacking(said, held, asked),
        *_lacking(said, asked, facts("")),
        *(f"lacks {name}" for name in sorted(names)),
        *_items(passage, reference, question),
        *_about(said, held, said),
        *(_opposed(said, said, held, asked) if asserts(reference) else ()),
    )


def contrary(one: str, other: str) -> bool:
    """Tell whether one text denies what the other states, or takes the other side of a pair of opposites.

    Of two texts that both deny something, one may deny more of what the other speaks of.
    """
    left, right = facts(one), facts(other)
    if _differ(left, right) and not _both_forbid(left, right):
        return _opposite(left, right) is None
    if _opposite(left, right) is not None:
        return left.polarity.denied % 2 == right.polarity.denied % 2
    return _denies_more(left, right) or _denies_more(right, left)


def _denies_more(one: Facts, other: Facts) -> bool:
    mine, theirs = one.polarity.words, other.polarity.words
    if not one.polarity.denied or not other.polarity.denied or "" in mine | theirs:
        return False
    return any(speaks_of(other.text, word) for word in mine if not any(speaks_of(word, same) for same in theirs))


def asserts(text: str) -> bool:
    """Tell whether a text has a predicate, without which nothing that is said elsewhere denies it."""
    return not is_korean(text) or any(token.tag[0] == "V" for token in morphemes(plain(text)))
