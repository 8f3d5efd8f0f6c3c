"""What the account as a whole asks of what is adjusted, what moves against it, and what it holds already."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from execution.tapes import call, order, put
from risk.asking import BARS, LOOSE, VIEW, WIDE, control, denied, spread, verdict
from risk.risk_markets import EXPIRY, NOW, account, held, view_of
from strikewise.domain.control import TradingState
from strikewise.domain.denials import DenialCode
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Stock
from strikewise.domain.orders import Purpose
from strikewise.domain.portfolio import Mark, Position
from strikewise.domain.reconciled import EXTERNAL
from strikewise.risk.gate import ApprovedAdjusting, ApprovedClosing, Denied, judge_adjusting, judge_closing
from strikewise.risk.governor import Governor
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.revaluation import book_of


def test_underlyings_that_move_against_each_other_are_not_held_together_either() -> None:
    inverse = replace(BARS[0], symbol="SH", close=1e4 / BARS[0].close)
    view = view_of({"SPY": 500.0, "SH": 20.0}, bars=[BARS[0], inverse, BARS[-1]])
    rules = replace(LOOSE, max_correlation=0.70)
    wish = spread(15, underlying="SH", width=5, name="i")
    detail = denied(verdict(wish, account(spread()), rules, view=view), DenialCode.RISK_CORRELATION)
    assert detail == "with=SPY correlation=-1.00 limit=0.7"


def test_shares_count_in_the_notional_of_an_order() -> None:
    covered = held({Stock("SPY"): 100, call(520, EXPIRY): -1}, max_loss=90_000, margin=90_000)
    detail = denied(verdict(covered, rules=replace(LOOSE, max_notional=0.99)), DenialCode.RISK_NOTIONAL)
    assert detail == "notional=100000.00 limit=99000.00"


def test_an_adjusted_position_counts_once_and_as_it_will_be() -> None:
    position = spread(name="p", many=20)
    adds = order({put(490, EXPIRY): -1, put(480, EXPIRY): 1}, purpose=Purpose.ADJUST, position_id="p", at=NOW)

    def asked(rules: Governor) -> ApprovedAdjusting | Denied:
        return judge_adjusting(
            adds, position, account(position), WIDE, VIEW, working="", control=control(rules)
        )

    assert isinstance(asked(replace(LOOSE, max_sector=0.211)), ApprovedAdjusting)
    denied(asked(replace(LOOSE, max_sector=0.205)), DenialCode.RISK_SECTOR)
    denied(asked(replace(LOOSE, max_notional=0.4)), DenialCode.RISK_NOTIONAL)
    alone = _vega(spread(name="p", many=20), spread(490, name="q"))
    assert alone < 0.6 * _vega(position, position), "counted twice it would be denied"
    assert isinstance(asked(replace(LOOSE, max_vega=1.1 * alone / 100_000)), ApprovedAdjusting)


def _vega(*positions: Position) -> float:
    book = book_of(positions, VIEW)
    assert not isinstance(book, Unpriced)
    return abs(book.greeks().vega)


def test_what_is_nobodys_is_not_adjusted_and_no_hedge_passes_a_halt() -> None:
    greeks = Greeks(delta=100.0)
    position = replace(spread(name="p"), mark=Mark(0, 0, 50_000, 0, greeks, NOW))
    shares = order({Stock("SPY"): -1}, quantity=10, purpose=Purpose.ADJUST, position_id="p", at=NOW)

    def asked(held_now: Position, state: TradingState) -> ApprovedAdjusting | Denied:
        gate = control(state=state)
        return judge_adjusting(shares, held_now, account(held_now), WIDE, VIEW, working="", control=gate)

    assert isinstance(asked(position, TradingState.REDUCING), ApprovedAdjusting)
    denied(asked(position, TradingState.HALTED), DenialCode.STATE_HALTED)
    external = replace(position, strategy=EXTERNAL)
    denied(asked(external, TradingState.ACTIVE), DenialCode.PORTFOLIO_EXTERNAL)


def test_what_was_held_for_exactly_the_least_may_go() -> None:
    gate = control(replace(LOOSE, min_hold_hours=4.0))
    for hours, passes in ((4.0, True), (3.999, False)):
        position = spread(opened_at=NOW - timedelta(hours=hours))
        legs = {leg.instrument: -leg.ratio for leg in position.structure.legs}
        leaving = order(legs, purpose=Purpose.CLOSE, position_id=position.position_id, at=NOW)
        answer = judge_closing(replace(leaving, reason="PROFIT_TARGET"), position, VIEW, gate)
        assert isinstance(answer, ApprovedClosing) is passes
