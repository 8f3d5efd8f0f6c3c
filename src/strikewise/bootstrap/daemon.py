"""Put a trading process together: the only place that knows whether it is paper, money or the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.adapters.data_home import DataHome
from strikewise.adapters.halt_file import HaltFile
from strikewise.adapters.heartbeat_file import HeartbeatFile
from strikewise.adapters.logs import Logbook
from strikewise.adapters.picture_file import PICTURE, PictureFile
from strikewise.adapters.store.database import Database
from strikewise.adapters.store.leases import SqlLeases
from strikewise.adapters.store.resilient_ledger import ResilientLedger
from strikewise.adapters.watchdog import ServiceManager
from strikewise.backtest.runner import ReplaySpec
from strikewise.bootstrap.account_keeping import account_ledger, taken_lease
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.feeds import Arriving, arriving
from strikewise.bootstrap.ledgers import ledger_url
from strikewise.bootstrap.logbooks import logbook_of
from strikewise.bootstrap.operation import BrokerName, Mode
from strikewise.bootstrap.parts import (
    Through,
    alpaca_broker,
    rules_of,
    run_spec,
    simulated,
    uses_alpaca,
)
from strikewise.bootstrap.places import rehearsal_place
from strikewise.bootstrap.rehearsed import through_local_alpaca
from strikewise.bootstrap.reloading import SettingsWatch
from strikewise.bootstrap.settings import notify_socket
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.bootstrap.signs import Signs
from strikewise.bootstrap.tracing import traces
from strikewise.domain.errors import SettingsError
from strikewise.engine.daemon import Daemon
from strikewise.engine.duties import Duties
from strikewise.engine.failures import Log, Tolerance
from strikewise.engine.lookout import Lookout, Vigilance
from strikewise.engine.loop import Loop
from strikewise.engine.order_work import Prices
from strikewise.engine.pulse import Identity
from strikewise.engine.reconciliation import Reconciler
from strikewise.engine.reloading import Reloading
from strikewise.engine.spec import RunSpec
from strikewise.engine.stopwatch import Stopwatch
from strikewise.engine.supervisor import Watch
from strikewise.execution.spans import Spans
from strikewise.market.calendar import SessionCalendar
from strikewise.market.clock import PacedClock, ReplayClock, SystemClock
from strikewise.market.repeated import Repeated
from strikewise.market.universe import Universe
from strikewise.market.view import Market
from strikewise.portfolio.ledger import Ledger
from strikewise.risk.governor import Governor

__all__ = ["Process", "RunPlan", "trading_process"]

LOG = Path("logs") / "strikewise.log"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a person asked for on the command line.

    Attributes
    ----------
    live : bool
        Whether real money was asked for there.
    replay : (date, date) or None
        First and last session of the stored past to replay; None trades now.
    speed : float
        Seconds of the past in a second; 0 as fast as it goes.
    spec : ReplaySpec or None
        A specification to trade instead of the settings' ``[run]``.
    into : Path or None
        The folder of a replay's ledger; a new one in the home if None.
    faults : FaultPlan or None
        What goes wrong at the simulated broker's edge, to rehearse it.
    through : BrokerName
        Whom a replay's orders go through: the simulated broker itself, or Alpaca's protocol before it.
    ledger : str
        The address of a replay's ledger; an SQLite file in its folder if empty.
    every : int
        Minutes after which a replayed day's chain is shown anew, from the open on; 0 shows it once, when it
        was taken.
    """

    live: bool = False
    replay: tuple[date, date] | None = None
    speed: float = 0.0
    spec: ReplaySpec | None = None
    into: Path | None = None
    faults: FaultPlan | None = None
    through: BrokerName = BrokerName.SIMULATED
    ledger: str = ""
    every: int = 0


@dataclass(frozen=True, slots=True)
class Process:
    """A trading process, ready to run.

    Attributes
    ----------
    daemon : Daemon
        It.
    identity : Identity
        What it is wired to.
    place : Path
        The home of its ledger, halt flag and heartbeat.
    until : datetime or None
        When the replayed past ends.
    spec : RunSpec
        What it trades.
    """

    daemon: Daemon
    identity: Identity
    place: Path
    until: datetime | None
    spec: RunSpec


