"""What each strategy does with what it holds."""

from __future__ import annotations

from functools import partial
from typing import Any

from oracle.plain_account import Position
from oracle.plain_calls import Answer, hedge, manage_covered_call, manage_secured_put, manage_wheel
from oracle.plain_events import leave_by_event, leave_ticket
from oracle.plain_exits import leave, leave_stake
from oracle.plain_hedges import spiked
from oracle.plain_indexes import INDEXES, manage_index
from oracle.plain_looks import Params
from oracle.plain_market import PlainView
from oracle.plain_pairs import manage_pair
from oracle.plain_share_ideas import failed, reported, reverted
from oracle.plain_shares import leave_shares


def _leave_at_mean(position: Position, view: PlainView, params: Params) -> Answer:
    """The stop, the mean, then the rest."""
    found = leave_shares(position, view, params)
    if found is not None and found[0] == "STOP_LOSS":
        return found
    return reverted(position, view, params) or found


def _leave_breakout(position: Position, view: PlainView, params: Params) -> Answer:
    return leave_shares(position, view, params) or failed(position, view, params)


def _leave_reported(position: Position, view: PlainView, params: Params) -> Answer:
    return leave_shares(position, view, params) or reported(position, view, params)


PRE_EVENT = frozenset({"pre_event_straddle", "pre_event_strangle"})
POST_EVENT = frozenset({"post_event_straddle", "post_event_strangle"})
AT_STAKE = PRE_EVENT | {
    "butterfly",
    "broken_wing_butterfly",
    "debit_spread",
    "gamma_lotto",
    "hedge_overlay",
    "long_option",
    "ratio_spread",
}
"""What is left by shares of what was at stake; all else by shares of its credit."""
HEDGED = frozenset({"short_straddle", "short_strangle", "post_event_straddle", "post_event_strangle"})
OWN = {
    "momentum": leave_shares,
    "mean_reversion": _leave_at_mean,
    "breakout": _leave_breakout,
    "earnings_window": _leave_reported,
    "cash_secured_put": manage_secured_put,
    "covered_call": manage_covered_call,
    "wheel": manage_wheel,
    "calendar": partial(manage_pair, stays=True),
    "diagonal": partial(manage_pair, stays=False),
}


def answer(chosen: Any, position: Position, view: PlainView) -> Answer:
    """Why a position is left, or what is traded into it; nothing where it is held as it is."""
    name, params = chosen.strategy.name, chosen.params
    if name in INDEXES:
        return manage_index(name, position, view, params)
    if name in OWN:
        return OWN[name](position, view, params)
    rule = leave_stake if name in AT_STAKE else leave
    found = spiked(position, view, params) if name == "hedge_overlay" else None
    found = found or rule(position, view.day, params)
    if found is None and name == "gamma_lotto":
        found = leave_ticket(position, view, params)
    if found is None and name in PRE_EVENT | POST_EVENT:
        found = leave_by_event(position, view, params, sold=name in POST_EVENT)
    return found or (hedge(position, params) if name in HEDGED else None)
