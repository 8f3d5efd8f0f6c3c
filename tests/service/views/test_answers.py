"""How a signal stands, who answered it and until when it may be, as people and programs are shown it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.hand_made import Told
from engine.test_answering import ASKS, asking, offered
from engine.watched import ANNA, DAY, LOWER, SPREAD, Account, at
from service.systems import system_of
from strikewise.domain.answered import SignalOffered
from strikewise.domain.control import DismissRequested, HaltRequested, TakeRequested
from strikewise.domain.errors import MissingDataError, RefusedError
from strikewise.domain.events import SignalGenerated
from strikewise.service.answers import (
    desk_of,
    dismiss,
    latest_signals,
    standing_of,
    take,
    whole_name,
)
from strikewise.service.explain import explain_trade
from strikewise.service.system import System
from strikewise.service.views.signals import SignalView, signal_view


def system(account: Account) -> System:
    return system_of(
        account.market.source, account=account.ledger, clock=account.clock, answering=account.answering
    )


def shown(account: Account, name: str) -> SignalView:
    desk = desk_of(system(account))
    view = signal_view(desk, name, standing_of(system(account), desk))
    assert view is not None
    return view


def test_what_is_offered_says_how_much_and_until_when_and_how_it_would_be_left() -> None:
    account = asking()
    view = shown(account, offered(account))
    assert (view.decision, view.answerable, view.quantity, view.until) == ("offered", True, 1, at(11))
    assert (view.answered_by, view.taken_as, view.taken_from, view.outcome) == ("", "", "", None)


def test_what_was_taken_names_the_person_its_repricing_and_what_came_of_it() -> None:
    account = asking()
    name = offered(account)
    account.ask(TakeRequested(name, "fine"))
    account.tick(2, seeks=False)
    view, order = shown(account, name), account.broker.heard[0]
    assert (view.decision, view.answerable, view.quantity) == ("taken", False, 1)
    assert (view.answered_by, view.taken_as) == (ANNA, order.signal_id)
    assert view.outcome is not None
    assert view.outcome.trade_id == order.position_id
    anew = shown(account, order.signal_id)
    assert (anew.decision, anew.taken_from, anew.answerable) == ("ordered", name, False)


def test_what_was_dismissed_names_the_person_and_what_ran_out_says_so_before_the_loop_does() -> None:
    account = asking(strategies=(Told({DAY: [SPREAD, LOWER]}),))
    one, other = [told.signal_id for told in account.told(SignalOffered)]
    account.ask(DismissRequested(one, "no, thanks"))
    account.tick(2, seeks=False)
    assert (shown(account, one).decision, shown(account, one).answered_by) == ("dismissed", ANNA)
    account.clock.advance_to(at(12))
    late = shown(account, other)
    assert (late.decision, late.answerable, late.until) == ("expired", False, at(11))


def test_the_list_may_be_of_those_that_can_be_taken() -> None:
    account = asking(strategies=(Told({DAY: [SPREAD, LOWER]}),))
    one, other = [told.signal_id for told in account.told(SignalOffered)]
    account.ask(DismissRequested(one, "no"))
    account.tick(2, seeks=False)
    assert [view.signal_id for view in latest_signals(system(account), answerable=True)] == [other]
    assert len(latest_signals(system(account))) == 2


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda account: account.ask(HaltRequested("wait")), "trading is halted"),
        (lambda account: account.clock.advance_to(at(30)), "ran out at 2024-02-05 14:41"),
        (lambda account: (account.ask(DismissRequested(offered(account), "")), account.tick(2)), "already"),
    ],
    ids=["halted", "late", "dismissed"],
)
def test_what_cannot_be_taken_is_refused_before_anything_is_written(what: Any, sentence: str) -> None:
    account = asking()
    what(account)
    before = account.ledger.head.seq
    desk = desk_of(system(account))
    with pytest.raises(RefusedError, match=sentence):
        take(system(account), desk, offered(account), "fine", "anna")
    assert account.ledger.head.seq == before


def test_what_is_an_order_cannot_be_dismissed_and_who_is_unknown_neither() -> None:
    account = asking()
    account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    desk = desk_of(system(account))
    with pytest.raises(RefusedError, match="was taken already"):
        dismiss(system(account), desk, offered(account), "", "anna")
    with pytest.raises(MissingDataError, match="strikewise signals"):
        dismiss(system(account), desk, "nobody", "", "anna")


def test_the_beginning_of_an_id_is_enough_where_it_is_one_signals() -> None:
    account = asking(strategies=(Told({DAY: [SPREAD, LOWER]}),))
    desk = desk_of(system(account))
    one = offered(account)
    assert whole_name(desk, one) == one
    for beginning in ("told", "x", ""):
        with pytest.raises(MissingDataError, match="strikewise signals"):
            whole_name(desk, beginning)


def test_a_request_carries_the_person_and_lasts_as_long_as_the_settings_say() -> None:
    account = asking()
    told = take(system(account), desk_of(system(account)), offered(account), "fine", "anna")
    record = list(account.ledger.records())[-1]
    assert (record.seq, record.actor) == (told.request, ANNA)
    assert record.event == TakeRequested(offered(account), "fine")
    seen = next(one for one in account.ledger.records() if isinstance(one.event, SignalGenerated))
    assert record.cause == seen.seq
    assert ASKS.life == timedelta(minutes=10)


def test_the_story_of_a_trade_begins_with_what_was_seen_and_names_who_took_it() -> None:
    account = asking()
    take(system(account), desk_of(system(account)), offered(account), "I like it", "anna")
    account.tick(2, seeks=False)
    told = explain_trade(list(account.ledger.facts()), account.broker.heard[0].position_id)
    kinds = [one.kind for one in told.steps]
    first = ["RunStarted", "SignalGenerated", "TakeRequested", "SignalTaken", "SignalGenerated"]
    assert kinds[:6] == [*first, "OrderPlaced"]
    assert "anna took it, in these words: I like it." in told.text
