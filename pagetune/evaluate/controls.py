"""Ways to answer without a model. They are scored beside both models, since what they earn takes no understanding."""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz, process

from pagetune.errors import UserError
from pagetune.records import Example, Prediction
from pagetune.text.korean import has_final_consonant, is_korean

#: Question words with their endings: 무엇인가요, 몇, 어디에서.
_KOREAN_ASKING = re.compile(
    r"(?<!\S)(?:(?:몇|어떻게) (?:\S+(?:인가요|됩니까|되나요)$)?"
    r"|(?:무엇|무슨|뭐|어디|누구|언제|얼마나?|어느|어떤|어떻게|왜|몇)"
    r"(?:인가요|입니까|인지요?|이에요|예요|죠|에서|에게|에|을|를|로|으로|까지|부터|가|이|의)*(?!\S)\s*)"
)
#: A request at the end of a question.
_KOREAN_REQUEST = re.compile(r"(?:(?:알려|말해|설명해)\s?(?:주|줘)|궁금)\S*\s*$")
#: How much of the end of a question is searched for a request.
_REQUEST_CHARACTERS = 40
_KOREAN_VERB = re.compile(r"([가-힣])(?:나요|는가요)$")
_FINAL_PARTICLE = re.compile(r"(?<=\S)(?:은|는|이|가|을|를)$")
#: Questions compared at once; beside 100,000 training prompts each takes 0.4 MB.
_COMPARED_AT_ONCE = 256
#: Code points from a syllable without a final consonant to the one with ㅂ.
_FINAL_BIEUP = 17
_ENGLISH_START = re.compile(
    r"^(?:(?:what|who|where|when|which|how(?: much| many| long)?)\s+(?:is|are|was|were|does|do|can|should)?"
    r"|tell me|do|does|is|are|can)\s+",
    re.IGNORECASE,
)


def instruction_of(prompt: str, template: str) -> str:
    """Return the question in a prompt that `template` made."""
    before, _, after = template.partition("{instruction}")
    return prompt.removeprefix(before).removesuffix(after)


def echo(question: str) -> str:
    """Return the question's own words in the form of an answer."""
    if is_korean(question):
        words = _KOREAN_ASKING.sub("", question.rstrip("?？. ")).strip()
        start = max(0, len(words) - _REQUEST_CHARACTERS)
        words = (words[:start] + _KOREAN_REQUEST.sub("", words[start:])).strip()
        words = re.sub("니까$", "니다", re.sub("한가요$", "합니다", words.removesuffix("인가요")))
        if words.endswith("니다"):
            return f"{words}."
        words = words or question.rstrip("?？. ")
        verb = _KOREAN_VERB.search(words)
        return f"{words[: verb.start()]}{_politely(verb[1])}." if verb else f"{_FINAL_PARTICLE.sub('', words)}입니다."
    return f"It is {_ENGLISH_START.sub('', question).rstrip('? ')}."


def _politely(syllable: str) -> str:
    """Return the polite form of a verb's last syllable: 됩니다 for 되, 있습니다 for 있."""
    return f"{syllable}습니다" if has_final_consonant(syllable) else f"{chr(ord(syllable) + _FINAL_BIEUP)}니다"


def lookup(questions: Sequence[str], train: Sequence[Example], template: str) -> list[str]:
    """Return for each question the completion of the training question that is most like it (Indel similarity).

    Raises UserError where there is no training prompt.
    """
    if not train:
        raise UserError("data/prompts/train.jsonl has no rows. Run `dvc repro`.")
    known, nearest = [instruction_of(row.prompt, template) for row in train], []
    for start in range(0, len(questions), _COMPARED_AT_ONCE):
        some = questions[start : start + _COMPARED_AT_ONCE]
        nearest += process.cdist(some, known, scorer=fuzz.ratio, workers=-1).argmax(axis=1).tolist()
    return [train[index].completion for index in nearest]


def lead2(dialogue: str) -> str:
    """Return the first two turns; the lead of a news article is a strong summary."""
    return "\n".join(dialogue.split("\n")[:2])


def swapped(predictions: Sequence[Prediction]) -> list[str]:
    """Return for each question the answer to the next of its split: the model's form without the content."""
    answers: list[str] = []
    for split in dict.fromkeys(row.split for row in predictions):
        own = [row.prediction for row in predictions if row.split == split]
        answers += own[1:] + own[:1]
    return answers


def control_answers(
    names: Sequence[str],
    asked: Sequence[Prediction],
    tuned: Sequence[Prediction],
    train: Sequence[Example],
    template: str,
) -> dict[str, list[Prediction]]:
    """Return what the named controls answer to `asked`, whose rows are ordered by split."""
    questions = [instruction_of(row.prompt, template) for row in asked]
    made = {
        "echo": lambda: [echo(question) for question in questions],
        "lead2": lambda: [lead2(question) for question in questions],
        "lookup": lambda: lookup(questions, train, template),
        "swapped": lambda: swapped(tuned),
    }
    return {name: [_answered(row, said) for row, said in zip(asked, made[name](), strict=True)] for name in names}


def _answered(row: Prediction, answer: str) -> Prediction:
    return row.model_copy(update={"prediction": answer.removesuffix(row.eos_token).strip(), "stopped": True})
