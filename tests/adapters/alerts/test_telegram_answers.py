"""A signal that a loop offers is taken or dismissed in the chat, and what comes of it is told there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from adapters.alerts.stage import Clock
from adapters.alerts.test_telegram import ANNA, BEN, EVE, Set, bot, tells
from engine.hand_made import Told
from engine.test_answering import asking
from engine.watched import DAY, LOWER, NEXT, SPREAD, Account
from service.systems import system_of
from strikewise.adapters.alerts.dispatcher import Dispatcher
from strikewise.domain.answered import SignalDismissed, SignalOffered
from strikewise.domain.control import DismissRequested, RequestMet, TakeRequested

PERSON = "person:telegram:anna"


class ItsClock(Clock):
    """The loop's clock, for those around it."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def at(self) -> datetime:  # type: ignore[override]
        return self._account.clock.now()


@dataclass
class Desk:
    """A loop that asks first, the bot that tells of it, and what it told."""

    account: Account
    stage: Set
    teller: Dispatcher

    def requests(self, kind: type) -> list[tuple[str, str]]:
        records = self.account.ledger.records()
        return [(one.event.signal_id, one.actor) for one in records if isinstance(one.event, kind)]  # type: ignore[union-attr]

    def shown(self) -> str:
        return "\n".join(self.stage.api.transcript)


@contextmanager
def offered(folder: Path) -> Iterator[Desk]:
    """Give a loop that offered two signals, and the chat in which that was told."""
    opens = {DAY: [SPREAD, LOWER]}
    account = asking(strategies=(Told(opens, closes=frozenset({NEXT})),))
    clock = ItsClock(account)
    system = system_of(
        account.market.source, account=account.ledger, clock=clock, answering=account.answering
    )
    with bot(folder, of=(clock, account.ledger, system)) as stage:
        teller = tells(stage)
        teller.flush()
        yield Desk(account, stage, teller)


def test_an_offer_comes_with_everything_a_decision_needs_and_two_buttons(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        first = desk.stage.api.sent()[0]
        buttons = [message["reply_markup"]["inline_keyboard"] for message in desk.stage.api.messages.values()]
    for words in (
        "told offered: 1 ×",
        "Entry:",
        "Exit: take profit at 50%",
        "Size: 1 unit",
        "Max loss: $500.00",
    ):
        assert words in first
    for words in (
        "Probability of profit: 80%",
        "Because:",
        "Data: quotes",
        "Answer by: 2024-02-05 14:41 UTC",
    ):
        assert words in first
    assert [[one["text"] for one in row] for ((row),) in buttons] == [["Take", "Dismiss"]] * 2


def test_taking_needs_a_second_word_and_what_comes_of_it_follows_to_the_end(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        name = desk.account.told(SignalOffered)[-1].signal_id
        desk.stage.presses("Take")
        assert desk.requests(TakeRequested) == []
        for words in ("Take it?", "Max loss: $500.00", "80%", "quotes, 0 min old", "judged anew"):
            assert words in desk.stage.api.sent()[-1]
        desk.stage.presses("Yes, take")
        assert desk.requests(TakeRequested) == [(name, PERSON)]
        desk.account.tick(2, seeks=False)
        desk.account.tick(1, day=NEXT)
        desk.account.tick(2, day=NEXT)
        desk.teller.flush()
        told = desk.shown()
    assert [one.done for one in desk.account.told(RequestMet)] == [True]
    for words in ("was done", "told ordered: 1 ×", "Taken by: telegram:anna", "filled to open", "Profit: "):
        assert words in told


def test_dismissing_needs_one_press_and_the_message_says_who(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        name = desk.account.told(SignalOffered)[-1].signal_id
        desk.stage.presses("Dismiss", user=BEN, name="ben")
        assert desk.requests(DismissRequested) == [(name, "person:telegram:ben")]
        assert "ben dismisses it." in desk.shown()
        desk.account.tick(2)
        assert [one.signal_id for one in desk.account.told(SignalDismissed)] == [name]


def test_a_question_to_take_runs_out_and_is_nobody_elses_to_answer(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        desk.stage.presses("Take")
        question = dict(list(desk.stage.api.messages.values())[-1])
        data = question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        desk.stage.api.sends_callback(BEN, "ben", question, data)
        desk.stage.api.until(lambda: len(desk.stage.api.answered) == 2)
        assert "Somebody else was asked" in desk.stage.api.answered[-1]
        clock = desk.account.clock
        clock.advance_to(clock.now() + timedelta(seconds=31))
        desk.stage.presses("Yes, take")
        assert "ran out after 30 seconds" in desk.stage.api.answered[-1]
        assert desk.requests(TakeRequested) == []


def test_a_stranger_answers_nothing(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        for label in ("Take", "Dismiss"):
            desk.stage.presses(label, user=EVE, name="eve")
        assert desk.stage.api.answered[-2:] == ["You are not on the list."] * 2
        assert desk.requests(TakeRequested) == desk.requests(DismissRequested) == []


def test_what_is_too_late_is_said_and_an_offer_that_ran_out_is_told(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        desk.account.tick(12, seeks=False)
        desk.stage.presses("Take")
        assert "cannot be taken: it was expired, ran out at 2024-02-05 14:41 UTC" in desk.stage.api.sent()[-1]
        desk.teller.flush()
        assert "Nobody took it in time: told put credit spread on SPY" in desk.shown()


def test_the_same_is_done_by_commands(tmp_path: Path) -> None:
    with offered(tmp_path) as desk:
        name = desk.account.told(SignalOffered)[0].signal_id
        assert "may be taken until" in desk.stage.asks("/signals")
        assert "/take wants the id" in desk.stage.asks("/take")
        assert "/dismiss wants the id" in desk.stage.asks("/dismiss")
        assert desk.stage.asks("/dismiss told").startswith("2 signals begin")
        assert "Entry:" in desk.stage.asks(f"/take {name.partition(' ')[0]}", user=ANNA)
        desk.stage.presses("Yes, take")
        assert desk.requests(TakeRequested) == [(name, PERSON)]
