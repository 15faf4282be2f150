"""What the machine or a file refuses ends in one line with exit code 1, and a fault of the program in a traceback."""

import errno
import os
import resource
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT

from pagetune.commands.library import check_commit
from pagetune.errors import UserError
from pagetune.extract import engine
from pagetune.extract.files import InputFile, find_documents, find_unread, inspect_file
from pagetune.extract.summary import what_to_do
from pagetune.failures import explain, shown
from pagetune.jsonl import read_as, read_json, read_table, write_text
from pagetune.params import load_params
from pagetune.params.yaml_file import read_yaml
from pagetune.records import BadFile, HeldoutUnits
from stages.extract import check_folder

HERE = f"import sys; sys.path[:0] = [{str(ROOT)!r}]; from pathlib import Path; from pagetune.errors import run_stage;"


def stage(folder: Path, body: str, shell: str = '{0} -c "$1"', **options: object) -> subprocess.CompletedProcess[str]:
    """Run `body` as the stage `test` in a shell that sets limits or redirects."""
    program = f"{HERE}\ndef main():\n    {body}\nrun_stage('test', main)"
    command = ["bash", "-c", shell.format(sys.executable), "-", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


WRITE = "from pagetune.jsonl import write_text; write_text(Path('out/a.txt'), 'x' * 100_000)"


@pytest.mark.parametrize(
    ("shell", "body", "said"),
    [
        ('ulimit -f 8; {0} -c "$1"', WRITE, "out/a.txt cannot be written: no file may be larger than 8 KiB here."),
        ('ulimit -n 20; {0} -c "$1"', "pass", "no more than 20 files may be open at once. Run `ulimit -n 1024`"),
        ('{0} -c "$1" > /dev/full', "print(1)", "the output cannot be written: the disk is full. Free some space"),
        ('{0} -c "$1" | true; exit ${{PIPESTATUS[0]}}', "print('x' * 100_000)", "the program that read the output"),
        ('mkdir gone; cd gone; rmdir ../gone; {0} -c "$1"', "Path.cwd()", "the current folder was deleted."),
        ('{0} -c "$1"', "raise MemoryError", "memory ran out"),
        (
            '{0} -c "$1"',
            "import subprocess; subprocess.run(['no-such-program'])",
            "the program no-such-program was not found. Install it, or add its folder to PATH.",
        ),
        (
            'ulimit -v 4000000; {0} -c "$1"',
            "bytes(5 << 30)",
            "this process may take 3906 MiB. Run `ulimit -v unlimited`",
        ),
        ('{0} -c "$1"', "open('no/such')", "no/such is not there. Run `dvc repro`"),
        ('{0} -c "$1"', "open('/')", "/ is a folder, and a file is needed there."),
        ('{0} -c "$1"', f"open('{'x' * 300}')", "has a name that is longer than the file system allows. Shorten it."),
        ('touch out; {0} -c "$1"', WRITE, "out is a file, and a folder is needed there. Move it away."),
        ('ln -s out out; {0} -c "$1"', "open('out')", "out is a link that leads back to itself. Remove it."),
        ('ln -s no out; {0} -c "$1"', "open('out')", "out is a link to no, where nothing is."),
    ],
)
def test_a_limit_of_the_machine_is_one_line(tmp_path: Path, shell: str, body: str, said: str) -> None:
    done = stage(tmp_path, body, shell)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("test: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not list(tmp_path.rglob(".*part"))


def test_a_low_limit_of_open_files_is_raised_where_the_user_may(tmp_path: Path) -> None:
    body = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    assert stage(tmp_path, body, 'ulimit -S -n 40; {0} -c "$1"').stdout == "1024\n"


def test_a_file_that_is_written_while_stdout_is_closed_holds_nothing_that_is_printed(tmp_path: Path) -> None:
    body = WRITE.replace("'x' * 100_000", "'file'") + "; print('printed')"
    done = stage(tmp_path, body, '{0} -c "$1" >&-')
    assert (done.returncode, (tmp_path / "out/a.txt").read_text(encoding="utf-8")) == (0, "file"), done.stderr


def test_a_name_that_is_not_utf_8_is_printed(tmp_path: Path) -> None:
    done = stage(tmp_path, "print(chr(0xdcff), '한글')", 'PYTHONIOENCODING=ascii {0} -c "$1"')
    assert (done.returncode, done.stdout) == (0, "\\udcff \\ud55c\\uae00\n")


#: A pipe to a process of ours whose reader has gone, which is not the one to whoever reads the output.
OWN_PIPE = "import os; reading, writing = os.pipe(); os.close(reading); os.write(writing, b'x')"


@pytest.mark.parametrize("body", ["None.x", "{}['a']", "raise ValueError('No space left on device')", OWN_PIPE])
def test_a_fault_of_the_program_keeps_its_traceback_and_says_what_to_do_with_it(tmp_path: Path, body: str) -> None:
    done = stage(tmp_path, body)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "This is a fault of pagetune. Please report it" in done.stderr.splitlines()[-1]


def test_an_import_that_the_machine_refuses_is_one_line(tmp_path: Path) -> None:
    code = f"{HERE} from pagetune.errors import explain_wrong_python; explain_wrong_python(); raise ImportError("
    code += "'libx.so: cannot open shared object file: Too many open files')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "files may be open at once" in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Exception("Error while serializing: IoError(No space left on device (os error 28))"), "the disk is full"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 8512 vs 8406"), "the disk is full"),
        (RuntimeError("can't start new thread"), "no further process or thread"),
        (ImportError("x.so: failed to map segment from shared object"), "memory ran out"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), "memory ran out"),
        (OSError(errno.EROFS, "", "models/base"), "models/base cannot be written: its file system is read-only."),
        (OSError(errno.EIO, "", "a.pdf"), "a.pdf cannot be read or written: the disk reports an error."),
        (OSError(errno.ENOSPC, ""), "the output cannot be written: the disk is full. Free some space"),
    ],
)
def test_each_refusal_says_what_to_do_whichever_library_reports_it(error: Exception, said: str) -> None:
    line = explain(error)
    assert line
    assert said in line
    assert line.endswith(".")


