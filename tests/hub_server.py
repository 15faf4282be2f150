"""A local server that speaks as much of the Hub's protocol as huggingface_hub uses for models.

It looks up, downloads, creates and uploads, with LFS only; a request for a Xet token fails. A test fills `repos` and
`tokens`, and finds in `requests` what was requested.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from loopback import running
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

#: Files with these endings are stored in LFS.
LARGE = (".safetensors", ".bin", ".pt", ".gguf")
Files = dict[str, bytes]


@dataclass
class Repo:
    """`refs` are branches and tags; `messages` has an entry per commit. A gated one can be looked up but not read."""

    private: bool = False
    gated: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: Files, message: str = "", branch: str = "main") -> str:
        parts = [f"{len(self.commits)} {message}", *(f"{name} {_sha256(data)}" for name, data in sorted(files.items()))]
        sha = hashlib.sha1("\n".join(parts).encode()).hexdigest()  # noqa: S324 - as Git names a commit
        self.commits[sha], self.refs[branch] = files, sha
        self.messages.append(message)
        return sha

    def resolve(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str | None


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        #: What each token may do: "read" or "write".
        self.tokens: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        #: The digests of large files that cannot be read for now.
        self.down: set[str] = set()
        self.requests: list[Request] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def store(self) -> str:
        """Return the URL of the large files: for a client it is another host, which must not get the token."""
        return f"http://localhost:{self.server_address[1]}/lfs"

    def add(self, name: str, files: Files, **options: Any) -> str:
        self.repos[name] = Repo(**options)
        return self.repos[name].commit(files)

    def asked(self, part: str = "") -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests if part in request.path]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that disconnected."""


class Refused(Exception):
    """`code` is the Hub's X-Error-Code."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.body = self._read()
        self.server.requests.append(Request(self.command, path, self._token()))
        try:
            for pattern, action in ROUTES:
                if found := re.fullmatch(pattern, f"{self.command.replace('HEAD', 'GET')} {path}"):
                    return action(self, **found.groupdict())
            raise Refused(404, f"no such route: {self.command} {path}")
        except Refused as refused:
            headers = {"X-Error-Message": str(refused), **({"X-Error-Code": refused.code} if refused.code else {})}
            self._send(refused.status, {"error": str(refused)}, headers)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _token(self) -> str | None:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None

    def _repo(self, name: str, write: bool = False) -> Repo:
        token, repo = self._token(), self.server.repos.get(name)
        if token is not None and token not in self.server.tokens:
            raise Refused(401, "Invalid credentials in Authorization header")
        if repo is None or (repo.private and token is None):
            raise Refused(401 if token is None else 404, "Repository not found", "RepoNotFound")
        if write and self.server.tokens.get(token or "") != "write":
            raise Refused(403, "this token has no right to write")
        return repo

    def _files(self, name: str, revision: str) -> tuple[str, Files]:
        repo = self._repo(name)
        if (sha := repo.resolve(revision)) is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return sha, repo.commits[sha]

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Log nothing: the tests read what they need from the server."""


def info(handler: Handler, name: str, revision: str | None = None) -> None:
    sha, files = handler._files(name, revision or "main")
    private = handler.server.repos[name].private
    siblings = [{"rfilename": path} for path in sorted(files)]
    handler._send(200, {"id": name, "sha": sha, "private": private, "tags": [], "siblings": siblings})


def tree(handler: Handler, name: str, revision: str, folder: str | None = None) -> None:
    _, files = handler._files(name, revision)
    inside = {path: data for path, data in files.items() if path.startswith(f"{folder}/" if folder else "")}
    if not inside:
        raise Refused(404, f"{folder} does not exist", "EntryNotFound")
    handler._send(200, [_entry(path, data) for path, data in sorted(inside.items())])


def resolve(handler: Handler, name: str, revision: str, path: str) -> None:
    sha, files = handler._files(name, revision)
    if handler.server.repos[name].gated:
        raise Refused(403, f"Access to model {name} is restricted.", "GatedRepo")
    if path not in files:
        handler._send(404, b"", {"X-Repo-Commit": sha, "X-Error-Code": "EntryNotFound"})
        return
    data, headers = files[path], {"X-Repo-Commit": sha}
    if not path.endswith(LARGE):
        handler._send(200, data, headers | {"ETag": f'"{_blob_id(data)}"'})
        return
    digest = _sha256(data)
    handler.server.blobs[digest] = data
    linked = {"X-Linked-ETag": f'"{digest}"', "X-Linked-Size": str(len(data))}
    handler._send(302, b"", headers | linked | {"Location": f"{handler.server.store}/{digest}"})


def read_large(handler: Handler, digest: str) -> None:
    if digest in handler.server.down:
        raise Refused(503, "try again later")
    handler._send(200, handler.server.blobs[digest], {"ETag": f'"{digest}"'})


