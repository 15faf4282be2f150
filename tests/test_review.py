"""Reviewers' decisions are applied by every run of curate, proved again, and never to a pair that has changed since."""

import errno
import gc
import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT, edit_params, run
from hypothesis import given, settings
from hypothesis import strategies as st
from review_inputs import PLACES, decision, pages, pairs, project, rows

from pagetune.commands.review import saved
from pagetune.commands.review.desk import Desk, Filter, Meanwhile, Wish
from pagetune.commands.review.outcomes import Outcomes
from pagetune.commands.review.saved import mark_of
from pagetune.commands.review.view import pair_of
from pagetune.curate.decisions import REVIEW, Decision, content_of, read_decisions, write_decisions
from pagetune.curate.filters import filter_pairs
from pagetune.curate.grade import grade_pairs
from pagetune.curate.review import Problem, apply_decisions, edit_pair, review_lines
from pagetune.curate.rows import Row
from pagetune.curate.wordings import pattern_wordings
from pagetune.errors import UserError
from pagetune.evaluate.sources import sources_of
from pagetune.jsonl import write_records
from pagetune.params import load_params
from pagetune.records import Pair
from stages import curate, evaluate

PAIRS, PAGES = pairs(), pages()
PARAMS = load_params(ROOT / "params.yaml")
FIRST, SECOND, THIRD = PAIRS[:3]
BREAK = "수영장 휴식 시간은 11분입니다."


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in a project in which `build_qa` has run."""
    monkeypatch.chdir(project(tmp_path))
    edit_params(tmp_path, {"curate.recall_questions": []})
    yield tmp_path
    gc.enable()


def message(action: object, *arguments: object) -> str:
    with pytest.raises(UserError) as caught:
        action(*arguments)  # type: ignore[operator]
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What a decision does.


def test_each_pair_comes_out_as_it_was_decided() -> None:
    shorter = decision(FIRST, "edit", output="11분입니다.")
    done = apply_decisions(
        PAIRS, [shorter, decision(SECOND, "reject", reason="모호함"), decision(THIRD, "keep")], PAGES
    )
    by_id = {pair.pair_id: pair for pair in done.pairs}
    assert by_id[FIRST.pair_id].output == "11분입니다."
    assert by_id[FIRST.pair_id].instruction == FIRST.instruction
    assert by_id[THIRD.pair_id] == THIRD
    assert SECOND.pair_id not in by_id
    assert [(row.reason, row.detail) for row in done.rejected] == [("rejected_by_reviewer", "김검수: 모호함")]
    assert done.approved == {FIRST.pair_id, THIRD.pair_id}
    assert done.metrics() == {"keep": 1, "edit": 1, "reject": 1, "unproven": 0, "stale": 0}


def test_an_answer_that_the_page_does_not_say_is_not_trained_on() -> None:
    done = apply_decisions(PAIRS, [decision(FIRST, "edit", output="12분입니다.")], PAGES)
    assert FIRST.pair_id not in {pair.pair_id for pair in done.pairs}
    assert [(row.reason, row.detail) for row in done.rejected] == [("not_in_evidence", "edited by 김검수: 12분")]
    (_, line) = review_lines(done)
    assert FIRST.pair_id in line
    assert "not_in_evidence: '12분'" in line


def test_an_answer_is_proved_by_other_evidence_of_the_page() -> None:
    other = PAIRS[4].evidence
    edited = edit_pair(FIRST, decision(FIRST, "edit", output="15개입니다.", evidence=other), PAGES[0])
    assert isinstance(edited, Pair)
    assert (edited.evidence, edited.place) == (other, PAIRS[4].place)
    assert isinstance(edit_pair(FIRST, decision(FIRST, "edit", output="15개입니다."), PAGES[0]), Problem)


@pytest.mark.parametrize("evidence", ["수영장 보관함은 1", "5개입니다.", "도서관 휴식 시간은 31분입니다.", ""])
def test_evidence_is_on_the_same_page_and_cuts_no_number(evidence: str) -> None:
    edited = edit_pair(FIRST, decision(FIRST, "edit", evidence=evidence), PAGES[0])
    assert isinstance(edited, Problem)
    assert edited.reason == "evidence_not_on_page"


def test_an_edited_pair_is_scored_by_the_evidence_that_the_reviewer_chose(here: Path) -> None:
    other = PAIRS[4].evidence
    edited = edit_pair(FIRST, decision(FIRST, "edit", output="15개입니다.", evidence=other), PAGES[0])
    assert isinstance(edited, Pair)
    write_records(here / "data/qa.jsonl", [FIRST])
    asked = Row(edited, "other", "몇 개인가요?").record()
    for name, kept in (("validation", []), ("recall", [asked]), ("heldout", []), ("questions", [])):
        write_records(here / f"data/splits/{name}.jsonl", kept)
    sources = sources_of(evaluate.read_asked(), PAGES)
    assert sources.evidence == {FIRST.pair_id: other}
    assert sources.places == {FIRST.pair_id: [(FIRST.page_number, PAIRS[4].place)]}


def test_a_row_of_a_table_is_evidence() -> None:
    row = " | ".join(PAGES[0].tables[0].rows[2])
    edited = edit_pair(
        FIRST, decision(FIRST, "edit", instruction="창고는 어디에 있나요?", output="지하", evidence=row), PAGES[0]
    )
    assert isinstance(edited, Pair)
    assert edited.place is not None
    assert (edited.place.table, edited.place.row) == (0, 2)


def test_a_pair_without_a_question_or_an_answer_is_refused() -> None:
    for more in ({"instruction": " "}, {"output": ""}):
        edited = edit_pair(FIRST, decision(FIRST, "edit", **more), PAGES[0])
        assert isinstance(edited, Problem)
        assert edited.reason == "too_short"


def test_the_wordings_are_those_of_the_edited_question() -> None:
    pair = FIRST.model_copy(update={"topic": "수영장의 휴식 시간"})
    edited = edit_pair(pair, decision(pair, "edit", instruction="수영장은 얼마 동안 쉬나요?"), PAGES[0])
    assert isinstance(edited, Pair)
    wordings = pattern_wordings(edited, PARAMS.curate.model_copy(update={"paraphrases": 4}))
    assert len(wordings) > 2
    assert all("쉬나요" in text or "쉬는" in text for text in wordings.values()), wordings


def test_a_row_of_ones_own_has_no_page_and_is_edited_freely() -> None:
    own = Pair.original("0", "몇 시?", "9시", "user", "mine", references=["아홉 시"])
    edited = edit_pair(own, decision(own, "edit", output="10시"), None)
    assert isinstance(edited, Pair)
    assert (edited.output, edited.references) == ("10시", [])


def test_a_kept_pair_passes_the_rules_of_taste_but_not_the_length_of_an_answer() -> None:
    vague = FIRST.model_copy(update={"instruction": "위 표에서 시간은?"})
    endless = SECOND.model_copy(update={"output": "가" * 2000})
    assert filter_pairs([vague], PARAMS.curate, 256)[1]
    kept, rejected = filter_pairs([vague, endless], PARAMS.curate, 256, {vague.pair_id, endless.pair_id})
    assert kept == [vague]
    assert [row.reason for row in rejected] == ["too_long"]
    assert grade_pairs([vague], 1.0)[1]
    assert not grade_pairs([vague], 1.0, {vague.pair_id})[1]


def test_a_decision_about_a_pair_that_has_changed_is_named_and_not_applied() -> None:
    old = [decision(FIRST, "reject"), decision(SECOND, "reject")]
    changed = FIRST.model_copy(update={"output": "수영장 휴식 시간은 11분"})
    done = apply_decisions([changed, *PAIRS[2:]], old, PAGES)
    assert done.pairs == [changed, *PAIRS[2:]]
    assert done.stale == old
    (_, line) = review_lines(done)
    assert FIRST.pair_id in line
    assert FIRST.instruction in line
    assert SECOND.pair_id in line
    assert "stale" in line


def test_two_decisions_about_a_pair_stop_the_stage_in_one_line_with_both() -> None:
    said = message(apply_decisions, PAIRS, [decision(FIRST, "keep", "김"), decision(FIRST, "reject", "이")], PAGES)
    assert said.startswith(f"{REVIEW}: {FIRST.pair_id} of 수영장")
    assert "keep (김)" in said
    assert "reject (이)" in said


def test_two_reviewers_who_agree_are_no_conflict() -> None:
    done = apply_decisions(
        PAIRS, [decision(FIRST, "reject", "김", reason="오류"), decision(FIRST, "reject", "이")], PAGES
    )
    assert done.counts["reject"] == 1


texts = st.sampled_from([BREAK, "11분입니다.", "12분입니다.", "없음", "15개", "수영장 보관함은 15개입니다.", "", "네"])
decisions = st.lists(
    st.builds(
        lambda pair, choice, output, evidence: decision(
            pair, choice, **({"output": output, "evidence": evidence} if choice == "edit" else {})
        ),
        st.sampled_from(PAIRS),
        st.sampled_from(["keep", "edit", "reject"]),
        texts,
        st.none() | texts,
    ),
    max_size=8,
    unique_by=lambda one: one.pair_id,
)


@settings(deadline=None, max_examples=60)
@given(decisions, st.randoms())
def test_decisions_are_applied_in_any_order_and_only_once(made: list[Decision], random: object) -> None:
    done = apply_decisions(PAIRS, made, PAGES)
    shuffled = list(made)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    other = apply_decisions(PAIRS, shuffled, PAGES)
    assert (other.pairs, other.rejected, other.approved) == (done.pairs, done.rejected, done.approved)
    assert len(PAIRS) == len(done.pairs) + len(done.rejected)
    assert apply_decisions(done.pairs, made, PAGES).pairs == done.pairs


# The file.


def test_lines_are_sorted_by_pair_whatever_the_order_of_the_decisions(here: Path) -> None:
    made = [decision(pair, "keep") for pair in PAIRS]
    write_decisions(made)
    text = REVIEW.read_text(encoding="utf-8")
    write_decisions(reversed(made))
    assert REVIEW.read_text(encoding="utf-8") == text
    assert [row["pair_id"] for row in rows(REVIEW)] == sorted(pair.pair_id for pair in PAIRS)
    assert read_decisions() == sorted(made, key=lambda one: one.pair_id)


def test_a_file_without_decisions_is_not_empty_for_dvc(here: Path) -> None:
    write_decisions([])
    assert REVIEW.read_text(encoding="utf-8") == "\n"
    assert (ROOT / REVIEW).stat().st_size > 0


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("<<<<<<< HEAD", "data/review.jsonl:2 is a mark of a Git conflict"),
        ("{", "data/review.jsonl:2 is not a decision: Invalid JSON"),
        ('{"pair_id": "1"}', "data/review.jsonl:2 is not a decision: content Field required"),
        ('{"a": 1}\xff', "data/review.jsonl is not UTF-8"),
    ],
)
def test_a_line_that_is_not_a_decision_is_named(here: Path, line: str, seen: str) -> None:
    REVIEW.write_bytes(b"\n" + line.encode("latin-1") + b"\n")
    assert message(read_decisions).startswith(seen)


def test_without_the_file_nothing_is_decided_and_the_first_decision_writes_it(here: Path) -> None:
    REVIEW.unlink()
    assert read_decisions() == []
    Desk(PAIRS, PAGES, Outcomes.read(), "김").decide(0, Wish(choice="keep"))
    assert len(rows(REVIEW)) == 1


@pytest.fixture
def shared(here: Path) -> Path:
    """A Git repository that two reviewers share, with one decision."""
    run(here, "git", "init", "-qb", "main")
    for name, value in (("user.name", "A Tester"), ("user.email", "tester@example.com")):
        run(here, "git", "config", name, value)
    save(here, [decision(THIRD, "keep")])
    return here


def save(folder: Path, made: list[Decision]) -> None:
    write_decisions(made)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "Review")


def on_a_branch(folder: Path, name: str, made: list[Decision]) -> None:
    run(folder, "git", "checkout", "-qb", name, "main")
    save(folder, made)


def test_the_decisions_of_two_reviewers_merge_by_themselves(shared: Path) -> None:
    before, mine, other = decision(THIRD, "keep"), decision(FIRST, "keep", "김"), decision(SECOND, "reject", "이")
    on_a_branch(shared, "kim", [before, mine])
    on_a_branch(shared, "lee", [before, other])
    run(shared, "git", "merge", "-q", "kim")
    assert sorted(map(str, read_decisions())) == sorted(map(str, [before, mine, other]))
    assert apply_decisions(PAIRS, read_decisions(), PAGES).metrics()["keep"] == 2


def test_two_reviewers_who_disagree_about_a_pair_are_told_after_the_merge_and_settle_it_in_the_page(
    shared: Path,
) -> None:
    on_a_branch(shared, "kim", [decision(THIRD, "reject", "김")])
    on_a_branch(shared, "lee", [decision(THIRD, "edit", "이", output="13명입니다.")])
    run(shared, "git", "merge", "-q", "kim")
    said = message(apply_decisions, PAIRS, read_decisions(), PAGES)
    assert "reject (김)" in said
    assert "edit to '13명입니다.' (이)" in said
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "박")
    assert desk.matching(Filter(state="conflict")) == [2]
    desk.decide(2, Wish(choice="keep", seen=desk.mark(2)))
    assert [row["reviewer"] for row in rows(REVIEW)] == ["박"]
    assert apply_decisions(PAIRS, read_decisions(), PAGES).counts["keep"] == 1


def test_a_decision_that_was_withdrawn_does_not_come_back_with_another_branch(shared: Path) -> None:
    """Git merges neighbouring lines as one, and brings back the older version of a line beside a changed one."""
    on_a_branch(shared, "kim", [])
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    run(shared, "git", "checkout", "-q", "main")
    save(shared, [decision(pair, "keep") for pair in PAIRS[:3]])
    run(shared, "git", "checkout", "-qB", "kim")
    desk.refresh()
    for position in (0, 1, 2):
        desk.withdraw(position, desk.mark(position))
    run(shared, "git", "commit", "-qam", "Withdraw")
    on_a_branch(shared, "lee", [decision(pair, "keep") for pair in PAIRS[:2]] + [decision(THIRD, "reject", "이")])
    run(shared, "git", "merge", "-q", "kim")
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "박")
    assert desk.counts()["keep"] == 0
    assert "withdrawn (김)" in message(apply_decisions, PAIRS, read_decisions(), PAGES)


def test_a_pair_whose_decision_was_withdrawn_is_as_undecided_as_any_other() -> None:
    gone = decision(FIRST.model_copy(update={"pair_id": "0"}), "none")
    done = apply_decisions(PAIRS, [decision(FIRST, "none"), gone], PAGES)
    assert (done.pairs, done.approved, done.total) == (PAIRS, set(), 0)


# The stage.


def test_decisions_survive_every_run_of_curate_and_are_counted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = decision(FIRST.model_copy(update={"pair_id": "0"}), "keep")
    write_decisions(
        [decision(FIRST, "edit", output="11분입니다."), decision(SECOND, "reject"), decision(THIRD, "keep"), gone]
    )
    written = []
    for _ in range(2):
        curate.main()
        folder = here / "data/splits"
        written.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert written[0] == written[1]
    texts = {name: content.decode() for name, content in written[0].items()}
    everywhere = "".join(texts[f"{name}.jsonl"] for name in ("train", "validation", "recall", "heldout"))
    assert '"output":"11분입니다."' in everywhere
    assert BREAK not in [json.loads(line)["output"] for line in everywhere.splitlines() if line]
    assert SECOND.pair_id not in everywhere
    assert [row["reason"] for row in rows(here / "data/splits/rejected.jsonl")] == ["rejected_by_reviewer"]
    metrics = json.loads((here / "metrics/curate.json").read_text(encoding="utf-8"))
    assert metrics["review"] == {"keep": 1, "edit": 1, "reject": 1, "unproven": 0, "stale": 1}
    assert metrics["steps"]["review"] == {"in": 24, "out": 23, "rejected": {"rejected_by_reviewer": 1}}
    printed = capsys.readouterr().out
    assert "4 decisions in data/review.jsonl: keep 1, edit 1, reject 1" in printed
    assert "stale" in printed


def test_without_decisions_the_splits_have_no_trace_of_a_review(here: Path) -> None:
    curate.main()
    assert "review" not in (here / "data/splits/README.md").read_text(encoding="utf-8")


# The desk.


def test_a_pair_is_found_by_what_curate_made_of_it(here: Path) -> None:
    vague = pairs()
    vague[0] = vague[0].model_copy(update={"instruction": "위 표에서 휴식 시간은 몇 분인가요?"})
    project(here, vague)
    edit_params(here, {"curate.recall_questions": []})
    curate.main()
    desk = Desk(vague, PAGES, Outcomes.read(), "김")
    assert desk.choices()["curate"] == {"passage_dependent": 1}
    assert desk.matching(Filter(curate="any")) == [0]
    assert desk.matching(Filter(curate="low_grade")) == []
    assert desk.outcome_of(5).splits
    assert desk.outcome_of(5).grade is not None
    assert desk.choices()["document"] == dict.fromkeys(PLACES, 6)


def test_pairs_are_found_by_words_of_any_case_and_of_an_edit(here: Path) -> None:
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    assert desk.matching(Filter(query="수영장 방 몇")) == []
    assert desk.matching(Filter(query="휴식 수영장")) == [0]
    desk.decide(0, Wish(choice="edit", instruction="How LONG is the break?"))
    assert desk.matching(Filter(query="how long")) == [0]


def test_an_edit_that_changes_nothing_keeps_and_one_back_to_the_start_keeps_too(here: Path) -> None:
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    desk.decide(0, Wish(choice="edit", output="11분입니다."))
    back = {"instruction": FIRST.instruction, "output": BREAK, "evidence": f" {FIRST.evidence}\n"}
    desk.decide(0, Wish(choice="edit", seen=desk.mark(0), **back))
    assert desk.state_of(0) == "keep"


def test_undo_goes_back_decision_by_decision(here: Path) -> None:
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    for position, choice in ((0, "keep"), (1, "reject"), (0, "reject")):
        desk.decide(position, Wish(choice=choice, seen=desk.mark(position)))  # type: ignore[arg-type]
    assert desk.undo() == 0
    assert (desk.state_of(0), desk.state_of(1)) == ("keep", "reject")
    assert (desk.undo(), desk.undo(), desk.undo()) == (1, 0, None)
    assert REVIEW.read_text(encoding="utf-8") == "\n"


def test_an_old_decision_is_withdrawn_and_that_is_undone_too(here: Path) -> None:
    write_decisions([decision(FIRST, "reject", "이")])
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    desk.withdraw(0, desk.mark(0))
    assert read_decisions() == [decision(FIRST, "none", "김")]
    assert desk.counts()["undecided"] == len(PAIRS)
    assert desk.undo() == 0
    assert read_decisions() == [decision(FIRST, "reject", "이")]


def two_desks() -> tuple[Desk, Desk]:
    return Desk(PAIRS, PAGES, Outcomes.read(), "김"), Desk(PAIRS, PAGES, Outcomes.read(), "이")


def test_a_decision_that_the_reviewer_has_not_seen_is_not_replaced(here: Path) -> None:
    mine, other = two_desks()
    other.decide(0, Wish(choice="reject", reason="오류"))
    seen = mine.mark(0)
    rejected = decision(FIRST, "reject", "이", reason="오류")
    assert mine.decide(0, Wish(choice="keep", seen=seen)) == Meanwhile(0, [rejected])
    assert mine.withdraw(0, seen) == Meanwhile(0, [rejected])
    assert read_decisions() == [rejected]
    assert mine.decide(0, Wish(choice="keep", seen=mine.mark(0))) is None
    assert read_decisions() == [decision(FIRST, "keep", "김")]


def test_undo_leaves_what_somebody_else_has_decided_since(here: Path) -> None:
    mine, other = two_desks()
    mine.decide(1, Wish(choice="keep"))
    mine.decide(0, Wish(choice="keep"))
    other.refresh()
    other.decide(0, Wish(choice="reject", seen=other.mark(0)))
    assert mine.undo() == Meanwhile(0, [decision(FIRST, "reject", "이")])
    assert sorted(map(str, read_decisions())) == ["keep (김)", "reject (이)"]
    assert mine.undo() == 1
    assert read_decisions() == [decision(FIRST, "reject", "이")]


def test_two_commands_that_write_at_once_lose_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second begins while the first is between its reading and its writing."""
    mine, other = two_desks()
    second = threading.Thread(target=other.decide, args=(1, Wish(choice="reject")))

    def write(made: Iterable[Decision]) -> None:
        monkeypatch.setattr(saved, "write_decisions", write_decisions)
        second.start()
        second.join(timeout=0.3)
        write_decisions(made)

    monkeypatch.setattr(saved, "write_decisions", write)
    mine.decide(0, Wish(choice="keep"))
    second.join()
    assert {one.reviewer for one in read_decisions()} == {"김", "이"}


