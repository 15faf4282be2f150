"""What an answer states as fact, and whether another text states the same."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pagetune.evaluate.controls import echo
from pagetune.text.fact_match import fact_match, invented, judge

SAME = [
    # amounts and counts, however they are written
    ("수강료는 1,200원입니다", "1200 원"),
    ("35,000원", "3만 5천 원"),
    ("백만 원까지", "100만원까지"),
    ("삼만 원", "30,000원"),
    ("삼만 오천 원입니다", "3만5천원"),
    ("3만 5천 500원", "35,500원"),
    ("2,500만원 이하", "2천5백만원 이하"),
    ("1천200만 원", "1,200만원"),
    ("1조 2천억원", "12,000억 원"),
    ("10여 명", "10명"),
    ("5%p", "5%포인트"),
    ("-5℃", "영하 5도"),
    ("5,000 KRW", "5,000원"),
    ("3~5만원", "3만~5만 원"),
    ("두 시간", "2시간"),
    ("스무 명", "20명"),
    ("이틀", "2일"),
    ("3인까지", "세 명까지"),
    ("3일이내", "3일 이내에"),
    ("30 %", "30퍼센트"),
    ("500ml", "500 밀리리터"),
    ("5포인트와 5마일", "5마일과 5포인트"),
    ("1. 신청서 2. 신분증", "신청서, 신분증"),
    ("one hour", "1 hour"),
    ("It opens four times a year", "It opens 4 times a year"),
    # dates and times
    ("2024년 9월 15일", "2024-09-15"),
    ("2024. 9. 15.", "2024년 9월 15일"),
    ("오후 2시부터", "14시부터"),
    ("오후2시~5시", "14시~17시"),
    ("09:00~18:00", "오전 9시부터 오후 6시까지"),
    ("2시 반", "2시 30분"),
    ("2pm", "14:00"),
    ("9월 15일(일)", "9월 15일 일요일"),
    ("3.15.(금)", "3월 15일"),
    ("2024.03.", "2024년 3월"),
    ("March 5, 2024", "2024년 3월 5일"),
    ("5th of March", "March 5"),
    # codes, numbers that are one thing, addresses, names
    ("오류 코드는 E3입니다.", "E3"),
    ("02-555-0143으로 전화하세요", "02-555-0143"),
    ("(02) 555–0143", "02-555-0143"),
    ("025550143", "02-555-0143"),
    ("010.1234.5678", "010-1234-5678"),
    ("help@example.com으로 문의", "help@example.com"),
    ("서울시 의사당대로 143, 12층", "서울특별시 의사당대로 143 12층"),
    ("경남 3곳", "경상남도 3곳"),
    ("인공지능(AI) 교육은 3회", "인공지능 교육은 3회"),
    # negation, however it is said, and what only looks like one
    ("환불이 불가합니다.", "환불할 수 없습니다."),
    ("30일 뒤의 사용을 금지합니다", "30일 뒤에는 쓰지 마세요"),
    ("참석하여야 합니다", "참석하지 않으면 안 됩니다"),
    ("2층에 갈 수밖에 없습니다", "2층에 가지 않을 수 없습니다"),
    ("2층에 하나밖에 없습니다", "2층에 하나만 있습니다"),
    ("전화뿐만 아니라 방문도 2일 안에 됩니다", "전화와 방문 모두 2일 안에 됩니다"),
    ("전화 아니면 이메일로 3일 안에", "전화 또는 이메일로 3일 안에"),
    ("3일 안에 끝나고 말았습니다", "3일 안에 끝났습니다"),
    ("30분을 넘지 않게", "30분 이내"),
    ("no later than 5 days", "within 5 days"),
    ("Not only A but also B in 3 days", "A and B in 3 days"),
    # words alone
    ("정보보호팀", "정보보호팀"),
    ("정보보호팀입니다", "정보보호팀"),
    ("이용 불가", "이용할 수 없습니다"),
    ("○", "○"),
    ("It has one USB-C port on its bottom edge.", "It has a single USB-C port in the middle of the bottom edge."),
]
OTHER = [
    ("12000원", "1200원"),
    ("5,002,000원", "2천5백만원"),
    ("삼만 오천 원", "5천원"),
    ("정원은 12. 모집은 5명", "정원은 5명"),
    ("9월 15일(토)", "9월 15일(일)"),
    ("퇴사 후 30일 이후에 지급합니다", "퇴사 후 30일 이내에 지급합니다"),
    ("시험일 3일 후까지", "시험일 3일 전까지"),
    ("5일부터", "5일까지"),
    ("2층", "지하 2층"),
    ("영하 5도", "영상 5도"),
    ("10% 할인", "10% 할증"),
    ("3주", "3와트"),
    ("3 바", "3대"),
    ("3일", "3영업일"),
    ("5시", "5시간"),
    ("3개", "3개월"),
    ("3분", "3분기"),
    ("5m", "5mm"),
    ("30%", "30%p"),
    ("15시간", "1.5시간"),
    ("2024년 9월 16일", "2024-09-15"),
    ("2024-05-03", "2024년 3월 5일"),
    ("오전 2시", "오후 2시"),
    ("매주 월요일에 쉽니다", "매주 화요일에 쉽니다"),
    ("E3", "E5"),
    ("02-555-0144", "02-555-0143"),
    ("됩니다", "되지 않습니다"),
    ("환불이 가능합니다", "환불이 불가능합니다"),
    ("3일 안에 금지됩니다", "3일 안에 금지되지 않습니다"),
    ("You can cancel", "You can't cancel"),
    ("10명 이상", "10명 이하"),
    ("3월 이전", "3월 이후"),
    ("5% 증가", "5% 감소"),
    ("3년 무료", "3년 유료"),
    ("대전광역시 수성구 달빛숲길 64 3층", "대구광역시 수성구 달빛숲길 64 3층"),
    ("경상남도 3곳", "경상북도 3곳"),
    ("담당자는 이영호 팀장입니다", "담당자는 이영희 팀장입니다"),
    ("전혀 다른 말", "정보보호팀"),
    ("×", "○"),
    ("It is here that the ports of others are not.", "Notebooks can be saved from the Share menu."),
    ("3일", "정보보호팀"),
    ("", "정보보호팀"),
    ("", "3일"),
    ("143 12층, 그리고 7층", "143 12층"),
    ("어른 3,000원, 어린이 1,000원", "어른 1,000원, 어린이 3,000원"),
    ("10시부터 12시까지", "12시부터 10시까지"),
]
#: A limit that docs/scores.md names: paraphrases without a common word.
KNOWN_LIMITS = [
    ("이웃을 돕습니다", "지역 사회에 봉사합니다", 0),
]


@pytest.mark.parametrize(("prediction", "reference", "found"), KNOWN_LIMITS)
def test_the_known_limits_are_what_the_documents_say(prediction: str, reference: str, found: int) -> None:
    assert fact_match(prediction, reference) == found


@pytest.mark.parametrize(
    ("prediction", "reference", "question", "found"),
    [
        ("NB-700의 무게는 1.2kg입니다.", "1.2kg", "NB-700의 무게는?", 1),
        ("2024년 매출은 5억 원입니다.", "5억 원", "2024년 매출은 얼마인가요?", 1),
        ("2023년 매출은 5억 원입니다.", "5억 원", "2024년 매출은 얼마인가요?", 0),
        ("환불이 안 되는 때는 3일 뒤입니다", "3일 뒤", "환불이 안 되는 때는?", 1),
        ("NB-700", "1.2kg", "NB-700의 무게는?", 0),
        ("센터의 담당 부서입니다", "센터의 담당 부서는 정보보호팀입니다", "센터의 담당 부서는?", 0),
        ("이용할 수 없습니다", "이용 불가", "주말에도 이용할 수 있나요?", 1),
        ("이용할 수 있습니다", "이용 불가", "주말에도 이용할 수 있나요?", 0),
        ("신청이 불가합니다.", "신청할 수 없습니다.", "주말에도 신청할 수 있나요?", 1),
        ("예, 가능합니다.", "네", "주말에도 신청이 가능한가요?", 1),
        ("아니요, 환불받을 수 없습니다.", "아니요", "환불받을 수 있나요?", 1),
        ("서울특별시입니다", "네", "주말에도 신청이 가능한가요?", 0),
        ("예매", "예약", "예약과 현장 접수 가운데 무엇인가요?", 0),
        ("정보보호팀이 담당합니다", "센터의 담당 부서는 정보보호팀입니다", "센터의 담당 부서는?", 1),
        ("It is the colors of the case.", "Slate gray, sand, and forest green.", "What are the colors of the case?", 0),
    ],
)
def test_an_answer_may_repeat_its_question_and_has_to_answer_it(
    prediction: str, reference: str, question: str, found: int
) -> None:
    assert fact_match(prediction, reference, question) == found


@pytest.mark.parametrize(("prediction", "reference"), SAME)
def test_the_same_facts_in_other_words_match(prediction: str, reference: str) -> None:
    assert fact_match(prediction, reference) == 1


@pytest.mark.parametrize(("prediction", "reference"), OTHER)
def test_other_facts_in_like_words_do_not(prediction: str, reference: str) -> None:
    assert fact_match(prediction, reference) == 0


TEXTS = st.text("가나다라 서울시3,.만원일 않없ABe-:/%", max_size=25)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_an_answer_with_another_number_is_wrong_and_says_why(one: int, other: int) -> None:
    verdict = judge(f"요금은 {one:,}원입니다.", f"요금은 {other:,}원입니다.", "요금은 얼마인가요?")
    assert verdict.right == (one == other)
    assert not verdict.faults or verdict.faults[0] == f"lacks {other:,}원"


@pytest.mark.parametrize(
    ("prediction", "reference", "question", "fault"),
    [
        ("5천만 원입니다. 그러나 이 답은 틀렸습니다.", "5천만 원입니다.", "한도는?", "takes its answer back"),
        ("정보보호실 또는 총무팀입니다.", "정보보호실입니다.", "담당 부서는?", "names alternatives"),
        ("본부장이 팀장에게 보고합니다.", "팀장이 본부장에게 보고합니다.", "", "exchanges"),
        ("월 10,000원입니다.", "연 10,000원입니다.", "회비는?", "per month, not per year"),
        ("3일 뒤에 냅니다.", "3일 이내에 냅니다.", "기한은?", "after, not max"),
        ("제1항에 따른 허가를 위반한 자.", "금융위원회는 제1항에 따른 기준을 정한다.", "누가요?", "something else"),
        ("신청, 승인 순서입니다.", "신청, 심사, 승인 순서입니다.", "절차는?", "lacks 심사"),
    ],
)  # fmt: skip
def test_a_wrong_answer_has_a_reason(prediction: str, reference: str, question: str, fault: str) -> None:
    assert any(fault in found for found in judge(prediction, reference, question).faults)
    assert judge(reference, reference, question).right


def test_evidence_supports_what_an_answer_adds() -> None:
    question, reference, answer = "보관료는?", "하루 1만 원입니다.", "하루 1만 원이고, 처음 기본료는 5천 원입니다."
    assert not judge(answer, reference, question).right
    known = judge(answer, reference, question, "기본료 5천 원, 보관료 하루 1만 원")
    assert (known.right, known.invented) == (True, ())


@settings(deadline=None, max_examples=150)
@example("라나울")  # 라나우 and ㄹ, to Kiwi
@given(TEXTS.filter(lambda text: text.strip() != ""))
def test_every_text_matches_itself_and_invents_nothing_on_itself(text: str) -> None:
    assert fact_match(text, text) == 1
    assert invented(text, text) == []


def test_what_an_answer_makes_up_is_named() -> None:
    reference = "서울특별시 영등포구 의사당대로 143"
    assert invented("부산광역시 해운대로 7", reference + "\n주소는?") == ["7", "부산광역시", "해운대로"]
    assert invented("경상남도입니다", "어디?\n경상북도") == ["경상남도"]
    assert invented("3분기", "언제?\n3분") == ["3분기"]
    assert invented("월요일입니다", "무슨 요일?\n화요일") == ["월요일"]
    assert invented("서울시 영등포구", reference) == []
    assert invented("NB-70", "NB-700") == ["nb-70"]
    assert invented("help@example.co", "help@example.com") == ["help@example.co"]
    assert invented("2024년 3월", "2024년에") == ["3월"]
    assert invented("KB-200 모델", "모델") == ["kb-200"]


def test_what_the_question_says_is_not_made_up() -> None:
    assert invented("김민수 팀장의 번호는 모릅니다", "김민수 팀장의 번호는?\n02-555-0143") == []


@pytest.mark.parametrize(
    "text",
    [
        "a0 " * 3000,
        "말해줘" * 3300,
        "3," * 5000,
        "1 " * 5000,
        "월 " * 5000,
        "가" * 3000,
        "1. " * 3000,
        "천 " * 5000,
        "없" * 5000,
        "비공개" * 3000,
        "하면 " * 5000,
        "1조 1억" + "9" * 5000,
        "9" * 5000 + "천5백만",
    ],
)
def test_odd_long_texts_are_read_in_no_time(text: str) -> None:
    """A quadratic rule takes minutes on these, and the test suite with it."""
    assert fact_match(text, text, text) == 1
    assert invented(text, text) == []
    assert echo(text)


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("사진 촬영은 제한 없이 가능합니다.", "사진 촬영은 금지됩니다."),
        ("별도 신청 없이 이용할 수 있습니다.", "이용할 수 없습니다."),
        ("회원만 이용할 수 없습니다.", "회원만 이용할 수 있습니다."),
        ("You can enter without a ticket.", "You cannot enter."),
        ("There is no fee.", "There is a fee."),
        ("최소 3일 전", "3일 이후"),
        ("at least 3 days after purchase", "at least 3 days before purchase"),
        ("3월 1일에 2번", "하루에 2번"),
        ("접수일부터 7일입니다.", "발급일부터 7일입니다."),
        ("왕복 3만 원입니다.", "편도 3만 원입니다."),
        ("총무팀입니다. 인사팀입니다.", "총무팀입니다."),
        ("3일이 맞나요?", "3일입니다."),
    ],
)
def test_what_only_looks_alike_does_not_match(prediction: str, reference: str) -> None:
    assert fact_match(prediction, reference) == 0


@pytest.mark.parametrize(
    ("prediction", "reference"),
    [
        ("출입이 통제됩니다.", "출입할 수 없습니다."),
        ("음식 섭취는 안 됩니다.", "음식 섭취를 금합니다."),
        ("It opens from ten to twelve.", "It opens from 10 to 12."),
        ("월·수·금요일에 엽니다.", "월요일, 수요일, 금요일에 엽니다."),
        ("전화번호는 02)555-0143입니다.", "02-555-0143"),
        ("총 3일 걸립니다.", "약 3일 걸립니다."),
        ("책을 반납합니다.", "도서를 돌려줍니다."),
    ],
)
def test_what_only_looks_different_matches(prediction: str, reference: str) -> None:
    assert fact_match(prediction, reference) == 1


def test_an_addition_may_not_contradict_the_evidence() -> None:
    evidence = "전자책 대출 기간은 10일이며 예약자가 없으면 대출 기간을 5일 연장할 수 있다."
    answer = "전자책은 10일 동안 대출됩니다. 대출 기간은 연장할 수 없습니다."
    assert fact_match(answer, "10일 동안 대출됩니다.", "며칠 대출되나요?") == 1
    assert fact_match(answer, "10일 동안 대출됩니다.", "며칠 대출되나요?", evidence) == 0


def test_a_placed_order_is_not_a_sequence() -> None:
    reference = "Orders before noon, from members or from guests, ship today; later ones ship tomorrow."
    prediction = "Later ones ship tomorrow; orders before noon, from members or from guests, ship today."
    assert fact_match(prediction, reference, "When will my online order ship?") == 1
    assert fact_match(prediction, reference, "In which order do they ship?") == 0
