"""docs/team.md and docs/workflows/scores.yml: their commands run, against an S3 server on loopback."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, clone, commit, edit_params, run
from ruamel.yaml import YAML
from test_pipeline import stages_run

PAGE = (ROOT / "docs/team.md").read_text(encoding="utf-8")
WORKFLOW = ROOT / "docs/workflows/scores.yml"
OUTPUTS = ("data", "models", "metrics")

#: What the page uses as an example of the reader's own, and what replaces it here; `script` fills in the {}.
REPLACED = {
    "https://s3.example.com": "{endpoint}",
    "git@github.com:you/project.git": "{hub}",
    # tests/test_setup.py tests the installation; here only the target has to exist.
    "make install": "make -n install",
    "source .venv/bin/activate": "true",
}
#: As many as metrics/summary.json has.
NUMBERS = ("written", "recall", "heldout", "validation", "general", "base", "open", "abstained", "invented", "loss")
KEYS = {"AWS_ACCESS_KEY_ID": "YOUR_KEY", "AWS_SECRET_ACCESS_KEY": "YOUR_SECRET"}

Script = Callable[..., str]


def blocks(title: str) -> list[list[str]]:
    """Return the commands under a heading of the page, block by block."""
    section = re.split(rf"^## {title}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]
    found = re.findall(r"(?:^    .+\n)+", section, flags=re.MULTILINE)
    return [[line.split(" # ")[0].strip() for line in block.splitlines()] for block in found]


def bash(folder: Path, script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub does for `shell: bash`: the first command that fails ends it."""
    return run(folder, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, check=check)


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for name in OUTPUTS for path in (folder / name).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def identify(folder: Path) -> Path:
    run(folder, "git", "config", "user.name", "A Tester")
    run(folder, "git", "config", "user.email", "tester@example.com")
    return folder


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an S3 server with the page's bucket, and hide the AWS settings of this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    nowhere = str(tmp_path_factory.mktemp("home") / "nothing")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", *KEYS):
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, nowhere)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("DVC_NO_ANALYTICS", "true")
        patch.setenv("NO_PROXY", "127.0.0.1")
        address = "http://{}:{}".format(*server.get_host_and_port())
        make_bucket(address)
        yield address
    server.stop()


def make_bucket(address: str) -> None:
    import boto3

    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), KEYS.values(), strict=True))
    boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys).create_bucket(Bucket="your-bucket")


