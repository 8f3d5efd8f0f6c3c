"""What must hold at the end of every tick; a breach is a fault of ours and stops the run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from strikewise.domain.errors import InvariantError
from strikewise.domain.instruments import OptionContract
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.market.view import MarketView
from strikewise.portfolio.projection import AccountState


def check_account(
    state: AccountState, portfolio: Portfolio, view: MarketView, *, strictly: bool = True
) -> None:
    """Check that money adds up and that nothing is held which cannot be.

    * cash + Σ marks = equity, at mid and at exit;
    * realised + unrealised = equity − deposits;
    * marked to exit is never above marked to mid;
    * no option is held past its settlement; not ``strictly``, for a broker may tell of it a day late.

    Raises
    ------
    InvariantError
        With the amounts, if one does not hold.
    """
    mid = out = spent = 0
    for position in portfolio.positions:
        if (mark := position.mark) is not None:
            mid += mark.mid_cents
            out += mark.exit_cents
            spent += position.cash_cents + position.fees_cents
    at = view.as_of.isoformat()
    if (
        state.cash_cents + mid != portfolio.equity_mid_cents
        or state.cash_cents + out != portfolio.equity_exit_cents
    ):
        raise InvariantError(
            f"At {at} cash {state.cash_cents} + marks {mid} (mid), {out} (exit) is not equity "
            f"{portfolio.equity_mid_cents}, {portfolio.equity_exit_cents}; all in cents."
        )
    unrealised = mid - spent
    if state.deposited_cents + state.realised_cents + unrealised != portfolio.equity_mid_cents:
        raise InvariantError(
            f"At {at} deposits {state.deposited_cents} + realised {state.realised_cents} + "
            f"unrealised {unrealised} is not equity {portfolio.equity_mid_cents}; all in cents."
        )
    if out > mid:
        raise InvariantError(f"At {at} the account is worth more at exit prices ({out}) than at mid ({mid}).")
    if strictly:
        _check_nothing_expired(valued_contracts(portfolio), view)


def check_closed(before: Mapping[str, Position], state: AccountState, delivered: Collection[str]) -> None:
    """Check that no position of defined risk that was closed since lost more than it could, fees left out.

    One that held shares may have: a gap has no wing. So may one whose options ended at different times, and
    one that reconciliation touched: what that cost was no trade of ours.

    Parameters
    ----------
    before : mapping of str to Position
        What was open at the check before.
    state : AccountState
        The account now.
    delivered : collection of str
        Positions to which shares were delivered since.

    Raises
    ------
    InvariantError
        With the position and the amounts, if one did.
    """
    if state.positions is before:
        return
    touched = state.corrections.touched.keys()
    for name in before.keys() - state.positions.keys() - set(delivered) - touched:
        held, closed = before[name], state.closed.get(name)
        most = held.max_loss_cents
        if closed is None or most is None or closed.quantity != held.quantity or not _one_expiration(held):
            continue
        if closed.cash_cents > most:
            raise InvariantError(
                f"Position {name} ({held.structure.describe()}) could lose {most} and lost "
                f"{closed.cash_cents}, fees left out; all in cents."
            )


def _one_expiration(position: Position) -> bool:
    """Return whether a position holds options only, all of which end at one time."""
    ends = {
        (one.instrument.expiration, one.instrument.root_code)
        if isinstance(one.instrument, OptionContract)
        else None
        for one in position.holdings
    }
    return len(ends) == 1 and None not in ends


def valued_contracts(portfolio: Portfolio) -> list[OptionContract]:
    """Return every option held."""
    return [
        holding.instrument
        for position in portfolio.positions
        for holding in position.holdings
        if isinstance(holding.instrument, OptionContract)
    ]


def _check_nothing_expired(contracts: list[OptionContract], view: MarketView) -> None:
    calendar, today = view.calendar, view.day
    for contract in contracts:
        # One that settled near its strike may wait for the next session's first price.
        if contract.expiration < today and view.as_of >= calendar.session_open(
            calendar.next_session(contract.expiration)
        ):
            raise InvariantError(f"{contract} is still held on {view.day.isoformat()}, past its expiration.")
