from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from portfolio.event_strategies import LONG, SHORT, START, closing, fill, lives, opening, settled, signal
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import (
    AccountOpened,
    AccountValued,
    Event,
    MarkEstimated,
    OptionSettled,
    OrderAccepted,
    OrderClosed,
    OrderDenied,
    OrderFilled,
    OrderPlaced,
    OrderRejected,
    RunStarted,
    SignalDenied,
    SignalGenerated,
)
from strikewise.domain.orders import OrderEnded
from strikewise.portfolio.journal import Journal, JournalKeeper, journal_of
from strikewise.portfolio.journal_rows import EquityRow
from strikewise.portfolio.ledger import Entry, MemoryLedger
from strikewise.portfolio.lineage import lineage
from strikewise.portfolio.projection import AccountState

LATER = START + timedelta(days=9, hours=3)
O1 = opening("o1", "s1", quantity=2)
C1 = closing("c1", "o1", quantity=2, at=LATER)
OPEN = (
    AccountOpened("test", 10_000_000),
    RunStarted({"name": "first"}, {}, None),
    SignalGenerated(signal("s1")),
    OrderPlaced(O1),
    OrderAccepted("o1", "b1"),
    OrderFilled(fill("e1", O1, 2)),
)
CLOSE = (OrderPlaced(C1), OrderFilled(fill("e2", C1, 2, short=45, long=10, at=LATER)))


def ledger_of(*events: Event) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.append([Entry(event, START, "engine") for event in events], recorded_at=START)
    return ledger


def journal(*events: Event) -> Journal:
    return journal_of(ledger_of(*events).records())


def test_a_closed_trade_says_what_came_of_it_and_why() -> None:
    (trade,) = journal(*OPEN, *CLOSE).trades
    assert (trade.trade_id, trade.campaign_id, trade.signal_id) == ("o1", "o1", "s1")
    assert trade.structure == "put_credit_spread"
    assert trade.legs == "+1 SPY 2026-09-18 595P, -1 SPY 2026-09-18 600P"
    assert (trade.entry_cents, trade.exit_cents, trade.fees_cents) == (-9000, 7000, 520)
    assert trade.profit_cents == 9000 - 7000 - 520
    assert trade.max_loss_cents == trade.margin_cents == 91_000
    assert trade.return_on_risk == trade.return_on_margin == 1480 / 91_000
    assert (trade.opened_at, trade.closed_at, trade.days_held) == (START, LATER, 9)
    assert trade.exit_reason == "PROFIT_TARGET"
    assert (trade.probability_of_profit, trade.score, trade.regime) == (0.87, 71.5, "BULL_QUIET")
    assert (trade.opened_seq, trade.closed_seq) == (6, 8)
    assert trade.grade == "quotes"


def test_an_open_trade_does_not_say_what_is_not_known_yet() -> None:
    told = journal(*OPEN)
    (trade,) = told.trades
    unknown = (trade.closed_at, trade.exit_cents, trade.profit_cents, trade.return_on_risk, trade.days_held)
    assert unknown == (None,) * 5
    assert (trade.exit_reason, trade.closed_seq) == ("", None)
    (position,) = told.positions
    assert position.holdings == "+2 SPY 2026-09-18 595P, -2 SPY 2026-09-18 600P"
    assert (position.cash_cents, position.closing_order_id) == (-9000, "")
    assert journal(*OPEN, OrderPlaced(C1)).positions[0].closing_order_id == "c1"


def test_half_a_close_is_an_open_trade() -> None:
    half = OrderFilled(fill("e2", C1, 1, short=45, long=10, at=LATER))
    told = journal(*OPEN, OrderPlaced(C1), half)
    assert told.trades[0].closed_at is None
    assert told.positions[0].holdings == "+1 SPY 2026-09-18 595P, -1 SPY 2026-09-18 600P"


@pytest.mark.parametrize(("spot", "reason"), [(61_000, "EXPIRED"), (59_800, ""), (59_000, "ASSIGNED")])
def test_a_trade_that_settles_says_how(spot: int, reason: str) -> None:
    told = journal(
        *OPEN,
        OptionSettled(settled("x1", "o1", SHORT, -2, spot)),
        OptionSettled(settled("x2", "o1", LONG, 2, spot)),
    )
    assert told.trades[0].exit_reason == reason  # at 598.00 shares are left, and the trade is open
    if reason == "ASSIGNED":
        assert told.trades[0].profit_cents == 2 * (4500 - 50_000) - 260


def test_an_order_says_where_it_stands_and_what_it_cost() -> None:
    opened, closed = journal(*OPEN, *CLOSE).orders
    assert (opened.order_id, opened.purpose, opened.status, opened.filled) == ("o1", "open", "filled", 2)
    assert (opened.filled_cents, opened.fees_cents, opened.broker_order_id) == (-9000, 260, "b1")
    assert (closed.purpose, closed.reason, closed.filled_cents) == ("close", "PROFIT_TARGET", 7000)
    assert closed.structure == "put_debit_spread"


@pytest.mark.parametrize(
    ("answer", "status", "note"),
    [
        (OrderRejected("o1", "BUYING_POWER", "not enough"), "rejected", "BUYING_POWER: not enough"),
        (OrderClosed(OrderEnded("o1", "expired", "end of day", START)), "expired", "end of day"),
    ],
)
def test_an_order_keeps_the_brokers_last_word(answer: Event, status: str, note: str) -> None:
    (order,) = journal(*OPEN[:5], answer).orders
    assert (order.status, order.note) == (status, note)


