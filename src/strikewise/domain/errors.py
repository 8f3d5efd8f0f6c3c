"""Every error strikewise raises, in one tree.

::

    StrikewiseError
    ├── DomainError              a value that cannot exist
    │   ├── InstrumentError      a contract, key or symbol that is not one
    │   ├── StructureError       legs that do not make a structure, or a question it cannot answer
    │   └── ParameterError       a parameter outside its space
    ├── DataError                what was asked of market data cannot be given
    │   ├── MissingDataError     the data are not there
    │   ├── FutureDataError      the data were not known yet
    │   ├── ImportRefusedError   a file that cannot be imported: names file, row and column
    │   └── StoreError           a store that is damaged, or in use in a way that cannot be
    ├── LedgerError
    │   ├── LedgerConflictError  somebody else wrote first
    │   ├── LedgerCorruptError   the hash chain does not hold
    │   └── LedgerDamagedError   the database under it cannot be read
    ├── RefusedError             what a person asked for cannot be done as things stand
    ├── ComputeError             work that was given to other processes could not be done
    ├── InvariantError           money does not add up: always a fault of ours
    └── SettingsError            settings or a run specification that cannot be used

Each message is one sentence or two: what was asked, what was found, what to do.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


class StrikewiseError(Exception):
    """The root: whoever catches this catches all that strikewise raises on purpose."""


class DomainError(StrikewiseError):
    """A value that cannot exist."""


class InstrumentError(DomainError):
    """A contract, key or symbol that is not one."""


class StructureError(DomainError):
    """Legs that do not make a structure, or a question the structure cannot answer."""


class ParameterError(DomainError):
    """A parameter outside its space; the message says what it must be and what it was."""


class DataError(StrikewiseError):
    """What was asked of market data cannot be given."""


class MissingDataError(DataError):
    """The data asked for are not there."""


class FutureDataError(DataError):
    """A datum was asked for, or offered, before it was known.

    Parameters
    ----------
    what : str
        The datum, as a person would name it.
    known_at, as_of : datetime
        When it became known, and the instant of the view that met it.
    """

    def __init__(self, what: str, known_at: datetime, as_of: datetime) -> None:
        self.what, self.known_at, self.as_of = what, known_at, as_of
        super().__init__(
            f"{what} was known at {known_at.isoformat()}, after the view's {as_of.isoformat()}: "
            "ask for an earlier instant, or mend the source that offers it too early."
        )


class ImportRefusedError(DataError):
    """A file that cannot be imported; nothing of it was.

    Parameters
    ----------
    file : Path
        The file.
    problem : str
        What was found, and what to do.
    row : int, optional
        1-based row of the file (the header is row 1 in text formats).
    column : str, optional
        The column's name.
    """

    def __init__(
        self, file: Path, problem: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        self.file, self.problem, self.row, self.column = file, problem, row, column
        where = str(file)
        if row is not None:
            where += f", row {row}"
        if column is not None:
            where += f", column {column!r}"
        super().__init__(f"{where}: {problem}")


class StoreError(DataError):
    """A store that is damaged, or in use in a way that cannot be."""


class LedgerError(StrikewiseError):
    """The ledger cannot do what was asked."""


class LedgerConflictError(LedgerError):
    """Somebody else wrote first.

    Parameters
    ----------
    expected, found : int
        The sequence number the writer had seen, and the one the ledger has.
    """

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"The ledger was expected to end at fact {expected} but ends at {found}: "
            "another writer was first. Read the ledger again and decide anew."
        )


class LedgerCorruptError(LedgerError):
    """The hash chain does not hold: a fact was changed, lost or added behind the ledger's back.

    Parameters
    ----------
    seq : int
        The first fact that does not fit.
    problem : str
        What does not fit.
    """

    def __init__(self, seq: int, problem: str) -> None:
        self.seq, self.problem = seq, problem
        super().__init__(f"Fact {seq} does not fit the ledger's hash chain ({problem}): restore a backup.")


class LedgerDamagedError(LedgerError):
    """The database under a ledger cannot be read: a disk fault, or a file that is none.

    Parameters
    ----------
    where : str
        The database, without a password.
    problem : str
        What it says.
    """

    def __init__(self, where: str, problem: str) -> None:
        self.where, self.problem = where, problem
        super().__init__(
            f"The ledger {where} is damaged, or is no ledger ({problem}): restore a backup with "
            "`strikewise ledger restore BACKUP --replace`."
        )


class RefusedError(StrikewiseError):
    """What a person asked for cannot be done as things stand: too late, done already, or halted."""


class ComputeError(StrikewiseError):
    """Work that was given to other processes could not be done."""


class InvariantError(StrikewiseError):
    """Money does not add up: always a fault of ours, never of the world."""


class SettingsError(StrikewiseError):
    """Settings or a run specification that cannot be used."""