@contextmanager
def trading_process(home: Path, plan: RunPlan, say: Log) -> Iterator[Process]:
    """Put a process together, hold the lease while it runs, and let go of everything afterwards.

    Raises
    ------
    SettingsError
        If the settings do not allow it, or another process trades the account; the message names that one.
    LedgerError
        If the ledger is damaged.
    """
    asked = _Asked.of(home, plan)
    calendar, wall = SessionCalendar(), SystemClock()
    data = DataHome(home, calendar)
    with ExitStack() as stack:
        aloud = _aloud(stack.enter_context(logbook_of(asked.place / LOG, wall, asked.settings)), say)
        # The lease comes first: nobody else's journal is touched.
        leases = SqlLeases(stack.enter_context(Database(asked.url)))
        tenure = taken_lease(leases, asked.spec.account, asked.url, wall)
        stack.callback(tenure.release)
        ledger = stack.enter_context(account_ledger(asked.url, asked.place, asked.account))
        clock, until = _clock(plan, ledger, wall)
        arrives = _data(asked, data, clock, calendar)
        market = Market(Universe(arrives.source, asked.spec.underlyings), calendar)
        through = stack.enter_context(_through(asked, ledger, market, clock))
        sent = stack.enter_context(traces(asked.settings.traces, "strikewise-run"))
        watch = Stopwatch(wall.monotonic, sent)
        loop = _loop(asked, through, data, market=market, ledger=ledger, clock=clock, spans=watch)
        manager = stack.enter_context(ServiceManager(notify_socket()))
        identity = _identity(asked, through)
        signs, lookout = Signs(HeartbeatFile(asked.place), manager, watch), asked.lookout()
        daemon = Daemon(
            _duties(asked, loop, arrives, through, watch, lookout, market=market, ledger=ledger, say=aloud),
            identity,
            clock=clock,
            wall=wall,
            cadence=asked.settings.schedule.frozen(recorded=asked.recorded),
            tenure=tenure,
            beat=signs.show,
            say=aloud,
        )
        signs.reloading = _reloading(home, asked, loop, lookout, daemon)
        yield Process(daemon, identity, asked.place, until, asked.spec)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a person asked for, in settings and on the command line, and where it is to be kept."""

    settings: Settings
    plan: RunPlan
    spec: RunSpec
    place: Path
    url: str
    digest: str

    @property
    def recorded(self) -> bool:
        return self.plan.replay is not None

    @property
    def account(self) -> Settings | None:
        """The settings of the account that is traded; None where it is a rehearsal's."""
        return None if self.recorded else self.settings

    @classmethod
    def of(cls, home: Path, plan: RunPlan) -> _Asked:
        digest = SettingsFile(home).digest()
        settings = load_settings(home)
        _check_mode(settings, plan)
        spec = run_spec(settings, plan.spec)
        return cls(settings, plan, spec, *_place(home, settings, plan), digest)

    def lookout(self) -> Lookout:
        run = self.settings.run
        return Lookout(Vigilance(stale=0, silent=0) if self.recorded else run.vigilance())


def _reloading(home: Path, asked: _Asked, loop: Loop, lookout: Lookout, daemon: Daemon) -> Reloading:
    """Let a process take up settings that change; what trades a specification or the past keeps its own."""
    fixed = asked.recorded or asked.plan.spec is not None
    look = (lambda: None) if fixed else SettingsWatch(home, asked.settings, asked.digest).look
    found = Reloading(loop, lookout, daemon.pace, look, "" if fixed else asked.digest)
    assert loop.supervisor is not None, "a process that trades is watched over"
    loop.supervisor.reload = found
    return found


@contextmanager
def _through(asked: _Asked, ledger: Ledger, market: Market, clock: PacedClock) -> Iterator[Through]:
    """Give whom orders go through."""
    settings, plan = asked.settings, asked.plan
    if uses_alpaca(settings) and not asked.recorded:
        yield alpaca_broker(settings, asked.spec, ledger, clock)
        return
    rules = rules_of(settings, plan.spec)
    if plan.through is BrokerName.ALPACA:
        with through_local_alpaca(asked.spec, rules, ledger, market, clock, plan.faults) as through:
            yield through
    else:
        yield simulated(asked.spec, rules, ledger, market, clock, plan.faults)


def _loop(
    asked: _Asked,
    through: Through,
    data: DataHome,
    *,
    market: Market,
    ledger: ResilientLedger,
    clock: PacedClock,
    spans: Spans,
) -> Loop:
    """Return the loop, with those who may stop it around it."""
    settings = asked.settings
    ladder = None if asked.recorded else settings.orders.frozen()
    watch = Watch(
        HaltFile(asked.place),
        _governor(asked),
        settings.run.patience(),
        None if ladder is None else Prices(ladder, settings.fills.frozen()),
        trouble=lambda: ledger.trouble,
        answering=settings.run.answering(),
        fees_later=through.fees_later,
    )
    return Loop(
        asked.spec,
        market=market,
        broker=through.broker,
        ledger=ledger,
        clock=clock,
        data=_digests(asked.plan, asked.spec, data),
        watch=watch,
        spans=spans,
    )


