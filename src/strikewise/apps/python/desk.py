"""A desk: an installation at hand, with the verbs of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from strikewise.apps.reports.backtest_report import render_backtest
from strikewise.bootstrap.build import build_system
from strikewise.bootstrap.settings import find_home
from strikewise.bootstrap.spec_file import load_spec, make_spec
from strikewise.service import commands, queries

__all__ = ["Desk", "Run", "desk"]


class Run:
    """A finished backtest.

    Attributes
    ----------
    result : dict
        All of it in its JSON form: ``fingerprint``, ``grade``, ``spec``, ``summary``, ``years``, ``months``,
        ``trades``… in dollars, fractions and ISO times.
    folder : Path
        Where it is kept.
    """

    def __init__(self, result: dict[str, Any], folder: Path) -> None:
        self.result, self.folder = result, folder

    @property
    def fingerprint(self) -> str:
        """The same specification and data give the same fingerprint."""
        return str(self.result["fingerprint"])

    @property
    def summary(self) -> dict[str, Any]:
        """Return, drawdown, win rate…; see the documentation for each."""
        return dict(self.result["summary"])

    def report(self, path: str | Path) -> Path:
        """Write the HTML report and return where it is."""
        target = Path(path)
        target.write_text(render_backtest(self.result), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        return f"Run({self.result['title']!r}, {self.fingerprint[:16]})"


class Desk:
    """An installation: recorded data, settings, runs.

    Parameters
    ----------
    home : str or Path, optional
        Its data home; ``STRIKEWISE_HOME`` or the platform's user data folder if not given.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        self.home = find_home(None if home is None else Path(home))
        self._system = build_system(self.home)

    def import_data(self, path: str | Path, *, underlying: str | None = None) -> dict[str, Any]:
        """Import a file or folder of market data; all or nothing, and repeatable.

        Raises
        ------
        ImportRefusedError
            If a file cannot be read; it names file, row and column.
        """
        return commands.import_data(self._system, Path(path), underlying=underlying).as_dict()

    def make_demo_data(self) -> int:
        """Store the demonstration's market, chains reconstructed from real closes; return its rows."""
        return commands.make_demo_data(self._system)

    def audit(self, *underlyings: str) -> list[dict[str, Any]]:
        """Return how complete and sound the stored chains are."""
        return [one.as_dict() for one in queries.audit(self._system, underlyings)]

    def scan(
        self,
        *underlyings: str,
        as_of: datetime | date | None = None,
        strategies: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return ranked opportunities and why not for the rest, as ``strikewise scan --json`` prints them."""
        return queries.find_opportunities(
            self._system, as_of=as_of, underlyings=underlyings, strategies=strategies
        ).as_dict()

    def backtest(self, spec: str | Path | Mapping[str, Any], *, other_fills: bool = False) -> Run:
        """Run a specification over the stored past.

        Parameters
        ----------
        spec : str, Path or mapping
            Path of a TOML file, or what one would hold.
        other_fills : bool
            Whether to run it at the touch, three quarters, half and none of the half-spread too.

        Raises
        ------
        SettingsError
            If a key or value is wrong.
        MissingDataError
            If the store has no chains for it.
        """
        chosen = make_spec(spec) if isinstance(spec, Mapping) else load_spec(Path(spec))
        finished = commands.run_over_history(self._system, chosen, other_fills=other_fills)
        return Run(finished.as_dict(), finished.folder)

    def trades(self, run: str | None = None) -> list[dict[str, Any]]:
        """Return the trades of a run (its fingerprint), of the account, or of the latest run."""
        return queries.trades(self._system, run)

    def explain(self, trade: str, run: str | None = None) -> str:
        """Tell in words why a trade was made and how it ended."""
        return queries.explain(self._system, trade, run).text


def desk(home: str | Path | None = None) -> Desk:
    """Open an installation.

    Parameters
    ----------
    home : str or Path, optional
        Its data home; ``STRIKEWISE_HOME`` or the platform's user data folder if not given.
    """
    return Desk(home)
