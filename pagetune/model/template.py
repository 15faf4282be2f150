"""How the model is prompted: template, EOS and special tokens.

The adapter carries those it was trained with, so that it is never prompted differently: its answers would get worse, or
would not end, and nothing would say why.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pagetune.errors import UserError
from pagetune.jsonl import read_as
from pagetune.model.manifest import Manifest
from pagetune.records import Record

Style = Literal["chat", "template"]
#: Written by the format stage.
TEMPLATE = Path("data/prompts/template.json")
#: The copy beside the adapter's weights.
CARRIED = "template.json"


class TemplateRecord(Record):
    """`data/prompts/template.json`, and `models/adapter/template.json`.

    `style` says where the template comes from: `chat` from the base's chat template, which writes all special tokens
    itself, `template` from params.yaml. `template` is the text of a prompt with {instruction} in it, and `lead` the
    whitespace that each completion begins with.
    """

    style: Style
    template: str
    lead: str
    eos_token: str
    bos_token: str | None
    special_tokens: list[str]
    sha256: str

    @classmethod
    def of(
        cls,
        template: str,
        eos_token: str,
        bos_token: str | None,
        special_tokens: list[str],
        style: Style = "template",
        lead: str = "",
    ) -> "TemplateRecord":
        parts = [style, template, lead, eos_token, bos_token or "", *special_tokens]
        sha256 = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
        return cls(
            style=style,
            template=template,
            lead=lead,
            eos_token=eos_token,
            bos_token=bos_token,
            special_tokens=special_tokens,
            sha256=sha256,
        )

    @classmethod
    def for_base(cls, template: str, manifest: Manifest, style: Style = "template", lead: str = "") -> "TemplateRecord":
        return cls.of(template, eos_of(manifest, style), manifest.bos_token, manifest.special_tokens, style, lead)

    @property
    def intact(self) -> bool:
        rest = self.special_tokens, self.style, self.lead
        return self == self.of(self.template, self.eos_token, self.bos_token, *rest)


def eos_of(manifest: Manifest, style: Style) -> str:
    """Return what ends an answer: in a chat the token that ends its turns, otherwise the tokenizer's EOS."""
    return (manifest.end_of_turn if style == "chat" else None) or manifest.eos_token


def read_template(path: Path = TEMPLATE) -> TemplateRecord:
    """Read a template file. Raises UserError where it is missing, from another version, or was changed by hand."""
    record = read_as(path, TemplateRecord)
    if not record.intact:
        raise UserError(
            "{path}: sha256 does not match its contents; the file was changed by hand. Run `dvc repro`.", path=path
        )
    return record


def check_template(adapter: Path, manifest: Manifest, current: Path = TEMPLATE) -> TemplateRecord:
    """Return how the adapter was prompted in training.

    Raises UserError that names each part in which the project or the base now differs.
    """
    carried = adapter / CARRIED
    if not carried.exists():
        raise UserError(
            "{carried} is missing, so the prompt of this adapter's training is unknown. Run `dvc repro`.",
            carried=carried,
        )
    trained, now = read_template(carried), read_template(current)
    base = TemplateRecord.for_base(trained.template, manifest, trained.style, trained.lead)
    differences = [*_differences(trained, now, str(current)), *_differences(trained, base, "models/base/manifest.json")]
    if differences:
        raise UserError(
            "{carried}: {differences}. Run `dvc repro`, which trains again if needed.",
            carried=carried,
            differences="; ".join(differences),
        )
    return trained


def _differences(trained: TemplateRecord, other: TemplateRecord, where: str) -> list[str]:
    parts = ("style", "template", "lead", "eos_token", "bos_token", "special_tokens")
    return [
        f"{part} is {getattr(trained, part)!r}, but {getattr(other, part)!r} in {where}"
        for part in parts
        if getattr(trained, part) != getattr(other, part)
    ]
