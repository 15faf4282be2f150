"""What the machine refuses, a file, memory or a process, in one line: what failed, where, and how to get on.

Operating systems number their refusals (errno), and libraries that are written in Rust or C++ quote the number or its
words. So all of them are explained here, and what has no such number is a fault of the program.
"""

from __future__ import annotations  # so that an older Python gets as far as its message

import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from pagetune.language import Remark, tr

try:
    import resource
except ModuleNotFoundError:  # Windows, which has no such limits
    resource = None  # type: ignore[assignment]

#: Refusals that come from the machine and would meet any other file just the same.
MACHINE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN,
)  # fmt: skip
#: What writing into an open file raises, without the file's name.
WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: How libraries quote the number: Rust's standard library, and Python in the text of another error.
_QUOTED = re.compile(r"\(os error (\d+)\)|\[Errno (\d+)\]")
#: What else libraries say where memory ran out, and where no thread could be started.
_WORDS = {
    errno.ENOMEM: ("can't allocate memory", "failed to map segment", "bad_alloc", "bad allocation"),
    errno.EAGAIN: ("can't start new thread",),
}
#: What torch and safetensors say where a file could not be written to its end, without the reason.
_CUT_OFF = ("failed writing file", "unexpected pos")
_OR_HARD = Remark(", or have an administrator raise the limit")
MIB = 2**20


def explain(error: BaseException) -> str | None:
    """Return one line about a failure that the machine or a file caused; None for a fault of the program."""
    cause: BaseException | None = error
    while cause is not None:
        number = errno_of(cause)
        if number == errno.ENOENT and (said := _missing_program(cause) or _no_temporary_folder(cause)):
            return said
        line = _line(number, _path_of(cause)) if number else None
        if line:
            return line
        cause = cause.__cause__
    return None


def _missing_program(error: BaseException) -> str | None:
    """Name the program that could not be started, for which Python raises what it raises for a missing file."""
    name = getattr(error, "filename", None)
    if not name or _raised_by(error) != "subprocess" or Path(name).is_dir():
        return None
    return tr("the program {program} was not found. Install it, or add its folder to PATH.", program=shown(name))


def _no_temporary_folder(error: BaseException) -> str | None:
    """Say why no temporary file can be written anywhere, for which Python raises what it raises for a missing file."""
    if getattr(error, "filename", None) or _raised_by(error) != "tempfile":
        return None
    if _limit("RLIMIT_FSIZE") is not None:
        return _too_large(Path(tr("a temporary file")))
    return tr(
        "a temporary file cannot be written, neither in /tmp nor in the current folder: their disks are full or "
        "read-only. Free some space, or set TMPDIR to a folder that has some."
    )


def _raised_by(error: BaseException) -> str | None:
    """Return the name of the module that raised the error."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_globals.get("__name__") if trace else None


def is_from_machine(error: BaseException) -> bool:
    """Tell whether the machine refused, and not the file that was read or written."""
    return errno_of(error) in MACHINE


def errno_of(error: BaseException) -> int | None:
    """Return the operating system's number of the failure, or None."""
    if isinstance(error, OSError):
        return error.errno
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    said = str(error)
    if quoted := _QUOTED.search(said):
        return int(quoted.group(1) or quoted.group(2))
    if isinstance(error, (SyntaxError, ValueError, LookupError)):  # which may quote the words of a document
        return None
    if any(words in said for words in _CUT_OFF):
        return errno.ENOSPC if _limit("RLIMIT_FSIZE") is None else errno.EFBIG
    words = {number: (os.strerror(number), *_WORDS.get(number, ())) for number in MACHINE}
    return next((number for number, known in words.items() if any(word in said for word in known)), None)


def _path_of(error: BaseException) -> Path | None:
    name = getattr(error, "filename", None)
    return Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) else None


def shown(path: Path | str) -> str:
    """Return a path as it prints on one line, whatever its name holds."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in name)


def _line(number: int, path: Path | None) -> str | None:
    """Say what the number means for `path`, which may be unknown."""
    if number in (errno.ENOENT, errno.ESTALE) and not _has_folder():
        return tr("the current folder was deleted. Change into one that exists (`cd`).")
    if number in _LIMITS:
        return _LIMITS[number](path)
    if path is None or number not in _FILES:
        return None
    return _FILES[number](path)


def _has_folder() -> bool:
    try:
        return Path.cwd().is_dir()
    except OSError:
        return False


def _full(path: Path | None) -> str:
    free = tr(" ({free:.1f} MiB free)", free=shutil.disk_usage(_existing(path)).free / MIB) if path else ""
    return tr(
        "{path} cannot be written: the disk is full{free}. Free some space and run it again.",
        path=_named(path, tr("the output")),
        free=free,
    )


def _quota(path: Path | None) -> str:
    return tr(
        "{path} cannot be written: your quota is used up. Free some space and run it again.",
        path=_named(path, tr("the output")),
    )


def _existing(path: Path) -> Path:
    """Return the path, or the first folder above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())


def _too_large(path: Path | None) -> str:
    limit = _limit("RLIMIT_FSIZE")
    if limit is None:
        return tr(
            "{path} cannot be written: it would be larger than the file system allows. Write to another file system.",
            path=_named(path, tr("the output")),
        )
    return tr(
        "{path} cannot be written: no file may be larger than {limit} KiB here. Run `ulimit -f unlimited`{or_hard}.",
        path=_named(path, tr("the output")),
        limit=limit // 1024,
        or_hard=tr(_OR_HARD),
    )


