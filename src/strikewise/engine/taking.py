"""What people took: priced anew on the market as it is, and through the whole gate like any other signal."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from strikewise.domain.answered import SignalTaken
from strikewise.domain.chain import OptionChain
from strikewise.domain.control import RequestMet
from strikewise.domain.denials import DenialCode
from strikewise.domain.errors import StructureError
from strikewise.domain.events import SignalDenied, SignalGenerated
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import Stock
from strikewise.domain.money import format_cents
from strikewise.domain.signals import Signal
from strikewise.domain.structures import Structure
from strikewise.engine.draft import Draft, labelled_signal
from strikewise.engine.mandate import Take
from strikewise.engine.spec import StrategySpec
from strikewise.market.view import MarketView
from strikewise.risk.gate import Approved, Denied, judge
from strikewise.strategy.sizing import position_of
from strikewise.strategy.unit_risk import unit_greeks

__all__ = ["count_offers", "is_unwanted", "repriced", "take"]

ENGINE = "engine"


def take(draft: Draft, wish: Take, *, entry_day: bool) -> None:
    """Order what a person took, or write down why not; either answers the request.

    The signal is priced anew and sized anew, at most at what was offered, and judged by the same gate: who
    takes a signal skips no limit. One that became much dearer than what the person saw is not ordered.
    """
    seen, number = wish.offer.signal, wish.number
    chosen = draft.spec.labelled(seen.strategy)
    if chosen is None or chosen.label in draft.mandate.quiet or not entry_day:
        draft.write(
            RequestMet(number, _unfit(draft, seen, known=chosen is not None), done=False), ENGINE, number
        )
        return
    fresh = repriced(seen, draft.view, f"{seen.signal_id}-{number}")
    signal = fresh or replace(seen, signal_id=f"{seen.signal_id}-{number}")
    taken = draft.write(SignalTaken(seen.signal_id, signal.signal_id), wish.actor, number)
    cause = draft.write(SignalGenerated(signal), wish.actor, taken)
    verdict = draft.asked(chosen.label, "size_position", _judged, draft, chosen, wish, signal)
    if isinstance(verdict, Approved) and fresh is None:
        verdict = Denied(DenialCode.QUOTE_MISSING, f"structure={seen.structure.describe()}")
    done = False
    match verdict:
        case Approved():
            order, done = draft.order(verdict, wish.actor, cause, wish.offer.campaign_id), True
            limit = "the market" if order.limit_cents is None else _price(order.limit_cents)
            units = "unit" if order.quantity == 1 else "units"
            said = f"is ordered as {order.order_id}: {order.quantity} {units} at {limit}"
        case Denied(code=code, detail=detail):
            denied = SignalDenied(signal.signal_id, signal.strategy, signal.underlying, code, detail)
            draft.write(denied, wish.actor, cause)
            said = f"was not ordered: {code} ({detail})"
        case None:
            said = f"was not ordered: its strategy {chosen.label} failed"
        case _:
            assert_never(verdict)
    draft.write(RequestMet(number, f"Signal {seen.signal_id} {said}.", done), ENGINE, number)


def _unfit(draft: Draft, seen: Signal, *, known: bool) -> str:
    name = f"Signal {seen.signal_id} was not ordered"
    if not known:
        return f"{name}: no strategy of the run is called {seen.strategy}."
    if seen.strategy in draft.mandate.quiet:
        return f"{name}: {seen.strategy} failed too often and opens nothing until a person resumes."
    return f"{name}: nothing is opened on {draft.view.day:%A, %Y-%m-%d}."


def _judged(draft: Draft, chosen: StrategySpec, wish: Take, signal: Signal) -> Approved | Denied:
    """Size a signal that was taken, at most at what was offered, and ask the gate."""
    seen, slip = wish.offer.signal, draft.mandate.answering.slip
    most = seen.price_cents + round(slip * abs(seen.price_cents))
    if signal.price_cents > most:
        detail = f"price={_dollars(signal)} seen={_dollars(seen)} most={most / 100:.2f}"
        return Denied(DenialCode.ENTRY_MOVED, detail)
    if signal.underlying not in draft.spec.underlyings:
        return Denied(DenialCode.PORTFOLIO_UNIVERSE, f"underlying={signal.underlying}")
    account, offered = draft.portfolio, wish.offer.quantity
    proposal = chosen.strategy.size_position(signal, account, chosen.params)
    if 0 < offered < proposal.quantity:
        proposal = position_of(signal, account, offered)
    with draft.spans("gate", signal=signal.signal_id, strategy=chosen.label):
        return judge(proposal, signal, account, draft.spec.limits, draft.view, draft.mandate.gate)


def repriced(signal: Signal, view: MarketView, signal_id: str) -> Signal | None:
    """Return a signal's structure as it would be opened now; None where a leg has no quote.

    Price, what it can lose and win, where it is even, and Greeks are those of the quotes now. The margin
    moves with the price, and where it is not the largest loss it never falls: that of a naked option grows
    with its premium. Probability, score and reasons stay those of what the strategy saw; the expected profit
    moves with the price.

    Parameters
    ----------
    signal : Signal
        What was seen.
    view : MarketView
        The market now.
    signal_id : str
        The new one's.
    """
    structure, chain = signal.structure, view.fresh_chain(signal.underlying)
    price = _unit_price(structure, view, chain)
    if price is None:
        return None
    touch, mid = price
    dearer = touch - signal.price_cents
    bounded = signal.max_loss_cents == signal.margin_cents
    return replace(
        signal,
        signal_id=signal_id,
        as_of=view.as_of if chain is None else chain.as_of,
        price_cents=touch,
        mid_cents=mid,
        max_loss_cents=_moved(signal.max_loss_cents, dearer),
        max_profit_cents=_moved(signal.max_profit_cents, -dearer),
        margin_cents=max(0, signal.margin_cents + (dearer if bounded else abs(dearer))),
        breakevens=_breakevens(signal, touch),
        edge_cents=signal.edge_cents - dearer,
        grade=signal.grade if chain is None else chain.grade,
        greeks=_greeks(structure, chain),
    )


def _unit_price(structure: Structure, view: MarketView, chain: OptionChain | None) -> tuple[int, int] | None:
    """Return what a unit costs at the touch and at mid, rounded against us, in cents."""
    touch, twice_mid = 0, 0
    for leg in structure.legs:
        if isinstance(leg.instrument, Stock):
            spot = view.fresh_spot(leg.instrument.symbol)
            if spot is None:
                return None
            bid = ask = round(spot * 100)
        else:
            quote = None if chain is None else chain.quote(leg.instrument)
            if quote is None or not quote.known:
                return None
            bid, ask = quote.bid, quote.ask
        size = leg.ratio * leg.instrument.multiplier
        touch += size * (ask if size > 0 else bid)
        twice_mid += size * (bid + ask)
    return touch, -(-twice_mid // 2)


def _moved(cents: int | None, by: int) -> int | None:
    return None if cents is None else max(0, cents + by)


def _breakevens(signal: Signal, price_cents: int) -> tuple[float, ...]:
    try:
        return signal.structure.breakevens(price_cents)
    except StructureError:  # several expirations: where it is even hangs on volatilities
        return signal.breakevens


def _greeks(structure: Structure, chain: OptionChain | None) -> Greeks | None:
    if chain is None:
        return None if structure.options else Greeks(delta=float(structure.shares))
    rows = [(chain.find(contract), ratio) for contract, ratio in structure.options]
    known = [(row, ratio) for row, ratio in rows if row is not None]
    if len(known) < len(rows):
        return None
    multiplier = structure.options[0][0].multiplier if rows else 1
    return unit_greeks(chain, known, multiplier=multiplier, shares=structure.shares)


def count_offers(draft: Draft) -> None:
    """Count what people are asked about as if it were held, so that all of it can be taken."""
    if draft.mandate.answering.asks:
        for one in draft.mandate.offers.waiting():
            proposal = position_of(one.signal, draft.portfolio, one.quantity)
            draft.reserve(replace(proposal, position_id=one.signal.signal_id))


def is_unwanted(draft: Draft, chosen: StrategySpec, signal: Signal) -> bool:
    """Return whether a person was asked about the same structure, or did not want it today."""
    mandate = draft.mandate
    if not (mandate.offers.signals or mandate.offers.dismissed):
        return False
    signal = labelled_signal(signal, chosen, draft.regime)
    asked = mandate.answering.asks and mandate.offers.is_offered(signal)
    return asked or mandate.offers.is_dismissed(signal, draft.view.day)


def _price(cents: int) -> str:
    return f"a {'credit' if cents < 0 else 'debit'} of {format_cents(abs(cents))} a unit"


def _dollars(signal: Signal) -> str:
    return f"{signal.price_cents / 100:.2f}"
