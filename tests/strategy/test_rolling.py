"""What continues a position whose days are up: something later on the same underlying, or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from strategy.held import option, position
from strategy.test_sizing import signal
from strikewise.domain.instruments import Right
from strikewise.domain.signals import Close, Roll, Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.rolling import rolled

ENDS = date(2025, 7, 18)
HELD = position([(option(Right.PUT, 480.0, ENDS), -1)])
DAYS_ARE_UP = Close(ExitCode.DTE_EXIT, "dte=21")


def offer(days_later: int, underlying: str = "SPY") -> Signal:
    contract = option(Right.PUT, 470.0, ENDS + timedelta(days_later), underlying)
    return replace(signal(underlying=underlying), structure=Structure.of([Leg(contract, -1)]))


def test_the_best_offer_that_ends_later_on_the_same_underlying_is_taken() -> None:
    offers = [offer(35, "QQQ"), offer(-7), offer(0), offer(28), offer(35)]
    assert rolled(HELD, DAYS_ARE_UP, lambda: offers) == Roll(offers[3], ExitCode.DTE_EXIT, "dte=21")


def test_without_a_later_offer_it_is_closed() -> None:
    assert rolled(HELD, DAYS_ARE_UP, lambda: [offer(0), offer(7, "QQQ")]) == DAYS_ARE_UP


@pytest.mark.parametrize("reason", [ExitCode.STOP_LOSS, ExitCode.PROFIT_TARGET, ExitCode.TIME_EXIT])
def test_a_target_or_a_stop_ends_a_campaign_and_nobody_looks_for_more(reason: ExitCode) -> None:
    def never() -> list[Signal]:
        raise AssertionError("nothing may be asked for")

    assert rolled(HELD, Close(reason), never) == Close(reason)
