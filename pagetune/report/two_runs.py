"""Two runs side by side: their scores on the same questions, what differs in their settings, and which is better."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pagetune.evaluate.evaluation import fact_named, view_of
from pagetune.evaluate.intervals import summarize
from pagetune.evaluate.messages import Message, joined
from pagetune.evaluate.sets import FEWEST_FACTS, as_asked, is_open, sets_in, silent_in
from pagetune.report.tiles import leading_set

#: The set by which settings are chosen; the others are looked at afterwards.
CHOSEN_BY = "validation"
#: What a training resolved, of metrics/train.json.
RESOLVED = ("lora_r", "epochs", "learning_rate", "precision", "backend", "rows", "steps")
#: Draws behind each interval of a difference.
SAMPLES = 1000
#: A row of metrics/per_example.csv.
Row = Mapping[str, str]


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run.

    `origin` names its commit or folder. `scores` is metrics/eval.json, `training` metrics/train.json, and `params` are
    by dotted name. `answers` are the rows of metrics/per_example.csv, None where they are not at hand. `sources` are
    the hashes of what its stages read and no stage wrote.
    """

    name: str
    origin: str
    scores: dict[str, Any]
    training: dict[str, Any]
    params: dict[str, Any]
    answers: Sequence[Row] | None
    sources: dict[str, str]


@dataclass(frozen=True)
class Score:
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, summary: Mapping[str, Any], metric: str) -> "Score | None":
        """Return the metric of a set's summary, None where it has none."""
        if summary.get(metric) is None:
            return None
        return cls(*(float(summary[f"{metric}{end}"]) for end in ("", "_ci95_low", "_ci95_high")))


@dataclass(frozen=True)
class Line:
    """A metric on a set. `shared` counts the questions that both answered, and `difference` is second minus first on
    them; without any, or without the answers, it is None."""

    set: str
    metric: str
    scores: tuple[Score | None, Score | None]
    shared: int
    facts: int
    difference: Score | None

    @property
    def decides(self) -> bool:
        """Tell whether the difference is measurable: enough facts, and an interval without 0."""
        if self.difference is None or self.facts < FEWEST_FACTS:
            return False
        return not self.difference.low <= 0 <= self.difference.high


@dataclass(frozen=True)
class Comparison:
    first: RunRecord
    second: RunRecord
    lines: list[Line]
    settings: list[tuple[str, str, str]]
    sources: list[str]

    @property
    def better(self) -> Message:
        """Say which run is better, or that it is not known."""
        return _verdict(self)


def compare_runs(first: RunRecord, second: RunRecord) -> Comparison:
    """Compare two runs of the same task."""
    lines = [line for name, metric in _measured(first, second) if (line := _line(first, second, name, metric))]
    return Comparison(first, second, lines, settings_that_differ(first, second), _different_sources(first, second))


