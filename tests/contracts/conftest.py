"""The stages on which brokers are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from adapters.brokers.alpaca_contract_stage import alpaca
from contracts.broker_stages import (
    FIRST,
    STAGES,
    Stage,
)


@pytest.fixture(params=[*STAGES, alpaca], ids=lambda made: made.__name__)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made: Callable[[], AbstractContextManager[Stage]] = request.param
    with made() as shown:
        yield shown


@pytest.fixture
def first(stage: Stage) -> Stage:
    """The stage in its first session."""
    stage.session(FIRST)
    return stage
