"""What a user wishes of the questions that a language model writes: their types, and examples of their form."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from pagetune.language import Remark, tr
from pagetune.params.section import Section
from pagetune.records import QuestionType

#: The only file of examples: the stage `build_qa` depends on it.
EXAMPLES = "data/examples.jsonl"
_FIELDS = ("question", "answer")
_SHAPE = "{question: …, answer: …}"
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class QuestionTypes(Section):
    """How many questions of each type are asked, in proportion to each other."""

    fact: Weight
    condition: Weight
    procedure: Weight
    reason: Weight
    comparison: Weight

    @property
    def shares(self) -> dict[QuestionType, float]:
        """Return the share of each type. They need not add up to 1."""
        return {
            "fact": self.fact,
            "condition": self.condition,
            "procedure": self.procedure,
            "reason": self.reason,
            "comparison": self.comparison,
        }

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(self.shares.values()):
            raise ValueError(tr("at least one type must be above 0, got 0 for all"))
        return self


class RecallQuestion(Section):
    """A question that is asked and never trained in these words, about one document and about no other."""

    question: str
    doc_id: str


class ShownExample(Section):
    question: str
    answer: str


def fault_of_example(row: object) -> str | None:
    """Return what is wrong with a row, as it continues its place ("row 2 "), and what to do; None where nothing is."""
    if not isinstance(row, dict):
        return tr("should be {shape}, got {seen}. Write both", shape=_SHAPE, seen=_shown(row))
    if strange := [str(name) for name in row if name not in _FIELDS]:
        return tr("has a field {name!r}. Call it question or answer, or remove it", name=strange[0])
    for name in _FIELDS:
        if name not in row:
            return tr("has no {name}. Write {shape}", name=name, shape=_SHAPE)
        if not isinstance(row[name], str) or not row[name].strip():
            return tr(
                "has no text in {name}, got {seen}. Write one, in quotation marks if need be",
                name=name,
                seen=_shown(row[name]),
            )
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _check(value: object) -> object:
    """Raise an error in words that names the row and its field."""
    if isinstance(value, list):
        for number, row in enumerate(value, 1):
            if fault := fault_of_example(row):
                raise PydanticCustomError(
                    "in_words", "{said}", {"said": tr("row {number} {fault}", number=number, fault=fault)}
                )
    elif value != EXAMPLES:
        is_path = isinstance(value, str)
        advice = (
            Remark("Copy the rows into {path}, which DVC watches", path=EXAMPLES)
            if is_path
            else Remark("[] stands for none")
        )
        said = tr(
            "should be a list of {shape}, or {path}, got {seen}. {advice}",
            shape=_SHAPE,
            path=EXAMPLES,
            seen=_shown(value),
            advice=advice,
        )
        raise PydanticCustomError("in_words", "{said}", {"said": said})
    return value


Examples = Annotated[
    list[ShownExample] | Annotated[str, Field(min_length=1)],
    BeforeValidator(_check),
    Field(
        description=Remark(
            "a list of {question: …, answer: …}, or the path of a file with them, such as data/examples.jsonl"
        )
    ),
]


def _check_questions(value: object) -> object:
    """Raise an error in words that names the question."""
    for number, one in enumerate(value if isinstance(value, list) else [], 1):
        texts = list(one.values()) if isinstance(one, dict) and set(one) == set(RecallQuestion.model_fields) else [one]
        if not all(isinstance(text, str) for text in texts):
            said = f"question {number} should be a text or {{question: …, doc_id: …}}, got {_shown(one)}. Change it"
            raise PydanticCustomError("in_words", "{said}", {"said": said})
    return value


RecallQuestions = Annotated[
    list[str | RecallQuestion],
    BeforeValidator(_check_questions),
    Field(description="a list of strings"),
]
