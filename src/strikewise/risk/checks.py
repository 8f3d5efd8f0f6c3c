"""The rules of the gate, one a function: a denial, or None where the rule has nothing against it."""

from __future__ import annotations

from typing import NamedTuple

from strikewise.domain.chain import OptionChain
from strikewise.domain.denials import DenialCode
from strikewise.domain.instruments import OptionContract
from strikewise.domain.orders import Order
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.domain.structures import Structure
from strikewise.market.corporate_actions import adjusting_split
from strikewise.market.quality import Flaw, spot_doubted
from strikewise.market.trading_hours import can_trade
from strikewise.market.view import MarketView
from strikewise.risk.exposure import at_stake_cents, held_sides, portfolio_at_stake_cents, uncovered
from strikewise.risk.limits import Limits

__all__ = [
    "Denial",
    "check_capital",
    "check_counts",
    "check_held",
    "check_margin",
    "check_market",
    "check_overlap",
    "check_quotes",
    "check_seats",
    "check_share",
    "check_size",
]

TIGHT_CENTS = 2
"""A spread of two cents is never wide."""
SETTLES_WITHIN = 4
"""An expiration on a holiday or weekend settles at most this many days before."""

# As plain numbers: every operation on a flag enumeration makes a new member.
_FLAWED, _STALE = int(Flaw.BELOW_INTRINSIC | Flaw.PARITY), int(Flaw.STALE)


class Denial(NamedTuple):
    """A rule's objection: its code, and the numbers as ``key=value`` pairs."""

    code: DenialCode
    detail: str


def check_size(structure: Structure, quantity: int, limits: Limits, strategy: str = "") -> Denial | None:
    """Deny to trade nothing, or more contracts than an order may have."""
    if quantity < 1:
        return Denial(DenialCode.SIZE_ZERO, f"quantity={quantity}")
    most = max((abs(ratio) for _, ratio in structure.options), default=0) * quantity
    limit = _tighter(limits.max_contracts, limits.of(strategy).max_contracts)
    if most > limit:
        return Denial(DenialCode.RISK_ORDER_SIZE, f"contracts={most} limit={limit}")
    return None


def _tighter(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)


def check_market(structure: Structure, view: MarketView) -> Denial | None:
    """Deny what trades on a day without a session, before its opening, or after a leg's last session.

    The hours after the close pass: end-of-day snapshots are taken then, and stand for the session.
    """
    if not can_trade(view.calendar, structure.underlying, view.as_of):
        return Denial(DenialCode.MARKET_CLOSED, f"at={view.as_of.isoformat()}")
    day = view.day
    for contract, _ in structure.options:
        near = (contract.expiration - day).days <= SETTLES_WITHIN
        if near and not view.calendar.trades_at(contract, view.as_of):
            return Denial(DenialCode.MARKET_EXPIRED, f"leg={contract.symbol}")
    return None


def check_quotes(structure: Structure, limits: Limits, view: MarketView) -> Denial | None:
    """Deny an entry on quotes that cannot carry one."""
    underlying = structure.underlying
    chain = view.fresh_chain(underlying)
    if structure.options and (split := adjusting_split(view, underlying)) is not None:
        return Denial(DenialCode.MARKET_ADJUSTED, f"ex_date={split.ex_date.isoformat()} ratio={split.ratio}")
    if chain is None and not structure.options:
        fresh = view.fresh_spot(underlying) is not None
        return None if fresh else Denial(DenialCode.DATA_NO_SPOT, f"underlying={underlying}")
    if chain is None:
        old = view.chain(underlying)
        if old is None:
            return Denial(DenialCode.DATA_NO_CHAIN, f"underlying={underlying}")
        return Denial(DenialCode.DATA_STALE, f"underlying={underlying} as_of={old.as_of.isoformat()}")
    if spot_doubted(chain.flaws):
        return Denial(DenialCode.DATA_SPOT, f"underlying={underlying} spot={chain.spot_cents / 100:.2f}")
    for contract, ratio in structure.options:
        denial = _check_quote(contract, chain, limits, sold=ratio < 0)
        if denial is not None:
            return denial
    return None


