"""Ask the gate under a governor: a market of three underlyings, spreads on them, and what it answers."""

from __future__ import annotations

from execution.tapes import put
from risk.risk_markets import EXPIRY, account, closes, held, signal_of, view_of, volatility_index
from strikewise.domain.control import TradingState
from strikewise.domain.denials import DenialCode
from strikewise.domain.portfolio import Portfolio, Position
from strikewise.market.view import MarketView
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.gate import Approved, Denied, GateControl, judge
from strikewise.risk.governor import Governor
from strikewise.risk.limits import Limits

SPOTS = {"SPY": 500.0, "QQQ": 400.0, "TLT": 95.0}
MARKET = closes("SPY", 500.0, seed=7)
BARS = [
    MARKET,
    closes("QQQ", 400.0, seed=8, of=MARKET, share=0.95),
    closes("TLT", 95.0, seed=9),
    volatility_index(MARKET),
]
VIEW = view_of(SPOTS, bars=BARS)
WIDE = Limits(
    max_loss_per_trade=1.0, max_margin_per_trade=1.0, max_at_risk=1.0, max_margin=1.0, max_per_underlying=10
)
LOOSE = Governor(max_correlation=1.0, max_sector=1.0, max_delta=1.0, max_gamma=1.0, max_vega=1.0,
                 max_value_at_risk=1.0, max_notional=1e6, blackouts={})  # fmt: skip
SPREAD = {put(480, EXPIRY): -1, put(470, EXPIRY): 1}


def spread(
    short: int = 480, *, underlying: str = "SPY", width: int = 10, many: int = 1, **more: object
) -> Position:
    legs = {put(short, EXPIRY, underlying): -1, put(short - width, EXPIRY, underlying): 1}
    return held(
        legs,
        quantity=many,
        max_loss=9_000 * width * many,
        margin=10_000 * width * many,
        **more,  # type: ignore[arg-type]
    )


def control(
    rules: Governor = LOOSE,
    view: MarketView = VIEW,
    state: TradingState = TradingState.ACTIVE,
    **more: object,
) -> GateControl:
    return GateControl(AccountRisk(view, rules), state, **more)  # type: ignore[arg-type]


def verdict(
    wish: Position,
    portfolio: Portfolio | None = None,
    rules: Governor = LOOSE,
    *,
    score: float = 80.0,
    gate: GateControl | None = None,
    view: MarketView = VIEW,
) -> Approved | Denied:
    asked = gate or control(rules, view)
    return judge(wish, signal_of(wish, score=score), portfolio or account(), WIDE, view, asked)


def denied(answer: object, code: DenialCode) -> str:
    assert isinstance(answer, Denied), answer
    assert answer.code is code, answer
    return answer.detail
