"""Keep keys, tokens and passwords out of what is printed, and out of what quotes a server or a library.

A secret is the value of an environment variable such as OPENAI_API_KEY or HF_TOKEN, the Hub's saved token, the password
of a document, and what an address holds (`https://user:password@host`, `?key=…`). It is also found URL-encoded, escaped
as in JSON or HTML, and in Base64. Only messages are masked. Rows stay as they are, and a reply that repeats a key makes
no row (`repeats_secret`).
"""

from __future__ import annotations  # so that an older Python gets as far as its message

import base64
import html
import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TextIO, cast
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

MASK = "***"
#: A shorter secret may be part of any word or number, and an ordinary one may be a word: these are masked only where
#: the text says that they are secrets.
LONG = 8
#: Letters alone, in lower case or capitalised, or digits alone may be a word or a date, unless they are this many.
ORDINARY = 16
_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|_PWD|_PAT)(_?\d+)?$", re.IGNORECASE)
#: What people set where a server needs no key.
_PLACEHOLDERS = frozenset({"none", "null", "true", "false", "yes", "no", "empty", "dummy", "test"})
_WORDS = r"(?:(?:key|token|secret|passw(?:or)?d|passphrase|authorization|bearer|basic)(?![a-z])|키|토큰|암호|비밀번호)"
#: Variables that switch something about tokens on or off, and what they and others are set to.
_SWITCH = re.compile(r"(?:^|_)(?:DISABLE|ENABLE|USE|NO|MAX|MIN|NUM)_|_(?:PATH|FILE|DIR|URL)$", re.IGNORECASE)
_FLAG = re.compile(r"\d{0,3}|on|off", re.IGNORECASE)
_QUERY = (
    r"(?:api[-_]?key|key|access[-_]?token|token|auth|passw(?:or)?d|pwd|secret|sig|signature|x-amz-signature"
    r"|x-amz-security-token)"
)
_USER_IN_URL = re.compile(r"(?<=://)(?!git@)[^\s/?#\"'<>]+(?=@)")
_KEY_IN_URL = re.compile(rf"(?<=[?&;])({_QUERY}=)[^&\s#\"'<>]+", re.IGNORECASE)
#: What the program was given beside the environment: passwords of documents, and what stands in addresses.
_remembered: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """Mask these from now on, too."""
    _remembered.update(secret.strip() for secret in secrets)


