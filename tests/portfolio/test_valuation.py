from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import Row, bars, call, close_of, market, one_view, order, put, tape
from strikewise.domain.errors import MissingDataError
from strikewise.domain.events import (
    AccountOpened,
    Event,
    OptionSettled,
    OrderFilled,
    OrderPlaced,
    SignalGenerated,
)
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import Execution, SettlementReport
from strikewise.domain.portfolio import Holding, Mark, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.execution.simulated import SimulatedBroker
from strikewise.portfolio.projection import AccountState
from strikewise.portfolio.valuation import (
    EstimatedMark,
    Memory,
    MissingQuotePolicy,
    portfolio_of,
    value_account,
    value_positions,
)

FIRST, SECOND, THIRD = date(2024, 3, 12), date(2024, 3, 13), date(2024, 3, 14)
QUOTES: list[Row] = [(put(480), 45, 50), (put(475), 30, 35)]
OTHERS: list[Row] = [(put(490), 400, 420), (put(470), 25, 29), (call(500), 80, 84)]


def position(
    holdings: Mapping[Instrument, int],
    *,
    name: str = "p-1",
    cash: int = 0,
    fees: int = 0,
    underlying: str = "SPY",
) -> Position:
    return Position(
        position_id=name,
        strategy="s",
        underlying=underlying,
        signal_id="",
        structure=Structure.of(Leg(one, quantity) for one, quantity in holdings.items()),
        quantity=1,
        holdings=tuple(Holding(one, quantity) for one, quantity in holdings.items()),
        opened_at=close_of(FIRST),
        entry_cents=cash,
        cash_cents=cash,
        fees_cents=fees,
        max_loss_cents=49_000,
        margin_cents=49_000,
        because={},
        grade=Grade.QUOTES,
    )


def mark_of(
    held: Position,
    rows: Sequence[Row],
    *,
    spot: float = 485.0,
    policy: MissingQuotePolicy = MissingQuotePolicy.MODEL,
) -> tuple[Mark, tuple[EstimatedMark, ...]]:
    (marked,), estimated = value_positions([held], one_view(rows, spot=spot), policy, Memory())
    assert marked.mark is not None
    return marked.mark, estimated


def test_what_is_long_exits_at_the_bid_and_what_is_short_at_the_ask() -> None:
    mark, estimated = mark_of(position({put(480): -2, put(475): 2}), QUOTES)
    assert mark.exit_cents == 100 * (2 * 30 - 2 * 50)
    assert mark.mid_cents == 50 * (2 * 65 - 2 * 95)
    assert (mark.estimated_legs, estimated) == (0, ())
    assert mark.spot_cents == 48_500


def test_a_bid_of_zero_is_a_known_worth_of_nothing() -> None:
    mark, estimated = mark_of(position({put(475): 3}), [(put(475), 0, 5)])
    assert (mark.exit_cents, mark.mid_cents, estimated) == (0, 750, ())


def test_a_crossed_quote_and_one_of_one_side_mark_nothing() -> None:
    for bid, ask in ((40, 30), (30, -1), (-1, 30), (0, 0)):
        mark, (estimated,) = mark_of(position({put(475): 1}), [*OTHERS, (put(475), bid, ask)])
        assert (estimated.instrument, mark.estimated_legs) == (put(475), 1)
        assert mark.exit_cents <= mark.mid_cents


def test_greeks_are_those_of_the_whole_position_in_dollars() -> None:
    mark, _ = mark_of(position({put(480): -2, put(475): 1}), QUOTES)
    assert mark.greeks.delta == pytest.approx(-1 * 100 * -0.25)
    assert mark.greeks.vega == pytest.approx(-1 * 100 * 0.1)
    assert mark.greeks.theta == pytest.approx(-1 * 100 * -0.05)


