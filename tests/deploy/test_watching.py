"""Prometheus and Grafana understand what `deploy/` tells them, and find all that they ask for."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from apps import trading_home
from apps.market_home import fill
from shared_data import REPOSITORY
from strikewise.apps.api.metric_names import METRICS
from strikewise.bootstrap.alarms import OUTBOX
from strikewise.bootstrap.serve import open_access
from strikewise.service.access import Scope

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
DASHBOARD = REPOSITORY / "deploy" / "grafana" / "strikewise.json"
PROGRAM = "import sys; from strikewise.apps.cli.main import main; sys.argv[0] = 'strikewise'; main()"
NAMES = re.compile(r"\bstrikewise_[a-z_]+")
SUFFIXES = re.compile(r"_(bucket|sum|count)$")


def lacks(what: str) -> NoReturn:
    """Say what to install: where changes are judged that is a failure, elsewhere a skip."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def promtool(*words: str, where: Path = PROMETHEUS, given: str | None = None) -> str:
    """Run Prometheus' own judge, and return what it says."""
    if shutil.which("promtool") is None:
        lacks("Rules are judged by Prometheus' promtool, which is not here: `apt-get install prometheus`.")
    said = subprocess.run(
        ["promtool", *words], cwd=where, input=given, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout + said.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The files as they lie beside each other when they are used."""
    made = tmp_path / "prometheus"
    shutil.copytree(PROMETHEUS, made)
    (made / "strikewise.token").write_text("swt_none", encoding="utf-8")
    return made


def queries() -> list[tuple[str, str]]:
    """Return every panel's queries, by its title."""
    found = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [(panel["title"], one["expr"]) for panel in found["panels"] for one in panel.get("targets", ())]


def rules() -> dict[str, Any]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return {one["alert"]: one for group in groups for one in group["rules"]}


# --- files ------------------------------------------------------------------------------------------------


def test_prometheus_understands_the_configuration_and_the_rules(place: Path) -> None:
    promtool("check", "config", "prometheus.yml", where=place)
    assert f"{len(rules())} rules found" in promtool("check", "rules", "rules.yml")


def test_every_rule_fires_where_it_should_and_stays_silent_where_it_should() -> None:
    promtool("test", "rules", "rules_test.yml")
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    judged = [one for test in tests for one in test["alert_rule_test"]]
    fires = {one["alertname"] for one in judged if one["exp_alerts"]}
    silent = {one["alertname"] for one in judged if not one["exp_alerts"]}
    assert fires == silent == set(rules())


def test_every_rule_says_how_bad_it_is_and_what_to_do() -> None:
    for name, rule in rules().items():
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}, name
        assert rule["annotations"].keys() == {"summary", "description"}, name


@pytest.mark.parametrize("where", ["rules", "panels"])
def test_nothing_is_asked_for_that_is_not_shown(where: str) -> None:
    asked = [rule["expr"] for rule in rules().values()] if where == "rules" else [one for _, one in queries()]
    names = {SUFFIXES.sub("", name) for expression in asked for name in NAMES.findall(expression)}
    assert names - METRICS.keys() == set()


def test_the_dashboard_shows_every_figure_but_those_that_only_say_whether() -> None:
    asked = {SUFFIXES.sub("", name) for _, expression in queries() for name in NAMES.findall(expression)}
    assert METRICS.keys() - asked == {"strikewise_market_open", "strikewise_orders_unresolved_age_seconds"}


def test_the_dashboard_has_panels_that_do_not_lie_on_each_other() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


# --- a real Prometheus over a real server -------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def program(words: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(words, text=True, **options) as made:
        try:
            yield made
        finally:
            made.send_signal(signal.SIGTERM)
            try:
                made.wait(20)
            except subprocess.TimeoutExpired:
                made.kill()


def strikewise(*words: str) -> list[str]:
    return [sys.executable, "-c", PROGRAM, *words]


