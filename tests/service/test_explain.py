"""The story of a trade says why it was left, at what numbers, and on what they rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.hand_made import Told, hand_spec, played
from execution.tapes import Row, close_of, put
from strikewise.domain.instruments import Stock
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Action, Hold
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.portfolio.journal_rows import TradeRow
from strikewise.service.explain import Explanation, explain_trade
from strikewise.strategy.exits import credit_exit
from strikewise.strategy.library.credit_spread import CreditSpread

MONDAY, TUESDAY, WEDNESDAY = (date(2024, 2, day) for day in (5, 6, 7))
SPREAD = Structure.of([Leg(put(480), -1), Leg(put(475), 1)])
CALM: list[Row] = [(put(480), 100, 110), (put(475), 40, 50)]


@dataclass(frozen=True)
class Disciplined(Told):
    """Opens what it is told and leaves by the rules of credit positions."""

    def manage_position(self, position: Position, market_data: MarketView, params: ParameterSet) -> Action:
        return credit_exit(position, market_data.day, CreditSpread.space.make()) or Hold()


def traded(days: Mapping[date, Sequence[Row]]) -> tuple[TradeRow, str]:
    """Return the only trade of a strategy that sells the spread on Monday for $50, and its story."""
    strategy = Disciplined({MONDAY: [SPREAD]})
    snapshots = {close_of(day): (490.0, rows) for day, rows in days.items()}
    journal, ledger = played(hand_spec(strategy, start=min(days), end=max(days)), snapshots)
    (trade,) = journal.trades
    return trade, explain_trade(list(ledger.facts()), trade.trade_id).text


def test_a_stop_is_told_with_the_loss_and_its_limit() -> None:
    _, text = traded({MONDAY: CALM, TUESDAY: [(put(480), 300, 310), (put(475), 100, 110)]})
    assert "because of STOP_LOSS (loss=160.00 limit=100.00)." in text


def test_shares_are_told_by_their_number() -> None:
    strategy = Told({MONDAY: [Structure.of([Leg(Stock("SPY"), 1)])]})
    journal, ledger = played(hand_spec(strategy, start=MONDAY, end=MONDAY), {close_of(MONDAY): (490.0, CALM)})
    text = explain_trade(list(ledger.facts()), journal.trades[0].trade_id).text
    assert "saw SPY shares to buy: debit" in text
    assert "Ordered to open: buy 1 SPY share at" in text


def test_a_stop_on_a_price_that_nobody_quoted_says_so() -> None:
    _, text = traded({MONDAY: CALM, TUESDAY: [(put(480), 900, 910), (put(485), 1200, 1220)]})
    assert "because of STOP_LOSS (loss=" in text
    assert " estimated=1)." in text


def test_an_exit_that_would_cost_more_than_the_spread_can_be_worth_waits_and_says_so() -> None:
    wild: list[Row] = [(put(480), 600, 700), (put(475), 100, 200)]
    _, text = traded({MONDAY: CALM, TUESDAY: wild, WEDNESDAY: CALM})
    assert (
        "The order ended expired: closing a unit costs $600.00 at the touch, keeping it to expiry $500.00 at "
        "most, so it waited for a better price."
    ) in text


def test_features_are_told_as_a_person_reads_them() -> None:
    told = Explanation("t", (), {"event_day": 20663.0, "at_stake": 73980.0, "iv30": 0.1321, "rsi14": 51.724})
    assert told.text.splitlines()[-4:] == [
        "  event_day  2026-07-29",
        "  at_stake   73,980.00",
        "  iv30       13.2%",
        "  rsi14      51.72",
    ]


def test_a_settlement_at_the_price_of_another_session_says_so() -> None:
    expiry, after = date(2024, 3, 15), date(2024, 3, 18)
    told = "No price of its session was recorded: the latest one known stood in."
    for days, policies in (({MONDAY: CALM, after: []}, 2), ({MONDAY: CALM, expiry: CALM, after: []}, 0)):
        trade, text = traded(days)
        assert trade.policy_fills == policies  # one for each leg that settled
        assert (told in text) == (policies > 0)
