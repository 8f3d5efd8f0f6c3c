"""What one valuation leaves to the next: it saves work, and changes no answer."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import call, close_of, market, one_view, put, tape
from portfolio.test_valuation import FIRST, OTHERS, QUOTES, SECOND, position
from strikewise.domain.instruments import Stock
from strikewise.market.estimate import LastQuote
from strikewise.portfolio.margin import account_margin_cents, with_own_margins
from strikewise.portfolio.valuation import Memory, MissingQuotePolicy, remembering, value_positions


def test_quotes_of_what_is_held_no_more_are_not_kept() -> None:
    memory, view = Memory(), one_view(QUOTES)
    both = [position({put(480): -1}, name="a"), position({put(475): 1}, name="b")]
    for held in (both, both[1:]):
        value_positions(held, view, MissingQuotePolicy.MODEL, memory)
    assert memory.books["SPY"].quotes.keys() == {put(475).key}


def test_who_begins_anew_marks_what_has_no_quote_as_one_who_saw_its_last() -> None:
    held = [position({put(480): -1, put(475): 1})]
    seen = {put(480): LastQuote(45, 50, 0.2), put(475): LastQuote(30, 35, 0.2)}
    (marked,), estimated = value_positions(
        held, one_view(OTHERS, spot=478.0), MissingQuotePolicy.CARRY, remembering(held, seen)
    )
    assert marked.mark is not None
    assert marked.mark.exit_cents == 100 * (30 - 50)
    assert {(one.instrument, one.price_cents) for one in estimated} == {(put(480), 50), (put(475), 30)}


HELD = [
    position({put(480): -1, put(475): 1}, name="a"),
    position({put(490): -1, put(470): 1}, name="b"),
    position({call(500): -2}, name="c"),
    position({Stock("SPY"): 100, call(500): -1}, name="d"),
    position({put(480): 2}, name="e"),
    position({put(470): -1, call(500): -1, put(475): 1}, name="f"),
]


@given(books=st.lists(st.sets(st.sampled_from(range(len(HELD)))), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_a_view_was_asked_before_changes_no_answer_of_it(books: list[set[int]]) -> None:
    made, memory = (
        market(tape({close_of(FIRST): (485.0, QUOTES), close_of(SECOND): (478.0, OTHERS)})),
        Memory(),
    )
    for day in (FIRST, SECOND):
        view = made.view(close_of(day))
        for numbers in books:
            held, fresh = [HELD[number] for number in sorted(numbers)], Memory()
            told, anew = (
                value_positions(held, view, MissingQuotePolicy.MODEL, one) for one in (memory, fresh)
            )
            assert told == anew
            margins, afresh = (
                (account_margin_cents(one.books.values()), with_own_margins(anew[0], one.books))
                for one in (memory, fresh)
            )
            assert margins == afresh
