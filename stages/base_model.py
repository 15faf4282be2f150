"""Describe the base model in models/base/manifest.json; train a built-in one and save its weights beside it."""

from pathlib import Path

import pagetune.model.hub
import pagetune.model.tokens
import pagetune.model.weights  # noqa: F401
from pagetune.errors import run_stage
from pagetune.jsonl import read_as, read_records, write_json

# describe_external imports these when it is called; here, dvc.yaml's test sees that the stage depends on them.
from pagetune.language import Remark, tr
from pagetune.model.builtin import make_builtin, texts_of
from pagetune.model.builtin_seq2seq import make_builtin_seq2seq
from pagetune.model.manifest import BASE, describe_external
from pagetune.params import load_params
from pagetune.records import HeldoutUnits, Page

PAGES, DOCUMENTS = Path("data/pages.jsonl"), Path("data/splits/documents.json")
OWN_TEXT = Path("data/splits/own_text.json")


def main() -> None:
    params = load_params()
    if params.model.base == "builtin_seq2seq":
        manifest = make_builtin_seq2seq(read_as(OWN_TEXT, list[str]), BASE, params.model.builtin_seq2seq, params.seed)
    elif params.model.base == "builtin":
        manifest = make_builtin(_texts(), BASE, params.model.builtin, params.seed)
    else:
        manifest = describe_external(params.model, _texts())
    write_json(BASE / "manifest.json", manifest.model_dump(exclude_defaults=True))
    said = Remark("base_model: {model}, {millions:.1f} million parameters, EOS {eos}")
    print(tr(said, model=manifest.id, millions=manifest.parameters / 1e6, eos=manifest.eos_token))


def _texts() -> list[str]:
    """Return the texts of the documents that are not held out, and of a user's own rows."""
    return texts_of(read_records(PAGES, Page), read_as(DOCUMENTS, HeldoutUnits)) + read_as(OWN_TEXT, list[str])


if __name__ == "__main__":
    run_stage("base_model", main)
