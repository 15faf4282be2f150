"""What a base's tokenizer and configs say of the same tokens is compared before anything is trained."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from pagetune.errors import UserError
from pagetune.model.manifest import Manifest, describe_external
from pagetune.model.tokens import check_script
from pagetune.params import load_params

MODEL = load_params(ROOT / "params.yaml").model
KOREAN = ["금융보안교육센터의 주소는 서울특별시입니다."]


@pytest.fixture
def model(tiny_base: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    shutil.copytree(tiny_base, folder)
    return folder


def edit(file: Path, **changes: Any) -> None:
    own = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps(own | changes), encoding="utf-8")


def describe(folder: Path, texts: tuple[str, ...] = ()) -> Manifest:
    return describe_external(MODEL.model_copy(update={"base": str(folder)}), texts)


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        describe(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def add_token(folder: Path, token: str, **changes: Any) -> int:
    """Add a token to the tokenizer, and return its id."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": [token]})
    tokenizer.save_pretrained(folder)
    edit(folder / "tokenizer_config.json", **changes)
    return int(tokenizer.convert_tokens_to_ids(token))


def test_an_eos_that_the_generation_config_does_not_know_is_refused_with_the_one_it_knows(model: Path) -> None:
    edit(model / "tokenizer_config.json", eos_token="<pad>")
    said = refused(model)
    assert "whose tokenizer ends texts with <pad>, but its generation config with </s>" in said
    assert "Set eos_token in its tokenizer_config.json to </s>." in said


def test_with_a_chat_template_the_end_of_its_turns_is_trained_whatever_the_eos(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(model / "tokenizer_config.json", eos_token="<pad>")
    (model / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '</s>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
        encoding="utf-8",
    )
    manifest = describe(model)
    assert (manifest.end_of_turn, manifest.eos_token) == ("</s>", "</s>")
    said = capsys.readouterr().out
    assert "a chat template whose turns end in </s>" in said
    assert "the tokenizer's EOS is <pad>, generation_config.json's ['</s>']; chats end in </s>" in said


def test_a_chat_template_of_a_base_model_is_followed_and_the_other_way_named(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '<pad>\n' }}{% endfor %}", encoding="utf-8"
    )
    assert describe(model).end_of_turn == "<pad>"
    assert "its own EOS is ['</s>'], as base models have it; prompt.style: template" in capsys.readouterr().out


def test_an_eos_of_the_config_that_the_tokenizer_lacks_is_a_note(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(model / "generation_config.json", eos_token_id=50256)
    assert describe(model).eos_token == "</s>"
    assert "its config ends answers with token 50256, which its tokenizer lacks" in capsys.readouterr().out


def test_a_tokenizer_without_an_eos_is_refused(model: Path) -> None:
    edit(model / "tokenizer_config.json", eos_token=None)
    assert "whose tokenizer has no EOS, so answers could not end. Set another model" in refused(model)


def test_a_word_beyond_the_embedding_is_refused_with_its_id(model: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_tokens(["금융보안"])
    tokenizer.save_pretrained(model)
    said = refused(model)
    assert f"has 1 tokens beyond its embedding of {len(tokenizer) - 1} rows; the first is '금융보안'" in said
    assert "save the model again after resize_token_embeddings(len(tokenizer))" in said


def test_an_eos_beyond_the_embedding_is_refused(model: Path) -> None:
    number = add_token(model, "<|new|>", eos_token="<|new|>")
    assert f"the first is '<|new|>' with id {number}" in refused(model)


def test_padding_beyond_the_embedding_is_replaced_by_the_eos_and_other_special_tokens_are_let_be(model: Path) -> None:
    add_token(model, "<|new|>", pad_token="<|new|>")
    assert describe(model).pad_token == "</s>"


def test_a_tokenizer_without_the_script_is_refused_above_the_limit_and_noted_below(tiny_base: Path) -> None:
    from pagetune.model.builtin import train_tokenizer

    latin = train_tokenizer(["What is the address of the centre?"] * 20, 320)
    with pytest.raises(UserError) as caught:
        check_script(latin, KOREAN, 0.5, "model")
    assert "does not know the documents' script: 9" in str(caught.value)
    assert "model.max_unknown_fraction allows 50%" in str(caught.value)
    assert "or raise that limit" in str(caught.value)
    assert check_script(latin, KOREAN, 1.0, "model")[0].endswith(
        "% of the documents' tokens are unknown or single bytes"
    )
    assert check_script(latin, ["What is the address?"], 0.5, "model") == []


def test_an_unknown_token_counts_as_unknown() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<unk>": 0, "the": 1}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")
    with pytest.raises(UserError, match="67% of their tokens are unknown"):
        check_script(tokenizer, ["the 주소 the 서울 주소 서울"], 0.5, "model")


def test_texts_of_no_document_say_nothing(model: Path) -> None:
    assert describe(model).source == "local"
