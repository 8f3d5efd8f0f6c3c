"""What a day came to: orders counted by what became of them, however many attempts each took."""

from __future__ import annotations

from engine.hand_made import Told
from engine.watched import DAY, LOWER, NEXT, SPREAD, Account, at, by_the_minute
from strikewise.domain.control import TradingState
from strikewise.domain.orders import Order, SubmitAnswer
from strikewise.engine.day_report import DayReport, report_of
from strikewise.engine.order_work import Prices
from strikewise.execution.fills import FillRule
from strikewise.execution.halt_flag import Raised
from strikewise.execution.ladder import Ladder


def report(account: Account, state: TradingState = TradingState.ACTIVE) -> DayReport:
    return report_of(DAY, account.ledger.records(), -1_000, state)


def test_what_filled_opened_or_closed_and_the_sentence_says_so() -> None:
    quotes = {**by_the_minute(), **by_the_minute(day=NEXT)}
    account = Account((Told({DAY: [SPREAD]}, closes=frozenset({NEXT})),), quotes)
    account.tick(1)
    found = report(account)
    assert (found.opened, found.closed, found.fills, found.vain) == (1, 0, 1, 0)
    assert found.text().endswith("1 positions are open; 1 orders opened and 0 closed, with 1 fills.")
    account.tick(1, day=NEXT)
    found = report(account)
    assert (found.opened, found.closed, found.fills, found.vain) == (1, 1, 2, 0)


def test_an_order_that_was_halted_before_it_was_sent_opened_nothing() -> None:
    def smoke(order: Order) -> SubmitAnswer | None:
        account.flag.hoist(Raised("bob", at(1), "smoke"))

    account = Account([Told({DAY: [SPREAD, LOWER]})], answer=smoke)
    account.tick(1)
    found = report(account, TradingState.HALTED)
    assert (found.opened, found.fills, found.vain) == (1, 1, 1)
    assert "with 1 fills, and 1 came to nothing. Trading is halted." in found.text()


def test_all_attempts_of_an_order_are_one() -> None:
    account = Account(prices=Prices(Ladder(steps=3, seconds=60), FillRule()))
    for minute in range(1, 8):
        account.tick(minute)
    assert len(account.broker.heard) > 1
    found = report(account)
    assert (found.opened, found.fills, found.vain) == (1, 1, 0)
