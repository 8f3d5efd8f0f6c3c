"""The interface behind which every strategy stands: three questions, no state, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from strikewise.domain.denials import DenialCode
from strikewise.domain.parameters import ParameterSet, ParameterSpace
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Action, Signal
from strikewise.market.view import MarketView


@dataclass(frozen=True, slots=True)
class Screened:
    """What a strategy found, and why not the rest.

    Attributes
    ----------
    signals : tuple of Signal
        Worth opening, best first.
    rejected : mapping of DenialCode to int
        How many candidates each reason turned away; an underlying turned away as a whole counts one.
    """

    signals: tuple[Signal, ...]
    rejected: Mapping[DenialCode, int]


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

    def screen(self, market_data: MarketView, params: ParameterSet) -> Screened:
        """Return what is worth opening now, and the count of candidates that each reason turned away."""
        ...

    def generate_signals(self, market_data: MarketView, params: ParameterSet) -> list[Signal]:
        """Return what is worth opening now, best first: the signals of `screen`."""
        ...

    def size_position(self, signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
        """Return the proposed position: the signal's structure with a quantity (0 where none fits)."""
        ...

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        """Return what to do with a held, valued position."""
        ...
