"""How much of a hedge to hold: by what the rest of the account has at stake, within a budget of premium."""

from __future__ import annotations

from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.signals import Signal
from strikewise.strategy.sizing import position_of

__all__ = ["hedging_parameters", "hedging_position"]


def hedging_parameters(*, hedge_ratio: float = 0.5, premium_budget: float = 0.01) -> tuple[Parameter, ...]:
    """Return the parameters that `hedging_position` reads."""
    return (
        Parameter(
            "hedge",
            "premium",
            "What sizes the hedge: a budget of premium, the delta of the rest of the account, or its vega.",
            choices=("premium", "delta", "vega"),
        ),
        Parameter(
            "hedge_ratio",
            hedge_ratio,
            "Share of the account's other delta (or vega) that the hedge is to take away.",
            "fraction",
            0.0,
            2.0,
        ),
        Parameter(
            "premium_budget",
            premium_budget,
            "Most of equity that the hedges held at one time may have cost.",
            "of equity",
            0.0,
            1.0,
        ),
        Parameter("max_units", 100, "Most units of one position.", "units", 1, 10_000),
        Parameter(
            "compounding",
            True,
            "Whether shares are of equity, so that gains are traded too, or of what was paid in.",
        ),
    )


def hedging_position(signal: Signal, portfolio: Portfolio, params: ParameterSet) -> Position:
    """Return the position that brings the hedge held so far up to its size; quantity 0 where it has it.

    Delta is counted in dollars for a move of every underlying by its own price (`Portfolio.delta_cents`):
    an index hedges shares as if their beta were one. Vega is added as it is, one point of every volatility.

    Parameters
    ----------
    signal : Signal
        The hedge to buy; its Greeks and ``because["spot"]`` are read where delta or vega sizes it.
    portfolio : Portfolio
        The account; the signal's strategy owns the hedges that are held.
    params : ParameterSet
        With the parameters of `hedging_parameters`.

    Returns
    -------
    Position
        With quantity 0 where the hedge takes nothing away, its Greeks are not known, its budget is spent, or
        an order of it still waits: what was ordered is not in the account's Greeks yet.
    """
    own = portfolio.held_by(signal.strategy)
    if any(position.mark is None for position in own):
        return position_of(signal, portfolio, 0)
    budget = _budget_cents(signal, portfolio, own, params)
    most = params.integer("max_units")
    if signal.price_cents > 0:
        most = min(most, int(budget // signal.price_cents))
    if signal.margin_cents > 0:
        most = min(most, portfolio.free_for(signal.strategy) // signal.margin_cents)
    if params.text("hedge") == "premium":
        wanted = most if signal.price_cents > 0 else 0
    else:
        wanted = _by_greeks(signal, portfolio, params)
    return position_of(signal, portfolio, min(wanted, most))


def _budget_cents(
    signal: Signal, portfolio: Portfolio, own: tuple[Position, ...], params: ParameterSet
) -> float:
    capital = portfolio.capital_of(signal.strategy, compounding=params.flag("compounding"))
    return params.number("premium_budget") * capital - sum(max(0, held.entry_cents) for held in own)


def _by_greeks(signal: Signal, portfolio: Portfolio, params: ParameterSet) -> int:
    """Return the units after which the hedge takes away its share, rounded down: never more than that."""
    spot, greeks = signal.because.get("spot"), signal.greeks
    if greeks is None or not isinstance(spot, float):
        return 0
    if params.text("hedge") == "delta":
        unit = greeks.delta * spot * 100.0
        whole, rest = portfolio.delta_cents(), portfolio.delta_cents(without=signal.strategy)
    else:
        unit = greeks.vega
        whole, rest = portfolio.greeks().vega, portfolio.greeks(without=signal.strategy).vega
    open_share = params.number("hedge_ratio") * rest + (whole - rest)
    if unit * rest >= 0.0 or unit * open_share >= 0.0:
        return 0  # it would add to what is to be taken away, or enough is held
    return int(-open_share / unit)
