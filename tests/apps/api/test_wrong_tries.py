"""Guessing is slow, seen and told; what may lose more takes the password again."""

from __future__ import annotations

import httpx

from apps.api.serving import NAME, PASSWORD, Browser, Served, anybody

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
    limits = {one["name"]: one["limit"] for one in person.get("account").json()["limits"]}
    assert limits["margin"] == 0.1
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