def test_the_cause_of_an_error_is_what_is_said() -> None:
    error = RuntimeError("pool is broken")
    error.__cause__ = OSError(errno.EMFILE, "")
    assert "open at once" in (explain(error) or "")


@pytest.mark.parametrize("error", [OSError("a library's own text"), KeyError("a"), OSError(errno.ECONNREFUSED, "")])
def test_what_no_rule_is_for_is_not_explained(error: Exception) -> None:
    assert explain(error) is None


def test_a_folder_that_denies_access_is_named_with_the_command_that_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != closed)  # root may enter any folder
    error = PermissionError(errno.EACCES, "", str(closed / "deep/a.pdf"))
    assert f"{closed} denies access (its permissions). Run `chmod u+rwX {closed}`." in (explain(error) or "")
    monkeypatch.setattr(os, "geteuid", lambda: closed.stat().st_uid + 1)
    assert "It belongs to user" in (explain(error) or "")


def test_a_path_is_shown_on_one_line_whatever_it_holds() -> None:
    assert shown(Path("a\nb\x1b[31m한글\udcff")) == "a\\nb\\x1b[31m한글\\xff"


@pytest.mark.parametrize("limited", [True, False])
def test_a_machine_without_room_for_a_temporary_file_is_one_line(
    limited: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries ask for that folder when they are imported."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "absent")])
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0 if limited else resource.RLIM_INFINITY,) * 2)
    with pytest.raises(FileNotFoundError) as raised:
        tempfile.gettempdir()
    assert ("ulimit -f unlimited" if limited else "set TMPDIR") in (explain(raised.value) or "")


def test_a_file_that_could_not_be_written_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a", "old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(OSError, match="File too large") as raised:
            write_text(tmp_path / "a", "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert raised.value.filename == str(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text(encoding="utf-8") == "old"


BROKEN_JSON = {
    "absent": None,
    "empty": b"",
    "truncated": b'{"heldout": [{"doc_id"',
    "not UTF-8": '{"heldout": "가"}'.encode("cp949"),
    "UTF-16": '{"heldout": []}'.encode("utf-16"),
    "NUL": b"\0\0\0\0",
    "surrogate": b'{"heldout": [{"doc_id": "\\ud800", "part": null, "why": ""}]}',
    "deep": b"[" * 100_000,
    "a long number": b"9" * 5000,
    "a list": b"[]",
    "another schema": b'{"held": []}',
    "wrong types": b'{"heldout": 7}',
}


@pytest.mark.parametrize("content", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_json_that_is_broken_in_any_way_is_named_with_its_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "documents.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_as(path, HeldoutUnits)
    assert str(path) in str(raised.value)
    assert "Run `dvc repro`" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", [name for name in BROKEN_JSON if name != "wrong types"])
def test_an_object_that_is_none_is_named_with_its_file(tmp_path: Path, kind: str) -> None:
    path, content = tmp_path / "documents.json", BROKEN_JSON[kind]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"documents\.json"):
        read_json(path)["heldout"]


def test_a_key_that_is_missing_deep_inside_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "eval.json").write_text('{"tuned": [{"recall": {}}]}', encoding="utf-8")
    value = read_json(tmp_path / "eval.json")
    with pytest.raises(UserError, match=r"eval\.json has no key 'fact_match'"):
        value["tuned"][0]["recall"]["fact_match"]