def create(handler: Handler) -> None:
    asked = json.loads(handler.body)
    name = f"{asked['organization']}/{asked['name']}"
    if handler.server.tokens.get(handler._token() or "") is None:
        raise Refused(401, "Invalid username or password.")
    if handler.server.tokens[handler._token() or ""] != "write":
        raise Refused(403, "You don't have the rights to create a model under this namespace")
    there = {"url": f"{handler.server.endpoint}/{name}", "name": name}
    if name in handler.server.repos:
        handler._send(409, there | {"error": "You already created this model repo"})
        return
    private = asked.get("visibility") == "private"
    handler.server.add(name, {".gitattributes": b"*.safetensors filter=lfs\n"}, private=private)
    handler._send(200, there)


def validate_yaml(handler: Handler) -> None:
    found = re.match(r"---\n(.*?)\n---\n", json.loads(handler.body)["content"], re.DOTALL)
    try:
        YAML(typ="safe").load(found[1] if found else "")
    except YAMLError as error:
        handler._send(400, {"errors": [{"message": str(error)}], "warnings": []})
        return
    handler._send(200, {"errors": [], "warnings": []})


def preupload(handler: Handler, name: str, revision: str) -> None:
    handler._repo(name, write=True)
    _, files = handler._files(name, revision)
    modes = [
        {
            "path": asked["path"],
            "uploadMode": "lfs" if asked["path"].endswith(LARGE) else "regular",
            "shouldIgnore": False,
            "oid": _name_of(asked["path"], files[asked["path"]]) if asked["path"] in files else None,
        }
        for asked in json.loads(handler.body)["files"]
    ]
    handler._send(200, {"files": modes})


def batch(handler: Handler, name: str) -> None:
    handler._repo(name, write=True)
    objects = json.loads(handler.body)["objects"]
    for large in objects:
        if large["oid"] not in handler.server.blobs:
            upload = {"href": f"{handler.server.store}/{large['oid']}"}
            large["actions"] = {"upload": upload, "verify": {"href": f"{handler.server.endpoint}/verify"}}
    handler._send(200, {"transfer": "basic", "objects": objects})


def write_large(handler: Handler, digest: str) -> None:
    if _sha256(handler.body) != digest:
        raise Refused(400, "the content is not what its name says")
    handler.server.blobs[digest] = handler.body
    handler._send(200, b"")


def verify(handler: Handler) -> None:
    asked = json.loads(handler.body)
    if len(handler.server.blobs[asked["oid"]]) != asked["size"]:
        raise Refused(422, "the size is another")
    handler._send(200, {})


def commit(handler: Handler, name: str, revision: str) -> None:
    repo = handler._repo(name, write=True)
    lines = [json.loads(line) for line in handler.body.splitlines() if line]
    files, message = dict(repo.commits[repo.refs[revision]]), ""
    for kind, value in ((line["key"], line["value"]) for line in lines):
        if kind == "header":
            message = value["summary"]
        elif kind == "deletedFile":
            del files[value["path"]]
        else:
            stored = handler.server.blobs[value["oid"]] if kind == "lfsFile" else base64.b64decode(value["content"])
            files[value["path"]] = stored
    sha = repo.commit(files, message, revision)
    handler._send(200, {"commitOid": sha, "commitUrl": f"{handler.server.endpoint}/{name}/commit/{sha}"})


NAME = r"(?P<name>[^/]+/[^/]+?)"
ROUTES: list[tuple[str, Callable[..., None]]] = [
    (rf"GET /api/models/{NAME}", info),
    (rf"GET /api/models/{NAME}/revision/(?P<revision>.+)", info),
    (rf"GET /api/models/{NAME}/tree/(?P<revision>[^/]+)(?:/(?P<folder>.+))?", tree),
    (rf"GET /{NAME}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", resolve),
    (r"GET /lfs/(?P<digest>\w+)", read_large),
    (r"PUT /lfs/(?P<digest>\w+)", write_large),
    (r"POST /verify", verify),
    (r"POST /api/repos/create", create),
    (r"POST /api/validate-yaml", validate_yaml),
    (rf"POST /api/models/{NAME}/preupload/(?P<revision>.+)", preupload),
    (rf"POST /{NAME}\.git/info/lfs/objects/batch", batch),
    (rf"POST /api/models/{NAME}/commit/(?P<revision>.+)", commit),
]


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": _blob_id(data)}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": _sha256(data), "size": len(data), "pointerSize": 134}
    return entry


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _name_of(path: str, data: bytes) -> str:
    return _sha256(data) if path.endswith(LARGE) else _blob_id(data)


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()  # noqa: S324 - as Git names a file


def serving() -> AbstractContextManager[Server]:
    return running(Server())
