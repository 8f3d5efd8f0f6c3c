"""The rules of the account as a whole, one a function: a denial, or None where a rule objects to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from strikewise.domain.brokerage import Capabilities
from strikewise.domain.control import TradingState
from strikewise.domain.denials import DenialCode
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.market.regime import Regime
from strikewise.market.view import regime_confidence
from strikewise.risk.blackout import blackout_of
from strikewise.risk.breakers import check_breakers
from strikewise.risk.checks import Denial
from strikewise.risk.concentration import sector_cents, stake_cents
from strikewise.risk.direction import Direction, direction_of
from strikewise.risk.exposure import equity_dollars, notional
from strikewise.risk.gate_control import GateControl
from strikewise.risk.past_moves import Unpriced
from strikewise.risk.sectors import family_of, sector_of

__all__ = [
    "CONTRARY",
    "PATIENT",
    "check_account",
    "check_adjusted",
    "check_adjusting",
    "check_blackout",
    "check_book",
    "check_closing",
    "check_correlation",
    "check_notional",
    "check_regime",
    "check_sector",
    "check_standing",
    "regime_cost",
]

CONTRARY = {
    Regime.BULL: Direction.BEARISH,
    Regime.BEAR: Direction.BULLISH,
    Regime.CRASH: Direction.BULLISH,
}
"""The direction that a regime speaks against."""

PATIENT = frozenset({"PROFIT_TARGET", "TIME_EXIT", "REVERTED"})
"""Reasons of closing orders that can wait for `Governor.min_hold_hours`; all others act at once."""


def check_standing(proposal: Position, control: GateControl) -> Denial | None:
    """Deny new risk while it is stopped, for all, one underlying or by a breaker, and what is no order."""
    if control.state is not TradingState.ACTIVE:
        halted = control.state is TradingState.HALTED
        code = DenialCode.STATE_HALTED if halted else DenialCode.STATE_REDUCING
        return Denial(code, f"state={control.state.value}")
    if (why := control.frozen.get(proposal.underlying)) is not None:
        return Denial(DenialCode.STATE_FROZEN, f"underlying={proposal.underlying} reason={why}")
    if control.broker is not None and (refused := _untaken(proposal.structure, control.broker)):
        return Denial(DenialCode.PORTFOLIO_BROKER, refused)
    return check_breakers(proposal, control.breakers, control.risk.view.as_of)


def _untaken(structure: Structure, broker: Capabilities) -> str:
    """Return why a broker takes no order of a structure; empty where it does."""
    options = len(structure.options)
    if options > broker.max_legs:
        return f"broker={broker.name} legs={options} limit={broker.max_legs}"
    mixed = 0 < options < len(structure.legs)
    return f"broker={broker.name} mixed=shares" if mixed and not broker.mixes_shares else ""


def check_closing(order: Order, position: Position, control: GateControl) -> Denial | None:
    """Deny what may not even be closed: all while trading is halted, what is nobody's, what can wait.

    While risk is being reduced nothing has to wait.
    """
    if control.state is TradingState.HALTED:
        return Denial(DenialCode.STATE_HALTED, f"state={control.state.value}")
    if position.strategy == EXTERNAL:
        return Denial(DenialCode.PORTFOLIO_EXTERNAL, f"position={position.position_id}")
    least = control.governor.min_hold_hours
    if control.state is not TradingState.ACTIVE or order.reason not in PATIENT or not least:
        return None
    held = (control.risk.view.as_of - position.opened_at) / timedelta(hours=1)
    if held >= least:
        return None
    return Denial(DenialCode.PORTFOLIO_HOLD, f"reason={order.reason} hours={held:.2f} least={least:g}")


def check_adjusting(order: Order, position: Position, control: GateControl, *, hedges: bool) -> Denial | None:
    """Deny an adjustment that adds risk while that is stopped; shares that take delta away may still go."""
    if position.strategy == EXTERNAL:
        return Denial(DenialCode.PORTFOLIO_EXTERNAL, f"position={position.position_id}")
    if hedges and control.state is not TradingState.HALTED:
        return None
    wish = replace(position, structure=order.structure)
    return check_standing(wish, control)


def check_adjusted(
    order: Order, after: Position, portfolio: Portfolio, control: GateControl
) -> Denial | None:
    """Deny an adjustment after which the account as a whole would be what it must not become."""
    rest = portfolio.without(after.position_id)
    held = portfolio.positions
    before = next((one for one in held if one.position_id == after.position_id), None)
    grows = before is None or stake_cents(after) > stake_cents(before)
    return (
        check_notional(order.structure, order.quantity, portfolio, control)
        or (check_sector(after, rest, control) if grows else None)
        or check_book((*rest.positions, after), portfolio, control)
    )


def check_account(
    proposal: Position, signal: Signal, portfolio: Portfolio, control: GateControl
) -> Denial | None:
    """Deny what the account as a whole must not become, or should not do now."""
    return (
        check_regime(signal, control)
        or check_blackout(proposal, control)
        or check_notional(proposal.structure, proposal.quantity, portfolio, control)
        or check_sector(proposal, portfolio, control)
        or check_correlation(proposal, portfolio, control)
        or check_book((*portfolio.positions, proposal), portfolio, control)
    )


def check_regime(signal: Signal, control: GateControl) -> Denial | None:
    """Deny a signal whose score falls below its strategy's least without the points that the regime costs."""
    cost, view = regime_cost(signal, control), control.risk.view
    least = control.least_scores.get(signal.strategy, 0.0)
    if not cost or signal.score - cost >= least:
        return None
    return Denial(
        DenialCode.BREAKER_REGIME,
        f"regime={view.regime().value} direction={direction_of(signal.structure).value} "
        f"confidence={regime_confidence(view):.3f} score={signal.score:.1f} penalty={cost:g} least={least:g}",
    )


