"""One rehearsal, three ways: on paper, through Alpaca's protocol, and through it with a plan of faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.ledgers import DATABASES, database
from recovery.rehearsing import FIRST, LAST, Rehearsed, fill, read, rehearse
from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan
from strikewise.adapters.data_home import DataHome
from strikewise.backtest.runner import replay
from strikewise.bootstrap.operation import BrokerName
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.control import FaultNoted
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import (
    AccountValued,
    CashFlowed,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderUnresolved,
)
from strikewise.domain.reconciled import DifferenceFound, ReconciliationFailed, ReconciliationFinished
from strikewise.market.calendar import SessionCalendar
from strikewise.portfolio.ledger import MemoryLedger

pytestmark = pytest.mark.shared

OF_THE_BROKER = (
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    CashFlowed,
    AccountValued,
    DifferenceFound,
    ReconciliationFinished,
)
"""What differs by how a broker tells: its ids, when, leg by leg, fees a day late, what books them."""
OF_FAULTS = (*OF_THE_BROKER, OrderUnresolved, ReconciliationFailed, FaultNoted)

ON_THE_WAY = FaultPlan(
    4,
    (
        Fault(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, nth=2),
        Fault(FaultKind.DUPLICATE_ID, nth=5),
        Fault(FaultKind.DUPLICATE_FILL, nth=2, times=4),
        Fault(FaultKind.FILL_BEFORE_ANSWER, nth=3, times=2),
        Fault(FaultKind.UNKNOWN_READ, nth=12, times=2, lasts=2),
        Fault(FaultKind.LOST_EVENTS, nth=4, times=3),
        Fault(FaultKind.DISCONNECTED, nth=60),
        Fault(FaultKind.RATE_LIMITED, nth=90),
    ),
)
"""Faults between the broker and us: they hide what happens, and change nothing of it."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("rehearsal") / "home")


@pytest.fixture(scope="module")
def paper(home: Path) -> Rehearsed:
    return rehearse(home, "paper")


def test_through_alpacas_protocol_all_is_decided_as_on_paper(home: Path, paper: Rehearsed) -> None:
    served = rehearse(home, "served", through=BrokerName.ALPACA)
    assert len(paper.orders()) > 8, "a rehearsal that trades nothing shows nothing"
    assert served.orders() == paper.orders()
    assert (served.bought(), served.ends()) == (paper.bought(), paper.ends())
    assert served.without(*OF_THE_BROKER) == paper.without(*OF_THE_BROKER)
    assert served.end() == paper.end()
    assert served.worth() == paper.worth(), "fees count from the trade on, whenever they are charged"
    assert served.fees_cents() == paper.fees_cents() > 0
    assert served.agreed()


def test_faults_on_the_way_change_nothing_of_what_is_held_and_earned(home: Path, paper: Rehearsed) -> None:
    faulty = rehearse(home, "faulty", through=BrokerName.ALPACA, faults=ON_THE_WAY)
    assert faulty.of(OrderUnresolved), "the plan of faults must happen"
    assert faulty.of(ReconciliationFailed)
    assert faulty.orders() == paper.orders()
    assert (faulty.bought(), faulty.ends()) == (paper.bought(), paper.ends())
    assert faulty.without(*OF_FAULTS) == paper.without(*OF_FAULTS)
    assert faulty.end() == paper.end()
    assert faulty.worth() == paper.worth()
    assert faulty.fees_cents() == paper.fees_cents()
    assert faulty.agreed()


def test_a_governed_run_over_the_past_is_the_rehearsal_of_its_days(home: Path, paper: Rehearsed) -> None:
    spec = make_spec(
        {
            "underlyings": ["SPY", "QQQ"],
            "start": FIRST,
            "end": LAST,
            "account": "main",
            "strategies": [
                {"strategy": "credit_spread", "parameters": {"side": "put"}},
                {"strategy": "iron_condor"},
            ],
            "fees": {"commission": 0.65, "assignment": 5.0},
            "governor": {},
        }
    )
    ledger, calendar = MemoryLedger(), SessionCalendar()
    replay(spec, DataHome(home, calendar).source(), calendar, ledger)
    ran = Rehearsed((), tuple(ledger.records()))
    assert "POSITION_LOSS" in {order.reason for _, order in ran.orders()}, "or it shows nothing"
    assert ran.orders() == paper.orders()
    assert ran.bought() == paper.bought()
    assert ran.end() == paper.end()


@pytest.mark.parametrize("kind", [kind for kind in DATABASES if kind != "sqlite"])
def test_every_database_keeps_the_facts_that_sqlite_keeps(
    kind: str, home: Path, paper: Rehearsed, tmp_path: Path
) -> None:
    with database(kind, tmp_path) as url:
        found = rehearse(home, kind, ledger=url)
    assert found.fingerprint() == paper.fingerprint()


def test_the_servers_account_has_no_past_to_go_on_from(home: Path, paper: Rehearsed) -> None:
    with pytest.raises(SettingsError, match="begins anew with each rehearsal"):
        rehearse(home, "paper", through=BrokerName.ALPACA)
    kept = read(f"sqlite:///{home / 'rehearsals' / 'paper' / 'ledger.db'}")
    assert kept.facts == paper.facts
