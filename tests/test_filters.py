"""What no model should learn: answers that break off or refuse, questions that point elsewhere, personal numbers."""

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from test_curate import pair

from pagetune.curate.filters import filter_pairs, longest_answer, script_share
from pagetune.curate.losses import loss_lines
from pagetune.curate.personal_data import find_personal_data, mask, without_personal_data
from pagetune.params import Curate, Params, load_params
from pagetune.records import Pair

ALL_PARAMS: Params = load_params(ROOT / "params.yaml")
PARAMS: Curate = ALL_PARAMS.curate
TOKENS = 200


def reason(row: Pair, **changes: object) -> str | None:
    kept, rejected = filter_pairs([row], PARAMS.model_copy(update=changes), TOKENS)
    assert len(kept) + len(rejected) == 1
    return rejected[0].reason if rejected else None


@pytest.mark.parametrize(
    "answer",
    [
        "신청서를 내고,",
        "다음과 같습니다:",
        "신청서(양식은 누리집에",
        "신청서를 냅니다. 그리고 창구에서",
        "Fill in the form. Then go to",
    ],
)
def test_an_answer_that_breaks_off_is_unfinished(answer: str) -> None:
    assert reason(pair("어떻게 신청하나요?", answer)) == "unfinished"


@pytest.mark.parametrize(
    "answer",
    [
        "서울특별시 종로구",
        "9만 원",
        "네. 알겠어요",
        "다음 일을 합니다. 1. 접수 2. 발급",
        "다음 일을 합니다. • 접수 • 발급",
        "1) 접수 2) 발급",
        "By card. • Visa",
        "02-555-0143",
        "St. Mary's",
        "다음을 말한다. 가. 서명자의 신원 나. 서명하였다는 사실",
        "온라인으로 신청합니다. www.hanbit.kr",
        "문의합니다. 전화 02-555-0143",
        "총무과입니다. (내선 1234)",
        "It starts in Jan. 5",
    ],
)
def test_an_answer_that_is_whole_stays(answer: str) -> None:
    assert reason(pair("어떻게 신청하나요?", answer)) is None


@pytest.mark.parametrize(
    "question",
    [
        "위 표에서 가장 비싼 과정은 무엇인가요?",
        "다음 그림은 무엇을 나타내나요?",
        "본문에 따르면 신청은 언제인가요?",
        "이 글의 주제는 무엇인가요?",
        "해당 조항은 무엇을 정하나요?",
        "According to the document, what is the fee?",
        "What does this section describe?",
        "What is shown in the table above, in the above section?",
        "What does the author think?",
        "위에서 언급한 요금은 얼마인가요?",
        "What does the document say about it?",
    ],
)
def test_a_question_that_points_at_its_passage_is_rejected(question: str) -> None:
    text = question.replace("this section", "the passage")
    assert reason(pair(text)) == "passage_dependent"


@pytest.mark.parametrize(
    "question",
    [
        "전자문서에 따르면 되나요?",
        "시간표는 어디에 있나요?",
        "전자금융거래법 제6조 제2항의 내용은 무엇인가요?",
        "What is this?",
    ],
)
def test_a_question_that_only_looks_like_it_stays(question: str) -> None:
    assert reason(pair(question)) is None


@pytest.mark.parametrize(
    "answer",
    [
        "죄송하지만 알 수 없습니다.",
        "주어진 글에는 그런 내용이 없습니다.",
        "문서에 언급되어 있지 않습니다.",
        "I don't know.",
        "The document does not mention it.",
        "Not specified in the text.",
        "모르겠습니다.",
        "문서에 나와 있지 않음",
        "There is no information.",
        "It isn't stated in the document.",
        "문서에서 언급되지 않았습니다.",
        "The fee is not mentioned in the document.",
    ],
)
def test_a_refusal_is_no_answer(answer: str) -> None:
    assert reason(pair("얼마인가요?", answer)) == "refusal"


@pytest.mark.parametrize(
    "answer",
    [
        "주차장이 없습니다.",
        "No, it is not.",
        "한글 파일은 지원하지 않습니다.",
        "댓글은 수정되지 않습니다.",
        "제출한 문서는 반환하지 않습니다.",
        "고객의 개인정보는 제3자에게 제공할 수 없습니다.",
        "The document does not need a stamp.",
        "It is not provided for employees.",
    ],
)
def test_an_answer_that_says_no_is_no_refusal(answer: str) -> None:
    assert reason(pair("주차가 되나요?", answer)) is None


@pytest.mark.parametrize(
    ("question", "answer"), [("얼마인가요?", "価格は九万ウォンです"), ("什么是费用?", "9만 원"), ("???", "9만 원")]
)
def test_another_script_than_wanted_is_rejected(question: str, answer: str) -> None:
    assert reason(pair(question, answer)) == "wrong_script"


