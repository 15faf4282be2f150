#!/bin/sh
# Make .venv, install the requirements file named by the first argument, and the command pagetune, which runs the code in
# this folder. Name a missing piece in one line.
set -eu

fail() {
    echo "setup: $1" >&2
    exit 1
}

find_python() {
    for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

command -v git >/dev/null || fail "git is not installed. Install it; DVC keeps its experiments in it."
git rev-parse --git-dir >/dev/null 2>&1 || fail "this folder is not a Git clone. Get the project with git clone; DVC needs one."
python=$(find_python)
[ -n "$python" ] || fail "no Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3."
"$python" -c 'import ensurepip, venv' 2>/dev/null \
    || fail "$python has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv)."

echo "setup: installing $1 into .venv (this takes some minutes, once)"
"$python" -m venv .venv
.venv/bin/python -m pip install -qq --disable-pip-version-check -r "$1" \
    || fail "pip could not install $1; its message is above. Check the network and the free disk space, then run make again."
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . \
    || fail "pip could not install the command pagetune; its message is above. Fix what it names, then run make again."
