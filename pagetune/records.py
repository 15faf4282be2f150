"""The records that travel between the stages, one JSON object a line."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pagetune.masking import mask

#: What a server or a library said, without the keys and passwords that it may repeat.
Said = Annotated[str, AfterValidator(mask)]

Kind = Literal[
    "faq", "definition", "article", "statement", "list", "key_value", "table", "reversed", "implication", "llm", "user",
    "dialogue", "question", "replay", "abstain",
]  # fmt: skip
Split = Literal["train", "validation", "recall", "heldout"]
#: What decides whether an answer is right: that it states the facts of a reference, or that it is one to the letter.
Check = Literal["fact", "exact"]
#: What a language model's question asks for; a comparison needs two passages.
QuestionType = Literal["fact", "condition", "procedure", "reason", "comparison"]
#: What is computed from the cells of a column.
Implication = Literal["difference", "largest", "smallest", "count"]

#: The name of the wording that no training row has; `recall_new_wording` scores only questions in this wording.
NEW_WORDING = "new_wording"
#: The name of the wording of a reversed question that is asked and never trained; `recall_reversed` scores only these.
REVERSED = "reversed"

#: Every reason for which a page is quarantined or a pair is rejected.
Reason = Literal[
    "no_text",
    "needs_ocr",
    "poor_ocr",
    "unreadable_font",
    "garbled",
    "damaged",
    "broken_page",
    "timed_out",
    "out_of_memory",
    "crashed",
    "too_long",
    "too_short",
    "unfinished",
    "unanswered",
    "two_answers",
    "two_clauses",
    "unnamed_table",
    "to_fill_in",
    "refers_elsewhere",
    "repealed",
    "unknown_law",
    "evidence_not_on_page",
    "not_in_evidence",
    "instructs_the_model",
    "not_a_question",
    "two_questions",
    "answer_in_question",
    "not_about_question",
    "not_reproduced",
    "example_only",
    "other_language",
    "repeats_itself",
    "over_quota",
    "unreadable_answer",
    "request_failed",
    "unfaithful",
    "unclear",
    "wrong_script",
    "passage_dependent",
    "copies_example",
    "not_trained",
    "refusal",
    "personal_data",
    "duplicate",
    "near_duplicate",
    "contradiction",
    "in_heldout_and_training",
    "changes_facts",
    "low_grade",
    "rejected_by_reviewer",
    "special_token",
    "asked_by_hand",
    "unknown_document",
    "unreadable_row",
    "missing_text",
    "not_text",
    "wrong_turns",
]


#: Every reason for which a whole file is not read.
BadFileReason = Literal[
    "empty_file",
    "unreadable",
    "not_a_pdf",
    "broken_file",
    "no_password",
    "wrong_password",
    "xfa_only",
    "locked",
    "not_read",
    "unknown_encoding",
    "missing_library",
    "timed_out",
    "out_of_memory",
    "crashed",
]


#: Why no rule asks about a page, by what most of it is.
WhySilent = Literal["contents", "references", "formulas", "table", "other_language", "fragments", "no_sure_question"]


def with_turns(turns: list["Turn"], question: str) -> str:
    """Return what was said before a question, and the question, as one text to compare."""
    return "\n".join([*(turn.content for turn in turns), question]) if turns else question


def fact_id(pair_id: str) -> str:
    """Return the pair that a wording was made from; the id of a wording is its pair's, a hyphen and a name."""
    return pair_id.partition("-")[0]


def wording_in(pair_id: str) -> str:
    """Return the name of the wording that an id ends in, or nothing where it is the pair's own."""
    return pair_id.partition("-")[2]


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Table(Record):
    """Rows of cell texts. `caption` is the line that names the table, or empty.

    `layout` says where its labels are: in the first row ("header"), in the first column ("turned"), or beside each
    value ("form"). A merged cell's text stands in each row and column that the cell covers; `filled` lists the rows and
    columns, from 0, of all but the first, and of a header that is printed on an earlier page. `inside` is the index of
    the table in one of whose cells this one stands; that cell says "[표 2]", counted from 1. `continues` says that the
    table began on an earlier page.
    """

    caption: str
    rows: list[list[str]]
    layout: Literal["header", "turned", "form"] = "header"
    filled: list[tuple[int, int]] = []
    inside: int | None = None
    continues: bool = False


