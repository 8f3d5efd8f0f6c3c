"""Put a rehearsal together: the local Alpaca server over a home's stored market, with a plan of faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from strikewise.adapters.brokers.alpaca import ALPACA_FEES
from strikewise.adapters.brokers.alpaca_server.mishaps import CARRIED_OUT
from strikewise.adapters.brokers.alpaca_server.opening import Pacer, open_server
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.data_home import DataHome
from strikewise.domain.errors import MissingDataError, SettingsError
from strikewise.domain.money import to_cents
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.fills import FillRule
from strikewise.execution.financing import Financing
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.universe import Universe
from strikewise.market.view import Market, MarketView

__all__ = ["AlpacaRehearsal", "RehearsalPlan", "fault_plan", "simulated_venue", "stored_venue"]


@dataclass(frozen=True, slots=True)
class RehearsalPlan:
    """What is rehearsed.

    Attributes
    ----------
    underlyings : tuple of str
        Whose options are traded; all that are stored if empty.
    start, end : date
        First and last day.
    speed : float
        Seconds of the past in a second; 0 stands still until somebody moves the time.
    cash : float
        Dollars in the account at the beginning.
    level : int
        Approval level for options, 0 to 3.
    port : int
        Where to listen; 0 takes a free one.
    limit : int or None
        Requests a minute; None sets no limit.
    faults : FaultPlan or None
        What goes wrong on purpose.
    fees : FeeSchedule
        What trading costs; Alpaca takes no commission.
    """

    underlyings: tuple[str, ...]
    start: date
    end: date
    speed: float = 0.0
    cash: float = 100_000.0
    level: int = 3
    port: int = 0
    limit: int | None = None
    faults: FaultPlan | None = None
    fees: FeeSchedule = ALPACA_FEES


def fault_plan(file: Path | None, seed: int | None) -> FaultPlan | None:
    """Return the plan in a file, with another seed where one is given; without a file, one drawn from a seed.

    Raises
    ------
    SettingsError
        If the file cannot be read or is no plan.
    """
    if file is None:
        return None if seed is None else FaultPlan.drawn(seed, CARRIED_OUT)
    try:
        plan = FaultPlan.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"The plan of faults {file} cannot be read: {error.strerror}.") from error
    return plan if seed is None else FaultPlan(seed, plan.faults)


def stored_venue(home: Path, plan: RehearsalPlan) -> tuple[Venue, datetime]:
    """Return an account over a home's stored chains when the first session opens, and the last one's close.

    Raises
    ------
    MissingDataError
        If nothing is stored for the plan.
    """
    calendar = SessionCalendar()
    source = DataHome(home, calendar).source()
    wanted = plan.underlyings or tuple(source.underlyings())
    sessions = calendar.sessions(plan.start, plan.end)
    if not sessions or not wanted:
        raise MissingDataError(
            f"There is nothing to rehearse from {plan.start} to {plan.end} in {home}: "
            "choose days with sessions, and a home with chains."
        )
    market = Market(Universe(source, wanted), calendar)
    start, end = calendar.session_open(sessions[0]), calendar.session_close(sessions[-1])
    return simulated_venue(market, start, to_cents(plan.cash), fees=plan.fees, level=plan.level), end


def simulated_venue(
    market: Market,
    start: datetime,
    cash_cents: int,
    *,
    rule: FillRule | None = None,
    fees: FeeSchedule = ALPACA_FEES,
    exercise: ExerciseRule | None = None,
    financing: Financing | None = None,
    lag: int = 0,
    level: int = 3,
) -> Venue:
    """Return an account at a simulated Alpaca; with equal rules it fills as the simulated broker does."""
    broker = SimulatedBroker(
        cash_cents,
        rule=rule,
        fees=fees,
        lag=lag,
        exercise=exercise,
        financing=financing,
        habits=Habits(netted=True),
    )
    return Venue(market, broker, cash_cents, start, rule=rule, level=level)


class AlpacaRehearsal:
    """The local Alpaca server before an account; use it as a context.

    Parameters
    ----------
    venue : Venue
        The account.
    port : int
        Where to listen; 0 takes a free one.
    limit : int or None
        Requests a minute; None sets no limit.
    faults : FaultPlan or None
        What goes wrong on purpose.
    speed : float
        Seconds of the past in a second; 0 stands still until `follow` or a request moves it.
    until : datetime, optional
        Where time stops that moves by itself.

    Raises
    ------
    SettingsError
        If the extras are not installed, the port is taken, or the plan of faults cannot be carried out.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        port: int = 0,
        limit: int | None = None,
        faults: FaultPlan | None = None,
        speed: float = 0.0,
        until: datetime | None = None,
    ) -> None:
        self.venue = venue
        self.server = open_server(venue, {"port": port, "limit": limit, "faults": faults})
        self._pacer = Pacer(venue, speed, until) if speed > 0 and until is not None else None

    @classmethod
    def of(cls, home: Path, plan: RehearsalPlan) -> AlpacaRehearsal:
        """Return the rehearsal of a plan over a home's stored chains; errors of both."""
        venue, until = stored_venue(home, plan)
        return cls(venue, port=plan.port, limit=plan.limit, faults=plan.faults, speed=plan.speed, until=until)

    def follow(self, view: MarketView) -> None:
        """Move the account's time to that of a view."""
        self.venue.advance(view.as_of)

    def addresses(self) -> dict[str, str]:
        """Return what a client needs to know, by name."""
        return {
            "key": self.server.key,
            "secret": self.server.secret,
            "url": self.server.url,
            "data_url": self.server.url,
            "stream_url": self.server.stream_url,
            "account_id": self.venue.account_id,
        }

    def happened(self) -> Sequence[str]:
        """Return the faults that happened, in order."""
        mishaps = self.server.mishaps
        return [] if mishaps is None else [kind.value for kind, _ in mishaps.timer.happened]

    def told(self) -> int:
        """Return how many updates the stream told while somebody listened."""
        return self.server.hub.told

    def finished(self, seconds: float) -> bool:
        """Wait for so long that time which moves by itself reaches its end; return whether it did."""
        return self._pacer is None or self._pacer.finished(seconds)

    def wait(self) -> None:
        """Wait until the server ends."""
        self.server.wait()

    def __enter__(self) -> Self:
        self.server.start()
        if self._pacer is not None:
            self._pacer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pacer is not None:
            self._pacer.stop()
        self.server.stop()
