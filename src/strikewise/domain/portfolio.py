"""What is held: positions and the account, as strategies and limits see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Instrument
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Structure
from strikewise.domain.track_record import NO_TRADES, TrackRecord


@dataclass(frozen=True, slots=True)
class Holding:
    """Contracts or shares held of one instrument: long positive, short negative."""

    instrument: Instrument
    quantity: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What a position is worth at an instant.

    Attributes
    ----------
    mid_cents : int
        Value at mid, long positive (a short option is a negative value).
    exit_cents : int
        Value at which it could be closed: long at the bid, short at the ask.
    spot_cents : int
        Price of the underlying; -1 where unknown.
    estimated_legs : int
        Legs without a usable quote, priced by policy.
    greeks : Greeks
        Of the whole position, in dollars.
    at : datetime
        When.
    """

    mid_cents: int
    exit_cents: int
    spot_cents: int
    estimated_legs: int
    greeks: Greeks
    at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """What one opening order became.

    Attributes
    ----------
    position_id : str
        Id of the order that opened it; empty while it is a proposal.
    strategy, underlying, signal_id : str
        Whose, on what, and the signal behind it.
    structure : Structure
        What one unit was at opening.
    quantity : int
        Units opened, positive.
    holdings : tuple of Holding
        What is held now, after adjustments and settlements; empty once closed.
    opened_at : datetime
        When it was first filled.
    entry_cents : int
        Cash paid to open it (received: negative), all units, without fees.
    cash_cents : int
        Net cash paid so far (received: negative), all units, without fees.
    fees_cents : int
        Fees so far, positive.
    max_loss_cents : int or None
        At expiry, all units, fees left out; None where unbounded.
    margin_cents : int
        Capital it holds, all units, as last computed.
    because : mapping
        The features at entry.
    grade : Grade
        The worst of the data it was traded on.
    mark : Mark or None
        Its value at the instant of the portfolio; None where not yet valued.
    campaign_id : str
        The first position of a chain of rolls; its own id where it was never rolled.
    closing_order_id : str
        The order that is closing it; empty where none is.
    stake_cents : int
        Capital it held at entry, all units: what its return is measured on.
    carried_cents : int
        Profit, after fees, of the closed positions that it continues: those of its campaign before it.
    """

    position_id: str
    strategy: str
    underlying: str
    signal_id: str
    structure: Structure
    quantity: int
    holdings: tuple[Holding, ...]
    opened_at: datetime
    entry_cents: int
    cash_cents: int
    fees_cents: int
    max_loss_cents: int | None
    margin_cents: int
    because: Mapping[str, float | str]
    grade: Grade
    mark: Mark | None = None
    campaign_id: str = ""
    closing_order_id: str = ""
    stake_cents: int = 0
    carried_cents: int = 0

    @property
    def profit_mid_cents(self) -> int | None:
        """Profit so far marked to mid, after fees; None where not valued."""
        return None if self.mark is None else self.mark.mid_cents - self.cash_cents - self.fees_cents

    @property
    def profit_exit_cents(self) -> int | None:
        """Profit if it were closed at the touch now, after fees so far; None where not valued."""
        return None if self.mark is None else self.mark.exit_cents - self.cash_cents - self.fees_cents


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account at an instant: everything a size or a limit may depend on.

    Attributes
    ----------
    as_of : datetime
        The instant.
    cash_cents : int
        Cash balance.
    equity_mid_cents, equity_exit_cents : int
        Cash and marks at mid, and at exit prices; decisions use the second.
    margin_cents : int
        Margin and collateral in use.
    positions : tuple of Position
        Everything open, valued.
    pending : tuple of Order ids
        Opening orders that are not yet filled.
    opened_today : int
        Positions opened (or ordered) in this session.
    opened_today_by : mapping of str to int
        The same by strategy.
    deposited_cents : int or None
        What was paid in; None where it is not known.
    records : mapping of str to TrackRecord
        The closed trades of this account, by strategy.
    shares : mapping of str to float
        The share of the account that each strategy may use now; one that is not named may use the whole.
    """

    as_of: datetime
    cash_cents: int
    equity_mid_cents: int
    equity_exit_cents: int
    margin_cents: int
    positions: tuple[Position, ...] = ()
    pending: tuple[str, ...] = ()
    opened_today: int = 0
    opened_today_by: Mapping[str, int] = field(default_factory=dict)
    deposited_cents: int | None = None
    records: Mapping[str, TrackRecord] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def free_cents(self) -> int:
        """Equity at exit prices that no margin holds."""
        return self.equity_exit_cents - self.margin_cents

    @property
    def at_risk_cents(self) -> int:
        """Sum of what each position can lose at expiry; a position without bound counts its margin."""
        return sum(
            position.margin_cents if position.max_loss_cents is None else position.max_loss_cents
            for position in self.positions
        )

    def record_of(self, strategy: str) -> TrackRecord:
        """Return what a strategy's closed trades came to."""
        return self.records.get(strategy, NO_TRADES)

    def share_of(self, strategy: str) -> float:
        """Return the share of the account that a strategy may use; 1 where it may use the whole."""
        return self.shares.get(strategy, 1.0)

    def held_by(self, strategy: str) -> tuple[Position, ...]:
        """Return what a strategy has open or ordered."""
        return tuple(position for position in self.positions if position.strategy == strategy)

    def without(self, position_id: str) -> Portfolio:
        """Return the account as if a position were not there, its margin free; marks and cash stay."""
        freed = sum(one.margin_cents for one in self.positions if one.position_id == position_id)
        return replace(
            self,
            positions=tuple(one for one in self.positions if one.position_id != position_id),
            margin_cents=max(0, self.margin_cents - freed),
        )

    def capital_of(self, strategy: str, *, compounding: bool = True) -> float:
        """Return the cents on which a strategy sizes: its share of equity at exit prices.

        Without compounding it is its share of what was paid in, or of equity where deposits are not known.
        """
        paid_in = None if compounding else self.deposited_cents
        whole = self.equity_exit_cents if paid_in is None else paid_in
        return self.share_of(strategy) * whole

    def free_for(self, strategy: str) -> int:
        """Return the free capital that a strategy may use: of the account, and of its own share."""
        share = self.shares.get(strategy)
        if share is None:
            return self.free_cents
        used = sum(position.margin_cents for position in self.held_by(strategy))
        return min(self.free_cents, int(share * self.equity_exit_cents) - used)

    def greeks(self, *, underlying: str | None = None, without: str = "") -> Greeks:
        """Return the sum of the Greeks of what is held; what is only ordered yet has none.

        Deltas of several underlyings are added as they are, dollars per dollar of different things: see
        `delta_cents` for a sum that means something across underlyings.

        Parameters
        ----------
        underlying : str, optional
            Of positions on it alone.
        without : str
            A strategy whose positions are left out, such as the hedge that is to be sized.
        """
        total = Greeks()
        for position in self.positions:
            if position.mark is None or position.strategy == without:
                continue
            if underlying is None or position.underlying == underlying:
                total = total + position.mark.greeks
        return total

    def delta_cents(self, *, without: str = "") -> float:
        """Return what the account gains if every underlying rises by its own price, to first order, in cents.

        Each position counts its delta times the price of its underlying; betas are not looked at. A position
        whose underlying has no known price is left out.
        """
        total = 0.0
        for position in self.positions:
            mark = position.mark
            if mark is not None and mark.spot_cents > 0 and position.strategy != without:
                total += mark.greeks.delta * mark.spot_cents
        return total
