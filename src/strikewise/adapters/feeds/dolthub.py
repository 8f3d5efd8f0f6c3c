"""Rows of DoltHub's ``post-no-preference/options``: a CSV export, or an answer of its SQL API as JSON.

All values are texts; there is no volume, open interest or price of the underlying (parity implies it). An
answer has at most 1,000 rows, so a JSON file is refused where its status says that rows were cut off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from strikewise.adapters.feeds.chain_build import load_rows
from strikewise.adapters.feeds.chain_rows import VendorRows
from strikewise.adapters.feeds.context import Format, ImportContext
from strikewise.adapters.feeds.tables import ROW, Layout, Sample, read_csv, read_json
from strikewise.domain.errors import ImportRefusedError

__all__ = ["CSV", "JSON", "LAYOUT"]

SOURCE = "dolthub"
LAYOUT = Layout(
    required={
        "date": "date",
        "act_symbol": "text",
        "expiration": "date",
        "strike": "number",
        "call_put": "text",
        "bid": "number",
        "ask": "number",
    },
    optional={"vol": "number", "delta": "number"},
    ignored=frozenset({"gamma", "theta", "vega", "rho"}),
)
SIDES = {"Call": False, "Put": True, "call": False, "put": True}
ANSWER_KEYS = {"query_execution_status", "schema", "rows"}


def load_csv(path: Path, context: ImportContext) -> None:
    """Import a CSV export."""
    _load(path, read_csv(path, LAYOUT), context)


def load_json(path: Path, context: ImportContext) -> None:
    """Import an answer of the API."""
    answer: dict[str, Any] = read_json(path)
    status = answer.get("query_execution_status")
    if status != "Success":
        message = answer.get("query_execution_message") or "no message"
        raise ImportRefusedError(
            path, f"the query ended as {status!r} ({message}): ask for fewer rows an answer, in pages."
        )
    rows = answer["rows"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportRefusedError(path, "'rows' must be a list of objects.")
    names = [column["columnName"] for column in answer["schema"]]
    for number, row in enumerate(rows, 1):
        if set(row) - set(names):
            stranger = min(set(row) - set(names))
            raise ImportRefusedError(
                path, "the answer's schema does not have it.", row=number, column=stranger
            )
    texts = {name: [_text(row.get(name)) for row in rows] for name in names}
    frame = pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))
    _load(path, LAYOUT.select(path, frame, 1), context)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _load(path: Path, table: pl.DataFrame, context: ImportContext) -> None:
    frame = table.select(
        ROW,
        "act_symbol",
        "expiration",
        "strike",
        "bid",
        "ask",
        day="date",
        is_put=pl.col("call_put").replace_strict(SIDES, default=None, return_dtype=pl.Boolean),
        vendor_iv=pl.when(pl.col("vol") > 0).then("vol"),
        vendor_delta="delta",
    )
    for (symbol,), part in frame.partition_by("act_symbol", as_dict=True, maintain_order=True).items():
        load_rows(path, VendorRows(str(symbol), part, SOURCE), context)


def _recognises(form: str, *, wanted: Callable[[Sample], bool]) -> Callable[[Sample], bool]:
    return lambda sample: sample.form == form and wanted(sample)


CSV = Format("dolthub-csv", 10, _recognises("csv", wanted=lambda one: LAYOUT.fits(one.columns)), load_csv)
JSON = Format(
    "dolthub-json", 10, _recognises("json", wanted=lambda one: set(one.columns) >= ANSWER_KEYS), load_json
)
