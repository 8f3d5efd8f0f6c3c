"""Reconstructed chains: what was listed, at what volatility, how wide, and never more than a model knew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from shared_data import CHAINS, DATA
from strikewise.backtest.demo_data import demo_bars, demo_series
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.recipe import Observed, Recipe, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.domain.chain import ChainTape, OptionChain
from strikewise.domain.errors import MissingDataError
from strikewise.domain.instruments import Right, Settlement, date_of, days_of, pack_keys
from strikewise.domain.quotes import DailyBars, Grade, Series
from strikewise.market.calendar import SessionCalendar
from strikewise.market.quality import Flaw
from strikewise.market.recompute import RawSnapshot, recompute

CALENDAR = SessionCalendar()
BARS = demo_bars(CALENDAR)
VIX, RATE = demo_series(CALENDAR)
START, END = date(2018, 1, 2), date(2018, 3, 29)
RECIPE = recipe_for("SPX")


def made(
    start: date = START,
    end: date = END,
    bars: DailyBars = BARS,
    vix: Series = VIX,
    recipe: Recipe = RECIPE,
) -> ChainTape:
    (tape,) = reconstruct(Observed(bars, vix, RATE), recipe, CALENDAR, start=start, end=end)
    return tape


@pytest.fixture(scope="module")
def tape() -> ChainTape:
    return made()


def chain_of(tape: ChainTape, day: date) -> OptionChain:
    return next(chain for chain in chains(tape) if chain.day == day)


def chains(tape: ChainTape) -> Iterator[OptionChain]:
    return (tape.chain(i) for i in range(len(tape)))


def carry(day: date) -> tuple[float, float]:
    """Return the rate and yield the chain of a day was made with, from the bill's definition."""
    bill = float(RATE.values[np.searchsorted(RATE.days, days_of(day), side="right") - 1]) / 100
    return float(-np.log(1 - bill * 91 / 360) * 365 / 91) + RECIPE.financing, RECIPE.dividend_yield


def years_of(chain: OptionChain) -> NDArray[np.float64]:
    settled = CALENDAR.close_seconds(chain.expiration_days)
    return np.asarray((settled - chain.as_of.timestamp()) / (365 * 86_400))


# What a chain says of itself


def test_every_session_has_a_chain_at_its_close_that_says_it_is_reconstructed(tape: ChainTape) -> None:
    assert [chain.day for chain in chains(tape)] == CALENDAR.sessions(START, END)
    for chain in chains(tape):
        assert chain.as_of == chain.known_at == CALENDAR.session_close(chain.day)
        assert (chain.grade, chain.source) == (Grade.RECONSTRUCTED, RECIPE.source)
        assert np.all(np.diff(chain.key) > 0)


def test_contracts_settle_in_cash_at_the_close(tape: ChainTape) -> None:
    contract = tape.chain(0).contract(0)
    assert contract.root.root == "SPXW"
    assert contract.root.settlement is Settlement.PM


def test_the_same_inputs_give_the_same_bytes(tape: ChainTape) -> None:
    again = made()
    for field in fields(tape.columns):
        assert getattr(tape.columns, field.name).tobytes() == getattr(again.columns, field.name).tobytes()


def test_hiding_the_future_changes_no_chain(tape: ChainTape) -> None:
    until = date(2018, 2, 6)
    end = days_of(until)
    bars = BARS.head(int(np.searchsorted(BARS.days, end, side="right")))
    vix = VIX.head(int(np.searchsorted(VIX.days, end, side="right")))
    short = made(end=until, bars=bars, vix=vix)
    rows = int(short.offsets[-1])
    assert rows > 100_000
    for field in fields(tape.columns):
        seen = getattr(short.columns, field.name)
        assert seen.tobytes() == getattr(tape.columns, field.name)[:rows].tobytes()


@pytest.mark.parametrize("symbol", ["SPX", "QQQ", "XOM"])
def test_where_a_reconstruction_begins_and_ends_changes_no_chain(symbol: str) -> None:
    own = BARS if symbol == "SPX" else scaled(BARS, 1.6, symbol)
    observed = Observed(own, VIX, RATE, index=BARS)
    day = date(2018, 2, 15)
    whole, alone = (
        next(reconstruct(observed, recipe_for(symbol), CALENDAR, start=start, end=end))
        for start, end in ((START, date(2018, 2, 28)), (day, day))
    )
    found = chain_of(whole, day)
    for name in (field.name for field in fields(alone.columns)):
        assert getattr(alone.columns, name).tobytes() == getattr(found, name).tobytes()