def until(holds: Callable[[], bool], what: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """The addresses of Prometheus and of a server that shows a process trading its past, and a token."""
    if shutil.which("prometheus") is None:
        lacks("What a server shows is read by Prometheus, which is not here: `apt-get install prometheus`.")
    folder = tmp_path_factory.mktemp("watched")
    fill(folder / "market")
    home = trading_home.make(folder / "home", folder / "market")
    (home / "settings.toml").write_text(trading_home.SETTINGS + "\n[alerts.channels.ops]\n", encoding="utf-8")
    with open_access(home) as access:
        token, _ = access.tokens.make("prometheus", Scope.READ, "tester")  # and one alert waits
    assert (home / OUTBOX).exists()
    rehearsal = folder / "rehearsal"
    replay = ["run", "--replay", "2018-01-02..2018-04-30", "--speed", "20000", "--into", str(rehearsal)]
    silence: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with program(strikewise("--home", str(home), *replay), **silence) as trading:
        until((rehearsal / "picture.json").exists, trading.poll)
        serve = ["serve", "--port", "0", "--json", "--rehearsal", str(rehearsal)]
        with program(strikewise("--home", str(home), *serve), stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            said = ""
            while not said.endswith("}\n"):
                said += server.stdout.readline()
            url = str(json.loads(said)["url"])
            with prometheus(folder / "prometheus", url.rpartition("/")[2], token) as asked:
                yield asked, url, token


@contextmanager
def prometheus(folder: Path, target: str, token: str) -> Iterator[str]:
    """Run Prometheus with our files, asking every second."""
    shutil.copytree(PROMETHEUS, folder)
    (folder / "strikewise.token").write_text(token, encoding="utf-8")
    file = folder / "prometheus.yml"
    text = file.read_text(encoding="utf-8").replace("127.0.0.1:8300", target)
    file.write_text(text.replace("_interval: 15s", "_interval: 1s"), encoding="utf-8")
    port = free_port()
    words = [
        "prometheus",
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with program(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield f"http://127.0.0.1:{port}"


def series(url: str, expression: str) -> list[Any]:
    asked = expression.replace("$__rate_interval", "1m").replace("$instance", ".+")
    try:
        answer = httpx.get(f"{url}/api/v1/query", params={"query": asked}, timeout=10)
    except httpx.TransportError:
        return []  # it is not there yet
    if answer.status_code == 503:
        return []  # it begins
    told = answer.json()
    assert told["status"] == "success", (asked, told)
    return list(told["data"]["result"])


def test_every_panel_shows_something_of_an_account_that_trades(watched: tuple[str, str, str]) -> None:
    url, _, __ = watched
    wanted = queries()
    empty = [one for one in wanted if not series(url, one[1])]

    def all_show() -> bool:
        empty[:] = [one for one in empty if not series(url, one[1])]
        return not empty

    until(all_show, lambda: [title for title, _ in empty])


def test_prometheus_finds_nothing_to_blame_in_what_the_server_shows(watched: tuple[str, str, str]) -> None:
    url, target, token = watched
    until(lambda: bool(series(url, "strikewise_up")), lambda: "nothing was scraped")
    assert httpx.get(f"{target}/metrics", timeout=10).status_code == 401  # nobody reads it without a token
    header = {"Authorization": f"Bearer {token}"}
    text = httpx.get(f"{target}/metrics", headers=header, timeout=10).text
    assert "strikewise_up 1.0" in text
    ours = "".join(
        line for line in text.splitlines(keepends=True) if "strikewise_" in line and "_created" not in line
    )
    assert promtool("check", "metrics", given=ours) == ""
    families = [one.name for one in text_string_to_metric_families(text)]
    assert len(families) == len(set(families))


def test_the_rules_are_judged_by_prometheus_on_what_the_server_shows(watched: tuple[str, str, str]) -> None:
    url, _, __ = watched

    until(lambda: bool(series(url, "strikewise_up")), lambda: "nothing was scraped")

    def judged() -> bool:
        groups = httpx.get(f"{url}/api/v1/rules", timeout=10).json()["data"]["groups"]
        return all(rule["health"] == "ok" for group in groups for rule in group["rules"])

    until(judged, lambda: httpx.get(f"{url}/api/v1/rules", timeout=10).text)
    assert series(url, 'ALERTS{alertname="StrikewisePageDown"}') == []
