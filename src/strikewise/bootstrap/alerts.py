"""Put together what tells people: the ledger that is read, the rules, the outbox, and the channels."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

from strikewise.adapters.alerts.alert import Alert, Level
from strikewise.adapters.alerts.channels import AppriseChannel, Later, Sent
from strikewise.adapters.alerts.confirmations import Confirmations
from strikewise.adapters.alerts.dispatcher import Dispatcher, Route
from strikewise.adapters.alerts.outbox import Outbox, Place
from strikewise.adapters.alerts.policy import Message, Waiting
from strikewise.adapters.alerts.sayings import CODES
from strikewise.adapters.alerts.telegram_desk import TelegramDesk
from strikewise.adapters.alerts.telegram_link import TelegramChannel, TelegramLink, TelegramOptions
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.bootstrap.alarms import OUTBOX, told_from
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.configuration import Settings, load_settings
from strikewise.bootstrap.ledgers import backup_folder, ledger_url, open_ledger
from strikewise.bootstrap.settings import channel_address, telegram_token
from strikewise.bootstrap.settings_file import SettingsFile
from strikewise.domain.errors import SettingsError, StrikewiseError
from strikewise.market.clock import SystemClock
from strikewise.service.alerts import Conversation
from strikewise.service.answers import usual_parameters

__all__ = [
    "AlertProcess",
    "RulesInForce",
    "Tried",
    "alert_process",
    "begin_here",
    "rules_in_force",
    "tell_on",
    "try_channels",
]

LOCK = "alerts.lock"
NOBODY = (
    "Nobody is told anything: name `chats` under [telegram], or a channel such as [alerts.channels.mail], "
    "in the settings."
)

Say = Callable[[str, str, Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class AlertProcess:
    """What tells people of one home's account.

    Attributes
    ----------
    dispatcher : Dispatcher
        It.
    channels : tuple of str
        Through what.
    """

    dispatcher: Dispatcher
    channels: tuple[str, ...]

    def run(self, stop: Event) -> None:
        """Tell people until somebody stops it; also as a thread of another process."""
        self.dispatcher.run(stop)

    def once(self) -> None:
        """Tell what is due now."""
        self.dispatcher.flush()


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """What the settings say of alerts.

    Attributes
    ----------
    codes : tuple of (str, str, bool, str)
        Each code with its level, whether it is told, and what it means.
    channels : mapping of str to str
        From which level on each channel is told.
    quiet, zone : str
        Quiet hours, and by whose clock.
    rate, repeat_minutes : int
        Most messages a minute; how long the same trouble is only counted.
    waiting : mapping of str to mapping
        How much of the outbox is in which state, by channel.
    """

    codes: tuple[tuple[str, str, bool, str], ...]
    channels: Mapping[str, str]
    quiet: str
    zone: str
    rate: int
    repeat_minutes: int
    waiting: Mapping[str, Mapping[str, int]]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "codes": [
                {"code": code, "level": level, "told": told, "meaning": meaning}
                for code, level, told, meaning in self.codes
            ],
            "channels": dict(self.channels),
            "quiet": self.quiet or None,
            "zone": self.zone,
            "rate": self.rate,
            "repeat_minutes": self.repeat_minutes,
            "outbox": {name: dict(states) for name, states in self.waiting.items()},
        }


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a trial message: through which channel, whether it went, and why not."""

    channel: str
    sent: bool
    problem: str


def rules_in_force(home: Path) -> RulesInForce:
    """Return what the settings of a home say of alerts, and what waits.

    Raises
    ------
    SettingsError
        If the settings cannot be used.
    """
    settings = load_settings(home)
    table, rules, counts = settings.alerts, settings.alerts.rules(), {}
    if (home / OUTBOX).exists():
        with Outbox(home / OUTBOX, settings.account.name) as box:
            counts = box.counts()
    codes = []
    for code, (usual, meaning) in CODES.items():
        level = rules.level_of(code, usual)
        codes.append((code, level.value, rules.tells(code, level), meaning))
    channels = {name: level.value for name, level in told_from(settings).items()}
    return RulesInForce(
        tuple(codes), channels, table.quiet, table.zone, table.rate, table.repeat_minutes, counts
    )


class _TakenError(SettingsError):
    """Somebody else tells the same people."""


@contextmanager
def alert_process(home: Path, say: Say, *, commands: bool = True) -> Iterator[AlertProcess]:
    """Put together what tells people of a home's account, and let go of everything afterwards.

    Parameters
    ----------
    home : Path
        The data home.
    say : callable
        Told what happens: level, event, and pairs.
    commands : bool
        Whether the Telegram bot hears commands too.

    Raises
    ------
    SettingsError
        If nobody is to be told, a secret or an extra is missing, or another process tells people already.
    """
    settings, clock = load_settings(home), SystemClock()
    with ExitStack() as stack:
        home.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_alone(home / LOCK))
        box = stack.enter_context(
            Outbox(home / OUTBOX, settings.account.name, repeat=settings.alerts.repeat())
        )
        system = build_system(home, settings)
        talk = Conversation(system, clock, version("strikewise")) if commands else None
        routes = _routes(home, settings, box, stack, say, talk)
        ledger = stack.enter_context(open_ledger(ledger_url(home, settings), backup_folder(home)))
        watcher = Watcher(settings.alerts.rules(), usual_parameters(system))
        dispatcher = Dispatcher(ledger, watcher, box, routes, clock, say)
        yield AlertProcess(dispatcher, tuple(route.name for route in routes))


