"""When a credit position is left."""

from __future__ import annotations

from datetime import date

from oracle.plain_account import Position
from oracle.plain_looks import Params
from strikewise.domain.instruments import OptionContract


def leave(position: Position, today: date, params: Params) -> tuple[str, str] | None:
    """Why a credit position is closed now: shares that were assigned, the stop, the target, time."""
    if assigned(position):
        return "ASSIGNED_SHARES", ""
    credit, mark = -position.entry, position.mark
    assert mark is not None
    if credit > 0:
        stop, target = params["stop_loss"] * credit, params["profit_target"] * credit
        if stop > 0 and position.profit <= -stop:
            legs = f" estimated={mark.estimated}" if mark.estimated else ""
            return "STOP_LOSS", f"loss={-position.profit / 100:.2f} limit={stop / 100:.2f}{legs}"
        if mark.estimated == 0 and position.profit >= target:
            return "PROFIT_TARGET", f"profit={position.profit / 100:.2f} target={target / 100:.2f}"
    return by_time(position, today, params)


def leave_stake(position: Position, today: date, params: Params) -> tuple[str, str] | None:
    """Why a position whose risk was set aside at entry is closed now: shares of what was at stake count."""
    if assigned(position):
        return "ASSIGNED_SHARES", ""
    stake, mark = position.at_stake, position.mark
    assert mark is not None
    if stake > 0:
        stop, target = params["stop_loss"] * stake, params["profit_target"] * stake
        if stop > 0 and position.profit <= -stop:
            legs = f" estimated={mark.estimated}" if mark.estimated else ""
            return "STOP_LOSS", f"loss={-position.profit / 100:.2f} limit={stop / 100:.2f}{legs}"
        if target > 0 and mark.estimated == 0 and position.profit >= target:
            return "PROFIT_TARGET", f"profit={position.profit / 100:.2f} target={target / 100:.2f}"
    return by_time(position, today, params)


def by_time(position: Position, today: date, params: Params) -> tuple[str, str] | None:
    """The days that are left, and those that it was held."""
    if position.options and params["dte_exit"]:
        left = min((one.expiration - today).days for one in position.options)
        if left <= params["dte_exit"]:
            return "DTE_EXIT", f"dte={left}"
    held = (today - position.opened_at.date()).days
    if params["max_days_held"] and held >= params["max_days_held"]:
        return "TIME_EXIT", f"days_held={held}"
    return None


def assigned(position: Position) -> bool:
    """Shares that the structure does not have, while an option of it is gone."""
    opened = {one: ratio * position.quantity for one, ratio in position.legs}
    if position.shares == opened.get(position.underlying, 0):
        return False
    return any(
        position.held.get(one, 0) != count for one, count in opened.items() if isinstance(one, OptionContract)
    )
