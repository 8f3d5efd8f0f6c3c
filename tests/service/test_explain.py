"""The story of a trade says why it was left, at what numbers, and on what they rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.hand_made import Told, hand_spec, played
from execution.tapes import Row, close_of, put
from strikewise.domain.parameters import ParameterSet
from strikewise.domain.portfolio import Position
from strikewise.domain.signals import Action, Hold
from strikewise.domain.structures import Leg, Structure
from strikewise.market.view import MarketView
from strikewise.service.explain import explain_trade
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


def story(days: Mapping[date, Sequence[Row]]) -> str:
    """Tell the only trade of a strategy that sells the spread on Monday for a credit of $50."""
    strategy = Disciplined({MONDAY: [SPREAD]})
    snapshots = {close_of(day): (490.0, rows) for day, rows in days.items()}
    journal, ledger = played(hand_spec(strategy, start=min(days), end=max(days)), snapshots)
    (trade,) = journal.trades
    return explain_trade(list(ledger.facts()), trade.trade_id).text


def test_a_stop_is_told_with_the_loss_and_its_limit() -> None:
    text = story({MONDAY: CALM, TUESDAY: [(put(480), 300, 310), (put(475), 100, 110)]})
    assert "because of STOP_LOSS (loss=160.00 limit=100.00)." in text


def test_a_stop_on_a_price_that_nobody_quoted_says_so() -> None:
    text = story({MONDAY: CALM, TUESDAY: [(put(480), 900, 910), (put(485), 1200, 1220)]})
    assert "because of STOP_LOSS (loss=" in text
    assert " estimated=1)." in text
