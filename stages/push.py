"""Push the merged model and its model card to the repository that export.push_to names -> models/pushed.json."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pagetune.errors import run_stage
from pagetune.export.hub import push
from pagetune.jsonl import read_json, write_json, write_text
from pagetune.language import tr
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import CARRIED, read_template
from pagetune.params import load_params
from pagetune.report.model_card import merged_card
from pagetune.report.model_card_code import DTYPES

EXPORT, METRICS, PUSHED = Path("models/export"), Path("metrics"), Path("models/pushed.json")


def main() -> None:
    repository = load_params().export.push_to
    if repository is None:
        print(tr("push: export.push_to is null; the model stays here"))
        write_json(PUSHED, {"repository": None, "commit": None})
        return
    with TemporaryDirectory() as folder:
        card = Path(folder) / "README.md"
        write_text(card, card_of(repository))
        url, commit = push(EXPORT / "merged", repository, card)
    print(tr("push: {url} at commit {commit}", url=url, commit=commit))
    write_json(PUSHED, {"repository": repository, "commit": commit})


def card_of(repository: str) -> str:
    """Return the model card of the merged model, with the adapter's scores and the languages of its card."""
    from huggingface_hub import ModelCard

    metrics = {name: read_json(METRICS / f"{name}.json") for name in ("build_qa", "curate", "train", "eval")}
    languages = ModelCard.load(METRICS / "model_card.md").data.language
    saved_in = read_json(EXPORT / "proof.json")["sixteen_bit"]["dtype"]
    dtype = next(name for name, dtype in DTYPES.items() if dtype == saved_in)
    return merged_card(
        read_manifest(), read_template(ADAPTER / CARRIED), load_params(), metrics, languages, dtype, repository
    )


if __name__ == "__main__":
    run_stage("push", main)
