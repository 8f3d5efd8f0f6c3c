"""A trade in plain values, for JSON and tables."""

from __future__ import annotations

from strikewise.domain.money import to_dollars
from strikewise.portfolio.journal_rows import TradeRow

__all__ = ["trade_as_dict"]


def trade_as_dict(trade: TradeRow) -> dict[str, object]:
    """Return a trade in its JSON form: dollars for all units, fractions, ISO times."""

    def dollars(cents: int | None) -> float | None:
        return None if cents is None else to_dollars(cents)

    return {
        "trade_id": trade.trade_id,
        "campaign_id": trade.campaign_id,
        "strategy": trade.strategy,
        "underlying": trade.underlying,
        "structure": trade.structure,
        "legs": trade.legs,
        "quantity": trade.quantity,
        "opened_at": trade.opened_at.isoformat(),
        "closed_at": None if trade.closed_at is None else trade.closed_at.isoformat(),
        "entry": dollars(trade.entry_cents),
        "exit": dollars(trade.exit_cents),
        "fees": dollars(trade.fees_cents),
        "pnl": dollars(trade.profit_cents),
        "return_on_risk": trade.return_on_risk,
        "return_on_margin": trade.return_on_margin,
        "days_held": trade.days_held,
        "exit_reason": trade.exit_reason,
        "grade": trade.grade,
        "max_loss": dollars(trade.max_loss_cents),
        "margin": dollars(trade.margin_cents),
        "probability_of_profit": trade.probability_of_profit,
        "score": trade.score,
        "regime": trade.regime,
        "estimated_marks": trade.estimated_marks,
        "policy_fills": trade.policy_fills,
    }
