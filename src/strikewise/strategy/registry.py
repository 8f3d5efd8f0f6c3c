"""The strategies that come with strikewise, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from strikewise.strategy.api import Strategy
from strikewise.strategy.library.cash_secured_put import CashSecuredPut
from strikewise.strategy.library.credit_spread import CreditSpread
from strikewise.strategy.library.iron_condor import IronCondor
from strikewise.strategy.library.naked_put import NakedPut

__all__ = ["STRATEGIES"]

_ALL: tuple[Strategy, ...] = (
    CashSecuredPut(),
    CreditSpread(),
    IronCondor(),
    NakedPut(),
)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({strategy.name: strategy for strategy in _ALL})
"""Each under the name that specifications and ledger use."""
