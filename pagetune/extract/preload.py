"""Imported by the server that all reading processes are forked from: they share one Kiwi instead of loading their own.

Imported nowhere else.
"""

from pagetune.extract.linebreaks import kiwi

kiwi().analyze("미리 읽기")
