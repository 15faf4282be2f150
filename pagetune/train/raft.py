"""Makes the training rows that are asked with passages of the documents (`curate.open_book_fraction`).

A model that was tuned on questions alone reads passages worse than before. As in RAFT (Zhang et al. 2024, "RAFT:
Adapting Language Model to Domain Specific RAG", arXiv:2403.10131), the evidence stands among passages that the search
found as well, and a share of the rows has such passages only. RAFT answers these all the same; here they abstain,
because prompt.open_template asks for an answer from the passages alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pagetune.curate.abstain.words import language_of_question, words_of
from pagetune.curate.heldout import hash_fraction
from pagetune.evaluate.containment import Source, states
from pagetune.language import Remark, tr
from pagetune.model.open_book import OpenBook
from pagetune.model.prompts import encode_example, joins
from pagetune.model.template import TemplateRecord
from pagetune.params import Params
from pagetune.records import Example, FoundPassage, Pair
from pagetune.search.ranking import Search
from pagetune.search.tokens import learn
from pagetune.text.claims import claims, normal_form
from pagetune.text.fact_match import unstated
from pagetune.text.readable import readable
from pagetune.text.shared_words import share_of, words

#: The share of the rows without their evidence: RAFT keeps it in 80% of them (P, in section 4.3).
WITHOUT_EVIDENCE = 0.2
#: How many times predict.passages the search is asked for, so that enough passages are left that state no answer.
_SOUGHT = 3
#: The share of an answer's words with which a passage may give it away.
_GIVES_AWAY = 0.75

OWN_ROW = Remark("their answers stand on no page")
NOT_FOUND = Remark("no passage that the search found has all of the evidence")
TOO_MANY = Remark("their evidence takes more than predict.passages")
TOO_FEW = Remark("too few of the passages found are silent about the answer")
NO_POSITIONS = Remark("the model has too few positions")
TOO_LONG = Remark("train.max_length is too small for a passage")
SEAM = Remark("the tokenizer joins their answer with the prompt")


class Chosen(NamedTuple):
    """The passages of a row: those that its answer rests on, and others, the best first."""

    evidence: list[FoundPassage]
    others: list[FoundPassage]


@dataclass
class Made:
    """The rows, how many of them have what, and why others stay without passages.

    `shorter` counts the rows with fewer passages than were chosen, and `needed` is the value of train.max_length that
    would hold all passages of all rows; 0 where it holds them.
    """

    rows: list[Example] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    shorter: int = 0
    needed: int = 0


class Maker:
    """Makes rows as both models are asked with `book`. The same rows, pages and settings give the same rows."""

    def __init__(self, book: OpenBook, template: TemplateRecord, tokenizer: Any, params: Params) -> None:
        self._book, self._template, self._tokenizer, self._params = book, template, tokenizer, params

    def make(self, rows: Sequence[Example], pairs: dict[str, Pair], search: Search) -> Made:
        """Return the share of the rows that is asked with passages. `pairs` are the pairs of the rows by id."""
        seed, fraction = self._params.seed, self._params.curate.open_book_fraction
        own = [row for row in rows if hash_fraction(seed, "open book", row.pair_id) < fraction]
        questions = [pairs[row.pair_id].asked for row in own]
        learn(questions)
        count, made = self._params.predict.passages, Made()
        for row, found in zip(own, search.find(questions, _SOUGHT * count), strict=True):
            pair, usable = pairs[row.pair_id], self._book.usable(found)
            without = hash_fraction(seed, "without evidence", row.pair_id) < WITHOUT_EVIDENCE
            chosen = choose(pair, usable, count, without)
            if isinstance(chosen, str):
                made.closed[chosen] += 1
            else:
                self._add(made, row, pair, chosen)
        return made

    def _add(self, made: Made, row: Example, pair: Pair, chosen: Chosen) -> None:
        """Add the row with as many of the passages as fit."""
        refused = not chosen.evidence and row.kind != "abstain"
        answered = row.model_copy(update=self._refusal(pair)) if refused else row
        asked = self._fitted(made, answered, pair, chosen)
        if isinstance(asked, str):
            made.closed[asked] += 1
            return
        made.rows.append(asked)
        made.ways["silent" if refused else "abstain" if row.kind == "abstain" else "evidence"] += 1

    def _refusal(self, pair: Pair) -> dict[str, Any]:
        """Return what changes in a row whose passages do not have the answer."""
        refusals = words_of(language_of_question(pair.instruction) or "en").refusals
        place = hash_fraction(self._params.seed, "refusal", pair.pair_id)
        said = refusals[int(place * len(refusals))]
        completion = self._template.lead + said + self._template.eos_token
        return {"completion": completion, "kind": "abstain", "references": []}

    def _fitted(self, made: Made, row: Example, pair: Pair, chosen: Chosen) -> Example | str:
        """Return the row with its passages in any order, without the last of the others where they do not fit.

        Where not even the evidence fits, or one passage, say why.
        """
        shown = sorted([*chosen.evidence, *chosen.others], key=lambda one: self._place_of(one, row))
        for left in range(len(chosen.others), -1 if chosen.evidence else 0, -1):
            asked = self._book.ask(pair.instruction, without_last(shown, chosen.others[left:]), pair.turns)
            whole = asked.passages == len(chosen.evidence) + left
            tried = row.model_copy(update={"prompt": asked.text})
            length = len(encode_example(tried, self._tokenizer, self._book.encoder)["input_ids"]) if whole else 0
            if whole and length > self._params.train.max_length:
                made.needed = max(made.needed, length)
            elif whole:
                made.shorter += left < len(chosen.others)
                fits = self._book.encoder or joins(tried.prompt, tried.completion, self._tokenizer)
                return tried if fits else SEAM
        return TOO_LONG if whole else NO_POSITIONS

    def _place_of(self, passage: FoundPassage, row: Example) -> float:
        """Return by what a passage is sorted among those of a row, at random: the evidence is not always the first."""
        where = passage.doc_id, str(passage.page_number), passage.place.model_dump_json()
        return hash_fraction(self._params.seed, "place of passage", row.pair_id, *where)


def without_last(shown: Sequence[FoundPassage], dropped: Sequence[FoundPassage]) -> list[FoundPassage]:
    """Return the passages that are shown but for those that are dropped, in their order."""
    return [one for one in shown if one not in dropped]


def choose(pair: Pair, found: Sequence[FoundPassage], count: int, without: bool) -> Chosen | str:
    """Return up to `count` passages for a question, or say why it is not asked with passages.

    A row that abstains has passages that do not answer it, all of those that there are; so has a row `without` its
    evidence. All others have what their answer rests on, and the best of the rest.
    """
    if pair.kind == "abstain":
        return Chosen([], list(found[:count])) if len(found) >= count else TOO_FEW
    if not pair.places:
        return OWN_ROW
    if without and not adds_nothing(pair):
        silent = [one for one in found if not gives_away(one, pair)][:count]
        return Chosen([], silent) if len(silent) == count else TOO_FEW
    evidence = evidence_in(found, pair)
    if not evidence:
        return NOT_FOUND
    others = [one for one in found if one not in evidence]
    return Chosen(evidence, others[: count - len(evidence)]) if len(evidence) <= count else TOO_MANY


def evidence_in(found: Sequence[FoundPassage], pair: Pair) -> list[FoundPassage]:
    """Return the passages that an answer rests on, none where one of them was not found.

    A passage of the same page that states the answer will do where no passage has the evidence in one piece.
    """
    sources = _sources(pair)
    kept = [next((one for one in found if source.is_in(one)), None) for source in sources]
    if len(sources) == 1 and kept[0] is None:
        own = (one for one in found if (one.doc_id, one.page_number) == (sources[0].doc_id, sources[0].page_number))
        kept = [next((one for one in own if states(one, pair.output, pair.instruction, sources[0])), None)]
    whole = [one for one in kept if one is not None]
    return [one for number, one in enumerate(whole) if one not in whole[:number]] if len(whole) == len(kept) else []


def gives_away(passage: FoundPassage, pair: Pair) -> bool:
    """Tell whether a passage may answer the question: it is of the evidence's page, or has what an answer says."""
    if any((passage.doc_id, passage.page_number) == (source.doc_id, source.page_number) for source in _sources(pair)):
        return True
    text = readable("\n".join([*passage.above, passage.text]))
    return any(_has(text, answer, pair.instruction) for answer in (pair.output, *pair.references))


