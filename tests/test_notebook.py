"""notebooks/own_documents.ipynb, run from the first cell to the last with the built-in model and tiny settings."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from conftest import ROOT, TINY, clone, leave_out, warm_programs

NOTEBOOK = json.loads((ROOT / "notebooks/own_documents.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
#: The number of the cell that copies the documents.
DOCUMENTS = next(number for number, cell in enumerate(CODE) if "def copy_documents" in "".join(cell["source"]))


def execute(cells: list[dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    """Run cells one after the other and return their names; `parameters` replace those of the cell that has their tag,
    as papermill does it."""
    names: dict[str, Any] = {}
    for cell in cells:
        exec("".join(cell["source"]), names)  # noqa: S102
        if "parameters" in cell["metadata"].get("tags", []):
            assert not parameters.keys() - names.keys()
            names |= parameters
    return names


def nested(dotted: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in dotted.items():
        *sections, name = key.split(".")
        node = values
        for section in sections:
            node = node.setdefault(section, {})
        node[name] = value
    return values


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = clone(tmp_path / "source")
    leave_out(folder)
    return folder


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Two documents, in folders of their own as Kaggle's inputs are."""
    for name in ("bank_faq", "library_faq"):
        (tmp_path / "documents" / name).mkdir(parents=True)
        shutil.copy(ROOT / "data/raw" / f"{name}.pdf", tmp_path / "documents" / name)
    return tmp_path / "documents"


@pytest.fixture
def parameters(source: Path, documents: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([*warm_programs(), os.environ["PATH"]]))
    return {
        "SOURCE": str(source),
        "MODEL": "builtin",
        "DOCUMENTS": str(documents),
        "HELD_OUT": ["library_faq"],
        "SETTINGS": nested(TINY),
        "PROJECT": "project",
        "INSTALL": False,
    }


def test_it_makes_a_tuned_model_of_somebodys_documents(
    parameters: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    execute(CODE, parameters)
    said = capfd.readouterr().out
    assert "extract: 2 files" in said
    assert "documents: library_faq" in said
    assert ": bank_faq, page" in said
    with ZipFile(tmp_path / "tuned.zip") as archive:
        assert {"adapter/adapter_model.safetensors", "model_card.md", "report.html"} <= set(archive.namelist())


def test_it_stops_where_a_command_fails(parameters: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    names = execute(CODE[: DOCUMENTS + 1], parameters)
    with pytest.raises(SystemExit, match="python failed; the lines above say why"):
        names["run"]("python", "-m", "pagetune", "preset", "presets/nothing.yaml")
    assert "presets/nothing.yaml" in capfd.readouterr().out


def test_it_takes_the_samples_out_once_and_keeps_what_somebody_added(parameters: dict[str, Any]) -> None:
    raw = execute(CODE[: DOCUMENTS + 1], parameters)["raw"]
    assert {path.name for path in raw.iterdir()} == {"bank_faq.pdf", "library_faq.pdf"}
    (raw / "mine.pdf").write_bytes(b"%PDF-")
    execute(CODE[: DOCUMENTS + 1], parameters)
    assert {path.name for path in raw.iterdir()} == {"bank_faq.pdf", "library_faq.pdf", "mine.pdf"}
    execute(CODE[: DOCUMENTS + 1], parameters | {"DOCUMENTS": str(raw)})
    assert (raw / "mine.pdf").exists()


def twice(documents: Path) -> None:
    shutil.copytree(documents / "bank_faq", documents / "again")


@pytest.mark.parametrize(("change", "message"), [(twice, "called bank_faq.pdf"), (shutil.rmtree, "has no files")])
def test_documents_that_cannot_be_taken_are_named(
    change: Callable[[Path], None], message: str, parameters: dict[str, Any], documents: Path
) -> None:
    change(documents)
    with pytest.raises(SystemExit, match=message):
        execute(CODE[: DOCUMENTS + 1], parameters)


def test_without_a_folder_it_asks_for_one_outside_colab_and_kaggle(parameters: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="in DOCUMENTS above"):
        execute(CODE[: DOCUMENTS + 1], parameters | {"DOCUMENTS": ""})


def test_it_is_stored_without_outputs() -> None:
    assert NOTEBOOK["nbformat"] == 4
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])
