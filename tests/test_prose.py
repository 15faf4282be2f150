"""The questions about ordinary text: labels, lists, sentences, headings; and the pages that give nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_build_qa import asked, check_proofs, found, page

from pagetune.build_qa.coverage import page_counts, silent_documents, silent_pages
from pagetune.build_qa.draft import to_document
from pagetune.build_qa.naming import Names, document_name
from pagetune.build_qa.sentences.english import ask_english
from pagetune.build_qa.texts.outline import Line, outline
from pagetune.records import Page, Table
from pagetune.text.note_style import as_sentence

NOTICE = page(
    "2024년 청년 전세임대주택 입주자 모집 공고",
    "1. 모집 개요",
    "○ 모집기간 : 2024. 3. 4.(월) 10:00 ~ 2024. 3. 15.(금) 18:00",
    "○ 공급호수 : 총 350호",
    "○ 문의처 : 주거복지처 청년주거팀(02-123-4567)",
    "○ 제출기한 : 공고문 참조",
    "2. 신청 자격",
    "□ 무주택자로서 다음 각 호의 어느 하나에 해당하는 사람",
    "① 대학생(입학 예정자 포함)",
    "② 졸업 후 2년 이내의 취업준비생",
    "3. 제출 서류",
    "○ 신청자는 다음 서류를 주민센터에 제출하여야 한다.",
    "- 주민등록등본 1부",
    "- 재학증명서 또는 졸업증명서 1부",
    "4. 유의사항",
    "○ 제출한 서류는 반환하지 않음",
    "○ 임대보증금은 입주일 7일 전까지 납부할 것",
)
TITLE = "2024년 청년 전세임대주택 입주자 모집 공고"


def answers(*pages: Page) -> dict[str, str]:
    return {question: answer for _, question, answer in asked(*pages)}


def lines(*texts: str) -> list[Line]:
    return list(outline(to_document([page(*texts)])))


def test_a_label_is_asked_with_the_name_of_the_document() -> None:
    notice = answers(NOTICE)
    assert notice[f"{TITLE}의 모집기간은 언제부터 언제까지인가요?"].startswith("2024. 3. 4.(월)")
    assert notice[f"{TITLE}의 공급호수는 얼마인가요?"] == "총 350호"
    assert notice[f"{TITLE}의 문의처는 어디인가요?"] == "주거복지처 청년주거팀(02-123-4567)"


def test_a_list_is_asked_as_one() -> None:
    notice = answers(NOTICE)
    question = f"{TITLE}에서 신청자는 어떤 서류를 주민센터에 제출해야 하나요?"
    assert notice[question] == "주민등록등본 1부, 재학증명서 또는 졸업증명서 1부"
    assert notice[f"{TITLE}의 신청 자격은 무엇인가요?"] == (
        "무주택자로서 다음 각 호의 어느 하나에 해당하는 사람: "
        "① 대학생(입학 예정자 포함), ② 졸업 후 2년 이내의 취업준비생"
    )


def test_a_note_is_asked_like_a_sentence() -> None:
    question = f"{TITLE}에 따르면 임대보증금은 입주일 며칠 전까지 납부해야 하나요?"
    assert answers(NOTICE)[question] == "임대보증금은 입주일 7일 전까지 납부해야 한다."


def test_every_answer_of_a_notice_stands_on_its_page() -> None:
    check_proofs(found(NOTICE)[0], [NOTICE])


@pytest.mark.parametrize(
    "line",
    [
        "제출기한: 공고문 참조",
        "성명: (서명)",
        "계약 기간: 20oo년 o월 o일 ~ 20oo년 o월 o일",
        "신청인 주소:",
        "(단위: 천원)",
        "예시: 사업기간은 6개월",
        "장소: ○○○ 회의실",
    ],
)
def test_a_blank_or_a_reference_is_no_value(line: str) -> None:
    assert not asked(page("하늘시 여름 캠프 참가 안내", line))


def test_a_label_is_defined_only_by_what_says_what_it_is() -> None:
    guide = page(
        "하늘시 정보보호 가이드",
        "- 물리적 망분리: 통신망을 이원화하여 두 컴퓨터로 분리하는 방식이다.",
        "- 초청 강사: 하늘시청 소속 정보보호 전문기관",
    )
    assert [question for _, question, _ in asked(guide)] == [
        "물리적 망분리란 무엇인가요?",
        "통신망을 이원화하여 두 컴퓨터로 분리하는 방식을 무엇이라고 하나요?",
    ]


def test_a_heading_of_things_is_asked_for_what_belongs_to_it() -> None:
    notice = page("하늘시 청사 안내", "□ 반입 금지 물품", "○ 인화성 물질", "○ 칼과 같은 흉기", "□ 문의")
    assert answers(notice) == {"하늘시 청사 안내의 반입 금지 물품에는 무엇이 있나요?": "인화성 물질, 칼과 같은 흉기"}


def test_steps_are_one_answer_with_their_numbers() -> None:
    guide = page(
        "프레스 작업 안전 가이드",
        "작업 절차는 다음과 같다.",
        "① 주 전원을 켜고 비상정지 버튼을 확인한다.",
        "② 시운전을 실시한다.",
    )
    assert answers(guide)["프레스 작업 안전 가이드에서 작업 절차는 어떻게 되나요?"] == (
        "① 주 전원을 켜고 비상정지 버튼을 확인한다. ② 시운전을 실시한다."
    )


def test_steps_below_a_heading_are_its_answer() -> None:
    manual = page(
        "공기청정기 AP-50 사용 설명서",
        "1. 필터 교체 방법",
        "필터는 6개월마다 교체하십시오.",
        "1) 전원 플러그를 뽑습니다.",
        "2) 앞면 덮개를 엽니다.",
        "2. 제품 규격",
        "- 정격 전압: 220V",
    )
    found_answers = answers(manual)
    question = "공기청정기 AP-50 사용 설명서의 필터 교체 방법은 어떻게 되나요?"
    assert found_answers[question] == "1) 전원 플러그를 뽑습니다. 2) 앞면 덮개를 엽니다."
    assert found_answers["공기청정기 AP-50 사용 설명서의 정격 전압은 얼마인가요?"] == "220V"
    check_proofs(found(manual)[0], [manual])


def test_a_chapter_is_not_asked_for_what_stands_first_below_it() -> None:
    """It may be the running line of a page on which the section before goes on."""
    guide = page(
        "하수도 관리 지침", "제2장 위험 관리 방안", "- 운영 계획은 시설의 등급을 정하기 위한 기반을 제공", number=2
    )
    assert not any("위험 관리 방안은" in question for question in answers(page("하수도 관리 지침"), guide))


def test_a_step_may_say_what_comes_after() -> None:
    """In "벗긴 다음 끼웁니다" nothing is announced."""
    lines = ["공기청정기 사용설명서", "필터 교체 방법", "1. 플러그를 뽑습니다.", "2. 비닐을 벗긴 다음 필터를 끼웁니다."]
    question = "공기청정기 사용설명서의 필터 교체 방법은 어떻게 되나요?"
    assert answers(page(*lines))[question] == "1. 플러그를 뽑습니다. 2. 비닐을 벗긴 다음 필터를 끼웁니다."


def test_a_new_section_ends_the_list_before_it() -> None:
    notice = page(
        "하늘시 폐기물 배출 안내",
        "다음의 서류를 제출하여야 합니다.",
        "1) 신청서 1부",
        "□ 배출 방법",
        "○ 집 앞에 배출한다.",
    )
    assert [line.text for line in outline(to_document([notice])) if len(line.above) == 1] == [
        "다음의 서류를 제출하여야 합니다.",
        "배출 방법",
    ]


def test_who_spoke_in_minutes_is_not_left_out() -> None:
    minutes = page("2024년 제2차 운영위원회 회의록", "□ 논의", "○ (사무국) 주차장은 3월에 12면을 늘려야 함")
    assert not asked(minutes)


def test_a_list_that_goes_on_over_the_page_is_not_asked() -> None:
    first = page("프레스 작업 안전 가이드", "작업 절차는 다음과 같다.", "① 전원을 켠다.")
    assert not [kind for kind, _, _ in asked(first, page("② 시운전을 실시한다.", number=2)) if kind == "list"]


def test_a_sentence_that_goes_on_over_the_page_is_not_asked() -> None:
    first = page("하늘시 청사 관리 가이드", "회의실은 사용일 3일 전까지")
    assert not asked(first, page("총무과에 신청하여야 한다.", number=2))


@pytest.mark.parametrize(
    "sentence",
    [
        "이는 3일 전까지 총무과에 신고하여야 한다.",
        "이 경우 회의실은 3일 전까지 신청하여야 한다.",
        "위와 같이 회의실은 3일 전까지 신청하여야 한다.",
        "당사는 회의실을 3일 전까지 신청하여야 한다.",
        "또한 회의실은 3일 전까지 신청하여야 한다.",
        "①에서 신청한 회의실은 3일 전까지 취소하여야 한다.",
    ],
)
def test_a_sentence_that_refers_back_is_not_asked(sentence: str) -> None:
    assert not asked(page("하늘시 청사 관리 가이드", sentence))


def test_what_this_document_is_called_stands_in_the_question() -> None:
    guide = page("프레스 작업 안전 가이드", "본 가이드는 끼임 재해를 예방함을 목적으로 한다.")
    assert asked(guide)[0][1:] == (
        "프레스 작업 안전 가이드의 목적은 무엇인가요?",
        "프레스 작업 안전 가이드는 끼임 재해를 예방함을 목적으로 한다.",
    )


def test_a_project_without_a_name_is_not_asked_about() -> None:
    assert not asked(page("회의 자료", "본 사업은 하늘시 전역에서 3년간 실시한다."))


def test_the_lines_of_a_long_cell_are_asked() -> None:
    cell = (
        "• 방호장치란 작업자의 신체가 위험 한계에 들어가지 않도록 막는 장치를 말한다. • 금형은 2년마다 교체하여야 한다."
    )
    form = Table(caption="", rows=[["점검 항목", "방호장치"], ["세부설명", cell]], layout="form")
    question = "프레스 작업 안전 가이드에 따르면 금형은 몇 년마다 교체해야 하나요?"
    pages = page("프레스 작업 안전 가이드", tables=(form,))
    assert answers(pages)[question] == "금형은 2년마다 교체하여야 한다."
    check_proofs([pair for pair in found(pages)[0] if pair.kind == "statement"], [pages])


def test_lines_stand_under_the_headings_above_them() -> None:
    found_lines = lines("Ⅰ. 개요", "1. 목적", "○ 첫째 줄은 짧다.", "- 둘째 줄도 짧다.", "2. 범위", "○ 셋째 줄이다.")
    above = {line.text: [other.text for other in line.above] for line in found_lines}
    assert above["둘째 줄도 짧다."] == ["개요", "목적", "첫째 줄은 짧다."]
    assert above["셋째 줄이다."] == ["개요", "범위"]


def test_a_list_that_begins_at_one_again_stands_under_its_line() -> None:
    found_lines = lines("1. 목적", "□ 대상자는 다음과 같다.", "1. 학생", "2. 교사", "2. 범위")
    assert {line.text: len(line.above) for line in found_lines} == {
        "목적": 0,
        "대상자는 다음과 같다.": 1,
        "학생": 2,
        "교사": 2,
        "범위": 0,
    }


def test_articles_are_left_to_their_own_rules() -> None:
    assert [line.text for line in lines("제3조(이용) ① 누구나 쓴다.", "② 다음과 같다.", "1. 학생", "이용 안내")] == [
        "이용 안내"
    ]


@given(
    st.lists(st.sampled_from(["1. 가나", "□ 다라", "- 마바사.", "본문이다.", "가. 자차", "※ 주의", ""]), max_size=12)
)
def test_a_line_is_its_text_on_the_page(texts: list[str]) -> None:
    document = to_document([page("제목", *texts)])
    for line in outline(document):
        assert document.pages[0].text[line.start : line.end] == line.text
        assert all(other.start < line.start for other in line.above)


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("제안사는 제안서를 제출하여야 함", "제안사는 제안서를 제출하여야 한다."),
        ("임의로 교체할 수 없음.", "임의로 교체할 수 없다."),
        ("서류는 방문하여 제출할 것", "서류는 방문하여 제출해야 한다."),
        ("결과를 홈페이지에 게시", "결과를 홈페이지에 게시한다."),
        ("순위 간 점수차는 3점임", "순위 간 점수차는 3점이다."),
        ("1차 평가를 통과하였음", "1차 평가를 통과하였다."),
        ("목차는 조정 가능", "목차는 조정이 가능하다."),
        ("교육을 받음", "교육을 받는다."),
        ("비용이 크지 않음", "비용이 크지 않다."),
        ("부담이 가중되고 있음", "부담이 가중되고 있다."),
        ("반납하지 않음", "반납하지 않는다."),
        ("서류를 우편으로 받을 것", "서류를 우편으로 받아야 한다."),
        ("필터는 6개월마다 교체하십시오.", "필터는 6개월마다 교체해야 합니다."),
        ("문을 꼭 닫으시오.", "문을 꼭 닫아야 합니다."),
        ("젖은 손으로 플러그를 만지지 마세요.", "젖은 손으로 플러그를 만져서는 안 됩니다."),
        ("관리실에 문의해 주세요.", "관리실에 문의해야 합니다."),
        ("회의는 9시에 시작합니다.", "회의는 9시에 시작합니다."),
        ("장치의 작동 방법", None),
        ("자격이 있는 자", None),
        ("인화점 13℃", None),
    ],
)
def test_note_style_becomes_a_sentence(note: str, sentence: str | None) -> None:
    assert as_sentence(note) == sentence


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (
            ["금융권 오픈API", "이용기관 자체 보안점검 가이드", "2018. 12."],
            "금융권 오픈API 이용기관 자체 보안점검 가이드",
        ),
        (["제안요청서(RFP)", "2023. 5.", "○ 사 업 명 : 온나라 웹기안기 도입"], "온나라 웹기안기 도입 사업 제안요청서"),
        (["물질안전보건자료(MSDS)", "가. 제품명: 크린솔 A-200"], "크린솔 A-200 물질안전보건자료"),
        (["공개특허 10-2023-0087131", "(54) 발명의 명칭 접이식 우산 및 그 제조 방법"], "접이식 우산 및 그 제조 방법"),
        (["준법감시인 심사필 제2023-17호(2023.10.17)", "2023년 09월 30일 기준", "(단위 : %)"], ""),
        (["[시행 2024. 9. 15.]", "가람시립도서관 이용 문답"], "가람시립도서관 이용 문답"),
        (["물질안전보건자료(MSDS)", "가. 제품명 : 아세톤", "- 권고 용도 : 용제, 세정제"], "아세톤 물질안전보건자료"),
        (
            ["AGR-Ⅱ-2022-➁-341 2022–12–9", "공공분야", "공개 소프트웨어 활용 안내서"],
            "공공분야 공개 소프트웨어 활용 안내서",
        ),
        (["자연공원의 보전과 이용에 관한 법률 ( 약칭: 자연공원법 )", "[시행 2024. 8. 14.]"], "자연공원법"),
    ],
)
def test_a_document_is_called_what_people_call_it(texts: list[str], name: str) -> None:
    assert document_name([page(*texts)]) == name


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("(AGR-7-2019-②-84)냉난방기 점검 지침", "냉난방기 점검 지침"),
        ("240513-(요약본)_도서관_운영_지침", "도서관 운영 지침"),
        ("하수도 관리 규정(환경부고시)(20250205)", "하수도 관리 규정"),
    ],
)
def test_numbers_and_dates_of_a_file_are_no_part_of_its_name(file_name: str, name: str) -> None:
    assert document_name([page("1", doc_id=file_name)]) == name


def test_a_file_name_that_reads_like_a_title_is_one() -> None:
    assert document_name([page("2024. 3.", doc_id="2024년_도서관_이용_안내")]) == "2024년 도서관 이용 안내"
    assert document_name([page("2024. 3.", doc_id="odl_ko_rfp2")]) == ""


def test_this_and_our_stand_for_names() -> None:
    names = Names("개인정보의 보호조치 기준 해설서", [page("사업명: 누리집 개편")])
    assert names.named("이 기준은 본 사업에 적용한다.") == "개인정보의 보호조치 기준은 누리집 개편 사업에 적용한다."
    assert names.named("본 펀드는 주식에 투자한다.") is None
    product = Names("", [page("제품명: 크린솔 A-205")])
    assert product.named("본 제품은 물에 녹는다.") == "크린솔 A-205는 물에 녹는다."
    assert names.named("기본 사업은 시행한다.") == "기본 사업은 시행한다."


def test_headings_of_two_sentences_are_questions() -> None:
    text = page(
        "Course",
        "How many projects are there? Where are they?",
        "There are five.",
        "What is the link?",
        "https://example.org/start",
        "I am stuck. Where is the code?",
        "In the zip folder.",
    )
    assert asked(text) == [
        ("faq", "How many projects are there? Where are they?", "There are five."),
        ("faq", "What is the link?", "https://example.org/start"),
        ("faq", "I am stuck. Where is the code?", "In the zip folder."),
    ]


def test_an_arrow_marks_an_answer_and_a_number_alone_a_question() -> None:
    text = page(
        "주차장 문답",
        "Q1",
        "차를 바꾸었습니다. 다시 사야 하나요?",
        "⇒ 아닙니다.",
        "번호만 바꾸면 됩니다.",
        "Q2. 언제 되나요?",
        "☞ 7일 뒤입니다.",
    )
    assert asked(text) == [
        ("faq", "차를 바꾸었습니다. 다시 사야 하나요?", "아닙니다. 번호만 바꾸면 됩니다."),
        ("faq", "언제 되나요?", "7일 뒤입니다."),
    ]


def test_a_question_at_the_end_of_a_page_is_answered_on_the_next() -> None:
    first = page("Help", "Is it open?", "Yes.", "Is it free?", "No.", "Where is it?")
    assert asked(first, page("In the hall.", number=2))[-1] == ("faq", "Where is it?", "In the hall.")


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["1. 개요 ······································ 3"] * 12, "contents"),
        (["[1] Kim et al. A study of things. In: Proceedings. pp. 1-9, 2019."] * 8, "references"),
        (["L’équilibre acido-basique est un élément du métabolisme."] * 10, "other_language"),
        (["사업 추진 체계 및 구성 요소 간의 관계 - 세부 구성도"] * 20, "fragments"),
        (["이는 그와 같은 이유로 그에게 그것을 준 것과 다르지 않다고 한다."] * 15, "no_sure_question"),
    ],
)
def test_a_page_that_gives_nothing_says_why(texts: list[str], why: str) -> None:
    silent = silent_pages([page(*texts)], [])
    assert [one.why for one in silent] == [why]
    assert page_counts([page(*texts)], silent) == {"pages": 1, "silent": 1, "why": {why: 1}}


def test_a_document_that_gives_nothing_is_named_with_what_would_help() -> None:
    scan = page(number=1, status="quarantined", doc_id="스캔").model_copy(update={"reason": "needs_ocr"})
    text = page(*["이는 그와 같은 이유로 그에게 그것을 준 것과 다르지 않다고 한다."] * 15, doc_id="글")
    silent = silent_pages([scan, text], [])
    assert silent_documents([scan, text], [], silent) == [
        "스캔 gives no pair (1 page). What would help: OCR (extract.ocr: auto).",
        "글 gives no pair (1 page). What would help: a language model as author (qa.generator: rules+llm).",
    ]


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "A firewall is a device that filters traffic.",
            "What is a firewall?",
            "A firewall is a device that filters traffic.",
        ),
        ("Claims must be filed within 30 days.", "According to the Guide, within what time must claims be filed?", ""),
        (
            "Refunds cannot be issued later.",
            "According to the Guide, can refunds be issued later?",
            "No, refunds cannot be issued later.",
        ),
        ("The kit includes a charger and a cable.", "According to the Guide, what does the kit include?", ""),
        ("The sensor is used to measure air pressure.", "According to the Guide, what is the sensor used for?", ""),
    ],
)
def test_plain_english_sentences_are_asked(sentence: str, question: str, answer: str) -> None:
    asked_english = ask_english(sentence, "the Guide")
    assert asked_english == (question, answer or sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is a device that filters traffic.",
        "The store is closed daily.",
        "As shown in Figure 2, A is a tree.",
        "and so on.",
    ],
)
def test_english_that_points_elsewhere_is_not_asked(sentence: str) -> None:
    assert ask_english(sentence, "the Guide") is None


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("필터가 막히면 펌프에서 소리가 날 수 있습니다.", "필터가 막히면 어떻게 되나요"),
        ("전문 기사에게 점검을 받으면 고장을 줄일 수 있습니다.", "전문 기사에게 점검을 받으면 어떤 점이 좋은가요"),
        ("시설관리팀은 소방시설의 정기 점검 결과를 기록한다.", "소방시설의 정기 점검 결과는 누가 기록하나요"),
    ],
)
def test_a_sentence_is_asked_for_what_it_tells(sentence: str, question: str) -> None:
    assert list(answers(page("가람 건물 안내서", sentence))) == [f"가람 건물 안내서에 따르면 {question}?"]


@pytest.mark.parametrize(
    "sentence",
    [
        "저자는 누구나 스스로 길을 찾아야 한다고 말한다.",
        "데이터 제작 작업은 총 4가지로 구성된다.",
        "그 밖에 계절에 따라 나는 과일을 1~2종 준비합니다.",
        "~~ 0000 연구성과는 ‘ooooo사업’으로 수행한 결과입니다.",
        "두 자료의 차이점은 크게 세 가지가 있는데 첫 번째는 지문의 길이이다.",
    ],
)
def test_reports_examples_and_half_lists_are_not_asked(sentence: str) -> None:
    assert answers(page("가람 연구 안내서", sentence)) == {}


def test_a_place_to_fill_in_is_no_answer() -> None:
    contract = page(
        "공동수급 표준협정서",
        "제3조(구성원) 공동수급체의 구성원은 다음과 같다.",
        "1. ㅇㅇㅇ회사(대표자 : )",
        "2. ㅇㅇㅇ회사(대표자 : )",
        "제4조(효력) 이 협정서는 서명한 날부터 효력을 가진다.",
    )
    assert not any("ㅇㅇㅇ" in answer for answer in answers(contract).values())
    assert "to_fill_in" in [row.reason for row in found(contract)[1]]


def test_a_headline_of_two_lines_names_a_press_release() -> None:
    lines = ("보도자료", "가람시 도시안전본부장,", "겨울철 공사장 열 곳 긴급 점검", "- 28일 하천 정비 현장 방문")
    assert document_name([page(*lines)]) == "‘가람시 도시안전본부장, 겨울철 공사장 열 곳 긴급 점검’ 보도자료"


@pytest.mark.parametrize(
    ("value", "word"),
    [("발표 10분 이내, 질의응답 5분 이내", "얼마"), ("오전 9시 30분부터 2시간", "언제"), ("16시간", "얼마")],
)
def test_a_time_is_asked_by_how_long_or_when(value: str, word: str) -> None:
    assert f"{TITLE}의 발표시간은 {word}인가요?" in answers(page(TITLE, f"○ 발표시간 : {value}"))


def test_this_day_points_back() -> None:
    text = "이날 김하늘 본부장은 하천 정비 현장 곳곳을 돌며 근로자들의 안전관리 현황을 살폈다."
    assert Names("가람시 소식지", [page("가람시 소식지", text)]).points_back(text)


def test_what_an_item_is_left_out_of_is_no_place() -> None:
    text = "사업자는 기한 안에 증빙자료를 제출하지 못한 업체를 평가대상에서 제외한다."
    assert not any("어디에서" in question for question in answers(page("가람 정보화 사업 제안요청서", text)))


def test_a_definition_by_its_own_word_is_not_asked() -> None:
    text = "‘중소기업’이란 「중소기업기본법」 제2조에 따른 중소기업임"
    assert not any("중소기업이란" in question for question in answers(page(TITLE, text)))


def test_a_numbered_heading_is_not_the_name_of_a_document() -> None:
    assert document_name([page("1.1. 서버 구성", "필터 서버를 둔다.", doc_id="가람 문서편집기 설치 안내서")]) == (
        "가람 문서편집기 설치 안내서"
    )
