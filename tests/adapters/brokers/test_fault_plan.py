from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strikewise.adapters.brokers.fault_plan import Fault, FaultKind, FaultPlan, FaultTimer
from strikewise.domain.errors import SettingsError

kinds = st.sampled_from(list(FaultKind))
small = st.integers(1, 5)
faults = st.one_of(
    st.builds(Fault, kinds, nth=st.integers(1, 30), times=small, lasts=small),
    st.builds(Fault, kinds, probability=st.floats(0.01, 1.0), times=small, lasts=small),
)
plans = st.builds(FaultPlan, st.integers(0, 1 << 32), st.lists(faults, max_size=6).map(tuple))


def carried_out(plan: FaultPlan, opportunities: list[FaultKind]) -> list[Fault | None]:
    timer = FaultTimer(plan)
    return [timer.due(kind) for kind in opportunities]


@given(plans)
def test_a_plan_read_back_is_the_plan(plan: FaultPlan) -> None:
    assert FaultPlan.from_json(plan.to_json()) == plan


@given(plans, st.lists(kinds, max_size=60))
def test_a_plan_does_the_same_to_the_same_calls(plan: FaultPlan, opportunities: list[FaultKind]) -> None:
    assert carried_out(plan, opportunities) == carried_out(plan, opportunities)


@given(plans, st.lists(kinds, max_size=60), kinds)
def test_opportunities_of_other_kinds_change_nothing_for_a_kind(
    plan: FaultPlan, opportunities: list[FaultKind], kind: FaultKind
) -> None:
    alone = [one for one in opportunities if one is kind]
    among = carried_out(plan, opportunities)
    assert [one for one, of in zip(among, opportunities, strict=True) if of is kind] == carried_out(
        plan, alone
    )


@given(plans, st.lists(kinds, max_size=100))
def test_no_fault_happens_more_often_than_it_may(plan: FaultPlan, opportunities: list[FaultKind]) -> None:
    happened = [one for one in carried_out(plan, opportunities) if one is not None]
    allowed = {fault: sum(one.times for one in plan.faults if one == fault) for fault in plan.faults}
    assert all(happened.count(fault) <= times for fault, times in allowed.items())


def test_a_fault_happens_at_its_opportunity_and_those_after_it() -> None:
    plan = FaultPlan(faults=(Fault(FaultKind.REJECTED, nth=2, times=2),))
    due = carried_out(plan, [FaultKind.REJECTED] * 5)
    assert [one is not None for one in due] == [False, True, True, False, False]


def test_chance_comes_as_often_as_it_is_said_to() -> None:
    plan = FaultPlan(7, (Fault(FaultKind.REJECTED, probability=0.2, times=10_000),))
    due = carried_out(plan, [FaultKind.REJECTED] * 10_000)
    # Five standard deviations of 10,000 draws at 0.2.
    assert abs(sum(one is not None for one in due) - 2_000) < 200


def test_the_same_seed_draws_the_same_plan_and_another_one_does_not() -> None:
    assert FaultPlan.drawn(3) == FaultPlan.drawn(3)
    assert len({FaultPlan.drawn(seed).faults for seed in range(20)}) == 20
    only = FaultPlan.drawn(3, [FaultKind.BUST], size=9)
    assert {one.kind for one in only.faults} == {FaultKind.BUST}
    assert len(only.faults) == 9


def test_what_happened_is_kept_with_its_opportunity() -> None:
    timer = FaultTimer(FaultPlan(faults=(Fault(FaultKind.BUST, nth=3),)))
    for _ in range(5):
        timer.due(FaultKind.BUST)
    assert timer.happened == [(FaultKind.BUST, 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"seed": 1, "fault": []}',
        '{"seed": -1}',
        '{"seed": true}',
        '{"faults": {}}',
        '{"faults": [1]}',
        '{"faults": [{"kind": "nothing", "nth": 1}]}',
        '{"faults": [{"kind": "19-bust"}]}',
        '{"faults": [{"kind": "19-bust", "nth": 1, "probability": 0.5}]}',
        '{"faults": [{"kind": "19-bust", "nth": 1.5}]}',
        '{"faults": [{"kind": "19-bust", "probability": 2}]}',
        '{"faults": [{"kind": "19-bust", "nth": 1, "times": 0}]}',
        '{"faults": [{"kind": "19-bust", "probability": "often"}]}',
        '{"faults": [{"kind": "19-bust", "nth": 1, "when": 3}]}',
    ],
)
def test_what_is_no_plan_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match=r"\.$"):
        FaultPlan.from_json(text)


def test_a_plan_can_be_written_by_hand() -> None:
    written = {"seed": 4, "faults": [{"kind": "1-timeout-after-acceptance", "probability": 0.1, "times": 3}]}
    assert FaultPlan.from_json(json.dumps(written)) == FaultPlan(
        4, (Fault(FaultKind.TIMEOUT_AFTER_ACCEPTANCE, probability=0.1, times=3),)
    )
