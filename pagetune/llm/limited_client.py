"""An HTTP client that ends each request at a deadline and at a size, however slowly or long the server sends.

httpx's own time limits are those of one read: a server that sends a byte now and then never exceeds them.
"""

import asyncio
from typing import Any

import httpx

#: A reply has some thousand tokens, what a model thinks before it included.
MAX_BYTES = 16 * 2**20
MAX_REDIRECTS = 5
#: What is unpacked piece by piece. A piece in another encoding may become many gigabytes at once.
ENCODINGS = ("identity", "gzip", "deflate", "x-gzip", "none", "")


class LimitedClient(httpx.AsyncClient):
    """Sends each request within `seconds`, from looking up the name to the last byte, redirects included."""

    def __init__(self, seconds: float) -> None:
        headers = {"Accept-Encoding": ", ".join(ENCODINGS[1:3])}
        # llm.concurrency limits the requests under way; waiting for a connection would count against the deadline.
        limits = httpx.Limits(max_connections=None)
        super().__init__(
            timeout=seconds, headers=headers, limits=limits, follow_redirects=True, max_redirects=MAX_REDIRECTS
        )
        self._seconds = seconds

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        try:
            async with asyncio.timeout(self._seconds):
                return await _read(await super().send(request, **(options | {"stream": True})))
        except TimeoutError:
            raise httpx.ReadTimeout("no whole response in time", request=request) from None


async def _read(response: httpx.Response) -> httpx.Response:
    """Return the response with its body. Raise DecodingError where it is too long or packed in another way."""
    try:
        encoding = response.headers.get("Content-Encoding", ENCODINGS[0]).strip().lower()
        if encoding not in ENCODINGS:
            raise httpx.DecodingError(f"the response is encoded as {encoding[:20]}", request=response.request)
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MAX_BYTES:
                raise httpx.DecodingError(
                    f"the response has more than {MAX_BYTES // 2**20} MiB", request=response.request
                )
    finally:
        await response.aclose()
    headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=bytes(content),
        request=response.request,
        extensions=response.extensions,
    )