def test_a_session_without_a_volatility_index_has_no_chain() -> None:
    start = made(date(2014, 1, 2), date(2014, 1, 10))
    assert start.chain(0).day == date(2014, 1, 3)


def test_missing_series_are_named_rather_than_guessed() -> None:
    with pytest.raises(MissingDataError, match="VIX"):
        made(date(2005, 1, 3), date(2005, 2, 1))
    late = Series("rate_3m", RATE.days[1100:], RATE.values[1100:], RATE.known_at[1100:])
    with pytest.raises(MissingDataError, match="rate_3m"):
        next(reconstruct(Observed(BARS, VIX, late), RECIPE, CALENDAR, start=START, end=END))


# Listings


def test_a_listed_contract_stays_listed_until_it_expires(tape: ChainTape) -> None:
    for today, tomorrow in pairwise(chains(tape)):
        held = today.key[today.dte >= 1]
        assert len(held) > 1000
        assert np.isin(held, tomorrow.key).all()


def expirations_of(chain: OptionChain) -> set[date]:
    return {date_of(int(day)) for day in np.unique(chain.expiration_days)}


def test_expirations_are_sessions_and_holidays_move_them(tape: ChainTape) -> None:
    listed = expirations_of(tape.chain(0))
    assert all(CALENDAR.is_session(day) for day in listed)
    assert date(2018, 1, 16) in listed  # the Monday was Martin Luther King's day
    assert date(2018, 1, 31) in listed  # end of the month
    good_friday = expirations_of(chain_of(tape, date(2018, 3, 1)))
    assert date(2018, 3, 29) in good_friday
    assert date(2018, 3, 30) not in good_friday


def test_weekly_expirations_come_with_their_introduction() -> None:
    february = made(date(2016, 2, 19), date(2016, 2, 24))
    before, after = expirations_of(february.chain(0)), expirations_of(february.chain(len(february) - 1))
    assert date(2016, 3, 2) not in before
    assert date(2016, 3, 2) in after  # Wednesdays were first listed on 2016-02-23
    assert date(2016, 12, 16) in before  # third Fridays a year out


def test_fridays_only_is_a_part_of_the_whole() -> None:
    full = made(end=date(2018, 1, 5))
    part = made(end=date(2018, 1, 5), recipe=recipe_for("SPX", Density.FRIDAYS))
    assert 1.7 * len(part.columns.key) < len(full.columns.key)
    for some, all_of_them in zip(chains(part), chains(full), strict=True):
        assert np.isin(some.key, all_of_them.key).all()


# Volatilities


def strip(chain: OptionChain, rate: float) -> float:
    """Return the volatility index of a chain's mids, in points, by Cboe's rules (VIX white paper)."""
    wanted = 30 / 365
    variances: list[tuple[float, float]] = []
    sides = chain.sides()
    for call_side, put_side in zip(sides[::2], sides[1::2], strict=True):
        call, put = chain.side(call_side), chain.side(put_side)
        years = float(years_of(call)[0])
        if not 0.04 < years < 0.2:
            continue
        strike, grown = call.strike, np.exp(rate * years)
        mid = {True: (call.bid + call.ask) / 200, False: (put.bid + put.ask) / 200}
        nearest = int(np.argmin(np.abs(mid[True] - mid[False])))
        forward = strike[nearest] + grown * (mid[True][nearest] - mid[False][nearest])
        middle = int(np.flatnonzero(strike <= forward)[-1])
        used = np.full(len(strike), np.nan)
        used[middle] = (mid[True][middle] + mid[False][middle]) / 2
        for is_call, bid, path in (
            (False, put.bid, range(middle - 1, -1, -1)),
            (True, call.bid, range(middle + 1, len(strike))),
        ):
            worthless = 0
            for row in path:
                worthless = worthless + 1 if bid[row] == 0 else 0
                if worthless == 2:
                    break
                if bid[row] > 0:
                    used[row] = mid[is_call][row]
        kept = np.isfinite(used)
        k, quote = strike[kept], used[kept]
        step = np.concatenate([[k[1] - k[0]], (k[2:] - k[:-2]) / 2, [k[-1] - k[-2]]])
        total = 2 * float(np.sum(step / k**2 * grown * quote)) - (forward / strike[middle] - 1) ** 2
        variances.append((years, total))
    near = [one for one in variances if one[0] <= wanted][-1]
    far = next(one for one in variances if one[0] > wanted)
    share = (wanted - near[0]) / (far[0] - near[0])
    return 100 * float(np.sqrt((near[1] + share * (far[1] - near[1])) / wanted))


