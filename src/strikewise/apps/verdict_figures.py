"""Write what a verdict found as people read it, on a terminal and on a page alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strikewise.apps.figures import UNKNOWN, count, percent, plain

__all__ = [
    "GATE_PARTS",
    "asked",
    "found",
    "gate_words",
    "luck_rows",
    "overfitting_words",
    "regime_name",
    "settings_words",
    "short_by",
    "superiority_words",
    "walk_words",
]

GATE_PARTS: Mapping[str, str] = {
    "deflated_sharpe": "many tries",
    "one_less_overfitting": "the choice",
    "one_less_luck": "the best of several",
}
HAIRCUTS: Mapping[str, str] = {"bonferroni": "Bonferroni", "holm": "Holm", "bhy": "Benjamini and Yekutieli"}
ZERO = 1e-5


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return UNKNOWN
    match unit:
        case "fraction":
            return percent(value)
        case "count":
            return count(value)
        case "sessions":
            return f"{count(value)} sessions"
        case "years":
            return f"{plain(value, 1)} years"
        case _:
            return plain(value)


def found(check: Mapping[str, Any]) -> str:
    """Write what a check found."""
    return _figure(check["found"], check["unit"])


def asked(check: Mapping[str, Any]) -> str:
    """Write what a check asks."""
    bar = check["bar"]
    if bar is None:
        return "more than ever"
    if 0.0 < bar <= ZERO:
        return "above 0"
    return f"{'at least' if check['at_least'] else 'at most'} {_figure(bar, check['unit'])}"


def short_by(check: Mapping[str, Any]) -> str:
    """Write by how much a check failed; nothing where it holds."""
    if check["passed"]:
        return ""
    if check["found"] is None:
        return "could not be found"
    if check["bar"] is None:
        return "no length would do"
    return _figure(abs(check["found"] - check["bar"]), check["unit"])


def gate_words(part: str, page: Mapping[str, Any]) -> str:
    """Say what a part of the deflated gate is made of."""
    if part == "deflated_sharpe":
        tries = page["trials"]
        return (
            f"chance that the ratio is above what the best of {count(tries['raw'])} worthless tries "
            f"({plain(tries['ideas'], 0)} {'idea' if round(tries['ideas']) == 1 else 'ideas'}) shows"
        )
    if part == "one_less_overfitting":
        return "one less the probability of backtest overfitting; a coin would have 0.50"
    return "one less the p-value of Hansen's test against cash"


def luck_rows(page: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is known of luck, a name and a value each."""
    known, tries = page["significance"], page["trials"]
    rows = [
        ("Configurations ever tried", count(tries["raw"])),
        ("Different ideas among them", plain(tries["ideas"], 0)),
    ]
    if not known["known"]:
        return [*rows, ("Sharpe ratio", "too few days, or none that moved")]
    needed = known["needed_sessions"]
    years = known["needed_years"]
    rows += [
        ("Sharpe the best of as many worthless ones would show", plain(known["bar_sharpe"])),
        ("Above zero, seen alone (PSR)", percent(known["probabilistic"])),
        ("Above that bar, all configurations counted (DSR)", percent(known["deflated_by_raw"])),
        ("Above it, ideas counted (DSR)", percent(known["deflated_by_ideas"])),
        ("Sessions to be above zero at 95%", "no number would do" if needed is None else count(needed)),
        ("Years below which luck finds as much", UNKNOWN if years is None else plain(years, 1)),
        ("Skew and kurtosis of days", f"{plain(known['skew'])} and {plain(known['kurtosis'], 1)}"),
    ]
    for key, name in HAIRCUTS.items():
        cut = known["haircut"][key]
        if cut is not None:
            rows.append((f"Sharpe after {name}", f"{plain(cut['sharpe'])} (p {plain(cut['p_value'], 3)})"))
    return rows


def overfitting_words(page: Mapping[str, Any]) -> str:
    """Say how the choice among configurations fared on days it was not made on."""
    one = page["overfitting"]
    if one is None:
        return "The time is too short, or the configurations too few, to cross-validate the choice."
    return (
        f"The best of {count(one['configurations'])} configurations on one half of the time fell into the "
        f"worse half on the other in {percent(one['probability'], 0)} of {count(one['splits'])} splits (PBO; "
        f"a coin has 50%), and lost money in {percent(one['loss_probability'], 0)}."
    )


def superiority_words(page: Mapping[str, Any]) -> str:
    """Say whether any configuration beats cash, and the underlying, beyond the luck of having several."""

    def said(name: str, one: Mapping[str, Any] | None) -> str:
        if one is None:
            return f"against {name}: nothing ever traded"
        listed = list(one["better"])
        which = f"{', '.join(listed[:4])}{' and others' if len(listed) > 4 else ''}" if listed else "none"
        return f"against {name}: p {plain(one['p_value'], 3)}, better: {which}"

    both = page["superiority"]
    words = f"{said('cash', both['cash'])}; {said('holding the underlying', both['market'])}."
    return f"Superior ability of the best configuration (Hansen; Romano and Wolf), {words}"


def walk_words(page: Mapping[str, Any]) -> str:
    """Say how walking forward went."""
    ways = {name: one for name, one in page["walk_forward"].items() if one is not None}
    if not ways:
        return "The time is too short to train and test."
    one = next(iter(ways.values()))
    named = {"rolling": "rolling", "anchored": "from the beginning"}
    ends = "; ".join(
        f"{named[name]} {plain(way['train_sharpe'])} in training and {plain(way['test_sharpe'])} in the "
        f"tests, {percent(way['positive'], 0)} of which earned"
        for name, way in ways.items()
    )
    return (
        f"The best configuration of {count(one['train_sessions'])} sessions is traded in the next "
        f"{count(one['test_sessions'])}, after a pause of {count(one['embargo_days'])} days: no option lived "
        f"and nothing was held for longer. Sharpe ratio, {ends}."
    )


def settings_words(page: Mapping[str, Any]) -> str:
    """Say how much was run."""
    one = page["settings"]
    return (
        f"{count(one['near'])} neighbours, {count(one['choices'])} configurations to choose among, "
        f"{count(one['starts'])} first days, {count(one['paths'])} other lives, seed {one['seed']}. The same "
        "specification, data and seed give the same page, but for the count of tries, which only grows."
    )


def regime_name(name: str) -> str:
    """Write a regime's name."""
    return name.replace("_", " ")
