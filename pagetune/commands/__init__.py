"""The commands that people run by hand: `python -m pagetune ask`, `serve`, `plan`, `doctor` and the others."""
