"""A conversation about an account: what a person asks in a chat, and what is done when it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from strikewise.domain.errors import StrikewiseError
from strikewise.market.clock import PacedClock
from strikewise.service import alert_texts as texts
from strikewise.service.control import (
    Answer,
    ask_to_close,
    ask_to_dismiss,
    ask_to_flatten,
    ask_to_halt,
    ask_to_resume,
    ask_to_take,
)
from strikewise.service.explain import explain_trade
from strikewise.service.risk import account_risk
from strikewise.service.signal_talk import dismiss_asked, signals_told, take_asked
from strikewise.service.system import System
from strikewise.service.views.account import AccountView, account_view
from strikewise.service.views.desk import Desk
from strikewise.service.views.signals import signal_view
from strikewise.service.views.status import StatusView, status_view
from strikewise.service.views.trades import telling_facts

__all__ = ["COMMANDS", "Conversation", "Said"]

COMMANDS: Mapping[str, str] = {
    "start": "what this is",
    "help": "this list",
    "status": "how trading stands",
    "positions": "what is held",
    "signals": "the latest signals, and what became of them",
    "pnl": "[n] profit of the last n sessions",
    "daily": "profit of the latest session",
    "weekly": "profit by week",
    "monthly": "profit by month",
    "balance": "cash, equity, margin",
    "performance": "figures so far",
    "risk": "limits and their use",
    "regime": "the market's regime",
    "why": "ID why a trade or signal was made",
    "halt": "[exits] [reason] stop trading; exits: only new risk",
    "resume": "let trading go on",
    "flatten": "[SYMBOL] [force] close everything, or all on one underlying; force: without fresh quotes too",
    "close": "ID [force] close a position; force: without fresh quotes too",
    "take": "ID take a signal: it is priced anew, judged anew, and ordered",
    "dismiss": "ID put a signal aside for the day",
    "experiments": "what is being tried",
    "learned": "what was learned",
    "health": "process, broker, feed, ledger",
    "logs": "the latest troubles",
    "mute": "[minutes] keep back what is not critical; 0 ends it",
    "version": "of strikewise",
}
"""What may be asked, in the order of the help."""

SESSIONS, PERIODS = 10, 12
IN_THE_CHAT = "asked for in the chat"
FORCE = "force"
AT_ANY_PRICE = (
    " What has no fresh quotes is closed too: at the last known ones, then worse and worse, and at last at "
    "whatever the market pays."
)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Attributes
    ----------
    text : str
        For the person.
    asks : tuple of str
        The command that is done when the person confirms; empty where there is nothing to confirm.
    """

    text: str
    asks: tuple[str, ...] = ()


