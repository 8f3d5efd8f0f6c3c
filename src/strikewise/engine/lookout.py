"""The lookout: whether data arrive, clocks agree and the broker can be reached; each trouble told once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from strikewise.domain.brokerage import Health
from strikewise.domain.control import AlertRaised, FaultNoted, TradingState, TradingStateChanged
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import Event
from strikewise.market.view import FRESH_FOR, MarketView
from strikewise.portfolio.controls import ControlState

__all__ = ["CLOCK_SKEW", "FEED_FAILED", "Lookout", "Vigilance"]

CLOCK_SKEW = "CLOCK_SKEW"
FEED_FAILED = "FEED_FAILED"
"""Code of the fault that a feed's failure is, of one symbol or of all."""
LEDGER_FAILED = "LEDGER_FAILED"


@dataclass(frozen=True, slots=True)
class Vigilance:
    """What counts as trouble; all in seconds.

    Attributes
    ----------
    stale : int
        How old the chain of an underlying may be in a session; 0 asks for none, as over recorded markets.
    skew_warns, skew_halts : float
        What the broker's clock and ours may differ before that is told, and before trading stops.
    silent : int
        How long the broker's stream may say nothing in a session; 0 lets it.
    """

    stale: int = 25 * 60
    skew_warns: float = 2.0
    skew_halts: float = 30.0
    silent: int = 5 * 60

    def __post_init__(self) -> None:
        if not 0.0 < self.skew_warns <= self.skew_halts:
            raise SettingsError(
                "A clock's skew must warn above 0 seconds and halt no earlier; "
                f"was {self.skew_warns:g} and {self.skew_halts:g}."
            )
        if 0 < self.stale < FRESH_FOR.total_seconds():
            raise SettingsError(
                f"A chain may be {FRESH_FOR.total_seconds():g} seconds old to be traded on, so that it is "
                f"stale no earlier; was {self.stale}."
            )


class Lookout:
    """Tell each trouble when it begins and when it is over, and not in between.

    Parameters
    ----------
    vigilance : Vigilance
        What counts as trouble.
    """

    def __init__(self, vigilance: Vigilance | None = None) -> None:
        self._vigilance = vigilance or Vigilance()
        self._troubles: set[tuple[str, str]] = set()

    def use(self, vigilance: Vigilance) -> None:
        """Go by another vigilance from now on."""
        self._vigilance = vigilance

    def at_market(self, view: MarketView, underlyings: tuple[str, ...]) -> list[Event]:
        """Return what is to be told of data at a view."""
        stale, calendar = self._vigilance.stale, view.calendar
        if not stale or not calendar.is_open(view.as_of):
            return []
        patience = timedelta(seconds=stale)
        if view.as_of - calendar.session_open(view.day) < patience:
            return []
        told: list[Event] = []
        for symbol in underlyings:
            chain = view.chain(symbol)
            old = chain is None or view.as_of - chain.as_of > patience
            seen = "none" if chain is None else chain.as_of.isoformat()
            fault = FaultNoted("data", "STALE_CHAIN", f"last={seen} limit={stale}s", symbol)
            told += self._told(("STALE_CHAIN", symbol), old, fault, f"Chains of {symbol} arrive again.")
        return told

    def at_feed(self, problems: Mapping[str, str], underlyings: tuple[str, ...]) -> list[Event]:
        """Return what is to be told of symbols whose data cannot be had; the others are traded."""
        told: list[Event] = []
        for symbol in underlyings:
            fault = FaultNoted("data", FEED_FAILED, problems.get(symbol, "")[:500], symbol)
            told += self._told(
                (FEED_FAILED, symbol), symbol in problems, fault, f"Data of {symbol} arrive again."
            )
        return told

    def at_ledger(self, trouble: str) -> list[Event]:
        """Return what is to be told of a ledger that fails: why, or nothing where it works."""
        fault = FaultNoted("store", LEDGER_FAILED, trouble[:500])
        return list(self._told((LEDGER_FAILED, ""), bool(trouble), fault, "The ledger works again."))

    def at_broker(self, health: Health, now: datetime, *, in_session: bool) -> list[Event]:
        """Return what is to be told of the connection to the broker."""
        cut = FaultNoted("broker", "DISCONNECTED", health.reason)
        told = list(self._told(("DISCONNECTED", ""), not health.connected, cut, "The broker answers again."))
        lost = FaultNoted("broker", "STREAM_LOST", health.reason)
        deaf = health.connected and not health.tells
        told += self._told(("STREAM_LOST", ""), deaf, lost, "The broker tells again what happens.")
        last, limit = health.last_event_at, self._vigilance.silent
        if limit and in_session and last is not None:
            silent = FaultNoted("broker", "STREAM_SILENT", f"last={last.isoformat()} limit={limit}s")
            quiet = now - last > timedelta(seconds=limit)
            told += self._told(("STREAM_SILENT", ""), quiet, silent, "The broker's stream speaks again.")
        return told

    def at_clock(self, skew: float | None, control: ControlState) -> list[Event]:
        """Return what is to be told, and done, about a broker's clock that differs from ours."""
        if skew is None:
            return []
        off, limits = abs(skew), self._vigilance
        pairs = f"seconds={skew:.1f} warns={limits.skew_warns:g} halts={limits.skew_halts:g}"
        fault = FaultNoted("clock", CLOCK_SKEW, pairs)
        told = list(self._told((CLOCK_SKEW, ""), off > limits.skew_warns, fault, "The clocks agree again."))
        halted = control.reason == CLOCK_SKEW and control.state is TradingState.HALTED
        lasts = control.standing is not None and control.standing.state is TradingState.HALTED
        if off > limits.skew_halts and control.state is not TradingState.HALTED:
            told.append(TradingStateChanged(TradingState.HALTED, CLOCK_SKEW, pairs))
        elif off <= limits.skew_warns and halted and not lasts:
            told.append(TradingStateChanged(TradingState.ACTIVE, CLOCK_SKEW, pairs))
        return told

    def trouble(self, fault: FaultNoted) -> list[Event]:
        """Return the fault where it is new: what others found, such as a feed that raised."""
        return list(self._told((fault.code, fault.symbol), True, fault, ""))

    def over(self, code: str, text: str, symbol: str = "") -> list[Event]:
        """Return the alert that a trouble is over, where there was one."""
        return list(self._told((code, symbol), False, FaultNoted("", code, ""), text))

    def _told(self, name: tuple[str, str], is_so: bool, fault: FaultNoted, over: str) -> Iterator[Event]:
        if is_so and name not in self._troubles:
            self._troubles.add(name)
            yield fault
        elif not is_so and name in self._troubles:
            self._troubles.discard(name)
            yield AlertRaised("info", f"{name[0]}_OVER", over)
