"""What people take is priced anew and passes the whole gate; what they dismiss is not proposed again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.hand_made import Told
from engine.test_rolling import Rolling
from engine.watched import ANNA, DAY, LOWER, NEXT, SPREAD, Account, at, by_the_minute
from execution.tapes import Row, put
from strikewise.domain.answered import SignalDismissed, SignalExpired, SignalOffered, SignalTaken
from strikewise.domain.control import (
    DismissRequested,
    HaltRequested,
    RequestMet,
    ResumeRequested,
    TakeRequested,
)
from strikewise.domain.denials import DenialCode
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import OrderPlaced, SignalDenied, SignalGenerated
from strikewise.domain.orders import Purpose
from strikewise.engine.answering import Answering
from strikewise.engine.taking import repriced
from strikewise.portfolio.journal import journal_of
from strikewise.portfolio.lineage import lineage

ASKS = Answering(asks=True, life=timedelta(minutes=10))
DEARER: list[Row] = [(put(480), 98, 110), (put(475), 40, 50)]
MUCH_DEARER: list[Row] = [(put(480), 70, 110), (put(475), 40, 50)]
UNQUOTED: list[Row] = [(put(480), 100, 110)]


def asking(*, then: list[Row] | None = None, **options: Any) -> Account:
    """Return an account that offered SPREAD in its first minute; quotes are others from the second on."""
    quotes = dict(by_the_minute()) | dict(by_the_minute(day=NEXT))
    if then is not None:
        quotes |= {instant: (490.0, then) for instant in quotes if instant > at(1)}
    strategies = options.pop("strategies", (Told({DAY: [SPREAD], NEXT: [SPREAD]}),))
    account = Account(strategies, quotes, answering=ASKS, **options)
    account.tick(1)
    return account


def offered(account: Account) -> str:
    return str(account.told(SignalOffered)[-1].signal_id)


def answers(account: Account) -> list[tuple[int, bool]]:
    return [(one.request, one.done) for one in account.told(RequestMet)]


def test_whoever_asks_first_orders_nothing_and_says_what_would_be_ordered_and_until_when() -> None:
    account = asking()
    account.tick(2)
    assert account.broker.heard == []
    (offer,) = account.told(SignalOffered)
    assert (offer.quantity, offer.until) == (1, at(11))
    assert [one.signal.signal_id for one in account.told(SignalGenerated)] == [offer.signal_id]


def test_a_signal_that_is_taken_is_ordered_at_the_next_look_though_nothing_is_sought() -> None:
    account = asking()
    number = account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False, records=False)
    (order,) = account.broker.heard
    assert (order.purpose, order.structure, order.quantity) == (Purpose.OPEN, SPREAD, 1)
    assert answers(account) == [(number, True)]
    assert order.order_id in account.told(RequestMet)[0].outcome


def test_the_order_leads_back_to_the_person_the_signal_and_the_run() -> None:
    account = asking()
    number = account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2)
    told = lineage(account.ledger.records(), account.broker.heard[0].position_id)
    kinds = [(type(one.event).__name__, one.actor) for one in told]
    for step in [
        ("TakeRequested", ANNA),
        ("SignalTaken", ANNA),
        ("SignalGenerated", ANNA),
        ("OrderPlaced", ANNA),
    ]:
        assert step in kinds
    (placed,) = [one for one in told if isinstance(one.event, OrderPlaced)]
    by_number = {one.seq: one for one in told}
    assert placed.cause is not None
    anew = by_number[placed.cause]
    assert isinstance(anew.event, SignalGenerated)
    assert anew.cause is not None
    assert isinstance(by_number[anew.cause].event, SignalTaken)
    assert by_number[anew.cause].cause == number


def test_it_is_priced_anew_and_the_limit_is_the_touch_of_now() -> None:
    account = asking(then=DEARER)
    account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2)
    seen, anew = account.told(SignalGenerated)[:2]
    assert (seen.signal.price_cents, anew.signal.price_cents) == (-5_000, -4_800)
    assert anew.signal.max_loss_cents == seen.signal.max_loss_cents + 200
    assert anew.signal.edge_cents == seen.signal.edge_cents - 200
    assert anew.signal.as_of == at(2)
    assert account.broker.heard[0].limit_cents == -4_800


@pytest.mark.parametrize(
    ("then", "code"),
    [(MUCH_DEARER, DenialCode.ENTRY_MOVED), (UNQUOTED, DenialCode.QUOTE_MISSING)],
    ids=["dearer", "without a quote"],
)
def test_what_became_much_dearer_or_has_no_quote_is_denied_with_numbers_and_answers_the_request(
    then: list[Row], code: DenialCode
) -> None:
    account = asking(then=then)
    number = account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    assert account.broker.heard == []
    (denied,) = account.told(SignalDenied)
    assert denied.code == code
    assert answers(account) == [(number, False)]
    assert code in account.told(RequestMet)[0].outcome
    assert denied.detail in account.told(RequestMet)[0].outcome


def test_a_denied_take_may_be_tried_again_while_the_offer_stands() -> None:
    account = asking()
    full = account.spec
    account.spec = replace(full, limits=replace(full.limits, max_loss_per_trade=1e-6))
    account.start()
    first = account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    assert answers(account) == [(first, False)]
    assert account.told(SignalDenied)[0].code == DenialCode.RISK_MAX_LOSS
    account.spec = full
    account.start()
    second = account.ask(TakeRequested(offered(account), "now"))
    account.tick(3, seeks=False)
    assert answers(account)[1:] == [(second, True)]
    assert len(account.broker.heard) == 1


def test_it_is_sized_anew_and_never_above_what_was_offered() -> None:
    account = asking()
    account.spec = replace(
        account.spec,
        strategies=(replace(account.spec.strategies[0], strategy=Told({DAY: [SPREAD]}, units=3)),),
    )
    account.start()
    account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    assert [one.quantity for one in account.broker.heard] == [1]


def test_taking_twice_is_taking_once_in_one_look_or_in_two_and_over_a_restart() -> None:
    account = asking()
    name = offered(account)
    numbers = [account.ask(TakeRequested(name, why)) for why in ("page", "chat")]
    account.start()
    account.tick(2, seeks=False)
    numbers.append(account.ask(TakeRequested(name, "again")))
    account.start()
    account.tick(3, seeks=False)
    assert len(account.broker.heard) == 1
    assert answers(account) == [(numbers[0], True), (numbers[1], False), (numbers[2], False)]
    assert "already" in account.told(RequestMet)[-1].outcome


def test_what_is_dismissed_is_not_proposed_again_that_day_and_is_the_next() -> None:
    account = asking()
    name = offered(account)
    number = account.ask(DismissRequested(name, "too near earnings"))
    account.tick(2)
    account.tick(3)
    assert answers(account) == [(number, True)]
    assert [(one.signal_id, one.reason) for one in account.told(SignalDismissed)] == [
        (name, "too near earnings")
    ]
    late = account.ask(TakeRequested(name, "after all"))
    account.tick(4)
    assert answers(account)[-1] == (late, False)
    assert len(account.told(SignalOffered)) == 1
    account.tick(1, day=NEXT)
    assert len(account.told(SignalOffered)) == 2
    assert account.broker.heard == []


def test_dismissing_holds_back_a_loop_that_does_not_ask_too() -> None:
    account = Account(answering=Answering(life=timedelta(minutes=10)), prices=None)
    account.spec = replace(account.spec, limits=replace(account.spec.limits, max_loss_per_trade=1e-6))
    account.start()
    account.tick(1)
    (denied,) = account.told(SignalDenied)
    account.ask(DismissRequested(denied.signal_id, "no"))
    account.tick(2)
    account.tick(3)
    assert len(account.told(SignalDenied)) == 1


def test_a_signal_that_the_gate_denied_may_be_taken_once_there_is_room() -> None:
    account = Account((Told({DAY: [SPREAD, LOWER]}),))
    account.spec = replace(account.spec, limits=replace(account.spec.limits, max_positions=1))
    account.start()
    account.tick(1)
    (denied,) = account.told(SignalDenied)
    assert denied.code == DenialCode.PORTFOLIO_POSITIONS
    first = account.ask(TakeRequested(denied.signal_id, "rather this"))
    account.tick(2, seeks=False)
    account.spec = replace(account.spec, limits=replace(account.spec.limits, max_positions=2))
    account.start()
    second = account.ask(TakeRequested(denied.signal_id, "there is room"))
    account.tick(3, seeks=False)
    assert answers(account) == [(first, False), (second, True)]
    assert [one.structure for one in account.broker.heard] == [SPREAD, LOWER]


def test_nobody_answers_in_time_and_the_ledger_says_so() -> None:
    account = asking()
    name = offered(account)
    account.tick(10, seeks=False)
    late = account.ask(TakeRequested(name, "at last"))
    account.tick(12, seeks=False)
    assert [one.signal_id for one in account.told(SignalExpired)] == [name]
    assert answers(account) == [(late, False)]
    assert "ran out at 2024-02-05 14:41" in account.told(RequestMet)[0].outcome
    assert account.broker.heard == []
    account.tick(13)
    assert len(account.told(SignalOffered)) == 2, "it is still there, and is offered anew"


@pytest.mark.parametrize("exits", [True, False])
def test_a_halted_loop_refuses_and_what_was_offered_may_be_taken_after_it_resumes(exits: bool) -> None:
    account = asking()
    name = offered(account)
    account.ask(HaltRequested("wait", exits=exits))
    refused = account.ask(TakeRequested(name, "fine"))
    account.tick(2)
    account.tick(3)
    assert (refused, False) in answers(account)
    account.ask(ResumeRequested("go on"))
    account.tick(4, seeks=False)
    account.ask(TakeRequested(name, "fine"))
    account.tick(5, seeks=False)
    assert len(account.broker.heard) == 1


@pytest.mark.parametrize("request_", [TakeRequested("nobody", "x"), DismissRequested("nobody", "x")])
def test_a_signal_that_never_was_is_refused(request_: Any) -> None:
    account = asking()
    number = account.ask(request_)
    account.tick(2, seeks=False)
    assert answers(account) == [(number, False)]
    assert "strikewise signals" in account.told(RequestMet)[0].outcome


def test_what_is_offered_counts_as_held_so_that_all_of_it_can_be_taken() -> None:
    account = Account((Told({DAY: [SPREAD, LOWER]}),), answering=ASKS)
    account.spec = replace(account.spec, limits=replace(account.spec.limits, max_positions=1))
    account.start()
    for minute in (1, 2, 3):
        account.tick(minute)
    (offer,) = account.told(SignalOffered)
    assert account.told(SignalDenied)[0].code == DenialCode.PORTFOLIO_POSITIONS
    account.ask(TakeRequested(offer.signal_id, "fine"))
    account.tick(4, seeks=False)
    assert len(account.broker.heard) == 1


def test_exits_are_never_asked_about() -> None:
    account = asking(strategies=(Told({DAY: [SPREAD]}, closes=frozenset({NEXT})),))
    account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    account.tick(1, day=NEXT)
    assert [one.purpose for one in account.broker.heard] == [Purpose.OPEN, Purpose.CLOSE]


def test_a_roll_closes_at_once_and_what_continues_it_is_offered_and_keeps_its_campaign() -> None:
    account = asking(strategies=(Rolling({DAY: [SPREAD]}, rolls={NEXT: LOWER}),))
    account.ask(TakeRequested(offered(account), "fine"))
    account.tick(2, seeks=False)
    first = account.broker.heard[0]
    account.tick(1, day=NEXT)
    assert [one.purpose for one in account.broker.heard] == [Purpose.OPEN, Purpose.CLOSE]
    offer = account.told(SignalOffered)[-1]
    assert offer.campaign_id == first.position_id
    account.ask(TakeRequested(offer.signal_id, "go on"))
    account.tick(2, day=NEXT, seeks=False)
    last = account.broker.heard[-1]
    assert (last.purpose, last.structure, last.campaign_id) == (Purpose.OPEN, LOWER, first.position_id)


def test_the_journal_says_what_became_of_each() -> None:
    account = asking(strategies=(Told({DAY: [SPREAD, LOWER]}),))
    taken, left = [one.signal_id for one in account.told(SignalOffered)]
    account.ask(TakeRequested(taken, "fine"))
    account.ask(DismissRequested(left, "no"))
    account.tick(2, seeks=False)
    rows = {one.signal_id: one for one in journal_of(account.ledger.records()).signals}
    order = account.broker.heard[0]
    assert (rows[taken].outcome, rows[taken].order_id) == ("TAKEN", order.order_id)
    assert (rows[left].outcome, rows[left].detail) == ("DISMISSED", f"by={ANNA} reason=no")
    assert (rows[order.signal_id].outcome, rows[order.signal_id].order_id) == ("ORDERED", order.order_id)


def test_a_market_that_did_not_move_prices_a_signal_as_it_was() -> None:
    account = asking()
    (seen,) = account.told(SignalGenerated)
    same = repriced(seen.signal, account.market.view(at(1)), "anew")
    assert same is not None
    assert same.mid_cents == -6_000
    assert same.breakevens == (479.5,)
    as_told = replace(seen.signal, signal_id="anew", mid_cents=-6_000, breakevens=(479.5,))
    assert replace(same, greeks=None) == as_told


@pytest.mark.parametrize("minutes", [0, 7_201])
def test_an_answer_has_a_time(minutes: int) -> None:
    with pytest.raises(SettingsError, match="1 to 7200 minutes"):
        Answering(life=timedelta(minutes=minutes))


steps = st.lists(
    st.tuples(
        st.sampled_from(["take", "dismiss", "halt", "resume", "restart", "tick", "scan"]), st.integers(0, 1)
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_whatever_people_do_nothing_is_opened_that_nobody_took_and_no_structure_twice(steps: Any) -> None:
    account = asking(strategies=(Told({DAY: [SPREAD, LOWER]}),))
    names = [one.signal_id for one in account.told(SignalOffered)]
    for minute, (step, which) in enumerate(steps, start=2):
        match step:
            case "take":
                account.ask(TakeRequested(names[which], "law"))
            case "dismiss":
                account.ask(DismissRequested(names[which], "law"))
            case "halt":
                account.ask(HaltRequested("law"))
            case "resume":
                account.ask(ResumeRequested("law"))
            case "restart":
                account.start()
            case _:
                account.tick(minute, seeks=step == "scan", records=False)
    account.tick(40, seeks=False)
    opened = Counter(str(one.structure) for one in account.broker.heard)
    assert set(opened.values()) <= {1}
    placed = [one for one in account.ledger.records() if isinstance(one.event, OrderPlaced)]
    assert {one.actor for one in placed} <= {ANNA}
    met = [number for number, _ in answers(account)]
    assert len(met) == len(set(met))
    waiting = account.loop.supervisor.oversight.control.requests  # type: ignore[union-attr]
    assert not waiting
