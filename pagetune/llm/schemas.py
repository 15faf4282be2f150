"""What is asked of a model, as JSON schemas."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Grade = Annotated[int, Field(ge=1, le=5)]


class Schema(BaseModel):
    """Read with patience: what a model adds is passed over. Asked for strictly: nothing may be added."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class QuestionList(Schema):
    questions: list[str]


class Answered(Schema):
    answer: str
    evidence: str


class Graded(Schema):
    faithfulness: Grade
    clarity: Grade


class Paraphrases(Schema):
    paraphrases: list[str]


class Translated(Schema):
    translation: str


def response_format(model: type[BaseModel]) -> dict[str, Any]:
    """As vLLM, llama.cpp, Ollama and the hosted servers take it."""
    schema = {"name": model.__name__.lower(), "schema": model.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": schema}
