"""The generated reference says what the docstrings say."""

from __future__ import annotations

from dataclasses import dataclass

import reference
from reference_text import attribute_docs, fence_examples, first_sentence, table


@dataclass
class Fill:
    """A fill of an order,
    as ``broker`` says.

    Attributes
    ----------
    bid, ask : int
        Cents
        per share.
    size : int
        Contracts.

    Notes
    -----
    Nothing here.
    """

    bid: int
    ask: int
    size: int
    """More: never zero."""


def test_one_sentence_is_read_from_the_head_of_a_docstring() -> None:
    assert first_sentence(Fill) == "A fill of an order, as `broker` says."


def test_the_text_of_each_attribute_is_read_also_where_two_share_it() -> None:
    assert attribute_docs(Fill) == {
        "bid": "Cents per share.",
        "ask": "Cents per share.",
        "size": "More: never zero. Contracts.",
    }


def test_a_bar_inside_a_cell_does_not_split_it() -> None:
    assert table(["a"], [["int | None"]]) == "| a |\n| --- |\n| int \\| None |"


def test_command_lines_of_a_help_text_become_blocks() -> None:
    text = "Rank.\n\nExample:\n  strikewise scan --json\n  strikewise scan\nThen read."
    block = "```console\nstrikewise scan --json\nstrikewise scan\n```\n"
    assert fence_examples(text) == f"Rank.\n\nExample:\n\n{block}\nThen read."
    assert fence_examples("strikewise scan").endswith("strikewise scan\n```")


def test_a_page_that_differs_or_has_no_source_any_more_is_stale(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(reference, "REFERENCE", tmp_path)
    (tmp_path / "facts.md").write_text("old")
    (tmp_path / "gone.md").write_text("old")
    (tmp_path / "errors.md").write_text("same")
    (tmp_path / "index.md").write_text("by hand")
    assert reference.stale({"facts.md": "new", "errors.md": "same"}) == ["facts.md", "gone.md"]


def test_every_fact_of_the_ledger_has_its_place_on_the_page() -> None:
    page = reference.facts_page()
    assert all(f"\n## {kind}\n" in page for kind in reference.events.EVENT_TYPES)
