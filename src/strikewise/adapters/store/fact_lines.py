"""Facts as lines of JSON: the form of backups that every database can read, and of the emergency journal.

A line is an array of a fact's columns in the order of `strikewise.portfolio.ledger.Fact`, its payload as a
text: the bytes that were hashed are the bytes that are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from strikewise.domain.errors import LedgerError
from strikewise.portfolio.codec import instant_text
from strikewise.portfolio.ledger import Fact, Head

__all__ = ["fact_of_line", "line_of_fact", "read_fact_lines", "write_fact_lines"]

FORMAT = "strikewise-ledger"
VERSION = 1


def line_of_fact(fact: Fact) -> bytes:
    """Return a fact's line, its end included."""
    columns = (
        fact.seq,
        fact.kind,
        fact.schema_version,
        instant_text(fact.known_at),
        instant_text(fact.recorded_at),
        fact.actor,
        fact.cause,
        fact.payload,
        fact.prev_hash,
        fact.hash,
    )
    return json.dumps(columns, separators=(",", ":")).encode("ascii") + b"\n"


def fact_of_line(line: bytes) -> Fact:
    """Return the fact of a line.

    Raises
    ------
    ValueError
        If it is none.
    """
    columns = json.loads(line)
    if not isinstance(columns, list) or len(columns) != 10:
        raise ValueError("a fact has ten columns")
    seq, kind, version, known_at, recorded_at, actor, cause, payload, prev_hash, own_hash = columns
    texts = (kind, known_at, recorded_at, actor, payload, prev_hash, own_hash)
    numbers = (seq, version) if cause is None else (seq, version, cause)
    if not all(isinstance(one, str) for one in texts) or not all(type(one) is int for one in numbers):
        raise ValueError("a column has another type than it should")
    known, recorded = datetime.fromisoformat(known_at), datetime.fromisoformat(recorded_at)
    return Fact(seq, kind, version, known, recorded, actor, cause, payload, prev_hash, own_hash)


def write_fact_lines(file: BinaryIO, facts: Iterable[Fact], end: Head) -> None:
    """Write a whole ledger: a line that says where it ends, and a line for each fact."""
    header = {"format": FORMAT, "version": VERSION, "seq": end.seq, "hash": end.hash}
    file.write(json.dumps(header).encode("ascii") + b"\n")
    file.writelines(line_of_fact(fact) for fact in facts)


def read_fact_lines(path: Path) -> tuple[Head, Iterator[Fact]]:
    """Return where a file says that its ledger ends, and its facts, read as they are asked for.

    Raises
    ------
    LedgerError
        If the file is of another kind; while facts are read, if a line is none.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        first = file.readline()
    try:
        header = json.loads(first)
        name, version = header["format"], header["version"]
        end = Head(int(header["seq"]), str(header["hash"]))
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(f"{path} is no backup of a ledger ({error}); name another file.") from error
    if name != FORMAT:
        raise LedgerError(f"{path} is no backup of a ledger but of {name!r}; name another file.")
    if version != VERSION:
        raise LedgerError(f"{path} was written by a newer strikewise (form {version}): use that one.")
    return end, _facts_behind_header(path)


def _facts_behind_header(path: Path) -> Iterator[Fact]:
    with path.open("rb") as file:
        file.readline()
        for number, line in enumerate(file, 2):
            try:
                yield fact_of_line(line)
            except ValueError as error:
                raise LedgerError(
                    f"Line {number} of {path} is no fact ({error}): the file is damaged; use another backup."
                ) from error
