"""What a law's references stand for: "법 제21조" in its decree, "제28조" in a definition."""

import re

from pagetune.build_qa.draft import Document

_NAMED = re.compile(
    r"[「『｢]([^」』｣]+)[」』｣]\s*\(이하\s*[\"“‘']([^\"”’']{1,10})[\"”’']"
    r"|(?:같은\s?법|동법|동\s법)\s?(시행령|시행규칙)\s*\(이하\s*[\"“‘']([^\"”’']{1,10})[\"”’']"
)
PROVISION = r"제\d+조(?:의\d+)?(?:\s?제\d+항)?(?:\s?제\d+호(?:의\d+)?)?(?:\s?[가-하]목)?"
#: A reference at the end of a text, which says whose words follow: 법 제21조제2항에서 "…".
_BEFORE = re.compile(
    rf"(?:[「『｢](?P<name>[^」』｣]+)[」』｣]|(?P<short>[가-힣]+))\s?(?P<number>{PROVISION})(?:의|에서|\s본문에서|\s단서에서)?\s*$"
)
_DECREE = re.compile(r"\s(?:시행령|시행규칙)$")
_SHORT = re.compile(rf"(?<![가-힣」』｣])(법|영|령|시행령|시행규칙|규칙)\s?(?={PROVISION})")
#: One or more provisions of a law with a short name, by which something is: 법 제28조 및 제29조에 따라.
_BY_PROVISION = re.compile(
    rf"(?<![가-힣」』｣])(법|영|령|시행령|시행규칙|규칙|규정)\s?{PROVISION}(?:\s?(?:및|또는|,|ㆍ)\s?{PROVISION})*"
    r"(?:의\s규정)?에\s(?=(?:따른|따라|의한|의하여|의해)\s)"
)
_ANY = re.compile(r"(?P<before>\S*?)\s?제\d+(?:조|항|호|장|절|관)")


def short_names(document: Document, own: str) -> dict[str, str]:
    """Return the names that a document gives to other laws: 「전자금융거래법」(이하 "법"이라 한다).

    In a decree, whose name `own` is, 법 is the law that it belongs to.
    """
    names: dict[str, str] = {}
    law = _DECREE.sub("", own)
    if law != own:
        names["법"] = law
    for match in _NAMED.finditer("\n".join(page.text for page in document.pages)):
        law = match[1] or law
        name = match[1] or (f"{law} {match[3]}" if law else "")
        if name:
            names.setdefault(match[2] or match[4], name)
    return names


def short_names_in(owner: str, own: str, names: dict[str, str]) -> dict[str, str]:
    """Return the names of other laws in an article of `owner`: the document's own, or those that a decree has."""
    if owner.startswith(own):
        return names
    law = _DECREE.sub("", owner)
    return {"법": law} if law != owner else {}


def reference_before(text: str, names: dict[str, str], owner: str) -> str | None:
    """Return the provision that a text ends by citing, with the full name of its law, or None.

    `owner` is the law that the text stands in: in a decree, 법 is the law that it belongs to.
    """
    match = _BEFORE.search(text)
    if match is None:
        return None
    law = match["name"] or names.get(match["short"])
    base = _DECREE.sub("", owner)
    if law is None and match["short"] == "법" and base != owner:
        law = base
    return f"{law} {match['number']}" if law else None


def with_full_names(text: str, names: dict[str, str]) -> str:
    """Put the full names of laws before the provisions that a text cites by a short one: 법 제21조."""
    return _SHORT.sub(lambda match: f"「{names[match[1]]}」 " if match[1] in names else match[0], text)


def with_laws_named(text: str, names: dict[str, str]) -> str:
    """Name laws in place of their provisions by which something is: 법 제28조에 따라 -> 전자금융거래법에 따라."""
    return _BY_PROVISION.sub(lambda match: f"{names[match[1]]}에 " if match[1] in names else match[0], text)


def refers_inside(text: str) -> bool:
    """Tell whether a text cites its own law first, as 제28조, or another one by a short name: 법 제28조."""
    match = _ANY.search(text)
    return match is not None and (match["before"] in ("법", "영", "령", "규칙") or not _names_law(match["before"]))


def _names_law(word: str) -> bool:
    return re.search(r"[」』｣]|(?:법|법률|시행령|시행규칙|규정|약관|고시)$", word) is not None
