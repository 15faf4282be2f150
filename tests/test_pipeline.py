"""The real thing, end to end: DVC, every stage, in a temporary clone."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TINY, clone, commit, edit_params, leave_out, run

from pagetune.jsonl import read_records
from pagetune.records import Example, Pair, Rejected

ALL = {
    "extract",
    "build_qa",
    "curate",
    "base_model",
    "format",
    "search",
    "open_book",
    "baseline",
    "baseline_open",
    "replay",
    "train",
    "predict",
    "predict_open",
    "evaluate",
    "summary",
    "report",
}
#: The stages in which a model answers.
ANSWERING = {"replay", "baseline", "baseline_open", "predict", "predict_open"}
SPLITS = ("train", "validation", "recall", "heldout")
METRICS = {
    "n",
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
    "rouge_combined_f1",
    "rouge_combined_sum",
    "exact_match",
    "token_f1",
    "character_f1",
    "chrf",
    "fact_match",
    "abstained",
    "invented",
}


@pytest.fixture
def experiments(pipeline: Path, tmp_path: Path) -> Path:
    """A copy of the finished pipeline that a test may change."""
    target = tmp_path / "copy"
    shutil.copytree(pipeline, target, symlinks=True)
    return target


@pytest.fixture(scope="module")
def seen(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of which DVC knows the hashes of all files."""
    return shutil.copytree(pipeline, tmp_path_factory.mktemp("seen") / "copy", symlinks=True)


@pytest.fixture
def settings_of(seen: Path) -> Iterator[Path]:
    """That copy for a test that changes params.yaml alone, which is put back."""
    kept = (seen / "params.yaml").read_bytes()
    yield seen
    (seen / "params.yaml").write_bytes(kept)


def stages_run(output: str) -> set[str]:
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def test_eval_json_keeps_its_keys(pipeline: Path) -> None:
    metrics = json.loads((pipeline / "metrics/eval.json").read_text(encoding="utf-8"))
    assert set(metrics["tokenizer"]) == {"name", "version"}
    assert metrics["references"] == "max"
    for model in ("base", "tuned", "base_open", "tuned_open", "echo", "lookup"):
        for name in ("recall", "recall_new_wording", "recall_reversed", "heldout", "validation"):
            scores = metrics[model][name]
            assert set(scores) >= METRICS
            assert {f"{metric}_ci95_low" for metric in METRICS - {"n"}} <= set(scores)
            assert scores["n"] > 0
            assert 0 <= scores["rouge_combined_sum"] <= 3


def test_the_address_question_is_never_trained_on_and_always_asked(pipeline: Path) -> None:
    question, address = "금융보안교육센터의 주소?", "서울특별시 영등포구 의사당대로 143 금융투자빌딩 12층"
    train = read_records(pipeline / "data/splits/train.jsonl", Pair)
    recall = read_records(pipeline / "data/splits/recall.jsonl", Pair)
    assert question not in {row.instruction for row in train}
    assert [row.output for row in recall if row.instruction == question] == [address]
    assert any(row.output == address for row in train)


def test_the_card_of_the_adapter_is_written_and_in_git(pipeline: Path) -> None:
    from huggingface_hub import ModelCard

    text = (pipeline / "metrics/model_card.md").read_text(encoding="utf-8")
    assert ModelCard(text).data.library_name == "peft"
    assert "metrics/model_card.md" in run(pipeline, "git", "ls-files", "metrics").stdout


def test_every_completion_ends_in_exactly_one_eos(pipeline: Path) -> None:
    for name in ("train", "validation", "recall", "heldout"):
        for example in read_records(pipeline / f"data/prompts/{name}.jsonl", Example):
            assert example.completion.endswith("</s>")
            assert (example.prompt + example.completion).count("</s>") == 1


def test_a_second_repro_does_nothing(pipeline: Path) -> None:
    done = run(pipeline, "dvc", "repro")
    assert stages_run(done.stdout) == set()
    assert "up to date" in done.stdout
    assert run(pipeline, "dvc", "status", "dvc.yaml").stdout == "Data and pipelines are up to date.\n"


