"""When a position is left, in words: of what a share is a share says the strategy."""

from __future__ import annotations

import pytest

from strikewise.strategy.exit_plan import exit_plan, parameters_of
from strikewise.strategy.registry import STRATEGIES


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "credit_spread",
            "take profit at 50% of the premium; stop at a loss of 2 × the premium; "
            "leave with 21 days to expiration",
        ),
        (
            "ratio_spread",
            "take profit at 6% of the margin or largest loss; stop at a loss of 15% of the margin or largest "
            "loss; leave with 14 days to expiration",
        ),
        (
            "debit_spread",
            "take profit at 50% of the debit; stop at a loss of 50% of the debit; "
            "leave with 10 days to expiration",
        ),
        (
            "momentum",
            "take profit at 8% of the price; stop at a loss of 3% of the price; leave after 5 sessions",
        ),
        ("index_put_write", "by the rules of its strategy"),
    ],
)
def test_targets_and_stops_are_shares_of_what_the_strategy_measures(name: str, said: str) -> None:
    assert exit_plan({"strategy": name, **STRATEGIES[name].space.make()}) == said


def test_a_run_names_its_strategies_by_list_or_by_table_whatever_they_are_called() -> None:
    table = {"strategies": {"momentum": {"stop_loss": 0.04}}}
    listed = {"strategies": [{"label": "quick", "strategy": "momentum", "parameters": {"stop_loss": 0.04}}]}
    assert exit_plan(parameters_of(table)["momentum"]) == "stop at a loss of 4% of the price"
    assert exit_plan(parameters_of(listed)["quick"]) == "stop at a loss of 4% of the price"
