"""What several tests share: real material, a tiny model, and a temporary clone in which the pipeline has run."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from subprocess import PIPE
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import settings
from ruamel.yaml import YAML

from pagetune.errors import quiet_libraries
from pagetune.jsonl import write_json, write_records
from pagetune.params import Builtin, BuiltinSeq2Seq, Params, load_params
from pagetune.records import Example, HeldoutUnits, Page

quiet_libraries()
# On a machine that does other work, an example may take any time.
settings.register_profile("pagetune", deadline=None)
settings.load_profile("pagetune")
# The messages that tests look for are the English ones, whatever the language of who runs them.
os.environ["LC_ALL"] = "C.UTF-8"
# A Git hook that runs the tests may name this repository here; the clones of the tests are other ones.
for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"):
    os.environ.pop(variable, None)
if "PYTEST_XDIST_WORKER" in os.environ:
    # There is a test process for each core; PyTorch would start a thread for each core in each of them.
    os.environ["OMP_NUM_THREADS"] = "1"

#: What the tests start from; a test may change variables for a while.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"

#: Settings with which the whole pipeline runs in about a minute; what it learns is beside the point.
TINY = {
    "model.builtin.hidden_size": 64,
    "model.builtin.intermediate_size": 128,
    "model.builtin.num_hidden_layers": 2,
    "model.builtin.num_attention_heads": 2,
    "model.builtin.steps": 10,
    "model.builtin.block_tokens": 64,
    "curate.max_answer_characters": 80,
    "curate.paraphrases": 3,
    "curate.open_book_fraction": 0.02,
    "lora.r": 8,
    "train.epochs": 1,
    "train.learning_rate": 0.0005,
    "train.effective_batch_size": 96,
    "train.eval_steps": 10,
    "predict.max_new_tokens": 8,
    "predict.book": "both",
    "predict.passages": 1,  # with five, the two models that read them take half of the time
    "evaluate.bootstrap_samples": 50,
    "ask.unsupported": "show",
}


#: Sample documents without which the pipeline runs: it asks half of the questions, and trains on half of the rows.
LEFT_OUT = ("boiler_guide.pdf", "health_notice.pdf", "office_rules.pdf", "payment_rules.pdf")

#: The same for summaries, with presets/summarization.yaml.
TINY_SUMMARIES = {
    "model.builtin_seq2seq.hidden_size": 32,
    "model.builtin_seq2seq.intermediate_size": 64,
    "model.builtin_seq2seq.num_attention_heads": 2,
    "model.builtin_seq2seq.steps": 5,
    "train.epochs": 1,
    "train.effective_batch_size": 64,
    "train.eval_steps": 5,
    "predict.max_new_tokens": 8,
    "evaluate.bootstrap_samples": 50,
    "evaluate.quick": 3,
    "report.language": "en",  # the dialogues are Korean
}


#: The files that take longest, longest first, so that several test processes end at about the same time. What several
#: files share is built by the first one that needs it.
LONGEST_FIRST = (
    "test_pipeline",
    "test_install",
    "test_summaries",
    "test_train",
    "test_kills",
    "test_dvc_yaml",
    "test_export",
    "test_notebook",
    "test_ask",
    "test_seq2seq",
    "test_extract_files",
    "test_distributed",
    "test_hub",
    "test_quick_scores",
    "test_team",
    "test_extract",
    "test_sweep",
    "test_docs",
    "test_setup",
    "test_parent_process",
    "test_scoring",
    "test_serve",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the test files as LONGEST_FIRST says, and keep the order of the tests within a file."""
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def restored() -> Iterator[None]:
    """Set the variables back to what they were: a stage that a test calls sets some, and they would stay."""
    before = dict(os.environ)
    yield
    for name in [name for name in os.environ if name not in before]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="module", autouse=True)
def variables_of_a_file() -> Iterator[None]:
    yield from restored()


@pytest.fixture(autouse=True)
def variables_of_a_test() -> Iterator[None]:
    yield from restored()


