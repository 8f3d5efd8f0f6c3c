"""Write docs/strategies from the strategies themselves, or say with --check which pages match no longer.

Prose is the docstring of a strategy's module, rules are its parameters, and the example is what it opens by
its defaults on a fixed chain.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from math import sqrt
from pathlib import Path
from types import ModuleType

import numpy as np

from example_market import CALENDAR, DIVIDEND_YIELD, RATE, Example, example_of
from payoff_picture import Payoff, drawn
from reference_text import table
from strikewise.domain.instruments import OptionContract
from strikewise.domain.parameters import Parameter
from strikewise.domain.signals import Signal
from strikewise.pricing.scenario import structure_value
from strikewise.strategy import library
from strikewise.strategy.api import Strategy
from strikewise.strategy.registry import STRATEGIES

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "strategies"
NOTE = "<!-- Written by `make docs` from the code; edit the code. -->\n\n"

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("When it leaves, rolls or adjusts", (
        "profit_target", "stop_loss", "dte_exit", "max_days_held", "max_sessions", "roll", "hedge_band",
        "hold", "sell_after", "buy_back", "trail", "exit_deviations", "sessions_after", "spike",
    )),
    ("How much", (
        "sizing", "risk_fraction", "units", "max_units", "compounding", "target_volatility", "kelly_",
        "hedge", "premium_budget", "collateral",
    )),
    ("Which quotes and scores it takes", (
        "max_spread", "min_open_interest", "weight_", "max_signals", "min_score", "min_probability",
        "positive_edge", "fee_per_contract", "max_entry_cost", "min_kept_at_touch", "cost_bp", "min_price",
        "min_dollar_volume",
    )),
)  # fmt: skip
FIRST = "What it opens, and when"
"""The group of every parameter that no other group names."""


def module_of(strategy: Strategy) -> ModuleType:
    """Return the module of the library that defines a strategy, or the value that is it."""
    for found in pkgutil.iter_modules(library.__path__):
        module = importlib.import_module(f"{library.__name__}.{found.name}")
        if type(strategy).__module__ == module.__name__ or any(
            value is strategy for value in vars(module).values()
        ):
            return module
    return importlib.import_module(type(strategy).__module__)


def page(name: str, strategy: Strategy) -> str:
    """Return the page of a strategy."""
    lead, _, prose = (inspect.getdoc(module_of(strategy)) or "").partition("\n\n")
    parts = [f"# {_title(name)}", f"`{name}` · {strategy.summary}", " ".join(lead.split()), _rewrapped(prose)]
    example = _example(name)
    if example is not None:
        parts += _example_parts(name, example)
    parts += ["## Rules", _managed(strategy)]
    for title, parameters in _grouped(strategy.space.parameters):
        parts += [
            f"### {title}",
            table(("parameter", "default", "may be", "what it does"), map(_row, parameters)),
        ]
    return NOTE + "\n\n".join(part for part in parts if part) + "\n"


def index_page() -> str:
    """Return the page that lists them all."""
    rows = [(f"[{_title(name)}]({name}.md)", f"`{name}`", one.summary) for name, one in STRATEGIES.items()]
    said = (
        "Each page says when a strategy earns and when it loses, by which rules it enters and leaves, and "
        "what it opens by its defaults on a chain made by formula, with a smile: in the calmest and most "
        "rising of a few such markets where it finds anything. The numbers are no forecast. How to set "
        "parameters: [write a specification](../how-to/write-a-specification.md)."
    )
    return (
        NOTE + "\n\n".join(["# Strategies", said, table(("", "name", "what it does"), sorted(rows))]) + "\n"
    )


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _rewrapped(prose: str) -> str:
    return "\n\n".join(" ".join(part.split()).replace("``", "`") for part in prose.split("\n\n"))


def _managed(strategy: Strategy) -> str:
    said = inspect.getdoc(type(strategy).manage_position) or ""
    return f"Each session, for what is held: {said[:1].lower()}{said[1:]}"


def _grouped(parameters: Iterable[Parameter]) -> Iterator[tuple[str, list[Parameter]]]:
    found: dict[str, list[Parameter]] = {FIRST: []}
    for parameter in parameters:
        found.setdefault(_group(parameter.name), []).append(parameter)
    for title in (FIRST, *(title for title, _ in GROUPS)):
        if found.get(title):
            yield title, found[title]


def _group(name: str) -> str:
    return next((title for title, heads in GROUPS if name.startswith(heads)), FIRST)


def _row(parameter: Parameter) -> tuple[str, str, str, str]:
    default = (
        str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default)
    )
    may = ", ".join(f"`{choice}`" for choice in parameter.choices)
    may = "true, false" if isinstance(parameter.default, bool) else may or parameter.bounds
    return f"`{parameter.name}`", f"`{default}`", may, parameter.help


def _example_parts(name: str, example: Example) -> list[str]:
    signal, market = example.signal, example.market
    price = "receives" if signal.price_cents < 0 else "pays"
    edges = ", ".join(f"{edge:,.2f}" for edge in signal.breakevens) or "none"
    rows = [
        ("opens", signal.structure.describe()),
        (price, _money(abs(signal.price_cents))),
        ("most it can win", _bound(signal.max_profit_cents)),
        ("most it can lose", _bound(signal.max_loss_cents)),
        ("holds of capital", _money(signal.margin_cents)),
        ("breaks even at", edges),
        ("probability of profit", f"{signal.probability_of_profit:.0%}"),
    ]
    trend = "rising" if market.drift > 0 else "falling" if market.drift < 0 else "level"
    said = (
        f"{market.underlying} at {market.spot:,.0f} on {market.day.isoformat()}, at-the-money volatility "
        f"{market.level:.0%}, price {trend}. Amounts are of one unit, at the touch, before fees; the "
        "probability is that of the quotes. The shaded range is one standard deviation of the price to the "
        "expiration."
    )
    picture = f"![Profit over the price of the underlying]({name}.svg)"
    return ["## An example", picture, said, table(("", "one unit"), rows)]


def _money(cents: int) -> str:
    return f"${cents / 100:,.2f}"


def _bound(cents: int | None) -> str:
    return "without bound" if cents is None else _money(cents)


def picture(example: Example) -> str:
    """Return the picture of an example's profit, at the first expiration and at entry."""
    signal, market = example.signal, example.market
    options = signal.structure.options
    strikes = np.array([contract.strike for contract, _ in options])
    years = [_years(contract, signal) for contract, _ in options]
    horizon = min(years, default=30.0 / 365.0)
    volatilities = [float(market.volatility(np.array([contract.strike]))[0]) for contract, _ in options]
    deviation = market.spot * market.level * sqrt(horizon)
    low = min([market.spot - 2.2 * deviation, *(strikes - 0.9 * deviation)])
    high = max([market.spot + 2.2 * deviation, *(strikes + 0.9 * deviation)])
    spots = np.unique(np.concatenate([np.linspace(low, high, 181), strikes, list(signal.breakevens)]))
    end, now = (
        structure_value(
            signal.structure, spots, volatilities, years, rate=RATE, dividend_yield=DIVIDEND_YIELD,
            later_years=later,
        ) - signal.price_cents / 100.0
        for later in (horizon, 0.0)
    )  # fmt: skip
    shown = (spots >= low) & (spots <= high)
    many = len(signal.structure.expirations) > 1
    return drawn(
        Payoff(
            title=signal.structure.describe(),
            spots=spots[shown],
            end=end[shown],
            now=now[shown],
            ending="at the first expiration" if many else "at expiration" if options else "at any time",
            spot=market.spot,
            deviation=deviation,
            breakevens=signal.breakevens,
            strikes=[(contract.strike, ratio) for contract, ratio in options],
        )
    )


