"""An answer is looked up in the pages: one states it, says otherwise, or none does; ask, chat and serve act on it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.commands.gate import Gate, support_html, support_lines
from pagetune.records import Page, Pair, Table
from pagetune.search.answer_forms import has_another_form
from pagetune.search.index import Index
from pagetune.search.passages import passages
from pagetune.search.statements import differs
from pagetune.search.support import Evidence, nothing_found

POOL = """솔빛수영장 이용 안내
1. 이용 시간
솔빛수영장은 평일 아침 6시에 문을 열고 밤 9시에 문을 닫습니다. 주말에는 아침 8시에 열어 저녁 6시까지 운영합니다.
2. 요금
성인의 하루 이용료는 7,000원입니다. 수영모가 없는 사람은 물에 들어갈 수 없습니다.
강습의 환불은 개강 3일 전까지 신청할 수 있습니다. 사물함의 보증금은 2천 원입니다."""
LESSONS = Table(
    caption="강습반",
    rows=[
        ["강습반", "요일", "수강료", "정원"],
        ["기초반", "월·수", "5만 원", "20명"],
        ["평영반", "화·목", "6만 원", "15명"],
        ["접영반", "토", "4만 원", "12명"],
    ],
    layout="header",
)
DESK = """Harbour Library Guide
Loans
A book may be kept for 21 days. Late books cost 20 cents a day. The reading room seats 48 people.
The library is closed on Mondays."""


def page(doc_id: str, text: str, tables: list[Table]) -> Page:
    return Page(
        doc_id=doc_id, source_sha256="", page_number=1, text=text, tables=tables, quality={}, status="ok", reason=None
    )


PAGES = [page("pool", POOL, [LESSONS]), page("library", DESK, [])]


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence(PAGES)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("솔빛수영장의 성인 하루 이용료는 얼마인가요?", "7,000원입니다."),
        ("솔빛수영장 어른 하루 요금 얼마예요?", "7천 원"),
        ("솔빛수영장의 성인 하루 이용료는 어떻게 됩니까?", "7,000원"),
        ("솔빛수영장은 평일에 몇 시에 문을 여나요?", "평일에는 아침 6시에 문을 엽니다."),
        ("강습 환불은 언제까지 신청할 수 있나요?", "개강 3일 전까지"),
        ("평영반의 수강료는 얼마인가요?", "6만 원"),
        ("접영반은 무슨 요일에 하나요?", "토"),
        ("How long may a book be kept?", "21 days"),
        ("When is the library closed?", "On Mondays."),
    ],
)
def test_what_a_page_states_is_supported_by_that_page(evidence: Evidence, question: str, answer: str) -> None:
    support = evidence.support(question, answer)
    assert support.verdict == "supported"
    assert support.passage is not None
    assert support.passage.doc_id == ("library" if question.isascii() else "pool")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("솔빛수영장의 성인 하루 이용료는 얼마인가요?", "9,000원입니다."),
        ("평영반의 수강료는 얼마인가요?", "4만 원"),
        ("평영반의 정원은 몇 명인가요?", "12명"),
        ("사물함의 보증금은 얼마인가요?", "5천 원"),
        ("How long may a book be kept?", "14 days"),
    ],
)
def test_a_page_with_another_number_says_otherwise(evidence: Evidence, question: str, answer: str) -> None:
    assert evidence.support(question, answer).verdict == "contradicted"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("솔빛수영장의 전화번호는 몇 번인가요?", "02-555-0100"),
        ("접영반의 수강료는 얼마인가요?", "토"),
        ("솔빛수영장의 관장은 누구인가요?", "한보람"),
        ("한빛은행의 대출 한도는 얼마인가요?", "7,000원"),
        ("수영모는 어디에서 빌리나요?", "2층 매점"),
        ("솔빛수영장의 성인 하루 이용료는 얼마인가요?", ""),
        ("Who founded the library?", "Ada Brook"),
    ],
)
def test_what_no_page_states_is_not_found(evidence: Evidence, question: str, answer: str) -> None:
    assert evidence.support(question, answer).verdict == "not_found"


def test_a_denial_of_what_a_page_states_is_not_supported(evidence: Evidence) -> None:
    question = "수영모가 없는 사람은 물에 들어갈 수 있나요?"
    assert evidence.support(question, "아니요, 물에 들어갈 수 없습니다.").verdict == "supported"


@given(number=st.integers(10_000, 10_000_000).filter(lambda number: number not in (40_000, 50_000, 60_000)))
def test_no_amount_that_is_on_no_page_is_supported(evidence: Evidence, number: int) -> None:
    assert evidence.support("성인의 하루 이용료는 얼마인가요?", f"{number:,}원").verdict != "supported"


def test_pages_that_could_not_be_read_support_nothing() -> None:
    unread = PAGES[0].model_copy(update={"status": "quarantined", "reason": "garbled"})
    assert Evidence([unread, PAGES[1]]).support("성인의 하루 이용료는?", "7,000원").verdict == "not_found"


DASHES = Table(caption="", rows=[["-", "-"], ["-", "-"]], layout="header")


@pytest.mark.parametrize(
    "pages",
    [
        [],
        [PAGES[0].model_copy(update={"status": "quarantined", "reason": "garbled"})],
        [page("dashes", "", [DASHES])],
        [page("marks", "* * *\n---", [])],
    ],
)
def test_pages_without_a_word_support_nothing(pages: list[Page]) -> None:
    assert Evidence(pages).support("보증금은 얼마인가요?", "2천 원").verdict == "not_found"


def test_where_no_page_is_readable_every_answer_is_shown() -> None:
    gate = Gate([PAGES[0].model_copy(update={"status": "quarantined", "reason": "garbled"})], "refuse")
    assert (gate.holds_back, gate.check(*RIGHT).text, gate.support(*RIGHT)) == (False, RIGHT[1], None)


def test_the_first_row_of_a_turned_table_names_what_its_columns_are_about() -> None:
    rows = [["구분", "단풍실", "은행실"], ["대여료", "3만 원", "5만 원"], ["좌석", "40석", "90석"]]
    halls = page("halls", "회의실 안내", [Table(caption="", rows=rows, layout="turned")])
    assert Evidence([halls]).support("단풍실 말고 은행실의 대여료는 얼마인가요?", "5만 원").verdict == "supported"


RULES = """온새미미술관 관람 안내
관람
온새미미술관은 밤 9시에 문을 닫습니다. 전시실 한 바퀴를 도는 데에는 1시간 30분이 걸립니다.
분실물은 일주일 동안 보관합니다.
반려동물은 전시실에 입장할 수 없습니다. 삼각대는 사용할 수 있습니다. 정원에서는 음식을 먹어도 됩니다.
초등학생이 되지 않은 어린이는 보호자와 함께 들어갑니다. 관장은 문가람이고 학예실장은 서다온입니다.
안내실은 1층에 있고 주차장은 무료입니다."""
HALL = """Willow Hall House Rules
Visits
Dogs are not allowed in the main hall. Bicycles may be kept in the yard. The hall can be hired for $1,200 a day.
The caretaker of the hall is Carl Smith. A tour takes half an hour. Smoking is prohibited on the terrace."""
HOUSES = [page("museum", RULES, []), page("hall", HALL, [])]


@pytest.fixture(scope="module")
def houses() -> Evidence:
    return Evidence(HOUSES)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("반려동물은 전시실에 입장할 수 있나요?", "아니요.", "네, 가능합니다."),
        ("반려동물은 전시실에 입장할 수 있나요?", "아니요, 입장할 수 없습니다.", "네, 입장할 수 있습니다."),
        ("삼각대를 사용할 수 있나요?", "네, 가능합니다.", "아니요, 불가능합니다."),
        ("삼각대를 사용할 수 있나요?", "사용할 수 있습니다.", "사용할 수 없습니다."),
        ("정원에서 음식을 먹어도 되나요?", "네.", "안 됩니다."),
        ("Are dogs allowed in the main hall?", "No.", "Yes."),
        ("Are dogs allowed in the main hall?", "No, dogs are not allowed.", "Yes, dogs are allowed."),
        ("What about dogs in the main hall?", "Dogs are not allowed.", "Dogs are allowed."),
        ("May bicycles be kept in the yard?", "Yes.", "No, they may not."),
    ],
)
def test_yes_and_no_are_judged_by_the_sentence_that_has_the_question(
    houses: Evidence, question: str, right: str, wrong: str
) -> None:
    assert houses.support(question, right).verdict == "supported"
    assert houses.support(question, wrong).verdict != "supported"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("온새미미술관에서 유모차를 빌릴 수 있나요?", "네, 가능합니다."),
        ("온새미미술관에서 유모차를 빌릴 수 있나요?", "아니요."),
        ("Is there a swimming pool in the hall?", "Yes."),
    ],
)
def test_a_yes_or_no_to_what_no_sentence_speaks_of_is_not_found(houses: Evidence, question: str, answer: str) -> None:
    assert houses.support(question, answer).verdict == "not_found"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("온새미미술관의 전시실을 도는 데 얼마나 걸리나요?", "90분"),
        ("온새미미술관은 몇 시에 문을 닫나요?", "21시"),
        ("온새미미술관의 분실물은 며칠 동안 보관하나요?", "7일"),
        ("How much does it cost to hire the hall for a day?", "1200 dollars"),
        ("How long does a tour take?", "30 min"),
    ],
)
def test_the_notation_of_a_number_makes_no_difference(houses: Evidence, question: str, answer: str) -> None:
    assert houses.support(question, answer).verdict == "supported"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("온새미미술관의 전시실을 도는 데 얼마나 걸리나요?", "80분"),
        ("온새미미술관은 몇 시에 문을 닫나요?", "오전 9시"),
        ("How long does a tour take?", "40 min"),
        ("Who is the caretaker of the hall?", "Carl Young"),
        ("Who is the caretaker of the hall?", "Carl Smith Young is the caretaker of the hall."),
        ("온새미미술관의 학예실장은 누구인가요?", "온새미미술관의 학예실장은 김민수입니다."),
        ("What is the capital of France?", "Carl Smith"),
    ],
)
def test_another_number_or_name_or_question_is_not_supported(houses: Evidence, question: str, answer: str) -> None:
    assert houses.support(question, answer).verdict != "supported"


def test_what_a_page_denies_of_others_does_not_deny_the_answer(houses: Evidence) -> None:
    answer = "보호자와 함께 들어가야 합니다."
    assert houses.support("초등학생이 아닌 어린이는 어떻게 들어가나요?", answer).verdict == "supported"


RIGHT = ("평영반의 수강료는 얼마인가요?", "6만 원")
WRONG = ("평영반의 수강료는 얼마인가요?", "4만 원")
UNKNOWN = ("관장은 누구인가요?", "한보람")


@pytest.mark.parametrize(
    ("unsupported", "case", "text", "noted"),
    [
        ("refuse", RIGHT, "6만 원", False),
        ("refuse", WRONG, "문서에서 찾을 수 없습니다.", True),
        ("refuse", UNKNOWN, "문서에서 찾을 수 없습니다.", True),
        ("refuse", ("Who founded it?", "Ada Brook"), "The documents do not say.", True),
        ("warn", RIGHT, "6만 원", False),
        ("warn", WRONG, "4만 원", True),
        ("warn", UNKNOWN, "한보람", True),
        ("show", WRONG, "4만 원", False),
    ],
)
def test_an_answer_that_no_page_supports_is_held_back_or_has_a_warning(
    unsupported: str, case: tuple[str, str], text: str, noted: bool
) -> None:
    checked = Gate(PAGES, unsupported).check(*case)
    assert (checked.text, checked.note is not None) == (text, noted)


def test_the_warning_quotes_the_page_that_says_otherwise() -> None:
    note = Gate(PAGES, "warn").check(*WRONG).note
    assert note is not None
    assert note.startswith("pool, page 1 says otherwise: ")
    assert "평영반 | 화·목 | 6만 원 | 15명" in note


def test_without_pages_every_answer_is_shown() -> None:
    gate = Gate([], "refuse")
    assert (gate.holds_back, gate.check(*WRONG).text, gate.support(*WRONG)) == (False, "4만 원", None)


def test_the_source_is_the_page_that_states_the_answer() -> None:
    support = Gate(PAGES, "show").support(*RIGHT)
    assert support is not None
    assert support_lines(support)[0] == "source: pool, page 1"
    assert "  평영반 | 화·목 | 6만 원 | 15명" in support_lines(support)


def test_the_source_of_an_answer_that_a_page_contradicts_is_called_so() -> None:
    support = Gate(PAGES, "show").support(*WRONG)
    assert support is not None
    assert support_lines(support)[0] == "the page that says otherwise: pool, page 1"


def test_a_page_is_shown_as_text_with_the_passage_marked() -> None:
    evil = page("x", "글쓴이의 이름은 <script>알렉스</script>입니다.", [])
    support = Gate([evil], "show").support("글쓴이의 이름은 무엇인가요?", "알렉스")
    assert support is not None
    shown = support_html(support, {("x", 1): evil})
    assert "<script>" not in shown
    assert "<mark>글쓴이의 이름은 &lt;script&gt;알렉스" in shown


@pytest.mark.parametrize(("question", "said"), [("얼마인가요?", "문서에서"), ("How much?", "The documents")])
def test_the_refusal_is_in_the_language_of_the_question(question: str, said: str) -> None:
    assert nothing_found(question).startswith(said)


def test_what_a_users_own_row_answers_is_shown_though_no_page_has_it() -> None:
    row = Pair.original("1", "헬프데스크의 내선 번호는 몇 번인가요?", "7788번입니다.", "user", "rows")
    gate = Gate(PAGES, "refuse", [row])
    assert gate.check("헬프데스크 내선 번호는 몇 번인가요?", "7788번입니다.").text == "7788번입니다."
    assert gate.support("헬프데스크 내선 번호는 몇 번인가요?", "7788번입니다.") is None
    assert gate.check("헬프데스크 내선 번호는 몇 번인가요?", "1234번입니다.").text == "문서에서 찾을 수 없습니다."


CAMP = """별마루캠핑장 SX-20 구역 안내
입장
입장하려면 다음을 관리소에 내야 합니다:
1. 예약 확인서
2. 대표자의 신분증 사본
3. 차량 번호를 적은 신청서
4. 반려견의 예방접종 증명서
가지고 들어올 수 없는 물건은 다음과 같습니다:
- 폭죽과 불꽃놀이 용품
- 확성기와 대형 스피커
- 장작을 패는 도끼
- 드론
불을 쓰는 법
모닥불은 화로대 위에서만 피울 수 있습니다. 바람이 초속 10미터를 넘으면 불을 꺼야 합니다. \
재는 식힌 뒤 회수함에 버립니다. 소화기는 구역마다 두 개씩 있습니다. \
불씨를 남기고 떠난 이용자에게는 5만 원의 청소비를 물립니다.
만 14세 미만은 보호자의 동의서가 있어야 예약할 수 있습니다. 전기는 한 구역에 월 30kWh까지 무료입니다.
데크는 하루에 4만 원이고, 카라반은 하루에 11만 원입니다. \
오토캠핑 자리에는 텐트를 두 동, 잔디 자리에는 한 동까지 칩니다."""
BOATS = Table(
    caption="배 대여",
    rows=[["배", "대여료", "정원"], ["카약", "2만 원", "2명"], ["오리배", "3만 원", "4명"], ["보트", "7만 원", "6명"]],
    layout="header",
)
FIRE = CAMP.split("불을 쓰는 법\n")[1].split("\n")[0]
PAPERS = ["예약 확인서", "대표자의 신분증 사본", "차량 번호를 적은 신청서", "반려견의 예방접종 증명서"]
BANNED = ["폭죽과 불꽃놀이 용품", "확성기와 대형 스피커", "장작을 패는 도끼", "드론"]


@pytest.fixture(scope="module")
def camp() -> Evidence:
    return Evidence([page("camp", CAMP, [BOATS]), *PAGES])


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("모닥불은 어떻게 피워야 하나요?", FIRE, FIRE.replace("두 개씩", "세 개씩")),
        ("모닥불은 어떻게 피워야 하나요?", FIRE.replace(". ", ".\n"), f"{FIRE} 불은 밤 9시에 꺼야 합니다."),
        ("입장하려면 관리소에 무엇을 내야 하나요?", "\n".join(f"- {one}" for one in PAPERS), "\n".join(BANNED)),
        ("입장하려면 관리소에 무엇을 내야 하나요?", ", ".join(PAPERS), ", ".join([*PAPERS[:3], "가족관계증명서"])),
        ("가지고 들어올 수 없는 물건은 무엇인가요?", "\n".join(BANNED), "\n".join(PAPERS)),
        (
            "배 대여료를 알려 주세요.",
            "카약 2만 원, 오리배 3만 원, 보트 7만 원",
            "카약 2만 원, 오리배 7만 원, 보트 3만 원",
        ),
        (
            "오리배의 대여료와 정원은?",
            "오리배의 대여료는 3만 원이고 정원은 4명입니다.",
            "오리배의 대여료는 2만 원입니다.",
        ),
        ("데크와 카라반은 각각 얼마인가요?", "데크는 4만 원, 카라반은 11만 원", "데크는 11만 원, 카라반은 4만 원"),
    ],
)
def test_every_part_of_a_long_answer_has_to_stand_on_the_page_under_what_the_question_asks_for(
    camp: Evidence, question: str, right: str, wrong: str
) -> None:
    assert camp.support(question, right).verdict == "supported"
    assert camp.support(question, wrong).verdict != "supported"


def test_the_parts_of_an_answer_may_stand_on_two_pages_that_follow_each_other_and_on_no_others() -> None:
    first, second = CAMP.split("가지고 들어올 수")
    follows = page("camp", f"가지고 들어올 수{second}", []).model_copy(update={"page_number": 2})
    question, answer = "입장하려면 관리소에 무엇을 내야 하나요?", ", ".join([*PAPERS[:3], "드론", "장작을 패는 도끼"])
    near = Evidence([page("camp", first, []), follows])
    far = Evidence([page("camp", first, []), follows.model_copy(update={"page_number": 5})])
    assert near.support(question, answer).verdict == "supported"
    assert far.support(question, answer).verdict != "supported"


@pytest.mark.parametrize(
    ("question", "answer", "supported"),
    [
        ("만 13세 학생이 캠핑장을 예약하려면 무엇이 있어야 하나요?", "보호자의 동의서", True),
        ("만 17세 학생이 캠핑장을 예약하려면 무엇이 있어야 하나요?", "보호자의 동의서", False),
        ("바람이 초속 12미터로 불면 불을 어떻게 해야 하나요?", "불을 꺼야 합니다.", True),
        ("바람이 초속 6미터로 불면 불을 어떻게 해야 하나요?", "불을 꺼야 합니다.", False),
        ("SX-20 구역의 전기는 한 달에 얼마까지 무료인가요?", "30kWh", True),
        ("SX-90 구역의 전기는 한 달에 얼마까지 무료인가요?", "30kWh", False),
    ],
)
def test_a_number_of_the_question_has_to_meet_the_bound_that_the_page_states(
    camp: Evidence, question: str, answer: str, supported: bool
) -> None:
    assert (camp.support(question, answer).verdict == "supported") == supported


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("강습 환불은 언제까지 신청할 수 있나요?", "3일"),
        ("강습 환불은 며칠 전까지 신청할 수 있나요?", "7,000원"),
        ("솔빛수영장 하루 이용료는 얼마예요?", "개강 3일 전까지"),
        ("기초반의 정원은 몇 명인가요?", "5만 원"),
    ],
)
def test_a_number_of_another_kind_than_is_asked_for_is_not_supported(
    evidence: Evidence, question: str, answer: str
) -> None:
    assert evidence.support(question, answer).verdict != "supported"


def test_ask_uses_the_index_that_the_stage_has_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Index(passages(PAGES)).save(tmp_path / "data/search/index")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pagetune.search.index._build", lambda _: pytest.fail("was indexed again"))
    assert Gate(PAGES, "refuse").check(*RIGHT).text == RIGHT[1]


LAW = """이용자 보호 규정
제15조(업무준칙의 준수)
① 사업자는 준칙을 작성하여 3일 안에 게시하여야 한다.
④ 제2항 및 제3항에 따라 게시하는 업무준칙의 내용에는 요금의 반환이 포함되어야 한다."""


def test_the_number_of_a_paragraph_is_not_a_value_that_differs() -> None:
    """제4항 is where something stands, so that a page that says it of 제2항 does not say otherwise."""
    assert not differs("제1항에 따라 보호한다.", "제15조 제4항에 따라 보호한다.")
    assert differs("3일 안에 게시한다.", "제3항에 따라 5일 안에 게시한다.")


def test_an_answer_that_stands_on_the_page_is_not_contradicted() -> None:
    found = Evidence([page("law", LAW, [])])
    answer = "제2항 및 제3항에 따라 게시하는 업무준칙의 내용에는 요금의 반환이 포함되어야 한다."
    asked = "이용자 보호 규정 제15조(업무준칙의 준수) 제4항의 내용은 무엇인가요?"
    assert found.support(asked, answer).verdict != "contradicted"


def test_a_row_of_a_form_is_read_below_the_row_that_names_it() -> None:
    form = Table(caption="", rows=[["요구사항 명칭", "화면 잠금"], ["응답 시간", "2초"]], layout="form")
    rows = [one for one in passages([page("form", "", [form])]) if one.place.table is not None]
    assert "요구사항 명칭 | 화면 잠금" in rows[1].above


BRANCHES = Table(
    caption="지점",
    rows=[
        ["지점", "전화번호", "담당자", "운영시간"],
        ["솔밭 지점", "02-555-0301", "한보람 대리", "평일 오전 9시~오후 4시"],
        ["강변 지점", "02-555-0302", "오다솜 과장", "평일 오전 10시~오후 5시"],
    ],
    layout="header",
)
UNITS = Table(
    caption="담당 팀",
    rows=[["팀", "담당 업무", "인원"], ["여신심사팀", "대출 심사", "12명"], ["고객지원팀", "민원 접수", "9명"]],
    layout="header",
)
CLINIC = """푸른나무치과의원 이용 안내
푸른나무치과의원은 평일 오전 9시 30분에 진료를 시작합니다. 잇몸 마취는 두 시간 동안 이어집니다.
임플란트의 비용과 소요 기간은 상담에서 알려 드립니다. 진료실에는 보호자 한 명만 들어올 수 있습니다.
The Harbour Branch opens at 9 am. The Hillside Branch opens at 11 am."""


@pytest.fixture(scope="module")
def offices() -> Evidence:
    return Evidence([page("bank", "한빛은행 지점 안내", [BRANCHES, UNITS]), page("clinic", CLINIC, [])])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("솔밭 지점의 전화번호는 몇 번인가요?", "02-555-0301"),
        ("솔밭지점 전화번호 알려 주세요.", "02-555-0301"),
        ("솔받 지점 전화번호 알려 주세요.", "02-555-0301"),
        ("우리 강변 지점 담당자가 누구예요?", "오다솜 과장"),
        ("여신심사팀의 인원은 몇 명인가요?", "12명"),
        ("여신 심사팀 인원은 몇 명이에요?", "12명"),
        ("푸른나무치과는 평일 몇 시에 진료를 시작해요?", "오전 9시 30분"),
        ("When does the Harbour Branch open?", "9 am"),
    ],
)
def test_a_name_of_the_document_may_be_short_misspelled_or_spaced(
    offices: Evidence, question: str, answer: str
) -> None:
    assert offices.support(question, answer).verdict == "supported"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("속초 지점의 전화번호는 몇 번인가요?", "02-555-0301"),
        ("두레지점 담당자가 누구예요?", "오다솜 과장"),
        ("여신회수팀의 인원은 몇 명인가요?", "12명"),
        ("여신심사팀의 운영시간은 어떻게 되나요?", "평일 오전 10시~오후 5시"),
        ("When does the Velora Branch open?", "9 am"),
    ],
)
def test_a_name_that_the_document_does_not_have_is_another_subject(
    offices: Evidence, question: str, answer: str
) -> None:
    assert offices.support(question, answer).verdict != "supported"


@pytest.mark.parametrize(
    ("question", "answer", "known"),
    [
        ("마취 후에 술을 마셔도 되나요?", "두 시간", CLINIC),
        ("임플란트는 며칠 걸려요?", "과 소요 기간", CLINIC),
        ("임플란트 비용이 얼마예요?", "진료실에는 보호자가 들어올 자리를 마련한다.", CLINIC),
        ("강변 지점 담당자가 누구야?", "한강시 물결로 12", CLINIC),
        ("솔밭 지점 팩스번호는 몇 번이에요?", "02-555-0301", "전화번호 02-555-0301"),
        ("솔밭 지점 이메일 주소 알려 주세요.", "강변로 12", "주소 강변로 12"),
        ("작년 이용자 수?", "무료", "무료"),
        ("부품 판매처를 알고 싶어요.", "75밀리미터", CLINIC),
        ("Can I bring my dog?", "2 pm", "The store closes at 2 pm."),
    ],
)
def test_an_answer_may_have_a_form_that_its_question_cannot_ask_for(question: str, answer: str, known: str) -> None:
    assert has_another_form(question, answer, known, known)


@pytest.mark.parametrize(
    ("question", "answer", "known"),
    [
        ("진료실에 보호자를 데려가도 되나요?", "한 명", CLINIC),
        ("물어봐도 될까요? 마취 시간", "두 시간", CLINIC),
        ("임플란트 비용이 얼마예요?", "비용은 상담에서 알려 드립니다.", CLINIC),
        ("상담 요금은 얼마인가요?", "무료", "상담은 무료입니다."),
        ("접수는 며칠 걸려요?", "바로 끝납니다.", "접수는 바로 끝납니다."),
        ("지점 번호 알려 주세요.", "02-555-0301", "지점 전화번호 02-555-0301"),
        ("어디로 전화해요?", "02-555-0301", "전화번호 02-555-0301"),
        ("누구에게 물어봐요?", "고객지원팀 오다솜 과장", "고객지원팀 오다솜 과장"),
        ("비밀번호를 잊으면 어떻게 풀어요?", "영상통화로 확인합니다.", "영상통화로 확인합니다."),
    ],
)
def test_an_answer_of_the_form_that_is_asked_for_is_looked_up(question: str, answer: str, known: str) -> None:
    assert not has_another_form(question, answer, known, known)
