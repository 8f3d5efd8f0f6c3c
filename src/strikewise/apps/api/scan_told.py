"""What a scan came to, and work that takes long with what it came to."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from strikewise.apps.api.runs_told import RunSummary

__all__ = ["JobTold", "ScanTold"]


class LegFound(BaseModel):
    """A leg of one unit; short is negative."""

    right: Literal["C", "P"]
    strike: float
    expiration: date
    ratio: int


class OpportunityTold(BaseModel):
    """Something worth opening, for one unit, in dollars; ``credit`` is negative where it costs."""

    model_config = ConfigDict(extra="allow")

    underlying: str = Field(examples=["SPY"])
    strategy: str = Field(examples=["credit_spread"])
    structure: str = Field(examples=["put_credit_spread"])
    legs: list[LegFound]
    quantity: int
    credit: float
    max_loss: float | None
    max_profit: float | None
    margin: float
    breakevens: list[float]
    probability_of_profit: float
    edge: float
    iv_rank: float | None
    score: float
    score_parts: dict[str, float]
    because: dict[str, float | str | None]
    grade: str


class ScanTold(BaseModel):
    """What is worth opening at an instant, best first, and how often what refused the rest."""

    as_of: datetime
    grade: str | None
    opportunities: list[OpportunityTold]
    denied: dict[str, int]


class JobTold(BaseModel):
    """A piece of work: how far it is, and what it came to.

    Attributes
    ----------
    job_id : str
        By which it is asked for.
    kind : str
        ``scan`` or ``backtest``: which of the two forms its result has.
    by : str
        Who began it.
    state : str
        ``waiting``, ``running``, ``done`` or ``failed``.
    what : str
        What it does just now.
    done, whole : int
        How far it is; 0 of 0 where nobody knows.
    made_at, ended_at : datetime, datetime or None
        When it was asked for, and when it ended.
    result : ScanTold, RunSummary or None
        What it came to.
    problem : str
        Why it failed, in a sentence.
    """

    model_config = ConfigDict(from_attributes=True)

    job_id: str
    kind: str = Field(examples=["scan"])
    by: str
    state: Literal["waiting", "running", "done", "failed"]
    what: str
    done: int
    whole: int
    made_at: datetime
    ended_at: datetime | None = None
    result: ScanTold | RunSummary | None = None
    problem: str = ""
