from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import Row, call, close_of, market, one_view, order, put, tape
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.orders import Purpose
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.quotes import Grade
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Leg, Structure
from strikewise.market.quality import Flaw
from strikewise.market.view import MarketView
from strikewise.risk.exposure import uncovered
from strikewise.risk.gate import Approved, ApprovedClosing, Denied, judge, judge_closing
from strikewise.risk.limits import Limits

SESSION = date(2024, 2, 1)
SPREAD = {put(480): -1, put(475): 1}
QUOTES: list[Row] = [
    (put(480), 45, 50),
    (put(475), 30, 35),
    (put(485), 60, 66),
    (call(520), 40, 44),
    (call(525), 20, 24),
]
LIMITS = Limits()


def structure(legs: Mapping[OptionContract | Stock, int]) -> Structure:
    return Structure.of(Leg(one, ratio) for one, ratio in legs.items())


def proposal(
    legs: Mapping[OptionContract | Stock, int] = SPREAD,  # type: ignore[assignment]
    *,
    quantity: int = 1,
    max_loss: int | None = 49_000,
    margin: int = 49_000,
    fees: int = 0,
    strategy: str = "s",
    name: str = "",
) -> Position:
    made = structure(legs)
    return Position(
        position_id=name,
        strategy=strategy,
        underlying=made.underlying,
        signal_id="s-1",
        structure=made,
        quantity=quantity,
        holdings=tuple(Holding(leg.instrument, leg.ratio * quantity) for leg in made.legs),
        opened_at=close_of(SESSION),
        entry_cents=-1000,
        cash_cents=-1000,
        fees_cents=fees,
        max_loss_cents=None if max_loss is None else max_loss * quantity,
        margin_cents=margin * quantity,
        because={},
        grade=Grade.QUOTES,
    )


def signal(wish: Position) -> Signal:
    return Signal(
        signal_id="s-1",
        strategy=wish.strategy,
        underlying=wish.underlying,
        as_of=close_of(SESSION),
        structure=wish.structure,
        price_cents=-1000,
        mid_cents=-1500,
        max_loss_cents=49_000,
        max_profit_cents=1000,
        margin_cents=49_000,
        breakevens=(),
        probability_of_profit=0.9,
        edge_cents=1,
        score=1.0,
        score_parts={},
        because={},
        grade=Grade.QUOTES,
    )


def account(*held: Position, equity: int = 10_000_000, opened_today: int = 0) -> Portfolio:
    margin = sum(one.margin_cents for one in held)
    return Portfolio(close_of(SESSION), equity, equity, equity, margin, held, opened_today=opened_today)


def verdict(
    wish: Position | None = None,
    portfolio: Portfolio | None = None,
    *,
    limits: Limits = LIMITS,
    view: MarketView | None = None,
    rows: Sequence[Row] = QUOTES,
) -> Approved | Denied:
    wish = proposal() if wish is None else wish
    seen = one_view(rows, at=close_of(SESSION)) if view is None else view
    return judge(wish, signal(wish), portfolio or account(), limits, seen)


def code(answer: object) -> DenialCode:
    assert isinstance(answer, Denied)
    assert "=" in answer.detail
    return answer.code


def test_a_sound_wish_passes_with_its_signal() -> None:
    wish = proposal(quantity=4)
    answer = verdict(wish)
    assert isinstance(answer, Approved)
    assert (answer.proposal, answer.signal) == (wish, signal(wish))


def test_nothing_and_too_much_are_both_refused() -> None:
    assert code(verdict(proposal(quantity=0))) is DenialCode.SIZE_ZERO
    many = account(equity=10**12)
    assert code(verdict(proposal(quantity=101), many)) is DenialCode.RISK_ORDER_SIZE
    assert isinstance(verdict(proposal(quantity=100), many), Approved)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2024, 2, 3, 21, tzinfo=UTC),  # a Saturday
        datetime(2024, 1, 15, 21, tzinfo=UTC),  # Martin Luther King Day
        datetime(2024, 2, 1, 14, tzinfo=UTC),  # half an hour before the opening
    ],
)
def test_nothing_is_opened_while_the_market_is_closed(at: datetime) -> None:
    assert code(verdict(view=one_view(QUOTES, at=at))) is DenialCode.MARKET_CLOSED


