"""Finished runs of a data home: a folder a run, with its facts as JSON lines and what they came to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from strikewise.adapters.store.staging import Staging
from strikewise.domain.errors import MissingDataError, StoreError
from strikewise.portfolio.codec import instant_text
from strikewise.portfolio.ledger import Fact

__all__ = ["FileRunArchive", "fact_line", "write_facts"]

FACTS, RESULT = "facts.jsonl", "result.json"
TABLES = ("trades", "equity")
"""Lists of rows in a result that are kept as Parquet too, for those who go on with them elsewhere."""
SHORT = 16
"""Characters of the fingerprint that name a run's folder."""


def fact_line(fact: Fact) -> str:
    """Return a fact as one line of JSON, its payload as an object."""
    columns = {
        "seq": fact.seq,
        "kind": fact.kind,
        "schema_version": fact.schema_version,
        "known_at": instant_text(fact.known_at),
        "recorded_at": instant_text(fact.recorded_at),
        "actor": fact.actor,
        "cause": fact.cause,
        "prev_hash": fact.prev_hash,
        "hash": fact.hash,
    }
    # The payload's own bytes are what was hashed, so they are put in as they are.
    return f'{json.dumps(columns)[:-1]}, "payload": {fact.payload}}}'


def write_facts(path: Path, facts: Sequence[Fact]) -> None:
    """Write facts as JSON lines."""
    path.write_text("".join(f"{fact_line(fact)}\n" for fact in facts), encoding="utf-8")


def _write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    polars = import_module("polars")  # imported here: whoever lists the runs that are kept needs none of it
    polars.DataFrame(list(rows), infer_schema_length=None).write_parquet(path, compression="zstd")


def _read_fact(line: str) -> Fact:
    head, _, payload = line.rstrip("\n").partition(', "payload": ')
    columns: dict[str, Any] = json.loads(head + "}")
    for name in ("known_at", "recorded_at"):
        columns[name] = datetime.fromisoformat(columns[name])
    return Fact(payload=payload[:-1], **columns)


class FileRunArchive:
    """Runs below ``runs`` of a data home.

    Parameters
    ----------
    home : Path
        The data home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home

    def save(self, fingerprint: str, result: Mapping[str, object], facts: Sequence[Fact]) -> Path:
        """Keep a run; the same run again takes its own place."""
        name = f"runs/{fingerprint[:SHORT]}"
        text = json.dumps(result, indent=1)
        with Staging(self._home) as staging:
            (self._home / name).mkdir(parents=True, exist_ok=True)
            staging.write(f"{name}/{FACTS}", lambda path: write_facts(path, facts))
            staging.write(f"{name}/{RESULT}", lambda path: path.write_text(text, encoding="utf-8"))
            for table in TABLES:
                rows = cast("Sequence[Mapping[str, object]]", result[table])
                staging.write(f"{name}/{table}.parquet", partial(_write_table, rows=rows))
            staging.commit()
        return self._home / name

    def fingerprints(self) -> list[str]:
        """Return the runs kept, the latest first, by the names of their folders."""
        results = (self._home / "runs").glob(f"*/{RESULT}")
        return [path.parent.name for path in sorted(results, key=lambda path: -path.stat().st_mtime_ns)]

    def result(self, fingerprint: str) -> Mapping[str, object]:
        """Return what a run came to.

        Raises
        ------
        MissingDataError
            If no run, or more than one, begins so.
        """
        text = (self._folder(fingerprint) / RESULT).read_text(encoding="utf-8")
        found: dict[str, object] = json.loads(text)
        return found

    def facts(self, fingerprint: str) -> list[Fact]:
        """Return a run's facts.

        Raises
        ------
        MissingDataError
            If no run, or more than one, begins so.
        StoreError
            If a line cannot be read.
        """
        path = self._folder(fingerprint) / FACTS
        facts = []
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    facts.append(_read_fact(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise StoreError(
                        f"{path}, line {number}, is no fact ({error}): run the specification again."
                    ) from error
        return facts

    def _folder(self, fingerprint: str) -> Path:
        names = self.fingerprints()
        found = [name for name in names if name.startswith(fingerprint[:SHORT])]
        if len(found) != 1:
            known = ", ".join(names[:5]) or "none"
            what = "No run begins" if not found else f"{len(found)} runs begin"
            raise MissingDataError(f"{what} with {fingerprint!r}; the latest are: {known}.")
        return self._home / "runs" / found[0]
