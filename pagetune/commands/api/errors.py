"""The errors of `/v1`, as OpenAI's clients read them."""

import json
from typing import Any

#: The paths that answer in OpenAI's form.
PREFIX = "/v1/"


class ApiError(Exception):
    """A request that is answered with an error. `param` is the key of the body that is wrong."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        self.status, self.param, self.code = status, param, code
        super().__init__(message)

    @property
    def body(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}


def as_json(status: int, message: str) -> bytes:
    """Return the body of an error as the client gets it."""
    return json.dumps(ApiError(status, message).body, ensure_ascii=False).encode()
