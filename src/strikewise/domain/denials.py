"""Why something was not traded: one code for each reason, of strategies and of the risk gate alike."""

from __future__ import annotations

from enum import StrEnum


class DenialCode(StrEnum):
    """A reason in the form ``CATEGORY_CONDITION``; ``meaning`` is the sentence the documentation prints.

    ``ENTRY`` codes say that a strategy's own filter is not met, ``QUOTE`` and ``DATA`` that the market data
    do not carry a decision, ``STRUCTURE`` and ``CREDIT`` that no fitting legs are listed, ``SIZE`` that
    nothing fits the capital, ``RISK``, ``PORTFOLIO`` and ``MARKET`` that the gate refuses, ``BREAKER`` and
    ``STATE`` that what happened before, or a person, keeps it shut.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> DenialCode:
        """Make a code that is its own text and carries its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    @property
    def category(self) -> str:
        """The part before the first underscore."""
        return self.value.partition("_")[0]

    ENTRY_IV_RANK = "ENTRY_IV_RANK", "The IV rank is below the strategy's minimum."
    ENTRY_IV_RANK_UNKNOWN = (
        "ENTRY_IV_RANK_UNKNOWN",
        "An IV rank is asked for, but the history is too short to know it.",
    )
    ENTRY_TREND = "ENTRY_TREND", "The trend is not the one the strategy needs."
    ENTRY_TREND_UNKNOWN = (
        "ENTRY_TREND_UNKNOWN",
        "A trend is asked for, but the history is too short for the averages.",
    )
    ENTRY_REGIME = "ENTRY_REGIME", "The market regime is one the strategy stays out of."
    ENTRY_REGIME_UNKNOWN = (
        "ENTRY_REGIME_UNKNOWN",
        "A crash is to be avoided, but the market regime is not known.",
    )
    ENTRY_PROBABILITY = "ENTRY_PROBABILITY", "The probability of profit is below the strategy's minimum."
    ENTRY_SCORE = "ENTRY_SCORE", "The score is below the strategy's minimum."
    ENTRY_EDGE = "ENTRY_EDGE", "The expected profit after costs is below the strategy's minimum."
    ENTRY_IV_HIGH = "ENTRY_IV_HIGH", "The IV rank is above the strategy's maximum."
    ENTRY_CONVICTION = "ENTRY_CONVICTION", "The conviction in a direction is below the strategy's minimum."
    ENTRY_CONVICTION_UNKNOWN = (
        "ENTRY_CONVICTION_UNKNOWN",
        "A conviction is asked for, but the history is too short for it.",
    )
    ENTRY_INSIDE = "ENTRY_INSIDE", "The price lies inside the range, or not outside it on the wanted side."
    ENTRY_OVERDONE = "ENTRY_OVERDONE", "The relative strength is too extreme already."
    ENTRY_VOLUME = "ENTRY_VOLUME", "The volume of the session is too small for a breakout."
    ENTRY_REACTION = "ENTRY_REACTION", "The report moved the price too little, or the other way."
    ENTRY_LIQUIDITY = "ENTRY_LIQUIDITY", "The shares are too cheap, or too few of them were traded."
    ENTRY_VIX = "ENTRY_VIX", "VIX is not where the strategy buys."
    ENTRY_NO_INDEX = "ENTRY_NO_INDEX", "The underlying is neither an index nor a fund on one."
    ENTRY_TERM = "ENTRY_TERM", "The near implied volatility lies too far below the later one."
    ENTRY_NO_EVENT = "ENTRY_NO_EVENT", "No announced event lies in the days that the strategy waits for."

    QUOTE_MISSING = "QUOTE_MISSING", "A leg has no bid or no ask."
    QUOTE_ZERO_BID = "QUOTE_ZERO_BID", "A leg to be sold has a bid of zero."
    QUOTE_CROSSED = "QUOTE_CROSSED", "The ask of a leg is not above its bid."
    QUOTE_WIDE = "QUOTE_WIDE", "The spread between bid and ask of a leg is too wide."
    QUOTE_FLAWED = (
        "QUOTE_FLAWED",
        "A leg's quote is below intrinsic value, off parity or has no volatility.",
    )
    QUOTE_STALE = "QUOTE_STALE", "A leg's quote has not changed and nothing traded: it is stale."
    QUOTE_ILLIQUID = "QUOTE_ILLIQUID", "A leg has less open interest or volume than is asked for."

    DATA_NO_CHAIN = "DATA_NO_CHAIN", "There is no option chain for the underlying."
    DATA_STALE = "DATA_STALE", "The latest chain is too old to be traded on."
    DATA_NO_SPOT = "DATA_NO_SPOT", "The price of the underlying is unknown."
    DATA_SPOT = "DATA_SPOT", "The price of the underlying contradicts the option quotes."
    DATA_NO_DELTA = "DATA_NO_DELTA", "A contract has no delta."
    DATA_NO_VOLATILITY = "DATA_NO_VOLATILITY", "A contract has no implied volatility."
    DATA_NO_RATE = "DATA_NO_RATE", "No interest rate is known."
    DATA_NO_HISTORY = "DATA_NO_HISTORY", "There are too few daily bars for what the strategy looks at."
    DATA_NO_VIX = "DATA_NO_VIX", "The level of VIX, or its past, is not known."
    DATA_NO_EVENTS = (
        "DATA_NO_EVENTS",
        "No calendar of the events that the strategy trades is known, a year back and ahead.",
    )

    STRUCTURE_NO_EXPIRATION = "STRUCTURE_NO_EXPIRATION", "No expiration is listed in the range of days."
    STRUCTURE_NO_SHORT = "STRUCTURE_NO_SHORT", "No listed strike lies in the band for the short leg."
    STRUCTURE_NO_WING = "STRUCTURE_NO_WING", "No strike is listed at the width of the wing."
    STRUCTURE_NO_LATER = (
        "STRUCTURE_NO_LATER",
        "No expiration is listed in the range of days after the near one.",
    )
    STRUCTURE_NO_SHARES = "STRUCTURE_NO_SHARES", "The underlying is an index, which has no shares to be held."
    STRUCTURE_NO_OTHER_SIDE = "STRUCTURE_NO_OTHER_SIDE", "Only one side of the structure could be built."

    CREDIT_TOO_SMALL = "CREDIT_TOO_SMALL", "The credit at the touch is below the strategy's minimum."
    CREDIT_TOO_LARGE = (
        "CREDIT_TOO_LARGE",
        "The credit at the touch is above the strategy's maximum, or as large as the width.",
    )
    CREDIT_SLIPPAGE = "CREDIT_SLIPPAGE", "Too much of the credit at mid is lost to the spread at the touch."

    DEBIT_TOO_LARGE = (
        "DEBIT_TOO_LARGE",
        "The debit at the touch is above the strategy's maximum, or as large as what it can pay.",
    )
    ENTRY_COST = (
        "ENTRY_COST",
        "Crossing the spread on the way in costs too much of what is at stake.",
    )
    ENTRY_MOVED = (
        "ENTRY_MOVED",
        "The entry has become too much dearer since a person saw the signal and took it.",
    )

    SIZE_ZERO = "SIZE_ZERO", "Not even one unit fits the capital and the risk that the strategy takes."

    RISK_MAX_LOSS = "RISK_MAX_LOSS", "The position could lose more than the limit of one trade."
    RISK_UNBOUNDED = "RISK_UNBOUNDED", "The loss of the structure has no bound, and limits do not allow it."
    RISK_AT_RISK = "RISK_AT_RISK", "The capital at risk of all positions would exceed its limit."
    RISK_MARGIN = "RISK_MARGIN", "The margin needed exceeds the free capital."
    RISK_ORDER_SIZE = "RISK_ORDER_SIZE", "The order has more contracts of a leg than are allowed."

    RISK_NOTIONAL = "RISK_NOTIONAL", "The order's notional is more of the equity than is allowed."
    RISK_DELTA = "RISK_DELTA", "The account would lean further up or down than its limit of delta."
    RISK_GAMMA = "RISK_GAMMA", "The account would bend more under a large move than its limit of gamma."
    RISK_VEGA = "RISK_VEGA", "The account would hang more on volatility than its limit of vega."
    RISK_VAR = "RISK_VAR", "The value at risk of the account would exceed its limit."
    RISK_UNKNOWN = (
        "RISK_UNKNOWN",
        "A number that a limit of the account needs is not known: what is unknown is not sent. `doctor` says "
        "what to import.",
    )
    RISK_SECTOR = "RISK_SECTOR", "Too much of the equity would hang on one sector."
    RISK_CORRELATION = (
        "RISK_CORRELATION",
        "The underlying moves too closely with, or against, another that is held: `governor.max_correlation` "
        "says how closely two may.",
    )

    PORTFOLIO_POSITIONS = "PORTFOLIO_POSITIONS", "As many positions are open as are allowed."
    PORTFOLIO_NEW_TODAY = "PORTFOLIO_NEW_TODAY", "As many positions were opened this session as are allowed."
    PORTFOLIO_UNDERLYING = (
        "PORTFOLIO_UNDERLYING",
        "As many positions are open in the underlying as are allowed.",
    )
    PORTFOLIO_STRATEGY = "PORTFOLIO_STRATEGY", "As many positions of the strategy are open as are allowed."
    PORTFOLIO_ALLOCATION = (
        "PORTFOLIO_ALLOCATION",
        "The strategy's share of the account is used up, or it has none in the present regime.",
    )
    PORTFOLIO_UNIVERSE = "PORTFOLIO_UNIVERSE", "The underlying is not one that the run may trade."
    PORTFOLIO_BROKER = (
        "PORTFOLIO_BROKER",
        "The broker takes no such order: shares and options together, or more legs than it allows.",
    )
    PORTFOLIO_DUPLICATE = "PORTFOLIO_DUPLICATE", "The same structure is already held or ordered."
    PORTFOLIO_CONFLICT = (
        "PORTFOLIO_CONFLICT",
        "A leg is held on the other side, or a closing order works on it.",
    )
    PORTFOLIO_NOT_HELD = (
        "PORTFOLIO_NOT_HELD",
        "The order would close more than the position holds.",
    )

    PORTFOLIO_EXTERNAL = (
        "PORTFOLIO_EXTERNAL",
        "Nobody here opened the position: it is counted, and not traded until somebody claims it.",
    )
    PORTFOLIO_HOLD = (
        "PORTFOLIO_HOLD",
        "The position was opened too short a while ago to be closed for this reason.",
    )

    MARKET_CLOSED = "MARKET_CLOSED", "The market of the instrument is closed."
    MARKET_ADJUSTED = (
        "MARKET_ADJUSTED",
        "A split would make adjusted contracts of the legs before the next session.",
    )
    MARKET_EXPIRED = "MARKET_EXPIRED", "A leg can no longer be traded."
    MARKET_BLACKOUT = "MARKET_BLACKOUT", "An announced event is too near for anything to be opened."

    BREAKER_COOL_DOWN = (
        "BREAKER_COOL_DOWN",
        "The last trades on this underlying in this direction were losses: it has to cool down.",
    )
    BREAKER_STRIKES = "BREAKER_STRIKES", "These very strikes were stopped out a short while ago."
    BREAKER_STRATEGY = "BREAKER_STRATEGY", "The strategy is stopped by its losses or its drawdown."
    BREAKER_REGIME = (
        "BREAKER_REGIME",
        "The market's regime speaks against the direction, and without its points the score is too low.",
    )

    STATE_REDUCING = "STATE_REDUCING", "Only what closes or reduces is sent: no new risk."
    STATE_HALTED = "STATE_HALTED", "Trading is halted: nothing but cancels is sent."
    STATE_FROZEN = "STATE_FROZEN", "The underlying is frozen until a person has looked."
