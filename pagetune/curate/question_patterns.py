"""The wordings of a question that need no model: fixed patterns around its topic or around the question itself."""

import re
from collections.abc import Callable, Iterable

from pagetune.curate.question_endings import formal, friendly, indirect, keywords
from pagetune.params.asking import RecallQuestion
from pagetune.records import NEW_WORDING, Pair
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean, with_particle
from pagetune.text.notation import nfc

#: Makes a form of a question or topic, or None where it has no such form.
Form = Callable[[], str | None]
#: The wordings of one question, by name: "original", "short", …, `NEW_WORDING`.
Wordings = dict[str, str]

#: Patterns around a topic, a noun phrase such as "금융보안교육센터의 주소", and around its question. A pattern serves
#: where all of its forms exist. The order is that in which `curate.paraphrases` takes them.
_KOREAN_TOPIC = {
    "short": "{topic}?",
    "tell": "{topic_object} 알려 주세요.",
    "formal": "{topic_subject} 어떻게 됩니까?",
    "curious": "{topic_subject} 궁금합니다.",
    "polite": "{formal}",
    "wish": "{topic_object} 알고 싶어요.",
    "friendly": "{friendly}",
    "explain": "{topic}에 대해 설명해 주시겠어요?",
    "clause": "{indirect} 알려 주시겠어요?",
    "inquiry": "{topic} 문의드립니다.",
    "keywords": "{keywords}",
    "check": "{topic_object} 확인하고 싶습니다.",
    "last": "알려 주실 수 있나요, {topic_object}?",
    "ask_first": "궁금한 점이 있어요. {question}",
    "reply": "{question} 답변 부탁드립니다.",
    NEW_WORDING: "혹시 {topic}에 대해 말씀해 주실 수 있을까요?",
}
#: What an article says is its content, so 제4항이 어떻게 됩니까? does not ask for it.
_KOREAN_ARTICLE = _KOREAN_TOPIC | {"formal": "{topic}에는 어떤 내용이 있습니까?"}
#: Patterns around a question, where there is no topic.
_KOREAN_QUESTION = {
    "tell": "{indirect} 알려 주세요.",
    "curious": "{indirect} 궁금합니다.",
    "please": "질문에 답해 주세요. {question}",
    "customer": "문의드립니다. {question}",
    "polite": "{formal}",
    "wish": "{indirect} 알고 싶어요.",
    "friendly": "{friendly}",
    "explain": "{indirect} 설명해 주시겠어요?",
    "reply": "{question} 답변 부탁드립니다.",
    "keywords": "{keywords}",
    "check": "{indirect} 확인하고 싶습니다.",
    "ask_first": "궁금한 점이 있어요. {question}",
    "know": "{indirect} 아시나요?",
    "help": "{question} 자세히 알려 주세요.",
    "thanks": "{question} 알려 주시면 감사하겠습니다.",
    "hello": "안녕하세요. {question}",
    "one_more": "한 가지 여쭤보겠습니다. {question}",
    "wonder": "혹시 아시나요? {question}",
    NEW_WORDING: "혹시 이것 좀 확인해 주실 수 있을까요? {question}",
}
_ENGLISH_TOPIC = {
    "short": "{topic}?",
    "tell": "Tell me this: {topic}.",
    "formal": "What is given for {topic}?",
    "curious": "I would like to know: {topic}.",
    "please": "{topic}, please.",
    "look_up": "Please look this up: {topic}.",
    "need": "I need the following: {topic}.",
    "know": "Do you know this: {topic}?",
    "ask_first": "I have a question. {question}",
    "thanks": "{question} Thank you.",
    "hello": "Hello. {question}",
    NEW_WORDING: "Could you look something up for me, namely {topic}?",
}
_ENGLISH_QUESTION = {
    "please": "Please answer this question. {question}",
    "customer": "A customer asks: {question}",
    "know": "I would like to know this. {question}",
    "tell": "Can you tell me? {question}",
    "ask_first": "I have a question. {question}",
    "thanks": "{question} Thank you.",
    "hello": "Hello. {question}",
    "help": "{question} Please help me.",
    "quick": "Just a quick question: {question}",
    "wonder": "I was wondering about something. {question}",
    NEW_WORDING: "Here is something I could not find in the manual: {question}",
}
#: A longer first line, in characters, is the beginning of a passage and not the question above it.
_LONGEST_BEFORE_A_PASSAGE = 200
#: The forms that each pattern needs.
_NEEDED = {
    pattern: set(re.findall(r"{(\w+)}", pattern))
    for patterns in (_KOREAN_TOPIC, _KOREAN_ARTICLE, _KOREAN_QUESTION, _ENGLISH_TOPIC, _ENGLISH_QUESTION)
    for pattern in patterns.values()
}


