"""What is asked of Alpaca: every answer is whole, or it is `Unknown`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from strikewise.adapters.brokers.alpaca_account import account_report, held_report, mismatch
from strikewise.adapters.brokers.alpaca_answers import (
    AccountAnswer,
    ClockAnswer,
    OrderAnswer,
    PositionAnswer,
    instant,
    read_list,
    read_one,
)
from strikewise.adapters.brokers.alpaca_fills import KnownOrders
from strikewise.adapters.brokers.alpaca_orders import in_units_of, order_report, submitted_at
from strikewise.adapters.brokers.alpaca_pace import Urgency
from strikewise.adapters.brokers.alpaca_symbols import Symbols
from strikewise.adapters.brokers.alpaca_wire import AlpacaWire, Answered, words_of
from strikewise.domain.brokerage import AccountReport, HeldReport, OrderReport
from strikewise.domain.orders import Known, Unknown
from strikewise.market.clock import Clock

__all__ = ["MOST_PAGES", "AlpacaReads", "after"]

T = TypeVar("T")

ORDERS_A_PAGE = 500
NOT_FOUND = 40410000
"""The vendor's code where it has not what was asked for."""
MOST_PAGES = 100
EDGE = timedelta(milliseconds=1)
"""The vendor's ``after`` leaves its instant out."""


