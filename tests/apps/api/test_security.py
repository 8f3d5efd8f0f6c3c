"""Each line of what was promised about the door, tried from outside against a real server."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from apps.api.serving import CHEAP, NAME, PASSWORD, Served, anybody, serving
from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import ACCESS_FILE
from strikewise.apps.api.app import routes
from strikewise.bootstrap.serve import ServePlan
from strikewise.domain.access import Scope

OPEN = {
    ("get", "/api/v1/session"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/setup"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
}
"""What anybody may ask."""


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = routes().openapi()
    return [
        (verb, path, operation)
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
    ]


def filled(path: str) -> str:
    """Return a path with something for each of its names."""
    return re.sub(r"\{(\w+)\}", lambda found: "1" if found[1] in {"seq", "request"} else "abcd1234", path)


# --- who is let in ------------------------------------------------------------------------------------------


def test_nothing_is_answered_to_nobody_but_who_one_is_and_whether_the_server_lives(shown: Served) -> None:
    for verb, path, _ in operations():
        answer = anybody.request(verb, shown.url + filled(path), json={} if verb in {"post", "put"} else None)
        if (verb, path) in OPEN:
            assert answer.status_code in {200, 422}, (verb, path, answer.text)
        else:
            assert answer.status_code == 401, (verb, path, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", [Scope.READ, Scope.TRADE])
def test_a_smaller_scope_does_not_do_what_takes_a_larger_one(served: Served, scope: Scope) -> None:
    admin = {"/api/v1/tokens", "/api/v1/tokens/{token_id}", "/api/v1/audit", "/api/v1/audit/verify"}
    before = served.ledger.head.seq
    with served.program(scope) as program:
        for verb, path, _ in operations():
            takes = verb in {"post", "put", "delete"} and "session" not in path and "setup" not in path
            takes = takes and path != "/api/v1/settings/check"
            largest = path in admin or (verb, path) == ("put", "/api/v1/settings")
            if largest or (takes and scope is Scope.READ):
                answer = program.request(verb, served.url + filled(path), json={})
                assert answer.status_code in {403, 422}, (verb, path)
                if answer.status_code == 403:
                    assert answer.json()["type"] == "scope"
    assert served.ledger.head.seq == before
    assert served.system.halt.read() is None


def test_a_smaller_scope_is_refused_where_the_body_is_right(served: Served) -> None:
    with served.program(Scope.READ) as program:
        assert program.post("control/halt", json={}).status_code == 403
    with served.program(Scope.TRADE) as program:
        settings = {"toml": "", "digest": ""}
        assert program.put("settings", json=settings).status_code == 403
        assert program.post("tokens", json={"label": "mine", "scope": "admin"}).status_code == 403
        assert program.post("control/halt", json={}).status_code == 202


def test_a_token_is_shown_once_kept_as_a_hash_ends_and_can_be_taken_back(
    tmp_path: Path, served: Served
) -> None:
    person = served.person()
    made = person.post("tokens", label="sheet", scope="read", days=1).json()
    text, token_id = made["text"], made["token"]["token_id"]
    bearer = {"Authorization": f"Bearer {text}"}
    assert anybody.get(f"{served.url}/api/v1/status", headers=bearer).status_code == 200
    assert text not in person.get("tokens").text
    secret = text.rpartition(f"{token_id}_")[2]
    for file in tmp_path.glob(f"{ACCESS_FILE}*"):
        assert secret.encode() not in file.read_bytes()
    served.later(hours=23)
    assert anybody.get(f"{served.url}/api/v1/status", headers=bearer).status_code == 200
    served.later(hours=1)
    assert anybody.get(f"{served.url}/api/v1/status", headers=bearer).status_code == 401
    lasting = served.token()
    token_id = served.access.tokens.all()[-1].token_id
    served.person().send("DELETE", f"tokens/{token_id}")
    bearer = {"Authorization": f"Bearer {lasting}"}
    assert anybody.get(f"{served.url}/api/v1/status", headers=bearer).status_code == 401


@pytest.mark.parametrize("wrong", ["x", "swt_00000000_" + "a" * 43, "swt_\u00e9", "Basic x", "a" * 5_000])
def test_a_wrong_token_is_nobody(shown: Served, wrong: str) -> None:
    headers = {"Authorization": f"Bearer {wrong}".encode()}
    assert anybody.get(f"{shown.url}/api/v1/status", headers=headers).status_code == 401


def test_a_token_made_with_a_key_is_made_once_and_its_text_is_kept_nowhere(served: Served) -> None:
    person, key = served.person(), {"Idempotency-Key": "press-1-of-the-button"}
    body = {"label": "sheet", "scope": "read"}
    made = person.send("POST", "tokens", body, key)
    assert made.status_code == 201
    again = person.send("POST", "tokens", body, key)
    text, token_id = made.json()["text"], made.json()["token"]["token_id"]
    assert (again.status_code, token_id in again.json()["detail"]) == (409, True)
    assert [one.token_id for one in served.access.tokens.all()] == [token_id]
    kept = b"".join(file.read_bytes() for file in served.system.home.rglob("access.db*"))
    assert token_id.encode() in kept
    assert text.split("_", 2)[2].encode() not in kept
    assert text not in again.text


def test_the_right_id_with_another_tokens_secret_is_nobody(served: Served) -> None:
    one, other = served.token(), served.token()
    mixed = one[:13] + other[13:]
    headers = {"Authorization": f"Bearer {mixed}"}
    assert anybody.get(f"{served.url}/api/v1/status", headers=headers).status_code == 401


# --- the first start ----------------------------------------------------------------------------------------


def test_the_one_time_code_makes_one_administrator_and_no_other(served: Served) -> None:
    browser = served.browser()
    assert browser.get("session").json()["state"] == "new"
    wrong = browser.post("setup", code="x" * 43, name="eve", password=PASSWORD)
    assert wrong.status_code == 403
    assert served.person().get("session").json()["scope"] == "admin"
    again = browser.post("setup", code=served.setup, name="eve", password=PASSWORD)
    assert again.status_code == 403
    assert [user.name for user in served.access.store.users()] == [NAME]
    assert browser.get("session").json()["state"] == "closed"


def test_the_one_time_code_ends(served: Served) -> None:
    served.later(hours=1)
    late = served.browser().post("setup", code=served.setup, name=NAME, password=PASSWORD)
    assert late.status_code == 403


@pytest.mark.parametrize(("name", "password"), [("ada", "short"), ("ada", "i-am-ada-i-am"), ("9", PASSWORD)])
def test_a_weak_password_is_refused_and_the_code_still_holds(
    served: Served, name: str, password: str
) -> None:
    answer = served.browser().post("setup", code=served.setup, name=name, password=password)
    assert answer.status_code == 409
    assert served.person().get("session").json()["state"] == "open"


def test_passwords_are_kept_by_argon2id_with_its_recommended_cost() -> None:
    hashed = Argon2Passwords().hash(PASSWORD)
    assert re.match(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$", hashed)
    assert Argon2Passwords().matches(hashed, PASSWORD)
    assert not CHEAP.matches("no hash", PASSWORD)


def test_only_its_owner_reads_who_may_come_in(served: Served, tmp_path: Path) -> None:
    served.person()
    assert stat.S_IMODE((tmp_path / ACCESS_FILE).stat().st_mode) == 0o600
    for file in tmp_path.glob(f"{ACCESS_FILE}*"):
        assert PASSWORD.encode() not in file.read_bytes()


# --- browsers -----------------------------------------------------------------------------------------------


def test_the_cookie_is_opaque_and_no_script_and_no_other_site_gets_it(served: Served) -> None:
    answer, again = (served.person().post("session", name=NAME, password=PASSWORD) for _ in range(2))
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0]
    assert len(secret) >= 43
    assert secret not in again.headers["set-cookie"]
    assert secret not in answer.text


def test_behind_tls_the_cookie_goes_nowhere_else(tmp_path: Path) -> None:
    with serving(tmp_path, ServePlan(port=0, behind_proxy=True)) as served:
        browser = served.browser()
        origin = {"Origin": served.url.replace("http:", "https:")}
        body = {"code": served.setup, "name": NAME, "password": PASSWORD}
        answer = browser.send("POST", "setup", body, origin)
        assert "Secure" in answer.headers["set-cookie"].split("; ")
        assert answer.headers["strict-transport-security"]
        assert browser.send("POST", "session", {"name": NAME, "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("shown_token", ["", "0" * 64, "\u00e9"])
def test_a_change_without_the_pages_proof_is_refused(served: Served, shown_token: str) -> None:
    person = served.person()
    answer = person.client.post(
        f"{served.url}/api/v1/control/halt",
        json={},
        headers=[(b"Origin", served.url.encode()), (b"X-CSRF-Token", shown_token.encode())],
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "csrf")
    assert served.system.halt.read() is None


def test_the_proof_of_one_session_is_none_for_another(served: Served) -> None:
    one, other = served.person(), served.person()
    other.csrf = one.csrf
    assert other.post("control/halt").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing_and_hears_nothing(
    served: Served, headers: dict[str, str]
) -> None:
    person = served.person()
    assert person.send("POST", "control/halt", {}, headers).status_code == 403
    assert person.client.get(f"{served.url}/api/v1/stream", headers=headers).status_code == 403
    assert person.client.get(f"{served.url}/api/v1/account", headers=headers).status_code == 403
    assert served.system.halt.read() is None


def test_a_browsers_change_that_does_not_name_its_origin_is_refused(served: Served) -> None:
    person = served.person()
    answer = person.client.post(
        f"{served.url}/api/v1/control/halt", json={}, headers={"X-CSRF-Token": person.csrf}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::"])
def test_a_name_that_is_not_ours_is_not_answered_to(shown: Served, host: str) -> None:
    for path in ("/", "/health/live", "/api/v1/session", "/metrics"):
        answer = anybody.get(shown.url + path, headers={"Host": host})
        assert answer.status_code in {400, 421}


def test_a_session_ends_when_nobody_uses_it_and_after_a_day_anyway(served: Served) -> None:
    person = served.person()
    for _ in range(12):
        served.later(hours=1, minutes=59)
        assert person.get("account").status_code == 200
    served.later(minutes=12)
    assert person.get("account").status_code == 401
    person = served.person()
    served.later(hours=2)
    assert person.get("account").status_code == 401


def test_an_open_stream_alone_keeps_no_session_alive(served: Served) -> None:
    person = served.person()
    secret = person.client.cookies["strikewise_session"]
    served.later(hours=1)
    assert served.access.person(secret, uses=False) is not None
    served.later(hours=1)
    assert served.access.person(secret) is None


def test_who_logs_out_is_out_everywhere_with_that_cookie(served: Served) -> None:
    person = served.person()
    secret = person.client.cookies["strikewise_session"]
    assert person.send("DELETE", "session").status_code == 204
    stolen = anybody.get(f"{served.url}/api/v1/account", headers={"Cookie": f"strikewise_session={secret}"})
    assert stolen.status_code == 401


def test_a_secret_in_the_address_is_nobody(served: Served) -> None:
    token = served.token()
    for name in ("token", "access_token", "strikewise_session", "api_key"):
        assert anybody.get(f"{served.url}/api/v1/status", params={name: token}).status_code == 401


def test_what_a_page_asks_while_nobody_is_at_it_keeps_no_session_alive(served: Served) -> None:
    person = served.person()

    def asked(**headers: str) -> int:
        own = {"Sec-Fetch-Site": "same-origin", **headers}
        return person.client.get(f"{served.url}/api/v1/status", headers=own).status_code

    for _ in range(3):
        served.later(minutes=90)
        assert asked() == 200
    served.later(minutes=90)
    assert asked(**{"X-Unattended": "1"}) == 200
    assert person.get("session").json()["state"] == "open"
    served.later(minutes=40)
    assert asked() == 401
