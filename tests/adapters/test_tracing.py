"""Traces: the parts of a look at the market and of a request, as OpenTelemetry's own kit has them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from apps.api.serving import anybody, serving
from engine.watched import LOWER, SPREAD, Account, every_minute
from recovery.small_world import END, World
from strikewise.adapters.tracing import OtelSpans
from strikewise.bootstrap.documents import check
from strikewise.bootstrap.tracing import TracesTable, traces
from strikewise.domain.errors import SettingsError
from strikewise.engine.stopwatch import Stopwatch
from strikewise.execution.spans import Lasted, Spans, unseen


def in_memory(*, nested: bool = True) -> tuple[OtelSpans, InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    return OtelSpans("strikewise", "0", "", nested=nested, exporter=kept), kept


def watch(account: Account, spans: Spans) -> None:
    account.loop.spans = account.loop.courier._spans = spans


def parents(spans: tuple[ReadableSpan, ...]) -> dict[str, set[str]]:
    """Return by name whose parts spans are."""
    names = {one.context.span_id: one.name for one in spans}
    found: dict[str, set[str]] = {}
    for one in spans:
        found.setdefault(one.name, set()).add(names[one.parent.span_id] if one.parent else "")
    return found


def test_a_look_at_the_market_is_told_by_its_parts() -> None:
    spans, kept = in_memory()
    account = Account(strategies=(every_minute(SPREAD, LOWER),))
    watch(account, spans)
    account.tick(1)
    told = kept.get_finished_spans()
    assert parents(told) == {
        "value": {""},
        "decide": {""},
        "manage": {"decide"},
        "scan": {"decide"},
        "signals": {"scan"},
        "gate": {"scan"},
        "submit": {""},
    }
    (decided,) = [one for one in told if one.name == "decide"]
    assert dict(decided.attributes or {}) == {"strikewise.seeks": True, "strikewise.opens": True}
    orders = {one.attributes["strikewise.order"] for one in told if one.name == "submit" and one.attributes}
    assert orders == {one.order_id for one in account.broker.heard}
    assert len(orders) == 2


def test_a_process_tells_of_looks_comparisons_and_all_that_is_in_them() -> None:
    spans, kept = in_memory()
    world = World()
    daemon = world.process()
    loop = daemon._duties.loop
    stopwatch = Stopwatch(time.monotonic, spans)
    loop.spans = loop.courier._spans = stopwatch
    daemon.run(until=END)
    told = parents(kept.get_finished_spans())
    assert told["tick"] == told["reconcile"] == {""}
    assert told["decide"] == {"tick"}
    counted = {name: sum(one.counts) for name, one in stopwatch.lasted().items()}
    finished = [one.name for one in kept.get_finished_spans()]
    assert counted == {name: finished.count(name) for name in set(finished)}


def test_the_same_is_decided_whoever_stands_around_it() -> None:
    seen, unwatched = World(), World()
    daemon = seen.process()
    loop = daemon._duties.loop
    loop.spans = loop.courier._spans = Stopwatch(time.monotonic, in_memory()[0])
    daemon.run(until=END)
    unwatched.run()
    assert [one[:2] for one in seen.records()] == [one[:2] for one in unwatched.records()]


def test_what_fails_is_told_by_its_kind_and_not_by_its_words() -> None:
    spans, kept = in_memory()
    with pytest.raises(ValueError, match="hunter2"), spans("tick"):
        raise ValueError("the password is hunter2")
    (told,) = kept.get_finished_spans()
    assert told.status.description == "ValueError"
    assert "hunter2" not in told.to_json()


def test_how_long_work_took_is_counted_though_it_fails() -> None:
    moments = iter([1.0, 1.2, 5.0, 5.004])
    stopwatch = Stopwatch(lambda: next(moments))
    with pytest.raises(ValueError, match="no"), stopwatch("tick"):
        raise ValueError("no")
    with stopwatch("tick"):
        pass
    lasted = stopwatch.lasted()["tick"]
    assert lasted.seconds == pytest.approx(0.204)
    assert lasted.last == pytest.approx(0.004)
    assert (lasted.cumulative()[0.1], lasted.cumulative()[0.25], lasted.cumulative()[float("inf")]) == (
        1,
        2,
        2,
    )
    assert Lasted().cumulative()[float("inf")] == 0


def test_requests_are_told_by_route_and_status_and_hold_nothing_that_was_shown(tmp_path: Path) -> None:
    spans, kept = in_memory(nested=False)
    with serving(tmp_path, server={"spans": spans}) as served, served.program() as client:
        client.get("positions/nobody")
        client.get("account")
        anybody.get(f"{served.url}/api/v1/account")
        with client.stream("GET", "stream") as stream:
            next(stream.iter_lines())
    told = [(one.name, (one.attributes or {}).get("strikewise.status")) for one in kept.get_finished_spans()]
    assert told[:3] == [
        ("GET /api/v1/positions/{position_id}", 404),
        ("GET /api/v1/account", 200),
        ("GET /api/v1/account", 401),
    ]
    assert ("GET /api/v1/stream", 200) in told
    assert "swt_" not in "".join(one.to_json() for one in kept.get_finished_spans())


# --- to a collector ---------------------------------------------------------------------------------------


class Collector:
    """A collector of spans over HTTP; one that is stuck never answers."""

    def __init__(self, *, stuck: bool = False) -> None:
        self.got: list[ExportTraceServiceRequest] = []
        self.types: list[str] = []
        self.stuck, self.free = stuck, threading.Event()
        self.url = ""

    def names(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for request in self.got:
            for resource in request.resource_spans:
                told = {one.key: one.value.string_value for one in resource.resource.attributes}
                names = [span.name for scope in resource.scope_spans for span in scope.spans]
                found.setdefault(told["service.name"], []).extend(names)
        return found


@contextmanager
def collecting(*, stuck: bool = False) -> Iterator[Collector]:
    collector = Collector(stuck=stuck)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if collector.stuck:
                collector.free.wait(30)
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.types.append(str(self.headers["Content-Type"]))
            collector.got.append(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.free.set()
            server.shutdown()
            thread.join()


def test_a_collector_hears_of_every_look_over_http_before_the_process_ends() -> None:
    with collecting() as collector:
        table = TracesTable(endpoint=collector.url)
        with traces(table, "strikewise-run") as spans:
            account = Account(strategies=(every_minute(SPREAD),))
            watch(account, spans)
            account.tick(1)
            account.tick(2)
        told = collector.names()
    assert sorted(told) == ["strikewise-run"]
    assert told["strikewise-run"].count("decide") == 2
    assert set(collector.types) == {"application/x-protobuf"}


def test_a_collector_that_is_stuck_or_gone_holds_nothing_up() -> None:
    with collecting(stuck=True) as collector:
        began = time.monotonic()
        with traces(TracesTable(endpoint=collector.url), "strikewise-run") as spans:
            for _ in range(5_000):  # more than may wait
                with spans("tick"):
                    pass
            worked = time.monotonic() - began
        ended = time.monotonic() - began
    assert worked < 5.0
    assert ended < 10.0


def test_without_an_address_nobody_stands_around_anything() -> None:
    with traces(TracesTable(), "strikewise-run") as spans:
        assert spans is unseen


def test_a_missing_extra_names_the_exact_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("opentelemetry.exporter")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter", None)
    table = TracesTable(endpoint="http://127.0.0.1:4318/v1/traces")
    with pytest.raises(SettingsError, match=r"pip install 'strikewise\[otel\]'"), traces(table, "x"):
        raise AssertionError


@pytest.mark.parametrize(
    "endpoint", ["127.0.0.1:4318", "ftp://x/", "http://ada:hunter2@x/v1/traces", "http://"]
)
def test_an_address_that_cannot_be_meant_or_holds_a_password_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="endpoint"):
        check(TracesTable, {"endpoint": endpoint}, "the settings")
