"""The audit asks lists of advisories, and what it could not ask about is never called clean.

The real ``pip-audit`` and the real ``npm audit`` ask a server on this computer.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import audit
import audit_lists
from audit_lists import Answer, Finding, ask_node, ask_python
from dashboard.conftest import lacks
from scripts.advisories import Advisories, certificate, serving
from shared_data import REPOSITORY

NOWHERE = "http://127.0.0.1:9"
BASE = "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00\n    # via arch\n"
TODAY = date(2026, 11, 21)


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisories]:
    """OSV's and npm's lists on this computer; PyPI is out of reach."""
    with serving() as server:
        reach(monkeypatch, server.url, pypi=NOWHERE)
        yield server


def reach(monkeypatch: pytest.MonkeyPatch, url: str, *, pypi: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", pypi)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"{url}/v1/query")
    monkeypatch.setenv("npm_config_registry", url)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the audit reads of a checkout: one package of Python, and one in the page."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "dashboard").mkdir()
    for lock in audit_lists.LOCKS:
        (tmp_path / "requirements" / f"{lock}.lock").write_text(BASE)
    (tmp_path / audit.ACCEPTED).write_text("")
    page(tmp_path, {"react": {"version": "19.3.1"}})
    return tmp_path


def page(root: Path, packages: dict[str, dict[str, object]]) -> None:
    if shutil.which("npm") is None:
        lacks("npm is asked for advisories, and it is not installed: `make page`.")
    wanted = {name: entry["version"] for name, entry in packages.items()}
    project = {"name": "page", "version": "1.0.0", "dependencies": wanted}
    places = {f"node_modules/{name}": entry for name, entry in packages.items()}
    lock = {"lockfileVersion": 3, "requires": True, "packages": {"": project, **places}}
    (root / "dashboard" / "package.json").write_text(json.dumps(project))
    (root / "dashboard" / "package-lock.json").write_text(json.dumps(lock))


def pin(root: Path, lock: str, line: str) -> None:
    with (root / "requirements" / f"{lock}.lock").open("a") as file:
        file.write(f"{line} \\\n    --hash=sha256:00\n")


# --- what the lists say -------------------------------------------------------------------------------------


def test_every_pin_is_checked_also_those_for_another_python(
    lists: Advisories, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin(checkout, "all", "numpy==2.5.5 ; python_full_version >= '3.12'")
    assert audit.main([], checkout) == audit.CLEAN
    said = capsys.readouterr().out
    assert "Python: 2 of 2 pins checked with OSV, 20" in said
    assert "Web page: 1 of 1 pins checked with npm, 20" in said
    assert said.count("UTC: nothing found.") == 2
    assert "Not asked: PyPI: " in said
    assert lists.asked.count("/v1/query") == 3  # the release that everybody knows, and both of numpy


def test_what_is_found_is_told_with_its_release_its_names_and_its_remedy(
    lists: Advisories, checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_lists, "SERVICES", {"osv": "OSV"})
    pin(checkout, "docs", "jinja2==2.10")
    page(checkout, {"minimist": {"version": "1.2.5", "dev": True}, "react": {"version": "19.3.1"}})
    accepted = '[[accepted]]\nid = "GHSA-xvch-5gv4-984h"\nreason = "it builds"\nuntil = 9999-12-31\n'
    (checkout / audit.ACCEPTED).write_text(accepted)
    assert audit.main(["--unreachable-is-no-failure"], checkout) == audit.FOUND
    said = capsys.readouterr().out
    python = (
        "jinja2 2.10 (docs.lock): PYSEC-2019-217 (CVE-2019-10906, GHSA-462w-v97r-4m45), fixed in 2.10.1\n"
    )
    assert python in said
    node = "minimist 1.2.5 (only builds the page): GHSA-xvch-5gv4-984h (1097678), in releases >=1.0.0 <1.2.6"
    assert f"{node}; accepted until 9999-12-31: it builds\n" in said


def test_what_a_user_has_set_for_npm_leaves_nothing_out_and_what_only_builds_the_page_fails_nothing(
    lists: Advisories, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("offline", "true"), ("audit", "false"), ("omit", "dev")):
        monkeypatch.setenv(f"npm_config_{name}", value)
    monkeypatch.setenv("NODE_ENV", "production")
    page(checkout, {"react": {"version": "19.3.1"}, "minimist": {"version": "1.2.5", "dev": True}})
    built = ask_node(checkout / "dashboard")
    assert [(found.package, found.shipped) for found in built.findings] == [("minimist", False)]
    assert audit.verdict([built], [], TODAY) == audit.CLEAN
    page(checkout, {"minimist": {"version": "1.2.5"}})
    assert audit.verdict([ask_node(checkout / "dashboard")], [], TODAY) == audit.FOUND


# --- what is no answer --------------------------------------------------------------------------------------


def test_lists_out_of_reach_are_said_aloud_and_pass_only_where_that_was_asked_for(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reach(monkeypatch, NOWHERE, pypi=NOWHERE)
    assert audit.main(["--unreachable-is-no-failure"], checkout) == audit.CLEAN
    said = capsys.readouterr().out
    assert "Python: NOT CHECKED. 0 of 1 pins" in said
    assert "Web page: NOT CHECKED. 0 of 1 pins" in said
    assert [said.count(f"Not asked: {name}: ") for name in ("PyPI", "OSV", "npm")] == [1, 1, 1]
    assert "nothing found" not in said
    assert "Nothing above says that a package is safe." in said


def test_a_mirror_that_answers_and_knows_no_advisory_is_no_list(
    lists: Advisories, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists.knows_nothing = True
    assert audit.main([], checkout) == audit.UNREACHED
    said = capsys.readouterr().out
    assert said.count("NOT CHECKED. 0 of 1 pins") == 2
    assert said.count("as everybody knows, so it is no list") == 2


def test_a_list_that_says_nothing_holds_nobody_up(
    lists: Advisories, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.is_silent = True
    monkeypatch.setattr(audit_lists, "SERVICES", {"osv": "OSV"})
    monkeypatch.setattr(audit_lists, "FIRST", 2)
    for answer in (ask_python(checkout / "requirements"), ask_node(checkout / "dashboard")):
        assert answer.source == ""
        assert answer.unreached[-1].endswith("no answer within 2 seconds")


def test_a_tool_that_is_out_of_time_ends_with_all_that_it_started(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(audit_lists.UnreachableError):
        audit_lists.run(["sh", "-c", "sleep 60; true"], tmp_path, begin + 0.2)
    assert time.monotonic() - begin < 30


# --- PyPI's own list ----------------------------------------------------------------------------------------


@pytest.fixture
def pypi(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Advisories]:
    """PyPI's list on this computer; no other is asked."""
    monkeypatch.setattr(audit_lists, "SERVICES", {"pypi": "PyPI"})
    shown, tls = certificate(tmp_path_factory.mktemp("pypi"), "pypi.org")
    with serving(tls) as server:
        reach(monkeypatch, NOWHERE, pypi=server.url)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(shown))
        yield server


