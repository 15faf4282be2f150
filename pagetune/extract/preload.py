"""Load Kiwi and the weights of spaces into the server that all reading processes are forked from, so that they share
one copy of them.

Only that server imports this module.
"""

from pagetune.extract.spacing import has_space, kiwi

kiwi().analyze("미리 읽기")
has_space("미리", "읽기")
