"""The words of the page, in the language of the locale."""

from pagetune.language import speaks_korean, tr


def language() -> str:
    return "ko" if speaks_korean() else "en"


def words() -> dict[str, str]:
    """Return every text of the page by its name."""
    return _titles() | _filters() | _states() | _actions() | _editor() | _notes()


def _titles() -> dict[str, str]:
    return {
        "title": tr("Review"),
        "progress": tr("{done} of {all} decided"),
        "shown": tr("{count} pairs"),
        "nothing": tr("No pair matches the filters."),
        "list": tr("Pairs"),
        "pair": tr("Pair"),
        "source": tr("Source page"),
        "page": tr("{document}, page {page}"),
        "reviewer": tr("Reviewer: {name}"),
        "loading": tr("Loading…"),
        "failed": tr(
            "The command does not answer. Start `pagetune review` again.",
        ),
    }


def _filters() -> dict[str, str]:
    return {
        "filters": tr("Filters"),
        "search": tr("Search"),
        "document": tr("Document"),
        "kind": tr("Kind"),
        "state": tr("Decision"),
        "grade": tr("Grade"),
        "curate": tr("In curate"),
        "all": tr("all"),
        "below": tr("below {grade}"),
        "any": tr("rejected, any reason"),
        "clear": tr("Clear"),
    }


def _states() -> dict[str, str]:
    return {
        "undecided": tr("undecided"),
        "keep": tr("kept"),
        "edit": tr("edited"),
        "reject": tr("rejected"),
        "conflict": tr("conflict"),
        "unproven": tr("edited, unproven"),
        "none": tr("withdrawn"),
    }


def _actions() -> dict[str, str]:
    return {
        "do_keep": tr("Keep"),
        "do_edit": tr("Edit"),
        "do_reject": tr("Reject"),
        "do_reason": tr("Reject with a reason"),
        "withdraw": tr("Withdraw"),
        "undo": tr("Undo"),
        "next": tr("Next"),
        "previous": tr("Previous"),
        "next_undecided": tr("Next undecided"),
        "help": tr("Keys"),
        "back": tr("List"),
        "close": tr("Close"),
        "leave": tr("Leave the editor or a field"),
        "nothing_to_undo": tr("There is nothing to undo."),
        "undone": tr("Undone."),
        "saved": tr("Saved: {state}."),
        "last": tr("This is the last pair of the list."),
        "none_left": tr("No pair of the list is undecided."),
    }


def _editor() -> dict[str, str]:
    return {
        "question": tr("Question"),
        "answer": tr("Answer"),
        "references": tr("Further answers"),
        "evidence": tr("Evidence"),
        "use_selection": tr("Use what is selected on the page"),
        "no_selection": tr("Select a passage on the page first."),
        "editing": tr("Save or cancel this edit first."),
        "save": tr("Save"),
        "cancel": tr("Cancel"),
        "reason": tr("Reason (optional)"),
        "unproven_note": tr("This edit is not applied. {why}"),
        "before": tr("Before: {text}"),
        "proved": tr("The answer is proved on the page when you save."),
        "no_page": tr("Your own row has no page; an edit is not proved."),
    }


def _notes() -> dict[str, str]:
    return {
        "user": tr("User"),
        "assistant": tr("Assistant"),
        "system": tr("System"),
        "in_splits": tr("In {splits}"),
        "rejected_by": tr("Rejected by curate: {reason}"),
        "decided_by": tr("{state} by {name}"),
        "conflict_note": tr(
            "Reviewers disagree. Your decision replaces both.",
        ),
        "stale": tr("{count} stale decisions"),
        "stale_note": tr(
            "These pairs have changed since, or are gone, so that the decisions are not applied.",
        ),
        "remove_stale": tr("Remove them"),
    }
