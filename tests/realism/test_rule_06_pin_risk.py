"""Rule 6: a short option near its strike at expiry is assigned by a stated rule, and stressed by a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.hand_made import Told, hand_spec, played
from execution.tapes import call, close_of, put
from realism.nights import of, settled
from strikewise.backtest.pin_stress import pin_stress
from strikewise.domain.errors import SettingsError
from strikewise.domain.events import OptionSettled
from strikewise.domain.instruments import OptionContract
from strikewise.domain.structures import Structure
from strikewise.execution.exercise import PINNED, ExerciseRule, PinRule
from strikewise.portfolio.journal import Journal
from strikewise.portfolio.ledger import MemoryLedger

THURSDAY, FRIDAY, MONDAY = WEEK = tuple(date(2024, 3, day) for day in (14, 15, 18))
SHORT, WING = put(480), put(475)
SPREAD = of((SHORT, -1), (WING, 1))
ROWS = [(SHORT, 100, 110), (WING, 40, 50)]
LATER = [(put(480, date(2024, 4, 19)), 300, 310)]


def weekend(
    friday: float, monday: float, rule: PinRule, structure: Structure = SPREAD
) -> tuple[Journal, MemoryLedger]:
    """A spread sold on Thursday for 0.50, that expires on Friday."""
    spots = dict(zip(WEEK, (485.0, friday, monday), strict=True))
    snapshots = {
        close_of(day): (spot, LATER if day == MONDAY else [*ROWS, *LATER]) for day, spot in spots.items()
    }
    told = Told({THURSDAY: [structure]})
    chosen = hand_spec(told, start=THURSDAY, end=MONDAY, exercise=ExerciseRule(pin=rule))
    return played(chosen, snapshots)


def ended(ledger: MemoryLedger) -> dict[OptionContract, tuple[str, str]]:
    return {one.contract: (one.outcome, one.rule) for one in settled(ledger)}


@pytest.mark.parametrize(
    ("friday", "monday", "outcome"),
    [
        (480.5, 470.0, "assigned"),  # out of the money, and the weekend goes against us
        (480.5, 485.0, "expired"),
        (479.5, 470.0, "assigned"),
        (479.5, 485.0, "expired"),  # in the money, but its holder would lose by exercising
    ],
)
def test_by_default_its_holder_knows_mondays_price(friday: float, monday: float, outcome: str) -> None:
    assert ExerciseRule().pin is PinRule.ADVERSE
    journal, ledger = weekend(friday, monday, PinRule.ADVERSE)
    assert ended(ledger) == {SHORT: (outcome, PINNED), WING: ("expired", "")}
    assert {report.settlement_cents for report in settled(ledger)} == {round(friday * 100)}
    (trade,) = journal.trades
    gap = 100 * (48_000 - round(monday * 100 - max(1, monday / 100))) if outcome == "assigned" else 0
    assert trade.profit_cents == pytest.approx(5_000 - gap, abs=100)
    # Until Monday all of it waits: legs of one structure settle at one time.
    assert [row.open_positions for row in journal.equity] == [1, 1, 0]


def test_no_leg_of_a_pinned_structure_settles_before_the_pinned_one() -> None:
    near = put(479)
    told = Told({THURSDAY: [of((SHORT, -1), (near, 1))]})
    days = zip(WEEK, (485.0, 478.9, 480.3), strict=True)
    rows = [(SHORT, 100, 110), (near, 80, 90), *LATER]
    _, ledger = played(
        hand_spec(told, start=THURSDAY, end=MONDAY),
        {close_of(day): (spot, LATER if day == MONDAY else rows) for day, spot in days},
    )
    ends = [one for one in ledger.records() if isinstance(one.event, OptionSettled)]
    assert {one.known_at for one in ends} == {close_of(MONDAY)}
    assert ended(ledger) == {SHORT: ("expired", PINNED), near: ("exercised", "")}


def test_no_price_before_the_next_opening_decides() -> None:
    spots = dict(zip(WEEK, (485.0, 480.5, 470.0), strict=True))
    saturday, early = (datetime(2024, 3, day, 12, 0, tzinfo=UTC) for day in (16, 18))
    snapshots = {
        close_of(day): (spot, LATER if day == MONDAY else [*ROWS, *LATER]) for day, spot in spots.items()
    }
    snapshots |= dict.fromkeys((saturday, early), (490.0, LATER))
    journal, ledger = played(hand_spec(Told({THURSDAY: [SPREAD]}), start=THURSDAY, end=MONDAY), snapshots)
    assert [row.at for row in journal.equity][2:4] == [saturday, early]
    assert [row.open_positions for row in journal.equity] == [1, 1, 1, 1, 0]
    assert ended(ledger)[SHORT] == ("assigned", PINNED)


def test_it_may_be_assigned_in_any_case_or_by_the_settlement_price_alone() -> None:
    _, ledger = weekend(480.5, 485.0, PinRule.ASSIGNED)
    assert ended(ledger)[SHORT] == ("assigned", PINNED)
    _, ledger = weekend(480.5, 470.0, PinRule.EXCEPTION)
    assert ended(ledger)[SHORT] == ("expired", "")
    _, ledger = weekend(479.99, 485.0, PinRule.EXCEPTION)
    assert ended(ledger)[SHORT] == ("assigned", "")


@given(st.integers(47_000, 49_000), st.integers(44_000, 52_000), st.sampled_from([put(480), call(480)]))
def test_the_adverse_rule_is_never_better_than_the_others(
    friday: int, monday: int, contract: OptionContract
) -> None:
    def worth(rule: PinRule) -> int:
        exercised, _ = ExerciseRule(pin=rule).exercised(contract, -1, friday, monday)
        side = 1 if contract.right == "C" else -1
        return -side * (10 * monday - contract.strike_milli) if exercised else 0

    assert worth(PinRule.ADVERSE) <= min(worth(PinRule.ASSIGNED), worth(PinRule.EXCEPTION))


def test_away_from_the_strike_long_and_for_cash_the_settlement_price_decides_at_once() -> None:
    journal, ledger = weekend(482.0, 470.0, PinRule.ADVERSE)
    assert ended(ledger)[SHORT] == ("expired", "")
    assert journal.equity[1].open_positions == 0
    rule = ExerciseRule()
    index = put(4_800, underlying="SPX", root_code=1)
    assert not rule.pinned(index, -1, 480_050)
    assert not rule.pinned(SHORT, 1, 48_050)
    assert rule.pinned(SHORT, -1, 48_050)
    # A quarter of a percent of the price on either side, to the cent.
    assert [rule.pinned(put(399), -1, cents) for cents in (40_000, 40_001)] == [True, False]


def test_each_pinned_expiry_is_told_with_its_loss_at_a_gap() -> None:
    for monday in (470.0, 485.0):
        _, ledger = weekend(480.5, monday, PinRule.ADVERSE)
        told = pin_stress(ledger.records(), gap=0.05)
        (one,) = told.expiries
        assert (one.day, one.contracts, one.assigned) == (FRIDAY, 1, monday < 480)
        assert one.stressed_loss_cents == round(100 * (48_000 - 0.95 * 48_050))
        assert (told.count, told.worst_night_cents) == (1, one.stressed_loss_cents)
    _, ledger = weekend(484.0, 470.0, PinRule.ADVERSE)
    assert pin_stress(ledger.records()).count == 0


def test_a_band_that_is_no_share_is_refused() -> None:
    with pytest.raises(SettingsError, match="pin band"):
        ExerciseRule(pin_band=0.5)
