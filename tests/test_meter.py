"""What a run with a language model says about itself: replies, tokens, speed, cost and the time left."""

import pytest
from conftest import ROOT

from pagetune.llm import meter
from pagetune.llm.cache import Reply
from pagetune.llm.meter import Meter
from pagetune.params import Llm, load_params

PARAMS: Llm = load_params(ROOT / "params.yaml").llm
PRICES = {"price_per_million_input_tokens": 1000.0, "price_per_million_output_tokens": 2000.0}
REPLY = Reply(text="", input_tokens=1000, output_tokens=500)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(meter.time, "monotonic", lambda: now[0])
    return now


def test_the_line_says_what_is_done_how_fast_and_what_is_left(clock: list[float]) -> None:
    shown = Meter(PARAMS.model_copy(update=PRICES), "pair")
    shown.expect(40)
    for _ in range(10):
        clock[0] += 12.0
        shown.count(REPLY, was_kept=False)
        shown.made()
    assert shown.progress("4 under way") == (
        "10 of about 40 replies, 6 min left, 5.0 pairs/min, 41.7 tokens/s, cost 20.00 of 80.00, 4 under way, "
        "10,000 tokens in and 5,000 out"
    )


def test_before_the_first_reply_the_line_says_what_is_under_way(clock: list[float]) -> None:
    shown = Meter(PARAMS, "pair")
    shown.expect(40)
    clock[0] = 30.0
    assert shown.progress("2 under way") == "0 of about 40 replies, 2 under way"


def test_requests_that_lead_to_others_are_expected_to_go_on_so(clock: list[float]) -> None:
    shown = Meter(PARAMS, "pair")
    shown.expect(10, open_others=True)
    assert shown.expected == 10
    shown.follow(3)
    shown.follow(5)
    assert shown.expected == 10 + 8 + 8 * 4
    for _ in range(8):
        shown.follow(0)
    assert shown.expected == 10 + 8


def test_what_follows_is_expected_to_lead_on_as_often_as_so_far(clock: list[float]) -> None:
    """Ten passages with four answers each, of which every second is confirmed by a round trip."""
    shown = Meter(PARAMS, "pair")
    shown.expect(10, open_others=True)
    shown.follow(4)
    assert shown.expected == 10 + 40
    shown.lead_on(1)
    shown.lead_on(0)
    assert shown.expected == 10 + 40 + 20
    shown.lead_on(0)
    shown.lead_on(0)
    assert shown.expected == 10 + 40 + 10
    for _ in range(9):
        shown.follow(0)
    assert shown.expected == 10 + 4 + 1


def test_no_round_trip_is_expected_where_none_came(clock: list[float]) -> None:
    shown = Meter(PARAMS, "pair")
    shown.expect(2, open_others=True)
    shown.follow(3)
    for _ in range(3):
        shown.lead_on(0)
    assert shown.expected == 2 + 6


def test_what_comes_from_the_cache_is_fast_only_once(clock: list[float]) -> None:
    shown = Meter(PARAMS.model_copy(update=PRICES), "pair")
    shown.expect(20)
    for _ in range(10):
        shown.count(REPLY, was_kept=True)
    clock[0] = 60.0
    shown.count(REPLY, was_kept=False)
    assert "9 min left, 1.0 replies/min" in shown.progress("")
    shown.end()
    clock[0] = 600.0
    assert shown.total("up to 2 under way") == (
        "11 replies (10 from the cache), 11,000 tokens in and 5,500 out (1.0 replies/min, 8.3 tokens/s, "
        "up to 2 under way), cost 22.00, 2.00 of it in this run"
    )


def test_the_longer_no_reply_comes_the_longer_it_will_take(clock: list[float]) -> None:
    shown = Meter(PARAMS, "pair")
    shown.expect(2)
    clock[0] = 10.0
    shown.count(REPLY, was_kept=False)
    assert " 10 s left" in shown.progress("")
    clock[0] = 300.0
    assert " 5 min left" in shown.progress("")
