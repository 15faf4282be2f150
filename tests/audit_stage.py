"""Run one stage and write what it opened, imported and asked of params.yaml: audit_stage.py MODULE_OR_FILE RESULT."""

import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

ROOT = Path.cwd()
reads: set[str] = set()
writes: set[str] = set()
listed: set[str] = set()
params: set[str] = set()


def inside(path: Any) -> str | None:
    """The path relative to the project, or None for what lies outside or is none of its data."""
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    full = Path.cwd() / os.fsdecode(path)
    if not full.is_relative_to(ROOT):
        return None
    name = full.relative_to(ROOT).as_posix()
    internal = name.startswith((".", "pagetune", "stages", "tests")) and not name.endswith((".html", ".txt"))
    return None if internal or full.is_dir() else name


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and (name := inside(arguments[0])):
        writing = bool(arguments[2] & (os.O_WRONLY | os.O_RDWR)) if isinstance(arguments[2], int) else False
        if not name.endswith(".part") and ".part/" not in name:
            (writes if writing else reads).add(name)
    if event in ("os.scandir", "os.listdir") and isinstance(arguments[0], str):
        listed.add(Path(arguments[0]).as_posix())
    if event == "os.rename" and (name := inside(arguments[1])) and ".part/" not in name:
        writes.add(name)


def watch_params() -> None:
    from pagetune.params import Params

    plain = Params.__getattribute__

    def noting(self: Params, name: str) -> Any:
        if name in Params.model_fields:
            params.add(name)
        return plain(self, name)

    Params.__getattribute__ = noting  # type: ignore[method-assign]


def project_files(folder: str) -> list[str]:
    loaded = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name.startswith(folder)]
    return sorted(
        Path(file).relative_to(ROOT).as_posix() for file in loaded if file and Path(file).is_relative_to(ROOT)
    )


def main() -> None:
    target, result = sys.argv[1:]
    sys.path.insert(0, str(ROOT))
    from pagetune.errors import quiet_libraries

    os.environ.setdefault("DVC_STAGE", target)  # DVC sets it, and some of what a stage writes is for DVC alone
    quiet_libraries()
    watch_params()
    sys.addaudithook(hook)
    stage = runpy.run_path(target)["main"] if target.endswith(".py") else importlib.import_module(target).main
    stage()
    seen = {
        "reads": sorted(reads - writes),
        "writes": sorted(writes),
        "modules": project_files("pagetune") + project_files("stages"),
        "data_files": sorted(name for name in reads if name.endswith((".html", ".txt"))),
        "listed": sorted(listed),
        "params": sorted(params),
    }
    Path(result).write_text(json.dumps(seen), encoding="utf-8")


if __name__ == "__main__":
    main()