def test_a_command_that_hangs_while_it_writes_is_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "PATIENCE_SECONDS", 0.1)
    desk, other = two_desks()
    with other._saved.changing():
        said = message(desk.decide, 0, Wish(choice="keep"))
    assert "is being written by another command" in said


def test_what_could_not_be_written_does_not_count_as_decided(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, _ = two_desks()

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(REVIEW))

    monkeypatch.setattr(saved, "write_decisions", full)
    said = message(desk.decide, 0, Wish(choice="keep"))
    assert said.startswith("data/review.jsonl cannot be written: the disk is full")
    assert (desk.state_of(0), desk.undo()) == ("undecided", None)
    assert read_decisions() == []


def test_after_another_run_of_the_pipeline_nothing_counts_as_stale_until_the_pairs_are_read_again(here: Path) -> None:
    write_decisions([decision(pair, "keep") for pair in PAIRS[:2]])
    written = (here / "data/qa.jsonl").read_bytes()
    project(here, PAIRS[1:])
    write_decisions([decision(pair, "keep") for pair in PAIRS[:2]])
    desk = Desk.open("김")
    (here / "data/qa.jsonl").write_bytes(written)
    for action, arguments in (
        (desk.refresh, ()),
        (desk.remove_stale, ({mark_of([decision(FIRST, "keep")])},)),
        (desk.decide, (0, Wish(choice="keep"))),
        (desk.withdraw, (0, desk.mark(0))),
        (desk.undo, ()),
    ):
        assert message(action, *arguments).startswith("data/qa.jsonl has changed since `pagetune review` started.")
    assert len(read_decisions()) == 2
    assert Desk.open("김").stale() == []


