"""Fact match keeps the error rates that are published, on answers that people have labelled."""

import json

import pytest
from conftest import shared
from typer.testing import CliRunner

from pagetune.__main__ import app
from pagetune.evaluate.self_test import PARTS, Case, rates, read_cases
from pagetune.text.fact_match import fact_match

CASES = read_cases()
#: The least share of right answers accepted and of wrong ones refused; docs/scores.md has the figures.
LEAST = {"seen": (0.91, 0.88), "aside": (0.83, 0.79), "fresh": (0.73, 0.86)}


def of(part: str) -> list[Case]:
    return [case for case in CASES if case.part == part]


@pytest.mark.parametrize("part", PARTS)
def test_fact_match_errs_no_more_often_than_published(part: str) -> None:
    assert all(share >= least for share, least in zip(rates(of(part)).shares, LEAST[part], strict=True))


def test_both_halves_hold_right_and_wrong_answers_of_every_kind_in_both_languages() -> None:
    kinds = [{(case.kind, case.right) for case in of(part) if case.kind != "given"} for part in PARTS]
    assert kinds[0] == kinds[1] == kinds[2]
    assert {(part, case.language) for part in PARTS for case in of(part)} == {
        (part, language) for part in PARTS for language in ("ko", "en")
    }
    assert len({case.name for case in CASES}) == len(CASES) >= 889
    assert all(case.reason for case in CASES)


def test_the_cases_that_were_given_are_judged_right() -> None:
    rows = [json.loads(line) for line in shared("data/fact_cases.jsonl").read_text(encoding="utf-8").splitlines()]
    verdicts = [(row["right"], fact_match(row["prediction"], row["reference"], row["question"])) for row in rows]
    right, wrong = ([found for label, found in verdicts if label is wanted] for wanted in (True, False))
    assert sum(right) >= 0.94 * len(right)
    assert sum(wrong) <= 0.06 * len(wrong)


def test_the_self_test_prints_a_line_for_each_part_and_kind() -> None:
    printed = CliRunner().invoke(app, ["score", "--self-test"]).output
    lines = printed.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(PARTS)
    assert len(lines) == 1 + sum(1 + len({case.kind for case in of(part)}) for part in PARTS)