def _check_quote(
    contract: OptionContract, chain: OptionChain, limits: Limits, *, sold: bool
) -> Denial | None:
    row = chain.find(contract)
    if row is None:
        return Denial(DenialCode.QUOTE_MISSING, f"leg={contract.symbol}")
    bid, ask, flaws = int(chain.bid[row]), int(chain.ask[row]), int(chain.flaws[row])
    interest, more = int(chain.open_interest[row]), ""
    if bid < 0 or ask <= 0:
        code = DenialCode.QUOTE_MISSING
    elif sold and bid == 0:
        code = DenialCode.QUOTE_ZERO_BID
    elif ask <= bid:
        code = DenialCode.QUOTE_CROSSED
    elif flaws & _STALE:
        code = DenialCode.QUOTE_STALE
    elif flaws & _FLAWED:
        code = DenialCode.QUOTE_FLAWED
    elif sold and ask - bid > TIGHT_CENTS and 2 * (ask - bid) > limits.max_spread * (ask + bid):
        code, more = DenialCode.QUOTE_WIDE, f" limit={limits.max_spread}"
    elif interest < limits.min_open_interest:
        code = DenialCode.QUOTE_ILLIQUID
        more = f" open_interest={interest} limit={limits.min_open_interest}"
    else:
        return None
    return Denial(code, f"leg={contract.symbol} bid={bid / 100:.2f} ask={ask / 100:.2f}{more}")


def check_overlap(proposal: Position, portfolio: Portfolio) -> Denial | None:
    """Deny a structure that is held or ordered already, and one with a leg held on the other side."""
    legs = proposal.structure.legs
    for held in portfolio.positions:
        if held.structure.legs == legs:
            return Denial(DenialCode.PORTFOLIO_DUPLICATE, f"position={held.position_id}")
    return check_sides(proposal, portfolio)


def check_sides(proposal: Position, portfolio: Portfolio) -> Denial | None:
    """Deny a structure with a leg that another position holds on the other side.

    A broker nets a contract bought by one position and sold by another: neither would be what it was.
    """
    sides = held_sides(held for held in portfolio.positions if held.underlying == proposal.underlying)
    for contract, ratio in proposal.structure.options:
        if sides.get(contract, 0) * ratio < 0:
            return Denial(DenialCode.PORTFOLIO_CONFLICT, f"leg={contract.symbol}")
    return None


def check_counts(proposal: Position, portfolio: Portfolio, limits: Limits) -> Denial | None:
    """Deny a position too many: in all, in this session, on its underlying, or of its strategy."""
    return check_seats(proposal.strategy, proposal.underlying, portfolio, limits)


def check_seats(strategy: str, underlying: str, portfolio: Portfolio, limits: Limits) -> Denial | None:
    """Deny one more position of a strategy on an underlying, whatever it would be."""
    # What is filled in part is held and ordered under one id, and is one position.
    held = {one.position_id: one for one in portfolio.positions}.values()
    mine = [one for one in held if one.strategy == strategy]
    own = limits.of(strategy)
    if portfolio.share_of(strategy) <= 0.0:
        return Denial(DenialCode.PORTFOLIO_ALLOCATION, f"strategy={strategy} share=0")
    counts = (
        (DenialCode.PORTFOLIO_POSITIONS, len(held), limits.max_positions),
        (DenialCode.PORTFOLIO_NEW_TODAY, portfolio.opened_today, limits.max_new_per_day),
        (
            DenialCode.PORTFOLIO_UNDERLYING,
            [one.underlying for one in held].count(underlying),
            limits.max_per_underlying,
        ),
        (
            DenialCode.PORTFOLIO_STRATEGY,
            len(mine),
            _tighter(limits.max_per_strategy, own.max_positions),
        ),
        (
            DenialCode.PORTFOLIO_NEW_TODAY,
            portfolio.opened_today_by.get(strategy, 0),
            own.max_new_per_day,
        ),
        (
            DenialCode.PORTFOLIO_UNDERLYING,
            [one.underlying for one in mine].count(underlying),
            own.max_per_underlying,
        ),
    )
    for code, count, limit in counts:
        if limit is not None and count >= limit:
            return Denial(code, f"count={count} limit={limit}")
    return None


