"""Puts with cash behind them, and calls against shares: written, bought back, rolled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from oracle.plain_account import Account, Legs, Position, ordered
from oracle.plain_exits import leave, leave_stake
from oracle.plain_gate import Standing
from oracle.plain_looks import Candidate, Look, Params, allowed, chance, expected, in_band, sellable, single
from oracle.plain_market import PlainView, Row
from oracle.plain_options import intrinsic_cents
from oracle.plain_payoffs import smile
from oracle.plain_puts import short_put
from strikewise.domain.instruments import INDEX_ROOTS, OptionContract, Right


@dataclass(frozen=True)
class Adjustment:
    """Further legs to be traded into a position."""

    legs: Legs
    quantity: int
    reason: str
    detail: str


Answer = tuple[str, str] | Adjustment | None


def cents_of(dollars: float) -> int:
    return round(100 * Decimal(repr(float(dollars))))


# --- entries ---


def secured_puts(look: Look, params: Params, *, shares: bool = False) -> list[Candidate]:
    """Puts below the market that cash could pay for; of shares alone where they are to be kept."""
    if shares and look.underlying in INDEX_ROOTS:
        return []
    if Right.PUT not in allowed(look.trend, params["trend"]):
        return []
    found = []
    for row in look.rows:
        one = row.contract
        if one.right is not Right.PUT or not (in_band(row, look, params) and sellable(row, params)):
            continue
        yearly = 10 * row.bid / (one.strike_milli - 10 * row.bid) * (365 / look.days_to(one))
        if yearly >= params["min_return"]:
            found.append(short_put(look, row, params, cash=True))
    return found


def calls_between(rows: list[Row], params: Params, least: float) -> Iterator[Row]:
    low, high = single(params["call_delta_min"]), single(params["call_delta_max"])
    for row in rows:
        high_enough = row.contract.strike_milli >= round(1000 * least)
        if row.contract.right is Right.CALL and high_enough and low <= row.delta <= high:
            yield row


def buy_writes(look: Look, params: Params) -> list[Candidate]:
    if look.underlying in INDEX_ROOTS or Right.PUT not in allowed(look.trend, params["trend"]):
        return []
    found = []
    for row in calls_between(look.rows, params, 0.0):
        cost, days = look.chain.spot_cents - row.bid, look.days_to(row.contract)
        enough = row.bid >= 100 * params["min_call_premium"]
        if sellable(row, params) and enough and row.bid >= params["min_static_return"] * cost * days / 365:
            found.append(_buy_write(look, row, params, cost, days))
    return found


def _buy_write(look: Look, row: Row, params: Params, cost: int, days: int) -> Candidate:
    one, size = row.contract, row.contract.multiplier
    forward, root = look.law(one)
    sigma, slope = smile(look, one, cost / 100, forward, row.iv)
    kept = forward - expected(1, one.strike, forward, look.forecast(row.iv) * root)
    static, called = ((value - cost / 100) / (cost / 100) * (365 / days) for value in (look.spot, one.strike))
    return Candidate(
        legs=((row, -1),),
        shares=size,
        price=cost * size,
        mid=-(-(2 * look.chain.spot_cents - row.bid - row.ask) * size // 2),
        max_loss=cost * size,
        max_profit=max(0, one.strike_milli * size // 10 - cost * size),
        margin=cost * size,
        breakevens=[cost / 100],
        probability=chance(1, cost / 100, forward, sigma * root, slope * root),
        edge=(100 * kept - cost) * size - 100 * params["fee_per_contract"],
        parts={"static_return": 60 * _half(static, 0.15), "called_return": 40 * _half(called, 0.40)},
        because={
            "dte": float(days),
            "short_delta": row.delta,
            "iv": row.iv,
            "iv_forecast": look.forecast(row.iv),
            "premium": row.bid / 100,
            "static_return": static,
            "called_return": called,
            "otm_pct": one.strike / look.spot - 1,
            "at_stake": cost * size / 100,
            "structure": "covered_call",
        },
    )


def _half(value: float, half: float) -> float:
    """A share of all points: half of them at ``half``."""
    gained = max(value, 0.0)
    return gained / (gained + half)


def cash_left(account: Account, standing: Standing) -> int:
    """Cash that no put and no order may ask for: puts of a position at zero, long against short ones."""
    left = account.cash
    for position in standing.positions:
        held = position.held or {one: ratio * position.quantity for one, ratio in position.legs}
        asked = sum(
            -count * one.strike_milli * one.multiplier // 10
            for one, count in held.items()
            if isinstance(one, OptionContract) and one.right is Right.PUT
        )
        left -= max(0, asked) + (position.entry if position.mark is None else 0)
    return left


# --- what is held ---


def manage_secured_put(position: Position, view: PlainView, params: Params) -> Answer:
    why = leave(position, view.day, params)
    if why is None or why[0] != "DTE_EXIT" or not params["roll"]:
        return why
    for one, count in written(position, Right.PUT)[:1]:
        if _tested(one, view):
            return rolled_out(view, one, count, params) or why
    return why


def manage_covered_call(position: Position, view: PlainView, params: Params) -> Answer:
    opened = dict(position.legs)[position.underlying]
    lots = position.shares // max(1, opened)
    # Some of the shares may have been called away: the others are what was bought.
    left = position
    if lots > 0:
        left = replace(position, quantity=lots, at_stake=position.at_stake * lots / position.quantity)
    return leave_stake(left, view.day, params) or in_the_calls(position, view, params)


def manage_wheel(position: Position, view: PlainView, params: Params) -> Answer:
    if not position.shares:
        return leave(position, view.day, params)
    for one, _ in position.legs:
        assert isinstance(one, OptionContract)
        if one.right is Right.PUT and one.expiration == view.day and one not in position.held:
            return None  # that is told after the close
    stop = params["share_stop"] * position.cash
    if stop > 0 and position.profit <= -stop:
        return "STOP_LOSS", f"loss={-position.profit / 100:.2f} limit={stop / 100:.2f}"
    return in_the_calls(position, view, params)


def in_the_calls(position: Position, view: PlainView, params: Params) -> Adjustment | None:
    """Buy back what is cheap, else roll what is tested, else write against shares that have no call."""
    chain, most = view.fresh(position.underlying), cents_of(params["buy_back"])
    calls = written(position, Right.CALL)
    for one, count in calls:
        row = None if chain is None or most <= 0 else chain.rows.get(one)
        if row is not None and row.usable and row.bid < row.ask <= most:
            return Adjustment(((one, 1),), count, "BOUGHT_BACK", f"leg={one.symbol} ask={row.ask / 100:.2f}")
    for one, count in calls:
        due = params["call_roll_dte"] and (one.expiration - view.day).days <= params["call_roll_dte"]
        if due and _tested(one, view):
            found = rolled_out(view, one, count, params)
            if found is not None:
                return found
            break
    return _write_next(position, view, params)


def _write_next(position: Position, view: PlainView, params: Params) -> Adjustment | None:
    lots = position.shares // 100 - sum(count for _, count in written(position, Right.CALL))
    rows = standing_rows(view, position.underlying, params)
    if lots <= 0 or not rows:
        return None
    cost = position.cash / 100 / position.shares if params["call_above"] == "cost" else 0.0
    today, best = view.day, None
    for row in calls_between(rows, params, cost):
        if sellable(row, params) and row.bid >= max(1.0, 100 * params["min_call_premium"]):
            daily = row.bid / max(1, (row.contract.expiration - today).days)
            if best is None or daily > best[0]:
                best = daily, row
    if best is None:
        return None
    one = best[1].contract
    return Adjustment(((one, -1),), lots, "CALL_WRITTEN", f"leg={one.symbol} bid={best[1].bid / 100:.2f}")


def standing_rows(view: PlainView, underlying: str, params: Params) -> list[Row]:
    """What may be written next, in the days that entries want; no other filter of them applies."""
    chain = view.fresh(underlying)
    if chain is None or chain.spot_cents <= 0 or view.rate() is None:
        return []
    first, last = (chain.at.date() + timedelta(days=params[name]) for name in ("min_dte", "max_dte"))
    return [row for one, row in chain.rows.items() if first <= one.expiration <= last]


def rolled_out(view: PlainView, one: OptionContract, count: int, params: Params) -> Adjustment | None:
    """Buy back, and sell the later option furthest from the money that still brings a credit after fees."""
    chain = view.fresh(one.underlying)
    old = None if chain is None else chain.rows.get(one)
    if old is None or not old.usable:
        return None
    put, found = one.right is Right.PUT, []
    for row in standing_rows(view, one.underlying, params):
        new = row.contract
        if (new.right, new.root_code) != (one.right, one.root_code) or new.expiration <= one.expiration:
            continue
        further = new.strike_milli < one.strike_milli if put else new.strike_milli > one.strike_milli
        pays = (row.bid - old.ask) * one.multiplier > 2 * cents_of(params["fee_per_contract"])
        if further and pays and sellable(row, params):
            found.append(((new.strike_milli if put else -new.strike_milli, new.expiration), row))
    if not found:
        return None
    row = min(found, key=lambda each: each[0])[1]
    detail = f"from={one.symbol} to={row.contract.symbol} credit={(row.bid - old.ask) / 100:.2f}"
    return Adjustment(ordered({one: 1, row.contract: -1}), count, "ROLLED", detail)


def hedge(position: Position, params: Params) -> Adjustment | None:
    """Shares that bring the delta back to zero; none where a leg is guessed or an index is held."""
    mark, band = position.mark, params["hedge_band"]
    assert mark is not None
    if band == 0 or mark.estimated or position.underlying in INDEX_ROOTS:
        return None
    delta = mark.greeks[0]
    shares = -round(delta)
    if abs(delta) <= band * position.quantity * 100 or shares == 0:
        return None
    legs = ((position.underlying, 1 if shares > 0 else -1),)
    return Adjustment(legs, abs(shares), "DELTA_HEDGE", f"delta={delta:.1f} shares={shares:+d}")


def written(position: Position, right: Right) -> list[tuple[OptionContract, int]]:
    """Short options of a right and how many, soonest first."""
    short = [(one, -count) for one, count in position.options.items() if one.right is right and count < 0]
    return sorted(short, key=lambda each: each[0].key)


def _tested(one: OptionContract, view: PlainView) -> bool:
    spot = view.spot_cents(one.underlying)
    return spot is not None and intrinsic_cents(one, spot) > 0
