"""Questions about the sentences of articles, which name no article."""

import re

import pytest

from pagetune.build_qa.law.list_questions import ask_exception, ask_item, ask_list
from pagetune.build_qa.rules import build_pairs
from pagetune.records import Page, Pair
from pagetune.text.evidence import quote

STATUTE = (
    "학교급식안전법",
    "제1조(목적) 이 법은 학교급식의 질을 높이고 학생의 건강을 보호함을 목적으로 한다.",
    "제2조(급식업의 허가) ① 급식업을 하려는 자는 교육감의 허가를 받아야 한다. 다만, 학교는 그러하지 아니하다.",
    "② 제1항에 따라 허가를 받으려는 자의 자본금은 3억원 이상이어야 한다.<개정 2021. 3. 2.>",
    "제3조(위생) ① 급식업자는 다음 각 호의 사항을 점검하여야 한다.",
    "1. 식재료의 원산지와 유통기한",
    "2. 조리실의 온도",
    "② 급식업자는 조리사의 건강진단 결과를 2년간 보존하여야 한다.",
    "제4조(벌칙) 다음 각 호의 어느 하나에 해당하는 자는 1년 이하의 징역 또는 1천만원 이하의 벌금에 처한다.",
    "1. 제2조제1항을 위반하여 허가를 받지 아니하고 급식업을 한 자",
    "2. 삭제 <2019. 1. 1.>",
    "3. 유통기한이 지난 식재료를 사용한 자",
)


def page(*paragraphs: str, number: int = 1) -> Page:
    return Page(
        doc_id="문서", source_sha256="", page_number=number, text="\n".join(paragraphs), tables=[], quality={},
        status="ok", reason=None,
    )  # fmt: skip


def pairs_of(*paragraphs: str) -> list[Pair]:
    return [pair for pair in build_pairs([page(*paragraphs)], 200)[0] if pair.kind in ("statement", "list")]


def test_a_statute_is_asked_as_people_ask() -> None:
    questions = {pair.instruction for pair in pairs_of(*STATUTE)}
    assert questions >= {
        "학교급식안전법의 목적은 무엇인가요?",
        "학교급식안전법에 따르면 급식업의 허가를 받으려는 자의 자본금은 얼마 이상이어야 하나요?",
        "학교급식안전법에 따르면 급식업을 하려는 자가 교육감의 허가를 받지 않아도 되는 경우는 언제인가요?",
        "학교급식안전법에 따르면 급식업자는 조리사의 건강진단 결과를 몇 년간 보존해야 하나요?",
        "학교급식안전법에 따르면 위생과 관련하여 급식업자는 어떤 사항을 점검해야 하나요?",
        "학교급식안전법에 따라 1년 이하의 징역 또는 1천만원 이하의 벌금에 처하는 자는 누구인가요?",
        "학교급식안전법을 위반하여 허가를 받지 않고 급식업을 한 자는 어떤 처벌을 받나요?",
        "학교급식안전법에 따르면 유통기한이 지난 식재료를 사용한 자는 어떤 처벌을 받나요?",
    }


def test_no_question_names_an_article_or_points_at_another_sentence() -> None:
    for pair in pairs_of(*STATUTE):
        assert not re.search(r"제\d+[조항호]|각 호|이 법|그러하지", pair.instruction), pair.instruction


def test_each_answer_stands_on_the_page() -> None:
    own = page(*STATUTE)
    for pair in pairs_of(*STATUTE):
        assert pair.place is not None
        assert pair.evidence == quote(own, pair.place)
        assert "개정" not in pair.output


def test_a_list_is_asked_whole_or_not_at_all() -> None:
    whole = [pair.output for pair in pairs_of(*STATUTE) if "어떤 사항을" in pair.instruction]
    assert whole == ["급식업자는 다음 각 호의 사항을 점검하여야 한다. 1. 식재료의 원산지와 유통기한 2. 조리실의 온도"]
    gap = [line for line in STATUTE if not line.startswith("1. 식재료")]
    assert not [pair for pair in pairs_of(*gap) if "어떤 사항을" in pair.instruction]