def test_dvc_lists_twelve_numbers_and_no_more(pipeline: Path) -> None:
    shown = json.loads(run(pipeline, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    assert list(shown) == ["metrics/summary.json"]
    numbers = shown["metrics/summary.json"]["data"]
    assert len(numbers) == 12
    assert numbers["open"] is not None
    live = json.loads(run(pipeline, "dvc", "metrics", "show", "--json", "metrics/live/metrics.json").stdout)
    assert "train_loss" in live[""]["data"]["metrics/live/metrics.json"]["data"]


@pytest.mark.parametrize(
    ("key", "value", "first_stages"),
    [
        ("extract.min_characters", 30, {"extract"}),
        ("qa.article_characters", 150, {"build_qa"}),
        ("qa.source", "rows", {"extract", "build_qa"}),
        ("prompt.train_on", "last", {"build_qa", "format", "open_book", "report"}),
        ("qa.columns.group", "doc", {"build_qa", "curate"}),
        ("llm.temperature", 0.5, {"build_qa", "curate", "evaluate"}),
        ("curate.max_answer_characters", 150, {"curate", "report"}),
        ("curate.recall_fraction", 0.2, {"curate", "report"}),
        ("model.builtin.steps", 11, {"base_model"}),
        ("prompt.template", "{instruction}\n", {"format", "open_book", "report"}),
        ("precision", "fp32", {*ANSWERING, "train", "report"}),
        ("quantization.bnb_4bit_quant_type", "fp4", {*ANSWERING, "train", "report"}),
        ("lora.r", 4, {"train", "report"}),
        ("train.epochs", 2, {"train", "report"}),
        ("predict.max_new_tokens", 150, {*ANSWERING, "curate", "open_book", "report"}),
        ("predict.batch_size", 32, {*ANSWERING, "report"}),
        ("predict.book", "closed", {"open_book", "report"}),
        ("predict.passages", 3, {"open_book", "report"}),
        ("search.passages", 6, {"search", "open_book"}),
        ("evaluate.tokenizer", "character", {"evaluate"}),
        ("export.format", "gguf", set()),
        ("seed", 7, {"curate", "base_model", "open_book", "train", "report"}),
    ],
)
def test_a_parameter_touches_just_its_stages(
    settings_of: Path, key: str, value: object, first_stages: set[str]
) -> None:
    edit_params(settings_of, {key: value})
    status = json.loads(run(settings_of, "dvc", "status", "dvc.yaml", "--json").stdout)
    assert {
        name for name, changes in status.items() if any("changed deps" in change for change in changes)
    } == first_stages


def test_a_comment_in_params_yaml_touches_nothing(settings_of: Path) -> None:
    with (settings_of / "params.yaml").open("a", encoding="utf-8") as file:
        file.write("# a note\n")
    assert json.loads(run(settings_of, "dvc", "status", "dvc.yaml", "--json").stdout) == {}


def test_what_python_keeps_of_imported_modules_touches_nothing(experiments: Path) -> None:
    run(experiments, "python", "-m", "compileall", "-q", "pagetune", "stages")
    assert list(experiments.glob("pagetune/train/__pycache__/*.pyc"))
    assert json.loads(run(experiments, "dvc", "status", "dvc.yaml", "--json").stdout) == {}


def test_an_evaluation_parameter_reruns_the_evaluation_only(experiments: Path) -> None:
    done = run(experiments, "dvc", "exp", "run", "-S", "evaluate.tokenizer=character")
    assert stages_run(done.stdout) == {"evaluate", "summary", "report"}


def test_a_rank_reuses_extraction_base_model_and_baseline(experiments: Path) -> None:
    done = run(experiments, "dvc", "exp", "run", "-S", "lora.r=2", "-S", "train.learning_rate=1e-5")
    assert stages_run(done.stdout) <= {"train", "predict", "predict_open", "evaluate", "summary", "report"}
    assert {"train", "predict"} <= stages_run(done.stdout)
    config = json.loads((experiments / "models/adapter/adapter_config.json").read_text(encoding="utf-8"))
    assert (config["r"], config["lora_alpha"]) == (2, 32)
    assert "lora.r" in run(experiments, "dvc", "params", "diff").stdout
    assert "loss" in run(experiments, "dvc", "metrics", "diff").stdout


def test_a_queue_of_ranks_from_a_clean_clone_runs(pipeline: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    run(tmp_path, "git", "clone", "-q", str(pipeline), str(folder))
    run(folder, "git", "config", "user.name", "A Tester")
    run(folder, "git", "config", "user.email", "tester@example.com")
    run(folder, "dvc", "exp", "run", "--queue", "-S", "lora.r=2,4")
    run(folder, "dvc", "queue", "start")
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        status = run(folder, "dvc", "queue", "status").stdout
        if "Running" not in status and "Queued" not in status:
            break
        time.sleep(2)
    assert status.count("Success") == 2, status
    shown = run(folder, "dvc", "exp", "show", "--csv").stdout
    assert {"recall", "heldout", "loss", "seconds", "lora.r"} <= set(shown.splitlines()[0].split(","))


def test_plots_are_shown(pipeline: Path) -> None:
    run(pipeline, "dvc", "plots", "show")
    assert (pipeline / "dvc_plots/index.html").exists()
    shutil.rmtree(pipeline / "dvc_plots")


def test_ask_answers_with_the_adapter(pipeline: Path) -> None:
    done = run(pipeline, "python", "-m", "pagetune", "ask", "금융보안교육센터의 주소?")
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


def test_results_prints_the_table_and_the_report(pipeline: Path) -> None:
    shown = run(pipeline, "python", "-m", "pagetune", "results").stdout
    assert "recall_new_wording" in shown
    assert "report: metrics/report.html" in shown
    assert "has not run" not in shown


def test_the_pipelines_own_answers_score_as_in_the_metrics(pipeline: Path) -> None:
    metrics = json.loads((pipeline / "metrics/eval.json").read_text(encoding="utf-8"))
    for name in ("base", "tuned_open"):
        file = f"data/predictions/{name}.jsonl"
        shown = json.loads(run(pipeline, "python", "-m", "pagetune", "score", file).stdout)
        assert shown["sets"] == {key: own for key, own in metrics[name].items() if own["n"]}


def test_the_same_seed_gives_the_same_adapter(pipeline: Path, experiments: Path) -> None:
    run(experiments, "dvc", "repro", "-f", "-s", "train", warm=False)
    for path in (pipeline / "models/adapter").iterdir():
        assert (experiments / "models/adapter" / path.name).read_bytes() == path.read_bytes(), path.name


def fails_in_one_line(folder: Path, stage: str) -> str:
    """The line a stage fails with; asserts that it left nothing half-written."""
    before = {path for path in (folder / "data").rglob("*") if path.is_file()}
    done = run(folder, "python", "-m", f"stages.{stage}", check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert {path for path in (folder / "data").rglob("*") if path.is_file()} == before
    return done.stderr


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return clone(tmp_path)


def test_no_documents_is_one_line(fresh: Path) -> None:
    shutil.rmtree(fresh / "data/raw")
    (fresh / "data/raw").mkdir()
    assert "data/raw holds no document" in fails_in_one_line(fresh, "extract")


def test_a_broken_pdf_beside_good_ones_is_named(fresh: Path) -> None:
    (fresh / "data/raw/broken.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    edit_params(fresh, {"extract.on_bad_file": "fail"})
    line = fails_in_one_line(fresh, "extract")
    assert "data/raw/broken.pdf" in line
    assert "take it out of the folder" in line


def test_a_missing_model_path_is_named(experiments: Path) -> None:
    edit_params(experiments, {"model.base": "/nowhere/model"})
    assert "model.base is /nowhere/model, and there is no such folder" in fails_in_one_line(experiments, "base_model")


def test_an_unknown_target_module_is_named(experiments: Path) -> None:
    edit_params(experiments, {"lora.target_modules": ["q_proj", "query_proj"]})
    line = fails_in_one_line(experiments, "train")
    assert "lora.target_modules: query_proj" in line
    assert "q_proj" in line.split("It has")[1]


def test_unsloth_without_a_gpu_is_one_line(experiments: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    edit_params(experiments, {"train.backend": "unsloth"})
    assert "train.backend: unsloth cannot run here: PyTorch sees no GPU" in fails_in_one_line(experiments, "train")


def test_a_stage_before_its_inputs_says_what_to_do(fresh: Path) -> None:
    assert "data/pages.jsonl is not there; an earlier stage writes it. Run `dvc repro`" in fails_in_one_line(
        fresh, "build_qa"
    )


def test_own_rows_without_a_pdf_go_through(fresh: Path) -> None:
    for pdf in (fresh / "data/raw").glob("*.pdf"):
        pdf.unlink()
    rows = [{"instruction": f"질문 {i}번은 무엇인가요?", "output": f"대답 {i}입니다."} for i in range(20)]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (fresh / "data/raw/own.jsonl").write_text(text, encoding="utf-8")
    edit_params(fresh, {"curate.recall_fraction": 0.3})
    commit(fresh)
    run(fresh, "dvc", "repro", "curate")
    train = read_records(fresh / "data/splits/train.jsonl", Pair)
    assert {row.kind for row in train} == {"user"}
    assert read_records(fresh / "data/splits/heldout.jsonl", Pair)


def test_a_csv_goes_through_to_the_scores_without_a_pdf(fresh: Path) -> None:
    leave_out(fresh, *(pdf.name for pdf in (fresh / "data/raw").glob("*.pdf")))
    rows = [f'"{i}번 창구는 어디, 몇 층인가요?",{i}층입니다.,묶음{i % 6}' for i in range(60)]
    (fresh / "data/raw/own.csv").write_text("Q,A,doc\n" + "\n".join(rows) + "\n", encoding="utf-8-sig")
    columns = {"instruction": "Q", "input": None, "output": "A", "references": None, "group": "doc"}
    own = {"qa.source": "rows", "qa.columns": columns, "curate.heldout_documents": ["묶음3"]}
    without_pages = {"predict.book": "closed", "curate.open_book_fraction": 0}
    edit_params(fresh, TINY | own | without_pages)
    commit(fresh)
    done = run(fresh, "dvc", "repro")
    assert "extract: qa.source is rows: no document is read, data/pages.jsonl is empty" in done.stdout
    heldout = read_records(fresh / "data/splits/heldout.jsonl", Pair)
    assert {(row.doc_id, row.page_number, row.evidence) for row in heldout} == {("묶음3", None, None)}
    own_text = json.loads((fresh / "data/splits/own_text.json").read_text(encoding="utf-8"))
    assert len(own_text) == 50
    assert not {row.output for row in heldout} & {text.split("\n")[1] for text in own_text}
    metrics = json.loads((fresh / "metrics/eval.json").read_text(encoding="utf-8"))
    assert metrics["tuned"]["recall"]["n"] > 0
    assert "base_open" not in metrics
    assert "묶음3" in (fresh / "metrics/report.html").read_text(encoding="utf-8")


def test_no_rows_of_the_wanted_kind_is_one_line(fresh: Path) -> None:
    edit_params(fresh, {"qa.source": "rows"})
    run(fresh, "python", "-m", "stages.extract")
    assert "data/raw has no rows in a *.jsonl, *.json, *.csv" in fails_in_one_line(fresh, "build_qa")


def test_nothing_heldout_is_said(experiments: Path) -> None:
    edit_params(experiments, {"curate.heldout_fraction": 0.0})
    said = run(experiments, "python", "-m", "stages.curate").stdout
    assert "curate: heldout 0 of 4 documents (0 of" in said
    assert "heldout is empty, so no score shows" in said
    assert "curate.heldout_fraction is 0. Raise it" in said


def test_the_card_is_read_by_datasets(pipeline: Path) -> None:
    from datasets import load_dataset

    splits = load_dataset(str(pipeline / "data/splits"), cache_dir=str(pipeline.parent / "datasets"))
    assert set(splits) == {"train", "validation", "recall", "heldout"}
    assert splits["heldout"].num_rows == len(read_records(pipeline / "data/splits/heldout.jsonl", Pair))


def test_every_step_takes_in_what_it_puts_out_and_rejects(pipeline: Path) -> None:
    taken = {}
    for stage in ("build_qa", "curate"):
        metrics = json.loads((pipeline / f"metrics/{stage}.json").read_text(encoding="utf-8"))
        for name, step in metrics["steps"].items():
            assert step["in"] == step["out"] + sum(step["rejected"].values())
            taken[name] = step
    lines = (pipeline / "data/qa.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == taken["rules"]["out"] + taken["own_rows"]["out"] == taken["personal_data"]["in"]
    for before, after in (
        ("personal_data", "filters"),
        ("filters", "grades"),
        ("grades", "duplicates"),
        ("duplicates", "split"),
    ):
        assert taken[before]["out"] == taken[after]["in"]
    rows = sum(len(read_records(pipeline / f"data/splits/{name}.jsonl", Pair)) for name in SPLITS)
    assert rows == taken["wordings"]["out"]


def test_a_bad_row_of_ones_own_is_named_with_its_line(fresh: Path) -> None:
    run(fresh, "python", "-m", "stages.extract")
    (fresh / "data/raw/own.jsonl").write_text('{"instruction": "a?", "output": "b"}\n{"instruction": "c?"}\n')
    says = "data/raw/own.jsonl:2: 'output' should be a text, got None"
    edit_params(fresh, {"qa.on_bad_row": "fail"})
    assert says in fails_in_one_line(fresh, "build_qa")
    edit_params(fresh, {"qa.on_bad_row": "skip"})
    done = run(fresh, "python", "-m", "stages.build_qa")
    assert f"own.jsonl: 2 rows of Alpaca (instruction, output), 1 pairs, 1 set aside; the first, {says}" in done.stdout
    steps = json.loads((fresh / "metrics/build_qa.json").read_text(encoding="utf-8"))["steps"]
    assert steps["own_rows"] == {"in": 2, "out": 1, "rejected": {"missing_text": 1}}
    (rejected,) = (row for row in read_records(fresh / "data/qa_rejected.jsonl", Rejected) if row.detail == says)
    assert rejected.reason == "missing_text"
