"""Put a rehearsal together: the local Alpaca server over a home's stored market, with a plan of faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from strikewise.adapters.brokers.alpaca_server.mishaps import CARRIED_OUT
from strikewise.adapters.brokers.alpaca_server.opening import Pacer, open_server
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.data_home import DataHome
from strikewise.domain.errors import MissingDataError, SettingsError
from strikewise.domain.money import to_cents
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.simulated import Habits, SimulatedBroker
from strikewise.market.calendar import SessionCalendar
from strikewise.market.universe import Universe
from strikewise.market.view import Market

__all__ = ["AlpacaRehearsal", "RehearsalPlan", "fault_plan"]


ALPACA_FEES = FeeSchedule(commission_cents=0.0, assignment_cents=0)


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


class AlpacaRehearsal:
    """The local Alpaca server over stored chains; use it as a context.

    Parameters
    ----------
    home : Path
        The data home whose market it replays.
    plan : RehearsalPlan
        What is rehearsed.

    Raises
    ------
    SettingsError
        If the extras are not installed, the port is taken, or the plan of faults cannot be carried out.
    MissingDataError
        If nothing is stored for the plan.
    """

    def __init__(self, home: Path, plan: RehearsalPlan) -> None:
        calendar = SessionCalendar()
        source = DataHome(home, calendar).source()
        wanted = plan.underlyings or tuple(source.underlyings())
        sessions = calendar.sessions(plan.start, plan.end)
        if not sessions or not wanted:
            raise MissingDataError(
                f"There is nothing to rehearse from {plan.start} to {plan.end} in {home}: "
                "choose days with sessions, and a home with chains."
            )
        cash = to_cents(plan.cash)
        broker = SimulatedBroker(cash, fees=plan.fees, habits=Habits(netted=True))
        market = Market(Universe(source, wanted), calendar)
        start, end = calendar.session_open(sessions[0]), calendar.session_close(sessions[-1])
        self.venue = Venue(market, broker, cash, start, level=plan.level)
        how = {"port": plan.port, "limit": plan.limit, "faults": plan.faults}
        self.server = open_server(self.venue, how)
        self._pacer = Pacer(self.venue, plan.speed, end) if plan.speed > 0 else None

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
