"""When a strategy leaves what it opens, in words a person decides by."""

from __future__ import annotations

from collections.abc import Mapping

from strikewise.strategy.registry import STRATEGIES

__all__ = ["exit_plan", "parameters_of"]

PREMIUM = "of the premium"


def exit_plan(parameters: Mapping[str, object]) -> str:
    """Return in words when a position is left, by the parameters of its strategy.

    Parameters
    ----------
    parameters : mapping
        By name; those that say nothing of leaving are passed over. What a share is of says the strategy, by
        its name under ``strategy``; of one that is not known it is the premium.
    """
    said = []
    if (target := _number(parameters, "profit_target")) and target > 0:
        said.append(f"take profit at {target:.0%} {_measure(parameters, 'profit_target')}")
    if (stop := _number(parameters, "stop_loss")) and stop > 0:
        measure = _measure(parameters, "stop_loss")
        lost = f"{stop:g} × the premium" if measure == PREMIUM else f"{stop:.0%} {measure}"
        said.append(f"stop at a loss of {lost}")
    if (days := _number(parameters, "dte_exit")) and days > 0:
        said.append(f"leave with {days:g} days to expiration")
    if (held := _number(parameters, "max_days_held")) and held > 0:
        said.append(f"leave after {held:g} days")
    if (sessions := _number(parameters, "max_sessions")) and sessions > 0:
        said.append(f"leave after {sessions:g} sessions")
    return "; ".join(said) or "by the rules of its strategy"


def parameters_of(spec: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """Return the parameters that a run's specification or settings name, by label, with ``strategy``."""
    strategies = spec.get("strategies")
    if isinstance(strategies, Mapping):
        return {
            str(name): {"strategy": str(name), **values}
            for name, values in strategies.items()
            if isinstance(values, Mapping)
        }
    named: dict[str, Mapping[str, object]] = {}
    for one in strategies if isinstance(strategies, list | tuple) else ():
        if isinstance(one, Mapping) and isinstance(values := one.get("parameters", {}), Mapping):
            named[str(one.get("label") or one.get("strategy"))] = {"strategy": one.get("strategy"), **values}
    return named


def _measure(parameters: Mapping[str, object], name: str) -> str:
    strategy = STRATEGIES.get(str(parameters.get("strategy")))
    units = {} if strategy is None else {one.name: one.unit for one in strategy.space.parameters}
    return PREMIUM if units.get(name) in {None, "of the credit", "credits"} else units[name]


def _number(parameters: Mapping[str, object], name: str) -> float | None:
    value = parameters.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
