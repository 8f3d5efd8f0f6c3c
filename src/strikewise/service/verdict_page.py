"""A validation in the JSON form that every face prints: dollars nowhere, fractions, ISO dates."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strikewise.backtest.evidence.findings import Evidence
from strikewise.backtest.evidence.moments import annual_sharpe
from strikewise.backtest.evidence.resampling import Band, Bands, Lives
from strikewise.backtest.evidence.robustness import growth_a_year
from strikewise.backtest.evidence.significance import (
    benjamini_yekutieli,
    haircut_sharpe,
    holm,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_p_value,
    shortest_sample_years,
)
from strikewise.backtest.evidence.superiority import Superiority
from strikewise.backtest.evidence.walk_forward import WalkForward
from strikewise.domain.instruments import date_of
from strikewise.service.validate import Validation

__all__ = ["page_of"]

Array = NDArray[np.float64]

HISTOGRAM_BINS = 24
EDGE = 1e-6
PERCENTILES = ("p05", "p25", "p50", "p75", "p95")


def page_of(found: Validation) -> dict[str, Any]:
    """Return a validation as JSON values."""
    evidence, result = found.evidence, found.result
    history = evidence.history
    days = [date_of(day).isoformat() for day in history.days.tolist()]
    return {
        "title": result.title,
        "grade": result.grade.value,
        "fingerprint": result.fingerprint,
        "underlyings": list(result.prices),
        "first": days[0],
        "last": days[-1],
        "sessions": len(days),
        "settings": _settings(found),
        "summary": {
            **_figures(history.returns),
            "trades": history.trades,
            "total_return": history.total_return,
        },
        "verdict": found.verdict.as_dict(),
        "significance": _significance(found),
        "trials": _trials(evidence),
        "overfitting": _overfitting(evidence),
        "superiority": {
            "cash": _superiority(evidence.superiority, found.choices),
            "market": _superiority(found.against_market, found.choices),
        },
        "bands": _bands(evidence.bands),
        "walk_forward": {"rolling": _walk(evidence.rolling), "anchored": _walk(evidence.anchored)},
        **_robustness(evidence),
        "lives": _all_lives(found),
        "baselines": [
            {"name": one.name, **_figures(one.returns), "curve": _curve(one.returns)}
            for one in found.baselines
        ],
        "market": _market(evidence),
        "days": days,
        "curve": _curve(history.returns),
        "spec": dict(result.spec),
        "data": dict(result.data),
        "chains": [one.as_dict() for one in result.chains],
    }


def _settings(found: Validation) -> dict[str, int]:
    return {
        "seed": found.seed,
        "paths": found.effort.paths,
        "near": len(found.evidence.sensitivity.sharpes),
        "choices": len(found.choices),
        "starts": len(found.evidence.starts),
    }


def _figures(returns: Array) -> dict[str, float]:
    curve = np.cumprod(np.concatenate([[1.0], 1.0 + returns]))
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return {
        "annual_return": growth_a_year(returns),
        "sharpe": annual_sharpe(float(returns.mean()) / spread) if spread > 1e-12 else 0.0,
        "max_drawdown": float((curve / np.maximum.accumulate(curve) - 1.0).min()),
    }


def _curve(returns: Array) -> list[float]:
    """Return growth of one, rounded: a page needs no more."""
    return [round(value, 6) for value in np.cumprod(1.0 + returns).tolist()]


def _significance(found: Validation) -> dict[str, Any]:
    evidence = found.evidence
    moments, deflation = evidence.history.moments, evidence.deflation
    if moments is None or deflation is None:
        return {"known": False}
    ratios = [(one.trial, one.sharpe, one.sessions) for one in found.trials if one.sharpe is not None]
    p_values = [sharpe_p_value(sharpe, sessions) for _, sharpe, sessions in ratios]
    own = sharpe_p_value(moments.sharpe, moments.observations)
    raw = max(1, evidence.trials.raw)
    place = next((row for row, one in enumerate(ratios) if one[0] == found.trial), None)
    adjusted = {
        "bonferroni": min(1.0, raw * own),
        "holm": None if place is None else float(holm(p_values)[place]),
        "bhy": None if place is None else float(benjamini_yekutieli(p_values)[place]),
    }
    count, earns = moments.observations, moments.sharpe > 0.0
    return {
        "known": True,
        "skew": moments.skew,
        "kurtosis": moments.kurtosis,
        "probabilistic": probabilistic_sharpe(moments),
        "deflated": deflation.probability,
        "deflated_by_raw": deflation.by_raw,
        "deflated_by_ideas": deflation.by_effective,
        "bar_sharpe": annual_sharpe(deflation.bar),
        "needed_sessions": _finite(minimum_track_record(moments)),
        "needed_years": _finite(
            shortest_sample_years(max(1.0, evidence.trials.effective), annual_sharpe(moments.sharpe))
        ),
        "p_value": own,
        "haircut": {
            name: None
            if p is None
            else {"p_value": p, "sharpe": annual_sharpe(haircut_sharpe(p, count)) if earns else 0.0}
            for name, p in adjusted.items()
        },
    }


def _trials(evidence: Evidence) -> dict[str, Any]:
    count = evidence.trials
    return {
        "raw": count.raw,
        "measured": count.measured,
        "ideas": count.effective,
        "deviation_sharpe": annual_sharpe(count.deviation),
        "families": dict(sorted(count.by_family.items(), key=lambda one: -one[1])),
    }


def _overfitting(evidence: Evidence) -> dict[str, Any] | None:
    found = evidence.overfitting
    if found is None:
        return None
    # A rank in the very middle counts as the worse half, so that its bin must end there.
    reach = max(0.1, float(np.abs(found.logits).max()) + EDGE)
    counts, edges = np.histogram(found.logits - EDGE, bins=HISTOGRAM_BINS, range=(-reach, reach))
    return {
        "probability": found.probability,
        "splits": found.splits,
        "configurations": found.configurations,
        "loss_probability": found.loss_probability,
        "slope": found.slope,
        "logits": {"edges": [round(edge, 4) for edge in edges.tolist()], "counts": counts.tolist()},
    }


def _superiority(found: Superiority | None, names: Sequence[str]) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "p_value": found.p_value,
        "p_lower": found.p_lower,
        "p_upper": found.p_upper,
        "better": [names[column] for column in found.better],
    }


def _bands(found: Bands | None) -> dict[str, Any] | None:
    if found is None:
        return None

    def band(one: Band) -> dict[str, float]:
        return {"observed": one.observed, "low": one.low, "high": one.high}

    return {
        "annual_return": band(found.annual_return),
        "sharpe": band(found.sharpe),
        "max_drawdown": band(found.drawdown),
        "block": found.block,
        "paths": found.paths,
    }


def _walk(found: WalkForward | None) -> dict[str, Any] | None:
    if found is None or not found.folds:
        return None
    return {
        "train_sessions": found.windows.train,
        "test_sessions": found.windows.test,
        "embargo_days": found.windows.embargo_days,
        "train_sharpe": found.train_sharpe,
        "test_sharpe": found.test_sharpe,
        "efficiency": found.efficiency,
        "positive": found.positive,
        **{f"test_{name}": value for name, value in _figures(found.returns).items() if name != "sharpe"},
        "folds": [
            {
                "train": [fold.train_start.isoformat(), fold.train_end.isoformat()],
                "test": [fold.test_start.isoformat(), fold.test_end.isoformat()],
                "chosen": fold.chosen,
                "train_sharpe": fold.train_sharpe,
                "test_sharpe": fold.test_sharpe,
                "test_return": fold.test_return,
                "test_trades": fold.test_trades,
            }
            for fold in found.folds
        ],
        "days": [date_of(day).isoformat() for day in found.days.tolist()],
        "curve": _curve(found.returns),
    }


def _robustness(evidence: Evidence) -> dict[str, Any]:
    consistency, sensitivity = evidence.consistency, evidence.sensitivity
    return {
        "consistency": {
            "positive_years": consistency.positive_years,
            "positive_quarters": consistency.positive_quarters,
            "without_best_year": consistency.without_best,
            "years": [
                {"year": one.year, "sessions": one.sessions, "return": one.total_return, "sharpe": one.sharpe}
                for one in consistency.years
            ],
        },
        "sensitivity": {
            "reach": sensitivity.reach,
            "base": sensitivity.base,
            "sharpes": list(sensitivity.sharpes),
            "kept": sensitivity.kept,
            "profitable": sensitivity.profitable,
        },
        "regimes": [
            {
                "regime": one.regime,
                "sessions": one.sessions,
                "return": one.total_return,
                "sharpe": one.sharpe,
                "trades": one.trades,
            }
            for one in evidence.regimes
        ],
        "starts": [
            {
                "start": one.start.isoformat(),
                "annual_return": one.growth,
                "sharpe": one.sharpe,
                "max_drawdown": one.drawdown,
            }
            for one in evidence.starts
        ],
        "disasters": [
            {
                "name": one.name,
                "story": one.story,
                "day": one.day.isoformat(),
                "at_once": one.at_once,
                "worst": one.worst,
                "against_calm": one.against_calm,
            }
            for one in evidence.disasters
        ],
    }


def _all_lives(found: Validation) -> dict[str, Any]:
    evidence = found.evidence
    return {
        "days": _lives(evidence.lives_of_days),
        "trades": _lives(evidence.lives_of_trades),
        "order": _lives(found.orders),
    }


def _lives(found: Lives | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "paths": found.paths,
        "loss": found.loss,
        "ruin": found.ruin,
        "total_return": dict(zip(PERCENTILES, found.growth, strict=True)),
        "max_drawdown": dict(zip(PERCENTILES, found.drawdown, strict=True)),
        "fan": {
            name: [round(value, 5) for value in row.tolist()]
            for name, row in zip(PERCENTILES, found.fan, strict=True)
        },
    }


def _market(evidence: Evidence) -> dict[str, float] | None:
    found = evidence.market
    if found is None:
        return None
    return {"beta": found.beta, "correlation": found.correlation, "alpha": found.alpha, "t": found.t}


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
