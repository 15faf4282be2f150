"""Serve the page to this machine, and write its decisions; another site's page can neither read nor write."""

import json
import subprocess
import webbrowser
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from jinja2 import Environment
from pydantic import BaseModel
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pagetune.commands.review.desk import Desk, Filter, Meanwhile, Wish
from pagetune.commands.review.saved import mark_of
from pagetune.commands.review.view import decided, meanwhile_text, pair_of, problem_text, row_of
from pagetune.commands.review.words import language, words
from pagetune.commands.web import allowed_hosts, in_url, is_loopback, listen
from pagetune.errors import UserError
from pagetune.language import tr

MAX_BODY_BYTES, MAX_ROWS = 1_000_000, 200
_FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "list.js": "text/javascript",
    "view.js": "text/javascript",
}
#: What the browser is told not to do, even if a document's text got into the page as HTML.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Seen(BaseModel):
    """The mark of the decisions that the page shows about a pair."""

    seen: str = ""


class Listed(BaseModel):
    """The marks of the stale decisions that the page lists."""

    marks: set[str]


def make_app(desk: Desk, host: str) -> FastAPI:
    """Make the application. Documents' texts leave it only as JSON."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    _add_page(app, desk)
    _add_reading(app, desk)
    _add_writing(app, desk)

    @app.middleware("http")
    async def guard(request: Request, go_on: Any) -> Response:
        why = _refusal(request)
        answer = Response(f"review: {why}\n", 403, media_type="text/plain") if why else await go_on(request)
        answer.headers.update(_HEADERS)
        return answer

    @app.exception_handler(UserError)
    async def say(_: Request, error: UserError) -> Response:
        return JSONResponse({"problem": str(error)})

    app.add_middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host))
    return app


def _refusal(request: Request) -> str | None:
    """Return why a request is refused: it comes from another site, or is not what the page sends.

    A browser names the origin of every POST, and another site cannot send JSON without asking first.
    """
    follows_link = request.method == "GET" and request.headers.get("sec-fetch-mode") == "navigate"
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not follows_link:
        return "another site's page may not ask"
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return f"{origin} is another site"
    if request.method != "POST":
        return None
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return "only JSON is accepted"
    length = request.headers.get("content-length", "")
    return None if length.isdigit() and int(length) <= MAX_BODY_BYTES else f"more than {MAX_BODY_BYTES} bytes"


def _add_page(app: FastAPI, desk: Desk) -> None:
    own = files(__package__)

    @app.get("/")
    def page() -> Response:
        template = Environment(autoescape=True).from_string((own / "page.html").read_text(encoding="utf-8"))
        texts = words()
        filled = template.render(t=texts, texts=json.dumps(texts), language=language(), reviewer=desk.reviewer)
        return Response(filled, media_type="text/html")

    @app.get("/{name}")
    def part(name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        return Response((own / name).read_text(encoding="utf-8"), media_type=_FILES[name])


def _add_reading(app: FastAPI, desk: Desk) -> None:
    @app.get("/api/status")
    def status() -> dict[str, Any]:
        desk.refresh()
        return _status(desk) | {"choices": desk.choices()}

    @app.get("/api/list")
    def listed(wanted: Annotated[Filter, Query()]) -> dict[str, Any]:
        desk.refresh()
        found = desk.matching(wanted)
        groups: dict[str, int] = {}
        for place, position in enumerate(found):
            groups.setdefault(desk.pairs[position].doc_id, place)
        return {"positions": found, "groups": list(groups.items())}

    @app.get("/api/rows")
    def rows(positions: str) -> list[dict[str, Any]]:
        wanted = [int(part) for part in positions.split(",")[:MAX_ROWS] if part.isdecimal()]
        return [row_of(desk, position) for position in wanted if position < len(desk.pairs)]

    @app.get("/api/pairs/{position}")
    def pair(position: int) -> dict[str, Any]:
        return pair_of(desk, _known(desk, position))

    @app.get("/api/stale")
    def stale() -> list[dict[str, Any]]:
        desk.refresh()
        return [decided(decision) | {"mark": mark_of([decision])} for decision in desk.stale()]


def _add_writing(app: FastAPI, desk: Desk) -> None:
    @app.post("/api/pairs/{position}")
    def decide(position: int, wish: Wish) -> dict[str, Any]:
        pair = desk.pairs[_known(desk, position)]
        problem = desk.decide(position, wish)
        if problem is None or isinstance(problem, Meanwhile):
            return _done(desk, problem or position)
        said = problem_text(problem, wish.output or pair.output, desk.page_of(position))
        return {"problem": said, "field": "evidence" if problem.reason == "evidence_not_on_page" else "answer"}

    @app.post("/api/pairs/{position}/withdraw")
    def withdraw(position: int, page: Seen) -> dict[str, Any]:
        return _done(desk, desk.withdraw(_known(desk, position), page.seen) or position)

    @app.post("/api/undo")
    def undo() -> dict[str, Any]:
        done = desk.undo()
        return {"pair": None, "status": _status(desk)} if done is None else _done(desk, done)

    @app.post("/api/stale")
    def remove_stale(listed: Listed) -> dict[str, Any]:
        desk.remove_stale(listed.marks)
        return {"status": _status(desk)}


def _done(desk: Desk, done: int | Meanwhile) -> dict[str, Any]:
    """Return the pair as it is now, and what somebody else has decided about it, if that is why nothing was done."""
    position = done.position if isinstance(done, Meanwhile) else done
    said = {"meanwhile": meanwhile_text(done.decisions)} if isinstance(done, Meanwhile) else {}
    return {"pair": pair_of(desk, position), "status": _status(desk)} | said


def _known(desk: Desk, position: int) -> int:
    if not 0 <= position < len(desk.pairs):
        raise HTTPException(404)
    return position


def _status(desk: Desk) -> dict[str, Any]:
    return {"all": len(desk.pairs), "counts": desk.counts(), "stale": len(desk.stale())}


def reviewer_name(given: str | None) -> str:
    """Return who reviews: the name given, or Git's. Raise UserError where there is neither."""
    command = ["git", "config", "user.name"]
    name = given or subprocess.run(command, capture_output=True, text=True, check=False).stdout
    if not name.strip():
        raise UserError("review: nobody says who reviews. Pass --reviewer NAME, or set `git config user.name NAME`.")
    return name.strip()


def review(host: str, port: int, opens_browser: bool, reviewer: str | None) -> None:
    """Serve until Ctrl-C. Raise UserError before the first `dvc repro`, and where the port is taken."""
    import uvicorn

    name = reviewer_name(reviewer)
    desk = Desk.open(name)
    listening = listen("review", host, port)
    if not is_loopback(host):
        print(
            tr(
                "review: {host} is open to the network: anyone who can reach it can read the documents and decide",
                host=host,
            )
        )
    address = f"http://{in_url(host)}:{listening.getsockname()[1]}"
    left = desk.counts()["undecided"]
    print(
        tr(
            "review: {count} pairs, {left} undecided, reviewed by {name}; Ctrl-C ends",
            count=len(desk.pairs),
            left=left,
            name=name,
        )
    )
    print(f"review: {address}", flush=True)
    if opens_browser:
        webbrowser.open(address)
    uvicorn.Server(uvicorn.Config(make_app(desk, host), log_level="critical")).run(sockets=[listening])
