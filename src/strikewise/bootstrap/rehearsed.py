"""Trade the stored past through Alpaca's protocol: its adapter before the local server, in one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from strikewise.adapters.brokers.alpaca import AlpacaBroker, Patience
from strikewise.adapters.brokers.alpaca_server.venue import Venue
from strikewise.adapters.brokers.fault_plan import FaultPlan
from strikewise.bootstrap.parts import Rules, Through
from strikewise.bootstrap.rehearsal import AlpacaRehearsal, simulated_venue
from strikewise.domain.brokerage import Health
from strikewise.domain.errors import SettingsError
from strikewise.domain.orders import BrokerEvent
from strikewise.engine.spec import RunSpec
from strikewise.market.clock import Clock
from strikewise.market.view import Market
from strikewise.portfolio.ledger import Ledger

__all__ = ["ReplayTimer", "through_local_alpaca"]

A_MINUTE = 100_000
"""Requests: a server of our own answers whatever is asked, and a replay's minutes are short."""
PATIENCE = Patience(connect=2.0, read=1.0, stream=5.0, silence=30.0, again=0.02)
"""The server answers in milliseconds, or on purpose not at all. Silence is of the market's time."""

ARRIVES_WITHIN = 1.0
"""Seconds; what was cut off on its way never does."""


class ReplayTimer:
    """Durations of a past that is replayed: nobody waits for them.

    Parameters
    ----------
    clock : Clock
        The replay's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._slept = clock, 0.0

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return self._clock.now().timestamp() + self._slept

    def sleep(self, seconds: float) -> None:
        """Go on at once, as if so many seconds had passed."""
        self._slept += seconds


class _LocalAlpaca(AlpacaBroker):
    """Alpaca's adapter before a local server whose time is the replay's.

    The server's clock shows what the replay's does, and the past does not go on before what was told has
    arrived.
    """

    rehearsal: AlpacaRehearsal
    clock: Clock
    _lost = 0

    def health(self) -> Health:
        """Say whether orders can be sent and events arrive."""
        self.rehearsal.venue.advance(self.clock.now())
        return super().health()

    def events(self) -> Sequence[BrokerEvent]:
        """Return what the stream told since the last call, all of it."""
        self.rehearsal.venue.advance(self.clock.now())
        told = self.rehearsal.told()
        self._lost = told - self._stream.wait_for(told - self._lost, ARRIVES_WITHIN)
        return super().events()


@contextmanager
def through_local_alpaca(
    spec: RunSpec,
    rules: Rules,
    ledger: Ledger,
    market: Market,
    clock: Clock,
    faults: FaultPlan | None = None,
) -> Iterator[Through]:
    """Serve a simulated account as Alpaca does, and give its adapter.

    Raises
    ------
    SettingsError
        If the extras are not installed, the faults cannot be carried out there, or the ledger has a past: the
        server's account begins anew with every process.
    """
    if ledger.head.seq:
        raise SettingsError(
            "The local server's account begins anew with each rehearsal, and this ledger has a past: "
            "name a new folder with --into, or none."
        )
    venue = _venue(spec, rules, market, clock)
    with AlpacaRehearsal(venue, faults=faults) as rehearsal:
        broker = _LocalAlpaca(
            rehearsal.server.key,
            rehearsal.server.secret,
            url=rehearsal.server.url,
            stream_url=rehearsal.server.stream_url,
            clock=clock,
            account_id=venue.account_id,
            underlyings=spec.underlyings,
            begin=clock.now(),
            timer=ReplayTimer(clock),
            requests_a_minute=A_MINUTE,
            patience=PATIENCE,
        )
        broker.rehearsal, broker.clock = rehearsal, clock
        try:
            yield Through(broker, rehearsal.follow, rules.fees)
        finally:
            broker.close()


def _venue(spec: RunSpec, rules: Rules, market: Market, clock: Clock) -> Venue:
    """Return the account, in a market of its own: what its threads look up does not meet the loop's."""
    return simulated_venue(
        Market(market.source, market.calendar),
        clock.now(),
        spec.capital_cents,
        rule=rules.fills,
        fees=rules.fees,
        exercise=rules.exercise,
        financing=rules.financing,
        lag=rules.lag,
    )
