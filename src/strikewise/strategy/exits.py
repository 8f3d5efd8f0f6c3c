"""When to leave a position that was sold for a credit: pure rules on its mark, each with a code.

Profits and losses are those of closing at the touch now (`Position.profit_exit_cents`), never of a mid price.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Close
from strikewise.market.calendar import new_york_day

__all__ = ["ExitCode", "assigned", "credit_exit", "exit_parameters", "time_exit"]


class ExitCode(StrEnum):
    """Why a position is closed."""

    ASSIGNED_SHARES = "ASSIGNED_SHARES"
    """An option was assigned or exercised: the shares, and the legs left over, are closed."""
    STOP_LOSS = "STOP_LOSS"
    """Closing now would lose more than the stop, a multiple of the credit."""
    PROFIT_TARGET = "PROFIT_TARGET"
    """Closing now would keep the target share of the credit."""
    DTE_EXIT = "DTE_EXIT"
    """As few days are left to expiration as were set for leaving."""
    TIME_EXIT = "TIME_EXIT"
    """It has been held for as many days as were set."""
    VOLATILITY_SPIKE = "VOLATILITY_SPIKE"
    """Volatility has risen so far that a hedge is turned into cash."""
    REVERTED = "REVERTED"
    """The price is back at its mean."""
    LEVEL_LOST = "LEVEL_LOST"
    """The price is back behind the level that it broke, or beyond the trail."""
    EVENT_NEAR = "EVENT_NEAR"
    """The event it was bought for comes before the next session's close."""
    EVENT_PAST = "EVENT_PAST"
    """The event it was opened for is over."""


def exit_parameters(*, profit_target: float, stop_loss: float, dte_exit: int) -> tuple[Parameter, ...]:
    """Return the parameters that `credit_exit` reads, with a strategy's own defaults."""
    return (
        Parameter(
            "profit_target",
            profit_target,
            "Close when this share of the credit would be kept; 1 or more waits for expiry.",
            "of the credit",
            0.05,
            2.0,
        ),
        Parameter(
            "stop_loss",
            stop_loss,
            "Close when the loss reaches this multiple of the credit; 0 sets no stop.",
            "credits",
            0.0,
            20.0,
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


def credit_exit(position: Position, today: date, params: ParameterSet) -> Close | None:
    """Return why a credit position should be closed now, or None.

    Parameters
    ----------
    position : Position
        Held, and valued where a mark exists.
    today : date
        The session's date.
    params : ParameterSet
        With the parameters of `exit_parameters`.

    Returns
    -------
    Close or None
        Assigned shares come first, then the stop, the target and time. A profit target is not met on an
        estimated price: without a quote nobody would pay it; a stop is, and its detail counts the estimated
        legs. A position without a mark leaves by time only.
    """
    if assigned(position):
        return Close(ExitCode.ASSIGNED_SHARES)
    return _by_profit(position, params) or time_exit(position, today, params)


def assigned(position: Position) -> bool:
    """Return whether a position holds shares that an assignment or exercise brought.

    It does where its shares are not those of its structure and an option of that structure is gone. Shares
    that hedge stand beside all the options that were opened.
    """
    shares = sum([one.quantity for one in position.holdings if isinstance(one.instrument, Stock)])
    if shares == position.structure.shares * position.quantity:
        return False
    held = {one.instrument: one.quantity for one in position.holdings}
    return any(
        held.get(contract, 0) != ratio * position.quantity for contract, ratio in position.structure.options
    )


def _by_profit(position: Position, params: ParameterSet) -> Close | None:
    profit, credit = position.profit_exit_cents, -position.entry_cents
    if profit is None or position.mark is None or credit <= 0:
        return None
    stop, target = params.number("stop_loss") * credit, params.number("profit_target") * credit
    estimated = position.mark.estimated_legs
    if stop > 0 and profit <= -stop:
        legs = f" estimated={estimated}" if estimated else ""
        return Close(ExitCode.STOP_LOSS, f"loss={_dollars(-profit)} limit={_dollars(stop)}{legs}")
    if estimated == 0 and profit >= target:
        return Close(ExitCode.PROFIT_TARGET, f"profit={_dollars(profit)} target={_dollars(target)}")
    return None


def _dollars(cents: float) -> str:
    return f"{cents / 100:.2f}"


def time_exit(position: Position, today: date, params: ParameterSet) -> Close | None:
    """Return that a position's days are up, by the parameters ``dte_exit`` and ``max_days_held``, or None."""
    dte_exit, most = params.integer("dte_exit"), params.integer("max_days_held")
    if dte_exit:
        held = [one.instrument for one in position.holdings]
        ends = [one.expiration for one in held if isinstance(one, OptionContract)]
        if ends and (left := (min(ends) - today).days) <= dte_exit:
            return Close(ExitCode.DTE_EXIT, f"dte={left}")
    if most and (days := (today - new_york_day(position.opened_at)).days) >= most:
        return Close(ExitCode.TIME_EXIT, f"days_held={days}")
    return None
