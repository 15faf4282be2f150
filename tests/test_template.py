"""The adapter carries the prompt of its training, and is never prompted differently."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.errors import UserError
from pagetune.jsonl import write_json
from pagetune.model.manifest import Manifest
from pagetune.model.template import TemplateRecord, check_template, read_template

MANIFEST = Manifest.model_validate(
    {
        "source": "builtin",
        "id": "builtin",
        "location": "models/base",
        "revision": None,
        "trust_remote_code": False,
        "parameters": 1,
        "eos_token": "</s>",
        "bos_token": None,
        "pad_token": "<pad>",
        "special_tokens": ["</s>", "<pad>"],
    }
)
ASKED = TemplateRecord.for_base("Q: {instruction}\nA: ", MANIFEST)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=8)


def project(folder: Path, trained: TemplateRecord, now: TemplateRecord = ASKED) -> tuple[Path, Path]:
    """Write an adapter's template and data/prompts/template.json, and return both paths."""
    write_json(folder / "adapter" / "template.json", trained.model_dump())
    write_json(folder / "template.json", now.model_dump())
    return folder / "adapter", folder / "template.json"


def complaint(adapter: Path, asked: Path, manifest: Manifest = MANIFEST) -> str:
    with pytest.raises(UserError) as caught:
        check_template(adapter, manifest, asked)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_adapter_asked_as_it_was_trained_is_let_through(tmp_path: Path) -> None:
    adapter, asked = project(tmp_path, ASKED)
    assert check_template(adapter, MANIFEST, asked) == ASKED


@pytest.mark.parametrize(
    ("trained", "says"),
    [
        (
            TemplateRecord.for_base("Frage: {instruction}\n", MANIFEST),
            "template is 'Frage: {instruction}\\n', but 'Q: {instruction}\\nA: ' in {asked}",
        ),
        (TemplateRecord.of(ASKED.template, "<|eot|>", None, ASKED.special_tokens), "eos_token is '<|eot|>', but"),
        (
            TemplateRecord.of(ASKED.template, "</s>", "<s>", ASKED.special_tokens),
            "bos_token is '<s>', but None in {asked}",
        ),
        (TemplateRecord.of(ASKED.template, "</s>", None, ["</s>"]), "special_tokens is ['</s>'], but"),
    ],
)
def test_another_template_eos_or_special_token_is_refused_and_the_part_named(
    tmp_path: Path, trained: TemplateRecord, says: str
) -> None:
    adapter, asked = project(tmp_path, trained)
    said = complaint(adapter, asked)
    assert says.replace("{asked}", str(asked)) in said
    assert ("models/base/manifest.json" in said) == ("template is" not in says)
    assert [part for part in ("template is", "eos_token is", "bos_token is", "special_tokens is") if part in said] == [
        says.split(" is")[0] + " is"
    ]


def test_a_base_model_that_ends_otherwise_is_refused(tmp_path: Path) -> None:
    adapter, asked = project(tmp_path, ASKED)
    other = MANIFEST.model_copy(update={"eos_token": "<eos>"})
    assert "eos_token is '</s>', but '<eos>' in models/base/manifest.json" in complaint(adapter, asked, other)


def test_an_adapter_that_does_not_say_how_it_was_trained_is_refused(tmp_path: Path) -> None:
    adapter, asked = project(tmp_path, ASKED)
    (adapter / "template.json").unlink()
    assert "the prompt of this adapter's training is unknown" in complaint(adapter, asked)


@pytest.mark.parametrize("part", ["template", "eos_token", "bos_token", "special_tokens", "sha256"])
def test_a_part_changed_by_hand_does_not_fit_the_hash(tmp_path: Path, part: str) -> None:
    _, asked = project(tmp_path, ASKED)
    changed = json.loads(asked.read_text(encoding="utf-8")) | {part: ["x"] if part == "special_tokens" else "x"}
    write_json(asked, changed)
    with pytest.raises(UserError, match="sha256 does not match its contents"):
        read_template(asked)


def test_a_record_of_another_version_is_refused_by_the_part_it_lacks(tmp_path: Path) -> None:
    write_json(tmp_path / "template.json", {"template": "Q", "eos_token": "</s>", "sha256": "0"})
    with pytest.raises(UserError, match=r"style: .*; another version wrote the file"):
        read_template(tmp_path / "template.json")


@given(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3))
def test_the_hash_is_of_all_parts(template: str, eos: str, bos: str, special: list[str]) -> None:
    made = TemplateRecord.of(template, eos, bos, special)
    assert made.intact
    for other in (
        TemplateRecord.of(template + "!", eos, bos, special),
        TemplateRecord.of(template, eos + "!", bos, special),
        TemplateRecord.of(template, eos, bos + "!", special),
        TemplateRecord.of(template, eos, bos, [*special, "!"]),
    ):
        assert other.sha256 != made.sha256
