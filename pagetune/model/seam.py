"""Where the prompt ends and the answer begins, so that the tokens of both are those of the joined text.

A tokenizer joins a space with the word after it. A prompt that ends in that space shows the model a token that it never
saw before a word, and its first answer token gets 5 to 12 nats less likely; so the space belongs to the answer.
"""

from typing import Any

from pagetune.errors import UserError
from pagetune.model.prompts import joins

#: Questions and beginnings of answers of every kind, with which a template is tried.
QUESTIONS = ("What is it?", "금융보안교육센터의 주소")
ANSWERS = ("It is", "서울특별시", "입니다.", "12", "제3조", "(주)", "“네”", "- 첫째", "①", "www", "@", "…")


def find_seam(template: str, tokenizer: Any) -> tuple[str, str]:
    """Return the template up to where an answer's first token begins, and the whitespace that belongs to the answer.

    As little as possible is moved: only spaces at the template's end which the tokenizer would join with an answer.
    Raises UserError where it joins other text with answers.
    """
    least = len(template.rstrip())
    for end in range(len(template), least - 1, -1):
        prompt, lead = template[:end], template[end:]
        if all(_fits(prompt, lead, question, tokenizer) for question in QUESTIONS):
            return prompt, lead
    raise UserError(
        "params.yaml: the prompt {template!r} ends in {end!r}, which the tokenizer of model.base "
        "joins with the first letters of an answer. End it with a line break, or with a mark such as "
        "`A:`.",
        template=template,
        end=template[least - 3 :],
    )


def _fits(prompt: str, lead: str, question: str, tokenizer: Any) -> bool:
    asked = prompt.replace("{instruction}", question)
    return all(joins(asked, lead + answer, tokenizer) for answer in ANSWERS)
