"""What happens to a simulated account between the last view of a session and the first of a later one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from strikewise.domain.orders import CashFlow, SettlementReport, SplitReport
from strikewise.execution.account import Account
from strikewise.execution.corporate_actions import action_days, bought_out, dividends_of, splits_of
from strikewise.execution.exercise import ExerciseRule
from strikewise.execution.fees import FeeSchedule
from strikewise.execution.financing import Financing, overnight_flows
from strikewise.execution.settlement import assign_early, settle_due
from strikewise.market.estimate import Estimator
from strikewise.market.view import MarketView

__all__ = ["NightEvent", "Nights"]

NightEvent = SettlementReport | CashFlow | SplitReport


@dataclass(frozen=True, slots=True)
class Nights:
    """By which rules nights pass; each is booked to the account in the order it happens.

    Attributes
    ----------
    exercise : ExerciseRule
        How short options are assigned.
    financing : Financing
        What cash earns, and debit balances and borrowed shares cost.
    fees : FeeSchedule
        What assignments cost.
    """

    exercise: ExerciseRule
    financing: Financing
    fees: FeeSchedule
    _estimator: Estimator = field(default_factory=Estimator, repr=False)

    def settle(self, account: Account, view: MarketView, until: datetime) -> list[NightEvent]:
        """Settle and book what is due by an instant."""
        if account.next_settlement > until:
            return []
        return list(settle_due(account, view, until, self.exercise, self.fees))

    def passed(self, account: Account, seen: MarketView, view: MarketView) -> list[NightEvent]:
        """Book what accrued, settled, was assigned, split and paid from one view to that of a later day."""
        flows = overnight_flows(account, self.financing, seen, view)
        _pay(account, flows)
        events: list[NightEvent] = [*flows]
        if not account.held:
            return events
        events += self.settle(account, view, _opening_after(seen.day, view))
        if self.exercise.early:
            events += assign_early(account, seen, view, self.exercise, self.fees, self._estimator)
        for day in action_days(account, seen.day, view):
            events += self.settle(account, view, _opening_after(day - timedelta(days=1), view))
            for bought in bought_out(account, day, seen, view, self.fees, self._estimator):
                account.settle(bought)
                events.append(bought)
            for report in splits_of(account, day, seen, view):
                account.split(report)
                events.append(report)
            paid = dividends_of(account, day, view)
            _pay(account, paid)
            events += paid
        return events


def _pay(account: Account, flows: list[CashFlow]) -> None:
    for flow in flows:
        account.pay(flow)


def _opening_after(day: date, view: MarketView) -> datetime:
    """Return when the session after a day opens; the view's instant where that lies before."""
    calendar = view.calendar
    return min(view.as_of, calendar.session_open(calendar.next_session(day)))
