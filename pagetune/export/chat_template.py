"""Our template in the languages of those who serve the model: Jinja for transformers and vLLM, Go for Ollama."""

import json
import re


def chat_template(template: str, bos_token: str | None) -> str:
    """For `tokenizer.chat_template`: the last message, asked as in the training. `bos_token` where prompts begin so.

    Earlier messages are left out: the model was trained on single questions.
    """
    before, _, after = template.partition("{instruction}")
    parts = [_jinja((bos_token or "") + before), "{{ messages[-1]['content'] | trim }}", _jinja(after)]
    return "".join(parts)


def _jinja(text: str) -> str:
    """A string literal: Jinja would take braces in it for its own, and drop a line's end behind a tag."""
    return f"{{{{ {json.dumps(text)} }}}}" if text else ""


def modelfile(gguf: str, template: str, stops: list[str], max_new_tokens: int) -> str:
    """For `ollama create`. The BOS is llama.cpp's affair: the GGUF says whether there is one."""
    before, _, after = template.partition("{instruction}")
    lines = [
        f"FROM ./{gguf}",
        f'TEMPLATE """{_go(before)}{{{{ .Prompt }}}}{_go(after)}"""',
        *(f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in stops),
        f"PARAMETER num_predict {max_new_tokens}",
        "PARAMETER temperature 0",
    ]
    return "\n".join(lines) + "\n"


def _go(text: str) -> str:
    """Braces and quotes as Go string literals: the first would be Go's, the second end the Modelfile's."""
    return re.sub(r'[{}"]+', lambda found: "{{ " + json.dumps(found[0]) + " }}", text)
