"""Scans and runs over the past as work that is asked for, watched, and read when it is done."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from apps.api.serving import Served, serving
from strikewise.bootstrap.spec_file import make_spec

SPEC: dict[str, Any] = {
    "name": "Monday puts",
    "underlyings": ["SPY"],
    "start": "2024-02-05",
    "end": "2024-02-07",
    "strategies": [{"strategy": "credit_spread", "parameters": {"side": "put"}}],
}


def finished(program: httpx.Client, job_id: str) -> dict[str, Any]:
    """Ask until a job is over: it is work of the server's own, which nothing here can hurry."""
    pause = Event()
    for _ in range(600):
        job: dict[str, Any] = program.get(f"jobs/{job_id}").json()
        if job["state"] not in {"waiting", "running"}:
            return job
        pause.wait(0.05)
    raise AssertionError(f"{job_id} does not end")


def test_a_scan_is_begun_and_its_result_is_read_by_everybody(served: Served) -> None:
    with served.program() as program:
        assert program.get("scan").json() is None
        begun = program.post("scan", json={"strategies": ["credit_spread", "iron_condor"]})
        assert begun.status_code == 202
        job = finished(program, begun.json()["job_id"])
        assert job["state"] == "done", job["problem"]
        assert set(job["result"]) == {"as_of", "grade", "opportunities", "denied"}
        assert program.get("scan").json() == job


def test_a_scan_of_what_is_not_there_fails_in_a_sentence(served: Served) -> None:
    with served.program() as program:
        begun = program.post("scan", json={"strategies": ["nobody"]})
        job = finished(program, begun.json()["job_id"])
    assert job["state"] == "failed"
    assert "There is no strategy nobody" in job["problem"]


def test_a_run_is_begun_kept_listed_compared_and_reported(served: Served) -> None:
    with served.program() as program:
        names = []
        for name in ("one", "two"):
            body = {"spec": {**SPEC, "name": name}}
            begun = program.post("backtests", json=body)
            job = finished(program, begun.json()["job_id"])
            assert job["state"] == "done", job["problem"]
            names.append(job["result"]["fingerprint"])
        listed = program.get("backtests", params={"limit": 1}).json()
        rest = program.get("backtests", params={"limit": 1, "cursor": listed["next"]}).json()
        shown = [one["fingerprint"] for one in (*listed["items"], *rest["items"])]
        assert set(shown) == set(names)
        whole = program.get(f"backtests/{names[0]}").json()
        assert whole["summary"] == listed["items"][0]["summary"] or rest["items"][0]["summary"]
        beside = program.get("backtests/compare", params={"runs": ",".join(names)}).json()
        assert [one["spec"]["name"] for one in beside["runs"]] == ["one", "two"]
        report = program.get(f"backtests/{names[0]}/report")
        assert report.headers["content-type"].startswith("text/html")
        assert "sandbox" in report.headers["content-security-policy"]
        assert "connect-src" not in report.headers["content-security-policy"]


@pytest.mark.parametrize("spec", [{}, {**SPEC, "none": 1}, {**SPEC, "start": "yesterday"}])
def test_a_specification_that_is_none_begins_nothing(shown: Served, spec: dict[str, Any]) -> None:
    with shown.program() as program:
        answer = program.post("backtests", json={"spec": spec})
        assert answer.status_code in {409, 422}
        assert program.get("jobs").json()["items"] == []


TOML = """
name = "Written by hand"
underlyings = ["SPY"]
start = 2024-02-05
end = 2024-02-07
[[strategies]]
strategy = "credit_spread"
parameters = { side = "put" }
"""


def test_a_specification_may_be_the_text_of_its_file(served: Served) -> None:
    with served.program() as program:
        begun = program.post("backtests", json={"toml": TOML})
        job = finished(program, begun.json()["job_id"])
        assert job["state"] == "done", job["problem"]
        assert job["result"]["title"] == "Written by hand"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "one of the two"),
        ({"spec": SPEC, "toml": TOML}, "one of the two"),
        ({"toml": "name = "}, "not valid TOML"),
        ({"toml": TOML.replace("side", "sid")}, "sid"),
    ],
)
def test_a_text_that_is_no_specification_begins_nothing(
    shown: Served, body: dict[str, Any], told: str
) -> None:
    with shown.program() as program:
        answer = program.post("backtests", json=body)
        assert answer.status_code in {409, 422}
        assert told in answer.json()["detail"]
        assert program.get("jobs").json()["items"] == []


def test_every_strategy_says_what_it_can_be_set_by_and_takes_its_own_defaults(shown: Served) -> None:
    with shown.program() as program:
        told = program.get("strategies").json()["items"]
    assert [one["name"] for one in told] == sorted(one["name"] for one in told)
    assert {"credit_spread", "iron_condor"} <= {one["name"] for one in told}
    for one in told:
        assert one["summary"]
        values = {each["name"]: each["value"] for each in one["parameters"]}
        make_spec({**SPEC, "strategies": [{"strategy": one["name"], "parameters": values}]})
        for each in one["parameters"]:
            assert each["help"]
            assert each["kind"] in {"flag", "whole", "number", "choice"}


@pytest.mark.parametrize(
    ("path", "body"), [("scan", {"strategies": ["iron_condor"]}), ("backtests", {"spec": SPEC})]
)
def test_work_of_one_key_is_begun_once_while_the_server_knows_of_it(
    tmp_path: Path, path: str, body: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "press-1-of-the-button"}
    with serving(tmp_path) as served, served.program() as program:
        begun = program.post(path, json=body, headers=key)
        job = finished(program, begun.json()["job_id"])
        again = program.post(path, json=body, headers=key)
        assert (again.status_code, again.json()) == (202, job)
        assert len(program.get("jobs").json()["items"]) == 1
        assert program.post(path, json={**body, "none": 1}, headers=key).status_code == 422
        other = program.post("scan", json={"underlyings": ["QQQ"]}, headers=key)
        assert other.status_code == 409
        assert program.post(path, json=body).json()["job_id"] != job["job_id"]
    with serving(tmp_path) as served:
        served.later(minutes=1)
        with served.program() as program:
            anew = program.post(path, json=body, headers=key)
            assert anew.status_code == 202
            assert anew.json()["job_id"] != job["job_id"]
            assert program.post(path, json=body, headers=key).json()["job_id"] == anew.json()["job_id"]
            assert finished(program, anew.json()["job_id"])["state"] == "done"
