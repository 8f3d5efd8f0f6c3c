"""Each fault the local server can make: answers are true, nothing is sent twice, asking finds the rest."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.brokers.alpaca_rehearsal import Rehearsal, rehearsal
from execution.tapes import order, put
from strikewise.adapters.brokers.alpaca_server.mishaps import CARRIED_OUT
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.domain.brokerage import BrokerStatus
from strikewise.domain.instruments import Instrument
from strikewise.domain.orders import Accepted, Known, OrderEnded, Purpose, Rejected, SubmitAnswer, Unresolved

SPREAD = {put(480): -1, put(475): 1}
BACK = {put(480): 1, put(475): -1}
CALM = 12
"""Reads after which a plan's faults are over."""


def placed(made: Rehearsal, name: str) -> bool:
    return name in made.venue.by_client


def held_by_fills(made: Rehearsal) -> dict[Instrument, int]:
    """What all fills come to, once the broker answers."""
    for _ in range(CALM):
        made.timer.now += 60
        listed = made.broker.fills_since("")
        if isinstance(listed, Known):
            found: Counter[Instrument] = Counter()
            for one in {fill.execution_id: fill for fill in listed.value.items}.values():
                for leg in one.legs:
                    found[leg.instrument] += leg.quantity
            return {instrument: quantity for instrument, quantity in found.items() if quantity}
    raise AssertionError("the broker never answered")


def truth(made: Rehearsal) -> dict[Instrument, int]:
    return made.venue.book.holdings()


def is_true(made: Rehearsal, name: str, answer: SubmitAnswer) -> bool:
    match answer:
        case Accepted():
            return placed(made, name)
        case Rejected():
            return not placed(made, name) or made.venue.by_client[name].status == "rejected"
        case Unresolved():
            return True


MOVES_SHARES = {FaultKind.EARLY_ASSIGNMENT}


@pytest.mark.parametrize("kind", sorted(CARRIED_OUT - MOVES_SHARES))
def test_one_fault_of_each_kind_leaves_no_lie_and_no_second_order(kind: FaultKind) -> None:
    with rehearsal(faults=FaultPlan(7, (Fault(kind, nth=1),))) as made:
        made.broker.connect()
        first = made.broker.submit(order(SPREAD, quantity=2, limit_cents=-1_000))
        assert is_true(made, "o-1", first)
        second = made.broker.submit(order(BACK, quantity=2, purpose=Purpose.CLOSE, order_id="o-2"))
        assert is_true(made, "o-2", second)
        made.broker.cancel("o-1")
        posts = [one for one in made.exchanges if (one.method, one.path) == ("POST", "/v2/orders")]
        assert len(posts) <= 2 + (kind is FaultKind.RATE_LIMITED)
        assert held_by_fills(made) == truth(made)


@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER_ACCEPTANCE, FaultKind.SERVER_ERROR, FaultKind.BROKEN_BODY]
)
def test_an_unresolved_order_is_found_or_found_not_to_be_by_its_id(kind: FaultKind) -> None:
    for seed in range(2):
        with rehearsal(faults=FaultPlan(seed, (Fault(kind, nth=1),))) as made:
            made.broker.account()
            answer = made.broker.submit(order(SPREAD))
            if kind is FaultKind.TIMEOUT_AFTER_ACCEPTANCE:
                assert isinstance(answer, Unresolved)
            known = made.broker.order("o-1")
            for _ in range(CALM):
                if isinstance(known, Known):
                    break
                known = made.broker.order("o-1")
            assert isinstance(known, Known)
            assert (known.value is not None) == placed(made, "o-1")


def test_the_stream_and_the_order_agree_how_an_order_ended_that_nobody_cancelled() -> None:
    with rehearsal(faults=FaultPlan(1, (Fault(FaultKind.REJECTED_AS_CANCELLED, nth=1),))) as made:
        made.broker.connect()
        made.broker.submit(order(SPREAD))
        (ended,) = made.told(1)
        known = made.broker.order("o-1")
        assert isinstance(ended, OrderEnded)
        assert isinstance(known, Known)
        assert known.value is not None
        assert known.value.status.value == ended.outcome != BrokerStatus.FILLED


def test_a_fill_told_twice_has_one_id() -> None:
    with rehearsal(faults=FaultPlan(1, (Fault(FaultKind.DUPLICATE_FILL, nth=1),))) as made:
        made.broker.connect()
        made.broker.submit(order(SPREAD))
        told = made.told(4)
        assert len({getattr(one, "execution_id", None) for one in told}) == 2


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32 - 1))
def test_whatever_goes_wrong_the_fills_come_to_what_the_account_holds(seed: int) -> None:
    kinds = CARRIED_OUT - MOVES_SHARES
    with rehearsal(faults=FaultPlan.drawn(seed, kinds, size=5, within=8)) as made:
        made.broker.connect()
        answers = {}
        for name, legs, purpose in (("o-1", SPREAD, Purpose.OPEN), ("o-2", BACK, Purpose.CLOSE)):
            answers[name] = made.broker.submit(order(legs, quantity=2, purpose=purpose, order_id=name))
            made.timer.now += 60
            made.broker.events()
        made.broker.cancel("o-1")
        made.broker.cancel_all()
        assert all(is_true(made, name, answer) for name, answer in answers.items())
        assert held_by_fills(made) == truth(made)
