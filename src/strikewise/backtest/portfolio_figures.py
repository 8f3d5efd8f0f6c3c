"""A run as a portfolio: its strategies, months, regimes and campaigns, in the form every face prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from strikewise.domain.money import to_dollars
from strikewise.portfolio.campaigns import Campaign, campaigns_of
from strikewise.portfolio.journal import Journal
from strikewise.portfolio.journal_rows import EquityRow
from strikewise.portfolio.regime_figures import RegimeFigures, regime_figures
from strikewise.portfolio.strategy_curves import (
    MonthOfStrategies,
    StrategyCurves,
    StrategyFigures,
    correlations,
    curves_of,
    months_of,
    strategy_figures,
)

__all__ = ["PortfolioFigures", "portfolio_figures"]


@dataclass(frozen=True, slots=True)
class PortfolioFigures:
    """The parts that make up an account's result.

    Attributes
    ----------
    curves : StrategyCurves
        What each strategy had brought at the end of each session.
    strategies : tuple of StrategyFigures
        What each came to.
    months : tuple of MonthOfStrategies
        Each month, by strategy and together.
    correlation : tuple of tuple of (float or None)
        Of daily profits, in the order of ``strategies``.
    regimes : tuple of RegimeFigures
        Days and trades by regime.
    campaigns : tuple of Campaign
        Chains of rolls.
    """

    curves: StrategyCurves
    strategies: tuple[StrategyFigures, ...]
    months: tuple[MonthOfStrategies, ...]
    correlation: tuple[tuple[float | None, ...], ...]
    regimes: tuple[RegimeFigures, ...]
    campaigns: tuple[Campaign, ...]

    def as_dict(self) -> dict[str, object]:
        """Return the JSON form: dollars, fractions, ISO times."""
        labels = [one.strategy for one in self.strategies]
        return {
            "strategies": [_figures(one) for one in self.strategies],
            "months": [_month(one) for one in self.months],
            "correlation": {"strategies": labels, "matrix": [list(row) for row in self.correlation]},
            "regimes": [_regime(one) for one in self.regimes],
            "campaigns": [_campaign(one) for one in self.campaigns],
            "daily": {
                label: [to_dollars(cents) for cents in curve]
                for label, curve in self.curves.by_strategy.items()
            },
        }


def portfolio_figures(
    capital_cents: int, labels: Sequence[str], journal: Journal, equity: Sequence[EquityRow]
) -> PortfolioFigures:
    """Return a run's figures as a portfolio.

    Parameters
    ----------
    capital_cents : int
        Equity before the first session.
    labels : sequence of str
        The strategies of the run.
    journal : Journal
        Its rows.
    equity : sequence of EquityRow
        The last of each session, in order.
    """
    curves = curves_of(capital_cents, labels, equity, journal.strategies)
    return PortfolioFigures(
        curves=curves,
        strategies=strategy_figures(curves, journal.trades, journal.signals),
        months=months_of(curves),
        correlation=correlations(curves),
        regimes=regime_figures(capital_cents, equity, journal.trades),
        campaigns=campaigns_of(journal.trades),
    )


def _figures(one: StrategyFigures) -> dict[str, object]:
    row = asdict(one)
    return {"pnl" if name == "profit" else name: value for name, value in row.items()}


def _month(one: MonthOfStrategies) -> dict[str, object]:
    return {
        "year": one.year,
        "month": one.month,
        "strategies": dict(one.by_strategy),
        "account": one.own,
        "pnl": one.combined,
    }


def _regime(one: RegimeFigures) -> dict[str, object]:
    names = {"profit": "pnl", "trade_profit": "trade_pnl"}
    return {names.get(name, name): value for name, value in asdict(one).items()}


def _campaign(one: Campaign) -> dict[str, object]:
    def dollars(cents: int | None) -> float | None:
        return None if cents is None else to_dollars(cents)

    return {
        "campaign_id": one.campaign_id,
        "strategy": one.strategy,
        "underlying": one.underlying,
        "positions": len(one.steps),
        "rolls": one.rolls,
        "opened_at": one.opened_at.isoformat(),
        "closed_at": None if one.closed_at is None else one.closed_at.isoformat(),
        "days": one.days,
        "pnl": to_dollars(one.profit_cents),
        "fees": to_dollars(one.fees_cents),
        "max_loss": dollars(one.largest_loss_cents),
        "steps": [
            {
                "trade_id": step.trade_id,
                "structure": step.structure,
                "opened_at": step.opened_at.isoformat(),
                "pnl": dollars(step.profit_cents),
                "running": dollars(step.running_cents),
            }
            for step in one.steps
        ],
    }
