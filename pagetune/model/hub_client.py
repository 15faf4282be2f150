"""An HTTP client for the Hub that gives up on a download that has all but stopped.

huggingface_hub's own limit is that of one read, so that a server that sends a byte now and then never exceeds it. It
then resumes the download, and gives up where that brings nothing new five times.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx
from huggingface_hub import get_session, set_client_factory

from pagetune.language import Remark

#: A download that brings fewer bytes than LEAST_BYTES in STALL_SECONDS, of waiting alone, has stalled.
LEAST_BYTES, STALL_SECONDS = 30 * 1024, 30.0


class Watched(httpx.SyncByteStream):
    """A response's body that raises ReadTimeout where it stalls."""

    def __init__(self, stream: httpx.SyncByteStream, request: httpx.Request) -> None:
        self._stream, self._request = stream, request

    def __iter__(self) -> Iterator[bytes]:
        waited, received, asked = 0.0, 0, time.monotonic()
        for part in self._stream:
            waited, received = waited + time.monotonic() - asked, received + len(part)
            if waited > STALL_SECONDS:
                if received < LEAST_BYTES:
                    seen = Remark("{received} bytes in {waited:.0f} s", received=received, waited=waited)
                    raise httpx.ReadTimeout(
                        Remark("the download has stalled: {seen}", seen=seen), request=self._request
                    )
                waited, received = 0.0, 0
            yield part
            asked = time.monotonic()  # what the receiver does with it is not the server's time

    def close(self) -> None:
        self._stream.close()


class HubClient(httpx.Client):
    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        response = super().send(request, stream=True, **options)
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = Watched(response.stream, request)
        if not stream:
            response.read()
        return response


def give_up_on_stalls() -> None:
    """Set this client as the one that huggingface_hub uses from now on, with its own hooks."""
    session = get_session()
    if isinstance(session, HubClient):
        return
    hooks, timeout = session.event_hooks, session.timeout
    set_client_factory(lambda: HubClient(event_hooks=hooks, follow_redirects=True, timeout=timeout))
