"""Which document, which section: what a question must name where several answer it differently."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from pagetune.build_qa.draft import Draft
from pagetune.text.claims import normal_form
from pagetune.text.korean import is_korean

#: A draft with its document's id and title.
Titled = tuple[str, str, Draft]


def with_context(drafts: list[Titled]) -> list[Titled]:
    """Where the same question has different answers, each names its document, or its section within one document.

    What still differs after that contradicts itself, which is for the curation to say.
    """
    by_title = _told_apart(drafts, lambda titled: titled[1])
    return _told_apart(by_title, lambda titled: titled[2].section)


def _told_apart(drafts: list[Titled], label: Callable[[Titled], str]) -> list[Titled]:
    groups: dict[str, list[Titled]] = defaultdict(list)
    for titled in drafts:
        groups[normal_form(titled[2].instruction)].append(titled)
    ambiguous = {question for question, group in groups.items() if _differ(group) and len(set(map(label, group))) > 1}
    return [
        (titled[0], titled[1], _name(titled[2], label(titled)))
        if normal_form(titled[2].instruction) in ambiguous
        else titled
        for titled in drafts
    ]


def _differ(group: list[Titled]) -> bool:
    return len({normal_form(draft.output) for _, _, draft in group if draft.reason is None}) > 1


def _name(draft: Draft, label: str) -> Draft:
    """`label` put before the question; an article names its document already."""
    if not label or draft.kind == "article" or label in draft.instruction:
        return draft
    before = f"[{label}] " if draft.topic is None else f"{label}{'에서' if is_korean(draft.topic) else ','} "
    return replace(
        draft,
        instruction=before + draft.instruction,
        topic=None if draft.topic is None else before + draft.topic,
        context=before + (draft.context or ""),
    )
