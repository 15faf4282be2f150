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