def test_the_strip_of_the_quotes_gives_back_the_volatility_index(tape: ChainTape) -> None:
    index = dict(zip(VIX.days.tolist(), VIX.values.tolist(), strict=True))
    errors = [strip(chain, carry(chain.day)[0]) - index[days_of(chain.day)] for chain in chains(tape)]
    assert np.median(np.abs(errors)) < 0.3
    assert np.max(np.abs(errors)) < 1.0


def test_on_the_fifth_of_february_2018_the_index_stood_at_37(tape: ChainTape) -> None:
    chain = chain_of(tape, date(2018, 2, 5))
    assert chain.spot_cents == 264_894
    assert strip(chain, carry(chain.day)[0]) == pytest.approx(37.32, abs=1.0)
    near = chain.window(25, 30)
    tail, money = (float(near.iv[near.strike == strike][0]) for strike in (2300, 2650))
    assert tail > money + 0.10


def test_calls_and_puts_agree_on_the_forward_within_their_quotes(tape: ChainTape) -> None:
    for chain in list(chains(tape))[::10]:
        rate, dividend_yield = carry(chain.day)
        years = years_of(chain)
        put = np.flatnonzero(chain.is_put)
        call = np.searchsorted(chain.key, chain.key[put] ^ (1 << 27))
        worth = (
            100 * (chain.spot * np.exp(-dividend_yield * years) - chain.strike * np.exp(-rate * years))[put]
        )
        assert np.all(chain.ask[call] - chain.bid[put] >= worth - 1e-6)
        assert np.all(chain.bid[call] - chain.ask[put] <= worth + 1e-6)
        alive = np.isfinite(chain.delta[put])
        gap = (chain.delta[call] - chain.delta[put])[alive]
        assert gap == pytest.approx(np.exp(-dividend_yield * years[put][alive]), abs=2e-6)


def test_volatilities_implied_by_the_quotes_are_those_of_the_model(tape: ChainTape) -> None:
    for chain in list(chains(tape))[::15]:
        columns = (chain.key, chain.bid, chain.ask, chain.volume, chain.open_interest)
        raw = RawSnapshot("SPX", int(chain.as_of.timestamp()), chain.spot_cents, *columns)
        found = recompute(
            raw,
            rate=carry(chain.day)[0],
            dividend_yield=0.02,
            settles_at=lambda expiration, _: int(CALENDAR.close_seconds(np.array([expiration]))[0]),
        ).columns
        flaws = Flaw.PARITY | Flaw.CROSSED | Flaw.LOCKED | Flaw.NO_QUOTE
        assert not np.any(found.flaws & flaws.bit)
        usual = (np.abs(chain.delta) > 0.05) & (np.abs(chain.delta) < 0.95) & (chain.dte >= 7)
        errors = np.abs(found.iv[usual] - chain.iv[usual])
        assert np.nanmedian(errors) < 0.002
        assert np.nanquantile(errors, 0.99) < 0.01


def test_on_its_last_close_a_contract_is_worth_its_intrinsic_value_and_has_no_volatility(
    tape: ChainTape,
) -> None:
    chain = chain_of(tape, date(2018, 1, 19)).window(0, 0)
    sign = np.where(chain.is_put, -1.0, 1.0)
    worth = 100 * np.maximum(sign * (chain.spot - chain.strike), 0)
    assert np.all((chain.bid <= worth) & (worth <= chain.ask))
    assert np.isnan(chain.iv).all()
    assert np.isnan(chain.delta).all()
    assert np.all(chain.flaws & Flaw.NO_VOLATILITY.bit)


# Quotes


def test_spreads_widen_on_the_day_the_index_doubles(tape: ChainTape) -> None:
    before, after = chain_of(tape, date(2018, 2, 2)), chain_of(tape, date(2018, 2, 6))
    spread = []
    for chain in (before, after):
        near = chain.window(20, 45)
        wanted = near.is_put & (np.abs(near.delta + 0.15) < 0.03)
        spread.append(float(np.mean((near.ask - near.bid)[wanted])))
    assert spread[1] > 1.4 * spread[0]


def test_far_wings_have_no_bid_and_say_so(tape: ChainTape) -> None:
    chain = tape.chain(0).window(1, 10)
    far = chain.is_put & (chain.strike < 0.75 * chain.spot)
    assert np.all(chain.bid[far] == 0)
    assert np.all(chain.flaws[far] & Flaw.ZERO_BID.bit)


