"""What a strategy's closed trades came to so far: sums that grow by one trade at a time."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NO_TRADES", "TrackRecord"]


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The closed trades of one strategy on one account.

    A trade's return is its profit after fees over the capital it held at entry. A trade that held none has
    a profit and no return.

    Attributes
    ----------
    trades, won : int
        Trades closed, and those of them with a profit above zero.
    profit_cents : int
        Profit of all, after fees.
    measured : int
        Trades that have a return.
    returns, squares : float
        Sums of their returns and of the squares, as fractions.
    """

    trades: int = 0
    won: int = 0
    profit_cents: int = 0
    measured: int = 0
    returns: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float | None:
        """Mean return; None without trades."""
        return self.returns / self.measured if self.measured else None

    @property
    def mean_square(self) -> float | None:
        """Mean of the squared returns; None without trades."""
        return self.squares / self.measured if self.measured else None

    def changed(self, profit_cents: int, stake_cents: int, *, times: int = 1) -> TrackRecord:
        """Return the record with a trade more, or (``times=-1``) without one that turned out still open."""
        measured = stake_cents > 0
        gain = profit_cents / stake_cents if measured else 0.0
        return TrackRecord(
            trades=self.trades + times,
            won=self.won + times * (profit_cents > 0),
            profit_cents=self.profit_cents + times * profit_cents,
            measured=self.measured + times * measured,
            returns=self.returns + times * gain,
            squares=self.squares + times * gain * gain,
        )


NO_TRADES = TrackRecord()
"""The record of a strategy that has closed nothing yet."""