def all_wordings(pair: Pair, most: int | None = None) -> Wordings:
    """Return the wordings of the question, each once: "original", all others or the first `most`, `NEW_WORDING`."""
    question, below = _apart(pair)
    wordings, known = {"original": pair.instruction}, {pair.instruction}
    patterns, forms = _patterns_and_forms(question, pair) if question else ({}, {})
    for name, pattern in patterns.items():
        if most is not None and len(wordings) > most and name != NEW_WORDING:
            continue
        filled = _fill(pattern, forms)
        if filled is not None and filled + below not in known:
            known.add(filled + below)
            wordings[name] = filled + below
    return wordings


def stands_alone(pair: Pair) -> bool:
    """Tell whether the question is all that is asked: no passage stands below it, and nothing was said before it."""
    return not pair.turns and "\n\n" not in pair.instruction


def _apart(pair: Pair) -> tuple[str | None, str]:
    """Return the question and the passage below it; no question where other words would not do.

    What is said in the middle of a conversation may be no question, and the first of several lines may be a passage.
    """
    question, gap, passage = pair.instruction.partition("\n\n")
    in_a_conversation = any(turn.role != "system" for turn in pair.turns)
    if in_a_conversation or (gap and ("\n" in question or len(question) > _LONGEST_BEFORE_A_PASSAGE)):
        return None, ""
    return question, gap + passage


def question_text(question: str | RecallQuestion) -> str:
    return question if isinstance(question, str) else question.question


def requested_wordings(pair: Pair, questions: Iterable[str | RecallQuestion]) -> list[str]:
    """Return the names of the pair's wordings that are in `questions`; case, spaces and punctuation do not matter.

    A question that names its document asks for a fact of that document only.
    """
    own = [one for one in questions if isinstance(one, str) or nfc(one.doc_id) == pair.doc_id]
    if not own:
        return []
    asked = {normal_form(question_text(question)) for question in own}
    begins = [normal_form(text)[:4] for text in (pair.instruction, pair.topic) if text]
    if not any(begin in form for begin in begins for form in asked):  # a wording contains its topic or its question
        return []
    return [name for name, question in all_wordings(pair).items() if normal_form(question) in asked]


def _patterns_and_forms(question: str, pair: Pair) -> tuple[dict[str, str], dict[str, Form]]:
    topic = pair.topic
    forms: dict[str, Form] = {
        "question": lambda: question,
        "indirect": lambda: indirect(question),
        "formal": lambda: formal(question),
        "friendly": lambda: friendly(question),
        "keywords": lambda: keywords(question),
    }
    if topic is None:
        return _KOREAN_QUESTION if is_korean(question) else _ENGLISH_QUESTION, forms
    forms |= {
        "topic": lambda: topic,
        "topic_object": lambda: with_particle(topic, "을/를"),
        "topic_subject": lambda: with_particle(topic, "이/가"),
    }
    korean = _KOREAN_ARTICLE if pair.kind == "article" else _KOREAN_TOPIC
    return korean if is_korean(topic) else _ENGLISH_TOPIC, forms


def _fill(pattern: str, forms: dict[str, Form]) -> str | None:
    """Return the pattern with its forms, or None where the question does not have one of them."""
    own = {name: form for name in _NEEDED[pattern] if (form := forms[name]())}
    return pattern.format(**own) if len(own) == len(_NEEDED[pattern]) else None
