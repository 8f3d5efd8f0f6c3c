"""What a verdict says in words; never a promise of profit."""

from __future__ import annotations

from collections.abc import Sequence

from strikewise.backtest.evidence.checks import Check
from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.moments import annual_sharpe
from strikewise.backtest.evidence.robustness import growth_a_year
from strikewise.backtest.evidence.significance import probabilistic_sharpe

__all__ = ["conclusion"]


def conclusion(
    evidence: Evidence,
    checks: Sequence[Check],
    *,
    score: tuple[float, float],
    gate: tuple[float, float],
    passed: bool,
) -> tuple[str, ...]:
    """Return the verdict in plain words, a paragraph each.

    Parameters
    ----------
    evidence, checks
        What was found, and how the hard checks went.
    score, gate : (float, float)
        What was reached, and what is asked.
    passed : bool
        Whether all of it holds.
    """
    failed = [check.name for check in checks if not check.passed]
    history, bands = evidence.history, evidence.bands
    growth, annual = growth_a_year(history.returns), annual_sharpe(history.sharpe())
    first = (
        "Passed: the usual ways to fool oneself do not explain this result. That promises nothing."
        if passed
        else "Not shown to be an edge."
    )
    reasons = []
    if failed:
        reasons.append(f"{len(failed)} of {len(checks)} hard checks failed ({', '.join(failed)})")
    if score[0] < score[1]:
        reasons.append(f"the overfit score is {score[0]:.2f} and {score[1]:.2f} is asked")
    if gate[0] < gate[1]:
        reasons.append(f"the deflated gate stands at {gate[0]:.2f} and {gate[1]:.2f} is asked")
    verdict = f"{first} {_sentence('; '.join(reasons))}".strip()
    what = f"It grew by {growth:.1%} a year with a Sharpe ratio of {annual:.2f} and a worst fall of "
    what += f"{history.drawdown:.1%}, in {history.trades:,} closed trades."
    if bands is not None:
        what += (
            f" Drawn anew in blocks of days, nine lives in ten grow by {bands.annual_return.low:.1%} to "
            f"{bands.annual_return.high:.1%} a year, with a ratio of {bands.sharpe.low:.2f} to "
            f"{bands.sharpe.high:.2f} and a worst fall of {bands.drawdown.low:.0%} to "
            f"{bands.drawdown.high:.0%}."
        )
    return tuple(one for one in (verdict, what, _luck(evidence), _market(evidence)) if one)


def _luck(evidence: Evidence) -> str:
    moments, deflation = evidence.history.moments, evidence.deflation
    if moments is None or deflation is None:
        return "There are too few days, or they never moved: nothing can be said about luck."
    alone, ideas = probabilistic_sharpe(moments), evidence.trials.effective
    return (
        f"Seen alone, its ratio is above zero with a probability of {alone:.1%}. After the "
        f"{evidence.trials.raw:,} configurations ever tried here ({ideas:.0f} different "
        f"{'idea' if round(ideas) == 1 else 'ideas'}), {deflation.probability:.1%} are left."
    )


def _market(evidence: Evidence) -> str:
    market = evidence.market
    if market is None:
        return ""
    kind = "and that may be chance" if abs(market.t) < 1.96 else "and that is hardly chance"
    verb = "earns" if market.alpha >= 0.0 else "loses"
    return (
        f"Held against the underlying it moves {market.beta:.2f} for one, and {verb} "
        f"{abs(market.alpha):.1%} a year beside that (t {market.t:.1f}, {kind})."
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""
