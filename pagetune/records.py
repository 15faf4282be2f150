"""The records that travel between the stages, one JSON object a line."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["faq", "definition", "article", "key_value", "table", "llm", "user"]
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
    "unnamed_table",
    "refers_elsewhere",
    "repealed",
    "evidence_not_on_page",
    "duplicate",
    "contradiction",
    "in_heldout_and_training",
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
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Pair(Record):
    """A question and its answer.

    `topic` is the noun phrase the question asks about ("금융보안교육센터의 주소"); paraphrases are made from it.
    `template` names the wording of the question, "original" as build_qa writes it.
    `page_number` and `evidence` (verbatim from the page) are null for a user's own rows.
    """

    pair_id: str
    instruction: str
    output: str
    kind: Kind
    doc_id: str
    page_number: int | None
    evidence: str | None
    topic: str | None
    template: str
    parent_id: str | None
    references: list[str]


class Rejected(Record):
    """A pair that was lost, and why; `instruction` and `output` as far as they were read."""

    reason: Reason
    doc_id: str
    page_number: int | None
    instruction: str
    output: str


class Example(Record):
    """What the model is shown (`prompt`) and should say (`completion`, ending in exactly one EOS)."""

    pair_id: str
    kind: Kind
    doc_id: str
    page_number: int | None
    template_seen: bool
    prompt: str
    completion: str
    references: list[str]


class Prediction(Example):
    """What the model said; `stopped` is false where it never reached EOS. `precision` is the base model's."""

    split: Split
    eos_token: str
    prediction: str
    stopped: bool
    precision: str
