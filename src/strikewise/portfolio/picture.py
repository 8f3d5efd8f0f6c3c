"""What an account looks like at a tick, for people to see: positions with their quotes, and how old data are.

Nothing decides by it. It is made of the account and the market at one instant, kept outside the ledger, and
can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from math import isfinite

from strikewise.domain.chain import OptionChain
from strikewise.domain.greeks import Greeks
from strikewise.domain.instruments import OptionContract, instrument_symbol
from strikewise.domain.portfolio import Holding, Portfolio, Position
from strikewise.domain.reconciled import EXTERNAL
from strikewise.market.view import MarketView

__all__ = ["LegPicture", "Picture", "PositionPicture", "picture_of", "unseen"]

YEAR = 365.0 * 86_400.0


@dataclass(frozen=True, slots=True)
class LegPicture:
    """A holding with its quote.

    Attributes
    ----------
    instrument : str
        As the ledger writes it.
    quantity : int
        Long positive, short negative.
    expiration, right, strike
        Of an option; None of shares.
    bid_cents, ask_cents : int or None
        Per share; None where there is no quote.
    iv, delta : float or None
        Of the contract; None where unknown.
    years : float or None
        Until it settles.
    """

    instrument: str
    quantity: int
    expiration: date | None = None
    right: str | None = None
    strike: float | None = None
    bid_cents: int | None = None
    ask_cents: int | None = None
    iv: float | None = None
    delta: float | None = None
    years: float | None = None


@dataclass(frozen=True, slots=True)
class PositionPicture:
    """A position, held or on its way.

    Attributes
    ----------
    position_id, underlying, strategy, signal_id : str
        As in `strikewise.domain.portfolio.Position`.
    structure, describe : str
        What traders call it, and its legs.
    state : str
        ``open``, ``opening``, ``closing`` or ``external``.
    opened_at : datetime
        First fill, or the order.
    days : int or None
        Calendar days to the first expiration; None where nothing expires.
    quantity : int
        Units.
    entry_cents : int
        Cash paid to open it (received: negative), all units.
    mid_cents, exit_cents, profit_mid_cents, profit_exit_cents : int or None
        As in its mark; None where it has none.
    greeks : Greeks or None
        Of the whole position, dollars.
    estimated_legs : int
        Legs that a policy priced.
    max_loss_cents : int or None
        None where unbounded.
    margin_cents : int
        Capital it holds.
    grade : str
        The worst of the data it was traded on.
    because : mapping
        The features at entry.
    spot, rate, dividend_yield : float or None
        Of its underlying, dollars and fractions a year.
    legs : tuple of LegPicture
        What is held.
    """

    position_id: str
    underlying: str
    strategy: str
    signal_id: str
    structure: str
    describe: str
    state: str
    opened_at: datetime
    days: int | None
    quantity: int
    entry_cents: int
    mid_cents: int | None
    exit_cents: int | None
    profit_mid_cents: int | None
    profit_exit_cents: int | None
    greeks: Greeks | None
    estimated_legs: int
    max_loss_cents: int | None
    margin_cents: int
    grade: str
    because: Mapping[str, float | str]
    spot: float | None
    rate: float | None
    dividend_yield: float | None
    legs: tuple[LegPicture, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An account at a tick.

    Attributes
    ----------
    at : datetime
        The instant of the view.
    seq : int
        The last fact it is made of.
    regime : str
        The market's regime.
    cash_cents, equity_mid_cents, equity_exit_cents, margin_cents, at_risk_cents : int
        As in `strikewise.domain.portfolio.Portfolio`.
    data_at : mapping of str to datetime
        When the latest chain (or price) of each underlying was taken.
    grades : mapping of str to str
        How far each can be believed.
    positions : tuple of PositionPicture
        Held and ordered.
    """

    at: datetime
    seq: int
    regime: str
    cash_cents: int
    equity_mid_cents: int
    equity_exit_cents: int
    margin_cents: int
    at_risk_cents: int
    data_at: Mapping[str, datetime] = field(default_factory=dict)
    grades: Mapping[str, str] = field(default_factory=dict)
    positions: tuple[PositionPicture, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return plain values; instants and dates stay what they are."""
        return asdict(self)


def picture_of(portfolio: Portfolio, view: MarketView, seq: int) -> Picture:
    """Return what an account looks like.

    Parameters
    ----------
    portfolio : Portfolio
        The account, valued at the view.
    view : MarketView
        The market now.
    seq : int
        The last fact the account is made of.
    """
    data_at: dict[str, datetime] = {}
    grades: dict[str, str] = {}
    for symbol in {*view.underlyings(), *(one.underlying for one in portfolio.positions)}:
        chain = view.chain(symbol)
        if chain is not None:
            data_at[symbol], grades[symbol] = chain.as_of, chain.grade.value
    return Picture(
        at=view.as_of,
        seq=seq,
        regime=view.regime().value,
        cash_cents=portfolio.cash_cents,
        equity_mid_cents=portfolio.equity_mid_cents,
        equity_exit_cents=portfolio.equity_exit_cents,
        margin_cents=portfolio.margin_cents,
        at_risk_cents=portfolio.at_risk_cents,
        data_at=dict(sorted(data_at.items())),
        grades=dict(sorted(grades.items())),
        positions=tuple(_position(one, view) for one in portfolio.positions),
    )


def unseen(position: Position) -> PositionPicture:
    """Return a position as its account has it, without a market: no quotes, no days, no Greeks.

    Parameters
    ----------
    position : Position
        Held or on its way.
    """
    mark = position.mark
    greeks = None if mark is None or not isfinite(mark.greeks.delta) else mark.greeks
    return PositionPicture(
        position_id=position.position_id,
        underlying=position.underlying,
        strategy=position.strategy,
        signal_id=position.signal_id,
        structure=position.structure.name,
        describe=position.structure.describe(),
        state=_state(position),
        opened_at=position.opened_at,
        days=None,
        quantity=position.quantity,
        entry_cents=position.entry_cents,
        mid_cents=None if mark is None else mark.mid_cents,
        exit_cents=None if mark is None else mark.exit_cents,
        profit_mid_cents=position.profit_mid_cents,
        profit_exit_cents=position.profit_exit_cents,
        greeks=greeks,
        estimated_legs=0 if mark is None else mark.estimated_legs,
        max_loss_cents=position.max_loss_cents,
        margin_cents=position.margin_cents,
        grade=position.grade.value,
        because=position.because,
        spot=None,
        rate=None,
        dividend_yield=None,
        legs=tuple(_plain(one) for one in _holdings(position)),
    )


def _position(position: Position, view: MarketView) -> PositionPicture:
    symbol = position.underlying
    chain = view.fresh_chain(symbol)
    legs = tuple(_leg(one, chain, view) for one in _holdings(position))
    expirations = [leg.expiration for leg in legs if leg.expiration is not None]
    return replace(
        unseen(position),
        days=(min(expirations) - view.day).days if expirations else None,
        spot=view.spot(symbol),
        rate=view.rate(),
        dividend_yield=view.dividend_yield(symbol),
        legs=legs,
    )


def _holdings(position: Position) -> tuple[Holding, ...]:
    """Return what is held, or what will be once its order is filled."""
    return position.holdings or tuple(
        Holding(leg.instrument, leg.ratio * position.quantity) for leg in position.structure.legs
    )


def _state(position: Position) -> str:
    if not position.holdings:
        return "opening"
    if position.strategy == EXTERNAL:
        return "external"
    return "closing" if position.closing_order_id else "open"


def _plain(holding: Holding) -> LegPicture:
    instrument, name = holding.instrument, instrument_symbol(holding.instrument)
    if not isinstance(instrument, OptionContract):
        return LegPicture(name, holding.quantity)
    right = instrument.right.value
    return LegPicture(name, holding.quantity, instrument.expiration, right, instrument.strike)


def _leg(holding: Holding, chain: OptionChain | None, view: MarketView) -> LegPicture:
    instrument = holding.instrument
    if not isinstance(instrument, OptionContract):
        return _plain(holding)
    row = None if chain is None else chain.find(instrument)
    quoted: dict[str, int | float | None] = {}
    if chain is not None and row is not None:
        quoted = {
            "bid_cents": _known(int(chain.bid[row])),
            "ask_cents": _known(int(chain.ask[row])),
            "iv": _finite(float(chain.iv[row])),
            "delta": _finite(float(chain.delta[row])),
        }
    settles = view.calendar.settlement_at(instrument)
    years = max(0.0, (settles - view.as_of).total_seconds()) / YEAR
    return replace(_plain(holding), years=years, **quoted)  # type: ignore[arg-type]  # ints are cents


def _known(cents: int) -> int | None:
    return cents if cents >= 0 else None


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
