"""Rule 3: one snapshot cannot both trigger and fill for free."""

from __future__ import annotations

from datetime import date

from engine.runs import reconstructed, spec, through_history
from strikewise.domain.events import OrderFilled, OrderPlaced
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import read

HELD = {"trend": "off", "min_dte": 20, "max_dte": 45, "dte_exit": 5, "sizing": "fixed"}
SPREADS = [{"strategy": "credit_spread", "parameters": {**HELD, "stop_loss": 2.0}}]


def test_a_stop_fills_at_that_days_exit_side_with_its_overshoot() -> None:
    facts = through_history(spec(strategies=SPREADS), reconstructed())
    stopped = [trade for trade in journal_of(read(facts)).trades if trade.exit_reason == "STOP_LOSS"]
    assert stopped
    # At least twice the credit is lost, never just that: the market has run past the stop when it is seen.
    multiples = [-(trade.profit_cents or 0) / -trade.entry_cents for trade in stopped]
    assert min(multiples) >= 2.0
    assert max(multiples) > 2.2
    placed = {one.event.order.order_id: one for one in read(facts) if isinstance(one.event, OrderPlaced)}
    for one in read(facts):
        if isinstance(one.event, OrderFilled):
            execution = one.event.execution
            assert execution.at == placed[execution.order_id].known_at
            for leg in execution.legs:  # at the touch of that very snapshot
                touch = leg.ask_cents if leg.quantity > 0 else leg.bid_cents
                beyond = (leg.ask_cents - leg.bid_cents + 1) // 2 + 1
                assert abs(leg.price_cents - touch) <= beyond


def test_deciding_today_and_filling_tomorrow_does_not_collapse_results() -> None:
    # A calm stretch, in which these sellers of premium earn: a loss would prove nothing of its kind.
    calm = {"start": date(2015, 6, 1), "end": date(2015, 8, 14)}
    at_once, a_day_late = (
        journal_of(read(through_history(spec(cadence={"lag": lag}, **calm), reconstructed())))
        for lag in (0, 1)
    )
    capital = 100_000_000
    profits = [run.equity[-1].equity_exit_cents - capital for run in (at_once, a_day_late)]
    assert len(a_day_late.trades) > len(at_once.trades) / 2
    # A result that lives on the snapshot it was decided on would turn round, or vanish.
    assert all(profit > 0 for profit in profits)
    assert profits[1] > profits[0] / 2


def test_a_lagged_order_never_fills_on_the_snapshot_it_was_decided_on() -> None:
    facts = list(read(through_history(spec(cadence={"lag": 1}, strategies=SPREADS), reconstructed())))
    placed = {one.event.order.order_id: one.known_at for one in facts if isinstance(one.event, OrderPlaced)}
    filled = [one.event.execution for one in facts if isinstance(one.event, OrderFilled)]
    assert filled
    assert all(execution.at > placed[execution.order_id] for execution in filled)
