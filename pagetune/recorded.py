"""Compare the inputs of a stage with what DVC has recorded of them: a damaged one explains why the stage failed."""

import os


def changed_inputs(stage: str) -> list[str]:
    """Return the inputs that an earlier stage wrote and that are now gone, damaged or changed by hand.

    The list is empty where DVC runs the stage, because it has just compared them, and outside a DVC project. The
    comparison takes seconds, and longer for large models: it is for a stage that has failed already.
    """
    if "DVC_STAGE" in os.environ:
        return []
    try:
        from dvc.repo import Repo

        with Repo() as repo:
            written = [out.def_path for out in repo.index.outs]
            parts = [part for part in repo.status(targets=[stage]).get(stage, []) if isinstance(part, dict)]
    except Exception:  # no project, or a full disk that DVC fails on, too: the first error is the one to show
        return []
    changed = [name for part in parts for name in part.get("changed deps", {})]
    return sorted(name for name in changed if any(name == out or name.startswith(f"{out}/") for out in written))
