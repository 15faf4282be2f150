"""Look for the server before the first request: one that is absent, elsewhere or refuses the key is named in seconds.

A server that answers GET /models slowly, or not at all, may still answer requests, and is not judged.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.masking import mask, without_credentials

#: The time that a server has to accept a connection, and to say which models it has.
CONNECT_SECONDS, SECONDS = 4.0, 5.0
#: Between two looks at a server that is loading its model.
LOADING_SECONDS = 1.0
#: Where servers listen if nobody tells them otherwise.
USUAL_PORTS = {"vLLM": 8000, "Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234}
#: How many models a message names, and the most characters of a name.
_NAMES, _NAME_LENGTH = 5, 80


class Unreachable(UserError):
    """No connection can be made to the server."""


@dataclass(frozen=True)
class Contact:
    """What a server said to GET /models: the names of its models, or none where it does not tell."""

    models: tuple[str, ...] = ()
    #: The status of the response; 0 where there was none in time.
    status: int = 0
    said: str = ""
    #: Why there was no connection.
    error: httpx.TransportError | None = None


async def find_server(
    client: httpx.AsyncClient, base_url: str, key: str, patience_seconds: float, say: Callable[[str], None]
) -> Contact:
    """Return what the server said. Raise UserError where no request can succeed; it is Unreachable without connection.

    A server that is loading its model (503) has `patience_seconds` to end that.
    """
    found = await _look(client, base_url, key)
    until = time.monotonic() + patience_seconds
    if found.status == 503:
        shown = without_credentials(base_url)
        waits = Remark("{url} is not ready yet ({said}); waiting for it, {seconds:g} s at most")
        say(tr(waits, url=shown, said=found.said, seconds=patience_seconds))
    while found.status == 503 and time.monotonic() < until:
        await asyncio.sleep(LOADING_SECONDS)
        found = await _look(client, base_url, key)
    if found.models or (found.status == 0 and found.error is None):
        return found
    if found.status == 401:
        raise UserError(_refused_key(base_url, key, found))
    await _look_elsewhere(client, base_url, key, found)
    if isinstance(found.error, httpx.ConnectError | httpx.ConnectTimeout):
        raise Unreachable(_no_connection(base_url, found.error))
    return found


async def _look(client: httpx.AsyncClient, base_url: str, key: str) -> Contact:
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
    try:
        async with asyncio.timeout(SECONDS):
            response = await client.get(f"{base_url.rstrip('/')}/models", headers=headers, timeout=limits)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProtocolError) as error:
        return Contact(error=error)
    except (TimeoutError, httpx.HTTPError, httpx.InvalidURL):  # slow, without an end, or broken off
        return Contact()
    said = mask(" ".join(response.text[:2000].split()))[:200]
    return Contact(_names(response), response.status_code, f"{response.status_code} {said}".strip())


def _names(response: httpx.Response) -> tuple[str, ...]:
    """Return the ids in OpenAI's list of models, {"data": [{"id": …}]}; none where it is something else."""
    try:
        return tuple(str(model["id"]) for model in response.json()["data"]) if response.is_success else ()
    except (ValueError, LookupError, TypeError, RecursionError):
        return ()


def listed(models: Sequence[str]) -> str:
    """Return the first names for a message, in one line. A server may call its models anything, your key included."""
    names = ", ".join(mask(" ".join(name.split()))[:_NAME_LENGTH] for name in models[:_NAMES])
    more = len(models) - _NAMES
    return tr("{names} and {count} more", names=names, count=more) if more > 0 else names


async def _look_elsewhere(client: httpx.AsyncClient, base_url: str, key: str, found: Contact) -> None:
    """Raise UserError if models are listed at an address that `base_url` may have been meant to be."""
    for address in _similar(base_url, found.error is not None):
        # The key goes to no other host, and not to another program on this one.
        if models := (await _look(client, address, key if found.error is None else "none")).models:
            raise UserError(
                "llm.base_url: no language model answers at {base_url}, but one does at {address} "
                "({models}). Set llm.base_url to that address, and llm.model to one of its models.",
                base_url=without_credentials(base_url),
                address=without_credentials(address),
                models=listed(models),
            )


def _similar(base_url: str, is_silent: bool) -> Iterator[str]:
    """Yield the same server's usual paths; where nothing answers, the other scheme and this machine's usual ports.

    The other scheme gets no user and no password: httpx would send them over http for everyone to read.
    """
    parts = urlsplit(base_url.rstrip("/"))
    before = parts.path.partition("/v1")[0] if "/v1" in parts.path else parts.path
    paths = dict.fromkeys([f"{before}/v1", f"{parts.path}/v1", "/v1"])
    if not is_silent:
        yield from (urlunsplit(parts._replace(path=path)) for path in paths if path != parts.path)
        return
    other = {"http": "https", "https": "http"}[parts.scheme]
    yield without_credentials(urlunsplit(parts._replace(scheme=other)))
    if _is_this_machine(parts.hostname or ""):
        for port in USUAL_PORTS.values():
            if port != parts.port:
                yield f"http://{parts.hostname}:{port}/v1"


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused_key(base_url: str, key: str, found: Contact) -> str:
    seen = {"url": without_credentials(base_url), "said": found.said}
    if key == "none":
        return tr(
            "llm.base_url: {url} refuses requests without a key ({said}). Set OPENAI_API_KEY in the environment.",
            **seen,
        )
    return tr(
        "llm.base_url: {url} refuses the key ({said}). Check OPENAI_API_KEY in the environment; it must be a key of "
        "that server.",
        **seen,
    )


def _no_connection(base_url: str, error: httpx.TransportError) -> str:
    shown, why = without_credentials(base_url), _innermost(error)
    if isinstance(error, httpx.ConnectTimeout):
        return tr(
            "llm.base_url: no connection to {url} within {seconds:g} s. Check the address, the network and the "
            "firewall.{proxy}",
            url=shown,
            seconds=CONNECT_SECONDS,
            proxy=_proxy(base_url),
        )
    if isinstance(why, ssl.SSLCertVerificationError):
        return tr(
            "llm.base_url: no connection to {url}: its certificate is not trusted ({why}). Set SSL_CERT_FILE in the "
            "environment to the file of the authority that signed it.",
            url=shown,
            why=why.verify_message,
        )
    return tr(
        "llm.base_url: no connection to {url}: {why}. Start the server, or set llm.base_url to its address (usual "
        "ports: {ports}).{proxy}",
        url=shown,
        why=_in_words(why),
        ports=", ".join(f"{name} {port}" for name, port in USUAL_PORTS.items()),
        proxy=_proxy(base_url),
    )


def _innermost(error: BaseException) -> BaseException:
    """Return what began it; of several addresses that a name has, the last one's error."""
    inner = error.exceptions[-1] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error.__context__
    return error if inner is None else _innermost(inner)


def _in_words(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return tr("nothing listens there")
    if isinstance(error, socket.gaierror | UnicodeError):
        return tr("there is no host of that name")
    return " ".join(str(error).split())[:200].rstrip(".")


def _proxy(base_url: str) -> str:
    """Name the proxy that the environment sets for the address, which may not know a server in one's own network."""
    parts = urlsplit(base_url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    return tr(
        " Requests go through the proxy {proxy}; add {host} to NO_PROXY to go without.",
        proxy=without_credentials(proxy),
        host=parts.hostname,
    )
