"""Say how many facts the plain backtester was asked about."""

from __future__ import annotations

import pytest

from oracle.trial import compared, runs


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the count of compared facts, which a statement about the oracle needs."""
    if not runs:
        return
    facts = ", ".join(f"{count:,} {kind}" for kind, count in compared.most_common())
    markets = ", ".join(f"{count} over {name}" for name, count in sorted(runs.items()))
    terminalreporter.section("oracle")
    terminalreporter.line(f"{compared.total():,} facts compared in {runs.total()} runs ({markets}): {facts}")