class Page(Record):
    """One page of a document. `text` has one paragraph a line, without tables, running headers and footers."""

    doc_id: str
    source_sha256: str
    page_number: int
    text: str
    tables: list[Table]
    quality: dict[str, float]
    status: Literal["ok", "quarantined"]
    reason: Reason | None


class BadFile(Record):
    """The name of a file that was not read, and why. `seen` is what the PDF reader reported."""

    file: str
    reason: BadFileReason
    seen: Said


class HeldoutUnit(Record):
    """What is held out as a whole, and why: a document, or with `part` a page or a row of it."""

    doc_id: str
    part: str | None
    why: str


class HeldoutUnits(Record):
    """`data/splits/documents.json`."""

    heldout: list[HeldoutUnit]

    def have(self, page: Page) -> bool:
        """Tell whether a page is held out, by itself or with its document."""
        units = {(unit.doc_id, unit.part) for unit in self.heldout}
        return not units.isdisjoint({(page.doc_id, None), (page.doc_id, str(page.page_number))})


class Place(Record):
    """The position of a text on its page: characters `start` to `end` of the page's text, or of a table's row.

    `table` and `row` count from 0 and are null for the page's text. A row's cells are joined by " | ".
    """

    table: int | None
    row: int | None
    start: int
    end: int


class Evidence(Record):
    """The text at `place` on a page, character for character."""

    page_number: int
    place: Place
    text: str


class Computed(Record):
    """How an answer was computed from column `column`, from 0, below `header`: `others` are the rows beside the
    evidence's with which it was compared."""

    how: Implication
    header: str
    column: int
    others: list[Evidence]


class Judgement(Record):
    """The judge's grades from 1 to 5: does the answer follow from its source, is the question clear by itself."""

    faithfulness: int
    clarity: int


class Turn(Record):
    """What was said before a question: by the user, by the assistant, or by the system, which speaks only first."""

    role: Literal["system", "user", "assistant"]
    content: str


class Pair(Record):
    """A question and its answer.

    `evidence` is the text at `place` on the page, character for character; `page_number`, `evidence` and `place` are
    null for a user's own rows.
    `context` is what was put before a question that several documents or sections answer differently ("[FAQ] ").
    `topic` is the noun phrase that the question asks about ("금융보안교육센터의 주소"); paraphrases are made from it.
    `wording` names the phrasing of the question: "original" is the one that build_qa writes.
    `parent_id` is the pair that a paraphrase was made from.
    `turns` were said before the question, in a user's own conversation; `conversation` is the id that the pairs of one
    conversation share, and null for all others.
    `question_type` is what a language model's question asks for, and `second` what the answer to a comparison rests on
    beside `evidence`, in the same document; both are null for all other pairs. A reversed question has in `second` the
    name that it asks for, where that stands elsewhere.
    `reverses` is the pair whose question and answer a reversed question turns round. `computed` says how the answer
    follows from the cells of a table. Both are null for all other pairs.
    """

    pair_id: str
    instruction: str
    output: str
    kind: Kind
    doc_id: str
    page_number: int | None
    evidence: str | None
    place: Place | None
    context: str | None
    topic: str | None
    #: The files keep the key's first name, so that splits and users' scripts stay as they are.
    wording: str = Field(alias="template")
    parent_id: str | None
    references: list[str]
    judgement: Judgement | None
    #: From 0 to 1, by the rules of curate; null before curate, and for dialogues.
    grade: float | None = None
    turns: list[Turn] = Field(default_factory=list)  # a default of [] is copied deeply for each row
    conversation: str | None = None
    question_type: QuestionType | None = None
    second: Evidence | None = None
    reverses: str | None = None
    computed: Computed | None = None

    @property
    def places(self) -> list[tuple[int, Place]]:
        """Return each page and place that the answer rests on: none for a user's own rows, two for a comparison."""
        own = [(self.page_number, self.place)] if self.page_number is not None and self.place else []
        return own + [(more.page_number, more.place) for more in self._further]

    @property
    def whole_evidence(self) -> str:
        """Return all that the answer rests on: the evidence, and below it a second passage or further rows."""
        return "\n".join([self.evidence or "", *(more.text for more in self._further)])

    @property
    def _further(self) -> list[Evidence]:
        """Return the evidence beside `evidence`."""
        return [*([self.second] if self.second else []), *(self.computed.others if self.computed else [])]

    @property
    def asked(self) -> str:
        """Return the question after what was said before it: "그럼 얼마예요?" by itself may ask anything."""
        return with_turns(self.turns, self.instruction)

    @property
    def compared(self) -> str:
        """Return the same without the system text, which does not belong to the fact and may be that of all rows."""
        return with_turns([turn for turn in self.turns if turn.role != "system"], self.instruction)

    @classmethod
    def original(cls, pair_id: str, instruction: str, output: str, kind: Kind, doc_id: str, **more: Any) -> Self:
        """Make a pair in its original wording; a field that `more` leaves out is null or empty."""
        nothing = dict.fromkeys(("page_number", "evidence", "place", "context", "topic", "parent_id", "judgement"))
        own = {"pair_id": pair_id, "instruction": instruction, "output": output, "kind": kind, "doc_id": doc_id}
        return cls.model_validate(nothing | {"wording": "original", "references": []} | own | more)


