"""Name the document or the section in questions that several documents or sections answer differently."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from pagetune.build_qa.draft import Draft
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean

#: Headings that tell nobody which part of a document is meant: 참고, 제2조(정의).
_NAMES_NOTHING = re.compile(
    r"\W*(?:참\s?고|예\s?시|비\s?고|주\s?의|기\s?타|해\s?설|설\s?명|내\s?용|개\s?요|정\s?의|용어의\s?정의|목\s?적|"
    r"제\s?\d+\s?[조장절편](?:의\s?\d+)?(?:\s?\(.*\))?)\s?\d*\W*"
)


class TitledDraft(NamedTuple):
    """A draft with the id and the title of its document."""

    doc_id: str
    title: str
    draft: Draft


def with_context(drafts: list[TitledDraft]) -> list[TitledDraft]:
    """Put the document's title before each question that has several answers, or the section within one document.

    Answers that still differ after that contradict each other. Curation rejects them.
    """
    by_title = _label_ambiguous(drafts, lambda titled: titled.title)
    return _label_ambiguous(by_title, lambda titled: titled.draft.section)


def _label_ambiguous(drafts: list[TitledDraft], label: Callable[[TitledDraft], str]) -> list[TitledDraft]:
    groups: dict[str, list[TitledDraft]] = defaultdict(list)
    for titled in drafts:
        groups[normal_form(titled.draft.instruction)].append(titled)
    ambiguous = {
        question for question, group in groups.items() if _answers_differ(group) and len(set(map(label, group))) > 1
    }
    return [
        titled._replace(draft=_with_label(titled.draft, label(titled)))
        if normal_form(titled.draft.instruction) in ambiguous
        else titled
        for titled in drafts
    ]


def _answers_differ(group: list[TitledDraft]) -> bool:
    return len({normal_form(titled.draft.output) for titled in group if titled.draft.reason is None}) > 1


def _with_label(draft: Draft, label: str) -> Draft:
    """Put `label` before the question, unless the question contains it already, as an article's does."""
    if not label or draft.kind == "article" or label in draft.instruction or _NAMES_NOTHING.fullmatch(label):
        return draft
    before = f"[{label}] " if draft.topic is None else f"{label}{'에서' if is_korean(draft.topic) else ','} "
    return replace(
        draft,
        instruction=before + draft.instruction,
        topic=None if draft.topic is None else before + draft.topic,
        context=before + (draft.context or ""),
    )
