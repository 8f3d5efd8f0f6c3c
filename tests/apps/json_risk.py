"""What `risk` says in the JSON that programs may rely on."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from apps.json_portfolio import Fraction, Part


class StateTold(Part):
    state: Literal["active", "reducing", "halted"]
    reason: str
    detail: str
    flatten: bool
    by_person: bool
    since: AwareDatetime | None
    by: str


class LimitTold(Part):
    name: Annotated[str, Field(pattern=r"^(limits|governor)\.[a-z_]+$")]
    used: Annotated[float, Field(ge=0)] | None
    limit: Annotated[float, Field(ge=0)]
    share: Annotated[float, Field(ge=0)] | None
    unit: Literal["dollars", "count", "ratio"]
    of: str


class AtRisk(Part):
    known: bool
    unknown: str | None = None
    historical: Annotated[float, Field(ge=0)] | None = None
    delta_gamma_vega: Annotated[float, Field(ge=0)] | None = None
    worst: Annotated[float, Field(ge=0)] | None = None
    worst_day: date | None = None
    sessions: int | None = None
    confidence: Fraction | None = None


class BreakerTold(Part):
    breaker: str
    scope: str
    since: AwareDatetime
    until: AwareDatetime | None
    detail: str


class PositionTold(Part):
    position_id: str
    strategy: str
    underlying: str
    sector: str
    structure: str
    quantity: Annotated[int, Field(ge=1)]
    profit: float | None
    closed_at_loss: float | None
    value_at_risk: float | None
    pending: bool


class WorstPoint(Part):
    profit: float
    spot: float
    volatility: float
    days: int


class Stress(Part):
    days: list[int]
    spots: list[float]
    volatilities: list[float]
    profit: list[list[list[float]]]
    worst: WorstPoint


class ShockTold(Part):
    name: str
    title: str
    profit: float
    of_equity: float | None
    moves: dict[str, float]
    volatility: float
    assumed: list[str]


class WarningTold(Part):
    code: str
    text: str


class RiskResult(Part):
    account: str
    as_of: AwareDatetime
    equity: float
    equity_mid: float
    cash: float
    margin: float
    state: StateTold
    limits: Annotated[list[LimitTold], Field(min_length=15)]
    value_at_risk: AtRisk
    breakers: list[BreakerTold]
    frozen: dict[str, str]
    sectors: dict[str, float]
    positions: list[PositionTold]
    stress: Stress | None
    shocks: list[ShockTold]
    warnings: list[WarningTold]