def test_shares_are_worth_their_price_and_have_a_delta_of_one() -> None:
    mark, estimated = mark_of(position({Stock("SPY"): 200, call(500): -2}), [(call(500), 80, 84)])
    assert mark.exit_cents == 200 * 48_500 - 200 * 84
    assert mark.greeks.delta == pytest.approx(200 - 200 * 0.25)
    assert mark.greeks.gamma == pytest.approx(-200 * 0.01)
    assert mark.greeks.theta == pytest.approx(-200 * -0.05)
    assert mark.greeks.vega == pytest.approx(-200 * 0.1)
    assert estimated == ()


def on_two_days(
    policy: MissingQuotePolicy, second: Sequence[Row] = OTHERS, spot: float = 478.0
) -> tuple[Mark, tuple[EstimatedMark, ...]]:
    """Value the spread on a day with quotes and on a day without."""
    made = market(tape({close_of(FIRST): (485.0, QUOTES), close_of(SECOND): (spot, second)}))
    memory, held = Memory(), position({put(480): -1, put(475): 1})
    value_positions([held], made.view(close_of(FIRST)), policy, memory)
    (marked,), estimated = value_positions([held], made.view(close_of(SECOND)), policy, memory)
    assert marked.mark is not None
    return marked.mark, estimated


@pytest.mark.parametrize("policy", list(MissingQuotePolicy))
def test_a_leg_without_a_quote_is_estimated_and_told_never_dropped(policy: MissingQuotePolicy) -> None:
    mark, estimated = on_two_days(policy)
    assert {one.instrument for one in estimated} == {put(480), put(475)}
    assert {one.position_id for one in estimated} == {"p-1"}
    assert mark.estimated_legs == 2
    assert mark.exit_cents <= mark.mid_cents
    assert mark.exit_cents < 0


def test_carry_keeps_the_last_quote() -> None:
    mark, estimated = on_two_days(MissingQuotePolicy.CARRY)
    assert mark.exit_cents == 100 * (30 - 50)
    assert {(one.instrument, one.price_cents) for one in estimated} == {(put(480), 50), (put(475), 30)}


def test_worst_takes_intrinsic_value_where_that_is_worse_than_the_last_quote() -> None:
    mark, _ = on_two_days(MissingQuotePolicy.WORST)
    assert mark.exit_cents == 100 * (0 - 200)


def test_the_model_prices_from_the_chains_smile_and_leans_against_us() -> None:
    mark, estimated = on_two_days(MissingQuotePolicy.MODEL)
    prices = {one.instrument: one.price_cents for one in estimated}
    assert {one.policy for one in estimated} == {"model"}
    assert prices[put(480)] > 200
    assert mark.exit_cents < 100 * (0 - 200)
    assert mark.greeks.delta > 0


def test_the_model_without_a_smile_uses_the_last_volatility_and_says_so() -> None:
    _, estimated = on_two_days(MissingQuotePolicy.MODEL, second=[])
    assert {one.policy for one in estimated} == {"model:last_volatility"}


def test_an_estimate_is_not_taken_for_a_quote_the_day_after() -> None:
    made = market(
        tape(
            {
                close_of(FIRST): (485.0, QUOTES),
                close_of(SECOND): (470.0, OTHERS),
                close_of(THIRD): (485.0, []),
            }
        )
    )
    memory, held = Memory(), position({put(480): -1, put(475): 1})
    for day, policy in ((FIRST, MissingQuotePolicy.MODEL), (SECOND, MissingQuotePolicy.MODEL)):
        value_positions([held], made.view(close_of(day)), policy, memory)
    (marked,), _ = value_positions([held], made.view(close_of(THIRD)), MissingQuotePolicy.CARRY, memory)
    assert marked.mark is not None
    assert marked.mark.exit_cents == 100 * (30 - 50)


def test_last_quotes_survive_when_another_position_is_opened_beside() -> None:
    made = market(tape({close_of(FIRST): (485.0, QUOTES), close_of(SECOND): (478.0, OTHERS)}))
    memory, held = Memory(), position({put(480): -1, put(475): 1})
    value_positions([held], made.view(close_of(FIRST)), MissingQuotePolicy.CARRY, memory)
    both = [position({put(470): -1}, name="p-2"), held]
    marked, estimated = value_positions(both, made.view(close_of(SECOND)), MissingQuotePolicy.CARRY, memory)
    assert [one.mark.exit_cents for one in marked if one.mark] == [-2_900, -2_000]
    assert {one.position_id for one in estimated} == {"p-1"}


