"""What every parameter of the library promises: that a strategy asks for it at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from contracts.seekers import RISING, WILD, WORLDS, any_strategy, generous, portfolio
from contracts.test_share_strategy_contract import VIEW as SHARE_VIEW
from strategy.held import instant, later_view
from strategy.markets import CALENDAR, view_of
from strikewise.domain.errors import ParameterError
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Stock
from strikewise.domain.parameters import ParameterSet, ParameterValue
from strikewise.domain.portfolio import Holding, Mark, Position
from strikewise.market.view import MarketView
from strikewise.strategy.api import Strategy

ROLL_DAY = date(2025, 6, 20)
"""A third Friday: what the published indices wait for."""


class Asked(Mapping[str, ParameterValue]):
    """Values that remember which of them was asked for."""

    def __init__(self, values: Mapping[str, ParameterValue], asked: set[str]) -> None:
        self._values, self._asked = values, asked

    def __getitem__(self, name: str) -> ParameterValue:
        self._asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def variants(strategy: Strategy, asked: set[str]) -> Iterator[ParameterSet]:
    """Generous parameters, and the same with each switch and choice as it can be."""
    changes: list[dict[str, object]] = [{}]
    for parameter in strategy.space.parameters:
        if isinstance(parameter.default, bool):
            changes.append({parameter.name: not parameter.default})
        else:
            changes += [{parameter.name: one} for one in parameter.choices if one != parameter.default]
    for change in changes:
        try:
            yield ParameterSet(Asked(generous(strategy, **change), asked))
        except ParameterError:
            continue  # a choice that needs others with it


def views(strategy: Strategy) -> list[MarketView]:
    known = {parameter.name for parameter in strategy.space.parameters}
    if "min_dollar_volume" in known:
        return [SHARE_VIEW]
    if "min_dte" in known:
        return [view_of(world) for world in WORLDS.values()]
    return [later_view(RISING, ROLL_DAY, dtes=(28,))]


def states(proposal: Position, view: MarketView) -> Iterator[tuple[Position, MarketView]]:
    """A position as it was opened, at its first expiration, and with the shares that may come of it."""
    yield valued(proposal, view), view
    if not proposal.structure.expirations:
        return
    day = CALENDAR.session_at_or_before(min(proposal.structure.expirations))
    yield valued(proposal, view), view_of(WILD, at=CALENDAR.session_close(day))
    assigned = (Holding(Stock(proposal.underlying), 100 * proposal.quantity),)
    yield valued(replace(proposal, holdings=assigned), view), view


def valued(position: Position, view: MarketView) -> Position:
    mark = Mark(position.cash_cents, position.cash_cents, 50_000, 0, Greeks(), instant(view.day))
    return replace(position, mark=mark)


@any_strategy
def test_every_parameter_is_asked_for(strategy: Strategy) -> None:
    asked: set[str] = set()
    for params in variants(strategy, asked):
        for view in views(strategy):
            for signal in strategy.screen(view, params).signals[:1]:
                proposal = strategy.size_position(signal, portfolio(10**9), params)
                for position, seen in states(proposal, view) if proposal.quantity else ():
                    strategy.manage_position(position, seen, params)
    assert sorted({parameter.name for parameter in strategy.space.parameters} - asked) == []
