"""Positions for people: as the latest picture shows them, and what it does not show as the ledger has it."""

from __future__ import annotations

from strikewise.portfolio.picture import PositionPicture, unseen
from strikewise.service.views.desk import Desk

__all__ = ["positions_view"]


def positions_view(desk: Desk) -> tuple[PositionPicture, ...]:
    """Return every position, held or on its way.

    What the picture does not show (there is none, or it is from before) has neither quotes nor Greeks: an
    account that nobody has looked at is not one that holds nothing.

    Parameters
    ----------
    desk : Desk
        The account.
    """
    shown = () if desk.picture is None else desk.picture.positions
    known, state = {one.position_id for one in shown}, desk.keeper.state
    held = (*state.positions.values(), *state.pending)
    return (*shown, *(unseen(one) for one in held if one.position_id not in known))
