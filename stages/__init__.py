"""One script a stage: it reads its deps, calls pagetune, writes its outs and prints a line of counts."""

import sys

try:
    from pagetune.errors import explain_wrong_python
except ModuleNotFoundError:
    sys.exit(
        f"stages: {sys.executable} has no module pagetune. Activate the environment that it is installed in, "
        "such as `source .venv/bin/activate`."
    )

explain_wrong_python()
if sys.argv[0] == "-m":  # Python is about to run a stage, whose imports take seconds
    from contextlib import suppress

    from pagetune.masking import mask_output

    mask_output()  # before libraries take sys.stderr for their logs
    with suppress(ModuleNotFoundError):  # the stage's own imports say what is missing, by the name of the stage
        from pagetune.parent_process import begin_stage

        begin_stage()
