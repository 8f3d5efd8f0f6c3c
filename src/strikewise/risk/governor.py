"""The governor: what an account that trades must keep as a whole, day by day, beside the limits of a trade.

`strikewise.risk.limits.Limits` says what one more position may be; the governor says what the account may
become, what trips a breaker and what is closed. A share is written as a fraction: 0.05 for 5 %. What was
meant as percent, or with the sign of a loss, is refused by name: an exit at "-0.8" that somebody meant as 8 %
would act at the first tick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite

from strikewise.domain.errors import SettingsError

__all__ = ["BLACKOUTS", "BLACKOUT_KINDS", "Governor", "OnDrawdown"]

BLACKOUT_KINDS = ("CPI", "EARNINGS", "FOMC", "NFP", "PPI")
"""Kinds of announced events around which nothing new may be opened."""

BLACKOUTS: Mapping[str, tuple[float, float]] = {
    "FOMC": (24.0, 1.0),
    "CPI": (16.5, 0.5),
    "NFP": (16.5, 0.5),
    "EARNINGS": (24.0, 24.0),
}
"""Hours before and after: the session before a decision or a figure, until it is in the prices."""

MOST_BLACKOUT_HOURS = 24.0 * 60


class OnDrawdown(StrEnum):
    """What becomes of an account that fell by its limit of a day."""

    FLATTEN = "flatten"
    """All that may be traded is closed, and nothing is opened until a person resumes."""
    REDUCE = "reduce"
    """Nothing is opened until a person resumes; exits go on."""
    HALT = "halt"
    """Nothing but cancels until a person resumes."""


_SHARES: Mapping[str, tuple[float, float]] = {
    "daily_loss": (0.001, 0.5),
    "day_drawdown": (0.001, 0.5),
    "max_value_at_risk": (0.001, 1.0),
    "var_confidence": (0.5, 0.999),
    "max_sector": (0.01, 1.0),
    "max_correlation": (0.01, 1.0),
    "max_delta": (0.0001, 1.0),
    "max_gamma": (0.0001, 1.0),
    "max_vega": (0.0001, 1.0),
    "strategy_drawdown": (0.001, 1.0),
    "regime_confidence": (0.5, 0.999),
}
"""The least and the most that can be meant: what lies outside is percent taken for a fraction, or a slip."""

_COUNTS: Mapping[str, int] = {
    "repeated_losses": 1,
    "errors": 1,
    "rejections": 1,
    "loss_streak": 1,
    "var_sessions": 250,
    "var_least_sessions": 250,
    "correlation_sessions": 20,
}
"""Counts, and the least of each."""

_SPANS = (
    "repeated_loss_minutes",
    "cool_down_hours",
    "stopped_strikes_hours",
    "error_minutes",
    "loss_streak_hours",
)
_FROM_NOUGHT = ("position_loss", "position_loss_premiums", "regime_penalty", "min_hold_hours")


@dataclass(frozen=True, slots=True)
class Governor:
    """What the governor enforces; shares are fractions of equity unless said otherwise.

    Attributes
    ----------
    position_loss : float
        Dollars that closing a position at the touch would lose, at which it is closed; 0 sets none.
    position_loss_premiums : float
        The same for a position that was sold: a multiple of the premium received; 0 sets none.
    daily_loss : float
        Loss since the end of the day before, at exit prices, that ends new risk until the next day.
    day_drawdown : float
        Fall from the day's highest equity, at mid, that does what ``on_drawdown`` says.
    on_drawdown : OnDrawdown
        ``flatten``, ``reduce`` or ``halt``; only a person takes it back.
    max_value_at_risk : float
        Most value at risk of one session after an order, by each of two methods.
    var_confidence : float
        Share of sessions that lose less than the value at risk.
    var_sessions, var_least_sessions : int
        Past sessions whose joint moves are taken, and the least without which it is unknown.
    max_sector : float
        Most that the positions of one sector may have at stake or hold in margin.
    sectors : mapping of str to str
        Sectors of symbols, beside those that strikewise knows; a symbol without one is its own.
    max_correlation : float
        Most correlation, in either direction, of two underlyings that are held together.
    correlation_sessions : int
        Past sessions whose returns are correlated.
    max_delta : float
        Most that a move of every underlying by 1 % may win or lose to first order.
    max_gamma : float
        Most that gamma alone may win or lose in a move of every underlying by 5 %.
    max_vega : float
        Most that a move of every volatility by 5 points may win or lose to first order.
    max_notional : float
        Most notional of an order, as a multiple of equity: contracts of its largest leg, and its shares, at
        the price of the underlying.
    repeated_losses : int
        Losses one after the other on one underlying in one direction
    repeated_loss_minutes : float
        within so many minutes that stop both for
    cool_down_hours : float
        so many hours.
    stopped_strikes_hours : float
        How long the exact strikes of a position that was stopped out are not sold or bought again.
    errors : int
        Errors of brokers or data
    error_minutes : float
        within so many minutes that halt, until as long has passed with fewer.
    rejections : int
        Orders rejected in a row that halt, until a person resumes.
    loss_streak : int
        Losses of a strategy one after the other that stop it for
    loss_streak_hours : float
        so many hours.
    strategy_drawdown : float
        Fall of a strategy's profit from its peak that stops it until a person resumes.
    regime_confidence : float
        Confidence above which a regime that speaks against a direction costs
    regime_penalty : float
        so many points of a signal's score.
    min_hold_hours : float
        How long a position is held before a profit target or a date may close it; stops act at once.
    blackouts : mapping of str to (float, float)
        Hours before and after announced events, by kind, in which nothing is opened.
    blackout_exempt : tuple of str
        Labels of strategies that trade such events on purpose.

    Raises
    ------
    SettingsError
        If a number cannot be meant, or contradicts another.
    """

    position_loss: float = 500.0
    position_loss_premiums: float = 2.0
    daily_loss: float = 0.02
    day_drawdown: float = 0.05
    on_drawdown: OnDrawdown = OnDrawdown.FLATTEN
    max_value_at_risk: float = 0.10
    var_confidence: float = 0.95
    var_sessions: int = 500
    var_least_sessions: int = 250
    max_sector: float = 0.30
    sectors: Mapping[str, str] = field(default_factory=dict)
    max_correlation: float = 0.70
    correlation_sessions: int = 120
    max_delta: float = 0.01
    max_gamma: float = 0.05
    max_vega: float = 0.03
    max_notional: float = 20.0
    repeated_losses: int = 2
    repeated_loss_minutes: float = 60.0
    cool_down_hours: float = 4.0
    stopped_strikes_hours: float = 2.0
    errors: int = 5
    error_minutes: float = 60.0
    rejections: int = 5
    loss_streak: int = 5
    loss_streak_hours: float = 24.0
    strategy_drawdown: float = 0.05
    regime_confidence: float = 0.95
    regime_penalty: float = 15.0
    min_hold_hours: float = 0.0
    blackouts: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(BLACKOUTS))
    blackout_exempt: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, (least, most) in _SHARES.items():
            _check_fraction(name, getattr(self, name), least, most)
        for name, fewest in _COUNTS.items():
            if getattr(self, name) < fewest:
                raise SettingsError(
                    f"The governor's {name} must be at least {fewest}; was {getattr(self, name)}."
                )
        for name in _SPANS:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise SettingsError(f"The governor's {name} must be above 0; was {value:g}.")
        for name in _FROM_NOUGHT:
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0.0):
                raise SettingsError(
                    f"The governor's {name} must be 0 (none) or more, without a sign; was {value:g}."
                )
        if not (isfinite(self.max_notional) and self.max_notional > 0.0):
            raise SettingsError(
                "The governor's max_notional must be a multiple of equity above 0; "
                f"was {self.max_notional:g}."
            )
        _check_order(self)
        for kind, hours in self.blackouts.items():
            _check_blackout(kind, hours)


def _check_fraction(name: str, value: float, least: float, most: float) -> None:
    if isfinite(value) and least <= value <= most:
        return
    hint = ""
    if isfinite(value) and value < 0.0:
        hint = " Limits are written without the sign of a loss."
    if isfinite(value) and abs(value) > most and least <= abs(value) / 100.0 <= most:
        hint += f" If {abs(value):g} % is meant, write {abs(value) / 100.0:g}."
    raise SettingsError(
        f"The governor's {name} must be a fraction from {least:g} to {most:g}, as 0.05 for 5 %; "
        f"was {value:g}.{hint}"
    )


def _check_order(governor: Governor) -> None:
    if governor.daily_loss > governor.day_drawdown:
        raise SettingsError(
            f"The governor's daily_loss ({governor.daily_loss:g}) must not exceed day_drawdown "
            f"({governor.day_drawdown:g}): new risk must end before what is held is closed."
        )
    if governor.var_least_sessions > governor.var_sessions:
        raise SettingsError(
            f"The governor's var_least_sessions ({governor.var_least_sessions}) must not exceed var_sessions "
            f"({governor.var_sessions}): the value at risk would never be known."
        )


def _check_blackout(kind: str, hours: tuple[float, float]) -> None:
    if kind not in BLACKOUT_KINDS:
        raise SettingsError(
            f"The governor's blackouts must be for {', '.join(BLACKOUT_KINDS)}; one was for {kind!r}."
        )
    if not all(isfinite(one) and 0.0 <= one <= MOST_BLACKOUT_HOURS for one in hours):
        raise SettingsError(
            f"The governor's blackout of {kind} must be hours before and after the event, each from 0 to "
            f"{MOST_BLACKOUT_HOURS:g}; was {hours}."
        )
