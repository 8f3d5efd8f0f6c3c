"""Every key of the settings and of a run's specification, as rows of a table: none without its words."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from reference_text import attribute_docs
from strikewise.bootstrap.trading import (
    AllocationTable,
    ExerciseTable,
    FeesTable,
    FillsTable,
    FinancingTable,
    GovernorTable,
    LimitsTable,
    StrategyLimitsTable,
)
from strikewise.engine.allocation import Allocation
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits, StrategyLimits

__all__ = ["rows_of"]

Row = tuple[str, str, str]

MEANT: Mapping[type, tuple[type, Mapping[str, str]]] = {
    AllocationTable: (Allocation, {}),
    LimitsTable: (Limits, {}),
    GovernorTable: (Governor, {}),
    StrategyLimitsTable: (StrategyLimits, {}),
    ExerciseTable: (ExerciseRule, {}),
    FillsTable: (FillRule, {"f": "f_by_legs"}),
    FinancingTable: (Financing, {}),
    FeesTable: (
        FeeSchedule,
        {
            "commission": "commission_cents",
            "stock_commission": "stock_commission_cents",
            "assignment": "assignment_cents",
        },
    ),
}
"""What a table of a document becomes, and under what other name a field stands there."""

WORDS: Mapping[str, str] = {
    "account.name": "The account's name; part of every order's id.",
    "account.capital": "Dollars that scans size positions for.",
    "limits.max_per_underlying": "Positions open or ordered on one underlying.",
    "limits.max_per_strategy": "Positions open or ordered of one strategy.",
    "fills.f": (
        "Share of the half-spread that is paid: 1 is the touch, 0 the mid. A list gives it for orders "
        "of one leg, two, three…; its last holds for more."
    ),
    "fills.volume_share": "Most of the day's volume that one opening order may be, above 0 and at most 1.",
    "fills.open_interest_share": (
        "Most of the open interest that one opening order may be, above 0 and at most 1."
    ),
    "fills.missing_quote": (
        "How a held contract without a usable quote is marked and closed: `model`, `carry` or `worst`. "
        "[What each does](../explanation/fills.md)."
    ),
    "fees.commission": "Dollars for each option contract and side.",
    "fees.stock_commission": "Dollars for each share and side.",
    "fees.assignment": (
        "Dollars for each exercise or assignment of one contract line, whatever its quantity."
    ),
    "feeds.cboe": "Whether `scan` and `run` may ask Cboe for delayed quotes; read Cboe's terms first.",
    "feeds.cboe_seconds": "Least seconds between two questions for the same symbol; 60 or more.",
    "feeds.cboe_url": "Where they are asked for; `{symbol}` stands for the underlying.",
    "ledger.url": "Database of the account's ledger; empty is `ledger.db` in the data home.",
    "run.mode": "`paper`, or `live`, which wants `--live` and a pinned `broker.account_id` as well.",
    "run.underlyings": 'What `strikewise run` may trade, such as `["SPY", "QQQ"]`.',
    "run.strategies": "Which strategies it asks, in order of priority; parameters stand under [strategies].",
    "run.feed": "Where its quotes come from: `cboe` or `alpaca`.",
    "run.entry": "Weekdays on which something new may be opened; what is held is managed every day.",
    "run.ask_first": (
        "Whether a person is asked before anything is opened: what the gate lets through waits to be taken. "
        "[How signals are answered](../how-to/answer-signals.md)."
    ),
    "run.answer_minutes": "How long a signal may be taken, offered or denied; 1 to 7200.",
    "run.answer_slip": "Share of its price by which a taken entry may have become dearer since it was seen.",
    "run.strategy_failures": "Errors of a strategy in an hour that stop it until somebody resumes.",
    "run.failures": "Errors of a look within an hour that end the process, with a code that is not 0.",
    "run.stale_minutes": "Age of a chain from which its underlying is not traded.",
    "run.skew_warns_seconds": "Difference to the broker's clock that is told.",
    "run.skew_halts_seconds": "Difference to the broker's clock that ends new risk.",
    "run.silent_minutes": "Silence of the broker's stream in a session that counts as a gap.",
    "schedule.scan_minutes": "Minutes between two searches for something new, in a session.",
    "schedule.manage_seconds": "Seconds between two looks at what is held, in a session.",
    "schedule.outside_minutes": "Minutes between two looks outside sessions.",
    "schedule.reconcile_seconds": "Seconds between two comparisons with the broker, in a session.",
    "schedule.before_open_minutes": "Minutes before the opening at which both sides are compared.",
    "schedule.after_close_minutes": "Minutes after the close at which they are, and the day is reported.",
    "schedule.cutoff_minutes": "Minutes before options expire at which they are.",
    "schedule.no_entries_minutes": "Minutes before the close in which nothing new is opened.",
    "orders.ladder": "Whether limits go in steps from mid towards the touch; else they rest where decided.",
    "orders.steps": "Steps of an entry from its first price to its last.",
    "orders.seconds": "Seconds at each step.",
    "orders.from_mid": "First price, as a share of the way from mid to the touch.",
    "orders.to_touch": "Last price, likewise; 1 is the touch.",
    "orders.urgent_steps": "Steps of an exit.",
    "orders.through": "How far beyond the touch an exit's last limit may go, as a share of the half-spread.",
    "orders.market": "Whether an exit that no limit filled takes the market where its worth has no bound.",
    "orders.penny": "Underlyings whose options are quoted in cents; others in 5 and 10 cents.",
    "broker.name": "`simulated` fills orders here on quotes as they come; `alpaca` sends them there.",
    "broker.account_id": "The account this installation may trade; it works with no other.",
    "broker.url": "Address of the broker's API; empty is that of the mode.",
    "broker.stream_url": "Address of its stream of order events; empty is that of the mode.",
    "broker.data_url": "Address of its market data.",
    "broker.options_feed": "`indicative`, or `opra` where it is paid for.",
    "broker.stocks_feed": "`iex`, or `sip` where it is paid for.",
    "strategies": "Tables by strategy: parameters that scans and `run` use instead of the defaults.",
    "name": "What the run is called in reports; the file's name if not given.",
    "underlyings": 'What may be traded, such as `["SPY", "QQQ"]`.',
    "start": "First day, a date without quotation marks.",
    "end": "Last day, included.",
    "capital": "Dollars at the start.",
    "account": "Name of the account; part of every order's id, and so of the fingerprint.",
    "cadence.entry": "Weekdays on which something new may be opened; what is held is managed every day.",
    "cadence.lag": (
        "Snapshots between a decision and its first chance to fill; 0 fills on the deciding chain."
    ),
    "cadence.extended_hours": (
        "Underlyings that are also traded outside the regular session, where their options have such hours."
    ),
    "strategies[].strategy": "Name of a strategy; several tables are asked in the order they stand.",
    "strategies[].label": "Its name in trades and reports; needed where a strategy stands twice.",
    "strategies[].parameters": "Its numbers; what is not given has its [default](strategies.md).",
}
"""What no docstring of the code says."""


def rows_of(model: type, prefix: str = "") -> Iterator[Row]:
    """Yield key, default and meaning of every key of a document.

    Raises
    ------
    LookupError
        If a key has no words.
    """
    docs = _docs(model)
    for name, kind, default, text in _declared(model):
        inner, mark = _inner(kind)
        key = f"{prefix}{name}{mark}"
        if inner is not None:
            yield from rows_of(inner, f"{key}.")
            continue
        said = text or WORDS.get(key, "") or docs.get(name, "")
        if not said:
            raise LookupError(f"The key {key} has no words: write what it means.")
        yield f"`{key}`", _shown(default), said


def _inner(kind: Any) -> tuple[type | None, str]:
    """Return the table that a key holds, and ``[]`` or ``.LABEL`` where it holds several."""
    many = next((one for one in get_args(kind) if _is_table(one)), None)
    optional = type(None) in get_args(kind)
    mark = "" if optional else ".LABEL" if get_origin(kind) is dict else "[]"
    return (many, mark) if many is not None else (kind if _is_table(kind) else None, "")


def _is_table(kind: Any) -> bool:
    return inspect.isclass(kind) and (issubclass(kind, BaseModel) or is_dataclass(kind))


def _docs(model: type) -> dict[str, str]:
    frozen, renamed = MEANT.get(model, (None, {}))
    docs = attribute_docs(model)
    if frozen is not None:
        meant = attribute_docs(frozen)
        docs |= meant | {name: meant[other] for name, other in renamed.items()}
    return docs


def _declared(model: type) -> Iterator[tuple[str, Any, Any, str]]:
    if issubclass(model, BaseModel):
        for name, setting in model.model_fields.items():
            yield name, setting.annotation, setting.default, setting.description or ""
    elif is_dataclass(model):
        hints = inspect.get_annotations(model, eval_str=True)
        for field in fields(model):
            yield field.name, hints[field.name], field.default, ""


def _shown(default: object) -> str:
    match default:
        case Enum():
            return f"`{default.value}`"
        case bool():
            return f"`{str(default).lower()}`"
        case tuple():
            return ", ".join(f"`{one}`" for one in default)
        case None | "":
            return ""
        case _:
            return "" if default is PydanticUndefined else f"`{default}`"
