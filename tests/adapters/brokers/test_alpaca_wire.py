"""The vendor's kit, its hazards closed: nothing sent twice, all in time, every answer told as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.brokers.alpaca_canned import Answer, Canned, HandTimer, canned
from strikewise.adapters.brokers.alpaca_pace import Pace, Urgency
from strikewise.adapters.brokers.alpaca_wire import (
    AlpacaWire,
    Answered,
    Failed,
    Limited,
    open_client,
    words_of,
)
from strikewise.market.clock import SimulatedClock

NOW = datetime(2024, 3, 12, 19, tzinfo=UTC)


@pytest.fixture
def vendor() -> Iterator[Canned]:
    with canned() as made:
        yield made


@pytest.fixture
def timer() -> HandTimer:
    return HandTimer()


@pytest.fixture
def wire(vendor: Canned, timer: HandTimer) -> Iterator[AlpacaWire]:
    made = AlpacaWire(
        "trading",
        "key",
        "secret",
        vendor.url,
        clock=SimulatedClock(NOW),
        timer=timer,
        pace=Pace(timer),
        read_seconds=0.2,
    )
    yield made
    made.close()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(how="hang"),
        Answer(how="drop"),
        Answer({"message": "internal server error"}, 500),
        Answer({"code": 50410000, "message": "gateway timeout"}, 504),
        Answer("<html>bad gateway</html>", 502),
        Answer("<html>welcome</html>", 200),
        Answer('{"id": "b-1", "stat', 200),
        Answer(None, 503),
        Answer("<html>who are you?</html>", 403),
        Answer({"message": "moved"}, 302, {"Location": "https://elsewhere.invalid/"}),
    ],
    ids=["hang", "drop", "500", "504", "html 502", "html 200", "broken", "empty 503", "html 403", "302"],
)
@pytest.mark.parametrize("urgency", list(Urgency))
def test_what_cannot_be_relied_on_is_no_answer_and_is_never_asked_again(
    vendor: Canned, wire: AlpacaWire, answer: Answer, urgency: Urgency
) -> None:
    vendor.say("POST", "/v2/orders", answer)
    said = wire.call("POST", "/orders", {"qty": "1"}, urgency=urgency)
    assert isinstance(said, Failed)
    assert "POST /orders" in said.reason
    assert len(vendor.of("POST", "/v2/orders")) == 1


def test_nobody_at_the_other_end_is_no_answer(timer: HandTimer) -> None:
    made = AlpacaWire(
        "trading",
        "key",
        "secret",
        "http://127.0.0.1:1",
        clock=SimulatedClock(NOW),
        timer=timer,
        pace=Pace(timer),
    )
    assert isinstance(made.call("GET", "/account"), Failed)
    made.close()


def test_a_refusal_in_json_is_an_answer(vendor: Canned, wire: AlpacaWire) -> None:
    vendor.say("POST", "/v2/orders", Answer({"code": 40310000, "message": "insufficient buying power"}, 403))
    said = wire.call("POST", "/orders", {})
    assert said == Answered(403, {"code": 40310000, "message": "insufficient buying power"})


def test_fractions_are_read_exactly(vendor: Canned, wire: AlpacaWire) -> None:
    vendor.say("GET", "/v2/account", Answer('{"cash": 0.285}'))
    assert wire.call("GET", "/account") == Answered(200, {"cash": Decimal("0.285")})


def test_a_success_without_a_body_is_one(vendor: Canned, wire: AlpacaWire) -> None:
    vendor.say("DELETE", "/v2/orders/b-1", Answer(status=204))
    assert wire.call("DELETE", "/orders/b-1") == Answered(204, None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 9)}, 9.0),
        ({"Retry-After": "7"}, 7.0),
        ({}, 3.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) - 500)}, 1.0),
    ],
)
def test_an_exit_that_was_turned_away_comes_back_when_the_vendor_says(
    vendor: Canned, wire: AlpacaWire, timer: HandTimer, headers: dict[str, str], seconds: float
) -> None:
    turned = Answer({"message": "too many requests."}, 429, headers)
    vendor.say("POST", "/v2/orders", turned, Answer({"id": "b-1"}))
    assert isinstance(wire.call("POST", "/orders", {}, urgency=Urgency.EXIT), Answered)
    assert timer.slept == [seconds]


@pytest.mark.parametrize(("until", "away"), [(11, 11.0), (59, 59.0), (9999, 60.0)])
def test_an_exit_waits_no_longer_than_the_process_may_be_silent_and_goes_once_it_may(
    vendor: Canned, wire: AlpacaWire, timer: HandTimer, until: int, away: float
) -> None:
    turned = Answer("slow down", 429, {"X-RateLimit-Reset": str(int(NOW.timestamp()) + until)})
    vendor.say("POST", "/v2/orders", turned, Answer({"id": "b-1"}))
    said = wire.call("POST", "/orders", {}, urgency=Urgency.EXIT)
    assert isinstance(said, Limited)
    assert f"{away:.0f} s" in said.reason
    assert timer.slept == []
    timer.now += away - 1.0
    assert isinstance(wire.call("POST", "/orders", {}, urgency=Urgency.EXIT), Answered)
    assert timer.slept == [1.0]


def test_an_exit_that_comes_back_again_and_again_waits_ten_seconds_in_all(
    vendor: Canned, wire: AlpacaWire, timer: HandTimer
) -> None:
    vendor.say("POST", "/v2/orders", Answer("slow down", 429, {"Retry-After": "6"}))
    assert isinstance(wire.call("POST", "/orders", {}, urgency=Urgency.EXIT), Limited)
    assert timer.slept == [6.0]


@pytest.mark.parametrize("urgency", [Urgency.READ, Urgency.ENTRY])
def test_what_is_no_exit_does_not_come_back_and_lets_exits_go_first(
    vendor: Canned, wire: AlpacaWire, timer: HandTimer, urgency: Urgency
) -> None:
    vendor.say("POST", "/v2/orders", Answer("slow down", 429), Answer({"id": "b-1"}))
    assert isinstance(wire.call("POST", "/orders", {}, urgency=urgency), Limited)
    assert isinstance(wire.call("POST", "/orders", {}, urgency=urgency), Limited)
    assert len(vendor.of("POST", "/v2/orders")) == 1
    assert timer.slept == []
    assert isinstance(wire.call("POST", "/orders", {}, urgency=Urgency.EXIT), Answered)


def test_an_exit_that_is_turned_away_again_and_again_gives_up(vendor: Canned, wire: AlpacaWire) -> None:
    vendor.say("POST", "/v2/orders", Answer("slow down", 429))
    assert isinstance(wire.call("POST", "/orders", {}, urgency=Urgency.EXIT), Limited)
    assert len(vendor.of("POST", "/v2/orders")) == 3


@given(st.lists(st.tuples(st.sampled_from(list(Urgency)), st.floats(0.0, 5.0)), max_size=600))
def test_no_minute_has_more_requests_than_allowed_and_exits_wait_last(
    asked: list[tuple[Urgency, float]],
) -> None:
    timer = HandTimer()
    pace, went = Pace(timer, 100), []
    for urgency, pause in asked:
        timer.now += pause / 10
        assert pace.wait(Urgency.EXIT) <= pace.wait(Urgency.ENTRY) <= pace.wait(Urgency.READ)
        if pace.wait(urgency) == 0:
            pace.asked()
            went.append((timer.now, urgency))
    for at, urgency in went:
        minute = [one for one, _ in went if at - 60 < one <= at]
        assert len(minute) <= 100
        if urgency is Urgency.READ:
            assert len(minute) <= 100 - 60


@pytest.mark.parametrize(("urgency", "kept"), [(Urgency.READ, 60), (Urgency.ENTRY, 30), (Urgency.EXIT, 0)])
def test_the_last_requests_of_a_minute_are_kept_for_who_goes_first(urgency: Urgency, kept: int) -> None:
    pace, went = Pace(HandTimer(), 200), 0
    while pace.wait(urgency) == 0:
        pace.asked()
        went += 1
    assert went == 200 - kept


def test_a_full_minute_frees_itself() -> None:
    timer = HandTimer()
    pace = Pace(timer, 100)
    for _ in range(100):
        pace.asked()
    assert pace.wait(Urgency.EXIT) == pytest.approx(60.0)
    timer.now += 60.0
    assert pace.wait(Urgency.READ) == 0.0


def test_the_kit_itself_is_told_to_send_nothing_again() -> None:
    for kind in ("trading", "options", "stocks"):
        client = open_client(kind, "key", "secret", "http://127.0.0.1:1")  # type: ignore[arg-type]
        assert (client._retry, client._retry_codes) == (0, [])


def test_an_error_is_told_with_its_numbers() -> None:
    body = {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 4, available: 0)",
        "available": "0",
        "held_for_orders": "4",
    }
    assert words_of(body).endswith("; available=0 held_for_orders=4")
    assert words_of(None) == ""
    assert words_of(["x"]) == "['x']"
