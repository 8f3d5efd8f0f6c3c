"""A split as the local server tells it, line by line, and as the adapter reads it: the same."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from execution.tapes import call, put
from strikewise.adapters.brokers.alpaca_activities import activities
from strikewise.adapters.brokers.alpaca_answers import ActivityAnswer
from strikewise.adapters.brokers.alpaca_server.book import Book
from strikewise.adapters.brokers.alpaca_server.diary import Diary
from strikewise.adapters.brokers.alpaca_server.overnight import Overnight
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.domain.instruments import Instrument, Stock
from strikewise.domain.orders import SplitReport

AT = datetime(2024, 3, 13, 13, 30, tzinfo=UTC)
held = st.dictionaries(
    st.sampled_from([Stock("SPY"), put(480), put(475), call(490), call(495)]),
    st.integers(-9, 9).filter(bool),
    min_size=1,
)


def told(holdings: dict[Instrument, int], numerator: int, denominator: int) -> list[dict[str, object]]:
    book, diary = Book(1_000_000), Diary("A1")
    for instrument, quantity in {**holdings, Stock("QQQ"): 7}.items():
        book.trade(instrument, quantity, 100)
    split = SplitReport("s1", "", "SPY", numerator, denominator, 0, AT)
    Overnight(book, diary).book(split)
    return diary.page()


@given(held, st.integers(2, 10))
def test_whatever_is_held_of_it_a_split_is_told_once_with_its_ratio(
    holdings: dict[Instrument, int], ratio: int
) -> None:
    lines = told(holdings, ratio, 1)
    read = activities([ActivityAnswer.model_validate(one) for one in lines], Symbols(["SPY", "QQQ"]))
    (split,) = read
    assert isinstance(split, SplitReport)
    assert (split.symbol, split.numerator, split.denominator) == ("SPY", ratio, 1)


def test_shares_and_options_have_lines_that_take_and_lines_that_give() -> None:
    lines = told({Stock("SPY"): 100, put(480): -2}, 2, 1)
    said = [(one["activity_type"], one["activity_sub_type"], one["symbol"], one["qty"]) for one in lines]
    assert sorted(said) == sorted(
        [
            ("SPLIT", "FSPLIT", "SPY", "-100"),
            ("SPLIT", "FSPLIT", "SPY", "200"),
            ("OPCA", "SPLIT.FSPLIT", put(480).symbol, "2"),
            ("OPCA", "SPLIT.FSPLIT", put(240).symbol, "-4"),
        ]
    )
