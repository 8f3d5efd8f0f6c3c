"""The limits, one after the other: a code and the numbers, or nothing against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from oracle.plain_account import Legs, Position, leaves_naked
from oracle.plain_market import PlainView, Row
from strikewise.domain.instruments import OptionContract, Stock
from strikewise.domain.structures import Leg, Structure
from strikewise.market.quality import Flaw

Denial = tuple[str, str]
NEVER = 10**12


@dataclass
class Standing:
    """The account as the gate sees it: what is held, ordered, and wished in this very tick."""

    equity_exit: int
    margin: int
    positions: list[Position]
    opened_today: list[str]
    """The strategy of each position opened or ordered today."""
    shares: Mapping[str, float]
    """The share of the account of each strategy that has one."""

    @property
    def free(self) -> int:
        return self.equity_exit - self.margin

    def without(self, position_id: str) -> Standing:
        """The account as if a position were not there, and its margin free."""
        gone = [one for one in self.positions if one.position_id == position_id]
        return replace(
            self,
            margin=max(0, self.margin - sum(one.margin for one in gone)),
            positions=[one for one in self.positions if one.position_id != position_id],
        )

    def count_as(self, after: Position) -> None:
        """Count a position as it would be after an order on it."""
        place = [one.position_id for one in self.positions].index(after.position_id)
        self.margin += after.margin - self.positions[place].margin
        self.positions[place] = after

    def of(self, strategy: str) -> list[Position]:
        return [one for one in self.positions if one.strategy == strategy]


def judge(wanted: Position, standing: Standing, limits: Any, view: PlainView) -> Denial | None:
    """The first objection to opening a position."""
    return (
        size(wanted, limits)
        or market(wanted.legs, view)
        or quotes(wanted.legs, limits, view)
        or overlap(wanted, standing)
        or seats(wanted.strategy, wanted.underlying, standing, limits)
        or capital(wanted, standing, limits)
        or share(wanted, standing)
    )


def judge_closing(legs: Legs, quantity: int, position: Position, view: PlainView) -> Denial | None:
    """The first objection to closing one."""
    if denial := market(legs, view):
        return denial
    if position.closing:
        return "PORTFOLIO_CONFLICT", f"closing_order={position.closing}"
    for instrument, ratio in legs:
        closes, held = -ratio * quantity, position.held.get(instrument, 0)
        if closes * held <= 0 or abs(closes) > abs(held):
            return "PORTFOLIO_NOT_HELD", f"leg={instrument} closes={closes} held={held}"
    return None


def size(wanted: Position, limits: Any) -> Denial | None:
    if wanted.quantity < 1:
        return "SIZE_ZERO", f"quantity={wanted.quantity}"
    ratios = [abs(ratio) for one, ratio in wanted.legs if isinstance(one, OptionContract)]
    contracts = max(ratios, default=0) * wanted.quantity
    own = limits.by_strategy.get(wanted.strategy)
    most = min(limits.max_contracts, _own(own, "max_contracts"))
    return ("RISK_ORDER_SIZE", f"contracts={contracts} limit={most}") if contracts > most else None


def _own(own: Any, name: str) -> Any:
    """A further limit of a strategy, or one that nothing exceeds."""
    found = None if own is None else getattr(own, name)
    return NEVER if found is None else found


def market(legs: Legs, view: PlainView) -> Denial | None:
    calendar = view.calendar
    if not calendar.is_session(view.day) or view.now < calendar.session_open(view.day):
        return "MARKET_CLOSED", f"at={view.now.isoformat()}"
    for one, _ in legs:
        if isinstance(one, OptionContract) and not calendar.trades_at(one, view.now):
            return "MARKET_EXPIRED", f"leg={one.symbol}"
    return None


def adjusting_split(symbol: str, view: PlainView) -> tuple[Any, float] | None:
    """A split, by no whole number, before the next session."""
    following = view.calendar.next_session(view.day)
    for day, ratio in view.splits(symbol):
        whole = Fraction(ratio).limit_denominator(1000).denominator == 1
        if view.day < day <= following and not whole:
            return day, ratio
    return None


def quotes(legs: Legs, limits: Any, view: PlainView) -> Denial | None:
    options = [(one, ratio) for one, ratio in legs if isinstance(one, OptionContract)]
    underlying = legs[0][0] if isinstance(legs[0][0], str) else legs[0][0].underlying
    if options and (split := adjusting_split(underlying, view)):
        return "MARKET_ADJUSTED", f"ex_date={split[0].isoformat()} ratio={split[1]}"
    chain = view.fresh(underlying)
    if chain is None:
        if not options:
            spot = view.fresh_spot(underlying)
            return ("DATA_NO_SPOT", f"underlying={underlying}") if spot is None else None
        old = view.snapshot(underlying)
        if old is None:
            return "DATA_NO_CHAIN", f"underlying={underlying}"
        return "DATA_STALE", f"underlying={underlying} as_of={old.at.isoformat()}"
    if chain.spot_doubted:
        return "DATA_SPOT", f"underlying={underlying} spot={chain.spot_cents / 100:.2f}"
    for one, ratio in options:
        if denial := quote(one, chain.rows.get(one), limits, sold=ratio < 0):
            return denial
    return None


def quote(one: OptionContract, row: Row | None, limits: Any, *, sold: bool) -> Denial | None:
    leg = f"leg={one.symbol}"
    if row is None:
        return "QUOTE_MISSING", leg
    leg = f"{leg} bid={row.bid / 100:.2f} ask={row.ask / 100:.2f}"
    spread = row.ask - row.bid
    if row.bid < 0 or row.ask <= 0:
        return "QUOTE_MISSING", leg
    if sold and row.bid == 0:
        return "QUOTE_ZERO_BID", leg
    if spread <= 0:
        return "QUOTE_CROSSED", leg
    if row.flaws & int(Flaw.STALE):
        return "QUOTE_STALE", leg
    if row.flaws & int(Flaw.BELOW_INTRINSIC | Flaw.PARITY):
        return "QUOTE_FLAWED", leg
    if sold and spread > 2 and 2 * spread > limits.max_spread * (row.ask + row.bid):
        return "QUOTE_WIDE", f"{leg} limit={limits.max_spread}"
    if row.open_interest < limits.min_open_interest:
        return (
            "QUOTE_ILLIQUID",
            f"{leg} open_interest={row.open_interest} limit={limits.min_open_interest}",
        )
    return None


def overlap(wanted: Position, standing: Standing) -> Denial | None:
    for one in standing.positions:
        if one.legs == wanted.legs:
            return "PORTFOLIO_DUPLICATE", f"position={one.position_id}"
    return sides(wanted, standing)


def sides(wanted: Position, standing: Standing) -> Denial | None:
    for contract, ratio in wanted.legs:
        # The last position to hold it tells: two that hold it are on one side.
        for one in reversed(standing.positions):
            held = one.held or dict(one.legs)
            if isinstance(contract, OptionContract) and contract in held:
                if held[contract] * ratio < 0:
                    return "PORTFOLIO_CONFLICT", f"leg={contract.symbol}"
                break
    return None


def seats(strategy: str, underlying: str, standing: Standing, limits: Any) -> Denial | None:
    if standing.shares.get(strategy, 1.0) <= 0:
        return "PORTFOLIO_ALLOCATION", f"strategy={strategy} share=0"
    own, held = limits.by_strategy.get(strategy), standing.positions
    mine = {one.position_id for one in held if one.strategy == strategy}
    on = {one.position_id for one in held if one.underlying == underlying}
    today = standing.opened_today
    counts = [
        ("PORTFOLIO_POSITIONS", len({one.position_id for one in held}), limits.max_positions),
        ("PORTFOLIO_NEW_TODAY", len(today), limits.max_new_per_day),
        ("PORTFOLIO_UNDERLYING", len(on), limits.max_per_underlying),
        ("PORTFOLIO_STRATEGY", len(mine), min(limits.max_per_strategy, _own(own, "max_positions"))),
        ("PORTFOLIO_NEW_TODAY", today.count(strategy), _own(own, "max_new_per_day")),
        ("PORTFOLIO_UNDERLYING", len(mine & on), _own(own, "max_per_underlying")),
    ]
    for code, count, most in counts:
        if count >= most:
            return code, f"count={count} limit={most}"
    return None


def uncovered(position: Position) -> bool:
    options = {one: ratio for one, ratio in position.legs if isinstance(one, OptionContract)}
    return leaves_naked(options, sum(ratio for one, ratio in position.legs if isinstance(one, str)))


def at_stake(position: Position) -> int:
    """What it can lose at expiry; its margin where an option is sold that nothing covers."""
    if position.max_loss is None or uncovered(position):
        return position.margin
    return position.max_loss


def capital(wanted: Position, standing: Standing, limits: Any) -> Denial | None:
    if wanted.max_loss is None and not limits.allow_unbounded:
        legs = (Leg(Stock(one) if isinstance(one, str) else one, ratio) for one, ratio in wanted.legs)
        return "RISK_UNBOUNDED", f"structure={Structure(tuple(legs)).name}"
    open_ended = uncovered(wanted) or wanted.max_loss is None
    stake = at_stake(wanted)
    equity, mine = max(0, standing.equity_exit), standing.of(wanted.strategy)
    each = "max_margin_per_trade" if open_ended else "max_loss_per_trade"
    tests = [
        ("RISK_MAX_LOSS", "at_stake", stake, getattr(limits, each), ""),
        (
            "RISK_AT_RISK",
            "at_risk",
            sum(map(at_stake, standing.positions)) + stake,
            limits.max_at_risk,
            "",
        ),
        ("RISK_MARGIN", "margin", standing.margin + wanted.margin, limits.max_margin, ""),
    ]
    own = limits.by_strategy.get(wanted.strategy)
    if own is not None:
        whose = f"strategy={wanted.strategy} "
        margin = sum(one.margin for one in mine) + wanted.margin
        tests += [
            ("RISK_MAX_LOSS", "at_stake", stake, _own(own, each), whose),
            ("RISK_AT_RISK", "at_risk", sum(map(at_stake, mine)) + stake, _own(own, "max_at_risk"), whose),
            ("RISK_MARGIN", "margin", margin, _own(own, "max_margin"), whose),
        ]
    for code, name, cents, part, whose in tests:
        most = part * equity
        if part != NEVER and cents > most:
            return code, f"{whose}{name}={cents / 100:.2f} limit={most / 100:.2f}"
    return None


def share(wanted: Position, standing: Standing) -> Denial | None:
    part = standing.shares.get(wanted.strategy)
    if part is None:
        return None
    most = part * max(0, standing.equity_exit)
    margin = sum(one.margin for one in standing.of(wanted.strategy)) + wanted.margin
    if margin <= most and part > 0:
        return None
    numbers = f"share={part:g} margin={margin / 100:.2f} limit={most / 100:.2f}"
    return "PORTFOLIO_ALLOCATION", f"strategy={wanted.strategy} {numbers}"


def margin_call(standing: Standing, view: PlainView) -> list[str]:
    """Worst first, until equity at exit prices carries the rest; what is being closed counts as closed.

    What nobody could trade now would not be closed: another position is.
    """
    lacking = standing.margin - standing.equity_exit
    marked = [one for one in standing.positions if one.mark is not None]
    if lacking <= 0:
        return []
    lacking -= sum(one.margin for one in marked if one.closing)
    called = []
    for one in sorted(marked, key=lambda each: (each.profit, each.position_id)):
        if lacking > 0 and not one.closing and one.margin > 0 and tradable_now(one, view):
            called.append(one.position_id)
            lacking -= one.margin
    return called


def shares_in(allocation: Any, regime: str) -> dict[str, float]:
    """The share of the account of each strategy that has one, in the regime that acts."""
    shares = dict(allocation.weights)
    for name, table in allocation.by_regime.items():
        if str(name) == regime:
            shares.update(table)
    return shares


def tradable_now(position: Position, view: PlainView) -> bool:
    """Options can be traded where there is a fresh chain, shares where they have a price."""
    if view.fresh(position.underlying) is not None:
        return True
    return not position.options and view.fresh_spot(position.underlying) is not None
