from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.recorded import recorded_series, recorded_tape
from market.tapes import CALENDAR, Snapshot, close_of, columns_of, flat, joined, tape_of
from strikewise.domain.chain import OptionChain
from strikewise.domain.quotes import Grade
from strikewise.market.chain_features import ChainStatistics, VolatilityHistory, percentile, rank
from strikewise.market.memory_source import MemorySource

DAY = date(2025, 6, 2)


def statistics(one: Snapshot, underlying: str = "SPY") -> ChainStatistics:
    return ChainStatistics(tape_of(underlying, [one]).chain(0))


@given(level=st.floats(0.05, 1.5), spot=st.floats(20, 5000))
@settings(max_examples=40, deadline=None)
def test_a_flat_smile_has_its_level_and_neither_skew_nor_slope(level: float, spot: float) -> None:
    found = statistics(Snapshot(DAY, spot=round(spot, 2), smile=flat(level)))
    assert found.iv30 == pytest.approx(level, rel=1e-5)
    assert found.term_slope == pytest.approx(0, abs=1e-5)
    if 0.15 < level < 0.6:  # else the 25-delta strikes lie outside the chain
        assert found.skew == pytest.approx(0, abs=1e-4)


def test_volatility_at_30_and_90_days_is_linear_in_total_variance_between_expirations() -> None:
    levels = {9: 0.5, 23: 0.30, 37: 0.24, 65: 0.20, 121: 0.22}
    found = statistics(Snapshot(DAY, smile=lambda money, days: np.full(len(money), levels[days])))
    iv30 = sqrt((0.30**2 * 23 + 0.24**2 * 37) / 2 / 30)
    share = (90 - 65) / (121 - 65)
    iv90 = sqrt((0.20**2 * 65 * (1 - share) + 0.22**2 * 121 * share) / 90)
    assert found.iv30 == pytest.approx(iv30, rel=1e-5)
    assert found.term_slope == pytest.approx(iv90 - iv30, abs=1e-5)


def test_skew_is_the_difference_of_the_volatilities_at_25_delta() -> None:
    slope = -0.4

    def smile(money: np.ndarray, days: int) -> np.ndarray:
        return 0.2 + slope * np.log(money)

    found = statistics(Snapshot(DAY, smile=smile, expiries=(30,)))

    def strike_of(delta: float, sign: float) -> float:
        """Solve N(±d1) = 0.25 on the smile itself."""
        money = 1.0
        for _ in range(100):
            iv = 0.2 + slope * np.log(money)
            money = float(np.exp(sign * 0.67448975 * iv * sqrt(30 / 365) + iv**2 / 2 * 30 / 365))
        return money

    put, call = (0.2 + slope * np.log(strike_of(0.25, sign)) for sign in (-1, 1))
    # Between strikes 2.5% apart the volatility is read linearly in delta.
    assert found.skew == pytest.approx(put - call, abs=0.002)


def test_the_money_is_at_the_forward_that_parity_implies_not_at_spot() -> None:
    snapshot = Snapshot(DAY, spot=104.0, smile=lambda money, days: 0.2 - 0.5 * (money - 1), expiries=(30,))
    chain = tape_of("SPY", [snapshot]).chain(0)
    off_spot = OptionChain.of(
        chain.columns,
        underlying="SPY",
        as_of=chain.as_of,
        spot_cents=10_200,
        grade=Grade.QUOTES,
        source="by hand",
    )
    assert ChainStatistics(off_spot).iv30 == pytest.approx(0.2, abs=2e-4)


@pytest.mark.parametrize(
    ("expiries", "known"),
    [((20,), True), ((45,), True), ((19,), False), ((46,), False), ((19, 46), True), ((), False)],
)
def test_one_expiration_speaks_for_30_days_only_within_a_factor_of_one_and_a_half(
    expiries: tuple[int, ...], known: bool
) -> None:
    chain = tape_of("SPY", [Snapshot(DAY, expiries=(*expiries, 300))]).chain(0)
    rows = chain if expiries and expiries[-1] > 30 else chain.window(0, 200)
    assert isnan(ChainStatistics(rows).iv30) is not known