def test_an_end_of_day_snapshot_stands_for_its_session() -> None:
    evening = datetime(2024, 2, 1, 22, tzinfo=UTC)
    assert isinstance(verdict(view=one_view(QUOTES, at=evening)), Approved)


def test_what_has_settled_cannot_be_opened() -> None:
    friday = close_of(date(2024, 3, 15))
    assert code(verdict(view=one_view(QUOTES, at=friday))) is DenialCode.MARKET_EXPIRED


def test_no_chain_and_an_old_chain_are_told_apart() -> None:
    assert code(verdict(proposal({put(400, underlying="QQQ"): 1}))) is DenialCode.DATA_NO_CHAIN
    made = market(tape({close_of(SESSION): (500.0, QUOTES)}))
    assert code(verdict(view=made.view(close_of(date(2024, 2, 2))))) is DenialCode.DATA_STALE


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(put(475), 30, 35)], DenialCode.QUOTE_MISSING),
        ([(put(480), -1, 50), (put(475), 30, 35)], DenialCode.QUOTE_MISSING),
        ([(put(480), 45, -1), (put(475), 30, 35)], DenialCode.QUOTE_MISSING),
        ([(put(480), 0, 50), (put(475), 30, 35)], DenialCode.QUOTE_ZERO_BID),
        ([(put(480), 50, 50), (put(475), 30, 35)], DenialCode.QUOTE_CROSSED),
        ([(put(480), 45, 50), (put(475), 36, 35)], DenialCode.QUOTE_CROSSED),
        ([(put(480), 40, 60), (put(475), 30, 35)], DenialCode.QUOTE_WIDE),
    ],
)
def test_each_flaw_of_a_quote_has_its_code(rows: list[Row], expected: DenialCode) -> None:
    assert code(verdict(rows=rows)) is expected


def test_a_spread_of_two_cents_is_never_wide_nor_is_a_wide_market_in_what_is_bought() -> None:
    assert isinstance(verdict(rows=[(put(480), 3, 5), (put(475), 0, 60)]), Approved)


@pytest.mark.parametrize(
    ("flaw", "expected"),
    [
        (Flaw.STALE, DenialCode.QUOTE_STALE),
        (Flaw.BELOW_INTRINSIC, DenialCode.QUOTE_FLAWED),
        (Flaw.PARITY, DenialCode.QUOTE_FLAWED),
        (Flaw.SPOT, DenialCode.DATA_SPOT),
    ],
)
def test_flaws_found_at_import_keep_a_quote_from_carrying_an_entry(flaw: Flaw, expected: DenialCode) -> None:
    made = tape({close_of(SESSION): (500.0, QUOTES)})
    made.columns.flaws[:] = flaw.bit
    assert code(verdict(view=market(made).view(close_of(SESSION)))) is expected


def test_open_interest_is_asked_of_every_leg_and_unknown_is_not_enough() -> None:
    limits = Limits(min_open_interest=100)
    assert isinstance(verdict(limits=limits), Approved)
    unknown = one_view(QUOTES, at=close_of(SESSION), open_interest=-1)
    assert code(verdict(limits=limits, view=unknown)) is DenialCode.QUOTE_ILLIQUID


def test_the_same_structure_is_not_held_twice_whoever_wants_it() -> None:
    held = proposal(strategy="other", quantity=7, name="p-1")
    assert code(verdict(portfolio=account(held))) is DenialCode.PORTFOLIO_DUPLICATE


def test_a_leg_held_on_the_other_side_is_a_conflict() -> None:
    held = proposal({put(485): -1, put(480): 1}, name="p-1")
    assert code(verdict(portfolio=account(held))) is DenialCode.PORTFOLIO_CONFLICT
    ordered = replace(held, holdings=())
    assert code(verdict(portfolio=account(ordered))) is DenialCode.PORTFOLIO_CONFLICT
    beside = proposal({put(485): -1, put(475): 1}, name="p-1")
    assert isinstance(verdict(portfolio=account(beside)), Approved)


