"""What ``/risk`` answers: limits and their use, value at risk, breakers, the book under moves; dollars."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["RiskTold"]


class StateTold(BaseModel):
    """What may be sent to a broker, why, and whether only a person takes that back."""

    state: Literal["active", "reducing", "halted"] = Field(examples=["active"])
    reason: str
    detail: str
    flatten: bool
    by_person: bool
    since: datetime | None
    by: str


class LimitTold(BaseModel):
    """A limit with its use, both in its unit; ``used`` is null where it is not known."""

    name: str = Field(examples=["governor.daily_loss"])
    used: float | None
    limit: float
    share: float | None
    unit: Literal["dollars", "count", "ratio"]
    of: str


class ValueAtRiskTold(BaseModel):
    """What one session may cost at a confidence, by history and by Greeks; ``unknown`` says why not."""

    known: bool
    unknown: str | None = None
    historical: float | None = None
    delta_gamma_vega: float | None = None
    worst: float | None = None
    worst_day: date | None = None
    sessions: int | None = None
    confidence: float | None = None


class BreakerTold(BaseModel):
    """A breaker that holds, on what, and until when (null: until a person resets it)."""

    breaker: str
    scope: str
    since: datetime
    until: datetime | None
    detail: str


class PositionRisk(BaseModel):
    """A position with what it earns now, the loss at which it is closed, and its value at risk."""

    position_id: str
    strategy: str
    underlying: str
    sector: str
    structure: str
    quantity: int
    profit: float | None
    closed_at_loss: float | None
    value_at_risk: float | None
    pending: bool


class WorstPoint(BaseModel):
    """The worst point of a stress grid."""

    profit: float
    spot: float
    volatility: float
    days: int


class StressTold(BaseModel):
    """Profit of the book by days, moves of the underlyings and moves of volatility, in this order."""

    days: list[int]
    spots: list[float]
    volatilities: list[float]
    profit: list[list[list[float]]]
    worst: WorstPoint


class ShockTold(BaseModel):
    """The book on a day that happened; ``assumed`` names underlyings whose own move was not known."""

    name: str
    title: str = Field(examples=["Black Monday, 1987-10-19"])
    profit: float
    of_equity: float | None
    moves: dict[str, float]
    volatility: float
    assumed: list[str]


class WarningTold(BaseModel):
    """What a person should know."""

    code: str
    text: str


class RiskTold(BaseModel):
    """What an account risks at an instant, as `strikewise risk --json` prints it: dollars and fractions."""

    account: str
    as_of: datetime
    equity: float
    equity_mid: float
    cash: float
    margin: float
    state: StateTold
    limits: list[LimitTold]
    value_at_risk: ValueAtRiskTold
    breakers: list[BreakerTold]
    frozen: dict[str, str]
    sectors: dict[str, float]
    positions: list[PositionRisk]
    stress: StressTold | None
    shocks: list[ShockTold]
    warnings: list[WarningTold]
