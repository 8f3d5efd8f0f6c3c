from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.event_strategies import START, opening, signal
from portfolio.fact_strategies import BY_KIND, events, instants, instruments
from strikewise.domain.errors import LedgerError
from strikewise.domain.events import (
    EVENT_TYPES,
    SCHEMA_VERSIONS,
    AccountOpened,
    AccountValued,
    Event,
    MarkEstimated,
    OrderAccepted,
    OrderPlaced,
    RunStarted,
    SignalGenerated,
)
from strikewise.domain.instruments import OptionContract, Right, Stock, instrument_symbol
from strikewise.portfolio.codec import decode, encode, upcast

VALUED = AccountValued(1, 2, 3, 4, 5, 6, 7, 0.5, 0.1, -3.25, 9.0)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_read_back_is_what_was_written(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(BY_KIND[kind])
    text = encode(event)
    read = decode(kind.__name__, SCHEMA_VERSIONS[kind.__name__], text)
    assert read == event
    assert encode(read) == text


@given(events)
def test_the_text_is_what_a_plain_json_writer_makes_of_the_same_values(event: Event) -> None:
    text = encode(event)
    plain = json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    assert text == plain


def test_a_signal_has_this_text() -> None:
    assert encode(SignalGenerated(signal("s1"))) == (
        '{"signal":{"as_of":"2026-07-22T14:30:00+00:00","because":{"dte":28.0,"iv_rank":44.9,'
        '"regime":"BULL_QUIET"},"breakevens":[599.55],"daily_sd_cents":null,"edge_cents":310,'
        '"grade":"quotes","greeks":null,"margin_cents":45500,'
        '"max_loss_cents":45500,"max_profit_cents":4500,"mid_cents":-4700,"price_cents":-4500,'
        '"probability_of_profit":0.87,"score":71.5,"score_parts":{"credit":40.0,"trend":31.5},"signal_id":"s1",'
        '"strategy":"credit_spread","structure":[["SPY:SPY260918P00595000",1],["SPY:SPY260918P00600000",-1]],'
        '"underlying":"SPY"}}'
    )


@given(instants, st.integers(-12 * 60, 14 * 60))
def test_an_instant_has_one_text_in_whatever_zone_it_came(instant: datetime, minutes: int) -> None:
    elsewhere = instant.astimezone(timezone(timedelta(minutes=minutes)))
    order = opening("o", "s")
    assert encode(OrderPlaced(replace(order, created_at=elsewhere))) == encode(
        OrderPlaced(replace(order, created_at=instant))
    )


@given(instruments)
def test_an_instrument_is_written_as_everywhere_else(instrument: OptionContract | Stock) -> None:
    text = encode(MarkEstimated("p", instrument, "CARRY", 1))
    assert json.loads(text)["instrument"] == instrument_symbol(instrument)


@given(
    st.dictionaries(st.text(max_size=5), st.integers(), min_size=2, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_order_of_a_mapping_does_not_show(values: dict[str, int], chance: object) -> None:
    names = list(values)
    chance.shuffle(names)  # type: ignore[attr-defined]
    assert encode(RunStarted({n: values[n] for n in names}, {}, None)) == encode(RunStarted(values, {}, None))


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (replace(VALUED, delta=float("nan")), "must be finite; was nan"),
        (replace(VALUED, theta=float("-inf")), "must be finite; was -inf"),
        (SignalGenerated(replace(signal("s"), because={"x": float("nan")})), "must be finite; was nan"),
        (RunStarted({"a": [float("inf")]}, {}, None), "must be finite; was inf"),
        (RunStarted({"a": {1, 2}}, {}, None), "'set'"),
        (RunStarted({1: 2}, {}, None), "must be a string"),  # type: ignore[dict-item]
        (AccountOpened("a", np.int64(3)), "numpy.int64"),  # type: ignore[arg-type]
        (AccountOpened("a", 3.0), "float"),  # type: ignore[arg-type]
        (OrderAccepted(7, "b"), "must be a string"),  # type: ignore[arg-type]
        (OrderPlaced(replace(opening("o", "s"), created_at=START.replace(tzinfo=None))), "needs a zone"),
        (MarkEstimated("p", Stock("A:B"), "CARRY", 1), "must not have a colon"),
        (
            MarkEstimated("p", OptionContract("SPX", START.date(), Right.PUT, 100_000_000), "C", 1),
            "99,999.999",
        ),
        (
            MarkEstimated("p", OptionContract("SPX", START.date().replace(year=1999), Right.PUT, 1), "C", 1),
            "2099",
        ),
    ],
)
def test_what_could_not_be_read_back_is_refused_and_named(event: Event, why: str) -> None:
    with pytest.raises(LedgerError, match=why) as refusal:
        encode(event)
    assert type(event).__name__ in str(refusal.value)


def test_a_numpy_float_is_written_as_the_number_it_is() -> None:
    assert encode(replace(VALUED, delta=np.float64(0.5))) == encode(VALUED)


@pytest.mark.parametrize(
    ("kind", "version", "payload", "why"),
    [
        ("HedgePlaced", 1, "{}", "no fact of kind 'HedgePlaced'"),
        ("AccountOpened", 2, "{}", "version 2 and this strikewise knows up to 1"),
        ("AccountOpened", 0, "{}", "from version 0 to 1"),
        ("AccountOpened", 1, "{", "cannot be read"),
        ("AccountOpened", 1, "[]", "cannot be read"),
        ("AccountOpened", 1, '{"account":"a"}', "lacks cash_cents"),
        ("AccountOpened", 1, '{"account":"a","cash_cents":1,"more":2}', "more"),
        ("MarkEstimated", 1, '{"position_id":"p","instrument":"X:Y","policy":"","price_cents":1}', "X:Y"),
    ],
)
def test_what_is_no_payload_is_refused_and_named(kind: str, version: int, payload: str, why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        decode(kind, version, payload)


def test_a_field_that_came_later_has_its_default_in_older_facts() -> None:
    text = encode(OrderPlaced(opening("o", "s")))
    older = text.replace('"campaign_id":"",', "")
    assert older != text
    assert decode("OrderPlaced", 1, older) == OrderPlaced(opening("o", "s"))


def test_an_older_payload_is_lifted_step_by_step() -> None:
    by = {
        ("AccountOpened", 1): lambda old: {"account": old["name"], "cash": old["cash"]},
        ("AccountOpened", 2): lambda old: {"account": old["account"], "cash_cents": old["cash"] * 100},
    }
    lifted = upcast("AccountOpened", 1, {"name": "a", "cash": 5}, to=3, by=by)
    assert lifted == {"account": "a", "cash_cents": 500}
    assert upcast("AccountOpened", 2, {"account": "a", "cash": 5}, to=3, by=by) == lifted


def test_instants_are_read_back_in_utc() -> None:
    read = decode("OrderPlaced", 1, encode(OrderPlaced(opening("o", "s"))))
    assert isinstance(read, OrderPlaced)
    assert read.order.created_at.tzinfo is UTC