def spreads(count: int, *, strategy: str = "s", underlying: str = "SPY") -> list[Position]:
    return [
        proposal(
            {put(300 + 10 * n, underlying=underlying): -1, put(295 + 10 * n, underlying=underlying): 1},
            max_loss=100,
            margin=100,
            strategy=strategy,
            name=f"{strategy}-{underlying}-{n}",
        )
        for n in range(count)
    ]


def test_each_count_has_its_own_limit() -> None:
    other = spreads(9, strategy="t", underlying="QQQ")
    rest = spreads(9, strategy="t", underlying="QQQ")[:1]
    assert isinstance(verdict(portfolio=account(*other, *rest)), Approved), "held and ordered is one"
    assert code(verdict(portfolio=account(*other, *spreads(1)))) is DenialCode.PORTFOLIO_POSITIONS
    assert code(verdict(portfolio=account(opened_today=10))) is DenialCode.PORTFOLIO_NEW_TODAY
    assert code(verdict(portfolio=account(*spreads(5, strategy="t")))) is DenialCode.PORTFOLIO_UNDERLYING
    same = account(*spreads(3, underlying="QQQ"))
    assert code(verdict(portfolio=same, limits=Limits(max_per_strategy=3))) is DenialCode.PORTFOLIO_STRATEGY
    assert isinstance(verdict(portfolio=account(*other)), Approved)


def test_a_position_may_lose_two_percent_of_equity_and_not_a_cent_more() -> None:
    assert isinstance(verdict(proposal(max_loss=200_000)), Approved)
    assert code(verdict(proposal(max_loss=200_001))) is DenialCode.RISK_MAX_LOSS


def test_fees_come_on_top_of_what_a_position_may_lose() -> None:
    assert isinstance(verdict(proposal(max_loss=200_000, fees=130)), Approved)
    assert code(verdict(proposal(max_loss=200_001, fees=0))) is DenialCode.RISK_MAX_LOSS


def test_all_positions_together_may_risk_a_fifth_of_equity() -> None:
    held = proposal({put(300): -1, put(200): 1}, max_loss=1_900_000, margin=100, name="p-1")
    assert isinstance(verdict(proposal(max_loss=100_000), account(held)), Approved)
    assert code(verdict(proposal(max_loss=100_001), account(held))) is DenialCode.RISK_AT_RISK


def test_margin_in_use_is_limited() -> None:
    held = proposal({put(300): -1, put(200): 1}, max_loss=100, margin=7_960_000, name="p-1")
    assert code(verdict(proposal(), account(held))) is DenialCode.RISK_MARGIN


def test_an_uncovered_put_counts_its_margin_and_not_the_fall_to_zero() -> None:
    naked = proposal({put(480): -1}, max_loss=4_795_500, margin=990_000)
    assert isinstance(verdict(naked), Approved)
    assert code(verdict(replace(naked, margin_cents=1_000_001))) is DenialCode.RISK_MAX_LOSS


def test_a_loss_without_bound_can_be_forbidden() -> None:
    naked = proposal({call(520): -1}, max_loss=None, margin=500_000)
    assert isinstance(verdict(naked), Approved)
    assert code(verdict(naked, limits=Limits(allow_unbounded=False))) is DenialCode.RISK_UNBOUNDED


def test_an_account_without_equity_opens_nothing() -> None:
    assert code(verdict(portfolio=account(equity=-1))) is DenialCode.RISK_MAX_LOSS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3_000_00), st.integers(1, 3_000_00)), max_size=25),
    st.integers(1_000_00, 200_000_00),
)
def test_whatever_is_wished_the_limits_hold_afterwards(wishes: list[tuple[int, int]], equity: int) -> None:
    view = one_view([(put(300 + n), 40, 42) for n in range(100)], at=close_of(SESSION))
    portfolio = account(equity=equity)
    for number, (loss, margin) in enumerate(wishes):
        wish = proposal(
            {put(301 + 2 * number): -1, put(300 + 2 * number): 1},
            max_loss=loss,
            margin=margin,
            name=str(number),
        )
        if isinstance(judge(wish, signal(wish), portfolio, LIMITS, view), Approved):
            portfolio = account(
                *portfolio.positions, wish, equity=equity, opened_today=portfolio.opened_today + 1
            )
    held = portfolio.positions
    assert len(held) <= LIMITS.max_per_underlying
    assert all((one.max_loss_cents or 0) <= LIMITS.max_loss_per_trade * equity for one in held)
    assert portfolio.at_risk_cents <= LIMITS.max_at_risk * equity
    assert portfolio.margin_cents <= LIMITS.max_margin * equity


