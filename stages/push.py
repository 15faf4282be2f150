"""Put the merged model and its card on the Hub, where export.push_to names a repository -> models/pushed.json."""

from pathlib import Path

from pagetune.errors import run_stage
from pagetune.jsonl import write_json
from pagetune.params import load_params

MERGED, CARD, PUSHED = Path("models/export/merged"), Path("metrics/model_card.md"), Path("models/pushed.json")


def main() -> None:
    repository = load_params().export.push_to
    commit = None
    if repository is None:
        print("push: export.push_to is null; the model stays here")
    else:
        from pagetune.hub import push

        commit = push(MERGED, repository, CARD)
        print(f"push: {commit}")
    write_json(PUSHED, {"repository": repository, "commit": commit})


if __name__ == "__main__":
    run_stage("push", main)