def test_a_pypi_without_a_single_release_is_out_of_reach_and_not_clean(
    pypi: Advisories, checkout: Path
) -> None:
    pypi.lacks_everything = True
    answer = ask_python(checkout / "requirements")
    assert (answer.asked, answer.source, answer.unknown) == (1, "", ())
    assert "not found on PyPI" in answer.unreached[0]
    assert audit.verdict([answer], [], TODAY) == audit.UNREACHED
    assert pypi.asked == ["/pypi/jinja2/2.4.1/json"]


def test_a_pypi_whose_releases_tell_of_no_vulnerabilities_is_no_list(
    pypi: Advisories, checkout: Path
) -> None:
    pypi.knows_nothing = True
    assert audit.verdict([ask_python(checkout / "requirements")], [], TODAY) == audit.UNREACHED


def test_a_release_that_pypi_does_not_have_was_not_checked_and_fails(
    pypi: Advisories, checkout: Path
) -> None:
    pypi.lacks.add("arch")
    pin(checkout, "all", "arch==8.0.0")
    pin(checkout, "all", "jinja2==2.10")
    answer = ask_python(checkout / "requirements")
    assert (answer.asked, answer.source, answer.unknown) == (3, "PyPI", ("arch 8.0.0",))
    assert [(found.package, found.version, found.ids[0]) for found in answer.findings] == [
        ("jinja2", "2.10", "PYSEC-2019-217")
    ]
    assert audit.verdict([answer], [audit.Acceptance("PYSEC-2019-217", "x", TODAY)], TODAY) == audit.FOUND
    said = "\n".join(audit.told([answer], [], datetime(2026, 11, 21, 9, 30, tzinfo=UTC)))
    assert "Python: 2 of 3 pins checked with PyPI, 2026-11-21 09:30 UTC: 1 found." in said
    assert "  arch 8.0.0: PyPI does not have this release." in said


# --- judging ------------------------------------------------------------------------------------------------

