"""The records that travel between the stages, one JSON object a line."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["faq", "definition", "article", "key_value", "table", "llm", "user", "dialogue"]
Split = Literal["train", "validation", "recall", "heldout"]

#: The name of the wording that no training row ever has; `recall_new_wording` is scored on it alone.
NEW_WORDING = "new_wording"

#: Every reason for which a page is set aside or a pair is lost.
Reason = Literal[
    "no_text",
    "needs_ocr",
    "poor_ocr",
    "unreadable_font",
    "garbled",
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
    "refers_elsewhere",
    "repealed",
    "evidence_not_on_page",
    "not_in_evidence",
    "over_quota",
    "unreadable_answer",
    "request_failed",
    "unfaithful",
    "unclear",
    "wrong_script",
    "passage_dependent",
    "refusal",
    "personal_data",
    "duplicate",
    "near_duplicate",
    "contradiction",
    "in_heldout_and_training",
    "changes_facts",
    "special_token",
]


#: Every reason for which a file is not read at all.
BadFileReason = Literal[
    "empty_file",
    "not_a_pdf",
    "broken_file",
    "no_password",
    "wrong_password",
    "timed_out",
    "out_of_memory",
    "crashed",
]


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class Table(Record):
    """Rows of cell texts, the header row first; `caption` is the line above the table, empty where none stands."""

    caption: str
    rows: list[list[str]]


class Page(Record):
    """One page of a document. `text` holds a paragraph a line, without tables, running headers and footers."""

    doc_id: str
    source_sha256: str
    page_number: int
    text: str
    tables: list[Table]
    quality: dict[str, float]
    status: Literal["ok", "quarantined"]
    reason: Reason | None


class BadFile(Record):
    """A file that was not read, by its name, and why; `seen` is what the reader said about it."""

    file: str
    reason: BadFileReason
    seen: str


class Place(Record):
    """Where on its page a text stands: characters `start` to `end` of the page's text, or of a table's row.

    `table` and `row` count from 0 and are null for the text; a row's cells are joined by " | ".
    """

    table: int | None
    row: int | None
    start: int
    end: int


class Judgement(Record):
    """What the judge says, from 1 to 5: does the answer follow from its source, and is the question clear by itself."""

    faithfulness: int
    clarity: int


class Pair(Record):
    """A question and its answer.

    `evidence` is what stands at `place` on the page, letter for letter; `page_number`, `evidence` and `place` are null
    for a user's own rows.
    `context` is what was put before a question that several documents or sections answer differently ("[FAQ] ").
    `topic` is the noun phrase the question asks about ("금융보안교육센터의 주소"); paraphrases are made from it.
    `wording` names how the question is put, "original" as build_qa writes it.
    `parent_id` is the pair that a paraphrase was made from.
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
    #: In the files it keeps its first name, so that splits and users' own scripts stay as they are.
    wording: str = Field(alias="template")
    parent_id: str | None
    references: list[str]
    judgement: Judgement | None

    @classmethod
    def original(cls, pair_id: str, instruction: str, output: str, kind: Kind, doc_id: str, **more: Any) -> "Pair":
        """A pair as build_qa writes it; what `more` leaves out is null or empty."""
        nothing = dict.fromkeys(("page_number", "evidence", "place", "context", "topic", "parent_id", "judgement"))
        own = {"pair_id": pair_id, "instruction": instruction, "output": output, "kind": kind, "doc_id": doc_id}
        return cls.model_validate(nothing | {"wording": "original", "references": []} | own | more)


class Rejected(Record):
    """A pair that was lost, and why; `instruction` and `output` as far as they were read.

    `detail` says what the reason leaves open: the number that no evidence holds, the answer that contradicts.
    """

    reason: Reason
    doc_id: str
    page_number: int | None
    instruction: str
    output: str
    detail: str | None

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


class Example(Record):
    """What the model is shown (`prompt`) and should say (`completion`, ending in exactly one EOS)."""

    pair_id: str
    kind: Kind
    doc_id: str
    page_number: int | None
    wording_seen: bool
    prompt: str
    completion: str
    references: list[str]


class Prediction(Example):
    """What the model said; `stopped` is false where it never reached EOS. `precision` is the base model's, `engine`
    what generated."""

    split: Split
    eos_token: str
    prediction: str
    stopped: bool
    precision: str
    engine: str
