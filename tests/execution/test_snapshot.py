"""A whole picture of a broker's side, or none: no error, part or moving account ever reads as holdings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from execution.tapes import put
from strikewise.domain.brokerage import AccountReport, BrokerStatus, HeldReport, OrderReport, Page
from strikewise.domain.orders import Known, Unknown
from strikewise.execution.onlooker import Onlooker
from strikewise.execution.simulated import SimulatedBroker
from strikewise.execution.snapshot import Snapshot, take_snapshot

NOW = datetime(2024, 3, 12, 15, tzinfo=UTC)
READS = ("account", "positions", "open_orders", "orders_since", "fills_since", "activities_since")
HELD = (HeldReport(put(480), -2), HeldReport(put(475), 2))


def report(name: str, status: BrokerStatus = BrokerStatus.WORKING, *, filled: int = 0) -> OrderReport:
    return OrderReport(name, f"b-{name}", status, None, 2, filled, -1_000, NOW)


class Scripted(Onlooker):
    """A broker that answers each read with what the script says next, and goes on with the last of it."""

    def __init__(self, **script: list[Any]) -> None:
        super().__init__(SimulatedBroker(0))
        whole: dict[str, list[Any]] = {
            "account": [AccountReport("A1", 1_000_000)],
            "positions": [HELD],
            "open_orders": [()],
            "orders_since": [()],
            "fills_since": [Page((), "1")],
            "activities_since": [Page((), "1")],
            "order": [None],
        }
        self._script = {name: list(script.get(name, answers)) for name, answers in whole.items()}
        self.asked: list[str] = []

    def _next(self, name: str) -> Any:
        self.asked.append(name)
        answers = self._script[name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Known | Unknown) else Known(answer, NOW)

    def account(self) -> Any:
        return self._next("account")

    def positions(self) -> Any:
        return self._next("positions")

    def open_orders(self) -> Any:
        return self._next("open_orders")

    def orders_since(self, since: datetime) -> Any:
        return self._next("orders_since")

    def fills_since(self, cursor: str) -> Any:
        return self._next("fills_since")

    def activities_since(self, cursor: str) -> Any:
        return self._next("activities_since")

    def order(self, order_id: str) -> Any:
        return self._next("order")


def picture(broker: Scripted, *open_ids: str) -> Snapshot | Unknown:
    since = NOW - timedelta(days=2)
    return take_snapshot(
        broker, since=since, open_ids=open_ids, fills_cursor="", activities_cursor="", now=NOW
    )


def whole(broker: Scripted, *open_ids: str) -> Snapshot:
    found = picture(broker, *open_ids)
    assert isinstance(found, Snapshot), found
    return found


def test_a_picture_has_what_each_read_said() -> None:
    found = whole(Scripted(open_orders=[(report("a"),)]))
    assert (found.account.cash_cents, found.positions, found.taken_at) == (1_000_000, HELD, NOW)
    assert [one.order_id for one in found.orders] == ["a"]


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "broken",
    [lambda _: Unknown("no answer"), lambda value: Known(value, NOW, complete=False)],
    ids=["failed", "in_part"],
)
def test_one_read_that_fails_or_is_not_whole_makes_all_of_it_unknown(
    name: str, broken: Callable[[Any], Any]
) -> None:
    good = Scripted()._next(name).value
    assert isinstance(picture(Scripted(**{name: [broken(good)]})), Unknown)


@pytest.mark.parametrize("name", ["account", "positions"])
def test_the_second_look_at_the_account_must_be_whole_too(name: str) -> None:
    good = Scripted()._next(name).value
    for bad in (Unknown("no answer"), Known(good, NOW, complete=False)):
        assert isinstance(picture(Scripted(**{name: [good, bad]})), Unknown)


def test_an_account_that_moves_meanwhile_is_read_again_until_it_stands_still() -> None:
    moved = (HeldReport(put(480), -1), HeldReport(put(475), 1))
    found = whole(Scripted(positions=[moved, HELD, HELD, HELD]))
    assert found.positions == HELD
    richer = [AccountReport("A1", cents) for cents in (1, 2, 3, 3)]
    assert whole(Scripted(account=richer)).account.cash_cents == 3


def test_an_account_that_does_not_stand_still_gives_no_picture() -> None:
    found = picture(Scripted(account=[AccountReport("A1", cents) for cents in range(20)]))
    assert isinstance(found, Unknown)
    assert "moved while it was read" in found.reason


def test_an_order_that_ended_between_the_two_lists_is_told_as_ended() -> None:
    ended = report("a", BrokerStatus.FILLED, filled=2)
    (found,) = whole(Scripted(open_orders=[(report("a"),)], orders_since=[(ended,)])).orders
    assert found is ended


def test_only_open_orders_that_no_list_has_are_looked_for_and_what_is_not_there_is_said() -> None:
    broker = Scripted(open_orders=[(report("a"),)], order=[report("b"), None])
    found = whole(broker, "a", "b", "c")
    assert found.sought == {"b": report("b"), "c": None}
    assert broker.asked.count("order") == 2


def test_an_order_that_cannot_be_looked_for_makes_all_of_it_unknown() -> None:
    assert isinstance(picture(Scripted(order=[Unknown("no answer")]), "a"), Unknown)
