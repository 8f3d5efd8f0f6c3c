"""Ask lists of advisories about pinned releases, and never take silence for an answer.

Each list is first asked about a release that everybody knows to be vulnerable. One that does not say so is no
list of advisories but a mirror, a proxy or a stranger, and what it says of other releases means nothing.

``pip-audit`` asks PyPI or OSV, ``npm audit`` asks npm. Both follow what their users have set (proxies,
certificates, ``PIP_AUDIT_OSV_URL``, npm's registry). Nothing is resolved or installed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PATIENCE, FIRST, BUDGET = 10, 20, 90
"""Seconds to wait for one packet, for the first answer of a list, and for all of one language."""

KNOWN_PYTHON = ("jinja2", "2.4.1")
KNOWN_NODE = ("minimist", "1.2.5")
SERVICES = {"pypi": "PyPI", "osv": "OSV"}
LOCKS = ("base", "demo", "page", "docs", "tools", "dev", "all")
"""Names of the locks, what a user installs first."""

NETWORK = (
    "requests.exceptions.",
    "pip_audit._service.interface.",
    "ERROR:pip_audit._cli:Could not connect",
    "ERROR:pip_audit._cli:PyPI is not redirecting",
)
"""How lines begin in which pip-audit says that a list did not answer it."""

Pin = tuple[str, str]


class UnreachableError(Exception):
    """A list of advisories did not answer, or what answered is none."""


class BrokenError(Exception):
    """A tool could not do its work, whatever the network does."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A pinned release that a list names; one that is not `shipped` only builds what is."""

    package: str
    version: str
    ids: tuple[str, ...]
    remedy: str
    where: str
    shipped: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking about `asked` pins: by `source`, or by none where it is empty.

    `unknown` are pins that the list does not have, `unreached` says why lists were not asked, `broken` why
    a tool was not run.
    """

    title: str
    asked: int
    source: str = ""
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    broken: str = ""


# --- Python -------------------------------------------------------------------------------------------------


def ask_python(requirements: Path) -> Answer:
    """Ask PyPI about every pin of the locks in a folder, or OSV where PyPI cannot be."""
    title = "Python"
    try:
        pins = python_pins(requirements)
    except (OSError, ValueError) as error:
        return Answer(title, 0, broken=f"requirements/*.lock cannot be read: {error}")
    end, unreached = time.monotonic() + BUDGET, []
    for service, name in SERVICES.items():
        try:
            told = _asked(set(pins), service, end)
        except UnreachableError as reason:
            unreached.append(f"{name}: {reason}")
        except BrokenError as reason:
            return Answer(title, len(pins), unreached=tuple(unreached), broken=str(reason))
        else:
            return _python_answer(Answer(title, len(pins), name, unreached=tuple(unreached)), pins, told)
    return Answer(title, len(pins), unreached=tuple(unreached))


def python_pins(requirements: Path) -> dict[Pin, str]:
    """Return each pin of the locks in a folder, with the lock nearest to the user that has it.

    Markers do not count: a release for another Python is somebody's too.
    """
    pins: dict[Pin, str] = {}
    for lock in LOCKS:
        path = requirements / f"{lock}.lock"
        for line in path.read_text(encoding="utf-8").replace("\\\n", "").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                pins.setdefault(_pin(line, path.name), path.name)
    if not pins:
        raise ValueError("they pin nothing")
    strangers = {path.stem for path in requirements.glob("*.lock")} - set(LOCKS)
    if strangers:
        raise ValueError(f"{sorted(strangers)} are not among those that the audit knows")
    return pins


def _pin(line: str, lock: str) -> Pin:
    requirement = Requirement(line.partition("--hash=")[0])
    match [*requirement.specifier]:
        case [only] if only.operator == "==" and "*" not in only.version:
            return canonicalize_name(requirement.name), str(Version(only.version))
    raise ValueError(f"{lock} does not pin {requirement.name} to one release; run make lock")


def _asked(pins: set[Pin], service: str, end: float) -> list[dict[str, Any]]:
    """Return what a list says of pins, after it has named the release that everybody knows."""
    known = _pip_audit([KNOWN_PYTHON], service, min(end, time.monotonic() + FIRST))
    if not any(entry.get("vulns") for entry in known):
        raise UnreachableError(_is_no_list(*KNOWN_PYTHON, known[0].get("skip_reason", "")))
    return [entry for part in _parts(pins) for entry in _pip_audit(part, service, end)]


def _parts(pins: set[Pin]) -> Iterator[list[Pin]]:
    """Part pins so that each package is pinned once in a part; pip-audit takes no more."""
    left = sorted(pins)
    while left:
        part = list(dict(reversed(left)).items())
        yield sorted(part)
        left = sorted(set(left) - set(part))


def _pip_audit(pins: list[Pin], service: str, end: float) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.txt"
        asked.write_text("".join(f"{name}=={version}\n" for name, version in pins), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "--requirement",
            str(asked),
            "--no-deps",
            "--disable-pip",
        ]
        command += ["--vulnerability-service", service, "--timeout", str(PATIENCE), "--cache-dir", folder]
        command += ["--format", "json", "--desc", "off", "--aliases", "on", "--output", "-"]
        printed, complained = run([*command, "--progress-spinner", "off"], Path(folder), end)
    try:
        told: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = [line.strip() for line in complained.splitlines() if line.strip()] or ["it said nothing"]
        network = [line for line in lines if line.startswith(NETWORK)]
        if network:
            raise UnreachableError(_short(network[0])) from None
        raise BrokenError(f"pip-audit failed: {_short(lines[-1])}") from None
    if {canonicalize_name(entry["name"]) for entry in told} != {name for name, _ in pins}:
        raise BrokenError(f"pip-audit was asked about {len(pins)} packages and told of {len(told)} others")
    return told


def _python_answer(answer: Answer, pins: dict[Pin, str], told: list[dict[str, Any]]) -> Answer:
    findings, heard_of = [], set()
    for entry in told:
        if "skip_reason" in entry:
            continue
        pin = canonicalize_name(entry["name"]), entry["version"]
        heard_of.add(pin)
        for vulnerability in entry["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"])
            ids = (vulnerability["id"], *sorted(vulnerability["aliases"]))
            findings.append(Finding(*pin, ids, f"fixed in {fixed}" if fixed else "no fix yet", pins[pin]))
    unknown = tuple(f"{name} {version}" for name, version in sorted(set(pins) - heard_of))
    return Answer(answer.title, answer.asked, answer.source, tuple(findings), unknown, answer.unreached)


# --- Node ---------------------------------------------------------------------------------------------------


def ask_node(dashboard: Path) -> Answer:
    """Ask npm about every package of the web page's lock."""
    title = "Web page"
    try:
        lock = json.loads((dashboard / "package-lock.json").read_text(encoding="utf-8"))["packages"]
        asked = len({(_node_name(place), entry["version"]) for place, entry in lock.items() if place})
    except (OSError, ValueError, KeyError) as error:
        return Answer(title, 0, broken=f"dashboard/package-lock.json cannot be read: {error!r}")
    if not asked:
        return Answer(title, 0, broken="dashboard/package-lock.json pins nothing")
    try:
        with tempfile.TemporaryDirectory() as folder:
            known = _npm_audit(_known_node(Path(folder)), time.monotonic() + FIRST)
        if KNOWN_NODE[0] not in known:
            return Answer(title, asked, unreached=(f"npm: {_is_no_list(*KNOWN_NODE)}",))
        told = _npm_audit(dashboard, time.monotonic() + BUDGET)
    except UnreachableError as reason:
        return Answer(title, asked, unreached=(f"npm: {reason}",))
    except BrokenError as reason:
        return Answer(title, asked, broken=str(reason))
    return Answer(title, asked, "npm", tuple(dict.fromkeys(_node_findings(told, lock))))


