"""When to leave a position whose risk was paid or set aside at entry: pure rules on its mark.

Targets and stops are shares of what was at stake: the debit of what was bought, the largest loss or the
margin of what was sold for little. As in `strikewise.strategy.exits` profit is that of closing at the touch.
"""

from __future__ import annotations

from datetime import date

from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Close
from strikewise.strategy.exits import ExitCode, assigned, time_exit

__all__ = ["stake_exit", "stake_exit_parameters"]


def stake_exit_parameters(
    *, profit_target: float, stop_loss: float, dte_exit: int, of: str = "debit"
) -> tuple[Parameter, ...]:
    """Return the parameters that `stake_exit` reads; ``of`` names what is at stake."""
    return (
        Parameter(
            "profit_target",
            profit_target,
            f"Close when the profit reaches this share of the {of}; 0 sets no target.",
            f"of the {of}",
            0.0,
            50.0,
        ),
        Parameter(
            "stop_loss",
            stop_loss,
            f"Close when the loss reaches this share of the {of}; 0 sets no stop.",
            f"of the {of}",
            0.0,
            5.0,
        ),
        Parameter(
            "dte_exit",
            dte_exit,
            "Close when no more than this many calendar days are left; 0 holds to expiration.",
            "days",
            0,
            365,
        ),
        Parameter(
            "max_days_held", 0, "Close after this many calendar days; 0 sets no limit.", "days", 0, 1000
        ),
    )


def stake_exit(position: Position, today: date, params: ParameterSet) -> Close | None:
    """Return why a position should be closed now, or None.

    Parameters
    ----------
    position : Position
        Held, and valued where a mark exists; what one unit had at stake is ``because["at_stake"]``, dollars.
    today : date
        The session's date.
    params : ParameterSet
        With the parameters of `stake_exit_parameters`.

    Returns
    -------
    Close or None
        Assigned shares come first, then the stop, the target and time. A profit target is not met on an
        estimated price; a stop is. A position without a mark leaves by time only.
    """
    if assigned(position):
        return Close(ExitCode.ASSIGNED_SHARES)
    return _by_profit(position, params) or time_exit(position, today, params)


def _by_profit(position: Position, params: ParameterSet) -> Close | None:
    profit, stake = position.profit_exit_cents, _stake_cents(position)
    if profit is None or position.mark is None or stake <= 0:
        return None
    stop, target = params.number("stop_loss") * stake, params.number("profit_target") * stake
    estimated = position.mark.estimated_legs
    if stop > 0 and profit <= -stop:
        legs = f" estimated={estimated}" if estimated else ""
        return Close(ExitCode.STOP_LOSS, f"loss={-profit / 100:.2f} limit={stop / 100:.2f}{legs}")
    if target > 0 and estimated == 0 and profit >= target:
        return Close(ExitCode.PROFIT_TARGET, f"profit={profit / 100:.2f} target={target / 100:.2f}")
    return None


def _stake_cents(position: Position) -> float:
    unit = position.because.get("at_stake")
    if isinstance(unit, float):
        return 100.0 * unit * position.quantity
    return float(max(position.entry_cents, 0))