class Question(Pair):
    """A question of data/questions, which no template wrote; `split` is its set, the name of its file.

    `output` is the first accepted answer, and empty where the documents are silent and none is given. Where
    `answerable` is false, an answer that says that it does not know is right. A `general` question is not about the
    documents. `tag` is the user's own word for what it asks. `evidence` is null where none was given or the page does
    not have it, and `further` is what the answer rests on beside it.
    """

    split: str
    check: Check
    answerable: bool
    general: bool
    tag: str | None
    further: list[Evidence]

    @property
    def places(self) -> list[tuple[int, Place]]:
        return super().places + [(one.page_number, one.place) for one in self.further]

    @property
    def whole_evidence(self) -> str:
        return "\n".join([super().whole_evidence, *(one.text for one in self.further)])


class Rejected(Record):
    """A pair that was rejected, and why. `instruction` and `output` are as much as was read of them.

    `detail` adds what the reason leaves open: the number that is not in the evidence, the answer that contradicts.
    """

    reason: Reason
    doc_id: str
    page_number: int | None
    instruction: str
    output: str
    detail: Said | None

    @classmethod
    def of(cls, pair: Pair, reason: Reason, detail: str | None = None) -> "Rejected":
        return cls(
            reason=reason,
            doc_id=pair.doc_id,
            page_number=pair.page_number,
            instruction=pair.instruction,
            output=pair.output,
            detail=detail,
        )


class SilentPage(Record):
    """A page with enough text that gives no pair, how many characters it has, and why that may be."""

    doc_id: str
    page_number: int
    characters: int
    why: WhySilent


class Example(Record):
    """The text that the model is given (`prompt`) and should continue with (`completion`, which ends in one EOS).

    `turns_before` counts the turns in the prompt before the question, a system text among them.
    """

    pair_id: str
    kind: Kind
    doc_id: str
    page_number: int | None
    wording_seen: bool
    prompt: str
    completion: str
    references: list[str]
    turns_before: int = 0


class AskedExample(Example):
    """An example that is only asked, and the set that it belongs to, with what `Question` says of it.

    Where it is asked with passages of the documents, `open_prompt` is the text that the model is given in place of
    `prompt`, and `passages` counts those in it.
    """

    split: str
    check: Check = "fact"
    answerable: bool = True
    general: bool = False
    tag: str | None = None
    passages: int = 0
    open_prompt: str | None = None


class StopQuestion(Example):
    """A question about what was never trained, which evaluate.quick asks. `support` is all that an answer may state."""

    support: str


class FoundPassage(Record):
    """A passage that the search found. `place` is where its text stands on the page; a row of a table also has its
    caption and header in it. `above` is the document's name, and the heading that is not in the text. `score` is the
    ranking's, and means nothing beside that of another question."""

    doc_id: str
    page_number: int
    place: Place
    score: float
    above: list[str]
    text: str


class Found(Record):
    """The passages that the search found for the question of a pair, the best first."""

    pair_id: str
    passages: list[FoundPassage]


class Prediction(AskedExample):
    """An example with the model's answer. `stopped` is false where it never reached EOS; `precision` is the base
    model's; `engine` is what generated the answer."""

    eos_token: str
    prediction: str
    stopped: bool
    precision: str
    engine: str
