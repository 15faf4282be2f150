"""Write what other programs serve: models/base and models/adapter -> models/export, verified before it appears."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pagetune.errors import UserError, run_stage
from pagetune.export.gguf import check_converter, export_gguf
from pagetune.export.merge import Merging, export_merged
from pagetune.export.verification import verification_prompts
from pagetune.jsonl import read_json, write_json
from pagetune.language import tr
from pagetune.model.manifest import ADAPTER, read_manifest
from pagetune.model.template import check_template
from pagetune.params import load_params
from pagetune.train.gpu_lock import claim_gpu

PROMPTS = [Path(f"data/prompts/{name}.jsonl") for name in ("recall", "validation")]
EXPORT, TRAINING = Path("models/export"), Path("metrics/train.json")


def main() -> None:
    claim_gpu()
    params, manifest = load_params(), read_manifest()
    template = check_template(ADAPTER, manifest)
    if params.export.format == "gguf":
        if manifest.encoder_decoder:
            raise UserError("params.yaml: export.format: gguf is for models without an encoder. Use merged.")
        check_converter()
    merging = Merging(manifest, params, read_json(TRAINING)["precision"], template, verification_prompts(PROMPTS))
    with whole_or_not_at_all(EXPORT) as part:
        write_json(part / "proof.json", export(merging, part))


@contextmanager
def whole_or_not_at_all(folder: Path) -> Iterator[Path]:
    """Remove `folder`, and make one to write in that gets its name at the end, or is removed after an error."""
    part = folder.with_name(f"{folder.name}.part")
    for old in (folder, part):
        shutil.rmtree(old, ignore_errors=True)
    try:
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def export(merging: Merging, folder: Path) -> dict[str, Any]:
    """Export the model, print what was verified, and return it."""
    proof, adapted = export_merged(merging, folder / "merged")
    print_merged(proof)
    options = merging.params.export
    if options.format == "gguf":
        moved = proof["sixteen_bit"]["largest_logit_difference"]
        proof["gguf"] = export_gguf(merging, folder, options.gguf_type, adapted, moved)
        print_gguf(proof["gguf"], proof["prompts"])
    return proof


def print_merged(proof: dict[str, Any]) -> None:
    whole, half, base, count = proof["fp32"], proof["sixteen_bit"], proof["base"], proof["prompts"]
    print(
        tr(
            "export: merged in fp32: {same} of {count} answers the same, logits within {difference:.2g}; "
            "the base is {away:.2g} away",
            same=whole["same_answers"],
            count=count,
            difference=whole["largest_logit_difference"],
            away=base["largest_logit_difference"],
        )
    )
    print(
        tr(
            "export: saved in {dtype}: {same} of {count} answers the same, logits within "
            "{difference:.2g}; loaded again they are equal",
            dtype=half["dtype"],
            same=half["same_answers"],
            count=count,
            difference=half["largest_logit_difference"],
        )
    )


def print_gguf(found: dict[str, Any], count: int) -> None:
    ties = (
        tr(", {ties} part where two tokens are equally likely", ties=found["near_ties"]) if found["near_ties"] else ""
    )
    print(
        tr(
            "export: gguf: {same} of {count} answers the same by llama.cpp{ties}",
            same=found["same_answers"],
            count=count,
            ties=ties,
        )
    )
    if "quantized_same_answers" in found:
        print(
            tr(
                "export: as {type}: {same} of {count} answers the same",
                type=found["type"],
                same=found["quantized_same_answers"],
                count=count,
            )
        )


if __name__ == "__main__":
    run_stage("export", main)
