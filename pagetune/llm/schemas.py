"""The replies that a language model is asked for, as JSON schemas."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from pagetune.language import Remark

Grade = Annotated[int, Field(ge=1, le=5)]


class Schema(BaseModel):
    """A reply. Its schema forbids further fields, and reading ignores them."""

    # Subclasses have no docstrings: pydantic would put them into the schema, and so into requests and cache keys.

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class QuestionList(Schema):
    questions: list[str]


def _known_label(value: object) -> object:
    return value if value in _LABELS else None


_LABELS = ("fact", "condition", "procedure", "reason")
Label = Annotated[
    Literal["fact", "condition", "procedure", "reason"] | None,
    BeforeValidator(_known_label),
    WithJsonSchema({"type": "string", "enum": list(_LABELS)}),
]


class TypedQuestion(Schema):
    type: Label
    question: str

    @model_validator(mode="before")
    @classmethod
    def _without_label(cls, value: object) -> object:
        # Models that are not held to the schema leave the type out, or write only the question.
        if isinstance(value, str):
            return {"type": None, "question": value}
        return {"type": None} | value if isinstance(value, dict) else value


class TypedQuestions(Schema):
    questions: list[TypedQuestion]


class Answered(Schema):
    answer: str
    evidence: str


class Reread(Schema):
    answer: str


class Compared(Schema):
    answer: str
    evidence_1: str
    evidence_2: str


class Graded(Schema):
    faithfulness: Grade
    clarity: Grade


class Assessed(Schema):
    # The reason comes first, so that the model thinks before it decides.
    reason: str
    verdict: Literal["right", "wrong", "unsupported"]


class Paraphrases(Schema):
    paraphrases: list[str]


class Translated(Schema):
    translation: str


#: What shortens a request, or does without it, by what it asks for; for all others a passage is shown. An assessment
#: has no entry: `evaluate.judge: none` is named by whoever asks for it.
_SHORTER: dict[type[BaseModel] | None, str | None] = {
    Reread: Remark("set qa.round_trip: false"),
    Graded: Remark("set qa.judge: none"),
    Assessed: None,
    Paraphrases: Remark("set curate.paraphrase_method: templates"),
    Translated: Remark("set curate.paraphrase_method: templates"),
}


def how_to_shorten(model: type[BaseModel] | None) -> list[str]:
    """Return what a user can set where a request for `model` is longer than the language model reads."""
    advice = _SHORTER.get(model, Remark("lower qa.passage_characters"))
    return [advice] if advice else []


def response_format(model: type[BaseModel]) -> dict[str, Any]:
    """Return `response_format` as vLLM, llama.cpp, Ollama and the hosted servers take it."""
    schema = {"name": model.__name__.lower(), "schema": model.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": schema}
