"""The Python of the tests that has imported PyTorch runs a command as a new one would, or leaves it to a new one."""

import os
from pathlib import Path

import pytest
from conftest import run

pytestmark = pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="only a run of all tests has it")
MAIN = """\
import os, sys
print("torch" in sys.modules, sys.argv[1:], os.getcwd(), os.environ.get("PAGETUNE_CACHE"), sys.stdin.read())
print("to the other stream", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a package of the library's name."""
    (tmp_path / "pagetune").mkdir()
    (tmp_path / "pagetune/__init__.py").touch()
    (tmp_path / "pagetune/__main__.py").write_text(MAIN, encoding="utf-8")
    return tmp_path


def test_a_command_has_its_arguments_folder_streams_variables_and_status(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGETUNE_CACHE", "here")
    done = run(program, "sh", "-c", "echo 질문 | python -m pagetune ask -x", check=False)
    assert done.stdout.partition(" ")[2] == f"['ask', '-x'] {program} here 질문\n\n"
    assert (done.stderr, done.returncode) == ("to the other stream\n", 3)


def test_a_command_runs_where_the_libraries_are_imported_already(program: Path) -> None:
    # Without a shell, which may set variables of its own; these take a new Python.
    assert run(program, "python", "-m", "pagetune", check=False).stdout.startswith("True []")


def test_a_command_that_ends_by_a_signal_ends_so_for_who_waits(program: Path) -> None:
    (program / "pagetune/__main__.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    assert run(program, "python", "-m", "pagetune", check=False).returncode == -6


@pytest.mark.parametrize("variable", ["HF_HOME", "OMP_NUM_THREADS"])
def test_a_variable_that_a_library_reads_when_it_is_imported_takes_a_new_python(
    program: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "7")
    assert run(program, "python", "-m", "pagetune", check=False).stdout.startswith("False")


def test_a_test_can_ask_for_a_new_python(program: Path) -> None:
    assert run(program, "python", "-m", "pagetune", check=False, warm=False).stdout.startswith("False")


def test_what_dvc_reads_of_a_yaml_file_is_what_is_in_it_now(program: Path) -> None:
    reads = "from dvc.utils.serialize import load_yaml\nprint(load_yaml('some.yaml'))\n"
    (program / "pagetune/__main__.py").write_text(reads, encoding="utf-8")
    for rank in (4, 8, 4):
        (program / "some.yaml").write_text(f"lora: {{r: {rank}}}\n", encoding="utf-8")
        assert run(program, "python", "-m", "pagetune").stdout == f"{{'lora': {{'r': {rank}}}}}\n"
    (program / "some.yaml").write_text("lora: {r", encoding="utf-8")
    assert "YAML file structure is corrupted" in run(program, "python", "-m", "pagetune", check=False).stderr
