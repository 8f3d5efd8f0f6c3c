"""Secrets planted around a server are in nothing that comes out: bundle, answers, stream, pages, logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response

from apps import trading_home
from dashboard.processes import PASSWORD, Server, make_administrator, server
from dashboard.test_pages import PAGES
from dashboard.watching import Watched, settled
from strikewise.apps.api.page import STATIC

CANARIES = {
    "APCA_API_KEY_ID": "PKcanaryCANARYkey01",
    "APCA_API_SECRET_KEY": "canaryBrokerSecret0123456789abcdef",
    "STRIKEWISE_TELEGRAM_TOKEN": "123456789:AAcanaryCANARYcanaryCANARYcanary012",
    "STRIKEWISE_ALERTS_OPS": "slack://canaryA/canaryB/canaryOpsHookC",
}
IN_A_FILE = "canary-of-a-file-in-secrets"
IN_A_URL = "canaryOfALedgersAddress"
SECRETS = (*CANARIES.values(), "canaryOpsHookC", IN_A_FILE, IN_A_URL, PASSWORD)


@dataclass
class Heard:
    """Everything that a browser was told, and what it showed.

    Attributes
    ----------
    server : Server
        Whose.
    home : Path
        Its home.
    answers, pages : dict of str to str
        What was answered by address, and what stood on each page.
    stream : str
        What the stream of events began with.
    said : str
        What the program printed.
    complaints : list of str
        What the browser complained of while nothing was wrong.
    """

    server: Server
    home: Path
    answers: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    stream: str = ""
    said: str = ""
    complaints: list[str] = field(default_factory=list)


STREAM = """
async () => {
  const answer = await fetch("/api/v1/stream"), reader = answer.body.getReader();
  let text = "";
  while (!text.includes("event: snapshot") || !text.endsWith("\\n\\n"))
    text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  return text;
}
"""


@pytest.fixture(scope="module")
def heard(browser: Browser, market: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """Plant secrets, open every page and do what can go wrong, and keep all that was told."""
    home = trading_home.make(tmp_path_factory.mktemp("secrets") / "home", market)
    (home / "secrets").mkdir()
    for name in ("telegram_token", "alerts_ops"):
        (home / "secrets" / name).write_text(IN_A_FILE, encoding="utf-8")
        (home / "secrets" / name).chmod(0o600)
    with server(home, env=CANARIES) as served:
        found = Heard(served, home)
        environment = Path(f"/proc/{served.process.pid}/environ").read_bytes()
        assert all(one.encode() in environment for one in CANARIES.values())
        context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        watched = Watched(page)

        def keep(answer: Response) -> None:
            if not answer.url.endswith("/stream") and answer.status != 304:
                found.answers[f"{len(found.answers)} {answer.url}"] = answer.text()

        make_administrator(page, served)
        page.on("requestfinished", lambda request: keep(request.response()))
        for name in PAGES:
            page.goto(f"{served.url}/#/{name}")
            page.locator("nav a[aria-current=page]").wait_for()
            settled(page)
            found.pages[name] = page.content()
        found.complaints = watched.complaints()
        editor = page.get_by_label("Settings as TOML")
        editor.fill(f'[ledger]\nurl = "postgresql+psycopg://me:{IN_A_URL}@db/x"\nnonsense = 1\n')
        page.get_by_role("button", name="Check").click()
        page.get_by_role("alert").wait_for()
        found.pages["refused settings"] = page.get_by_role("alert").inner_html()
        found.stream = page.evaluate(STREAM)
        for path in ("settings", "facts?limit=500", "logs?limit=500", "audit", "jobs"):
            told = page.evaluate(f"fetch('/api/v1/{path}').then((one) => one.text())")
            found.answers[path] = told
        context.close()
        served.process.terminate()
        found.said = served.process.communicate(timeout=30)[0]
        yield found


def leaks(text: str) -> list[str]:
    return [one for one in SECRETS if one in text]


def test_no_answer_and_no_event_says_a_secret(heard: Heard) -> None:
    assert len(heard.answers) > 40
    assert "event: snapshot" in heard.stream
    told = {where: leaks(text) for where, text in heard.answers.items()}
    assert {where: found for where, found in told.items() if found} == {}
    assert leaks(heard.stream) == []


def test_every_page_of_an_account_that_never_traded_is_clean_and_says_what_to_do(heard: Heard) -> None:
    assert heard.complaints == []
    for name, told in (
        ("overview", "Nothing is held"),
        ("positions", "Nothing is held"),
        ("signals", "No signals yet"),
        ("scanner", "No scan yet"),
        ("backtests", "No run is kept yet"),
        ("orders", "The ledger is empty"),
    ):
        assert told in heard.pages[name]


def test_no_page_shows_a_secret(heard: Heard) -> None:
    assert {name: leaks(text) for name, text in heard.pages.items() if leaks(text)} == {}


def test_no_file_of_the_home_but_their_own_holds_a_secret_and_nothing_of_them_is_printed(
    heard: Heard,
) -> None:
    files = [one for one in heard.home.rglob("*") if one.is_file() and one.parent.name != "secrets"]
    assert any("access.db" in one.name for one in files)
    assert [one for one in files for secret in SECRETS if secret.encode() in one.read_bytes()] == []
    assert leaks(heard.said) == []


def test_the_bundle_holds_no_secret_and_no_path_of_the_home(heard: Heard) -> None:
    bundle = [one for one in STATIC.rglob("*") if one.is_file()]
    assert len(bundle) > 10
    for file in bundle:
        text = file.read_text(encoding="utf-8")
        assert leaks(text) == []
        assert str(heard.home) not in text
