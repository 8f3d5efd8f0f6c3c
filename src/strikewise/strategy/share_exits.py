"""When to leave shares: at a gain, at a loss, or after some sessions, each by what closing brings now."""

from __future__ import annotations

from strikewise.domain.parameters import Parameter, ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Close
from strikewise.market.calendar import new_york_day
from strikewise.market.view import MarketView
from strikewise.strategy.exits import ExitCode
from strikewise.strategy.sessions_past import sessions_held

__all__ = ["share_exit", "share_exit_parameters"]


def share_exit_parameters(
    *, profit_target: float, stop_loss: float, max_sessions: int
) -> tuple[Parameter, ...]:
    """Return the parameters that `share_exit` reads, with a strategy's own defaults."""
    return (
        Parameter(
            "profit_target",
            profit_target,
            "Sell when the gain reaches this share of what was paid; 0 sets no target.",
            "of the price",
            0.0,
            10.0,
        ),
        Parameter(
            "stop_loss",
            stop_loss,
            "Sell when the loss reaches this share of what was paid; 0 sets no stop.",
            "of the price",
            0.0,
            0.99,
        ),
        Parameter(
            "max_sessions",
            max_sessions,
            "Sell after this many sessions; 0 sets no limit.",
            "sessions",
            0,
            1000,
        ),
    )


def share_exit(position: Position, view: MarketView, params: ParameterSet) -> Close | None:
    """Return why shares should be sold (or, short, bought back) now, or None.

    Parameters
    ----------
    position : Position
        Held, and valued where a mark exists.
    view : MarketView
        What is known.
    params : ParameterSet
        With the parameters of `share_exit_parameters`.

    Returns
    -------
    Close or None
        The stop comes first, then the target, then time. Gains and losses are those of the last price less
        what closing costs; a price that was jumped over is not had any more.
    """
    profit, paid = position.profit_exit_cents, abs(position.entry_cents)
    stop, target = params.number("stop_loss") * paid, params.number("profit_target") * paid
    if profit is not None and paid > 0:
        if stop > 0 and profit <= -stop:
            return Close(ExitCode.STOP_LOSS, f"loss={-profit / 100:.2f} limit={stop / 100:.2f}")
        if target > 0 and profit >= target:
            return Close(ExitCode.PROFIT_TARGET, f"profit={profit / 100:.2f} target={target / 100:.2f}")
    most = params.integer("max_sessions")
    held = sessions_held(view, new_york_day(position.opened_at)) if most else 0
    return Close(ExitCode.TIME_EXIT, f"sessions_held={held}") if most and held >= most else None
