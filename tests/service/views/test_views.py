"""Views of an account: what a small run left behind, shown without inventing anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hand_made import Told, hand_spec
from execution.tapes import CALENDAR, bars, call, close_of, put, tape
from strikewise.adapters.picture_file import PictureFile
from strikewise.backtest.runner import replay
from strikewise.domain.control import ResumeRequested
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import AccountValued, CashFlowed
from strikewise.domain.instruments import parse_instrument
from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.domain.structures import Leg, Structure
from strikewise.market.memory_source import MemorySource
from strikewise.market.view import Market
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.ledger import Entry, MemoryLedger, Wanted
from strikewise.portfolio.picture import LegPicture, Picture, PositionPicture, picture_of
from strikewise.portfolio.valuation import remembering, value_account
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits
from strikewise.service.alert_texts import positions_text
from strikewise.service.explain import explain_trade
from strikewise.service.views.account import account_view, equity_curve
from strikewise.service.views.chart import chart_of
from strikewise.service.views.day import day_uses
from strikewise.service.views.desk import Desk
from strikewise.service.views.facts import fact_lineage, facts_after
from strikewise.service.views.payoff import payoff_of
from strikewise.service.views.positions import positions_view
from strikewise.service.views.signals import signal_view, signals_before
from strikewise.service.views.trades import telling_facts, trade_story
from strikewise.service.views.volatility import volatility_of

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 2, day) for day in (5, 6, 7))
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
OTHER = Structure.of([Leg(call(500), -1), Leg(call(505), 1)])
ROWS = [(put(480), 100, 110), (put(475), 40, 50), (call(500), 90, 100), (call(505), 30, 40)]


def market() -> MemorySource:
    quotes = tape({close_of(day): (490.0, ROWS) for day in (MONDAY, TUESDAY, WEDNESDAY)})
    days = CALENDAR.sessions(date(2023, 11, 1), WEDNESDAY)
    closes = {day: (480.0 + n % 7, 481.0 + n % 7) for n, day in enumerate(days)}
    return MemorySource([quotes], bars=[bars("SPY", closes)])


def traded() -> tuple[MemoryLedger, MemorySource]:
    ledger, source = MemoryLedger(), market()
    strategy = Told({MONDAY: [SPREAD], TUESDAY: [SPREAD, OTHER]}, frozenset({WEDNESDAY}))
    replay(hand_spec(strategy, start=MONDAY, end=WEDNESDAY), source, CALENDAR, ledger)
    return ledger, source


def desk_of(ledger: MemoryLedger) -> Desk:
    desk = Desk()
    desk.read_on(ledger)
    return desk


def picture(ledger: MemoryLedger, source: MemorySource, at: datetime) -> Picture:
    state = desk_of(ledger).keeper.state
    view = Market(source, CALENDAR).view(at)
    spec = hand_spec(Told({}), start=MONDAY, end=WEDNESDAY).run
    memory = remembering(tuple(state.positions.values()), {})
    return picture_of(value_account(state, view, spec.missing_quote, memory).portfolio, view, state.seq)


def until(ledger: MemoryLedger, at: datetime) -> MemoryLedger:
    """Return the ledger as it was when nothing after an instant was known."""
    short = MemoryLedger()
    from_then = [one for one in ledger.records() if one.known_at <= at]
    for record in from_then:
        entry = Entry(record.event, record.known_at, record.actor, record.cause)
        short.append([entry], recorded_at=record.recorded_at)
    return short


def test_reading_on_reads_each_fact_once_and_ends_where_reading_at_once_ends() -> None:
    ledger, _ = traded()
    desk = Desk()
    first = desk.read_on(until(ledger, close_of(MONDAY)))
    rest = desk.read_on(ledger)
    assert first + rest == desk.seq == ledger.head.seq
    assert desk.read_on(ledger) == 0
    assert desk.valuations.days() == desk_of(ledger).valuations.days()
    assert equity_curve(desk) == equity_curve(desk_of(ledger))


def test_the_account_is_what_its_last_valuation_says_and_profit_is_equity_less_deposits() -> None:
    ledger, _ = traded()
    desk = desk_of(ledger)
    view = account_view(desk, Limits(), CALENDAR)
    last = journal_of(ledger.records()).equity[-1]
    assert desk.valuations.last == last
    assert view.equity_mid_cents == last.equity_mid_cents
    assert view.total_profit_cents == last.equity_mid_cents - 10_000_000
    assert sum(view.profits.values()) == view.total_profit_cents
    assert {one.name for one in view.limits} >= {"margin", "positions"}


def test_what_was_won_on_the_days_adds_up_to_what_was_won_in_all() -> None:
    ledger, _ = traded()
    views = [
        account_view(desk_of(until(ledger, close_of(day))), Limits(), CALENDAR)
        for day in (MONDAY, TUESDAY, WEDNESDAY)
    ]
    assert views[0].day_profit_cents == views[0].total_profit_cents != 0
    assert sum(one.day_profit_cents for one in views) == views[-1].total_profit_cents


def test_what_was_paid_in_is_won_on_no_day() -> None:
    ledger, _ = traded()
    short = until(ledger, close_of(TUESDAY))
    before = account_view(desk_of(short), Limits(), CALENDAR).day_profit_cents
    at = close_of(TUESDAY) + timedelta(minutes=1)
    paid = CashFlowed(CashFlow("t-1", FlowKind.TRANSFER, "", "", -500_000, at))
    last = next(one.event for one in reversed(list(short.records())) if isinstance(one.event, AccountValued))
    more = replace(
        last,
        cash_cents=last.cash_cents + 500_000,
        equity_mid_cents=last.equity_mid_cents + 500_000,
        equity_exit_cents=last.equity_exit_cents + 500_000,
    )
    short.append([Entry(paid, at, "engine"), Entry(more, at, "engine")], recorded_at=at)
    assert account_view(desk_of(short), Limits(), CALENDAR).day_profit_cents == before


def test_what_was_paid_in_since_the_last_valuation_is_no_loss() -> None:
    ledger, _ = traded()
    before, at = account_view(desk_of(ledger), Limits(), CALENDAR), close_of(WEDNESDAY) + timedelta(minutes=1)
    paid = CashFlowed(CashFlow("t-1", FlowKind.TRANSFER, "", "", -500_000, at))
    ledger.append([Entry(paid, at, "engine")], recorded_at=at)
    after = account_view(desk_of(ledger), Limits(), CALENDAR)
    assert after.total_profit_cents == before.total_profit_cents
    assert after.day_profit_cents == before.day_profit_cents


def test_what_was_paid_out_uses_no_limit_of_the_day() -> None:
    ledger, _ = traded()
    short = until(ledger, close_of(TUESDAY))
    before, at = day_uses(desk_of(short), Governor()), close_of(TUESDAY) + timedelta(minutes=1)
    last = next(one.event for one in reversed(list(short.records())) if isinstance(one.event, AccountValued))
    paid = CashFlowed(CashFlow("t-1", FlowKind.TRANSFER, "", "", 5_000_000, at))
    less = replace(
        last,
        cash_cents=last.cash_cents - 5_000_000,
        equity_mid_cents=last.equity_mid_cents - 5_000_000,
        equity_exit_cents=last.equity_exit_cents - 5_000_000,
    )
    short.append([Entry(paid, at, "engine"), Entry(less, at, "engine")], recorded_at=at)
    after = day_uses(desk_of(short), Governor())
    assert [one.used for one in after] == pytest.approx([2 * one.used for one in before], rel=0.02)


def test_an_account_that_was_never_valued_says_so() -> None:
    view = account_view(Desk(), Limits(), CALENDAR)
    assert view.at is None
    assert view.buying_power_used is None


@given(points=st.integers(4, 40))
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(points: int) -> None:
    desk, rng = Desk(), np.random.default_rng(points)
    valued = AccountValued(0, 1, 1, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0)
    for n, cents in enumerate(rng.integers(1, 10**7, 200).tolist(), start=10_000):
        desk.valuations.add(replace(valued, equity_mid_cents=cents), n, close_of(MONDAY), 0)
    whole, thin = equity_curve(desk, points=10_000), equity_curve(desk, points=points)
    assert len(thin) <= points
    assert (thin[0], thin[-1]) == (whole[0], whole[-1])
    for extreme in (max, min):
        assert extreme(p.equity_mid_cents for p in thin) == extreme(p.equity_mid_cents for p in whole)


def test_a_signal_is_shown_with_what_was_decided_and_what_it_came_to() -> None:
    ledger, _ = traded()
    desk = desk_of(ledger)
    shown = signals_before(desk)
    assert [one.seq for one in shown] == sorted((one.seq for one in shown), reverse=True)
    decisions = {one.decision for one in shown}
    assert decisions == {"ordered", "denied"}
    denied = next(one for one in shown if one.decision == "denied")
    assert denied.code == "PORTFOLIO_DUPLICATE"
    ordered = next(one for one in shown if one.at == close_of(MONDAY))
    assert ordered.outcome is not None
    assert ordered.outcome.profit_cents == desk.keeper.trade(ordered.outcome.trade_id).profit_cents
    assert signals_before(desk, before=shown[0].seq, limit=1) == (shown[1],)
    assert signal_view(desk, "nobody") is None


def test_a_picture_shows_each_leg_with_its_quote_and_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    ledger, source = traded()
    shown = picture(until(ledger, close_of(TUESDAY)), source, close_of(TUESDAY))
    first = shown.positions[0]
    assert {leg.instrument: (leg.bid_cents, leg.ask_cents) for leg in first.legs} == {
        "SPY:SPY240315P00475000": (40, 50),
        "SPY:SPY240315P00480000": (100, 110),
    }
    assert first.state == "open"
    assert first.days == (date(2024, 3, 15) - TUESDAY).days
    assert shown.grades == {"SPY": "quotes"}
    file = PictureFile(tmp_path / "picture.json")
    assert file.read() is None
    file.write(shown)
    assert file.read() == shown
    assert [one.name for one in tmp_path.iterdir()] == ["picture.json"]


def test_what_no_picture_shows_is_told_as_the_ledger_has_it_and_never_as_nothing() -> None:
    ledger, source = traded()
    desk = desk_of(until(ledger, close_of(TUESDAY)))
    shown = picture(until(ledger, close_of(TUESDAY)), source, close_of(TUESDAY))
    bare = positions_view(desk)
    assert [one.position_id for one in bare] == [one.position_id for one in shown.positions]
    assert [[(leg.instrument, leg.quantity, leg.strike) for leg in one.legs] for one in bare] == [
        [(leg.instrument, leg.quantity, leg.strike) for leg in one.legs] for one in shown.positions
    ]
    assert {leg.bid_cents for one in bare for leg in one.legs} == {None}
    assert {(one.spot, one.days) for one in bare} == {(None, None)}
    desk.picture = replace(shown, positions=shown.positions[:1])
    assert positions_view(desk) == (shown.positions[0], bare[1])
    assert shown.positions[1].position_id in positions_text(desk)
    assert f"As of {shown.at:%Y-%m-%d %H:%M} UTC" in positions_text(desk)


def test_a_payoff_at_expiry_is_that_of_its_legs_less_what_was_paid() -> None:
    legs = (
        LegPicture("SPY:SPY240315P00475000", 2, date(2024, 3, 15), "P", 475.0, 40, 50, 0.2, -0.2, 0.1),
        LegPicture("SPY:SPY240315P00480000", -2, date(2024, 3, 15), "P", 480.0, 100, 110, 0.2, -0.3, 0.1),
    )
    shown = payoff_of(held(legs), -10_000, days=7, volatility_shift=0.05)
    structure = Structure.of(Leg(parse_instrument(leg.instrument), leg.quantity) for leg in legs)
    exact = structure.payoff_cents([round(100 * spot) for spot in shown.spots]) + 10_000
    assert shown.at_expiry_cents == pytest.approx(exact, abs=2)
    assert shown.max_loss_cents == 90_000
    assert shown.max_profit_cents == 10_000
    assert shown.breakevens == pytest.approx((479.5,))
    assert shown.today_cents is not None
    assert min(shown.today_cents) >= min(shown.at_expiry_cents) - 1_000
    assert 480.0 in shown.spots


@given(mid=st.integers(-30_000, 30_000), days=st.floats(0, 36))
def test_a_payoff_of_today_passes_through_the_profit_at_mid_and_ends_at_that_of_expiry(
    mid: int, days: float
) -> None:
    legs = (
        LegPicture("SPY:SPY240315P00475000", 2, date(2024, 3, 15), "P", 475.0, 40, 50, 0.2, -0.2, 0.1),
        LegPicture("SPY:SPY240315P00480000", -2, date(2024, 3, 15), "P", 480.0, 100, 110, 0.2, -0.3, 0.1),
    )
    bare = payoff_of(held(legs), -10_000, days=days)
    shown = payoff_of(replace(held(legs), mid_cents=mid), -10_000, days=days)
    assert bare.quotes_over_model_cents is None
    assert bare.today_cents is not None
    assert shown.today_cents is not None
    assert shown.shifted_cents is not None
    here = shown.spots.index(490.0)
    assert shown.today_cents[here] == pytest.approx(mid + 10_000, abs=1)
    assert shown.today_cents[here] - bare.today_cents[here] == pytest.approx(
        shown.quotes_over_model_cents, abs=2
    )
    assert shown.at_expiry_cents == bare.at_expiry_cents
    at_the_end = payoff_of(replace(held(legs), mid_cents=mid), -10_000, days=36.5)
    assert at_the_end.shifted_cents == bare.at_expiry_cents


def test_a_leg_without_volatility_leaves_the_day_before_expiry_undrawn() -> None:
    legs = (
        LegPicture("SPY:SPY240315P00480000", -1, date(2024, 3, 15), "P", 480.0, None, None, None, None, 0.1),
    )
    shown = payoff_of(held(legs), -5_000)
    assert shown.today_cents is None
    assert min(shown.at_expiry_cents) < 0
    with pytest.raises(MissingDataError, match="cannot be drawn"):
        payoff_of(replace(held(legs), spot=None), 0)


def held(legs: tuple[LegPicture, ...]) -> PositionPicture:
    return PositionPicture(
        "p", "SPY", "told", "s", "put_credit_spread", "SPY spread", "open", close_of(MONDAY), 30, 2,
        -10_000, None, None, None, None, None, 0, 90_000, 90_000, "quotes", {}, 490.0, 0.05, 0.0, legs,
    )  # fmt: skip


def test_a_chart_shows_no_bar_that_was_not_known_and_marks_what_was_traded() -> None:
    ledger, source = traded()
    desk = desk_of(ledger)
    shown = chart_of("SPY", source, CALENDAR, desk, until=close_of(TUESDAY))
    assert shown.bars[-1].day == TUESDAY
    whole = chart_of("SPY", source, CALENDAR, desk, until=close_of(WEDNESDAY))
    assert next(one.kind for one in whole.markers) == "entry"
    assert len([one for one in whole.markers if one.kind != "entry"]) == len(desk.keeper.trades)
    with pytest.raises(MissingDataError, match="no daily bars of QQQ"):
        chart_of("QQQ", source, CALENDAR, desk, until=close_of(TUESDAY))


def test_volatilities_are_those_of_the_quotes_and_unknown_where_there_are_none() -> None:
    shown = volatility_of("SPY", market(), CALENDAR, close_of(TUESDAY))
    assert shown.spot == 490.0
    (smile,) = shown.smiles
    assert smile.strikes == (475.0, 480.0, 500.0, 505.0)
    assert smile.iv == pytest.approx((0.2,) * 4)
    assert smile.fitted == pytest.approx((0.2,) * 4)
    sides = list(zip(smile.bid_iv, smile.iv, smile.ask_iv, strict=True))
    assert all(bid < middle < ask for bid, middle, ask in sides if None not in (bid, middle, ask))  # type: ignore[operator]
    assert None not in smile.bid_iv + smile.ask_iv
    assert shown.surface.iv[0][0] is None
    with pytest.raises(MissingDataError, match="No option chain of QQQ"):
        volatility_of("QQQ", market(), CALENDAR, close_of(TUESDAY))


def test_facts_are_told_by_kind_and_a_fact_goes_back_to_what_brought_it_about() -> None:
    ledger, _ = traded()
    fills = facts_after(ledger, 0, kinds=["OrderFilled"])
    assert {one.kind for one in fills} == {"OrderFilled"}
    chain = fact_lineage(ledger, fills[0].seq)
    kinds = [one.kind for one in chain]
    assert kinds[0] == "RunStarted"
    assert "SignalGenerated" in kinds
    assert "OrderPlaced" in kinds
    assert [one.seq for one in facts_after(ledger, -2)] == [ledger.head.seq - 1, ledger.head.seq]
    with pytest.raises(MissingDataError, match="no fact 9999"):
        fact_lineage(ledger, 9999)


def test_a_trades_story_is_the_same_from_the_facts_that_can_tell_it_as_from_all() -> None:
    ledger, _ = traded()
    desk = desk_of(ledger)
    assert len(telling_facts(ledger)) < ledger.head.seq
    for name in desk.keeper.trades:
        assert trade_story(ledger, name).text == explain_trade(list(ledger.facts()), name).text


def test_a_fact_that_was_brought_about_by_an_untold_one_comes_with_it() -> None:
    ledger, _ = traded()
    (valued, *_) = ledger.find(Wanted(kinds=("AccountValued",)), 1)
    asked = Entry(ResumeRequested("looked"), close_of(WEDNESDAY), "person:ada", valued.seq)
    ledger.append([asked], recorded_at=close_of(WEDNESDAY))
    told = telling_facts(ledger)
    assert valued in told
    assert [fact.seq for fact in told] == sorted({fact.seq for fact in told})