def _measured(*runs: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield the sets of either run with their headline, and what is invented where the documents do not answer."""
    seen = dict.fromkeys(name for run in runs for name in sets_in(as_asked(run.scores)))
    tuned = [as_asked(run.scores)["tuned"] for run in runs]
    for name in seen:
        yield name, view_of(runs[0].scores).headline
        own = [scores[name] for scores in tuned if name in scores and scores[name]["n"]]
        if own and all(silent_in(one) == one["n"] for one in own):
            yield name, "invented"


def _line(first: RunRecord, second: RunRecord, name: str, metric: str) -> Line | None:
    summaries = [_summary(run, name, metric) for run in (first, second)]
    scores = tuple(Score.of(summary, metric) for summary in summaries)
    if not any(scores):
        return None
    differences, facts = _differences(first, second, name, metric)
    summary = summarize(differences, [metric], facts, SAMPLES, lowest=-1.0)
    return Line(
        name,
        metric,
        (scores[0], scores[1]),
        len(differences),
        int(summary["facts"] or 0),
        Score.of(summary, metric),
    )


def _summary(run: RunRecord, name: str, metric: str) -> dict[str, Any]:
    own: dict[str, Any] = as_asked(run.scores)["tuned"].get(name, {})
    return dict(own.get("silent", {})) if metric == "invented" else own


def _differences(
    first: RunRecord, second: RunRecord, name: str, metric: str
) -> tuple[list[dict[str, float]], list[str]]:
    """Return second minus first for each question of the set that both answered, and what each asks about."""
    before, after = (_answers(run, name, metric) for run in (first, second))
    shared = [pair_id for pair_id in before if pair_id in after]
    values = [{metric: float(after[one][metric]) - float(before[one][metric])} for one in shared]
    return values, [fact_named(before[one]["kind"], before[one]["doc_id"], one) for one in shared]


def _answers(run: RunRecord, name: str, metric: str) -> dict[str, Row]:
    model = "tuned_open" if is_open(run.scores) else "tuned"
    return {
        row["pair_id"]: row
        for row in run.answers or ()
        if (row["model"], row["set"]) == (model, name) and row.get(metric)
    }


def settings_that_differ(first: RunRecord, second: RunRecord) -> list[tuple[str, str, str]]:
    """Return the name and both values of each setting that differs, and of what `auto` came to in the training."""
    known = [
        {**run.params, **{f"train.json: {name}": run.training.get(name) for name in RESOLVED}}
        for run in (first, second)
    ]
    names = dict.fromkeys((*known[0], *known[1]))
    return [
        (name, _shown(known[0].get(name)), _shown(known[1].get(name)))
        for name in names
        if known[0].get(name) != known[1].get(name)
    ]


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def _different_sources(first: RunRecord, second: RunRecord) -> list[str]:
    paths = sorted({*first.sources, *second.sources})
    return [path for path in paths if first.sources.get(path) != second.sources.get(path)]


def _verdict(comparison: Comparison) -> Message:
    line = _deciding(comparison)
    if line is None or line.difference is None:
        return Message(
            "Which one is better is not known: no answers of both to the same questions are at hand to compare."
        )
    if line.facts < FEWEST_FACTS:
        return Message(
            "Which one is better is not known: {set} has only {facts} facts in common (fewer than {fewest}).",
            set=line.set,
            facts=line.facts,
            fewest=FEWEST_FACTS,
        )
    values = {"set": line.set, "n": line.shared, "interval": interval(line.difference)}
    if not line.decides:
        return Message(
            "Which one is better is not known: on {n} questions of {set} the difference may be 0 ({interval}).",
            **values,
        )
    better, other, ahead = comparison.second.name, comparison.first.name, line.difference
    if ahead.value < 0:
        better, other, ahead = other, better, Score(-ahead.value, -ahead.high, -ahead.low)
    return Message(
        "{better} is better than {other}: on {n} questions of {set} the difference is {interval}.",
        better=better,
        other=other,
        **values | {"interval": interval(ahead)},
    )


def _deciding(comparison: Comparison) -> Line | None:
    """Return the line that decides: validation, by which settings are chosen, else the set that leads the report."""
    scores = as_asked(comparison.second.scores)
    headline = view_of(scores).headline
    found = {line.set: line for line in comparison.lines if line.metric == headline and line.difference}
    return found.get(CHOSEN_BY) or found.get(leading_set(scores) or "") or next(iter(found.values()), None)


def interval(score: Score) -> str:
    """Return a difference with its interval."""
    return f"{score.value:+.3f} [{score.low:+.3f}, {score.high:+.3f}]"


def further(comparison: Comparison) -> list[Message]:
    """Return what else is measurable on other sets, what differs in the documents or the code, and what is missing."""
    deciding = _deciding(comparison)
    others = [
        Message("{metric} on {set} {interval}", metric=line.metric, set=line.set, interval=interval(line.difference))
        for line in comparison.lines
        if line is not deciding and line.decides and line.difference
    ]
    said = [Message("Also measurable: {others}.", others=joined(others, "; "))] if others else []
    if comparison.sources:
        named = comparison.sources[:5]
        more = [Message("{count} more", count=len(comparison.sources) - 5)] if comparison.sources[5:] else []
        said.append(Message("The runs read other files: {files}.", files=joined([*named, *more])))
    return [*said, *(_not_at_hand(run) for run in (comparison.first, comparison.second) if run.answers is None)]


def _not_at_hand(run: RunRecord) -> Message:
    return Message(
        "The answers of {name} are not in DVC's cache, so that no difference has an interval: run `dvc fetch "
        "--all-commits`, or run it again with `dvc repro`.",
        name=run.name,
    )
