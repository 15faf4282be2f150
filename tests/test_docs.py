"""What the READMEs, CONTRIBUTING.md and docs/ tell people to type exists, and runs where it can run here."""

import ast
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import click
import httpx
import pytest
import typer.main
from conftest import ROOT, run
from ruamel.yaml import YAML

from pagetune.__main__ import app
from pagetune.params import Params, load_params

PAGES = [
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "models/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
#: Each English page with the Korean one.
TRANSLATED = [(ROOT / "README.md", ROOT / "README.ko.md")] + [
    (ROOT / "docs" / page.name, page) for page in sorted((ROOT / "docs/ko").glob("*.md"))
]


def commands(page: Path) -> list[str]:
    """Return the lines of code, joined where a backslash continues them, without their comments."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip().removeprefix("$ ") for line in text.splitlines() if line.startswith("    ")]
    return [re.sub(r"\s{2,}#.*", "", line) for line in lines]


def those(start: str) -> list[tuple[str, str]]:
    return [(page.name, line) for page in PAGES for line in commands(page) if line.startswith(start)]


@pytest.mark.parametrize(("page", "line"), [*those("python -m pagetune "), *those("pagetune ")])
def test_every_command_of_pagetune_exists_and_has_the_options(page: str, line: str) -> None:
    group = typer.main.get_command(app)
    words = shlex.split(line.removeprefix("python -m "))[1:]
    with click.Context(group) as context:
        assert isinstance(group, click.Group) or hasattr(group, "get_command")
        found = group.get_command(context, words[0])  # type: ignore[attr-defined]
        assert found is not None, f"{page}: {line}"
        found.make_context(words[0], words[1:])


@pytest.mark.parametrize(("page", "line"), those("make"))
def test_every_make_target_exists(page: str, line: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert line.split()[1] in targets, page


@pytest.mark.parametrize(("page", "line"), [*those("dvc exp run"), *those("dvc repro"), *those("HF_TOKEN=… dvc")])
def test_every_parameter_and_stage_of_a_run_exists(page: str, line: str) -> None:
    yaml, words = YAML(typ="safe", pure=True), shlex.split(line)
    values = load_params(ROOT / "params.yaml").model_dump()
    for setting in [after for before, after in pairwise(words) if before == "-S"]:
        # bash reads \n between $'…', where YAML reads it between the double quotes inside.
        key, _, value = setting.removeprefix("$").partition("=")
        *sections, name = key.split(".")
        node = values
        for section in sections:
            node = node[section]
        assert name in node, f"{page}: {key}"
        node[name] = yaml.load(value.split(",")[0] if "--queue" in words else value)
    Params.model_validate(values)
    stages = yaml.load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    if words[1] == "repro":
        named = [word for word in words[2:] if not word.startswith("-")]
        assert all(word in stages or (ROOT / word).exists() for word in named), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_linked_or_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    linked = [path for path in re.findall(r"\]\(([^)#]+)", text) if "://" not in path]
    named = re.findall(r"(?:presets|benchmarks|docs|stages)/[\w./-]+\.(?:ya?ml|txt|md|py|png|svg)", text)
    assert not [path for path in linked if not (page.parent / path).exists()]
    assert not [path for path in named if not (ROOT / path).exists()]


NUMBER = re.compile(r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?")


def numbers(text: str) -> Counter[str]:
    return Counter(NUMBER.findall(text))


def links(page: Path) -> Counter[str]:
    """Return where the links of a page lead: to a page and its anchor, in whatever language."""
    found = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return Counter(link if "://" in link else target(page, *link.partition("#")[::2]) for link in found)


def target(page: Path, path: str, anchor: str) -> str:
    leads_to = Path(os.path.normpath(page.parent / path)) if path else page
    name = leads_to.relative_to(ROOT).as_posix()
    return f"{name.replace('docs/ko/', 'docs/').replace('.ko.md', '.md')}#{anchor}"


def code(text: str) -> list[list[str]]:
    """Return the lines of code, joined where a backslash continues them, in columns. The last of several columns is a
    comment, of which only its presence counts."""
    lines, before = list[str](), ""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if not line.startswith("    "):
            before = line
        elif not before or before.startswith("#"):  # below other text, such a line continues a list item
            lines.append(line)
    columns = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return [[*line[:-1], "…"] if len(line) > 1 else line for line in columns]


def tables(text: str) -> list[list[Counter[str]]]:
    return [[numbers(cell) for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(("english", "korean"), TRANSLATED, ids=lambda page: page.name)
def test_a_korean_page_has_every_command_number_and_link_of_the_english_one(english: Path, korean: Path) -> None:
    here, there = (page.read_text(encoding="utf-8") for page in (english, korean))
    assert code(there) == code(here)
    assert tables(there) == tables(here)
    assert links(korean) == links(english)
    # Two cores are 2코어: a word here may be a number there.
    assert not numbers(here) - numbers(there)


@pytest.mark.parametrize(("english", "korean"), TRANSLATED, ids=lambda page: page.name)
def test_a_korean_page_leads_to_korean_pages_where_there_are_any(english: Path, korean: Path) -> None:
    linked = re.findall(r"\]\(([^)#:]+\.md)", korean.read_text(encoding="utf-8"))
    known = {here: there for here, there in TRANSLATED if there != korean}
    assert [path for path in linked if Path(os.path.normpath(korean.parent / path)) in known] == []


def is_docstring(path: Path) -> bool:
    return len(ast.parse(path.read_text(encoding="utf-8")).body) == 1


def test_architecture_names_every_module_once_and_no_module_that_does_not_exist() -> None:
    """An entry is a list item that opens with a module; sentences may name it again. A file that is only a docstring,
    as the `__init__.py` of most rooms, needs no entry."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    library = [path.relative_to(ROOT / "pagetune").as_posix() for path in (ROOT / "pagetune").rglob("*.py")]
    modules = [name for name in library if not is_docstring(ROOT / "pagetune" / name)]
    modules += [f"stages/{path.name}" for path in (ROOT / "stages").glob("*.py") if path.name != "__init__.py"]
    assert sorted(re.findall(r"^- `([^`]+\.py)`", text, re.MULTILINE)) == sorted(modules)
    assert set(re.findall(r"`([^`]+\.py)`", text)) <= set(modules)


def test_pre_commit_runs_what_make_check_runs_and_the_tests_only_on_push() -> None:
    config = YAML(typ="safe", pure=True).load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (repository,) = config["repos"]
    assert repository["repo"] == "local"  # nothing is downloaded
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^check:.*\n((?:\t.+\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    hooks = repository["hooks"]
    assert [hook["entry"] for hook in hooks] == re.findall(r"^\t@\$\(RUN\) (.+)$", recipe[1], re.MULTILINE)
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in hooks)
    assert [hook["id"] for hook in hooks if hook.get("stages", config["default_stages"]) == ["pre-push"]] == ["pytest"]


# docs/deploy.md, on a real export.


@pytest.fixture(scope="module")
def exported(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import shutil

    folder = tmp_path_factory.mktemp("deployed") / "copy"
    shutil.copytree(pipeline, folder, symlinks=True)
    run(folder, "dvc", "repro", "export/dvc.yaml")
    return folder


@pytest.fixture(scope="module")
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def section(name: str) -> list[str]:
    text = (ROOT / "docs/deploy.md").read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    return [line[4:] for line in text.splitlines() if line.startswith("    ")]


def test_transformers_serves_the_export_by_the_commands_of_the_guide(exported: Path, port: str) -> None:
    serve, *ask = section("transformers")
    question = re.search(r'"content": "([^"]+)"', ask[-1])
    assert question
    # The model was hardly trained and never ends its answer, so that `ask` stops at predict.max_new_tokens.
    expected = run(exported, sys.executable, "-m", "pagetune", "ask", question[1]).stdout.strip()
    assert expected
    server = serve.replace("8123", port).split()
    server[0] = str(Path(sys.executable).parent / server[0])
    with subprocess.Popen(server, cwd=exported, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(f"http://localhost:{port}/health")
            said = run(exported, "sh", "-c", "\n".join(ask).replace("8123", port)).stdout
        finally:
            process.terminate()
    assert json.loads(said)["choices"][0]["message"]["content"].strip().startswith(expected)


def wait_for(url: str) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        try:
            httpx.get(url, timeout=5)
        except httpx.TransportError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"{url} did not answer")


def test_python_asks_the_export_by_the_lines_of_the_guide(exported: Path) -> None:
    lines = section("Python")
    said = run(exported, sys.executable, "-c", "\n".join(lines)).stdout.strip()
    question = re.search(r'"content": "([^"]+)"', lines[-1])
    assert question
    assert said
    assert said == run(exported, sys.executable, "-m", "pagetune", "ask", question[1]).stdout.strip()
