"""The questions that a person asks about one Korean sentence."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagetune.build_qa.sentences.asking import ask
from pagetune.build_qa.sentences.pointers import without_references

#: Sentences of the kinds of documents that people bring: what is asked, and the answer where it is not the sentence.
ASKED = [
    (
        "금융위원회의 허가를 받은 자의 자본금은 50억원 이상이어야 한다.",
        "금융위원회의 허가를 받은 자의 자본금은 얼마 이상이어야 하나요?",
        "",
    ),
    (
        "입주자는 만료일 30일 전까지 갱신 여부를 알려야 한다.",
        "입주자는 만료일 며칠 전까지 갱신 여부를 알려야 하나요?",
        "",
    ),
    (
        "재발급 수수료는 3,000원으로 한다.",
        "재발급 수수료는 얼마인가요?",
        "",
    ),
    (
        "시설관리팀은 매월 첫째 금요일에 전기 상태를 점검한다.",
        "시설관리팀은 언제 전기 상태를 점검하나요?",
        "",
    ),
    (
        "신청인은 사업자등록증 사본을 재무팀에 내야 한다.",
        "신청인은 사업자등록증 사본을 어디에 내야 하나요?",
        "",
    ),
    (
        "담임교사는 결석 사실을 보호자에게 알려야 합니다.",
        "담임교사는 결석 사실을 누구에게 알려야 하나요?",
        "",
    ),
    (
        "급식실의 위생 점검은 영양교사와 관할 보건소장이 한다.",
        "급식실의 위생 점검은 누가 하나요?",
        "",
    ),
    (
        "시설의 운영은 운영본부가 맡으며, 이용료는 월 5만원으로 한다.",
        "시설의 운영은 누가 맡나요?",
        "시설의 운영은 운영본부가 맡는다.",
    ),
    (
        "선정기준과 평가방법에 필요한 사항은 대통령령으로 정한다.",
        None,
        "",
    ),
    (
        "별도로 정한 판정기준이 있는 경우에는 그 기준에 따른다.",
        None,
        "",
    ),
    (
        "시장은 공사 비용의 일부를 예산의 범위에서 지원할 수 있다.",
        "시장은 공사 비용의 일부를 예산의 범위에서 지원할 수 있나요?",
        "네, 시장은 공사 비용의 일부를 예산의 범위에서 지원할 수 있다.",
    ),
    (
        "그 밖에 위원회의 운영에 필요한 사항은 위원장이 정한다.",
        "위원회의 운영에 필요한 사항은 누가 정하나요?",
        "위원회의 운영에 필요한 사항은 위원장이 정한다.",
    ),
    (
        "분쟁을 조정하기 위하여 분쟁조정위원회를 둔다.",
        "분쟁을 조정하기 위하여 무엇을 두나요?",
        "",
    ),
    (
        "심의회의 장은 정보보호책임자로 한다.",
        "심의회의 장은 누구로 하나요?",
        "",
    ),
    (
        "심의회의 회의는 출석위원 과반수의 찬성으로 의결한다.",
        "심의회의 회의는 어떻게 의결하나요?",
        "",
    ),
    (
        "1주간의 근로시간은 휴게시간을 제외하고 40시간으로 한다.",
        "1주간의 근로시간은 휴게시간을 제외하고 몇 시간인가요?",
        "",
    ),
    (
        "회사는 사고가 발생한 경우 본부에 보고하여야 하며, 그 사고의 원인을 3일 이내에 조사하여야 한다.",
        "회사는 사고가 발생한 경우 그 사고의 원인을 며칠 이내에 조사해야 하나요?",
        "회사는 사고가 발생한 경우 그 사고의 원인을 3일 이내에 조사하여야 한다.",
    ),
    (
        "관리자는 업체가 거짓으로 등록을 한 때에는 등록을 취소하여야 한다.",
        "관리자는 업체가 거짓으로 등록을 한 때에는 어떻게 해야 하나요?",
        "",
    ),
    (
        "회사가 약관을 개정하는 경우에는 시행 전에 공지합니다.",
        "회사가 약관을 개정하는 경우에는 어떻게 하나요?",
        "",
    ),
    (
        "심사원은 신청인과 이해관계를 가지는 경우 사전에 소명하여야 하며, 심사기관은 심사원을 배제하여야 한다.",
        "심사원은 신청인과 이해관계를 가지는 경우 어떻게 해야 하나요?",
        "심사원은 신청인과 이해관계를 가지는 경우 사전에 소명하여야 한다.",
    ),
    (
        "취약점 평가는 총자산이 2조원 이상이고, 종업원 수가 300명 이상인 회사가 실시한다.",
        None,
        "",
    ),
    (
        "개인 공유기는 전산팀의 승인 없이 설치할 수 없다.",
        "개인 공유기는 전산팀의 승인 없이 설치할 수 있나요?",
        "아니요, 개인 공유기는 전산팀의 승인 없이 설치할 수 없다.",
    ),
    (
        "누구든지 타인의 비밀번호를 누설하여서는 아니 된다.",
        "타인의 비밀번호를 누설해도 되나요?",
        "아니요, 누구든지 타인의 비밀번호를 누설하여서는 아니 된다.",
    ),
    (
        "환자가 동의하지 아니하면 수술은 취소된다.",
        "환자가 동의하지 않으면 어떻게 되나요?",
        "",
    ),
    (
        "사용자는 근로자를 해고하려는 경우 30일 전에 서면으로 예고하여야 한다.",
        "사용자는 근로자를 해고하려는 경우 어떻게 해야 하나요?",
        "",
    ),
    (
        "타인의 명의로 인증서를 발급받은 자는 3년 이하의 징역 또는 3천만원 이하의 벌금에 처한다.",
        "타인의 명의로 인증서를 발급받은 자는 어떤 처벌을 받나요?",
        "",
    ),
    (
        "시정명령을 이행하지 아니한 자에게는 2천만원 이하의 과태료를 부과한다.",
        "시정명령을 이행하지 않은 자에게는 과태료가 얼마나 부과되나요?",
        "",
    ),
    (
        "눈에 들어간 경우 흐르는 물로 15분 이상 씻어내십시오.",
        "눈에 들어간 경우 어떻게 해야 하나요?",
        "",
    ),
    (
        "젖은 손으로 플러그를 만지지 마십시오.",
        "젖은 손으로 플러그를 만져도 되나요?",
        "아니요, 젖은 손으로 플러그를 만지지 마십시오.",
    ),
    (
        "정기점검 결과는 매월 5일까지 감독부서에 제출할 것",
        "정기점검 결과는 매월 며칠까지 감독부서에 제출해야 하나요?",
        "정기점검 결과는 매월 5일까지 감독부서에 제출하여야 한다.",
    ),
    (
        "설치비는 발주기관이 부담함",
        "설치비는 누가 부담하나요?",
        "설치비는 발주기관이 부담한다.",
    ),
    (
        "요금은 사용량과 계절에 따라 달라진다.",
        "요금은 무엇에 따라 달라지나요?",
        "",
    ),
    (
        "낙찰자는 기술점수와 가격점수를 합산하여 결정한다.",
        None,
        "",
    ),
    (
        "이 조사는 주민의 건강 상태를 파악하기 위한 것이다.",
        None,
        "",
    ),
    (
        "주민 건강 조사는 주민의 건강 상태를 파악하기 위한 것이다.",
        "주민 건강 조사의 목적은 무엇인가요?",
        "",
    ),
    (
        "금연 구역은 금연 구역에 대한 것이다.",
        None,
        "",
    ),
    (
        "스마트공장이란 생산 공정을 정보통신기술로 연결한 공장을 말한다.",
        "스마트공장이란 무엇인가요?",
        "",
    ),
]


@pytest.mark.parametrize(("sentence", "question", "answer"), ASKED)
def test_a_sentence_is_asked_as_a_person_asks(sentence: str, question: str | None, answer: str) -> None:
    found = {asked.question: asked.answer for asked in ask(sentence)}
    assert found.get(question, "") == (answer or sentence) if question else not found


@pytest.mark.parametrize(
    "sentence",
    [
        "이 경우 그 사유를 서면으로 알려야 한다.",
        "제1항에 따른 업무의 범위는 대통령령으로 정한다.",
        "다만, 부득이한 경우에는 그러하지 아니하다.",
        "위원회는 다음 각 호의 사항을 심의한다.",
        "알리지 아니하면 3개월 동안 연장된 것으로 본다.",
        "전용실의 기간은 6개월 이상, 지정석의 기간은 1개월 이상으로 한다.",
        "제3장 총칙",
        "그 이유는 보관 온도가 높기 때문이다.",
        "두 값은 예약 메뉴에서 바꿀 수 있습니다.",
        "",
    ],
)
def test_a_sentence_that_needs_the_one_before_it_is_not_asked(sentence: str) -> None:
    assert ask(sentence) == []


def test_the_law_that_a_sentence_calls_this_law_is_named() -> None:
    found = ask("이 법은 국민의 건강을 보호함을 목적으로 한다.", where="국민건강법")
    assert [(asked.question, asked.answer) for asked in found] == [
        ("국민건강법의 목적은 무엇인가요?", "국민건강법은 국민의 건강을 보호함을 목적으로 한다.")
    ]


def test_the_name_gets_the_particle_that_it_needs() -> None:
    (asked,) = ask("이 계약은 임대인과 임차인의 권리를 정함을 목적으로 한다.", where="표준임대차계약서")
    assert asked.answer == "표준임대차계약서는 임대인과 임차인의 권리를 정함을 목적으로 한다."


def test_a_question_names_the_document_where_it_is_given() -> None:
    questions = [asked.question for asked in ask("연차휴가는 15일로 한다.", where="취업규칙")]
    assert questions == ["취업규칙에 따르면 연차휴가는 며칠인가요?"]


def test_what_stands_in_brackets_is_left_out() -> None:
    found = ask("교장(원장을 포함한다. 이하 같다)은 학교안전사고를 교육감(이하 “감독청”이라 한다)에게 보고하여야 한다.")
    assert [asked.question for asked in found] == ["교장은 학교안전사고를 누구에게 보고해야 하나요?"]


WORDS = (
    "회사는 직원이 이를 그 5일 이내에 10만원을 신청한 경우에는 위원회에 제출하여야 한다. 할 수 있다. "
    "하고, 하며 제2조에 따른 서류를 아니 된다. 하면 — İ ( 10일 하십시오. 함 것"
)
SENTENCES = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(" ".join)


@given(SENTENCES)
@settings(max_examples=60, deadline=None)
def test_whatever_the_words_are_a_question_is_whole(sentence: str) -> None:
    for asked in ask(sentence):
        assert re.search(r"(?:나요|가요)\?$", asked.question)
        assert 0 <= asked.start < asked.end <= len(sentence)
        assert asked.answer not in ("", asked.question)


@pytest.mark.parametrize(
    "sentence",
    [
        "밸브는 30분 안에 잠그며, 담당자는 그 사실을 본부에 알려야 한다.",
        "펌프, 밸브, 계량기 등은 하수 처리를 위한 기초 설비이다.",
    ],
)
def test_nobody_asks_for_an_amount_and_goes_on(sentence: str) -> None:
    questions = [asked.question for asked in ask(sentence)]
    assert not any("몇 분" in question and "며," in question for question in questions)
    assert not any(question.endswith("등은 무엇인가요?") for question in questions)


def test_a_paragraph_of_another_law_is_not_taken_for_one_of_the_text() -> None:
    text = "재하도급은 「소프트웨어 진흥법」 제51조 제1항에 따라 사업금액의 절반을 초과할 수 없다."
    assert without_references(text) == text
