"""Continue a position whose days are up in the next cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from strikewise.domain.parameters import Parameter
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Close, Roll, Signal
from strikewise.strategy.exits import ExitCode

__all__ = ["roll_parameters", "rolled"]


def roll_parameters() -> tuple[Parameter, ...]:
    """Return the switch that says whether positions are rolled."""
    return (
        Parameter(
            "roll",
            False,
            "Whether a position whose days are up is continued with the best that is offered later, "
            "if anything passes the entry's filters.",
        ),
    )


def rolled(position: Position, why: Close, offered: Callable[[], Iterable[Signal]]) -> Close | Roll:
    """Return the roll into the best later signal on the same underlying, or the closing where there is none.

    Only what leaves by its days to expiration is rolled: a target or a stop ends a campaign.

    Parameters
    ----------
    position : Position
        What is held.
    why : Close
        How it would be closed.
    offered : callable
        Gives what the strategy would open now, best first; asked only where a roll is possible.
    """
    if why.reason != ExitCode.DTE_EXIT:
        return why
    last = max(position.structure.expirations)
    for signal in offered():
        if signal.underlying == position.underlying and min(signal.structure.expirations) > last:
            return Roll(signal, why.reason, why.detail)
    return why
