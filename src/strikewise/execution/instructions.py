"""What the holder of options asks a broker to do with them: exercise them now, or not at expiration."""

from __future__ import annotations

from dataclasses import replace

from strikewise.domain.instruments import OptionContract, Style
from strikewise.domain.orders import Accepted, SubmitAnswer
from strikewise.execution.desk import Desk
from strikewise.execution.exercise import INSTRUCTED
from strikewise.execution.refusals import Refusal, refused
from strikewise.execution.settlement import SettlementPrice, settle

__all__ = ["do_not_exercise", "exercise"]


def exercise(desk: Desk, contract: OptionContract, quantity: int) -> SubmitAnswer:
    """Exercise contracts that are held long, position by position; refuse more than are free."""
    floor, view = desk.floor, desk.floor.view
    if view is None:
        return refused(Refusal.NO_MARKET, "No market data have arrived yet: nothing is held that is known.")
    held = {name: long for name, of in floor.account.held.items() if (long := of.get(contract, 0)) > 0}
    free = sum(held.values()) - desk.held_back(contract)
    if quantity < 1:
        return refused(Refusal.BAD_QUANTITY, f"At least one contract must be exercised; was {quantity}.")
    if quantity > sum(held.values()):
        return refused(
            Refusal.NOT_HELD, f"{contract}: {quantity} to be exercised, {sum(held.values())} held."
        )
    if quantity > free:
        return refused(
            Refusal.HELD_BY_ORDER, f"{contract}: {quantity} to be exercised, {free} not held by orders."
        )
    if contract.root.style is not Style.AMERICAN:
        return refused(Refusal.NOT_SUPPORTED, f"{contract} can be exercised at its expiration only.")
    spot = view.spot(contract.underlying)
    if spot is None:
        return refused(Refusal.NO_MARKET, f"No price of {contract.underlying} is known to exercise at.")
    left, count = quantity, floor.records.activity_count()
    for name, long in held.items():
        if not left:
            break
        taken = min(left, long)
        left -= taken
        report = settle(
            contract,
            taken,
            SettlementPrice(round(spot * 100)),
            exercised=True,
            rule=INSTRUCTED,
            position_id=name,
            fees=floor.fees,
            at=view.as_of,
        )
        # The rest of the contract may settle too: each part has an id of its own.
        count += 1
        report = replace(report, settlement_id=f"{report.settlement_id}/{count}")
        floor.account.settle(report)
        floor.tell([report], view)
    return Accepted("")


def do_not_exercise(desk: Desk, contract: OptionContract) -> SubmitAnswer:
    """Let what is held long of a contract expire, in the money or not."""
    floor = desk.floor
    if not any(held.get(contract, 0) > 0 for held in floor.account.held.values()):
        return refused(Refusal.NOT_HELD, f"{contract} is not held long: there is nothing to let expire.")
    floor.account.abandoned.add(contract)
    return Accepted("")
