"""The chat template that ships with a model: how it is asked, and which token ends its turn."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pagetune.errors import UserError
from pagetune.language import Remark, tr

#: What chat templates read, each another name: answer without thinking. Qwen 3, EXAONE 4, SmolLM 3, DeepSeek, Granite,
#: HyperCLOVA X, Command A, Seed-OSS.
NO_THINKING = {
    "enable_thinking": False, "thinking": False, "reasoning": False, "thinking_budget": 0,
    "skip_reasoning": True, "force_reasoning": False,
}  # fmt: skip
#: Some templates write today's date. A fixed one, which Llama's own template falls back to, keeps prompts the same.
DATE = date(2024, 7, 26)
#: Stands for an answer while the template is read. No template has it in its text.
ANSWER = "⟪answer⟫"
#: What the template is tried with: it must write a question into the prompt as it is.
QUESTIONS = ("서울의 요금은 {얼마}인가요?", "What does\n<b>it</b> say?")
_OPEN_THOUGHT = re.compile(r"<(think|thinking|thought)>\s*$")


#: What a chat template is given: {"role": "system" | "user" | "assistant", "content": …}.
Message = dict[str, str]


@dataclass(frozen=True)
class Turn:
    """`prompt` is everything up to the answer, with the user's text in it; `end` is the token after the answer."""

    prompt: str
    end: str


def find_turn(tokenizer: Any, content: str, system: str) -> Turn:
    """Return how the tokenizer's chat template asks `content`, after a `system` message where there is one.

    Raises UserError where the template cannot be rendered, ignores the system message, or changes the question.
    """
    before = [{"role": "system", "content": system}] if system else []
    turn = _turn(tokenizer, before, content)
    if system and system.strip() not in turn.prompt:
        raise UserError("{template} leaves out the system message. Set prompt.system: ''.", template=_NAME)
    for question in QUESTIONS:
        asked = content.replace("{instruction}", question)
        if _turn(tokenizer, before, asked).prompt != turn.prompt.replace("{instruction}", question):
            raise UserError("{template} changes the text of a question. Set prompt.style: template.", template=_NAME)
    return turn


_NAME = Remark("params.yaml: model.base: its chat template")


def prompt_after(tokenizer: Any, said: list[Message], question: str, system: str) -> str:
    """Return how the chat template asks `question` after what was `said`, by user and assistant in turn.

    Where the template has no place for a system message, `system` opens the first message of the user. Raises UserError
    where the template cannot be rendered, or leaves out what was said.
    """
    messages = [*said, {"role": "user", "content": question}]
    prompt = _prompt_with_system(tokenizer, messages, system) if system else None
    if prompt is None:
        first, *rest = messages
        opened = {"role": "user", "content": f"{system}\n\n{first['content']}"} if system else first
        *before, last = [opened, *rest]
        prompt = _turn(tokenizer, before, last["content"]).prompt
    if messages[0]["content"].strip() not in prompt:
        raise UserError(
            "{template} leaves out the earlier turns of a conversation. Set prompt.style: template.", template=_NAME
        )
    return prompt


def _prompt_with_system(tokenizer: Any, messages: list[Message], system: str) -> str | None:
    """Return the prompt with the system message in its own place, or None where the template has none."""
    *before, last = [{"role": "system", "content": system}, *messages]
    try:
        prompt = _turn(tokenizer, before, last["content"]).prompt
    except UserError:
        return None
    return prompt if system.strip() in prompt else None


def _turn(tokenizer: Any, before: list[Message], content: str) -> Turn:
    messages = [*before, {"role": "user", "content": content}]
    asking = _render(tokenizer, messages, add_generation_prompt=True)
    whole = _render(tokenizer, [*messages, {"role": "assistant", "content": ANSWER}], add_generation_prompt=False)
    begin, found, rest = whole.rpartition(ANSWER)
    if not found or content.strip() not in asking:
        raise UserError(
            "{template} does not write question and answer as they are. Set prompt.style: template.", template=_NAME
        )
    return Turn(_prompt(asking, begin, content.strip()), _end(tokenizer, rest))


def _prompt(asking: str, begin: str, content: str) -> str:
    """Choose what follows the question: the end of the generation prompt, or what stands before an answer.

    They differ where a template has no generation prompt (then the latter is longer), and where the generation prompt
    opens a thought that the answer of this pipeline does not have. What precedes the question is the former's: some
    templates put the system message only into the last turn.
    """
    head, question, opened = asking.rpartition(content)
    before = begin.rpartition(content)[2]
    opens_a_thought = opened.startswith(before) and _OPEN_THOUGHT.search(opened[len(before) :])
    return head + question + (before if before.startswith(opened) or opens_a_thought else opened)


def _end(tokenizer: Any, rest: str) -> str:
    """Return the token that `rest`, the text after an answer, begins with; the EOS where it begins with none."""
    known = {str(token) for token in tokenizer.added_tokens_decoder.values()} | set(tokenizer.all_special_tokens)
    found = [token for token in known if token and rest.lstrip().startswith(token)]
    return max(found, key=len, default=tokenizer.eos_token)


def _render(tokenizer: Any, messages: list[Message], add_generation_prompt: bool) -> str:
    """Render messages as text. Raises UserError with the template's own error, which may forbid a system message."""
    from jinja2 import TemplateError

    fixed = {"date_string": f"{DATE:%d %b %Y}", "strftime_now": DATE.strftime, **NO_THINKING}
    try:
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=add_generation_prompt, **fixed
        )
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        seen = " ".join(str(error).split()) or type(error).__name__
        is_system = messages[0]["role"] == "system"
        advice = Remark("Set prompt.system: ''") if is_system else Remark("Set prompt.style: template")
        raise UserError(
            "{template} cannot be rendered ({seen}). {advice}.", template=_NAME, seen=seen, advice=advice
        ) from None
    return str(text)


def end_of_turn(tokenizer: Any) -> tuple[str | None, str]:
    """Return the token that ends an answer in the tokenizer's chat template, and what to say of the template.

    The token is None where there is no chat template, of which nothing is said, or none that can ask a question.
    """
    if not tokenizer.chat_template:
        return None, ""
    try:
        end = find_turn(tokenizer, "{instruction}", "").end
    except UserError as error:
        why = str(error).removeprefix(tr(_NAME)).removeprefix(":").strip()
        return None, Remark("a chat template that cannot be used ({why})", why=why)
    return end, Remark("a chat template whose turns end in {end}; prompt.style: auto follows it", end=end)
