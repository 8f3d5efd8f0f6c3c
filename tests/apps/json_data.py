"""What is imported, judged and stored, as JSON that programs may rely on."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime

from apps.json_portfolio import Fraction, Part


class Chains(Part):
    underlying: str
    snapshots: int
    first: AwareDatetime
    last: AwareDatetime


class Beside(Part):
    kind: Literal["bars", "series", "dividends", "splits", "events"]
    name: str
    rows: int
    first: date
    last: date


class Status(Part):
    home: str
    chains: list[Chains]
    beside: list[Beside]


class Gap(Part):
    first: date
    last: date
    sessions: int


class Flaw(Part):
    count: int
    share: Fraction


class Difference(Part):
    rows: int
    median: float | None
    p90: float | None


class UnderlyingAudit(Part):
    underlying: str
    first: date
    last: date
    days: int
    snapshots: int
    rows: int
    grades: dict[str, int]
    sources: dict[str, int]
    missing: list[date]
    gaps: list[Gap]
    flaws: dict[str, Flaw]
    iv_difference: Difference
    iv_difference_core: Difference
    coverage: dict[date, int]


class Audit(Part):
    underlyings: list[UnderlyingAudit]


class Imported(Part):
    files: dict[str, str]
    ignored: dict[str, str]
    rows_read: int
    rows_written: int
    rows_unchanged: int
    rejected: dict[str, int]
    examples: list[str]
    notes: dict[str, int]
    grades: list[str]
    underlyings: list[str]


DATA: dict[str, type[Part]] = {"data import": Imported, "data audit": Audit, "data status": Status}