def test_the_same_pairs_written_again_are_no_change(here: Path) -> None:
    desk = Desk.open("김")
    os.utime("data/qa.jsonl", (1, 1))
    desk.decide(0, Wish(choice="keep"))
    assert len(read_decisions()) == 1


def test_only_the_stale_decisions_that_were_listed_are_removed(here: Path) -> None:
    gone = [decision(pair.model_copy(update={"output": "다른 답"}), "keep") for pair in (FIRST, SECOND)]
    write_decisions(gone[:1])
    desk, _ = two_desks()
    listed = {mark_of([one]) for one in desk.stale()}
    write_decisions(gone)
    desk.remove_stale(listed)
    assert read_decisions() == gone[1:]


def test_an_edit_that_is_no_longer_proved_is_found_with_its_texts(here: Path) -> None:
    write_decisions([decision(FIRST, "edit", output="12분입니다."), decision(SECOND, "edit", output="1200원입니다.")])
    desk, _ = two_desks()
    assert desk.matching(Filter(state="edit")) == [0, 1]
    assert desk.matching(Filter(state="unproven")) == [0]
    assert desk.matching(Filter(query="12분입니다")) == [0]
    shown = pair_of(desk, 0)
    assert (shown["answer"], shown["unproven"]["answer"]) == (BREAK, "12분입니다.")
    assert "12분" in shown["unproven"]["why"]
    assert pair_of(desk, 1)["unproven"] is None


