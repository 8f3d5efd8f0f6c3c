"""Lists page by page, line by line, and not at all where nothing changed."""

from __future__ import annotations

import json

import httpx
import pytest

from apps.api.serving import Served, ok
from strikewise.domain.control import AlertRaised
from strikewise.portfolio.ledger import Entry


@pytest.mark.parametrize("path", ["signals", "orders", "trades", "facts"])
def test_pages_follow_one_another_without_loss_or_repetition(get: httpx.Client, path: str) -> None:
    whole = ok(get.get(path, params={"limit": 1_000}))
    assert whole["next"] is None
    assert len(whole["items"]) >= 2
    found, cursor = [], None
    while True:
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = ok(get.get(path, params=asked))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole["items"]


def test_facts_page_by_the_last_that_is_known(shown: Served, get: httpx.Client) -> None:
    found, after = [], 0
    while True:
        page = ok(get.get("facts", params={"limit": 7, "after": after}))
        found += page["items"]
        if page["next"] is None:
            break
        after = int(page["next"])
    assert [one["hash"] for one in found] == [fact.hash for fact in shown.ledger.facts()]


def test_a_page_as_large_as_it_may_be_says_that_there_are_more(served: Served) -> None:
    now = served.clock.now()
    entries = [Entry(AlertRaised("info", "TEST", str(number)), now, "engine") for number in range(1_200)]
    served.ledger.append(entries, recorded_at=now)
    with served.program() as program:
        page = ok(program.get("facts?limit=1000"))
        assert page["next"] == "1000"
        rest = ok(program.get("facts", params={"limit": 1_000, "cursor": page["next"]}))
    assert len(page["items"]) + len(rest["items"]) == served.ledger.head.seq


def test_the_newest_of_somebodys_facts_come_first(shown: Served, get: httpx.Client) -> None:
    own = [fact.seq for fact in shown.ledger.facts() if fact.actor == "engine"]
    asked: dict[str, str | int] = {"newest": "true", "actor": "engine", "limit": 3}
    first = ok(get.get("facts", params=asked))
    then = ok(get.get("facts", params=asked | {"cursor": first["next"]}))
    assert [one["seq"] for one in [*first["items"], *then["items"]]] == own[:-7:-1]


def test_the_audit_log_pages_like_every_list(served: Served) -> None:
    with served.program() as program:
        served.access.note("tester", "", "looked", "")
        page = ok(program.get("audit", params={"limit": 1}))
        assert ok(program.get("audit", params={"limit": 1, "cursor": page["next"]}))["items"][0]["seq"] == 2


@pytest.mark.parametrize("path", ["facts", "signals", "orders", "trades"])
def test_lists_come_as_json_lines_for_programs_that_ask_for_them(get: httpx.Client, path: str) -> None:
    lines = get.get(path, headers={"Accept": "application/x-ndjson"}, params={"limit": 1_000})
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == ok(
        get.get(path, params={"limit": 1_000})
    )["items"]


@pytest.mark.parametrize(
    "path",
    [
        "account",
        "positions",
        "orders",
        "signals",
        "trades",
        "facts",
        "equity",
        "risk",
        "settings",
        "chart/SPY",
    ],
)
def test_whoever_has_an_answer_already_is_not_given_it_again(get: httpx.Client, path: str) -> None:
    first = get.get(path)
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = get.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == tag
    other = get.get(path, headers={"If-None-Match": 'W/"0123"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_a_tag_is_another_once_anything_changed(served: Served) -> None:
    with served.program() as program:
        before = program.get("facts").headers["etag"]
        now = served.clock.now()
        served.ledger.append([Entry(AlertRaised("info", "TEST", "x"), now, "engine")], recorded_at=now)
        again = program.get("facts", headers={"If-None-Match": before})
        assert again.status_code == 200
        assert again.headers["etag"] != before


def test_json_lines_tell_in_a_header_what_comes_next(get: httpx.Client) -> None:
    found, cursor = [], None
    while True:
        asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = get.get("signals", params=asked, headers={"Accept": "application/x-ndjson"})
        found += [json.loads(line) for line in page.text.splitlines()]
        cursor = page.headers.get("x-next-cursor")
        if cursor is None:
            break
    assert found == ok(get.get("signals", params={"limit": 1_000}))["items"]
