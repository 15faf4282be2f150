"""One script a stage: read deps, call pagetune, write outs, print one line of counts."""
