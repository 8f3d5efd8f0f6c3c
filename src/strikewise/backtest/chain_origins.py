"""Where the chains of a run came from, and what those cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from strikewise.backtest.reconstruct.signature import LIMITS, spread_multiplier_of
from strikewise.domain.chain import OptionChain
from strikewise.domain.quotes import Grade
from strikewise.market.calendar import new_york_day, seconds_of_days
from strikewise.market.source import MarketSource

__all__ = ["ChainOrigin", "chain_origins"]


@dataclass(frozen=True, slots=True)
class ChainOrigin:
    """The chains of one underlying that came from one source.

    Attributes
    ----------
    underlying, source : str
        Whose chains, and where they came from.
    grade : Grade
        How far they can be believed.
    chains : int
        How many of them the run saw.
    first, last : date
        The days of the first and the last.
    """

    underlying: str
    source: str
    grade: Grade
    chains: int
    first: date
    last: date

    @property
    def spread_multiplier(self) -> float | None:
        """How many times usual spreads were taken; None where nothing was reconstructed."""
        return spread_multiplier_of(self.source)

    @property
    def limits(self) -> str:
        """What such chains cannot show; empty for recorded ones."""
        return "" if self.spread_multiplier is None else LIMITS

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "underlying": self.underlying,
            "source": self.source,
            "grade": self.grade.value,
            "chains": self.chains,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "spread_multiplier": self.spread_multiplier,
            "limits": self.limits,
        }


def chain_origins(
    source: MarketSource, underlyings: Sequence[str], start: date, end: date
) -> tuple[ChainOrigin, ...]:
    """Return where the chains of some underlyings came from, by underlying, the first to appear first.

    Parameters
    ----------
    source : MarketSource
        Holds the chains.
    underlyings : sequence of str
        Those without chains are passed over.
    start, end : date
        Bounds, both included.
    """
    found: dict[tuple[str, str, Grade], ChainOrigin] = {}
    first, past = seconds_of_days(start, end)
    for symbol in sorted(set(underlyings) & set(source.underlyings())):
        taken = source.snapshots(symbol)
        for seconds in taken[slice(*np.searchsorted(taken, (first, past)))].tolist():
            chain = source.chain(symbol, datetime.fromtimestamp(seconds, UTC))
            if chain is not None and chain.as_of.timestamp() == seconds:
                _count(found, chain)
    return tuple(found.values())


def _count(found: dict[tuple[str, str, Grade], ChainOrigin], chain: OptionChain) -> None:
    key = (chain.underlying, chain.source, chain.grade)
    day = new_york_day(chain.as_of)
    before = found.get(key) or ChainOrigin(*key, chains=0, first=day, last=day)
    found[key] = replace(before, chains=before.chains + 1, last=day)
