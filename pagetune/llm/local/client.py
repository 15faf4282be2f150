"""A client whose replies the stage writes itself, with the surface, the cache and the counts of the one for servers."""

from typing import Any

from pydantic import BaseModel

from pagetune.llm.client import Client, Messages
from pagetune.llm.local.author import Author, find_author
from pagetune.llm.local.requests import Requests


class LocalClient(Client):
    """Asks a model that is loaded here, once it is needed: where the cache has all replies, no weights are loaded."""

    _author: Author

    def _connect(self) -> Any:
        self._author = find_author(self._params, self._stage)
        return Requests(self._author, self._params)

    def _request(self, messages: Messages, model: type[BaseModel]) -> dict[str, Any]:
        """Return what the reply follows from. The number of rows is not part of it, and neither is the folder."""
        return {
            "engine": "local",
            "weights": self._author.weights,
            "precision": self._author.choice.precision,
            "messages": messages,
            "temperature": self._params.temperature,
            "max_tokens": self._params.max_tokens,
            "schema": model.model_json_schema(),
        }