FINDING = Finding("jinja2", "2.10", ("PYSEC-2019-217", "CVE-2019-10906"), "fixed in 2.10.1", "base.lock")
CHECKED = Answer("Python", 2, "PyPI")
UNREACHED = Answer("Web page", 1, unreached=("npm: 405",))
FAILED = Answer("Web page", 1, broken="there is no npm here")
ACCEPTED = audit.Acceptance("CVE-2019-10906", "it renders our own text", TODAY)


def test_an_acceptance_holds_to_the_end_of_its_day_and_fails_from_the_next() -> None:
    found = [Answer("Python", 2, "PyPI", (FINDING,))]
    assert audit.verdict(found, [], TODAY) == audit.FOUND
    assert audit.verdict(found, [ACCEPTED], TODAY) == audit.CLEAN
    assert audit.verdict(found, [ACCEPTED], date(2026, 11, 22)) == audit.FOUND
    assert audit.verdict([CHECKED], [ACCEPTED], date(2026, 11, 22)) == audit.FOUND


def test_an_acceptance_of_nothing_is_said_where_everything_could_be_asked() -> None:
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    line = f"CVE-2019-10906 is accepted, and no pin has it any more: take it out of {audit.ACCEPTED}."
    assert line in list(audit.told([CHECKED], [ACCEPTED], now))
    assert line not in list(audit.told([CHECKED, UNREACHED], [ACCEPTED], now))
    assert line not in list(audit.told([Answer("Python", 2, "PyPI", (FINDING,))], [ACCEPTED], now))


def test_the_gravest_is_what_counts() -> None:
    found = Answer("Python", 2, "PyPI", (FINDING,))
    assert audit.verdict([CHECKED], [], TODAY) == audit.CLEAN
    assert audit.verdict([CHECKED, UNREACHED], [], TODAY) == audit.UNREACHED
    assert audit.verdict([UNREACHED, FAILED], [], TODAY) == audit.BROKEN
    assert audit.verdict([FAILED, found], [], TODAY) == audit.FOUND


@pytest.mark.parametrize(
    "entry",
    [
        'id = "CVE-1"\nreason = "x"',
        'id = "CVE-1"\nreason = " "\nuntil = 2026-12-31',
        'id = "CVE-1"\nreason = "x"\nuntil = "2026-12-31"',
        'id = "CVE-1"\nreason = "x"\nuntil = 2026-12-31T00:00:00',
        'id = "CVE-1"\nreason = "x"\nuntil = 2026-12-31\nnote = "y"',
        "id = CVE-1",
    ],
)
def test_an_acceptance_without_a_reason_or_a_last_day_is_refused(
    entry: str, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / audit.ACCEPTED).write_text(f"[[accepted]]\n{entry}\n")
    assert audit.main(["--unreachable-is-no-failure"], checkout) == audit.BROKEN
    assert audit.ACCEPTED in capsys.readouterr().out


# --- what is asked about ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line", ["arch>=8", "arch==8.*", "arch", "-r other.txt", "https://example.org/arch.whl"]
)
def test_a_line_that_pins_no_release_is_a_failure_whatever_the_network_does(
    line: str, checkout: Path
) -> None:
    pin(checkout, "dev", line)
    answer = ask_python(checkout / "requirements")
    assert answer.broken
    assert audit.verdict([answer], [], TODAY) == audit.BROKEN


def test_a_lock_that_the_audit_does_not_know_is_a_failure(checkout: Path) -> None:
    (checkout / "requirements" / "new.lock").write_text(BASE)
    assert "new" in ask_python(checkout / "requirements").broken


def test_locks_that_pin_nothing_or_are_not_there_are_a_failure(checkout: Path) -> None:
    for lock in audit_lists.LOCKS:
        (checkout / "requirements" / f"{lock}.lock").write_text("# nothing\n")
    page(checkout, {})
    assert ask_python(checkout / "requirements").broken
    assert ask_node(checkout / "dashboard").broken
    (checkout / "requirements" / "base.lock").unlink()
    (checkout / "dashboard" / "package-lock.json").unlink()
    assert ask_python(checkout / "requirements").broken
    assert ask_node(checkout / "dashboard").broken


def test_every_pin_of_this_repository_is_asked_about() -> None:
    folder = REPOSITORY / "requirements"
    pins = audit_lists.python_pins(folder)
    lines = [
        line for line in (folder / "all.lock").read_text().splitlines() if line[:1] not in ("#", " ", "")
    ]
    assert len(pins) == len(lines)
    assert audit.acceptances(REPOSITORY / audit.ACCEPTED) is not None
