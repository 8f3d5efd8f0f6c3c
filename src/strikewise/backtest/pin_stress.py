"""What short options that expired near their strike could have cost over the next session's gap.

Nobody who is short such an option knows until the next morning whether it was assigned, and hedges nothing
meanwhile. For each one the loss of its shares at a stated gap against it is told, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from strikewise.domain.events import OptionSettled
from strikewise.domain.instruments import Delivery, Right
from strikewise.domain.orders import SettlementReport
from strikewise.market.calendar import new_york_day
from strikewise.portfolio.ledger import Record

__all__ = ["GAP", "PinStress", "PinnedExpiry", "pin_stress"]

BAND = 0.0025
GAP = 0.05
"""A gap that the S&P 500 has shown over a weekend (2020-03-09: -7.5 %), and a stock shows each year."""


@dataclass(frozen=True, slots=True)
class PinnedExpiry:
    """A short option that settled within the band around its strike.

    Attributes
    ----------
    day : date
        Its settlement session.
    position_id, contract : str
        Whose, and which.
    contracts : int
        How many, positive.
    strike, settlement : float
        Dollars.
    assigned : bool
        Whether it was.
    stressed_loss_cents : int
        Loss of its shares against the strike at the gap, positive.
    """

    day: date
    position_id: str
    contract: str
    contracts: int
    strike: float
    settlement: float
    assigned: bool
    stressed_loss_cents: int

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "day": self.day.isoformat(),
            "trade_id": self.position_id,
            "contract": self.contract,
            "contracts": self.contracts,
            "strike": self.strike,
            "settlement": self.settlement,
            "assigned": self.assigned,
            "stressed_loss": self.stressed_loss_cents / 100,
        }


@dataclass(frozen=True, slots=True)
class PinStress:
    """The pinned expiries of a run.

    Attributes
    ----------
    band, gap : float
        As shares of the price.
    expiries : tuple of PinnedExpiry
        In the order they were settled.
    """

    band: float
    gap: float
    expiries: tuple[PinnedExpiry, ...]

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.expiries)

    @property
    def assigned(self) -> int:
        """How many of them were assigned."""
        return sum(one.assigned for one in self.expiries)

    @property
    def worst_night_cents(self) -> int:
        """The stressed loss of the worst night: all that was pinned on one day, at once."""
        by_day: dict[date, int] = {}
        for one in self.expiries:
            by_day[one.day] = by_day.get(one.day, 0) + one.stressed_loss_cents
        return max(by_day.values(), default=0)

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "band": self.band,
            "gap": self.gap,
            "assigned": self.assigned,
            "worst_night": self.worst_night_cents / 100,
            "expiries": [one.as_dict() for one in self.expiries],
        }


def pin_stress(records: Iterable[Record], *, band: float = BAND, gap: float = GAP) -> PinStress:
    """Return the short options of a run that expired near their strike, and what a gap would have cost.

    Parameters
    ----------
    records : iterable of Record
        The whole ledger.
    band : float
        Distance between strike and settlement price, as a share of that price.
    gap : float
        By how much of the price the next session opens against whoever is short.
    """
    ended = (one.event.report for one in records if isinstance(one.event, OptionSettled))
    return PinStress(band, gap, tuple(_stressed(report, gap) for report in ended if _pinned(report, band)))


def _pinned(report: SettlementReport, band: float) -> bool:
    contract, cents = report.contract, report.settlement_cents
    at_expiry = report.rule in {"", "pin"}
    short = report.quantity < 0 and contract.root.delivery is Delivery.PHYSICAL
    return short and at_expiry and abs(10 * cents - contract.strike_milli) <= 10 * cents * band


def _stressed(report: SettlementReport, gap: float) -> PinnedExpiry:
    contract = report.contract
    side = 1 if contract.right is Right.CALL else -1
    opens = report.settlement_cents * (1 + side * gap)
    loss = max(0.0, side * (opens - contract.strike_milli / 10)) * -report.quantity * contract.multiplier
    return PinnedExpiry(
        day=new_york_day(report.at),
        position_id=report.position_id,
        contract=contract.symbol,
        contracts=-report.quantity,
        strike=contract.strike,
        settlement=report.settlement_cents / 100,
        assigned=report.outcome == "assigned",
        stressed_loss_cents=round(loss),
    )
