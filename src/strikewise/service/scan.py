"""Scan: what every strategy would open now, ranked, and why not for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from strikewise.domain.instruments import OptionContract
from strikewise.domain.money import to_dollars
from strikewise.domain.portfolio import Portfolio
from strikewise.domain.quotes import Grade, worst_grade
from strikewise.domain.signals import Signal
from strikewise.engine.spec import StrategySpec
from strikewise.market.view import MarketView
from strikewise.risk.gate import Denied, judge
from strikewise.risk.limits import Limits
from strikewise.service.what_if import WhatIf, what_if


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A signal that the gate would let through on an empty account.

    Attributes
    ----------
    signal : Signal
        What, why and at what odds; for one unit.
    quantity : int
        Units the strategy would trade with the account's capital.
    what_if : WhatIf or None
        Its value at other prices, dates and volatilities, where that was asked for.
    """

    signal: Signal
    quantity: int
    what_if: WhatIf | None = None

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form: dollars for one unit, fractions, ISO dates."""
        signal = self.signal
        iv_rank = signal.because.get("iv_rank")
        return {
            "underlying": signal.underlying,
            "strategy": signal.strategy,
            "structure": signal.structure.name,
            "legs": legs_as_dicts(signal),
            "quantity": self.quantity,
            "credit": to_dollars(-signal.price_cents),
            "max_loss": None if signal.max_loss_cents is None else to_dollars(signal.max_loss_cents),
            "max_profit": None if signal.max_profit_cents is None else to_dollars(signal.max_profit_cents),
            "margin": to_dollars(signal.margin_cents),
            "breakevens": [round(price, 4) for price in signal.breakevens],
            "probability_of_profit": signal.probability_of_profit,
            "edge": to_dollars(signal.edge_cents),
            "iv_rank": iv_rank,
            "score": signal.score,
            "score_parts": dict(signal.score_parts),
            "because": dict(signal.because),
            "grade": signal.grade.value,
            **({} if self.what_if is None else {"what_if": self.what_if.as_dict()}),
        }


def legs_as_dicts(signal: Signal) -> list[dict[str, object]]:
    """Return a signal's option legs in their JSON form."""
    return [
        {
            "right": leg.instrument.right.value,
            "strike": leg.instrument.strike,
            "expiration": leg.instrument.expiration.isoformat(),
            "ratio": leg.ratio,
        }
        for leg in signal.structure.legs
        if isinstance(leg.instrument, OptionContract)
    ]


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What a scan found.

    Attributes
    ----------
    as_of : datetime
        The instant that was looked at, UTC.
    grade : Grade or None
        The worst grade of the chains looked at; None where there was none.
    opportunities : tuple of Opportunity
        Best score first.
    denied : mapping of str to int
        How many candidates each reason turned away.
    underlyings : tuple of str
        What was looked at.
    """

    as_of: datetime
    grade: Grade | None
    opportunities: tuple[Opportunity, ...]
    denied: Mapping[str, int]
    underlyings: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form that is documented as a contract."""
        return {
            "as_of": self.as_of.isoformat(),
            "grade": None if self.grade is None else self.grade.value,
            "opportunities": [found.as_dict() for found in self.opportunities],
            "denied": dict(self.denied),
        }


def scan(
    view: MarketView,
    strategies: Sequence[StrategySpec],
    limits: Limits,
    capital_cents: int,
    *,
    payoff_of: int | None = None,
) -> ScanResult:
    """Ask every strategy what it would open at a view, and the gate what it would let through.

    Each opportunity is judged by itself on an account that holds nothing but its capital.

    Parameters
    ----------
    view : MarketView
        The instant and universe.
    strategies : sequence of StrategySpec
        Whom to ask.
    limits : Limits
        What the gate enforces.
    capital_cents : int
        The account's capital.
    payoff_of : int, optional
        Rank, from 1, of the opportunity whose payoff is to be told too.
    """
    empty = Portfolio(view.as_of, capital_cents, capital_cents, capital_cents, 0)
    denied: Counter[str] = Counter()
    found: list[Opportunity] = []
    for chosen in strategies:
        screened = chosen.strategy.screen(view, chosen.params)
        denied.update({str(code): count for code, count in screened.rejected.items()})
        for signal in screened.signals:
            proposal = chosen.strategy.size_position(signal, empty, chosen.params)
            verdict = judge(proposal, signal, empty, limits, view)
            if isinstance(verdict, Denied):
                denied[str(verdict.code)] += 1
            else:
                found.append(Opportunity(signal, verdict.proposal.quantity))
    found.sort(key=lambda one: (-one.signal.score, one.signal.signal_id))
    if payoff_of is not None and 0 < payoff_of <= len(found):
        ranked = found[payoff_of - 1]
        found[payoff_of - 1] = replace(ranked, what_if=what_if(ranked.signal, view))
    underlyings = tuple(view.underlyings())
    chains = [chain for symbol in underlyings if (chain := view.fresh_chain(symbol)) is not None]
    grade = worst_grade(chain.grade for chain in chains) if chains else None
    return ScanResult(view.as_of, grade, tuple(found), dict(sorted(denied.items())), underlyings)