@pytest.mark.shared
def test_volatilities_lie_within_a_point_or_so_of_recorded_ones() -> None:
    daily = pl.read_parquet(DATA / "daily_etf_index.parquet")
    spy, vix = (
        daily.filter((pl.col("symbol") == symbol) & (pl.col("date") > date(2020, 1, 1)))
        for symbol in ("SPY", "VIX")
    )
    days = spy["date"].cast(pl.Int32).to_numpy()
    close = spy["close"].cast(pl.Float64).to_numpy()
    bars = DailyBars("SPY", days, close, close, close, close, close, CALENDAR.close_seconds(days))
    index_days = vix["date"].cast(pl.Int32).to_numpy()
    index = Series("VIX", index_days, vix["close"].to_numpy(), CALENDAR.close_seconds(index_days))
    rate = Series("rate_3m", index_days[:1], np.array([0.05]), CALENDAR.close_seconds(index_days[:1]))
    recorded = pl.read_parquet(CHAINS / "SPY" / "2021.parquet").drop_nulls("iv")
    (tape,) = reconstruct(
        Observed(bars, index, rate),
        recipe_for("SPY"),
        CALENDAR,
        start=date(2021, 1, 4),
        end=date(2021, 12, 31),
    )
    key = pack_keys(
        recorded["expiration"].cast(pl.Int32).to_numpy(),
        (recorded["right"] == "P").to_numpy(),
        np.rint(recorded["strike"].cast(pl.Float64).to_numpy() * 1000).astype(np.int64),
    )
    quoted = recorded["quote_date"].cast(pl.Int32).to_numpy()
    errors: list[NDArray[np.float64]] = []
    for chain in chains(tape):
        rows = np.flatnonzero((quoted == days_of(chain.day)) & np.isin(key, chain.key))
        errors.append(chain.iv[np.searchsorted(chain.key, key[rows])] - recorded["iv"].to_numpy()[rows])
    error = 100 * np.concatenate(errors)
    assert len(error) > 0.9 * len(recorded)
    assert np.median(np.abs(error)) < 1.2
    assert 0.0 < np.mean(error) < 1.0


# Other underlyings


def scaled(bars: DailyBars, factor: float, symbol: str) -> DailyBars:
    """Return bars that move as another's do, so many times as far."""
    path = 100.0 * np.exp(factor * np.log(bars.close / bars.close[0]))
    return DailyBars(symbol, bars.days, path, path, path, path, bars.volume, bars.known_at)


def test_a_fund_takes_the_volatility_of_the_index_times_the_ratio_of_their_own() -> None:
    wild = scaled(BARS, 1.5, "QQQ")
    day = date(2018, 1, 2)
    (fund,) = reconstruct(
        Observed(wild, VIX, RATE, index=BARS), recipe_for("QQQ"), CALENDAR, start=day, end=day
    )
    (index,) = reconstruct(Observed(BARS, VIX, RATE), RECIPE, CALENDAR, start=day, end=day)

    def at_the_money(tape: ChainTape) -> float:
        near = tape.chain(0).window(25, 40)
        return float(np.median(near.iv[np.abs(np.abs(near.delta) - 0.5) < 0.05]))

    assert at_the_money(fund) == pytest.approx(1.5 * at_the_money(index), rel=0.05)


def test_a_fund_without_the_index_is_refused() -> None:
    with pytest.raises(MissingDataError, match="follow from the S&P 500"):
        next(
            reconstruct(
                Observed(scaled(BARS, 1.5, "QQQ"), VIX, RATE),
                recipe_for("QQQ"),
                CALENDAR,
                start=date(2018, 1, 2),
                end=date(2018, 1, 2),
            )
        )


def test_third_fridays_of_the_index_settle_on_the_opening_and_at_the_close_where_asked() -> None:
    (tape,) = reconstruct(
        Observed(BARS, VIX, RATE),
        recipe_for("SPX", morning=True),
        CALENDAR,
        start=date(2018, 1, 18),
        end=date(2018, 1, 19),
    )
    before, on_the_day = tape.chain(0), tape.chain(1)
    friday = days_of(date(2018, 1, 19))
    roots = {side.root_code for side in before.window(1, 1).sides()}
    assert roots == {0, 1}
    assert {side.root_code for side in on_the_day.sides() if days_of(side.expiration) == friday} == {1}
    contract = before.contract(0)
    assert contract.root.settlement is Settlement.AM
    # The opening comes first: less can happen until then.
    morning, evening = (
        next(
            float(chain.iv[np.argmin(np.abs(np.nan_to_num(chain.delta, nan=9.0) - 0.5))])
            * np.sqrt(years_of_side)
            for side in before.window(1, 1).sides()
            if side.root_code == code and side.right is Right.CALL
            for chain in [before.window(1, 1).side(side)]
        )
        for code, years_of_side in ((0, 17.5 / 24 / 365), (1, 1 / 365))
    )
    assert morning < 0.75 * evening
