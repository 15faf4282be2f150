"""Ask a question after what was said before it: in the base's chat template, or as a transcript in our own template."""

from typing import Any

from pagetune.model.chat import prompt_after
from pagetune.model.prompts import render_prompt
from pagetune.model.template import TemplateRecord
from pagetune.records import Turn


def render_conversation(turns: list[Turn], question: str, template: TemplateRecord, tokenizer: Any, system: str) -> str:
    """Return the prompt that asks `question` after `turns`. A system text among these replaces `system`.

    Raises UserError where the chat template cannot hold the turns.
    """
    own = "\n\n".join(turn.content for turn in turns if turn.role == "system")
    said = [turn for turn in turns if turn.role != "system"]
    if template.style == "template":
        return _transcript(own, said, question, template)
    messages = [{"role": turn.role, "content": turn.content} for turn in said]
    return prompt_after(tokenizer, messages, question, own or system).removesuffix(template.lead)


def write_question(turns: list[Turn], question: str, template: TemplateRecord, tokenizer: Any, system: str) -> str:
    """Return the prompt that asks `question`, after `turns` where there are any."""
    if turns:
        return render_conversation(turns, question, template, tokenizer, system)
    return render_prompt(template.template, question)


def _transcript(system: str, said: list[Turn], question: str, template: TemplateRecord) -> str:
    """Write every question in the template, its answer behind it, and the system text above them all."""
    whole = template.template + template.lead
    gap = "\n\n" if "\n\n" in whole else "\n"
    parts = [f"{system}\n\n"] if system else []
    parts += [turn.content + gap if turn.role == "assistant" else render_prompt(whole, turn.content) for turn in said]
    return "".join([*parts, render_prompt(template.template, question)])