def test_an_expiration_without_volatilities_is_passed_over_for_the_next_one() -> None:
    def holed(money: np.ndarray, days: int) -> np.ndarray:
        return np.full(len(money), {23: 0.3, 37: np.nan, 65: 0.2}[days])

    found = statistics(Snapshot(DAY, smile=holed, expiries=(23, 37, 65)))
    share = (30 - 23) / (65 - 23)
    assert found.iv30 == pytest.approx(sqrt((0.3**2 * 23 * (1 - share) + 0.2**2 * 65 * share) / 30), rel=1e-5)


def test_of_two_roots_on_one_day_the_fuller_one_speaks() -> None:
    monthly = columns_of(Snapshot(DAY, spot=5000, smile=flat(0.4), expiries=(30,), root_code=0))
    weekly = columns_of(Snapshot(DAY, spot=5000, smile=flat(0.2), expiries=(30,), root_code=1))
    few = np.flatnonzero(np.arange(len(monthly.key)) % 2 == 0)
    thin = type(monthly)(**{name: getattr(monthly, name)[few] for name in monthly.__dataclass_fields__})
    for parts, expected in (([thin, weekly], 0.2), ([monthly, weekly], 0.4)):
        chain = OptionChain.of(
            joined(parts),
            underlying="SPX",
            as_of=close_of(DAY),
            spot_cents=500_000,
            grade=Grade.QUOTES,
            source="by hand",
        )
        assert ChainStatistics(chain).iv30 == pytest.approx(expected, rel=1e-5)


def test_put_call_volume_counts_known_volume_and_is_unknown_without_calls() -> None:
    assert statistics(Snapshot(DAY, volume=(40, 10))).put_call_volume == 0.25
    assert statistics(Snapshot(DAY, volume=(20, -1))).put_call_volume == 0
    assert isnan(statistics(Snapshot(DAY, volume=(-1, 10))).put_call_volume)


def test_a_chain_without_a_price_of_its_underlying_has_no_volatility_at_the_money() -> None:
    chain = tape_of("SPY", [Snapshot(DAY)]).chain(0)
    blind = OptionChain.of(
        chain.columns,
        underlying="SPY",
        as_of=chain.as_of,
        spot_cents=-1,
        grade=Grade.QUOTES,
        source="by hand",
    )
    assert isnan(ChainStatistics(blind).iv30)


@given(st.lists(st.floats(0.05, 1), min_size=1, max_size=300), st.floats(0.05, 1))
def test_rank_and_percentile_lie_between_0_and_1_and_grow_with_the_present(
    past: list[float], present: float
) -> None:
    values = np.array(past)
    share = percentile(present, values)
    assert 0 <= share <= 1
    assert percentile(present + 0.1, values) >= share
    place = rank(present, values)
    assert isnan(place) if len(set(past) | {present}) == 1 else 0 <= place <= 1
    assert rank(2.0, values) == 1
    assert percentile(2.0, values) == 1


SESSIONS = CALENDAR.sessions(date(2025, 1, 2), date(2025, 3, 31))
LEVELS = np.random.default_rng(5).uniform(0.1, 0.5, len(SESSIONS))


def history_of(source: MemorySource) -> VolatilityHistory:
    def statistics_at(instant: datetime) -> ChainStatistics | None:
        chain = source.chain("SPY", instant)
        return None if chain is None else ChainStatistics(chain)

    return VolatilityHistory(statistics_at)


def daily_tape(count: int = len(SESSIONS), delay: int = 0) -> MemorySource:
    days = zip(SESSIONS[:count], LEVELS.tolist(), strict=False)
    return MemorySource(
        [tape_of("SPY", [Snapshot(day, smile=flat(level), delay=delay) for day, level in days])]
    )


def past(history: VolatilityHistory, source: MemorySource, at: datetime, days: int = 365) -> list[float]:
    seconds = int(at.timestamp())
    chain = source.chain("SPY", at)
    assert chain is not None
    first = seconds // 86400 - days
    found = history.past(source.snapshots("SPY"), int(chain.as_of.timestamp()), seconds, first)
    return [round(value, 5) for value in found.tolist()]


