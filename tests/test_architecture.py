"""The house keeps its plan: layers that are imported downwards only, few modules at the top, short functions."""

import re
import shutil
from pathlib import Path
from statistics import median

import pytest
from conftest import ROOT, run
from plain_english import code_functions, opens_with_a_verb, tracked, unwanted

#: What every stage shares, the command line, and where an installed package keeps the files of the root; `params` is a
#: package, for the schema and the words of its rules.
TOP = {
    "__init__", "__main__", "errors", "failures", "jsonl", "language", "ledger", "masking", "parent_process",
    "progress", "recorded", "records", "shipped",
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Copy what import-linter reads into a folder of its own."""
    for name in ("pagetune", "stages"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("pagetune/predict/answers.py", "pagetune.train.loop"),
        ("pagetune/text/korean.py", "pagetune.evaluate.scoring"),
        ("pagetune/jsonl.py", "pagetune.params"),
        ("pagetune/train/batches.py", "stages.train"),
    ],
)
def test_a_planted_upward_import_breaks_the_contract(house: Path, module: str, imported: str) -> None:
    with (house / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef planted():\n    import {imported}\n")
    done = run(house, "lint-imports", "--no-cache", check=False)
    assert done.returncode == 1
    assert f"{module.removesuffix('.py').replace('/', '.')} -> {imported}" in done.stdout


def test_a_planted_circle_breaks_the_contract(house: Path) -> None:
    for one, other in (("korean", "sentences"), ("sentences", "korean")):
        with (house / f"pagetune/text/{one}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef planted():\n    import pagetune.text.{other}\n")
    assert run(house, "lint-imports", "--no-cache", check=False).returncode == 1


def test_a_module_without_a_layer_breaks_the_contract(house: Path) -> None:
    (house / "pagetune/utils.py").touch()
    done = run(house, "lint-imports", "--no-cache", check=False)
    assert done.returncode == 1
    assert "utils" in done.stdout


def test_the_top_of_the_library_holds_what_every_stage_shares() -> None:
    assert {path.stem for path in (ROOT / "pagetune").glob("*.py")} == TOP


def test_a_reader_passes_at_most_twelve_modules_to_the_first_optimizer_step() -> None:
    """The list is the way there: each module is imported by one that stands above it."""
    guide = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").split("to the first optimizer step\n")[1]
    names = re.findall(r"^\d+\. `([^`]+\.py)`", guide, re.MULTILINE)
    paths = [ROOT / name if name.startswith("stages/") else ROOT / "pagetune" / name for name in names]
    assert len(names) <= 12
    assert (names[0], names[-1]) == ("stages/train.py", "train/step_trainer.py")
    for number, name in enumerate(names[1:], 1):
        above = "\n".join(path.read_text(encoding="utf-8") for path in paths[:number])
        # The backend's module is chosen by its name.
        module = re.escape(name.removesuffix(".py").replace("/", ".").replace("peft_backend", "{backend.name}_backend"))
        assert re.search(rf"pagetune\.{module}\b", above), name


def test_precision_is_resolved_in_one_place_of_each_stage() -> None:
    """Everything else is given the choice."""
    calls = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("resolve_precision(")
        for path in (ROOT / "pagetune").rglob("*.py")
        if path.name != "precision.py"
    }
    assert {name: count for name, count in calls.items() if count} == {
        "pagetune/commands/ask.py": 1,
        "pagetune/commands/doctor.py": 1,
        "pagetune/commands/python_api.py": 1,
        "pagetune/export/merge.py": 1,
        "pagetune/predict/answers.py": 1,
        "pagetune/train/stage.py": 1,
    }


def test_no_stage_imports_transformers_before_it_silences_it() -> None:
    """run_stage sets how much the libraries say, which transformers reads when it is imported."""
    stages = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
    imports = "\n".join(f"import stages.{stage}" for stage in stages)
    done = run(ROOT, "python", "-c", f"import sys\n{imports}\nprint('transformers' in sys.modules)")
    assert done.stdout == "False\n"


def test_functions_stay_short() -> None:
    """The median is at most 8 lines, the longest function 45."""
    lengths = {function.where: function.lines for function in code_functions(["pagetune", "stages"])}
    longest = max(lengths, key=lengths.__getitem__)
    assert lengths[longest] <= 45, longest
    assert median(lengths.values()) <= 8


def test_docstrings_of_functions_open_with_a_verb() -> None:
    """At least 95 of 100 do; `python tests/plain_english.py` lists the others."""
    documented = [function.docstring for function in code_functions([]) if function.docstring]
    assert sum(map(opens_with_a_verb, documented)) >= 0.95 * len(documented)


def test_nobody_writes_what_reads_as_translated() -> None:
    found = [line for path in tracked([]) if path.suffix in (".py", ".md", ".yaml", ".html") for line in unwanted(path)]
    assert not found, "\n".join(found)


def test_the_counter_knows_a_verb_from_a_noun_and_finds_unwanted_words(tmp_path: Path) -> None:
    assert opens_with_a_verb("Return the rows of a split.")
    assert not opens_with_a_verb("The rows of a split.")
    (tmp_path / "planted.md").write_text("Fix line 17.\nMend that row.\nOf two rows one stays.\n", encoding="utf-8")
    found = list(unwanted(tmp_path / "planted.md"))
    assert [line.split(":")[1] for line in found] == ["2", "3"]
