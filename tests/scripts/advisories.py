"""The lists of advisories as they are from outside: PyPI's JSON, OSV's query and npm's bulk question.

The advisories are two that were published, in the form each list gives them.
"""

from __future__ import annotations

import gzip
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

# https://osv.dev/vulnerability/PYSEC-2019-217 and GHSA-462w-v97r-4m45 (the same, told twice, as OSV does).
PACKAGE = {"name": "jinja2", "ecosystem": "PyPI", "purl": "pkg:pypi/jinja2"}
EVENTS = [{"introduced": "0"}, {"fixed": "2.10.1"}]
OSV = [
    {
        "id": "GHSA-462w-v97r-4m45",
        "summary": "Jinja2 sandbox escape via string formatting",
        "aliases": ["CVE-2019-10906", "PYSEC-2019-217"],
        "modified": "2024-09-24T20:02:39.000Z",
        "published": "2019-04-10T14:30:24Z",
        "affected": [{"package": PACKAGE, "ranges": [{"type": "ECOSYSTEM", "events": EVENTS}]}],
        "schema_version": "1.7.3",
    },
    {
        "id": "PYSEC-2019-217",
        "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
        "aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"],
        "modified": "2023-11-08T04:00:59Z",
        "published": "2019-04-07T00:29:00Z",
        "affected": [{"package": PACKAGE, "ranges": [{"type": "ECOSYSTEM", "events": EVENTS}]}],
        "schema_version": "1.7.3",
    },
]
# https://docs.pypi.org/api/json/: the `vulnerabilities` of a release.
PYPI = [
    {
        "id": "PYSEC-2019-217",
        "aliases": ["CVE-2019-10906", "GHSA-462w-v97r-4m45"],
        "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
        "fixed_in": ["2.10.1"],
        "link": "https://osv.dev/vulnerability/PYSEC-2019-217",
        "source": "osv",
        "summary": None,
        "withdrawn": None,
    }
]
# https://github.com/advisories/GHSA-xvch-5gv4-984h
NPM = {
    "id": 1097678,
    "url": "https://github.com/advisories/GHSA-xvch-5gv4-984h",
    "title": "Prototype Pollution in minimist",
    "severity": "critical",
    "vulnerable_versions": ">=1.0.0 <1.2.6",
    "cwe": ["CWE-1321"],
    "cvss": {"score": 9.8, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
}
RELEASES = {release: {"name": "minimist", "version": release} for release in ("1.2.5", "1.2.6")}
PACKUMENT = {"name": "minimist", "dist-tags": {"latest": "1.2.6"}, "versions": RELEASES}


def is_vulnerable(name: str, version: str) -> bool:
    """Return whether the advisories here name a release of Python's."""
    return name == "jinja2" and SpecifierSet("<2.10.1").contains(version)


class Advisories(ThreadingHTTPServer):
    """Answers like the lists, or, where it is told so, like what may stand in their place."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.tls = tls
        self.lacks: set[str] = set()
        self.knows_nothing = self.is_silent = self.lacks_everything = False
        self.asked: list[str] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Advisories

    def do_CONNECT(self) -> None:
        """Stand for whatever host is asked for, as a proxy that ends TLS does."""
        assert self.server.tls is not None
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        match self.path.strip("/").split("/"):
            case ["pypi", name, version, "json"] if not self._lacks(name):
                found = PYPI if is_vulnerable(name, version) else []
                empty = self.server.knows_nothing
                self._answer({"info": {"name": name}} if empty else {"vulnerabilities": found})
            case ["minimist"]:
                self._answer(PACKUMENT)
            case _:
                self._answer({"message": "Not Found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        asked = json.loads(body)
        self.server.asked.append(self.path)
        if self.server.is_silent:
            self.server.closing.wait()
        elif self.server.knows_nothing:
            self._answer({})
        elif self.path == "/v1/query":
            found = OSV if is_vulnerable(asked["package"]["name"], asked["version"]) else []
            self._answer({"vulns": found} if found else {})
        else:
            assert self.path == "/-/npm/v1/security/advisories/bulk"
            self._answer({"minimist": [NPM]} if "1.2.5" in asked.get("minimist", []) else {})

    def _lacks(self, name: str) -> bool:
        return self.server.lacks_everything or name in self.server.lacks

    def _answer(self, said: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Advisories]:
    """Serve advisories until the end of a block."""
    server = Advisories(tls)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certificate(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate of a host that whoever is given it believes, and the context that shows it."""
    shown, key = folder / "host.pem", folder / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    where = ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([*made, *where, "-keyout", str(key), "-out", str(shown)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, key)
    return shown, context
