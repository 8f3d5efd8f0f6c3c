"""The JSON that programs may rely on, as strict models: a key more or less is a broken promise."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from apps.json_control import CONTROL
from apps.json_data import DATA
from apps.json_ledger import LEDGER
from apps.json_portfolio import Fraction, Part, Portfolio
from apps.json_research import RESEARCH, Origin
from apps.json_risk import RiskResult

Grade = Literal["quotes", "indicative", "reconstructed"]


class Leg(Part):
    right: Literal["C", "P"]
    strike: float
    expiration: date
    ratio: int


class Greeks(Part):
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


class Touch(Part):
    strike: float
    probability: Fraction


class WhatIf(Part):
    spots: list[float]
    profit: dict[Literal["today", "half_way", "at_expiry", "volatility_up", "volatility_down"], list[float]]
    greeks: Greeks
    probability_of_touch: list[Touch]


class Opportunity(Part):
    underlying: str
    strategy: str
    structure: str
    legs: Annotated[list[Leg], Field(min_length=1)]
    quantity: Annotated[int, Field(ge=1)]
    credit: float
    max_loss: float | None
    max_profit: float | None
    margin: float
    breakevens: list[float]
    probability_of_profit: Fraction
    edge: float
    iv_rank: Fraction | None
    score: Annotated[float, Field(ge=0, le=100)]
    score_parts: dict[str, float]
    because: dict[str, float | str]
    grade: Grade
    what_if: WhatIf | None = None


class Scan(Part):
    as_of: AwareDatetime
    grade: Grade | None
    opportunities: list[Opportunity]
    denied: dict[str, Annotated[int, Field(ge=1)]]


class Summary(Part):
    start_equity: float
    end_equity: float
    net_profit: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: Annotated[float, Field(le=0)]
    max_drawdown_days: int
    max_drawdown_mid: Annotated[float, Field(le=0)]
    trades: int
    win_rate: Fraction | None
    profit_factor: float | None
    expectancy: float | None
    average_win: float | None
    average_loss: float | None
    average_days_held: float | None
    exposure: Fraction
    turnover: float | None
    costs: float


class Year(Part):
    year: int
    total_return: Annotated[float, Field(alias="return")]
    pnl: float
    max_drawdown: float


class Month(Year):
    month: Annotated[int, Field(ge=1, le=12)]


class Ended(Part):
    reason: str
    trades: int
    pnl: float
    win_rate: Fraction


class ByStrategy(Part):
    strategy: str
    trades: int
    pnl: float
    win_rate: Fraction


class Trade(Part):
    trade_id: str
    campaign_id: str
    strategy: str
    underlying: str
    structure: str
    legs: str
    quantity: int
    opened_at: AwareDatetime
    closed_at: AwareDatetime | None
    entry: float
    exit: float | None
    fees: float
    pnl: float | None
    return_on_risk: float | None
    return_on_margin: float | None
    days_held: int | None
    exit_reason: str
    grade: Grade
    max_loss: float | None
    margin: float
    probability_of_profit: Fraction
    score: float
    regime: str
    estimated_marks: int
    policy_fills: int


class Equity(Part):
    at: AwareDatetime
    cash: float
    equity_mid: float
    equity_exit: float
    margin: float
    at_risk: float
    open_positions: int
    estimated_legs: int
    regime: str


class Close(Part):
    date: date
    close: float


class MissingQuote(Part):
    trade_id: str
    instrument: str
    policy: str
    marks: Annotated[int, Field(ge=1)]
    first: date
    last: date
    last_price: float


class AtFill(Part):
    f: Fraction
    net_profit: float
    total_return: float
    sharpe: float | None
    max_drawdown: Annotated[float, Field(le=0)]
    trades: int
    win_rate: Fraction | None
    profit_factor: float | None
    equity_exit: list[float]
    equity_mid: list[float]


class Bucket(Part):
    name: str
    trades: Annotated[int, Field(ge=1)]
    pnl: float
    win_rate: Fraction
    worst: float


class Detail(Part):
    trade_id: str
    legs: Annotated[list[tuple[Literal["C", "P", "S"], float, int, str]], Field(min_length=1)]
    price: float
    breakevens: list[float]
    because: dict[str, float | str]


class Profit(Part):
    delta: float
    gamma: float
    theta: float
    vega: float
    carry: float
    costs: float
    other: float
    total: float


class MonthlyProfit(Profit):
    month: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$")]


class Attribution(Part):
    whole: Profit
    months: list[MonthlyProfit]
    strategies: dict[str, Profit]


class PinnedExpiry(Part):
    day: date
    trade_id: str
    contract: str
    contracts: Annotated[int, Field(ge=1)]
    strike: float
    settlement: float
    assigned: bool
    stressed_loss: Annotated[float, Field(ge=0)]


class Pins(Part):
    band: Fraction
    gap: Fraction
    assigned: int
    worst_night: Annotated[float, Field(ge=0)]
    expiries: list[PinnedExpiry]


class Backtest(Part):
    fingerprint: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    grade: Grade
    title: str
    spec: dict[str, Any]
    data: dict[str, str]
    chains: list[Origin]
    summary: Summary
    years: list[Year]
    months: list[Month]
    exits: list[Ended]
    strategies: list[ByStrategy]
    portfolio: Portfolio
    trades: list[Trade]
    equity: list[Equity]
    prices: dict[str, list[Close]]
    missing_quotes: list[MissingQuote]
    fills: list[AtFill]
    breakdowns: dict[Literal["weekday", "dte", "delta", "regime", "structure", "underlying"], list[Bucket]]
    details: list[Detail]
    attribution: Attribution
    pins: Pins
    facts: int


class Trades(Part):
    trades: list[Trade]


class Step(Part):
    seq: int
    cause: int | None
    kind: str
    at: AwareDatetime
    words: str


class Explained(Part):
    trade: str
    steps: Annotated[list[Step], Field(min_length=1)]
    because: dict[str, float | str]


class Run(Part):
    fingerprint: str
    title: str
    grade: Grade
    spec: dict[str, Any]
    data: dict[str, str]
    summary: Summary


class Runs(Part):
    runs: list[Run]


class Check(Part):
    check: str
    level: Literal["ok", "warn", "fail"]
    found: str
    advice: str


class Doctor(Part):
    sound: bool
    checks: list[Check]


class Warm(Part):
    kernels: int
    compiled: int
    kept: list[str]


CONTRACTS: dict[str, type[Part]] = {
    "scan": Scan,
    "backtest": Backtest,
    **RESEARCH,
    "trades": Trades,
    "explain": Explained,
    "runs": Runs,
    **DATA,
    "doctor": Doctor,
    "warm": Warm,
    **CONTROL,
    **LEDGER,
    "risk": RiskResult,
}
"""What each command prints with ``--json``."""
