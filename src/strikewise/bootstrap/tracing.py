"""Whether, and where, traces of work are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

from pydantic import field_validator

from strikewise.adapters.tracing import OtelSpans
from strikewise.bootstrap.documents import Table
from strikewise.execution.spans import Spans, unseen

__all__ = ["TracesTable", "traces"]


class TracesTable(Table):
    """Where traces of work are sent.

    Attributes
    ----------
    endpoint
        Where a collector takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; empty sends none.
    """

    endpoint: str = ""

    @field_validator("endpoint")
    @classmethod
    def _an_address(cls, value: str) -> str:
        told = urlsplit(value)
        if value and (told.scheme not in {"http", "https"} or not told.hostname or told.username):
            raise ValueError("must be an address such as http://127.0.0.1:4318/v1/traces, without a password")
        return value


@contextmanager
def traces(table: TracesTable, service: str, *, nested: bool = True) -> Iterator[Spans]:
    """Give who stands around work: nobody, or whoever sends it to a collector.

    Parameters
    ----------
    table : TracesTable
        What the settings say.
    service : str
        Whose work it is.
    nested : bool
        As in `strikewise.adapters.tracing.OtelSpans`.

    Raises
    ------
    SettingsError
        If traces are wanted and the extra for them is not installed.
    """
    if not table.endpoint:
        yield unseen
        return
    spans = OtelSpans(service, version("strikewise"), table.endpoint, nested=nested)
    try:
        yield spans
    finally:
        spans.close()
