"""The pages of the strategies say what the strategies are."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import strategy_pages
from example_market import example_of
from payoff_picture import Payoff, drawn
from strikewise.strategy.registry import STRATEGIES

ROOF = Payoff(
    title="A <roof> & more", spots=np.array([90.0, 100.0, 110.0]), end=np.array([-500.0, 500.0, -500.0]),
    now=np.array([-300.0, 0.0, -300.0]), ending="at expiration", spot=100.0, deviation=4.0,
    breakevens=(95.0, 105.0), strikes=((100.0, -1), (100.0, 1), (90.0, 1)),
)  # fmt: skip


def test_a_picture_is_well_formed_and_the_same_twice() -> None:
    text = drawn(ROOF)
    assert text == drawn(ROOF)
    root = ET.fromstring(text)
    assert root.attrib["aria-label"].startswith("A <roof> & more")
    circles = [one for one in root.iter() if one.tag.endswith("circle") and "cx" in one.attrib]
    assert len(circles) == 3  # two breakevens, and one in the legend


def test_a_curve_passes_through_its_breakevens_at_the_height_of_zero() -> None:
    root = ET.fromstring(drawn(ROOF))
    paths = {one.attrib.get("class"): one.attrib["d"] for one in root.iter() if one.tag.endswith("path")}
    (height,) = re.findall(r"M[\d.]+ ([\d.]+)H", paths["zero"])
    evens = [one for one in root.iter() if one.attrib.get("class") == "even" and "cx" in one.attrib]
    assert [one.attrib["cy"] for one in evens[:2]] == [height, height]
    assert float(evens[0].attrib["cx"]) < float(evens[1].attrib["cx"])


def test_an_unbounded_side_is_told_in_words() -> None:
    page = strategy_pages.page("long_option", STRATEGIES["long_option"])
    assert "| most it can win | without bound |" in page
    assert "## Rules" in page
    assert "`min_conviction`" in page


@pytest.mark.parametrize("name", ["iron_butterfly", "gamma_lotto", "pre_event_straddle"])
def test_an_example_is_what_the_strategy_itself_opens(name: str) -> None:
    first, again = example_of(STRATEGIES[name]), example_of(STRATEGIES[name])
    assert first is not None
    assert first == again
    assert first.signal.strategy == name
    assert first.signal.structure.describe() in strategy_pages.page(name, STRATEGIES[name])


def test_every_parameter_stands_on_its_page_exactly_once() -> None:
    for name in ("broken_wing_butterfly", "short_strangle"):
        page = strategy_pages.page(name, STRATEGIES[name])
        for parameter in STRATEGIES[name].space.parameters:
            assert page.count(f"| `{parameter.name}` |") == 1
