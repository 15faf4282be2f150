"""One script a stage: it reads its deps, calls pagetune, writes its outs and prints a line of counts."""
