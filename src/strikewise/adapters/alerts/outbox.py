"""Alerts on their way, on disk: what was read of the ledger, what waits, what was told through what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from strikewise.adapters.alerts.alert import Alert, Button, Level
from strikewise.adapters.alerts.outbox_tables import (
    OutboxFile,
    alerts,
    buttons,
    cursors,
    deliveries,
    messages,
    mutes,
)
from strikewise.adapters.alerts.policy import MINUTE, Waiting
from strikewise.domain.identifiers import short_digest
from strikewise.portfolio.ledger import GENESIS, Ledger, Wanted

__all__ = ["Outbox", "Place"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""When the place before the first fact was written."""

KEPT = timedelta(days=90)
"""How long what was told is remembered."""
MOST = 500
"""Deliveries that are looked at together, the most important first."""

WAITING, TOLD, ELSEWHERE = "waiting", "told", "elsewhere"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a ledger was read.

    Attributes
    ----------
    seq : int
        The last fact; 0 for the beginning.
    hash : str
        Its hash, by which another ledger is known; empty where an earlier version did not keep it.
    written_at : datetime
        When it was written; 1970 where an earlier version did not keep it.
    """

    seq: int
    hash: str
    written_at: datetime

    @classmethod
    def of(cls, ledger: Ledger, seq: int) -> Place | None:
        """Return the place of a fact; None where the ledger has none of that number."""
        if seq == 0:
            return cls(0, GENESIS, BEGINNING)
        found = ledger.find(Wanted(after=seq - 1, before=seq + 1), 1)
        return cls(seq, found[0].hash, found[0].recorded_at) if found else None

    def is_in(self, ledger: Ledger) -> bool:
        """Return whether a ledger has this very fact."""
        there = Place.of(ledger, self.seq)
        return there is not None and self.hash in ("", there.hash)

    def last_before(self, ledger: Ledger) -> int:
        """Return the last fact of another ledger that is no younger; its last where that is unknown."""
        if not self.hash:
            return ledger.head.seq
        older = takewhile(lambda fact: fact.recorded_at <= self.written_at, ledger.facts())
        return max((fact.seq for fact in older), default=0)


class Outbox(OutboxFile):
    """Alerts that wait, in a small database of their own; safe for several threads of one process.

    Parameters
    ----------
    path : Path
        The file; made if it is not there, for its owner's eyes.
    ledger : str
        Whose cursor this is: the account's name, or any other that is the ledger's own.
    repeat : timedelta
        How long the same matter is not told anew, unless it is critical; it is counted instead.

    Raises
    ------
    StoreError
        If the file cannot be made or read.
    """

    def __init__(self, path: Path, ledger: str, *, repeat: timedelta = timedelta(minutes=15)) -> None:
        super().__init__(path)
        self._ledger, self._repeat = ledger, repeat

    # --- reading on ------------------------------------------------------------------------------------

    def place(self) -> Place | None:
        """Return the last fact whose alerts were taken; None where nobody ever asked."""
        with self.reading() as connection:
            found = connection.execute(select(cursors).where(cursors.c.ledger == self._ledger)).first()
        return None if found is None else Place(found.seq, found.hash, _instant(found.written_at))

    def take(
        self, found: Sequence[Alert], place: Place | None, channels: Mapping[str, Level], now: datetime
    ) -> int:
        """Take alerts and move the cursor, both or neither; return how many are new and will be told.

        Parameters
        ----------
        found : sequence of Alert
            In order.
        place : Place or None
            The last fact they were made of; None leaves the cursor where it is.
        channels : mapping of str to Level
            Channels, and from which level on each is told.
        now : datetime
            The present instant.
        """
        taken = 0
        with self.writing() as connection:
            for alert in found:
                taken += self._take(connection, alert, channels, now)
            if place is not None:
                at = {"seq": place.seq, "hash": place.hash, "written_at": _micro(place.written_at)}
                connection.execute(delete(cursors).where(cursors.c.ledger == self._ledger))
                connection.execute(insert(cursors).values(ledger=self._ledger, **at))
        return taken

    def _take(
        self, connection: Connection, alert: Alert, channels: Mapping[str, Level], now: datetime
    ) -> bool:
        name = self._named(alert)
        if connection.scalar(select(alerts.c.alert_id).where(alerts.c.alert_id == name)) is not None:
            return False
        matter = f"{self._ledger}/{alert.matter}" if alert.matter else ""
        last = _last_of(connection, matter) if matter else None
        if last and alert.level is not Level.CRITICAL and _micro(now - self._repeat) < last.taken_at:
            again = update(alerts).where(alerts.c.alert_id == last.alert_id)
            connection.execute(again.values(repeats=alerts.c.repeats + 1))
            return False
        more = "" if not last or not last.repeats else _more(last)
        connection.execute(insert(alerts).values(_row(alert, name, matter, more, now)))
        for channel, least in channels.items():
            if alert.level.rank >= least.rank:
                _send(connection, name, channel, now)
        return True

    def _named(self, alert: Alert) -> str:
        return f"{self._ledger}/{alert.alert_id}"

    # --- telling ---------------------------------------------------------------------------------------

    def waiting(self, channel: str) -> list[Waiting]:
        """Return what is on its way through a channel, the most important first, then the oldest."""
        query = (
            select(deliveries, alerts)
            .join(alerts, alerts.c.alert_id == deliveries.c.alert_id)
            .where(deliveries.c.channel == channel, deliveries.c.state == WAITING)
            .order_by(alerts.c.rank.desc(), deliveries.c.delivery)
            .limit(MOST)
        )
        with self.reading() as connection:
            return [_waiting(row, f"{self._ledger}/") for row in connection.execute(query)]

    def sent_at(self, channel: str, now: datetime) -> list[datetime]:
        """Return when messages went through a channel within the last minute."""
        with self.reading() as connection:
            found = connection.scalars(
                select(messages.c.sent_at).where(
                    messages.c.channel == channel, messages.c.sent_at > _micro(now - MINUTE)
                )
            )
            return [_instant(at) for at in found]

    def told(self, channel: str, through: Iterable[int], now: datetime) -> None:
        """Write down that a message went through; what it was passed on from waits no more."""
        numbers = list(through)
        with self.writing() as connection:
            connection.execute(insert(messages).values(channel=channel, sent_at=_micro(now)))
            chosen = deliveries.c.delivery.in_(numbers)
            connection.execute(update(deliveries).where(chosen).values(state=TOLD, told_at=_micro(now)))
            names = select(deliveries.c.alert_id).where(chosen, deliveries.c.note != "")
            connection.execute(
                update(deliveries)
                .where(deliveries.c.alert_id.in_(names), deliveries.c.state == WAITING)
                .values(state=ELSEWHERE)
            )
            old = _micro(now - KEPT)
            connection.execute(delete(messages).where(messages.c.sent_at < _micro(now - 2 * MINUTE)))
            over = select(alerts.c.alert_id).where(alerts.c.taken_at < old)
            connection.execute(
                delete(deliveries).where(deliveries.c.alert_id.in_(over), deliveries.c.state != WAITING)
            )

    def failed(self, numbers: Iterable[int], error: str, due_at: datetime, *, counts: bool = True) -> None:
        """Write down that a message did not go through, and when to try again."""
        with self.writing() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.delivery.in_(list(numbers)))
                .values(
                    attempts=deliveries.c.attempts + int(counts), error=error[:500], due_at=_micro(due_at)
                )
            )

    def pass_on(self, through: Iterable[int], others: Sequence[str], note: str, now: datetime) -> int:
        """Let what a failing channel has be told through the next that does not have it; return how much.

        What another channel has told, or is about to tell for the first time, is not passed on.
        """
        passed = 0
        with self.writing() as connection:
            stuck = select(deliveries.c.alert_id).where(deliveries.c.delivery.in_(list(through)))
            for name in list(connection.scalars(stuck)):
                query = select(deliveries.c.channel, deliveries.c.state, deliveries.c.attempts)
                has = [
                    row
                    for row in connection.execute(query.where(deliveries.c.alert_id == name))
                    if row.channel in others
                ]
                if any(row.state == TOLD or row.attempts == 0 for row in has):
                    continue
                following = next((one for one in others if one not in {row.channel for row in has}), None)
                if following is not None:
                    _send(connection, name, following, now, note)
                    passed += 1
        return passed

    # --- people ----------------------------------------------------------------------------------------

    def mute(self, channel: str, until: datetime) -> None:
        """Keep back what is not critical until an instant."""
        with self.writing() as connection:
            connection.execute(delete(mutes).where(mutes.c.channel == channel))
            connection.execute(insert(mutes).values(channel=channel, until=_micro(until)))

    def muted_until(self, channel: str) -> datetime | None:
        """Return until when a channel is mute; None where it is not, or was."""
        with self.reading() as connection:
            found = connection.scalar(select(mutes.c.until).where(mutes.c.channel == channel))
        return None if found is None else _instant(found)

    def remember(self, words: Sequence[str]) -> str:
        """Return a short token that stands for a command on a button, now and after a restart."""
        written = json.dumps(list(words))
        token = short_digest(written)
        with self.writing() as connection:
            if connection.scalar(select(buttons.c.token).where(buttons.c.token == token)) is None:
                connection.execute(insert(buttons).values(token=token, words=written))
        return token

    def words_of(self, token: str) -> tuple[str, ...]:
        """Return the command that a token stands for; empty where there is none."""
        with self.reading() as connection:
            found = connection.scalar(select(buttons.c.words).where(buttons.c.token == token))
        return () if found is None else tuple(json.loads(found))

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many deliveries are in which state, by channel."""
        by = deliveries.c.channel, deliveries.c.state
        query = select(*by, func.count()).group_by(*by)
        found: dict[str, dict[str, int]] = {}
        with self.reading() as connection:
            for channel, state, number in connection.execute(query):
                found.setdefault(channel, {})[state] = number
        return found