def _years(contract: OptionContract, signal: Signal) -> float:
    settled = CALENDAR.settlement_at(contract)
    return max((settled - signal.as_of).total_seconds() / (365.0 * 86400.0), 1e-6)


@cache
def _example(name: str) -> Example | None:
    return example_of(STRATEGIES[name])


def written() -> dict[str, str]:
    """Return the text of each file."""
    files = {"index.md": index_page()}
    for name, strategy in STRATEGIES.items():
        files[f"{name}.md"] = page(name, strategy)
        example = _example(name)
        if example is not None:
            files[f"{name}.svg"] = picture(example)
    return files


def stale(files: dict[str, str]) -> list[str]:
    """Return the names of files that differ from the code, are missing, or have nothing behind them."""
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*") if path.is_file()}
    return sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))


def unlisted(files: Iterable[str]) -> list[str]:
    """Return the pages that the navigation does not name."""
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    return [name for name in files if name.endswith(".md") and f"strategies/{name}" not in listed]


def main() -> int:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a page is stale")
    check = parser.parse_args().check
    files = written()
    differing = stale(files)
    missing = unlisted(files)
    if missing:
        print(f"mkdocs.yml does not name these of docs/strategies: {', '.join(missing)}. Add them to nav.")
    if check:
        if differing:
            print(f"docs/strategies is stale: {', '.join(differing)}. Run make docs and commit the pages.")
        return 1 if differing or missing else 0
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in differing:
        if name in files:
            (PAGES / name).write_text(files[name], encoding="utf-8")
        else:
            (PAGES / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