def test_an_article_that_was_asked_by_its_sentences_is_not_asked_by_its_number() -> None:
    pairs = build_pairs([page(*STATUTE)], 200)[0]
    assert not [pair for pair in pairs if pair.kind == "article" and "건강진단" in pair.output]


def test_the_rules_of_a_company_are_named() -> None:
    (pair,) = pairs_of("한빛상사 취업규칙", "제7조(휴가) 연차휴가는 15일로 한다.")
    assert pair.instruction == "한빛상사 취업규칙에 따르면 연차휴가는 며칠인가요?"
    assert (pair.context, pair.topic) == ("한빛상사 취업규칙에 따르면 ", "한빛상사 취업규칙에서 연차휴가")


def test_the_addenda_are_not_asked() -> None:
    addenda = ("부칙 <제100호, 2020. 1. 1.>", "제1조(시행일) 이 법은 2020년 7월 1일부터 시행한다.")
    assert pairs_of("학교급식안전법", *addenda) == []


def test_a_question_that_two_articles_answer_alike_is_asked_once() -> None:
    trips = ("제7조(출장) 직원은 7일 이내에 정산하여야 한다.", "제8조(여비) 직원은 7일 이내에 정산하여야 한다.")
    assert len(pairs_of("한빛상사 취업규칙", *trips)) == 1


RULES = (
    "한빛상사 보안규정",
    "제3조(단말기 보호대책) 전산팀은 단말기 보호를 위하여 다음 각 호의 사항을 준수하여야 한다.",
    "1. 업무 시간이 끝난 뒤에는 단말기의 전원을 차단하고 잠금장치의 작동 여부를 확인하여 책임자에게 보고할 것",
    "2. 단말기의 반출과 반입을 통제하고 그 기록을 관리대장에 남겨 책임자의 확인을 정기적으로 받을 것",
    "2의2. 외부에서 들여온 저장매체는 격리된 장소에서 악성코드 검사를 마친 뒤에만 업무용 단말기에 연결할 것",
    "3. 인가되지 아니한 무선 공유기를 사무실에 설치하지 아니할 것",
    "4. 자료의 유출을 방지하기 위한 보안 절차를 마련할 것",
)


def test_the_items_of_a_long_list_are_asked_by_what_they_demand() -> None:
    pairs = build_pairs([page(*RULES)], 200)[0]
    questions = {pair.instruction for pair in pairs}
    assert questions >= {
        "한빛상사 보안규정에 따르면 단말기 보호대책으로 전산팀은 단말기의 반출과 반입을 어떻게 해야 하나요?",
        "한빛상사 보안규정에 따르면 단말기 보호대책으로 전산팀은 인가되지 않은 무선 공유기를 사무실에 설치해도 되나요?",
        "한빛상사 보안규정에 따르면 단말기 보호대책으로 전산팀은 어떤 보안 절차를 마련해야 하나요?",
    }
    assert not [question for question in questions if "제3조" in question]


def test_an_item_on_the_next_page_is_asked_on_its_page() -> None:
    pages = [page(*RULES[:5]), page(*RULES[5:], number=2)]
    pairs = [pair for pair in build_pairs(pages, 200)[0] if pair.page_number == 2]
    assert "한빛상사 보안규정에 따르면 단말기 보호대책으로 어떤 보안 절차를 마련해야 하나요?" in {
        pair.instruction for pair in pairs
    }


def test_an_item_is_no_case_of_what_only_all_items_are() -> None:
    head = "다음 각 호의 어느 하나에 해당하는 자와 제1호의 행위를 하도록 한 자에게는 100만원 이하의 과태료를 부과한다."
    (asked,) = ask_item(head, "신고를 하지 아니한 자")
    assert asked.answer == "신고를 하지 아니한 자에게는 100만원 이하의 과태료를 부과한다."


def test_a_short_reference_to_another_law_names_it() -> None:
    questions = [
        pair.instruction
        for pair in pairs_of(
            "학교급식안전법 시행령",
            "제1조(목적) 이 영은 「학교급식안전법」(이하 “법”이라 한다)에서 위임된 사항을 정함을 목적으로 한다.",
            "제2조(서류) 법 제2조에 따라 허가를 받은 자는 그 증서를 3년간 보존하여야 한다.",
        )
    ]
    assert "학교급식안전법에 따라 허가를 받은 자는 그 증서를 몇 년간 보존해야 하나요?" in questions


