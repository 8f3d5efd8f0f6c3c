"""``/status``, ``/risk`` and ``/reconciliation``: how the account's process is, and what it may lose."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from strikewise.apps.api.reading import Reading
from strikewise.apps.api.risk_told import RiskTold
from strikewise.service.risk import Folded, account_risk
from strikewise.service.views.reconciliation import ReconciliationView, reconciliation_view
from strikewise.service.views.status import StatusView

__all__ = ["router"]

router = APIRouter(tags=["status"])


@router.get("/status", summary="How the account's process is")
def status(reader: Reading) -> StatusView:
    """Return what may be sent, whether the process beats, how old its data are, and what is in doubt."""
    return reader.status()


@router.get("/risk", summary="What the account risks", response_model=RiskTold)
def risk(reader: Reading) -> dict[str, Any]:
    """Return limits and their use, breakers, value at risk and stress, as `strikewise risk --json` prints."""
    with reader.desk() as desk:
        folded = Folded(desk.keeper.state, desk.control, desk.track, desk.known_at, desk.run)
    with reader.market():
        return account_risk(reader.system, as_of=reader.now(), folded=folded).as_dict()


@router.get("/reconciliation", summary="Ours against the broker's")
def reconciliation(reader: Reading) -> ReconciliationView:
    """Return the last comparisons, what differed, and what both sides hold."""
    with reader.desk() as desk:
        return reconciliation_view(desk)
