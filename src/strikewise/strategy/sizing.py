"""How much to trade: never more than the risk a strategy takes, nor than the capital that is free."""

from __future__ import annotations

from strikewise.domain.money import to_cents
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.signals import Signal
from strikewise.strategy.kelly import kelly_fraction, prior_moments

__all__ = ["position_of", "proposed_position", "sizing_parameters"]

SIZINGS = ("fraction", "fixed", "volatility", "kelly")


def sizing_parameters(
    *, risk_fraction: float, of: str = "largest loss at expiry", max_units: int = 100
) -> tuple[Parameter, ...]:
    """Return the parameters that `proposed_position` reads; ``of`` names what the fraction bounds."""
    return (
        Parameter(
            "sizing",
            "fraction",
            "How the number of units is found: a share of capital at stake, a fixed number, a standard "
            "deviation of a day, or Kelly's share on shrunken estimates.",
            choices=SIZINGS,
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
        Parameter("max_units", max_units, "Most units of one position.", "units", 1, 10_000),
        Parameter(
            "compounding",
            True,
            "Whether shares are of equity, so that gains are traded too, or of what was paid in.",
        ),
        *_estimate_parameters(),
    )


def _estimate_parameters() -> tuple[Parameter, ...]:
    return (
        Parameter(
            "target_volatility",
            0.0025,
            "Share of equity that one standard deviation of the position's value over a session is to be, "
            "where sizing is by volatility; no more than `risk_fraction` is put at stake for it.",
            "of equity",
            0.00001,
            0.2,
        ),
        Parameter(
            "kelly_share",
            0.25,
            "How much of Kelly's share is traded: 1 full, 0.5 half, 0.25 quarter Kelly.",
            "fraction",
            0.01,
            1.0,
        ),
        Parameter(
            "kelly_cap",
            0.10,
            "Most of equity that the margin of one position may be where sizing is by Kelly.",
            "of equity",
            0.0001,
            1.0,
        ),
        Parameter(
            "kelly_prior",
            30,
            "Trades that the signal's own estimate weighs, and as many that weigh no edge at all.",
            "trades",
            1,
            10_000,
        ),
    )


def proposed_position(
    signal: Signal, portfolio: Portfolio, params: ParameterSet, *, at_stake_cents: int
) -> Position:
    """Return the position that a signal would become at its touch price, before fees; it has no id yet.

    Every share is of the strategy's own share of the account (`Portfolio.capital_of`). Whatever is wanted,
    no more is proposed than the free capital carries, nor than ``max_units``.

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
        With quantity 0 where not one unit fits the risk or the free capital, where the standard deviation of
        a unit is not known and sizing is by volatility, or where Kelly sees no edge.
    """
    fees = _fees_cents(signal, params)
    capital = portfolio.capital_of(signal.strategy, compounding=params.flag("compounding"))
    at_risk = int(params.number("risk_fraction") * capital // max(at_stake_cents + fees, 1))
    match params.text("sizing"):
        case "fixed":
            wanted = params.integer("units")
        case "volatility":
            wanted = min(_by_volatility(signal, capital, params), at_risk)
        case "kelly":
            wanted = _by_kelly(signal, portfolio, capital, params, fees)
        case _:
            wanted = at_risk
    return position_of(signal, portfolio, min(wanted, _affordable(signal, portfolio, params, fees)))


def _by_volatility(signal: Signal, capital: float, params: ParameterSet) -> int:
    if signal.daily_sd_cents is None:
        return 0
    return int(params.number("target_volatility") * capital // signal.daily_sd_cents)


def _by_kelly(signal: Signal, portfolio: Portfolio, capital: float, params: ParameterSet, fees: int) -> int:
    stake = signal.margin_cents
    if stake <= 0:
        return 0
    prior = prior_moments(signal.edge_cents / stake, signal.probability_of_profit)
    whole = kelly_fraction(portfolio.record_of(signal.strategy), prior, params.integer("kelly_prior"))
    fraction = min(params.number("kelly_share") * whole, params.number("kelly_cap"))
    return int(fraction * capital // (stake + fees))


def _fees_cents(signal: Signal, params: ParameterSet) -> int:
    contracts = sum(abs(ratio) for _, ratio in signal.structure.options)
    if contracts == 0:
        return 0
    return contracts * to_cents(params.number("fee_per_contract"))


def _affordable(signal: Signal, portfolio: Portfolio, params: ParameterSet, fees: int) -> int:
    free = portfolio.free_for(signal.strategy) // max(signal.margin_cents + fees, 1)
    return min(free, params.integer("max_units"))


def position_of(signal: Signal, portfolio: Portfolio, wanted: int) -> Position:
    """Return the position that some units of a signal would become; none where ``wanted`` is below one."""
    quantity = max(0, wanted)
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
        stake_cents=signal.margin_cents * quantity,
    )