def test_a_table_without_a_column_or_in_another_encoding_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "loss.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"loss\.csv has no key 'step'"):
        read_table(tmp_path / "loss.csv")[0]["step"]
    (tmp_path / "loss.csv").write_text("a,b\n1,2\n", encoding="utf-16")
    with pytest.raises(UserError, match=r"loss\.csv is not UTF-8"):
        read_table(tmp_path / "loss.csv")


def test_git_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="git is not installed"):
        check_commit()


GOOD = (ROOT / "params.yaml").read_text(encoding="utf-8")
BROKEN_YAML = {
    "tab": GOOD.replace("  epochs: auto", "\tepochs: auto", 1).encode(),
    "key twice": f"{GOOD}\nseed: 2\n".encode(),
    "unknown alias": GOOD.replace("lora:\n", "lora: *nope\nx:\n", 1).encode(),
    "NaN": GOOD.replace("dropout: 0.0", "dropout: .nan").encode(),
    "UTF-16": GOOD.encode("utf-16"),
    "CP949": GOOD.encode("cp949", "replace"),
    "empty": b"",
    "list": b"- a\n- b\n",
    "NUL": f"{GOOD}\0".encode(),
    "control character": f"{GOOD}# \x07\n".encode(),
    "deep": b"a: " + b"[" * 500,
    "long number": GOOD.replace("seed: ", f"seed: {'9' * 5000} #", 1).encode(),
    "date": GOOD.replace("  id:\n", "  id: 2020-13-45\n", 1).encode(),
    "surrogate": GOOD.replace("system: ''", 'system: "\\ud800"').encode(),
    "list as key": f"{GOOD}\n? {{a: 1}}\n: 3\n".encode(),
    "two documents": f"{GOOD}\n---\nseed: 1\n".encode(),
}


@pytest.mark.parametrize("content", BROKEN_YAML.values(), ids=BROKEN_YAML)
def test_settings_that_are_broken_in_any_way_are_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        load_params(path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_a_character_that_yaml_forbids_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: \x07\n")
    with pytest.raises(UserError, match=r"a.yaml:2 is not YAML: the character '\\x07' is not allowed"):
        read_yaml(path, "safe")


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "Too many open files"), BrokenProcessPool("no process")])
def test_what_the_machine_refuses_a_reading_process_is_no_fault_of_the_document(error: Exception) -> None:
    future: Future[Any] = Future()
    future.set_exception(error)
    with pytest.raises(type(error)):
        engine._outcome(future, engine.Limits(1.0, 1))


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, ""), RuntimeError("can't start new thread")])
def test_a_document_that_takes_too_much_memory_costs_only_itself(error: Exception) -> None:
    future: Future[Any] = Future()
    future.set_exception(error)
    assert engine._outcome(future, engine.Limits(1.0, 7)) == engine.Failure(
        "out_of_memory", "asked for more than 7 MiB", False
    )


def test_a_place_without_semaphores_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(engine, "_context", lambda: SimpleNamespace(Semaphore=refuse))
    with pytest.raises(UserError, match=r"shm, .* cannot be used \(Read-only file system\). Mount it for writing"):
        engine._semaphore()


def test_what_only_has_the_name_of_a_document_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    os.mkfifo(tmp_path / "rows.jsonl")
    (tmp_path / "folder.pdf").mkdir()
    (tmp_path / "gone.pdf").symlink_to("nowhere.pdf")
    (tmp_path / "circle.pdf").symlink_to("circle.pdf")
    (tmp_path / ".pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "good.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "folder").mkdir()
    named = ["pipe.pdf", "rows.jsonl", "folder.pdf", "gone.pdf", "circle.pdf", ".pdf"]
    found = find_unread(tmp_path)
    assert sorted(bad.file for bad in found) == sorted(named)
    assert all(what_to_do(bad).endswith(".") and "\n" not in what_to_do(bad) for bad in found)


def test_a_document_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    bad = inspect_file(InputFile(tmp_path / "vanished.pdf", None))
    assert isinstance(bad, BadFile)
    assert (bad.reason, bad.seen) == ("unreadable", "No such file or directory")


def test_names_that_look_the_same_are_told_apart(tmp_path: Path) -> None:
    for form in ("NFC", "NFD"):
        (tmp_path / f"{unicodedata.normalize(form, '한글')}.pdf").touch()  # type: ignore[arg-type]
    with pytest.raises(UserError, match="differ only in how Unicode composes their letters"):
        find_documents(tmp_path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda raw: None, "data/raw is not there. Make the folder"),
        (lambda raw: raw.touch(), "data/raw is a file, and a folder is needed there."),
        (lambda raw: raw.symlink_to("raw"), "data/raw is a link that leads back to itself."),
        (lambda raw: raw.symlink_to("no"), "data/raw is a link to no, where nothing is."),
    ],
)
def test_a_folder_of_documents_that_is_none_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    make(Path("data/raw"))
    with pytest.raises((UserError, OSError)) as raised:
        check_folder()
    assert said in (explain(raised.value) or str(raised.value))
