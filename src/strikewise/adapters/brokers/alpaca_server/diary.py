"""The account's activities: fills as they happen, and a day later what no order brought."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from strikewise.adapters.brokers.alpaca_server.refusals import unprocessable
from strikewise.adapters.brokers.alpaca_server.wire import dollars, identifier, price, stamp, symbol_of
from strikewise.domain.instruments import Instrument, OptionContract
from strikewise.domain.orders import CashFlow, FlowKind, SettlementReport, SplitReport
from strikewise.market.calendar import NEW_YORK

__all__ = ["Diary", "Entry", "fill_entry", "flow_entries", "settlement_entries", "split_entries"]

LARGEST_PAGE = 100
OF_FLOWS = {
    FlowKind.DIVIDEND: ("DIV", "CDIV"),
    FlowKind.INTEREST: ("INT", ""),
    FlowKind.BORROW: ("FEE", ""),
    FlowKind.FEE: ("FEE", ""),
    FlowKind.TRANSFER: ("CSD", ""),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the diary: what it is, when it happened, and how it is written."""

    kind: str
    at: datetime
    name: str
    body: dict[str, Any]

    @property
    def entry_id(self) -> str:
        """The id: the instant, so that ids sort in time, and a name."""
        local = self.at.astimezone(NEW_YORK)
        return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::{self.name}"


class Diary:
    """Activities in the order they were written down.

    Parameters
    ----------
    account_id : str
        Whose they are.
    """

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._lines: list[dict[str, Any]] = []

    def write(self, entry: Entry) -> None:
        """Write down an activity."""
        self._lines.append(
            {
                "id": entry.entry_id,
                "account_id": self._account_id,
                "activity_type": entry.kind,
                **entry.body,
            }
        )

    def page(
        self,
        kinds: Collection[str] = (),
        *,
        but: Collection[str] = (),
        after: datetime | None = None,
        until: datetime | None = None,
        ascending: bool = False,
        size: int = LARGEST_PAGE,
        token: str = "",
    ) -> list[dict[str, Any]]:
        """Return a page of activities; its last id asks for the next.

        Raises
        ------
        RefusedError
            If the size or the token is none.
        """
        if not 1 <= size <= LARGEST_PAGE:
            raise unprocessable(f"page_size must be between 1 and {LARGEST_PAGE}")
        lines = sorted(
            self._between(kinds, but, after, until), key=lambda line: line["id"].partition("::")[0]
        )
        if not ascending:
            lines.reverse()
        start = 0
        if token:
            known = [line["id"] for line in lines]
            if token not in known:
                raise unprocessable("invalid page_token")
            start = known.index(token) + 1
        return lines[start : start + size]

    def _between(
        self,
        kinds: Collection[str],
        but: Collection[str],
        after: datetime | None,
        until: datetime | None,
    ) -> Iterator[dict[str, Any]]:
        first = "" if after is None else _moment(after)
        last = "~" if until is None else _moment(until)
        for line in self._lines:
            kind = line["activity_type"]
            if first < line["id"] <= last and (not kinds or kind in kinds) and kind not in but:
                yield line


def _moment(at: datetime) -> str:
    """Return an instant as ids begin; what happened at it comes before it."""
    local = at.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}::~"


def settlement_entries(report: SettlementReport) -> Sequence[Entry]:
    """Return the activities that an option's end makes: itself, and the trade or cash it brought."""
    contract, at = report.contract, _midnight(report.at)
    kind, words = {
        "expired": ("OPEXP", "Option Expiry"),
        "exercised": ("OPEXC", "Option Exercise"),
        "assigned": ("OPASN", "Option Assignment"),
        "bought_out": ("OPCSH", "Option Cash Deliverable"),
    }[report.outcome]
    group = identifier("group", report.settlement_id, report.at)
    shared = {"date": _day(report.at), "status": "executed", "currency": "USD", "group_id": group}
    cash = -report.cash_cents if report.outcome == "bought_out" else 0
    entries = [
        Entry(
            kind,
            at,
            identifier("settled", report.settlement_id, report.at),
            {
                **shared,
                "net_amount": dollars(cash),
                "description": words,
                "symbol": symbol_of(contract),
                "qty": str(-report.quantity),
            },
        )
    ]
    if report.shares:
        body = {
            **shared,
            "net_amount": dollars(-report.cash_cents),
            "description": "Option Trade",
            "symbol": contract.underlying,
            "qty": str(report.shares),
            "price": price(report.cash_cents, report.shares),
        }
        entries.append(Entry("OPTRD", at, identifier("delivered", report.settlement_id, report.at), body))
    elif report.cash_cents and report.outcome != "bought_out":
        body = {
            **shared,
            "net_amount": dollars(-report.cash_cents),
            "description": "Option Cash Settlement",
            "symbol": symbol_of(contract),
        }
        entries.append(Entry("OPCSH", at, identifier("paid", report.settlement_id, report.at), body))
    return entries


