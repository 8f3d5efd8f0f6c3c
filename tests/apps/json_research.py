"""Sweeps, verdicts, checks of time and comparisons in the JSON that programs may rely on."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from apps.json_portfolio import Fraction, Part

Grade = Literal["quotes", "indicative", "reconstructed"]
Value = float | int | bool | str


class Tries(Part):
    here: Annotated[int, Field(ge=1)]
    ever: int
    ideas: float
    sharpe_to_beat: float | None
    deflated_probability: Fraction | None


class Swept(Part):
    parameters: dict[str, Value]
    fingerprint: str
    grade: Grade
    summary: dict[str, float | None]


class Sweep(Part):
    name: str
    grid: dict[str, list[Value]]
    sorted_by: str
    tries: Tries
    runs: Annotated[list[Swept], Field(min_length=1)]


class Differing(Part):
    cut: AwareDatetime
    at: AwareDatetime
    who: str
    what: str
    names: list[str]
    whole: str
    cut_off: str


class FutureCut(Part):
    clean: bool
    cuts: list[AwareDatetime]
    facts_compared: int
    features_compared: int
    differences: list[Differing]


class PastCut(Part):
    sessions: int
    facts_compared: int
    difference: Differing | None
    drift: dict[str, float | None]


class TimeChecks(Part):
    name: str
    lookahead: FutureCut
    enough_past_sessions: int | None
    warm_ups: list[PastCut]


class Origin(Part):
    underlying: str
    source: str
    grade: Grade
    chains: Annotated[int, Field(ge=1)]
    first: date
    last: date
    spread_multiplier: Annotated[float, Field(gt=0)] | None
    limits: str


class Level(Part):
    date: date
    value: float


class MonthBeside(Part):
    month: str
    replay: float
    index: float


class YearBeside(Part):
    year: int
    months: int
    replay: float
    index: float
    difference: float


class Beside(Part):
    index: str
    months: list[MonthBeside]
    correlation: float | None
    tracking_error: float | None
    replay_cagr: float
    index_cagr: float
    replay_max_drawdown: Annotated[float, Field(le=0)]
    index_max_drawdown: Annotated[float, Field(le=0)]
    years: list[YearBeside]


class Comparison(Part):
    index: str
    underlying: str
    grade: Grade
    fingerprint: str
    chains: list[Origin]
    curve: list[Level]
    comparison: Beside | None


class HardCheck(Part):
    name: str
    question: str
    found: float | None
    bar: float | None
    at_least: bool
    unit: str
    passed: bool


class ScorePart(Part):
    name: str
    value: Fraction
    weight: Fraction
    because: str


class Score(Part):
    value: Fraction
    bar: Fraction
    passed: bool
    parts: Annotated[list[ScorePart], Field(min_length=5, max_length=5)]


class Gate(Part):
    deflated_sharpe: Fraction | None
    one_less_overfitting: Fraction | None
    one_less_luck: Fraction | None
    value: Fraction
    bar: Fraction
    passed: bool


class Judgement(Part):
    passed: bool
    words: list[str]
    checks: list[HardCheck]
    score: Score
    gate: Gate


class Trials(Part):
    raw: int
    measured: int
    ideas: float
    deviation_sharpe: float
    families: dict[str, int]


class Verdict(Part):
    title: str
    grade: Grade
    fingerprint: str
    underlyings: list[str]
    first: date
    last: date
    sessions: int
    settings: dict[str, int]
    summary: dict[str, float]
    verdict: Judgement
    significance: dict[str, Any]
    trials: Trials
    overfitting: dict[str, Any] | None
    superiority: dict[str, Any]
    bands: dict[str, Any] | None
    walk_forward: dict[str, Any]
    consistency: dict[str, Any]
    sensitivity: dict[str, Any]
    regimes: list[dict[str, Any]]
    starts: list[dict[str, Any]]
    disasters: list[dict[str, Any]]
    lives: dict[str, Any]
    baselines: list[dict[str, Any]]
    market: dict[str, float] | None
    days: list[date]
    curve: list[float]
    spec: dict[str, Any]
    data: dict[str, str]
    chains: list[Origin]


RESEARCH: dict[str, type[Part]] = {
    "sweep": Sweep,
    "validate": Verdict,
    "lookahead": TimeChecks,
    "compare": Comparison,
}
"""What the commands about many runs, or about a run's worth, print with ``--json``."""
