"""A universe hides the chains of all other underlyings, and nothing else."""

from __future__ import annotations

import pytest

from engine.runs import instants, reconstructed, spec
from strikewise.domain.errors import MissingDataError
from strikewise.market.universe import Universe


def test_chains_outside_the_universe_are_not_there_whoever_asks_by_name() -> None:
    whole = reconstructed()
    none = Universe(whole, ())
    at = instants(spec(), whole)[-1]
    assert whole.chain("SPX", at) is not None
    assert none.underlyings() == ()
    assert none.chain("SPX", at) is None
    assert len(none.snapshots("SPX")) == 0
    inside = Universe(whole, ["SPX"])
    assert inside.chain("SPX", at) is not None
    assert len(inside.snapshots("SPX")) == len(whole.snapshots("SPX"))


def test_the_rest_of_the_market_stays_known() -> None:
    whole = reconstructed()
    none = Universe(whole, ())
    assert none.bars("SPX") is whole.bars("SPX")
    assert none.series("VIX") is whole.series("VIX")


def test_a_universe_of_what_is_not_stored_is_refused() -> None:
    with pytest.raises(MissingDataError, match="no option chains of QQQ"):
        Universe(reconstructed(), ["QQQ"])
