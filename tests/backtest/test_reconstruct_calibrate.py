"""A calibration finds again what chains were made with, and judges itself by days it did not see."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from strikewise.backtest.demo_data import demo_bars, demo_series
from strikewise.backtest.reconstruct.calibrate import (
    calibrate,
    fit_spreads,
    fold_of,
    spread_agreement,
)
from strikewise.backtest.reconstruct.evidence import clock_for, evidence_from
from strikewise.backtest.reconstruct.listings import Density
from strikewise.backtest.reconstruct.observations import own_indices, quotes_of
from strikewise.backtest.reconstruct.recipe import Observed, recipe_for
from strikewise.backtest.reconstruct.tape import reconstruct
from strikewise.domain.chain import GRADES, RECORDED_MARK, ChainColumns, ChainTape
from strikewise.domain.errors import MissingDataError, ParameterError
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import SessionCalendar
from strikewise.market.memory_source import MemorySource

CALENDAR = SessionCalendar()
START, END = date(2018, 3, 5), date(2018, 3, 20)
BARS = demo_bars(CALENDAR)
VIX, RATE = demo_series(CALENDAR)


@pytest.fixture(scope="module")
def recorded() -> ChainTape:
    """Return chains that pass for recorded ones, so that what they were made with is known."""
    recipe = recipe_for("SPX", Density.FRIDAYS)
    (tape,) = reconstruct(Observed(BARS, VIX, RATE), recipe, CALENDAR, start=START, end=END)
    quotes = np.full(len(tape), GRADES.index(Grade.QUOTES), dtype=np.int8)
    return replace(tape, grade=quotes, sources=("made",))


@pytest.fixture(scope="module")
def source(recorded: ChainTape) -> MemorySource:
    return MemorySource([recorded], bars=[BARS], series=[VIX, RATE])


def test_chains_of_known_numbers_are_met_on_days_that_were_not_seen(source: MemorySource) -> None:
    evidence = evidence_from(source, CALENDAR, START, END, underlying="SPX")
    clock = clock_for(source, CALENDAR, date(2018, 2, 1), END)
    found, errors = calibrate(evidence, clock, CALENDAR, name="known", folds=2, rounds=6)
    assert found.name == "known"
    assert [(one.low, one.high) for one in errors] == [(1, 7), (8, 21), (22, 120)]
    for one in errors[1:]:
        assert one.median < 0.6
        assert one.mid_basis < 6.0
    assert spread_agreement(found.spread, evidence.quotes) > 0.5


def test_forwards_and_volatilities_of_recorded_quotes_are_those_they_were_made_with(
    recorded: ChainTape,
) -> None:
    chain = recorded.chain(4)
    quotes = quotes_of(chain, 0.02, (np.zeros(0), np.zeros(0)))
    liquid = quotes.take(quotes.otm & (np.abs(quotes.delta) > 0.05) & (quotes.dte > 7))
    own = {int(key): float(iv) for key, iv in zip(chain.key, chain.iv, strict=True)}
    keys = chain.key[(chain.bid > 0) & (chain.ask > chain.bid) & (chain.dte >= 1) & (chain.dte <= 230)]
    made = np.array([own[int(key)] for key in keys])
    usual = np.asarray(quotes.otm & (np.abs(quotes.delta) > 0.05) & (quotes.dte > 7))
    assert len(liquid) > 200
    assert np.median(np.abs(quotes.iv - made)[usual]) < 0.003


def test_the_indices_of_a_full_chain_are_those_it_was_made_for(recorded: ChainTape) -> None:
    for number in (0, 4, 9):
        chain = recorded.chain(number)
        quotes = quotes_of(chain, 0.02, (np.zeros(0), np.zeros(0)))
        vix = float(VIX.values[np.searchsorted(VIX.days, quotes.day[0])])
        assert 100 * own_indices(quotes).indices[1] == pytest.approx(vix, rel=0.04)


def test_stretches_of_days_are_left_out_together() -> None:
    fold = fold_of(np.arange(100, 110, dtype=np.int64), 3)
    assert fold.tolist() == sorted(fold.tolist())
    assert set(fold.tolist()) == {0, 1, 2}


def test_what_was_recorded_among_reconstructed_contracts_is_fitted_to_as_alone(
    recorded: ChainTape,
) -> None:
    some = np.arange(int(recorded.offsets[-1])) % 3 == 0
    columns = {field.name: getattr(recorded.columns, field.name) for field in fields(ChainColumns)}
    alone = replace(
        recorded,
        columns=ChainColumns(**{name: column[some] for name, column in columns.items()}),
        offsets=np.concatenate([[0], np.cumsum(some)])[recorded.offsets].astype(np.int64),
    )
    columns["flaws"] = columns["flaws"] | np.where(some, RECORDED_MARK, 0).astype(np.uint16)
    among = replace(
        recorded,
        columns=ChainColumns(**columns),
        grade=np.full(len(recorded), GRADES.index(Grade.RECONSTRUCTED), dtype=np.int8),
    )
    one, other = (
        evidence_from(
            MemorySource([tape], bars=[BARS], series=[VIX, RATE]), CALENDAR, START, END, underlying="SPX"
        ).quotes
        for tape in (alone, among)
    )
    assert len(one) > 1000
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_numbers_are_fitted_to_options_on_the_index_only(source: MemorySource) -> None:
    with pytest.raises(ParameterError, match="one of SPX, SPY, XSP; was QQQ"):
        evidence_from(source, CALENDAR, START, END, underlying="QQQ")


def test_too_few_days_are_refused(source: MemorySource) -> None:
    clock = clock_for(source, CALENDAR, date(2018, 2, 1), END)
    few = evidence_from(source, CALENDAR, START, date(2018, 3, 7), underlying="SPX")
    with pytest.raises(MissingDataError, match="at least 8 days"):
        calibrate(few, clock, CALENDAR, name="few")
    with pytest.raises(MissingDataError, match="no recorded chains"):
        evidence_from(source, CALENDAR, date(2017, 1, 3), date(2017, 1, 5), underlying="SPX")


def test_a_law_of_spreads_meets_the_quotes_it_was_fitted_to(recorded: ChainTape) -> None:
    quotes = quotes_of(recorded.chain(0), 0.02, (np.zeros(0), np.zeros(0)))
    assert spread_agreement(fit_spreads(quotes), quotes) > 0.6
