"""Each line of what was promised about the door, tried from outside against a real server."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import stat
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.api.serving import CHEAP, NAME, PASSWORD, Browser, Served, anybody, serving
from strikewise.adapters.passwords import Argon2Passwords
from strikewise.adapters.store.access import ACCESS_FILE
from strikewise.apps.api.app import routes
from strikewise.apps.api.shield import CSP
from strikewise.bootstrap.serve import ServePlan
from strikewise.domain.access import Scope
from strikewise.domain.errors import LedgerCorruptError, SettingsError

OPEN = {
    ("get", "/api/v1/session"),
    ("post", "/api/v1/session"),
    ("post", "/api/v1/setup"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
}
"""What anybody may ask."""
CONTRACT = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
)


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
    admin = {"/api/v1/tokens", "/api/v1/tokens/{token_id}", "/api/v1/audit"}
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
    answer = served.person().post("session", name=NAME, password=PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
    secret = cookie.partition("=")[2].partition(";")[0]
    assert len(secret) >= 43
    assert NAME not in secret
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


# --- wrong tries --------------------------------------------------------------------------------------------


def guess(served: Served, name: str, number: int) -> httpx.Response:
    return Browser(served.url, anybody).post("session", name=name, password=f"guess number {number}")


def test_two_hundred_wrong_logins_are_slowed_down_noted_and_alerted(served: Served) -> None:
    served.person()
    said = [guess(served, NAME, number) for number in range(200)]
    assert [one.status_code for one in said[:5]] == [403] * 5
    assert sum(one.status_code == 403 for one in said) <= 6
    assert int(said[-1].headers["retry-after"]) > 60
    assert served.browser().post("session", name=NAME, password=PASSWORD).status_code == 429
    assert ("LOGIN_TRIES", "5 wrong tries to log in (account:ada).") in served.alarms
    actions = [line.action for line in served.access.store.audit()]
    assert {"login_failed", "throttled"} <= set(actions)
    served.later(hours=1, seconds=1)
    assert served.browser().post("session", name=NAME, password=PASSWORD).status_code == 201


def test_many_names_from_one_address_are_slowed_down_too(served: Served) -> None:
    served.person()
    said = [guess(served, f"name{number}", number).status_code for number in range(30)]
    assert said[:20] == [403] * 20
    assert 429 in said[20:]


def test_wrong_tries_throw_nobody_out_who_is_in(served: Served) -> None:
    person = served.person()
    for number in range(10):
        guess(served, NAME, number)
    assert person.post("control/halt", reason="now").status_code == 202


def test_an_unknown_name_is_refused_like_a_wrong_password(served: Served) -> None:
    served.person()
    known, unknown = guess(served, NAME, 1), guess(served, "nobody", 1)
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


def test_wrong_codes_are_slowed_down(served: Served) -> None:
    said = [
        Browser(served.url, anybody).post("setup", code=f"{number}", name=NAME, password=PASSWORD).status_code
        for number in range(25)
    ]
    assert said[:20] == [403] * 20
    assert 429 in said[20:]


# --- what is dangerous --------------------------------------------------------------------------------------


def test_stopping_takes_no_password_and_raising_limits_or_going_live_does(served: Served) -> None:
    person = served.person()
    served.later(minutes=6)
    assert person.post("control/halt", reason="now").status_code == 202
    digest = person.get("settings").json()["digest"]
    for toml in ("[limits]\nmax_margin = 0.99\n", '[run]\nmode = "live"\n', "[account]\ncapital = 1e6\n"):
        answer = person.send("PUT", "settings", {"toml": toml, "digest": digest})
        assert (answer.status_code, answer.json()["type"]) == (403, "confirm"), toml
    lower = {"toml": "[limits]\nmax_margin = 0.1\n", "digest": digest}
    assert person.send("PUT", "settings", lower).status_code == 200
    assert person.post("session/confirm", password="wrong password").status_code == 403
    assert person.post("session/confirm", password=PASSWORD).json()["confirmed"] is True
    digest = person.get("settings").json()["digest"]
    higher = {"toml": "[limits]\nmax_margin = 0.99\n", "digest": digest}
    assert person.send("PUT", "settings", higher).status_code == 200


def test_a_program_cannot_give_a_password(served: Served) -> None:
    with served.program() as program:
        answer = program.put("settings", json={"toml": '[run]\nmode = "live"\n', "digest": "x"})
        assert (answer.status_code, answer.json()["type"]) == (403, "confirm")
        assert program.post("session/confirm", json={"password": PASSWORD}).status_code == 403


def test_no_code_of_strategies_comes_in(served: Served) -> None:
    body = {
        "spec": {
            "underlyings": ["SPY"],
            "start": "2024-02-05",
            "end": "2024-02-07",
            "strategies": [{"strategy": "os.system", "parameters": {"x": "__import__('os')"}}],
        }
    }
    with served.program() as program:
        answer = program.post("backtests", json=body)
    assert answer.status_code == 409
    assert "os.system" in answer.json()["detail"]


# --- from where ---------------------------------------------------------------------------------------------


def test_it_listens_to_this_computer_alone_unless_told_otherwise(shown: Served) -> None:
    assert ServePlan().host == "127.0.0.1"
    port = int(shown.url.rpartition(":")[2])
    with socket.socket() as other:  # another address of this computer's own network is not listened to
        other.settimeout(1)
        assert other.connect_ex(("127.0.0.2", port)) != 0


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "trading.example.org"])
def test_another_address_takes_tls_and_a_password(served: Served, host: str) -> None:
    with pytest.raises(SettingsError, match="--behind-proxy"):
        ServePlan(host=host).check(served.access)
    behind = ServePlan(host=host, behind_proxy=True)
    with pytest.raises(SettingsError, match="no password yet"):
        behind.check(served.access)
    served.person()
    behind.check(served.access)


def test_it_speaks_tls_of_its_own(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    where = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *where, *files], check=True, capture_output=True)
    plan = ServePlan(port=0, certificate=certificate, key=key)
    with serving(tmp_path / "home", plan) as served:
        assert served.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(certificate))
        with httpx.Client(verify=context) as client:
            assert client.get(f"{served.url}/health/live").json() == {"ok": True}


def test_a_proxys_word_about_addresses_is_believed_only_where_one_was_announced(tmp_path: Path) -> None:
    forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    for number, (behind, address) in enumerate([(False, "127.0.0.1"), (True, "203.0.113.9")]):
        with serving(tmp_path / str(number), ServePlan(port=0, behind_proxy=behind)) as served:
            origin = {"Origin": served.url.replace("http:", "https:")} if behind else {}
            body = {"name": "eve", "password": "wrong"}
            served.browser().send("POST", "session", body, {**forged, **origin})
            assert served.access.store.audit()[-1].address == address


# --- what is sent -------------------------------------------------------------------------------------------


def test_every_answer_carries_the_headers_that_keep_it_in_its_place(shown: Served) -> None:
    assert CSP == CONTRACT
    with shown.program() as program:
        answers = [
            anybody.get(f"{shown.url}/"),
            anybody.get(f"{shown.url}/health/live"),
            anybody.get(f"{shown.url}/nothing/../api/v1/x"),
            program.get("account"),
            program.get("account", headers={"If-None-Match": program.get("account").headers["etag"]}),
            program.get("orders?limit=0"),
            anybody.get(f"{shown.url}/api/v1/account"),
            anybody.get(f"{shown.url}/", headers={"Host": "evil.example"}),
            anybody.request("BREW", f"{shown.url}/api/v1/account"),
        ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTRACT
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_that_is_too_large_is_refused_however_it_comes(shown: Served) -> None:
    with shown.program() as program:
        for body in (b"x" * 1_000_001, iter([b"x" * 600_000, b"x" * 600_000])):
            assert program.post("settings/check", content=body).status_code in {400, 413}


def test_the_audit_log_is_chained_and_a_changed_line_is_seen(served: Served, tmp_path: Path) -> None:

    person = served.person()
    person.post("control/halt", reason="now")
    person.send("DELETE", "session")
    lines = served.access.verify()
    assert [line.action for line in served.access.store.audit()] == ["setup", "command", "logout"]
    assert lines == 3
    with sqlite3.connect(tmp_path / ACCESS_FILE) as database:
        for change in ("UPDATE audit SET actor = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 3"):
            with pytest.raises(sqlite3.IntegrityError, match="kept as it is"):
                database.execute(change)
        database.execute("DROP TRIGGER audit_update")
        database.execute("UPDATE audit SET actor = 'eve' WHERE seq = 2")
    database.close()
    with pytest.raises(LedgerCorruptError, match="line of the audit log does not fit"):
        served.access.verify()


def test_canary_secrets_are_in_no_answer_log_page_or_table(tmp_path: Path) -> None:
    canary = "c4n4ry-s3cr3t-value"
    (tmp_path / "settings.toml").write_text(
        f'[ledger]\nurl = "postgresql+psycopg://user:{canary}@db.example/ledger"\n', encoding="utf-8"
    )
    with serving(tmp_path) as served:
        person = served.person()
        wrong = served.browser().post("session", name=NAME, password=canary)
        said = [wrong.text, served.browser().post("setup", code=canary, name=NAME, password=canary).text]
        odd = {"toml": f'[ledger]\nurl = "x://a:{canary}@b"\nnone = 1\n'}
        said.append(person.send("POST", "settings/check", odd).text)
        for verb, path, _ in operations():
            if verb == "get" and not path.endswith("stream"):
                said.append(person.client.get(served.url + filled(path)).text)
        said += [str(one) for one in served.alarms]
        said += [json.dumps(line.detail) for line in served.access.store.audit()]
        said += [fact.payload for fact in served.ledger.facts()]
    assert len(said) > 30
    found = [text for text in said if canary in text or PASSWORD in text]
    assert found == []
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "settings.toml":
            assert canary.encode() not in file.read_bytes(), file
            assert PASSWORD.encode() not in file.read_bytes(), file
