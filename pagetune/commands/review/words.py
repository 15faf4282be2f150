"""The words of the page, in the language of the locale."""

from pagetune.commands.locale import speaks_korean, tr


def language() -> str:
    return "ko" if speaks_korean() else "en"


def words() -> dict[str, str]:
    """Return every text of the page by its name."""
    return _titles() | _filters() | _states() | _actions() | _editor() | _notes()


def _titles() -> dict[str, str]:
    return {
        "title": tr("Review", "검수"),
        "progress": tr("{done} of {all} decided", "{all}개 중 {done}개 결정"),
        "shown": tr("{count} pairs", "{count}개"),
        "nothing": tr("No pair matches the filters.", "조건에 맞는 쌍이 없습니다."),
        "list": tr("Pairs", "쌍 목록"),
        "pair": tr("Pair", "쌍"),
        "source": tr("Source page", "출처 페이지"),
        "page": tr("{document}, page {page}", "{document} {page}페이지"),
        "reviewer": tr("Reviewer: {name}", "검수자: {name}"),
        "loading": tr("Loading…", "불러오는 중…"),
        "failed": tr(
            "The command does not answer. Start `pagetune review` again.",
            "응답이 없습니다. `pagetune review`를 다시 실행하세요.",
        ),
    }


def _filters() -> dict[str, str]:
    return {
        "filters": tr("Filters", "조건"),
        "search": tr("Search", "검색"),
        "document": tr("Document", "문서"),
        "kind": tr("Kind", "종류"),
        "state": tr("Decision", "결정"),
        "grade": tr("Grade", "등급"),
        "curate": tr("In curate", "curate 결과"),
        "all": tr("all", "전체"),
        "below": tr("below {grade}", "{grade} 미만"),
        "any": tr("rejected, any reason", "탈락(모든 이유)"),
        "clear": tr("Clear", "초기화"),
    }


def _states() -> dict[str, str]:
    return {
        "undecided": tr("undecided", "미결정"),
        "keep": tr("kept", "유지"),
        "edit": tr("edited", "수정"),
        "reject": tr("rejected", "제외"),
        "conflict": tr("conflict", "충돌"),
        "unproven": tr("edited, unproven", "수정(확인 안 됨)"),
        "none": tr("withdrawn", "취소"),
    }


def _actions() -> dict[str, str]:
    return {
        "do_keep": tr("Keep", "유지"),
        "do_edit": tr("Edit", "수정"),
        "do_reject": tr("Reject", "제외"),
        "do_reason": tr("Reject with a reason", "이유를 적고 제외"),
        "withdraw": tr("Withdraw", "결정 취소"),
        "undo": tr("Undo", "되돌리기"),
        "next": tr("Next", "다음"),
        "previous": tr("Previous", "이전"),
        "next_undecided": tr("Next undecided", "다음 미결정"),
        "help": tr("Keys", "단축키"),
        "back": tr("List", "목록"),
        "close": tr("Close", "닫기"),
        "leave": tr("Leave the editor or a field", "편집기나 입력란에서 나가기"),
        "nothing_to_undo": tr("There is nothing to undo.", "되돌릴 결정이 없습니다."),
        "undone": tr("Undone.", "되돌렸습니다."),
        "saved": tr("Saved: {state}.", "저장했습니다: {state}."),
        "last": tr("This is the last pair of the list.", "목록의 마지막 쌍입니다."),
        "none_left": tr("No pair of the list is undecided.", "목록에 미결정 쌍이 없습니다."),
    }


def _editor() -> dict[str, str]:
    return {
        "question": tr("Question", "질문"),
        "answer": tr("Answer", "답변"),
        "references": tr("Further answers", "다른 정답"),
        "evidence": tr("Evidence", "근거"),
        "use_selection": tr("Use what is selected on the page", "페이지에서 선택한 글 쓰기"),
        "no_selection": tr("Select a passage on the page first.", "먼저 페이지에서 글을 선택하세요."),
        "editing": tr("Save or cancel this edit first.", "먼저 이 수정을 저장하거나 취소하세요."),
        "save": tr("Save", "저장"),
        "cancel": tr("Cancel", "취소"),
        "reason": tr("Reason (optional)", "이유(선택)"),
        "unproven_note": tr("This edit is not applied. {why}", "이 수정은 적용되지 않습니다. {why}"),
        "before": tr("Before: {text}", "수정 전: {text}"),
        "proved": tr(
            "The answer is proved on the page when you save.", "저장할 때 답변이 페이지에 있는 내용인지 확인합니다."
        ),
        "no_page": tr(
            "Your own row has no page; an edit is not proved.", "직접 넣은 행이라 페이지가 없어 확인하지 않습니다."
        ),
    }


def _notes() -> dict[str, str]:
    return {
        "user": tr("User", "사용자"),
        "assistant": tr("Assistant", "도우미"),
        "system": tr("System", "시스템"),
        "in_splits": tr("In {splits}", "{splits}에 포함"),
        "rejected_by": tr("Rejected by curate: {reason}", "curate에서 탈락: {reason}"),
        "decided_by": tr("{state} by {name}", "{name}: {state}"),
        "conflict_note": tr(
            "Reviewers disagree. Your decision replaces both.",
            "검수자마다 결정이 다릅니다. 지금 결정하면 모두 대체합니다.",
        ),
        "stale": tr("{count} stale decisions", "오래된 결정 {count}개"),
        "stale_note": tr(
            "These pairs have changed since, or are gone, so that the decisions are not applied.",
            "결정한 뒤에 쌍이 바뀌거나 사라져서 적용하지 않는 결정입니다.",
        ),
        "remove_stale": tr("Remove them", "모두 삭제"),
    }
