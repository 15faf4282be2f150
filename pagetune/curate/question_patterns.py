"""The wordings of a question that need no model: fixed patterns around its topic or around the question itself."""

import re

from pagetune.records import NEW_WORDING, Pair
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean, with_particle

#: The wordings of one question, by name: "original", "short", …, `NEW_WORDING`.
Wordings = dict[str, str]

#: Patterns around a topic, which is a noun phrase such as "금융보안교육센터의 주소".
_KOREAN_TOPIC = {
    "short": "{topic}?",
    "tell": "{topic_object} 알려 주세요.",
    "formal": "{topic_subject} 어떻게 됩니까?",
    "curious": "{topic_subject} 궁금합니다.",
    NEW_WORDING: "혹시 {topic}에 대해 말씀해 주실 수 있을까요?",
}
#: Patterns around a question, where there is no topic.
_KOREAN_QUESTION = {
    "tell": "{indirect} 알려 주세요.",
    "curious": "{indirect} 궁금합니다.",
    "please": "질문에 답해 주세요. {question}",
    "customer": "문의드립니다. {question}",
    NEW_WORDING: "혹시 이것 좀 확인해 주실 수 있을까요? {question}",
}
_ENGLISH_TOPIC = {
    "short": "{topic}?",
    "tell": "Tell me this: {topic}.",
    "formal": "What is given for {topic}?",
    "curious": "I would like to know: {topic}.",
    NEW_WORDING: "Could you look something up for me, namely {topic}?",
}
_ENGLISH_QUESTION = {
    "please": "Please answer this question. {question}",
    "customer": "A customer asks: {question}",
    "know": "I would like to know this. {question}",
    "tell": "Can you tell me? {question}",
    NEW_WORDING: "Here is something I could not find in the manual: {question}",
}


def all_wordings(pair: Pair) -> Wordings:
    """Return every wording of the pair's question, "original" first, `NEW_WORDING` last. Equal wordings appear once."""
    wordings = _around_question(pair.instruction) if pair.topic is None else _around_topic(pair.topic)
    unique: Wordings = {}
    for name, question in {"original": pair.instruction, **wordings}.items():
        if question not in unique.values():
            unique[name] = question
    return unique


def requested_wordings(pair: Pair, questions: list[str]) -> list[str]:
    """Return the names of the pair's wordings that are in `questions`; case, spaces and punctuation do not matter."""
    asked = {normal_form(question) for question in questions}
    begins = [normal_form(text)[:4] for text in (pair.instruction, pair.topic) if text]
    if not any(begin in form for begin in begins for form in asked):  # a wording contains its topic or its question
        return []
    return [name for name, question in all_wordings(pair).items() if normal_form(question) in asked]


def _around_topic(topic: str) -> Wordings:
    if not is_korean(topic):
        return {name: pattern.format(topic=topic) for name, pattern in _ENGLISH_TOPIC.items()}
    forms = {
        "topic": topic,
        "topic_object": with_particle(topic, "을/를"),
        "topic_subject": with_particle(topic, "이/가"),
    }
    return {name: pattern.format(**forms) for name, pattern in _KOREAN_TOPIC.items()}


def _around_question(question: str) -> Wordings:
    patterns = _KOREAN_QUESTION if is_korean(question) else _ENGLISH_QUESTION
    indirect = _indirect(question)
    usable = {name: pattern for name, pattern in patterns.items() if indirect or "{indirect}" not in pattern}
    return {name: pattern.format(question=question, indirect=indirect) for name, pattern in usable.items()}


def _indirect(question: str) -> str | None:
    """Turn a Korean question into a clause: 얼마인가요? -> 얼마인지, 있나요? -> 있는지. None for any other ending."""
    if re.search("나요[?]$", question):
        return question[:-3] + "는지"
    if re.search("[가까]요[?]$", question) and _ends_in_n_or_l(question[-4]):
        return question[:-3] + "지"
    return None


def _ends_in_n_or_l(syllable: str) -> bool:
    """Tell whether the final consonant is ㄴ (인가요, 한가요) or ㄹ (될까요). After others 가요 is the verb "go"."""
    return "가" <= syllable <= "힣" and (ord(syllable) - ord("가")) % 28 in (4, 8)
