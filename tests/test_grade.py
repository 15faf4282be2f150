"""The grade of a pair: what is refused, and that each refusal says why."""

import json
from pathlib import Path

import pytest

from pagetune.curate.grade import grade, grade_pairs
from pagetune.records import Kind, Pair


def pair(question: str, answer: str, kind: Kind = "statement") -> Pair:
    return Pair.original(question, question, answer, kind, "문서.pdf")


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("기숙사의 퇴실 시간은 언제인가요?", "오전 11시", "table"),
        ("관리사무소에 신고하지 않고 애완동물을 기르면 어떤 처벌을 받나요?", "10만 원의 위약금을 냅니다.", "statement"),
        ("'급식 안내'에서 우유의 제공량은 얼마인가요?", "200밀리리터", "table"),
        ("누가 시설장을 임명하나요?", "시장은 시설장을 임명한다.", "statement"),
        ("이사회의 소집 통지는 언제까지 해야 하나요?", "회의 7일 전까지 해야 한다.", "statement"),
        ("What is the storage temperature of the vaccine?", "2 to 8 °C", "key_value"),
        ("이사회는 안건을 의결하면 그 내용을 누구에게 알려야 하나요?", "이사회는 입주민에게 알려야 한다.", "statement"),
        ("How long may I borrow a book?", "Two weeks. You can extend it once.", "faq"),
        ("장비를 반납할 때 무엇을 내야 하나요?", "다음 각 호의 서류를 낸다. 1. 반납 신청서 2. 점검표", "list"),
    ],
)
def test_a_good_pair_has_the_full_grade(question: str, answer: str, kind: Kind) -> None:
    assert grade(pair(question, answer, kind)).reason() is None


@pytest.mark.parametrize(
    ("question", "answer", "kind", "part"),
    [
        ("이 사업의 목적은 무엇인가요?", "노후 주택의 수리입니다.", "statement", "self-contained"),
        ("상기 시설의 이용료는 얼마인가요?", "3천 원", "table", "self-contained"),
        ("해당 서류는 어디에 제출하나요?", "주민센터에 제출합니다.", "statement", "self-contained"),
        ("제3조(정의)에서 시설장이란 무엇인가요?", "시설을 대표하는 사람을 말한다.", "definition", "self-contained"),
        ("사업 개요의 기간은 얼마 동안인가요?", "6개월", "key_value", "self-contained"),
        ("2024_guide_v3의 담당자는 누구인가요?", "김하늘", "key_value", "self-contained"),
        ("Does it include the battery?", "Yes, it does.", "faq", "self-contained"),
        (
            "휴관일에 반납하는 경우에는 어떻게 되나요?",
            "휴관일에 반납하는 경우에는 그러하지 아니하다.",
            "statement",
            "self-contained",
        ),
        ("Ward 3: Beds?", "12", "table", "natural"),
        ("급식비의 3월은 무엇인가요?", "52,000", "table", "natural"),
        ("승강기에 부착되는 무엇인가요?", "안전 표지", "statement", "natural"),
        ("출입증 발급 절차", "신청서를 냅니다.", "faq", "natural"),
        ("기숙사 생활관 안내실의 위치는 어디인가요?", "안내실의 위치", "table", "specific"),
        ("무엇인가요?", "신분증", "table", "specific"),
        ("작업자는 무엇을 착용하나요?", "작업자는 안전모와,", "statement", "complete"),
        ("보호구의 종류는 무엇인가요?", "법」 제2조에 따른 보호구", "table", "complete"),
        ("신청인은 무엇을 내야 하나요?", "신청인은 다음 각 호의 서류를 내야 한다.", "statement", "complete"),
        ("계약 기간은 얼마 동안인가요?", "2024년  월  일부터", "table", "complete"),
    ],
)
def test_a_bad_pair_is_below_the_default_and_says_which_part_failed(
    question: str, answer: str, kind: Kind, part: str
) -> None:
    own = grade(pair(question, answer, kind))
    assert own.value < 0.5
    assert (own.reason() or "").startswith(part)


def test_pairs_are_graded_kept_or_rejected_with_a_reason() -> None:
    good, bad = pair("기숙사의 퇴실 시간은 언제인가요?", "오전 11시"), pair("이 사업의 목적은 무엇인가요?", "주택 수리")
    kept, rejected, shown = grade_pairs([good, bad], 0.5)
    assert [(row.pair_id, row.grade) for row in kept] == [(good.pair_id, 1.0)]
    assert [row.reason for row in rejected] == ["low_grade"]
    assert rejected[0].detail == "0.3, self-contained: points at something that it does not name (이 사업)"
    assert [row["question"] for row in shown["best_rejected"]] == [bad.instruction]


def test_a_users_own_row_is_graded_and_kept() -> None:
    kept, rejected, shown = grade_pairs([pair("이 사업의 목적은 무엇인가요?", "주택 수리", "user")], 0.5)
    assert ([row.grade for row in kept], rejected) == ([0.3], [])
    assert len(shown["lowest_kept"]) == 1


def test_a_dialogue_has_no_grade() -> None:
    kept, _, _ = grade_pairs([pair("#사람1#: 안녕?", "인사한다.", "dialogue")], 1.0)
    assert [row.grade for row in kept] == [None]


def refused(own_set: str) -> dict[str, tuple[int, int]]:
    """Return by label how many of the pairs that were labelled by reading are refused, and how many there are."""
    counts: dict[str, tuple[int, int]] = {}
    for line in (Path(__file__).parent / "data/graded_pairs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["set"] == own_set:
            low, of = counts.get(row["label"], (0, 0))
            counts[row["label"]] = (
                low + (grade(pair(row["question"], row["answer"], row["kind"])).value < 0.5),
                of + 1,
            )
    return counts


@pytest.mark.parametrize("own_set", ["chosen", "unseen"])
def test_of_pairs_labelled_by_reading_nearly_all_good_ones_are_kept_and_most_bad_ones_refused(own_set: str) -> None:
    by_label = refused(own_set)
    (lost, good), (vague_found, vague), (wrong_found, wrong) = (
        by_label[label] for label in ("good", "not self-contained", "wrong")
    )
    assert lost <= 0.02 * good
    assert vague_found + wrong_found >= 0.75 * (vague + wrong)
