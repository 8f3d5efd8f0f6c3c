"""Run the engine and the plain backtester over one specification, and count what was compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from oracle.comparison import Comparison, compare
from oracle.plain_backtester import PlainBacktest, PlainFact
from oracle.plain_exchange import FeeTables
from oracle.plain_market import PlainMarket
from strikewise.backtest.runner import ReplaySpec, replay
from strikewise.execution import fees
from strikewise.portfolio.ledger import MemoryLedger

TABLES = FeeTables(
    occ=fees.OCC_CLEARING,
    regulatory=fees.OPTIONS_REGULATORY,
    section_31=fees.SECTION_31,
    taf_options=fees.TAF_OPTIONS,
    taf_shares=fees.TAF_SHARES,
    proprietary=fees.PROPRIETARY,
)
compared: Counter[str] = Counter()
"""Facts on which both agreed in this session of tests, by kind."""
runs: Counter[str] = Counter()
"""Runs that were compared, by market."""


def tried(chosen: ReplaySpec, market: PlainMarket, expected: Sequence[PlainFact] | None = None) -> Comparison:
    """Compare the engine's ledger with the plain backtester's, or with what else is expected."""
    ledger = MemoryLedger()
    replay(chosen, market.source, market.calendar, ledger)
    return compare(list(ledger.facts()), expected_of(chosen, market) if expected is None else expected)


def expected_of(chosen: ReplaySpec, market: PlainMarket) -> list[PlainFact]:
    """The facts that the plain backtester expects."""
    return PlainBacktest(chosen, market, TABLES).run()


def check(chosen: ReplaySpec, market: PlainMarket, name: str) -> Counter[str]:
    """Demand that all facts agree; return how many there are, by kind."""
    found = tried(chosen, market)
    compared.update(found.agreed)
    runs[name] += 1
    if found.difference is not None:
        raise AssertionError(f"{found.difference}")
    return found.agreed
