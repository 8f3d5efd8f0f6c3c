"""What `/metrics` says: in Prometheus' form, what is listed and nothing else, counters that never fall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from apps.api.serving import Served, anybody, beating, serving
from strikewise.apps.api.metric_names import METRICS
from strikewise.execution.heartbeat import ProcessFigures
from strikewise.execution.spans import Lasted
from strikewise.portfolio.ledger import Entry, MemoryLedger

STEPS = {"tick": Lasted().and_one(0.2).and_one(0.003).and_one(99.0), "scan": Lasted().and_one(0.1)}

UNKNOWN = {"strikewise_reconciliation_age_seconds"}
"""What cannot be known of an account that was never compared with its broker: left out, and not nought."""


def scraped(url: str, client: httpx.Client) -> dict[str, Metric]:
    text = anybody.get(f"{url}/metrics", headers=dict(client.headers)).text
    return {one.name: one for one in text_string_to_metric_families(text)}


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    family = found[name.removesuffix("_total").removesuffix("_bucket").removesuffix("_count")]
    (sample,) = [one for one in family.samples if one.name == name and one.labels == labels]
    return float(sample.value)


@pytest.fixture(scope="module")
def beats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server beside a process that trades."""
    home = tmp_path_factory.mktemp("beats")
    with serving(home) as made:
        beat = beating(
            made.system,
            at=made.system.now() - timedelta(seconds=7),
            steps=STEPS,
            queues={"orders": 2, "broker_events": 3, "requests": 0},
            process=ProcessFigures(12.5, 80_000_000, 17),
        )
    with serving(home, heartbeat=lambda: beat) as found:
        yield found


@pytest.fixture(scope="module")
def figures(beats: Served) -> dict[str, Metric]:
    with beats.program() as client:
        client.get("positions/nobody")
        return scraped(beats.url, client)


def test_every_figure_that_is_listed_is_shown_as_what_it_is_listed(figures: dict[str, Metric]) -> None:
    for name, meaning in METRICS.items():
        if name in UNKNOWN:
            continue
        family = figures[name.removesuffix("_total")]
        assert (family.type, family.documentation) == (meaning.kind, meaning.text), name
        kept = {one.name: set(one.labels) - {"le"} for one in family.samples if "_created" not in one.name}
        assert kept, name
        assert all(labels == set(meaning.labels) for labels in kept.values()), name


def test_nothing_of_ours_is_shown_that_is_not_listed(figures: dict[str, Metric]) -> None:
    ours = {name for name in figures if name.startswith("strikewise_") and not name.endswith("_created")}
    assert ours | UNKNOWN == {name.removesuffix("_total") for name in METRICS}
    assert not ours & UNKNOWN


def test_how_long_work_took_is_counted_by_bounds_that_include_the_lower_ones(
    figures: dict[str, Metric],
) -> None:
    name = "strikewise_step_duration_seconds"
    counted = {le: value(figures, f"{name}_bucket", step="tick", le=le) for le in ("0.005", "0.25", "+Inf")}
    assert counted == {"0.005": 1.0, "0.25": 2.0, "+Inf": 3.0}
    assert value(figures, f"{name}_count", step="tick") == 3.0
    assert value(figures, "strikewise_step_last_seconds", step="tick") == 99.0


def test_what_only_the_process_knows_is_what_its_heartbeat_says(figures: dict[str, Metric]) -> None:
    assert value(figures, "strikewise_up") == 1.0
    assert value(figures, "strikewise_heartbeat_age_seconds") == 7.0
    assert value(figures, "strikewise_trader_resident_memory_bytes") == 80_000_000
    assert value(figures, "strikewise_trader_cpu_seconds_total") == 12.5
    assert value(figures, "strikewise_queue_length", queue="broker_events") == 3.0


