"""Spans as OpenTelemetry has them, sent in batches to a collector: an optional extra."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any

from strikewise.domain.errors import SettingsError
from strikewise.execution.spans import Span

__all__ = ["OtelSpans"]

SECONDS = 3
"""How long a collector is waited for, by the thread that sends and by whoever ends."""
WAITING = 4096
"""Spans that wait to be sent; what comes when it is full is dropped."""

Value = str | int | bool


class OtelSpans:
    """Whoever stands around work and tells a collector of it; implements `strikewise.execution.spans.Spans`.

    A thread of its own sends what is over. A collector that is slow or gone costs spans and nothing else.

    Parameters
    ----------
    service : str
        Whose work it is.
    version : str
        Of strikewise.
    endpoint : str
        Where a collector takes OTLP over HTTP, such as ``http://127.0.0.1:4318/v1/traces``.
    nested : bool
        Whether work within work is told as such; not where pieces of many tasks of one thread alternate.
    exporter : optional
        Another exporter of OpenTelemetry's kit, to which each span goes at once.

    Raises
    ------
    SettingsError
        If the extra is not installed.
    """

    def __init__(
        self, service: str, version: str, endpoint: str, *, nested: bool = True, exporter: Any = None
    ) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
            from opentelemetry.trace import Status, StatusCode, use_span
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"The package {error.name!r} is not installed: `pip install 'strikewise[otel]'` brings it."
            ) from None
        resource = Resource.create({"service.name": service, "service.version": version})
        self._provider: Any = TracerProvider(resource=resource, shutdown_on_exit=False)
        if exporter is None:
            sender = OTLPSpanExporter(endpoint=endpoint, timeout=SECONDS)
            waiting = BatchSpanProcessor(
                sender,
                max_queue_size=WAITING,
                schedule_delay_millis=1_000,
                export_timeout_millis=1_000 * SECONDS,
            )
            self._provider.add_span_processor(waiting)
        else:
            self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("strikewise", version)
        self._use, self._nested = use_span, nested
        self._status: Any = Status
        self._error = StatusCode.ERROR

    def __call__(self, name: str, **about: Value) -> AbstractContextManager[Span]:
        """Stand around a piece of work."""
        return self._around(name, about)

    @contextmanager
    def _around(self, name: str, about: dict[str, Value]) -> Iterator[Span]:
        span = self._tracer.start_span(name, attributes=_named(about))
        try:
            if self._nested:
                with self._use(span, record_exception=False, set_status_on_exception=False):
                    yield _Told(span)
            else:
                yield _Told(span)
        except BaseException as error:
            # Its words may hold what is nobody's business: the name of its kind must do.
            span.set_status(self._status(self._error, type(error).__name__))
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left, as far as a collector takes it in time."""
        ending = Thread(target=self._provider.shutdown, daemon=True)  # which tries again as long as it likes
        ending.start()
        ending.join(SECONDS)


class _Told:
    def __init__(self, span: Any) -> None:
        self._span = span

    def tell(self, name: str = "", **about: Value) -> None:
        """Say more of the work."""
        if name:
            self._span.update_name(name)
        self._span.set_attributes(_named(about))


def _named(about: dict[str, Value]) -> dict[str, Value]:
    return {f"strikewise.{name}": value for name, value in about.items()}