def _waiting(row: Any, ledger: str) -> Waiting:
    offered = tuple(Button(one[0], tuple(one[1:])) for one in json.loads(row.buttons))
    name, level = row.alert_id.removeprefix(ledger), Level(row.level)
    alert = Alert(name, row.seq, level, row.code, row.title, row.text, _instant(row.at), offered)
    return Waiting(row.delivery, alert, _instant(row.due_at), row.attempts, row.note, row.repeats)


def _last_of(connection: Connection, matter: str) -> Any:
    query = select(alerts.c.alert_id, alerts.c.taken_at, alerts.c.repeats).where(alerts.c.matter == matter)
    return connection.execute(query.order_by(alerts.c.taken_at.desc()).limit(1)).first()


def _more(last: Any) -> str:
    times = "once" if last.repeats == 1 else f"{last.repeats} times"
    return f"\nIt happened {times} more after {_instant(last.taken_at):%H:%M} UTC."


def _row(alert: Alert, name: str, matter: str, more: str, now: datetime) -> dict[str, Any]:
    return {
        "alert_id": name,
        "seq": alert.seq,
        "level": alert.level.value,
        "rank": alert.level.rank,
        "code": alert.code,
        "matter": matter,
        "title": alert.title,
        "text": alert.text + more,
        "at": _micro(alert.at),
        "taken_at": _micro(now),
        "buttons": json.dumps([[one.label, *one.words] for one in alert.buttons]),
        "repeats": 0,
    }


def _send(connection: Connection, name: str, channel: str, now: datetime, note: str = "") -> None:
    connection.execute(
        insert(deliveries).values(
            alert_id=name, channel=channel, state=WAITING, due_at=_micro(now), attempts=0, note=note, error=""
        )
    )


def _micro(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _instant(micro: int) -> datetime:
    return datetime.fromtimestamp(micro / 1_000_000, UTC)