def test_the_past_of_a_session_is_every_session_before_it_in_any_order_of_asking() -> None:
    source = daily_tape()
    history = history_of(source)
    for row in (40, 3, 59, 0, 41):
        expected = [round(level, 5) for level in LEVELS[:row].tolist()]
        assert past(history, source, close_of(SESSIONS[row])) == pytest.approx(expected, abs=2e-5)


def test_only_sessions_since_the_first_day_count() -> None:
    source = daily_tape()
    assert len(past(history_of(source), source, close_of(SESSIONS[30]), days=14)) == 9


def test_a_snapshot_still_under_way_is_no_past_and_is_looked_at_again_when_it_is_known() -> None:
    source = daily_tape(20, delay=3600)
    history = history_of(source)
    early, late = close_of(SESSIONS[10]), close_of(SESSIONS[10]) + timedelta(hours=1)
    assert len(past(history, source, early)) == 9
    assert len(past(history, source, late)) == 10
    assert len(past(history, source, early)) == 9


def test_the_history_goes_on_when_snapshots_arrive() -> None:
    short, whole = daily_tape(20), daily_tape()
    holder = {"source": short}

    def statistics_at(instant: datetime) -> ChainStatistics | None:
        chain = holder["source"].chain("SPY", instant)
        return None if chain is None else ChainStatistics(chain)

    history = VolatilityHistory(statistics_at)
    assert len(past(history, short, close_of(SESSIONS[19]))) == 19
    holder["source"] = whole
    assert past(history, whole, close_of(SESSIONS[40])) == past(
        history_of(whole), whole, close_of(SESSIONS[40])
    )


def test_of_several_snapshots_in_a_session_the_last_one_counts() -> None:
    source = daily_tape(3)
    tape = source.chain("SPY", close_of(SESSIONS[0]))
    assert tape is not None
    one, two = (
        tape_of("SPY", [Snapshot(SESSIONS[0], smile=flat(0.9))]),
        tape_of("SPY", [Snapshot(SESSIONS[0])]),
    )
    early = {name: getattr(one, name) for name in one.__dataclass_fields__}
    early["as_of"] = early["known_at"] = one.as_of - 3600
    joint = type(one)(
        **early
        | {
            "as_of": np.append(early["as_of"], two.as_of),
            "known_at": np.append(early["known_at"], two.known_at),
            "spot_cents": np.append(one.spot_cents, two.spot_cents),
            "grade": np.append(one.grade, two.grade),
            "source": np.append(one.source, two.source),
            "offsets": np.append(one.offsets, two.offsets[1:] + one.offsets[-1]),
            "columns": joined([one.columns, two.columns]),
        }
    )
    held = MemorySource([joint])
    after = datetime.fromtimestamp(Snapshot(SESSIONS[1]).as_of, UTC)
    seconds = int(after.timestamp())
    found = history_of(held).past(held.snapshots("SPY"), seconds, seconds, 0)
    assert found.tolist() == pytest.approx([0.2], abs=1e-5)


@pytest.mark.shared
def test_the_volatility_of_recorded_spy_chains_follows_the_vix() -> None:
    tape, vix = recorded_tape("SPY", 2021), recorded_series("VIX")
    level = dict(zip(vix.days.tolist(), vix.values.tolist(), strict=True))
    pairs = []
    for row in range(len(tape)):
        chain = tape.chain(row)
        found = ChainStatistics(chain)
        pairs.append((found.iv30 * 100, level[(chain.day - date(1970, 1, 1)).days], found.skew))
    iv30, index, skew = np.array(pairs).T
    known = np.isfinite(iv30)
    assert known.mean() > 0.95
    assert np.corrcoef(iv30[known], index[known])[0, 1] > 0.95
    # VIX prices the wings too, so it lies above the volatility at the money.
    assert 1 < np.median(index[known] - iv30[known]) < 6
    assert 0.02 < np.nanmedian(skew) < 0.1
