"""The tables of the settings that say of what people hear, when, and through what. They hold no secret."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from strikewise.adapters.alerts.alert import Level
from strikewise.adapters.alerts.policy import Policy, Quiet
from strikewise.adapters.alerts.rules import Rules, Signals
from strikewise.bootstrap.documents import Table
from strikewise.domain.money import to_cents

__all__ = ["AlertsTable", "ChannelTable", "TelegramTable"]

NAME = re.compile(r"[a-z][a-z0-9_]*")
HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


class ChannelTable(Table):
    """A service that Apprise knows; its address, a secret, comes from the environment or a file.

    Attributes
    ----------
    level
        From which level on it is told: `info`, `warning` or `critical`.
    """

    level: Level = Level.INFO


class AlertsTable(Table):
    """Of what people hear, and when.

    Attributes
    ----------
    signals
        Which signals are told: `none`, `ordered` or `all`.
    least_probability
        Signals with a smaller probability of profit are not told.
    least_score
        Signals with a smaller score are not told.
    least_fill
        Fills that move less cash, in dollars, are not told.
    loss_warns
        Share of what was at stake from which a lost trade is a warning.
    off
        Codes that are not told; what is critical is told all the same.
    levels
        Other levels, by code.
    quiet
        Hours in which only what is critical is told, such as `22:00-07:00`; the rest comes after them.
    zone
        Whose clock they are by.
    rate
        Most messages a minute through each channel; more are told together.
    repeat_minutes
        How long the same trouble is counted instead of told anew.
    channels
        Services by name, in the order in which one stands in for another; Telegram comes first.
    """

    signals: Signals = Signals.ORDERED
    least_probability: float = Field(default=0.0, ge=0, le=1)
    least_score: float = Field(default=0.0, ge=0, le=100)
    least_fill: float = Field(default=0.0, ge=0)
    loss_warns: float = Field(default=0.5, ge=0)
    off: tuple[str, ...] = ()
    levels: dict[str, Level] = Field(default_factory=dict)
    quiet: str = ""
    zone: str = "America/New_York"
    rate: int = Field(default=20, ge=1, le=60)
    repeat_minutes: int = Field(default=15, ge=0, le=24 * 60)
    channels: dict[str, ChannelTable] = Field(default_factory=dict)

    def rules(self) -> Rules:
        """Return what is told."""
        return Rules(
            signals=self.signals,
            least_probability=self.least_probability,
            least_score=self.least_score,
            least_fill_cents=to_cents(self.least_fill),
            loss_warns=self.loss_warns,
            levels=dict(self.levels),
            off=frozenset(self.off),
        )

    def policy(self) -> Policy:
        """Return when, and how much."""
        return Policy(self.rate, self._quiet())

    def repeat(self) -> timedelta:
        """Return how long the same trouble is not told anew."""
        return timedelta(minutes=self.repeat_minutes)

    def _quiet(self) -> Quiet | None:
        if not self.quiet:
            return None
        found = HOURS.fullmatch(self.quiet)
        if found is None:
            raise ValueError(f"quiet hours are written as 22:00-07:00; were {self.quiet!r}")
        first, second, third, fourth = (int(one) for one in found.groups())
        return Quiet(time(first, second), time(third, fourth), ZoneInfo(self.zone))

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be a zone such as America/New_York") from None
        return value

    @field_validator("channels")
    @classmethod
    def _plain_names(cls, value: dict[str, ChannelTable]) -> dict[str, ChannelTable]:
        wrong = [name for name in value if not NAME.fullmatch(name) or name == "telegram"]
        if wrong:
            raise ValueError(
                f"a channel's name is small letters, digits and underscores, and not telegram; "
                f"was {', '.join(wrong)}"
            )
        return value

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        self.policy()
        return self


class TelegramTable(Table):
    """The Telegram bot, and who may speak with it. Its token comes from the environment or a file.

    Attributes
    ----------
    chats
        Ids of the chats that are told, and in which commands are heard; without one there is no bot.
    users
        Ids of the people whose commands are heard, in those chats only.
    level
        From which level on it is told.
    base_url
        The Bot API up to and without the token.
    """

    chats: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    level: Level = Level.INFO
    base_url: str = "https://api.telegram.org/bot"
