"""A question is asked after what was said before it, in any chat template and in our own."""

from collections.abc import Callable
from typing import Any

import pytest
from test_chat import CHATML, GEMMA, LLAMA_2, MISTRAL, chatting

from pagetune.errors import UserError
from pagetune.model.chat import find_turn
from pagetune.model.conversation import render_conversation
from pagetune.model.prompts import joins
from pagetune.model.seam import find_seam
from pagetune.model.template import TemplateRecord
from pagetune.records import Turn

__all__ = ["chatting"]  # a fixture
SYSTEM = Turn(role="system", content="짧게.")
SAID = [Turn(role="user", content="주소?"), Turn(role="assistant", content="서울")]


def chat_record(tokenizer: Any) -> TemplateRecord:
    prompt, lead = find_seam(find_turn(tokenizer, "{instruction}", "").prompt, tokenizer)
    return TemplateRecord.of(prompt, "</s>", "<s>", [], "chat", lead)


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (
            CHATML,
            "<|im_start|>system\n짧게.<|im_end|>\n<|im_start|>user\n주소?<|im_end|>\n<|im_start|>assistant\n서울"
            "<|im_end|>\n<|im_start|>user\n전화?<|im_end|>\n<|im_start|>assistant\n",
        ),
        (
            GEMMA,
            "<s><start_of_turn>user\n짧게.\n\n주소?<end_of_turn>\n<start_of_turn>model\n서울<end_of_turn>\n"
            "<start_of_turn>user\n전화?<end_of_turn>\n<start_of_turn>model\n",
        ),
        (LLAMA_2, "<s>[INST] 짧게.\n\n주소? [/INST] 서울 </s><s>[INST] 전화? [/INST]"),
        (MISTRAL, "<s>[INST] 주소? [/INST] 서울</s>[INST] 짧게.\n\n전화? [/INST]"),
    ],
)
def test_the_turns_are_messages_of_the_bases_own_chat_template(
    chatting: Callable[[str], Any], template: str, prompt: str
) -> None:
    """A template without a place for a system message gets its text in the first message of the user."""
    tokenizer = chatting(template)
    record = chat_record(tokenizer)
    asked = render_conversation([SYSTEM, *SAID], "전화?", record, tokenizer, "")
    assert asked == prompt
    assert asked.endswith(record.template.partition("{instruction}")[2])
    assert joins(asked, record.lead + "02-123", tokenizer)


def test_the_rows_own_system_text_replaces_that_of_the_settings(chatting: Callable[[str], Any]) -> None:
    tokenizer = chatting(CHATML)
    record = chat_record(tokenizer)
    assert "길게." in render_conversation(SAID, "전화?", record, tokenizer, "길게.")
    own = render_conversation([SYSTEM, *SAID], "전화?", record, tokenizer, "길게.")
    assert "짧게." in own
    assert "길게." not in own


def test_a_chat_template_that_drops_earlier_turns_is_named(chatting: Callable[[str], Any]) -> None:
    only_last = "{{ '<|im_start|>' + messages[-1]['content'] + '<|im_end|>' }}"
    tokenizer = chatting(only_last)
    record = TemplateRecord.of("{instruction}", "</s>", "<s>", [], "chat")
    with pytest.raises(UserError, match=r"Set prompt\.style: template"):
        render_conversation(SAID, "전화?", record, tokenizer, "")


def test_without_a_chat_template_the_turns_are_a_transcript() -> None:
    record = TemplateRecord.of("Q: {instruction}\nA:", "</s>", None, [], lead=" ")
    assert render_conversation([SYSTEM, *SAID], "전화?", record, None, "") == (
        "짧게.\n\nQ: 주소?\nA: 서울\nQ: 전화?\nA:"
    )
