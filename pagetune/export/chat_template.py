"""The prompt template in the languages of the programs that serve it: Jinja (transformers, vLLM) and Go (Ollama)."""

import json
import re

from pagetune.model.chat import DATE, NO_THINKING


def chat_template(template: str, bos_token: str | None) -> str:
    """Return a value for `tokenizer.chat_template` that prompts with the last message as in training.

    Pass `bos_token` where prompts start with one. Earlier messages are dropped: the model was trained on single
    questions.
    """
    before, _, after = template.partition("{instruction}")
    parts = [_jinja((bos_token or "") + before), "{{ messages[-1]['content'] | trim }}", _jinja(after)]
    return "".join(parts)


def own_chat_template(own: str, system: str) -> str:
    """Return a model's own chat template with what the training fixed: no thinking, its date, its system message.

    A conversation that begins with another system message keeps that one.
    """
    fixed = {name: json.dumps(value) for name, value in NO_THINKING.items()}
    fixed["date_string"] = json.dumps(f"{DATE:%d %b %Y}")
    lines = [f"{{%- set {name} = {value} %}}" for name, value in fixed.items() if re.search(rf"\b{name}\b", own)]
    if system:
        message = f"[{{'role': 'system', 'content': {json.dumps(system, ensure_ascii=False)}}}]"
        lines += ["{%- if messages[0]['role'] != 'system' %}", f"{{%- set messages = {message} + messages %}}"]
        lines += ["{%- endif %}"]
    # The name cannot be set: it is a function.
    own = re.sub(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)", lambda found: json.dumps(f"{DATE:{found[2]}}"), own)
    return "".join(lines) + own


def with_tail(own: str, tail: str) -> str:
    """Return a chat template that asks for an answer with `tail` in place of its own generation prompt.

    The training's prompt may end otherwise: without the thought that the template opens, or without a space that the
    tokenizer joins with the answer.
    """
    asks = "{%- set asks = add_generation_prompt %}{%- set add_generation_prompt = false %}"
    # Jinja drops a newline at the end of a template, but not before what follows it here.
    own = own.removesuffix("\n")
    return f"{asks}{own}{{{{ {json.dumps(tail, ensure_ascii=False)} if asks else '' }}}}"


def _jinja(text: str) -> str:
    """Write text as a string literal: Jinja would interpret braces in it, and drop a newline after a tag."""
    return f"{{{{ {json.dumps(text, ensure_ascii=False)} }}}}" if text else ""


#: Ollama's own penalties and choices, some of which are not 1 or 0 by default, would change the answers.
GREEDY = {"top_k": 1, "repeat_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0}


def modelfile(gguf: str, template: str, stops: list[str], max_new_tokens: int) -> str:
    """Return a Modelfile for `ollama create`. It writes no BOS: llama.cpp adds one where the GGUF says so."""
    before, _, after = template.partition("{instruction}")
    lines = [
        f"FROM ./{gguf}",
        f'TEMPLATE """{_go(before)}{{{{ .Prompt }}}}{_go(after)}"""',
        *(f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops),
        f"PARAMETER num_predict {max_new_tokens}",
        "PARAMETER temperature 0",
        *(f"PARAMETER {name} {value}" for name, value in GREEDY.items()),
    ]
    return "\n".join(lines) + "\n"


def _go(text: str) -> str:
    """Write braces and quotes as Go string literals: Go would interpret braces, and quotes would end the template."""
    return re.sub(r'[{}"]+', lambda found: "{{ " + json.dumps(found[0]) + " }}", text)
