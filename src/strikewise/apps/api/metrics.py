"""``/metrics``: figures of the account, its process and this server, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from strikewise.apps.api.reading import Reader
from strikewise.apps.api.stream import Hub
from strikewise.service.views.account import account_view
from strikewise.service.views.desk import Desk
from strikewise.service.views.status import StatusView

__all__ = ["METRICS", "Metrics"]

METRICS = {
    "strikewise_up": "Whether the process that trades beats.",
    "strikewise_connected": "Whether its broker can be reached.",
    "strikewise_state": "What may be sent: one of the states is 1.",
    "strikewise_halt_flag": "Whether the halt flag is up.",
    "strikewise_heartbeat_age_seconds": "Seconds since the process last beat.",
    "strikewise_tick_age_seconds": "Seconds since it last looked at the market, by the market's clock.",
    "strikewise_data_age_seconds": "How old the oldest of the latest chains is, by the market's clock.",
    "strikewise_equity_cents": "Equity, at mid and at exit prices.",
    "strikewise_cash_cents": "Cash.",
    "strikewise_margin_cents": "Capital that positions hold.",
    "strikewise_at_risk_cents": "What could be lost on all positions together.",
    "strikewise_day_profit_cents": "Profit since the last valuation of the session before.",
    "strikewise_delta": "Dollars per dollar of the underlyings.",
    "strikewise_gamma": "Change of delta per dollar.",
    "strikewise_theta": "Dollars a calendar day.",
    "strikewise_vega": "Dollars per volatility point.",
    "strikewise_limit_share": "Share of a limit that is used.",
    "strikewise_positions": "Open positions.",
    "strikewise_orders_open": "Orders at work.",
    "strikewise_orders_unresolved": "Orders whose fate is unknown.",
    "strikewise_orders_total": "Orders ever placed, by where they stand.",
    "strikewise_signals_total": "Signals ever seen, by what became of them.",
    "strikewise_reconciliation_differences": "Differences that the last comparison left.",
    "strikewise_reconciliation_failures": "Comparisons in a row without a complete picture.",
    "strikewise_reconciliation_age_seconds": "Seconds since both sides agreed, by the market's clock.",
    "strikewise_breakers": "Breakers that hold.",
    "strikewise_frozen_symbols": "Underlyings on which nothing new is traded.",
    "strikewise_requests_waiting": "Requests that are not met yet.",
    "strikewise_ledger_facts_total": "Facts in the ledger.",
    "strikewise_faults": "Faults of the last 24 hours.",
    "strikewise_api_streams": "Open event streams.",
}
"""Every figure of ours, and what it is."""


class Metrics:
    """The figures, read when somebody asks.

    Parameters
    ----------
    reader : Reader
        The account.
    hub : Hub
        The streams.
    """

    def __init__(self, reader: Reader, hub: Hub) -> None:
        self._reader, self._hub = reader, hub
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for made in (ProcessCollector, PlatformCollector, GCCollector):
            made(registry=self._registry)

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
            yield from _of_process(status)
            yield from _of_account(desk, reader)
            yield from _of_orders(desk, status)
        yield _gauge("strikewise_api_streams", self._hub.streams)


def _of_process(status: StatusView) -> Iterator[Metric]:
    yield _gauge("strikewise_up", status.running)
    yield _gauge("strikewise_connected", status.connected)
    yield _gauge("strikewise_halt_flag", status.flag is not None)
    states = GaugeMetricFamily("strikewise_state", METRICS["strikewise_state"], labels=["state"])
    for state in ("active", "reducing", "halted"):
        states.add_metric([state], float(status.state == state))
    yield states
    ages = {
        "strikewise_heartbeat_age_seconds": (status.heartbeat_at, status.now),
        "strikewise_tick_age_seconds": (status.ticked_at, status.market_at),
        "strikewise_reconciliation_age_seconds": (status.reconciled_at, status.market_at),
        "strikewise_data_age_seconds": (status.data_as_of, status.market_at),
    }
    for name, (at, now) in ages.items():
        if at is not None:  # an age that is unknown is left out: none is not nought
            yield _gauge(name, max(0.0, (now - at).total_seconds()))
    yield _gauge("strikewise_reconciliation_differences", status.reconciliation_open)
    yield _gauge("strikewise_breakers", len(status.breakers))
    yield _gauge("strikewise_frozen_symbols", len(status.frozen))
    yield _gauge("strikewise_requests_waiting", status.requests)
    yield CounterMetricFamily(
        "strikewise_ledger_facts", METRICS["strikewise_ledger_facts_total"], value=status.ledger_seq
    )


def _of_account(desk: Desk, reader: Reader) -> Iterator[Metric]:
    account = account_view(desk, reader.system.limits, reader.system.calendar)
    if account.at is None:
        return
    equity = GaugeMetricFamily(
        "strikewise_equity_cents", METRICS["strikewise_equity_cents"], labels=["price"]
    )
    equity.add_metric(["mid"], account.equity_mid_cents)
    equity.add_metric(["exit"], account.equity_exit_cents)
    yield equity
    for name, cents in (
        ("strikewise_cash_cents", account.cash_cents),
        ("strikewise_margin_cents", account.margin_cents),
        ("strikewise_at_risk_cents", account.at_risk_cents),
        ("strikewise_day_profit_cents", account.day_profit_cents),
    ):
        yield _gauge(name, cents)
    greeks = account.greeks
    for name, value in (
        ("strikewise_delta", greeks.delta),
        ("strikewise_gamma", greeks.gamma),
        ("strikewise_theta", greeks.theta),
        ("strikewise_vega", greeks.vega),
    ):
        yield _gauge(name, value)
    shares = GaugeMetricFamily("strikewise_limit_share", METRICS["strikewise_limit_share"], labels=["limit"])
    for limit in account.limits:
        shares.add_metric([limit.name], limit.share)
    yield shares


def _of_orders(desk: Desk, status: StatusView) -> Iterator[Metric]:
    yield _gauge("strikewise_positions", status.positions)
    yield _gauge("strikewise_orders_open", status.orders)
    yield _gauge("strikewise_orders_unresolved", status.unresolved_orders)
    yield _gauge("strikewise_reconciliation_failures", desk.control.reconciliation_failures)
    yield _gauge("strikewise_faults", len(desk.control.at(status.market_at).faults))
    yield _counted("strikewise_orders", "status", (one.status for one in desk.keeper.orders.values()))
    outcomes = (one.outcome.lower() or "pending" for one in desk.keeper.signals.values())
    yield _counted("strikewise_signals", "outcome", outcomes)


def _gauge(name: str, value: Any) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, METRICS[name], value=float(value))


def _counted(name: str, label: str, words: Iterable[str]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, METRICS[f"{name}_total"], labels=[label])
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    for word in sorted(counts):
        family.add_metric([word], counts[word])
    return family