class AlpacaReads:
    """An account that is read.

    Parameters
    ----------
    wire : AlpacaWire
        The trading interface.
    clock : Clock
        The time.
    symbols : Symbols
        How instruments are written.
    orders : KnownOrders
        Whose orders are whose.
    account_id : str
        The only account that may be worked with: the vendor's id or number of it; empty accepts any.
    """

    def __init__(
        self,
        wire: AlpacaWire,
        *,
        clock: Clock,
        symbols: Symbols,
        orders: KnownOrders,
        account_id: str,
    ) -> None:
        self._wire, self._clock, self._symbols = wire, clock, symbols
        self._orders, self._account_id = orders, account_id
        self._verified = False

    def problem(self, urgency: Urgency = Urgency.READ) -> str:
        """Return why this account may not be worked with; empty once it proved to be the one named."""
        if self._verified:
            return ""
        answer = self.account(urgency)
        return answer.reason if isinstance(answer, Unknown) else ""

    def account(self, urgency: Urgency = Urgency.READ) -> Known[AccountReport] | Unknown:
        """Return the account, if it is the one named."""
        said = self._get("/account", None, urgency)
        if isinstance(said, Unknown):
            return said
        answer = read_one(AccountAnswer, said.body)
        report = None if answer is None else account_report(answer)
        if answer is None or report is None:
            return Unknown("the account's id or cash cannot be read")
        wrong = mismatch(answer, self._account_id)
        if wrong:
            self._verified = False
            return Unknown(wrong)
        self._verified = True
        return Known(report, self._clock.now())

    def skew_seconds(self) -> float | None:
        """Return what the vendor's clock is ahead of ours; None where it did not say."""
        before = self._clock.now()
        said = self._get("/clock", None, Urgency.READ)
        after = self._clock.now()
        answer = None if isinstance(said, Unknown) else read_one(ClockAnswer, said.body)
        theirs = None if answer is None else instant(answer.timestamp)
        return None if theirs is None else (theirs - before - (after - before) / 2).total_seconds()

    def positions(self, urgency: Urgency = Urgency.READ) -> Known[tuple[HeldReport, ...]] | Unknown:
        """Return what is held; Unknown where a position cannot be read, for it would be missing."""
        said = self.asked("/positions", None, PositionAnswer, urgency)
        if isinstance(said, Unknown):
            return said
        found = []
        for answer in said:
            held = held_report(answer, self._symbols)
            if isinstance(held, Unknown):
                return held
            if held is not None:
                found.append(held)
        return Known(tuple(found), self._clock.now())

    def open_orders(self, urgency: Urgency = Urgency.READ) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return the orders that may still fill."""
        return self._reports({"status": "open"}, None, urgency)

    def orders_since(self, since: datetime) -> Known[tuple[OrderReport, ...]] | Unknown:
        """Return all orders submitted at or after an instant."""
        listed = self._reports({"status": "all"}, since, Urgency.READ)
        if isinstance(listed, Unknown):
            return listed
        return Known(tuple(one for one in listed.value if one.submitted_at >= since), listed.as_of)

    def order(self, order_id: str, urgency: Urgency = Urgency.READ) -> Known[OrderReport | None] | Unknown:
        """Return an order by its sender's id; None where the vendor says that it has none."""
        problem = self.problem(urgency)
        if problem:
            return Unknown(problem)
        said = self._wire.call(
            "GET", "/orders:by_client_order_id", {"client_order_id": order_id}, urgency=urgency
        )
        if not isinstance(said, Answered):
            return Unknown(said.reason)
        if _has_none(said):
            return Known(None, self._clock.now())
        answer = read_one(OrderAnswer, said.body) if said.status == 200 else None
        if answer is not None and answer.order_class == "mleg" and not answer.legs:
            nested = self._get(f"/orders/{answer.id}", {"nested": "true"}, urgency)
            answer = None if isinstance(nested, Unknown) else read_one(OrderAnswer, nested.body)
        if answer is None:
            return Unknown(f"the order {order_id} was answered with {said.status}: {words_of(said.body)}")
        self._orders.learn(answer)
        report = self._report(answer)
        if report is None or report.order_id != order_id or self._is_unread(report):
            return Unknown(f"the answer about the order {order_id} cannot be read")
        return Known(report, self._clock.now())

    def learn(self, broker_id: str) -> bool:
        """Find out whose order one of the vendor's ids is; False where that cannot be known.

        Of an order that the vendor has not nothing is to be known: it is nobody's.
        """
        said = self._wire.call("GET", f"/orders/{broker_id}", {"nested": "true"})
        if not isinstance(said, Answered):
            return False
        answer = read_one(OrderAnswer, said.body) if said.status == 200 else None
        if answer is None or (answer.order_class == "mleg" and not answer.legs):
            return _has_none(said)
        self._orders.learn(answer)
        return True

    def _reports(
        self, which: dict[str, Any], since: datetime | None, urgency: Urgency
    ) -> Known[tuple[OrderReport, ...]] | Unknown:
        answers = self._order_answers(which, since, urgency)
        if isinstance(answers, Unknown):
            return answers
        reports = [self._report(answer) for answer in answers]
        kept = tuple(one for one in reports if one is not None and not self._is_unread(one))
        if len(kept) < len(reports):
            return Unknown("an order of the list cannot be read")
        return Known(kept, self._clock.now())

    def _report(self, answer: OrderAnswer) -> OrderReport | None:
        report = order_report(answer, self._symbols)
        return None if report is None else in_units_of(self._orders.asked(report.order_id), report)

    def _is_unread(self, report: OrderReport) -> bool:
        """Return whether an order that must be one of ours says nothing that ours say."""
        return report.structure is None and self._orders.ours(report.order_id)

    def _order_answers(
        self, which: dict[str, Any], since: datetime | None, urgency: Urgency
    ) -> tuple[OrderAnswer, ...] | Unknown:
        """Return the orders of a list, page by page: each begins shortly before the end of the last."""
        found: dict[str, OrderAnswer] = {}
        params = which | {"limit": ORDERS_A_PAGE, "direction": "asc", "nested": "true"}
        for _ in range(MOST_PAGES):
            params = params | after(since)
            page = self.asked("/orders", params, OrderAnswer, urgency)
            if isinstance(page, Unknown):
                return page
            before = len(found)
            found.update((one.id, one) for one in page)
            for one in page:
                self._orders.learn(one)
            if len(page) < ORDERS_A_PAGE:
                return tuple(found.values())
            last = submitted_at(page[-1])
            if last is None or len(found) == before:
                break
            since = last
        return Unknown(f"the list of orders does not end after {len(found)}")

    def asked(
        self,
        path: str,
        params: dict[str, Any] | None,
        kind: type[T],
        urgency: Urgency = Urgency.READ,
    ) -> tuple[T, ...] | Unknown:
        """Return a list of the vendor's, once the account proved to be the one named."""
        problem = self.problem(urgency)
        if problem:
            return Unknown(problem)
        said = self._get(path, params, urgency)
        if isinstance(said, Unknown):
            return said
        read = read_list(kind, said.body)  # type: ignore[type-var]
        return Unknown(f"GET {path} was answered with what is no such list") if read is None else read

    def _get(self, path: str, params: dict[str, Any] | None, urgency: Urgency) -> Answered | Unknown:
        said = self._wire.call("GET", path, params, urgency=urgency)
        if not isinstance(said, Answered):
            return Unknown(said.reason)
        if said.status != 200:
            return Unknown(f"GET {path} was answered with {said.status}: {words_of(said.body)}")
        return said


def _has_none(said: Answered) -> bool:
    """Return whether the vendor itself says that it has no such order: others on the way answer 404, too."""
    body = said.body if isinstance(said.body, dict) else {}
    return said.status == 404 and (
        body.get("code") == NOT_FOUND or "order not found" in words_of(body).lower()
    )


def after(since: datetime | None) -> dict[str, str]:
    """Return the parameter that asks from an instant on, itself included; the vendor leaves it out."""
    if since is None:
        return {}
    return {"after": (since - EDGE).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