def _governor(asked: _Asked) -> Governor:
    """Return what the account must keep: as the traded specification says, else as the settings do."""
    chosen = None if asked.plan.spec is None else asked.plan.spec.governor
    return chosen or asked.settings.governor.frozen()


def _duties(
    asked: _Asked,
    loop: Loop,
    arrives: Arriving,
    through: Through,
    watch: Stopwatch,
    lookout: Lookout,
    *,
    market: Market,
    ledger: Ledger,
    say: Log,
) -> Duties:
    """Return everything that is done around the loop."""
    run = asked.settings.run
    return Duties(
        loop,
        Reconciler(asked.spec.account, loop.writer, loop.courier, market.calendar),
        market,
        ledger,
        lookout=lookout,
        arrive=watch.around("feed", arrives.refresh),
        problems=arrives.problems,
        follow=through.follow,
        say=say,
        underlyings=asked.spec.underlyings,
        tolerance=Tolerance(run.failures),
        show=PictureFile(asked.place / PICTURE).show,
    )


def _identity(asked: _Asked, through: Through) -> Identity:
    run = asked.settings.run
    return Identity(
        version("strikewise"),
        asked.spec.account,
        "replay" if asked.recorded else run.mode.value,
        through.broker.capabilities().name,
        "stored chains" if asked.recorded else run.feed,
    )


def _aloud(logbook: Logbook, say: Log) -> Log:
    """Return who says everything twice: in the log, and to whoever looks on, as a service manager's log."""

    def both(level: str, event: str, pairs: Mapping[str, object]) -> None:
        logbook(level, event, pairs)
        say(level, event, logbook.redaction.value(pairs))

    return both


def _check_mode(settings: Settings, plan: RunPlan) -> None:
    """Refuse real money that was not asked for in both places, and everything that would be half meant."""
    live = settings.run.mode is Mode.LIVE
    if plan.replay is not None:
        if plan.live:
            raise SettingsError("A replay of the past trades nobody's money: leave out --live.")
        return
    if plan.faults is not None:
        raise SettingsError("Faults are rehearsed over the past only: add --replay.")
    if plan.ledger:
        raise SettingsError("The account's ledger is named in the settings: write `url` under [ledger].")
    if plan.through is not BrokerName.SIMULATED:
        raise SettingsError("Only a replay is led through another broker's protocol: add --replay.")
    if plan.live != live:
        asked, lacks = (
            ("--live", 'mode = "live" under [run] of the settings')
            if plan.live
            else ('mode = "live"', "--live on the command line")
        )
        raise SettingsError(f"Real money needs both: {asked} is there, {lacks} is not.")
    if live and not uses_alpaca(settings):
        raise SettingsError('Real money needs a real broker: write `name = "alpaca"` under [broker].')


def _place(home: Path, settings: Settings, plan: RunPlan) -> tuple[Path, str]:
    """Return the folder of halt flag and heartbeat, made where it is not there, and the ledger's address."""
    if plan.replay is None:
        place, url = home, ledger_url(home, settings)
    else:
        place, url = rehearsal_place(home, settings, plan.replay, into=plan.into, ledger=plan.ledger)
    place.mkdir(parents=True, exist_ok=True)
    return place, url


def _clock(plan: RunPlan, ledger: Ledger, wall: SystemClock) -> tuple[PacedClock, datetime | None]:
    """Return the market's clock, and when its past ends."""
    if plan.replay is None:
        return wall, None
    start, end = plan.replay
    if end < start:
        raise SettingsError(f"A replay must end on or after its start; was {start} to {end}.")
    begins = datetime(start.year, start.month, start.day, 12, tzinfo=UTC)
    for record in ledger.records():
        begins = max(begins, record.known_at)
    following = datetime(end.year, end.month, end.day, 12, tzinfo=UTC) + timedelta(days=1)
    return ReplayClock(begins, plan.speed), following


def _data(asked: _Asked, data: DataHome, clock: PacedClock, calendar: SessionCalendar) -> Arriving:
    if asked.recorded:
        stored, every = data.source(), asked.plan.every
        return Arriving(Repeated(stored, calendar, every) if every else stored, lambda: None)
    settings = asked.settings
    return arriving(
        settings.run.feed, asked.spec.underlyings, settings, data=data, clock=clock, calendar=calendar
    )


def _digests(plan: RunPlan, spec: RunSpec, data: DataHome) -> dict[str, str]:
    """Return the digests of replayed data; data that arrive have none."""
    if plan.replay is None:
        return {}
    start, end = plan.replay
    return {
        name: data.digest(name, start, end)
        for name in Universe(data.source(), spec.underlyings).underlyings()
    }
