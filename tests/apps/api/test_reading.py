"""What programs read over HTTP is what the account is, and nothing else."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import httpx
import pytest

from apps.api.serving import Served, anybody, beating, events, ok, serving
from service.systems import CALENDAR
from service.views.test_views import TUESDAY, close_of, traded, until
from strikewise.apps.api.reading import Reader
from strikewise.apps.api.routes import research
from strikewise.domain.control import AlertRaised
from strikewise.domain.errors import MissingDataError
from strikewise.execution.heartbeat import Heartbeat
from strikewise.portfolio.ledger import Entry
from strikewise.service.views.account import account_view
from strikewise.service.views.desk import Desk
from strikewise.service.views.signals import signals_before


def test_the_account_over_http_is_the_account(shown: Served, get: httpx.Client) -> None:
    desk = Desk()
    desk.read_on(shown.ledger)
    view = account_view(desk, shown.system.limits, CALENDAR)
    told = ok(get.get("account"))
    assert told["equity_mid_cents"] == view.equity_mid_cents
    assert told["greeks"]["delta"] == view.greeks.delta
    assert told["profits"] == dict(view.profits)


def test_nobody_who_trades_is_told_as_off_and_not_as_active_process(get: httpx.Client) -> None:
    told = ok(get.get("status"))
    assert (told["mode"], told["running"], told["connected"]) == ("off", False, False)
    assert told["data_grade"] == "quotes"
    assert told["ledger_seq"] > 0


def test_a_beating_process_is_told_until_its_heart_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        beat = beating(served.system)
    with serving(tmp_path, heartbeat=lambda: beat) as served, served.program() as program:
        told = ok(program.get("status"))
        assert (told["mode"], told["running"], told["broker"]) == ("paper", True, "simulated")
        served.later(seconds=31)
        assert ok(program.get("status"))["mode"] == "off"


def test_data_grow_old_when_the_process_that_took_them_is_gone(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        beat = beating(served.system)
    with serving(tmp_path, heartbeat=lambda: beat) as served, served.program() as program:
        before = ok(program.get("status"))
        served.later(days=3)
        after = ok(program.get("status"))
    assert (before["running"], after["running"]) == (True, False)
    assert after["data_age_seconds"] == before["data_age_seconds"] + 3 * 86_400
    assert datetime.fromisoformat(after["market_at"]) == datetime.fromisoformat(after["now"])


def test_data_age_is_by_the_markets_clock_where_the_past_is_replayed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        now, picture = served.system.now(), served.system.picture()
        assert picture is not None
        beat = beating(served.system, market_at=picture.at, mode="replay")
    with serving(tmp_path, heartbeat=lambda: replace(beat, at=now)) as served, served.program() as program:
        assert ok(program.get("status"))["data_age_seconds"] == 0.0


def test_the_market_has_come_as_far_as_its_picture_though_the_heart_beats_more_seldom(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        now, picture = served.system.now(), served.system.picture()
        assert picture is not None
        beat = beating(served.system, market_at=picture.at - timedelta(hours=8), mode="replay")
    with serving(tmp_path, heartbeat=lambda: replace(beat, at=now)) as served, served.program() as program:
        assert datetime.fromisoformat(ok(program.get("status"))["market_at"]) == picture.at


def test_a_signal_shows_its_outcome_beside_it(shown: Served, get: httpx.Client) -> None:
    desk = Desk()
    desk.read_on(shown.ledger)
    for one in signals_before(desk):
        told = ok(get.get(f"signals/{one.signal_id}"))
        assert told["decision"] == one.decision
        assert (told["outcome"] or {}).get("profit_cents") == (one.outcome and one.outcome.profit_cents)


def test_an_order_and_a_trade_are_found_by_their_ids_and_a_trade_is_explained(get: httpx.Client) -> None:
    (trade, *_) = ok(get.get("trades", params={"state": "closed"}))["items"]
    assert ok(get.get(f"trades/{trade['trade_id']}")) == trade
    story = ok(get.get(f"trades/{trade['trade_id']}/explain"))
    assert {"SignalGenerated", "OrderFilled"} <= {one["kind"] for one in story["steps"]}
    assert story["steps"][0]["words"] in story["text"]
    (order, *_) = ok(get.get("orders", params={"position": trade["trade_id"]}))["items"]
    assert ok(get.get(f"orders/{order['order_id']}")) == order
    assert ok(get.get("orders", params={"status": "open"}))["items"] == []


def test_positions_are_told_where_nobody_took_a_picture(tmp_path: Path) -> None:
    ledger = until(traded()[0], close_of(TUESDAY))
    parts = {"picture": lambda: None, "ledger": lambda: nullcontext(ledger)}
    with serving(tmp_path, **parts) as served, served.program() as program:
        told = ok(program.get("positions"))["items"]
        assert len(told) == ok(program.get("status"))["positions"] == 2
        assert ok(program.get(f"positions/{told[0]['position_id']}")) == told[0]
        assert program.get(f"positions/{told[0]['position_id']}/payoff").status_code == 404
        with program.stream("GET", "stream") as answer:
            assert next(events(answer.iter_lines()))[2]["positions"] == told


def test_a_position_is_shown_with_its_payoff(get: httpx.Client) -> None:
    (position, *_) = ok(get.get("positions"))["items"]
    name = position["position_id"]
    assert ok(get.get(f"positions/{name}")) == position
    now = ok(get.get(f"positions/{name}/payoff"))
    later = ok(get.get(f"positions/{name}/payoff", params={"days": 10, "vol_shift": 0.1}))
    assert now["at_expiry_cents"] == later["at_expiry_cents"]
    assert now["shifted_cents"] != later["shifted_cents"]


def test_charts_and_volatilities_are_of_the_instant_people_look_at(shown: Served, get: httpx.Client) -> None:
    picture = shown.system.picture()
    assert picture is not None
    bars = ok(get.get("chart/SPY"))["bars"]
    assert bars[-1]["day"] == picture.at.date().isoformat()
    assert ok(get.get("volatility/SPY"))["spot"] == 490.0
    assert ok(get.get("symbols")) == {"chains": ["SPY"], "bars": ["SPY"]}


def test_risk_and_reconciliation_are_told(get: httpx.Client) -> None:
    assert {one["name"] for one in ok(get.get("risk"))["limits"]}
    told = ok(get.get("reconciliation"))
    assert (told["open"], told["comparisons"]) == (0, [])


def test_equity_is_told_between_instants(get: httpx.Client) -> None:
    whole = ok(get.get("equity"))["items"]
    last = whole[-1]["at"]
    assert ok(get.get("equity", params={"from": last}))["items"] == whole[-1:]
    assert get.get("equity", params={"from": "2024-02-06T12:00:00"}).status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("trades/none", 404),
        ("trades/none/explain", 404),
        ("orders/none", 404),
        ("positions/none", 404),
        ("signals/none", 404),
        ("facts/999999", 404),
        ("jobs/none", 404),
        ("chart/QQQ", 404),
        ("backtests/00000000", 404),
        ("control/requests/1", 404),
        ("nothing/here", 404),
        ("orders?cursor=x", 422),
        ("orders?limit=0", 422),
        ("facts/x", 422),
        ("equity?to=9999-12-31T23:59:59-14:00", 422),
        ("logs?after=0001-01-01T00:00:00%2B14:00", 422),
        ("volatility/SPY?at=9999-12-31T23:59:59-14:00", 422),
    ],
)
def test_what_is_not_there_or_not_meant_is_told_as_a_problem(
    get: httpx.Client, path: str, status: int
) -> None:
    answer = get.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_logs_are_told_newest_first_by_level_and_without_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [
        {"at": "2024-02-07T12:00:00+00:00", "level": "info", "event": "one"},
        {"at": "2024-02-07T12:00:01+00:00", "level": "error", "event": "two", "password": "canary"},
    ]
    (folder / "strikewise.log").write_text("".join(f"{json.dumps(one)}\n" for one in lines) + "half a li")
    with serving(tmp_path) as served, served.program() as program:
        told = program.get("logs")
        assert [one["event"] for one in told.json()["items"]] == ["two", "one"]
        assert "canary" not in told.text
        assert [one["event"] for one in program.get("logs?level=error").json()["items"]] == ["two"]
        since = program.get("logs", params={"after": "2024-02-07T12:00:00Z"}).json()["items"]
        assert [one["event"] for one in since] == ["two"]


def test_a_program_that_writes_much_hides_nothing_that_others_wrote_of_late(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()

    def line(second: int, event: str) -> str:
        told = {"at": f"2024-02-07T12:00:{second:02}+00:00", "level": "info", "event": event}
        return json.dumps(told) + "\n"

    (folder / "run.log").write_text(line(1, "began") + line(58, "something broke"))
    (folder / "serve.log").write_text("".join(line(second, "asked") for second in range(60)))
    with serving(tmp_path) as served, served.program() as program:
        told = [one["event"] for one in program.get("logs?limit=3").json()["items"]]
    assert sorted(told) == ["asked", "asked", "something broke"]


def test_machines_are_told_whether_the_server_lives_and_reads(shown: Served) -> None:
    for path in ("live", "ready"):
        assert anybody.get(f"{shown.url}/health/{path}").json() == {"ok": True}


def test_figures_for_machines_are_those_of_the_account(shown: Served, get: httpx.Client) -> None:
    told = anybody.get(f"{shown.url}/metrics", headers=dict(get.headers))
    figures = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    account = ok(get.get("account"))
    assert float(figures['strikewise_equity_dollars{price="mid"}']) == account["equity_mid_cents"] / 100
    assert float(figures["strikewise_ledger_facts_total"]) == shown.ledger.head.seq
    assert float(figures['strikewise_orders_ended_total{status="filled"}']) == len(
        [one for one in ok(get.get("orders?limit=1000"))["items"] if one["status"] == "filled"]
    )
    assert float(figures["strikewise_up"]) == 0.0
    assert "strikewise_heartbeat_age_seconds" not in figures
    assert float(figures["process_resident_memory_bytes"]) > 0


def test_without_a_built_page_the_server_says_what_to_run(shown: Served) -> None:
    answer = anybody.get(f"{shown.url}/positions")
    assert answer.status_code == 200
    assert "text/html" in answer.headers["content-type"]


def test_volatilities_come_without_their_quotes_where_nobody_wants_them(get: httpx.Client) -> None:
    whole, bare = (ok(get.get(f"volatility/SPY?smiles={wanted}")) for wanted in ("true", "false"))
    assert whole["smiles"]
    assert bare == {**whole, "smiles": []}


@pytest.mark.parametrize(
    "path",
    ["%00", "a" * 3_000, "..%2f..%2f..%2fetc%2fpasswd", "%2fetc/passwd", "assets/..%2f..%2fapp.py", "%ff"],
)
def test_no_address_leads_out_of_the_page_or_makes_the_server_fail(shown: Served, path: str) -> None:
    answer = anybody.get(f"{shown.url}/{path}")
    assert answer.status_code in {200, 404, 414}, answer.status_code
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_other_settings_read_the_same_ledger_no_second_time_and_another_one_whole(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        reader = Reader(served.system)
        with reader.desk() as before:
            pass
        reader.use(replace(served.system, capital_cents=1))
        with reader.desk() as after:
            assert after is before
        other = until(traded()[0], close_of(TUESDAY))
        happened = AlertRaised("info", "OTHER", "another history")
        while other.head.seq < served.ledger.head.seq:
            other.append([Entry(happened, served.clock.now(), "engine")], recorded_at=served.clock.now())
        reader.use(replace(served.system, ledger=lambda: nullcontext(other)))
        with reader.desk() as anew:
            assert anew is not before
            assert len(anew.keeper.state.positions) == 2
        reader.close()


def test_a_mistake_of_the_server_is_told_without_what_it_was(tmp_path: Path) -> None:
    def broken() -> Heartbeat | None:
        raise RuntimeError("canary-in-a-trace")

    with serving(tmp_path, heartbeat=broken) as served, served.program() as program:
        answer = program.get("status")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert "canary" not in answer.text


def test_whoever_waits_too_long_for_the_market_is_told_to_ask_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ends = Event(), Event()

    def slow(*_: object, **__: object) -> object:
        begun.set()
        assert ends.wait(10)
        raise MissingDataError("Nothing.")

    monkeypatch.setattr(research, "find_opportunities", slow)
    monkeypatch.setattr(Reader.market.__wrapped__, "__defaults__", (0.05,))
    with served.program() as program:
        program.post("scan", json={})
        assert begun.wait(10)
        answer = program.get("chart/SPY")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert program.get("status").status_code == 200
        ends.set()
