"""A fixed llm.concurrency against auto, at servers that write 1, 4 or 32 replies at once and let the others wait.

    python -m benchmarks.slow_server

A reply takes a second or so, and llm.timeout_seconds is six times that, as 120 s is for a reply of 20 s.
A server goes on writing replies that nobody waits for any more. Nothing comes from a cache.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # tests import each other by their bare names

from pagetune.llm.client import Client
from pagetune.llm.schemas import Answered
from pagetune.params import Llm, load_params
from tests.llm_server import completion

REPLY_SECONDS, TIMEOUT_SECONDS, RETRIES = 1.0, 6.0, 5
#: Requests for a server of that many slots.
REQUESTS = {1: 40, 4: 100, 32: 640}
FIXED = 8


@dataclass
class Seen:
    """The replies that a server wrote, the requests that are there, and the most that ever were."""

    written: int = 0
    under_way: int = 0
    most: int = 0


@asynccontextmanager
async def serving(slots: int) -> AsyncIterator[tuple[str, Seen]]:
    free, random, seen = asyncio.Semaphore(slots), Random(0), Seen()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            body, status = "{}", "404 Not Found"
            if head.startswith("POST"):
                body, status = await _write(free, random, seen), "200 OK"
            headers = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
            writer.write(f"{headers}\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", seen


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode()
    except (asyncio.IncompleteReadError, ConnectionError):
        return ""


async def _write(free: asyncio.Semaphore, random: Random, seen: Seen) -> str:
    seen.under_way += 1
    seen.most = max(seen.most, seen.under_way)
    async with free:
        await asyncio.sleep(REPLY_SECONDS * random.uniform(0.5, 1.5))
    seen.under_way -= 1
    seen.written += 1
    return completion(json.dumps({"answer": "a", "evidence": "a"}))


async def measure(slots: int, concurrency: object, params: Llm) -> tuple[float, str]:
    """Return replies a minute, and a line about them."""
    async with serving(slots) as (address, seen):
        own = {"base_url": address, "model": "m", "timeout_seconds": TIMEOUT_SECONDS, "max_retries": RETRIES}
        changes: dict[str, Any] = own | {"concurrency": concurrency, "on_failed_request": "skip"}
        client = Client(params.model_copy(update=changes), "benchmark", "reply")
        client.meter.expect(REQUESTS[slots])
        asked = [client.ask([{"role": "user", "content": str(n)}], Answered) for n in range(REQUESTS[slots])]
        began = time.monotonic()
        replies = await asyncio.gather(*asked, return_exceptions=True)
        seconds = time.monotonic() - began
        await client.close()
    good = sum(isinstance(reply, Answered) for reply in replies)
    speed = 60 * good / seconds
    return speed, (
        f"{slots:5} {concurrency!s:>11} {seconds:8.0f} {good:9} {len(replies) - good:7} {seen.written - good:11} "
        f"{seen.most:10} {speed:9.0f}"
    )


def main() -> None:
    params = load_params(Path(__file__).parents[1] / "params.yaml").llm
    print("slots concurrency  seconds  answered  failed    in vain  most at once  a minute")
    for slots in REQUESTS:
        speeds = []
        for concurrency in (FIXED, "auto"):
            with tempfile.TemporaryDirectory() as folder:
                os.environ["PAGETUNE_CACHE"] = folder
                speed, line = asyncio.run(measure(slots, concurrency, params))
            speeds.append(speed)
            print(line, flush=True)
        print(f"{slots:5} auto against {FIXED}: {speeds[1] / speeds[0]:.2f} times the replies a minute", flush=True)


if __name__ == "__main__":
    main()
