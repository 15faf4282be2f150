"""The package: what `pip install .` installs, in a virtual environment of its own, and the command pagetune in it.

The environment borrows the dependencies of the one that runs the tests, and nothing is downloaded.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from conftest import LEFT_OUT, ROOT, TINY, edit_params, leave_out
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pagetune import __version__

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def build(source: Path, target: Path, kind: str) -> Path:
    """Build a wheel or an sdist with the installed hatchling, as pip does without build isolation."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(filter(None, listed.stdout.split("\n")))


def packed(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


# What the package holds.


def test_the_wheel_holds_the_library_the_project_and_no_other_document(wheel: Path) -> None:
    root = {name.removeprefix("pagetune/root/") for name in packed(wheel) if name.startswith("pagetune/root/")}
    library = {name for name in packed(wheel) if not name.startswith("pagetune/root/")}
    assert library == tracked("pagetune")
    folders = (".dvc", "data", "export", "presets", "stages", "dvc.yaml", "params.yaml", ".gitignore", ".dvcignore")
    assert root - {"requirements.txt", "requirements-gguf.txt", "models/README.md", "tests/data/fact_cases.jsonl"} == (
        tracked(*folders) - {"data/review.jsonl", "data/examples.jsonl"}  # which are about the documents of the clone
    )


def test_the_sdist_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build(ROOT, tmp_path / "sdist", "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / f"pagetune-{__version__}", tmp_path / "wheel", "wheel")
    assert again.read_bytes() == wheel.read_bytes()


def test_every_module_that_is_imported_belongs_to_a_declared_package() -> None:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    declared = {canonicalize_name(Requirement(line).name) for line in [*PROJECT["dependencies"], *extras]}
    # What is not installed here: looked for before it is imported, or brought by `python -m pagetune.export.install`.
    declared |= {"vllm", "conversion", "liger-kernel", "llama-cpp"}
    known = packages_distributions()
    for path in [*(ROOT / "pagetune").rglob("*.py"), *(ROOT / "stages").glob("*.py")]:
        for name in imported(path) - {"pagetune", "stages"} - set(sys.stdlib_module_names):
            packages = {canonicalize_name(package) for package in known.get(name, [name])}
            assert packages & declared, f"{path}: {name} is of {packages}, which pyproject.toml does not declare"


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_the_pins_of_a_clone_are_versions_that_the_package_allows() -> None:
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-gpu.txt").read_text()
    text += (ROOT / "requirements-gguf.txt").read_text()
    pins = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    for requirement in map(Requirement, [*PROJECT["dependencies"], *extras]):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{requirement}, pinned is {pin}"


# An environment with the package, and a project in it.


class Environment:
    """A virtual environment with the wheel, whose programs run as in a shell that has activated it."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.package = next(folder.glob("lib/python*/site-packages"))
        borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (self.package / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n", encoding="utf-8")
        self.pip("install", "--no-deps", "--no-index", str(wheel))

    def pip(self, *words: str) -> None:
        program = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "--quiet"]
        subprocess.run([*program, "--disable-pip-version-check", *words], check=True)

    def run(self, folder: Path, line: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        # dvc is that of the borrowed environment; the stages are run by the python that comes first.
        variables["PATH"] = os.pathsep.join([str(self.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["sh", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{line}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment") / ".venv", wheel)


def install_section(page: str) -> list[str]:
    """Return the commands of the README's section about the package, without comments and what they print."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (lines,) = (part.splitlines() for part in section if "pagetune init demo" in part)
    return [re.sub(r"\s{2,}#.*", "", line[6:]) for line in lines if line.startswith("    $ ")]


def shown(page: str) -> str:
    """Return a page's lines of code without their indent."""
    return "".join(f"{line[4:]}\n" for line in page.splitlines() if line.startswith("    "))


@pytest.fixture(scope="module")
def project(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that the commands of the README make, with tiny settings between `cd` and `dvc repro`."""
    folder = tmp_path_factory.mktemp("work")
    commands = install_section("README.md")
    assert commands[:2] == ["python3 -m venv .venv && . .venv/bin/activate", "pip install ./pagetune"]
    assert commands[3:6] == ["cd demo", 'git add . && git commit -qm "Start"', "dvc repro"]
    said = environment.run(folder, commands[2]).stdout
    assert said in shown((ROOT / "README.md").read_text(encoding="utf-8"))
    edit_params(folder / "demo", TINY | {"predict.book": "closed"})
    leave_out(folder / "demo", *LEFT_OUT)
    environment.run(folder / "demo", 'git config user.name "A Tester" && git config user.email tester@example.com')
    for line in commands[4:6]:
        environment.run(folder / "demo", line)
    environment.run(folder / "demo", "git add . && git commit -qm Results")
    return folder / "demo"


def test_the_commands_of_the_readme_end_in_an_answer(environment: Environment, project: Path) -> None:
    (*_, ask) = install_section("README.md")
    assert ask.startswith("pagetune ask ")
    assert environment.run(project, ask).stdout.strip()
    assert install_section("README.ko.md") == install_section("README.md")
    assert json.loads((project / "metrics/eval.json").read_text(encoding="utf-8"))["tuned"]["recall"]["n"]


def test_the_command_says_its_version_and_names_itself_in_its_help(environment: Environment, project: Path) -> None:
    assert environment.run(project, "pagetune --version").stdout == f"pagetune {__version__}\n"
    assert "python -m pagetune ask" in environment.run(project, "python -m pagetune ask --help").stdout
    helped = environment.run(project, "pagetune ask --help").stdout
    assert "pagetune ask" in helped
    assert "python -m" not in helped


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("pagetune results", "recall_new_wording"),
        ("pagetune plan --gpu-gib 24 --model 8b", "effective batch"),
        ("pagetune sweep 2>&1 || true", "only r=8 has scores"),
        ("python -c 'from pagetune.evaluate.self_test import read_cases; print(read_cases()[0])'", "Case("),
        ("pagetune preset presets/low_memory.yaml && git checkout -q params.yaml", "train.memory"),
        ("python -m pagetune doctor", "the pipeline can run"),
    ],
)
def test_a_project_has_every_command(environment: Environment, project: Path, line: str, says: str) -> None:
    assert says in environment.run(project, line).stdout


def test_a_second_repro_runs_the_stage_library_alone(environment: Environment, project: Path) -> None:
    assert stages_run(environment.run(project, "dvc repro").stdout) == ["library"]


def stages_run(output: str) -> list[str]:
    return re.findall(r"^Running stage '(?:dvc.yaml:)?(\w+)'", output, re.MULTILINE)


def test_an_experiment_runs_in_a_workspace_of_its_own(environment: Environment, project: Path) -> None:
    said = environment.run(project, "dvc exp run --temp -S evaluate.bootstrap_samples=40").stdout
    assert stages_run(said) == ["library", "evaluate", "summary", "report"]


def test_the_export_of_a_project_runs(environment: Environment, project: Path) -> None:
    environment.run(project, "dvc repro export/dvc.yaml")
    assert (project / "models/export/merged/model.safetensors").exists()


def test_a_change_of_the_installed_code_reruns_the_stages_that_use_it(environment: Environment, project: Path) -> None:
    module = environment.package / "pagetune" / "report" / "svg.py"
    text = module.read_text(encoding="utf-8")
    module.write_text(f"{text}\n# Another version.\n", encoding="utf-8")
    try:
        environment.run(project, "dvc repro library")
        status = json.loads(environment.run(project, "dvc status --json dvc.yaml").stdout)
    finally:
        module.write_text(text, encoding="utf-8")
    environment.run(project, "dvc repro library")
    assert status == {
        "library": ["always changed"],
        "report": [{"changed deps": {"library.json": {"report": "modified"}}}],
    }


def test_a_project_of_another_version_is_named_before_a_stage_runs(environment: Environment, project: Path) -> None:
    lock = project / "pagetune.lock"
    before = lock.read_text(encoding="utf-8")
    recorded = json.loads(before)
    recorded["version"], recorded["files"]["stages/train.py"] = "0.0.9", "0123456789abcdef"
    lock.write_text(json.dumps(recorded), encoding="utf-8")
    try:
        done = environment.run(project, "python -m pagetune.commands.library", code=1)
    finally:
        lock.write_text(before, encoding="utf-8")
    (line,) = done.stderr.splitlines()
    assert line == (
        f"library: pagetune {__version__} is installed, but pagetune.lock names another version (0.0.9) for "
        "stages/train.py of this project. Run `pagetune init --update`, then `dvc repro`."
    )


# A Python that cannot run it.


def wrong_python(folder: Path, *words: str) -> str:
    """Run this Python without any installed package, and return its one line."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", *words]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for name in ("pagetune", "stages"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "Makefile").touch()
    return tmp_path


@pytest.mark.parametrize(("module", "begins"), [("pagetune", "pagetune: "), ("stages.extract", "extract: ")])
def test_a_python_without_the_requirements_says_what_to_run(clone: Path, module: str, begins: str) -> None:
    line = wrong_python(clone, "-m", module)
    assert line.startswith(begins)
    assert re.search(r" has no module \w+\. Run `make install`, then `source .venv/bin/activate`\.$", line)
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/activate").touch()
    assert wrong_python(clone, "-m", module).endswith(". Run `source .venv/bin/activate` first.")


@pytest.mark.parametrize("module", ["pagetune", "stages.train"])
def test_an_old_python_says_which_is_needed(clone: Path, module: str) -> None:
    old = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_module({module!r}, run_name='__main__')"
    assert wrong_python(clone, "-c", old).startswith("pagetune: Python 3.11 or newer is needed, and ")


def test_a_project_without_the_library_says_so(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "stages", tmp_path / "stages")
    line = wrong_python(tmp_path, "-m", "stages.train")
    assert re.fullmatch(r"stages: \S+ has no module pagetune\. Activate the environment .+", line)


def test_a_missing_module_of_the_library_itself_keeps_its_traceback(clone: Path) -> None:
    code = "from pagetune.errors import explain_wrong_python as e; e(); import pagetune.no_such"
    done = subprocess.run([sys.executable, "-c", code], cwd=clone, capture_output=True, text=True, check=False)
    assert done.stderr.startswith("Traceback")
