"""What a text denies, which is the same wherever texts are compared."""

import pytest
from test_curate import ASKED, LONG, pair

from pagetune.curate.duplicates import near_duplicates, without_duplicates
from pagetune.text.fact_match import fact_match
from pagetune.text.negation import polarity


def agree(one: str, other: str) -> bool:
    """Tell whether the curation takes two answers to one question for the same."""
    kept, _ = without_duplicates([pair("몇 번인가요?", one), pair("몇 번인가요?", other)])
    return kept != []


#: Before "3회입니다": none of these denies that it is 3회.
HARMLESS = [
    # 불, 비, 미, 부, 안, 못, 없 as a part of a word
    "불가피한 경우",
    "부득이한 경우",
    "불가항력인 경우",
    "불가리아에서는",
    "필수불가결한 서류는",
    "불가분의 관계는",
    "비상 시",
    "비상근 직원은",
    "비회원은",
    "비대면 교육은",
    "비밀번호는",
    "미래에는",
    "미성년자는",
    "미취학 아동은",
    "부서마다",
    "부위원장은",
    "부주의한 사람은",
    "부정확한 서류는",
    "불이익 통지는",
    "불특정 고객은",
    "안내는",
    "연못에서는",
    "잘못된 경우",
    "관계없이",
    "관계 없이",
    "예외 없이",
    "빠짐없이",
    "어쩔 수 없이",
    # a condition that is negated
    "신청하지 않으면",
    "신청하지 않을 경우",
    "신청하지 않았다면",
    "신청하지 않더라도",
    "신청하지 아니하면",
    "신청하지 아니한 경우",
    "받지 못하면",
    "받지 못한 경우에는",
    "안 되면",
    "답이 없으면",
    "답이 없는 경우에는",
    "답이 없을 때는",
    "답이 없을 시",
    "특별한 사정이 없는 한",
    "회원이 아니면",
    "회원이 아닌 경우에는",
    "접수가 불가능한 경우",
    "미제출 시",
    "불합격하면",
    "비회원이면",
]


@pytest.mark.parametrize("words", HARMLESS)
def test_a_word_or_a_condition_does_not_deny_the_claim_behind_it(words: str) -> None:
    """The curation and the evaluation read negation alike: what contradicts in one does not match in the other."""
    assert agree("3회", f"{words} 3회입니다.")
    assert fact_match(f"{words} 3회입니다.", "3회") == 1
    assert fact_match("3회", f"{words} 3회입니다.") == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("합니다.", "하지 아니합니다."),
        ("3회입니다.", "3회가 아닙니다."),
        ("신청은 3일 안에 받습니다", "신청은 3일 안에 받지 아니합니다"),
        ("3일 안에 가능합니다", "3일 안에 불가능합니다"),
        ("3일 뒤 공개합니다", "3일 뒤 비공개합니다"),
        ("3만 원(부가세 포함)", "3만 원(부가세 미포함)"),
        ("부가세 포함 3만 원", "부가세 미포함 3만 원"),
        ("회원은 3회입니다", "비회원은 3회입니다"),
        ("정확한 서류는 3장입니다", "부정확한 서류는 3장입니다"),
        ("제출 시 3회입니다", "미제출 시 3회입니다"),
        ("3일 안에 신청하면 취소됩니다", "3일 안에 신청하지 않으면 취소됩니다"),
        ("3일 안에 낸 경우에는 취소됩니다", "3일 안에 내지 못한 경우에는 취소됩니다"),
        ("3일 뒤에 쓰면 됩니다", "3일 뒤에 쓰지 않으면 됩니다"),
        ("3일 안에 내야 합니다", "3일 안에 내지 않아도 됩니다"),
        ("신청하지 않으면 3일 뒤에 받을 수 있습니다", "신청하지 않으면 3일 뒤에 받을 수 없습니다"),
        ("If you pay within 3 days, it is valid.", "If you do not pay within 3 days, it is valid."),
        ("It is valid for 3 days.", "It is invalid for 3 days."),
    ],
)
def test_a_denial_agrees_with_its_opposite_neither_in_the_curation_nor_in_the_evaluation(one: str, other: str) -> None:
    assert not agree(one, other)
    assert (fact_match(one, other), fact_match(other, one)) == (0, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2일 안에 내지 않으면 안 됩니다", "2일 안에 내야 합니다"),
        ("2일 안에 내지 아니하면 아니 됩니다", "2일 안에 내야 합니다"),
        ("2일 안에 불가능하지 않습니다", "2일 안에 가능합니다"),
        ("3만 원(부가세 미포함)", "부가세 미포함 3만 원"),
        ("3만 원이고 부가세는 포함하지 않습니다", "부가세 미포함 3만 원"),
        ("3건은 비공개", "3건은 공개하지 않습니다"),
        ("미제출 시 3회입니다", "제출하지 않을 시 3회입니다"),
        ("If you do not pay, it takes 3 days.", "It takes 3 days."),
        ("It takes 3 days without exception.", "It takes 3 days."),
        ("It is not impossible in 3 days.", "It is possible in 3 days."),
    ],
)
def test_the_same_is_denied_in_other_words(one: str, other: str) -> None:
    assert (fact_match(one, other), fact_match(other, one)) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "안내 데스크에 있습니다",
        "연못 앞입니다",
        "나이에 관계없이 신청합니다",
        "비밀번호를 바꿉니다",
        "미리 알립니다",
        "See No. 5",
    ],
)
def test_words_that_only_look_like_a_negation_deny_nothing(text: str) -> None:
    assert polarity(text).denied == 0


def test_texts_without_a_negation_need_no_morphemes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kiwi takes seconds to load; the curation of most documents does without it."""
    monkeypatch.setattr("pagetune.text.negation.morphemes", None)
    assert agree("3회", "모두 3회입니다.")


@pytest.mark.parametrize(
    ("one", "other", "repeated"),
    [
        ("", "불가피하게 ", True),
        ("", "비상구 앞 ", True),
        ("순서대로 ", "예외 없이 ", True),
        ("신분증을 낸 경우 ", "신분증을 못 낸 경우 ", False),
        ("신분증이 있으면 ", "신분증이 없으면 ", False),
    ],
)
def test_near_duplicates_deny_the_same(one: str, other: str, repeated: bool) -> None:
    first, second = (pair(f"{ASKED} 수 있나요?", words + LONG) for words in (one, other))
    assert near_duplicates([first, second], 0.6) == ({second.pair_id: first} if repeated else {})


def test_half_of_a_character_does_not_stop_korean_from_being_read() -> None:
    """A model may end its answer in one, and Kiwi refuses it."""
    assert polarity("\ud800모델: 환불되지 않습니다.").denied == 1
