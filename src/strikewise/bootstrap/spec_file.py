"""A run's specification: TOML as a person writes it, into the frozen pieces the loop and its broker take."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from strikewise.backtest.runner import ReplaySpec
from strikewise.bootstrap.documents import Table, check, read_toml, told_of
from strikewise.bootstrap.trading import (
    MOST_CAPITAL,
    AllocationTable,
    ExerciseTable,
    FeesTable,
    FillsTable,
    FinancingTable,
    GovernorTable,
    LimitsTable,
    chosen_strategy,
)
from strikewise.domain.errors import SettingsError
from strikewise.domain.money import to_cents
from strikewise.engine.spec import WEEKDAYS, RunSpec
from strikewise.service.system import Rules

__all__ = ["SPEC_EXAMPLE", "load_spec", "make_spec", "parse_spec", "rules_in"]


class StrategyTable(Table):
    """One of a run's strategies."""

    strategy: str
    label: str | None = None
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)


class CadenceTable(Table):
    """When the loop looks for something to open; what is held is managed at every snapshot."""

    entry: tuple[str, ...] = WEEKDAYS
    lag: int = Field(default=0, ge=0)
    extended_hours: tuple[str, ...] = ()


class SpecDocument(Table):
    """The whole specification."""

    name: str = "backtest"
    underlyings: tuple[str, ...] = Field(min_length=1)
    start: date
    end: date
    capital: float = Field(default=100_000.0, gt=0, le=MOST_CAPITAL)
    account: str = "backtest"
    cadence: CadenceTable = CadenceTable()
    fills: FillsTable = FillsTable()
    fees: FeesTable = FeesTable()
    exercise: ExerciseTable = ExerciseTable()
    financing: FinancingTable = FinancingTable()
    limits: LimitsTable = LimitsTable()
    allocation: AllocationTable = AllocationTable()
    governor: GovernorTable | None = None
    strategies: tuple[StrategyTable, ...] = Field(min_length=1)


SPEC_EXAMPLE = """\
name = "Bull puts on SPY"
underlyings = ["SPY"]
start = 2026-07-22
end = 2026-08-21
capital = 100_000

[[strategies]]
strategy = "credit_spread"
parameters = { side = "put", min_dte = 25, max_dte = 45 }
"""
"""The shortest useful specification."""


def load_spec(path: Path) -> ReplaySpec:
    """Read a specification from a TOML file.

    Raises
    ------
    SettingsError
        If the file, a key or a value is wrong; the message names it and says what it must be.
    """
    return make_spec(read_toml(path), where=str(path), name=path.stem)


def parse_spec(text: str, *, where: str = "specification") -> ReplaySpec:
    """Return the specification that a TOML text describes.

    Raises
    ------
    SettingsError
        If it is not TOML, or a key or a value is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The {where} is not valid TOML: {error}.") from None
    return make_spec(document, where=where)


def make_spec(
    document: Mapping[str, Any], *, where: str = "specification", name: str | None = None
) -> ReplaySpec:
    """Return the specification that a document describes.

    Parameters
    ----------
    document : mapping
        As TOML or JSON gives it; defaults fill what is missing.
    where : str
        What error messages call it.
    name : str, optional
        The name where the document gives none.

    Raises
    ------
    SettingsError
        If a key or value is wrong.
    """
    table = check(SpecDocument, document, where)
    if name is not None and "name" not in document:
        table = table.model_copy(update={"name": name})
    with told_of(where):
        return ReplaySpec(
            name=table.name,
            run=_run_spec(table),
            start=table.start,
            end=table.end,
            fills=table.fills.frozen(),
            fees=table.fees.frozen(),
            lag=table.cadence.lag,
            extended_hours=table.cadence.extended_hours,
            exercise=table.exercise.frozen(),
            financing=table.financing.frozen(),
            governor=None if table.governor is None else table.governor.frozen(),
        )


def rules_in(usual: GovernorTable, document: Mapping[str, Any]) -> Rules | None:
    """Return what a run is held to whose document is a specification; None where it is one of settings.

    Raises
    ------
    SettingsError
        If the document is one that this version does not know.
    """
    if "start" not in document:
        return None
    limits = check(LimitsTable, document.get("limits", {}), "run's limits").frozen()
    own = document.get("governor")
    governor = usual if own is None else check(GovernorTable, own, "run's governor")
    return Rules(limits, governor.frozen())


def _run_spec(table: SpecDocument) -> RunSpec:
    strategies = tuple(
        chosen_strategy(one.strategy, one.label or one.strategy, one.parameters) for one in table.strategies
    )
    written = table.model_dump(mode="json")
    if table.governor is None:
        del written["governor"]
    written["strategies"] = [
        {"strategy": one.strategy.name, "label": one.label, "parameters": dict(one.params)}
        for one in strategies
    ]
    return RunSpec(
        account=table.account,
        capital_cents=to_cents(table.capital),
        underlyings=tuple(dict.fromkeys(table.underlyings)),
        strategies=strategies,
        limits=table.limits.frozen(),
        missing_quote=table.fills.frozen().missing_quote,
        entry_weekdays=table.cadence.entry,
        document=written,
        allocation=table.allocation.frozen(),
    )
