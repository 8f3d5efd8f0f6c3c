"""What may be asked about the installation itself, and what the codes it prints mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from strikewise.domain.denials import DenialCode
from strikewise.execution.halt_flag import Raised
from strikewise.execution.heartbeat import Heartbeat
from strikewise.market.view import Market
from strikewise.portfolio.lease import Lease
from strikewise.portfolio.ledger import verify
from strikewise.pricing.kernels import DEFAULT
from strikewise.risk.readiness import lacks
from strikewise.service.system import System

__all__ = [
    "DENIALS",
    "BrokerSeen",
    "Condition",
    "Level",
    "TraderSeen",
    "broker_conditions",
    "pricing_kernels",
    "readiness",
    "trader_conditions",
    "verify_ledger",
]

DENIALS: Mapping[str, str] = MappingProxyType({code.value: code.meaning for code in DenialCode})
"""What each denial code means, in a sentence."""


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a part of the installation is.

    Attributes
    ----------
    check : str
        What was looked at.
    level : Level
        How it is.
    found : str
        What was found.
    advice : str
        What to do; empty where nothing is to be done.
    """

    check: str
    level: Level
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class TraderSeen:
    """What shows from outside of the process that trades the account.

    Attributes
    ----------
    lease : Lease or None
        Who may write decisions; None where nobody has it.
    gone : bool
        Whether that process has certainly ended.
    heartbeat : Heartbeat or None
        Its latest sign of life; None where none ever ran.
    raised : Raised or None
        The halt flag, where it is up.
    waiting : int
        Bytes of facts that were written beside the ledger, and are to be merged into it.
    """

    lease: Lease | None = None
    gone: bool = False
    heartbeat: Heartbeat | None = None
    raised: Raised | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class BrokerSeen:
    """What a broker says of itself when it is asked and nothing is traded.

    Attributes
    ----------
    name : str
        Which broker.
    account : str
        The account it showed.
    problem : str
        Why it cannot be worked with; empty where it can.
    skew_seconds : float or None
        How far its clock is ahead of ours; None where it did not say.
    skew_warns, skew_halts : float
        From how many seconds on that is worth a word, and halts trading.
    """

    name: str
    account: str = ""
    problem: str = ""
    skew_seconds: float | None = None
    skew_warns: float = 2.0
    skew_halts: float = 30.0


def trader_conditions(seen: TraderSeen, now: datetime) -> Iterator[Condition]:
    """Judge what shows of the process that trades: its lease, its life, the halt flag, facts that wait."""
    yield _lease(seen, now)
    yield _process(seen, now)
    raised = seen.raised
    if raised is None:
        yield Condition("halt flag", Level.OK, "not raised")
    else:
        sent = "only what closes is sent" if raised.exits else "nothing is sent"
        found = f"raised by {raised.by} at {raised.at:%Y-%m-%d %H:%M} UTC ({raised.reason}): {sent}"
        yield Condition("halt flag", Level.WARN, found, "strikewise resume, once the reason is gone.")
    if seen.waiting:
        found = "facts wait beside the ledger: it could not be written when they happened"
        yield Condition("emergency journal", Level.WARN, found, "strikewise run merges them when it starts.")


def broker_conditions(seen: BrokerSeen) -> Iterator[Condition]:
    """Judge what a broker said: whether the account can be worked with, and the clocks."""
    if seen.problem:
        found = f"{seen.name} cannot be traded through: {seen.problem}"
        yield Condition("broker", Level.FAIL, found, "Put right what it names; nothing is traded until then.")
        return
    yield Condition("broker", Level.OK, f"{seen.name} shows the account {seen.account}")
    if seen.skew_seconds is None:
        yield Condition("broker's clock", Level.WARN, f"{seen.name} did not tell its time")
        return
    off = abs(seen.skew_seconds)
    level = Level.FAIL if off >= seen.skew_halts else Level.WARN if off >= seen.skew_warns else Level.OK
    side = "behind" if seen.skew_seconds > 0 else "ahead of"
    found = f"ours is {off:.1f} seconds {side} it"
    advice = "" if level is Level.OK else "Let this machine keep time: timedatectl set-ntp true."
    yield Condition("broker's clock", level, found, advice)


def readiness(system: System, underlyings: Sequence[str]) -> Condition:
    """Judge whether enough is stored for the account's limits to be told of what may be traded."""
    view = Market(system.data.source(), system.calendar).view(system.now())
    found = lacks(view, underlyings, system.governor)
    if not found:
        return Condition("risk", Level.OK, f"that of {', '.join(underlyings)} can be told")
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    said, advice = _parted(found[0])
    return Condition("risk", Level.WARN, f"{said}{more}", advice)


def _parted(sentence: str) -> tuple[str, str]:
    """Return what is so, and what to do."""
    said, _, advice = sentence.partition(". ")
    return said, advice


def _lease(seen: TraderSeen, now: datetime) -> Condition:
    lease = seen.lease
    if lease is None:
        return Condition("lease", Level.OK, "nobody trades the account")
    until = f"{lease.until:%Y-%m-%d %H:%M:%S} UTC"
    if seen.gone:
        found = f"held until {until} by {lease.holder}, which is dead"
        return Condition("lease", Level.WARN, found, "strikewise run takes it over at once.")
    if not lease.holds(now):
        found = f"ran out {until}; {lease.holder} did not give it back"
        return Condition("lease", Level.WARN, found, "strikewise run takes it.")
    return Condition("lease", Level.OK, f"held by {lease.holder} until {until}")


def _process(seen: TraderSeen, now: datetime) -> Condition:
    beat = seen.heartbeat
    if beat is None:
        return Condition("process", Level.OK, "none ever traded here")
    at = f"{beat.at:%Y-%m-%d %H:%M:%S} UTC"
    if beat.phase == "stopping":
        return Condition("process", Level.OK, f"stopped at {at}")
    died = seen.gone and seen.lease is not None and seen.lease.holder == beat.holder
    if died or not beat.alive(now):
        found = f"no sign of life since {at}, and it did not stop: it died or is stuck"
        advice = "strikewise run starts it again; where it is stuck, end that process first."
        return Condition("process", Level.FAIL if seen.lease and not seen.gone else Level.WARN, found, advice)
    if not beat.connected:
        found = f"it runs ({beat.phase}), and cannot reach {beat.broker}"
        return Condition("process", Level.WARN, found, "strikewise status says why.")
    return Condition("process", Level.OK, f"it runs ({beat.phase}) through {beat.broker}, {beat.state}")


def verify_ledger(system: System) -> int:
    """Open the account's ledger, check its whole chain of hashes, and return how many facts it has.

    Raises
    ------
    LedgerError
        If it cannot be opened.
    LedgerCorruptError
        If a fact does not fit the chain.
    """
    with system.ledger() as ledger:
        return verify(ledger.facts()).seq


def pricing_kernels() -> tuple[str, bool]:
    """Return the name of the kernels that price, and whether they are the compiled ones."""
    return DEFAULT.name, DEFAULT.name == "numba"
