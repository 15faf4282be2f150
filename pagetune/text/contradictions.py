"""What an answer takes back, leaves open, or says of another one: of the right words, in the wrong places."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import combinations, pairwise

from pagetune.text.korean import is_korean
from pagetune.text.morphemes import Morpheme, morphemes
from pagetune.text.notation import plain
from pagetune.text.quantities import as_read, quantities
from pagetune.text.shared_words import SENTENCE, words
from pagetune.text.synonyms import synonyms

_RETRACTED = re.compile(
    r"(?:답|답변|내용|정보|말|이것|이는|위|앞|앞서|방금)[^.]{0,16}(?:틀렸|틀린|틀립|거짓|잘못|오류|착각|취소|철회|무시)"
    r"|사실이 아니|사실과 다르|정확하지 않|취소하겠|다시 (?:보니|확인해 보니|생각해 보니)|정정(?:하|합|:)"
    r"|제가 (?:착각|잘못|틀)|(?<![가-힣])(?:오해|소문|헛소문|낭설)|(?:그러나|하지만) 실제|맞지 않습"
    r"|[였었했](?:으나|지만|는데),? (?:지금|현재|이제|올해|바뀌|변경|폐지)|실제로는 (?:그렇지|아니)"
    r"|(?i:\bno longer (?:applies|valid|true|the case)\b"
    r"|\bmyth\b|\bmisconception\b|\brumou?r\b)"
    r"|(?i:\bscratch that\b|\bcorrection:|\bon second thought|[.!?—–-] ?(?:no, )?wait,|\bI mean\b|\bstrike that\b)"
    r"|(?i:\b(?:ignore|disregard) (?:that|this|the above|my)|\bmy mistake\b|\bI (?:misread|misspoke|stand corrected)\b)"
    r"|(?i:\b(?:this|that|the above|my) (?:answer |statement |information )?(?:is|was)"
    r" (?:wrong|incorrect|false|not (?:true|correct|right)))"
    r"|(?i:\bI was wrong\b|\bactually,? (?:no|that))"
)
_UNSURE = re.compile(
    r"확실(?:하지|치|하진) 않|확신(?:할 수|하지|이) [없못않]|장담|잘 모르(?!는 경우|면)|모르겠|인지 (?:불|확실)"
    r"|일 수도 있|인 것 같|[은는인한] 듯(?:합|하|해|싶)|아마(?:도)?(?![가-힣])|추측|짐작|추정(?:됩|컨대|합)|일지도"
    r"|신뢰할 수 없|알 수 없습|답할 수 없|농담|정확히 알 수 없|으?로 기억합|가능성이 [있높큽크]"
    r"|중 하나일|가운데 하나일|기억이 (?:안|나지|정확)"
    r"|,[^.]*(?:가운데|중) (?:한 (?:곳|명|개|가지|군데|부서)|하나)입니다"
    r"|(?i:\b(?:not sure|unsure|maybe|perhaps|might be|could be|may be wrong|probably|I think|I guess|I believe)\b)"
    r"|(?i:\b(?:I suppose|presumably)\b)"
    r"|(?i:\b(?:possibly|not certain|can(?:no|'|’)t (?:confirm|say for sure|be sure)|don['’]t (?:know|remember))\b)"
    r"|(?i:\bif I (?:recall|remember)\b)"
)
#: What says that something holds of all, and what takes a part of it back.
_ALL = re.compile(r"모든|모두|누구나|누구든|언제든|언제나|어디서나|항상|전액|(?i:\b(?:any|all|always|every|anyone)\b)")
_RESTRICTED = re.compile(
    r"제외(?:됩|합|하|되)|(?:^|[.\s])(?:단|다만),?\s[^.]*(?:만 |않|없|못|제외)|(?i:\b(?:except|but not|excluding)\b)"
)
_OR = re.compile(
    r"또는|혹은|(?<![이가] )아니면|이거나|(?<=[가-힣])이나(?=\s)"
    r"|(?i:\bor\b(?! (?:above|more|less|fewer|below|later))|\beither\b)"
)
_YES, _NO = re.compile(r"(?<![가-힣])(?:네|예)[,.\s]|(?i:\byes\b)"), re.compile(r"아니[요오]|(?i:\bno\b[,.])")
#: Cases of Korean particles, which tell who does what to whom.
_CASES = {"JKS": "subject", "JKO": "object", "JKB": "other", "JX": "subject"}
_TO = {"에게", "한테", "께", "에", "에서", "로", "으로", "에게서"}
_NOUNS = {"NNG", "NNP", "SL", "XSN"}
_AFTERWARDS = re.compile(r"다음|뒤|후")
#: First, or dozens of them: what Kiwi tags as a numeral or an adnoun, and no digit replaces.
_ORDINAL = re.compile(r"째$|^첫|^수[십백천만]")
_NOT_BUT = re.compile(r"(?<!\S)(\S{1,40}?)(?:이|가)?\s?아니라\s([^.\n]+)")


def retraction(prediction: str, core: str, known: str, reference: str) -> Iterator[str]:
    """Yield what takes the answer back or leaves it open, unless the reference does so too.

    `core` is what of the prediction answers the question; `known` are reference, question and evidence.
    """
    if _RETRACTED.search(prediction) and not _RETRACTED.search(known):
        yield "takes its answer back"
    asks = core.rstrip().endswith("?") and "?" not in reference
    if asks or (_UNSURE.search(prediction) and not _UNSURE.search(known)):
        yield "leaves it open"
    elif not _OR.search(known) and any(_is_guess(found, core, known) for found in _OR.finditer(core)):
        yield "names alternatives"
    if _ALL.search(reference) and _RESTRICTED.search(prediction) and not _RESTRICTED.search(known):
        yield "takes a part of it back"
    if _YES.search(prediction) and _NO.search(prediction) and not (_YES.search(reference) and _NO.search(reference)):
        yield "says yes and no"


def _is_guess(found: re.Match[str], text: str, known: str) -> bool:
    """Tell whether a side of an "or" is unknown: 전화 또는 우편 guesses nothing where the reference has 전화·우편."""
    sides = text[max(0, found.start() - 24) : found.start()], text[found.end() : found.end() + 24]
    left, right = (quantities(side) for side in sides)
    if left and right:
        return not left[-1].is_like(right[0])
    own = words(sides[0])[-1:] + words(sides[1])[:1]
    return len(own) < 2 or any(word not in words(known) and word not in known for word in own)


def exchanged_roles(prediction: str, reference: str) -> Iterator[str]:
    """Yield two things of the reference that have changed their places in the prediction."""
    said, held = (_owners(text) for text in (prediction, reference))
    for one, other in combinations([quantity for quantity in held if quantity in said], 2):
        mine, theirs = held[one] - held[other], held[other] - held[one]
        moved = theirs & (said[one] - said[other])
        if moved and (mine & (said[other] - said[one]) or not mine):
            yield f"gives {min(moved)} the number of another"
    for quantity, owners in held.items():
        units = ("", quantity[1])
        others = [other for other in said if other not in held and other[1] in units and owners & said[other]]
        if others and quantity in said and not owners & said[quantity]:
            yield f"gives another number for {min(owners & said[others[0]])}"
    yield from (_exchanged_cases if is_korean(reference) else _exchanged_order)(prediction, reference)


def exchanged_words(core: str, reference: str, known: str) -> Iterator[str]:
    """Yield a noun or ordinal that stands in the place of one of the reference, between the same words: 접수일부터 7일
    and 발급일부터 7일. `known` are reference, question and evidence."""
    for sentence in SENTENCE.split(core):
        if is_korean(reference) and is_korean(sentence):
            yield from _exchanged_in(morphemes(plain(sentence)), morphemes(plain(reference)), reference, known)


def _exchanged_in(said: list[Morpheme], held: list[Morpheme], reference: str, known: str) -> Iterator[str]:
    matcher = SequenceMatcher(None, [one.form for one in held], [one.form for one in said])
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        alone = tag == "replace" and i2 - i1 == 1 == j2 - j1 and i2 < len(held) and j2 < len(said)
        if alone and _is_exchange(held[i1], said[j1], said, reference, known):
            yield f"says {said[j1].form}, not {held[i1].form}"


def _is_exchange(one: Morpheme, other: Morpheme, said: list[Morpheme], reference: str, known: str) -> bool:
    tags, forms = {one.tag, other.tag}, {token.form for token in said}
    content = one.form in words(reference) and bool(words(other.form))
    ordinals = _ORDINAL.search(one.form) and _ORDINAL.search(other.form)
    same_kind = (tags <= {"NNG", "XR"} and content) or (tags <= {"NR", "MM"} and ordinals)
    return (
        bool(same_kind) and one.form not in forms and other.form not in known and other.form not in synonyms(one.form)
    )


def _owners(text: str) -> dict[tuple[Fraction, str], set[str]]:
    """Return for each quantity the nouns (in English: words) between it and the one of its unit before it."""
    read, found = as_read(text), quantities(text)
    nouns = _placed_nouns(read) if is_korean(read) else _placed_words(read)
    owners: dict[tuple[Fraction, str], set[str]] = {}
    ends = {"": 0}
    for one in found:
        start = max(ends.get(one.unit, 0), ends[""])
        owners[one.value, one.unit] = {noun for noun, at in nouns if start <= at < one.start}
        ends[one.unit] = one.end
    return owners


def _placed_words(text: str) -> list[tuple[str, int]]:
    return [(found[0].lower(), found.start()) for found in re.finditer(r"[A-Za-z]{4,}", text)]


def _placed_nouns(text: str) -> list[tuple[str, int]]:
    """Return the nouns of a Korean text with their places; those in one word are one, with the digits before them."""
    nouns: list[tuple[str, int, int]] = []
    for token in morphemes(text):
        number = token.tag == "SN" or (token.tag == "NNB" and nouns)
        if token.tag not in _NOUNS and not number:
            continue
        if nouns and nouns[-1][2] == token.start:
            form, start, _ = nouns.pop()
            nouns.append((form + token.form, start, token.end))
        else:
            nouns.append((token.form, token.start, token.end))
    return [(form, start) for form, start, _ in nouns if len(form) > 1]


def _exchanged_cases(prediction: str, reference: str) -> Iterator[str]:
    said, held = _cases(prediction), _cases(reference)
    for one, other in combinations([noun for noun in held if noun in said], 2):
        swapped = held[one] != held[other] and said[one] == held[other] and said[other] == held[one]
        if swapped and {held[one], held[other]} & {"subject"}:
            yield f"exchanges {one} and {other}"
    mine, theirs = _NOT_BUT.search(prediction), _NOT_BUT.search(reference)
    if mine and theirs and _stem(mine[1]) in theirs[2] and _stem(theirs[1]) in mine[2]:
        yield f"exchanges {mine[1]} and {theirs[1]}"
    orders = [_order(text) for text in (prediction, reference)]
    if all(orders) and set(orders[0]) & set(orders[1]):
        for one, other in combinations([noun for noun in orders[1] if noun in orders[0]], 2):
            if orders[1][one] < orders[1][other] and orders[0][one] > orders[0][other]:
                yield f"has {other} before {one}"


def _exchanged_order(prediction: str, reference: str) -> Iterator[str]:
    """Yield two words of an English sentence that says the same of them the other way round."""
    said, held = (list(dict.fromkeys(words(text))) for text in (prediction, reference))
    shared = [word for word in held if word in said]
    if re.search(r"\bby\b", prediction) or len(shared) < 3 or len(shared) < 0.75 * max(len(said), len(held)):
        return
    for one, other in pairwise(shared):
        if said.index(one) > said.index(other) and not re.search(r"\band\b|,", reference):
            yield f"exchanges {one} and {other}"


def _stem(word: str) -> str:
    return word[:2]


def _order(text: str) -> dict[str, bool]:
    """Return for each noun whether it stands behind 다음, 뒤 or 후, in a text that has one of these."""
    text = plain(text)
    found = _AFTERWARDS.search(text)
    if not found:
        return {}
    return {
        token.form: token.start > found.start()
        for token in morphemes(text)
        if token.tag in _NOUNS and len(token.form) > 1
    }


def _cases(text: str) -> dict[str, str]:
    """Return the case of each noun that a particle follows; nouns in one word are one: 보건소장."""
    cases: dict[str, str] = {}
    noun, end = "", -1
    for token in morphemes(plain(text)):
        case = _CASES.get(token.tag, "")
        if token.tag in _NOUNS:
            noun = noun + token.form if token.start == end else token.form
        elif (
            noun and case and (token.tag != "JKB" or token.form in _TO) and (token.tag != "JX" or token.form in "은는")
        ):
            cases.setdefault(noun.removesuffix("들"), case)
        if token.tag not in _NOUNS:
            noun = ""
        end = token.end
    return {noun: case for noun, case in cases.items() if len(noun) > 1}