def test_ages_are_told_by_underlying(figures: dict[str, Metric], beats: Served) -> None:
    picture = beats.system.picture()
    assert picture is not None
    for symbol, at in picture.data_at.items():
        wanted = (beats.system.now() - at).total_seconds()
        assert value(figures, "strikewise_data_age_seconds", symbol=symbol) == wanted


def test_requests_are_counted_by_the_route_and_never_by_what_was_asked_for(
    figures: dict[str, Metric],
) -> None:
    samples = figures["strikewise_api_request_duration_seconds"].samples
    routes = {one.labels["route"] for one in samples}
    assert "/api/v1/positions/{position_id}" in routes
    assert not any("nobody" in route for route in routes)
    name = "strikewise_api_request_duration_seconds_count"
    asked = {"method": "GET", "route": "/api/v1/positions/{position_id}", "status": "4xx"}
    assert value(figures, name, **asked) == 1.0


def test_an_unknown_address_or_method_makes_no_label_of_its_own(beats: Served) -> None:
    for method, path in (("GET", "/api/v1/who/knows/1"), ("BREW", "/api/v1/account")):
        anybody.request(method, beats.url + path)
    with beats.program() as client:
        samples = scraped(beats.url, client)["strikewise_api_request_duration_seconds"].samples
    assert not any("knows" in one.labels["route"] or one.labels["method"] == "BREW" for one in samples)


def test_figures_of_a_process_that_ended_are_left_out_and_not_nought(tmp_path: Path) -> None:
    with serving(tmp_path) as made:
        dead = beating(made.system, at=made.system.now() - timedelta(hours=1), steps=STEPS)
    with serving(tmp_path, heartbeat=lambda: dead) as served, served.program() as client:
        found = scraped(served.url, client)
    assert value(found, "strikewise_up") == 0.0
    assert value(found, "strikewise_heartbeat_age_seconds") == 3600.0
    assert "strikewise_trader_start_time_seconds" not in found
    assert "strikewise_step_duration_seconds" not in found


def test_counters_never_fall_whatever_happens_to_an_account(tmp_path: Path) -> None:
    with serving(tmp_path) as made:
        records = list(made.ledger.records())
    growing = MemoryLedger()
    before: dict[Any, float] = {}
    with serving(tmp_path, ledger=lambda: Opened(growing)) as served, served.program() as client:
        for number, record in enumerate(records):
            entry = Entry(record.event, record.known_at, record.actor, record.cause)
            growing.append([entry], recorded_at=record.recorded_at)
            if number % 5 and number + 1 < len(records):
                continue
            now = dict(counters(scraped(served.url, client)))
            assert all(now.get(name, -1.0) >= was for name, was in before.items())
            before = now
    assert before[("strikewise_ledger_facts_total", ())] == len(records)
    assert before[("strikewise_orders_total", ())] > 0


def counters(found: dict[str, Metric]) -> Iterator[tuple[Any, float]]:
    for family in found.values():
        if family.type == "counter" and family.name.startswith("strikewise_"):
            for one in family.samples:
                if one.name.endswith("_total"):
                    yield (one.name, tuple(sorted(one.labels.items()))), one.value


class Opened:
    """A ledger that is open already."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    def __enter__(self) -> MemoryLedger:
        return self._ledger

    def __exit__(self, *_: object) -> None:
        pass


def test_the_limits_of_a_day_are_those_of_the_governor(tmp_path: Path) -> None:
    with serving(tmp_path) as made:
        tight = replace(made.system.governor, daily_loss=0.001, day_drawdown=0.001)
    with serving(tmp_path, governor=tight) as served, served.program() as client:
        found = scraped(served.url, client)
        rows = client.get("equity?points=1000").json()["items"]
    days = [row["at"][:10] for row in rows]
    start = [row for row in rows if row["at"][:10] < days[-1]][-1]
    lost = max(0.0, 1 - rows[-1]["equity_exit_cents"] / start["equity_exit_cents"])
    assert value(found, "strikewise_limit_used_ratio", limit="daily_loss") == pytest.approx(lost / 0.001)
