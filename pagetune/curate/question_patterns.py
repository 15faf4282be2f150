"""The same question in other words, by templates."""

import re

from pagetune.records import NEW_WORDING, Pair
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean, with_particle

#: Around a topic: a noun phrase such as "금융보안교육센터의 주소".
_KOREAN_TOPIC = {
    "short": "{topic}?",
    "tell": "{topic_object} 알려 주세요.",
    "formal": "{topic_subject} 어떻게 됩니까?",
    "curious": "{topic_subject} 궁금합니다.",
    NEW_WORDING: "혹시 {topic}에 대해 말씀해 주실 수 있을까요?",
}
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


def paraphrases(pair: Pair) -> dict[str, str]:
    """Template name -> question, "original" first, `NEW_WORDING` last; wordings that coincide appear once."""
    wordings = _around_question(pair.instruction) if pair.topic is None else _around_topic(pair.topic)
    unique: dict[str, str] = {}
    for name, question in {"original": pair.instruction, **wordings}.items():
        if question not in unique.values():
            unique[name] = question
    return unique


def wanted(pair: Pair, questions: list[str]) -> list[str]:
    """The names of the wordings of `pair` that stand in `questions`, case, spaces and punctuation aside."""
    asked = {normal_form(question) for question in questions}
    begins = [normal_form(text)[:4] for text in (pair.instruction, pair.topic) if text]
    if not any(begin in form for begin in begins for form in asked):  # a wording holds its topic or its question
        return []
    return [name for name, question in paraphrases(pair).items() if normal_form(question) in asked]


def _around_topic(topic: str) -> dict[str, str]:
    if not is_korean(topic):
        return {name: template.format(topic=topic) for name, template in _ENGLISH_TOPIC.items()}
    forms = {
        "topic": topic,
        "topic_object": with_particle(topic, "을/를"),
        "topic_subject": with_particle(topic, "이/가"),
    }
    return {name: template.format(**forms) for name, template in _KOREAN_TOPIC.items()}


def _around_question(question: str) -> dict[str, str]:
    templates = _KOREAN_QUESTION if is_korean(question) else _ENGLISH_QUESTION
    indirect = _indirect(question)
    usable = {name: t for name, t in templates.items() if indirect or "{indirect}" not in t}
    return {name: template.format(question=question, indirect=indirect) for name, template in usable.items()}


def _indirect(question: str) -> str | None:
    """A Korean question as a clause: 얼마인가요? -> 얼마인지, 있나요? -> 있는지; None where its ending is another."""
    if re.search("나요[?]$", question):
        return question[:-3] + "는지"
    if re.search("[가까]요[?]$", question) and _ends_in_n_or_l(question[-4]):
        return question[:-3] + "지"
    return None


def _ends_in_n_or_l(syllable: str) -> bool:
    """ㄴ (인가요, 한가요) or ㄹ (될까요) as final consonant; "가요?" after others is the verb to go."""
    return "가" <= syllable <= "힣" and (ord(syllable) - ord("가")) % 28 in (4, 8)