def test_a_committee_is_named_as_the_title_of_its_article() -> None:
    questions = [
        pair.instruction
        for pair in pairs_of("한빛시 주차 조례", "제5조(주차운영위원회) 위원회는 9명의 위원으로 구성한다.")
    ]
    assert "한빛시 주차 조례에 따르면 주차운영위원회는 몇 명의 위원으로 구성하나요?" in questions


def test_one_of_two_things_in_a_title_is_not_both() -> None:
    own = ("제5조(일비와 식비) ① 일비는 2만원으로 한다.", "② 식비는 3만원으로 한다.")
    questions = {pair.instruction for pair in pairs_of("한빛재단 여비규정", *own)}
    assert questions == {
        "한빛재단 여비규정에 따르면 일비는 얼마인가요?",
        "한빛재단 여비규정에 따르면 식비는 얼마인가요?",
    }


def test_a_proviso_gets_the_topic_of_its_sentence() -> None:
    own = ("제3조(임금) 임금은 매월 25일에 지급한다. 다만, 지급일이 휴일인 경우에는 그 전날에 지급한다.",)
    pairs = pairs_of("한빛상사 취업규칙", *own)
    assert "한빛상사 취업규칙에 따르면 임금은 지급일이 휴일인 경우에는 어떻게 되나요?" in {p.instruction for p in pairs}


def test_a_question_with_two_answers_is_not_asked() -> None:
    trips = ("제7조(출장) ① 직원은 7일 이내에 정산하여야 한다.", "② 직원은 9일 이내에 정산하여야 한다.")
    assert pairs_of("한빛상사 취업규칙", *trips) == []


def test_a_short_topic_is_asked_with_the_title_of_its_article() -> None:
    questions = [
        pair.instruction for pair in pairs_of("한빛상사 취업규칙", "제9조(급여의 조정) 인상률은 5퍼센트로 한다.")
    ]
    assert questions == ["한빛상사 취업규칙에 따르면 급여의 조정과 관련하여 인상률은 몇 퍼센트인가요?"]


@pytest.mark.parametrize(
    ("head", "question"),
    [
        ("위원회는 다음 각 호의 업무를 수행한다.", "위원회는 어떤 업무를 수행하나요?"),
        ("센터장은 다음 각 호의 어느 하나에 해당하는 경우에는 이용을 제한할 수 있다.",
         "센터장은 어떤 경우에 이용을 제한할 수 있나요?"),
        ("임대주택 입주자의 자격은 다음 각 호와 같다.", "임대주택 입주자의 자격은 무엇인가요?"),
        ("평가전문기관은 다음 각 호의 자로 한다.", "평가전문기관은 누구인가요?"),
        ("등록할 수 있는 자는 다음 각 호의 자로 하되, 자본금이 20억원 이상이어야 한다.", None),
        ("과태료의 금액은 다음 각 호의 구분에 따른다.", None),
    ],
)  # fmt: skip
def test_the_sentence_that_announces_a_list_says_what_is_asked(head: str, question: str | None) -> None:
    asked = ask_list(head, ["1. 가", "2. 나"])
    assert (asked.question if asked else None) == question


def test_an_item_stands_for_the_case_that_it_is() -> None:
    head = "시장은 다음 각 호의 어느 하나에 해당하는 경우에는 허가를 취소할 수 있다."
    found = ask_item(head, "거짓으로 허가를 받은 경우")
    assert [(asked.question, asked.answer) for asked in found] == [
        (
            "시장은 거짓으로 허가를 받은 경우에는 무엇을 할 수 있나요?",
            "시장은 거짓으로 허가를 받은 경우에는 허가를 취소할 수 있다.",
        )
    ]


def test_only_a_plain_exception_is_one() -> None:
    sentence = "입주자는 시설을 변경하여서는 아니 된다."
    asked = ask_exception(sentence, "다만, 센터장이 승인한 경우에는 그러하지 아니하다.")
    assert asked is not None
    assert asked.question == "입주자가 시설을 변경해도 되는 경우는 언제인가요?"
    assert ask_exception(sentence, "다만, 도색은 허용한다.") is None