def give_keys(patch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        patch.setenv(name, value)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a bare repository in place of GitHub."""
    folder = tmp_path_factory.mktemp("hub") / "project.git"
    run(folder.parent, "git", "init", "-q", "--bare", "-b", "main", str(folder))
    return folder


@pytest.fixture(scope="module")
def script(endpoint: str, hub: Path) -> Script:
    """Return a function that gives the commands under a heading, of all blocks or of one, for this server and hub."""

    def lines_of(title: str, block: int | None = None) -> str:
        found = blocks(title) if block is None else [blocks(title)[block]]
        text = "\n".join(line for lines in found for line in lines)
        for example, here in REPLACED.items():
            text = text.replace(example, here.format(endpoint=endpoint, hub=hub))
        return text

    return lines_of


def shorten(path: Path) -> None:
    """Keep the last stages of dvc.yaml with their outputs, and run tests/tiny_stage.py in place of their commands."""
    yaml = YAML()
    pipeline = yaml.load(path.read_text(encoding="utf-8"))
    kept = {name: pipeline["stages"][name] for name in ("train", "predict", "evaluate", "summary")}
    before = ("data/raw", "models/adapter", "data/predictions/tuned.jsonl", "metrics/eval.json")
    deps = dict(zip(kept, before, strict=True))
    for name, stage in kept.items():
        stage |= {"cmd": f"python tests/tiny_stage.py {name}", "deps": [deps[name]]}
        if "outs" in stage:
            stage["outs"] = [out for out in stage["outs"] if out != "metrics/changes"]
    yaml.dump({"stages": kept}, path)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory, hub: Path, script: Script) -> Path:
    """Return a clone in which the short pipeline ran, and whose author did what the page says."""
    folder = clone(tmp_path_factory.mktemp("author"))
    shorten(folder / "dvc.yaml")
    run(folder, "dvc", "repro")
    commit(folder)
    run(folder, "git", "branch", "-m", "main")
    run(folder, "git", "remote", "add", "origin", str(hub))
    run(folder, "git", "push", "-qu", "origin", "main")
    with pytest.MonkeyPatch.context() as patch:
        give_keys(patch)
        bash(folder, script("The first person"))
    return folder


@pytest.fixture
def colleague(author: Path, hub: Path, tmp_path: Path) -> Path:
    """Return a fresh clone, with nothing pulled."""
    run(tmp_path, "git", "clone", "-q", str(hub), "project")
    return identify(tmp_path / "project")


def test_a_colleague_gets_the_same_bytes_and_nothing_runs(author: Path, script: Script, tmp_path: Path) -> None:
    clone_it, repro = script("Everyone else").split("dvc pull dvc.yaml")
    bash(tmp_path, clone_it)
    folder = tmp_path / "project"
    refused = run(folder, "dvc", "pull", check=False)
    assert "Unable to locate credentials" in refused.stderr
    done = bash(folder, f"{script('Keys')}\ndvc pull dvc.yaml{repro}")
    assert files(folder) == files(author)
    assert stages_run(done.stdout) == set()
    assert json.loads(run(folder, "dvc", "status", "--json", "dvc.yaml").stdout) == {}


def test_keys_stay_out_of_git(colleague: Path, script: Script) -> None:
    bash(colleague, script("Keys"))
    assert "YOUR_SECRET" in (colleague / ".dvc/config.local").read_text(encoding="utf-8")
    assert run(colleague, "git", "status", "--porcelain").stdout == ""


@pytest.fixture(scope="module")
def tried(author: Path, script: Script) -> dict[str, bytes]:
    """Return the outputs of the author's experiment, which was pushed and then removed from the workspace."""
    with pytest.MonkeyPatch.context() as patch:
        give_keys(patch)
        bash(author, f"{script('Experiments', 0)}\n{script('The run cache', 0)}")
    put_out = files(author)
    run(author, "git", "reset", "-q", "--hard")
    run(author, "dvc", "checkout", "dvc.yaml")
    return put_out


@pytest.mark.usefixtures("keys")
def test_an_experiment_and_its_scores_reach_a_colleague(
    tried: dict[str, bytes], colleague: Path, script: Script
) -> None:
    shown = bash(colleague, script("Experiments", 1)).stdout
    assert "rank-32" in shown
    assert re.search(r"metrics/summary\.json +recall +0\.16 +0\.32 +0\.16", shown)
    assert files(colleague) == tried
    assert "r: 32" in (colleague / "params.yaml").read_text(encoding="utf-8")
    assert stages_run(run(colleague, "dvc", "repro").stdout) == set()


@pytest.mark.usefixtures("keys")
def test_the_run_cache_restores_what_writes_no_metric(tried: dict[str, bytes], colleague: Path, script: Script) -> None:
    edit_params(colleague, {"lora.r": 32})
    done = bash(colleague, script("The run cache", 1))
    assert stages_run(done.stdout) == {"train", "evaluate", "summary"}
    assert "Stage 'predict' is cached - skipping run" in done.stdout
    assert files(colleague) == tried


@pytest.fixture
def merging(author: Path, tmp_path: Path) -> Path:
    """Return a clone that is in the middle of a merge: one branch tried a rank, the other one a seed."""
    folder = tmp_path / "merging"
    shutil.copytree(author, folder, symlinks=True)
    run(folder, "git", "reset", "-q", "--hard", "main")
    for branch, change in (("rank", {"lora.r": 32}), ("seed", {"seed": 7})):
        run(folder, "git", "checkout", "-q", "-b", branch, "main")
        run(folder, "dvc", "checkout", "-q", "dvc.yaml")
        edit_params(folder, change)
        run(folder, "dvc", "repro")
        commit(folder)
    done = run(folder, "git", "merge", "rank", check=False)
    assert all(f"Merge conflict in {name}" in done.stdout for name in ("dvc.lock", "metrics/summary.json"))
    assert "params.yaml" not in run(folder, "git", "diff", "--name-only", "--diff-filter=U").stdout
    return folder


def test_one_command_heals_a_merge_of_two_runs(merging: Path, script: Script) -> None:
    bash(merging, script("After a merge"))
    summary = json.loads((merging / "metrics/summary.json").read_text(encoding="utf-8"))
    assert (summary["recall"], summary["drawn"]) == (0.32, 7)
    assert len(run(merging, "git", "rev-list", "--parents", "-1", "HEAD").stdout.split()) == 3
    assert run(merging, "git", "status", "--porcelain").stdout == ""
    assert "<<<<<<<" not in (merging / "dvc.lock").read_text(encoding="utf-8")
    assert json.loads(run(merging, "dvc", "status", "--json", "dvc.yaml").stdout) == {}
    assert stages_run(run(merging, "dvc", "repro").stdout) == set()


def rows_of_remotes() -> dict[str, str]:
    rows = re.findall(r"^\| ([^|]+) \| `([a-z/][^`]+)` \|", PAGE, flags=re.MULTILINE)
    return {name: url for name, url in rows if "/" in url}


def test_dvc_takes_every_remote_of_the_table(tmp_path: Path) -> None:
    rows = rows_of_remotes()
    assert set(rows) == {"S3", "a folder", "Google Cloud Storage", "SSH"}
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    settings = {"Google Cloud Storage": "credentialpath = key.json", "SSH": "keyfile = key"}
    texts = [f"['remote \"{name}\"']\nurl = {url}\n{settings.get(name, '')}\n" for name, url in rows.items()]
    (tmp_path / ".dvc/config").write_text("".join(texts), encoding="utf-8")
    # `dvc remote list` accepts any URL; a command that changes the file checks all of it.
    run(tmp_path, "dvc", "remote", "default", "S3")


def test_a_folder_is_a_remote_too(author: Path, tmp_path: Path) -> None:
    shutil.copytree(author, tmp_path / "mine", symlinks=True)
    run(tmp_path / "mine", "dvc", "remote", "add", "-f", "-d", "storage", str(tmp_path / "share"))
    commit(tmp_path / "mine")
    run(tmp_path / "mine", "dvc", "push")
    run(tmp_path, "git", "clone", "-q", str(tmp_path / "mine"), "yours")
    run(tmp_path / "yours", "dvc", "pull", "dvc.yaml")
    assert "1,16" in files(tmp_path / "yours")["models/adapter/part.txt"].decode()


def steps() -> list[dict[str, Any]]:
    workflow = YAML(typ="safe").load(WORKFLOW.read_text(encoding="utf-8"))
    return list(workflow["jobs"]["scores"]["steps"])


def script_of(name: str) -> str:
    return next(step["run"] for step in steps() if step.get("name") == name)


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set what a GitHub runner sets for each step, and return the folder that holds what the steps write."""
    folder = tmp_path / "runner"
    folder.mkdir()
    for name in ("GITHUB_PATH", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(folder / name))
    monkeypatch.setenv("RUNNER_TEMP", str(folder))
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "you/project")
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    return folder


def test_the_workflow_is_where_github_looks(colleague: Path) -> None:
    (lines,) = blocks("Scores on each pull request")
    bash(colleague, "\n".join(lines))
    shown = run(colleague, "git", "show", "HEAD:.github/workflows/scores.yml").stdout
    assert shown == WORKFLOW.read_text(encoding="utf-8")


def test_the_workflow_may_do_no_more_than_it_needs() -> None:
    workflow = YAML(typ="safe").load(WORKFLOW.read_text(encoding="utf-8"))
    # pull_request_target would give the secrets, and a token that may write, to the code of a fork.
    assert workflow["on"] == "pull_request"
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert workflow["defaults"]["run"]["shell"] == "bash"
    for step in steps():
        assert "run" in step or re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])


def test_no_text_of_a_pull_request_becomes_part_of_a_script() -> None:
    given = {"PWD", "RUNNER_TEMP"}
    for step in steps():
        script = step.get("run", "")
        assert "${{" not in script
        names = {name for name in re.findall(r"\$\{?([A-Z_]+)", script) if not name.startswith("GITHUB_")}
        assert names <= given | set(step.get("env", {}))


@pytest.mark.parametrize(("hit", "installs"), [("true", False), ("", True)])
def test_an_installation_from_the_cache_is_kept(
    hit: str, installs: bool, colleague: Path, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (colleague / ".venv/bin").mkdir(parents=True)
    if hit:
        (colleague / ".venv/bin/installed").touch()
        run(colleague, "touch", "-d", "2020-01-01", ".venv/bin/installed")
    (colleague / "setup.sh").write_text("#!/bin/sh\necho installing\n", encoding="utf-8")
    monkeypatch.setenv("CACHE_HIT", hit)
    done = bash(colleague, script_of("Install"))
    assert ("installing" in done.stdout) == installs
    assert (runner / "GITHUB_PATH").read_text(encoding="utf-8") == f"{colleague}/.venv/bin\n"


@pytest.mark.usefixtures("runner", "keys")
def test_on_github_only_what_changed_runs(colleague: Path) -> None:
    edit_params(colleague, {"evaluate.bootstrap_samples": 50})
    bash(colleague, script_of("Pull"))
    assert set(json.loads(run(colleague, "dvc", "status", "--json", "dvc.yaml").stdout)) == {"evaluate"}


@pytest.mark.usefixtures("runner")
def test_a_fork_without_secrets_pulls_nothing_and_does_not_fail(
    colleague: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "")
    assert "every stage runs" in bash(colleague, script_of("Pull")).stdout


@pytest.mark.usefixtures("runner", "keys")
def test_without_a_remote_nothing_is_pulled_whatever_the_keys(colleague: Path) -> None:
    run(colleague, "dvc", "remote", "remove", "storage")
    assert "every stage runs" in bash(colleague, script_of("Pull")).stdout


@pytest.mark.usefixtures("runner", "keys")
def test_what_nobody_pushed_is_not_a_failure(colleague: Path) -> None:
    run(colleague, "dvc", "remote", "modify", "storage", "url", "s3://your-bucket/empty")
    assert "Missing cache files" in bash(colleague, script_of("Pull")).stderr
    assert "models/adapter" in run(colleague, "dvc", "status", "dvc.yaml").stdout


@pytest.fixture
def changed(colleague: Path) -> Path:
    """Return a pull request in which every number of metrics/summary.json differs from those of its target branch."""
    summary = colleague / "metrics/summary.json"
    for more in (0, 1):
        summary.write_text(json.dumps({name: index + more for index, name in enumerate(NUMBERS)}), encoding="utf-8")
        commit(colleague)
        if not more:
            run(colleague, "git", "update-ref", "refs/remotes/origin/main", "HEAD")
    return colleague


def compare(folder: Path, monkeypatch: pytest.MonkeyPatch, base: str = "main") -> int:
    monkeypatch.setenv("BASE", base)
    return bash(folder, script_of("Compare"), check=False).returncode


def test_the_summary_lists_each_changed_score(changed: Path, runner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (runner / "GITHUB_STEP_SUMMARY").write_text("what an earlier step wrote\n\n", encoding="utf-8")
    assert compare(changed, monkeypatch) == 0
    earlier, *lines = (runner / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8").splitlines()
    assert earlier == "what an earlier step wrote"
    header, rule, *rows = (line for line in lines if line.startswith("|"))
    assert header.split("|")[1].strip() == "Path"
    assert set(rule) == {"|", "-"}
    cells = [[cell.strip() for cell in row.split("|")[2:5]] for row in rows]
    expected = [[name, str(index), str(index + 1)] for index, name in enumerate(NUMBERS)]
    assert sorted(cells) == sorted(expected)


def test_the_comment_has_every_changed_number_and_a_link_to_the_run(
    changed: Path, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare(changed, monkeypatch) == 0
    comment = (runner / "comment.md").read_text(encoding="utf-8")
    names = [line.split("|")[2].strip() for line in comment.splitlines() if line.startswith("| metrics")]
    assert sorted(names) == sorted(NUMBERS)
    assert "](https://github.example.com/you/project/actions/runs/7)" in comment


def test_where_no_score_changed_the_comment_says_so(
    colleague: Path, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare(colleague, monkeypatch) == 0
    assert "what is not listed is the same" in (runner / "comment.md").read_text(encoding="utf-8")


def test_a_branch_that_is_not_there_fails_the_comparison(
    colleague: Path, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare(colleague, monkeypatch, base="nowhere") != 0
    assert not (runner / "GITHUB_STEP_SUMMARY").exists()


@pytest.mark.parametrize("status", [0, 1])
def test_the_comment_is_asked_for_and_may_be_refused(
    status: int, runner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gh = runner / "gh"
    gh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{runner}/asked"\nexit {status}\n', encoding="utf-8")
    gh.chmod(0o755)
    monkeypatch.setenv("PATH", str(runner), prepend=":")
    monkeypatch.setenv("PULL_REQUEST", "12; echo injected")
    done = bash(runner, script_of("Comment"))
    asked = (runner / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[:3] == ["pr", "comment", "12; echo injected"]
    assert {"--edit-last", "--create-if-none"} <= set(asked)
    assert asked[asked.index("--body-file") + 1] == str(runner / "comment.md")
    assert ("::warning::" in done.stdout) == bool(status)
    assert "injected" not in done.stdout