def check_channels(home: Path) -> None:
    """Refuse to tell people where the settings name nobody, or a channel that cannot be opened.

    Raises
    ------
    SettingsError
        If they do, or cannot be used.
    """
    settings = load_settings(home)
    if not told_from(settings):
        raise SettingsError(NOBODY)
    if settings.telegram.chats:
        telegram_token(home)
    for name in settings.alerts.channels:
        AppriseChannel(name, channel_address(home, name)).close()


def begin_here(home: Path) -> None:
    """Let what happens from now on be told, though whoever tells it is not there yet.

    Raises
    ------
    SettingsError
        If the settings name nobody who is to be told.
    """
    check_channels(home)
    settings = load_settings(home)
    with (
        Outbox(home / OUTBOX, settings.account.name) as box,
        open_ledger(ledger_url(home, settings), backup_folder(home)) as ledger,
    ):
        if box.place() is None:
            box.take([], Place.of(ledger, ledger.head.seq), {}, SystemClock().now())


def tell_on(home: Path, say: Say, stop: Event, *, alone: Callable[[], bool] | None = None) -> None:
    """Tell people until somebody stops it, always by the settings as they are.

    Settings that change are taken up within a second; those that cannot be used are said, and the ones before
    stay. When it is stopped, what is due then is told once more.

    Parameters
    ----------
    home : Path
        The data home.
    say : callable
        Told what happens.
    stop : Event
        Set by whoever stops it.
    alone : callable, optional
        Whether the process beside which it runs is gone, so that it ends too. It then waits while somebody
        else tells the same people, and takes over when that one ends.

    Raises
    ------
    SettingsError
        As in `alert_process`, at the first start.
    """
    file, began = SettingsFile(home), False
    while not stop.is_set():
        if alone is not None and not _turn(home, say, stop, alone):
            return
        used = file.digest()
        try:
            with alert_process(home, say) as process:
                say("info", "telling_people", {"through": ", ".join(process.channels)})
                began, ended = True, Event()
                watch = Thread(target=_watch, args=(file, used, say, stop, ended, alone), daemon=True)
                watch.start()
                process.run(ended)
                watch.join()
                if stop.is_set():
                    process.once()
        except StrikewiseError as error:
            if isinstance(error, _TakenError) and alone is not None:
                continue  # somebody else, who waited too, was faster
            if not began:
                raise
            say("error", "alerts_not_told", {"problem": str(error)})  # what waits stays, and is told then
            stop.wait(1.0)


def _turn(home: Path, say: Say, stop: Event, alone: Callable[[], bool]) -> bool:
    """Wait until nobody else tells the same people; return whether it comes to that."""
    told = False
    while not stop.is_set() and not alone():
        try:
            with _alone(home / LOCK):
                return True
        except _TakenError as error:
            if not told:
                say("info", "alerts_wait", {"because": str(error)})
            told = True
            stop.wait(1.0)
    return False


def _watch(
    file: SettingsFile,
    used: str,
    say: Say,
    stop: Event,
    ended: Event,
    alone: Callable[[], bool] | None,
) -> None:
    """End a round of telling where somebody stops it, or the settings are others that can be used."""
    refused = ""
    while not ended.is_set() and not stop.wait(1.0):
        if alone is not None and alone():
            stop.set()
        digest = file.digest()
        if digest == used:
            continue
        try:
            check_channels(file.home)
        except SettingsError as error:  # looked at again: what is missing may come without another change
            if digest != refused:
                say("error", "settings_not_used", {"problem": str(error)})
            refused = digest
        else:
            break
    ended.set()


def try_channels(home: Path, say: Say) -> tuple[Tried, ...]:
    """Send a message through every channel, whatever its level; nothing of it is kept.

    Raises
    ------
    SettingsError
        As in `alert_process`.
    """
    settings, clock = load_settings(home), SystemClock()
    with ExitStack() as stack:
        home.mkdir(parents=True, exist_ok=True)
        box = stack.enter_context(Outbox(home / OUTBOX, settings.account.name))
        found = []
        for route in _routes(home, settings, box, stack, say, None):
            text = f"If you read this, alerts of the account {settings.account.name} reach you here."
            title = f"strikewise: a trial through {route.name}"
            alert = Alert("trial", 0, Level.INFO, "TRIAL", title, text, clock.now())
            outcome = route.channel.send(Message((Waiting(0, alert, clock.now()),)))
            problem = outcome.missed if isinstance(outcome, Sent) else outcome.reason
            if isinstance(outcome, Later):
                problem += f" (for {outcome.seconds:.0f} s)"
            found.append(Tried(route.name, isinstance(outcome, Sent) and not problem, problem))
        return tuple(found)


def _routes(
    home: Path, settings: Settings, box: Outbox, stack: ExitStack, say: Say, talk: Conversation | None
) -> list[Route]:
    """Return the channels that the settings name, opened; Telegram first."""
    policy, routes, table = settings.alerts.policy(), [], settings.telegram
    if table.chats:
        options = TelegramOptions(
            telegram_token(home), frozenset(table.chats), frozenset(table.users), table.base_url
        )
        clock = SystemClock()
        desk = None if talk is None else TelegramDesk(talk, Confirmations(clock), box, clock, say)
        link = TelegramLink(options, say, None if desk is None else desk.hear)
        telegram = TelegramChannel(link, box)
        link.start()
        stack.callback(telegram.close)
        routes.append(Route(telegram, table.level, policy))
    for name, one in settings.alerts.channels.items():
        service = AppriseChannel(name, channel_address(home, name))
        stack.callback(service.close)
        routes.append(Route(service, one.level, policy))
    if not routes:
        raise SettingsError(NOBODY)
    return routes


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from telling the same people the same; ends with the process, however that ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _TakenError(
                f"Another process tells people of this account (it holds {path}): stop that one first."
            ) from None
        yield
    finally:
        os.close(handle)