def _has(text: str, answer: str, question: str) -> bool:
    if normal_form(answer) in normal_form(text):
        return True
    return share_of(words(answer), text) >= _GIVES_AWAY and not unstated(text, readable(answer), question)


def adds_nothing(pair: Pair) -> bool:
    """Tell whether an answer says no more than its question, such as a yes: no one can tell which passages imply it."""
    said, asked = claims(pair.output), claims(pair.instruction)
    figures = said.numbers - asked.numbers or said.joined - asked.joined or said.codes - asked.codes
    return not figures and not set(words(pair.output)) - set(words(pair.instruction))


def _sources(pair: Pair) -> list[Source]:
    return [Source(pair.doc_id, number, place, pair.whole_evidence) for number, place in pair.places]


def describe(made: Made, params: Params) -> list[str]:
    """Say what the rows have, why others stay without passages, and which setting would change that."""
    ways, room, drawn = made.ways, params.train.max_length, len(made.rows) + made.closed.total()
    lines = [
        tr(
            "curate.open_book_fraction: {fraction:g} draws {drawn} training rows: {evidence} are asked "
            "with their evidence among the passages, {silent} without it, so that they abstain, and "
            "{abstain} that abstain anyway",
            fraction=params.curate.open_book_fraction,
            drawn=drawn,
            evidence=ways["evidence"],
            silent=ways["silent"],
            abstain=ways["abstain"],
        )
    ]
    if made.closed:
        reasons = "; ".join(
            tr("{count}, because {reason}", count=count, reason=reason) for reason, count in sorted(made.closed.items())
        )
        lines.append(tr("{count} of them stay without passages: {reasons}", count=made.closed.total(), reasons=reasons))
    if made.shorter:
        lines.append(
            tr(
                "{count} have fewer than predict.passages: {passages}, because no more fit",
                count=made.shorter,
                passages=params.predict.passages,
            )
        )
    if made.needed:
        lines.append(
            tr(
                "train.max_length: {room} is too small for some of them, {needed} would hold all",
                room=room,
                needed=made.needed,
            )
        )
    if params.predict.book == "closed":
        lines.append(tr("predict.book: closed measures no answer with passages; both does"))
    return lines
