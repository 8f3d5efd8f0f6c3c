"""A signal that a person took is ordered once, wherever the process dies between the request and the fill."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine.watched import ANNA, DAY, NEXT, SPREAD
from recovery.dying import DeathError, Mortal
from recovery.small_world import END, TRADER, World, mortal, ours
from strikewise.domain.answered import SignalOffered
from strikewise.domain.control import RequestMet, TakeRequested
from strikewise.domain.events import OrderClosed, OrderFilled, OrderPlaced
from strikewise.domain.orders import Purpose
from strikewise.engine.answering import Answering
from strikewise.portfolio.ledger import Entry, verify
from strikewise.portfolio.offers import Offers, Stand

ASKS = Answering(asks=True, life=timedelta(hours=2))


def asking(*, survives: bool = True) -> World:
    """Return a world in which a person takes a signal twice, as soon as it is offered."""
    world = mortal(
        trader=replace(TRADER, opens={DAY: [SPREAD]}, closes=frozenset({NEXT})),
        answering=ASKS,
        survives=survives,
    )
    append, done = world.ledger.append, []

    def overheard(entries, **options):  # type: ignore[no-untyped-def]
        last = append(entries, **options)
        offer = next((one.event for one in entries if isinstance(one.event, SignalOffered)), None)
        if offer is not None and not done:
            done.append(1)
            for why in ("page", "chat"):
                wanted = Entry(TakeRequested(offer.signal_id, why), world.clock.now(), ANNA)
                append([wanted], recorded_at=world.clock.now())
        return last

    world.ledger.append = overheard
    return world


def checked(world: World, told: str) -> None:
    """Check that a broker heard of one order, and that each request was answered once."""
    opened = [one.order.order_id for one in world.told(OrderPlaced) if one.order.purpose is Purpose.OPEN]
    ended = [one.ended for one in world.told(OrderClosed) if one.ended.outcome == "never_sent"]
    never = {one.order_id for one in ended} & set(opened)
    assert len(set(opened) - never) == 1, told
    fills = [one.execution.execution_id for one in world.told(OrderFilled)]
    assert len(fills) == len(set(fills)) == 2, told
    # What no broker ever heard of may be taken again, and the second request was waiting.
    assert [one.done for one in world.told(RequestMet)] == [True, bool(never)], told
    verify(world.ledger.facts())
    offers = Offers()
    for record in world.records():
        offers = offers.apply(record)
    (seen,) = [one for one in offers.signals.values() if one.until is not None]
    assert seen.stand is Stand.TAKEN, told


def test_a_process_takes_what_a_person_took_and_closes_it_by_itself() -> None:
    world = asking()
    daemon = world.process()
    assert daemon.run(until=END).code == 0
    checked(world, "without a death")
    assert ours(daemon) == world.truth()


@pytest.mark.parametrize("survives", [True, False], ids=["a broker elsewhere", "a broker of the process"])
@pytest.mark.parametrize("after", [True, False], ids=["after the call", "before it"])
def test_wherever_it_dies_a_taken_signal_is_ordered_once(survives: bool, after: bool) -> None:
    counted, world = Mortal(), asking(survives=survives)
    whole = world.process(wrap=counted.wrap)
    whole.run(until=END)
    end, deaths = ours(whole), 0
    for point in range(1, counted.calls + 1):
        world, doomed = asking(survives=survives), Mortal(point, after=after)
        try:
            world.process(wrap=doomed.wrap).run(until=END)
        except DeathError:
            deaths += 1
        daemon = world.process()
        assert daemon.run(until=END).code == 0
        checked(world, f"after a death at call {point}")
        assert ours(daemon) == world.truth() == end, f"after a death at call {point}"
    assert deaths >= counted.calls - 1, "an append that finds requests is refused, and nothing dies after it"