def check_capital(proposal: Position, portfolio: Portfolio, limits: Limits) -> Denial | None:
    """Deny what puts too much at stake, before fees: in one position, in all of them, or in margin."""
    equity = max(0, portfolio.equity_exit_cents)
    naked = uncovered(proposal.structure)
    if proposal.max_loss_cents is None and not limits.allow_unbounded:
        return Denial(DenialCode.RISK_UNBOUNDED, f"structure={proposal.structure.name}")
    stake = at_stake_cents(proposal)
    each = (
        limits.max_margin_per_trade if naked or proposal.max_loss_cents is None else limits.max_loss_per_trade
    )
    denial = _over(DenialCode.RISK_MAX_LOSS, "at_stake", stake, each * equity)
    if denial is None:
        total = portfolio_at_stake_cents(portfolio) + stake
        denial = _over(DenialCode.RISK_AT_RISK, "at_risk", total, limits.max_at_risk * equity)
    return (
        denial or check_margin(proposal, portfolio, limits) or _check_own_capital(proposal, portfolio, limits)
    )


def check_margin(proposal: Position, portfolio: Portfolio, limits: Limits) -> Denial | None:
    """Deny what would hold more margin than the account gives, all positions together."""
    margin = portfolio.margin_cents + proposal.margin_cents
    equity = max(0, portfolio.equity_exit_cents)
    return _over(DenialCode.RISK_MARGIN, "margin", margin, limits.max_margin * equity)


def _check_own_capital(proposal: Position, portfolio: Portfolio, limits: Limits) -> Denial | None:
    """Deny what puts too much at stake for its strategy alone."""
    own = limits.by_strategy.get(proposal.strategy)
    if own is None:
        return None
    equity, stake = max(0, portfolio.equity_exit_cents), at_stake_cents(proposal)
    naked = uncovered(proposal.structure) or proposal.max_loss_cents is None
    held = portfolio.held_by(proposal.strategy)
    sums = (
        (
            DenialCode.RISK_MAX_LOSS,
            "at_stake",
            stake,
            own.max_margin_per_trade if naked else own.max_loss_per_trade,
        ),
        (
            DenialCode.RISK_AT_RISK,
            "at_risk",
            sum(at_stake_cents(one) for one in held) + stake,
            own.max_at_risk,
        ),
        (
            DenialCode.RISK_MARGIN,
            "margin",
            sum(one.margin_cents for one in held) + proposal.margin_cents,
            own.max_margin,
        ),
    )
    for code, name, cents, limit in sums:
        denial = None if limit is None else _over(code, name, cents, limit * equity, proposal.strategy)
        if denial is not None:
            return denial
    return None


def check_share(proposal: Position, portfolio: Portfolio) -> Denial | None:
    """Deny what would hold more margin than the strategy's share of equity at exit prices, if it has one."""
    strategy = proposal.strategy
    share = portfolio.shares.get(strategy)
    if share is None:
        return None
    limit = share * max(0, portfolio.equity_exit_cents)
    margin = sum(one.margin_cents for one in portfolio.held_by(strategy)) + proposal.margin_cents
    if margin <= limit and share > 0.0:
        return None
    numbers = f"share={share:g} margin={margin / 100:.2f} limit={limit / 100:.2f}"
    return Denial(DenialCode.PORTFOLIO_ALLOCATION, f"strategy={strategy} {numbers}")


def _over(code: DenialCode, name: str, cents: int, limit: float, strategy: str = "") -> Denial | None:
    if cents <= limit:
        return None
    whose = f"strategy={strategy} " if strategy else ""
    return Denial(code, f"{whose}{name}={cents / 100:.2f} limit={limit / 100:.2f}")


def check_held(order: Order, position: Position) -> Denial | None:
    """Deny a closing order that another one precedes, or that trades what the position does not hold."""
    if position.closing_order_id:
        return Denial(DenialCode.PORTFOLIO_CONFLICT, f"closing_order={position.closing_order_id}")
    held = {one.instrument: one.quantity for one in position.holdings}
    for leg in order.structure.legs:
        closes, has = -leg.ratio * order.quantity, held.get(leg.instrument, 0)
        if closes * has <= 0 or abs(closes) > abs(has):
            return Denial(DenialCode.PORTFOLIO_NOT_HELD, f"leg={leg.instrument} closes={closes} held={has}")
    return None
