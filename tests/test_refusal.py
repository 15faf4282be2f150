"""An answer that says that it does not know: a refusal to the curation, an abstention to the evaluation."""

import unicodedata

import pytest
from test_curate import pair
from test_filters import reason

from pagetune.text.refusal import abstains, phrases


@pytest.mark.parametrize(
    "answer",
    [
        # only the filter used to know these
        "대답할 수 없습니다.",
        "본문에는 신청 방법이 없습니다.",
        "제공된 정보만으로는 기한이 없음",
        "문서에 나타나 있지 않습니다.",
        "제시되어 있지 않다",
        "명시되지 않음",
        "I'm sorry, that is beyond me.",
        "As an AI, I have no opinion.",
        "Unknown.",
        "N/A",
        "The passage doesn't tell when.",
        "That is not specified in the manual.",
        # only the evaluation used to know these
        "모르겠다",
        "알 수가 없습니다",
        "알려드릴 수 없습니다",
        "모르겠습니다. 센터에 물어보세요.",
        "확인이 어렵습니다",
        "답변드리기 어렵습니다.",
        "관련 내용이 없습니다.",
        "정보 없음",
        "규정되어 있지 않습니다.",
        "Sorry, I don't know.",
        "There is not enough information.",
        "It cannot be determined.",
        "I don’t have that information.",
    ],
)
def test_a_refusal_to_the_filter_is_an_abstention_to_the_evaluation_and_the_reverse(answer: str) -> None:
    assert reason(pair("언제인가요?", answer)) == "refusal"
    assert abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        # only the filter used to take these for refusals
        "신분증이 없으면 본인임을 확인할 수 없습니다.",
        "There is no information desk on floor 3",
        # neither did
        "주차장이 없습니다.",
        "환불할 수 없습니다.",
        "비밀번호를 알 수 없게 만듭니다.",
        "이 사실을 모르겠다고 하면 3일 안에 신고합니다",
        "고객의 개인정보는 제3자에게 제공할 수 없습니다.",
        "The document does not need a stamp.",
        "It is not provided for employees.",
        "Unknown devices are blocked.",
    ],
)
def test_an_answer_that_says_something_is_a_refusal_to_neither(answer: str) -> None:
    assert reason(pair("언제인가요?", answer)) is None
    assert not abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "알 수 없습니다.",
        "문서에는 그 정보가 없습니다",
        "죄송하지만 답변드릴 수 없습니다.",
        "I don’t know.",
        "I don't know the price.",
        "알수없습니다",
        unicodedata.normalize("NFD", "그 문서만으로는 신청 기한이 언제인지 도저히 알 수 없습니다."),
    ],
)
def test_an_answer_that_does_not_know_abstains(answer: str) -> None:
    assert abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "3영업일 이내입니다.",
        "",
        "알 수 없습니다. " + "가" * 100,
    ],
)
def test_an_answer_that_says_something_does_not_abstain(answer: str) -> None:
    assert not abstains(answer)


def test_the_published_phrases_are_many_and_none_is_empty() -> None:
    assert len(phrases()) > 40
    assert all(len(phrase) >= 4 for phrase in phrases())
