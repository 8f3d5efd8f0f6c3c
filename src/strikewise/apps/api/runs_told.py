"""What ``/backtests`` answers: runs over the past in short, side by side, and whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Compared", "RunFigures", "RunSummary", "RunTold", "RunYear"]


class Told(BaseModel):
    """A part of a kept run; one that an older strikewise kept may lack what is null here, or have more."""

    model_config = ConfigDict(extra="allow")


class RunFigures(Told):
    """The figures of a run."""

    start_equity: float | None = Field(default=None, examples=[100_000.0])
    end_equity: float | None = Field(default=None, examples=[112_345.0])
    net_profit: float | None = None
    total_return: float | None = Field(default=None, examples=[0.12345])
    cagr: float | None = None
    volatility: float | None = None
    sharpe: float | None = Field(default=None, examples=[1.1])
    sortino: float | None = None
    max_drawdown: float | None = Field(default=None, examples=[-0.08])
    max_drawdown_days: int | None = None
    max_drawdown_mid: float | None = None
    trades: int | None = Field(default=None, examples=[63])
    win_rate: float | None = None
    profit_factor: float | None = None
    expectancy: float | None = None
    average_win: float | None = None
    average_loss: float | None = None
    average_days_held: float | None = None
    exposure: float | None = None
    turnover: float | None = None
    costs: float | None = None


class RunYear(Told):
    """A year of a run, or a month of it; ``return`` is a fraction."""

    year: int
    total_return: float | None = Field(default=None, alias="return")
    pnl: float | None = None
    max_drawdown: float | None = None
    month: int | None = Field(default=None, description="Of months only.")


class RunEquity(Told):
    """An account at the end of a session."""

    at: datetime
    cash: float
    equity_mid: float
    equity_exit: float
    margin: float
    at_risk: float
    open_positions: int
    estimated_legs: int | None = None
    regime: str | None = None


class RunPart(Told):
    """Trades that have something in common: how they ended, or whose they are."""

    reason: str | None = None
    strategy: str | None = None
    trades: int
    pnl: float
    win_rate: float | None = None


class RunTrade(Told):
    """A trade of a run."""

    trade_id: str
    strategy: str
    underlying: str
    structure: str
    legs: str
    quantity: int
    opened_at: datetime
    closed_at: datetime | None
    entry: float
    exit: float | None
    fees: float
    pnl: float | None
    return_on_risk: float | None
    days_held: int | None
    exit_reason: str
    grade: str
    max_loss: float | None
    margin: float
    score: float | None = None
    regime: str | None = None


class RunClose(Told):
    """A close of an underlying."""

    date: date
    close: float


class RunOrigin(Told):
    """Where an underlying's chains came from, and how far they can be believed."""

    underlying: str
    source: str
    grade: str
    chains: int
    first: date
    last: date
    limits: str | None = None


class RunSummary(BaseModel):
    """A kept run over the past: what was asked, on which data, and what it came to."""

    fingerprint: str = Field(examples=["1f3a77c090be0b2c"])
    title: str
    grade: str | None
    spec: dict[str, Any]
    summary: RunFigures


class RunTold(Told):
    """A run as `strikewise backtest --json` prints it: dollars and fractions.

    What else it has (``portfolio``, ``fills``, ``breakdowns``, ``details``, ``attribution``, ``pins``) is
    described in the reference of JSON forms.
    """

    fingerprint: str
    title: str
    grade: str | None
    spec: dict[str, Any]
    data: dict[str, str]
    chains: list[RunOrigin] = []
    summary: RunFigures
    years: list[RunYear]
    months: list[RunYear]
    exits: list[RunPart]
    strategies: list[RunPart]
    trades: list[RunTrade]
    equity: list[RunEquity]
    prices: dict[str, list[RunClose]] = {}
    facts: int | None = None


class Compared(BaseModel):
    """Runs side by side, in the order that was asked for."""

    runs: list[RunSummary]
    years: list[list[RunYear]]
    equity: list[list[RunEquity]]
