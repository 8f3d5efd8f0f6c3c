"""Every figure that ``/metrics`` shows, and what it is: for Prometheus, and for the reference."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["METRICS", "Meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a figure is.

    Attributes
    ----------
    kind : str
        ``gauge``, ``counter`` or ``histogram``.
    text : str
        A sentence.
    labels : tuple of str
        What it is told apart by.
    """

    kind: str
    text: str
    labels: tuple[str, ...] = ()


def _gauge(text: str, *labels: str) -> Meaning:
    return Meaning("gauge", text, labels)


def _counter(text: str, *labels: str) -> Meaning:
    return Meaning("counter", text, labels)


METRICS = {
    # the process that trades
    "strikewise_up": _gauge("Whether the process that trades beats."),
    "strikewise_connected": _gauge("Whether its broker can be reached."),
    "strikewise_trader_info": _gauge("What it is: always 1.", "version", "account", "mode", "broker", "feed"),
    "strikewise_trading_state": _gauge("What may be sent: one of the states is 1.", "state"),
    "strikewise_halt_flag": _gauge("Whether the halt flag is up."),
    "strikewise_heartbeat_age_seconds": _gauge("Since it last beat, by the computer's clock."),
    "strikewise_tick_age_seconds": _gauge("Since it last looked at the market, by the market's clock."),
    "strikewise_market_open": _gauge("Whether a session is on, by the market's clock."),
    "strikewise_step_duration_seconds": Meaning(
        "histogram",
        "How long each kind of its work took: tick, scan, gate, submit, reconcile and so on.",
        ("step",),
    ),
    "strikewise_step_last_seconds": _gauge("How long it took the last time.", "step"),
    "strikewise_queue_length": _gauge(
        "What waits: orders at work, the broker's events when it last listened, requests, alerts by channel, "
        "jobs of this server.",
        "queue",
    ),
    "strikewise_trader_cpu_seconds_total": _counter("Processor time of the process that trades."),
    "strikewise_trader_resident_memory_bytes": _gauge("Its memory."),
    "strikewise_trader_open_fds": _gauge("Its open files and connections."),
    "strikewise_trader_start_time_seconds": _gauge("When it began, in seconds since 1970."),
    # the market
    "strikewise_data_age_seconds": _gauge(
        "How old the latest chain of each underlying is, by the market's clock.", "symbol"
    ),
    # the account
    "strikewise_equity_dollars": _gauge("Equity, at mid and at exit prices.", "price"),
    "strikewise_cash_dollars": _gauge("Cash."),
    "strikewise_margin_dollars": _gauge("Capital that positions hold."),
    "strikewise_at_risk_dollars": _gauge("What could be lost on all positions together."),
    "strikewise_day_profit_dollars": _gauge("Profit since the last valuation of the session before, at mid."),
    "strikewise_delta_dollars": _gauge("Dollars won when the underlyings rise by a dollar."),
    "strikewise_gamma_dollars": _gauge("Change of delta when the underlyings rise by a dollar."),
    "strikewise_theta_dollars": _gauge("Dollars won as a calendar day passes."),
    "strikewise_vega_dollars": _gauge("Dollars won when volatilities rise by a point."),
    "strikewise_limit_used_ratio": _gauge(
        "Share of a limit that is used; daily_loss and day_drawdown are the governor's.", "limit"
    ),
    "strikewise_positions": _gauge("Open positions."),
    # orders and signals
    "strikewise_orders_open": _gauge("Orders at work."),
    "strikewise_orders_unresolved": _gauge("Orders whose fate is unknown."),
    "strikewise_orders_unresolved_age_seconds": _gauge(
        "How long ago the oldest of them was decided upon, by the market's clock; 0 without one."
    ),
    "strikewise_orders_total": _counter("Orders ever placed."),
    "strikewise_orders_ended_total": _counter(
        "Orders that ended, by how; rejected ones are among them.", "status"
    ),
    "strikewise_signals_total": _counter("Signals ever seen."),
    "strikewise_signals_ordered_total": _counter("Signals that became orders."),
    "strikewise_signals_denied_total": _counter("Signals that the gate refused, by its code.", "code"),
    # agreement and trouble
    "strikewise_reconciliation_differences": _gauge("Differences that the last comparison left."),
    "strikewise_reconciliation_failures": _gauge("Comparisons in a row without a complete picture."),
    "strikewise_reconciliation_age_seconds": _gauge("Since both sides agreed, by the market's clock."),
    "strikewise_breakers": _gauge("Breakers that hold."),
    "strikewise_frozen_symbols": _gauge("Underlyings on which nothing new is traded."),
    "strikewise_faults": _gauge("Faults of the last 24 hours."),
    "strikewise_ledger_facts_total": _counter("Facts in the ledger."),
    # this server
    "strikewise_build_info": _gauge("This server's version: always 1.", "version", "python"),
    "strikewise_api_streams": _gauge("Open event streams."),
    "strikewise_api_request_duration_seconds": Meaning(
        "histogram",
        "Until this server began to answer a request, by route and kind of status.",
        ("method", "route", "status"),
    ),
    "strikewise_disk_free_bytes": _gauge("Free on the disk of the home."),
    "strikewise_disk_size_bytes": _gauge("Size of that disk."),
}
"""Every figure of ours by its name. Beside them stand those of Python: process, memory, platform."""
