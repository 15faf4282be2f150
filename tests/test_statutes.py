"""Articles of laws and regulations: whose they are, what was amended, and what a long or quoted one is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_build_qa import page

from pagetune.build_qa.amendments import is_repealed, without_amendments
from pagetune.build_qa.draft import Draft, to_document
from pagetune.build_qa.law.statutes import article_drafts, definition_drafts
from pagetune.build_qa.rules import build_pairs
from pagetune.records import Page


def drafts(*pages: Page) -> list[Draft]:
    document = to_document(list(pages))
    return [*definition_drafts(document), *article_drafts(document, 200)]


def asked(*pages: Page) -> list[tuple[str, str, str]]:
    return [(draft.kind, draft.instruction, draft.output) for draft in drafts(*pages) if draft.reason is None]


def reasons(*pages: Page) -> list[str]:
    return [draft.reason for draft in drafts(*pages) if draft.reason]


def questions(*pages: Page) -> list[str]:
    return [question.removesuffix("의 내용은 무엇인가요?") for kind, question, _ in asked(*pages) if kind == "article"]


@pytest.mark.parametrize(
    "heading",
    [
        "산업안전보건법",
        "「산업안전보건법」",
        "[관련 법령] 산업안전보건법",
        "☞ 관련 법령: 「산업안전보건법」",
        "2. 산업안전보건법",
        "산업안전보건법 (법률 제18426호)",
        "「산업안전보건법」 관련 조항",
    ],
)
def test_an_article_below_the_name_of_a_law_belongs_to_that_law(heading: str) -> None:
    text = page("공장 안전 안내서", heading, "제38조(안전조치) ① 사업주는 위험을 막아야 한다.", "- 안전모를 씁니다.")
    assert questions(text) == ["산업안전보건법 제38조(안전조치) 제1항"]
    assert asked(text)[0][2] == "사업주는 위험을 막아야 한다."


def test_the_decree_below_its_law_has_its_own_name() -> None:
    guide = page(
        "공동주택관리법 해설서",
        "법률",
        "제9조(회의) 회의는 매월 연다.",
        "시행령",
        "제12조(의결) 회의는 과반수로 의결한다.",
    )
    assert questions(guide) == ["공동주택관리법 제9조(회의)", "공동주택관리법 시행령 제12조(의결)"]


def test_a_commentary_names_the_regulation_that_it_explains() -> None:
    commentary = page(
        "학교 급식 운영 규정 해설서",
        "제1조(목적) 이 규정은 급식의 기준을 정한다.",
        "￭ 급식은 점심을 말합니다.",
        "학교급식법",
        "제15조(책임) 학교장은 급식을 감독한다.",
        "￭ 학교장은 교장을 말합니다.",
        "제 2 조 위생",
        "제2조(위생) 조리원은 매일 손을 씻는다.",
    )
    assert questions(commentary) == [
        "학교 급식 운영 규정 제1조(목적)",
        "학교급식법 제15조(책임)",
        "학교 급식 운영 규정 제2조(위생)",
    ]


@pytest.mark.parametrize("heading", ["참고", "관련 법령", "관계 법률 조항"])
def test_an_article_of_a_law_that_nothing_names_is_not_asked(heading: str) -> None:
    text = page("시청 민원 안내서", heading, "제24조(처리) 민원은 7일 안에 처리한다.")
    assert (asked(text), reasons(text)) == ([], ["unknown_law"])


def test_a_contract_in_another_document_is_named_by_its_heading() -> None:
    text = page("제안요청서", "청소 용역 계약서(안)", "제1조(목적) 청소를 맡긴다.", "제2조(기간) 기간은 1년으로 한다.")
    assert questions(text) == ["청소 용역 계약서 제1조(목적)", "청소 용역 계약서 제2조(기간)"]


@pytest.mark.parametrize("end", ["[별표 1] 이용 요금표", "Ⅲ. 해설", "제2편 세부 규칙"])
def test_the_addenda_end_where_another_part_begins(end: str) -> None:
    text = page(
        "이용규정",
        "제1조(목적) 이용을 정한다.",
        "부칙 <제3호, 2020. 1. 1.>",
        "제1조(시행일) 이 규정은 바로 시행한다.",
        end,
        "제1조(목적) 이용을 정한다.",
    )
    assert "이용규정 부칙 <제3호, 2020. 1. 1.> 제1조(시행일)" in questions(text)
    assert sum("부칙" in question for question in questions(text)) == 1


def test_a_sentence_about_the_addenda_does_not_begin_them() -> None:
    text = page(
        "이용규정", "제1조(목적) 이용을 정한다.", "부칙에서 정한 날부터 시행한다.", "제2조(휴관) 월요일에 쉰다."
    )
    assert questions(text) == ["이용규정 제1조(목적)", "이용규정 제2조(휴관)"]


BRACKETS = st.sampled_from(["<>", "〈〉", "‹›", "[]", "【】", "〔〕", "＜＞", "≪≫"])
ACTS = st.sampled_from(
    [
        "개정",
        "신설",
        "본조신설",
        "전문개정",
        "단서신설",
        "제목개정",
        "본조 신설",
        "개 정",
        "신 설",
        "종전의 제2호에서 이동,",
    ]
)
DATES = st.sampled_from(["2020. 2. 4.", "2020.2.4", "2013. 12. 3., 2025. 2. 5.", "2025. 2. .5.", "2020년 2월 4일", ""])


@given(brackets=BRACKETS, act=ACTS, date=DATES, gap=st.sampled_from([" ", "", "\n"]), comma=st.sampled_from(["", " ,"]))
def test_no_mark_of_an_amendment_is_left_however_it_is_spelt(
    brackets: str, act: str, date: str, gap: str, comma: str
) -> None:
    mark = f"{brackets[0]}{act}{gap}{date}{brackets[1]}"
    assert without_amendments(f"월요일에 쉰다.{comma}{gap}{mark}") == "월요일에 쉰다."
    assert without_amendments(f"{mark} 월요일에 쉰다.{mark}{mark}") == "월요일에 쉰다."


@pytest.mark.parametrize(
    "mark",
    [
        "(개정 2021. 5. 18.)",
        "(2021. 5. 18. 신설)",
        "[제39조의11에서 이동 <2020. 2. 4.>]",
        "[시행일: 2015. 4. 16.] 제6조제1항",
        "[종전 제4조는 제5조로 이동 <2020. 8. 5.>]",
        "[단순위헌, 2015헌바77, 2017. 1. 1.]",
        "<개정 2021.",
    ],
)
def test_other_marks_are_removed_too(mark: str) -> None:
    assert without_amendments(f"월요일에 쉰다. {mark}") == "월요일에 쉰다."


@pytest.mark.parametrize(
    "text",
    [
        "자료를 없앤다(삭제·파기 등).",
        "<별표 1>과 같다.",
        "[별지 제1호서식]에 따른다.",
        "법(개정 전의 법을 말한다)이다.",
    ],
)
def test_brackets_that_are_part_of_the_sentence_stay(text: str) -> None:
    assert without_amendments(text) == text


@pytest.mark.parametrize(
    "gone", ["삭제", "삭제 <2020. 1. 1.>", "<삭 제>", "[삭제 2020.1.1]", "(삭제)", "삭제(2020. 1. 1.)"]
)
def test_what_was_repealed_is_known_in_every_spelling(gone: str) -> None:
    assert is_repealed(without_amendments(gone))
    text = page("규정", "제3조(휴관) 다음 각 호의 날은 쉰다.", "1. 일요일", f"2. {gone}", "3. 월요일")
    assert asked(text)[0][2] == "다음 각 호의 날은 쉰다. 1. 일요일 3. 월요일"
    assert questions(page("규정", "제3조(이용) 누구나 쓴다.", f"제4조 {gone}")) == ["규정 제3조(이용)"]


LONG = "공동주택의 입주자대표회의는 관리비와 사용료, 장기수선충당금의 사용 내역을 모든 입주자가 볼 수 있도록 공개하며"


def test_a_long_list_is_asked_item_by_item_each_in_the_sentence_that_announces_it() -> None:
    text = page(
        "공동주택 관리규약",
        "제9조(제한) ① 누구든지 다음 각 호의 어느 하나에 해당하는 행위를 하여서는 아니 된다.",
        "1. 복도에 물건을 쌓아 두어 다른 입주자의 통행과 소방 활동을 방해하는 행위",
        "2. 밤 10시부터 다음 날 아침 6시까지 악기를 연주하거나 큰 소리를 내는 행위(연습을 포함한다)",
        "3. 동물을 놓아 기르거나 배설물을 치우지 아니하여 공용 부분을 더럽히고 이웃에게 피해를 주는 행위",
        "4. 그 밖에 관리주체가 정하여 게시하는 행위",
        "② 관리주체는 이를 알린다.",
    )
    said = {question.split()[-3]: answer for _, question, answer in asked(text) if "호의 내용" in question}
    assert list(said) == ["제1호의", "제2호의", "제3호의"]
    assert said["제2호의"] == (
        "누구든지 밤 10시부터 다음 날 아침 6시까지 악기를 연주하거나 큰 소리를 내는 행위(연습을 포함한다)를 하여서는 "
        "아니 된다."
    )


def test_a_quoted_item_is_asked_alone_and_not_as_the_whole_list() -> None:
    text = page(
        "공장 안전 안내서",
        "산업안전보건법",
        "제75조(과태료) ② 다음 각 호의 어느 하나에 해당하는 자에게는 5백만원 이하의 과태료를 부과한다.",
        "6. 제38조를 위반하여 안전조치를 하지 아니한 자",
    )
    assert asked(text) == [
        (
            "article",
            "산업안전보건법 제75조(과태료) 제2항 제6호의 내용은 무엇인가요?",
            "제38조를 위반하여 안전조치를 하지 아니한 자에게는 5백만원 이하의 과태료를 부과한다.",
        )
    ]


def test_a_list_with_a_gap_is_unfinished() -> None:
    assert reasons(page("규정", "제3조(휴관) 다음 각 호의 날은 쉰다.", "1. 일요일", "3. 월요일")) == ["unfinished"]


def test_the_first_sentence_is_asked_where_the_second_goes_on_overleaf() -> None:
    first = page("관리규약", f"제3조(공개) ① {LONG} 매월 알린다. 다만, 개인정보가 들어 있는 것은", "", number=1)
    assert asked(first, page("제외한다.", "② 관리소장이 맡는다.", number=2))[0] == (
        "article",
        "관리규약 제3조(공개) 제1항 본문의 내용은 무엇인가요?",
        f"{LONG} 매월 알린다.",
    )


def test_an_item_cut_by_the_page_end_is_not_an_answer() -> None:
    first = page(
        "관리규약", "제3조(신청) 다음 각 호의 서류를 낸다.", "1. 신청서", "2. 주민등록표와 가족관계를 확인할 수"
    )
    assert asked(first, page("있는 서류", number=2)) == []


def test_articles_end_where_the_numbers_begin_again() -> None:
    text = page("관리규약", "제3조(신청) ① 신청한다.", "② 심사한다.", "① 신청한다.", "￭ 신청은 서면으로 합니다.")
    assert asked(text)[0][2] == "① 신청한다. ② 심사한다."


def definitions(*pages: Page) -> list[tuple[str, str]]:
    return [(question, answer) for kind, question, answer in asked(*pages) if kind == "definition"]


def test_a_definition_that_cites_its_own_law_names_it_in_the_question() -> None:
    text = page(
        "공장관리규정", "제2조(정의) 용어의 뜻은 다음과 같다.", '1. "허가업체"란 제9조에 따라 허가받은 업체를 말한다.'
    )
    assert definitions(text) == [("공장관리규정에서 허가업체란 무엇인가요?", "제9조에 따라 허가받은 업체를 말한다.")]


def test_a_term_of_a_quoted_law_is_asked_as_that_laws() -> None:
    text = page("시청 안내서", "주차장법", '제2조(정의) "노상주차장"이란 도로에 있는 주차장을 말한다.', "- 안내")
    assert definitions(text) == [("주차장법에서 노상주차장이란 무엇인가요?", "도로에 있는 주차장을 말한다.")]


def test_the_words_of_a_power_are_asked_with_the_provision_that_gives_it_or_not_at_all() -> None:
    purpose = '제1조(목적) 이 규정은 「주차장법」(이하 "법"이라 한다) 및 같은 법 시행령(이하 "영"이라 한다)에 따른다.'
    use = '제2조(기간) {} "시장이 정하는 기간"이란 3개월을 말한다.'
    question = "{}에서 말하는 '시장이 정하는 기간'은 무엇인가요?"
    assert definitions(page("운영규정", purpose, use.format("법 제9조제1항에서"))) == [
        (question.format("주차장법 제9조제1항"), "3개월을 말한다.")
    ]
    assert definitions(page("운영규정", purpose, use.format("영 제4조의"))) == [
        (question.format("주차장법 시행령 제4조"), "3개월을 말한다.")
    ]
    assert definitions(page("운영규정", purpose, use.format("조례에서"))) == []


def test_a_definition_leaves_out_the_names_that_it_gives_for_later_use() -> None:
    text = page(
        "규정",
        '1. "이체"란 돈을 내는 자(이하 "지급인"이라 한다)의 계좌(예금을 말한다. 이하 같다)에서 옮기는 것을 말한다.',
    )
    assert definitions(text) == [("이체란 무엇인가요?", "돈을 내는 자의 계좌(예금을 말한다)에서 옮기는 것을 말한다.")]


def test_a_definition_whose_list_is_quoted_in_part_is_unfinished() -> None:
    text = page("규정", '11. "자료"란 다음 각 목의 자료를 말한다.', "마. 로그기록", "사. 접속지")
    assert (definitions(text), reasons(text)) == ([], ["unfinished"])


def test_a_law_that_is_named_in_the_line_of_its_article_is_its_owner() -> None:
    text = page(
        "사업장 안전 길잡이",
        "○ 「산업안전보건법」 제38조(안전조치) ① 사업주는 위험을 막는다.",
        "같은 법 시행령 제42조(계획서) ① 사업주는 계획서를 낸다.",
        "형법 제268조(업무상과실) 사람을 다치게 한 자는 5년 이하의 금고에 처한다.",
        "산업안전보건법 제38조(안전조치) 위반 시 5년 이하의 징역에 처합니다.",
        "「산업안전보건법」 제38조(안전조치)에 따라 위험을 막습니다.",
        "같은 법 제5조(의무) ① 사업주는 기준을 지킨다.",
    )
    assert questions(text) == [
        "산업안전보건법 제38조(안전조치) 제1항",
        "산업안전보건법 시행령 제42조(계획서) 제1항",
        "형법 제268조(업무상과실)",
    ]
    assert reasons(text) == ["unknown_law"]


def test_a_quoted_article_is_asked_by_what_is_quoted_of_it() -> None:
    text = page(
        "병원 안내서", "의료법", "제21조(열람) ① 환자는 열람을 요청한다.", "② 의사는 이에 응한다.", "□ 보관 기간"
    )
    assert questions(text) == ["의료법 제21조(열람) 제1항", "의료법 제21조(열람) 제2항"]


def test_a_list_of_dashes_that_an_article_announces_is_part_of_it_and_a_remark_is_not() -> None:
    text = page(
        "취업규칙",
        "제21조(병가) 다음의 경우 병가를 준다.",
        "- 다친 경우",
        "- 병든 경우",
        "제22조(휴직) 휴직을 준다.",
        "※ 참고",
    )
    assert [answer for _, _, answer in asked(text)] == [
        "다음의 경우 병가를 준다. - 다친 경우 - 병든 경우",
        "휴직을 준다.",
    ]
    assert reasons(page("취업규칙", "제21조(병가) 다음의 경우 병가를 준다.", "제22조(휴직) 휴직을 준다.")) == [
        "refers_elsewhere"
    ]


def test_the_paragraphs_of_an_article_are_told_apart_within_a_line() -> None:
    short = page("관리규약", "제9조(보증금) ① 보증금은 20만원으로 한다. ② 보증금은 3일 안에 낸다.")
    assert questions(short) == ["관리규약 제9조(보증금)"]
    long = page("관리규약", f"제9조(공개) ① {LONG} 매월 알린다. ② {LONG} 게시판에 붙인다. ③ {LONG} 보관한다.")
    assert [question[-3:] for question in questions(long)] == ["제1항", "제2항", "제3항"]
    assert asked(long)[1][2] == f"{LONG} 게시판에 붙인다."


@pytest.mark.parametrize("heading", ["관련 법령", "2. 법의 목적"])
def test_the_first_article_of_a_law_that_nothing_names_is_not_the_documents(heading: str) -> None:
    text = page("시청 민원 안내서", heading, "제1조(목적) 이 법은 민원 처리를 정하는 것을 목적으로 한다.")
    assert (asked(text), reasons(text)) == ([], ["unknown_law"])


def test_a_document_of_articles_needs_no_name_of_a_law() -> None:
    text = page(
        "한빛도서관 이용 안내",
        "제1조(목적) 도서관 이용을 안내합니다.",
        "제2조(시간) 9시에 엽니다.",
        "주말에는 10시에 엽니다.",
    )
    assert asked(text)[1][1:] == (
        "한빛도서관 이용 안내 제2조(시간)의 내용은 무엇인가요?",
        "9시에 엽니다. 주말에는 10시에 엽니다.",
    )


def test_a_mark_that_breaks_over_a_line_does_not_end_the_list() -> None:
    text = page(
        "규정",
        "제3조(휴관) 다음 각 호의 날은 쉰다.",
        "1. 일요일<개정 2025. 2.",
        "5.>",
        "2. 월요일<개정 2025.",
        "12. 5.>",
        "3. 공휴일",
    )
    assert [answer for _, _, answer in asked(text)] == ["다음 각 호의 날은 쉰다. 1. 일요일 2. 월요일 3. 공휴일"]


@pytest.mark.parametrize("title", ["제5조(휴가)", "제5조 【휴가】", "제5조[휴가]", "제 5 조 (휴가)"])
def test_an_article_is_known_by_any_bracket_and_its_paragraphs_may_begin_below_its_title(title: str) -> None:
    text = page("취업규칙", title, "① 휴가는 15일이다.", "② 휴가는 미리 신청한다.")
    assert asked(text) == [
        ("article", "취업규칙 제5조(휴가)의 내용은 무엇인가요?", "① 휴가는 15일이다. ② 휴가는 미리 신청한다.")
    ]


def test_items_may_stand_for_paragraphs() -> None:
    text = page(
        "취업규칙",
        "제5조(휴가)",
        "1. 휴가는 15일이다.",
        "2. 휴가는 미리 신청한다.",
        "제6조(병가) 1. 진단서를 낸다.",
        "2. 쉰다.",
    )
    assert [answer for _, _, answer in asked(text)] == [
        "1. 휴가는 15일이다. 2. 휴가는 미리 신청한다.",
        "1. 진단서를 낸다. 2. 쉰다.",
    ]


def test_in_a_decree_the_law_is_the_one_that_it_belongs_to() -> None:
    text = page("도로교통법 시행규칙", '제2조(정의) "보호구역"이란 법 제12조에 따라 지정된 구역을 말한다.')
    assert definitions(text) == [("보호구역이란 무엇인가요?", "「도로교통법」 제12조에 따라 지정된 구역을 말한다.")]


def test_a_sentence_with_a_mark_of_an_amendment_is_not_a_heading() -> None:
    sentence = '1. "전유부분"이란 쓰는 부분을 말한다. <개정 2022. 3. 1.>'
    document = to_document([page("관리규약", sentence, "[본조신설 2022. 3. 1.]")])
    assert [paragraph.is_heading for paragraph in document.paragraphs] == [True, False, False]


def test_no_other_rule_asks_the_text_of_a_quoted_law_as_the_documents() -> None:
    guide = page(
        "환자 안내서",
        "관련 법령",
        "의료법 제21조(기록 열람 등) ① 환자는 의료인에게 기록의 열람을 요청할 수 있다.",
        "② 의료인은 정당한 사유가 없으면 거부하여서는 아니 된다.",
    )
    pairs, _ = build_pairs([guide], 200)
    assert pairs
    assert all("의료법" in pair.instruction for pair in pairs)


def test_an_item_goes_on_overleaf_and_is_not_ended_by_its_rest() -> None:
    first = page("시청 안내서", "주차장법", "제9조(설비) ① 다음 각 호의 설비를 갖춘다.", "1. 사진을 암호화")
    then = page("하여 보내는 설비", "2. 소화기", "② 관리자를 둔다.", "- 안내", number=2)
    assert questions(first, then) == ["주차장법 제9조(설비) 제2항"]
