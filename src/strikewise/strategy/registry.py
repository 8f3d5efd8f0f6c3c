"""The strategies that come with strikewise, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from strikewise.strategy.api import Strategy
from strikewise.strategy.library.breakout import Breakout
from strikewise.strategy.library.broken_wing_butterfly import BrokenWingButterfly
from strikewise.strategy.library.butterfly import Butterfly
from strikewise.strategy.library.calendar import Calendar
from strikewise.strategy.library.cash_secured_put import CashSecuredPut
from strikewise.strategy.library.covered_call import CoveredCall
from strikewise.strategy.library.credit_spread import CreditSpread
from strikewise.strategy.library.debit_spread import DebitSpread
from strikewise.strategy.library.diagonal import Diagonal
from strikewise.strategy.library.earnings_window import EarningsWindow
from strikewise.strategy.library.gamma_lotto import GammaLotto
from strikewise.strategy.library.hedge_overlay import HedgeOverlay
from strikewise.strategy.library.index_buy_write import IndexBuyWrite
from strikewise.strategy.library.index_condor import IndexCondor
from strikewise.strategy.library.index_protective_put import IndexProtectivePut
from strikewise.strategy.library.index_put_write import IndexPutWrite
from strikewise.strategy.library.iron_butterfly import IronButterfly
from strikewise.strategy.library.iron_condor import IronCondor
from strikewise.strategy.library.long_option import LongOption
from strikewise.strategy.library.mean_reversion import MeanReversion
from strikewise.strategy.library.momentum import Momentum
from strikewise.strategy.library.naked_put import NakedPut
from strikewise.strategy.library.ratio_spread import RatioSpread
from strikewise.strategy.library.straddle import POST_EVENT_STRADDLE, PRE_EVENT_STRADDLE, SHORT_STRADDLE
from strikewise.strategy.library.strangle import POST_EVENT_STRANGLE, PRE_EVENT_STRANGLE, SHORT_STRANGLE
from strikewise.strategy.library.wheel import Wheel

__all__ = ["STRATEGIES"]

_ALL: tuple[Strategy, ...] = (
    Calendar(),
    CashSecuredPut(),
    CoveredCall(),
    Breakout(),
    BrokenWingButterfly(),
    Butterfly(),
    DebitSpread(),
    Diagonal(),
    EarningsWindow(),
    GammaLotto(),
    HedgeOverlay(),
    IronButterfly(),
    LongOption(),
    RatioSpread(),
    CreditSpread(),
    IronCondor(),
    MeanReversion(),
    Momentum(),
    NakedPut(),
    Wheel(),
    POST_EVENT_STRANGLE,
    PRE_EVENT_STRANGLE,
    SHORT_STRANGLE,
    POST_EVENT_STRADDLE,
    PRE_EVENT_STRADDLE,
    SHORT_STRADDLE,
    IndexBuyWrite(),
    IndexCondor(),
    IndexProtectivePut(),
    IndexPutWrite(),
)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({strategy.name: strategy for strategy in _ALL})
"""Each under the name that specifications and ledger use."""
