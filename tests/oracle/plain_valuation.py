"""What an account is worth and holds of its capital, position by position."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oracle.plain_account import Account, Mark, Position, leaves_naked
from oracle.plain_exchange import remember
from oracle.plain_gate import Standing
from oracle.plain_margin import margin_of
from oracle.plain_market import PlainView, size_of, symbol_of
from oracle.plain_options import NO_GREEKS, StandIns, greeks_of
from strikewise.domain.instruments import OptionContract


@dataclass
class Valuer:
    """Marks what is held, and asks for its margin."""

    policy: str
    stand_ins: StandIns
    exits: dict[OptionContract, int] = field(default_factory=dict)
    """What a share of each option held costs to close, cents."""

    def value(self, account: Account, view: PlainView) -> list[dict[str, Any]]:
        """Mark every position; return the legs that no quote priced, underlying by underlying."""
        remember(account, view)
        estimates: dict[str, list[dict[str, Any]]] = {}
        self.exits = {}
        for position in account.positions.values():
            told = estimates.setdefault(position.underlying, [])
            position.mark = self._mark(position, account, view, told)
        for position in account.positions.values():
            self._remargin(position, view)
        return [one for told in estimates.values() for one in told]

    def _mark(
        self, position: Position, account: Account, view: PlainView, told: list[dict[str, Any]]
    ) -> Mark:
        chain, spot = view.fresh(position.underlying), _spot_cents(position.underlying, view)
        twice_mid, out, guessed = 0, 0, 0
        greeks = list(NO_GREEKS)
        for instrument, quantity in position.held.items():
            weight = quantity * size_of(instrument)
            if isinstance(instrument, str):
                bid = ask = spot
                per_share = (1.0, 0.0, 0.0, 0.0)
            else:
                row = None if chain is None else chain.rows.get(instrument)
                if row is not None and row.usable:
                    bid, ask, per_share = row.bid, row.ask, greeks_of(row, spot)
                else:
                    policy, last = self.policy, account.last_quotes.get(instrument)
                    guess = self.stand_ins.price(view, instrument, policy, last)
                    bid, ask, per_share = guess.bid, guess.ask, guess.greeks
                    guessed += 1
                    told.append(
                        {
                            "position_id": position.position_id,
                            "instrument": symbol_of(instrument),
                            "policy": guess.policy,
                            "price_cents": bid if quantity > 0 else ask,
                        }
                    )
                self.exits[instrument] = bid if quantity > 0 else ask
            twice_mid += (bid + ask) * weight
            out += (bid if quantity > 0 else ask) * weight
            greeks = [one + weight * other for one, other in zip(greeks, per_share, strict=True)]
        return Mark(twice_mid // 2, out, guessed, (greeks[0], greeks[1], greeks[2], greeks[3]))

    def _remargin(self, position: Position, view: PlainView) -> None:
        """A position that leaves an option naked asks anew every day; any other keeps what it held."""
        position.margin = position.own
        if leaves_naked(position.options, position.shares):
            spot = _spot_cents(position.underlying, view)
            position.margin = margin_of(position.held, self.exits, spot)

    def standing(self, account: Account, shares: dict[str, float], view: PlainView) -> Standing:
        """The account as the gate sees it."""
        held, pending = list(account.positions.values()), account.pending()
        margin = sum(one.margin for one in pending)
        for underlying in dict.fromkeys(one.underlying for one in held):
            net: dict[Any, int] = {}
            for position in held:
                if position.underlying == underlying:
                    for instrument, quantity in position.held.items():
                        net[instrument] = net.get(instrument, 0) + quantity
            net = {one: count for one, count in net.items() if count}
            margin += margin_of(net, self.exits, _spot_cents(underlying, view))
        return Standing(
            equity_exit=account.cash + sum(one.mark.exit for one in held if one.mark),
            margin=margin,
            positions=[*held, *pending],
            opened_today=account.opened_on(view.day),
            shares=shares,
        )


def _spot_cents(underlying: str, view: PlainView) -> int:
    """The latest price, however old."""
    spot, chain, bar = view.spot(underlying), view.snapshot(underlying), view.bar(underlying)
    if spot is not None:
        return round(spot * 100)
    if chain is not None:
        return chain.spot_cents
    return -1 if bar is None else round(bar.close * 100)
