"""The interface behind which every strategy stands: three questions, no state, no clock, no I/O."""

from __future__ import annotations

from typing import Protocol

from strikewise.domain.parameters import ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Signal
from strikewise.market.view import MarketView


class Strategy(Protocol):
    """A pure strategy: the same view, portfolio and parameters always give the same answer."""

    @property
    def name(self) -> str:
        """The name in specifications, ledger and reports."""
        ...

    @property
    def summary(self) -> str:
        """What it does, one sentence."""
        ...

    @property
    def space(self) -> ParameterSpace:
        """Its parameters."""
        ...

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return what is worth opening now, best first."""
        ...

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return the proposed position: the signal's structure with a quantity (0 where none fits)."""
        ...

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Return what to do with a held, valued position."""
        ...
