"""A word of a Korean sentence: its part in its clause, and whether it ends a clause, a condition or an order."""

import re
from typing import Literal, NamedTuple

from pagetune.text.morphemes import Morpheme

Role = Literal[
    "topic", "subject", "object", "adverbial", "genitive", "connective", "adnominal", "final", "noun", "other"
]

#: Tags of marks, which say nothing about a word's part.
_MARKS = ("SF", "SP", "SSO", "SSC", "SS", "SE", "SO", "SW")
_NOUNS = ("NN", "NP", "NR", "SN", "SL", "SH", "XSN", "XR", "W_", "SB")
#: Endings that join two main clauses.
_JOINS = ("고", "며", "으며", "되", "지만", "으나", "나", "으되")
#: Verbs that end no clause before 고, but stand for "without" and the like: 휴게시간을 제외하고.
_LIKE_PARTICLES = re.compile(r"(?:제외|불구|막론|예외로)\S*고,?$")
#: Bound nouns that make a condition of the clause before them.
_CASES = ("때", "경우", "시")
_IMPERATIVES = ("ᆸ시오", "으십시오", "십시오", "시오", "오", "세요", "으세요", "시어요")
_CONDITIONAL = ("면", "으면", "려면", "으려면", "다면", "는다면", "라면", "ᆫ다면")


class Word(NamedTuple):
    """A word between spaces, `start` to `end` of its text, with its morphemes."""

    text: str
    start: int
    end: int
    tokens: tuple[Morpheme, ...]

    @property
    def body(self) -> tuple[Morpheme, ...]:
        """Return the morphemes without the marks behind them."""
        last = len(self.tokens)
        while last and self.tokens[last - 1].tag in _MARKS:
            last -= 1
        return self.tokens[:last]

    @property
    def first_form(self) -> str:
        """Return the first morpheme, or nothing where the word is a mark."""
        return self.body[0].form if self.body else ""

    @property
    def last_form(self) -> str:
        """Return the last morpheme, or nothing where the word is a mark."""
        return self.body[-1].form if self.body else ""

    @property
    def role(self) -> Role:
        """Return the word's part in its clause, by its last morpheme."""
        body = self.body
        if not body:
            return "other"
        if self.text in ("또는", "및", "내지", "혹은"):
            return "noun"
        last, before = body[-1], body[-2].tag if len(body) > 1 else ""
        if last.tag == "JX" and last.form in ("은", "는"):
            return "topic" if before.startswith(_NOUNS) or before in ("SSC", "JX", "ETN") else "adverbial"
        return _role_of(last)

    @property
    def joins(self) -> bool:
        """Tell whether the word ends a clause that the next one is added to: …하고, …하며."""
        body = self.body
        is_joint = bool(body) and body[-1].tag == "EC" and body[-1].form in _JOINS
        is_adjective = [m.form for m in body[-3:-1]] == ["적", "이"]
        return is_joint and not is_adjective and not _LIKE_PARTICLES.match(self.text)

    @property
    def asks_for_action(self) -> bool:
        """Tell whether the word tells one to do something: 씻으십시오, 누르세요."""
        body = self.body
        return bool(body) and body[-1].tag == "EF" and body[-1].form in _IMPERATIVES

    @property
    def embeds(self) -> bool:
        """Tell whether the word ends a clause inside another: …하는, …함을, …하기."""
        return any(m.tag in ("ETM", "ETN") for m in self.body) or self.text.startswith(("위하여", "위해"))

    @property
    def is_condition(self) -> bool:
        """Tell whether the clause that ends here is a condition: …하면, …한 경우(에는), …할 때(에는)."""
        forms = [(m.form, m.tag) for m in self.body]
        if forms and forms[-1][1] == "EC":
            return forms[-1][0] in _CONDITIONAL
        particles = [form for form, tag in forms[1:]]
        is_case = bool(forms) and forms[0][0] in _CASES and forms[0][1].startswith("NN") and particles in _AFTER_CASE
        # Inside a noun phrase, 시 is a part of it: 규정 위반 시 제재 사항.
        return is_case and not (forms == [("시", forms[0][1])] and not self.text.endswith(","))


_AFTER_CASE: list[list[str]] = [[], ["에"], ["에", "는"], ["에", "만"], ["는"], ["은"]]


def _role_of(last: Morpheme) -> Role:
    if last.tag.startswith(_NOUNS):
        return "noun"
    roles: dict[str, Role] = {
        "JKS": "subject",
        "JKO": "object",
        "JKB": "adverbial",
        "JKG": "genitive",
        "JC": "noun",
        "JX": "adverbial",
        "EC": "connective",
        "ETM": "adnominal",
        "ETN": "noun",
        "EF": "final",
        "MM": "genitive",
        "MAG": "adverbial",
        "MAJ": "noun",
    }
    return roles.get(last.tag, "other")
