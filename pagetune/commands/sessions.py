"""Who still listens to the answers of `serve`: a question whose client has gone is not computed."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

#: A client asks with one request and listens with the next; this is how long the next one may take.
PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.02

STREAM = re.compile(r"/gradio_api/(?:call/ask/(?P<event>\w+)|queue/(?P<session>data))")


class Sessions:
    """The streams that are open, by Gradio's name of the session; a program has a session for each question."""

    def __init__(self, blocks: Any) -> None:
        self._blocks, self._open = blocks, Counter[str]()

    def asked_for(self, scope: Any) -> str | None:
        """Return the session that a request wants to listen to, or None where it wants something else.

        Raises KeyError where Gradio has no such session.
        """
        found = STREAM.fullmatch(scope["path"])
        if not found or scope["method"] != "GET":
            return None
        queue = self._blocks._queue
        if event := found["event"]:
            waiting = {name: {*events} for name, events in queue.pending_event_ids_session.items()}
            session = next((name for name, events in waiting.items() if event in events), event)
        else:
            session = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])[-1]
        if session not in queue.pending_messages_per_session:
            raise KeyError(session)
        return session

    @contextmanager
    def listening(self, session: str | None) -> Iterator[None]:
        """Count a stream of the session for as long as it is open; None is not a stream."""
        if session is None:
            yield
            return
        self._open[session] += 1
        try:
            yield
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]

    def has_gone(self, session: str) -> bool:
        """Return whether nobody listens, after waiting for a client that asked a moment ago."""
        while session not in self._open and self._waited(session) < PATIENCE_SECONDS:
            time.sleep(POLL_SECONDS)
        return session not in self._open

    def _waited(self, session: str) -> float:
        events = self._blocks._queue.event_ids_to_events.copy()
        asked = [event.enqueue_time for event in events.values() if event.session_hash == session]
        return time.monotonic() - max(asked, default=0.0)
