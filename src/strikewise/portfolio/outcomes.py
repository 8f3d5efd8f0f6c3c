"""What closed positions came to, by strategy and by campaign, grown by one position at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strikewise.domain.portfolio import Position
from strikewise.domain.track_record import NO_TRADES, TrackRecord
from strikewise.portfolio.growing_map import GrowingMap

__all__ = ["Outcomes"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Sums over the closed positions of an account.

    Attributes
    ----------
    records : mapping of str to TrackRecord
        By strategy.
    campaigns : mapping of str to int
        Profit after fees, cents, by the id of the campaign's first position.
    """

    records: Mapping[str, TrackRecord] = field(default_factory=dict)
    campaigns: GrowingMap[int] = field(default_factory=GrowingMap)

    def counted(self, position: Position, *, times: int = 1) -> Outcomes:
        """Return the sums with a closed position, or (``times=-1``) without one that a late fill reopened."""
        profit = -(position.cash_cents + position.fees_cents)
        record = self.records.get(position.strategy, NO_TRADES)
        record = record.changed(profit, position.stake_cents, times=times)
        campaign = position.campaign_id or position.position_id
        return Outcomes(
            {**self.records, position.strategy: record},
            self.campaigns.put(campaign, self.campaigns.get(campaign, 0) + times * profit),
        )

    def profits(self, positions: Iterable[Position]) -> dict[str, int]:
        """Return the profit of each strategy, cents: what is closed, and what is open at exit prices.

        Parameters
        ----------
        positions : iterable of Position
            What is open; what is only ordered yet has no mark and counts nothing.
        """
        found = {name: record.profit_cents for name, record in self.records.items()}
        for position in positions:
            if position.mark is not None:
                mine = position.mark.exit_cents - position.cash_cents - position.fees_cents
                found[position.strategy] = found.get(position.strategy, 0) + mine
        return found