def test_every_leg_without_a_quote_is_told_and_one_beyond_the_last_of_the_chain_is_such_a_leg() -> None:
    held = [position({put(480): -1, put(475): 1}, name="a"), position({put(600): 1}, name="b")]
    rows = [*OTHERS[:2], (put(475), 30, 35)]
    _, estimated = value_positions(held, one_view(rows), MissingQuotePolicy.MODEL, Memory())
    assert [(one.position_id, one.instrument) for one in estimated] == [("a", put(480)), ("b", put(600))]


def test_a_leg_never_quoted_in_a_chain_without_volatilities_is_worth_its_intrinsic_value_and_a_penalty() -> (
    None
):
    _, estimated = mark_of(position({put(490): -1}), [], spot=485.0)
    assert [(one.policy, one.price_cents) for one in estimated] == [("intrinsic", 550)]


def test_where_nothing_at_all_is_known_the_question_is_refused() -> None:
    held = replace(position({put(480, underlying="QQQ"): -1}, underlying="QQQ"), signal_id="s1")
    with pytest.raises(MissingDataError, match="QQQ"):
        mark_of(held, QUOTES)


def test_a_day_without_a_chain_marks_on_the_bars_price() -> None:
    made = market(
        tape({close_of(FIRST): (485.0, QUOTES)}),
        bars=[bars("SPY", {FIRST: (484.0, 485.0), SECOND: (480.0, 470.0)})],
    )
    memory, held = Memory(), position({put(480): -1, put(475): 1})
    value_positions([held], made.view(close_of(FIRST)), MissingQuotePolicy.MODEL, memory)
    (marked,), estimated = value_positions(
        [held], made.view(close_of(SECOND)), MissingQuotePolicy.MODEL, memory
    )
    assert marked.mark is not None
    assert marked.mark.spot_cents == 47_000
    assert len(estimated) == 2
    assert marked.mark.mid_cents < -20_000  # five in the money on a width of five


def test_positions_keep_their_order_over_several_underlyings() -> None:
    qqq = [(put(400, underlying="QQQ"), 100, 110)]
    made = market(
        tape({close_of(FIRST): (485.0, QUOTES)}), tape({close_of(FIRST): (410.0, qqq)}, underlying="QQQ")
    )
    held = [
        position({put(480): -1}, name="a"),
        position({put(400, underlying="QQQ"): 1}, name="b", underlying="QQQ"),
        position({put(475): 1}, name="c"),
    ]
    marked, _ = value_positions(held, made.view(close_of(FIRST)), MissingQuotePolicy.MODEL, Memory())
    assert [(one.position_id, one.mark.exit_cents) for one in marked if one.mark] == [
        ("a", -5_000),
        ("b", 10_000),
        ("c", 3_000),
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-5, 5).filter(bool), st.integers(0, 900), st.integers(1, 60)),
        min_size=1,
        max_size=8,
    ),
    st.integers(-1_000_000, 1_000_000),
)
def test_equity_is_cash_and_marks_and_exit_is_never_above_mid(
    legs: list[tuple[int, int, int]], cash: int
) -> None:
    contracts = [put(440 + 5 * n) for n in range(len(legs))]
    rows = [(one, bid, bid + spread) for one, (_, bid, spread) in zip(contracts, legs, strict=True)]
    held = [position({one: q}, name=str(one)) for one, (q, _, _) in zip(contracts, legs, strict=True)]
    view = one_view(rows)
    marked, _ = value_positions(held, view, MissingQuotePolicy.MODEL, Memory())
    portfolio = portfolio_of(marked, as_of=view.as_of, cash_cents=cash, margin_cents=0)
    exits = sum(q * (bid if q > 0 else bid + spread) * 100 for q, bid, spread in legs)
    assert portfolio.equity_exit_cents == cash + exits
    assert portfolio.equity_mid_cents - portfolio.equity_exit_cents == 50 * sum(
        abs(q) * s for q, _, s in legs
    )