def _read_only(path: Path | None) -> str:
    return tr(
        "{path} cannot be written: its file system is read-only. Mount it for writing, or copy the project to a "
        "disk that is.",
        path=_named(path, tr("the output")),
    )


def _too_many_files(path: Path | None) -> str:
    limit = _limit("RLIMIT_NOFILE")
    if limit is None:
        seen = tr("too many files are open at once")
    else:
        seen = tr("no more than {limit} files may be open at once", limit=limit)
    return tr(
        "{path} cannot be opened: {seen}. Run `ulimit -n 1024`{or_hard}.",
        path=_named(path, tr("a file")),
        seen=seen,
        or_hard=tr(_OR_HARD),
    )


def _no_memory(path: Path | None) -> str:
    limit = _limit("RLIMIT_AS")
    if limit is None:
        return tr("memory ran out. End other programs, or take smaller settings (docs/training.md, docs/extract.md).")
    return tr(
        "memory ran out: this process may take {limit:.0f} MiB. Run `ulimit -v unlimited`{or_hard}.",
        limit=limit / MIB,
        or_hard=tr(_OR_HARD),
    )


def _no_process(path: Path | None) -> str:
    limit = _limit("RLIMIT_NPROC")
    seen = tr(" of at most {limit}", limit=limit) if limit is not None else ""
    return tr(
        "no further process or thread{seen} can be started. End other programs, or run `ulimit -u 4096`{or_hard}.",
        seen=seen,
        or_hard=tr(_OR_HARD),
    )


def _limit(name: str) -> int | None:
    """Return the limit that this process runs under; None where there is none."""
    if resource is None:
        return None
    soft = resource.getrlimit(getattr(resource, name))[0]
    return None if soft == resource.RLIM_INFINITY else soft


#: Fewer files than this are not enough for any stage; more than the second number are never open at once.
_FEWEST_FILES, _MOST_FILES = 64, 1024


def allow_open_files() -> None:
    """Raise the limit of open files as far as the user may, where it is low. Raise OSError where it stays too low."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < highest:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        soft = highest
    if soft != resource.RLIM_INFINITY and soft < _FEWEST_FILES:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _named(path: Path | None, otherwise: str) -> str:
    return shown(path) if path else otherwise


def _absent(path: Path) -> str:
    if path.is_symlink():
        return tr(
            "{path} is a link to {target}, where nothing is. Put that back, or remove the link.",
            path=shown(path),
            target=shown(path.readlink()),
        )
    return tr("{path} is not there. Run `dvc repro`, which writes what is missing, or put it back.", path=shown(path))


def _refused(path: Path) -> str:
    """Name the file or folder that refuses, and its owner where that is somebody else."""
    barrier = _barrier(path)
    where = tr("{path} cannot be used: ", path=shown(path)) if barrier != path else ""
    advice = tr("Run `chmod u+rwX {barrier}`", barrier=shown(barrier))
    if (owner := barrier.stat().st_uid) != os.geteuid():
        advice = tr("It belongs to {owner}: run this as that user, or have them give you access", owner=_user(owner))
    return where + tr("{barrier} denies access (its permissions). {advice}.", barrier=shown(barrier), advice=advice)


def _barrier(path: Path) -> Path:
    """Return the first folder on the way that may not be entered, else the file, else its folder."""
    folders = [folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)]
    if folders:
        return folders[0]
    wanted = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    return path if path.exists() and not os.access(path, wanted) else path.parent


def _user(number: int) -> str:
    import pwd

    try:
        return tr("user {user}", user=pwd.getpwuid(number).pw_name)
    except KeyError:
        return tr("user {user}", user=number)


def _not_a_folder(path: Path) -> str | None:
    file = next((one for one in [*reversed(path.parents), path] if one.exists() and not one.is_dir()), None)
    if file is None:
        return None
    return tr("{path} is a file, and a folder is needed there. Move it away.", path=shown(file))


def _is_folder(path: Path) -> str:
    return tr("{path} is a folder, and a file is needed there. Move it away.", path=shown(path))


def _is_circle(path: Path) -> str:
    return tr("{path} is a link that leads back to itself. Remove it.", path=shown(path))


def _too_long(path: Path) -> str:
    return tr("{path} has a name that is longer than the file system allows. Shorten it.", path=shown(path))


def _disk_error(path: Path) -> str:
    return tr(
        "{path} cannot be read or written: the disk reports an error. Copy the project to another disk.",
        path=shown(path),
    )


_LIMITS: dict[int, Callable[[Path | None], str]] = {
    errno.ENOSPC: _full,
    errno.EDQUOT: _quota,
    errno.EFBIG: _too_large,
    errno.EROFS: _read_only,
    errno.EMFILE: _too_many_files,
    errno.ENFILE: _too_many_files,
    errno.ENOMEM: _no_memory,
    errno.EAGAIN: _no_process,
}
_FILES: dict[int, Callable[[Path], str | None]] = {
    errno.ENOENT: _absent,
    errno.EACCES: _refused,
    errno.EPERM: _refused,
    errno.ENOTDIR: _not_a_folder,
    errno.EEXIST: _not_a_folder,
    errno.EISDIR: _is_folder,
    errno.ELOOP: _is_circle,
    errno.ENAMETOOLONG: _too_long,
    errno.EIO: _disk_error,
}
