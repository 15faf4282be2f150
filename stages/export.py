"""Write what other programs serve: models/base and models/adapter -> models/export, proved before it is there."""

import shutil
from pathlib import Path
from typing import Any

from pagetune.cards import claim_card
from pagetune.errors import UserError, run_stage
from pagetune.export.gguf import check_converter, export_gguf
from pagetune.export.merge import Merging, export_merged
from pagetune.export.proof import proof_prompts
from pagetune.jsonl import read_json, write_json
from pagetune.manifest import ADAPTER, read_manifest
from pagetune.params import load_params
from pagetune.template import check_template

PROMPTS = [Path(f"data/prompts/{name}.jsonl") for name in ("recall", "validation")]
EXPORT, TRAINING = Path("models/export"), Path("metrics/train.json")


def main() -> None:
    claim_card()
    params, manifest = load_params(), read_manifest()
    template, gguf = check_template(ADAPTER, manifest), params.export.format == "gguf"
    if gguf:
        check_converter()
    part = EXPORT.with_name(f"{EXPORT.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    merging = Merging(manifest, params, read_json(TRAINING)["precision"], proof_prompts(PROMPTS))
    try:
        proof, adapted = export_merged(merging, template, part / "merged")
        say("merged", proof)
        if gguf:
            moved = proof["sixteen_bit"]["largest_logit_difference"]
            where = part / "merged", template, part / "gguf"
            proof["gguf"] = export_gguf(merging, *where, params.export.gguf_type, adapted, moved)
            say("gguf", proof)
        write_json(part / "proof.json", proof)
    except UserError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(EXPORT, ignore_errors=True)
    part.rename(EXPORT)


def say(what: str, proof: dict[str, Any]) -> None:
    count = proof["prompts"]
    if what == "gguf":
        found = proof["gguf"]
        ties = f", {found['near_ties']} part where two tokens are as good" if found["near_ties"] else ""
        print(f"export: gguf {found['type']}: {found['same_answers']} of {count} answers the same by llama.cpp{ties}")
        return
    whole, half, base = proof["fp32"], proof["sixteen_bit"], proof["base"]
    print(
        f"export: merged in fp32: {whole['same_answers']} of {count} answers the same, logits within "
        f"{whole['largest_logit_difference']:.2g}; the base is {base['largest_logit_difference']:.2g} away"
    )
    print(
        f"export: saved in {half['dtype']}: {half['same_answers']} of {count} answers the same, logits within "
        f"{half['largest_logit_difference']:.2g}; loaded again they are equal"
    )


if __name__ == "__main__":
    run_stage("export", main)