class Conversation:
    """Answers about one installation; safe for several threads.

    Parameters
    ----------
    system : System
        The installation.
    clock : PacedClock
        To wait a moment for what comes of a request.
    version : str
        Of strikewise.
    """

    def __init__(self, system: System, clock: PacedClock, version: str) -> None:
        self._system, self._clock, self._version = system, clock, version
        self._desk, self._lock = Desk(), Lock()
        self._answers: dict[str, Callable[[Sequence[str]], Said]] = {
            "start": self._start,
            "help": self._help,
            "status": lambda _: Said(texts.status_text(self._status(), self._account())),
            "positions": lambda _: Said(texts.positions_text(self._read())),
            "signals": lambda _: Said(signals_told(self._system, self._read())),
            "pnl": self._pnl,
            "daily": lambda _: self._periods("day", 1),
            "weekly": lambda _: self._periods("week", PERIODS),
            "monthly": lambda _: self._periods("month", PERIODS),
            "balance": lambda _: Said(texts.balance_text(self._account())),
            "performance": self._performance,
            "risk": lambda _: Said(texts.risk_text(account_risk(self._system))),
            "regime": self._regime,
            "why": self._why,
            "halt": self._halt,
            "resume": self._resume,
            "flatten": self._flatten,
            "close": self._close,
            "take": lambda rest: Said(*take_asked(self._system, self._read(), rest)),
            "dismiss": lambda rest: Said(*dismiss_asked(self._system, self._read(), rest)),
            "experiments": lambda _: Said("No experiment runs: this strikewise does not learn yet."),
            "learned": lambda _: Said("Nothing was learned: this strikewise does not learn yet."),
            "health": lambda _: Said(texts.health_text(self._status())),
            "logs": self._logs,
            "version": lambda _: Said(f"strikewise {self._version}"),
        }

    def answer(self, words: Sequence[str]) -> Said:
        """Return the answer to a command; what must be confirmed is done by `do` only.

        Parameters
        ----------
        words : sequence of str
            The command and what follows it.
        """
        answers = self._answers.get(words[0]) if words else None
        if answers is None:
            return Said(f"There is no command {words[0] if words else ''!r}: /help lists them.")
        try:
            return answers(words[1:])
        except StrikewiseError as error:
            return Said(str(error))

    def do(self, words: Sequence[str], name: str) -> str:
        """Do what a person confirmed; return what came of it.

        Parameters
        ----------
        words : sequence of str
            The command as `Said.asks` has it.
        name : str
            Who confirmed it.
        """
        system, clock = self._system, self._clock
        try:
            match list(words):
                case ["halt", exits, reason]:
                    return _became(ask_to_halt(system, clock, name, reason, exits=exits == "exits"))
                case ["resume", reason]:
                    return _became(ask_to_resume(system, clock, name, reason))
                case ["flatten", symbol, how, reason]:
                    return _became(ask_to_flatten(system, clock, name, reason, symbol, force=how == FORCE))
                case ["close", position, how, reason]:
                    return _became(ask_to_close(system, clock, name, position, reason, force=how == FORCE))
                case ["take", signal]:
                    return _became(ask_to_take(system, clock, name, signal, IN_THE_CHAT))
                case ["dismiss", signal]:
                    return _became(ask_to_dismiss(system, clock, name, signal, IN_THE_CHAT))
        except StrikewiseError as error:
            return str(error)
        return f"{' '.join(words)!r} is nothing that can be done."

    # --- the account -----------------------------------------------------------------------------------

    def _read(self) -> Desk:
        with self._lock, self._system.ledger() as ledger:
            self._desk.read_on(ledger, self._system.picture())
        return self._desk

    def _status(self) -> StatusView:
        system = self._system
        return status_view(self._read(), system.heartbeat(), system.halt.read(), system.now(), system.account)

    def _account(self) -> AccountView:
        desk, system = self._read(), self._system
        return account_view(desk, system.in_force(desk.run, desk.control).limits, system.calendar)

    # --- answers ---------------------------------------------------------------------------------------

    def _start(self, _: Sequence[str]) -> Said:
        status = self._status()
        mode = status.mode if status.running else "not running"
        return Said(
            f"strikewise {self._version}, account {status.account} ({mode}). "
            "You are on the list: alerts come here. /help lists what you may ask."
        )

    def _help(self, _: Sequence[str]) -> Said:
        return Said("\n".join(f"/{name} {said}" for name, said in COMMANDS.items()))

    def _pnl(self, rest: Sequence[str]) -> Said:
        if rest and not (rest[0].isascii() and rest[0].isdigit() and 0 < int(rest[0][:6]) < 100_000):
            return Said(f"/pnl wants a number of sessions, such as /pnl 5; was {rest[0][:40]!r}.")
        return self._periods("day", int(rest[0]) if rest else SESSIONS)

    def _periods(self, kind: str, most: int) -> Said:
        return Said(texts.periods_text(texts.days_of(self._read(), self._system.calendar), kind, most))

    def _performance(self, _: Sequence[str]) -> Said:
        system = self._system
        return Said(texts.performance_text(self._read(), system.capital_cents))

    def _regime(self, _: Sequence[str]) -> Said:
        desk = self._read()
        if desk.picture is not None:
            return Said(f"{desk.picture.regime}, as of {desk.picture.at:%Y-%m-%d %H:%M} UTC")
        last = desk.valuations.last
        if last is None:
            return Said("The market was never looked at.")
        return Said(f"{last.regime or 'unknown'}, as of {last.at:%Y-%m-%d %H:%M} UTC")

    def _why(self, rest: Sequence[str]) -> Said:
        if not rest:
            return Said("/why wants the id of a trade or signal: /positions and /signals show them.")
        desk = self._read()
        signal = signal_view(desk, rest[0])
        trade = rest[0]
        if signal is not None:
            if signal.outcome is None:
                features = "\n".join(f"  {name}: {value}" for name, value in signal.because.items())
                return Said(f"{texts.signals_text([signal])}\nBecause:\n{features}")
            trade = signal.outcome.trade_id
        with self._system.ledger() as ledger:
            return Said(explain_trade(telling_facts(ledger), trade).text)

    def _halt(self, rest: Sequence[str]) -> Said:
        exits = bool(rest) and rest[0] == "exits"
        reason = " ".join(rest[1:] if exits else rest) or IN_THE_CHAT
        left = "only what closes or reduces is sent" if exits else "nothing but cancels is sent"
        return Said(f"Halt trading? From then on {left}.", ("halt", "exits" if exits else "", reason))

    def _resume(self, rest: Sequence[str]) -> Said:
        status = self._status()
        if status.state == "active" and status.flag is None:
            return Said("Trading is active: there is nothing to resume.")
        reason = " ".join(rest) or IN_THE_CHAT
        return Said(f"Resume trading? It is {status.state}: {status.reason}.", ("resume", reason))

    def _flatten(self, said: Sequence[str]) -> Said:
        rest, how = _forced(said)
        symbol = rest[0].upper() if rest else ""
        held = [one for one in self._read().keeper.state.positions.values() if symbol in ("", one.underlying)]
        if not held and symbol:
            return Said(f"Nothing is held on {symbol}.")
        what = f"all {len(held)} positions on {symbol}" if symbol else f"all {len(held)} positions"
        then = "" if symbol else " Nothing is opened until a person resumes."
        return Said(
            f"Close {what}?{then}{AT_ANY_PRICE if how else ''}", ("flatten", symbol, how, IN_THE_CHAT)
        )

    def _close(self, said: Sequence[str]) -> Said:
        rest, how = _forced(said)
        if not rest:
            return Said("/close wants the id of a position: /positions shows them.")
        positions = self._read().keeper.state.positions
        found = [name for name in positions if name.startswith(rest[0])]
        if len(found) != 1:
            what = "No position begins" if not found else f"{len(found)} positions begin"
            return Said(f"{what} with {rest[0]!r}: /positions shows them.")
        position = positions[found[0]]
        return Said(
            f"Close {position.quantity} × {position.structure.describe()} of {position.strategy}?"
            f"{AT_ANY_PRICE if how else ''}",
            ("close", found[0], how, IN_THE_CHAT),
        )

    def _logs(self, _: Sequence[str]) -> Said:
        with self._system.ledger() as ledger:
            return Said(texts.log_text(ledger.records(after=max(0, ledger.head.seq - 5_000))))


def _forced(said: Sequence[str]) -> tuple[Sequence[str], str]:
    """Return what was said without a last word ``force``, and that word if it was there."""
    forced = bool(said) and said[-1].lower() == FORCE
    return (said[:-1], FORCE) if forced else (said, "")


def _became(answer: Answer) -> str:
    """Return what became of a request, in a sentence or two."""
    told = answer.told
    number = "" if told.request is None else f"Request {told.request}: "
    flag = " The halt flag is up." if answer.flagged else ""
    if told.state in ("met", "refused", "flagged"):
        return f"{number}{told.outcome or told.state}{flag}"
    if answer.running:
        return f"{number}written, and not met within {answer.seconds:.0f} s; you hear of it here.{flag}"
    return f"{number}written. No process runs now: it is met when one does.{flag}"
