"""Load Kiwi into the server that all reading processes are forked from, so that they share one copy of it.

Only that server imports this module.
"""

from pagetune.extract.spacing import kiwi

kiwi().analyze("미리 읽기")
