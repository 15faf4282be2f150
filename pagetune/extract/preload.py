"""Load Kiwi, the weights of spaces and the readers into the server that all reading processes are forked from, so that
they share one copy of them and start at once.

Only that server imports this module.
"""

import pagetune.extract.pages  # noqa: F401
from pagetune.extract.spacing import has_space, kiwi

kiwi().analyze("미리 읽기")
has_space("미리", "읽기")