def remember_url(url: str) -> None:
    """Mask the user, the password and the keys that stand in an address."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    password = user.partition(":")[2]
    query = [value for name, value in parse_qsl(parts.query) if re.fullmatch(_QUERY, name, re.IGNORECASE)]
    remember({password, unquote(password), user, *query} - {""})


def without_credentials(url: str) -> str:
    """Return the address without its user, password and keys: it is the same server with another key."""
    parts = urlsplit(url)
    query = _KEY_IN_URL.sub("", f"?{parts.query}").strip("?&")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))


def mask(text: str) -> str:
    """Return a message with *** in place of every secret."""
    text = _KEY_IN_URL.sub(rf"\1{MASK}", _USER_IN_URL.sub(MASK, text))
    secrets = _secrets()
    long, short = (frozenset(s for s in secrets if _is_unmistakable(s) == is_long) for is_long in (True, False))
    if long:
        text = _anywhere(long).sub(MASK, text)
    return _where_named(short).sub(rf"\1{MASK}", text) if short else text


def repeats_secret(text: str) -> bool:
    """Return whether a text that would become data repeats a secret that can be nothing else.

    A short one, and one that may be a word or a number of a document, does not count: a password 서울 costs no row.
    """
    secrets = frozenset(secret for secret in _secrets() if len(secret) >= LONG and not _is_ordinary(secret))
    return bool(secrets and _anywhere(secrets).search(text))


def mask_output() -> None:
    """Mask everything that this process prints from now on, tracebacks, warnings and logs of libraries included."""
    if not isinstance(sys.stdout, _Masked):
        sys.stdout = cast(TextIO, _Masked(sys.stdout))
    if not isinstance(sys.stderr, _Masked):
        sys.stderr = cast(TextIO, _Masked(sys.stderr))


class _Masked:
    """A stream that masks what is written. Everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(mask(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _is_unmistakable(secret: str) -> bool:
    """Return whether a message can hold it as nothing but the secret; a phrase of many words counts, too."""
    is_phrase = " " in secret and secret.isascii() and len(secret) >= ORDINARY
    return len(secret) >= LONG and (is_phrase or not _is_ordinary(secret))


def _is_ordinary(secret: str) -> bool:
    """Return whether a document may well contain it as a word, a phrase, a name or a number."""
    plain = secret.isdigit() or re.fullmatch(r"[A-Z]?[a-z]+", secret) is not None
    return (plain and len(secret) < ORDINARY) or not secret.isascii() or " " in secret


def _secrets() -> frozenset[str]:
    found = _of_environment() | _remembered
    return frozenset(secret for secret in found if secret and secret.lower() not in _PLACEHOLDERS)


@lru_cache(maxsize=1)  # functools.cache is younger than some Pythons that errors.py speaks to
def _of_environment() -> frozenset[str]:
    """Return what the environment held when it was first asked for, and the token that `hf auth login` saved."""
    named = [value for name, value in os.environ.items() if _NAME.search(name) and not _SWITCH.search(name)]
    values = [value for value in named if not _FLAG.fullmatch(value.strip())]
    addresses = [re.search(r"://[^\s/?#@:]*:([^\s/?#]+)@", value) for value in os.environ.values()]
    passwords = {form for match in addresses if match for form in (match[1], unquote(match[1]))}  # HTTPS_PROXY's
    return frozenset({line.strip() for value in values for line in value.splitlines()} | passwords | {_hub_token()})


def _hub_token() -> str:
    cache_folder = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache")
    home = os.environ.get("HF_HOME") or Path(cache_folder, "huggingface")
    try:
        return Path(os.environ.get("HF_TOKEN_PATH") or Path(home, "token")).expanduser().read_text("utf-8").strip()
    except (OSError, ValueError, RuntimeError):  # no token, or no home
        return ""


@lru_cache(maxsize=64)
def _anywhere(secrets: frozenset[str]) -> re.Pattern[str]:
    forms = [
        form for secret in sorted(secrets, key=len, reverse=True) for form in (_spelled(secret), *_encoded(secret))
    ]
    return re.compile("|".join(forms), re.IGNORECASE)


@lru_cache(maxsize=64)
def _where_named(secrets: frozenset[str]) -> re.Pattern[str]:
    """Match a secret that stands alone, between quotation marks or soon after a word such as key or password."""
    forms = "|".join(map(_spelled, sorted(secrets, key=len, reverse=True)))
    alone = rf"(?<![A-Za-z0-9.])(?:{forms})(?![A-Za-z0-9])"
    return re.compile(rf"({_WORDS}[^\n]{{1,24}}?|[\"'`“‘]){alone}", re.IGNORECASE)


def _spelled(secret: str) -> str:
    return "".join(map(_letter, secret))


def _letter(letter: str) -> str:
    """Return a pattern of the letter as it is, as in a URL, in JSON, and in HTML."""
    percent = "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in letter.encode("utf-8", "replace"))
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    json = "".join(rf"\\{{1,8}}u{units[at : at + 4]}" for at in range(0, len(units), 4))
    forms = [re.escape(letter), percent, json, f"&#0{{0,8}}{ord(letter)};", f"&#x0{{0,8}}{ord(letter):x};"]
    forms += [rf"\\{{1,8}}{re.escape(letter)}"] if letter in "\"'\\/" else []
    forms += [r"\+"] if letter == " " else []
    forms += [re.escape(html.escape(letter))] if html.escape(letter) != letter else []
    return f"(?:{'|'.join(forms)})"


def _encoded(secret: str) -> list[str]:
    """Return patterns of the secret in Base64, at each of the three places where it may begin, and in hexadecimal.

    So `user:secret` is found for any user. Letters that the secret shares with its neighbours go with it.
    """
    data = secret.encode("utf-8", "replace")
    cores = []
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + data).decode()
        cores.append(whole[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6])
    signs = {"+": r"(?:\+|-|%2b)", "/": r"(?:\\{0,8}/|_|%2f)"}
    patterns = ["".join(signs.get(sign, sign) for sign in core) for core in cores]
    return [rf"[\w+/-]{{0,3}}{pattern}[\w+/=-]{{0,4}}" for pattern in patterns] + [data.hex()]