def test_scripts_can_be_chosen_and_filters_taken_out() -> None:
    japanese = pair("料金はいくらですか?", "九万ウォンです。")
    assert reason(japanese, scripts=["han", "kana"]) is None
    assert reason(japanese, filters=[]) is None
    assert reason(pair("전자금융(電子金融)이란 무엇을 말하나요?", "전자금융거래를 말한다.")) is None


def test_lengths_are_those_of_the_settings() -> None:
    assert reason(pair("물음?", "가" * 201), max_answer_characters=200) == "too_long"
    assert reason(pair("물음?", "가" * 200), max_answer_characters=200) is None
    assert reason(pair("물" * 121, "가")) == "too_long"
    assert reason(pair("물음?", "가나"), min_answer_characters=3) == "too_short"


@given(st.text())
def test_a_share_is_a_share(text: str) -> None:
    share = script_share(text, ("hangul", "latin"))
    assert share is None or 0 <= share <= 1


# The numbers are made up: the dates are valid, the card numbers are those that issuers give for tests.
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("900101-1234567", "resident_number"),
        ("주민등록번호는 010203-4123456입니다", "resident_number"),
        ("900101-5234567", "resident_number"),
        ("주민번호 9001011234567", "resident_number"),
        ("010-123-4567", "mobile_number"),
        ("4111 1111 1111 1111", "card_number"),
        ("4111-1111-1111-1111", "card_number"),
        ("378282246310005", "card_number"),
        ("010-1234-5678", "mobile_number"),
        ("01012345678", "mobile_number"),
        ("+82 10-1234-5678", "mobile_number"),
        ("011.234.5678", "mobile_number"),
        ("010 - 1234 - 5678", "mobile_number"),
        ("010–1234–5678", "mobile_number"),
        ("82-10-1234-5678", "mobile_number"),
        ("０１０-１２３４-５６７８", "mobile_number"),
        ("900101－1234567", "resident_number"),
        ("4111–1111–1111–1111", "card_number"),
    ],
)
def test_a_persons_number_is_found_and_masked(text: str, kind: str) -> None:
    assert list(find_personal_data(f"문의: {text}.")) == [kind]
    assert not any(sign.isdigit() for sign in mask(text).replace("82", ""))
    assert len(mask(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "02-555-0143",
        "1588-1234",
        "031-123-4567",
        "901301-1234567",
        "900132-1234567",
        "4111-1111-1111-1112",
        "2024-01-01",
        "1-408-955-1750",
        "978-89-01-23456-7",
        "제19734호",
        "시리얼 0161234567",
        "법인등록번호 110111-1234567",
        "바코드 8801011234567",
        "1,234,567,890,123",
    ],
)
def test_an_offices_number_stays(text: str) -> None:
    assert find_personal_data(f"문의 {text}") == {}
    assert mask(text) == text


def test_pairs_with_such_numbers_are_dropped_masked_or_kept() -> None:
    row = pair("담당자 번호는?", "010-1234-5678")
    kept, rejected, counts = without_personal_data([row, pair("주소는?", "서울")], "drop")
    assert [p.output for p in kept] == ["서울"]
    assert [(r.reason, r.output, r.detail) for r in rejected] == [("personal_data", "***-****-****", "mobile_number")]
    assert counts == {"mobile_number": 1}
    (masked,), none, _ = without_personal_data([row], "mask")
    assert (masked.output, masked.evidence, none) == ("***-****-****", "***-****-****", [])
    assert without_personal_data([row], "keep")[0] == [row]


def test_the_longest_answer_is_what_the_model_may_write() -> None:
    def limit(tokens: int, characters: object, korean: bool = True) -> int:
        return longest_answer(PARAMS.model_copy(update={"max_answer_characters": characters}), tokens, korean=korean)

    assert (limit(100, "auto"), limit(200, "auto"), limit(100, 500)) == (130, 260, 500)
    assert (limit(100, "auto", korean=False), limit(100, 500, korean=False)) == (230, 500)


def test_an_english_answer_may_have_more_characters_than_a_korean_one() -> None:
    assert reason(pair("What is sold?", "a sale " * 60)) is None
    assert reason(pair("무엇을 파나요?", "가방 " * 140)) == "too_long"


def test_the_console_names_the_keys_that_keep_what_is_too_long() -> None:
    params = ALL_PARAMS.model_copy(update={"predict": ALL_PARAMS.predict.model_copy(update={"max_new_tokens": TOKENS})})
    _, rejected = filter_pairs([pair("물음?", "가" * 400), pair("물" * 130, "가")], PARAMS, TOKENS)
    assert loss_lines(rejected, params, 1000) == [
        "2 pairs are too_long: the answer to '물음?' has 400 characters, and curate.max_answer_characters (auto) "
        "allows 260. Set predict.max_new_tokens to 309. A question has 130 characters, and "
        "curate.max_question_characters allows 120. Set it to 130."
    ]
    assert loss_lines([], params) == []
    raised = params.curate.model_copy(update={"max_question_characters": 130})
    assert filter_pairs([pair("물음?", "가" * 400), pair("물" * 130, "가")], raised, 309)[1] == []
