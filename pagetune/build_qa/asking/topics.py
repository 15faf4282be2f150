"""The topics that a user wants asked about (`qa.topics`): which passages and pairs are about each, by their words."""

from collections import Counter
from collections.abc import Sequence

from pagetune.build_qa.draft import to_document
from pagetune.build_qa.passages import Passage, passages
from pagetune.build_qa.rules import readable_pages
from pagetune.errors import UserError
from pagetune.language import tr
from pagetune.params import Qa
from pagetune.records import Page, Pair
from pagetune.text.content_words import content_words, has_word

#: The share of a topic's words that a text about it has: all of up to three, all but one of more.
_SHARE = 0.75


def check_topics(topics: Sequence[str]) -> None:
    """Raise UserError where a topic has no word by which a passage could be found."""
    for topic in topics:
        if not content_words(topic):
            raise UserError(
                "params.yaml: qa.topics: {topic!r} has no word by which a passage can be found. Name the "
                "topic by a noun that the documents use, or remove it.",
                topic=topic,
            )


def is_about(topic: str, text: str) -> bool:
    """Tell whether a text has most of the topic's content words, or words that mean the same."""
    words = content_words(topic)
    return sum(has_word(text, word) for word in words) >= _SHARE * len(words)


def topics_of(passage: Passage, topics: Sequence[str]) -> tuple[str, ...]:
    text = f"{passage.section}\n{passage.text}" if topics else ""
    return tuple(topic for topic in topics if is_about(topic, text))


def topics_of_pair(pair: Pair, topics: Sequence[str]) -> list[str]:
    """Return the topics that a question and its answer are about."""
    return [topic for topic in topics if is_about(topic, f"{pair.instruction}\n{pair.output}")]


def count_topics(qa: Qa, pages: list[Page], pairs: Sequence[Pair]) -> dict[str, dict[str, int]]:
    """Return how many passages and how many pairs are about each topic."""
    documents = [to_document(own) for own in readable_pages(pages).values()] if qa.topics else []
    shown = [passage for document in documents for passage in passages(document, qa.passage_characters)]
    about = Counter(topic for passage in shown for topic in topics_of(passage, qa.topics))
    asked = Counter(topic for pair in pairs for topic in topics_of_pair(pair, qa.topics))
    return {topic: {"passages": about[topic], "pairs": asked[topic]} for topic in qa.topics}


def topic_lines(counts: dict[str, dict[str, int]], asks_a_model: bool) -> list[str]:
    """Return a line about each topic that no pair is about, and what may help."""
    silent = [(topic, count["passages"]) for topic, count in counts.items() if not count["pairs"]]
    return [
        tr("qa.topics: no pair is about {topic!r}. {advice}", topic=topic, advice=_what_helps(found, asks_a_model))
        for topic, found in silent
    ]


def _what_helps(passages: int, asks_a_model: bool) -> str:
    if not passages:
        return tr("No passage has its words: name it as the documents do, or add a document about it.")
    are = tr("1 passage is") if passages == 1 else tr("{count} passages are", count=passages)
    if not asks_a_model:
        return tr("{are}: have a language model ask about them (qa.generator: rules+llm).", are=are)
    return tr("{are}: see in data/qa_rejected.jsonl what was asked about them, or raise qa.rounds.", are=are)