def test_what_somebody_else_wrote_meanwhile_is_not_lost(here: Path) -> None:
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    write_decisions([decision(SECOND, "reject", "이")])
    desk.decide(0, Wish(choice="keep"))
    assert [row["reviewer"] for row in sorted(rows(REVIEW), key=lambda row: row["reviewer"])] == ["김", "이"]
    assert desk.state_of(1) == "reject"


def test_stale_decisions_are_removed_only_when_asked(here: Path) -> None:
    write_decisions([decision(FIRST, "keep"), decision(SECOND.model_copy(update={"output": "다른 답"}), "reject")])
    desk = Desk(PAIRS, PAGES, Outcomes.read(), "김")
    desk.decide(2, Wish(choice="keep"))
    assert len(desk.stale()) == 1
    assert len(rows(REVIEW)) == 3
    desk.remove_stale({mark_of([one]) for one in desk.stale()})
    assert [row["decision"] for row in rows(REVIEW)] == ["keep", "keep"]


def test_the_content_of_a_pair_changes_with_each_text_that_a_reviewer_sees() -> None:
    changes = ({"instruction": "?"}, {"output": "?"}, {"evidence": "?"}, {"references": ["?"]})
    seen = {content_of(FIRST), *(content_of(FIRST.model_copy(update=change)) for change in changes)}
    assert len(seen) == 5
    assert content_of(FIRST.model_copy(update={"grade": 0.5})) == content_of(FIRST)
