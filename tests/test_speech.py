"""Questions as people speak and type them, made from the questions of a document."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagetune.curate.question_patterns import all_wordings
from pagetune.curate.speech import Speech
from pagetune.curate.speech.kinds import kind_of, patterns
from pagetune.curate.speech.subjects import short_names, subjects
from pagetune.curate.speech.synonyms import nouns, verbs
from pagetune.curate.speech.words import parse
from pagetune.curate.wordings import pattern_wordings, template_wordings
from pagetune.params import load_params
from pagetune.records import NEW_WORDING, Pair
from pagetune.text.claims import normal_form

PARAMS = load_params().curate


def pair(
    question: str, answer: str, topic: str | None = None, doc_id: str = "안내", context: str | None = None
) -> Pair:
    own = Pair.original(f"{doc_id}/{question}", question, answer, "statement", doc_id, page_number=1, topic=topic)
    return own.model_copy(update={"context": context})


def museum() -> list[Pair]:
    """Questions about a museum, of which two ask for numbers to call."""
    facts = {
        "달빛박물관에서 매표소의 전화번호": "02-123-4567",
        "달빛박물관에서 매표소의 위치": "1층 서쪽",
        "달빛박물관에서 분실물 보관실의 전화번호": "02-123-4568",
        "달빛박물관에서 어린이 입장권의 요금": "3,000원",
        "달빛박물관에서 어른 입장권의 요금": "7,000원",
    }
    asked = [pair(f"{topic}은 무엇인가요?", answer, topic) for topic, answer in facts.items()]
    return [
        *asked,
        pair("달빛박물관에서 유모차를 대여하려면 어디로 가야 하나요?", "물품 대여소로 가시면 됩니다."),
        pair("달빛박물관에서 표를 분실하면 어떻게 하나요?", "매표소에서 다시 사야 합니다."),
    ]


def test_a_question_is_asked_with_everyday_words_and_a_shorter_name() -> None:
    texts = " ".join(Speech(museum()).wordings(museum()[-2], 60))
    assert "빌리려면" in texts
    assert "박물관 유모차" in texts
    assert "달빛박물관" in texts


def test_it_ends_politely_among_friends_clipped_and_as_a_request() -> None:
    texts = Speech(museum()).wordings(museum()[-1], 60)
    for ending in ("어떻게 해요?", "어떻게 해?", "어떻게 함", "어떻게 하는지 알려주세요"):
        assert any(text.endswith(ending) for text in texts), ending


def test_a_number_to_call_is_asked_for_as_people_do() -> None:
    texts = Speech(museum()).wordings(museum()[0], 60)
    assert any(re.search("몇 번으로|전번|통화", text) for text in texts)


def test_no_wording_asks_for_two_facts() -> None:
    own = museum()
    speech = Speech(own)
    by_text: dict[str, set[str]] = {}
    for each in own:
        for text in speech.wordings(each, 60):
            by_text.setdefault(normal_form(text), set()).add(each.output)
    assert all(len(answers) == 1 for answers in by_text.values())


def test_a_word_that_tells_two_facts_apart_is_never_left_out() -> None:
    halls = [
        pair(f"{hall} 안내소 상담 창구는 몇 시에 여나요?", hours) for hall, hours in (("본관", "9시"), ("별관", "10시"))
    ]
    texts = Speech(halls).wordings(halls[0], 60)
    assert texts
    assert all("본관" in text for text in texts)


@given(
    st.sampled_from(["정격 출력이 1.5킬로와트이고 전압이 3 7볼트인 펌프는 어디에 쓰나요?", "USB 3 2 Gen 2.0 is where?"])
)
def test_no_haste_changes_a_number(question: str) -> None:
    own = pair(question, "지하실")
    numbers = re.findall(r"[\d.]*\d", question)
    for text in Speech([own]).wordings(own, 60):
        assert sorted(re.findall(r"[\d.]*\d", text)) == sorted(numbers), text


def test_no_two_wordings_are_alike_but_for_spaces() -> None:
    for each in museum():
        texts = Speech(museum()).wordings(each, 60)
        assert len({normal_form(text) for text in [*texts, each.instruction]}) == len(texts) + 1


def test_the_attribute_is_named_where_a_thing_has_two_answers_of_a_kind() -> None:
    topics = {"시험의 접수 시작일": "2026년 3월 2일", "시험의 합격자 발표일": "2026년 4월 9일"}
    own = [pair(f"{topic}은 언제인가요?", answer, topic) for topic, answer in topics.items()]
    for text in Speech(own).wordings(own[0], 40):
        assert re.search("접수|신청|시작", text.replace(" ", "")), text


@given(st.sampled_from(museum()), st.integers(0, 20))
def test_there_are_never_more_than_wanted_and_the_same_on_every_run(own: Pair, most: int) -> None:
    first = Speech(museum()).wordings(own, most)
    assert len(set(first)) == len(first) <= most
    assert first == Speech(museum()).wordings(own, most)


def test_the_numbers_of_a_question_stay() -> None:
    own = pair("운영규정에 따르면 15일 이내에 3번 창구에 무엇을 내야 하나요?", "신고서를 내야 합니다.", doc_id="규정")
    texts = Speech([own, *museum()]).wordings(own, 40)
    assert texts
    assert all({"15", "3"} <= set(re.findall(r"\d+", text)) for text in texts)


@pytest.mark.parametrize(
    ("question", "counted"),
    [
        ("이용자는 하루에 책을 몇 권까지 빌릴 수 있나요?", "몇권"),
        ("본부는 층마다 매니저 몇 명을 두어 요청을 처리하나요?", "몇명"),
    ],
)
def test_a_question_word_and_what_it_counts_stay(question: str, counted: str) -> None:
    own = pair(question, "다섯까지 됩니다.")
    for text in Speech([own]).wordings(own, 60):
        assert counted in text.replace(" ", "")


def test_an_english_question_is_typed_in_keywords_lower_case_and_short_forms() -> None:
    own = pair("What is the capacity of the LumaNote battery?", "4,000 mAh.")
    texts = Speech([own, pair("What is the weight of the LumaNote?", "430 g.")]).wordings(own, 40)
    assert "capacity lumanote battery" in texts
    assert any(text.startswith("what's the capacity") for text in texts)
    assert all("capacity" in text.lower() for text in texts)


@pytest.mark.parametrize(
    "question", ["", "?", "안녕", "ㅋㅋㅋ", "이것은 질문이 아닙니다.", "가" * 500, "무엇", "\u1112\u1161\u11ab글은?"]
)
def test_odd_questions_give_what_they_can(question: str) -> None:
    own = pair(question, "답")
    assert len(Speech([own]).wordings(own, 5)) <= 5


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("가람시립도서관", {"도서관", "시립도서관", "가람도서관"}),
        ("다온시 보건소", {"보건소", "다온시보건소"}),
        ("삼성전자 갤럭시 워치", {"갤럭시", "워치", "삼성전자 워치"}),
    ],
)
def test_a_name_is_shortened_as_people_do(subject: str, names: set[str]) -> None:
    assert names <= set(short_names(subject))
    assert subject in short_names(subject)


def test_a_subject_is_what_most_questions_begin_with() -> None:
    rules = [
        pair(f"한결아파트 관리규약에 따르면 {what} 언제까지 하나요?", "7일", doc_id="규약")
        for what in ("신고는", "납부는", "철거는")
    ]
    assert subjects([*museum(), *rules]) == {"안내": "달빛박물관", "규약": "한결아파트"}


def test_most_further_wordings_are_spoken_and_some_are_patterns() -> None:
    own = museum()
    params = PARAMS.model_copy(update={"paraphrases": 12, "recall_questions": []})
    names = list(template_wordings(own, params)(own[0]))
    assert names[0] == "original"
    assert names[-1] == NEW_WORDING
    assert sum(name.startswith("spoken") for name in names) == 9
    assert len(names) == 14


def test_a_question_below_which_a_passage_stands_has_patterns_only() -> None:
    own = pair("다음 글의 제목은 무엇인가요?\n\n긴 글", "제목")
    params = PARAMS.model_copy(update={"paraphrases": 6, "recall_questions": []})
    assert template_wordings([own], params)(own) == pattern_wordings(own, params)


def test_the_new_wording_is_what_it_was() -> None:
    own = museum()[0]
    params = PARAMS.model_copy(update={"paraphrases": 8, "recall_questions": []})
    assert template_wordings(museum(), params)(own)[NEW_WORDING] == all_wordings(own)[NEW_WORDING]


@pytest.mark.parametrize(
    ("attribute", "answer", "kind"),
    [
        ("대표전화", "02-1", "phone"),
        ("소재지", "서울", "address"),
        ("무게", "31킬로그램", "weight"),
        ("기본 요금", "1만 8천원", "money"),
        ("정원", "24명", "count"),
        ("할인율", "40%", "percent"),
        ("별칭", "누리", "other"),
    ],
)
def test_the_kind_of_an_answer_follows_from_attribute_and_answer(attribute: str, answer: str, kind: str) -> None:
    assert kind_of(attribute, answer) == kind
    assert patterns()[kind]


def test_every_everyday_word_differs_from_its_word_and_verbs_stand_for_verbs() -> None:
    assert all(word not in others and all(others) for word, others in nouns().items())
    assert all(others for others in verbs().values())


def texts_of(*pairs: Pair, most: int = 60) -> str:
    """Return all wordings of the first of the pairs, one a line."""
    return "\n".join(Speech(list(pairs)).wordings(pairs[0], most))


@pytest.mark.parametrize(
    ("attribute", "answer", "kind"),
    [
        ("검색 방법", "제목을 입력합니다.", "method"),
        ("염색", "불가", "other"),
        ("담당자 수", "3명", "count"),
        ("마감재", "석고보드", "other"),
        ("접수 기간", "3월 1일부터 3월 10일까지", "period"),
        ("접수 기간", "14일", "span"),
        ("보증 기간", "구입일로부터 3년", "span"),
        ("이용 시간", "1회 50분", "span"),
        ("이용 시간", "9시부터 18시까지", "opening_hours"),
        ("담당자", "3명", "count"),
        ("담당자", "한보람 주임", "person"),
        ("지급일", "매월 15일", "date"),
        ("보관 일수", "5일", "span"),
        ("나트륨 함량", "20g", "other"),
        ("연락처", "방문 접수", "other"),
        ("주소", "192.168.0.1", "other"),
    ],
)
def test_the_last_noun_of_an_attribute_is_confirmed_by_the_form_of_the_answer(
    attribute: str, answer: str, kind: str
) -> None:
    assert kind_of(attribute, answer) == kind


@pytest.mark.parametrize(
    ("topic", "answer", "never"),
    [
        ("자료실의 검색 방법", "제목을 입력합니다.", "색이에요|색깔|자료실 어떻게 해"),
        ("강좌의 강사료", "5만 원", "누구|누가|강좌 얼마"),
        ("회원의 주소 변경 방법", "신고합니다.", "어디"),
        ("보일러의 무상 수리 기간", "구입일로부터 3년", "걸려|며칠"),
        ("민원실의 담당자 수", "3명", "누구|몇 명까지"),
        ("상담실의 이용 시간", "1회 50분", "몇 시"),
        ("예약의 보관 일수", "5일", "몇 일(?!이|임|인|예)"),
        ("보조금의 제출 서류", "신청서", "가져가|챙겨"),
    ],
)
def test_no_question_asks_for_another_kind_than_the_answer(topic: str, answer: str, never: str) -> None:
    texts = texts_of(pair(f"{topic}은 무엇인가요?", answer, topic))
    assert texts
    assert not re.search(never, texts)


@pytest.mark.parametrize(
    ("question", "never"),
    [
        ("약은 어디에 보관하나요?", "대략|^한 "),
        ("3월 1일은 무슨 날인가요?", "하루"),
        ("1분기 매출액은 얼마인가요?", "석 달"),
        ("시설 유지보수는 누가 하나요?", "월급"),
        ("보일러의 정격출력은 얼마인가요?", "인쇄|프린트"),
        ("신장 검사는 어디에서 하나요?", "키"),
        ("개인 회원은 무엇을 내나요?", "혼자"),
        ("과태료는 얼마인가요?", "벌금"),
        ("업무를 재위탁해도 되나요?", "재맡"),
        ("신청 방법은 무엇인가요?", "하는지는|는지는|어떻게 하는지"),
        ("법을 위반하여 얻은 이익은 어떻게 되나요?", "지켜 |어겨 "),
        ("「이용료 부과 기준」의 이용료 항목은 무엇인가요?", "「(?!이용료)|기준(?!」)"),
        ("제42조의2(거래금액 기준)의 내용은 무엇인가요?", r"\((?!거래\s?금액\s?기준)"),
        ("기록을 열람하려는 사람은 무엇을 내야 하나요?", "기록(?:을)? 려는"),
        ("시설에 포함된 방은 어디에 있나요?", "있은"),
        ("회사는 남은 금액을 계좌에 언제 입금하나요?", "돈 넣"),
    ],
)
def test_everyday_words_keep_the_sense(question: str, never: str) -> None:
    texts = texts_of(pair(question, "답"))
    assert texts
    assert not re.search(never, texts, re.MULTILINE)


def test_the_term_of_a_definition_stays() -> None:
    own = pair("이용자란 무엇인가요?", "쓰는 사람", "이용자의 뜻").model_copy(update={"kind": "definition"})
    lines = texts_of(own).split("\n")
    assert lines
    assert all("이용자" in line.replace(" ", "") for line in lines)


def test_an_everyday_word_is_left_out_where_it_means_another_fact() -> None:
    own = pair("주차장의 이용료는 얼마인가요?", "1만 원")
    other = pair("주차장의 사용료는 얼마인가요?", "2만 원")
    assert "사용료" not in texts_of(own, other)
    assert "사용료" in texts_of(own)


def test_a_name_stands_in_front_where_two_documents_answer_differently() -> None:
    laws = [
        pair(f"{law}에서 이용자란 무엇인가요?", meaning, doc_id=law, context=f"{law}에서 ")
        for law, meaning in (("전자금융거래법", "거래하는 자"), ("전자서명법", "서명하는 자"))
    ]
    lines = texts_of(*laws).split("\n")
    assert lines
    assert all("전자금융거래법" in line.replace(" ", "") for line in lines)


def test_a_word_that_is_cut_differently_elsewhere_still_tells_nothing_apart() -> None:
    offices = [
        pair(f"다온시 보건소에서 {name} 보건지소의 주소는 어디인가요?", f"{name}면")
        for name in ("솔빛", "가람", "은여울")
    ]
    for own in offices:
        name = own.output.removesuffix("면")
        assert all(name in text.replace(" ", "") for text in Speech(offices).wordings(own, 60))


@pytest.mark.parametrize(
    ("question", "never"),
    [
        ("이용자는 계약을 다시 체결할 수 있나요?", "수$"),
        ("이용자는 회사에 무엇을 요구할 수 있나요?", "수$|무엇을$"),
        ("계약에 해지 수수료가 있나요?", "수수료가?$"),
        ("회비는 언제 돌려받나요?", "언제$"),
    ],
)
def test_a_question_typed_without_its_verb_is_whole(question: str, never: str) -> None:
    texts = texts_of(pair(question, "답"))
    assert texts
    assert not re.search(never, texts, re.MULTILINE)


@given(
    st.sampled_from(
        [
            "'제21조 주간경기 및 개시 시간'에서 3월 주중 시간은 몇 시인가요?",
            "제63조(전자금융업자의 이용자 보호) 제1항의 내용은 무엇인가요?",
            "「이용료 부과 기준」에서 ‘장기 이용자’의 요금은 얼마인가요?",
        ]
    )
)
def test_quotes_and_brackets_are_never_cut(question: str) -> None:
    pairs = [pair(question, "답"), *(pair(question.replace("시간", "시각"), str(number)) for number in range(3))]
    spans = re.findall(r"'.+?'|\(.+?\)|「.+?」|‘.+?’", question)
    lines = texts_of(*pairs).split("\n")
    assert lines
    for span in spans:
        assert all(span.replace(" ", "") in line.replace(" ", "") for line in lines), lines


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("'개시 시간' 안내", set()),
        ("금융권 오픈API 보안점검", {"금융권 오픈API 보안점검", "금융권오픈API보안점검", "보안점검"}),
        ("전자금융거래법", {"전자금융거래법"}),
        ("개인정보 보호조치 기준", {"개인정보 보호조치 기준", "개인정보보호조치기준", "기준"}),
    ],
)
def test_only_heads_and_proper_nouns_stand_for_a_title(subject: str, names: set[str]) -> None:
    assert set(short_names(subject)) == names


def test_a_particle_follows_the_word_that_it_stands_behind() -> None:
    words = parse("이용자란 서울로 이용자와의")
    assert [word.called("쓰는 사람").text for word in words] == ["쓰는 사람이란", "쓰는 사람으로", "쓰는 사람과의"]
    assert parse("부산으로")[0].called("서울").text == "서울로"


def test_nothing_is_left_out_beside_or_and_about() -> None:
    texts = texts_of(pair("금융회사 또는 전자금융업자와 계약에 대한 분쟁은 누가 조정하나요?", "위원회"))
    for line in texts.split("\n"):
        assert "금융회사또는전자금융업자와" in line.replace(" ", "")
        assert re.search("계약에(?:대한|관한)", line.replace(" ", ""))


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("What is the Minimum Wage Act?", "minimum wage act"),
        ("Where do US citizens apply?", "US"),
        ("When does the IT office open in May?", "IT"),
        ("What does WHO recommend in May?", "may"),
    ],
)
def test_an_english_name_is_never_taken_for_a_small_word(question: str, kept: str) -> None:
    texts = Speech([pair(question, "x")]).wordings(pair(question, "x"), 40)
    assert texts
    assert all(kept in (text if kept.isupper() else text.lower()) for text in texts)


def test_a_title_without_quotes_stays_as_it_is() -> None:
    title = "공공 도서 구매 사업 대여 안내서"
    pairs = [
        pair(f"{title}의 {what}은 언제인가요?", day) for what, day in (("시작", "1일"), ("끝", "2일"), ("중간", "3일"))
    ]
    lines = texts_of(*pairs).split("\n")
    assert lines
    assert not re.search("책|구입|빌리|렌탈", "\n".join(lines))


def test_a_misspelling_hits_no_name() -> None:
    texts = texts_of(pair("왜관의 돼지는 좀비 무슨날에 왜 있나요?", "답"), most=200)
    assert all("왜관" in line and "돼지" in line and "좀비" in line for line in texts.replace(" ", "").split("\n"))