def _node_name(place: str) -> str:
    return place.rpartition("node_modules/")[2]


def _known_node(folder: Path) -> Path:
    name, version = KNOWN_NODE
    root = {"name": "known", "version": "1.0.0", "dependencies": {name: version}}
    packages = {"": root, f"node_modules/{name}": {"version": version}}
    lock = {"name": "known", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package.json").write_text(json.dumps(root), encoding="utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return folder


def _npm_audit(folder: Path, end: float) -> dict[str, Any]:
    """Return npm's vulnerabilities of a lock; what a user has set must not leave out a part of it."""
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=here)
    if npm is None:
        raise BrokenError("there is no npm here: install Node, or run make audit, which brings it")
    with tempfile.TemporaryDirectory() as cache:
        command = [npm, "audit", "--json", "--package-lock-only", "--audit", "--no-offline", "--logs-max=0"]
        command += [f"--include={part}" for part in ("prod", "dev", "optional", "peer")]
        command += [
            "--no-update-notifier",
            "--fetch-retries=0",
            f"--fetch-timeout={PATIENCE * 1000}",
            f"--cache={cache}",
        ]
        printed, complained = run(command, folder, end, PATH=here)
    try:
        told = json.loads(printed)
    except ValueError:
        told = {}
    if "auditReportVersion" in told:
        vulnerabilities: dict[str, Any] = told["vulnerabilities"]
        return vulnerabilities
    if "message" in told:  # npm's word for an error of the list it asked; its own have none
        raise UnreachableError(_short(told["message"]))
    said = told.get("error", {}).get("summary") or complained.strip() or "it said nothing"
    raise BrokenError(f"npm audit failed: {_short(said)}")


def _node_findings(told: dict[str, Any], lock: dict[str, Any]) -> Iterator[Finding]:
    """Yield advisories themselves, not what npm says of packages because they need another one."""
    for name, entry in sorted(told.items()):
        advisories = [via for via in entry["via"] if isinstance(via, dict)]
        for place in entry["nodes"]:
            package = lock[place]
            where = "only builds the page" if package.get("dev") else "in the page"
            for advisory in advisories:
                ids = (advisory["url"].rpartition("/")[2], str(advisory["source"]))
                remedy = f"in releases {advisory['range']}{'' if entry['fixAvailable'] else ', no fix yet'}"
                yield Finding(name, package["version"], ids, remedy, where, not package.get("dev"))


# --- both ---------------------------------------------------------------------------------------------------


def run(command: list[str], folder: Path, end: float, **told: str) -> tuple[str, str]:
    """Return what a tool prints and complains of; at the end of its time it ends with all that it started."""
    seconds = max(end - time.monotonic(), 0.1)
    process = subprocess.Popen(  # noqa: S603 - our own tools
        command,
        cwd=folder,
        env={**os.environ, **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            return process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"no answer within {seconds:.0f} seconds") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _is_no_list(name: str, version: str, reason: str = "") -> str:
    said = f" ({_short(reason)})" if reason else ""
    return f"it does not say that {name} {version} is vulnerable, as everybody knows, so it is no list{said}"


def _short(text: str) -> str:
    _, caused, cause = text.rpartition("(Caused by ")
    words = " ".join((cause.removesuffix(")") if caused else text).split())
    return words if len(words) <= 200 else words[:199] + "…"
