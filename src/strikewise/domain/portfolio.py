"""What is held: positions and the account, as strategies and limits see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Instrument
from strikewise.domain.quotes import Grade
from strikewise.domain.structures import Structure


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