def test_a_signal_says_what_was_done_about_it() -> None:
    denied = SignalDenied("s2", "credit_spread", "SPY", "RISK_MAX_LOSS", "loss=45500 limit=20000")
    told = journal(*OPEN, SignalGenerated(signal("s2")), denied, SignalGenerated(signal("s3"))).signals
    assert [(s.signal_id, s.outcome, s.detail, s.order_id) for s in told] == [
        ("s1", "ORDERED", "", "o1"),
        ("s2", "RISK_MAX_LOSS", "loss=45500 limit=20000", ""),
        ("s3", "", "", ""),
    ]
    assert (told[0].price_cents, told[0].max_profit_cents, told[0].regime) == (-4500, 4500, "BULL_QUIET")


def test_marks_and_fills_by_policy_are_counted() -> None:
    guessed = OrderFilled(replace(fill("e2", C1, 2, at=LATER), policy="CARRY"))
    told = journal(*OPEN, *[MarkEstimated("o1", SHORT, "CARRY", 140)] * 3, OrderPlaced(C1), guessed)
    assert (told.trades[0].estimated_marks, told.trades[0].policy_fills) == (3, 1)


def test_a_fill_told_twice_is_journaled_once() -> None:
    assert journal(*OPEN, OPEN[-1]) == journal(*OPEN)
    assert journal(*OPEN, *CLOSE, CLOSE[-1]) == journal(*OPEN, *CLOSE)


def test_equity_is_what_was_valued_and_when() -> None:
    valued = AccountValued(1, 2, 3, 4, 5, 6, 7, 0.5, 0.1, -3.25, 9.0)
    assert journal(OPEN[0], valued).equity == (
        EquityRow(2, START, 1, 2, 3, 4, 5, 6, 7, 0.5, 0.1, -3.25, 9.0, deposited_cents=10_000_000),
    )


@given(lives())
def test_profits_of_the_journal_are_those_of_the_account(life: list[Entry]) -> None:
    ledger = MemoryLedger()
    ledger.append(life, recorded_at=START)
    told, state = journal_of(ledger.records()), AccountState.fold(ledger.records())
    assert sum(trade.profit_cents or 0 for trade in told.trades) == state.realised_cents
    assert {p.position_id for p in told.positions} == set(state.positions)
    assert {t.trade_id for t in told.trades if t.closed_at} == set(state.closed)
    assert all((trade.exit_reason == "") == (trade.closed_at is None) for trade in told.trades)
    spent = sum(order.filled_cents + order.fees_cents for order in told.orders)
    if not any(isinstance(entry.event, OptionSettled) for entry in life):
        assert spent == state.deposited_cents - state.cash_cents


@given(lives())
def test_a_row_that_changed_is_among_those_said_to_have_changed(life: list[Entry]) -> None:
    ledger = MemoryLedger()
    ledger.append(life, recorded_at=START)
    keeper = JournalKeeper()
    before: dict[tuple[str, object], object] = {}
    for record in ledger.records():
        keeper.changed.clear()
        keeper.add(record)
        after: dict[tuple[str, object], object] = {
            **{
                ("trades", n): (keeper.trade(n), keeper.is_open(n) and keeper.position(n))
                for n in keeper.trades
            },
            **{("orders", n): row for n, row in keeper.orders.items()},
            **{("signals", n): row for n, row in keeper.signals.items()},
            **{("equity", n): row for n, row in keeper.equity.items()},
        }
        assert {key for key, row in after.items() if before.get(key) != row} <= keeper.changed
        before = after


# --- lineage ------------------------------------------------------------------------------------------------


def kinds(*events: Event, of: str = "o1") -> list[str]:
    return [type(record.event).__name__ for record in lineage(ledger_of(*events).records(), of)]


def test_a_trade_leads_back_to_its_signal_and_run() -> None:
    others = (SignalGenerated(signal("s9")), OrderPlaced(opening("o9", "s9")), OrderAccepted("o9", "b9"))
    found = kinds(*OPEN, *others, MarkEstimated("o1", SHORT, "CARRY", 1), OrderDenied("o1", "NO", ""), *CLOSE)
    assert found == [
        "RunStarted",
        "SignalGenerated",
        "OrderPlaced",
        "OrderAccepted",
        "OrderFilled",
        "OrderDenied",
        "OrderPlaced",
        "OrderFilled",
    ]


def test_a_settlement_of_all_positions_is_in_the_line_of_each() -> None:
    report = settled("x1", "", SHORT, -2, 61_000)
    assert kinds(*OPEN, OptionSettled(report))[-1] == "OptionSettled"


def test_the_run_of_a_trade_is_the_one_that_saw_its_signal() -> None:
    again = RunStarted({"name": "second"}, {}, None)
    found = lineage(ledger_of(*OPEN, again, *CLOSE).records(), "o1")
    assert [r.event for r in found if isinstance(r.event, RunStarted)] == [OPEN[1]]


def test_causes_are_followed_to_the_beginning() -> None:
    ledger = MemoryLedger()
    chain = [None, None, 1, 3, 4, 5]
    batch = [Entry(event, START, "e", cause) for event, cause in zip(OPEN, chain, strict=True)]
    ledger.append(batch, recorded_at=START)
    assert [record.seq for record in lineage(ledger.records(), "o1")] == [1, 2, 3, 4, 5, 6]


def test_a_trade_that_never_was_has_no_line() -> None:
    with pytest.raises(LedgerError, match="no trade 'o7'"):
        lineage(ledger_of(*OPEN).records(), "o7")
