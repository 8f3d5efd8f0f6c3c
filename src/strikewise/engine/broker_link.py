"""The link to a broker: looked at often, and mended with patience."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strikewise.domain.brokerage import Health
from strikewise.domain.events import Event
from strikewise.engine.courier import Courier
from strikewise.engine.lookout import Lookout
from strikewise.portfolio.controls import ControlState

__all__ = ["BrokerLink"]

AT_FIRST, AT_MOST = timedelta(seconds=1), timedelta(seconds=60)
"""How long to wait before connecting again: at first, and after many vain tries."""


class BrokerLink:
    """Whether the broker can be reached, and what is done about it.

    Parameters
    ----------
    courier : Courier
        Who speaks with it.
    lookout : Lookout
        Who tells each trouble once.

    Attributes
    ----------
    health : Health
        As it was last looked at.
    """

    def __init__(self, courier: Courier, lookout: Lookout) -> None:
        self._courier, self._lookout = courier, lookout
        self.health = Health(connected=False, reason="not connected yet")
        self._tries, self._try_at = 0, datetime.min.replace(tzinfo=UTC)

    def connect(self, now: datetime) -> list[Event]:
        """Connect for the first time, and return what is to be told."""
        self.health = self._courier.broker.connect()
        return self._lookout.at_broker(self.health, now, in_session=False)

    def look(self, now: datetime, control: ControlState, *, in_session: bool) -> list[Event]:
        """Look how the broker is, connect again where it is gone, and return what is to be told and done."""
        self.health = self._courier.broker.health()
        if not _is_whole(self.health) and now >= self._try_at:
            self._try_at = now + min(AT_FIRST * (1 << min(self._tries, 10)), AT_MOST)
            self._tries += 1
            self.health = self._courier.broker.connect()
            if _is_whole(self.health):
                self._courier.doubtful = True  # what happened meanwhile nobody told us
        if _is_whole(self.health):
            self._tries = 0
        told = self._lookout.at_broker(self.health, now, in_session=in_session)
        return told + self._lookout.at_clock(self.health.skew_seconds, control)


def _is_whole(health: Health) -> bool:
    return health.connected and health.tells
