"""How much to trade: never more than the risk a strategy takes, nor than the capital that is free."""

from __future__ import annotations

from strikewise.domain.money import to_cents
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.signals import Signal

__all__ = ["proposed_position", "sizing_parameters"]


def sizing_parameters(*, risk_fraction: float, of: str = "largest loss at expiry") -> tuple[Parameter, ...]:
    """Return the parameters that `proposed_position` reads; ``of`` names what the fraction bounds."""
    return (
        Parameter(
            "sizing",
            "fraction",
            "Whether a share of equity or a fixed number of units is traded.",
            choices=("fraction", "fixed"),
        ),
        Parameter(
            "risk_fraction",
            risk_fraction,
            f"Share of equity that the {of} of one position may be.",
            "of equity",
            0.0001,
            1.0,
        ),
        Parameter("units", 1, "Units to trade where sizing is fixed.", "units", 1, 10_000),
        Parameter("max_units", 100, "Most units of one position.", "units", 1, 10_000),
    )


def proposed_position(
    signal: Signal, portfolio: Portfolio, params: ParameterSet, *, at_stake_cents: int
) -> Position:
    """Return the position that a signal would become at its touch price, before fees; it has no id yet.

    Parameters
    ----------
    signal : Signal
        What to open.
    portfolio : Portfolio
        The account; equity counts at exit prices.
    params : ParameterSet
        With the parameters of `sizing_parameters`, and ``fee_per_contract``.
    at_stake_cents : int
        What one unit can lose, or its margin where loss is not the measure; above zero, without fees.

    Returns
    -------
    Position
        With quantity 0 where not one unit fits the risk or the free capital.
    """
    fees = sum(abs(ratio) for _, ratio in signal.structure.options) * to_cents(
        params.number("fee_per_contract")
    )
    wanted = params.integer("units")
    if params.text("sizing") == "fraction":
        budget = params.number("risk_fraction") * portfolio.equity_exit_cents
        wanted = int(budget // max(at_stake_cents + fees, 1))
    affordable = portfolio.free_cents // max(signal.margin_cents + fees, 1)
    quantity = max(0, min(wanted, affordable, params.integer("max_units")))
    return _position(signal, quantity, portfolio)


def _position(signal: Signal, quantity: int, portfolio: Portfolio) -> Position:
    price = signal.price_cents * quantity
    return Position(
        position_id="",
        strategy=signal.strategy,
        underlying=signal.underlying,
        signal_id=signal.signal_id,
        structure=signal.structure,
        quantity=quantity,
        holdings=tuple(
            Holding(leg.instrument, leg.ratio * quantity) for leg in signal.structure.legs if quantity
        ),
        opened_at=portfolio.as_of,
        entry_cents=price,
        cash_cents=price,
        fees_cents=0,
        max_loss_cents=None if signal.max_loss_cents is None else signal.max_loss_cents * quantity,
        margin_cents=signal.margin_cents * quantity,
        because=signal.because,
        grade=signal.grade,
    )