def regime_cost(signal: Signal, control: GateControl) -> float:
    """Return the points of score that a signal loses where the regime surely speaks against its direction."""
    rules, view = control.governor, control.risk.view
    if not rules.regime_penalty or CONTRARY.get(view.regime()) is not direction_of(signal.structure):
        return 0.0
    confidence = regime_confidence(view)
    sure = confidence is not None and confidence > rules.regime_confidence
    return rules.regime_penalty if sure else 0.0


def check_blackout(proposal: Position, control: GateControl) -> Denial | None:
    """Deny an entry near an announced event, save of a strategy that trades such events on purpose."""
    rules = control.governor
    if proposal.strategy in rules.blackout_exempt:
        return None
    window = blackout_of(control.risk.view, proposal.underlying, rules.blackouts)
    if window is None:
        return None
    whose = "" if window.event.symbol is None else f" symbol={window.event.symbol}"
    return Denial(
        DenialCode.MARKET_BLACKOUT,
        f"event={window.event.kind}{whose} day={window.event.day.isoformat()} "
        f"until={window.last.astimezone(control.risk.view.as_of.tzinfo).isoformat()}",
    )


def check_notional(
    structure: Structure, quantity: int, portfolio: Portfolio, control: GateControl
) -> Denial | None:
    """Deny an order whose notional is too large a multiple of the equity."""
    spot = control.risk.view.spot(structure.underlying)
    if spot is None:
        return Denial(DenialCode.RISK_UNKNOWN, f"limit=notional underlying={structure.underlying} price=none")
    wanted = notional(structure, quantity, spot)
    limit = control.governor.max_notional * equity_dollars(portfolio)
    if wanted <= limit:
        return None
    return Denial(DenialCode.RISK_NOTIONAL, f"notional={wanted:.2f} limit={limit:.2f}")


