"""Whatever goes wrong in whatever order, ours ends as the broker's, and no order is sent twice.

Days, strategies, plans of faults and deaths of the process are drawn; the daemon trades through all of it.
``pytest --hypothesis-profile=long tests/faults/test_any_plan.py`` tries twenty times as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from execution.tapes import Row, call, put
from faults.days import DAY, NEXT, PATIENT, Day, Timed, at
from strikewise.adapters.brokers.fault_plan import FaultKind, FaultPlan
from strikewise.domain.instruments import OptionContract
from strikewise.domain.structures import Leg, Structure
from strikewise.engine.schedule import Cadence

STRIKES = range(470, 511, 5)
SPARSE = Cadence(scan=900, manage=300, reconcile=600, outside=4 * 3600)


def contracts(day_of_end: bool) -> list[OptionContract]:
    """Return puts and calls, which end on the first day or weeks later."""
    ends = {"expiration": DAY} if day_of_end else {}
    return [of(strike, **ends) for of in (put, call) for strike in STRIKES]


def quotes(
    chance: np.random.Generator, listed: Sequence[OptionContract]
) -> dict[datetime, tuple[float, list[Row]]]:
    """Draw a market of two sessions, a quarter of an hour apart, in which some quotes are missing."""
    spot, shown = 490.0, {}
    for day in (DAY, NEXT):
        for minute in (*range(0, 91, 15), 380):
            spot = round(spot + float(chance.normal(0.0, 1.5)), 2)
            rows = []
            for contract in listed:
                sign = 1 if contract.right.value == "C" else -1
                inner = max(0.0, sign * (spot - contract.strike_milli / 1000))
                over = 4.0 * np.exp(-abs(spot - contract.strike_milli / 1000) / 8.0)
                cents = 5 * round(20 * (inner + float(over)))
                if contract.expiration >= day and chance.random() < 0.97:
                    rows.append((contract, max(0, cents - 5), cents + 5))
            shown[at(minute, day)] = (spot, rows)
    return shown


def structure(chance: np.random.Generator, listed: Sequence[OptionContract]) -> Structure:
    """Draw a spread, an iron condor, or a single option."""
    puts, calls = listed[: len(STRIKES)], listed[len(STRIKES) :]
    low, high = sorted(chance.choice(len(STRIKES), 2, replace=False).tolist())
    side = 1 if chance.random() < 0.5 else -1
    match int(chance.integers(4)):
        case 0:
            return Structure.of([Leg(puts[low], side), Leg(puts[high], -side)])
        case 1:
            return Structure.of([Leg(calls[low], side), Leg(calls[high], -side)])
        case 2:
            return Structure.of([Leg(puts[0], 1), Leg(puts[3], -1), Leg(calls[5], -1), Leg(calls[8], 1)])
        case _:
            return Structure.of([Leg(puts[low], side)])


def a_day(seed: int, size: int, deaths: int, *, kinds: Sequence[FaultKind] = tuple(FaultKind)) -> Day:
    """Draw a day and let it be traded."""
    chance = np.random.default_rng(seed)
    listed = [one for each in (False, True) for one in contracts(each)]
    half = len(listed) // 2
    wishes = {
        minute: [structure(chance, listed[:half] if chance.random() < 0.7 else listed[half:])]
        for minute in (15, 30, 45, 60, 75)
        if chance.random() < 0.7
    }
    told = Timed(
        {},
        at_minutes=wishes,
        leaves_after=int(chance.choice([20, 45, 300, 2_000])),
        units=int(chance.integers(1, 5)),
        max_loss_cents=None,
    )
    ladder = None if chance.random() < 0.4 else PATIENT
    market = quotes(chance, listed)
    day = Day(
        FaultPlan.drawn(seed, kinds, size=size, within=4).faults,
        (told,),
        market,
        ladder,
        volume=int(chance.choice([30, 200, 10_000])),
        seed=seed,
        cadence=SPARSE,
        poll=600.0,
        closes=[market[at(380, DAY)][0], market[at(380, NEXT)][0]],
    )
    day.fate.deaths = {int(one) for one in chance.integers(1, 250, deaths)}
    day.run(385, day=NEXT)
    return day


@settings(deadline=None)
@given(st.integers(0, 1 << 32), st.integers(1, 8), st.integers(0, 3))
def test_after_any_plan_of_faults_ours_is_the_brokers_and_no_order_was_sent_twice(
    seed: int, size: int, deaths: int
) -> None:
    a_day(seed, size, deaths).check()
