"""Campaigns: positions that continue one another by rolls, as one undertaking with one profit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from strikewise.market.calendar import new_york_day
from strikewise.portfolio.journal_rows import TradeRow

__all__ = ["Campaign", "CampaignStep", "campaigns_of"]


@dataclass(frozen=True, slots=True)
class CampaignStep:
    """A position of a campaign: its profit, and that of the campaign up to its end; None while it is open."""

    trade_id: str
    structure: str
    opened_at: datetime
    profit_cents: int | None
    running_cents: int | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A chain of rolls.

    Attributes
    ----------
    campaign_id : str
        The id of its first position.
    strategy, underlying : str
        Whose, on what.
    steps : tuple of CampaignStep
        Its positions, in order of opening.
    opened_at, closed_at : datetime
        First fill; the end of its last position, None while one is open.
    profit_cents, fees_cents : int
        Of its closed positions, after fees; all fees.
    largest_loss_cents : int or None
        The most that any of its positions could lose at entry; None where one had no bound.
    days : int or None
        Calendar days from the first fill to the end.
    """

    campaign_id: str
    strategy: str
    underlying: str
    steps: tuple[CampaignStep, ...]
    opened_at: datetime
    closed_at: datetime | None
    profit_cents: int
    fees_cents: int
    largest_loss_cents: int | None
    days: int | None

    @property
    def rolls(self) -> int:
        """How often it was rolled."""
        return len(self.steps) - 1


def campaigns_of(trades: Iterable[TradeRow]) -> tuple[Campaign, ...]:
    """Return the campaigns of more than one position, in order of opening."""
    groups: dict[str, list[TradeRow]] = {}
    for trade in trades:
        groups.setdefault(trade.campaign_id or trade.trade_id, []).append(trade)
    return tuple(_campaign(name, members) for name, members in groups.items() if len(members) > 1)


def _campaign(name: str, members: list[TradeRow]) -> Campaign:
    members.sort(key=lambda one: one.opened_seq)
    first, running, steps = members[0], 0, []
    for one in members:
        running += one.profit_cents or 0
        told = None if one.profit_cents is None else running
        steps.append(CampaignStep(one.trade_id, one.structure, one.opened_at, one.profit_cents, told))
    ends = [one.closed_at for one in members if one.closed_at is not None]
    closed_at = max(ends) if len(ends) == len(members) else None
    losses = [one.max_loss_cents for one in members if one.max_loss_cents is not None]
    return Campaign(
        campaign_id=name,
        strategy=first.strategy,
        underlying=first.underlying,
        steps=tuple(steps),
        opened_at=first.opened_at,
        closed_at=closed_at,
        profit_cents=running,
        fees_cents=sum(one.fees_cents for one in members),
        largest_loss_cents=max(losses) if len(losses) == len(members) else None,
        days=None if closed_at is None else (new_york_day(closed_at) - new_york_day(first.opened_at)).days,
    )
