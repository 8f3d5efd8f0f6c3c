"""What money costs and earns overnight: interest on cash, on a debit balance, and for borrowed shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, expm1, floor

from strikewise.domain.errors import SettingsError
from strikewise.domain.orders import CashFlow, FlowKind
from strikewise.execution.account import Account
from strikewise.market.view import MarketView

__all__ = ["CashInterest", "Financing", "overnight_flows"]

DAYS = 365


class CashInterest(StrEnum):
    """What cash earns."""

    NONE = "none"
    """Nothing, as at most brokers."""
    BILLS = "bills"
    """The rate of 3-month Treasury bills, less a spread."""


@dataclass(frozen=True, slots=True)
class Financing:
    """Interest and borrow costs; each accrues on every calendar night, by the rate known when it began.

    Attributes
    ----------
    cash : CashInterest
        What cash earns that is not the proceeds of shares sold short.
    cash_spread : float
        Fraction a year by which that is less than the bill rate.
    debit_spread : float
        Fraction a year by which a debit balance costs more than the bill rate.
    borrow_rate : float
        Fraction a year of their value that borrowed shares cost. Easily borrowed ones cost a quarter of a
        percent; the default is on the strict side of that, and far below what hard ones cost.
    """

    cash: CashInterest = CashInterest.NONE
    cash_spread: float = 0.0
    debit_spread: float = 0.015
    borrow_rate: float = 0.01

    def __post_init__(self) -> None:
        spreads = (self.cash_spread, self.debit_spread, self.borrow_rate)
        if not all(0.0 <= one <= 1.0 for one in spreads):
            raise SettingsError(f"Interest spreads and the borrow rate must lie in [0, 1]; were {spreads}.")

    def interest_cents(self, balance_cents: int, rate: float | None, days: int) -> int:
        """Return the interest of some nights: paid positive, received negative, rounded against us.

        Parameters
        ----------
        balance_cents : int
            Cash that earns, or a debit balance.
        rate : float or None
            The bill rate, continuously compounded; an unknown one counts as none.
        days : int
            Calendar nights.
        """
        known = max(0.0, rate or 0.0)
        if balance_cents < 0:
            return ceil(-balance_cents * expm1((known + self.debit_spread) * days / DAYS))
        if self.cash is CashInterest.NONE:
            return 0
        return -floor(balance_cents * expm1(max(0.0, known - self.cash_spread) * days / DAYS))


def overnight_flows(
    account: Account, financing: Financing, seen: MarketView, view: MarketView
) -> list[CashFlow]:
    """Return what accrued from the last view of a session to the first of a later one."""
    days, at = (view.day - seen.day).days, view.as_of
    flows, borrowed = [], 0
    for position_id, symbol, number in account.shares():
        spot = seen.spot(symbol)
        if number < 0 and spot is not None:
            value = round(-number * spot * 100)
            borrowed += value
            cents = ceil(value * financing.borrow_rate * days / DAYS)
            name = f"{position_id}/borrow/{symbol}/{view.day}"
            flows.append(CashFlow(name, FlowKind.BORROW, position_id, symbol, cents, at))
    balance = account.cash_cents
    earning = max(0, balance - borrowed) if balance > 0 else balance
    accrues = earning < 0 or (earning > 0 and financing.cash is not CashInterest.NONE)
    interest = financing.interest_cents(earning, seen.rate(), days) if accrues else 0
    if interest:
        flows.append(CashFlow(f"interest/{view.day}", FlowKind.INTEREST, "", "", interest, at))
    return [flow for flow in flows if flow.cash_cents]
