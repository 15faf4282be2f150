"""How the model is asked: template, EOS and special tokens. The adapter carries what it was trained with, so that
nothing asks it in another way: its answers would be worse, or would not end, and nobody would be told."""

import hashlib
from pathlib import Path

from pydantic import ValidationError

from pagetune.errors import UserError
from pagetune.jsonl import read_json
from pagetune.model.manifest import Manifest
from pagetune.records import Record

#: What the stage format wrote.
TEMPLATE = Path("data/prompts/template.json")
#: Its copy beside the adapter's weights.
CARRIED = "template.json"


class TemplateRecord(Record):
    """`data/prompts/template.json`, and `models/adapter/template.json`."""

    template: str
    eos_token: str
    bos_token: str | None
    special_tokens: list[str]
    sha256: str

    @classmethod
    def of(cls, template: str, eos_token: str, bos_token: str | None, special_tokens: list[str]) -> "TemplateRecord":
        parts = [template, eos_token, bos_token or "", *special_tokens]
        sha256 = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        return cls(
            template=template,
            eos_token=eos_token,
            bos_token=bos_token,
            special_tokens=special_tokens,
            sha256=sha256,
        )

    @classmethod
    def for_base(cls, template: str, manifest: Manifest) -> "TemplateRecord":
        return cls.of(template, manifest.eos_token, manifest.bos_token, manifest.special_tokens)

    @property
    def intact(self) -> bool:
        return self == self.of(self.template, self.eos_token, self.bos_token, self.special_tokens)


def read_template(path: Path = TEMPLATE) -> TemplateRecord:
    """Raises UserError where the file is absent, of an older pagetune, or was changed by hand."""
    try:
        record = TemplateRecord.model_validate(read_json(path))
    except ValidationError as error:
        part = ".".join(map(str, error.errors()[0]["loc"])) or "the whole file"
        raise UserError(f"{path}: {part} is missing or wrong; another version wrote it. Run `dvc repro`.") from None
    if not record.intact:
        raise UserError(f"{path}: sha256 is not that of its parts; it was changed by hand. Run `dvc repro`.")
    return record


def check_template(adapter: Path, manifest: Manifest, asked: Path = TEMPLATE) -> TemplateRecord:
    """How to ask the adapter. Raises UserError, and says which part differs, where the project would ask otherwise."""
    carried = adapter / CARRIED
    if not carried.exists():
        raise UserError(f"{carried} is not there: nothing says how this adapter was trained to be asked. `dvc repro`.")
    trained, now = read_template(carried), read_template(asked)
    base = TemplateRecord.for_base(trained.template, manifest)
    differences = [*_differences(trained, now, str(asked)), *_differences(trained, base, "models/base/manifest.json")]
    if differences:
        raise UserError(f"{carried}: {'; '.join(differences)}. Run `dvc repro`, which trains anew where it must.")
    return trained


def _differences(trained: TemplateRecord, other: TemplateRecord, where: str) -> list[str]:
    parts = ("template", "eos_token", "bos_token", "special_tokens")
    return [
        f"{part} is {getattr(trained, part)!r}, and in {where} {getattr(other, part)!r}"
        for part in parts
        if getattr(trained, part) != getattr(other, part)
    ]
