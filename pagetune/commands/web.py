"""What the commands that open a web page share: the address that they listen on."""

import errno
import ipaddress
from typing import Any

from pagetune.errors import UserError


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str) -> list[str]:
    """Return the names that a request may ask for: another site's name could point here, and its page read along."""
    return ["127.0.0.1", "localhost", "[::1]", in_url(host)] if is_loopback(host) else ["*"]


def listen(command: str, host: str, port: int) -> Any:
    """Return a listening socket. Raise UserError where the port is taken."""
    import socket

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            raise UserError(
                "{command}: {host} is not an address of this machine ({strerror}). Correct --host.",
                command=command,
                host=host,
                strerror=error.strerror,
            ) from None
        raise UserError(
            "{command}: cannot listen on {host}:{port} ({strerror}). Choose another port with --port.",
            command=command,
            host=host,
            port=port,
            strerror=error.strerror,
        ) from None


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
