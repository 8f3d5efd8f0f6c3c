"""Who may do what, operation by operation: a route that nobody thought of fails here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from apps.api.serving import SSL, Served, serving
from apps.api.test_security import filled, operations
from strikewise.service.access import Scope

NOBODY, READ, TRADE, ADMIN = "nobody", "read", "trade", "admin"
API = "/api/v1"
TABLE = {
    NOBODY: ["get /health/live", "get /health/ready", "get /session", "post /session", "post /setup"],
    READ: [
        "get /metrics",
        "get /account",
        "get /backtests",
        "get /backtests/compare",
        "get /backtests/{fingerprint}",
        "get /backtests/{fingerprint}/report",
        "get /chart/{symbol}",
        "get /control/requests/{request}",
        "get /equity",
        "get /facts",
        "get /facts/{seq}",
        "get /facts/{seq}/lineage",
        "get /jobs",
        "get /jobs/{job_id}",
        "get /logs",
        "get /orders",
        "get /orders/{order_id}",
        "get /positions",
        "get /positions/{position_id}",
        "get /positions/{position_id}/payoff",
        "get /reconciliation",
        "get /risk",
        "get /scan",
        "delete /session",
        "post /session/confirm",
        "get /settings",
        "post /settings/check",
        "get /signals",
        "get /signals/{signal_id}",
        "get /status",
        "get /strategies",
        "get /stream",
        "get /symbols",
        "get /trades",
        "get /trades/{trade_id}",
        "get /trades/{trade_id}/explain",
        "get /volatility/{symbol}",
    ],
    TRADE: [
        "post /backtests",
        "post /control/flatten",
        "post /control/halt",
        "post /control/resume",
        "post /orders/{order_id}/cancel",
        "post /positions/{position_id}/claim",
        "post /positions/{position_id}/close",
        "post /reconciliation",
        "post /scan",
        "post /signals/{signal_id}/dismiss",
        "post /signals/{signal_id}/take",
        "post /symbols/{symbol}/release",
    ],
    ADMIN: [
        "get /audit",
        "get /audit/verify",
        "put /settings",
        "get /tokens",
        "post /tokens",
        "delete /tokens/{token_id}",
    ],
}
"""Every operation there is, by the least scope that does it."""
TAKES = {operation: scope for scope, found in TABLE.items() for operation in found}
CHANGES = {"post", "put", "delete"}
BODIES = {
    "positions/{position_id}/claim": {"strategy": "told"},
    "session/confirm": {"password": "not a person's"},
    "settings": {"toml": "", "digest": ""},
    "settings/check": {"toml": ""},
    "tokens": {"label": "made in the matrix", "scope": "read"},
    "backtests": {"spec": {}},
}


def told(verb: str, path: str) -> str:
    return f"{verb} {path.removeprefix(API)}"


@dataclass
class Callers:
    """Everybody who might ask, by what they show."""

    served: Served
    headers: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with serving(tmp_path_factory.mktemp("scopes")) as served:
        tokens = served.access.tokens
        shown = {scope.value: served.token(scope) for scope in Scope}
        shown["expired"] = tokens.make("short", Scope.ADMIN, "tester", lasts=timedelta(seconds=1))[0]
        shown["revoked"], revoked = tokens.make("gone", Scope.ADMIN, "tester")
        tokens.revoke(revoked.token_id, "tester")
        shown["another's"] = "swt_abcdefgh_" + "x" * 43
        shown["half"] = shown[ADMIN][:-1]
        served.later(seconds=2)
        headers = {name: {"Authorization": f"Bearer {text}"} for name, text in shown.items()}
        yield Callers(served, {NOBODY: {}, "cookie": {"Cookie": "strikewise_session=made-up"}, **headers})


def asked(callers: Callers, verb: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """Ask, and read no more of the answer than its beginning: a stream has no end."""
    body = BODIES.get(path.removeprefix(f"{API}/"), {}) if verb in {"post", "put"} else None
    own = {"Origin": callers.served.url} if verb in CHANGES else {}
    url = callers.served.url + filled(path)
    with (
        httpx.Client(verify=SSL, timeout=10) as client,
        client.stream(verb, url, json=body, headers={**own, **headers}) as answer,
    ):
        if answer.headers.get("content-type", "").startswith("application/"):
            answer.read()
        return answer


def test_the_table_is_of_every_operation_there_is() -> None:
    assert sorted(TAKES) == sorted(told(verb, path) for verb, path, _ in operations())
    assert sum(map(len, TABLE.values())) == len(TAKES)


@pytest.mark.parametrize(
    "name", [NOBODY, READ, TRADE, ADMIN, "expired", "revoked", "another's", "half", "cookie"]
)
def test_everybody_does_what_the_table_says_and_nothing_else(callers: Callers, name: str) -> None:
    known = name in {READ, TRADE, ADMIN}
    for verb, path, _ in operations():
        takes, before = TAKES[told(verb, path)], callers.served.ledger.head.seq
        answer = asked(callers, verb, path, callers.headers[name])
        if takes == NOBODY:
            assert answer.status_code != 401, (verb, path)
        elif not known:
            assert answer.status_code == 401, (verb, path, answer.status_code)
        elif Scope(name).covers(Scope(takes)):
            refused = answer.status_code in {401, 403} and answer.json()["type"] != "not-let-in"
            assert not refused or answer.json()["type"] == "confirm", (verb, path, answer.text)
            assert answer.status_code < 500, (verb, path)
            continue
        else:
            assert (answer.status_code, answer.json()["type"]) == (403, "scope"), (verb, path)
        assert callers.served.ledger.head.seq == before, (verb, path)


def test_a_page_that_does_not_prove_itself_changes_nothing_anywhere(callers: Callers) -> None:
    person = callers.served.person()
    cookie = "; ".join(f"{name}={value}" for name, value in person.client.cookies.items())
    for verb, path, _ in operations():
        if verb in CHANGES and TAKES[told(verb, path)] != NOBODY:
            answer = asked(callers, verb, path, {"Cookie": cookie})
            assert (answer.status_code, answer.json()["type"]) == (403, "csrf"), (verb, path)
