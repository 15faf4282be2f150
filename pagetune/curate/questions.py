"""Questions of the user's own: each file of data/questions is a set of the evaluation."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from pagetune.curate.rows import Splits
from pagetune.errors import UserError
from pagetune.language import Remark, tr
from pagetune.ledger import Ledger, count_reasons
from pagetune.records import Check, Evidence, Page, Pair, Question, Rejected
from pagetune.text.claims import normal_form
from pagetune.text.evidence import find_evidence, quote
from pagetune.text.notation import nfc

QUESTIONS = Path("data/questions")
#: The names of the sets that the pipeline makes.
TAKEN = ("train", "validation", "recall", "recall_new_wording", "recall_reversed", "heldout", "unanswerable_made")
#: Other names under which people write the accepted answers. Ignored, they would make a question unanswerable.
_MEANT = ("reference", "answer", "answers", "output", "completion", "expected", "ground_truth")
_HELP = Remark("Fix that line; {path} has the fields.", path=QUESTIONS / "README.md")
_SHOWN = 60
_NAMED = 5

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _listed(value: Any) -> Any:
    """Take one text for a list of one, and null for none."""
    return [] if value is None else [value] if isinstance(value, str) else value


class _Line(BaseModel):
    """What is read of a line; all other keys are the user's."""

    model_config = ConfigDict(strict=True)

    question: Text
    references: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)
    doc_id: str | None = None
    page_number: Annotated[int, Field(ge=1)] | None = None
    evidence: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)
    check: Check = "fact"
    answerable: bool | None = None
    general: bool = False
    tag: str | None = None


@dataclass
class Asked:
    """The questions that are asked, those that are not and why, and what to tell the user."""

    questions: list[Question] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    #: Where each question stands whose evidence is not on its page.
    unproven: list[str] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        counts = Counter(question.split for question in self.questions)
        kept, lost = counts.total(), count_reasons(self.rejected)
        return {"in": kept + len(self.rejected), "out": kept, "rejected": lost, "sets": dict(counts)}


def read_questions(pages: Iterable[Page], pairs: Iterable[Pair], folder: Path = QUESTIONS) -> Asked:
    """Read every set of `folder`, none where it is not there.

    A question about a document that has neither a page nor a pair is not asked. Raises UserError where a file or a line
    is not what it should be.
    """
    asked, by_document = Asked(), _by_document(pages, pairs)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.lower() == ".jsonl" and path.is_file() and not path.name.startswith("."):
            _read_set(path, by_document, asked)
        elif path.name != "README.md" and not path.name.startswith("."):
            asked.unread.append(path.name)
    return asked


def _by_document(pages: Iterable[Page], pairs: Iterable[Pair]) -> dict[str, dict[int, Page]]:
    found: dict[str, dict[int, Page]] = {pair.doc_id: {} for pair in pairs}
    for page in pages:
        found.setdefault(page.doc_id, {})[page.page_number] = page
    return found


def _read_set(path: Path, documents: Mapping[str, Mapping[int, Page]], asked: Asked) -> None:
    name, seen = nfc(path.stem), set[str]()
    if name.casefold() in TAKEN:
        raise UserError(
            "{path}: the evaluation has a set named {name} already. Give the file another name.", path=path, name=name
        )
    for where, text in _lines(path):
        line = _parse(where, text)
        question = _question(name, line, documents.get(line.doc_id or "", {}))
        form = normal_form(question.instruction)
        if line.doc_id and line.doc_id not in documents:
            asked.rejected.append(Rejected.of(question, "unknown_document", where))
        elif form in seen:
            asked.rejected.append(Rejected.of(question, "duplicate", where))
        else:
            asked.questions.append(question)
            asked.unproven += [where] if line.evidence and question.evidence is None else []
        seen.add(form)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every line that is not blank, with the file and its number."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError("{path} is not UTF-8 (byte {byte}). Save it as UTF-8.", path=path, byte=error.start) from None
    yield from ((f"{path}:{number}", line) for number, line in enumerate(lines, 1) if line.strip())


def _parse(where: str, text: str) -> _Line:
    try:
        row = json.loads(text)
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise UserError("{where} has half of a character (a surrogate). Fix that line.", where=where) from None
    except (ValueError, RecursionError) as error:
        raise UserError(
            "{where} is not JSON ({error}): {text}. Write one object on each line.",
            where=where,
            error=error,
            text=_short(text),
        ) from None
    if not isinstance(row, dict):
        raise UserError(
            "{where} should be a JSON object, got {text}. {help}", where=where, text=_short(text), help=_HELP
        )
    try:
        line = _Line.model_validate(_composed(row))
    except ValidationError as error:
        raise UserError("{where}: {problem}. {help}", where=where, problem=_problem(error), help=_HELP) from None
    _check(where, line, row)
    return line


def _composed(value: Any) -> Any:
    """Return the value with every text in NFC, in which the pages are."""
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, list):
        return [_composed(one) for one in value]
    return {key: _composed(one) for key, one in value.items()} if isinstance(value, dict) else value


