"""Failures of our own: how many, and how close together, end a process."""

from __future__ import annotations

import pytest

from engine.watched import Account, at
from strikewise.domain.control import FaultNoted
from strikewise.engine.failures import Ended, Failures, Tolerance
from strikewise.engine.lookout import Lookout


def test_only_failures_within_an_hour_add_up() -> None:
    account = Account()
    failures = Failures(account.loop.writer, Lookout(), lambda *_: None, Tolerance(2))

    def fails(minute: int) -> None:
        with failures.kept_apart("tick", at(minute)):
            raise KeyError("delta")

    fails(0)
    fails(61)
    fails(122)
    with pytest.raises(Ended, match="2 failures within an hour; the last: tick: KeyError: 'delta'"):
        fails(182)
    assert len(account.told(FaultNoted)) == 4
