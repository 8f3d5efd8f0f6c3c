"""What the gate is told of the account as a whole: who may trade, what is stopped, and the governor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strikewise.domain.brokerage import Capabilities
from strikewise.domain.control import TradingState
from strikewise.market.view import MarketView
from strikewise.portfolio.controls import ControlState, TrippedBreaker
from strikewise.risk.account_risk import AccountRisk
from strikewise.risk.governor import Governor

__all__ = ["GateControl"]


@dataclass(frozen=True, slots=True)
class GateControl:
    """Everything that `strikewise.risk.gate` asks beside the limits of one trade.

    Attributes
    ----------
    risk : AccountRisk
        The market as the limits of the account look at it, and the governor.
    state : TradingState
        What may be sent.
    frozen : mapping of str to str
        Underlyings on which nothing new is traded, and why.
    breakers : tuple of TrippedBreaker
        Those that hold.
    least_scores : mapping of str to float
        The least score of each strategy's signals, by label; 0 where it has none.
    broker : Capabilities or None
        What the broker takes in one order; None where it takes everything.
    """

    risk: AccountRisk
    state: TradingState = TradingState.ACTIVE
    frozen: Mapping[str, str] = field(default_factory=dict)
    breakers: tuple[TrippedBreaker, ...] = ()
    least_scores: Mapping[str, float] = field(default_factory=dict)
    broker: Capabilities | None = None

    @classmethod
    def of(
        cls,
        control: ControlState,
        governor: Governor,
        view: MarketView,
        *,
        state: TradingState | None = None,
        least_scores: Mapping[str, float] | None = None,
    ) -> GateControl:
        """Return the control of a view.

        Parameters
        ----------
        control : ControlState
            Who may trade, as folded.
        governor : Governor
            The limits.
        view : MarketView
            The instant.
        state : TradingState, optional
            What may be sent, where a flag or a waiting request makes it stricter than the fold says.
        least_scores : mapping of str to float, optional
            As in `GateControl`.
        """
        now = control.at(view.as_of)
        return cls(
            AccountRisk(view, governor),
            control.state if state is None else state,
            control.frozen,
            now.breakers,
            least_scores or {},
        )

    @property
    def governor(self) -> Governor:
        """The limits."""
        return self.risk.governor