# --- closing ---


def closing(quantity: int = 1, legs: Mapping[OptionContract, int] | None = None):  # type: ignore[no-untyped-def]
    return order(
        legs or {put(480): 1, put(475): -1}, quantity=quantity, purpose=Purpose.CLOSE, position_id="p-1"
    )  # type: ignore[arg-type]


def test_closing_passes_on_quotes_that_would_carry_no_entry() -> None:
    held = proposal(name="p-1")
    assert isinstance(judge_closing(closing(), held, one_view([], at=close_of(SESSION))), ApprovedClosing)


def test_closing_more_than_is_held_or_the_wrong_way_round_is_refused() -> None:
    held, view = proposal(quantity=2, name="p-1"), one_view(QUOTES, at=close_of(SESSION))
    assert isinstance(judge_closing(closing(2), held, view), ApprovedClosing)
    assert code(judge_closing(closing(3), held, view)) is DenialCode.PORTFOLIO_NOT_HELD
    wrong = closing(1, {put(480): -1, put(475): 1})
    assert code(judge_closing(wrong, held, view)) is DenialCode.PORTFOLIO_NOT_HELD


def test_a_position_is_closed_by_one_order_at_a_time() -> None:
    held = replace(proposal(name="p-1"), closing_order_id="c-0")
    view = one_view(QUOTES, at=close_of(SESSION))
    assert code(judge_closing(closing(), held, view)) is DenialCode.PORTFOLIO_CONFLICT


def test_a_spot_that_contradicts_the_quotes_keeps_nobody_from_closing() -> None:
    made = tape({close_of(SESSION): (500.0, QUOTES)})
    made.columns.flaws[:] = Flaw.SPOT.bit
    view = market(made).view(close_of(SESSION))
    assert isinstance(judge_closing(closing(), proposal(name="p-1"), view), ApprovedClosing)


def test_nothing_is_closed_while_the_market_is() -> None:
    saturday = one_view(QUOTES, at=datetime(2024, 2, 3, 21, tzinfo=UTC))
    assert code(judge_closing(closing(), proposal(name="p-1"), saturday)) is DenialCode.MARKET_CLOSED


# --- exposure ---


@pytest.mark.parametrize(
    ("legs", "expected"),
    [
        ({put(480): -1}, True),
        ({put(480): -1, put(475): 1}, False),
        ({put(480): -2, put(475): 1}, True),
        ({put(480): -1, call(520): 1}, True),
        ({call(520): -1, Stock("SPY"): 100}, False),
        ({call(520): -1, Stock("SPY"): 99}, True),
        ({put(480): -1, Stock("SPY"): -100}, False),
        ({put(480): -1, put(480, date(2024, 4, 19)): 1}, False),
        ({put(480): 1, put(480, date(2024, 4, 19)): -1}, True),
        ({put(480): 1}, False),
    ],
)
def test_a_short_option_is_covered_by_what_outlives_it(
    legs: dict[OptionContract | Stock, int], expected: bool
) -> None:
    assert uncovered(structure(legs)) is expected


def test_nothing_outside_the_gate_makes_an_approval() -> None:
    package = Path(__file__).resolve().parents[2] / "src" / "strikewise"
    makers = []
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in {"Approved", "ApprovedAdjusting", "ApprovedClosing"}:
                    makers.append(path.relative_to(package).as_posix())
    assert set(makers) == {"risk/gate.py"}
