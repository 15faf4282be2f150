"""Conversations and passages of one's own go through curate whole, and are compared with what was said before."""

from random import Random

from test_curate import PARAMS, divided, user_row

from pagetune.curate.filters import filter_pairs
from pagetune.curate.personal_data import without_personal_data
from pagetune.curate.question_patterns import all_wordings
from pagetune.ledger import Ledger
from pagetune.records import Pair, Turn


def talk(number: int, *said: tuple[str, str]) -> list[Pair]:
    """Return the pairs of a conversation, as build_qa makes them."""
    turns: list[Turn] = []
    pairs = []
    for place, (question, answer) in enumerate(said):
        conversation = f"{number:04x}"
        more = {"turns": list(turns), "conversation": conversation}
        pairs.append(Pair.original(f"{conversation}{place}", question, answer, "user", "talks", **more))
        turns += [Turn(role="user", content=question), Turn(role="assistant", content=answer)]
    return pairs


def talks(count: int) -> list[Pair]:
    """Return conversations that differ in their first question alone: what follows it means another thing in each."""
    names = [
        f"{chr(0xAC00 + n * 171 % 11172)}{chr(0xAC00 + n * 137 % 11172)}{chr(0xAC00 + n * 97 % 11172)}"
        for n in range(count)
    ]
    found = []
    for n, name in enumerate(names):
        first = (f"{name} 도서관은 어디에 있나요?", f"{name}동 {n + 3}번지입니다.")
        found.append(talk(n, first, ("거기 언제 열어요?", f"{n % 12}시 {n}분입니다.")))
    return [pair for own in found for pair in own]


def test_the_answers_of_a_conversation_are_in_one_split_and_contradict_no_other() -> None:
    ledger = Ledger()
    splits = divided(talks(60), PARAMS.model_copy(update={"heldout_fraction": 0.3}), 0, ledger)
    heldout = {row.pair.conversation for row in splits.rows["heldout"]}
    others = {row.pair.conversation for name in ("train", "recall", "validation") for row in splits.rows[name]}
    assert heldout
    assert others
    assert not heldout & others
    assert "contradiction" not in {row.reason for row in ledger.rejected}
    assert {row.instruction for row in splits.rows["train"] if row.pair.turns} == {"거기 언제 열어요?"}


def test_a_passage_below_a_question_stays_and_only_the_question_is_worded_anew() -> None:
    pair = user_row("다음 글을 어떻게 줄이나요?\n\n긴 글이 여기에\n\n있습니다.", "글입니다.")
    assert filter_pairs([pair], PARAMS, 256)[0] == [pair]
    found = all_wordings(pair)
    assert len(found) > 5
    assert all(text.endswith("\n\n긴 글이 여기에\n\n있습니다.") for text in found.values())
    assert found["ask_first"].startswith("궁금한 점이 있어요. 다음 글을 어떻게 줄이나요?\n\n긴 글이")


def test_what_is_said_within_a_conversation_is_not_worded_anew() -> None:
    _, later = talk(1, ("도서관은 어디에 있나요?", "역 앞입니다."), ("언제 열어요?", "아홉 시입니다."))
    assert all_wordings(later) == {"original": "언제 열어요?"}


def test_a_long_question_of_ones_own_is_kept() -> None:
    long = "가 나 다 라 마 바 사 " * 20 + "무엇인가요?"
    kept, _ = filter_pairs([user_row(long, "글입니다.")], PARAMS, 256)
    assert kept


def test_personal_data_said_before_a_question_is_found_and_masked() -> None:
    _, later = talk(1, ("제 번호는 010-1234-5678인데 등록됐나요?", "네."), ("언제부터요?", "어제부터입니다."))
    kept, rejected, found = without_personal_data([later], "mask")
    assert (len(rejected), found["mobile_number"]) == (0, 1)
    assert kept[0].turns[0].content == "제 번호는 ***-****-****인데 등록됐나요?"


def test_the_first_of_two_equal_rows_of_ones_own_is_kept() -> None:
    twice = user_row("회원증은 어디에서 만드나요?", "일 층입니다.")
    others = [user_row(f"{name} 물음인가요?", f"{name} 대답") for name in "가나다라마바사아자차카타"]
    ledger = Ledger()
    splits = divided([twice, *others, twice], PARAMS.model_copy(update={"heldout_fraction": 0.3}), 1, ledger)
    assert sum(row.pair == twice and row.wording == "original" for own in splits.rows.values() for row in own) == 1
    assert [row.reason for row in ledger.rejected if row.instruction == twice.instruction] == ["duplicate"]


def facts(count: int) -> list[tuple[str, str]]:
    return [(pair.instruction, pair.output) for pair in talks(count) if not pair.turns]


def sides(pairs: list[Pair]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the questions and answers that are heldout, and those that training sees, as answers or in its prompts."""
    splits = divided(pairs, PARAMS.model_copy(update={"heldout_fraction": 0.3}), 0, Ledger())
    heldout = {(row.pair.instruction, row.output) for row in splits.rows["heldout"]}
    seen = set()
    for pair in (row.pair for name in ("train", "recall", "validation") for row in splits.rows[name]):
        before = [turn.content for turn in pair.turns]
        seen |= {(pair.instruction, pair.output), *zip(before[::2], before[1::2], strict=False)}
    return heldout, seen


def test_the_same_exchange_after_another_beginning_is_on_one_side() -> None:
    plain = [user_row(question, answer) for question, answer in facts(80)]
    later = [talk(n, ("안녕하세요?", f"{n}번 창구입니다."), fact)[1] for n, fact in enumerate(facts(80))]
    heldout, seen = sides([*plain, *later])
    assert heldout
    assert not heldout & seen


def test_conversations_that_begin_with_the_same_exchange_are_on_one_side() -> None:
    branches = []
    for n, fact in enumerate(facts(80)):
        for branch in (0, 1):
            first, second = talk(n, fact, (f"{n}층 {branch}호는요?", f"{branch}호는 {n}시까지입니다."))
            own = {"conversation": f"{n:04x}{branch}"}
            branches += [first.model_copy(update=own), second.model_copy(update=own | {"pair_id": f"{n:04x}b{branch}"})]
    heldout, seen = sides(branches)
    assert heldout
    assert not heldout & seen


def test_a_system_text_of_all_rows_does_not_make_them_one_template() -> None:
    words = Random(0).sample([chr(code) + chr(code + 300) for code in range(0xAC00, 0xD000, 7)], 600)
    pairs = [
        user_row(f"{' '.join(words[n : n + 8])} 어디인가요?", f"{words[n + 8]}동입니다.") for n in range(0, 540, 9)
    ]
    system = [Turn(role="system", content=" ".join(words[540:] * 3 + words[::2]))]
    with_system = [pair.model_copy(update={"turns": system}) for pair in pairs]
    looks = [divided(own, PARAMS, 0, Ledger()).template_rows for own in (pairs, with_system)]
    assert looks[0] == looks[1]
