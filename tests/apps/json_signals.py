"""What `strikewise signals` says in the JSON that programs rely on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from apps.json_portfolio import Fraction, Part


class OutcomeTold(Part):
    trade_id: str
    profit: float | None
    closed_at: AwareDatetime | None
    exit_reason: str | None


class SignalTold(Part):
    signal_id: str
    at: AwareDatetime
    strategy: str
    underlying: str
    structure: str
    price: float
    max_loss: float | None
    probability: Fraction
    expected: float
    score: Annotated[float, Field(ge=0, le=100)]
    grade: Literal["quotes", "indicative", "reconstructed"]
    because: dict[str, float | str]
    decision: Literal["ordered", "denied", "offered", "taken", "dismissed", "expired", "pending"]
    code: str | None
    detail: str | None
    answerable: bool
    until: AwareDatetime | None
    quantity: Annotated[int, Field(ge=1)] | None
    exit: str | None
    answered_by: str | None
    taken_as: str | None
    taken_from: str | None
    outcome: OutcomeTold | None


class SignalsTold(Part):
    signals: list[SignalTold]
