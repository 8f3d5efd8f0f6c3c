"""What the vendor itself publishes: its examples are read, and its words are all in our tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared_data import SHARED
from strikewise.adapters.brokers.alpaca_account import account_report, held_report
from strikewise.adapters.brokers.alpaca_answers import (
    AccountAnswer,
    ActivityAnswer,
    OrderAnswer,
    PositionAnswer,
)
from strikewise.adapters.brokers.alpaca_orders import order_report
from strikewise.adapters.brokers.alpaca_states import STATUSES
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import BrokerStatus, HeldReport
from strikewise.domain.instruments import Stock

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def trading() -> dict[str, Any]:
    path = SHARED / "contracts" / "alpaca" / "trading-api.json"
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_every_state_of_an_order_that_the_vendor_names_has_a_meaning(trading: dict[str, Any]) -> None:
    named = set(trading["components"]["schemas"]["OrderStatus"]["enum"])
    assert named - STATUSES.keys() == set()


def test_the_vendors_example_of_several_legs_is_read(trading: dict[str, Any]) -> None:
    said = trading["components"]["examples"]["MultilegOptionsOrderResponse"]["value"]
    report = order_report(OrderAnswer.model_validate(said), Symbols())
    assert report is not None
    assert report.structure is not None
    assert (report.status, report.quantity, report.filled) == (BrokerStatus.FILLED, 1, 1)
    assert {str(leg.instrument): leg.ratio for leg in report.structure.legs} == {
        "AAPL 2024-12-13 250C": 3,
        "AAPL 2024-12-13 260C": -1,
    }
    assert report.limit_cents == 100_000


def test_the_vendors_examples_of_single_orders_are_read(trading: dict[str, Any]) -> None:
    examples = trading["components"]["examples"]
    option = order_report(OrderAnswer.model_validate(examples["OptionOrderResponse"]["value"]), Symbols())
    shares = order_report(OrderAnswer.model_validate(examples["EquityOrderResponse"]["value"]), Symbols())
    assert option is not None
    assert shares is not None
    assert (option.status, option.limit_cents, option.quantity) == (BrokerStatus.WORKING, 100_000, 2)
    assert (shares.status, shares.limit_cents, shares.quantity) == (BrokerStatus.WORKING, 15_000, 2)


def test_the_vendors_example_of_an_account_is_read(trading: dict[str, Any]) -> None:
    answer = trading["paths"]["/v2/account"]["get"]["responses"]["200"]["content"]["application/json"]
    report = account_report(AccountAnswer.model_validate(answer["example"]))
    assert report is not None
    assert (report.cash_cents, report.equity_cents, report.options_level) == (12_208_650, 12_334_611, 2)
    assert report.restriction == ""


def test_the_vendors_examples_of_positions_are_read(trading: dict[str, Any]) -> None:
    examples = trading["components"]["schemas"]["Position"]["x-examples"]
    held = held_report(PositionAnswer.model_validate(examples["example-1"]), Symbols())
    assert held == HeldReport(Stock("AAPL"), 5, 50_000, 4)


def test_the_vendors_examples_of_activities_are_read(trading: dict[str, Any]) -> None:
    for kind in ("TradingActivities", "NonTradeActivities"):
        for said in trading["components"]["schemas"][kind]["x-examples"].values():
            assert ActivityAnswer.model_validate(said).activity_type in {"FILL", "DIV"}