def check_sector(proposal: Position, portfolio: Portfolio, control: GateControl) -> Denial | None:
    """Deny what would hang too much of the equity on one sector."""
    rules = control.governor
    sector = sector_of(proposal.underlying, rules.sectors)
    held = sector_cents(portfolio.positions, rules.sectors).get(sector, 0)
    after, limit = (held + stake_cents(proposal)) / 100, rules.max_sector * equity_dollars(portfolio)
    if after <= limit:
        return None
    # The name comes last: it is several words.
    return Denial(DenialCode.RISK_SECTOR, f"at_stake={after:.2f} limit={limit:.2f} sector={sector}")


def check_correlation(proposal: Position, portfolio: Portfolio, control: GateControl) -> Denial | None:
    """Deny an underlying that moves too closely with, or against, another one that is held or ordered.

    Symbols of one index are one underlying, for which the limits on underlyings and sectors stand.
    """
    mine, limit = proposal.underlying, control.governor.max_correlation
    others = {one.underlying for one in portfolio.positions}
    if limit >= 1.0:
        return None
    for other in sorted(one for one in others if family_of(one) != family_of(mine)):
        found = control.risk.correlation(mine, other)
        if isinstance(found, Unpriced):
            return Denial(DenialCode.RISK_UNKNOWN, f"limit=correlation {found.detail}")
        if abs(found) > limit:
            return Denial(
                DenialCode.RISK_CORRELATION, f"with={other} correlation={found:.2f} limit={limit:g}"
            )
    return None


def check_book(after: Sequence[Position], portfolio: Portfolio, control: GateControl) -> Denial | None:
    """Deny what would break the limits of delta, gamma, vega or value at risk, or leaves one unknown.

    What lessens a number that is beyond its limit already passes: a hedge is wanted most then.

    Parameters
    ----------
    after : sequence of Position
        What would be held and ordered.
    portfolio : Portfolio
        The account as it is.
    control : GateControl
        The limits.
    """
    rules, risk = control.governor, control.risk
    book = risk.book(after)
    found = risk.value_at_risk_of(book)
    if isinstance(book, Unpriced):
        return Denial(DenialCode.RISK_UNKNOWN, f"limit=value_at_risk {book.detail}")
    if isinstance(found, Unpriced):
        return Denial(DenialCode.RISK_UNKNOWN, f"limit=value_at_risk {found.detail}")
    equity, greeks = equity_dollars(portfolio), book.greeks()
    numbers = (
        (DenialCode.RISK_DELTA, "delta_1pct", abs(greeks.delta), rules.max_delta),
        (DenialCode.RISK_GAMMA, "gamma_5pct", abs(greeks.gamma), rules.max_gamma),
        (DenialCode.RISK_VEGA, "vega_5points", abs(greeks.vega), rules.max_vega),
        (DenialCode.RISK_VAR, "value_at_risk", found.cents / 100, rules.max_value_at_risk),
    )
    over = [row for row in numbers if row[2] > row[3] * equity]
    if not over:
        return None
    before = _numbers_of(portfolio, control)
    for code, name, dollars, share in over:
        was = None if before is None else before[code]
        if was is None or dollars >= was:
            shown = "unknown" if was is None else f"{was:.2f}"
            return Denial(code, f"{name}={dollars:.2f} limit={share * equity:.2f} before={shown}")
    return None


def _numbers_of(portfolio: Portfolio, control: GateControl) -> dict[DenialCode, float] | None:
    """Return what the account has now of each number of `check_book`, dollars; None where one is unknown."""
    book = control.risk.book(portfolio.positions)
    found = control.risk.value_at_risk_of(book)
    if isinstance(book, Unpriced) or isinstance(found, Unpriced):
        return None
    greeks = book.greeks()
    return {
        DenialCode.RISK_DELTA: abs(greeks.delta),
        DenialCode.RISK_GAMMA: abs(greeks.gamma),
        DenialCode.RISK_VEGA: abs(greeks.vega),
        DenialCode.RISK_VAR: found.cents / 100,
    }
