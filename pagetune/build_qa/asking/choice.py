"""Which of the questions that a language model wrote are answered: sound ones, each once, of the wanted types."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pagetune.build_qa.asking.compared import names_the_texts
from pagetune.build_qa.asking.examples import copies_example
from pagetune.build_qa.asking.plan import Asking
from pagetune.build_qa.asking.question_types import type_by_wording
from pagetune.build_qa.soundness import fault_of_question, without_number
from pagetune.params import Qa
from pagetune.params.asking import ShownExample
from pagetune.records import QuestionType, Reason
from pagetune.text.claims import normal_form


@dataclass(frozen=True)
class Written:
    """A question as the model wrote it, and the type that it calls it, None where it does not say."""

    text: str
    label: QuestionType | None


@dataclass(frozen=True)
class Surplus:
    """A question that is not answered, and why."""

    text: str
    reason: Reason
    detail: str | None = None


@dataclass
class Choice:
    chosen: list[tuple[str, QuestionType]]
    surplus: list[Surplus]


@dataclass(frozen=True)
class Chooser:
    qa: Qa
    examples: Sequence[ShownExample]

    def choose(self, written: Sequence[Written], asking: Asking, page: str) -> Choice:
        """Return the different questions of the wanted types, then others until there are as many as wanted.

        The order is that in which they were written. `page` is the text in which an example's question may stand.
        """
        seen = {normal_form(text) for text in asking.before}
        faults: dict[int, Surplus] = {}
        sound: dict[int, tuple[str, QuestionType]] = {}
        for number, one in enumerate(written):
            text = without_number(unicodedata.normalize("NFC", " ".join(one.text.split())))
            kind: QuestionType = "comparison" if asking.beside else one.label or type_by_wording(text)
            if fault := self._fault(text, kind, seen, asking, page):
                faults[number] = Surplus(one.text, *fault)
            else:
                sound[number] = (text, kind)
            seen.add(normal_form(text))
        chosen = _by_type(sound, asking.types)
        faults |= {n: Surplus(written[n].text, "over_quota") for n in sound if n not in chosen}
        return Choice([sound[number] for number in sorted(chosen)], [faults[number] for number in sorted(faults)])

    def _fault(
        self, text: str, kind: QuestionType, seen: set[str], asking: Asking, page: str
    ) -> tuple[Reason, str | None] | None:
        form = normal_form(text)
        if not form or form in seen:
            return ("duplicate" if form else "too_short"), None
        if fault := fault_of_question(text):
            return fault[0], None
        if asking.beside and names_the_texts(text):
            return "passage_dependent", text[:100]
        if copies_example(text, self.examples, page):
            return "copies_example", None
        if asking.beside is None and kind != "comparison" and not self.qa.question_types.shares[kind]:
            return "over_quota", f"qa.question_types: {kind} is 0"
        return None


def _by_type(sound: dict[int, tuple[str, QuestionType]], types: Sequence[QuestionType]) -> set[int]:
    """Return the numbers of the questions that are answered: the first of each wanted type, then the first others."""
    left = Counter(types)
    chosen: set[int] = set()
    for number, (_, kind) in sound.items():
        if left[kind]:
            left[kind] -= 1
            chosen.add(number)
    others = [number for number in sound if number not in chosen]
    return chosen | set(others[: len(types) - len(chosen)])