def test_an_accounts_money_adds_up_from_the_first_order_to_the_settlement() -> None:
    expiry = date(2024, 3, 15)
    made = market(
        tape(
            {
                close_of(FIRST): (485.0, QUOTES),
                close_of(SECOND): (478.0, OTHERS),
                close_of(expiry): (477.0, []),
            }
        )
    )
    broker = SimulatedBroker(1_000_000)
    state = AccountState().apply(1, AccountOpened("main", 1_000_000), close_of(FIRST))
    signal = _signal()
    asked = order({put(480): -1, put(475): 1}, quantity=2)
    placed: list[Event] = [SignalGenerated(signal), OrderPlaced(replace(asked, signal_id=signal.signal_id))]
    valuation = None
    for day in (FIRST, SECOND, expiry):
        view = made.view(close_of(day))
        broker.advance(view)
        if day == FIRST:
            broker.submit(asked)
        facts: list[Event] = placed if day == FIRST else []
        for happened in broker.events():
            assert isinstance(happened, Execution | SettlementReport)
            told = OrderFilled(happened) if isinstance(happened, Execution) else OptionSettled(happened)
            facts = [*facts, told]
        for event in facts:
            state = state.apply(state.seq + 1, event, view.as_of)
        memory = None if valuation is None else valuation.memory
        valuation = value_account(state, view, MissingQuotePolicy.MODEL, memory)
        portfolio = valuation.portfolio
        held = [one for one in portfolio.positions if one.mark is not None]
        marks = sum(one.mark.exit_cents for one in held if one.mark)
        profit = sum(one.profit_exit_cents or 0 for one in held)
        assert portfolio.equity_exit_cents == state.cash_cents + marks
        assert portfolio.equity_exit_cents == 1_000_000 + state.realised_cents + profit
    (last,) = valuation.portfolio.positions if valuation else ()
    assert last.holdings == (Holding(Stock("SPY"), 200),)


def _signal() -> Signal:
    structure = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
    return Signal(
        signal_id="s-1",
        strategy="hand",
        underlying="SPY",
        as_of=close_of(FIRST),
        structure=structure,
        price_cents=-1000,
        mid_cents=-1500,
        max_loss_cents=49_000,
        max_profit_cents=1000,
        margin_cents=49_000,
        breakevens=(479.9,),
        probability_of_profit=0.9,
        edge_cents=1,
        score=1.0,
        score_parts={},
        because={},
        grade=Grade.QUOTES,
    )


def test_what_is_only_ordered_holds_its_margin_and_counts_among_positions() -> None:
    pending = position({put(480): -1, put(475): 1}, name="later")
    portfolio = portfolio_of(
        [],
        as_of=close_of(FIRST),
        cash_cents=100_000,
        margin_cents=0,
        pending=[pending],
        opened_today_by={"s": 1},
    )
    assert portfolio.margin_cents == 49_000
    assert portfolio.free_cents == 51_000
    assert portfolio.pending == ("later",)
    assert portfolio.opened_today == 1


def test_a_quote_without_a_volatility_has_the_greeks_of_none() -> None:
    flat = tape({close_of(FIRST): (485.0, [(put(490), 495, 505), (put(400), 0, 5)])})
    for column in (
        flat.columns.delta,
        flat.columns.gamma,
        flat.columns.theta,
        flat.columns.vega,
        flat.columns.iv,
    ):
        column[:] = float("nan")
    held = [position({put(490): 1}, name="in"), position({put(400): 1}, name="out")]
    marked, estimated = value_positions(
        held, market(flat).view(close_of(FIRST)), MissingQuotePolicy.MODEL, Memory()
    )
    assert [one.mark.greeks.delta for one in marked if one.mark] == [-100.0, 0.0]
    assert estimated == ()
