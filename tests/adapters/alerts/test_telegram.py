"""The real Telegram library against a Bot API on this computer: a whole session, and what goes wrong."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from adapters.alerts.bot_api import DROP, HANG, TOKEN, BotApi, Fault, bot_api, limited, refused
from adapters.alerts.stage import START, TUESDAY, Clock, Saying, alert, market, traded, written
from service.systems import system_of
from strikewise.adapters.alerts.alert import Button, Level
from strikewise.adapters.alerts.channels import Failed, Later, Outcome, Sent
from strikewise.adapters.alerts.confirmations import Confirmations
from strikewise.adapters.alerts.dispatcher import Dispatcher, Route
from strikewise.adapters.alerts.outbox import Outbox, Place
from strikewise.adapters.alerts.policy import Message, Waiting
from strikewise.adapters.alerts.rules import Rules, Signals
from strikewise.adapters.alerts.telegram_desk import TelegramDesk
from strikewise.adapters.alerts.telegram_link import TelegramChannel, TelegramLink, TelegramOptions, pieces
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.domain.control import FlattenRequested, HaltRequested, RequestMet, ResumeRequested
from strikewise.engine.answering import Answering
from strikewise.portfolio.ledger import MemoryLedger
from strikewise.portfolio.projection import AccountState
from strikewise.service.alerts import COMMANDS, Conversation
from strikewise.service.system import System

SESSION = Path(__file__).with_name("telegram_session.txt")
ANNA, BEN, EVE = 42, 43, 666


@dataclass
class Set:
    """A bot that runs, and all around it."""

    api: BotApi
    clock: Clock
    system: System
    ledger: MemoryLedger
    outbox: Outbox
    channel: TelegramChannel
    link: TelegramLink
    said: Saying

    def asks(self, text: str, *, user: int = ANNA, name: str = "anna") -> str:
        """Say something and return the answer, once there is one."""
        before = len(self.api.messages)
        self.api.says(user, name, text)
        self.api.until(lambda: len(self.api.messages) > before)
        return self.api.sent()[-1]

    def ledger_positions(self) -> list[str]:
        with self.system.ledger() as ledger:
            return list(AccountState.fold(ledger.records()).positions)

    def presses(self, label: str, *, user: int = ANNA, name: str = "anna") -> None:
        """Press a button and wait until something came of it."""
        before, edits = len(self.api.answered), self.api.called.count("editMessageText")
        sent = len(self.api.messages)
        self.api.presses(user, name, label)
        self.api.until(
            lambda: (
                len(self.api.answered) > before
                and (
                    bool(self.api.answered[-1])
                    or self.api.called.count("editMessageText") > edits
                    or len(self.api.messages) > sent
                )
            )
        )


def usual() -> tuple[Clock, MemoryLedger, System]:
    """Return an account that traded until Tuesday, whose refused signal may be taken for two days."""
    clock, ledger = Clock(), traded(TUESDAY)
    answering = Answering(life=timedelta(days=2))
    return (
        clock,
        ledger,
        system_of(market(), account=ledger, clock=clock, capital_cents=10_000_000, answering=answering),
    )


@contextmanager
def bot(
    folder: Path,
    *,
    listens: bool = True,
    timeout: float = 5.0,
    of: tuple[Any, MemoryLedger, System] | None = None,
) -> Iterator[Set]:
    said = Saying()
    clock, ledger, system = usual() if of is None else of
    with bot_api(lambda: int(clock.now().timestamp())) as api, Outbox(folder / "alerts.db", "main") as outbox:
        options = TelegramOptions(
            TOKEN, frozenset({500}), frozenset({ANNA, BEN}), api.base_url, timeout, poll_seconds=1.0
        )
        nonces = count(1)
        asked = Confirmations(clock, lambda: f"nonce-{next(nonces)}")
        desk = TelegramDesk(Conversation(system, clock, "0.1.0"), asked, outbox, clock, said)
        link = TelegramLink(options, said, desk.hear if listens else None)
        channel = TelegramChannel(link, outbox)
        link.start()
        try:
            yield Set(api, clock, system, ledger, outbox, channel, link, said)
        finally:
            channel.close()
        assert api.violations == []


def one(number: int = 1, level: Level = Level.INFO, buttons: tuple[Button, ...] = ()) -> Message:
    told = alert(number, level)
    told = type(told)(told.alert_id, told.seq, level, told.code, told.title, told.text, told.at, buttons)
    return Message((Waiting(number, told, START),))


def tells(stage: Set, rules: Rules | None = None) -> Dispatcher:
    """Return what tells through the bot what happens in the ledger from the first fact on."""
    stage.outbox.take([], Place.of(stage.ledger, 0), {}, stage.clock.now())
    watcher = Watcher(rules or Rules(), {"told": {"profit_target": 0.5, "stop_loss": 2.0, "dte_exit": 21}})
    return Dispatcher(stage.ledger, watcher, stage.outbox, [Route(stage.channel)], stage.clock, stage.said)


def whole_session(stage: Set) -> None:
    """Be told what happened, answer it, ask everything there is, and do what may be done."""
    teller = tells(stage, Rules(signals=Signals.ALL))
    teller.flush()
    stage.presses("Why")
    for command in COMMANDS:
        if command not in ("halt", "resume", "flatten", "close", "why", "take", "dismiss", "mute"):
            stage.asks(f"/{command}")
    position = next(iter(stage.ledger_positions()))
    stage.asks("/pnl 1")
    stage.asks(f"/why {position}")
    stage.asks("/why")
    stage.asks("/take nothing")
    stage.presses("Take")
    stage.presses("Yes, take")
    told = "Signal was not ordered: PORTFOLIO_DUPLICATE (position=sw-240205)."
    written(stage.ledger, RequestMet(stage.ledger.head.seq, told, done=False), at=stage.clock.now())
    teller.flush()
    stage.presses("Dismiss")
    stage.asks("/mute 30")
    stage.asks("/nonsense")
    stage.asks("/halt quotes look wrong")
    stage.presses("Yes, halt")
    stage.asks("/status")
    stage.asks("/resume@strikewise_desk_bot")
    stage.presses("No")
    stage.asks("/resume looked at it")
    stage.presses("Yes, resume")
    stage.asks(f"/close {position[:9]}")
    stage.asks(f"/close {position}")
    stage.presses("Yes, close")
    stage.asks("/flatten SPY", user=BEN, name="ben")
    stage.presses("Yes, flatten")
    stage.clock.on(31)
    stage.presses("Yes, flatten", user=BEN, name="ben")
    stage.asks("/flatten")
    stage.presses("Yes, flatten")
    stage.asks("/flatten force")
    stage.presses("Yes, flatten")


def test_a_whole_session_reads_as_it_is_written_down(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        whole_session(stage)
    told = "\n".join(stage.api.transcript) + "\n"
    if os.environ.get("WRITE_SESSION"):
        SESSION.write_text(told, encoding="utf-8")
    assert told == SESSION.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", ["9" * 5_000, "0", "-1", "1.5", "100000"])
def test_a_number_that_nobody_means_is_refused_in_a_sentence(number: str) -> None:
    clock = Clock()
    talk = Conversation(system_of(market(), account=traded(TUESDAY), clock=clock), clock, "1")
    said = talk.answer(("pnl", number)).text
    assert said.startswith("/pnl wants a number of sessions")
    assert len(said) < 200


def test_a_confirmed_command_is_a_request_of_the_person_and_the_flag_is_up_at_once(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        before = stage.ledger.head.seq
        stage.asks("/halt exits too fast")
        assert stage.system.halt.read() is None
        assert stage.ledger.head.seq == before
        stage.presses("Yes, halt")
        raised = stage.system.halt.read()
        stage.asks("/resume")
        stage.presses("Yes, resume")
        stage.asks("/flatten spy")
        stage.presses("Yes, flatten")
        records = list(stage.ledger.records(after=before))
    assert raised is not None
    assert (raised.by, raised.reason, raised.exits) == ("telegram:anna", "too fast", True)
    assert {one.actor for one in records} == {"person:telegram:anna"}
    asked = "asked for in the chat"
    assert [one.event for one in records] == [
        HaltRequested("too fast", exits=True),
        ResumeRequested(asked),
        FlattenRequested(asked, "SPY"),
    ]
    assert stage.system.halt.read() is None


@pytest.mark.parametrize(
    ("user", "chat"), [(EVE, 500), (ANNA, 501), (EVE, 501)], ids=["stranger", "other chat", "both"]
)
def test_who_is_not_on_both_lists_is_not_heard(tmp_path: Path, user: int, chat: int) -> None:
    with bot(tmp_path) as stage:
        stage.api.says(user, "eve", "/halt", chat=chat)
        stage.asks("/version")
        assert len(stage.api.messages) == 1
        stage.asks("/halt")
        question = list(stage.api.messages.values())[-1]
        data = question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        elsewhere = {**question, "chat": {"id": chat, "type": "private"}}
        stage.api.sends_callback(user, "eve", elsewhere, data)
        stage.api.until(lambda: bool(stage.api.answered))
        assert stage.api.answered == ["You are not on the list."]
    assert stage.system.halt.read() is None
    refused = [pairs for _, event, pairs in stage.said.lines if event == "telegram_stranger"]
    assert {(one["user"], one["chat"]) for one in refused} == {(user, chat)}


def test_a_command_that_was_on_its_way_for_long_is_not_done(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        stage.api.says(ANNA, "anna", "/halt", ago=600)
        stage.api.until(lambda: bool(stage.api.messages))
        (message,) = stage.api.messages.values()
    assert "too long" in message["text"]
    assert "reply_markup" not in message


def test_a_question_is_answered_once(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        stage.asks("/halt")
        question = dict(list(stage.api.messages.values())[-1])
        data = question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
        stage.presses("Yes, halt")
        facts = stage.ledger.head.seq
        stage.api.sends_callback(ANNA, "anna", question, data)
        stage.api.until(lambda: len(stage.api.answered) == 2)
        assert "answered already" in stage.api.answered[-1]
    assert stage.ledger.head.seq == facts


@pytest.mark.parametrize(
    ("faults", "outcome"),
    [
        ([limited(7)], Later(7.0, "Telegram asks to send less")),
        ([refused(500, "Internal Server Error")], Failed("Internal Server Error")),
        ([refused(403, "Forbidden: bot was blocked by the user")], Failed("", final=True)),
        ([refused(401, "Unauthorized")], Failed("", final=True)),
        ([DROP], Failed("")),
        ([HANG], Failed("")),
    ],
    ids=["429", "500", "blocked", "token", "dropped", "hangs"],
)
def test_what_telegram_answers_is_told_as_what_it_is(
    tmp_path: Path, faults: list[Fault], outcome: Outcome
) -> None:
    with bot(tmp_path, listens=False, timeout=0.4) as stage:
        stage.api.faults["sendMessage"] = deque(faults)
        answer = stage.channel.send(one())
        again = stage.channel.send(one())
    assert type(answer) is type(outcome)
    assert not isinstance(answer, Failed) or answer.final == (isinstance(outcome, Failed) and outcome.final)
    assert not isinstance(answer, Later) or answer == outcome
    assert not isinstance(answer, Failed) or TOKEN not in answer.reason
    assert again == Sent()


def test_a_chat_that_has_a_message_does_not_get_it_again_when_another_failed(tmp_path: Path) -> None:
    with bot(tmp_path, listens=False) as stage:
        two = TelegramOptions(TOKEN, frozenset({500, 501}), frozenset(), stage.api.base_url, 2.0, 1.0)
        stage.link.options = two
        stage.api.chats = frozenset({500, 501})
        stage.api.faults["sendMessage"] = deque([refused(500, "Internal Server Error")])
        assert isinstance(stage.channel.send(one()), Failed)
        assert stage.channel.send(one()) == Sent()
        assert [message["chat"]["id"] for message in stage.api.messages.values()] == [501, 500]


def test_a_chat_that_blocked_the_bot_keeps_nothing_from_the_others_and_is_named(tmp_path: Path) -> None:
    with bot(tmp_path, listens=False) as stage:
        chats = frozenset({400, 500, 501})
        stage.link.options = TelegramOptions(TOKEN, chats, frozenset(), stage.api.base_url, 2.0, 1.0)
        stage.api.chats = frozenset({500, 501})
        said = stage.channel.send(one())
        assert isinstance(said, Sent)
        assert "chat 400" in said.missed
        assert [message["chat"]["id"] for message in stage.api.messages.values()] == [500, 501]


def test_a_bot_that_cannot_reach_telegram_at_first_hears_commands_later(tmp_path: Path) -> None:
    with bot_api(lambda: int(START.timestamp())) as api, Outbox(tmp_path / "a.db", "main") as outbox:
        api.faults["getMe"] = deque([DROP])
        said, clock = Saying(), Clock()
        system = system_of(market(), account=traded(TUESDAY), clock=clock)
        desk = TelegramDesk(Conversation(system, clock, "1"), Confirmations(clock), outbox, clock, said)
        options = TelegramOptions(TOKEN, frozenset({500}), frozenset({ANNA}), api.base_url, 2.0, 1.0)
        link = TelegramLink(options, said, desk.hear)
        link.start()
        try:
            api.says(ANNA, "anna", "/version")
            api.until(lambda: api.sent() == ["strikewise 1"])
        finally:
            link.close()
    assert [event for _, event, _ in said.lines] == ["telegram_unreachable"]
    assert TOKEN not in str(said.lines)


def test_polling_goes_on_after_an_outage(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        stage.asks("/version")
        stage.api.faults["getUpdates"] = deque([DROP, refused(502, "Bad Gateway")])
        stage.asks("/regime")
        stage.asks("/version")
        assert len(stage.api.messages) == 3
    assert TOKEN not in str(stage.said.lines)


def test_a_signal_comes_with_its_outcome_and_buttons_that_outlive_a_restart(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        tells(stage).flush()
        first = stage.api.sent()[0]
        for word in ("Entry:", "Exit:", "Size:", "Max loss:", "Probability", "Because:", "Data: quotes"):
            assert word in first
        messages = dict(stage.api.messages)
    with bot(tmp_path) as stage:
        stage.api.messages.update(messages)
        stage.api.presses(ANNA, "anna", "Close it")
        stage.api.until(lambda: any("Close 1 ×" in line for line in stage.api.transcript))


def test_a_long_message_is_cut_at_lines_and_loses_nothing(tmp_path: Path) -> None:
    text = "\n".join(f"line {number} " + "x" * 80 for number in range(200))
    assert "\n".join(pieces(text)) == text
    assert max(map(len, pieces(text))) <= 4096
    assert pieces("y" * 5000) == ["y" * 4096, "y" * 904]
    assert pieces("") == []


def test_a_critical_alert_passes_a_mute_and_the_rest_comes_after_it(tmp_path: Path) -> None:
    with bot(tmp_path) as stage:
        stage.asks("/mute 5")
        teller = tells(stage, Rules(signals=Signals.NONE))
        stage.outbox.take([alert(900), alert(901, Level.CRITICAL)], None, {"telegram": Level.INFO}, START)
        route = teller.routes[0]
        teller.deliver(route)
        assert "alert 901" in stage.api.sent()[-1]
        stage.clock.on(301)
        teller.deliver(route)
        assert "alert 900" in stage.api.sent()[-1]
