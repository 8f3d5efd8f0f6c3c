"""Signals as people answer them: which may be taken or dismissed, and how that is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.domain.errors import MissingDataError, RefusedError
from strikewise.engine.answering import no_dismissal, no_take
from strikewise.engine.requests import state_under
from strikewise.service.requests import DismissRequested, TakeRequested, Told, ask, instant_of
from strikewise.service.system import System
from strikewise.service.views.desk import Desk
from strikewise.service.views.signals import SignalView, Standing, signals_before
from strikewise.strategy.exit_plan import parameters_of

__all__ = ["desk_of", "dismiss", "latest_signals", "standing_of", "take", "usual_parameters", "whole_name"]


def desk_of(system: System) -> Desk:
    """Return the account up to its last fact."""
    desk = Desk()
    with system.ledger() as ledger:
        desk.read_on(ledger, system.picture())
    return desk


def usual_parameters(system: System) -> dict[str, Mapping[str, object]]:
    """Return the parameters of an installation's strategies, by label, with ``strategy``."""
    return {one.label: {"strategy": one.strategy.name, **one.params} for one in system.strategies}


def standing_of(system: System, desk: Desk) -> Standing:
    """Return what an account's signals are looked at by."""
    usual = usual_parameters(system)
    named = {} if desk.run is None else parameters_of(desk.run.spec)
    parameters = {name: {**usual.get(name, {}), **named.get(name, {})} for name in usual | named}
    return Standing(instant_of(system), system.answering.life, parameters)


def latest_signals(
    system: System, *, limit: int = 20, strategy: str = "", underlying: str = "", answerable: bool = False
) -> tuple[SignalView, ...]:
    """Return the latest signals of the account with what became of them, newest first."""
    desk = desk_of(system)
    return signals_before(
        desk,
        limit=limit,
        strategy=strategy,
        underlying=underlying,
        answerable=answerable,
        standing=standing_of(system, desk),
    )


def whole_name(desk: Desk, beginning: str) -> str:
    """Return the one signal whose id begins so.

    Raises
    ------
    MissingDataError
        If none does, or more than one.
    """
    if beginning in desk.signals:
        return beginning
    names = [name for name in desk.signals if name.startswith(beginning)] if beginning else []
    if len(names) != 1:
        what = f"{len(names)} signals begin" if names else "No signal begins"
        raise MissingDataError(f"{what} with {beginning!r}; `strikewise signals` lists them with their ids.")
    return names[0]


def take(system: System, desk: Desk, signal_id: str, reason: str, name: str) -> Told:
    """Ask that a signal is ordered: priced anew, and through the whole gate.

    Parameters
    ----------
    system : System
        The installation.
    desk : Desk
        The account, up to its last fact.
    signal_id : str
        The signal.
    reason : str
        Why, in a person's words.
    name : str
        Who wants it.

    Raises
    ------
    MissingDataError
        If there is no such signal.
    RefusedError
        If it cannot be taken any more, or trading is halted.
    """
    _must_exist(desk, signal_id)
    allowed = state_under(desk.control, system.halt.read())
    if why := no_take(desk.offers, signal_id, allowed, instant_of(system), system.answering):
        raise RefusedError(why)
    return ask(system, TakeRequested(signal_id, reason), name, desk.offers.signals[signal_id].seq)


def dismiss(system: System, desk: Desk, signal_id: str, reason: str, name: str) -> Told:
    """Ask that a signal is put aside, and its structure not proposed again that day.

    Parameters and errors as of `take`.
    """
    _must_exist(desk, signal_id)
    if why := no_dismissal(desk.offers, signal_id):
        raise RefusedError(why)
    return ask(system, DismissRequested(signal_id, reason), name, desk.offers.signals[signal_id].seq)


def _must_exist(desk: Desk, signal_id: str) -> None:
    if signal_id not in desk.signals:
        raise MissingDataError(
            f"There is no signal {signal_id!r}; `strikewise signals` lists them with their ids."
        )
