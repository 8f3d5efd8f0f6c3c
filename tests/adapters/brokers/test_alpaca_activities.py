"""What happened without an order: as the vendor documents it, in the order in which it is booked, once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.adapters.brokers.alpaca_activities import activities, booked_at
from strikewise.adapters.brokers.alpaca_answers import ActivityAnswer
from strikewise.adapters.brokers.alpaca_cursor import Cursor
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.brokerage import Activity
from strikewise.domain.orders import CashFlow, FlowKind, SettlementReport, SplitReport

ID = "20190801011955195::5f596936-6f23-4cef-bdf1-3806aae57dbf"
CALL, PUT = "AAPL230721C00150000", "QS240301P00006500"
SYMBOLS = Symbols()


def line(kind: str, **more: Any) -> ActivityAnswer:
    said = {"id": ID, "activity_type": kind, "date": "2023-07-21", "net_amount": "0", "status": "executed"}
    return ActivityAnswer.model_validate(said | more)


def read(*lines: ActivityAnswer) -> list[Activity]:
    return activities(lines, SYMBOLS)


def settled(*lines: ActivityAnswer) -> SettlementReport:
    (report,) = read(*lines)
    assert isinstance(report, SettlementReport)
    return report


def test_an_exercise_and_the_shares_it_brought_are_one_report() -> None:
    report = settled(
        line("OPEXC", symbol=CALL, qty="-2"),
        line("OPTRD", symbol="AAPL", qty="200", price="90", net_amount="-30000"),
    )
    assert (report.outcome, report.quantity, report.shares) == ("exercised", 2, 200)
    assert report.cash_cents == 3_000_000
    assert report.settlement_id == f"OPEXC:{ID}"


def test_an_assignment_of_calls_delivers_shares_for_the_strike() -> None:
    report = settled(
        line("OPASN", symbol=CALL, qty="2"),
        line("OPTRD", symbol="AAPL", qty="-200", price="150", net_amount="30000"),
    )
    assert (report.outcome, report.quantity, report.shares, report.cash_cents) == (
        "assigned",
        -2,
        -200,
        -3_000_000,
    )


def test_an_exercised_put_sells_shares() -> None:
    report = settled(
        line("OPEXC", symbol=PUT, qty="-1"),
        line("OPTRD", symbol="QS", qty="-100", price="6.5", net_amount="650"),
    )
    assert (report.quantity, report.shares, report.cash_cents) == (1, -100, -65_000)


@pytest.mark.parametrize(("kind", "qty"), [("OPASN", "2"), ("OPEXC", "-2")])
def test_where_the_shares_are_not_told_yet_the_contract_says_what_they_will_be(kind: str, qty: str) -> None:
    sign = -1 if kind == "OPASN" else 1
    report = settled(line(kind, symbol=CALL, qty=qty))
    assert (report.shares, report.cash_cents) == (200 * sign, 3_000_000 * sign)


def test_the_trade_of_an_earlier_assignment_is_not_told_again() -> None:
    assert read(line("OPTRD", symbol="AAPL", qty="-200", net_amount="30000")) == []


def test_each_assignment_takes_its_own_trade() -> None:
    reports = read(
        line("OPASN", id="1::a", symbol=CALL, qty="2", group_id="g-1"),
        line("OPASN", id="2::b", symbol="AAPL230721C00160000", qty="2", group_id="g-2"),
        line("OPTRD", id="3::c", symbol="AAPL", qty="-200", net_amount="32000", group_id="g-2"),
        line("OPTRD", id="4::d", symbol="AAPL", qty="-200", net_amount="30000", group_id="g-1"),
    )
    assert [one.cash_cents for one in reports if isinstance(one, SettlementReport)] == [
        -3_000_000,
        -3_200_000,
    ]


def test_without_a_group_each_assignment_takes_the_trade_at_its_own_strike_and_each_trade_once() -> None:
    other = "AAPL230721C00160000"
    reports = read(
        line("OPASN", id="1::a", symbol=CALL, qty="2"),
        line("OPASN", id="2::b", symbol=other, qty="2"),
        line("OPASN", id="3::c", symbol=CALL, qty="2"),
        line("OPTRD", id="4::d", symbol="AAPL", qty="-200", net_amount="32000"),
        line("OPTRD", id="5::e", symbol="AAPL", qty="-200", net_amount="30000"),
        line("OPTRD", id="6::f", symbol="AAPL", qty="-200", net_amount="29990"),
    )
    assert [one.cash_cents for one in reports if isinstance(one, SettlementReport)] == [
        -3_000_000,
        -3_200_000,
        -2_999_000,
    ]


@pytest.mark.parametrize(("qty", "held"), [("1", -1), ("-3", 3)])
def test_what_expires_moves_nothing_else(qty: str, held: int) -> None:
    report = settled(line("OPEXP", symbol=PUT, qty=qty))
    assert (report.outcome, report.quantity, report.shares, report.cash_cents) == ("expired", held, 0, 0)
    assert report.at == datetime(2023, 7, 21, 20, tzinfo=UTC)


def test_an_index_option_is_settled_in_the_cash_that_is_told_with_it() -> None:
    weekly = "SPXW230721C04500000"
    report = settled(
        line("OPASN", symbol=weekly, qty="1", group_id="g"),
        line("OPCSH", id="7::z", symbol=weekly, net_amount="-1250.5", group_id="g"),
    )
    assert (report.quantity, report.shares, report.cash_cents) == (-1, 0, 125_050)


def test_cash_for_contracts_that_nothing_exercised_ends_them() -> None:
    report = settled(line("OPCSH", symbol=CALL, qty="-2", net_amount="300"))
    assert (report.outcome, report.quantity, report.cash_cents) == ("bought_out", 2, -30_000)


@pytest.mark.parametrize(
    ("kind", "amount", "flow", "cents"),
    [
        ("DIV", "1.02", FlowKind.DIVIDEND, -102),
        ("INT", "-3.5", FlowKind.INTEREST, 350),
        ("FEE", "-0.04", FlowKind.FEE, 4),
        ("CSD", "5000", FlowKind.TRANSFER, -500_000),
        ("CSW", "-250", FlowKind.TRANSFER, 25_000),
        ("JNLC", "100", FlowKind.TRANSFER, -10_000),
    ],
)
def test_cash_is_told_as_what_it_was_for(kind: str, amount: str, flow: FlowKind, cents: int) -> None:
    (found,) = read(line(kind, net_amount=amount, symbol="T"))
    assert isinstance(found, CashFlow)
    assert (found.kind, found.cash_cents, found.flow_id) == (flow, cents, f"{kind}:{ID}")


def test_a_split_is_read_from_what_it_took_and_what_it_gave() -> None:
    (split,) = read(
        line("SPLIT", id="1::a", symbol="AAPL", qty="-10", description="REMOVE"),
        line("SPLIT", id="2::b", symbol="AAPL", qty="30", description="ADD", net_amount="0.25"),
    )
    assert isinstance(split, SplitReport)
    assert (split.numerator, split.denominator, split.cash_cents, split.symbol) == (3, 1, -25, "AAPL")


def test_a_split_of_what_is_short_is_read_by_its_words() -> None:
    (split,) = read(
        line("SPLIT", id="1::a", symbol="AAPL", qty="10", description="REMOVE, From QTY:10, To QTY:30"),
        line("SPLIT", id="2::b", symbol="AAPL", qty="-30", description="ADD, From QTY:10, To QTY:30"),
    )
    assert isinstance(split, SplitReport)
    assert (split.numerator, split.denominator) == (3, 1)


def test_a_split_of_a_spread_and_of_shares_is_one() -> None:
    legs = [("AAPL230721P00100000", "-1", "1"), ("AAPL230721P00080000", "2", "-2")]
    lines = [
        line(
            "OPCA",
            id=f"{n}::{word}",
            symbol=symbol,
            qty=qty,
            description=word,
            activity_sub_type="SPLIT.FSPLIT",
        )
        for n, (symbol, had, came) in enumerate(legs)
        for word, qty in (("REMOVE", had), ("ADD", f"{int(came) * 4}"))
    ]
    (split,) = read(
        *lines,
        line("SPLIT", id="8::a", symbol="AAPL", qty="-10", description="REMOVE"),
        line("SPLIT", id="9::b", symbol="AAPL", qty="40", description="ADD"),
    )
    assert isinstance(split, SplitReport)
    assert (split.symbol, split.numerator, split.denominator) == ("AAPL", 4, 1)


@pytest.mark.parametrize("sub_type", ["", "SPLIT.RSPLIT", "SPIN"])
def test_an_option_that_was_adjusted_and_not_split_is_left_to_a_person(sub_type: str) -> None:
    old, new = "AAPL230721P00100000", "AAPL1230721P00100000"
    assert not read(
        line("OPCA", id="1::a", symbol=old, qty="-1", description="REMOVE", activity_sub_type=sub_type),
        line("OPCA", id="2::b", symbol=new, qty="1", description="ADD", activity_sub_type=sub_type),
    )


def test_nobody_guesses_what_a_merger_or_an_unknown_line_meant() -> None:
    assert read(line("MA", symbol="AAPL", net_amount="100"), line("ZZZ", net_amount="5")) == []


def test_a_line_that_was_taken_back_is_none() -> None:
    assert read(line("DIV", net_amount="1.02", status="canceled")) == []


@pytest.mark.parametrize(
    "broken",
    [
        line("OPASN", symbol="AAPL", qty="2"),
        line("OPASN", symbol=CALL, qty=""),
        line("DIV", net_amount=""),
        line("FEE", net_amount="NaN"),
    ],
)
def test_a_line_of_a_known_kind_that_cannot_be_read_is_an_error_and_not_left_out(
    broken: ActivityAnswer,
) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read(broken)


def test_a_line_is_as_old_as_its_booking_and_not_as_its_day() -> None:
    late = line("OPASN", date="2026-04-22", created_at="2026-04-23T08:23:24.973256Z")
    assert booked_at(late) == datetime(2026, 4, 23, 8, 23, 24, 973256, tzinfo=UTC)
    assert booked_at(line("DIV", date="2026-04-22")) == datetime(2026, 4, 22, 20, tzinfo=UTC)


OVERLAP = timedelta(days=3)
START = datetime(2026, 4, 1, tzinfo=UTC)
HOURS = st.integers(0, 24 * 20)


@given(st.lists(st.lists(HOURS, max_size=8), max_size=6))
def test_looking_again_and_again_tells_every_line_once(batches: list[list[int]]) -> None:
    """Lines appear in batches; each batch may hold lines up to the overlap older than what was seen."""
    cursor, ledger, told, number = Cursor(), {}, [], 0
    latest = START
    for batch in batches:
        for hours in batch:
            at = max(START + timedelta(hours=hours), latest - OVERLAP)
            ledger[f"line-{number}"] = at
            number += 1
        since = START if cursor.at is None else cursor.at - OVERLAP
        seen = {name: at for name, at in ledger.items() if at >= since}
        told += [name for name in seen if not cursor.has(name)]
        written = Cursor.read(cursor.after(seen.items(), OVERLAP).write())
        assert written is not None
        cursor = written
        latest = max(latest, *ledger.values()) if ledger else latest
    assert sorted(told) == sorted(ledger)


@pytest.mark.parametrize("text", ["nonsense", "|", "12", "2026-04-02T00:00:00+00:00"])
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert Cursor.read(text) is None


def test_nothing_asks_from_the_first_line_on() -> None:
    assert Cursor.read("") == Cursor()


def test_a_day_without_lines_moves_no_cursor() -> None:
    assert Cursor().after((), OVERLAP).write() == ""
    stands = Cursor(datetime(2026, 4, 2, tzinfo=UTC), frozenset({"x"}))
    assert stands.after((), OVERLAP).at == stands.at
    assert date(2026, 4, 2).isoformat() in stands.write()