def shared(*parts: str) -> Path:
    """Real material beside the project; the test is skipped where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def real_model(name: str) -> Path:
    """Return the folder of a real language model; the test is skipped where nobody has made one."""
    path = Path(os.environ.get("REAL_MODELS", Path.home() / ".cache/real-models")) / name
    if not (path / "config.json").exists():
        pytest.skip(f"{path} is not here")
    return path


def edit_params(folder: Path, changes: dict[str, Any]) -> None:
    yaml = YAML()
    path = folder / "params.yaml"
    values = yaml.load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *sections, name = key.split(".")
        node = values
        for section in sections:
            node = node[section]
        node[name] = value
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(values, file)


def write_texts(folder: Path) -> None:
    """Write what the stage base_model reads beside the base itself: no pages, and no rows of a user."""
    (folder / "data/splits").mkdir(parents=True, exist_ok=True)
    write_records(folder / "data/pages.jsonl", [])
    write_json(folder / "data/splits/documents.json", {"heldout": []})
    write_json(folder / "data/splits/own_text.json", [])


@cache
def warm_programs() -> list[str]:
    """Return the folder with a `python` and a `dvc` that start at once, for a run of all tests; see warm_python.py."""
    if "PYTEST_XDIST_WORKER" not in os.environ or not hasattr(os, "pidfd_open"):
        return []
    folder, tests = Path(tempfile.mkdtemp()), ROOT / "tests"
    call = f"exec {sys.executable} -IS {tests / 'warm_client.py'} {folder / 'socket'}"
    for name, arguments in (("python", '"$@"'), ("dvc", '-m dvc "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{call} {arguments}\n")
        (folder / name).chmod(0o755)
    command = [sys.executable, str(tests / "warm_python.py"), str(folder / "socket")]
    server = subprocess.Popen(command, stdin=PIPE, env=ENVIRONMENT)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    while server.poll() is None and not (folder / "socket").exists():
        time.sleep(0.1)
    return [str(folder)]


def run(folder: Path, *command: str, check: bool = True, warm: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` with this interpreter's programs first on PATH, or the ones that start at once."""
    warm = warm and command[0] not in ("git", "lint-imports")
    paths = [*(warm_programs() if warm else []), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(paths), "PYTHONPATH": str(folder)}
    program = "python" if command[0] == sys.executable else command[0]
    command = (shutil.which(program, path=environment["PATH"]) or program, *command[1:])
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if check and done.returncode:
        pytest.fail(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done


def clone(target: Path) -> Path:
    """A fresh Git repository with the files of this one as they are now, nothing of `.dvc/cache` or `.venv`."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\n")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / "dvc.lock").unlink(missing_ok=True)
    shutil.rmtree(target / "metrics", ignore_errors=True)
    run(target, "git", "init", "-q")
    run(target, "git", "config", "user.name", "A Tester")
    run(target, "git", "config", "user.email", "tester@example.com")
    commit(target)
    return target


def commit(folder: Path) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "State of the test")


def build_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], Any]) -> Path:
    """Return a folder that the first test process that asks for it has built; the others wait and share it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = folder.with_suffix(".done")
    with FileLock(folder.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            done.touch()
    return folder


def copy_of(factory: pytest.TempPathFactory, folder: Path) -> Path:
    """Copy a shared folder for this test process: DVC locks a project while one of its commands runs."""
    return shutil.copytree(folder, factory.mktemp(folder.name), symlinks=True, dirs_exist_ok=True)


def leave_out(folder: Path, *documents: str) -> None:
    """Remove sample documents, and all but ten of the general questions, which six answerers answer and are scored."""
    for name in documents:
        (folder / "data/raw" / name).unlink()
    general = folder / "data/questions/retention.jsonl"
    general.write_text("".join(general.read_text(encoding="utf-8").splitlines(True)[:10]), encoding="utf-8")


def run_pipeline(folder: Path) -> None:
    clone(folder)
    leave_out(folder, *LEFT_OUT)
    edit_params(folder, TINY)
    commit(folder)
    run(folder, "dvc", "repro")
    commit(folder)


def run_summaries(folder: Path) -> None:
    clone(folder)
    run(folder, "python", "-m", "pagetune", "preset", "presets/summarization.yaml")
    edit_params(folder, TINY_SUMMARIES)
    commit(folder)
    run(folder, "dvc", "repro")
    commit(folder)


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which `dvc repro` has run with tiny settings; tests leave its results as they are."""
    return copy_of(tmp_path_factory, build_once(tmp_path_factory, "pipeline", run_pipeline))


@pytest.fixture(scope="session")
def summaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the preset was applied and `dvc repro` has run with tiny settings."""
    return copy_of(tmp_path_factory, build_once(tmp_path_factory, "summaries", run_summaries))


def word_pages() -> list[Page]:
    """Pages on which each word is followed by each other: what a model learns from them is the words alone."""
    words, random = (
        ["Q:", "A:", "주소?", "전화?", "요금?", "서울", "02-555", "9만", "원", "센터의", "주소는", "입니다."],
        Random(0),
    )
    return [
        Page(
            doc_id="문서",
            source_sha256="",
            page_number=number,
            text=" ".join(random.sample(words, len(words))),
            tables=[],
            quality={},
            status="ok",
            reason=None,
        )
        for number in range(40)
    ]


def make_tiny_base(folder: Path) -> None:
    """A built-in base model of a few hundred thousand parameters, its heads of 64 as Unsloth's kernels want them."""
    from pagetune.model.builtin import make_builtin, texts_of

    params = Builtin(
        characters_per_token=2.0,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,
        block_tokens=32,
        batch_size=4,
        steps=300,
        learning_rate=0.002,
    )
    texts = texts_of(word_pages(), HeldoutUnits(heldout=[]))
    write_json(folder / "manifest.json", make_builtin(texts, folder, params, seed=0).model_dump())


def make_tiny_seq2seq(folder: Path, steps: int = 1000) -> None:
    """A built-in encoder-decoder of a few hundred thousand parameters, which can be tuned and hardly copies yet."""
    from pagetune.model.builtin_seq2seq import make_builtin_seq2seq

    params = BuiltinSeq2Seq(
        vocabulary=600,
        hidden_size=64,
        intermediate_size=128,
        encoder_layers=2,
        decoder_layers=2,
        num_attention_heads=2,
        batch_size=4,
        steps=steps,
        learning_rate=0.002,
    )
    manifest = make_builtin_seq2seq([page.text for page in word_pages()], folder, params, seed=0)
    write_json(folder / "manifest.json", manifest.model_dump(exclude_defaults=True))


def precision_of(wanted: str, quantized: Any = None) -> Any:
    """Return the precision that `precision: wanted` resolves to for a tiny model on this machine.

    One that is quantised already stays what it is.
    """
    from pagetune.model.precision import resolve_precision

    return resolve_precision(quantized or wanted, 10**6, load_params(ROOT / "params.yaml").quantization, quantized)


def resolved_params() -> Any:
    """Return the shipped settings with the numbers that `auto` is for the built-in model."""
    from pagetune.plan.recipe import Corpus, resolve_recipe

    return resolve_recipe(load_params(ROOT / "params.yaml"), Corpus(100, 500), 4 * 10**6, builtin=True)


def make_inputs(base: Path, params: Params, examples: list[Example], validation: int = 2) -> Any:
    """Return what a training on `examples` follows from; the first of them are its validation rows."""
    from pagetune.model.loading import decoder_start, load_config, load_generation_config, load_tokenizer
    from pagetune.model.manifest import read_manifest
    from pagetune.model.precision import resolve_precision
    from pagetune.model.prompts import encode_example
    from pagetune.train.backend import Trained, choose_backend, packed_kernel
    from pagetune.train.inputs import TrainingInputs

    manifest = read_manifest(base)
    encoder = manifest.encoder_decoder
    backend, tokenizer = choose_backend(params, model=Trained(encoder=encoder)), load_tokenizer(manifest)
    rows = [encode_example(example, tokenizer, encoder) for example in examples]
    starts = decoder_start(load_config(manifest), load_generation_config(manifest)) if encoder else None
    return TrainingInputs(
        params=params,
        manifest=manifest,
        backend=backend,
        choice=resolve_precision(params.precision, manifest.parameters, params.quantization, manifest.quantized),
        kernel=packed_kernel(backend, manifest, None),
        train_rows=rows,
        validation_rows=rows[:validation],
        tokenizer=tokenizer,
        decoder_start_token_id=starts,
    )


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_once(tmp_path_factory, "base", make_tiny_base)


@pytest.fixture(scope="session")
def tiny_seq2seq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_once(tmp_path_factory, "seq2seq", make_tiny_seq2seq)


@pytest.fixture
def model(tiny_base: Path, tmp_path: Path) -> Path:
    """Copy the tiny model as it would be found somewhere, to be broken."""
    return shutil.copytree(tiny_base, tmp_path / "model", ignore=shutil.ignore_patterns("manifest.json"))
