"""A run as a portfolio in the JSON that programs may rely on, and what all parts of that JSON are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StrategyResult(Part):
    strategy: str
    trades: int
    win_rate: Fraction | None
    return_on_stake: float | None
    pnl: float
    realised: float
    fees: float
    max_drawdown: Annotated[float, Field(le=0)]
    sharpe: float | None
    days: int
    signals: int
    refused: dict[str, Annotated[int, Field(ge=1)]]
    by_regime: dict[str, float]


class MonthOfStrategies(Part):
    year: int
    month: Annotated[int, Field(ge=1, le=12)]
    strategies: dict[str, float]
    account: float
    pnl: float


class Correlation(Part):
    strategies: list[str]
    matrix: list[list[Annotated[float, Field(ge=-1.000001, le=1.000001)] | None]]


class RegimeResult(Part):
    regime: str
    days: int
    episodes: int
    share: Fraction
    pnl: float
    sharpe: float | None
    trades: int
    win_rate: Fraction | None
    trade_pnl: float
    few: bool


class CampaignStep(Part):
    trade_id: str
    structure: str
    opened_at: AwareDatetime
    pnl: float | None
    running: float | None


class Campaign(Part):
    campaign_id: str
    strategy: str
    underlying: str
    positions: Annotated[int, Field(ge=2)]
    rolls: Annotated[int, Field(ge=1)]
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    days: int | None
    pnl: float
    fees: float
    max_loss: float | None
    steps: Annotated[list[CampaignStep], Field(min_length=2)]


class Portfolio(Part):
    strategies: list[StrategyResult]
    months: list[MonthOfStrategies]
    correlation: Correlation
    regimes: list[RegimeResult]
    campaigns: list[Campaign]
    daily: dict[str, list[float]]
