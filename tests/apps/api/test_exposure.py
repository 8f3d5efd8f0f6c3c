"""From where the server is reached, and what of it is seen: addresses, headers, logs, secrets."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.api.serving import NAME, PASSWORD, Served, anybody, serving
from strikewise.adapters.store.access import ACCESS_FILE
from strikewise.apps.api.app import routes
from strikewise.apps.api.shield import CSP
from strikewise.bootstrap.serve import ServePlan
from strikewise.domain.errors import LedgerCorruptError, SettingsError

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


def test_the_last_line_about_addresses_is_the_proxys_own(tmp_path: Path) -> None:
    with serving(tmp_path, ServePlan(port=0, behind_proxy=True)) as served:
        origin = served.url.replace("http:", "https:")
        lines = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.9"), ("Origin", origin)]
        answer = anybody.post(
            f"{served.url}/api/v1/session", json={"name": "eve", "password": "wrong"}, headers=lines
        )
        assert answer.status_code == 403
        assert served.access.store.audit()[-1].address == "203.0.113.9"


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
            anybody.request("PROPFIND", f"{shown.url}/api/v1/account"),
        ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == CONTRACT
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in {"no-store", "no-cache"}
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_what_is_no_request_is_answered_by_a_sentence_that_tells_nothing(shown: Served) -> None:
    answer = anybody.request("BREW", f"{shown.url}/api/v1/account")
    assert (answer.status_code, answer.text) == (400, "Invalid HTTP request received.")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "server" not in answer.headers


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
    with served.program() as program:
        assert program.get("audit/verify").json() == {"whole": True, "lines": 4, "problem": ""}
    with sqlite3.connect(tmp_path / ACCESS_FILE) as database:
        for change in ("UPDATE audit SET actor = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 3"):
            with pytest.raises(sqlite3.IntegrityError, match="kept as it is"):
                database.execute(change)
        database.execute("DROP TRIGGER audit_update")
        database.execute("UPDATE audit SET actor = 'eve' WHERE seq = 2")
    database.close()
    with pytest.raises(LedgerCorruptError, match="line of the audit log does not fit"):
        served.access.verify()
    with served.program() as program:
        assert program.get("audit/verify").json()["whole"] is False


def test_the_audit_log_names_everything_by_which_somebody_may_do_more(served: Served) -> None:
    served.person()
    person = served.person()
    assert person.post("session/confirm", password=PASSWORD).status_code == 200
    token = person.post("tokens", label="sheet", scope="trade", days=3).json()["token"]["token_id"]
    assert person.send("DELETE", f"tokens/{token}").status_code == 204
    digest = person.get("settings").json()["digest"]
    text = "[limits]\nmax_margin = 0.3\n"
    assert person.send("PUT", "settings", {"toml": text, "digest": digest}).status_code == 200
    lines = [(line.actor, line.action, line.detail) for line in served.access.store.audit()]
    assert lines == [
        (NAME, "setup", ""),
        (NAME, "login", ""),
        (NAME, "confirmed", ""),
        (NAME, "token_made", f"{token} trade"),
        (NAME, "token_revoked", token),
        (NAME, "settings", "limits.max_margin"),
    ]


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
