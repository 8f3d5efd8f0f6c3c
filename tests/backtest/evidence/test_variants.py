"""Other configurations: within bounds, in order, each with a name of its own, and the same ones again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.runs import spec
from strikewise.backtest.evidence.variants import (
    at_the_touch,
    grid_of,
    identity_of,
    neighbours,
    with_parameters,
    without_interest,
)
from strikewise.bootstrap.spec_file import make_spec
from strikewise.domain.errors import ParameterError, SettingsError
from strikewise.execution.financing import CashInterest


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.05, 3.0))
def test_neighbours_lie_within_reach_and_bounds_and_keep_what_is_off(seed: int, reach: float) -> None:
    middle = spec()
    for variant in neighbours(middle, 3, reach, random(seed)):
        for chosen, was in zip(variant.spec.run.strategies, middle.run.strategies, strict=True):
            assert chosen.strategy.space.make(dict(chosen.params)) == chosen.params
            for parameter in chosen.strategy.space.parameters:
                value, before = chosen.params[parameter.name], was.params[parameter.name]
                if isinstance(before, bool | str) or before == 0:
                    assert value == before
                    continue
                slack = 0.51 if isinstance(before, int) else 1e-4 * abs(before)
                low, high = before * (1 - reach) - slack, before * (1 + reach) + slack
                assert max(low, parameter.low) - 1e-9 <= value <= min(high, parameter.high) + 1e-9 or (
                    value in (parameter.low, parameter.high)
                )


def test_how_candidates_are_ranked_and_what_trading_is_assumed_to_cost_is_left_alone() -> None:
    momentum = {"strategy": "momentum"}
    middle = spec(strategies=[{"strategy": "iron_condor"}, {"strategy": "naked_put"}, momentum])
    moved = set()
    for variant in neighbours(middle, 20, 0.5, random(4)):
        for chosen, was in zip(variant.spec.run.strategies, middle.run.strategies, strict=True):
            moved |= {name for name, value in chosen.params.items() if value != was.params[name]}
    assert {"width", "short_delta_max", "min_dte", "profit_target", "stop_loss", "dte_exit"} <= moved
    assert not any(name.startswith("weight_") for name in moved)
    assert not moved & {"fee_per_contract", "cost_bp"}


def test_the_same_chance_gives_the_same_neighbours_and_no_two_are_alike() -> None:
    one, two = (neighbours(spec(), 12, 0.2, random(5)) for _ in range(2))
    assert [identity_of(v.spec) for v in one] == [identity_of(v.spec) for v in two]
    assert len({identity_of(v.spec) for v in one} | {identity_of(spec())}) == 13
    assert [v.name for v in one[:2]] == ["neighbour 1", "neighbour 2"]


def test_a_document_says_what_its_specification_does_and_makes_it_again() -> None:
    (variant,) = neighbours(spec(), 1, 0.2, random(3))
    again = make_spec(variant.spec.run.document)
    assert identity_of(again) == identity_of(variant.spec)
    assert again.run.strategies == variant.spec.run.strategies
    assert spec().run.document["strategies"] != variant.spec.run.document["strategies"]


def test_a_name_changes_nothing_and_a_period_or_a_number_does() -> None:
    one = identity_of(spec())
    assert identity_of(spec(name="another", account="other")) == one
    assert identity_of(spec(capital=900_000)) != one
    assert identity_of(spec(end="2015-09-29")) != one
    other = with_parameters(spec(), {"iron_condor": {"width": 10.0}})
    assert identity_of(other) != one
    assert identity_of(with_parameters(other, {"iron_condor": {"width": 5.0}})) == one


def test_a_grid_holds_every_combination_and_names_them() -> None:
    made = grid_of(spec(), {"iron_condor.width": [5.0, 10.0], "naked_put.min_dte": [5, 7, 10]})
    assert len(made) == 6
    assert made[0].name == "width 5.0, min_dte 5"
    chosen = made[5].spec.run.labelled("naked_put")
    assert chosen is not None
    assert chosen.params["min_dte"] == 10
    alone = spec(strategies=[{"strategy": "iron_condor"}])
    assert len(grid_of(alone, {"width": [5.0, 10.0]})) == 2


def test_a_grid_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"twice \(width 5\.0; width 5\): give each value once"):
        grid_of(spec(), {"iron_condor.width": [5.0, 5]})
    with pytest.raises(SettingsError, match=r"say whose 'width' is meant, as label\.width"):
        grid_of(spec(), {"width": [5.0]})
    with pytest.raises(SettingsError, match="no strategy straddle"):
        grid_of(spec(), {"straddle.width": [5.0]})
    with pytest.raises(ParameterError, match="must be in"):
        grid_of(spec(), {"iron_condor.width": [-5.0]})
    with pytest.raises(SettingsError, match="this one has 600"):
        grid_of(spec(), {"iron_condor.width": [5.0] * 600})
    with pytest.raises(SettingsError, match="this one has 0"):
        grid_of(spec(), {})


def test_what_decides_is_decided_at_the_touch() -> None:
    hopeful = spec(fills={"f": 0.25, "volume_share": 0.2})
    strict = at_the_touch(hopeful)
    assert strict.fills == replace(hopeful.fills, f_by_legs=(1.0,))
    assert identity_of(strict) == identity_of(spec(fills={"volume_share": 0.2}))
    assert at_the_touch(strict) is strict


def test_what_bills_pay_is_left_out_and_nothing_else() -> None:
    saving = spec(financing={"cash": "bills", "borrow_rate": 0.02})
    strict = without_interest(saving)
    assert strict.financing == replace(saving.financing, cash=CashInterest.NONE)
    assert identity_of(strict) == identity_of(spec(financing={"borrow_rate": 0.02}))
    assert without_interest(strict) is strict
