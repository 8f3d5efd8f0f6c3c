"""A broker that is gone is tried again, more and more seldom, and looked at whole when it is back."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from engine.watched import Account, at
from strikewise.domain.brokerage import Health
from strikewise.domain.control import AlertRaised, FaultNoted
from strikewise.engine.broker_link import BrokerLink
from strikewise.engine.lookout import Lookout
from strikewise.portfolio.controls import ControlState


@pytest.mark.parametrize(
    ("gone", "fault"),
    [
        (Health(connected=False, reason="the line is cut"), "DISCONNECTED"),
        (Health(connected=True, reason="the line is cut", tells=False), "STREAM_LOST"),
    ],
)
def test_an_hour_away_takes_some_seventy_tries_is_told_once_and_leaves_a_doubt(
    gone: Health, fault: str
) -> None:
    account, tries, told, now = Account(), [], list[object](), at(0)
    courier = account.loop.courier
    link = BrokerLink(courier, Lookout())

    def connect() -> Health:
        tries.append(now)
        return gone if now < at(60) else Health(connected=True)

    courier.broker.connect = connect  # type: ignore[method-assign]
    courier.broker.health = lambda: gone  # type: ignore[method-assign]
    while not link.health.connected or not link.health.tells:
        told += link.look(now, ControlState(), in_session=True)
        assert courier.doubtful is (now >= at(60) and link.health.tells and link.health.connected)
        now += timedelta(seconds=0.5)
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=1), timedelta(minutes=1))
    assert 60 < len(tries) < 80
    assert [one.code for one in told if isinstance(one, FaultNoted | AlertRaised)] == [fault, f"{fault}_OVER"]
