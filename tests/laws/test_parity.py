"""Parity: the same tape writes the same facts, through history or as it arrives, stopped or not."""

from __future__ import annotations

from pathlib import Path

from engine.runs import as_it_arrives, reconstructed, spec, through_history, without_runs
from strikewise.adapters.store.sql_ledger import SqlLedger
from strikewise.portfolio.ledger import fingerprint, verify


def test_history_and_a_feed_write_the_same_facts(tmp_path: Path) -> None:
    chosen = spec()
    past = through_history(chosen, reconstructed())
    with SqlLedger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        arrived = as_it_arrives(chosen, reconstructed(), ledger)
    assert {"OrderFilled", "OptionSettled", "OrderClosed", "SignalDenied"} <= {fact.kind for fact in past}
    assert [fact.payload for fact in arrived] == [fact.payload for fact in past]
    assert fingerprint(arrived) == fingerprint(past)
    assert verify(arrived).seq == verify(past).seq == len(past)
    assert [fact.recorded_at for fact in arrived] != [fact.recorded_at for fact in past]
