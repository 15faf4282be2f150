"""What the stages do that answer questions: baseline and predict, each with and without passages."""

from pathlib import Path

from pagetune.jsonl import read_records, write_records
from pagetune.language import tr
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import check_template, read_template
from pagetune.params import load_params
from pagetune.records import AskedExample


def answer(stage: str, asked: Path, predictions: Path, tuned: bool) -> None:
    """Answer what stands in `asked`, with the base or with the adapter on it; nothing stands there where
    predict.book wants no such answers."""
    rows = read_records(asked, AskedExample)
    if not rows:
        write_records(predictions, [])
        print(tr("{stage}: predict.book wants no such answers", stage=stage))
        return
    from pagetune.predict.answers import Questions, describe_predictions, predict

    params, manifest = load_params(), read_manifest()
    template = check_template(ADAPTER, manifest) if tuned else read_template()
    questions = Questions(rows)
    answers = predict(manifest, ADAPTER if tuned else None, template, questions, params)
    write_records(predictions, answers)
    print(f"{stage}: {describe_predictions(manifest, answers)}{tr(' with its adapter') if tuned else ''}")