def _problem(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return tr("{name!r} is missing", name=name)
    seen = _short(json.dumps(first["input"], ensure_ascii=False, default=str))
    return tr("{name!r} is {seen}: {rule}", name=name, seen=seen, rule=first["msg"])


def _check(where: str, line: _Line, row: dict[str, Any]) -> None:
    """Raise UserError where the keys of a line do not go together."""
    other = next((name for name in _MEANT if row.get(name)), None)
    if other and not line.references:
        raise UserError(
            "{where} has {other!r}, which is not read. Name the accepted answers 'references'.",
            where=where,
            other=other,
        )
    if line.answerable and not line.references:
        raise UserError(
            "{where} is answerable and has no references. Add them, or set answerable to false.", where=where
        )
    if not line.doc_id and (line.page_number or line.evidence):
        raise UserError(
            "{where} has a page or evidence and no doc_id. Add it: the document's name without its ending.", where=where
        )


def _question(name: str, line: _Line, pages: Mapping[int, Page]) -> Question:
    found = _find(line, pages)
    own = {"evidence": found[0].text, "place": found[0].place, "page_number": found[0].page_number} if found else {}
    pair_id = hashlib.sha256(f"{name}\x1f{line.question}".encode()).hexdigest()[:12]
    more = {
        "references": line.references[1:],
        "page_number": line.page_number if line.page_number in pages else None,
        "split": name,
        "check": line.check,
        "answerable": bool(line.references) if line.answerable is None else line.answerable,
        "general": line.general,
        "tag": line.tag,
        "further": found[1:],
    }
    output = line.references[0] if line.references else ""
    return Question.original(pair_id, line.question, output, "question", line.doc_id or "", **(more | own))


def _find(line: _Line, pages: Mapping[int, Page]) -> list[Evidence]:
    """Return the evidence as it stands on its page, or on the first page that has all of it; nothing where none has."""
    for page in (page for number, page in pages.items() if line.page_number in (None, number)):
        places = [find_evidence(text, page) for text in line.evidence]
        if places and all(places):
            return [
                Evidence(page_number=page.page_number, place=place, text=quote(page, place))
                for place in places
                if place
            ]
    return []


def in_order(questions: Iterable[Question], splits: Splits) -> list[Question]:
    """Return the questions set by set: first the sets that ask most about trained documents, general ones last."""
    trained = {row.doc_id for row in splits.rows["train"]}
    sets: dict[str, list[Question]] = defaultdict(list)
    for question in questions:
        sets[question.split].append(question)

    def key(name: str) -> tuple[float, float, str]:
        own = sets[name]
        about = sum(one.answerable and one.doc_id in trained for one in own) / len(own)
        return sum(one.general for one in own) / len(own), -about, name

    return [question for name in sorted(sets, key=key) for question in sets[name]]


def leave_out_asked(splits: Splits, questions: Sequence[Question], ledger: Ledger) -> None:
    """Take every row out of training that asks in the words of a question; `facts_left_out` counts the facts that have
    no other row."""
    taken = {normal_form(question.instruction): question.split for question in questions}
    rows, lost = splits.rows["train"], list[Rejected]()
    kept = []
    for row in rows:
        if name := taken.get(normal_form(row.asked)):
            lost.append(Rejected.of(row.record(), "asked_by_hand", f"{QUESTIONS}/{name}.jsonl"))
        else:
            kept.append(row)
    untrained = {row.fact for row in rows} - {row.fact for row in kept}
    ledger.add("questions", len(rows), len(kept), lost)
    splits.rows["train"] = kept
    ledger.tell("facts_left_out", len(untrained))


def question_lines(asked: Asked, metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield what to print about the sets, a line for each thing that a user may want to change.

    `metrics` is what becomes metrics/curate.json.
    """
    if asked.unread:
        yield tr(
            "{folder} has {names}, which is not read: a set is a file of JSON lines, NAME.jsonl",
            folder=QUESTIONS,
            names=", ".join(asked.unread),
        )
    if lost := [row for row in asked.rejected if row.reason == "unknown_document"]:
        named = ", ".join(sorted({row.doc_id for row in lost})[:_NAMED])
        yield tr(
            "{questions} not asked, because their document is not there ({named}); the first is {first}. Name it as "
            "its file without the ending, or delete the questions.",
            questions=_count(lost),
            named=named,
            first=lost[0].detail,
        )
    if lost := [row for row in asked.rejected if row.reason == "duplicate"]:
        yield tr(
            "{questions} not asked twice in one set; the first is {first}", questions=_count(lost), first=lost[0].detail
        )
    if asked.unproven:
        yield tr(
            "{questions} without their evidence, which the page does not have; the search is not scored on them; the "
            "first is {first}",
            questions=_count(asked.unproven),
            first=asked.unproven[0],
        )
    if asked.questions:
        sets = ", ".join(f"{name} {count}" for name, count in asked.metrics()["sets"].items())
        yield tr("{questions} written by hand: {sets}", questions=_count(asked.questions), sets=sets)
    if left_out := metrics["rejected"].get("asked_by_hand", 0):
        untrained = metrics["facts_left_out"]
        more = Remark("; facts that have no other wording and are not trained on: {count}")
        yield tr(
            "{rows} training, because a question of {folder} asks in the same words{facts}",
            rows=tr("1 row leaves") if left_out == 1 else tr("{count} rows leave", count=left_out),
            folder=QUESTIONS,
            facts=tr(more, count=untrained) if untrained else "",
        )


def _count(rows: Sequence[Any]) -> str:
    return tr("1 question is") if len(rows) == 1 else tr("{count} questions are", count=len(rows))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
