"""Rule 2: quote gates act on entries; an exit never disappears, and its policy is counted."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, close_of, put, tape
from realism.nights import MONDAY, THURSDAY, TUESDAY, WEDNESDAY, WEEK, of
from strikewise.backtest.runner import replay
from strikewise.domain.events import MarkEstimated, OrderFilled, OrderPlaced, SignalDenied
from strikewise.domain.orders import Purpose
from strikewise.execution.fills import FillRule
from strikewise.market.estimate import MissingQuotePolicy
from strikewise.market.memory_source import MemorySource
from strikewise.market.quality import Flaw
from strikewise.portfolio.journal import Journal, journal_of
from strikewise.portfolio.ledger import MemoryLedger

LATER = date(2024, 4, 19)
NONE = Flaw(0)
SHORT, OTHER = put(480, LATER), put(470, LATER)


def denied(bid: int, ask: int, flaw: Flaw = NONE) -> list[str]:
    made = tape({close_of(MONDAY): (500.0, [(SHORT, bid, ask)])})
    made.columns.flaws[:] = np.uint16(flaw)
    ledger = MemoryLedger()
    told = Told({MONDAY: [of((SHORT, -1))]}, margin_cents=1, max_loss_cents=None)
    replay(hand_spec(told, start=MONDAY, end=MONDAY), MemorySource([made]), CALENDAR, ledger)
    return [one.event.code for one in ledger.records() if isinstance(one.event, SignalDenied)]


@pytest.mark.parametrize(
    ("bid", "ask", "flaw", "code"),
    [
        (0, 20, NONE, "QUOTE_ZERO_BID"),
        (110, 110, NONE, "QUOTE_CROSSED"),
        (-1, 120, NONE, "QUOTE_MISSING"),
        (100, 200, NONE, "QUOTE_WIDE"),
        (100, 110, Flaw.STALE, "QUOTE_STALE"),
        (100, 110, Flaw.BELOW_INTRINSIC, "QUOTE_FLAWED"),
        (100, 110, Flaw.PARITY, "QUOTE_FLAWED"),
    ],
)
def test_an_entry_needs_a_quote_that_can_carry_one(bid: int, ask: int, flaw: Flaw, code: str) -> None:
    assert denied(bid, ask, flaw) == [code]
    assert denied(100, 110) == []


def lagged(flaw: Flaw, on: date) -> list[tuple[Purpose, date]]:
    """Sell a put on Monday and close it on Wednesday, a day late each; return the fills."""
    made = tape({close_of(day): (500.0, [(SHORT, 100, 110)]) for day in WEEK})
    made.columns.flaws[WEEK.index(on)] = np.uint16(flaw)
    told = Told({MONDAY: [of((SHORT, -1))]}, frozenset([WEDNESDAY]), margin_cents=1, max_loss_cents=None)
    ledger = MemoryLedger()
    replay(hand_spec(told, start=MONDAY, end=WEEK[-1], lag=1), MemorySource([made]), CALENDAR, ledger)
    facts = list(ledger.records())
    orders = {
        one.event.order.order_id: one.event.order for one in facts if isinstance(one.event, OrderPlaced)
    }
    fills = [one.event.execution for one in facts if isinstance(one.event, OrderFilled)]
    return [(orders[one.order_id].purpose, one.at.date()) for one in fills]


@pytest.mark.parametrize("flaw", [Flaw.STALE, Flaw.BELOW_INTRINSIC, Flaw.PARITY, Flaw.SPOT])
def test_an_entry_that_waited_does_not_fill_on_a_quote_that_carries_none(flaw: Flaw) -> None:
    both = [(Purpose.OPEN, TUESDAY), (Purpose.CLOSE, THURSDAY)]
    assert lagged(NONE, TUESDAY) == both
    assert lagged(flaw, TUESDAY) == []
    assert lagged(flaw, THURSDAY) == both  # an exit never disappears


def unquoted(policy: MissingQuotePolicy, f: float = 1.0) -> tuple[Journal, MemoryLedger]:
    """Sell a put that nobody quotes on Wednesday, when it is to be closed, and on Thursday."""
    gone = (WEDNESDAY, THURSDAY)
    snapshots = {
        close_of(day): (500.0, [(OTHER, 300, 310)] if day in gone else [(SHORT, 400, 420), (OTHER, 300, 310)])
        for day in WEEK
    }
    told = Told({MONDAY: [of((SHORT, -1))]}, frozenset(WEEK[2:]), margin_cents=1, max_loss_cents=None)
    fills, ledger = FillRule((f,), missing_quote=policy), MemoryLedger()
    chosen = hand_spec(told, start=MONDAY, end=WEEK[-1], fills=fills)
    replay(chosen, MemorySource([tape(snapshots)]), CALENDAR, ledger)
    return journal_of(ledger.records()), ledger


@pytest.mark.parametrize("policy", MissingQuotePolicy)
def test_no_trade_disappears_for_want_of_an_exit_quote(policy: MissingQuotePolicy) -> None:
    journal, ledger = unquoted(policy)
    (trade,) = journal.trades
    carried = policy is MissingQuotePolicy.CARRY
    assert trade.closed_at == close_of(WEEK[-1] if carried else WEDNESDAY)
    estimated = [one for one in ledger.records() if isinstance(one.event, MarkEstimated)]
    assert trade.estimated_marks == len(estimated) == (2 if carried else 1)
    assert trade.policy_fills == (0 if carried else 1)
    last = [one.event.execution for one in ledger.records() if isinstance(one.event, OrderFilled)][-1]
    assert (last.policy == "") == carried
    # What is bought back without a quote costs no less than what its last ask was worth.
    if policy is MissingQuotePolicy.WORST:
        assert last.legs[0].price_cents == 420
    assert journal.orders[0].purpose == Purpose.OPEN
    assert TUESDAY in {row.at.date() for row in journal.equity}


@pytest.mark.parametrize("policy", [MissingQuotePolicy.MODEL, MissingQuotePolicy.WORST])
def test_a_share_of_the_half_spread_makes_no_price_better_that_nobody_quotes(
    policy: MissingQuotePolicy,
) -> None:
    prices = [
        next(
            one.event.execution.legs[0].price_cents
            for one in unquoted(policy, f)[1].records()
            if isinstance(one.event, OrderFilled) and one.event.execution.policy
        )
        for f in (1.0, 0.5, 0.0)
    ]
    assert prices == prices[:1] * 3
