"""Apprise against a service on this computer, threads and all: what fails is told through another channel."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from adapters.alerts.stage import START, Saying, alert, webhook, written
from strikewise.adapters.alerts.alert import Level
from strikewise.adapters.alerts.channels import AppriseChannel, Failed, Sent
from strikewise.adapters.alerts.dispatcher import Dispatcher, Route
from strikewise.adapters.alerts.outbox import Outbox
from strikewise.adapters.alerts.policy import Message, Waiting
from strikewise.adapters.alerts.rules import Rules
from strikewise.adapters.alerts.watcher import Watcher
from strikewise.domain.control import AlertRaised
from strikewise.domain.errors import SettingsError
from strikewise.market.clock import SystemClock
from strikewise.portfolio.ledger import MemoryLedger

SECRET = "canary-secret-777"


def message(level: Level = Level.WARNING) -> Message:
    return Message((Waiting(1, alert(1, level), START),))


@pytest.mark.parametrize(
    ("level", "kind"), [(Level.INFO, "info"), (Level.WARNING, "warning"), (Level.CRITICAL, "failure")]
)
def test_a_webhook_gets_title_text_and_how_much_it_matters(level: Level, kind: str) -> None:
    with webhook() as hook:
        channel = AppriseChannel("ops", f"json://127.0.0.1:{hook.port}/hook")
        assert channel.send(message(level)) == Sent()
    (got,) = hook.got
    assert got["title"].endswith("alert 1")
    assert got["message"] == "text 1"
    assert got["type"] == kind


@pytest.mark.parametrize("status", [429, 500, 403])
def test_what_a_service_does_not_take_is_a_failure_with_its_reason_and_without_secrets(status: int) -> None:
    with webhook([status]) as hook:
        channel = AppriseChannel("ops", f"json://user:{SECRET}@127.0.0.1:{hook.port}/{SECRET}")
        answer = channel.send(message())
        assert channel.send(message()) == Sent()
    assert isinstance(answer, Failed)
    assert str(status) in answer.reason
    assert SECRET not in answer.reason


def test_a_service_that_is_not_there_is_a_failure() -> None:
    with webhook() as hook:
        port = hook.port
    answer = AppriseChannel("ops", f"json://127.0.0.1:{port}").send(message())
    assert isinstance(answer, Failed)


def test_an_address_that_apprise_does_not_know_is_refused_without_telling_it() -> None:
    with pytest.raises(SettingsError, match="none that Apprise knows") as caught:
        AppriseChannel("ops", f"nonsense://{SECRET}")
    assert SECRET not in str(caught.value)


def test_facts_are_told_in_threads_and_what_one_service_refuses_through_the_other(tmp_path: Path) -> None:
    ledger, said, stop = MemoryLedger(), Saying(), Event()
    with (
        webhook([500, 500, 500, 500]) as bad,
        webhook() as good,
        Outbox(tmp_path / "alerts.db", "main") as box,
    ):
        routes = [
            Route(AppriseChannel("first", f"json://127.0.0.1:{bad.port}")),
            Route(AppriseChannel("second", f"json://127.0.0.1:{good.port}"), Level.CRITICAL),
        ]
        teller = Dispatcher(ledger, Watcher(Rules()), box, routes, SystemClock(), said, first_wait=0.05)
        teller.look()
        thread = Thread(target=teller.run, args=(stop,))
        thread.start()
        try:
            written(ledger, AlertRaised("warning", "LOOK", "Look here."))
            with good.changed:
                assert good.changed.wait_for(lambda: bool(good.got), 10)
        finally:
            stop.set()
            thread.join()
        counts = box.counts()
    assert "Not told through first" in good.got[0]["message"]
    assert bad.calls >= 3
    assert counts["second"] == {"told": 1}
