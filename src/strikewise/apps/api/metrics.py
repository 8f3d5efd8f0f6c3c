"""``/metrics``: figures of the account, of the process that trades, and of this server, for Prometheus."""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from strikewise.apps.api.metric_names import METRICS
from strikewise.apps.api.reading import Reader
from strikewise.apps.api.stream import Hub
from strikewise.service.views.account import account_view
from strikewise.service.views.day import day_uses
from strikewise.service.views.desk import Desk
from strikewise.service.views.status import StatusView

__all__ = ["Metrics"]

Words = TypeVar("Words", bound=tuple[str, ...])
"""Values of labels, in their order."""

STATES = ("active", "reducing", "halted")
ENDS = ("filled", "cancelled", "expired", "rejected", "never_sent")
"""How orders end: an order that ended stays so, and these only ever grow."""


class Metrics:
    """The figures, read when somebody asks.

    Parameters
    ----------
    reader : Reader
        The account.
    hub : Hub
        The streams.
    alerts : callable
        Returns how many alerts wait to be told, by channel.
    jobs : callable
        Returns how many jobs of this server run or wait.

    Attributes
    ----------
    requests : Histogram
        How long this server takes to answer.
    """

    def __init__(
        self,
        reader: Reader,
        hub: Hub,
        alerts: Callable[[], Mapping[str, int]],
        jobs: Callable[[], int],
    ) -> None:
        self._reader, self._hub, self._alerts, self._jobs = reader, hub, alerts, jobs
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for made in (ProcessCollector, PlatformCollector, GCCollector):
            made(registry=self._registry)
        name = "strikewise_api_request_duration_seconds"
        meaning = METRICS[name]
        self.requests = Histogram(name, meaning.text, meaning.labels, registry=self._registry)

    def text(self) -> bytes:
        """Return the figures in Prometheus' text form."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not read the ledger."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        reader = self._reader
        status = reader.status()
        with reader.desk() as desk:
            yield from _of_standing(status, reader)
            yield from _of_data(desk, status)
            yield from _of_account(desk, reader)
            yield from _of_orders(desk, status)
        yield from _of_trader(status, reader)
        yield self._queues(status)
        yield _one("strikewise_api_streams", self._hub.streams)
        yield _told("strikewise_build_info", {(version("strikewise"), platform.python_version()): 1.0})
        disk = shutil.disk_usage(reader.system.home)
        yield _one("strikewise_disk_free_bytes", disk.free)
        yield _one("strikewise_disk_size_bytes", disk.total)

    def _queues(self, status: StatusView) -> Metric:
        beat = self._reader.system.heartbeat()
        waiting = {} if beat is None or not status.running else dict(beat.queues)
        waiting["requests"] = status.requests  # whether or not anybody runs who could meet them
        waiting["jobs"] = self._jobs()
        waiting |= {f"alerts_{channel}": count for channel, count in self._alerts().items()}
        return _told("strikewise_queue_length", {(name,): float(count) for name, count in waiting.items()})


def _of_standing(status: StatusView, reader: Reader) -> Iterator[Metric]:
    yield _one("strikewise_up", status.running)
    yield _one("strikewise_connected", status.connected)
    yield _one("strikewise_halt_flag", status.flag is not None)
    yield _told("strikewise_trading_state", {(one,): float(status.state == one) for one in STATES})
    yield _one("strikewise_market_open", reader.system.calendar.is_open(status.market_at))
    ages = {
        "strikewise_heartbeat_age_seconds": (status.heartbeat_at, status.now),
        "strikewise_tick_age_seconds": (status.ticked_at, status.market_at),
        "strikewise_reconciliation_age_seconds": (status.reconciled_at, status.market_at),
    }
    for name, (at, now) in ages.items():
        if at is not None:  # an age that is unknown is left out: none is not nought
            yield _one(name, _age(at, now))
    yield _one("strikewise_reconciliation_differences", status.reconciliation_open)
    yield _one("strikewise_breakers", len(status.breakers))
    yield _one("strikewise_frozen_symbols", len(status.frozen))
    yield _count("strikewise_ledger_facts_total", {(): status.ledger_seq})


def _of_trader(status: StatusView, reader: Reader) -> Iterator[Metric]:
    """Yield what the process that trades says of itself; nothing where none runs."""
    beat = reader.system.heartbeat()
    if beat is None or not status.running:
        return
    names = (beat.version, beat.account, beat.mode, beat.broker, beat.feed)
    yield _told("strikewise_trader_info", {names: 1.0})
    yield _one("strikewise_trader_start_time_seconds", beat.started_at.timestamp())
    if (process := beat.process) is not None:
        yield _count("strikewise_trader_cpu_seconds_total", {(): process.cpu_seconds})
        yield _one("strikewise_trader_resident_memory_bytes", process.resident_bytes)
        yield _one("strikewise_trader_open_fds", process.descriptors)
    name = "strikewise_step_duration_seconds"
    family = HistogramMetricFamily(name, METRICS[name].text, labels=METRICS[name].labels)
    for step, lasted in sorted(beat.steps.items()):
        buckets = [(_bound(bound), float(count)) for bound, count in lasted.cumulative().items()]
        family.add_metric([step], buckets, lasted.seconds)
    yield family
    yield _told("strikewise_step_last_seconds", {(step,): one.last for step, one in beat.steps.items()})


def _of_data(desk: Desk, status: StatusView) -> Iterator[Metric]:
    if desk.picture is not None:
        ages = {(name,): _age(at, status.market_at) for name, at in desk.picture.data_at.items()}
        yield _told("strikewise_data_age_seconds", ages)


def _of_account(desk: Desk, reader: Reader) -> Iterator[Metric]:
    system = reader.system
    held_to = system.in_force(desk.run, desk.control)
    account = account_view(desk, held_to.limits, system.calendar)
    if account.at is None:
        return
    equity = {("mid",): account.equity_mid_cents / 100, ("exit",): account.equity_exit_cents / 100}
    yield _told("strikewise_equity_dollars", equity)
    for name, cents in (
        ("strikewise_cash_dollars", account.cash_cents),
        ("strikewise_margin_dollars", account.margin_cents),
        ("strikewise_at_risk_dollars", account.at_risk_cents),
        ("strikewise_day_profit_dollars", account.day_profit_cents),
    ):
        yield _one(name, cents / 100)
    greeks = account.greeks
    for name, value in (
        ("strikewise_delta_dollars", greeks.delta),
        ("strikewise_gamma_dollars", greeks.gamma),
        ("strikewise_theta_dollars", greeks.theta),
        ("strikewise_vega_dollars", greeks.vega),
    ):
        yield _one(name, value)
    uses = (*account.limits, *day_uses(desk, held_to.governor))
    shares = {(one.name.replace(" ", "_"),): one.share for one in uses}
    yield _told("strikewise_limit_used_ratio", shares)


def _of_orders(desk: Desk, status: StatusView) -> Iterator[Metric]:
    yield _one("strikewise_positions", status.positions)
    yield _one("strikewise_orders_open", status.orders)
    yield _one("strikewise_orders_unresolved", status.unresolved_orders)
    waiting = desk.keeper.state.open_orders.values()
    since = [one.order.created_at for one in waiting if one.status.value == "unresolved"]
    oldest = max((_age(at, status.market_at) for at in since), default=0.0)
    yield _one("strikewise_orders_unresolved_age_seconds", oldest)
    yield _one("strikewise_reconciliation_failures", desk.control.reconciliation_failures)
    yield _one("strikewise_faults", len(desk.control.at(status.market_at).faults))
    orders, signals = desk.keeper.orders.values(), desk.keeper.signals.values()
    yield _count("strikewise_orders_total", {(): len(orders)})
    ended = Counter(one.status for one in orders)
    yield _count("strikewise_orders_ended_total", {(end,): ended[end] for end in ENDS})
    yield _count("strikewise_signals_total", {(): len(signals)})
    became = Counter(one.outcome for one in signals)
    yield _count("strikewise_signals_ordered_total", {(): became.pop("ORDERED", 0)})
    became.pop("", None)  # nobody decided upon those yet
    yield _count("strikewise_signals_denied_total", {(code,): count for code, count in became.items()})


def _age(at: datetime, now: datetime) -> float:
    return max(0.0, (now - at).total_seconds())


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == float("inf") else str(seconds)


def _one(name: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, METRICS[name].text, value=float(value))


def _told(name: str, values: Mapping[Words, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, METRICS[name].text, labels=METRICS[name].labels)
    for words in sorted(values):
        family.add_metric(words, values[words])
    return family


def _count(name: str, values: Mapping[Words, float]) -> CounterMetricFamily:
    meaning = METRICS[name]
    family = CounterMetricFamily(name.removesuffix("_total"), meaning.text, labels=meaning.labels)
    for words in sorted(values):
        family.add_metric(words, values[words])
    return family