def flow_entries(flow: CashFlow) -> Sequence[Entry]:
    """Return the activity of cash that moved without a trade."""
    kind, sub_type = OF_FLOWS[flow.kind]
    if flow.kind is FlowKind.TRANSFER and flow.cash_cents > 0:
        kind = "CSW"
    body: dict[str, Any] = {
        "date": _day(flow.at),
        "net_amount": dollars(-flow.cash_cents),
        "description": flow.kind.value,
        "status": "executed",
        "currency": "USD",
    }
    if sub_type:
        body["activity_sub_type"] = sub_type
    if flow.symbol:
        body["symbol"] = flow.symbol
    return [Entry(kind, _midnight(flow.at), identifier("flow", flow.flow_id, flow.at), body)]


def split_entries(
    report: SplitReport, before: Mapping[Instrument, int], after: Mapping[Instrument, int]
) -> Sequence[Entry]:
    """Return the activities of a split: of all that was held, what was taken away and what came instead.

    Parameters
    ----------
    report : SplitReport
        The split.
    before, after : mapping of Instrument to int
        What was held of the underlying, and what is.
    """
    kind = "FSPLIT" if report.numerator > report.denominator else "RSPLIT"
    cash, at = -report.cash_cents, _midnight(report.at)
    entries: list[Entry] = []
    for (old, had), (new, has) in zip(before.items(), after.items(), strict=True):
        option = isinstance(old, OptionContract)
        for word, instrument, quantity in (("REMOVE", old, -had), ("ADD", new, has)):
            amount = 0 if option or word == "REMOVE" else cash
            body = {
                "date": _day(report.at),
                "net_amount": dollars(amount),
                "description": f"{word}, From QTY:{abs(had)}, To QTY:{abs(has)}",
                "symbol": symbol_of(instrument),
                "qty": str(quantity),
                "status": "executed",
                "currency": "USD",
                "group_id": identifier("split", report.split_id, report.at),
                "activity_sub_type": f"SPLIT.{kind}" if option else kind,
            }
            name = identifier("split", report.split_id, report.at, instrument, word)
            entries.append(Entry("OPCA" if option else "SPLIT", at, name, body))
    return entries


def fill_entry(
    *,
    at: datetime,
    execution_id: str,
    order_id: str,
    symbol: str,
    quantity: int,
    price_cents: int,
    filled: int,
    whole: int,
) -> Entry:
    """Return the activity of a fill; the quantity is signed, what is filled and asked for is not."""
    done = filled == whole
    return Entry(
        "FILL",
        at,
        execution_id,
        {
            "transaction_time": stamp(at),
            "type": "fill" if done else "partial_fill",
            "price": dollars(price_cents),
            "qty": str(abs(quantity)),
            "side": "buy" if quantity > 0 else "sell",
            "symbol": symbol,
            "leaves_qty": str(whole - filled),
            "order_id": order_id,
            "cum_qty": str(filled),
            "order_status": "filled" if done else "partially_filled",
        },
    )


def _day(at: datetime) -> str:
    return at.astimezone(NEW_YORK).date().isoformat()


def _midnight(at: datetime) -> datetime:
    """Return the midnight that begins an instant's day: what is no fill is dated by days."""
    return datetime.combine(at.astimezone(NEW_YORK).date(), time.min, NEW_YORK)
