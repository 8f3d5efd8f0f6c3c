"""Settings over the API: saved with a request that the process that trades meets, and shown as it has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apps.api.serving import NAME, Served, beating, serving
from strikewise.domain.control import RequestMet, SettingsApplied, SettingsRequested
from strikewise.execution.heartbeat import Heartbeat
from strikewise.portfolio.controls import person
from strikewise.portfolio.ledger import Entry

LOWER = "[limits]\nmax_margin = 0.1\n"


class Trader:
    """A process that trades, as its heartbeat shows it."""

    def __init__(self) -> None:
        self.beat: Heartbeat | None = None

    def __call__(self) -> Heartbeat | None:
        return self.beat


@pytest.fixture
def trader() -> Trader:
    return Trader()


@pytest.fixture
def served(tmp_path: Path, trader: Trader) -> Iterator[Served]:
    with serving(tmp_path, heartbeat=trader) as found:
        trader.beat = beating(found.system)
        yield found


def requests(served: Served) -> list[tuple[int, str, str]]:
    records = served.ledger.records()
    return [
        (one.seq, one.actor, one.event.digest) for one in records if isinstance(one.event, SettingsRequested)
    ]


def test_what_is_saved_is_asked_of_the_process_that_trades_by_whoever_saved_it(served: Served) -> None:
    browser = served.person()
    before = browser.get("settings").json()
    answer = browser.send("PUT", "settings", {"toml": LOWER, "digest": before["digest"]}).json()
    after = browser.get("settings").json()
    assert requests(served) == [(answer["request"], person(NAME), after["digest"])]
    assert [one["restart"] for one in answer["changes"]] == [False]


def test_what_is_refused_or_only_checked_asks_for_nothing(served: Served) -> None:
    browser = served.person()
    served.later(minutes=6)
    digest = browser.get("settings").json()["digest"]
    for toml in ("[limits]\nmax_margin = 2\n", "[limits]\nmax_margin = 0.99\n"):
        assert browser.send("PUT", "settings", {"toml": toml, "digest": digest}).status_code in {403, 422}
    assert browser.post("settings/check", toml=LOWER).status_code == 200
    assert requests(served) == []


def test_a_check_says_what_needs_a_restart(served: Served) -> None:
    browser = served.person()
    told = browser.post("settings/check", toml='[limits]\nmax_margin = 0.1\n[run]\nfeed = "alpaca"\n').json()
    assert {one["name"]: one["restart"] for one in told["changes"]} == {
        "limits.max_margin": False,
        "run.feed": True,
    }


def test_settings_say_whether_the_process_that_trades_has_them(served: Served, trader: Trader) -> None:
    browser = served.person()
    assert trader.beat is not None
    digest = browser.get("settings").json()["digest"]
    trader.beat = replace(trader.beat, settings=digest)
    began = browser.get("settings").json()["running"]
    assert (began["current"], began["by"]) == (True, "")
    answer = browser.send("PUT", "settings", {"toml": LOWER, "digest": digest}).json()
    assert browser.get("settings").json()["running"]["current"] is False
    saved = browser.get("settings").json()["digest"]
    now = served.system.now() + timedelta(seconds=1)
    applied = SettingsApplied(saved, {"limits.max_margin": [0.8, 0.1]}, ("run.feed",))
    served.ledger.append(
        [
            Entry(applied, now, person(NAME), answer["request"]),
            Entry(RequestMet(answer["request"], "x"), now, "engine"),
        ],
        recorded_at=now,
    )
    trader.beat = replace(trader.beat, settings=saved, restart=("run.feed",))
    taken = browser.get("settings").json()["running"]
    assert (taken["by"], taken["restart"], taken["current"]) == (person(NAME), ["run.feed"], False)
    assert taken["since"][:19] == now.isoformat()[:19]
    trader.beat = replace(trader.beat, restart=())
    assert browser.get("settings").json()["running"]["current"] is True


def test_without_a_process_nothing_is_said_of_one(served: Served, trader: Trader) -> None:
    trader.beat = None
    assert served.person().get("settings").json()["running"] is None


def test_settings_by_which_more_may_be_lost_are_told(served: Served) -> None:
    browser = served.person()
    digest = browser.get("settings").json()["digest"]
    browser.send("PUT", "settings", {"toml": "[limits]\nmax_margin = 0.99\n", "digest": digest})
    assert ("DANGER_SAVED", f"{NAME} saved settings: limits.max_margin.") in served.alarms
